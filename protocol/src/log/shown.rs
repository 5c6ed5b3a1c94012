//! A history that a node shows by itself, because nobody can call it and ask: what a partner would see proven, and what
//! the node says to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Consistency;
use crate::id::LogId;

/// Checkpoints that are asked about, and spoken of, at a time: the smallest first. What lies beyond is asked about in the
/// answer to these.
pub const MAX_ASKED: usize = 16;

/// A checkpoint of the called node's partner that is kept there, by its place: the partner shall prove that its log still
/// begins with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[schema(as = KeptCheckpoint)]
pub struct Kept {
    /// Which log.
    pub log: LogId,
    /// How many entries it had.
    pub size: u64,
}

/// What a node says about checkpoints of its own that a partner keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HistoryShown {
    /// One for each checkpoint.
    #[schema(min_items = 1, max_items = 16)]
    pub items: Vec<Shown>,
}

/// What it says about one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = HistoryShownItem)]
pub struct Shown {
    /// Which log.
    pub log: LogId,
    /// The size of the checkpoint that is spoken of.
    pub size: u64,
    /// What `GET …/exchange/checkpoints` would answer about it. Absent where that would be 404: there is no such log, or it
    /// was never that long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub consistency: Option<Consistency>,
}

/// The answer to a history that was shown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HistoryTaken {
    /// What is to be proven next; empty once it was everything.
    #[serde(default)]
    #[schema(max_items = 16)]
    pub history: Vec<Kept>,
}
