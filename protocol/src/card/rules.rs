//! Rules over several fields of a group or of the card, and what a step still needs.

use super::codes::{AdjustmentKind, ContractInterest, LicenceCategory, Patentino, SupportRequest, TargetFlag};
use super::field::Level;
use super::field::rows;
use super::formal::Adjustment;
use super::refusal::{At, Refusal, alone, distinct};
use super::standard::LanguageCode;
use super::table::{Adjustments, Card, Contact, Documents, Formalities, Identity, Needs, Preview, SkillsFull, Status};
use super::wishes::DrivingLicence;
use crate::problem::FieldError;

fn licences(entries: &[DrivingLicence], at: &At<'_>, found: &mut Vec<FieldError>) {
    use LicenceCategory as Of;
    distinct(entries, at, "driving_licence", found, |entry| entry.category);
    alone(entries, at, "driving_licence", found, |entry| {
        matches!(entry.category, Of::None | Of::NotAsked | Of::Unknown)
    });
}

fn patentini(entries: &[Patentino], at: &At<'_>, found: &mut Vec<FieldError>) {
    use Patentino as Of;
    distinct(entries, at, "patentini", found, Clone::clone);
    alone(entries, at, "patentini", found, |entry| matches!(entry, Of::None | Of::NotAsked | Of::Unknown));
}

fn contracts(entries: &[ContractInterest], at: &At<'_>, found: &mut Vec<FieldError>) {
    use ContractInterest as Of;
    distinct(entries, at, "contract_interest", found, Clone::clone);
    alone(entries, at, "contract_interest", found, |entry| matches!(entry, Of::NotAsked | Of::Unknown));
}

fn requests(entries: &[SupportRequest], at: &At<'_>, found: &mut Vec<FieldError>) {
    use SupportRequest as Of;
    distinct(entries, at, "support_requests", found, Clone::clone);
    alone(entries, at, "support_requests", found, |entry| matches!(entry, Of::None | Of::NotAsked | Of::Unknown));
}

fn adjustments(entries: &[Adjustment], at: &At<'_>, found: &mut Vec<FieldError>) {
    use AdjustmentKind as Of;
    distinct(entries, at, "workplace_adjustments", found, Clone::clone);
    alone(entries, at, "workplace_adjustments", found, |entry| {
        matches!(entry.kind, Of::None | Of::NotAsked | Of::Unknown)
    });
}

impl Preview {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.interview_languages, at, "interview_languages", found, |entry| entry.language.clone());
        distinct(&self.language_skills, at, "language_skills", found, |entry| entry.language.clone());
        distinct(&self.years_by_occupation, at, "years_by_occupation", found, |entry| entry.isco08.clone());
        licences(&self.driving_licence, at, found);
        distinct(&self.digital_skills, at, "digital_skills", found, |entry| entry.area);
        distinct(&self.soft_skills, at, "soft_skills", found, Clone::clone);
        contracts(&self.contract_interest, at, found);
        patentini(&self.patentini, at, found);
    }
}

impl Identity {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.tax_code.is_none() && self.birth_date.is_none() {
            found.push(at.key("birth_date").refuse(Refusal::Required));
        }
    }
}

impl Status {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.schedule_constraints, at, "schedule_constraints", found, |entry| entry.kind);
    }
}

impl SkillsFull {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.language_skills, at, "language_skills", found, |entry| entry.language.clone());
    }
}

impl Needs {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        requests(&self.support_requests, at, found);
    }
}

impl Contact {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.phone, at, "phone", found, |entry| entry.number.clone());
        distinct(&self.email, at, "email", found, Clone::clone);
    }
}

impl Documents {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.documents, at, "documents", found, Clone::clone);
    }
}

impl Adjustments {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        adjustments(&self.workplace_adjustments, at, found);
    }
}

impl Formalities {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.citizenship, at, "citizenship", found, Clone::clone);
    }

    /// Whether nothing of it was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let said = [self.sex_for_admin.is_some(), self.birth_place.is_some(), self.permit_type.is_some()];
        let words = [&self.residence_address, &self.domicile_address];
        !said.contains(&true)
            && self.citizenship.is_empty()
            && words.iter().all(|text| text.is_none())
            && self.permit_number.is_none()
            && self.questura.is_none()
    }
}

impl Card {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.interview_languages, at, "interview_languages", found, |entry| entry.language.clone());
        distinct(&self.language_skills, at, "language_skills", found, |entry| entry.language.clone());
        licences(&self.driving_licence, at, found);
        distinct(&self.digital_skills, at, "digital_skills", found, |entry| entry.area);
        distinct(&self.schedule_constraints, at, "schedule_constraints", found, |entry| entry.kind);
        distinct(&self.phone, at, "phone", found, |entry| entry.number.clone());
        distinct(&self.email, at, "email", found, Clone::clone);
        distinct(&self.soft_skills, at, "soft_skills", found, Clone::clone);
        contracts(&self.contract_interest, at, found);
        patentini(&self.patentini, at, found);
        requests(&self.support_requests, at, found);
        distinct(&self.sources, at, "sources", found, |entry| entry.field);
        distinct(&self.documents, at, "documents", found, Clone::clone);
        adjustments(&self.workplace_adjustments, at, found);
        distinct(&self.citizenship, at, "citizenship", found, Clone::clone);
        distinct(&self.mother_tongues, at, "mother_tongues", found, Clone::clone);
        distinct(&self.target_flags, at, "target_flags", found, Clone::clone);
        alone(&self.target_flags, at, "target_flags", found, |entry| {
            matches!(entry, TargetFlag::None | TargetFlag::NotAsked | TargetFlag::Unknown)
        });
    }

    /// What a preview still needs: the quick card and no more.
    #[must_use]
    pub fn missing_for_preview(&self) -> Vec<FieldError> {
        let mut missing = Preview::from_card(self, Level::Preview, &|id| id).err().unwrap_or_default();
        if !self.language_skills.iter().any(|skill| skill.language == LanguageCode::italian()) {
            missing.push(Refusal::Required.at("/language_skills"));
        }
        if self.skills.is_empty() {
            missing.push(Refusal::Required.at("/skills"));
        }
        missing
    }

    /// What a referral still needs beyond that: given name, tax code or birth year, municipality. How to reach the person
    /// has a default, through the operator.
    #[must_use]
    pub fn missing_for_referral(&self) -> Vec<FieldError> {
        let mut missing = self.missing_for_certification();
        if self.residence_comune.is_none() && self.area_comune.is_none() {
            missing.push(Refusal::Required.at("/residence_comune"));
        }
        missing
    }

    /// What a referral for certification (P11) still needs: as [`Card::missing_for_referral`], without the municipality.
    #[must_use]
    pub fn missing_for_certification(&self) -> Vec<FieldError> {
        let mut missing = self.missing_for_preview();
        if self.given_names.is_none() {
            missing.push(Refusal::Required.at("/given_names"));
        }
        if self.tax_code.is_none() && self.birth_date.is_none() {
            missing.push(Refusal::Required.at("/birth_date"));
        }
        debug_assert!(missing.iter().all(|gap| rows(gap.field.trim_start_matches('/')).next().is_some()));
        missing
    }
}
