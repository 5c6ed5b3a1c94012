//! `referral.info-provided.v1`, from opener to taker, ground P2: protocol/README.md, "Messages".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::parts::before_acceptance;
use super::{CardVersion, Data};
use crate::card::refusal::distinct;
use crate::card::{At, Check, Identity, List, Needs, Preview, Prose, Refusal, SkillsFull, Status, Whole};
use crate::consent::Group;
use crate::problem::FieldError;

/// The answer to a question in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Which question, from 1.
    pub question: Whole<1, 10>,
    /// The answer.
    pub text: Prose<1000>,
}

impl Check for Answer {}

/// The groups of a card that a referral under decision may be completed with: not the contact.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProvidedGroups {
    /// `g.preview`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub preview: Option<Preview>,
    /// `g.identity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub identity: Option<Identity>,
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

/// What the taker asked for; at least a group or an answer. A group is given whole and replaces what was sent before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralInfoProvided {
    /// Version of the card as this recipient counts it.
    #[schema(value_type = u32, minimum = 1)]
    pub card_version: CardVersion,
    /// The groups that are given anew.
    #[serde(default)]
    pub card: ProvidedGroups,
    /// Answers to questions in words.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Answer>, min_items = 0, max_items = 10)]
    pub answers: List<Answer, 0, 10>,
}

impl Data for ReferralInfoProvided {
    const TYPE: &'static str = "referral.info-provided.v1";

    fn groups(&self) -> BTreeSet<Group> {
        let ProvidedGroups { preview, identity, status, skills_full, needs } = &self.card;
        [
            (Group::Preview, preview.is_some()),
            (Group::Identity, identity.is_some()),
            (Group::Status, status.is_some()),
            (Group::SkillsFull, skills_full.is_some()),
            (Group::Needs, needs.is_some()),
        ]
        .into_iter()
        .filter_map(|(group, present)| present.then_some(group))
        .collect()
    }
}

impl Check for ReferralInfoProvided {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let card = at.key("card");
        self.card.preview.check(&card.key("preview"), found);
        self.card.identity.check(&card.key("identity"), found);
        self.card.status.check(&card.key("status"), found);
        before_acceptance(self.card.status.as_ref(), &card, found);
        self.card.skills_full.check(&card.key("skills_full"), found);
        self.card.needs.check(&card.key("needs"), found);
        distinct(&self.answers, at, "answers", found, |answer| answer.question);
        if self.groups().is_empty() && self.answers.is_empty() {
            found.push(card.refuse(Refusal::Required));
        }
    }
}
