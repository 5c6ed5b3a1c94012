//! What is kept outside the database, and for how long what is in it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What copies of the data need.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BackupConfig {
    /// File with the keyring: the wrapped keys of people, and what was erased or withdrawn. It is replaced before an erasure
    /// or a withdrawal is reported done, and is what `staffetta restore` takes. Put it on another disk than the database.
    /// Without it a restored copy brings back whatever was erased or withdrawn after the last `staffetta backup`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "/mnt/other/staffetta/keyring")]
    pub keyring: Option<PathBuf>,
}

/// For how long what is kept. The data protection officer confirms it; the register says it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConfig {
    /// Cards in draft that were never sent, from the last change.
    pub draft_card_months: u32,
    /// Previews that were received and followed by no referral, from the day on which they came.
    pub preview_received_days: u32,
    /// Referrals that were declined or withdrawn, at the recipient, from their end.
    pub referral_ended_recipient_days: u32,
    /// The same at the sender.
    pub referral_ended_sender_months: u32,
    /// Referrals that were closed, from their end: then what names somebody goes, and what counts stays.
    pub referral_closed_months: u32,
    /// Consents and receipts, from the end of the consent.
    pub consent_record_years: u32,
    /// The log of disclosures, from when no recipient holds anything any more.
    pub disclosure_log_months: u32,
    /// The journal, from the act.
    pub journal_months: u32,
    /// Counselling notes, from the end of the case.
    pub counselling_note_months: u32,
    /// What an office keeps as its own after a withdrawal because a policy was registered on it, from the withdrawal: the
    /// papers of a measure are kept for five years after it was paid.
    pub own_policy_record_years: u32,
    /// The same because a service agreement (*patto di servizio*) was signed.
    pub own_patto_years: u32,
    /// The same because a declaration of availability (*DID*) was registered: two years, after which it is made anew.
    pub own_did_years: u32,
    /// The bytes of messages, from the end of their conversation: then digest and receipt stay.
    pub message_bytes_days: u32,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            draft_card_months: 12,
            preview_received_days: 60,
            referral_ended_recipient_days: 120,
            referral_ended_sender_months: 12,
            referral_closed_months: 24,
            consent_record_years: 5,
            disclosure_log_months: 24,
            journal_months: 24,
            counselling_note_months: 6,
            own_policy_record_years: 5,
            own_patto_years: 5,
            own_did_years: 2,
            message_bytes_days: 90,
        }
    }
}

/// For how long an office keeps as its own what a law tells it to keep, although its sender took it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnBasisYears {
    /// Where a policy was registered.
    pub policy_record: u32,
    /// Where a service agreement was signed.
    pub patto: u32,
    /// Where a declaration was registered.
    pub did: u32,
}

impl RetentionConfig {
    /// Years for what is kept on a basis of the office's own.
    pub const fn own_basis(&self) -> OwnBasisYears {
        OwnBasisYears {
            policy_record: self.own_policy_record_years,
            patto: self.own_patto_years,
            did: self.own_did_years,
        }
    }
}
