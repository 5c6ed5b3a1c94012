//! What a task is about, and for whom.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::id::EntityId;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::AccessRole;
use crate::error::Error;
use crate::vault::Subject;

/// What there is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskKind)]
pub enum Kind {
    /// A message ran out before it was delivered: reach the partner another way, and send anew.
    MessageExpired,
    /// What is meant for a partner has not arrived for three days: reach it another way. Sending goes on.
    Undelivered,
    /// A partner does not recognise this node, or answers what does not verify: settle it with its administrator.
    NotRecognised,
    /// A partner failed inside several times in a row on the same message: its administrator must look.
    PartnerFailing,
    /// This node failed inside several times in a row on what a partner sent: its log says why.
    FailingInside,
    /// A partner that was told of a withdrawal has not answered in time.
    RecallUnanswered,
    /// A member that left the network still owes, or is owed, a recall: it is to be told another way.
    RecallOwedToMemberOut,
    /// This node or the partner was restored from an old backup, and the link was mended: look at what is missing.
    LinkRestored,
    /// The numbers of a link do not fit and could not be mended.
    LinkNotMended,
    /// A partner's journal does not continue the one that it signed before.
    HistoryRewritten,
    /// A partner answers otherwise, and has not shown for a week that its journal continues the one that it signed.
    HistoryWithheld,
    /// Whoever somebody learns under has left: say under whom she learns now. Until then whoever leads each of her cases
    /// countersigns there, and she takes nobody up.
    LearnsUnderNobody,
    /// A recipient holds what was put right at a person's request, and does not get it by itself: print the letter and
    /// send it, or tell the recipient another way.
    RectificationToBePassedOn,
    /// A recipient holds data whose use was restricted, and is to be told (GDPR 19): no message does that.
    RestrictionToBeTold,
    /// Somebody looked at a case of others: the review of that closes it, and nothing else.
    GlassBroken,
    /// Somebody looked at a case of others, and the person is to be told: her lead's, or the deputy's, to finish.
    GlassToBeTold,
    /// Somebody who had answered for herself is a minor, or may be: what she agreed to permits nothing any more. Ask her
    /// guardian.
    GuardianToBeAsked,
    /// Somebody with a card is under sixteen: what was agreed to has ended, and the card takes nothing more. Say what becomes
    /// of it.
    UnderSixteen,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Self] = &[
        Self::MessageExpired,
        Self::Undelivered,
        Self::NotRecognised,
        Self::PartnerFailing,
        Self::FailingInside,
        Self::RecallUnanswered,
        Self::RecallOwedToMemberOut,
        Self::LinkRestored,
        Self::LinkNotMended,
        Self::HistoryRewritten,
        Self::HistoryWithheld,
        Self::LearnsUnderNobody,
        Self::RectificationToBePassedOn,
        Self::RestrictionToBeTold,
        Self::GlassBroken,
        Self::GlassToBeTold,
        Self::GuardianToBeAsked,
        Self::UnderSixteen,
    ];

    /// As it stands in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessageExpired => "message_expired",
            Self::Undelivered => "undelivered",
            Self::NotRecognised => "not_recognised",
            Self::PartnerFailing => "partner_failing",
            Self::FailingInside => "failing_inside",
            Self::RecallUnanswered => "recall_unanswered",
            Self::RecallOwedToMemberOut => "recall_owed_to_member_out",
            Self::LinkRestored => "link_restored",
            Self::LinkNotMended => "link_not_mended",
            Self::HistoryRewritten => "history_rewritten",
            Self::HistoryWithheld => "history_withheld",
            Self::LearnsUnderNobody => "learns_under_nobody",
            Self::RectificationToBePassedOn => "rectification_to_be_passed_on",
            Self::RestrictionToBeTold => "restriction_to_be_told",
            Self::GlassBroken => "glass_broken",
            Self::GlassToBeTold => "glass_to_be_told",
            Self::GuardianToBeAsked => "guardian_to_be_asked",
            Self::UnderSixteen => "under_sixteen",
        }
    }

    /// Whose it is. An operator's is that of the team of the case.
    pub const fn role(self) -> AccessRole {
        match self {
            Self::MessageExpired
            | Self::Undelivered
            | Self::RectificationToBePassedOn
            | Self::GlassToBeTold
            | Self::GuardianToBeAsked
            | Self::UnderSixteen => AccessRole::Operator,
            Self::RecallUnanswered | Self::RecallOwedToMemberOut | Self::RestrictionToBeTold | Self::GlassBroken => {
                AccessRole::Dpo
            }
            Self::NotRecognised
            | Self::PartnerFailing
            | Self::FailingInside
            | Self::LinkRestored
            | Self::LinkNotMended
            | Self::HistoryRewritten
            | Self::HistoryWithheld
            | Self::LearnsUnderNobody => AccessRole::Admin,
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(stored: &str) -> Result<Self, Error> {
        let known = Self::ALL.iter().copied().find(|kind| kind.as_str() == stored);
        known.ok_or_else(|| Error::internal("a stored task is of no known kind"))
    }
}

/// A task to be opened.
#[derive(Debug, Clone)]
pub struct Task {
    pub(super) kind: Kind,
    pub(super) object: String,
    pub(super) peer: Option<EntityId>,
    pub(super) subject: Option<Subject>,
    pub(super) code: Option<String>,
}

impl Task {
    /// Of this kind, about the thing of this id: the message, the recall, the letter, the account, the partner's entity id,
    /// or a request and one of those to be told of it.
    pub fn new(kind: Kind, object: impl std::fmt::Display) -> Self {
        Self { kind, object: object.to_string(), peer: None, subject: None, code: None }
    }

    /// With this partner, whose other channels are shown with it.
    pub fn with(mut self, peer: &EntityId) -> Self {
        self.peer = Some(peer.clone());
        self
    }

    /// About this subject; the case is found by it.
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject = Some(subject);
        self
    }

    /// With a word on what happened: a code or a message type, nothing of any content.
    pub fn code(mut self, code: impl std::fmt::Display) -> Self {
        self.code = Some(code.to_string().chars().take(200).collect());
        self
    }
}

/// A task that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    /// Its id.
    pub id: Uuid,
    /// What there is to be done.
    pub kind: Kind,
    /// About what: the id of a message, a recall, a letter or an account, a partner's entity id, or the id of a request with
    /// who is to be told, behind a line.
    pub object: String,
    /// Whose it is.
    pub role: AccessRole,
    /// With which partner.
    pub peer: Option<EntityId>,
    /// About whom.
    pub subject: Option<Subject>,
    /// In which case.
    pub case: Option<Uuid>,
    /// What happened.
    pub code: Option<String>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// When it was done.
    pub done_at: Option<DateTime<Utc>>,
    /// By whom; nobody where it mended by itself.
    pub done_by: Option<Uuid>,
}

/// Another way to a partner than its node: as its configuration and the address book have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = TaskChannel)]
pub struct Channel {
    /// The office, or nothing for the organisation as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 120)]
    pub office: Option<String>,
    /// What it is.
    pub by: By,
    /// The address or the number.
    #[schema(max_length = 320)]
    pub address: String,
}

/// What a channel is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = TaskChannelKind)]
pub enum By {
    /// What the partner's node publishes for such cases.
    Contact,
    /// Certified mail.
    Pec,
    /// Mail.
    Email,
    /// Telephone.
    Phone,
}
