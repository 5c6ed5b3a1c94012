//! From the outbox of one node to the receipts in it: many at once, and one by one.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::course::Course;
use super::figures::{at_least, below, percentile, round};
use super::network::{Network, Own};
use super::queue::Referred;
use super::receiver::Receiver;

/// How many the exchange is to make in a second.
const EXCHANGE: f64 = 2500.0;
/// Within which half of the round trips end, and 99 of a hundred, in ms.
const ROUND_TRIP: (f64, f64) = (15.0, 60.0);
/// People of the round trips.
const FEW: usize = 20;

/// What waited went.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) rate: f64,
    pub(super) seconds: f64,
    pub(super) course: Course,
}

/// Queues messages and sends them, to the last receipt. Queueing is not measured.
pub(super) async fn run(sender: &Own, receiver: &Receiver, referred: &Referred, messages: usize) -> Run {
    referred.queue(sender, messages).await;
    let first = sender.acknowledged(receiver).await;
    let begun = Instant::now();
    let sending = async {
        sender.node.links().pump().await.expect("the worker does not fail inside");
        begun.elapsed().as_secs_f64()
    };
    let (seconds, course) = tokio::join!(sending, Course::watch(sender, receiver, first, messages));
    assert_eq!(sender.acknowledged(receiver).await - first, messages as i64, "not all were receipted");
    Run { rate: messages as f64 / seconds, seconds, course }
}

/// Messages that wait, from the outbox to the receipts.
pub(super) async fn exchange(network: &Network, people: usize, messages: usize) -> Value {
    let (sender, receiver) = (&network.senders[0], &network.receiver);
    let referred = Referred::some(sender, receiver, people).await;
    let run = run(sender, receiver, &referred, messages).await;
    json!({
        "messages": messages, "people": people, "seconds": round(run.seconds),
        "per_second_of_each_tenth": run.course.rates_of_tenths(),
        "memory_mib": {"sender": run.course.held_by_sender(), "receiver": run.course.held_by_receiver()},
        "goals": {"per_second": at_least(run.rate, EXCHANGE)},
    })
}

/// One message after the other, from commit to receipt.
pub(super) async fn round_trip(network: &Network, seconds: usize) -> Value {
    let (sender, receiver) = (&network.senders[0], &network.receiver);
    let referred = Referred::some(sender, receiver, FEW).await;
    let workers = sender.node.work();
    let mut times = Vec::new();
    for n in 0..seconds * 20 {
        let expected = sender.acknowledged(receiver).await + 1;
        let next = Instant::now() + Duration::from_millis(50);
        referred.queue_one(sender, n).await;
        let begun = Instant::now();
        sender.node.links().wake();
        while sender.acknowledged(receiver).await < expected {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        tokio::time::sleep_until(next.into()).await;
    }
    workers.stop().await;
    times.sort_by(f64::total_cmp);
    let of = |share| percentile(&times, share);
    json!({
        "messages": times.len(), "worst_ms": round(of(1.0)),
        "goals": {"median_ms": below(of(0.5), ROUND_TRIP.0), "p99_ms": below(of(0.99), ROUND_TRIP.1)},
    })
}
