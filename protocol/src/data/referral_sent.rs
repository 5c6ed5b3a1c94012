//! `referral.sent.v1`, from opener to taker, ground P2, or P11 for certification: protocol/README.md, "Messages".

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{CardVersion, Data, ReferralCard};
use crate::card::{At, Check, Refusal};
use crate::consent::{Group, Purpose};
use crate::problem::FieldError;

/// A person is referred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralSent {
    /// Version of the card as this recipient counts it.
    #[schema(value_type = u32, minimum = 1)]
    pub card_version: CardVersion,
    /// The card, as far as the grant goes.
    pub card: ReferralCard,
}

impl ReferralSent {
    /// What the purpose of the ground adds: under P2 a municipality, of residence or for distances.
    #[must_use]
    pub fn check_for(&self, purpose: Purpose) -> Vec<FieldError> {
        let located =
            self.card.status.as_ref().is_some_and(|it| it.residence_comune.is_some() || it.area_comune.is_some());
        if purpose == Purpose::P2 && !located {
            vec![Refusal::Required.at("/card/status/residence_comune")]
        } else {
            Vec::new()
        }
    }
}

impl Data for ReferralSent {
    const TYPE: &'static str = "referral.sent.v1";

    fn groups(&self) -> BTreeSet<Group> {
        self.card.groups()
    }
}

impl Check for ReferralSent {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.card.check(&at.key("card"), found);
    }
}
