//! Sections H, I and J: availability, what the person wants, can drive, needs and does next.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::codes::{
    ConstraintKind, InterpreterMode, LicenceCategory, LicenceIssued, ScheduleKind, StepOwner, UntilKind, Weekday, YesNo,
};
use super::dates::{Day, TimeOfDay};
use super::list::{List, Whole};
use super::refusal::{At, Check, Refusal, distinct};
use super::shape::tagged;
use super::standard::LanguageCode;
use super::text::{Prose, Text};
use super::work::OccupationCode;
use crate::problem::FieldError;

/// Whether an interpreter is needed, for which language, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InterpreterNeed {
    /// Needed or not.
    pub needed: bool,
    /// For which language, ISO 639-3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub language: Option<LanguageCode>,
    /// How.
    #[serde(default)]
    pub mode: InterpreterMode,
}

impl Check for InterpreterNeed {}

/// An occupation that the person aims at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetOccupation {
    /// Which.
    pub occupation: OccupationCode,
    /// 1 is the first choice.
    pub priority: Whole<1, 3>,
}

impl Check for TargetOccupation {}

tagged! {
    /// What the person aims at.
    TargetOccupations {
        /// Any work.
        Any = "any" {}
        /// One to three occupations.
        Listed = "listed" {
            /// The occupations, each with its own priority.
            #[schema(value_type = Vec<TargetOccupation>, min_items = 1, max_items = 3)]
            items: List<TargetOccupation, 1, 3>,
        }
    }
}

impl Check for TargetOccupations {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if let Self::Listed { items } = self {
            distinct(items, at, "items", found, |item| item.priority);
            distinct(items, at, "items", found, |item| item.occupation.clone());
        }
    }
}

/// Working time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// CL38.
    pub kind: ScheduleKind,
    /// Would work in shifts.
    #[serde(default)]
    pub shifts: YesNo,
    /// Would work at night.
    #[serde(default)]
    pub nights: YesNo,
    /// Would work at week-ends.
    #[serde(default)]
    pub weekends: YesNo,
    /// Hours a week at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hours_week: Option<Whole<1, 60>>,
}

impl Check for Schedule {}

/// Hours of a week that are taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WeeklyHours {
    /// The day.
    pub day: Weekday,
    /// From.
    pub from: TimeOfDay,
    /// To, later than `from`.
    pub to: TimeOfDay,
}

impl Check for WeeklyHours {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.from >= self.to {
            found.push(at.key("to").refuse(Refusal::Inconsistent));
        }
    }
}

/// What takes up hours of the week; no reason is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScheduleConstraint {
    /// What.
    pub kind: ConstraintKind,
    /// Which hours.
    #[serde(default)]
    #[schema(value_type = Vec<WeeklyHours>, min_items = 0, max_items = 14)]
    pub hours: List<WeeklyHours, 0, 14>,
}

impl Check for ScheduleConstraint {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.hours.check(&at.key("hours"), found);
        let nothing = matches!(self.kind, ConstraintKind::None | ConstraintKind::NotAsked | ConstraintKind::Unknown);
        if nothing && !self.hours.is_empty() {
            found.push(at.key("hours").refuse(Refusal::Inconsistent));
        }
    }
}

/// A driving licence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DrivingLicence {
    /// Category.
    pub category: LicenceCategory,
    /// Where it was issued.
    pub issued_in: LicenceIssued,
}

impl Check for DrivingLicence {}

/// Until when the right to work lasts. The sentinels of the Scheda Anagrafico Professionale (1900-01-01, 2099-12-31)
/// are refused: they are `waiting` and `permanent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuthorisedUntil {
    /// Which of the three.
    pub kind: UntilKind,
    /// The last day; present exactly with `date`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub date: Option<Day>,
}

impl Check for AuthorisedUntil {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let sentinel = self.date.is_some_and(|date| ["1900-01-01", "2099-12-31"].contains(&date.to_string().as_str()));
        if sentinel || (self.kind == UntilKind::Date) != self.date.is_some() {
            found.push(at.key("date").refuse(Refusal::Inconsistent));
        }
    }
}

/// The declaration of immediate availability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Did {
    /// Its state.
    pub state: super::codes::DidState,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub date: Option<Day>,
}

impl Check for Did {}

/// What the person has to go online with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Device {
    /// A smartphone.
    #[serde(default)]
    pub smartphone: YesNo,
    /// A data plan.
    #[serde(default)]
    pub data_plan: YesNo,
    /// SPID or the electronic identity card.
    #[serde(default)]
    pub spid_cie: YesNo,
}

impl Check for Device {}

/// How ready for work the operator judges the person to be; she may contest it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JobReadiness {
    /// 1 least, 4 most.
    pub level: Whole<1, 4>,
    /// Why.
    pub reason: Prose<1000>,
}

impl Check for JobReadiness {}

/// A step agreed with the person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NextStep {
    /// What is to be done.
    pub action: Text<300>,
    /// By whom.
    pub owner: StepOwner,
    /// By when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due: Option<Day>,
}

impl Check for NextStep {}
