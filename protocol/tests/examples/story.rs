//! Who appears in the examples, when, and what they say. People and organisations are invented.

use chrono::{DateTime, Utc};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{Jwk, Jwks, KeySet, SigningKey};
use staffetta_protocol::message::Claims;

use crate::files::pem;

pub(crate) const RECORD_P1: &str = "3f0c7a52-6c1e-4b8e-9a57-0d2b6f4e8c11";
pub(crate) const RECORD_P2: &str = "8d1f4be6-27a9-4d0c-b6e3-5a9c7e10f2d4";
pub(crate) const RECALL: &str = "c2b7d9a4-51f3-4e6a-8c0d-93e1f7a6b5d2";
const RECORD_P12: &str = "5e9a1c37-d4f8-4062-8b1e-f7c03a6d92b5";
const THREAD_OF_THE_TRANSFER: &str = "17d8f5b2-6e0c-4c94-a3b9-50c2e7f1d846";
const THREAD_OF_THE_MOVED: &str = "92b6e0a4-f37d-48c1-8d5a-b4f91c6e0378";
const THREAD: &str = "b5a3c1de-70f4-4a2b-9c86-1e5d8f3a7b90";
const SUBJECT: &str = "e94d2c17-8b6f-4f35-a1d0-6c7b5e3f2a18";

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The instant of the first call.
pub(crate) fn first_call() -> DateTime<Utc> {
    at("2026-11-23T09:00:00Z")
}

pub(crate) fn authority() -> EntityId {
    "https://autorita.rete.example".parse().unwrap()
}

pub(crate) fn centre() -> EntityId {
    "https://nodo.ilponte.example".parse().unwrap()
}

pub(crate) fn cpi() -> EntityId {
    "https://nodo.cpi-prato.example".parse().unwrap()
}

/// Another reception centre, to which somebody moves.
pub(crate) fn other() -> EntityId {
    "https://nodo.accoglienza-pistoia.example".parse().unwrap()
}

/// A federation key, as published.
pub(crate) fn federation_key(name: &str) -> SigningKey {
    let key = SigningKey::from_pkcs8(&pem(&format!("keys/{name}.pem"))).unwrap();
    let jwk = Jwk { iat: Some(at("2026-11-01T09:00:00Z").timestamp()), ..key.jwk().clone() };
    key.with_jwk(jwk)
}

/// A protocol key with its certificate, as published.
pub(crate) fn protocol_key(name: &str) -> SigningKey {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
    let key = SigningKey::from_pkcs8(&pem(&format!("keys/{name}.pem"))).unwrap();
    let certificate = pem(&format!("keys/{name}.crt"));
    let jwk = Jwk {
        x5t_s256: Some(URL_SAFE_NO_PAD.encode(Digest::of(&certificate).as_bytes())),
        x5c: Some(vec![STANDARD.encode(certificate)]),
        iat: Some(at("2026-11-01T09:00:00Z").timestamp()),
        ..key.jwk().clone()
    };
    key.with_jwk(jwk)
}

pub(crate) fn jwks(key: &SigningKey) -> Jwks {
    Jwks { keys: vec![key.jwk().clone()] }
}

/// The key with which a node signs its messages.
pub(crate) fn key_of(node: &EntityId) -> SigningKey {
    let names = [(centre(), "centre-protocol"), (cpi(), "cpi-protocol"), (other(), "other-protocol")];
    protocol_key(names.iter().find(|(id, _)| id == node).unwrap().1)
}

pub(crate) fn keys_of(node: &EntityId) -> KeySet {
    KeySet::new(&jwks(&key_of(node)))
}

/// A message of the story.
pub(crate) struct Said {
    /// Name of its files.
    pub(crate) file: &'static str,
    pub(crate) from: EntityId,
    pub(crate) to: EntityId,
    pub(crate) claims: Claims,
}

fn preview() -> Value {
    let kitchen = json!({
        "kind": "esco", "isco08": "9412",
        "uri": "http://data.europa.eu/esco/occupation/e1cf6897-158d-4b48-a39e-2a3a8cac216c"
    });
    let skill = |uri: &str, level: &str, source: &str, pile: &str| {
        json!({
            "skill": {"kind": "esco", "uri": format!("http://data.europa.eu/esco/skill/{uri}")},
            "level": level, "source": source, "validation_path": {"value": pile, "proposed_by": "operator"}
        })
    };
    json!({
        "interview_languages": [{"language": "fra", "script": "Latn"}],
        "needs_interpreter": {"needed": true, "language": "fra", "mode": "phone"},
        "contact_via_operator": true,
        "province": "PO",
        "work_authorised": "yes",
        "language_skills": [{"language": "ita", "proficiency": {"kind": "overall", "level": "a2"}}],
        "education_level": "not_asked",
        "work_experience": [{"occupation": kitchen, "years": 3, "setting": "informal"}],
        "years_by_occupation": [{"isco08": "9412", "years": 3}],
        "skills": [
            skill("0ff99f51-40d9-42f1-a1ec-377b2bb5e15f", "independent", "certified", "certifiable_now"),
            skill("32adf439-5bbc-4759-8f05-fbaacdac60a6", "independent", "self", "validate_by_internship"),
        ],
        "uncoded_skills": 1,
        "target_occupations": {"kind": "listed", "items": [{"occupation": kitchen, "priority": 1}]},
        "availability_from": "2026-12-01",
        "schedule": {"kind": "any", "shifts": "yes", "nights": "not_asked", "weekends": "not_asked"},
        "contract_interest": ["internship"],
        "seeking_status": "active",
        "transport": "bike",
        "known_at_recipient": "unknown"
    })
}

fn referral_card() -> Value {
    json!({
        "preview": preview(),
        "identity": {
            "given_names": "Amina",
            "family_names": "Esempio",
            "birth_date": {"value": "1994", "estimated": false},
            "is_minor": "no"
        },
        "status": {"residence_comune": "100005", "work_authorised": "yes", "work_authorised_until": {"kind": "waiting"}},
        "needs": {"support_requests": ["language_course", "internship"]}
    })
}

fn contact() -> Value {
    json!({"phone": [{"number": "+447700900123", "type": "mobile", "safe_to_call": "yes"}]})
}

fn documents() -> Value {
    json!({"documents": [{"type": "certificate", "issued": "2025-06", "held_by": "person"}]})
}

fn consent(purpose: &str, record: &str, groups: &[&str], not_after: &str) -> Value {
    json!({"kind": "consent", "grant": {
        "record": record, "seq": 1, "purpose": purpose, "recipient": "ipa:cpi_prato_es#prato", "groups": groups,
        "not_after": not_after, "single_use": false, "notice_hash": Digest::of(format!("informativa {purpose}"))
    }})
}

fn for_preview() -> Value {
    consent("P1", RECORD_P1, &["g.preview"], "2027-01-22T09:00:00Z")
}

fn for_referral() -> Value {
    let groups = ["g.preview", "g.identity", "g.status", "g.skills_full", "g.needs", "g.contact", "g.documents"];
    consent("P2", RECORD_P2, &groups, "2028-11-23T09:00:00Z")
}

fn duty(reference: &str) -> Value {
    json!({"kind": "duty", "basis": "legal_duty", "ref": reference})
}

/// Where a message stands: its file, sender, id, instant, and number in the thread with what was seen.
struct Place {
    file: &'static str,
    from_centre: bool,
    id: &'static str,
    at: &'static str,
    in_thread: Option<(u64, u64)>,
}

fn said(place: Place, kind: &str, ground: Value, data: Value) -> Said {
    let (from, to) = if place.from_centre { (centre(), cpi()) } else { (cpi(), centre()) };
    let iat = at(place.at).timestamp();
    let actor = match place.from_centre {
        true => json!({"role": "operator", "pseudonym": "p6Jt0mYw2cQhV4sXbN8dRg"}),
        false => json!({"role": "operator", "pseudonym": "Zr1kD7uLq9TfA3eHsW5vMw"}),
    };
    let claims = Claims {
        depth: None,
        iss: from.clone(),
        aud: to.clone(),
        jti: place.id.parse().unwrap(),
        iat,
        exp: place.in_thread.map(|_| iat + 30 * 86_400),
        kind: kind.to_owned(),
        thread: place.in_thread.map(|_| THREAD.parse().unwrap()),
        thread_seq: place.in_thread.map(|(seq, _)| seq),
        seen: place.in_thread.map(|(_, seen)| seen),
        subject_ref: Some(SUBJECT.parse().unwrap()),
        ground: Some(serde_json::from_value(ground).unwrap()),
        actor: serde_json::from_value(actor).unwrap(),
        data: RawValue::from_string(data.to_string()).unwrap(),
    };
    Said { file: place.file, from, to, claims }
}

/// Every message, in the order of their instants.
pub(crate) fn messages() -> Vec<Said> {
    let o = |file, id, at, seq, seen| Place { file, from_centre: true, id, at, in_thread: Some((seq, seen)) };
    let t = |file, id, at, seq, seen| Place { file, from_centre: false, id, at, in_thread: Some((seq, seen)) };
    let appointment = json!({"kind": "fixed", "appointment": {
        "at": "2026-12-01T09:00:00Z", "place": "Centro per l'impiego, via dell'Esempio 1, sportello 4", "language": "fra"
    }});
    vec![
        said(
            o("01-card.preview", "6b0e2f9c-4d3a-4c7b-8e15-a2f97d0c6b41", "2026-11-23T08:59:30Z", 1, 0),
            "card.preview.v1",
            for_preview(),
            json!({"card_version": 1, "preview": preview()}),
        ),
        said(
            t("02-card.preview-answered", "d47a1c3e-92b5-4f08-a6dc-7e3b50f18c92", "2026-11-23T14:10:00Z", 1, 1),
            "card.preview-answered.v1",
            json!({"kind": "reply"}),
            json!({"answer": {"kind": "send_referral"}, "likely": ["internship"], "earliest_month": "2027-01"}),
        ),
        said(
            o("03-referral.sent", "1a9d6e84-05c7-4b32-9f6e-c8d2a47b3e50", "2026-11-24T09:15:00Z", 2, 1),
            "referral.sent.v1",
            for_referral(),
            json!({"card_version": 1, "card": referral_card()}),
        ),
        said(
            t("04-referral.accepted", "75e8b20d-c641-4a9f-b3d7-0f92e6c5a183", "2026-11-26T10:00:00Z", 2, 2),
            "referral.accepted.v1",
            json!({"kind": "reply"}),
            json!({"appointment": appointment, "already_known": false}),
        ),
        said(
            o("05-contact.released", "f2c60b79-3e8d-4d15-8a24-b96d1e7f5c03", "2026-11-26T10:00:20Z", 3, 2),
            "contact.released.v1",
            for_referral(),
            json!({"card_version": 1, "contact": contact(), "documents": documents()}),
        ),
        said(
            o("06-card.updated", "903d5a1f-b7c2-4e68-9d40-2f8a6c1b7e35", "2026-12-02T10:30:00Z", 4, 2),
            "card.updated.v1",
            for_referral(),
            json!({"card_version": 2, "card": {"needs": {"support_requests": ["language_course"]}}}),
        ),
        said(
            Place {
                file: "07-consent.withdrawn",
                from_centre: true,
                id: "2e7f94c8-6a1b-4053-b8de-5d3c9a0f7162",
                at: "2026-12-02T11:00:00Z",
                in_thread: None,
            },
            "consent.withdrawn.v1",
            duty(RECORD_P2),
            json!({"record": RECORD_P2, "seq": 1, "recall": RECALL, "due": "2026-12-05T11:00:00Z"}),
        ),
        said(
            o("08-referral.withdrawn", "ab51e7d3-f08c-4926-83b4-6e9d2c5f1a70", "2026-12-02T11:00:00Z", 5, 2),
            "referral.withdrawn.v1",
            duty(THREAD),
            json!({"by": "person"}),
        ),
        said(
            t("09-referral.progressed", "c83f0a65-1d9e-4b74-a50c-94e7b6d2f318", "2026-12-02T11:00:10Z", 3, 3),
            "referral.progressed.v1",
            json!({"kind": "reply"}),
            json!({"kind": "first_contact", "on": "2026-12-01"}),
        ),
        said(
            o("10-contact.released-refused", "5d26c9b0-8f4e-4a37-9e81-d7b0f3a6c529", "2026-12-02T11:05:00Z", 6, 3),
            "contact.released.v1",
            for_referral(),
            json!({"card_version": 2, "contact": contact()}),
        ),
    ]
    .into_iter()
    .chain(moved())
    .collect()
}

/// Somebody else moves to another centre: her record is offered and taken, and the office that had taken her on is told.
fn moved() -> [Said; 3] {
    let between = |message: Said, from: EntityId, to: EntityId, thread: &str, subject: &str| {
        let (thread, subject_ref) = (Some(thread.parse().unwrap()), Some(subject.parse().unwrap()));
        let claims = Claims { iss: from.clone(), aud: to.clone(), thread, subject_ref, ..message.claims };
        Said { file: message.file, from, to, claims }
    };
    let groups = ["g.preview", "g.identity", "g.status", "g.skills_full", "g.needs", "g.contact"];
    let mut grant = consent("P12", RECORD_P12, &groups, "2027-06-01T09:00:00Z");
    grant["grant"]["recipient"] = json!("ipa:acc_pt_es");
    let mut card = referral_card();
    card["contact"] = contact();
    let o = |file, id, at, seq, seen| Place { file, from_centre: true, id, at, in_thread: Some((seq, seen)) };
    let transferred = said(
        o("11-card.transferred", "d07a3c58-2b41-4f96-9e0d-81c5f7b6a243", "2026-12-03T09:00:00Z", 1, 0),
        "card.transferred.v1",
        grant,
        json!({"card_version": 1, "card": card}),
    );
    let answered = said(
        o("12-card.transfer-answered", "48e1b7d5-c03a-4d29-a6f8-f52e0c9b7d16", "2026-12-04T10:00:00Z", 1, 1),
        "card.transfer-answered.v1",
        json!({"kind": "reply"}),
        json!({"answer": {"kind": "taken"}}),
    );
    let told = said(
        o("13-referral.holder-changed", "76f20d9e-5b8c-4a13-b47d-c9e3a1f08b52", "2026-12-04T10:00:05Z", 3, 2),
        "referral.holder-changed.v1",
        duty(THREAD_OF_THE_MOVED),
        json!({"holder": {"entity_id": other(), "organisation_name": "Accoglienza Pistoia"}}),
    );
    [
        between(transferred, centre(), other(), THREAD_OF_THE_TRANSFER, "3c9e7f10-a5d8-4b62-8e47-d1f06b2a95c3"),
        between(answered, other(), centre(), THREAD_OF_THE_TRANSFER, "3c9e7f10-a5d8-4b62-8e47-d1f06b2a95c3"),
        between(told, centre(), cpi(), THREAD_OF_THE_MOVED, "b80d4e6c-19f3-47a5-92c8-6e5a0f7d3b14"),
    ]
}

pub(crate) fn message(file: &str) -> Said {
    messages().into_iter().find(|said| said.file == file).unwrap()
}
