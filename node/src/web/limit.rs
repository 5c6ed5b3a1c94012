//! How many requests one caller may make.
//!
//! Who calls is known only after its token or signature was verified, and what is not verified must not empty another
//! one's account. So an unknown caller is counted by its address, and the mark of a caller that was verified (the
//! digest of its token; for a peer its claimed name with the address) is remembered: from then on it is counted for
//! itself. The counts live in this process; several processes each allow the whole of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::digest::{Context, SHA256};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::config::LimitsConfig;
use crate::journal::Actor;

/// Callers and marks that are remembered at most; beyond that those that have been quiet are forgotten.
const REMEMBERED: usize = 20_000;
/// Longer than any token that can be valid.
const MARK_BYTES: usize = 8 << 10;

/// On whose account a request goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Account {
    Address(IpAddr),
    Known(String),
}

/// What a caller shows before it is verified.
pub(super) type Mark = [u8; 32];

type Buckets = RateLimiter<
    Account,
    governor::state::keyed::DefaultKeyedStateStore<Account>,
    DefaultClock,
    StateInformationMiddleware,
>;

pub(super) struct Limiter {
    /// Peers, and whoever is not known yet.
    peers: Buckets,
    staff: Buckets,
    per_minute: [u32; 2],
    known: Mutex<HashMap<Mark, (Account, Kind)>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Peer,
    Staff,
}

/// What is left of an account, for the headers of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Left {
    pub(super) limit: u32,
    pub(super) remaining: u32,
    /// Seconds until the account is full again.
    pub(super) reset: u32,
    /// With nothing left: seconds until one more request is taken.
    pub(super) retry_after: Option<u32>,
}

impl Limiter {
    pub(super) fn new(limits: &LimitsConfig) -> Self {
        let per_minute = [limits.requests_per_minute_per_peer, limits.requests_per_minute_per_account];
        let [peers, staff] = per_minute.map(|many| {
            let quota = Quota::per_minute(NonZeroU32::new(many).unwrap_or(NonZeroU32::MIN));
            DefaultKeyedRateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>()
        });
        Self { peers, staff, per_minute, known: Mutex::default() }
    }

    /// Counts a request: on the account of the mark if that was verified before, else on that of the address.
    pub(super) fn count(&self, mark: Option<&Mark>, address: IpAddr) -> Left {
        let known = mark.and_then(|mark| self.lock().get(mark).cloned());
        let (account, kind) = known.unwrap_or((Account::Address(address), Kind::Peer));
        let (buckets, limit) = match kind {
            Kind::Peer => (&self.peers, self.per_minute[0]),
            Kind::Staff => (&self.staff, self.per_minute[1]),
        };
        if buckets.len() > REMEMBERED {
            buckets.retain_recent();
        }
        let limit = limit.max(1);
        let (remaining, retry_after) = match buckets.check_key(&account) {
            Ok(state) => (state.remaining_burst_capacity(), None),
            Err(refusal) => (0, Some(seconds(refusal.wait_time_from(DefaultClock::default().now())))),
        };
        let reset = (u64::from(limit - remaining.min(limit)) * 60).div_ceil(u64::from(limit));
        Left { limit, remaining, reset: u32::try_from(reset).unwrap_or(60), retry_after }
    }

    /// Remembers whose mark it was, now that the caller is verified; or forgets a mark that did not verify.
    pub(super) fn learn(&self, mark: Mark, who: Option<&Actor>) {
        let known = match who {
            Some(Actor::Staff(id)) => Some((Account::Known(id.to_string()), Kind::Staff)),
            Some(Actor::Peer(id)) => Some((Account::Known(id.to_string()), Kind::Peer)),
            _ => None,
        };
        let mut marks = self.lock();
        match known {
            Some(_) if marks.len() >= REMEMBERED && !marks.contains_key(&mark) => marks.clear(),
            _ => {}
        }
        match known {
            Some(known) => marks.insert(mark, known),
            None => marks.remove(&mark),
        };
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Mark, (Account, Kind)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The mark of a bearer token: its digest; of a peer's, which is new for each call, the issuer that it claims.
pub(super) fn mark(token: &str, address: IpAddr) -> Option<Mark> {
    if token.len() > MARK_BYTES {
        return None;
    }
    let mut digest = Context::new(&SHA256);
    match token.split('.').nth(1) {
        None => digest.update(token.as_bytes()),
        Some(payload) => {
            let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
            let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
            digest.update(address.to_string().as_bytes());
            digest.update(claims.get("iss")?.as_str()?.as_bytes());
            // Of our own access tokens the issuer is this node: the program is the subject. A peer's is itself.
            digest.update(claims.get("sub").and_then(serde_json::Value::as_str).unwrap_or_default().as_bytes());
        }
    }
    digest.finish().as_ref().try_into().ok()
}

fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.as_millis().div_ceil(1000)).unwrap_or(60).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn limiter() -> Limiter {
        Limiter::new(&LimitsConfig {
            requests_per_minute_per_peer: 3,
            requests_per_minute_per_account: 2,
            ..LimitsConfig::default()
        })
    }

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn an_address_runs_dry_and_is_told_for_how_long() {
        let limiter = limiter();
        let left: Vec<u32> = (0..3).map(|_| limiter.count(None, HERE).remaining).collect();
        assert_eq!(left, [2, 1, 0]);
        let refused = limiter.count(None, HERE);
        assert!(matches!(refused.retry_after, Some(1..=20)), "{refused:?}");
        assert_eq!((refused.limit, refused.reset), (3, 60));
        assert!(limiter.count(None, "192.0.2.1".parse().unwrap()).retry_after.is_none());
    }

    #[test]
    fn a_verified_caller_has_an_account_of_its_own() {
        let limiter = limiter();
        let token = mark("stf_x", HERE).unwrap();
        for _ in 0..3 {
            limiter.count(Some(&token), HERE);
        }
        assert!(limiter.count(Some(&token), HERE).retry_after.is_some(), "a mark alone buys nothing");
        limiter.learn(token, Some(&Actor::Staff(Uuid::nil())));
        assert_eq!(limiter.count(Some(&token), HERE).remaining, 1);
        limiter.learn(token, None);
        assert!(limiter.count(Some(&token), HERE).retry_after.is_some(), "a revoked token is a stranger again");
    }

    #[test]
    fn the_mark_of_a_peer_is_its_name_and_not_its_token() {
        let jws = |payload: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload));
        let one = mark(&jws(r#"{"iss":"https://a.example","jti":"1"}"#), HERE);
        assert_eq!(one, mark(&jws(r#"{"iss":"https://a.example","jti":"2"}"#), HERE));
        assert_ne!(one, mark(&jws(r#"{"iss":"https://b.example","jti":"1"}"#), HERE));
        assert_ne!(one, mark(&jws(r#"{"iss":"https://a.example","jti":"1"}"#), "192.0.2.1".parse().unwrap()));
        assert_eq!(mark("a.?.c", HERE), None);
        assert_eq!(mark(&"x".repeat(9000), HERE), None);
    }
}
