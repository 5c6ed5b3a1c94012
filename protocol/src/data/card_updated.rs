//! `card.updated.v1`, from the holder to a recipient of the thread, ground of the thread (for a rectification: duty;
//! for `g.adjustments` P10): protocol/README.md, "Messages".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CardVersion, Data};
use crate::card::{At, CardGroups, Check, Refusal};
use crate::consent::Group;
use crate::problem::FieldError;

/// The card changed. At least one group; a group is given whole and replaces what was sent before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardUpdated {
    /// Version of the card as this recipient counts it.
    #[schema(value_type = u32, minimum = 1)]
    pub card_version: CardVersion,
    /// The groups that changed.
    pub card: CardGroups,
}

impl Data for CardUpdated {
    const TYPE: &'static str = "card.updated.v1";

    fn groups(&self) -> BTreeSet<Group> {
        self.card.groups()
    }
}

impl Check for CardUpdated {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let at = at.key("card");
        self.card.check(&at, found);
        if self.groups().is_empty() {
            found.push(at.refuse(Refusal::Required));
        }
    }
}
