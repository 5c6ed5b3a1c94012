//! Rules over several fields of a group or of the card, and what a step still needs.

use super::field::rows;
use super::refusal::{At, Refusal, distinct};
use super::standard::LanguageCode;
use super::table::{Card, Contact, Identity, Needs, Preview, SkillsFull, Status};
use crate::problem::FieldError;

impl Preview {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.interview_languages, at, "interview_languages", found, |entry| entry.language.clone());
        distinct(&self.language_skills, at, "language_skills", found, |entry| entry.language.clone());
        distinct(&self.years_by_occupation, at, "years_by_occupation", found, |entry| entry.isco08.clone());
        distinct(&self.driving_licence, at, "driving_licence", found, |entry| entry.category);
        distinct(&self.digital_skills, at, "digital_skills", found, |entry| entry.area);
        distinct(&self.soft_skills, at, "soft_skills", found, Clone::clone);
        distinct(&self.contract_interest, at, "contract_interest", found, Clone::clone);
        distinct(&self.patentini, at, "patentini", found, Clone::clone);
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
        distinct(&self.support_requests, at, "support_requests", found, Clone::clone);
    }
}

impl Contact {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.phone, at, "phone", found, |entry| entry.number.clone());
        distinct(&self.email, at, "email", found, Clone::clone);
    }
}

impl Card {
    pub(super) fn rules(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.interview_languages, at, "interview_languages", found, |entry| entry.language.clone());
        distinct(&self.language_skills, at, "language_skills", found, |entry| entry.language.clone());
        distinct(&self.driving_licence, at, "driving_licence", found, |entry| entry.category);
        distinct(&self.digital_skills, at, "digital_skills", found, |entry| entry.area);
        distinct(&self.schedule_constraints, at, "schedule_constraints", found, |entry| entry.kind);
        distinct(&self.phone, at, "phone", found, |entry| entry.number.clone());
        distinct(&self.email, at, "email", found, Clone::clone);
        distinct(&self.soft_skills, at, "soft_skills", found, Clone::clone);
        distinct(&self.contract_interest, at, "contract_interest", found, Clone::clone);
        distinct(&self.patentini, at, "patentini", found, Clone::clone);
        distinct(&self.support_requests, at, "support_requests", found, Clone::clone);
        distinct(&self.sources, at, "sources", found, |entry| entry.field);
    }

    /// What a preview still needs: the quick card and no more.
    #[must_use]
    pub fn missing_for_preview(&self) -> Vec<FieldError> {
        let mut missing = Preview::from_card(self, &|id| id).err().unwrap_or_default();
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
