//! What both databases and both desks say in the end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use staffetta_node::store::schema::{known_message, outbox, recall_told, receipt, received_card, task};
use staffetta_node::store::{Id, Store};
use uuid::Uuid;

use crate::network::{CPI, Network, Node};
use crate::said;
use crate::work::{TakenBack, Work};

/// A message that a node sent.
#[derive(Debug, Clone)]
struct Sent {
    id: Uuid,
    peer: String,
    kind: String,
    thread: Option<(Uuid, i64)>,
    record: Option<Uuid>,
    number: Option<(i32, i64)>,
    digest: String,
    state: String,
    code: Option<String>,
    receipt: Option<Uuid>,
}

/// A message that a node was given.
#[derive(Debug, Clone)]
struct Known {
    peer: String,
    digest: String,
    outcome: String,
}

async fn sent(store: &Store) -> Vec<Sent> {
    type Row = (
        (Id, String, String, Option<Id>, Option<i64>, Option<Id>),
        (Option<i32>, Option<i64>, String, String, Option<String>, Option<Id>),
    );
    let rows: Vec<Row> = store
        .read(|conn| {
            let columns = (
                (outbox::message, outbox::peer, outbox::kind, outbox::thread, outbox::thread_seq, outbox::record),
                (outbox::epoch, outbox::seq, outbox::digest, outbox::state, outbox::code, outbox::receipt),
            );
            Ok(outbox::table.select(columns).load(conn)?)
        })
        .await
        .expect("the outbox can be read");
    let made = rows.into_iter().map(
        |((id, peer, kind, thread, thread_seq, record), (epoch, seq, digest, state, code, receipt))| Sent {
            id: id.0,
            peer,
            kind,
            thread: thread.map(|id| id.0).zip(thread_seq),
            record: record.map(|id| id.0),
            number: epoch.zip(seq),
            digest,
            state,
            code,
            receipt: receipt.map(|id| id.0),
        },
    );
    made.collect()
}

async fn known(store: &Store) -> HashMap<Uuid, Known> {
    let rows: Vec<(Id, String, String, String)> = store
        .read(|conn| {
            let columns = (known_message::message, known_message::peer, known_message::digest, known_message::outcome);
            Ok(known_message::table.select(columns).load(conn)?)
        })
        .await
        .expect("what is known can be read");
    rows.into_iter().map(|(id, peer, digest, outcome)| (id.0, Known { peer, digest, outcome })).collect()
}

/// The messages of which a node still has something: their bytes, or a part of a card that they brought.
async fn held(store: &Store) -> HashSet<Uuid> {
    let rows: (Vec<Id>, Vec<Id>) = store
        .read(|conn| {
            let bytes = known_message::table.filter(known_message::sealed.is_not_null());
            let bytes = bytes.select(known_message::message).load(conn)?;
            Ok((bytes, received_card::table.select(received_card::message).distinct().load(conn)?))
        })
        .await
        .expect("what is held can be read");
    rows.0.into_iter().chain(rows.1).map(|id| id.0).collect()
}

/// The receipts of a node to or from another one, by id and by digest.
async fn receipts(store: &Store, direction: &'static str, peer: &str) -> (HashSet<Uuid>, HashSet<String>) {
    let peer = peer.to_owned();
    let rows: Vec<(Id, String)> = store
        .read(move |conn| {
            let found = receipt::table.filter(receipt::direction.eq(direction)).filter(receipt::peer.eq(peer));
            Ok(found.select((receipt::id, receipt::digest)).load(conn)?)
        })
        .await
        .expect("receipts can be read");
    (rows.iter().map(|(id, _)| id.0).collect(), rows.into_iter().map(|(_, digest)| digest).collect())
}

/// With how many keys each node signed what its partners hold of it: receipts name theirs in their headers.
pub(crate) async fn signing_keys(network: &Network) -> BTreeMap<&'static str, usize> {
    let mut keys = BTreeMap::new();
    for node in &network.nodes {
        let given: Vec<String> = with(node, async |store: &Store| {
            let given = receipt::table.filter(receipt::direction.eq("out")).select(receipt::jws);
            store.read(move |conn| Ok(given.load(conn)?)).await.expect("receipts can be read")
        })
        .await;
        let headers: HashSet<&str> = given.iter().filter_map(|jws| jws.split('.').next()).collect();
        if !headers.is_empty() {
            keys.insert(node.name, headers.len());
        }
    }
    keys
}

pub(crate) async fn with<T>(node: &Node, look: impl AsyncFnOnce(&Store) -> T) -> T {
    let store = node.store();
    let seen = look(&store).await;
    store.close().await;
    seen
}

/// Everything that is not as it must be.
pub(crate) async fn judge(network: &Network, work: &Work) -> Vec<String> {
    let mut findings = Vec::new();
    for from in &network.nodes {
        for to in network.nodes.iter().filter(|to| to.id != from.id) {
            one_way(from, to, work, &mut findings).await;
        }
        strangers(from, network, &mut findings).await;
    }
    said::judge(work, &mut findings).await;
    for node in &network.nodes {
        let verified = node.run(&["audit", "verify"]);
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        if !verified.status.success() {
            findings.push(format!("{}: the journal does not verify: {said}", node.name));
        }
    }
    findings
}

/// Tasks at both sides that say that one of them has forgotten something.
pub(crate) async fn told_of_it(network: &Network) -> i64 {
    let mut told = 0;
    for node in [network.centre(), network.cpi()] {
        let of_links = with(node, async |store| {
            store
                .read(|conn| Ok(task::table.filter(task::kind.eq("link_restored")).count().get_result::<i64>(conn)?))
                .await
        });
        told += of_links.await.expect("tasks can be read");
    }
    told
}

/// What a node has for, or from, somebody who is no node of the drill.
async fn strangers(node: &Node, network: &Network, findings: &mut Vec<String>) {
    let is_known = |peer: &String| network.nodes.iter().any(|it| it.id == *peer && it.id != node.id);
    let (sent, known) = with(node, async |store| (sent(store).await, known(store).await)).await;
    let odd =
        sent.iter().map(|it| &it.peer).chain(known.values().map(|it| &it.peer)).filter(|it| !is_known(it)).count();
    if odd > 0 {
        findings.push(format!("{}: {odd} messages of nobody in this network", node.name));
    }
}

/// One direction: what was sent, what is known of it, and the receipts of both.
async fn one_way(from: &Node, to: &Node, work: &Work, findings: &mut Vec<String>) {
    let mut find = |what: String| findings.push(format!("{} to {}: {what}", from.name, to.name));
    let (messages, ids) = with(from, async |store| (sent(store).await, receipts(store, "in", &to.id).await)).await;
    let there = async |store: &Store| (known(store).await, receipts(store, "out", &from.id).await, held(store).await);
    let (known, given, held) = with(to, there).await;
    let mut accepted = 0;
    let mut orders: BTreeMap<Uuid, Vec<Placed>> = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    for message in messages.iter().filter(|message| message.peer == to.id) {
        let there = known.get(&message.id);
        match message.state.as_str() {
            "delivered" => {
                accepted += 1;
                match there {
                    None => find(format!("{} {} is receipted and not there", message.kind, message.id)),
                    Some(it) if it.outcome != "accepted" || it.digest != message.digest || it.peer != from.id => {
                        find(format!("{} {} is receipted and there as {}", message.kind, message.id, it.outcome));
                    }
                    Some(_) => {}
                }
                if message.receipt.is_none_or(|id| !ids.0.contains(&id)) {
                    find(format!("{} {} arrived without a receipt", message.kind, message.id));
                }
            }
            "struck" | "void" | "expired" => {
                if there.is_some_and(|it| it.outcome == "accepted") {
                    find(format!("{} {} was {} and is there", message.kind, message.id, message.state));
                }
            }
            // Sent again out of a copy, after its id was voided.
            "refused" if message.code.as_deref() == Some("voided") => {
                if there.is_some_and(|it| it.outcome == "accepted") {
                    find(format!("{} {} was voided and is there", message.kind, message.id));
                }
            }
            "refused" if crossed(work, message) => {}
            state => find(format!("{} {} is {state}: {:?}", message.kind, message.id, message.code)),
        }
        if let Some(number) = message.number {
            if !numbers.insert(number) {
                find(format!("two messages have the number {number:?}"));
            }
            if let (Some((thread, seq)), "delivered") = (message.thread, message.state.as_str()) {
                orders.entry(thread).or_default().push((number, seq));
            }
        }
    }
    for (thread, mut order) in orders {
        order.sort_unstable();
        if order.windows(2).any(|pair| pair[0].1 >= pair[1].1) {
            find(format!("thread {thread} did not arrive in its order"));
        }
    }
    let took = known.values().filter(|it| it.peer == from.id && it.outcome == "accepted").count();
    // Whoever went back to a copy has forgotten what it sent after it.
    let forgot = work.has_gone_back() && from.name == CPI;
    if took < accepted || (took > accepted && !forgot) {
        find(format!("{accepted} messages were receipted and {took} were taken"));
    }
    let may_lack = work.has_gone_back() && to.name == CPI;
    if !may_lack && !ids.1.is_subset(&given.1) {
        find("a receipt was kept that the other side does not have".to_owned());
    }
    let told = with(from, async |store| told(store, &to.id).await).await;
    let messages: Vec<Sent> = messages.into_iter().filter(|message| message.peer == to.id).collect();
    for yes in work.withdrawn() {
        taken_back(&yes, &messages, &told, &held, &mut find);
    }
}

/// Whether it was refused in a conversation that the two sides may see differently, since one went back to a copy.
fn crossed(work: &Work, message: &Sent) -> bool {
    work.has_gone_back() && matches!(message.kind.as_str(), "referral.info-requested.v1" | "referral.info-provided.v1")
}

/// That a yes was taken back, as a node told it a peer.
#[derive(Debug, Clone)]
struct Told {
    message: Uuid,
    /// Whether the peer has answered what became of what it held.
    is_answered: bool,
}

/// By record.
async fn told(store: &Store, peer: &str) -> HashMap<Uuid, Told> {
    let peer = peer.to_owned();
    let rows: Vec<(Id, Id, bool)> = store
        .read(move |conn| {
            let columns = (recall_told::record, recall_told::message, recall_told::complete);
            Ok(recall_told::table.filter(recall_told::peer.eq(peer)).select(columns).load(conn)?)
        })
        .await
        .expect("recalls can be read");
    rows.into_iter()
        .map(|(record, message, complete)| (record.0, Told { message: message.0, is_answered: complete }))
        .collect()
}

/// Of a yes that was taken back: who was given something under it was told and has answered, nothing of it is there any more,
/// and nothing arrived after that.
fn taken_back(
    yes: &TakenBack,
    messages: &[Sent],
    told: &HashMap<Uuid, Told>,
    held: &HashSet<Uuid>,
    find: &mut impl FnMut(String),
) {
    let record: Uuid = yes.record.parse().expect("a record has an id");
    let arrived = || messages.iter().filter(|it| it.state == "delivered");
    let given: Vec<&Sent> = arrived().filter(|it| it.record == Some(record)).collect();
    let Some(first) = given.first() else { return };
    let Some(told) = told.get(&record) else {
        find(format!("{} {} arrived, and nobody was told that its yes was taken back", first.kind, first.id));
        return;
    };
    let Some(word) = arrived().find(|it| it.id == told.message) else {
        find(format!("that the yes to {} {} was taken back did not arrive", first.kind, first.id));
        return;
    };
    if !told.is_answered {
        find(format!("what became of {} {} was never answered", first.kind, first.id));
    }
    for kept in given.iter().filter(|it| held.contains(&it.id)) {
        find(format!("{} {} is held although its yes was taken back", kept.kind, kept.id));
    }
    // What the conversation went on with under another yes has ended too, where it was the referral's.
    let also = |it: &&Sent| it.record == Some(record) || (yes.ends_all && it.record.is_some() && in_one(it, first));
    for late in arrived().filter(also).filter(|it| it.number > word.number) {
        find(format!("{} {} was taken after its yes was taken back", late.kind, late.id));
    }
}

/// Whether two messages belong to one conversation.
fn in_one(one: &Sent, other: &Sent) -> bool {
    one.thread.zip(other.thread).is_some_and(|((one, _), (other, _))| one == other)
}

/// Epoch and number on the link, and the number in the thread.
type Placed = ((i32, i64), i64);
