use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use staffetta_protocol::modi::{self, Body, CallHeaders};
use uuid::Uuid;

use super::net::{Net, Node, each};
use crate::keys::Kind;
use crate::peers::{CallError, NoAnswer};

fn json_bytes(value: Value) -> Option<Bytes> {
    Some(value.to_string().into())
}

/// Headers of a call by `from` that a test may spoil before it sends them.
async fn made(net: &Net, from: &Node, resource: &str, body: Option<&[u8]>) -> CallHeaders {
    let body = body.map(|bytes| Body { bytes, content_type: "application/json", content_encoding: None });
    let key = from.signing().await;
    modi::call(&key, from.id(), resource, body, Uuid::new_v4().to_string(), net.now()).unwrap()
}

/// Sends a call as it is and says status, code, and whether the answer was signed.
async fn sent(to: &Node, headers: &CallHeaders, body: Option<&[u8]>) -> (u16, String, bool) {
    sent_to(to, "/exchange/echo", headers, body).await
}

async fn sent_to(to: &Node, path: &str, headers: &CallHeaders, body: Option<&[u8]>) -> (u16, String, bool) {
    let url = format!("{}{path}", to.id().resource());
    let method = if body.is_some() { Method::POST } else { Method::GET };
    let mut request = reqwest::Client::new().request(method, url).header("authorization", &headers.authorization);
    if let Some(integrity) = &headers.integrity {
        request = request.header("digest", integrity.digest.to_string());
        request = request.header("agid-jwt-signature", &integrity.signature);
    }
    if let Some(body) = body {
        request = request.header("content-type", "application/json").body(body.to_vec());
    }
    let answer = request.send().await.unwrap();
    let signed = answer.headers().contains_key(modi::SIGNATURE);
    assert!(answer.headers().contains_key("date"));
    if answer.status() == 401 {
        assert_eq!(answer.headers()["www-authenticate"], r#"Bearer error="invalid_token""#);
    }
    let status = answer.status().as_u16();
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned(), signed)
}

#[actix_web::test]
async fn a_call_and_its_answer_are_both_signed_whatever_the_status() {
    each(|net| async move {
        let b = net.a.peers.resolve(net.b.id()).await.unwrap();
        let call = |method, path: &'static str, body| net.a.peers.call(&b, method, path, body);
        let answer = call(Method::POST, "/exchange/echo", json_bytes(json!({"n": 1}))).await.unwrap();
        assert_eq!(answer.json::<Value>().unwrap(), json!({"caller": net.a.id(), "sent": {"n": 1}}));
        assert_eq!(call(Method::GET, "/exchange/echo", None).await.unwrap().status, 200);
        let refused = call(Method::POST, "/exchange/conflict", json_bytes(json!({}))).await.unwrap();
        assert_eq!((refused.status, refused.problem().unwrap().code), (409, "conflict".into()));
        let garbled = call(Method::POST, "/exchange/echo", Some("{\"a\":1,\"a\":2}".into())).await.unwrap();
        assert_eq!((garbled.status, garbled.problem().unwrap().code), (400, "malformed_request".into()));
        assert_eq!(net.a.peers.clock_confirmed_at(), Some(net.now()));
        assert!(net.b.refusals().await.is_empty());
    })
    .await;
}

#[actix_web::test]
async fn a_clock_that_somebody_turns_is_confirmed_by_nobody_until_the_next_answer() {
    each(|net| async move {
        let (a, clock) = (&net.a.peers, net.a.peers.0.clock.clone());
        clock.advance(TimeDelta::hours(4));
        let confirmed = || a.clock_is_confirmed(clock.now());
        assert!(!confirmed());
        let b = a.resolve(net.b.id()).await.unwrap();
        let ask = async || a.call(&b, Method::GET, "/exchange/echo", None).await;
        ask().await.unwrap();
        assert!(confirmed());
        clock.turn(TimeDelta::minutes(2));
        assert!(confirmed(), "a clock is corrected by a little all the time");
        clock.turn(TimeDelta::seconds(1));
        assert!(!confirmed(), "by far less than a day");
        clock.turn(TimeDelta::seconds(-121));
        assert!(confirmed(), "turned back, it is what was confirmed");
        clock.turn(TimeDelta::hours(-3));
        assert!(!confirmed(), "nor backwards");
        ask().await.unwrap();
        assert!(confirmed());
        clock.advance(TimeDelta::hours(23));
        assert!(confirmed(), "time passed, and nobody turned anything");
        clock.advance(TimeDelta::hours(2));
        assert!(!confirmed());
    })
    .await;
}

#[actix_web::test]
async fn answers_that_prove_nothing_do_not_count() {
    each(|net| async move {
        let b = net.a.peers.resolve(net.b.id()).await.unwrap();
        let get = |path: &'static str| net.a.peers.call(&b, Method::GET, path, None);
        assert!(matches!(get("/bare").await, Err(CallError::NotSigned { status: 200, .. })));
        assert!(matches!(get("/exchange/open").await, Err(CallError::NotSigned { status: 200, .. })));
        assert!(matches!(get("/away").await, Err(CallError::NotSigned { status: 302, .. })), "no redirect is followed");
        assert!(matches!(get("/large").await, Err(CallError::NoAnswer(NoAnswer::TooLarge))));
        net.b.peers.0.store.close().await;
        assert!(matches!(
            get("/exchange/echo").await,
            Err(CallError::NotSigned { status: 503, retry_after: Some(_), .. })
        ));
    })
    .await;
}

#[actix_web::test]
async fn what_does_not_prove_its_caller_is_refused_and_recorded() {
    each(|net| async move {
        let resource = net.b.id().resource();
        let good = made(&net, &net.a, &resource, None).await;
        assert_eq!(sent(&net.b, &good, None).await, (200, String::new(), true));
        let unauthenticated = (401, "not_authenticated".to_owned(), false);
        assert_eq!(sent(&net.b, &good, None).await, unauthenticated, "a replay");

        let elsewhere = made(&net, &net.a, &net.a.id().resource(), None).await;
        assert_eq!(sent(&net.b, &elsewhere, None).await, unauthenticated, "another audience");

        let old = made(&net, &net.a, &resource, None).await;
        net.clock.advance(TimeDelta::minutes(5));
        assert_eq!(sent(&net.b, &old, None).await, unauthenticated, "a stale token");

        let mut forged = made(&net, &net.a, &resource, None).await;
        forged.authorization = made(&net, &net.b, &resource, None).await.authorization;
        assert_eq!(sent(&net.b, &forged, None).await, unauthenticated, "ourselves");

        net.authority.members.lock().unwrap().remove(net.a.id());
        net.clock.advance(TimeDelta::hours(1));
        let expelled = made(&net, &net.a, &resource, None).await;
        assert_eq!(sent(&net.b, &expelled, None).await, unauthenticated, "expelled");

        let mut reasons = net.b.refusals().await;
        reasons.sort();
        assert_eq!(reasons, ["expelled", "not_a_member", "replay", "stale_token", "wrong audience"]);
    })
    .await;
}

#[actix_web::test]
async fn a_call_that_is_remembered_with_what_it_does_is_made_once() {
    each(|net| async move {
        let headers = made(&net, &net.a, &net.b.id().resource(), Some(b"{}")).await;
        let change = async || sent_to(&net.b, "/exchange/change", &headers, Some(b"{}")).await;
        assert_eq!(change().await, (200, String::new(), true));
        assert_eq!(change().await, (401, "not_authenticated".into(), false), "nothing is signed for who repeats it");
        assert_eq!(
            sent(&net.b, &headers, Some(b"{}")).await,
            (401, "not_authenticated".into(), false),
            "nor elsewhere"
        );
        assert_eq!(net.b.refusals().await, ["replay"]);
    })
    .await;
}

#[actix_web::test]
async fn an_altered_body_is_refused_in_a_signed_answer() {
    each(|net| async move {
        let resource = net.b.id().resource();
        let headers = made(&net, &net.a, &resource, Some(b"{\"n\":1}")).await;
        let refused = sent(&net.b, &headers, Some(b"{\"n\":2}")).await;
        assert_eq!(refused, (400, "integrity_invalid".into(), true));
        let mut bare = made(&net, &net.a, &resource, Some(b"{}")).await;
        bare.integrity = None;
        assert_eq!(sent(&net.b, &bare, Some(b"{}")).await, (400, "integrity_missing".into(), true));
        let body = vec![b' '; (2 << 20) + 1];
        let large = made(&net, &net.a, &resource, Some(&body)).await;
        assert_eq!(sent(&net.b, &large, Some(&body)).await, (413, "too_large".into(), false));
        let mut reasons = net.b.refusals().await;
        reasons.sort();
        assert_eq!(reasons, ["integrity_invalid", "integrity_missing", "too_large"]);
    })
    .await;
}

#[actix_web::test]
async fn a_rotated_key_is_learnt_when_it_is_first_seen_and_once_in_five_minutes() {
    each(|net| async move {
        let b = net.a.peers.resolve(net.b.id()).await.unwrap();
        let call = || net.a.peers.call(&b, Method::GET, "/exchange/echo", None);
        assert_eq!(call().await.unwrap().status, 200);
        let replace = |node: &Node| {
            let keys = node.keys.clone();
            let store = node.scratch.store().clone();
            async move { store.write(move |tx| keys.replace_compromised(tx, Kind::Protocol).map(drop)).await.unwrap() }
        };
        replace(&net.a).await;
        assert_eq!(call().await.unwrap().status, 200, "the called node learns the caller's new key");
        replace(&net.a).await;
        assert!(matches!(call().await, Err(CallError::NotSigned { status: 401, .. })), "not again at once");
        net.clock.advance(TimeDelta::minutes(5));
        assert_eq!(call().await.unwrap().status, 200);
        replace(&net.b).await;
        assert_eq!(call().await.unwrap().status, 200, "the caller learns the called node's new key");
    })
    .await;
}

#[actix_web::test]
async fn the_memory_of_calls_is_shared_and_ends() {
    each(|net| async move {
        let resource = net.b.id().resource();
        let headers = made(&net, &net.a, &resource, None).await;
        assert_eq!(sent(&net.b, &headers, None).await.0, 200);
        let claims: modi::CallClaims =
            staffetta_protocol::jose::peek(modi::bearer(&headers.authorization).unwrap()).unwrap();
        let remember = || {
            let (store, iss, jti) = (net.b.scratch.store().clone(), claims.iss.clone(), claims.jti.clone());
            async move {
                let write = store.write(move |tx| {
                    let until = tx.now() + TimeDelta::minutes(1);
                    crate::peers::rows::remember_call(tx, &iss, &jti, until)
                });
                write.await.unwrap()
            }
        };
        assert!(!remember().await, "whichever process is asked");
        net.clock.advance(TimeDelta::minutes(3));
        net.b.peers.refresh_pump().await.unwrap();
        assert!(remember().await, "a token that is dead need not be remembered");
    })
    .await;
}
