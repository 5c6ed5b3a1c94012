//! A consent in the structure of ISO/IEC TS 27560: from what is kept to what is shown. Pure.

use chrono::{DateTime, Utc};
use staffetta_protocol::consent::record::{
    Party, PiiInformation, PrivacyNotice, Processing, RECORD_SCHEMA, Record, RecordEvent, Stated,
};
use staffetta_protocol::consent::{LegalBasis, Purpose};
use staffetta_protocol::id::EntityId;

use super::model::{Consent, Happened, State};
use super::notices::NoticeVersion;
use crate::config::NodeConfig;
use crate::grants::{Activity, ActsAs, Mandate};

/// This node and the organisation that runs it, as records and notices name them.
#[derive(Debug, Clone)]
pub struct Own {
    /// The node.
    pub entity_id: EntityId,
    /// The organisation.
    pub label: String,
    /// Its web page.
    pub homepage: Option<String>,
    /// How to write to it.
    pub contact: Option<String>,
}

impl From<&NodeConfig> for Own {
    fn from(node: &NodeConfig) -> Self {
        Self {
            entity_id: node.entity_id.clone(),
            label: node.organisation_name.clone(),
            homepage: node.homepage_uri.clone(),
            contact: node.contacts.first().cloned(),
        }
    }
}

/// The person's rights, by article of the GDPR.
const RIGHTS: [&str; 8] = ["7(3)", "15", "16", "17", "18", "20", "21", "77"];

/// The record as it stands at `now`. Who decides is who the notice printed when she was asked.
pub(super) fn record(
    consent: &Consent,
    events: &[Happened],
    notice: Option<&NoticeVersion>,
    activities: &[Activity],
    own: &Own,
    principal: String,
    now: DateTime<Utc>,
) -> Record {
    let said = &consent.expressed;
    let mut parties = deciders(notice, activities, own);
    let pii_controllers = parties.iter().filter(|it| it.role == "controller").map(|it| it.party_id.clone()).collect();
    parties.push(party(&principal, "person", "principal", None));
    let mut recipient = party(consent.recipient.as_str(), "organisation", "recipient", None);
    recipient.label = consent.recipient_label.as_ref().map(|label| label.as_str().to_owned());
    parties.push(recipient);
    let mut authority =
        party("garante-privacy", "authority", "authority", Some("Garante per la protezione dei dati personali"));
    authority.address = Some("https://www.garanteprivacy.it".into());
    let garante = authority.label.clone().unwrap_or_default();
    parties.push(authority);
    let pii_information: Vec<_> = consent.groups.iter().map(|group| PiiInformation::of(*group)).collect();
    let basis = consent.purpose.legal_bases().next().unwrap_or(LegalBasis::Consent);
    Record {
        schema_version: RECORD_SCHEMA.into(),
        record_id: consent.record,
        pii_principal_id: principal,
        pii_processing: Processing {
            privacy_notice: PrivacyNotice {
                id: said.notice.notice_id.as_str().to_owned(),
                version: said.notice.version.as_str().to_owned(),
                hash: said.notice.hash,
                translation: if consent.notice_draft { "draft" } else { "verified" }.into(),
            },
            language: said.notice.language.as_str().to_owned(),
            purpose: consent.purpose,
            purpose_title: consent.purpose.rule().title_it.into(),
            lawful_basis: basis,
            lawful_basis_article: basis.article().into(),
            special_category: pii_information.iter().any(|it| it.special_category),
            pii_information,
            pii_controllers,
            collection_method: "Colloquio con un operatore.".into(),
            processing_method: "Invio firmato e cifrato al solo destinatario indicato; nessuna decisione automatica."
                .into(),
            storage_locations: vec![own.entity_id.to_string()],
            retention_period: "Finché il consenso vale e per altri 5 anni.".into(),
            jurisdiction: "IT".into(),
            recipient_third_parties: vec![consent.recipient.as_str().to_owned()],
            withdrawal_method: "A voce, per telefono o per scritto, con qualunque operatore, anche del destinatario; \
                                senza dire perché."
                .into(),
            necessity: "Nessuna: un no non cambia nulla nell'accoglienza.".into(),
            rights: RIGHTS.map(|article| format!("GDPR {article}")).into(),
            authority: garante,
        },
        party_identification: parties,
        events: happened(consent, events, now),
        expression: Stated {
            seq: consent.seq,
            expressed_by: said.by.code().into(),
            indication_method: said.indication_method.code().into(),
            assent: said.assent.map(|method| method.code().to_owned()),
            mediator_ref: said.mediator.map(|id| id.to_string()).or_else(|| said.mediated().then(|| "recorded".into())),
            read_aloud: said.read_aloud,
            notice_hash: said.notice.hash,
            field_groups: consent.groups.clone(),
            recipient: consent.recipient.clone(),
            single_use: consent.single_use,
            not_after: consent.not_after,
        },
        signature: None,
    }
}

fn party(id: &str, kind: &str, role: &str, label: Option<&str>) -> Party {
    Party {
        party_id: id.to_owned(),
        party_type: kind.to_owned(),
        role: role.to_owned(),
        label: label.map(str::to_owned),
        address: None,
        contact: None,
        act: None,
    }
}

/// Controller and, where there is one, processor: as the notice printed them.
fn deciders(notice: Option<&NoticeVersion>, activities: &[Activity], own: &Own) -> Vec<Party> {
    let here = |role| Party {
        address: own.homepage.clone(),
        contact: own.contact.clone(),
        ..party(own.entity_id.as_str(), "organisation", role, Some(&own.label))
    };
    let Some(notice) = notice.filter(|notice| notice.processor.is_some()) else { return vec![here("controller")] };
    let mandate = activities.iter().find_map(|activity| match &activity.acts_as {
        ActsAs::Processor(mandate) if mandate.label.as_str() == notice.controller => Some(mandate),
        ActsAs::Processor(_) | ActsAs::Controller => None,
    });
    let id = mandate.map_or(notice.controller.as_str(), |mandate| mandate.of.as_str());
    let act = |mandate: &Mandate| format!("{}, {}", mandate.act.as_str(), mandate.date);
    let controller = party(id, "organisation", "controller", Some(&notice.controller));
    vec![controller, Party { act: mandate.map(act), ..here("processor") }]
}

/// What happened, and what time alone brought about until `now`.
fn happened(consent: &Consent, events: &[Happened], now: DateTime<Utc>) -> Vec<RecordEvent> {
    let kind = if consent.purpose == Purpose::P10 { "dpv:ExplicitlyExpressedConsent" } else { "dpv:ExpressedConsent" };
    let event = |at: DateTime<Utc>, state: State, until, by: &str, seq: u32| RecordEvent {
        event_time: at,
        validity_duration: until,
        entity_id: by.to_owned(),
        event_type: kind.to_owned(),
        event_state: state.dpv().to_owned(),
        seq: (seq > 0).then_some(seq),
    };
    let mut all: Vec<RecordEvent> =
        events.iter().map(|it| event(it.at, it.state, it.not_after, &it.brought_by, it.seq)).collect();
    if all.is_empty() {
        // Answers from before events were written down.
        let by = consent.expressed.by.code();
        all.push(event(consent.answered_at, consent.state, consent.not_after, by, consent.seq));
    }
    let ended = match consent.stands(now) {
        State::Expired => consent.ends_at(),
        State::Terminated => consent.spent_at,
        _ => None,
    };
    all.extend(ended.map(|at| event(at, consent.stands(now), None, "node", consent.seq)));
    all
}
