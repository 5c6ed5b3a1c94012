//! Calls that were turned away are recorded, without letting a stranger fill the journal.

use std::collections::HashMap;
use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::Code;

use super::Peers;
use crate::error::Result;
use crate::journal::{Actor, Entry, record};
use crate::store::Tx;

/// How long the same refusal of the same caller is recorded once.
const ONCE_PER: TimeDelta = TimeDelta::minutes(1);
/// Different refusals recorded in that time, at most.
const AT_MOST: usize = 256;

/// What was recorded of late.
#[derive(Debug, Default)]
pub(super) struct Recent(HashMap<(Option<EntityId>, &'static str), DateTime<Utc>>);

impl Recent {
    /// Whether to record this one.
    fn admits(&mut self, caller: Option<&EntityId>, reason: &'static str, now: DateTime<Utc>) -> bool {
        self.0.retain(|_, at| (TimeDelta::zero()..ONCE_PER).contains(&(now - *at)));
        let key = (caller.cloned(), reason);
        if self.0.contains_key(&key) || self.0.len() >= AT_MOST {
            return false;
        }
        self.0.insert(key, now);
        true
    }
}

impl Peers {
    /// Records that a call was turned away. `caller` is who it claims to be: proven only when the refusal came after
    /// authentication. A journal that cannot be written does not change the answer.
    pub(super) async fn refused(&self, caller: Option<&EntityId>, code: Code, reason: &'static str) {
        let claimed = caller.map(EntityId::as_str).unwrap_or_default();
        tracing::warn!(peer = claimed, code = code.as_str(), reason, "a call was refused");
        let now = self.now();
        if !self.0.refusals.lock().unwrap_or_else(PoisonError::into_inner).admits(caller, reason, now) {
            return;
        }
        let caller = caller.cloned();
        if let Err(cause) = self.0.store.write(move |tx| record_refusal(tx, caller.as_ref(), code, reason)).await {
            tracing::error!(%cause, "a refusal could not be recorded");
        }
    }
}

fn record_refusal(tx: &mut Tx<'_>, caller: Option<&EntityId>, code: Code, reason: &str) -> Result<()> {
    let entry = Entry::new(Actor::System, "call.refused").code(code).object(reason);
    record(tx, if let Some(caller) = caller { entry.peer(caller) } else { entry })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_leaves_a_bounded_trace() {
        let mut recent = Recent::default();
        let now: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().unwrap();
        let id = |n: usize| format!("https://n{n}.example").parse::<EntityId>().unwrap();
        assert!(recent.admits(Some(&id(0)), "replay", now));
        assert!(!recent.admits(Some(&id(0)), "replay", now));
        assert!(recent.admits(Some(&id(0)), "audience", now));
        let admitted = (1..1000).filter(|n| recent.admits(Some(&id(*n)), "unknown", now)).count();
        assert_eq!(admitted, AT_MOST - 2);
        assert!(recent.admits(Some(&id(0)), "replay", now + ONCE_PER));
    }
}
