//! From the card to what a grant lets through: the groups that it names, and nothing of the others.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusal::{At, Check};
use super::table::{Card, Contact, Identity, Needs, Pairwise, Preview, SkillsFull, Status};
use crate::consent::Group;
use crate::problem::FieldError;

impl Card {
    /// What may go ahead of a referral.
    ///
    /// # Errors
    /// What the preview still needs.
    pub fn preview(&self) -> Result<Preview, Vec<FieldError>> {
        Preview::from_card(self, &|id| id)
    }

    /// Who the person is.
    ///
    /// # Errors
    /// What the group still needs.
    pub fn identity(&self) -> Result<Identity, Vec<FieldError>> {
        Identity::from_card(self, &|id| id)
    }

    /// Her status.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn status(&self) -> Result<Status, Vec<FieldError>> {
        Status::from_card(self, &|id| id)
    }

    /// Languages, education, work and skills in full; `pairwise` gives each evidence the id made for the recipient.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn skills_full(&self, pairwise: Pairwise<'_>) -> Result<SkillsFull, Vec<FieldError>> {
        SkillsFull::from_card(self, pairwise)
    }

    /// What she needs.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn needs(&self) -> Result<Needs, Vec<FieldError>> {
        Needs::from_card(self, &|id| id)
    }

    /// How to reach her.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn contact(&self) -> Result<Contact, Vec<FieldError>> {
        Contact::from_card(self, &|id| id)
    }

    /// The groups of `granted` that a card has, each made by its own projection; a group that is not named is absent.
    ///
    /// # Errors
    /// What the named groups still need.
    pub fn disclose(&self, granted: &BTreeSet<Group>, pairwise: Pairwise<'_>) -> Result<CardGroups, Vec<FieldError>> {
        let mut missing = Vec::new();
        let mut groups = CardGroups::default();
        for group in granted {
            let made = match group {
                Group::Preview => self.preview().map(|part| groups.preview = Some(part)),
                Group::Identity => self.identity().map(|part| groups.identity = Some(part)),
                Group::Status => self.status().map(|part| groups.status = Some(part)),
                Group::SkillsFull => self.skills_full(pairwise).map(|part| groups.skills_full = Some(part)),
                Group::Needs => self.needs().map(|part| groups.needs = Some(part)),
                Group::Contact => self.contact().map(|part| groups.contact = Some(part)),
                Group::Documents
                | Group::Adjustments
                | Group::Host
                | Group::Training
                | Group::Pfi
                | Group::Formalities => Ok(()),
            };
            missing.extend(made.err().into_iter().flatten());
        }
        if missing.is_empty() { Ok(groups) } else { Err(missing) }
    }
}

/// Any of the groups of a card.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardGroups {
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
    /// `g.contact`; only once the referral was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact: Option<Contact>,
}

impl CardGroups {
    /// The groups that are present.
    #[must_use]
    pub fn groups(&self) -> BTreeSet<Group> {
        [
            (Group::Preview, self.preview.is_some()),
            (Group::Identity, self.identity.is_some()),
            (Group::Status, self.status.is_some()),
            (Group::SkillsFull, self.skills_full.is_some()),
            (Group::Needs, self.needs.is_some()),
            (Group::Contact, self.contact.is_some()),
        ]
        .into_iter()
        .filter_map(|(group, present)| present.then_some(group))
        .collect()
    }
}

impl Check for CardGroups {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.preview.check(&at.key("preview"), found);
        self.identity.check(&at.key("identity"), found);
        self.status.check(&at.key("status"), found);
        self.skills_full.check(&at.key("skills_full"), found);
        self.needs.check(&at.key("needs"), found);
        self.contact.check(&at.key("contact"), found);
    }
}
