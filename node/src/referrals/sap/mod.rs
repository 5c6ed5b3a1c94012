//! For the office's own system: what an accepted referral brought, in the order of the Scheda Anagrafico Professionale;
//! and what the office did, written back by hand or by file.
//!
//! What must hold:
//! - The sheet has every field of the list, in its order; what was not received is empty and says so. A code of another
//!   list is told beside the field and never put into it.
//! - What is written back is the office's own: sealed for whom it is about, and kept here. The sender is told, by the
//!   verbs that there are, that a declaration was recorded, an agreement signed, a pathway begun, and nothing more.
//! - The same written twice is one. Of a file each line is taken whole or not at all, whatever the others are.

mod api;
mod fill;
mod office;
mod policy;
mod rows;
mod sheet;
mod table;
mod upload;
mod verbs;
mod view;

#[cfg(test)]
mod tests;

pub use api::api;
pub use office::{DidRecord, Office, PattoRecord, ProtocolRecord};
pub use policy::{PolicyEvent, PolicyEventCode};
pub(super) use rows::{events as policies, office};
pub use verbs::{Records, Written};
pub use view::{Entry, Filled, FilledBlock, FilledSection};
