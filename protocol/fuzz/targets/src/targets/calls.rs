//! The headers of calls between nodes, and the tokens of a provider of identities.

use serde_json::{Value, json};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::jose::{ForeignKeys, Typ, verify_id_token};
use staffetta_protocol::modi::{self, Body, CallClaims, IntegrityHeaders, Sent};

use super::again;
use crate::cast::{cast, now};
use crate::corpus;

fn resource() -> String {
    cast().cpi.id.resource()
}

fn object(bytes: &[u8]) -> Option<serde_json::Map<String, Value>> {
    if let Ok(Value::Object(parts)) = serde_json::from_slice(bytes) { Some(parts) } else { None }
}

fn check(call: &CallClaims, headers: IntegrityHeaders<'_>, body: &[u8], content_type: &str) -> bool {
    let body = Body { bytes: body, content_type, content_encoding: None };
    modi::check_integrity(call, headers, Some(body), &cast().centre.keys, now()).is_ok()
}

fn identify(token: &str) -> Option<CallClaims> {
    let call = modi::identify(token, &cast().centre.keys, &resource(), now()).ok()?;
    again(&call);
    assert_eq!(call.aud, resource(), "a call for another node");
    assert!((1..=modi::MAX_LIFETIME).contains(&(call.exp - call.iat)), "a token that lives too long");
    Some(call)
}

/// The headers as they come: `{"authorization", "digest", "signature", "content_type", "body"}`.
pub(super) fn call(bytes: &[u8]) {
    let Some(parts) = object(bytes) else { return };
    let text = |name: &str| parts.get(name).and_then(Value::as_str);
    let Some(call) = modi::bearer(text("authorization").unwrap_or_default()).and_then(identify) else { return };
    let headers = IntegrityHeaders { digest: text("digest"), signature: text("signature") };
    let body = text("body").unwrap_or_default().as_bytes();
    if check(&call, headers, body, text("content_type").unwrap_or_default()) {
        let same = Digest::of(body) == Digest::of(seeds::BODY);
        assert!(same, "a body was taken that nobody signed");
    }
}

/// The same with the claims of both tokens, signed: `{"call": …, "integrity": …, "body": …}`.
pub(super) fn call_signed(bytes: &[u8]) {
    let Some(parts) = object(bytes) else { return };
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default().to_string();
    let token = cast().centre.sign(Typ::Jwt, part("call").as_bytes());
    let signature = cast().centre.sign(Typ::Jwt, part("integrity").as_bytes());
    let body = parts.get("body").and_then(Value::as_str).unwrap_or_default().as_bytes();
    let digest = Digest::of(body).to_string();
    let headers = IntegrityHeaders { digest: Some(&digest), signature: Some(&signature) };
    let Some(call) = identify(&token) else { return };
    if check(&call, headers, body, "application/json") {
        let longer = [body, b" "].concat();
        assert!(!check(&call, headers, &longer, "application/json"), "a body was taken that was altered");
        assert!(part("integrity").contains(&digest), "a body was taken that the signature does not name");
    }
}

/// The claims of an answer's signature: `{"claims": …, "body": …}`.
pub(super) fn answer_signed(bytes: &[u8]) {
    let Some(parts) = object(bytes) else { return };
    let claims = parts.get("claims").cloned().unwrap_or_default();
    let body = parts.get("body").and_then(Value::as_str).unwrap_or_default().as_bytes();
    let signature = cast().cpi.sign(Typ::Jwt, claims.to_string().as_bytes());
    let digest = Digest::of(body).to_string();
    let headers = IntegrityHeaders { digest: Some(&digest), signature: Some(&signature) };
    let sent = seeds::sent();
    let (node, caller, keys) = (&cast().cpi.id, &cast().centre.id, &cast().cpi.keys);
    let body = Body { bytes: body, content_type: "application/json", content_encoding: None };
    if modi::check_answer(headers, node, caller, &sent, body, keys, now()).is_ok() {
        let other = Sent { jti: "another".to_owned(), ..sent };
        let believed = modi::check_answer(headers, node, caller, &other, body, keys, now()).is_ok();
        assert!(!believed, "an answer counts for another request");
    }
}

/// The keys of a provider and a token of it: `{"keys": JWK set, "token": …}`; and the claims under a key that is known.
pub(super) fn id_token(bytes: &[u8]) {
    let Some(parts) = object(bytes) else { return };
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    if let Some(keys) = ForeignKeys::read(&part("keys")) {
        let token = part("token");
        let _ = keys.knows(token.as_str().unwrap_or_default());
        let _ = verify_id_token(token.as_str().unwrap_or_default(), &keys, now());
        let claims = part("claims").to_string();
        if let Ok(verified) = verify_id_token(&cast().centre.sign(Typ::Jwt, claims.as_bytes()), &keys, now()) {
            assert!(verified.exp.is_some(), "a token without an end");
        }
    }
}

pub(super) mod seeds {
    use super::*;
    use staffetta_protocol::modi::{answer, call as headers};

    pub(in crate::targets) const BODY: &[u8] = br#"{"epoch":1,"items":[]}"#;

    fn body() -> Body<'static> {
        Body { bytes: BODY, content_type: "application/json", content_encoding: None }
    }

    /// What the answer is to.
    pub(in crate::targets) fn sent() -> Sent {
        Sent { jti: "one".to_owned(), digest: Some(Digest::of(BODY)) }
    }

    pub(in crate::targets) fn call() -> Vec<Vec<u8>> {
        let party = &cast().centre;
        let made = headers(&party.key, &party.id, &resource(), Some(body()), "one".to_owned(), now());
        let made = made.expect("a key in memory signs");
        let integrity = made.integrity.expect("there is a body");
        corpus::bytes([json!({
            "authorization": made.authorization, "digest": integrity.digest.to_string(),
            "signature": integrity.signature, "content_type": "application/json",
            "body": String::from_utf8_lossy(BODY),
        })])
    }

    fn claims(jws: &str) -> Value {
        staffetta_protocol::jose::peek(jws).expect("claims of our own")
    }

    pub(in crate::targets) fn call_signed() -> Vec<Vec<u8>> {
        let made: Value = serde_json::from_slice(&call()[0]).expect("a seed is JSON");
        let text = |name: &str| made[name].as_str().unwrap_or_default();
        corpus::bytes([json!({
            "call": claims(modi::bearer(text("authorization")).unwrap_or_default()),
            "integrity": claims(text("signature")), "body": made["body"],
        })])
    }

    pub(in crate::targets) fn answer_signed() -> Vec<Vec<u8>> {
        let (node, caller) = (&cast().cpi, &cast().centre);
        let made = answer(&node.key, &node.id, &caller.id, &sent(), body(), "two".to_owned(), now());
        let signature = made.expect("a key in memory signs").signature;
        corpus::bytes([json!({"claims": claims(&signature), "body": String::from_utf8_lossy(BODY)})])
    }

    pub(in crate::targets) fn id_token() -> Vec<Vec<u8>> {
        let party = &cast().centre;
        let claims = json!({
            "iss": "https://login.example", "aud": "staffetta", "sub": "248289761001", "nonce": "n-0S6_WzA2Mj",
            "iat": now().timestamp(), "exp": now().timestamp() + 300
        });
        let token = party.sign(Typ::Jwt, claims.to_string().as_bytes());
        corpus::bytes([json!({"keys": {"keys": [party.key.jwk()]}, "token": token, "claims": claims})])
    }
}
