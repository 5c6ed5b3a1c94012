//! What both databases and both desks say in the end.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use serde_json::Value;
use staffetta_node::store::schema::{known_message, outbox, receipt};
use staffetta_node::store::{Id, Store};
use uuid::Uuid;

use crate::asking::Desk;
use crate::network::{Network, Node};
use crate::people::Person;
use crate::work::{Thread, Work, day};

/// A message that a node sent.
#[derive(Debug, Clone)]
struct Sent {
    id: Uuid,
    peer: String,
    kind: String,
    thread: Option<(Uuid, i64)>,
    record: Option<Uuid>,
    subject: Option<Uuid>,
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
        (Id, String, String, Option<Id>, Option<i64>, Option<Id>, Option<Id>),
        (Option<i32>, Option<i64>, String, String, Option<String>, Option<Id>),
    );
    let rows: Vec<Row> = store
        .read(|conn| {
            let columns = (
                (
                    outbox::message,
                    outbox::peer,
                    outbox::kind,
                    outbox::thread,
                    outbox::thread_seq,
                    outbox::record,
                    outbox::subject,
                ),
                (outbox::epoch, outbox::seq, outbox::digest, outbox::state, outbox::code, outbox::receipt),
            );
            Ok(outbox::table.select(columns).load(conn)?)
        })
        .await
        .expect("the outbox can be read");
    let made = rows.into_iter().map(
        |((id, peer, kind, thread, thread_seq, record, subject), (epoch, seq, digest, state, code, receipt))| Sent {
            id: id.0,
            peer,
            kind,
            thread: thread.map(|id| id.0).zip(thread_seq),
            record: record.map(|id| id.0),
            subject: subject.map(|id| id.0),
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

/// The receipts of a node in one direction, by id and by digest.
async fn receipts(store: &Store, direction: &'static str) -> (HashSet<Uuid>, HashSet<String>) {
    let rows: Vec<(Id, String)> = store
        .read(move |conn| {
            let found = receipt::table.filter(receipt::direction.eq(direction));
            Ok(found.select((receipt::id, receipt::digest)).load(conn)?)
        })
        .await
        .expect("receipts can be read");
    (rows.iter().map(|(id, _)| id.0).collect(), rows.into_iter().map(|(_, digest)| digest).collect())
}

async fn with<T>(node: &Node, look: impl AsyncFnOnce(&Store) -> T) -> T {
    let store = node.store();
    let seen = look(&store).await;
    store.close().await;
    seen
}

/// Messages that have not left yet, at all nodes.
pub(crate) async fn waiting(network: &Network) -> usize {
    let mut all = 0;
    for node in &network.nodes {
        let messages = with(node, sent).await;
        all += messages.iter().filter(|message| matches!(message.state.as_str(), "queued" | "void")).count();
    }
    all
}

/// Messages that arrived.
pub(crate) async fn delivered(network: &Network) -> usize {
    let mut all = 0;
    for node in &network.nodes {
        all += with(node, sent).await.iter().filter(|message| message.state == "delivered").count();
    }
    all
}

/// Everything that is not as it must be.
pub(crate) async fn judge(network: &Network, work: &Work) -> Vec<String> {
    let mut findings = Vec::new();
    for (from, to) in [(network.centre(), network.cpi()), (network.cpi(), network.centre())] {
        one_way(from, to, work, &mut findings).await;
    }
    for (thread, memory) in work.threads() {
        let at_centre = numbers(work.at_centre(), &thread.at_centre, false).await;
        let at_cpi = numbers(work.at_cpi(), &thread.at_cpi, true).await;
        compare("the job centre's", &thread, &memory.by_cpi, &at_centre.by_cpi, &mut findings);
        compare("the job centre's own", &thread, &memory.by_cpi, &at_cpi.by_cpi, &mut findings);
        compare("the centre's own", &thread, &memory.by_centre, &at_centre.by_centre, &mut findings);
        compare("the centre's", &thread, &memory.by_centre, &at_cpi.by_centre, &mut findings);
    }
    for node in &network.nodes {
        let verified = node.run(&["audit", "verify"]);
        let said = String::from_utf8_lossy(&verified.stderr).into_owned();
        if !verified.status.success() {
            findings.push(format!("{}: the journal does not verify: {said}", node.name));
        }
    }
    findings
}

/// One direction: what was sent, what is known of it, and the receipts of both.
async fn one_way(from: &Node, to: &Node, work: &Work, findings: &mut Vec<String>) {
    let mut find = |what: String| findings.push(format!("{} to {}: {what}", from.name, to.name));
    let (messages, ids) = with(from, async |store| (sent(store).await, receipts(store, "in").await)).await;
    let (known, given) = with(to, async |store| (known(store).await, receipts(store, "out").await)).await;
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
            "struck" | "voided" | "void" | "expired" => {
                if there.is_some_and(|it| it.outcome == "accepted") {
                    find(format!("{} {} was {} and is there", message.kind, message.id, message.state));
                }
            }
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
    if took != accepted {
        find(format!("{accepted} messages were receipted and {took} were taken"));
    }
    if !ids.1.is_subset(&given.1) {
        find("a receipt was kept that the other side does not have".to_owned());
    }
    for person in work.withdrawn() {
        taken_back(&person, &messages, &mut find);
    }
}

/// Of somebody who took her yes back: who was given something was told, and nothing arrived after that.
fn taken_back(person: &Person, messages: &[Sent], find: &mut impl FnMut(String)) {
    let record = person.record.parse().ok();
    let given: Vec<&Sent> = messages.iter().filter(|it| it.record == record && it.state == "delivered").collect();
    let Some(first) = given.first() else { return };
    // A withdrawal rests on a duty: its row names no record. Nobody of the drill has two subjects.
    let about = |it: &&Sent| it.kind == "consent.withdrawn.v1" && it.subject == first.subject;
    let Some(told) = messages.iter().filter(about).find(|it| it.state == "delivered") else {
        find(format!("{} {} arrived, and nobody was told that its yes was taken back", first.kind, first.id));
        return;
    };
    for late in given.iter().filter(|it| it.number > told.number) {
        find(format!("{} {} was taken after its yes was taken back", late.kind, late.id));
    }
}

#[derive(Default)]
struct Numbers {
    by_cpi: Vec<String>,
    by_centre: Vec<String>,
}

/// The numbers that a desk shows in a thread, in the order of its events.
async fn numbers(desk: &Desk, id: &str, at_cpi: bool) -> Numbers {
    let shown = desk.read(&format!("referrals/{id}")).await.body;
    let mut numbers = Numbers::default();
    for event in shown["events"].as_array().into_iter().flatten() {
        let Some(number) = number(&event["detail"]) else { continue };
        let by_cpi = event["own"] == at_cpi;
        if by_cpi { numbers.by_cpi.push(number) } else { numbers.by_centre.push(number) }
    }
    numbers
}

/// The day in a report, a question or an answer of the drill.
fn number(detail: &Value) -> Option<String> {
    let text = detail.to_string();
    let at = text.find("\"19").map(|at| at + 1).or_else(|| text.find(" 19").map(|at| at + 1))?;
    let at = text[at..].get(..10)?.to_owned();
    at.parse::<chrono::NaiveDate>().is_ok().then_some(at)
}

fn compare(whose: &str, thread: &Thread, remembered: &[u64], seen: &[String], findings: &mut Vec<String>) {
    let expected: Vec<String> = remembered.iter().map(|number| day(*number)).collect();
    if expected != *seen {
        let lost = expected.iter().filter(|it| !seen.contains(it)).count();
        let doubled = seen.len() - seen.iter().collect::<BTreeSet<_>>().len();
        findings.push(format!(
            "{whose} acts in {}: {} acknowledged, {} there, {lost} lost, {doubled} doubled",
            thread.at_centre,
            expected.len(),
            seen.len()
        ));
    }
}

/// Epoch and number on the link, and the number in the thread.
type Placed = ((i32, i64), i64);
