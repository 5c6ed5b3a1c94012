//! What a person agreed to, as it travels: purposes, groups of fields, grants, and the ground of a message.

mod ground;
mod organisation;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, Months, Utc};

use crate::card::shape::codes;

pub use ground::{Basis, Grant, Ground, GroundKind, Groups};
pub use organisation::OrganisationId;

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
    /// Whether a consent may be its ground.
    pub consent: bool,
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
}

const CONSENT: PurposeRule = PurposeRule {
    name: "",
    consent: true,
    bases: &[],
    groups: &[],
    groups_after_acceptance: &[],
    lasts: Lasts::NoConsent,
    single_use: false,
};

impl Purpose {
    /// The row of this purpose.
    #[must_use]
    pub const fn rule(self) -> PurposeRule {
        use Group as G;
        match self {
            Self::P1 => PurposeRule { name: "preview", groups: &[G::Preview], lasts: Lasts::Days(60), ..CONSENT },
            Self::P2 => PurposeRule {
                name: "referral",
                groups: &[G::Preview, G::Identity, G::Status, G::SkillsFull, G::Needs],
                groups_after_acceptance: &[G::Contact, G::Documents, G::Formalities],
                lasts: Lasts::Months(24),
                ..CONSENT
            },
            Self::P3 => PurposeRule { name: "matching", bases: &[Basis::Task], lasts: Lasts::Months(24), ..CONSENT },
            Self::P4 => PurposeRule {
                name: "host_proposal",
                groups: &[G::Host],
                lasts: Lasts::Days(60),
                single_use: true,
                ..CONSENT
            },
            Self::P5 => PurposeRule {
                name: "internship",
                consent: false,
                bases: &[Basis::Contract, Basis::LegalDuty],
                groups: &[G::Identity, G::Formalities, G::Pfi],
                ..CONSENT
            },
            Self::P6 => PurposeRule {
                name: "training",
                bases: &[Basis::Contract, Basis::Task],
                groups: &[G::Identity, G::Contact, G::Training],
                lasts: Lasts::Days(60),
                ..CONSENT
            },
            Self::P7 => {
                PurposeRule { name: "follow_up", groups: &[G::Contact], lasts: Lasts::MonthsFromExit(13), ..CONSENT }
            }
            Self::P8 => PurposeRule { name: "statistics", consent: false, bases: &[Basis::Task], ..CONSENT },
            Self::P9 => PurposeRule {
                name: "fund_reporting",
                consent: false,
                bases: &[Basis::LegalDuty, Basis::Task],
                ..CONSENT
            },
            Self::P10 => {
                PurposeRule { name: "adjustments", groups: &[G::Adjustments], lasts: Lasts::Months(6), ..CONSENT }
            }
            Self::P11 => PurposeRule {
                name: "certification",
                groups: &[G::Preview, G::Identity, G::SkillsFull],
                groups_after_acceptance: &[G::Documents],
                lasts: Lasts::Months(6),
                ..CONSENT
            },
            Self::P12 => PurposeRule {
                name: "transfer",
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
