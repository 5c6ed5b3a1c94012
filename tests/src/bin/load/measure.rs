//! The measures.

use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::outbox::{self, Bounds};
use staffetta_node::store::Tx;
use staffetta_protocol::link::{Batch, BatchAnswer, Item};
use staffetta_protocol::receipt::Outcome;

use super::network::{Network, Own, Receiver, resident};
use super::queue::Referred;

/// Senders that send one message in each request, at the same time.
pub(super) const AT_ONCE: usize = 8;
/// Messages of one request where there are many.
const BATCH: usize = 100;
/// People of a sender whose messages are only to be received.
const FEW: usize = 10;
/// How many messages the exchange is to make in a second.
const EXCHANGE: f64 = 2500.0;
/// How many the receiver alone is to take, in batches and one by one.
const RECEIVED: (f64, f64) = (6000.0, 2500.0);
/// The median and the 99th of a hundred round trips.
const ROUND_TRIP: (f64, f64) = (15.0, 60.0);

/// From the outbox of one node to the receipts in it.
pub(super) async fn exchange(network: &Network, people: usize, messages: usize) -> Value {
    let (sender, receiver) = (&network.senders[0], &network.receiver);
    let referred = Referred::some(sender, receiver, people).await;
    referred.queue(sender, messages).await;
    let first = acknowledged(sender, receiver).await;
    let before = [resident("self"), receiver.memory()];
    let begun = Instant::now();
    let node = sender.node.clone();
    let pumping = tokio::spawn(async move { node.links().pump().await });
    let mut reached = vec![(0, 0.0)];
    while !pumping.is_finished() {
        tokio::time::sleep(Duration::from_millis(50)).await;
        reached.push((acknowledged(sender, receiver).await - first, begun.elapsed().as_secs_f64()));
    }
    pumping.await.expect("the worker ends").expect("it does not fail inside");
    let seconds = begun.elapsed().as_secs_f64();
    assert_eq!(acknowledged(sender, receiver).await - first, messages as i64, "not all were receipted");
    let tenths = tenths(&reached, messages as i64, seconds);
    let rate = messages as f64 / seconds;
    json!({
        "messages": messages, "people": people, "seconds": round(seconds), "per_second": round(rate),
        "per_second_of_each_tenth": tenths,
        "memory_mib_before_and_after": {
            "sender": [before[0], resident("self")], "receiver": [before[1], receiver.memory()],
        },
        "goal_per_second": EXCHANGE, "is_within": rate >= EXCHANGE,
    })
}

/// The rate between the first observation past each tenth and the one past the tenth before.
fn tenths(reached: &[(i64, f64)], messages: i64, seconds: f64) -> Vec<f64> {
    let at = |n: i64| {
        let past = reached.iter().find(|(count, _)| *count >= messages * n / 10);
        past.copied().unwrap_or((messages, seconds))
    };
    (0..10).map(|n| (at(n), at(n + 1))).map(|(a, b)| round((b.0 - a.0) as f64 / (b.1 - a.1).max(0.001))).collect()
}

async fn acknowledged(sender: &Own, receiver: &Receiver) -> i64 {
    let peer = receiver.id.clone();
    let link = sender.node.store().read(move |conn| outbox::link(conn, &peer)).await.expect("the database answers");
    link.map_or(0, |link| link.acked_seq)
}

/// One message after the other, from commit to receipt.
pub(super) async fn round_trip(network: &Network, seconds: usize) -> Value {
    let (sender, receiver) = (&network.senders[0], &network.receiver);
    let referred = Referred::some(sender, receiver, 20).await;
    let workers = sender.node.work();
    let mut times = Vec::new();
    for n in 0..seconds * 20 {
        let expected = acknowledged(sender, receiver).await + 1;
        let next = Instant::now() + Duration::from_millis(50);
        referred.queue_one(sender, n).await;
        let begun = Instant::now();
        sender.node.links().wake();
        while acknowledged(sender, receiver).await < expected {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep_until(next.into()).await;
    }
    workers.stop().await;
    times.sort_by(f64::total_cmp);
    let of = |hundredths: usize| times[(times.len() * hundredths / 100).min(times.len() - 1)];
    json!({
        "messages": times.len(), "median_ms": round(of(50)), "p99_ms": round(of(99)), "worst_ms": round(of(100)),
        "goals_ms": ROUND_TRIP, "is_within": of(50) < ROUND_TRIP.0 && of(99) < ROUND_TRIP.1,
    })
}

/// The receiver, driven with messages that were signed before.
pub(super) async fn receiver(network: &Network, messages: usize) -> Value {
    let receiver = &network.receiver;
    // A lease of these messages is never settled: each measure has senders of its own.
    let batched = presigned(&network.senders[1], receiver, messages).await;
    let batches: Vec<&[Item]> = batched.items.chunks(BATCH).collect();
    let begun = Instant::now();
    for batch in batches {
        deliver(&network.senders[1], receiver, batched.epoch, batch).await;
    }
    let in_batches = messages as f64 / begun.elapsed().as_secs_f64();

    let each = messages / AT_ONCE;
    let mut singles = Vec::new();
    for sender in &network.senders[2..] {
        singles.push((sender, presigned(sender, receiver, each).await));
    }
    let begun = Instant::now();
    let all = singles.iter().map(|(sender, batch)| async move {
        for item in batch.items.chunks(1) {
            deliver(sender, receiver, batch.epoch, item).await;
        }
    });
    futures_util::future::join_all(all).await;
    let singly = (each * AT_ONCE) as f64 / begun.elapsed().as_secs_f64();
    json!({
        "messages": messages, "per_second_in_batches_of_100": round(in_batches),
        "per_second_one_by_one_of_8_senders": round(singly), "goals_per_second": RECEIVED,
        "is_within": in_batches >= RECEIVED.0 && singly >= RECEIVED.1,
    })
}

/// Messages with their numbers, as the sender's worker would send them.
async fn presigned(sender: &Own, receiver: &Receiver, messages: usize) -> Batch {
    let referred = Referred::some(sender, receiver, FEW).await;
    referred.queue(sender, messages).await;
    let (vault, peer) = (sender.node.vault().clone(), receiver.id.clone());
    let act = move |tx: &mut Tx<'_>| {
        outbox::shrink(tx, &peer, u32::try_from(messages).expect("some messages"))?;
        let items = u32::try_from(messages).expect("some messages");
        let bounds =
            Bounds { items, bytes: usize::MAX, lease: TimeDelta::hours(1), only_recall: false, time_holds: true };
        outbox::lease(tx, &vault, &peer, bounds)
    };
    let (leased, _) = sender.node.store().write(act).await.expect("a lease");
    let batch = leased.expect("messages wait").batch;
    assert_eq!(batch.items.len(), messages);
    batch
}

async fn deliver(sender: &Own, receiver: &Receiver, epoch: u32, items: &[Item]) {
    let peer = sender.node.peers().lookup(&receiver.id).await.expect("the database answers").expect("a member");
    let body = serde_json::to_vec(&Batch { epoch, items: items.to_vec() }).expect("a batch");
    let answer = sender.node.peers().call(&peer, Method::POST, "/exchange/messages", Some(Bytes::from(body))).await;
    let answer = answer.expect("an answer");
    let body: BatchAnswer = answer.json().expect("a receipt");
    assert!(body.items.iter().all(|item| item.outcome == Outcome::Accepted), "{:?}", body.items);
    assert_eq!(body.items.len(), items.len());
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
