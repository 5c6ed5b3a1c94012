//! `referral.withdrawn.v1`, from opener to taker, ground duty: protocol/README.md, "Messages". Ends the thread between the
//! two nodes, not the taker's own case.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Data;
use crate::card::Check;
use crate::card::shape::codes;

codes! {
    /// Who withdrew.
    WithdrawnBy {
        /// The node that sent it.
        Sender = "sender",
        /// The person.
        Person = "person",
    }
}

/// A referral is withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralWithdrawn {
    /// By whom.
    pub by: WithdrawnBy,
}

impl Data for ReferralWithdrawn {
    const TYPE: &'static str = "referral.withdrawn.v1";
}

impl Check for ReferralWithdrawn {}
