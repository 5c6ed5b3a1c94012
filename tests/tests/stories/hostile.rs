//! A member that is real, signs rightly, and sends what it should not.

use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;
use staffetta_node::keys::Kind;
use staffetta_protocol::card::Day;
use staffetta_protocol::consent::Ground;
use staffetta_protocol::data::{Body, Outcome as Ending, ReferralClosed};
use staffetta_protocol::id::{EntityId, MessageId, SubjectRef, ThreadId};
use staffetta_protocol::link::{Batch, BatchAnswer, Item};
use staffetta_protocol::message::{self, Actor, ActorRole, Claims};
use staffetta_protocol::modi::{self, CallHeaders};
use staffetta_protocol::trust::Role;
use staffetta_tests::{Member, on_each_database};
use uuid::Uuid;

use crate::stage::{Stage, stands};

/// "That referral is closed", well made in every respect but that nobody asked.
async fn closing(from: &Member, iss: &EntityId, aud: &EntityId, thread: (ThreadId, SubjectRef)) -> String {
    closing_as(MessageId(Uuid::new_v4()), from, iss, aud, thread).await
}

/// The same under an id of the caller's choice: signed twice, it is two messages of one id.
async fn closing_as(
    id: MessageId,
    from: &Member,
    iss: &EntityId,
    aud: &EntityId,
    thread: (ThreadId, SubjectRef),
) -> String {
    let now = from.node.clock().now();
    let body = Body::from(ReferralClosed { outcome: Ending::Moved, on: Day::parse("2026-11-23").unwrap() });
    let claims = Claims {
        iss: iss.clone(),
        aud: aud.clone(),
        jti: id,
        iat: now.timestamp(),
        exp: Some((now + TimeDelta::days(1)).timestamp()),
        kind: body.type_name().to_owned(),
        thread: Some(thread.0),
        thread_seq: Some(1),
        seen: Some(1),
        subject_ref: Some(thread.1),
        ground: Some(Ground::Reply {}),
        depth: None,
        actor: Actor { role: ActorRole::Operator, pseudonym: None },
        data: message::data_of(&body).unwrap(),
    };
    let keys = from.node.keys().clone();
    let key = from.node.store().read(move |conn| keys.signing(conn, Kind::Protocol, now)).await.unwrap();
    message::seal(&claims, &key).unwrap()
}

/// Pushes a batch; answers status and body.
async fn push(from: &Member, to: &Member, body: Vec<u8>) -> (u16, serde_json::Value) {
    let peer = from.node.peers().resolve(to.id()).await.unwrap();
    let answer =
        from.node.peers().call(&peer, Method::POST, "/exchange/messages", Some(Bytes::from(body))).await.unwrap();
    (answer.status, answer.json().unwrap_or_default())
}

fn batch(epoch: u32, items: &[(u64, &str)]) -> Vec<u8> {
    let items =
        items.iter().map(|(seq, jws)| Item { seq: *seq, message: Some((*jws).to_owned()), void: None }).collect();
    serde_json::to_vec(&Batch { epoch, items }).unwrap()
}

fn code(answer: &(u16, serde_json::Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

/// The name of the newest thread at a node, as only its own database knows it.
async fn newest_thread(holder: &Member) -> (ThreadId, SubjectRef) {
    let (thread, subject): (staffetta_node::store::Id, staffetta_node::store::Id) = holder
        .node
        .store()
        .read(|conn| {
            use diesel::prelude::*;
            use staffetta_node::store::schema::thread;
            Ok(thread::table.order(thread::opened_at.desc()).select((thread::wire, thread::subject_ref)).first(conn)?)
        })
        .await
        .unwrap();
    (ThreadId(thread.0), SubjectRef(subject.0))
}

#[actix_web::test]
async fn a_member_that_names_anothers_thread_is_told_that_it_does_not_exist() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        let intruder = stage.net.member("CPI Pistoia", Role::Cpi, "ipa:cpi_pt").await;
        let thread = newest_thread(&stage.centre).await;
        let known = closing(&intruder, intruder.id(), stage.centre.id(), thread).await;
        let invented = (ThreadId(Uuid::new_v4()), SubjectRef(Uuid::new_v4()));
        let nothing = closing(&intruder, intruder.id(), stage.centre.id(), invented).await;
        let (status, answer) = push(&intruder, &stage.centre, batch(1, &[(1, &known), (2, &nothing)])).await;
        assert_eq!(status, 200);
        let answer: BatchAnswer = serde_json::from_value(answer).unwrap();
        let codes: Vec<_> = answer.items.iter().map(|item| item.code.as_ref().map(ToString::to_string)).collect();
        assert_eq!(codes, [Some("thread_unknown".into()), Some("thread_unknown".into())], "alike to the letter");
        assert_eq!(stands(&stage.seen(&path).await).0, "received");
        assert_eq!(stage.centre.journal("exchange.item-refused").await.len(), 2);
    })
    .await;
}

#[actix_web::test]
async fn repeated_reordered_conflicting_and_misaddressed_batches_are_told_apart() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (a, b) = (&stage.cpi, &stage.centre);
        let thread = (ThreadId(Uuid::new_v4()), SubjectRef(Uuid::new_v4()));
        let id = MessageId(Uuid::new_v4());
        let [one, two] = [closing(a, a.id(), b.id(), thread).await, closing_as(id, a, a.id(), b.id(), thread).await];
        let same_id = closing_as(id, a, a.id(), b.id(), thread).await;

        let for_other = closing(a, a.id(), stage.net.authority.id(), thread).await;
        assert_eq!(code(&push(a, b, batch(1, &[(1, &for_other)])).await), (403, "audience_not_this_node"));
        let of_other = closing(a, b.id(), b.id(), thread).await;
        assert_eq!(code(&push(a, b, batch(1, &[(1, &of_other)])).await), (403, "issuer_not_caller"));
        assert_eq!(code(&push(a, b, batch(1, &[(2, &one)])).await), (409, "out_of_sequence"));
        assert_eq!(code(&push(a, b, batch(1, &[(2, &one), (1, &two)])).await), (409, "out_of_sequence"));
        assert_eq!(code(&push(a, b, batch(3, &[(1, &one)])).await), (409, "out_of_sequence"));

        let first = push(a, b, batch(1, &[(1, &one)])).await;
        let again = push(a, b, batch(1, &[(1, &one), (2, &two)])).await;
        assert_eq!((first.0, again.0), (200, 200));
        assert_eq!(first.1["items"][0], again.1["items"][0], "the original outcome");
        let refused = push(a, b, batch(1, &[(1, &two)])).await;
        assert_eq!(code(&refused), (409, "out_of_sequence"));
        assert_eq!(refused.1["expected"], 3);
        let conflict = push(a, b, batch(1, &[(3, &same_id)])).await;
        assert_eq!(conflict.1["items"][0]["code"], "message_conflict", "that item is refused, the stream goes on");
        let mut told = b.journal("exchange.batch-refused").await;
        told.dedup();
        assert!(told.contains(&"issuer_not_caller".into()) && told.contains(&"audience_not_this_node".into()));
    })
    .await;
}

#[actix_web::test]
async fn what_cannot_be_read_gets_a_clear_no_and_leaves_nothing() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (a, b) = (&stage.cpi, &stage.centre);
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500)).into_bytes();
        for (body, status) in [
            (b"{".to_vec(), 400),
            (b"{\"epoch\":1,\"epoch\":1,\"items\":[]}".to_vec(), 400),
            (b"\xff\xfe".to_vec(), 400),
            (deep, 400),
            (b"{\"epoch\":1,\"items\":[],\"more\":1}".to_vec(), 422),
            (b"{\"epoch\":\"one\",\"items\":[]}".to_vec(), 422),
            (b"{\"epoch\":1,\"items\":[]}".to_vec(), 400),
            (b"{\"epoch\":1,\"items\":[{\"seq\":1}]}".to_vec(), 400),
        ] {
            let answer = push(a, b, body).await;
            assert_eq!(answer.0, status, "{}", answer.1);
            assert!(answer.1["code"].is_string());
        }
        for query in ["people?limit=0", "people?limit=9999", "people?limit=x", "people?more=1"] {
            assert_eq!(stage.at_centre.read(query).await.refused(422), "invalid_input", "{query}");
        }
        let junk = push(a, b, batch(1, &[(1, "not.a.jws")])).await;
        assert_eq!(junk.1["items"][0]["code"], "message_invalid");
        assert!(stage.at_centre.read("referrals").await.ok()["items"].as_array().unwrap().is_empty());
    })
    .await;
}

/// Sends a recorded call to where batches are pushed, and says status, code, and whether the answer was signed.
async fn played(to: &Member, headers: &CallHeaders, body: &[u8]) -> (u16, String, bool) {
    let integrity = headers.integrity.as_ref().expect("a call with a body has its digest");
    let answer = reqwest::Client::new()
        .post(format!("{}/exchange/messages", to.id().resource()))
        .header("authorization", &headers.authorization)
        .header("digest", integrity.digest.to_string())
        .header("agid-jwt-signature", &integrity.signature)
        .header("content-type", "application/json")
        .body(body.to_vec())
        .send()
        .await
        .unwrap();
    let (status, signed) = (answer.status().as_u16(), answer.headers().contains_key(modi::SIGNATURE));
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned(), signed)
}

#[actix_web::test]
async fn a_recorded_batch_that_is_played_again_proves_nothing_whether_it_was_taken_or_not() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (a, b) = (&stage.cpi, &stage.centre);
        a.node.peers().resolve(b.id()).await.unwrap();
        let nobodys = closing(a, a.id(), b.id(), (ThreadId(Uuid::new_v4()), SubjectRef(Uuid::new_v4()))).await;
        for (body, first) in [
            (batch(1, &[(1, &nobodys)]), (200, String::new(), true)),
            (batch(1, &[(9, &nobodys)]), (409, "out_of_sequence".to_owned(), true)),
        ] {
            let (now, keys) = (a.node.clock().now(), a.node.keys().clone());
            let key = a.node.store().read(move |conn| keys.signing(conn, Kind::Protocol, now)).await.unwrap();
            let content = modi::Body { bytes: &body, content_type: "application/json", content_encoding: None };
            let id = Uuid::new_v4().to_string();
            let headers = modi::call(&key, a.id(), &b.id().resource(), Some(content), id, now).unwrap();
            assert_eq!(played(b, &headers, &body).await, first);
            assert_eq!(played(b, &headers, &body).await, (401, "not_authenticated".to_owned(), false));
        }
    })
    .await;
}
