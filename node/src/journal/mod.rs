//! The append-only record of every act.
//!
//! What must hold: an act's entry is written in the transaction that does the act, or neither happens. An entry names
//! ids, codes and counts, never a name, a field's content, a token or a key: so its leaf verifies after the person was
//! erased. `position` stays empty here: numbering and sealing into a tree is a background matter ([`Sealer`]) and never in
//! the way of an act. Nothing is rewritten or cut off, which triggers of the database see to; what retention releases
//! ([`forget_before`]) leaves its leaf behind. Partners keep what this node signed about its log, as it keeps theirs.

use staffetta_protocol::id::EntityId;
use uuid::Uuid;

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{self, Holding, Subject};

mod collecting;
mod forgetting;
mod log;
mod neighbours;
mod released;
mod rows;
mod sealer;
mod tiles;
mod verify;

#[cfg(test)]
mod tests;

pub use forgetting::{Gone, ended_by, forget_before};
pub use log::{Log, backlog, begin_new_log, consistency, logs, newest_checkpoint};
pub use neighbours::{
    Alarm, Heard, Judged, Trouble, hear, is_withheld, judge, last_call, neighbours, note_withheld, settle, to_compare,
    to_prove,
};
pub use rows::{Entry as StoredEntry, about, of_act};
pub use sealer::Sealer;
pub use verify::{Bad, Proven, Verified, prove, verify};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding =
    Holding { room: "journal", tables: &["journal"], merge: vault::only_subjects, collect: collecting::collect };

/// Who did it. `access` and `peers` convert into this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A member of this node's staff.
    Staff(Uuid),
    /// Another node.
    Peer(EntityId),
    /// The person herself.
    Person(Uuid),
    /// The node, by itself.
    System,
}

impl Actor {
    /// The member of the staff, if it is one.
    pub const fn staff(&self) -> Option<Uuid> {
        match self {
            Self::Staff(id) => Some(*id),
            Self::Peer(_) | Self::Person(_) | Self::System => None,
        }
    }

    fn parts(&self) -> (&'static str, Option<String>) {
        match self {
            Self::Staff(id) => ("staff", Some(id.to_string())),
            Self::Peer(id) => ("peer", Some(id.to_string())),
            Self::Person(id) => ("person", Some(id.to_string())),
            Self::System => ("system", None),
        }
    }
}

/// An act to record.
#[derive(Debug, Clone)]
pub struct Entry {
    actor: Actor,
    act: &'static str,
    subject: Option<Subject>,
    object: Option<String>,
    peer: Option<String>,
    code: Option<String>,
    ground: Option<String>,
}

impl Entry {
    /// `actor` did `act`, a dotted name such as `referral.sent`.
    pub fn new(actor: Actor, act: &'static str) -> Self {
        Self { actor, act, subject: None, object: None, peer: None, code: None, ground: None }
    }

    /// About this subject.
    pub fn subject(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// On this thing, by id.
    pub fn object(mut self, id: impl std::fmt::Display) -> Self {
        self.object = Some(id.to_string());
        self
    }

    /// With or towards this node, or office without one.
    pub fn peer(mut self, peer: impl std::fmt::Display) -> Self {
        self.peer = Some(peer.to_string());
        self
    }

    /// With this outcome or refusal code.
    pub fn code(mut self, code: impl std::fmt::Display) -> Self {
        self.code = Some(code.to_string());
        self
    }

    /// On this ground.
    pub fn ground(mut self, ground: impl std::fmt::Display) -> Self {
        self.ground = Some(ground.to_string());
        self
    }
}

/// Writes several entries of one act: one for each person on a page, say.
pub fn record_all(tx: &mut Tx<'_>, entries: Vec<Entry>) -> Result<()> {
    rows::insert_all(tx, entries)
}

/// Writes the entry, in the transaction of the act.
pub fn record(tx: &mut Tx<'_>, entry: Entry) -> Result<()> {
    rows::insert(tx, entry).map(|_| ())
}
