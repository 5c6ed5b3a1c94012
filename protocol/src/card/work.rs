//! Sections E and F: education, training, work done.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::codes::{DurationUnit, WorkSetting, YesNo};
use super::country::Country;
use super::dates::PartialDate;
use super::list::Whole;
use super::refusal::{At, Check, Refusal};
use super::shape::tagged;
use super::standard::{Ateco, EscoOccupation, IscedField, Isco08};
use super::text::Text;
use crate::problem::FieldError;

/// `end` must not lie before `start`, as far as their precision tells.
fn in_order(start: Option<PartialDate>, end: Option<PartialDate>, at: &At<'_>, found: &mut Vec<FieldError>) {
    if let (Some(start), Some(end)) = (start, end)
        && !start.may_precede(end)
    {
        found.push(at.key("end").refuse(Refusal::Inconsistent));
    }
}

/// A school or course of study, as a recipient sees it: without its country.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Education {
    /// Title, as the person calls it.
    pub title: Text<200>,
    /// Field, ISCED-F 2013.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<IscedField>,
    /// Begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub start: Option<PartialDate>,
    /// Ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end: Option<PartialDate>,
    /// Whether it was completed.
    pub completed: YesNo,
    /// Years attended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub years_attended: Option<Whole<0, 30>>,
}

impl Check for Education {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        in_order(self.start, self.end, at, found);
    }
}

/// A school or course of study, as the node that holds the card knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldEducation {
    /// Title, as the person calls it.
    pub title: Text<200>,
    /// Field, ISCED-F 2013.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<IscedField>,
    /// Country, ISO 3166-1. It stays here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub education_country: Option<Country>,
    /// Begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub start: Option<PartialDate>,
    /// Ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end: Option<PartialDate>,
    /// Whether it was completed.
    pub completed: YesNo,
    /// Years attended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub years_attended: Option<Whole<0, 30>>,
}

impl Check for HeldEducation {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        in_order(self.start, self.end, at, found);
    }
}

impl HeldEducation {
    /// The part that travels.
    pub(super) fn disclosed(&self) -> Education {
        Education {
            title: self.title.clone(),
            field: self.field.clone(),
            start: self.start,
            end: self.end,
            completed: self.completed,
            years_attended: self.years_attended,
        }
    }
}

/// How long a course lasted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseLength {
    /// How many units.
    pub amount: Whole<1, 9999>,
    /// Of which unit.
    pub unit: DurationUnit,
}

/// A vocational course.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VocationalTraining {
    /// Title.
    pub title: Text<200>,
    /// Who ran it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub body: Option<Text<200>>,
    /// How long it lasted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub duration: Option<CourseLength>,
    /// What attests it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub attestation: Option<Text<200>>,
    /// Whether it had an internship.
    pub internship: YesNo,
}

impl Check for VocationalTraining {}

tagged! {
    /// What somebody worked as.
    Occupation {
        /// An occupation of ESCO, with the ISCO-08 group that it belongs to.
        Esco = "esco" {
            /// Its URI.
            uri: EscoOccupation,
            /// Its group.
            isco08: Isco08,
        }
        /// An ISCO-08 group.
        Isco = "isco" {
            /// The group.
            isco08: Isco08,
        }
        /// In the person's words.
        Free = "free" {
            /// The words.
            text: Text<200>,
        }
    }
}

tagged! {
    /// What somebody worked or would work as, in codes only.
    OccupationCode {
        /// An occupation of ESCO, with the ISCO-08 group that it belongs to.
        Esco = "esco" {
            /// Its URI.
            uri: EscoOccupation,
            /// Its group.
            isco08: Isco08,
        }
        /// An ISCO-08 group.
        Isco = "isco" {
            /// The group.
            isco08: Isco08,
        }
    }
}

impl OccupationCode {
    /// The ISCO-08 group.
    #[must_use]
    pub const fn isco08(&self) -> &Isco08 {
        match self {
            Self::Esco { isco08, .. } | Self::Isco { isco08 } => isco08,
        }
    }
}

/// Work done, as a recipient sees it in full. The employer is never named.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WorkExperience {
    /// As what.
    pub occupation: Occupation,
    /// More about it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<Text<500>>,
    /// Branch, ATECO 2025.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sector: Option<Ateco>,
    /// Country, ISO 3166-1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub country: Option<Country>,
    /// Begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub start: Option<PartialDate>,
    /// Ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end: Option<PartialDate>,
    /// Whole years, where they are told rather than the dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub years: Option<Whole<0, 60>>,
    /// In which setting.
    pub setting: WorkSetting,
    /// Whether it was paid.
    pub paid: YesNo,
}

impl Check for WorkExperience {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        in_order(self.start, self.end, at, found);
    }
}

/// Work done as a preview tells it: a code, years and the setting.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CodedExperience {
    /// As what.
    pub occupation: OccupationCode,
    /// Whole years, where they are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub years: Option<Whole<0, 60>>,
    /// In which setting.
    pub setting: WorkSetting,
}

impl Check for CodedExperience {}

/// Work done, as the node that holds the card knows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldWorkExperience {
    /// As what.
    pub occupation: Occupation,
    /// More about it, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub description: Option<Text<500>>,
    /// Branch, ATECO 2025.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sector: Option<Ateco>,
    /// Country, ISO 3166-1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub country: Option<Country>,
    /// The employer, where it is abroad. It stays here, and nobody contacts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub employer_name_abroad: Option<Text<200>>,
    /// Begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub start: Option<PartialDate>,
    /// Ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub end: Option<PartialDate>,
    /// Whole years, where they are told rather than the dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub years: Option<Whole<0, 60>>,
    /// In which setting.
    pub setting: WorkSetting,
    /// Whether it was paid.
    pub paid: YesNo,
}

impl Check for HeldWorkExperience {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        in_order(self.start, self.end, at, found);
    }
}

impl HeldWorkExperience {
    /// Whole years, as told or from the two dates.
    #[must_use]
    pub fn years(&self) -> Option<Whole<0, 60>> {
        self.years.or_else(|| Some(Whole::nearest(self.start?.years_until(self.end?))))
    }

    /// The part that travels with the skills in full.
    pub(super) fn disclosed(&self) -> WorkExperience {
        WorkExperience {
            occupation: self.occupation.clone(),
            description: self.description.clone(),
            sector: self.sector.clone(),
            country: self.country.clone(),
            start: self.start,
            end: self.end,
            years: self.years,
            setting: self.setting,
            paid: self.paid,
        }
    }

    /// The preview part; nothing for work that has no code.
    pub(super) fn previewed(&self) -> Option<CodedExperience> {
        let occupation = match &self.occupation {
            Occupation::Esco { uri, isco08 } => OccupationCode::Esco { uri: uri.clone(), isco08: isco08.clone() },
            Occupation::Isco { isco08 } => OccupationCode::Isco { isco08: isco08.clone() },
            Occupation::Free { .. } => return None,
        };
        Some(CodedExperience { occupation, years: self.years(), setting: self.setting })
    }
}

/// Years in one occupational group, summed over the work done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct YearsInOccupation {
    /// The group.
    pub isco08: Isco08,
    /// Whole years.
    pub years: Whole<0, 60>,
}

impl Check for YearsInOccupation {}

/// Sums the years of each group, in the order of the codes.
pub(super) fn years_by_occupation(work: &[HeldWorkExperience]) -> Vec<YearsInOccupation> {
    let mut sums = std::collections::BTreeMap::<Isco08, u32>::new();
    for coded in work.iter().filter_map(HeldWorkExperience::previewed) {
        if let Some(years) = coded.years {
            *sums.entry(coded.occupation.isco08().at_most(4)).or_default() += years.get();
        }
    }
    sums.into_iter().map(|(isco08, years)| YearsInOccupation { isco08, years: Whole::nearest(years) }).collect()
}
