//! What a stranger may send to a node, mutated.
//!
//! Each [`Target`] is a function over bytes that panics where a promise does not hold. There are two ways to drive them,
//! and both call the same functions: libFuzzer (`cargo fuzz run NAME`, one file each in
//! `protocol/fuzz/fuzz_targets/`), which follows the
//! coverage, and the plain driver (`tests/src/bin/fuzz`), which needs no tool and mutates the [`corpus`] with a fixed seed.
//!
//! What is asserted beyond "no panic":
//! - what parses serialises, and what was serialised parses to the same;
//! - of what a known key signed, no byte can be changed: a document that verifies is one that was signed;
//! - what verifies keeps the promises of its type.
//!
//! A mutated signature only ever reaches the signature check. So the targets whose names end in `signed` take claims, sign
//! them with a published test key, and look behind it.

mod cast;
pub mod corpus;
pub mod drive;
pub mod mutate;
mod targets;

/// Something that reads bytes of a stranger.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, also that of its file in `fuzz_targets/` and of its folder in `corpus/`.
    pub name: &'static str,
    /// Panics where a promise does not hold.
    pub run: fn(&[u8]),
    /// What to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

pub use targets::{TARGETS, named};

/// Runs one target on one input: what libFuzzer calls.
///
/// # Panics
/// Where a promise does not hold, and for a name that no target has.
pub fn run(name: &str, bytes: &[u8]) {
    let target = named(name).unwrap_or_else(|| panic!("{name} is no target"));
    (target.run)(bytes);
}
