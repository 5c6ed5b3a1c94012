//! Sheets, and what somebody notes about the way of one.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::dates::instant;
use staffetta_protocol::card::{At, CardGroups, Check, Prose, Refusal, Text};
use staffetta_protocol::data::{
    CardPreviewAnswered, ReferralAccepted, ReferralClosed, ReferralDeclined, ReferralInfoRequested, ReferralProgressed,
};
use staffetta_protocol::problem::FieldError;
use utoipa::ToSchema;

use crate::consents::recalls::LetterChannel;
use crate::referrals::model::Event;

/// What a sheet says: what a message of the same turn would.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = PaperSheetKind)]
pub enum SheetKind {
    /// The pseudonymous card, ahead of the referral.
    Preview,
    /// The referral itself.
    Referral,
    /// Groups of the card that the office asked for.
    Information,
    /// The person's contacts, after acceptance.
    Contact,
    /// The referral anew, after it was declined or closed.
    Reopening,
}

impl SheetKind {
    const ALL: [Self; 5] = [Self::Preview, Self::Referral, Self::Information, Self::Contact, Self::Reopening];

    /// As it stands in the database and in answers.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Referral => "referral",
            Self::Information => "information",
            Self::Contact => "contact",
            Self::Reopening => "reopening",
        }
    }

    pub(super) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    /// As the log of disclosures names it.
    pub(super) const fn disclosed_as(self) -> &'static str {
        match self {
            Self::Preview => "paper.preview",
            Self::Referral => "paper.referral",
            Self::Information => "paper.information",
            Self::Contact => "paper.contact",
            Self::Reopening => "paper.reopening",
        }
    }

    /// The event that happens when it leaves; the contact changes no state.
    pub(super) const fn event(self) -> Option<Event> {
        match self {
            Self::Preview => Some(Event::SendPreview),
            Self::Referral => Some(Event::Send),
            Self::Information => Some(Event::ProvideInfo),
            Self::Contact => None,
            Self::Reopening => Some(Event::Reopen),
        }
    }
}

/// What a sheet was made of: kept sealed, so that it says the same whenever it is printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::referrals) struct Content {
    /// The version of the card as this office counts it.
    pub(in crate::referrals) card_version: u32,
    /// The groups, as they were disclosed.
    pub(in crate::referrals) groups: CardGroups,
}

/// How something happened that no node reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ByHand {
    /// By what way.
    pub channel: LetterChannel,
    /// When, if not now.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<DateTime<Utc>>,
    /// Who at the office took it or said so, in words; kept sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub said_by: Option<Text<120>>,
    /// What else is to be remembered; kept sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Prose<1000>>,
}

impl Check for ByHand {}

/// What an office without a node answered: exactly one of the answers that a node would give.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PaperAnswer)]
pub struct Answered {
    /// How the answer came, and from whom: `said_by` is needed here.
    pub by_hand: ByHand,
    /// The answer to the preview.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub preview_answered: Option<CardPreviewAnswered>,
    /// It asks for more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub info_requested: Option<ReferralInfoRequested>,
    /// It takes the person on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub accepted: Option<ReferralAccepted>,
    /// It does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub declined: Option<ReferralDeclined>,
    /// It tells how it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub progressed: Option<ReferralProgressed>,
    /// It has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub closed: Option<ReferralClosed>,
}

impl Check for Answered {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.by_hand.said_by.is_none() {
            found.push(at.key("by_hand").key("said_by").refuse(Refusal::Required));
        }
        let given = [
            self.preview_answered.is_some(),
            self.info_requested.is_some(),
            self.accepted.is_some(),
            self.declined.is_some(),
            self.progressed.is_some(),
            self.closed.is_some(),
        ];
        match given.into_iter().filter(|given| *given).count() {
            0 => found.push(at.key("accepted").refuse(Refusal::Required)),
            1 => {}
            _ => found.push(at.refuse(Refusal::Inconsistent)),
        }
        self.preview_answered.check(&at.key("preview_answered"), found);
        self.info_requested.check(&at.key("info_requested"), found);
        self.accepted.check(&at.key("accepted"), found);
        self.declined.check(&at.key("declined"), found);
        self.progressed.check(&at.key("progressed"), found);
        self.closed.check(&at.key("closed"), found);
    }
}
