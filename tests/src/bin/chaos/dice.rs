//! Dice that tasks may share: the mutator's, behind a lock.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Clones throw the same dice.
#[derive(Debug, Clone)]
pub(crate) struct Dice(Arc<Mutex<staffetta_fuzz::mutate::Dice>>);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(staffetta_fuzz::mutate::Dice::new(seed))))
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: usize) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).below(end)
    }

    /// Whether something that happens so often in a thousand times happens now.
    pub(crate) fn happens(&self, in_a_thousand: usize) -> bool {
        self.below(1000) < in_a_thousand
    }

    /// A time up to so many milliseconds.
    pub(crate) fn up_to(&self, milliseconds: usize) -> Duration {
        Duration::from_millis(u64::try_from(self.below(milliseconds)).unwrap_or_default())
    }
}
