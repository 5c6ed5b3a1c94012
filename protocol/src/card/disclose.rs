//! From the card to what a grant lets through: the groups that it names, and nothing of the others.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::field::Level;
use super::refusal::{At, Check, Refusal};
use super::table::{
    Adjustments, Card, Contact, Documents, Formalities, Identity, Needs, Pairwise, Preview, SkillsFull, Status,
};
use crate::consent::Group;
use crate::problem::FieldError;

impl Card {
    /// What may go ahead of a referral.
    ///
    /// # Errors
    /// What the preview still needs.
    pub fn preview(&self) -> Result<Preview, Vec<FieldError>> {
        Preview::from_card(self, Level::Preview, &|id| id)
    }

    /// Who the person is.
    ///
    /// # Errors
    /// What the group still needs.
    pub fn identity(&self) -> Result<Identity, Vec<FieldError>> {
        Identity::from_card(self, Level::Referral, &|id| id)
    }

    /// Her status, as far as it may cross at the level that was reached.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn status(&self, reached: Level) -> Result<Status, Vec<FieldError>> {
        Status::from_card(self, reached, &|id| id)
    }

    /// Languages, education, work and skills in full; `pairwise` gives each evidence the id made for the recipient.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn skills_full(&self, pairwise: Pairwise<'_>) -> Result<SkillsFull, Vec<FieldError>> {
        SkillsFull::from_card(self, Level::Referral, pairwise)
    }

    /// What she needs.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn needs(&self) -> Result<Needs, Vec<FieldError>> {
        Needs::from_card(self, Level::Referral, &|id| id)
    }

    /// How to reach her.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn contact(&self) -> Result<Contact, Vec<FieldError>> {
        Contact::from_card(self, Level::Accepted, &|id| id)
    }

    /// Her papers by what they are.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn documents(&self) -> Result<Documents, Vec<FieldError>> {
        Documents::from_card(self, Level::Accepted, &|id| id)
    }

    /// What a workplace must allow for.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn adjustments(&self) -> Result<Adjustments, Vec<FieldError>> {
        Adjustments::from_card(self, Level::Accepted, &|id| id)
    }

    /// What formal acts demand.
    ///
    /// # Errors
    /// None in this version of the table.
    pub fn formalities(&self) -> Result<Formalities, Vec<FieldError>> {
        Formalities::from_card(self, Level::Formalities, &|id| id)
    }

    /// The groups of `granted` that a card has, each made by its own projection; a group that is not named is absent, and
    /// so is a field whose level has not been `reached`.
    ///
    /// # Errors
    /// What the named groups still need; `too_early` for a group of a later level.
    pub fn disclose(
        &self,
        granted: &BTreeSet<Group>,
        reached: Level,
        pairwise: Pairwise<'_>,
    ) -> Result<CardGroups, Vec<FieldError>> {
        let mut missing = Vec::new();
        let mut groups = CardGroups::default();
        for group in granted {
            if Level::of(*group) > reached {
                missing.push(Refusal::TooEarly.at(format!("/{}", group.member())));
                continue;
            }
            let made = match group {
                Group::Preview => self.preview().map(|part| groups.preview = Some(part)),
                Group::Identity => self.identity().map(|part| groups.identity = Some(part)),
                Group::Status => self.status(reached).map(|part| groups.status = Some(part)),
                Group::SkillsFull => self.skills_full(pairwise).map(|part| groups.skills_full = Some(part)),
                Group::Needs => self.needs().map(|part| groups.needs = Some(part)),
                Group::Contact => self.contact().map(|part| groups.contact = Some(part)),
                Group::Documents => self.documents().map(|part| groups.documents = Some(part)),
                Group::Adjustments => self.adjustments().map(|part| groups.adjustments = Some(part)),
                Group::Formalities => self.formalities().map(|part| groups.formalities = Some(part)),
                Group::Host | Group::Training | Group::Pfi => Ok(()),
            };
            missing.extend(made.err().into_iter().flatten());
        }
        if missing.is_empty() { Ok(groups) } else { Err(missing) }
    }
}

macro_rules! card_groups {
    ($($(#[doc = $doc:literal])+ $member:ident: $group:ident,)+) => {
        /// Any of the groups of a card.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct CardGroups {
            $($(#[doc = $doc])+
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            pub $member: Option<$group>,)+
        }

        impl CardGroups {
            /// The groups that are present.
            #[must_use]
            pub fn groups(&self) -> BTreeSet<Group> {
                let present = [$((Group::$group, self.$member.is_some()),)+];
                present.into_iter().filter_map(|(group, present)| present.then_some(group)).collect()
            }

            /// The groups that are present, each with its JSON.
            ///
            /// # Errors
            /// When one cannot be written as JSON.
            pub fn parts(&self) -> serde_json::Result<Vec<(Group, Vec<u8>)>> {
                let mut parts = Vec::new();
                $(if let Some(part) = &self.$member {
                    parts.push((Group::$group, serde_json::to_vec(part)?));
                })+
                Ok(parts)
            }

            /// The level that must be reached for all of it to cross; *preview* for nothing.
            #[must_use]
            pub fn level(&self) -> Level {
                let levels = [$(self.$member.as_ref().map(|part| part.level()),)+];
                levels.into_iter().flatten().max().unwrap_or(Level::Preview)
            }
        }

        impl Check for CardGroups {
            fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
                $(self.$member.check(&at.key(stringify!($member)), found);)+
            }
        }
    };
}

card_groups! {
    /// `g.preview`.
    preview: Preview,
    /// `g.identity`.
    identity: Identity,
    /// `g.status`.
    status: Status,
    /// `g.skills_full`.
    skills_full: SkillsFull,
    /// `g.needs`.
    needs: Needs,
    /// `g.contact`; only once the referral was accepted.
    contact: Contact,
    /// `g.documents`; only once the referral was accepted.
    documents: Documents,
    /// `g.adjustments`; only once the referral was accepted, and on a consent of its own (P10).
    adjustments: Adjustments,
    /// `g.formalities`; only once a job centre has accepted, and on a separate yes.
    formalities: Formalities,
}
