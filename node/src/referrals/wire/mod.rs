//! From messages of the other side to steps of this copy, one function for each type, named by the wiring.
//!
//! A message has been verified and admitted before: its ground holds, its thread is of this pair, its sender is on the
//! side that may say it. Here it is judged against the state: legal, crossed, or illegal. `Err` is a failure of this
//! node and never a refusal.

mod opener;
mod taker;

use serde_json::Value;
use staffetta_protocol::message::{ActorRole, Message};
use staffetta_protocol::problem::ItemCode;
use uuid::Uuid;

pub use opener::{accepted, closed, declined, info_requested, preview_answered, progressed};
pub use taker::{card_updated, contact_released, holder_changed, info_provided, preview, reopened, sent, withdrawn};

use super::case::Case;
use super::events::Said;
use super::model::{self, Effect, Event, Verdict};
use super::{rows, transfer};
use crate::error::{Error, Result};
use crate::grants::{Admitted, Thread};
use crate::inbox::Taken;
use crate::journal::{self, Actor, Entry};
use crate::outbox::{self, Outbox};
use crate::store::Tx;

/// The referral of the message's thread. `None`: the thread is of another matter, or a referral's but nothing is known
/// of it here; both are refused as unknown.
fn case_of(tx: &mut Tx<'_>, admitted: &Admitted) -> Result<Option<Case>> {
    match &admitted.thread {
        Some(thread) => Case::listen(tx, thread),
        None => Ok(None),
    }
}

const UNKNOWN: Taken = Taken::Refused(ItemCode::ThreadUnknown);
const ILLEGAL: Taken = Taken::Refused(ItemCode::IllegalTransition);

fn thread_of(admitted: &Admitted) -> Result<&Thread> {
    admitted.thread.as_ref().ok_or_else(|| Error::internal("a message of a referral has a thread"))
}

fn seen(m: &Message) -> Result<u64> {
    m.place.map(|place| place.seen).ok_or_else(|| Error::internal("a message of a referral has its place in a thread"))
}

/// Judges an event of the other side, notes it, and makes its step unless it has crossed. What follows from it beyond
/// the row is left to the caller.
fn take(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    case: &mut Case,
    m: &Message,
    event: Event,
    detail: Option<&Value>,
) -> Result<(Taken, Vec<Effect>)> {
    let by_person = m.actor.role != ActorRole::System;
    let now = tx.now();
    let (taken, effects) = match case.history().judge(case.state, event, seen(m)?, m.issued_at, by_person) {
        Verdict::Illegal => return Ok((ILLEGAL, Vec::new())),
        Verdict::Superseded => (Taken::Superseded, Vec::new()),
        Verdict::Legal(next) => {
            case.make(&next, now);
            (Taken::Accepted, next.effects)
        }
    };
    case.heard(tx, outbox.vault(), m, Said::Event(event), taken == Taken::Superseded, detail)?;
    if effects.contains(&Effect::StrikeWaiting) {
        outbox::strike_thread(tx, case.thread.id)?;
        case.refresh(tx)?;
    }
    Ok((taken, effects))
}

/// The yes on which these threads rested was taken back, at either node: what is not finished ends, without a word of
/// ours in the thread. Called by whoever wrote the tombstone, ended the threads and struck what waited in them, in the
/// same transaction.
pub fn withdrawn_by_consent(tx: &mut Tx<'_>, threads: &[Uuid]) -> Result<()> {
    for thread in threads {
        transfer::wire::withdrawn_by_consent(tx, *thread)?;
        let Some(id) = rows::of_thread(tx.conn(), *thread)? else { continue };
        let mut case = Case::lock(tx, id)?;
        case.refresh(tx)?;
        if let Some(state) = model::consent_withdrawn(case.state) {
            let now = tx.now();
            case.make(&model::Next { state: Some(state), effects: vec![Effect::StopClock] }, now);
            let entry = Entry::new(Actor::System, "referral.consent-withdrawn").subject(case.subject()).object(id);
            journal::record(tx, entry.peer(case.peer()))?;
        }
        case.save(tx)?;
    }
    Ok(())
}
