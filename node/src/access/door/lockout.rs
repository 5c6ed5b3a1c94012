//! How long somebody waits after wrong passwords. Pure: takes `now`.
//!
//! Failures are counted for an account by where they come from. A device that signed in before has a count of its own
//! (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"), and so has every address without one. All strangers
//! together have a budget for the account: when it is spent, strangers wait until the hour is over, and the account's own
//! devices do not. So nobody can lock a colleague out of the desk that she works at.

use chrono::{DateTime, TimeDelta, Utc};

/// Wrong ones that cost nothing: people mistype.
pub(super) const FREE: i32 = 3;
/// The first wait in seconds; each further failure doubles it.
const FIRST_SECONDS: i64 = 2;
/// The longest wait in seconds.
const LONGEST_SECONDS: i64 = 900;
/// After this long without a failure everything is forgotten.
pub(super) const MEMORY: TimeDelta = TimeDelta::hours(24);
/// How long the strangers' budget is for.
const BUDGET: TimeDelta = TimeDelta::hours(1);

/// What is known about an account and a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) failures: i32,
    /// The first failure that counts.
    pub(super) since: DateTime<Utc>,
    pub(super) last_at: DateTime<Utc>,
    pub(super) blocked_until: Option<DateTime<Utc>>,
}

impl Tally {
    /// Of a source that never failed.
    pub(super) fn none(now: DateTime<Utc>) -> Self {
        Self { failures: 0, since: now, last_at: now, blocked_until: None }
    }

    /// How long it is to wait from `now`.
    pub(super) fn wait(&self, now: DateTime<Utc>) -> Option<TimeDelta> {
        self.blocked_until.filter(|until| *until > now).map(|until| until - now)
    }

    /// One more failure of a single source: the wait grows.
    pub(super) fn failed(self, now: DateTime<Utc>) -> Self {
        let fresh = if now - self.last_at >= MEMORY { Self::none(now) } else { self };
        let failures = fresh.failures.saturating_add(1);
        Self { failures, last_at: now, blocked_until: delay(failures).map(|delay| now + delay), ..fresh }
    }

    /// One more failure of some stranger, of whom `budget` may fail in an hour.
    pub(super) fn stranger_failed(self, now: DateTime<Utc>, budget: u32) -> Self {
        let fresh = if now - self.since >= BUDGET { Self::none(now) } else { self };
        let failures = fresh.failures.saturating_add(1);
        let is_spent = u32::try_from(failures).unwrap_or(u32::MAX) >= budget;
        Self { failures, last_at: now, blocked_until: is_spent.then_some(fresh.since + BUDGET), ..fresh }
    }

    /// It was no failure after all: what the last one did is undone. Whoever may call this was not waiting.
    pub(super) fn taken_back(self) -> Self {
        Self { failures: (self.failures - 1).max(0), blocked_until: None, ..self }
    }
}

/// The wait after so many failures.
pub(super) fn delay(failures: i32) -> Option<TimeDelta> {
    let beyond = u32::try_from(failures - FREE).ok().filter(|beyond| *beyond > 0)?;
    let seconds = FIRST_SECONDS.saturating_mul(1_i64.checked_shl((beyond - 1).min(32)).unwrap_or(i64::MAX));
    Some(TimeDelta::seconds(seconds.min(LONGEST_SECONDS)))
}
