//! Time as a value: a node asks its `Clock`, and nothing else knows what time it is.
//!
//! A machine has two clocks: the one on the wall, which anybody may set, and one that only ever goes forward and says
//! how long something took. [`Clock::lead`] is how far the first is ahead of the second: while nobody touches the wall
//! clock it stays as it is.
//!
//! `Store`, `Peers` and `Links` each hold a clone. In tests and stories the clock is set, so that three days pass in
//! one call and no test ever sleeps. Instants are whole microseconds, which is what both databases keep: what was
//! written reads back equal.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Tells the time of one node. Clones of a set clock share their instant.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    /// Where the machine's steady clock is counted from.
    System(Instant),
    /// The same, and by how much the machine's clock is taken to be wrong.
    Off(Instant, TimeDelta),
    Set(Arc<Hands>),
}

/// Of a set clock, both in microseconds.
#[derive(Debug)]
struct Hands {
    /// Since the Unix epoch.
    wall: AtomicI64,
    /// By how much the wall was turned without any time passing.
    turned: AtomicI64,
}

impl Clock {
    /// The clock of this machine.
    pub fn system() -> Self {
        Self(Source::System(Instant::now()))
    }

    /// The clock of this machine, taken to be wrong by so much: to try what a node with a wrong clock does.
    pub fn off_by(seconds: i64) -> Self {
        if seconds == 0 { Self::system() } else { Self(Source::Off(Instant::now(), TimeDelta::seconds(seconds))) }
    }

    /// A clock that stands at `at` until it is told otherwise.
    pub fn set(at: DateTime<Utc>) -> Self {
        let (wall, turned) = (AtomicI64::new(at.timestamp_micros()), AtomicI64::new(0));
        Self(Source::Set(Arc::new(Hands { wall, turned })))
    }

    /// The present instant, in whole microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Source::System(_) => system_now().trunc_subsecs(6),
            Source::Off(_, by) => system_now().trunc_subsecs(6) + *by,
            Source::Set(hands) => DateTime::from_timestamp_micros(hands.wall.load(Ordering::SeqCst))
                .expect("a set clock only takes instants that chrono can hold"),
        }
    }

    /// How far the wall clock is ahead of the steady one. Comparable between clones of one clock only. It changes when somebody
    /// sets the clock, and when the machine slept: the steady clock sleeps too.
    pub fn lead(&self) -> TimeDelta {
        match &self.0 {
            Source::System(began) | Source::Off(began, _) => {
                let passed = TimeDelta::from_std(began.elapsed()).unwrap_or(TimeDelta::MAX);
                self.now() - DateTime::UNIX_EPOCH - passed
            }
            Source::Set(hands) => TimeDelta::microseconds(hands.turned.load(Ordering::SeqCst)),
        }
    }

    /// Turns a set clock, and every clone of it, by `step` while no time passes: what somebody does who sets the clock of a
    /// machine.
    ///
    /// # Panics
    /// As [`Self::advance`].
    pub fn turn(&self, step: TimeDelta) {
        self.advance(step);
        if let Source::Set(hands) = &self.0 {
            hands.turned.fetch_add(step.num_microseconds().unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }

    /// Moves a set clock, and every clone of it, by `step`, in which so much time passes; a negative step goes back.
    ///
    /// # Panics
    /// On the system clock, and beyond the years that chrono can hold: both are mistakes of a test.
    pub fn advance(&self, step: TimeDelta) {
        let target = self.now() + step;
        self.jump_to(target);
    }

    /// Puts a set clock, and every clone of it, at `at`.
    ///
    /// # Panics
    /// On the system clock.
    pub fn jump_to(&self, at: DateTime<Utc>) {
        match &self.0 {
            Source::System(_) | Source::Off(..) => panic!("the system clock cannot be set"),
            Source::Set(hands) => hands.wall.store(at.timestamp_micros(), Ordering::SeqCst),
        }
    }
}

/// A UUIDv7 that carries `now`: for what is not about a person, since it tells when it was made.
pub fn id_at(now: DateTime<Utc>) -> uuid::Uuid {
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    uuid::Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, now.timestamp_subsec_nanos()))
}

#[expect(clippy::disallowed_methods, reason = "the one place that may ask the machine for the time")]
fn system_now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nine() -> DateTime<Utc> {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_set_clock_stands_still_and_its_clones_move_with_it() {
        let clock = Clock::set(nine());
        let clone = clock.clone();
        assert_eq!(clone.now(), nine());
        clock.advance(TimeDelta::days(3));
        assert_eq!(clone.now(), nine() + TimeDelta::days(3));
        clone.advance(TimeDelta::days(-3));
        assert_eq!(clock.now(), nine());
        clock.jump_to(nine() + TimeDelta::microseconds(1));
        assert_eq!(clone.now(), nine() + TimeDelta::microseconds(1));
    }

    #[test]
    fn only_a_clock_that_somebody_turns_leads_by_more_than_before() {
        let clock = Clock::set(nine());
        let before = clock.lead();
        clock.advance(TimeDelta::days(3));
        assert_eq!(clock.lead(), before, "time passed");
        clock.turn(TimeDelta::hours(-2));
        assert_eq!(clock.now(), nine() + TimeDelta::days(3) - TimeDelta::hours(2));
        assert_eq!(clock.lead() - before, TimeDelta::hours(-2));
        let system = Clock::system();
        assert!((system.lead() - system.lead()).abs() < TimeDelta::minutes(1));
    }

    #[test]
    fn two_set_clocks_are_two_times() {
        let (one, other) = (Clock::set(nine()), Clock::set(nine()));
        one.advance(TimeDelta::hours(1));
        assert_eq!(other.now(), nine());
    }

    #[test]
    fn the_system_clock_knows_no_nanoseconds() {
        assert_eq!(Clock::system().now().timestamp_subsec_nanos() % 1_000, 0);
    }

    #[test]
    fn a_clock_that_is_wrong_is_wrong_by_what_was_said() {
        let ahead = Clock::off_by(86_400).now() - Clock::system().now();
        assert!((ahead - TimeDelta::days(1)).abs() < TimeDelta::minutes(1));
    }

    #[test]
    #[should_panic(expected = "the system clock cannot be set")]
    fn the_system_clock_cannot_be_moved() {
        Clock::system().advance(TimeDelta::seconds(1));
    }
}
