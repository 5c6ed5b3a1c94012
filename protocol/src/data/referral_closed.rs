//! `referral.closed.v1`, from taker to opener, ground reply: protocol/README.md, "Messages".

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Data;
use crate::card::shape::codes;
use crate::card::{Check, Day};

codes! {
    /// How a referral ended.
    Outcome {
        /// Hired without a term.
        EmployedOpenEnded = "employed_open_ended",
        /// Hired for a term.
        EmployedFixed = "employed_fixed",
        /// Apprenticeship.
        Apprenticeship = "apprenticeship",
        /// Self-employment.
        SelfEmployment = "self_employment",
        /// Internship.
        Internship = "internship",
        /// Training.
        Training = "training",
        /// Skills were certified.
        SkillsCertified = "skills_certified",
        /// Referred to somebody else.
        ReferredElsewhere = "referred_elsewhere",
        /// The person no longer wishes it.
        NoLongerInterested = "no_longer_interested",
        /// The person moved.
        Moved = "moved",
        /// The person could not be reached.
        NoContact = "no_contact",
        /// A requirement is not met.
        NotEligible = "not_eligible",
    }
}

/// A referral ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralClosed {
    /// How.
    pub outcome: Outcome,
    /// On which day.
    pub on: Day,
}

impl Data for ReferralClosed {
    const TYPE: &'static str = "referral.closed.v1";
}

impl Check for ReferralClosed {}
