//! `referral.reopened.v1`, from opener to taker, ground P2: protocol/README.md, "Messages". Within 90 days of the end, on
//! the same thread.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CardVersion, Data, ReferralCard};
use crate::card::{At, Check};
use crate::consent::Group;
use crate::problem::FieldError;

/// A closed or declined referral is opened again. The card comes anew: the taker may have erased what it had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralReopened {
    /// Version of the card as this recipient counts it.
    #[schema(value_type = u32, minimum = 1)]
    pub card_version: CardVersion,
    /// The card, as far as the grant goes.
    pub card: ReferralCard,
}

impl Data for ReferralReopened {
    const TYPE: &'static str = "referral.reopened.v1";

    fn groups(&self) -> BTreeSet<Group> {
        self.card.groups()
    }
}

impl Check for ReferralReopened {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.card.check(&at.key("card"), found);
    }
}
