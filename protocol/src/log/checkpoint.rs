//! The signed word on a log, and what shows that it only grew.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::tree::{self, InvalidProof, MAX_SIZE};
use crate::digest::Digest;
use crate::id::{EntityId, LogId};
use crate::jose::{self, JoseError, KeySet, SigningKey, Typ};

/// How much later than a larger checkpoint a smaller one must be signed to say that the log was cut, in seconds. Processes of
/// one node need not agree on the second, and two of them may sign at once. What is cut and signed sooner is found by the
/// proof that is asked for daily.
const CLEARLY_LATER: i64 = 600;

/// The claims of a checkpoint. Unknown claims are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// Whose log.
    pub iss: EntityId,
    /// Which of its logs.
    pub log: LogId,
    /// How many entries.
    pub size: u64,
    /// The root of the tree over them.
    pub root: Digest,
    /// Seconds since 1970.
    pub iat: i64,
}

impl Checkpoint {
    /// Signs it.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::Checkpoint, key, self)
    }

    /// Verifies a checkpoint of `from`.
    ///
    /// # Errors
    /// [`InvalidCheckpoint`].
    pub fn open(jws: &str, keys: &KeySet, from: &EntityId, now: DateTime<Utc>) -> Result<Self, InvalidCheckpoint> {
        let checkpoint: Self = jose::verify(jws, Typ::Checkpoint, keys, now)?.claims()?;
        if checkpoint.iss != *from {
            return Err(InvalidCheckpoint::Issuer);
        }
        if checkpoint.size > MAX_SIZE {
            return Err(InvalidCheckpoint::Size);
        }
        Ok(checkpoint)
    }

    /// Whether this one, signed clearly later (ten minutes) than one of the same log that was larger, says that it was cut. One
    /// that was signed earlier says nothing of what came after: so ends the log of a node that was restored from a copy.
    #[must_use]
    pub fn is_cut_since(&self, larger: &Self) -> bool {
        (&self.iss, self.log) == (&larger.iss, larger.log)
            && self.size < larger.size
            && self.iat.saturating_sub(larger.iat) > CLEARLY_LATER
    }

    /// Whether `later`, of the same log, begins with this one.
    ///
    /// # Errors
    /// [`InvalidProof`], also for a smaller tree: a log does not shrink.
    pub fn is_continued_by(&self, later: &Self, proof: &[Digest]) -> Result<(), InvalidProof> {
        if (&self.iss, self.log) != (&later.iss, later.log) {
            return Err(InvalidProof::Wrong);
        }
        tree::verify_consistency((self.size, &self.root), (later.size, &later.root), proof)
    }
}

/// Why a checkpoint does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCheckpoint {
    /// Signature, times or form.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// Another node's.
    #[error("the checkpoint is another node's")]
    Issuer,
    /// Larger than any log.
    #[error("no log is that large")]
    Size,
}

/// What a node answers who is asked whether its log only grew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Consistency {
    /// The checkpoint of size `to`: the proof leads to it.
    #[schema(max_length = 4096)]
    pub checkpoint: String,
    /// The size that was asked about.
    pub from: u64,
    /// The size of the checkpoint.
    pub to: u64,
    /// The hashes of RFC 9162 §2.1.4, in its order.
    #[schema(max_items = 128)]
    pub proof: Vec<Digest>,
}
