//! `referral.accepted.v1`, from taker to opener, ground reply: protocol/README.md, "Messages".

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Appointment, Data};
use crate::card::shape::tagged;
use crate::card::{Check, Day};

tagged! {
    /// The first appointment.
    ReferralAppointment {
        /// It stands.
        Fixed = "fixed" {
            /// When, where and in which language.
            appointment: Appointment,
        }
        /// It follows as `referral.progressed`.
        ToBeSet = "to_be_set" {
            /// By which day.
            by: Day,
        }
    }
}

/// The taker takes the person in charge.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReferralAccepted {
    /// The first appointment.
    pub appointment: ReferralAppointment,
    /// The taker's own records had the person already. Says nothing of other senders.
    pub already_known: bool,
}

impl Data for ReferralAccepted {
    const TYPE: &'static str = "referral.accepted.v1";
}

impl Check for ReferralAccepted {}
