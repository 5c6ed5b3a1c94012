use super::*;
use crate::jose::{Jwk, Jwks};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const RESOURCE: &str = "https://b.example/rest/staffetta/v1";

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn a() -> EntityId {
    "https://a.example".parse().unwrap()
}

fn b() -> EntityId {
    "https://b.example".parse().unwrap()
}

/// A key as nodes publish it: with the thumbprint of a certificate.
fn key(x5t: &str) -> SigningKey {
    let key = SigningKey::generate().unwrap().0;
    let jwk = Jwk { x5t_s256: Some(x5t.into()), ..key.jwk().clone() };
    key.with_jwk(jwk)
}

fn set(key: &SigningKey) -> KeySet {
    KeySet::new(&Jwks { keys: vec![key.jwk().clone()] })
}

fn body(bytes: &[u8]) -> Option<Body<'_>> {
    Some(Body { bytes, content_type: "application/json", content_encoding: None })
}

fn headers(integrity: &Integrity) -> (String, String) {
    (integrity.digest.to_string(), integrity.signature.clone())
}

fn check(key: &SigningKey, made: &CallHeaders, received: Option<Body<'_>>) -> Result<Option<Digest>, ModiError> {
    let token = bearer(&made.authorization).unwrap();
    let claims = identify(token, &set(key), RESOURCE, at(NOW))?;
    let pair = made.integrity.as_ref().map(headers);
    let headers = IntegrityHeaders {
        digest: pair.as_ref().map(|p| p.0.as_str()),
        signature: pair.as_ref().map(|p| p.1.as_str()),
    };
    check_integrity(&claims, headers, received, &set(key), at(NOW))
}

#[test]
fn an_honest_call_passes_with_and_without_body() {
    let key = key("t");
    let made = call(&key, &a(), RESOURCE, body(b"{}"), "one".into(), at(NOW)).unwrap();
    assert_eq!(check(&key, &made, body(b"{}")), Ok(Some(Digest::of("{}"))));
    let bare = call(&key, &a(), RESOURCE, None, "two".into(), at(NOW)).unwrap();
    assert_eq!(check(&key, &bare, None), Ok(None));
}

#[test]
fn a_changed_body_type_or_encoding_is_noticed() {
    let key = key("t");
    let made = call(&key, &a(), RESOURCE, body(b"{}"), "one".into(), at(NOW)).unwrap();
    for received in [
        body(b"{} "),
        Some(Body { bytes: b"{}", content_type: "text/plain", content_encoding: None }),
        Some(Body { bytes: b"{}", content_type: "application/json", content_encoding: Some("gzip") }),
    ] {
        assert!(matches!(check(&key, &made, received), Err(ModiError::Integrity(_))));
    }
    assert_eq!(check(&key, &made, None), Err(ModiError::IntegrityMissing));
    let bare = call(&key, &a(), RESOURCE, None, "two".into(), at(NOW)).unwrap();
    assert_eq!(check(&key, &bare, body(b"{}")), Err(ModiError::IntegrityMissing));
}

#[test]
fn the_two_tokens_must_belong_together() {
    let key = key("t");
    let one = call(&key, &a(), RESOURCE, body(b"{}"), "one".into(), at(NOW)).unwrap();
    let two = call(&key, &a(), RESOURCE, body(b"{}"), "two".into(), at(NOW)).unwrap();
    let mixed = CallHeaders { integrity: two.integrity, ..one };
    assert!(matches!(check(&key, &mixed, body(b"{}")), Err(ModiError::Integrity(_))));
}

#[test]
fn identity_is_refused_for_every_wrong_claim() {
    let key = key("t");
    let good = json!({"iss": a(), "sub": a(), "aud": RESOURCE, "iat": NOW, "nbf": NOW, "exp": NOW + 60, "jti": "x"});
    let judge = |change: Value| {
        let mut claims = good.clone();
        for (name, value) in change.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let token = jose::sign_with_certificate(Typ::Jwt, &key, &claims).unwrap();
        identify(&token, &set(&key), RESOURCE, at(NOW))
    };
    assert!(judge(json!({})).is_ok());
    assert!(judge(json!({"exp": NOW + 300})).is_ok());
    for wrong in [
        json!({"aud": "https://c.example/rest/staffetta/v1"}),
        json!({"aud": [RESOURCE]}),
        json!({"sub": b()}),
        json!({"exp": NOW + 301}),
        json!({"exp": NOW}),
        json!({"iat": NOW - 400, "nbf": NOW - 400, "exp": NOW - 100}),
        json!({"iat": NOW + 61, "nbf": NOW + 61, "exp": NOW + 100}),
        json!({"jti": ""}),
        json!({"jti": "x".repeat(65)}),
        json!({"iat": i64::MIN, "exp": i64::MAX}),
        json!({"nbf": null}),
    ] {
        assert!(judge(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_retired_key_or_a_foreign_thumbprint_identifies_nobody() {
    let key = key("t");
    let made = call(&key, &a(), RESOURCE, None, "one".into(), at(NOW)).unwrap();
    let token = bearer(&made.authorization).unwrap();
    let published = |jwk: Jwk| KeySet::new(&Jwks { keys: vec![jwk] });
    let retired = published(Jwk { exp: Some(NOW + 500), ..key.jwk().clone() });
    assert!(matches!(identify(token, &retired, RESOURCE, at(NOW)), Err(ModiError::Identity(_))));
    let other = published(Jwk { x5t_s256: Some("u".into()), ..key.jwk().clone() });
    assert!(matches!(identify(token, &other, RESOURCE, at(NOW)), Err(ModiError::Identity(_))));
}

#[test]
fn an_answer_counts_only_for_its_request_and_its_caller() {
    let key = key("t");
    let sent = Sent { jti: "one".into(), digest: Some(Digest::of("{}")) };
    let reply = Body { bytes: b"{\"ok\":true}", content_type: "application/json", content_encoding: None };
    let made = answer(&key, &b(), &a(), &sent, reply, "r".into(), at(NOW)).unwrap();
    let (digest, signature) = headers(&made);
    let received = IntegrityHeaders { digest: Some(&digest), signature: Some(&signature) };
    let keys = set(&key);
    assert_eq!(check_answer(received, &b(), &a(), &sent, reply, &keys, at(NOW)), Ok(()));
    let other = Sent { jti: "two".into(), ..sent.clone() };
    assert!(check_answer(received, &b(), &a(), &other, reply, &keys, at(NOW)).is_err());
    let other = Sent { digest: None, ..sent.clone() };
    assert!(check_answer(received, &b(), &a(), &other, reply, &keys, at(NOW)).is_err());
    assert!(check_answer(received, &a(), &a(), &sent, reply, &keys, at(NOW)).is_err());
    assert!(check_answer(received, &b(), &b(), &sent, reply, &keys, at(NOW)).is_err());
    let changed = Body { bytes: b"{}", ..reply };
    assert!(check_answer(received, &b(), &a(), &sent, changed, &keys, at(NOW)).is_err());
    assert!(check_answer(IntegrityHeaders::default(), &b(), &a(), &sent, reply, &keys, at(NOW)).is_err());
}
