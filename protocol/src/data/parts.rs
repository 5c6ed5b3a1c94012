//! What several message types share.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::card::dates::instant;
use crate::card::shape::codes;
use crate::card::{At, Check, Identity, LanguageCode, Level, Needs, Preview, Refusal, SkillsFull, Status, Text, Whole};
use crate::consent::{Group, OrganisationId};
use crate::problem::FieldError;

/// Version of a card as one recipient counts it: 1, 2, 3 …
pub type CardVersion = Whole<1, 4_294_967_295>;

/// A time and a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Appointment {
    /// When.
    #[serde(with = "instant")]
    pub at: DateTime<Utc>,
    /// Where.
    pub place: Text<300>,
    /// In which language, ISO 639-3.
    pub language: LanguageCode,
}

impl Check for Appointment {}

codes! {
    /// Why a preview or a referral is not taken.
    DeclineReason {
        /// Another office is competent.
        OutOfArea = "out_of_area",
        /// No capacity now.
        NoCapacity = "no_capacity",
        /// A requirement is not met.
        NotEligibleReason = "not_eligible_reason",
        /// In charge of another office.
        AlreadyFollowed = "already_followed",
        /// Another service is the right one.
        WrongService = "wrong_service",
        /// Too little to decide on.
        Incomplete = "incomplete",
        /// The same node has a referral open for this person.
        Duplicate = "duplicate",
    }
}

/// Who could help instead; at least one of the two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Suggestion {
    /// The organisation, and its office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub organisation: Option<OrganisationId>,
    /// The office, as people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub label: Option<Text<200>>,
}

impl Check for Suggestion {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.organisation.is_none() && self.label.is_none() {
            found.push(at.key("label").refuse(Refusal::Required));
        }
    }
}

/// The card inside a referral.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralCard {
    /// `g.preview`.
    pub preview: Preview,
    /// `g.identity`.
    pub identity: Identity,
    /// `g.status`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub status: Option<Status>,
    /// `g.skills_full`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub skills_full: Option<SkillsFull>,
    /// `g.needs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub needs: Option<Needs>,
}

impl ReferralCard {
    /// The groups that are present.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<Group> {
        let optional = [
            (Group::Status, self.status.is_some()),
            (Group::SkillsFull, self.skills_full.is_some()),
            (Group::Needs, self.needs.is_some()),
        ];
        let present = optional.into_iter().filter_map(|(group, present)| present.then_some(group));
        [Group::Preview, Group::Identity].into_iter().chain(present).collect()
    }
}

impl Check for ReferralCard {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.preview.check(&at.key("preview"), found);
        self.identity.check(&at.key("identity"), found);
        self.status.check(&at.key("status"), found);
        before_acceptance(self.status.as_ref(), at, found);
        self.skills_full.check(&at.key("skills_full"), found);
        self.needs.check(&at.key("needs"), found);
    }
}

/// A status that travels before acceptance has none of the fields that cross later.
pub(super) fn before_acceptance(status: Option<&Status>, at: &At<'_>, found: &mut Vec<FieldError>) {
    if status.is_some_and(|status| status.level() > Level::Referral) {
        found.push(at.key("status").refuse(Refusal::TooEarly));
    }
}
