//! What a person agreed to, as it travels: purposes, groups of fields, grants, and the ground of a message.

mod ground;
mod kantara;
mod law;
mod organisation;
mod receipt;
pub mod record;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Months, Utc};

use crate::card::shape::codes;

pub use ground::{Basis, Grant, Ground, GroundKind, Groups};
pub use kantara::KantaraReceipt;
pub use law::LegalBasis;
pub use organisation::OrganisationId;
pub use receipt::{ConsentReceipt, RECEIPT_SCHEMA};

codes! {
    /// Purposes for which data of a person may be used; a closed list.
    Purpose {
        /// Preview: whether and what the recipient can offer.
        P1 = "P1",
        /// Referral: taking in charge, and the answers on the same thread.
        P2 = "P2",
        /// Matching: comparison with openings, at the holder.
        P3 = "P3",
        /// Proposal of one person to one named firm.
        P4 = "P4",
        /// Internship: its project, communications and events.
        P5 = "P5",
        /// Training: enrolment and attendance.
        P6 = "P6",
        /// Follow-up after the path.
        P7 = "P7",
        /// Statistics.
        P8 = "P8",
        /// Reports to a fund.
        P9 = "P9",
        /// Adjustments of a workplace, to a named professional.
        P10 = "P10",
        /// Certification of skills.
        P11 = "P11",
        /// Transfer of the record to another holder.
        P12 = "P12",
    }
}

codes! {
    /// Groups of fields that grants, permits and disclosures name.
    Group {
        /// What may go ahead of a referral.
        Preview = "g.preview",
        /// Who the person is.
        Identity = "g.identity",
        /// Municipality, right to work, declarations.
        Status = "g.status",
        /// Languages, education, work and skills in full.
        SkillsFull = "g.skills_full",
        /// Needs and next steps.
        Needs = "g.needs",
        /// Telephone and e-mail.
        Contact = "g.contact",
        /// Metadata of documents.
        Documents = "g.documents",
        /// Adjustments of a workplace.
        Adjustments = "g.adjustments",
        /// What a host sees of a candidate.
        Host = "g.host",
        /// What the organiser of a course sees.
        Training = "g.training",
        /// The individual training project.
        Pfi = "g.pfi",
        /// What formal acts demand.
        Formalities = "g.formalities",
    }
}

impl Group {
    /// Its name as a member of what travels.
    #[must_use]
    pub fn member(self) -> &'static str {
        self.code().trim_start_matches("g.")
    }
}

/// How long a consent lasts at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// Days from the yes.
    Days(u64),
    /// Months from the yes.
    Months(u32),
    /// Months from the end of the path.
    MonthsFromExit(u32),
    /// The purpose rests on no consent.
    NoConsent,
}

/// What the table of purposes says of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PurposeRule {
    /// Its name in one word.
    pub name: &'static str,
    /// What it is for, in Italian, as a person is told.
    pub title_it: &'static str,
    /// The same in English.
    pub title_en: &'static str,
    /// Whether a consent may be its ground.
    pub consent: bool,
    /// Whether it is asked. What is not asked is explained in the notice: the law or a task imposes it, or nothing
    /// leaves.
    pub asked: bool,
    /// The legal bases that may be its ground instead.
    pub bases: &'static [Basis],
    /// Groups that may cross.
    pub groups: &'static [Group],
    /// Groups that may cross once the recipient has accepted, beside those.
    pub groups_after_acceptance: &'static [Group],
    /// How long a consent lasts at most.
    pub lasts: Lasts,
    /// Whether a grant is spent by one use.
    pub single_use: bool,
    /// After how many months, again and again, the person is reminded that her consent is in force.
    pub reminder_months: Option<u32>,
}

const CONSENT: PurposeRule = PurposeRule {
    name: "",
    title_it: "",
    title_en: "",
    consent: true,
    asked: true,
    bases: &[],
    groups: &[],
    groups_after_acceptance: &[],
    lasts: Lasts::NoConsent,
    single_use: false,
    reminder_months: None,
};

impl Purpose {
    /// The row of this purpose.
    #[must_use]
    pub const fn rule(self) -> PurposeRule {
        use Group as G;
        match self {
            Self::P1 => PurposeRule {
                name: "preview",
                title_it: "Sapere dal destinatario se e che cosa può offrire, senza dire chi è la persona.",
                title_en: "Learning whether and what the recipient can offer, without saying who the person is.",
                groups: &[G::Preview],
                lasts: Lasts::Days(60),
                ..CONSENT
            },
            Self::P2 => PurposeRule {
                name: "referral",
                title_it: "Essere presi in carico dal destinatario, e ricevere le sue risposte.",
                title_en: "Being taken in charge by the recipient, and hearing its answers.",
                groups: &[G::Preview, G::Identity, G::Status, G::SkillsFull, G::Needs],
                groups_after_acceptance: &[G::Contact, G::Documents, G::Formalities],
                lasts: Lasts::Months(24),
                reminder_months: Some(6),
                ..CONSENT
            },
            Self::P3 => PurposeRule {
                name: "matching",
                title_it: "Confrontare il profilo con le opportunità, qui.",
                title_en: "Comparing the profile with openings, here.",
                asked: false,
                bases: &[Basis::Task],
                lasts: Lasts::Months(24),
                ..CONSENT
            },
            Self::P4 => PurposeRule {
                name: "host_proposal",
                title_it: "Proporre la persona a una sola azienda, per nome.",
                title_en: "Proposing the person to one firm, by name.",
                groups: &[G::Host],
                lasts: Lasts::Days(60),
                single_use: true,
                ..CONSENT
            },
            Self::P5 => PurposeRule {
                name: "internship",
                title_it: "Attivare e seguire un tirocinio.",
                title_en: "Starting and following an internship.",
                consent: false,
                asked: false,
                bases: &[Basis::Contract, Basis::LegalDuty],
                groups: &[G::Identity, G::Formalities, G::Pfi],
                ..CONSENT
            },
            Self::P6 => PurposeRule {
                name: "training",
                title_it: "Iscrivere a un corso e seguirne la frequenza.",
                title_en: "Enrolling in a course and following attendance.",
                bases: &[Basis::Contract, Basis::Task],
                groups: &[G::Identity, G::Contact, G::Training],
                lasts: Lasts::Days(60),
                ..CONSENT
            },
            Self::P7 => PurposeRule {
                name: "follow_up",
                title_it: "Ricontattare la persona dopo la fine del percorso.",
                title_en: "Contacting the person again after the path has ended.",
                groups: &[G::Contact],
                lasts: Lasts::MonthsFromExit(13),
                ..CONSENT
            },
            Self::P8 => PurposeRule {
                name: "statistics",
                title_it: "Contare, senza nomi.",
                title_en: "Counting, without names.",
                consent: false,
                asked: false,
                bases: &[Basis::Task],
                ..CONSENT
            },
            Self::P9 => PurposeRule {
                name: "fund_reporting",
                title_it: "Rendicontare ai fondi che pagano il percorso.",
                title_en: "Reporting to the funds that pay for the path.",
                consent: false,
                asked: false,
                bases: &[Basis::LegalDuty, Basis::Task],
                ..CONSENT
            },
            Self::P10 => PurposeRule {
                name: "adjustments",
                title_it: "Chiedere adattamenti del posto di lavoro a un professionista.",
                title_en: "Asking a professional for adjustments of the workplace.",
                groups: &[G::Adjustments],
                lasts: Lasts::Months(6),
                ..CONSENT
            },
            Self::P11 => PurposeRule {
                name: "certification",
                title_it: "Far certificare le competenze.",
                title_en: "Having skills certified.",
                groups: &[G::Preview, G::Identity, G::SkillsFull],
                groups_after_acceptance: &[G::Documents],
                lasts: Lasts::Months(6),
                ..CONSENT
            },
            Self::P12 => PurposeRule {
                name: "transfer",
                title_it: "Trasferire la scheda a un altro ente che prende in carico la persona.",
                title_en: "Handing the record over to another body that takes the person on.",
                groups: &[G::Preview, G::Identity, G::Status, G::SkillsFull, G::Needs, G::Contact],
                lasts: Lasts::Months(6),
                ..CONSENT
            },
        }
    }

    /// The name in one word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.rule().name
    }

    /// Whether the purpose is asked of the person. What is not asked is explained.
    #[must_use]
    pub const fn is_asked(self) -> bool {
        self.rule().asked
    }

    /// Every legal basis that it may rest on, its consent first.
    pub fn legal_bases(self) -> impl Iterator<Item = LegalBasis> {
        let rule = self.rule();
        let consent = match (rule.consent, self) {
            (false, _) => None,
            // What shows a person's health is a special category: art. 9(2)(a).
            (true, Self::P10) => Some(LegalBasis::ExplicitConsent),
            (true, _) => Some(LegalBasis::Consent),
        };
        consent.into_iter().chain(rule.bases.iter().copied().map(LegalBasis::from))
    }

    /// Whether a grant for this purpose may ever name the group.
    #[must_use]
    pub fn allows(self, group: Group) -> bool {
        let rule = self.rule();
        rule.groups.contains(&group) || rule.groups_after_acceptance.contains(&group)
    }

    /// Every group that a grant for this purpose may name.
    #[must_use]
    pub fn groups(self) -> BTreeSet<Group> {
        Group::ALL.iter().copied().filter(|group| self.allows(*group)).collect()
    }

    /// The default, and latest, `not_after` of a consent given at `given`; `exit` is the end of the path, where the
    /// purpose counts from it. Nothing where no consent is taken, or the end is not known yet.
    #[must_use]
    pub fn not_after(self, given: DateTime<Utc>, exit: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        match self.rule().lasts {
            Lasts::Days(days) => given.checked_add_days(Days::new(days)),
            Lasts::Months(months) => given.checked_add_months(Months::new(months)),
            Lasts::MonthsFromExit(months) => exit?.checked_add_months(Months::new(months)),
            Lasts::NoConsent => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_has_groups_an_end_and_words_and_what_is_not_is_explained_with_its_basis() {
        for purpose in Purpose::ALL {
            let rule = purpose.rule();
            assert!(!rule.name.is_empty() && !rule.title_it.is_empty() && !rule.title_en.is_empty(), "{purpose:?}");
            assert_eq!(rule.asked, rule.consent && !purpose.groups().is_empty(), "{purpose:?}");
            assert_eq!(rule.asked, rule.lasts != Lasts::NoConsent && *purpose != Purpose::P3, "{purpose:?}");
            assert!(purpose.legal_bases().count() > 0, "{purpose:?}");
        }
        let explained: Vec<_> = Purpose::ALL.iter().filter(|it| !it.is_asked()).map(|it| it.code()).collect();
        assert_eq!(explained, ["P3", "P5", "P8", "P9"]);
        assert_eq!(Purpose::P10.legal_bases().collect::<Vec<_>>(), [LegalBasis::ExplicitConsent]);
        assert_eq!(Purpose::P3.legal_bases().collect::<Vec<_>>(), [LegalBasis::Consent, LegalBasis::Task]);
    }
}
