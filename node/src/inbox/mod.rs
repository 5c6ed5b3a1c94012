//! A peer's batch is accepted: in order? first time? hand on, receipt. Makes no request and knows no feature.
//!
//! What must hold:
//! - Signatures are verified before the transaction; the transaction begins by touching the inbound link row, so that two
//!   processes cannot take one stream at once.
//! - An item that is refused or fails leaves nothing of itself, and the ones before it stand: a batch is tried whole, and
//!   item by item, each in a savepoint, if one of it is not taken.
//! - The receipt commits with what it says. A refused item leaves id, digest, code and instant, never its content.
//! - A repeat gets its original outcome in a new receipt. The memory of ids crosses epochs.
//! - **An internal error is never a refusal**: the items before it are committed and receipted, the rest comes again.

mod accept;
mod collecting;
mod evidence;
mod expiring;
mod links;
mod open;
mod rows;

#[cfg(test)]
mod tests;

use crate::vault;

pub use accept::{Accepted, Inbox, Receive, Taken, take};
pub use evidence::{Kept, conversation};
pub use expiring::{came_in, delete_bytes, delete_bytes_in, spent_bytes, unname};
pub use links::{failed_inside, gave_receipt, last_receipt, last_receipted, link_state, linked};
pub use open::{Content, Opened, open, refuse_unknown_keys};
pub use rows::{erase_bytes, opened, purge, unopened};

/// The tables of this room that hold personal data.
pub const HOLDING: vault::Holding = vault::Holding {
    room: "inbox",
    tables: &["known_message"],
    merge: vault::only_subjects,
    collect: collecting::collect,
};
