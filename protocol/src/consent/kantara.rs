//! The same receipt under the names of the Kantara Initiative's *Consent Receipt Specification* 1.1, for programs that
//! know those.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::ConsentReceipt;
use super::record::Party;

/// A receipt under the names of Kantara 1.1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KantaraReceipt {
    /// `KI-CR-v1.1.0`.
    pub version: String,
    /// Whose law holds.
    pub jurisdiction: String,
    /// When the consent was given, seconds since 1970.
    pub consent_timestamp: i64,
    /// How it was collected.
    pub collection_method: String,
    /// The receipt.
    #[serde(rename = "consentReceiptID")]
    pub consent_receipt_id: String,
    /// Language of the notice.
    pub language: String,
    /// What stands for the person.
    pub pii_principal_id: String,
    /// Who decides about the processing.
    pub pii_controllers: Vec<KantaraController>,
    /// Where the controller's notice can be read.
    pub policy_url: String,
    /// What the data are used for.
    pub services: Vec<KantaraService>,
    /// Whether special categories are among them.
    pub sensitive: bool,
    /// Which ones, by group of fields.
    pub spi_cat: Vec<String>,
}

/// Who decides about the processing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KantaraController {
    /// The organisation.
    pub pii_controller: String,
    /// Whether it acts on behalf of another.
    pub on_behalf: bool,
    /// Whom to write to.
    pub contact: String,
}

/// One service and its purposes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KantaraService {
    /// What it is called.
    pub service: String,
    /// For what.
    pub purposes: Vec<KantaraPurpose>,
}

/// One purpose.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KantaraPurpose {
    /// In words.
    pub purpose: String,
    /// By code.
    pub purpose_category: Vec<String>,
    /// `EXPLICIT`.
    pub consent_type: String,
    /// Groups of fields.
    pub pii_category: Vec<String>,
    /// Whether it is what the service is for.
    pub primary_purpose: bool,
    /// When it ends.
    pub termination: String,
    /// Whether somebody else receives the data.
    pub third_party_disclosure: bool,
    /// Who.
    #[schema(nullable = false)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party_name: Option<String>,
}

impl From<&ConsentReceipt> for KantaraReceipt {
    fn from(receipt: &ConsentReceipt) -> Self {
        let (record, said) = (&receipt.record, &receipt.record.expression);
        let processing = &record.pii_processing;
        let in_role = |role: &'static str| record.party_identification.iter().filter(move |it| it.role == role);
        let called = |party: &Party| party.label.clone().unwrap_or_else(|| party.party_id.clone());
        let controller = in_role("controller").next();
        let given = record.events.iter().rev().find(|event| event.seq == Some(said.seq));
        Self {
            version: "KI-CR-v1.1.0".into(),
            jurisdiction: processing.jurisdiction.clone(),
            consent_timestamp: given.map_or(receipt.iat, |event| event.event_time.timestamp()),
            collection_method: processing.collection_method.clone(),
            consent_receipt_id: receipt.receipt_id.to_string(),
            language: processing.language.clone(),
            pii_principal_id: record.pii_principal_id.clone(),
            pii_controllers: in_role("controller")
                .map(|party| KantaraController {
                    pii_controller: called(party),
                    on_behalf: false,
                    contact: party.contact.clone().unwrap_or_default(),
                })
                .collect(),
            policy_url: controller.and_then(|party| party.address.clone()).unwrap_or_default(),
            services: vec![KantaraService {
                service: "Staffetta".into(),
                purposes: vec![KantaraPurpose {
                    purpose: processing.purpose_title.clone(),
                    purpose_category: vec![processing.purpose.code().to_owned()],
                    consent_type: "EXPLICIT".into(),
                    pii_category: said.field_groups.iter().map(|group| group.code().to_owned()).collect(),
                    primary_purpose: true,
                    termination: said.not_after.map(|end| end.to_rfc3339()).unwrap_or_default(),
                    third_party_disclosure: !processing.recipient_third_parties.is_empty(),
                    third_party_name: in_role("recipient").next().map(called),
                }],
            }],
            sensitive: processing.special_category,
            spi_cat: processing
                .pii_information
                .iter()
                .filter(|information| information.special_category)
                .map(|information| information.pii_type.code().to_owned())
                .collect(),
        }
    }
}
