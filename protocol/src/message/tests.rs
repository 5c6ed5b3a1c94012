use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::data::samples::every;
use crate::jose::{Jwk, Jwks, Revoked};

const NOW: i64 = 1_800_000_000;

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn a() -> EntityId {
    "https://a.example".parse().unwrap()
}

fn b() -> EntityId {
    "https://b.example".parse().unwrap()
}

fn key() -> SigningKey {
    SigningKey::generate().unwrap().0
}

fn set(key: &SigningKey) -> KeySet {
    KeySet::new(&Jwks { keys: vec![key.jwk().clone()] })
}

/// Claims of a well-formed message of that type.
fn claims(kind: &str, data: &Value) -> Value {
    let mut claims = json!({
        "iss": a(), "aud": b(), "jti": Uuid::from_u128(7), "iat": NOW, "exp": NOW + 86_400, "type": kind,
        "thread": Uuid::from_u128(1), "thread_seq": 1, "seen": 0, "subject_ref": Uuid::from_u128(2),
        "ground": {"kind": "reply"}, "actor": {"role": "operator", "pseudonym": "x"}, "data": data,
    });
    if kind.starts_with("consent.") {
        for absent in ["exp", "thread", "thread_seq", "seen"] {
            claims.as_object_mut().unwrap().remove(absent);
        }
    }
    claims
}

fn judge(key: &SigningKey, claims: &Value) -> Result<Message, OpenError> {
    let jws = jose::sign(Typ::Message, key, claims).unwrap();
    open(&jws, &set(key), &a(), &b(), at(NOW))
}

fn code(result: Result<Message, OpenError>) -> Option<ItemCode> {
    match result {
        Err(OpenError::Refused { code, .. }) => Some(code),
        _ => None,
    }
}

#[test]
fn every_type_opens_as_it_was_sealed() {
    let key = key();
    for (kind, data) in every() {
        let claims: Claims = serde_json::from_value(claims(kind, &data)).unwrap();
        let jws = seal(&claims, &key).unwrap();
        let message = open(&jws, &set(&key), &a(), &b(), at(NOW)).unwrap();
        assert_eq!(message.body.type_name(), kind);
        assert_eq!(message.digest, Digest::of(&jws));
        assert_eq!(serde_json::to_value(&message.body).unwrap(), data, "{kind}");
        assert_eq!(message.place.is_none(), kind.starts_with("consent."));
        assert!(rules::rule(kind).is_some(), "{kind} has a rule");
    }
}

#[test]
fn rules_and_types_name_each_other() {
    for rule in rules::RULES {
        assert!(Body::TYPES.contains(&rule.kind), "{}", rule.kind);
    }
    assert_eq!(rules::RULES.len(), Body::TYPES.len());
}

#[test]
fn what_is_missing_or_out_of_place_is_refused() {
    let key = key();
    let (kind, data) = every().remove(0);
    let good = claims(kind, &data);
    assert!(judge(&key, &good).is_ok());
    for (name, wrong) in [
        ("exp", json!(NOW + 30 * 86_400 + 1)),
        ("exp", json!(NOW)),
        ("thread_seq", json!(0)),
        ("thread_seq", json!(-1)),
        ("thread", json!("not-a-uuid")),
        ("subject_ref", Value::Null),
        ("ground", json!({"kind": "reply", "x": 1})),
        ("ground", json!({"kind": "wish"})),
        ("actor", json!({"role": "operator", "pseudonym": ""})),
        ("actor", json!({"role": "king"})),
        ("data", json!({})),
        ("data", json!([])),
    ] {
        let mut bad = good.clone();
        bad[name] = wrong;
        assert_eq!(code(judge(&key, &bad)), Some(ItemCode::MessageInvalid), "{name}");
    }
    for absent in ["exp", "thread", "thread_seq", "seen", "subject_ref", "ground", "actor", "data", "type", "jti"] {
        let mut bad = good.clone();
        bad.as_object_mut().unwrap().remove(absent);
        assert_eq!(code(judge(&key, &bad)), Some(ItemCode::MessageInvalid), "{absent}");
    }
    let recall = every().into_iter().find(|(kind, _)| *kind == "consent.withdrawn.v1").unwrap();
    let mut with_end = claims(recall.0, &recall.1);
    with_end["exp"] = json!(NOW + 60);
    assert_eq!(code(judge(&key, &with_end)), Some(ItemCode::MessageInvalid));
}

#[test]
fn unknown_claims_are_ignored_and_unknown_fields_of_data_refused() {
    let key = key();
    let (kind, data) = every().remove(0);
    let mut more = claims(kind, &data);
    more["of_a_later_version"] = json!({"x": [1]});
    assert!(judge(&key, &more).is_ok());
    let mut inside = claims(kind, &data);
    inside["data"]["of_a_later_version"] = json!(1);
    assert_eq!(code(judge(&key, &inside)), Some(ItemCode::MessageInvalid));
    let mut unknown = claims(kind, &data);
    unknown["type"] = json!("card.preview.v2");
    assert_eq!(code(judge(&key, &unknown)), Some(ItemCode::TypeNotSupported));
}

#[test]
fn a_grant_that_breaks_the_rules_of_its_purpose_is_refused() {
    let key = key();
    let (kind, data) = every().remove(0);
    let mut bad = claims(kind, &data);
    bad["ground"] = json!({"kind": "consent", "grant": {
        "record": Uuid::from_u128(3), "seq": 1, "purpose": "P1", "recipient": "ipa:c_g999",
        "groups": ["g.preview", "g.identity"], "not_after": "2027-06-01T00:00:00Z", "single_use": false,
        "notice_hash": Digest::of("notice")}});
    assert_eq!(code(judge(&key, &bad)), Some(ItemCode::MessageInvalid));
}

#[test]
fn the_wrong_parties_refuse_the_request_and_time_or_key_the_item() {
    let key = key();
    let (kind, data) = every().remove(0);
    let good = claims(kind, &data);
    let jws = jose::sign(Typ::Message, &key, &good).unwrap();
    let misaddressed = |from: EntityId, me: EntityId| open(&jws, &set(&key), &from, &me, at(NOW)).unwrap_err();
    assert_eq!(misaddressed(b(), b()), OpenError::Misaddressed(Misaddressed::Issuer));
    assert_eq!(misaddressed(a(), a()), OpenError::Misaddressed(Misaddressed::Audience));
    let late = open(&jws, &set(&key), &a(), &b(), at(NOW + 86_400 + 60));
    assert_eq!(code(late), Some(ItemCode::Expired));
    assert!(open(&jws, &set(&key), &a(), &b(), at(NOW + 86_400 + 59)).is_ok());
    let early = open(&jws, &set(&key), &a(), &b(), at(NOW - 61));
    let id = Some(serde_json::from_value(good["jti"].clone()).unwrap());
    assert_eq!(early.unwrap_err(), OpenError::NotYet { id }, "no refusal: one of the clocks is wrong");
    assert!(open(&jws, &set(&key), &a(), &b(), at(NOW - 60)).is_ok());
    let other = self::key();
    assert_eq!(open(&jws, &set(&other), &a(), &b(), at(NOW)).unwrap_err(), OpenError::UnknownKey);
    let published = |exp: Option<i64>, revoked: Option<Revoked>| {
        KeySet::new(&Jwks { keys: vec![Jwk { exp, revoked, ..key.jwk().clone() }] })
    };
    assert!(open(&jws, &published(Some(NOW + 1), None), &a(), &b(), at(NOW)).is_ok(), "retired after signing");
    let revoked = published(None, Some(Revoked { revoked_at: NOW, reason: None }));
    assert_eq!(code(open(&jws, &revoked, &a(), &b(), at(NOW))), Some(ItemCode::KeyRevoked));
}

#[test]
fn a_message_larger_than_the_bound_is_neither_made_nor_opened() {
    let key = key();
    let (kind, data) = every().remove(0);
    let mut large = claims(kind, &data);
    large["padding"] = json!("x".repeat(MAX_MESSAGE_BYTES));
    assert_eq!(code(judge(&key, &large)), Some(ItemCode::MessageInvalid));
}

#[test]
fn debug_shows_nothing_of_the_content() {
    let key = key();
    for (kind, data) in every() {
        let message = judge(&key, &claims(kind, &data)).unwrap();
        assert!(!format!("{message:?}").contains("Zzmark"), "{kind}");
    }
}

proptest! {
    #[test]
    fn arbitrary_claims_never_panic(text in "\\PC{0,300}") {
        let key = key();
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            let _ = judge(&key, &value);
        }
        let _ = open(&text, &set(&key), &a(), &b(), at(NOW));
    }

    #[test]
    fn a_changed_value_never_panics(which in 0usize..30, name in 0usize..13, number in any::<i64>()) {
        let key = key();
        let all = every();
        let (kind, data) = &all[which % all.len()];
        let mut bad = claims(kind, data);
        let names: Vec<String> = bad.as_object().unwrap().keys().cloned().collect();
        bad[&names[name % names.len()]] = json!(number);
        let _ = judge(&key, &bad);
    }
}
