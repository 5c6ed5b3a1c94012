//! The keys of each node by the chains of a file, and from when one of them was stolen.

use std::collections::BTreeMap;

use crate::id::{EntityId, Kid};
use crate::jose::{self, KeySet};

/// Keys by whose they are.
#[derive(Default)]
pub(super) struct Keys {
    of: BTreeMap<EntityId, Vec<KeySet>>,
    /// When each revoked key was revoked, by the earliest that a chain says.
    revoked: BTreeMap<(EntityId, Kid), i64>,
    /// The latest moment at which its node published each key as good.
    good: BTreeMap<(EntityId, Kid), i64>,
}

/// The keys by which something is judged.
pub(super) struct Found<'a> {
    pub(super) keys: &'a KeySet,
    /// The key that signed was revoked then: what it signed before, it could be made to sign afterwards.
    pub(super) revoked_at: Option<i64>,
}

impl Keys {
    /// The keys that a node had published in a configuration signed at `configured_at`, by a chain that holds.
    pub(super) fn add(&mut self, whose: EntityId, keys: &KeySet, configured_at: i64) {
        for key in keys.iter() {
            let name = (whose.clone(), key.kid().clone());
            if let Some(at) = key.revoked_at() {
                let first = self.revoked.entry(name).or_insert(at);
                *first = at.min(*first);
            } else {
                let last = self.good.entry(name).or_insert(configured_at);
                *last = configured_at.max(*last);
            }
        }
        self.of.entry(whose).or_default().push(keys.before_revocation());
    }

    /// The key set of `whose` that has the key named in the JWS; none when no chain says it. Nobody takes back his word by
    /// revoking a key as of a day after which he published it as good.
    pub(super) fn find(&self, whose: &EntityId, jws: &str) -> Option<Found<'_>> {
        let kid = jose::header(jws).ok()?.kid?;
        let keys = self.of.get(whose)?.iter().find(|keys| keys.find(&kid).is_some())?;
        let name = (whose.clone(), kid);
        let revoked_at = self.revoked.get(&name).map(|at| self.good.get(&name).map_or(*at, |good| *at.max(good)));
        Some(Found { keys, revoked_at })
    }
}
