//! One `data` of each type and form, made from the one sample card.

use serde_json::{Value, json};

use super::Data;
use crate::card::samples::card;
use crate::card::{Card, Level};

/// Type and data, every form of each.
pub(crate) fn every() -> Vec<(&'static str, Value)> {
    let card: Card = card();
    let preview = serde_json::to_value(card.preview().unwrap()).unwrap();
    let identity = serde_json::to_value(card.identity().unwrap()).unwrap();
    let status = serde_json::to_value(card.status(Level::Referral).unwrap()).unwrap();
    let skills_full = serde_json::to_value(card.skills_full(&|id| id).unwrap()).unwrap();
    let needs = serde_json::to_value(card.needs().unwrap()).unwrap();
    let contact = serde_json::to_value(card.contact().unwrap()).unwrap();
    let documents = serde_json::to_value(card.documents().unwrap()).unwrap();
    let adjustments = serde_json::to_value(card.adjustments().unwrap()).unwrap();
    let formalities = serde_json::to_value(card.formalities().unwrap()).unwrap();
    let later = serde_json::to_value(card.status(Level::Accepted).unwrap()).unwrap();
    let whole =
        json!({"preview": preview, "identity": identity, "status": status, "skills_full": skills_full, "needs": needs});
    let appointment = json!({"at": "2026-12-01T09:00:00Z", "place": "CPI, via Zzmark 1", "language": "fra"});
    let record = "4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11";
    let progressed = super::ReferralProgressed::TYPE;
    vec![
        ("card.preview.v1", json!({"card_version": 1, "preview": preview})),
        (
            "card.preview-answered.v1",
            json!({"answer": {"kind": "send_referral"}, "likely": ["internship"], "earliest_month": "2026-12"}),
        ),
        ("card.preview-answered.v1", json!({"answer": {"kind": "needs_more", "fields": ["skills", "schedule"]}})),
        (
            "card.preview-answered.v1",
            json!({"answer": {"kind": "not_for_us", "reason": "out_of_area", "suggestion": {"organisation": "ipa:c_d612", "label": "CPI Zzmark"}}}),
        ),
        ("referral.sent.v1", json!({"card_version": 2, "card": whole})),
        ("referral.sent.v1", json!({"card_version": 2, "card": {"preview": preview, "identity": identity}})),
        (
            "referral.info-requested.v1",
            json!({"fields": ["work_authorised_until"], "groups": ["g.needs"], "questions": ["Zzmark?"]}),
        ),
        (
            "referral.info-provided.v1",
            json!({"card_version": 3, "card": {"status": status}, "answers": [{"question": 1, "text": "Zzmark\nsì"}]}),
        ),
        (
            "referral.accepted.v1",
            json!({"appointment": {"kind": "fixed", "appointment": appointment}, "already_known": false}),
        ),
        (
            "referral.accepted.v1",
            json!({"appointment": {"kind": "to_be_set", "by": "2026-12-05"}, "already_known": true}),
        ),
        (
            "referral.declined.v1",
            json!({"reason": "no_capacity", "text": "Zzmark", "suggestion": {"label": "CPI di Zzmark"}}),
        ),
        (progressed, json!({"kind": "appointment_set", "appointment": appointment})),
        (progressed, json!({"kind": "appointment_moved", "by": "person", "appointment": appointment})),
        (progressed, json!({"kind": "no_show", "number": 1, "on": "2026-12-01"})),
        (progressed, json!({"kind": "first_contact", "on": "2026-12-01"})),
        (progressed, json!({"kind": "did_recorded", "on": "2026-12-01"})),
        (progressed, json!({"kind": "patto_signed", "on": "2026-12-01", "gol_path": "lavoro_inclusione"})),
        (progressed, json!({"kind": "pathway_opened", "pathway": "internship", "on": "2026-12-01"})),
        ("referral.closed.v1", json!({"outcome": "internship", "on": "2027-02-01"})),
        ("referral.withdrawn.v1", json!({"by": "person"})),
        (
            "referral.reopened.v1",
            json!({"card_version": 4, "card": {"preview": preview, "identity": identity, "status": status}}),
        ),
        ("card.updated.v1", json!({"card_version": 5, "card": {"skills_full": skills_full, "contact": contact}})),
        ("card.updated.v1", json!({"card_version": 6, "card": {"adjustments": adjustments}})),
        ("card.updated.v1", json!({"card_version": 7, "card": {"status": later, "documents": documents}})),
        ("contact.released.v1", json!({"card_version": 5, "contact": contact})),
        ("contact.released.v1", json!({"card_version": 5, "documents": documents, "formalities": formalities})),
        (
            "card.transferred.v1",
            json!({"card_version": 1, "card": {
                "preview": preview, "identity": identity, "status": later, "skills_full": skills_full, "needs": needs,
                "contact": contact
            }}),
        ),
        ("card.transferred.v1", json!({"card_version": 1, "card": {"preview": preview, "identity": identity}})),
        ("card.transfer-answered.v1", json!({"answer": {"kind": "taken"}})),
        (
            "card.transfer-answered.v1",
            json!({"answer": {"kind": "declined", "reason": "no_capacity", "text": "Zzmark"}}),
        ),
        (
            "referral.holder-changed.v1",
            json!({"holder": {"entity_id": "https://nodo.zzmark.example", "organisation_name": "Zzmark"}}),
        ),
        ("consent.withdrawn.v1", json!({"record": record, "seq": 1})),
        ("consent.withdrawn.v1", json!({"record": record, "seq": 2, "recall": record, "due": "2026-12-04T09:00:00Z"})),
        (
            "consent.withdrawal-answered.v1",
            json!({
                "record": record, "seq": 2, "recall": record, "version": 1, "complete": false,
                "groups": [
                    {"group": "g.preview", "outcome": {"kind": "erased"}},
                    {"group": "g.needs", "outcome": {"kind": "restricted"}},
                    {"group": "g.status", "outcome": {
                        "kind": "retained_own_basis", "basis": "did", "until": "2028-12-31", "reason": "Zzmark"
                    }}
                ],
                "below": [{"role": "social_enterprise", "status": "pending"}, {"role": "social_enterprise", "status": "pending"}]
            }),
        ),
    ]
}
