use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

const NOW: i64 = 1_800_000_000;

fn key() -> SigningKey {
    SigningKey::generate().unwrap().0
}

fn set(keys: &[&SigningKey]) -> KeySet {
    KeySet::new(&Jwks { keys: keys.iter().map(|k| k.jwk().clone()).collect() })
}

/// A JWS with any header, signed by `key` as ES256 over exactly these parts.
fn forged(key: &SigningKey, header: Value, claims: &str) -> String {
    let header = URL_SAFE_NO_PAD.encode(header.to_string());
    let claims = URL_SAFE_NO_PAD.encode(claims);
    let message = format!("{header}.{claims}");
    let signature = key.raw_signature(message.as_bytes());
    format!("{message}.{signature}")
}

#[test]
fn what_was_signed_verifies_and_only_as_what_it_is() {
    let key = key();
    let jws = sign(Typ::Message, &key, &json!({"iat": NOW, "exp": NOW + 60, "n": 1})).unwrap();
    let verified = verify(&jws, Typ::Message, &set(&[&key]), at(NOW)).unwrap();
    assert_eq!(verified.claims::<Value>().unwrap()["n"], 1);
    assert_eq!(verify(&jws, Typ::Receipt, &set(&[&key]), at(NOW)).unwrap_err(), JoseError::WrongType);
}

#[test]
fn the_key_decides_the_algorithm() {
    let key = key();
    let kid = key.kid().as_str();
    let claims = json!({"iat": NOW}).to_string();
    for alg in ["none", "HS256", "ES384", "RS256", "PS256", "es256", ""] {
        let jws = forged(&key, json!({"alg": alg, "typ": "staffetta-message+jwt", "kid": kid}), &claims);
        assert_eq!(verify(&jws, Typ::Message, &set(&[&key]), at(NOW)).unwrap_err(), JoseError::Algorithm, "{alg}");
    }
    let honest = forged(&key, json!({"alg": "ES256", "typ": "staffetta-message+jwt", "kid": kid}), &claims);
    assert!(verify(&honest, Typ::Message, &set(&[&key]), at(NOW)).is_ok());
}

#[test]
fn a_header_cannot_bring_its_own_key_or_demand_anything() {
    let (ours, theirs) = (key(), key());
    let claims = json!({"iat": NOW}).to_string();
    let header = json!({"alg": "ES256", "typ": "staffetta-message+jwt", "kid": theirs.kid(), "jwk": theirs.jwk(),
        "jku": "https://evil.example/keys", "x5u": "https://evil.example/cert"});
    let jws = forged(&theirs, header, &claims);
    assert!(matches!(verify(&jws, Typ::Message, &set(&[&ours]), at(NOW)), Err(JoseError::UnknownKey(_))));
    for critical in [json!(["b64"]), json!([]), json!(null)] {
        let header = json!({"alg": "ES256", "typ": "staffetta-message+jwt", "kid": ours.kid(), "crit": critical});
        let jws = forged(&ours, header, &claims);
        assert_eq!(verify(&jws, Typ::Message, &set(&[&ours]), at(NOW)).unwrap_err(), JoseError::Critical);
    }
}

#[test]
fn another_members_signature_under_our_kid_fails() {
    let (ours, theirs) = (key(), key());
    let header = json!({"alg": "ES256", "typ": "staffetta-message+jwt", "kid": ours.kid()});
    let jws = forged(&theirs, header, &json!({"iat": NOW}).to_string());
    assert_eq!(verify(&jws, Typ::Message, &set(&[&ours]), at(NOW)).unwrap_err(), JoseError::Signature);
}

#[test]
fn times_are_judged_with_a_minute_of_leeway() {
    let key = key();
    let keys = set(&[&key]);
    let table: [(Value, Option<JoseError>); 8] = [
        (json!({"iat": NOW + 60}), None),
        (json!({"iat": NOW + 61}), Some(JoseError::NotYetValid)),
        (json!({"iat": NOW, "nbf": NOW + 60}), None),
        (json!({"iat": NOW, "nbf": NOW + 61}), Some(JoseError::NotYetValid)),
        (json!({"iat": NOW - 300, "exp": NOW - 59}), None),
        (json!({"iat": NOW - 300, "exp": NOW - 60}), Some(JoseError::Expired)),
        (json!({"iat": NOW - 9_000_000}), None),
        (json!({"iat": i64::MIN, "exp": i64::MAX}), None),
    ];
    for (claims, expected) in table {
        let jws = sign(Typ::Message, &key, &claims).unwrap();
        assert_eq!(verify(&jws, Typ::Message, &keys, at(NOW)).err(), expected, "{claims}");
    }
    for claims in [json!({}), json!({"iat": "now"}), json!({"iat": 1.5}), json!({"iat": NOW, "exp": "soon"})] {
        let jws = sign(Typ::Message, &key, &claims).unwrap();
        let error = verify(&jws, Typ::Message, &keys, at(NOW)).unwrap_err();
        assert!(matches!(error, JoseError::Claims(_)), "{claims}: {error:?}");
    }
}

#[test]
fn a_retired_key_verifies_what_it_signed_before_and_a_revoked_one_nothing() {
    let key = key();
    let with = |exp: Option<i64>, revoked: Option<Revoked>| {
        KeySet::new(&Jwks { keys: vec![Jwk { exp, revoked, ..key.jwk().clone() }] })
    };
    let jws = sign(Typ::Message, &key, &json!({"iat": NOW})).unwrap();
    assert!(verify(&jws, Typ::Message, &with(Some(NOW + 1), None), at(NOW + 100)).is_ok());
    let late = verify(&jws, Typ::Message, &with(Some(NOW), None), at(NOW + 100));
    assert_eq!(late.unwrap_err(), JoseError::KeyRetired);
    let revoked = Revoked { revoked_at: NOW + 50, reason: None };
    let refused = verify(&jws, Typ::Message, &with(None, Some(revoked)), at(NOW + 100));
    assert_eq!(refused.unwrap_err(), JoseError::KeyRevoked);
}

#[test]
fn a_key_under_a_foreign_name_or_of_a_weak_kind_is_not_used() {
    let (a, b) = (key(), key());
    let renamed = Jwk { kid: b.kid().clone(), ..a.jwk().clone() };
    assert!(renamed.verifying_key().is_err());
    let wrong_alg = Jwk { alg: Some("ES384".into()), ..a.jwk().clone() };
    assert!(wrong_alg.verifying_key().is_err());
    let symmetric = Jwk { kty: "oct".into(), crv: None, ..a.jwk().clone() };
    assert!(symmetric.verifying_key().is_err());
    let small = Jwk {
        kty: "RSA".into(),
        n: Some(URL_SAFE_NO_PAD.encode([0xff; 128])),
        e: Some("AQAB".into()),
        alg: None,
        crv: None,
        ..a.jwk().clone()
    };
    assert!(small.verifying_key().is_err());
}

#[test]
fn a_repeated_claim_is_refused_even_when_nobody_asks_for_it() {
    let key = key();
    let header = json!({"alg": "ES256", "typ": "staffetta-message+jwt", "kid": key.kid()});
    let jws = forged(&key, header, &format!(r#"{{"iat":{NOW},"x":1,"x":2}}"#));
    assert!(matches!(verify(&jws, Typ::Message, &set(&[&key]), at(NOW)), Err(JoseError::Claims(_))));
}

#[test]
fn debug_shows_no_private_key() {
    let (key, der) = SigningKey::generate().unwrap();
    assert_eq!(format!("{key:?}"), format!("SigningKey({})", key.kid()));
    assert!(!format!("{key:?}").contains(&URL_SAFE_NO_PAD.encode(&der[36..68])));
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
        let _ = header(&text);
        let _ = peek::<Value>(&text);
        let _ = verify(&text, Typ::Message, &KeySet::default(), at(NOW));
    }

    #[test]
    fn any_altered_byte_is_noticed(position in 0usize..400, bit in 0u8..8) {
        let key = key();
        let jws = sign(Typ::Message, &key, &json!({"iat": NOW, "text": "x".repeat(60)})).unwrap();
        let mut bytes = jws.clone().into_bytes();
        let position = position % bytes.len();
        bytes[position] ^= 1 << bit;
        if let Ok(text) = String::from_utf8(bytes) {
            prop_assume!(text != jws);
            prop_assert!(verify(&text, Typ::Message, &set(&[&key]), at(NOW)).is_err());
        }
    }
}

#[test]
fn a_provider_names_keys_as_it_likes_and_the_key_still_decides() {
    let key = key();
    let mut jwk = serde_json::to_value(key.jwk()).unwrap();
    jwk["kid"] = "1".into();
    let claims = json!({"iat": NOW, "exp": NOW + 60}).to_string();
    let read = |keys: Value| ForeignKeys::read(&json!({ "keys": keys })).unwrap();
    let keys = read(json!([{"kty": "oct", "k": "c2VjcmV0", "kid": "0"}, jwk]));
    let judged = |header: Value| verify_id_token(&forged(&key, header, &claims), &keys, at(NOW)).map(|_| ());
    assert_eq!(judged(json!({"alg": "ES256", "kid": "1"})), Ok(()));
    assert_eq!(judged(json!({"alg": "ES256", "kid": "1", "typ": "JWT"})), Ok(()));
    assert_eq!(judged(json!({"alg": "ES256"})), Ok(()), "the only usable key needs no name");
    assert_eq!(judged(json!({"alg": "ES256", "kid": "1", "typ": "at+jwt"})), Err(JoseError::WrongType));
    assert_eq!(judged(json!({"alg": "ES256", "kid": "1", "crit": ["b64"]})), Err(JoseError::Critical));
    assert_eq!(judged(json!({"alg": "HS256", "kid": "0"})), Err(JoseError::UnknownKey(Kid::new("0"))));
    for alg in ["none", "HS256", "RS256", "ES384"] {
        assert_eq!(judged(json!({"alg": alg, "kid": "1"})), Err(JoseError::Algorithm), "{alg}");
    }
    let late = verify_id_token(&forged(&key, json!({"alg": "ES256", "kid": "1"}), &claims), &keys, at(NOW + 200));
    assert_eq!(late.unwrap_err(), JoseError::Expired);
    let endless = forged(&key, json!({"alg": "ES256", "kid": "1"}), &json!({"iat": NOW}).to_string());
    assert!(verify_id_token(&endless, &keys, at(NOW)).is_err(), "a token without an end");
    jwk["use"] = "enc".into();
    assert!(verify_id_token(&endless, &read(json!([jwk])), at(NOW)).is_err());
    assert!(ForeignKeys::read(&json!({"keys": 1})).is_none() && ForeignKeys::read(&json!([])).is_none());
}
