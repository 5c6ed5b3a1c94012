//! The legal bases as the regulation counts them: what stands beside each purpose in notices, records and registers.

use super::Basis;
use crate::card::shape::codes;

codes! {
    /// Legal basis of a processing, GDPR art. 6(1) and 9(2).
    LegalBasis {
        /// Consent.
        Consent = "consent",
        /// Explicit consent, for special categories of data.
        ExplicitConsent = "explicit_consent",
        /// A contract with the person, or steps before one at her request.
        Contract = "contract",
        /// An obligation of the law.
        LegalDuty = "legal_duty",
        /// A task in the public interest.
        Task = "task",
    }
}

impl LegalBasis {
    /// Where the regulation has it.
    #[must_use]
    pub const fn article(self) -> &'static str {
        match self {
            Self::Consent => "GDPR 6(1)(a)",
            Self::ExplicitConsent => "GDPR 6(1)(a), 9(2)(a)",
            Self::Contract => "GDPR 6(1)(b)",
            Self::LegalDuty => "GDPR 6(1)(c)",
            Self::Task => "GDPR 6(1)(e)",
        }
    }
}

impl From<Basis> for LegalBasis {
    fn from(basis: Basis) -> Self {
        match basis {
            Basis::Contract => Self::Contract,
            Basis::LegalDuty => Self::LegalDuty,
            Basis::Task => Self::Task,
        }
    }
}
