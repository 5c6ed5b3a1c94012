//! `consent.withdrawn` as it comes: from the issuer of a record, and from a recipient where the person spoke.

use staffetta_protocol::data::ConsentWithdrawn;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::message::{Actor as MessageActor, ActorRole, Message};
use staffetta_protocol::problem::ItemCode;
use uuid::Uuid;

use super::ending::end;
use super::{Channel, Event, Withdrawal, WithdrawnBy, rows};
use crate::access::Sight;
use crate::cards;
use crate::error::Result;
use crate::grants;
use crate::inbox::{self, Taken};
use crate::journal::{self, Actor, Entry};
use crate::outbox::{self, Outbox};
use crate::store::Tx;

/// What a withdrawal did here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// For the receipt.
    pub taken: Taken,
    /// Local ids of the threads that have ended: the rooms above mark what stood in them as withdrawn.
    pub threads: Vec<Uuid>,
}

impl Effect {
    fn none(taken: Taken) -> Self {
        Self { taken, threads: Vec::new() }
    }
}

/// A withdrawal from a peer. With a recall it comes from the issuer of the record; without one from a recipient of ours,
/// where the person spoke, and the recall is run from here. From anybody else it is refused, in one way, so that nobody
/// learns which records there are.
pub fn withdrawn(tx: &mut Tx<'_>, handle: &Outbox, message: &Message, body: &ConsentWithdrawn) -> Result<Effect> {
    let ours = rows::newest(tx.conn(), handle.vault(), body.record)?;
    match (ours, body.recall) {
        (None, Some(recall)) => from_issuer(tx, &message.from, body, Some(recall)),
        (Some(consent), None) if grants::disclosed_to(tx.conn(), &message.from, body.record)? => {
            // A yes given after she spoke there is a new yes.
            if body.seq.get() < consent.seq && message.issued_at < consent.answered_at {
                return Ok(Effect::none(Taken::Superseded));
            }
            let sight = Sight::of_peer(message.from.clone(), consent.person.into());
            let how = Withdrawal { by: WithdrawnBy::Person, channel: Channel::Recipient };
            let system = |_: &EntityId| MessageActor { role: ActorRole::System, pseudonym: None };
            let done = end(tx, handle, &sight, &system, consent, (Event::Withdraw, how))?;
            Ok(Effect { taken: Taken::Accepted, threads: done.threads })
        }
        _ => Ok(Effect::none(Taken::Refused(ItemCode::NotEntitled))),
    }
}

/// The issuer took a record back: the tombstone first, then what rests on the record goes. Without a recall it did so
/// before this node was restored from an older copy.
pub(super) fn from_issuer(
    tx: &mut Tx<'_>,
    issuer: &EntityId,
    body: &ConsentWithdrawn,
    recall: Option<Uuid>,
) -> Result<Effect> {
    let seq = body.seq.get();
    grants::tombstone(tx, issuer, body.record, seq)?;
    let threads = grants::left_bare(tx.conn(), issuer, &issuer.into(), body.record)?;
    for thread in &threads {
        grants::end(tx, *thread)?;
        outbox::strike_in(tx, *thread)?;
    }
    let held = grants::held_under(tx.conn(), issuer, body.record, seq)?;
    let brought: Vec<MessageId> = held.iter().map(|it| it.message).collect();
    cards::erase_brought(tx, &brought)?;
    for it in &held {
        inbox::erase_bytes(tx, issuer, it.message)?;
    }
    grants::let_go(tx, issuer, body.record, seq)?;
    let mut subjects: Vec<_> = held.iter().map(|it| it.subject).collect();
    subjects.dedup();
    let entry = Entry::new(Actor::Peer(issuer.clone()), "consent.withdrawn").object(body.record).peer(issuer);
    let entry = match recall {
        Some(recall) => entry.code(format_args!("recall:{recall}")),
        None => entry.ground("restore"),
    };
    if subjects.is_empty() {
        journal::record(tx, entry.clone())?;
    }
    for subject in subjects {
        journal::record(tx, entry.clone().subject(subject))?;
    }
    Ok(Effect { taken: Taken::Accepted, threads })
}
