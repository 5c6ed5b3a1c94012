//! The bodies of the exchange: what is pushed, fetched and answered on a link.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;
use crate::id::MessageId;
use crate::log::Kept;
use crate::problem::ItemCode;
use crate::receipt::Outcome;

/// Messages that one request may carry unless the receiver says otherwise.
pub const DEFAULT_WINDOW: u32 = 200;
/// Largest batch, in bytes of its JSON; one item always fits.
pub const MAX_BATCH_BYTES: usize = 1024 * 1024;
/// Largest message, in bytes of its compact form.
pub const MAX_MESSAGE_BYTES: usize = 256 * 1024;

/// A batch: the items of a link in order, without gaps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// The link's epoch, from 1.
    pub epoch: u32,
    /// In order of `seq`.
    #[schema(min_items = 1, max_items = 1000)]
    pub items: Vec<Item>,
}

/// One number of the link: a message, or the word that its message will not come. Exactly one of the two.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LinkItem)]
pub struct Item {
    /// From 1, without gaps within an epoch.
    pub seq: u64,
    /// A message in compact form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub message: Option<String>,
    /// What stands for a message that may no longer leave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub void: Option<Void>,
}

impl std::fmt::Debug for Item {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if self.void.is_some() { "void" } else { "message" };
        write!(f, "Item({} {kind})", self.seq)
    }
}

/// A message that has a number and may no longer leave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Void {
    /// The message's id.
    pub id: MessageId,
    /// The digest of its compact form.
    pub digest: Digest,
    /// Why.
    pub reason: VoidReason,
}

/// Why a message is void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum VoidReason {
    /// Its ground was withdrawn.
    Struck,
    /// Its `exp` passed.
    Expired,
    /// The sender no longer has its bytes.
    NotHeld,
}

/// The answer to a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BatchAnswer {
    /// The signed receipt: the only thing that counts.
    pub receipt: String,
    /// The same outcomes in plain, for the reader's convenience.
    pub items: Vec<ItemAnswer>,
    /// The link's epoch.
    pub epoch: u32,
    /// The number that is expected next.
    pub next_seq: u64,
    /// How many items the next batch may have.
    pub window: u32,
}

/// One outcome in plain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ItemAnswer {
    /// The item's number.
    pub seq: u64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<ItemCode>,
}

/// How far one direction of a link has come, as this node sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    /// From 1.
    pub epoch: u32,
    /// Everything up to here is decided and receipted.
    pub through_seq: u64,
    /// Digest of the last receipt, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub receipt_digest: Option<Digest>,
}

/// Both directions of the link between the caller and this node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkState {
    /// From the caller to this node.
    pub inbound: Progress,
    /// From this node to the caller.
    pub outbound: Progress,
    /// Checkpoints of the caller's journal that it is to prove by itself, since it cannot be called: the smallest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(max_items = 16)]
    pub history: Vec<Kept>,
}

/// What a node that fetches its messages is given: the items after the place that it named, which may be none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Fetched {
    /// The link's epoch, from 1.
    pub epoch: u32,
    /// In order of `seq`.
    #[schema(max_items = 1000)]
    pub items: Vec<Item>,
}

/// The answer to a receipt that was handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReceiptTaken {
    /// The number after the last that is settled.
    pub next_seq: u64,
}

/// A receipt handed in by a node that fetched its messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiptHandedIn {
    /// The receipt in compact form.
    pub receipt: String,
}
