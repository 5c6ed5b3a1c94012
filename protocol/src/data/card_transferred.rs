//! `card.transferred.v1`, from the holder of a card to the node that is to hold it from now on, ground P12:
//! protocol/README.md, "Messages". Opens a thread of its own. No file crosses, and nothing that was said in counselling.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CardVersion, Data};
use crate::card::{At, Check, Contact, Identity, Needs, Preview, SkillsFull, Status};
use crate::consent::Group;
use crate::problem::FieldError;

/// The card that moves. The yes of P12 is for all of it, so no field waits for an acceptance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TransferredCard {
    /// `g.preview`.
    pub preview: Preview,
    /// `g.identity`.
    pub identity: Identity,
    /// `g.status`, with what the job centre wrote.
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
    /// `g.contact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact: Option<Contact>,
}

impl TransferredCard {
    /// The groups that are present.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<Group> {
        let optional = [
            (Group::Status, self.status.is_some()),
            (Group::SkillsFull, self.skills_full.is_some()),
            (Group::Needs, self.needs.is_some()),
            (Group::Contact, self.contact.is_some()),
        ];
        let present = optional.into_iter().filter_map(|(group, present)| present.then_some(group));
        [Group::Preview, Group::Identity].into_iter().chain(present).collect()
    }
}

impl Check for TransferredCard {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.preview.check(&at.key("preview"), found);
        self.identity.check(&at.key("identity"), found);
        self.status.check(&at.key("status"), found);
        self.skills_full.check(&at.key("skills_full"), found);
        self.needs.check(&at.key("needs"), found);
        self.contact.check(&at.key("contact"), found);
    }
}

/// The record of a person is offered to another body, which takes it or does not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardTransferred {
    /// Version of the card as this recipient counts it.
    #[schema(value_type = u32, minimum = 1)]
    pub card_version: CardVersion,
    /// The card, as far as the grant goes.
    pub card: TransferredCard,
}

impl Data for CardTransferred {
    const TYPE: &'static str = "card.transferred.v1";

    fn groups(&self) -> BTreeSet<Group> {
        self.card.groups()
    }
}

impl Check for CardTransferred {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.card.check(&at.key("card"), found);
    }
}
