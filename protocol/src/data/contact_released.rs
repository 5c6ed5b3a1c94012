//! `contact.released.v1`, from the holder to a recipient that has accepted, ground P2 with the groups in question:
//! protocol/README.md, "Messages".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CardVersion, Data};
use crate::card::{At, Check, Contact, Refusal};
use crate::consent::Group;
use crate::problem::FieldError;

/// What crosses only after acceptance.
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
}

impl Data for ContactReleased {
    const TYPE: &'static str = "contact.released.v1";

    fn groups(&self) -> BTreeSet<Group> {
        self.contact.iter().map(|_| Group::Contact).collect()
    }
}

impl Check for ContactReleased {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let at = at.key("contact");
        self.contact.check(&at, found);
        if self.contact.as_ref().is_none_or(|contact| contact.phone.is_empty() && contact.email.is_empty()) {
            found.push(at.refuse(Refusal::Required));
        }
    }
}
