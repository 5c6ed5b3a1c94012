//! Two nodes on the same kind of database hand each other batches; no network is needed to get the numbers wrong.

mod abandoned;
mod clocks;
mod failures;
mod fetched;
mod grounds;
mod kept;
mod restored;
mod stream;
mod undelivered;
mod voided;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::card::{self, Card, QuickCard, QuickDefaults, Whole};
use staffetta_protocol::consent::Group;
use staffetta_protocol::consent::{Grant, Groups, OrganisationId, Purpose};
use staffetta_protocol::data::{Body, CardPreview};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::link::{Batch, BatchAnswer, Item, VoidReason};
use staffetta_protocol::message::{Actor, ActorRole, Message};
use staffetta_protocol::problem::{Code, ItemCode};
use staffetta_protocol::receipt::{Outcome, Receipt};
use staffetta_protocol::trust::{MemberState, Role, Roles};
use uuid::Uuid;

use super::*;
use crate::error::{Error, Result};
use crate::grants::{self, Admitted, Recipient};
use crate::keys::{Keys, Kind};
use crate::outbox::{self, Bounds, Leased, Outbox, Outgoing, Transport};
use crate::store::scratch::{self, Scratch};
use crate::store::{Store, Tx};
use crate::vault::{MasterKey, Subject, Vault};

const B_ORGANISATION: &str = "ipa:c_g999";

struct Side {
    scratch: Scratch,
    keys: Keys,
    outbox: Outbox,
    id: EntityId,
}

impl Side {
    async fn new(scratch: Scratch, id: &str) -> Self {
        let id: EntityId = id.parse().unwrap();
        let vault = Vault::new(MasterKey::generate().unwrap());
        let keys = Keys::new(vault.clone(), id.clone());
        let made = keys.clone();
        scratch.store().write(move |tx| made.create(tx)).await.unwrap();
        let outbox = Outbox::new(id.clone(), keys.clone(), vault);
        Self { scratch, keys, outbox, id }
    }

    fn store(&self) -> &Store {
        self.scratch.store()
    }

    async fn published(&self) -> KeySet {
        let (keys, now) = (self.keys.clone(), self.store().clock().now());
        let jwks = self.store().read(move |conn| keys.jwks(conn, Kind::Protocol, now)).await.unwrap();
        KeySet::new(&jwks)
    }
}

/// Two nodes, a person at the first, and her consent to a preview for the second.
struct Pair {
    a: Side,
    b: Side,
    subject: Subject,
    record: RecordId,
}

fn taken(_: &mut Tx<'_>, _: &Outbox, _: &Admitted, _: &Message) -> Result<Taken> {
    Ok(Taken::Accepted)
}

fn quick_card() -> Card {
    let quick: QuickCard = card::read(
        r#"{"interview_language":{"language":"fra"},"interpreter":false,"right_to_work":"yes","italian":"a2",
            "target_occupations":{"kind":"any"},
            "skills":[{"skill":{"kind":"free","text":"muratura","isco08":"7112"},"pile":"validate_by_internship","source":"self"}]}"#,
    )
    .unwrap();
    let defaults = QuickDefaults {
        province: card::Province::new("PO").unwrap(),
        today: card::Day::parse("2026-11-23").unwrap(),
        operator: None,
    };
    quick.into_card(&defaults)
}

impl Pair {
    async fn new(a: Scratch, b: Scratch) -> Self {
        let (a, b) = (Side::new(a, "https://a.example").await, Side::new(b, "https://b.example").await);
        let (vault, record) = (a.outbox.vault().clone(), RecordId(Uuid::new_v4()));
        let subject = a
            .store()
            .write(move |tx| {
                let subject = vault.subject_for_person(tx)?;
                let grant = Grant {
                    record,
                    seq: Whole::new(1).unwrap(),
                    purpose: Purpose::P1,
                    recipient: OrganisationId::new(B_ORGANISATION).unwrap(),
                    groups: Groups::new([Group::Preview]).unwrap(),
                    not_after: tx.now() + TimeDelta::days(60),
                    single_use: false,
                    notice_hash: Digest::of("notice"),
                };
                grants::open(tx, subject, &grant)?;
                Ok(subject)
            })
            .await
            .unwrap();
        Self { a, b, subject, record }
    }

    /// Both nodes' clocks go on together.
    fn advance(&self, step: TimeDelta) {
        self.a.store().clock().advance(step);
        self.b.store().clock().advance(step);
    }

    /// Queues one preview in a thread of its own.
    async fn queue(&self) -> MessageId {
        let (outbox, peer, subject) = (self.a.outbox.clone(), self.b.id.clone(), self.subject);
        self.a
            .store()
            .write(move |tx| {
                let ids = [OrganisationId::new(B_ORGANISATION).unwrap()];
                let to = Recipient { peer: &peer.clone().into(), organisation: "CPI", ids: &ids };
                let permit = grants::permit(tx, subject, to, Purpose::P1, &BTreeSet::from([Group::Preview]))?;
                let thread = grants::begin(tx, &peer, subject, "card.preview")?;
                let body = Body::from(CardPreview {
                    card_version: Whole::new(1).unwrap(),
                    preview: quick_card().preview().unwrap(),
                });
                let actor = Actor { role: ActorRole::Operator, pseudonym: None };
                let out = Outgoing { thread: Some(&thread), actor, body, card_version: Some(1), not_after: None };
                outbox::enqueue_personal(tx, &outbox, &permit, out)
            })
            .await
            .unwrap()
    }

    async fn lease(&self, items: u32) -> Option<Leased> {
        self.lease_at(items, outbox::Turn::First).await
    }

    async fn lease_at(&self, items: u32, turn: outbox::Turn) -> Option<Leased> {
        let (vault, peer) = (self.a.outbox.vault().clone(), self.b.id.clone());
        let bounds =
            Bounds { items, bytes: 1 << 20, lease: TimeDelta::minutes(2), only_recall: false, time_holds: true };
        self.a.store().write(move |tx| outbox::lease(tx, &vault, &peer, bounds, turn)).await.unwrap().0
    }

    async fn deliver(&self, batch: &Batch, receive: Receive) -> Result<BatchAnswer> {
        let (keys, now) = (self.a.published().await, self.b.store().clock().now());
        let items = open(batch.clone(), &keys, &self.a.id, &self.b.id, now)?;
        let inbox = Inbox { keys: self.b.keys.clone(), outbox: self.b.outbox.clone(), receive, window: 200 };
        let from = Accepted {
            peer: self.a.id.clone(),
            state: MemberState::Active,
            roles: Roles::from([Role::ReceptionCentre]),
            own_ids: vec![OrganisationId::new(B_ORGANISATION).unwrap()],
            own_roles: Roles::from([Role::Cpi]),
        };
        take(self.b.store(), &inbox, from, (batch.epoch, items), |_| Ok(())).await
    }

    async fn settle(&self, answer: &BatchAnswer, token: Option<Uuid>) {
        let (keys, now) = (self.b.published().await, self.a.store().clock().now());
        let receipt = Receipt::open(&answer.receipt, &keys, &self.a.id, &self.b.id, now).unwrap();
        let (peer, jws) = (self.b.id.clone(), answer.receipt.clone());
        self.a.store().write(move |tx| outbox::settle(tx, &peer, &jws, &receipt, token, None)).await.unwrap();
    }

    async fn transport(&self, message: MessageId) -> (Transport, Option<String>) {
        let found = self.a.store().read(move |conn| outbox::transport_of(conn, message)).await.unwrap().unwrap();
        (found.transport, found.code)
    }
}

/// Runs a story on both databases.
async fn each<F: Future<Output = ()>>(story: impl Fn(Pair) -> F) {
    for (a, b) in scratch::all(scratch::clock).zip(scratch::all(scratch::clock)) {
        story(Pair::new(a, b).await).await;
    }
}

fn outcomes(answer: &BatchAnswer) -> Vec<(u64, Outcome, Option<ItemCode>)> {
    answer.items.iter().map(|item| (item.seq, item.outcome, item.code.clone())).collect()
}

fn code(result: Result<BatchAnswer>) -> Code {
    result.unwrap_err().code()
}
