//! After an outage: messages wait while the receiver is away, and go when it comes back.
//!
//! The sender's workers run all the time, as those of any node do. They find the receiver away, put the link off, and
//! are woken by the receiver's first question when it is back. The rate is taken from the first receipt on; how long
//! that one took is told beside it.

use serde_json::{Value, json};

use super::course::Course;
use super::figures::{at_least, below, round};
use super::memory::Process;
use super::network::Network;
use super::queue::Referred;

/// How fast the last tenth is to be, where the first is 1.
const AS_FAST: f64 = 0.8;
/// MiB by which a process may grow. The messages themselves are some 600 MiB in each hundred thousand.
const FLAT: f64 = 32.0;

/// Queues while the receiver is away, lets it come back, and looks on.
pub(super) async fn catch_up(network: &mut Network, people: usize, messages: usize) -> Value {
    let Network { senders, receiver, .. } = network;
    let sender = &senders[0];
    let referred = Referred::some(sender, receiver, people).await;
    let workers = sender.node.work();
    let before = sender.acknowledged(receiver).await;
    receiver.leave().await;

    let own = Process::own();
    own.forget_highest();
    let mut queueing = vec![own.resident()];
    for tenth in 0..10 {
        referred.queue(sender, messages * (tenth + 1) / 10 - messages * tenth / 10).await;
        sender.node.links().wake();
        queueing.push(own.resident());
    }
    let highest_queueing = own.highest();

    own.forget_highest();
    receiver.come_back();
    let course = Course::watch(sender, receiver, before, messages).await;
    let highest = (own.highest(), receiver.process().highest());
    workers.stop().await;

    let rates = course.rates_of_tenths();
    let (sending, receiving) = (course.held_by_sender(), course.held_by_receiver());
    json!({
        "messages": messages, "people": people, "seconds_until_the_first_receipt": round(course.silence()),
        "per_second": round(course.rate()), "per_second_of_each_tenth": rates,
        "memory_mib": {
            "sender_while_the_queue_grows": queueing, "sender": sending, "receiver": receiving,
            "highest": {"sender_while_the_queue_grows": highest_queueing, "sender": highest.0, "receiver": highest.1},
        },
        "goals": {
            "rate_of_the_last_tenth_to_the_first": at_least(rates[9] / rates[0], AS_FAST),
            // From the first tenth on: before it neither process has its connections and caches yet.
            "sender_grows_mib_while_the_queue_grows": below(queueing[10] - queueing[1], FLAT),
            "sender_grows_mib": below(sending[10] - sending[1], FLAT),
            "receiver_grows_mib": below(receiving[10] - receiving[1], FLAT),
        },
    })
}
