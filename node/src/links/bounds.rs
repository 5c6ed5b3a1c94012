//! How many requests of one peer are served at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};

use crate::error::Result;

/// Counts the requests under way of each peer. Clones count together.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    at_once: u32,
    under_way: Arc<Mutex<HashMap<EntityId, u32>>>,
}

/// A request under way; dropping it makes room for the next.
#[derive(Debug)]
pub(super) struct Turn {
    bounds: Bounds,
    peer: EntityId,
}

impl Bounds {
    /// At most `at_once` requests of one peer.
    pub(super) fn new(at_once: u32) -> Self {
        Self { at_once: at_once.max(1), under_way: Arc::default() }
    }

    /// Takes a turn, or answers 429.
    pub(super) fn enter(&self, peer: &EntityId) -> Result<Turn> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(peer.clone()).or_default();
        if *count >= self.at_once {
            let problem = Problem::new(Code::RateLimited).detail("too many requests at once");
            return Err(Problem { retry_after: Some(1), ..problem }.into());
        }
        *count += 1;
        Ok(Turn { bounds: self.clone(), peer: peer.clone() })
    }

    /// Requests of this peer under way.
    pub(super) fn inside(&self, peer: &EntityId) -> usize {
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.get(peer).map_or(0, |count| *count as usize)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut under_way = self.bounds.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.get_mut(&self.peer) {
            *count -= 1;
            if *count == 0 {
                under_way.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_peer_has_so_many_turns_and_another_has_its_own() {
        let bounds = Bounds::new(2);
        let (a, b) = ("https://a.example".parse().unwrap(), "https://b.example".parse().unwrap());
        let first = bounds.enter(&a).unwrap();
        let _second = bounds.enter(&a).unwrap();
        assert_eq!(bounds.enter(&a).unwrap_err().code(), Code::RateLimited);
        assert!(bounds.enter(&b).is_ok());
        drop(first);
        assert!(bounds.enter(&a).is_ok());
    }
}
