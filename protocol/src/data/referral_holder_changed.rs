//! `referral.holder-changed.v1`, from the former holder to the taker, in their thread, ground duty: protocol/README.md,
//! "Messages". Ends the thread between the two nodes, not the taker's own case; the new holder goes on in a thread of its
//! own, on a yes of its own.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Data;
use crate::card::{Check, Text};
use crate::id::EntityId;

/// Who holds a card now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewHolder {
    /// The node.
    pub entity_id: EntityId,
    /// The body that runs it, as the former holder knows it.
    pub organisation_name: Text<300>,
}

impl Check for NewHolder {}

/// Another node holds the card now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralHolderChanged {
    /// Which.
    pub holder: NewHolder,
}

impl Data for ReferralHolderChanged {
    const TYPE: &'static str = "referral.holder-changed.v1";
}

impl Check for ReferralHolderChanged {}
