//! Evidence of one matter in one file, for somebody who trusts neither node: messages, the chains that say whose they
//! are, the receipts that say that they arrived, and what the journal of the node that made the file says about it.
//!
//! [`check`] needs nothing but the file and, from elsewhere, the thumbprints of the authority's keys. What was erased
//! stands there with its digest: the receipt says that it arrived, and nobody learns what it said.

mod check;
mod compare;
mod finding;
mod history;
mod keys;
mod stolen;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::{EntityId, MessageId};
use crate::json::{self, InvalidJson};
use crate::trust::Anchor;

pub use check::check;
pub use compare::compare;
pub use finding::{Finding, Verdict};

/// What `format` says in the one version that there is.
pub const FORMAT: &str = "staffetta-evidence/1";
/// The same of a file of checkpoints.
pub const CHECKPOINTS_FORMAT: &str = "staffetta-checkpoints/1";

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// [`FORMAT`].
    pub format: String,
    /// When it was put together: nobody vouches for it.
    pub made_at: DateTime<Utc>,
    /// The node that put it together.
    pub node: EntityId,
    /// What it is about, as that node calls it.
    pub matter: String,
    /// The network authority as that node has pinned it.
    pub authority: Anchor,
    /// Who is who: chains as they were used.
    pub chains: Vec<UsedChain>,
    /// The messages, as they were sent and received.
    pub messages: Vec<Said>,
    /// Receipts in compact form that speak of them.
    pub receipts: Vec<String>,
    /// What the journal says, log by log.
    pub logs: Vec<SealedLog>,
}

/// The documents of a chain, from the member's configuration to the authority's, and when they counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UsedChain {
    /// When they were looked at.
    pub used_at: DateTime<Utc>,
    /// One (the authority's own) or three compact JWS.
    pub documents: Vec<String>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Who sent it.
    pub from: EntityId,
    /// To whom.
    pub to: EntityId,
    /// Its id.
    pub id: MessageId,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digest of its compact form.
    pub digest: Digest,
    /// Its compact form; absent once the person whom it was about is erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// Entries of one log, and what proves that they are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedLog {
    /// The checkpoint to which every proof leads.
    pub checkpoint: String,
    /// The entries.
    pub entries: Vec<SealedEntry>,
    /// Checkpoints that partners got with the receipts above, each with the proof that the log goes on from it.
    pub earlier: Vec<Earlier>,
}

/// An entry and its proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedEntry {
    /// Its place in the log, from 0.
    pub index: u64,
    /// The exact text of the leaf.
    pub entry: String,
    /// Inclusion proof, the nearest hash first.
    pub proof: Vec<Digest>,
}

/// A checkpoint that was given away, and the proof from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Earlier {
    /// As given.
    pub checkpoint: String,
    /// Consistency proof.
    pub proof: Vec<Digest>,
}

/// Checkpoints alone, for whoever compares what two nodes were told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checkpoints {
    /// [`CHECKPOINTS_FORMAT`].
    pub format: String,
    /// Compact JWS, of any nodes and logs.
    pub checkpoints: Vec<String>,
}

impl Evidence {
    /// Reads a file of this version.
    ///
    /// # Errors
    /// What is wrong with its form.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidJson> {
        json::from_slice(bytes)
    }
}
