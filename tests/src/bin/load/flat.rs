//! Whether a full store is as fast as an empty one: the rate of the exchange with a thousand messages in the store of
//! both sides, and with many.
//!
//! A thousand are sent; then both nodes stop, their folders are copied, and in the copy what they wrote is multiplied
//! (`fill.rs`). The two pairs are the same two nodes, so one of them runs at a time: by turns, few, many, many, few.
//! Each time both open their databases anew, and some messages go before that are not measured.

use std::path::Path;
use std::time::Instant;

use diesel::prelude::*;
use serde_json::{Value, json};
use staffetta_node::app::Node;
use staffetta_node::store::schema::task;

use super::exchange::run;
use super::figures::{at_least, mean, rates, round};
use super::fill::{End, multiply};
use super::network::Network;
use super::queue::Referred;
use super::receiver;
use super::settings::copy;

/// What is in the store of whoever has few.
const FEW: usize = 1000;
/// How fast it is to be with many, where with few it is 1.
const FLAT: f64 = 0.85;

/// Sends `sampled` messages four times, and before each time a tenth of that.
pub(super) async fn flat(folder: &Path, people: usize, stored: usize, sampled: usize) -> Value {
    let (few, many) = (folder.join("few"), folder.join("many"));
    let mut network = Network::start(&few, 1).await;
    let first = FEW.min(stored / 2);
    // Two messages make a referral; the rest are cards brought up to date.
    let referred = Referred::some(&network.senders[0], &network.receiver, people.min(first / 4).max(1)).await;
    let done = network.senders[0].acknowledged(&network.receiver).await as usize;
    run(&network.senders[0], &network.receiver, &referred, first.saturating_sub(done).max(1)).await;
    let messages = network.senders[0].acknowledged(&network.receiver).await;
    network.rest().await;

    let begun = Instant::now();
    let copies = u16::try_from((stored as i64 - 1) / messages).expect("no more than 65,000,000 messages");
    copy(&few, &many, &[&network.senders[0].place.name, receiver::NAME]);
    let mut ends = [(network.senders[0].place.clone(), End::Sender), (network.receiver.place(), End::Receiver)];
    for (place, end) in &mut ends {
        place.folder.clone_from(&many);
        multiply(place, *end, messages, copies);
        let node = place.open();
        node.sealer().seal_now().await.expect("the copies get their places");
        node.close().await;
    }
    let filled = begun.elapsed();

    let mut found = [Vec::new(), Vec::new()];
    for which in [0, 1, 1, 0] {
        let set = [&few, &many][which];
        network.senders[0].come_back_in(set);
        network.receiver.come_back_in(set);
        let (sender, receiver) = (&network.senders[0], &network.receiver);
        run(sender, receiver, &referred, (sampled / 10).max(1)).await;
        found[which].push(run(sender, receiver, &referred, sampled).await.rate);
        network.rest().await;
    }
    for (place, _) in &ends {
        nothing_to_do(&place.open()).await;
    }
    network.end().await;
    let [with_few, with_many] = found;
    json!({
        "messages_of_a_run": sampled, "fill_seconds": round(filled.as_secs_f64()),
        "with_few": {"stored": messages, "measured": rates(&with_few)},
        "with_many": {"stored": messages * (i64::from(copies) + 1), "measured": rates(&with_many)},
        "goals": {"rate_with_many_to_few": at_least(mean(&with_many) / mean(&with_few), FLAT)},
    })
}

/// Nobody found the two sides different, or anything else that a person must look at: a store that was filled wrongly
/// would be noticed by the nodes themselves.
async fn nothing_to_do(node: &Node) {
    let open = |conn: &mut staffetta_node::store::Conn| Ok(task::table.select(task::kind).load::<String>(conn)?);
    let open = node.store().read(open).await.expect("the database answers");
    assert!(open.is_empty(), "{}: {open:?}", node.entity_id());
    node.close().await;
}
