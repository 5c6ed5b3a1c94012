//! The cast of the stories, and what nobody may read on a disk. Answers stand in `answers`, what is asked first in
//! `requests`, minors in `guardians`, records and receipts in `records`, what is renewed in
//! `renewals`, single use and instructions in `bounds`, notices
//! in `told`, withdrawals between two nodes in `withdrawals`, what is answered to them in `recalls`, what is known of what went by
//! time in `remembered`, two acts that meet in `meeting`, the desk's API in `desk`.

mod answers;
mod bounds;
mod desk;
mod forgotten;
mod guardians;
mod meeting;
mod recalls;
mod records;
mod remembered;
mod renewals;
mod requests;
mod states;
mod told;
mod withdrawals;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use serde_json::{Value, json};
use staffetta_protocol::card::codes::Minor;
use staffetta_protocol::card::{Card, Province, QuickCard, Whole, read};
use staffetta_protocol::consent::{Group, OrganisationId, Purpose};
use staffetta_protocol::data::{Body, CardPreview, ReferralSent};
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::message::{ActorRole, Message};
use staffetta_protocol::problem::{Code, ItemCode};
use staffetta_protocol::receipt::Receipt;
use staffetta_protocol::trust::{MemberState, Role, Roles};

use super::*;
use crate::cards::{self, Received};
use crate::grants::{self, Admitted, Recipient, Thread};
use crate::inbox::{self, Accepted, Inbox, Taken};
use crate::journal::Actor;
use crate::keys::{Keys, Kind};
use crate::outbox::{self, Bounds, Outbox, Outgoing, Transport};
use crate::people::{self, Label, Person, PersonId};
use crate::store::scratch::{self, Scratch};
use crate::vault::{MasterKey, Vault};

const CENTRE: &str = "https://centro.example";
const CPI: &str = "https://cpi.example";
const OTHER: &str = "https://altro.example";
const OFFICE: &str = "ipa:c_g999#centro";

fn staff() -> Actor {
    Actor::Staff(Uuid::from_u128(7))
}

/// She works on this person's case.
fn seen(person: PersonId) -> Sight {
    Sight::of_taking_up(staff(), person.into())
}

fn spoken(_: &EntityId) -> message::Actor {
    message::Actor { role: ActorRole::Operator, pseudonym: None }
}

const SAID: Withdrawal = Withdrawal { by: WithdrawnBy::Person, channel: Channel::InPerson };

fn said() -> Value {
    json!({
        "by": "person", "indication_method": "spoken_with_second_adult", "second_adult": "Zuleyka la vicina di banco",
        "second_adult_independent": true, "notice": sample::named()
    })
}

fn asked(recipient: &str, answers: Value) -> Answers {
    let act = json!({"recipient": recipient, "answers": answers, "expressed": said()});
    read(&act.to_string()).unwrap()
}

fn both() -> Answers {
    asked(OFFICE, json!([{"purpose": "P1", "answer": "yes"}, {"purpose": "P2", "answer": "yes"}]))
}

/// One node of a story.
struct Side {
    scratch: Scratch,
    keys: Keys,
    outbox: Outbox,
}

impl Side {
    async fn new(scratch: Scratch, id: &str) -> Self {
        let id: EntityId = id.parse().unwrap();
        let vault = Vault::new(MasterKey::generate().unwrap());
        let keys = Keys::new(vault.clone(), id.clone());
        let made = keys.clone();
        let first = move |tx: &mut Tx<'_>| {
            made.create(tx)?;
            sample::put(tx)
        };
        scratch.store().write(first).await.unwrap();
        Self { scratch, outbox: Outbox::new(id, keys.clone(), vault), keys }
    }

    async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Tx<'_>, &Outbox) -> Result<T> + Send + 'static,
    ) -> T {
        let outbox = self.outbox.clone();
        self.scratch.store().write(move |tx| act(tx, &outbox)).await.unwrap()
    }

    /// Somebody with a card that is enough for a referral.
    async fn person(&self) -> Person {
        self.write(|tx, outbox| {
            let vault = outbox.vault();
            let person = people::create(tx, vault, &staff(), &Label::new("Aminata Keitafolle").unwrap())?;
            let quick: QuickCard = read(
                &json!({
                    "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes",
                    "italian": "a2", "target_occupations": {"kind": "any"},
                    "skills": [{"skill": {"kind": "free", "text": "tintura di bogolan", "isco08": "7318"}, "source": "self"}]
                })
                .to_string(),
            )
            .unwrap();
            let province = Province::new("PO").unwrap();
            let held = cards::put_quick(tx, vault, &seen(person.id), quick, Some(&province))?;
            let mut value = serde_json::to_value(&held.card).unwrap();
            value.as_object_mut().unwrap().extend(
                json!({
                    "given_names": "Aminata", "family_names": "Keitafolle", "tax_code": "RSSMRA85T10A562S",
                    "residence_comune": "100005",
                    "phone": [{"number": "+393331234567", "type": "mobile", "safe_to_call": "yes"}]
                })
                .as_object()
                .unwrap()
                .clone(),
            );
            let card: Card = read(&value.to_string()).unwrap();
            cards::put(tx, vault, &seen(person.id), card, 1)?;
            Ok(person)
        })
        .await
    }

    async fn published(&self) -> KeySet {
        let (keys, now) = (self.keys.clone(), self.scratch.store().clock().now());
        KeySet::new(&self.scratch.store().read(move |conn| keys.jwks(conn, Kind::Protocol, now)).await.unwrap())
    }

    /// Hands everything that waits here for `to` over to it; says what became of each item.
    async fn deliver(&self, to: &Self) -> Vec<Option<ItemCode>> {
        self.deliver_with(to, receive).await
    }

    async fn deliver_with(&self, to: &Self, receive: inbox::Receive) -> Vec<Option<ItemCode>> {
        let peer = to.outbox.entity_id().clone();
        let bounds =
            Bounds { items: 100, bytes: 1 << 20, lease: TimeDelta::minutes(2), only_recall: false, time_holds: true };
        let towards = peer.clone();
        let leased = self
            .write(move |tx, outbox| outbox::lease(tx, outbox.vault(), &towards, bounds, outbox::Turn::First))
            .await
            .0;
        let Some(leased) = leased else { return Vec::new() };
        let (me, now) = (self.outbox.entity_id().clone(), to.scratch.store().clock().now());
        let items = inbox::open(leased.batch.clone(), &self.published().await, &me, &peer, now).unwrap();
        let inbox = Inbox { keys: to.keys.clone(), outbox: to.outbox.clone(), receive, window: 100 };
        let role =
            |side: &Self| if side.outbox.entity_id().as_str() == CPI { Role::Cpi } else { Role::ReceptionCentre };
        let from = Accepted {
            peer: me.clone(),
            state: MemberState::Active,
            roles: Roles::from([role(self)]),
            own_ids: vec![OrganisationId::new(OFFICE).unwrap()],
            own_roles: Roles::from([role(to)]),
        };
        let batch = (leased.batch.epoch, items);
        let answer = inbox::take(to.scratch.store(), &inbox, from, batch, |_| Ok(())).await.unwrap();
        let receipt = Receipt::open(&answer.receipt, &to.published().await, &me, &peer, now).unwrap();
        let (jws, token) = (answer.receipt.clone(), leased.token);
        self.write(move |tx, _| outbox::settle(tx, &peer, &jws, &receipt, Some(token), None)).await;
        answer.items.into_iter().map(|item| item.code).collect()
    }
}

/// No room above keeps anything.
const ABOVE: tree::Above = tree::Above {
    threads_ended: |_, _| Ok(()),
    keeps: |_, _, _, _| Ok(std::collections::BTreeMap::new()),
    forgets: |_, _| Ok(()),
    frozen: |_, _| Ok(false),
};

/// Nothing is in doubt.
const SURE: tree::Sure = tree::Sure { clock: true, keyring: true };

/// What the wiring does with these types.
fn receive(tx: &mut Tx<'_>, outbox: &Outbox, admitted: &Admitted, m: &Message) -> Result<Taken> {
    let (card_version, groups) = match &m.body {
        Body::CardPreview(b) => (
            b.card_version,
            staffetta_protocol::card::CardGroups { preview: Some(b.preview.clone()), ..Default::default() },
        ),
        Body::ReferralSent(b) => (b.card_version, cards::from_referral(b.card.clone())),
        Body::ConsentWithdrawn(b) => return wire::withdrawn(tx, outbox, ABOVE, m, b).map(|effect| effect.taken),
        Body::ConsentWithdrawalAnswered(b) => return tree::answered(tx, outbox, m, b),
        _ => return Ok(Taken::Accepted),
    };
    let (thread, place) = (admitted.thread.as_ref().unwrap(), m.place.unwrap());
    let brought = Received { message: m.id, thread_seq: place.seq, card_version: card_version.get(), groups };
    cards::store_received(tx, outbox.vault(), thread, &brought)?;
    Ok(Taken::Accepted)
}

fn send(tx: &mut Tx<'_>, outbox: &Outbox, person: &Person, thread: Option<Thread>) -> Result<(Thread, MessageId)> {
    let referral = thread.is_some();
    let groups: &[Group] = if referral { &[Group::Preview, Group::Identity, Group::Status] } else { &[Group::Preview] };
    let purpose = if referral { Purpose::P2 } else { Purpose::P1 };
    let (peer, office): (EntityId, _) = (CPI.parse().unwrap(), OrganisationId::new("ipa:c_g999").unwrap());
    let to = Recipient { peer: &peer.clone().into(), organisation: "CPI Prato", ids: &[office] };
    let permit = grants::permit(tx, person.subject, to, purpose, &groups.iter().copied().collect())?;
    let shown = cards::disclose(tx, outbox.vault(), person.id, &permit, staffetta_protocol::card::Level::Referral)?;
    let card_version = Whole::new(shown.card_version).unwrap();
    let thread = thread.map_or_else(|| grants::begin(tx, &peer, person.subject, "referral"), Ok)?;
    let body = if referral {
        Body::from(ReferralSent { card_version, card: cards::for_referral(shown.groups)? })
    } else {
        Body::from(CardPreview { card_version, preview: shown.groups.preview.unwrap() })
    };
    let card_version = Some(shown.local_version);
    let out = Outgoing { thread: Some(&thread), actor: spoken(&peer), body, card_version, not_after: None };
    let message = outbox::enqueue_personal(tx, outbox, &permit, out)?;
    Ok((thread, message))
}

async fn preview(at: &Side, person: &Person) -> (Thread, MessageId) {
    let person = person.clone();
    at.write(move |tx, outbox| send(tx, outbox, &person, None)).await
}

async fn referral(at: &Side, person: &Person, thread: &Thread) -> MessageId {
    let (person, thread) = (person.clone(), thread.clone());
    at.write(move |tx, outbox| send(tx, outbox, &person, Some(thread))).await.1
}

async fn agree(at: &Side, person: &Person) -> (RecordId, RecordId) {
    let person = person.id;
    let saved = at.write(move |tx, outbox| answer(tx, outbox.vault(), &seen(person), &both())).await;
    (saved[0].record, saved[1].record)
}

async fn take_back(at: &Side, person: &Person, record: RecordId) -> Withdrawn {
    let person = person.id;
    at.write(move |tx, outbox| withdraw(tx, outbox, &seen(person), &spoken, record, SAID)).await
}

async fn transport(at: &Side, message: MessageId) -> Transport {
    at.write(move |tx, _| outbox::transport_of(tx.conn(), message)).await.unwrap().transport
}

/// Runs a story between the centre and the job centre, on both databases.
async fn each<F: Future<Output = ()>>(story: impl Fn(Side, Side) -> F) {
    for (a, b) in scratch::all(scratch::clock).zip(scratch::all(scratch::clock)) {
        story(Side::new(a, CENTRE).await, Side::new(b, CPI).await).await;
    }
}

#[actix_web::test]
async fn no_word_of_hers_can_be_read_on_the_disk() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        agree(&centre, &person).await;
        let (thread, _) = preview(&centre, &person).await;
        referral(&centre, &person, &thread).await;
        let words = ["aminata", "keitafolle", "bogolan", "3331234567", "rssmra85t10a562s", "zuleyka"];
        assert_eq!(centre.scratch.readable(&words), Vec::<String>::new(), "while it waits");
        centre.deliver(&cpi).await;
        for side in [&centre, &cpi] {
            assert_eq!(side.scratch.readable(&words), Vec::<String>::new(), "after it arrived");
        }
        centre
            .write(move |tx, outbox| {
                let listed = disclosures(tx, &seen(person.id), None, None, 100)?;
                assert_eq!(listed.len(), 2);
                assert!(listed.iter().all(|it| it.organisation == "CPI Prato" && it.card_version == Some(2)));
                outbox.vault().shred(tx, person.subject)
            })
            .await;
    })
    .await;
}
