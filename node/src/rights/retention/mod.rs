//! For how long what is kept: one table, which the register tells, and which whatever deletes by time goes by.
//!
//! These are the defaults that a data protection officer confirms; [`rule`] is what the settings make of them, and the only
//! thing that anybody is shown. A person with an open request, or whose data are restricted, is frozen, not deleted.

mod rows;
mod run;

use chrono::{DateTime, Months, TimeDelta, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::RetentionConfig;

pub use rows::{Counted, Report, ReportKind, last, page};
pub use run::{Due, End, Found, Retained, dry_run, frozen, pump};

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "unit", content = "count", rename_all = "snake_case")]
#[schema(as = RetentionLength)]
pub enum Length {
    /// Calendar days.
    Days(u32),
    /// Calendar months.
    Months(u32),
    /// Calendar years.
    Years(u32),
}

/// From when it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RetentionCountsFrom)]
pub enum CountsFrom {
    /// The last change.
    LastChange,
    /// The day on which it came.
    Receipt,
    /// The end of the matter: declined, withdrawn or closed.
    End,
    /// The end of the consent.
    ConsentEnd,
    /// The last day on which some recipient holds something.
    LastHolder,
    /// The act.
    Act,
    /// The end of the case.
    CaseEnd,
    /// The day on which a consent was taken back.
    Withdrawal,
}

/// What happens then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RetentionFate)]
pub enum Fate {
    /// It is deleted.
    Deleted,
    /// What names her goes; what counts stays.
    Pseudonymised,
    /// The bytes go; digest and receipt stay.
    BytesDeleted,
    /// Whoever keeps it looks whether it must still be kept.
    Reviewed,
}

/// A rule: what is kept, for how long, and what then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Stable name.
    pub code: &'static str,
    /// What, in Italian.
    pub what_it: &'static str,
    /// The same in English.
    pub what_en: &'static str,
    /// How long.
    pub length: Length,
    /// From when.
    pub from: CountsFrom,
    /// What then.
    pub then: Fate,
    /// The tables that it is about.
    pub tables: &'static [&'static str],
}

/// Every rule.
pub const RULES: &[Rule] = &[
    Rule {
        code: "draft_card",
        what_it: "Schede in bozza mai inviate",
        what_en: "Draft cards that were never sent",
        length: Length::Months(12),
        from: CountsFrom::LastChange,
        then: Fate::Deleted,
        tables: &["card", "card_version", "card_section", "card_confirmation", "card_import"],
    },
    Rule {
        code: "preview_received",
        what_it: "Anteprime ricevute senza un invio",
        what_en: "Previews received without a referral",
        length: Length::Days(60),
        from: CountsFrom::Receipt,
        then: Fate::Deleted,
        tables: &["received_card"],
    },
    Rule {
        code: "referral_ended_recipient",
        what_it: "Invii rifiutati o ritirati, presso chi li ha ricevuti",
        what_en: "Referrals declined or withdrawn, at the recipient",
        length: Length::Days(120),
        from: CountsFrom::End,
        then: Fate::Deleted,
        tables: &["referral", "referral_event", "received_card", "office_record", "policy_event"],
    },
    Rule {
        code: "referral_ended_sender",
        what_it: "Invii rifiutati o ritirati, presso chi li ha mandati",
        what_en: "Referrals declined or withdrawn, at the sender",
        length: Length::Months(12),
        from: CountsFrom::End,
        then: Fate::Deleted,
        tables: &["referral", "referral_event", "referral_sheet", "referral_office", "rectification"],
    },
    Rule {
        code: "referral_closed",
        what_it: "Invii conclusi",
        what_en: "Referrals closed",
        length: Length::Months(24),
        from: CountsFrom::End,
        then: Fate::Pseudonymised,
        tables: &[
            "referral",
            "referral_event",
            "referral_sheet",
            "received_card",
            "office_record",
            "policy_event",
            "rectification",
        ],
    },
    Rule {
        code: "internship_file",
        what_it: "Fascicolo del tirocinio, oltre alle regole dei fondi",
        what_en: "Internship file, beside the rules of funds",
        length: Length::Years(5),
        from: CountsFrom::End,
        then: Fate::Deleted,
        tables: &[],
    },
    Rule {
        code: "consent_record",
        what_it: "Consensi e ricevute",
        what_en: "Consents and receipts",
        length: Length::Years(5),
        from: CountsFrom::ConsentEnd,
        then: Fate::Deleted,
        tables: &["consent", "consent_event", "consent_receipt", "consent_request"],
    },
    Rule {
        code: "disclosure_log",
        what_it: "Registro delle comunicazioni",
        what_en: "Log of disclosures",
        length: Length::Months(24),
        from: CountsFrom::LastHolder,
        then: Fate::Deleted,
        tables: &["disclosure"],
    },
    Rule {
        code: "journal",
        what_it: "Registro di chi ha visto o fatto che cosa",
        what_en: "Journal of who saw or did what",
        length: Length::Months(24),
        from: CountsFrom::Act,
        then: Fate::Deleted,
        tables: &["journal"],
    },
    Rule {
        code: "counselling_note",
        what_it: "Note di colloquio",
        what_en: "Counselling notes",
        length: Length::Months(6),
        from: CountsFrom::CaseEnd,
        then: Fate::Deleted,
        tables: &["counselling_note"],
    },
    Rule {
        code: "enrolment_not_admitted",
        what_it: "Iscrizioni non ammesse a un corso",
        what_en: "Enrolments that were not admitted",
        length: Length::Months(6),
        from: CountsFrom::End,
        then: Fate::Deleted,
        tables: &[],
    },
    Rule {
        code: "own_policy_record",
        what_it: "Ciò che l'ufficio tiene per sé dopo una revoca: politica attiva registrata",
        what_en: "What an office keeps as its own after a withdrawal: a registered policy",
        length: Length::Years(5),
        from: CountsFrom::Withdrawal,
        then: Fate::Reviewed,
        tables: &[],
    },
    Rule {
        code: "own_patto",
        what_it: "Ciò che l'ufficio tiene per sé dopo una revoca: patto di servizio",
        what_en: "What an office keeps as its own after a withdrawal: a service agreement",
        length: Length::Years(5),
        from: CountsFrom::Withdrawal,
        then: Fate::Reviewed,
        tables: &[],
    },
    Rule {
        code: "own_did",
        what_it: "Ciò che l'ufficio tiene per sé dopo una revoca: dichiarazione di disponibilità",
        what_en: "What an office keeps as its own after a withdrawal: a declaration of availability",
        length: Length::Years(2),
        from: CountsFrom::Withdrawal,
        then: Fate::Reviewed,
        tables: &[],
    },
    Rule {
        code: "message_bytes",
        what_it: "Testo dei messaggi",
        what_en: "Bytes of messages",
        length: Length::Days(90),
        from: CountsFrom::End,
        then: Fate::BytesDeleted,
        tables: &["outbox", "known_message"],
    },
];

impl Length {
    /// What happened by then has been kept for this long at `now`. Of months it counts whole ones: what happened on the 31st
    /// goes at the end of a month that has one, so never early.
    pub fn before(self, now: DateTime<Utc>) -> DateTime<Utc> {
        let months = |count| now.checked_sub_months(Months::new(count)).unwrap_or(DateTime::<Utc>::MIN_UTC);
        match self {
            Self::Days(days) => now - TimeDelta::days(days.into()),
            Self::Months(count) => months(count),
            Self::Years(years) => months(years.saturating_mul(12)),
        }
    }
}

/// The rule of that name as the settings have it.
pub fn rule(code: &str, set: &RetentionConfig) -> Option<Rule> {
    let rule = RULES.iter().find(|rule| rule.code == code)?;
    let length = match code {
        "draft_card" => Length::Months(set.draft_card_months),
        "preview_received" => Length::Days(set.preview_received_days),
        "referral_ended_recipient" => Length::Days(set.referral_ended_recipient_days),
        "referral_ended_sender" => Length::Months(set.referral_ended_sender_months),
        "referral_closed" => Length::Months(set.referral_closed_months),
        "consent_record" => Length::Years(set.consent_record_years),
        "disclosure_log" => Length::Months(set.disclosure_log_months),
        "journal" => Length::Months(set.journal_months),
        "counselling_note" => Length::Months(set.counselling_note_months),
        "own_policy_record" => Length::Years(set.own_policy_record_years),
        "own_patto" => Length::Years(set.own_patto_years),
        "own_did" => Length::Years(set.own_did_years),
        "message_bytes" => Length::Days(set.message_bytes_days),
        _ => rule.length,
    };
    Some(Rule { length, ..*rule })
}

impl Rule {
    /// How long and from when, as a page tells it.
    pub fn in_italian(&self) -> String {
        let length = match self.length {
            Length::Days(days) => format!("{days} giorni"),
            Length::Months(months) => format!("{months} mesi"),
            Length::Years(years) => format!("{years} anni"),
        };
        let from = match self.from {
            CountsFrom::LastChange => "dall'ultima modifica",
            CountsFrom::Receipt => "dal ricevimento",
            CountsFrom::End => "dalla fine della pratica",
            CountsFrom::ConsentEnd => "dalla fine del consenso",
            CountsFrom::LastHolder => "da quando nessun destinatario conserva più nulla",
            CountsFrom::Act => "dall'atto",
            CountsFrom::Withdrawal => "dalla revoca",
            CountsFrom::CaseEnd => "dalla fine del caso",
        };
        let then = match self.then {
            Fate::Deleted => "poi cancellazione",
            Fate::Pseudonymised => "poi pseudonimizzazione",
            Fate::BytesDeleted => "poi restano solo impronta e ricevuta",
            Fate::Reviewed => "poi l'ufficio verifica se va ancora conservato",
        };
        format!("{length} {from}, {then}")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn without_settings_every_rule_is_as_it_stands_and_settings_change_it() {
        let mut set = RetentionConfig::default();
        for stands in RULES {
            assert_eq!(rule(stands.code, &set).unwrap(), *stands);
        }
        set.preview_received_days = 30;
        assert_eq!(rule("preview_received", &set).unwrap().length, Length::Days(30));
        assert_eq!(rule("no_such_rule", &set), None);
    }

    #[test]
    fn months_are_whole_and_never_early() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        for (now, before) in [
            ("2027-02-28T09:00:00Z", "2027-01-28T09:00:00Z"),
            ("2027-03-31T09:00:00Z", "2027-02-28T09:00:00Z"),
            ("2028-02-29T09:00:00Z", "2028-01-29T09:00:00Z"),
        ] {
            assert_eq!(Length::Months(1).before(at(now)), at(before));
        }
        assert_eq!(Length::Years(5).before(at("2031-11-23T09:00:00Z")), at("2026-11-23T09:00:00Z"));
        assert_eq!(Length::Days(90).before(at("2026-11-23T09:00:00Z")), at("2026-08-25T09:00:00Z"));
    }

    #[test]
    fn every_rule_has_a_name_of_its_own_and_names_tables_that_exist() {
        let codes: BTreeSet<_> = RULES.iter().map(|rule| rule.code).collect();
        assert_eq!(codes.len(), RULES.len());
        let schema = include_str!("../../store/schema.rs");
        for table in RULES.iter().flat_map(|rule| rule.tables) {
            assert!(schema.contains(&format!("\n    {table} (")), "{table}");
        }
    }
}
