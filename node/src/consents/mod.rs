//! What each person was asked and answered: the record of every consent, and its end.
//!
//! What must hold:
//! - A record names one person, one purpose, one recipient organisation and the groups of fields. Its first answer has
//!   the number 1, a renewal the next; answers are kept as they were given. What was asked and is not answered yet has a
//!   record too ([`ask`]), and permits nothing.
//! - No answer is saved without what shows it: `indication_method` is part of its type. None without the notice that came
//!   first, by the digest of its text, which this node keeps ([`notices`]).
//! - A yes is usable from the transaction that writes it ([`grants::open`]); a withdrawal ends it in the transaction that
//!   writes that, strikes what waits, tells every node that was ever given something, and ends the threads that rested on
//!   this record alone. What else of hers permits the same to the same organisation ends with it: one withdrawal is enough.
//! - Of two acts that answer, renew or end a record at once the second waits, and reads what the first has written: what is
//!   withdrawn is withdrawn with the yes that was given meanwhile, and what was withdrawn a moment ago is not renewed.
//! - Expired is not withdrawn: nothing new leaves, nothing is recalled. It expires at the instant, whoever looks.
//! - Of a record the newest yes counts and no other: what she renews ends the one before it, where it was longer too.
//! - For a minor her guardian answers, by name, and she assents; from the midnight on which she is of age that permits nothing.
//!   Who turns out to be one after she answered herself has answered nothing that permits ([`heed_age`]).
//! - Withdrawing is as easy as giving, and works from the other side too: a person may say it where her data went
//!   ([`wire`]).
//! - A receipt is frozen bytes: who asks for it again gets the same.
//!
//! What follows a withdrawal at others, and what they answer, is the tree of its recall ([`tree`]).

mod answering;
mod api;
mod asking;
mod collecting;
mod due;
mod ending;
mod expiring;
mod forgotten;
mod minors;
mod model;
pub mod notices;
mod reading;
pub mod recalls;
mod receipts;
mod restored;
mod rows;
mod statement;
pub mod tree;
pub mod wire;

#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::message;
use uuid::Uuid;

use crate::access::Sight;
use crate::error::Result;
use crate::journal::{self, Actor};
use crate::store::Tx;
use crate::vault::Holding;

pub use answering::{answer, answer_request, renew};
pub use api::{DisclosureGround, api};
pub use asking::{ask, defer, invalidate_request, requests};
pub use due::{Due, DueKind, DuePlace, due, moved_birthdays, put_birthday_right, remind};
pub use ending::{Withdrawn, invalidate, terminate, terminate_all, withdraw};
pub use expiring::{delete_record, ended_by};
pub use minors::heed_age;
pub use model::{
    Answer, Answered, Answers, Channel, Consent, Deferral, Event, ExpressedBy, Expression, Happened, IndicationMethod,
    InvalidReason, Invalidation, LateAnswer, Notice, Question, Questions, Renewal, Request, State, Withdrawal,
    WithdrawnBy,
};

pub use reading::{Seen, disclosures, list, look, of, recall_is_open, recipients, revocable};
pub use receipts::receipt;
pub use restored::{ended_before, said_anew};
pub use statement::Own;

#[cfg(test)]
pub(crate) use notices::sample;

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "consents",
    tables: &[
        "consent",
        "consent_request",
        "consent_event",
        "consent_receipt",
        "paper_recall",
        "recall_told",
        "recall_taken",
    ],
    merge: rows::merge,
    collect: collecting::collect,
};

/// Within which every recipient answers a recall.
pub const RECALL_DUE: TimeDelta = TimeDelta::hours(72);

/// The room above that is told which threads, by local id, have ended with a consent.
pub type ThreadsEnded = fn(&mut Tx<'_>, &[Uuid]) -> Result<()>;

/// This room's handle: what the desk's withdrawal does beyond it.
#[derive(Debug, Clone, Copy)]
pub struct Consents {
    /// Marks what stood in the threads as withdrawn, in the same transaction.
    pub threads_ended: ThreadsEnded,
}

/// How the person who acts is told to a node: a role, and a pseudonym made for that node.
pub type Towards<'a> = &'a dyn Fn(&EntityId) -> message::Actor;

/// Whose act an event of a record was: of who expressed it, where somebody did.
fn brought_by(sight: &Sight, expressed: Option<ExpressedBy>) -> &'static str {
    match (expressed, sight.actor()) {
        (Some(by), _) => by.code(),
        (None, Actor::Staff(_)) => "staff",
        (None, Actor::Person(_) | Actor::Peer(_)) => "person",
        (None, Actor::System) => "node",
    }
}

/// Writes down what happened to a record: its event, and the entry in the journal.
fn note(tx: &mut Tx<'_>, sight: &Sight, act: &'static str, consent: &Consent) -> Result<()> {
    let expressed = match (consent.state, consent.withdrawn) {
        (State::Given | State::Refused | State::Renewed, _) => Some(consent.expressed.by),
        (State::Withdrawn, Some((_, Withdrawal { by: WithdrawnBy::Person, .. }))) => Some(ExpressedBy::Person),
        (State::Withdrawn, Some((_, Withdrawal { by: WithdrawnBy::Guardian, .. }))) => Some(ExpressedBy::Guardian),
        _ => None,
    };
    let event = Happened {
        seq: consent.seq,
        state: consent.state,
        at: tx.now(),
        not_after: consent.not_after.filter(|_| consent.state.permits()),
        brought_by: brought_by(sight, expressed).to_owned(),
    };
    rows::note(tx, (consent.person, consent.subject), consent.record, &event, sight.staff())?;
    let entry = sight.entry(act).subject(consent.subject).object(consent.record);
    journal::record(tx, entry.code(format_args!("{} seq:{}", consent.purpose.code(), consent.seq)))
}
