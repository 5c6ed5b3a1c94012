//! `card.preview-answered.v1`, the answer to `card.preview`, ground reply: protocol/README.md, "Messages". No appointment
//! is made without an identity.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Data, DeclineReason, Suggestion};
use crate::card::refusal::distinct;
use crate::card::shape::{codes, tagged};
use crate::card::{AskableField, At, Check, List, YearMonth};
use crate::problem::FieldError;

codes! {
    /// What the taker thinks it could offer.
    Likely {
        /// An internship.
        Internship = "internship",
        /// Certification of skills.
        Certification = "certification",
        /// Training.
        Training = "training",
        /// Orientation.
        Orientation = "orientation",
    }
}

tagged! {
    /// What the taker answers.
    PreviewAnswer {
        /// Send the referral.
        SendReferral = "send_referral" {}
        /// Say more first.
        NeedsMore = "needs_more" {
            /// About which fields.
            #[schema(value_type = Vec<AskableField>, min_items = 1, max_items = 30)]
            fields: List<AskableField, 1, 30>,
        }
        /// Not for this office.
        NotForUs = "not_for_us" {
            /// Why.
            reason: DeclineReason,
            /// Who could help instead.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            suggestion: Option<Suggestion>,
        }
    }
}

/// The answer to a preview.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardPreviewAnswered {
    /// The answer.
    pub answer: PreviewAnswer,
    /// What the taker could probably offer.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Likely>, min_items = 0, max_items = 4)]
    pub likely: List<Likely, 0, 4>,
    /// The first month in which that could begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub earliest_month: Option<YearMonth>,
}

impl Data for CardPreviewAnswered {
    const TYPE: &'static str = "card.preview-answered.v1";
}

impl Check for CardPreviewAnswered {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.likely, at, "likely", found, Clone::clone);
        let at = at.key("answer");
        match &self.answer {
            PreviewAnswer::SendReferral {} => {}
            PreviewAnswer::NeedsMore { fields } => distinct(fields, &at, "fields", found, Clone::clone),
            PreviewAnswer::NotForUs { suggestion, .. } => suggestion.check(&at.key("suggestion"), found),
        }
    }
}
