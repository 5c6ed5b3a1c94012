//! What a leaf says.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::digest::Digest;
use crate::json;

/// One entry of a journal, as it is hashed. Its members stand in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// What was done: a dotted name such as `referral.sent`.
    pub act: String,
    /// Who did it: an id of the node's own, or the entity id of a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// `staff`, `peer`, `person` or `system`.
    pub actor_kind: String,
    /// When: RFC 3339 in UTC with six decimals and `Z`.
    pub at: String,
    /// With which outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// On which ground.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<String>,
    /// Its own id.
    pub id: Uuid,
    /// On which thing, by id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// With or towards which node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// About whom: an id that names nobody once her key is destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Uuid>,
}

/// The text is no entry in its canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the canonical text of an entry")]
pub struct InvalidEntry;

impl Entry {
    /// The text whose UTF-8 bytes are the leaf: JSON as RFC 8785 writes it, without members that say nothing. All of
    /// them are strings, so no question of numbers arises.
    pub fn canonical(&self) -> String {
        // A struct of strings has no way to fail.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a leaf, and only in the one form that it may have.
    ///
    /// # Errors
    /// [`InvalidEntry`] for any other text, also one that says the same.
    pub fn read(text: &str) -> Result<Self, InvalidEntry> {
        let entry: Self = json::from_slice(text.as_bytes()).map_err(|_| InvalidEntry)?;
        if entry.canonical() == text { Ok(entry) } else { Err(InvalidEntry) }
    }

    /// The hash of its leaf.
    pub fn leaf_hash(&self) -> Digest {
        super::leaf_hash(self.canonical())
    }
}
