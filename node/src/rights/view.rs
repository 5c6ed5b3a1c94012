//! Requests as the desk's API shows them.

use chrono::{DateTime, Utc};
use serde::Serialize;
use staffetta_protocol::card::Prose;
use utoipa::ToSchema;
use uuid::Uuid;

use super::export::Recipient;
use super::{
    ErasureStep, Happened, Request, RightAsker, RightChannel, RightKind, RightOutcome, RightState, RightsAnswer,
};

/// A request of a person about a right of hers.
#[derive(Serialize, ToSchema)]
pub(super) struct RightsRequest {
    /// Its id.
    pub(super) id: Uuid,
    /// The person.
    pub(super) person: Uuid,
    /// Which right.
    pub(super) kind: RightKind,
    /// The article of Regulation (EU) 2016/679.
    pub(super) article: u8,
    /// Where it stands.
    pub(super) state: RightState,
    /// How it came.
    pub(super) channel: RightChannel,
    /// Who asked.
    pub(super) said_by: RightAsker,
    /// When it came.
    pub(super) received_at: DateTime<Utc>,
    /// From when an answer is late.
    pub(super) due_at: DateTime<Utc>,
    /// It has no answer, and that has passed.
    pub(super) overdue: bool,
    /// When two months were added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) extended_at: Option<DateTime<Utc>>,
    /// When it was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) answered_at: Option<DateTime<Utc>>,
    /// What was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) outcome: Option<RightOutcome>,
    /// How far the erasure has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) erasure: Option<ErasureStep>,
    /// For `If-Match`.
    pub(super) version: i32,
}

impl RightsRequest {
    pub(super) fn of(it: &Request, now: DateTime<Utc>) -> Self {
        Self {
            id: it.id,
            person: it.person.0,
            kind: it.kind,
            article: it.kind.article(),
            state: it.state,
            channel: it.channel,
            said_by: it.said_by,
            received_at: it.received_at,
            due_at: it.due_at,
            overdue: it.is_overdue(now),
            extended_at: it.extended_at,
            answered_at: it.answered.map(|(_, at)| at),
            outcome: it.answered.map(|(outcome, _)| outcome),
            erasure: it.step.map(|(step, _)| step),
            version: it.version,
        }
    }
}

/// Something that happened to a request.
#[derive(Serialize, ToSchema)]
pub(super) struct RightsEvent {
    /// `received`, `extended`, `answered`, `withdrawn` or `erased`.
    pub(super) what: String,
    /// When.
    pub(super) at: DateTime<Utc>,
    /// Who of the staff did it; absent where the node did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) staff: Option<Uuid>,
    /// With which outcome.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) code: Option<String>,
}

impl From<Happened> for RightsEvent {
    fn from(it: Happened) -> Self {
        Self { what: it.what, at: it.at, staff: it.staff, code: it.code }
    }
}

/// A request with what was said, and its log.
#[derive(Serialize, ToSchema)]
pub(super) struct RightsRequestInFull {
    /// The request.
    pub(super) request: RightsRequest,
    /// What she asked for, in her words; absent once she was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) details: Option<Prose<4000>>,
    /// The guardian who asked, where one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) guardian: Option<Uuid>,
    /// Why it takes longer, as she was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) extension_reason: Option<Prose<1000>>,
    /// The answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) answer: Option<RightsAnswer>,
    /// Who received something, and is told what follows (art. 19): of a rectification, erasure or restriction that was
    /// granted.
    pub(super) recipients: Vec<Recipient>,
    /// What happened to it.
    pub(super) events: Vec<RightsEvent>,
}

/// Requests.
#[derive(Serialize, ToSchema)]
pub(super) struct RightsRequestList {
    /// The requests, the one that is due first before the others.
    pub(super) items: Vec<RightsRequest>,
    /// What to ask with for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) next_cursor: Option<String>,
}
