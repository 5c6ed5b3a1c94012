//! The tree of a recall: who was told of a withdrawal, what each answered, and what this node does and answers itself when
//! it is told.
//!
//! What must hold:
//! - The tombstone is written first. What came under the record goes in the same transaction, and so does what rests on it
//!   further down: a record of this node under which groups were disclosed that had come before is withdrawn under the same
//!   recall, and is due at the same time. A record is withdrawn once, so that a circle ends where it closes.
//! - A node acts once for each recall and record. Told again, it says its last answer again; told again of a later yes than
//!   before, it gives up what is newly covered and answers anew.
//! - It answers for itself at once, in the transaction that does it; and anew, under the next version, whenever something
//!   below it, or of its own, has changed. It is complete when all below have answered or were told by other means.
//! - Of several who answer at once each is counted: whoever counts has locked what it answers before.
//! - Recipients of this node's own are known by name. What they tell of those below them has roles and no names.
//! - The newest version of an answer counts. An older one, or the same again, changes nothing.
//! - A recall goes through eight nodes at most. What lies below the last is told by other means, and somebody is asked to.
//! - The key of somebody whom this node knew from others is destroyed when nothing of hers is held here any more and nothing
//!   about her waits to leave: not before its answers have left.

mod answering;
mod api;
mod clock;
mod going;
mod model;
mod rows;
mod speaking;
mod taking;
mod telling;

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use staffetta_protocol::consent::Group;
use staffetta_protocol::data::GroupOutcome;
use staffetta_protocol::id::MessageId;
use uuid::Uuid;

use super::ThreadsEnded;
use crate::error::Result;
use crate::outbox::Outbox;
use crate::store::{Conn, Tx};
use crate::vault::Subject;

pub(super) use answering::answer_anew;
pub(super) use api::api;
pub use clock::{Sure, pump};
pub use model::kept_until;
#[cfg(test)]
pub(super) use model::one_deeper;
pub(super) use model::role_of;
#[cfg(test)]
pub(super) use rows::answered_groups;
pub use rows::{Told, Wanted};
pub use speaking::speak;
pub(super) use taking::{take, take_again};
pub use telling::{answered, of_person, settled};
pub(super) use telling::{is_open, tell, tell_anew, tell_of_forgotten, was_told};

/// What the rooms above keep of what came in a thread whose consent was withdrawn, group by group; what they made of the
/// rest goes, in the same transaction.
pub type Keeps = fn(&mut Tx<'_>, &Outbox, Uuid, &BTreeSet<Group>) -> Result<BTreeMap<Group, GroupOutcome>>;

/// The rooms above give up the words that they wrote down of these messages.
pub type Forgets = fn(&mut Tx<'_>, &[MessageId]) -> Result<()>;

/// Whether something about her must not be lost yet: the rooms above know.
pub type Frozen = fn(&mut Conn, Subject) -> Result<bool>;

/// What the rooms above do when a record is withdrawn.
#[derive(Debug, Clone, Copy)]
pub struct Above {
    /// Marks what stood in the threads as withdrawn.
    pub threads_ended: ThreadsEnded,
    /// Keeps what this node must keep as its own.
    pub keeps: Keeps,
    /// Gives up what was written down of what goes.
    pub forgets: Forgets,
    /// Whether it must be kept unread for now.
    pub frozen: Frozen,
}

/// That a withdrawal is part of a recall that began elsewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Under {
    /// The recall.
    pub(super) recall: Uuid,
    /// When the answers are due.
    pub(super) due: DateTime<Utc>,
    /// What this node was told to give up.
    pub(super) above: Uuid,
    /// How many nodes it has come through when this one passes it on.
    pub(super) depth: u32,
}
