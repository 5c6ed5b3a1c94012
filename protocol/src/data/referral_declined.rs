//! `referral.declined.v1`, from taker to opener, ground reply: protocol/README.md, "Messages".

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Data, DeclineReason, Suggestion};
use crate::card::{At, Check, Prose};
use crate::problem::FieldError;

/// The taker does not take the person in charge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralDeclined {
    /// Why.
    pub reason: DeclineReason,
    /// In words that the operator can tell the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<Prose<1000>>,
    /// Who could help instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub suggestion: Option<Suggestion>,
}

impl Data for ReferralDeclined {
    const TYPE: &'static str = "referral.declined.v1";
}

impl Check for ReferralDeclined {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.suggestion.check(&at.key("suggestion"), found);
    }
}
