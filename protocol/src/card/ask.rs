//! Fields by name: those of the card, and those that a recipient may ask for.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

use super::field::{Field, Level, rows};
use super::refusal::{Check, Refusal};
use super::table::FIELDS;
use crate::consent::Group;

macro_rules! field_name {
    ($(#[doc = $doc:literal])+ $name:ident, $about:literal, $refusal:expr, $fits:expr) => {
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(&'static str);

        impl $name {
            /// The field of this name, if there is such a one.
            #[must_use]
            pub fn named(name: &str) -> Option<Self> {
                let fits: fn(&Field) -> bool = $fits;
                rows(name).find(|row| fits(row)).map(|row| Self(row.name))
            }

            /// Every one, once, in the order of the table.
            pub fn all() -> impl Iterator<Item = Self> {
                let fits: fn(&Field) -> bool = $fits;
                let first = move |at: usize| !FIELDS[..at].iter().any(|row| fits(row) && row.name == FIELDS[at].name);
                (0..FIELDS.len()).filter(move |at| fits(&FIELDS[*at]) && first(*at)).map(|at| Self(FIELDS[at].name))
            }

            /// The name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                self.0
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::named(&Cow::<'_, str>::deserialize(deserializer)?).ok_or_else(|| de::Error::custom($refusal))
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                super::schema::one_of_words(Self::all().map(Self::name), $about)
            }
        }

        impl ToSchema for $name {}

        impl Check for $name {}
    };
}

field_name! {
    /// A field of the card.
    CardField, "A field of the card.", Refusal::NotInList, |_| true
}

field_name! {
    /// A field that a recipient may ask for in an information request: levels *preview* and *referral*. There is no way
    /// to ask for a contact, a permit or anything that never crosses: see [`instead`].
    AskableField, "A field that may be asked for: levels preview and referral only.", Refusal::NotAskable,
    |row| matches!(row.level, Level::Preview | Level::Referral)
}

field_name! {
    /// A field whose source a recipient may learn: one of `g.preview` or `g.skills_full`. That the card has another one is
    /// already more than the recipient was told.
    DisclosedField, "A field of g.preview or g.skills_full.", Refusal::NotInList,
    |row| matches!(row.group, Some(Group::Preview | Group::SkillsFull))
}

/// What to ask for instead of a field that may not be asked for, as a hint for whoever tried.
#[must_use]
pub fn instead(name: &str) -> Option<&'static str> {
    match name {
        "permit_type"
        | "permit_number"
        | "questura"
        | "work_authorised_from"
        | "citizenship"
        | "sex_for_admin"
        | "birth_place" => Some("work_authorised_until"),
        "asylum_application_date" | "reception_project" | "reception_exit_expected" => Some("work_authorised"),
        "mother_tongues" => Some("interview_languages"),
        "phone" | "email" => Some("contact_via_operator"),
        "domicile_address" | "residence_address" => Some("area_comune"),
        "employer_name_abroad" => Some("work_experience"),
        "education_country" => Some("recognised_in_italy"),
        "age_band" => Some("birth_date"),
        "family_composition" | "caregiver_constraint" | "workplace_adjustments" => Some("schedule_constraints"),
        "patto_servizio" | "unemployment_months" => Some("did_status"),
        "documents" => Some("recognised_in_italy"),
        "svantaggio_l381" | "target_flags" => Some("support_requests"),
        "fiscal_code" => Some("tax_code"),
        _ => None,
    }
}
