//! The log: a node's journal as a Merkle tree (RFC 9162 §2.1, SHA-256), so that nobody can change what happened, the
//! node itself included, without a partner seeing it.
//!
//! What must hold:
//! - A leaf is the exact text of an entry ([`Entry::canonical`]). It names ids and codes, so it verifies after the person
//!   whom it is about was erased.
//! - Of the tree only complete subtrees are ever kept; every root and every proof is made of those.
//! - A [`Checkpoint`] is the node's signed word on size and root. Two checkpoints of one log of which neither tree begins
//!   with the other prove that its history was rewritten.

mod checkpoint;
mod entry;
mod shown;
mod tree;

#[cfg(test)]
mod tests;

pub use checkpoint::{Checkpoint, Consistency, InvalidCheckpoint};
pub use entry::{Entry, InvalidEntry};
pub use shown::{HistoryShown, HistoryTaken, Kept, MAX_ASKED, Shown};
pub use tree::{
    InvalidProof, MAX_SIZE, Node, consistency_proof, empty_root, inclusion_proof, leaf_hash, parent, root,
    verify_consistency, verify_inclusion,
};
