//! A referral as the desk shows it: the types. Business state and transport state are two fields.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use staffetta_protocol::card::CardGroups;
use staffetta_protocol::data::NewHolder;
use staffetta_protocol::id::EntityId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::paper::OfficeView;
use crate::people::MatchedOn;
use crate::vault::Subject;
use crate::web::EmbeddedEvent;

/// Where a message of ours stands on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReferralTransport)]
pub struct Way {
    /// `not_sent`, `queued`, `delivered`, `refused`, `struck` or `expired`; `by_hand` on paper.
    pub state: &'static str,
    /// Why it was refused or struck, or `superseded` where it crossed a message of the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<String>,
    /// Since when it waits; only while it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub queued_at: Option<DateTime<Utc>>,
    /// Waits for so long that somebody should call the partner.
    pub undelivered: bool,
}

/// The preview of a thread.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReferralPreview)]
pub struct PreviewView {
    /// `none`, `sent`, `send_referral`, `needs_more`, `not_for_us` or `timed_out`.
    pub state: &'static str,
    /// Where its message stands; at the node that sent it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transport: Option<Way>,
    /// When it closes for want of an answer; while it waits for one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub closes_at: Option<DateTime<Utc>>,
}

/// The task to tell the person of the last answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ReferralTelling)]
pub struct Telling {
    /// When the answer came.
    pub since: DateTime<Utc>,
    /// Until when she should have heard.
    pub due_at: DateTime<Utc>,
    /// That has passed and she has not.
    pub overdue: bool,
    /// When she was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub told_at: Option<DateTime<Utc>>,
    /// By whom of the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub told_by: Option<Uuid>,
    /// How: `in_person`, `with_mediator`, `phone` or `in_writing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub how: Option<String>,
}

/// A referral in a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReferralSummary {
    /// Its id at this node.
    pub id: Uuid,
    /// `opener` where this node sent it, `taker` where it received it.
    pub side: &'static str,
    /// The other node, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub peer: Option<EntityId>,
    /// The office of the address book, where the referral goes on paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub office: Option<Uuid>,
    /// The organisation that it belongs to, as last known.
    pub organisation_name: String,
    /// The person here: of a referral that was received, once a clerk has said who she is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub person: Option<Uuid>,
    /// Her data are kept, and nothing else may be done with them (GDPR 18): what comes is taken down, nothing is answered.
    pub restricted: bool,
    /// `P2`, or `P11` for a certification.
    pub purpose: &'static str,
    /// What the offices decided; absent where only a preview has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub state: Option<&'static str>,
    /// What became of this node's last message in the thread.
    pub transport: Way,
    /// The preview.
    pub preview: PreviewView,
    /// Until when a decision is owed; while one is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub decision_due_at: Option<DateTime<Utc>>,
    /// The decision is late.
    pub overdue: bool,
    /// `in_time`, `remind` or `escalate`.
    pub stage: &'static str,
    /// What the person should hear, if an answer has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub telling: Option<Telling>,
    /// When it was begun or received.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// Grows with each change.
    pub version: i32,
}

/// Referrals, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Referrals {
    /// The referrals.
    pub items: Vec<ReferralSummary>,
    /// Asks for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub next_cursor: Option<String>,
    /// Where it begins: behind this one.
    #[serde(skip)]
    #[schema(ignore)]
    pub next: Option<(DateTime<Utc>, Uuid)>,
    /// Whose they are, for the journal.
    #[serde(skip)]
    #[schema(ignore)]
    pub whose: Vec<(Uuid, Subject)>,
    /// What was said last in each, for whoever wants it brought along.
    #[serde(skip)]
    #[schema(ignore)]
    pub last_events: Vec<Option<EmbeddedEvent>>,
}

/// One message of the thread.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReferralEvent {
    /// What it says.
    pub event: &'static str,
    /// Whether this node said it.
    pub own: bool,
    /// When its sender signed it.
    pub at: DateTime<Utc>,
    /// In which capacity its sender acted.
    pub actor_role: String,
    /// It crossed a message of the other side and had no effect.
    pub superseded: bool,
    /// Where it stands on its way; of this node's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub transport: Option<Way>,
    /// What it says beyond its kind: reason, questions, appointment, outcome. Absent once the person was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Object)]
    pub detail: Option<Value>,
}

/// What this node was shown of the person's card.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ReferralReceivedCard)]
pub struct ShownCard {
    /// The newest version that came.
    pub card_version: u32,
    /// When something last came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub received_at: Option<DateTime<Utc>>,
    /// The groups, each as it came last.
    pub groups: CardGroups,
}

/// Somebody of this office who may be the same person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ReferralKnownCandidate)]
pub struct Candidate {
    /// Who.
    pub person: Uuid,
    /// By what: the tax code, or names and year of birth.
    pub matched_on: MatchedOn,
}

/// Whether this office knew the person.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = ReferralKnownPerson)]
pub struct Known {
    /// What the clerk chose: `same`, `new` or `unsure`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub choice: Option<&'static str>,
    /// Who she may be, as this office's own records say.
    pub candidates: Vec<Candidate>,
}

/// A referral with all that was said in its thread.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Referral {
    /// As in the list.
    pub summary: ReferralSummary,
    /// The events that this node may do now.
    pub allowed: Vec<&'static str>,
    /// What was said, in the order in which this node processed it.
    pub events: Vec<ReferralEvent>,
    /// The office that was chosen from the address book, and the sheets of a referral on paper.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub office: Option<OfficeView>,
    /// `holder_changed` where it ended since another body holds the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end_reason: Option<&'static str>,
    /// Who holds the card now, where it ended with that. Absent once the person was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub new_holder: Option<NewHolder>,
    /// As the acceptance said; absent before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub already_known: Option<bool>,
    /// At the node that received it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub known_person: Option<Known>,
    /// At the node that received it: what it holds of the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub card: Option<ShownCard>,
}
