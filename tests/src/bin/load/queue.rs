//! What is sent: cards of people who are referred to the receiver, brought up to date again and again.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use staffetta_node::referrals::By;
use staffetta_node::store::Tx;
use staffetta_protocol::consent::Group;
use staffetta_tests::{BOTH, Person};
use uuid::Uuid;

use super::network::Own;
use super::receiver::{RECEIVER, Receiver};

/// Acts of one transaction while the queue is filled: nobody waits then.
const AT_ONCE: usize = 100;

/// The referrals of a sender, all of them delivered.
#[derive(Debug)]
pub(super) struct Referred(Vec<Uuid>);

impl Referred {
    /// Takes up so many people, each with a card whose message has some 6 KiB, and refers them.
    pub(super) async fn some(sender: &Own, to: &Receiver, people: usize) -> Self {
        sender.node.peers().resolve(&to.id).await.expect("the receiver is a member");
        let mut referrals = Vec::new();
        for n in 0..people {
            let person = Person::with_card(&sender.desk, &format!("Persona {n}")).await;
            widen(sender, &person.id).await;
            person.agrees(RECEIVER, BOTH).await;
            let draft = json!({"person": person.id, "recipient": to.id, "purpose": "P2"});
            let draft = sender.desk.post("referrals", draft).await.ok();
            let id = draft["summary"]["id"].as_str().expect("an id").to_owned();
            sender.desk.post(&format!("referrals/{id}/sending"), json!({"with_preview": true})).await.ok();
            referrals.push(id.parse().expect("an id"));
        }
        sender.node.links().pump().await.expect("the referrals go");
        Self(referrals)
    }

    /// Queues so many messages, and says how large they are in the middle.
    pub(super) async fn queue(&self, sender: &Own, messages: usize) {
        let mut queued = 0;
        while queued < messages {
            let these = queued..(queued + AT_ONCE).min(messages);
            queued = these.end;
            let (all, referrals) = (self.0.clone(), sender.node.referrals().clone());
            let act = move |tx: &mut Tx<'_>| {
                let groups = BTreeSet::from([Group::Preview, Group::Identity, Group::Status, Group::SkillsFull]);
                these.into_iter().try_for_each(|n| {
                    referrals.update_card(tx, By::System, all[n % all.len()], &groups, false).map(drop)
                })
            };
            sender.node.store().write(act).await.expect("cards are queued");
        }
    }

    /// Queues one, and says when it was committed.
    pub(super) async fn queue_one(&self, sender: &Own, n: usize) -> DateTime<Utc> {
        let (id, referrals) = (self.0[n % self.0.len()], sender.node.referrals().clone());
        let groups = BTreeSet::from([Group::Preview, Group::Identity, Group::Status, Group::SkillsFull]);
        let act = move |tx: &mut Tx<'_>| referrals.update_card(tx, By::System, id, &groups, false).map(drop);
        sender.node.store().write(act).await.expect("a card is queued");
        sender.node.clock().now()
    }
}

/// More skills than the quick card has, so that the message is as large as those of a grown card.
async fn widen(sender: &Own, person: &str) {
    let path = format!("people/{person}/card");
    let held = sender.desk.read(&path).await;
    let (version, mut card) = (held.etag.clone(), held.ok()["card"].clone());
    let skills: Vec<Value> = (0..11)
        .map(|n| {
            json!({
                "skill": {"kind": "free", "text": format!("lavorazione numero {n} del legno e del ferro battuto"),
                    "isco08": "7112"},
                "validation_path": {"value": "certifiable_now", "proposed_by": "operator"}, "source": "tested", "level": "not_asked",
            })
        })
        .collect();
    card["skills"] = json!(skills);
    sender.desk.put(&path, version.as_deref(), card).await.ok();
}
