//! `referral.info-requested.v1`, from taker to opener, ground reply: protocol/README.md, "Messages". Only fields of the
//! levels *preview* and *referral* can be named: any other request does not fit the type.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Data;
use crate::card::refusal::distinct;
use crate::card::shape::codes;
use crate::card::{AskableField, At, Check, List, Prose, Refusal};
use crate::problem::FieldError;

codes! {
    /// A group that may be asked for as a whole.
    AskableGroup {
        /// What a preview tells.
        Preview = "g.preview",
        /// Who the person is.
        Identity = "g.identity",
        /// Her status.
        Status = "g.status",
        /// Languages, education, work and skills in full.
        SkillsFull = "g.skills_full",
        /// Her needs.
        Needs = "g.needs",
    }
}

/// What the taker wants to know before it decides; at least one of the three.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralInfoRequested {
    /// Fields of the card.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<AskableField>, min_items = 0, max_items = 30)]
    pub fields: List<AskableField, 0, 30>,
    /// Whole groups of the card.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<AskableGroup>, min_items = 0, max_items = 5)]
    pub groups: List<AskableGroup, 0, 5>,
    /// Questions in words; an answer names the question by its place, from 1.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Prose<500>>, min_items = 0, max_items = 10)]
    pub questions: List<Prose<500>, 0, 10>,
}

impl Data for ReferralInfoRequested {
    const TYPE: &'static str = "referral.info-requested.v1";
}

impl Check for ReferralInfoRequested {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.fields, at, "fields", found, Clone::clone);
        distinct(&self.groups, at, "groups", found, Clone::clone);
        if self.fields.is_empty() && self.groups.is_empty() && self.questions.is_empty() {
            found.push(at.key("fields").refuse(Refusal::Required));
        }
    }
}
