//! `referral.progressed.v1`, from taker to opener, ground reply: protocol/README.md, "Messages". What happens after
//! acceptance and before the end; never notes.

use super::{Appointment, Data};
use crate::card::codes::GolPath;
use crate::card::shape::{codes, tagged};
use crate::card::{Check, Day, Whole};

codes! {
    /// Who moved an appointment.
    MovedBy {
        /// The office.
        Cpi = "cpi",
        /// The person.
        Person = "person",
    }
}

codes! {
    /// A pathway.
    Pathway {
        /// A course.
        Course = "course",
        /// An internship.
        Internship = "internship",
        /// Certification of skills.
        Certification = "certification",
    }
}

tagged! {
    /// Something happened to a referral in charge.
    ReferralProgressed {
        /// An appointment was made.
        AppointmentSet = "appointment_set" {
            /// When, where and in which language.
            appointment: Appointment,
        }
        /// An appointment was moved.
        AppointmentMoved = "appointment_moved" {
            /// By whom.
            by: MovedBy,
            /// When, where and in which language now.
            appointment: Appointment,
        }
        /// The person did not come.
        NoShow = "no_show" {
            /// Counted from 1.
            number: Whole<1, 20>,
            /// On which day.
            on: Day,
        }
        /// The person and the office met.
        FirstContact = "first_contact" {
            /// On which day.
            on: Day,
        }
        /// The declaration of immediate availability was recorded.
        DidRecorded = "did_recorded" {
            /// On which day.
            on: Day,
        }
        /// The *patto di servizio* was signed.
        PattoSigned = "patto_signed" {
            /// On which day.
            on: Day,
            /// The path of the GOL programme.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            gol_path: Option<GolPath>,
        }
        /// A pathway was opened.
        PathwayOpened = "pathway_opened" {
            /// Which.
            pathway: Pathway,
            /// On which day.
            on: Day,
        }
    }
}

impl Data for ReferralProgressed {
    const TYPE: &'static str = "referral.progressed.v1";
}

impl Check for ReferralProgressed {}
