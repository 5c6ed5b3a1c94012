//! The receiver alone, driven with messages that were signed before.

use std::time::Instant;

use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::outbox::{self, Bounds};
use staffetta_node::store::Tx;
use staffetta_protocol::link::{Batch, BatchAnswer};
use staffetta_protocol::receipt::Outcome;

use super::figures::at_least;
use super::network::{Network, Own};
use super::queue::Referred;
use super::receiver::Receiver;

/// Senders that send one message in each request, at the same time.
pub(super) const AT_ONCE: usize = 8;
/// Messages of one request where there are many.
const BATCH: usize = 100;
/// People of a sender whose messages are only to be received.
const FEW: usize = 10;
/// How many the receiver alone is to take in a second, in batches and one by one.
const RECEIVED: (f64, f64) = (6000.0, 2500.0);

/// Batches of one sender, one after the other, and single messages of several at once.
pub(super) async fn receiver(network: &Network, messages: usize) -> Value {
    let receiver = &network.receiver;
    // A lease of these messages is never settled: each measure has senders of its own.
    let batched = presigned(&network.senders[0], receiver, FEW, messages).await;
    let begun = Instant::now();
    deliver(&network.senders[0], receiver, &batched, BATCH).await;
    let in_batches = messages as f64 / begun.elapsed().as_secs_f64();

    let each = messages / AT_ONCE;
    let mut singles = Vec::new();
    for sender in &network.senders[1..] {
        singles.push((sender, presigned(sender, receiver, FEW, each).await));
    }
    let begun = Instant::now();
    let all = singles.iter().map(|(sender, batch)| deliver(sender, receiver, batch, 1));
    futures_util::future::join_all(all).await;
    let singly = (each * AT_ONCE) as f64 / begun.elapsed().as_secs_f64();
    json!({
        "messages": messages, "goals": {
            "per_second_in_batches_of_100": at_least(in_batches, RECEIVED.0),
            "per_second_one_by_one_of_8_senders": at_least(singly, RECEIVED.1),
        },
    })
}

/// Messages with their numbers, as the sender's worker would send them. They are leased for an hour, and nobody settles
/// them.
pub(super) async fn presigned(sender: &Own, receiver: &Receiver, people: usize, messages: usize) -> Batch {
    let referred = Referred::some(sender, receiver, people).await;
    referred.queue(sender, messages).await;
    let (vault, peer) = (sender.node.vault().clone(), receiver.id.clone());
    let act = move |tx: &mut Tx<'_>| {
        let items = u32::try_from(messages).expect("some messages");
        outbox::shrink(tx, &peer, items)?;
        let bounds =
            Bounds { items, bytes: usize::MAX, lease: TimeDelta::hours(1), only_recall: false, time_holds: true };
        outbox::lease(tx, &vault, &peer, bounds, outbox::Turn::First)
    };
    let (leased, _) = sender.node.store().write(act).await.expect("a lease");
    let batch = leased.expect("messages wait").batch;
    assert_eq!(batch.items.len(), messages);
    batch
}

/// Sends them in order, so many in each request, one request after the other.
pub(super) async fn deliver(sender: &Own, receiver: &Receiver, all: &Batch, at_once: usize) {
    for items in all.items.chunks(at_once) {
        let peer = sender.node.peers().lookup(&receiver.id).await.expect("the database answers").expect("a member");
        let body = serde_json::to_vec(&Batch { epoch: all.epoch, items: items.to_vec() }).expect("a batch");
        let answer = sender.node.peers().call(&peer, Method::POST, "/exchange/messages", Some(Bytes::from(body))).await;
        let answer = answer.expect("an answer");
        let body: BatchAnswer = answer.json().expect("a receipt");
        assert!(body.items.iter().all(|item| item.outcome == Outcome::Accepted), "{:?}", body.items);
        assert_eq!(body.items.len(), items.len());
    }
}
