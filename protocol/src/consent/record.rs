//! The record of a consent in the structure of ISO/IEC TS 27560:2023, with the codes of the W3C Data Privacy Vocabulary
//! and what the GDPR adds (DPVCG, *Consent Records and Receipts*). Names of members are those of the standard, but that a
//! party's name is its `label` here.
//!
//! The record is made from rows when it is asked for; what is frozen is the receipt that carries it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Group, LegalBasis, OrganisationId, Purpose};
use crate::card::{Class, FIELDS};

use crate::digest::Digest;
use crate::id::RecordId;

/// The profile that a record follows.
pub const RECORD_SCHEMA: &str = "https://w3id.org/dpv/schema/iso-27560#record-GDPR";

/// One consent: what is processed for what, by whom, and what happened to it so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordOfConsent)]
pub struct Record {
    /// The profile that the record follows.
    pub schema_version: String,
    /// The record.
    pub record_id: RecordId,
    /// What stands for the person: a pseudonym of the node that keeps the record, never a name.
    pub pii_principal_id: String,
    /// What is processed, and how.
    pub pii_processing: Processing,
    /// Everybody who has a part in it.
    pub party_identification: Vec<Party>,
    /// What happened, oldest first.
    pub events: Vec<RecordEvent>,
    /// How she said it, and the bounds of what she said.
    pub expression: Stated,
    /// The signed receipt that carries the record, in compact form; absent inside a receipt and where none was made yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub signature: Option<String>,
}

/// The notice that came first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordNotice)]
pub struct PrivacyNotice {
    /// Which notice.
    pub id: String,
    /// Which version of it.
    pub version: String,
    /// Digest of its text in that language.
    pub hash: Digest,
    /// `verified`, or `draft` where nobody had verified the text yet: then a mediator was there.
    pub translation: String,
}

/// What is processed, and how.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordProcessing)]
pub struct Processing {
    /// The notice.
    pub privacy_notice: PrivacyNotice,
    /// Its language, ISO 639-3.
    pub language: String,
    /// For what.
    pub purpose: Purpose,
    /// The same in words, in Italian.
    pub purpose_title: String,
    /// On which legal basis.
    pub lawful_basis: LegalBasis,
    /// Where the regulation has that.
    pub lawful_basis_article: String,
    /// What it consists of, by group of fields.
    pub pii_information: Vec<PiiInformation>,
    /// Ids of the parties that decide about it.
    pub pii_controllers: Vec<String>,
    /// How it was collected.
    pub collection_method: String,
    /// How it is processed.
    pub processing_method: String,
    /// Where it is kept.
    pub storage_locations: Vec<String>,
    /// How long it is kept.
    pub retention_period: String,
    /// Whose law holds, ISO 3166-1.
    pub jurisdiction: String,
    /// Ids of the parties that may receive it.
    pub recipient_third_parties: Vec<String>,
    /// How it is taken back.
    pub withdrawal_method: String,
    /// Whether anything depends on a yes: nothing does.
    pub necessity: String,
    /// Whether it shows a special category of data, GDPR art. 9.
    pub special_category: bool,
    /// The person's rights, by article of the GDPR.
    pub rights: Vec<String>,
    /// Whom she may complain to.
    pub authority: String,
}

/// What a group of fields consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordPii)]
pub struct PiiInformation {
    /// The group of fields.
    pub pii_type: Group,
    /// Classes of its fields: `idn` who she is, `con` how to reach her, `sta` her status, `ski` what she can and wishes,
    /// `spc` special categories.
    pub classes: BTreeSet<String>,
    /// Its fields, as the table of the card has them.
    pub fields: Vec<String>,
    /// Whether it shows a special category of data.
    pub special_category: bool,
}

impl PiiInformation {
    /// What the table of the card says of a group. A group whose fields are on no card has none.
    #[must_use]
    pub fn of(group: Group) -> Self {
        let rows = || FIELDS.iter().filter(|field| field.group == Some(group));
        let special = rows().any(|field| field.class == Class::Spc) || group == Group::Adjustments;
        Self {
            pii_type: group,
            classes: rows().map(|field| field.class.code().to_owned()).collect(),
            fields: rows().map(|field| field.name.to_owned()).collect(),
            special_category: special,
        }
    }
}

/// Somebody who has a part in the processing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordParty)]
pub struct Party {
    /// Its id: `ipa:…` or `vat:…` of an organisation, the entity id of a node, or what stands for the person.
    pub party_id: String,
    /// What it is: `organisation`, `authority` or `person`.
    pub party_type: String,
    /// `controller`, `processor`, `recipient`, `principal` or `authority`.
    pub role: String,
    /// What it is called; absent for the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub label: Option<String>,
    /// Where it is: a web page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<String>,
    /// How to write to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub contact: Option<String>,
    /// Under which act it processes for another, and of which day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub act: Option<String>,
}

/// Something that happened to the consent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordEvent)]
pub struct RecordEvent {
    /// When.
    pub event_time: DateTime<Utc>,
    /// Until when it holds, of a yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub validity_duration: Option<DateTime<Utc>>,
    /// Who brought it about: `person`, `guardian`, `staff` or `node`.
    pub entity_id: String,
    /// What kind of consent it is about: `dpv:ExpressedConsent` or `dpv:ExplicitlyExpressedConsent`.
    pub event_type: String,
    /// Where the consent stood from then on, by the vocabulary's name.
    pub event_state: String,
    /// Which answer of the record; none while it is only asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub seq: Option<u32>,
}

/// How she said it, and the bounds of what she said: what the standard has no place for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = RecordExpression)]
pub struct Stated {
    /// Which answer of the record.
    pub seq: u32,
    /// `person` or `guardian`.
    pub expressed_by: String,
    /// By what the answer can be shown.
    pub indication_method: String,
    /// By what the assent of a minor can be shown, for whom a guardian spoke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assent: Option<String>,
    /// The mediator's id, or `recorded` where only a label of hers is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mediator_ref: Option<String>,
    /// Whether the notice was read aloud.
    pub read_aloud: bool,
    /// Digest of the notice's text.
    pub notice_hash: Digest,
    /// Which groups of fields.
    pub field_groups: BTreeSet<Group>,
    /// To whom: organisation and, where one was named, office.
    pub recipient: OrganisationId,
    /// Spent by one use.
    pub single_use: bool,
    /// Until when a yes holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub not_after: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_tell_their_fields_from_the_table_of_the_card() {
        let identity = PiiInformation::of(Group::Identity);
        assert!(identity.fields.iter().any(|field| field == "given_names"));
        assert_eq!(identity.classes, BTreeSet::from(["idn".to_owned()]));
        assert!(PiiInformation::of(Group::Adjustments).special_category);
        for group in Group::ALL {
            let fields = FIELDS.iter().filter(|field| field.group == Some(*group)).count();
            assert_eq!(PiiInformation::of(*group).fields.len(), fields);
        }
    }
}
