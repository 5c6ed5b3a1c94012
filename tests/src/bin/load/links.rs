//! Whether many links cost more than one. Messages from one node to two hundred live ones are more than one machine
//! holds, so each side is asked by itself:
//!
//! - `idle`: the exchange of one sender with one receiver, whose sender has one link, and then many, of which all but
//!   that one have nothing waiting (rows of `link_out`, made here). By turns: one, many, many, one.
//! - `senders`: many real senders, each with its own keys, database, person and messages signed beforehand, that
//!   deliver batches of equal size to one receiver: in turn, batch by batch, so that each batch is of another link than
//!   the one before; and eight at once. Beside it one sender with as many messages, before and after. They are nodes
//!   that nobody can call (their partners fetch what they publish from the authority), since those need no server.

use std::time::{Duration, Instant};

use diesel::prelude::*;
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use staffetta_node::store::schema::link_out;
use staffetta_node::store::{At, Tx};
use staffetta_protocol::link::{Batch, DEFAULT_WINDOW};

use super::alone::{AT_ONCE, deliver, presigned};
use super::exchange::run;
use super::figures::{at_least, mean, rates, round};
use super::network::{Network, Own, nobody};
use super::queue::Referred;

/// How fast it is to be with many links, where with one it is 1.
const AS_FAST: f64 = 0.75;
/// Messages of a batch, where each sender has enough.
const BATCH: usize = 20;
/// People of the one sender.
const FEW: usize = 10;
/// What a node publishes must be newer by a second than what it published before.
const NEWER: Duration = Duration::from_secs(2);

/// The sender's side.
pub(super) async fn idle(network: &Network, people: usize, links: usize, sampled: usize) -> Value {
    let (sender, receiver) = (&network.senders[0], &network.receiver);
    let referred = Referred::some(sender, receiver, people).await;
    run(sender, receiver, &referred, (sampled / 10).max(1)).await;
    let mut found = [Vec::new(), Vec::new()];
    for which in [0, 1, 1, 0] {
        set_idle(sender, [0, links - 1][which]).await;
        found[which].push(run(sender, receiver, &referred, sampled).await.rate);
    }
    let [one, many] = found;
    json!({
        "links": links, "messages_of_a_run": sampled, "with_one": rates(&one), "with_many": rates(&many),
        "goals": {"rate_with_many_to_one": at_least(mean(&many) / mean(&one), AS_FAST)},
    })
}

/// Gives the sender so many links more, to which nothing goes.
async fn set_idle(sender: &Own, links: usize) {
    let act = move |tx: &mut Tx<'_>| {
        let names: Vec<String> = (0..1000).map(|n| nobody(n).to_string()).collect();
        diesel::delete(link_out::table.filter(link_out::peer.eq_any(&names))).execute(tx.conn())?;
        let now = At::from(tx.now());
        for n in 0..links {
            let row = (
                link_out::peer.eq(nobody(n).to_string()),
                link_out::epoch.eq(1),
                link_out::given_seq.eq(0),
                link_out::acked_seq.eq(0),
                link_out::queued.eq(0),
                link_out::peer_window.eq(DEFAULT_WINDOW as i32),
                link_out::next_attempt_at.eq(now),
                link_out::failures.eq(0),
                link_out::stuck.eq(0),
            );
            diesel::insert_into(link_out::table).values(row).execute(tx.conn())?;
        }
        Ok(())
    };
    sender.node.store().write(act).await.expect("rows of links");
}

/// The receiver's side.
pub(super) async fn senders(network: &Network, links: usize, messages: usize) -> Value {
    let each = (messages / links).max(1);
    let batch = BATCH.min(each);
    let receiver = &network.receiver;
    let begun = Instant::now();
    let one = &network.senders[0];
    let [before, after] = halves(presigned(one, receiver, FEW, 2 * each * links).await);
    let many = prepared(network, links, 2 * each).await;
    let prepared = begun.elapsed().as_secs_f64();

    let of_one = [timed(each * links, deliver(one, receiver, &before, batch)).await];
    let turns: Vec<Vec<Batch>> = many.iter().map(|(_, [first, _])| batches(first, batch)).collect();
    let in_turn = async {
        for turn in 0..turns[0].len() {
            for ((sender, _), batches) in many.iter().zip(&turns) {
                deliver(sender, receiver, &batches[turn], batch).await;
            }
        }
    };
    let in_turn = timed(each * links, in_turn).await;
    let all = many.iter().map(|(sender, [_, second])| deliver(sender, receiver, second, batch));
    let at_once = timed(each * links, stream::iter(all).buffer_unordered(AT_ONCE).collect::<Vec<()>>()).await;
    let of_one = [of_one[0], timed(each * links, deliver(one, receiver, &after, batch)).await];
    json!({
        "links": links, "messages_of_a_run": each * links, "batches_of": batch, "prepare_seconds": round(prepared),
        "of_one": rates(&of_one), "of_many_in_turn": round(in_turn), "of_many_eight_at_once": round(at_once),
        "goals": {"rate_of_many_in_turn_to_one": at_least(in_turn / mean(&of_one), AS_FAST)},
    })
}

/// Messages a second.
async fn timed<T>(messages: usize, work: impl Future<Output = T>) -> f64 {
    let begun = Instant::now();
    work.await;
    messages as f64 / begun.elapsed().as_secs_f64()
}

/// So many senders with so many messages each, in two halves. None of them serves any more.
async fn prepared(network: &Network, links: usize, messages: usize) -> Vec<(Own, [Batch; 2])> {
    let names: Vec<String> = (0..links).map(|n| format!("molti-{n}")).collect();
    let joining = names.iter().map(|name| network.sender(name, true));
    let joined: Vec<Own> = stream::iter(joining).buffer_unordered(AT_ONCE).collect().await;
    tokio::time::sleep(NEWER).await;
    let preparing = joined.into_iter().map(|mut sender| async move {
        sender.node.peers().deposit_configuration().await.expect("the authority takes the configuration");
        let batch = presigned(&sender, &network.receiver, 1, messages).await;
        sender.fall_silent().await;
        (sender, halves(batch))
    });
    stream::iter(preparing).buffer_unordered(AT_ONCE).collect().await
}

fn halves(batch: Batch) -> [Batch; 2] {
    let (first, second) = batch.items.split_at(batch.items.len() / 2);
    [first, second].map(|items| Batch { epoch: batch.epoch, items: items.to_vec() })
}

fn batches(of: &Batch, items: usize) -> Vec<Batch> {
    of.items.chunks(items).map(|items| Batch { epoch: of.epoch, items: items.to_vec() }).collect()
}
