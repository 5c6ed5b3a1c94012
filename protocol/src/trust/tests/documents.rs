use serde_json::{Value, json};

use super::*;
use crate::jose::Jwk;

#[test]
fn restricting_claims_are_legal_in_statements_only_and_never_ignored() {
    let net = Net::new();
    let keys = KeySet::new(&jwks(&[&net.authority, &net.federation]));
    let with = |document: &dyn Fn() -> Value, name: &str, value: Value| {
        let mut claims = document();
        claims[name] = value;
        claims
    };
    let configuration = || serde_json::to_value(&net.configuration).unwrap();
    for (name, value) in
        [("constraints", json!({"max_path_length": 1})), ("metadata_policy", json!({})), ("crit", json!(["x"]))]
    {
        let jws = jose_sign(&net.federation, &with(&configuration, name, value));
        assert!(matches!(EntityConfiguration::open(&jws, &keys, at(NOW)), Err(TrustError::Claims(_))), "{name}");
    }
    let statement = || serde_json::to_value(&net.statement).unwrap();
    let anchor = id("https://rete.example");
    for (name, value) in [
        ("crit", json!(["x"])),
        ("crit", json!(null)),
        ("metadata_policy_crit", json!(["regexp"])),
        ("constraints", json!({"naming_constraints": {"permitted": [".example"]}})),
        ("sub", json!("https://rete.example")),
        ("iss", json!("https://altra.example")),
    ] {
        let jws = jose_sign(&net.authority, &with(&statement, name, value));
        let opened = SubordinateStatement::open(&jws, &anchor, &keys, at(NOW));
        assert!(matches!(opened, Err(TrustError::Claims(_))), "{name}");
    }
    let jws = jose_sign(&net.authority, &with(&statement, "of_a_later_version", json!({"a": 1})));
    assert!(SubordinateStatement::open(&jws, &anchor, &keys, at(NOW)).is_ok(), "other claims are ignored");
}

fn jose_sign(key: &SigningKey, claims: &Value) -> String {
    crate::jose::sign(Typ::EntityStatement, key, claims).unwrap()
}

#[test]
fn a_later_role_breaks_nothing_and_grants_nothing() {
    let node = json!({"resource": "https://a.example/rest/staffetta/v1", "jwks": {"keys": []},
        "roles": ["cpi", "of_a_later_version"]});
    let node: OauthResource = serde_json::from_value(node).unwrap();
    assert_eq!(node.roles, Roles::from([Role::Cpi]));
}

#[test]
fn a_first_contact_proves_possession_and_no_more() {
    let net = Net::new();
    let jws = net.configuration.sign(&net.federation).unwrap();
    assert_eq!(EntityConfiguration::open_self_signed(&jws, at(NOW)), Ok(net.configuration.clone()));
    let other = net.configuration.sign(&key()).unwrap();
    assert!(EntityConfiguration::open_self_signed(&other, at(NOW)).is_err());
}

#[test]
fn a_status_answer_is_about_one_mark() {
    let net = Net::new();
    let (anchor, keys) = (id("https://rete.example"), KeySet::new(&net.anchor().jwks));
    let answer = TrustMarkStatus { iss: anchor.clone(), iat: NOW, trust_mark: "m".into(), status: MarkStatus::Revoked };
    let jws = answer.sign(&net.authority).unwrap();
    assert_eq!(TrustMarkStatus::open(&jws, &anchor, "m", &keys, at(NOW)), Ok(answer));
    assert!(TrustMarkStatus::open(&jws, &anchor, "n", &keys, at(NOW)).is_err());
    assert!(TrustMarkStatus::open(&jws, &id("https://altra.example"), "m", &keys, at(NOW)).is_err());
    let mark = net.mark.sign(&net.authority).unwrap();
    assert!(TrustMarkStatus::open(&mark, &anchor, "m", &keys, at(NOW)).is_err(), "a mark is no answer");
}

#[test]
fn historical_keys_have_an_end() {
    let net = Net::new();
    let (anchor, keys) = (id("https://rete.example"), KeySet::new(&net.anchor().jwks));
    let old = Jwk { exp: Some(NOW - 1), ..key().jwk().clone() };
    assert_eq!(historical_only(&Jwks { keys: vec![old.clone(), net.authority.jwk().clone()] }), vec![old.clone()]);
    for (jwk, good) in [(old, true), (key().jwk().clone(), false)] {
        let jws = HistoricalKeys { iss: anchor.clone(), iat: NOW, keys: vec![jwk] }.sign(&net.authority).unwrap();
        assert_eq!(HistoricalKeys::open(&jws, &anchor, &keys, at(NOW)).is_ok(), good);
    }
}

#[test]
fn size_is_judged_before_signatures() {
    let net = Net::new();
    let large = "a".repeat(MAX_SIZE + 1);
    let keys = KeySet::new(&jwks(&[&net.authority]));
    assert_eq!(EntityConfiguration::open(&large, &keys, at(NOW)), Err(TrustError::TooLarge));
    assert_eq!(EntityConfiguration::open_self_signed(&large, at(NOW)), Err(TrustError::TooLarge));
}
