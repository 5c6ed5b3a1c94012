//! `card.transfer-answered.v1`, the answer to `card.transferred`, ground reply: protocol/README.md, "Messages". Once it
//! says *taken*, its sender is the holder.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Data;
use crate::card::shape::{codes, tagged};
use crate::card::{Check, Prose};

codes! {
    /// Why a record is not taken over.
    TransferDeclineReason {
        /// No place, or nobody who could follow her now.
        NoCapacity = "no_capacity",
        /// Another territory is competent.
        OutOfArea = "out_of_area",
        /// A requirement of the body is not met.
        NotEligible = "not_eligible",
        /// The body has her in charge already, with a record of its own.
        AlreadyFollowed = "already_followed",
        /// She did not come.
        NotArrived = "not_arrived",
        /// She does not wish it any more, as she said there.
        PersonDeclined = "person_declined",
        /// Too little to decide on.
        Incomplete = "incomplete",
    }
}

tagged! {
    /// What becomes of a record that was offered.
    TransferAnswer {
        /// It was taken over: the answering node holds it from now on.
        Taken = "taken" {}
        /// It stays where it was.
        Declined = "declined" {
            /// Why.
            reason: TransferDeclineReason,
            /// In words that the operator can tell the person.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            text: Option<Prose<1000>>,
        }
    }
}

impl Check for TransferAnswer {}

/// The answer to an offered record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CardTransferAnswered {
    /// The answer.
    pub answer: TransferAnswer,
}

impl Data for CardTransferAnswered {
    const TYPE: &'static str = "card.transfer-answered.v1";
}

impl Check for CardTransferAnswered {}
