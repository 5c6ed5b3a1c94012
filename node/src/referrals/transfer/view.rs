//! A transfer as the desk shows it: the types.

use chrono::{DateTime, Utc};
use serde::Serialize;
use staffetta_protocol::id::EntityId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::referrals::view::{Known, ShownCard};
use crate::vault::Subject;

/// A transfer in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecordTransferSummary {
    /// Its id at this node.
    pub id: Uuid,
    /// `sent` where this node offered the record, `received` where it was offered one.
    #[schema(max_length = 10)]
    pub direction: &'static str,
    /// The other node.
    pub peer: EntityId,
    /// The organisation that runs it, as last known.
    #[schema(max_length = 400)]
    pub organisation_name: String,
    /// The person here: of a record that was offered to this node, once it was taken over.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub person: Option<Uuid>,
    /// `queued`, `received`, `taken`, `declined`, `withdrawn`, `expired` or `refused`.
    #[schema(max_length = 20)]
    pub state: &'static str,
    /// Why the other node refused it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 60)]
    pub code: Option<String>,
    /// Until when an answer is owed; while one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answer_due_at: Option<DateTime<Utc>>,
    /// The answer is late.
    pub overdue: bool,
    /// When it was offered or received.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Grows with each change.
    pub version: i32,
}

/// Transfers, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecordTransfers {
    /// The transfers.
    #[schema(max_items = 200)]
    pub items: Vec<RecordTransferSummary>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 256)]
    pub next_cursor: Option<String>,
    /// Where it begins: behind this one.
    #[serde(skip)]
    #[schema(ignore)]
    pub next: Option<(DateTime<Utc>, Uuid)>,
    /// Whose they are, for the journal.
    #[serde(skip)]
    #[schema(ignore)]
    pub whose: Vec<(Uuid, Subject)>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecordTransferAnswer {
    /// Why it was not taken over; absent where it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 40)]
    pub reason: Option<String>,
    /// In words for the person. Absent once she was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 1000)]
    pub text: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
    /// Where the answer stands on its way: `queued`, `delivered`, `refused`, `struck` or `expired`; at the node that gave
    /// it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 20)]
    pub transport: Option<String>,
}

/// A letter that tells an office without a node who holds the card now.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct HolderLetter {
    /// The letter.
    pub id: Uuid,
    /// The referral on paper that ended.
    pub referral: Uuid,
    /// Whom it goes to.
    #[schema(max_length = 400)]
    pub organisation_name: String,
    /// Since when it waits.
    pub opened_at: DateTime<Utc>,
    /// When it went out.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sent_at: Option<DateTime<Utc>>,
    /// How.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 20)]
    pub channel: Option<String>,
}

/// A transfer with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RecordTransfer {
    /// As in the list.
    pub summary: RecordTransferSummary,
    /// What this node may do now: `take`, `decline`, or `answer_again` where its answer did not arrive.
    #[schema(max_items = 3)]
    pub allowed: Vec<String>,
    /// The answer, once there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub answer: Option<RecordTransferAnswer>,
    /// At the node that handed the record over: whom to tell by letter.
    #[schema(max_items = 200)]
    pub letters: Vec<HolderLetter>,
    /// At the node that it was offered to: who of its own people she may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub known_person: Option<Known>,
    /// At the node that it was offered to: what came of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub card: Option<ShownCard>,
}
