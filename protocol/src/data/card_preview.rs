//! `card.preview.v1`, from opener to taker, ground P1: protocol/README.md, "Messages". A card under a pseudonym goes
//! ahead, so that the taker can say whether and what it can offer.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CardVersion, Data};
use crate::card::{At, Check, Preview};
use crate::consent::Group;
use crate::problem::FieldError;

/// A card under a pseudonym.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardPreview {
    /// Version of the card as this recipient counts it.
    #[schema(value_type = u32, minimum = 1)]
    pub card_version: CardVersion,
    /// `g.preview`.
    pub preview: Preview,
}

impl Data for CardPreview {
    const TYPE: &'static str = "card.preview.v1";

    fn groups(&self) -> BTreeSet<Group> {
        BTreeSet::from([Group::Preview])
    }
}

impl Check for CardPreview {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.preview.check(&at.key("preview"), found);
    }
}
