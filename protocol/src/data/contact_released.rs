//! `contact.released.v1`, from the holder to a recipient that has accepted, ground P2 with the groups in question:
//! protocol/README.md, "Messages". Each group has its own yes; a message carries those that it rests on.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CardVersion, Data};
use crate::card::{At, Check, Contact, Documents, Formalities, Refusal};
use crate::consent::Group;
use crate::problem::FieldError;

/// What crosses only after acceptance. At least one group, with something in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactReleased {
    /// Version of the card as this recipient counts it.
    #[schema(value_type = u32, minimum = 1)]
    pub card_version: CardVersion,
    /// `g.contact`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact: Option<Contact>,
    /// `g.documents`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub documents: Option<Documents>,
    /// `g.formalities`; to a job centre only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub formalities: Option<Formalities>,
}

impl Data for ContactReleased {
    const TYPE: &'static str = "contact.released.v1";

    fn groups(&self) -> BTreeSet<Group> {
        let present = [
            (Group::Contact, self.contact.is_some()),
            (Group::Documents, self.documents.is_some()),
            (Group::Formalities, self.formalities.is_some()),
        ];
        present.into_iter().filter_map(|(group, present)| present.then_some(group)).collect()
    }
}

impl Check for ContactReleased {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.contact.check(&at.key("contact"), found);
        self.documents.check(&at.key("documents"), found);
        self.formalities.check(&at.key("formalities"), found);
        if self.groups().is_empty() {
            found.push(at.key("contact").refuse(Refusal::Required));
        }
        if self.contact.as_ref().is_some_and(|contact| contact.phone.is_empty() && contact.email.is_empty()) {
            found.push(at.key("contact").refuse(Refusal::Required));
        }
        if self.documents.as_ref().is_some_and(|documents| documents.documents.is_empty()) {
            found.push(at.key("documents").refuse(Refusal::Required));
        }
        if self.formalities.as_ref().is_some_and(Formalities::is_empty) {
            found.push(at.key("formalities").refuse(Refusal::Required));
        }
    }
}
