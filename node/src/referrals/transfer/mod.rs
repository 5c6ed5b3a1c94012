//! The record of a person moves to another body, on her yes for it (P12): a reception centre, an association or a
//! municipality takes it over from whoever holds it.
//!
//! What must hold:
//! - What leaves is the card in the groups that she granted. Files, what was said in counselling, and what formal acts
//!   demand never move.
//! - The other node becomes the holder when it says *taken*; this node stops being it when that word arrives, and then in
//!   one transaction: nothing more is disclosed from here, the card is to be read only, her consents are done, and every
//!   referral of hers that has not ended is told who holds the card, and ends.
//! - Whoever takes it over opens a record and leads the case. What had come stays sealed as it came: its subject becomes one
//!   of hers.
//! - One offer at a time. A withdrawal that crosses *taken* stands: the offering node stays the holder.
//! - Nothing is decided by a clock.

mod api;
mod holder;
mod letters;
mod model;
mod rows;
mod show;
mod taking;
mod view;
pub mod wire;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use staffetta_protocol::card::{CardGroups, Level, Refusal};
use staffetta_protocol::consent::{Grant, Group, OrganisationId, Purpose};
use staffetta_protocol::data::{CardTransferAnswered, CardTransferred, CardVersion, Data, TransferredCard};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::by::By;
use super::case::{DEADLINES, LOCAL};
use super::model::{Side, Transport};
use super::opener::checked;
use super::{Referrals, unknown_member};
use crate::cards;
use crate::error::{Error, Result};
use crate::grants::{self, Recipient, Thread};
use crate::journal;
use crate::outbox::{self, Outbox, Outgoing, Settlement, enqueue_personal};
use crate::people::{self, PersonId};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::Subject;

use model::{Event, State};
use rows::Row;

pub(super) use api::api;
pub use rows::Wanted;
pub(super) use rows::merge;
pub use taking::Taking;
pub use view::{RecordTransfer, RecordTransfers};

/// A transfer as the verbs hold it: the row with its meaning, and its thread.
#[derive(Debug, Clone)]
struct Moving {
    row: Row,
    side: Side,
    state: State,
    thread: Thread,
}

fn damaged() -> Error {
    Error::internal("a stored transfer does not parse")
}

impl Moving {
    /// Taken for this transaction.
    ///
    /// # Errors
    /// `not_found`.
    fn lock(tx: &mut Tx<'_>, id: Uuid) -> Result<Self> {
        let row = rows::lock(tx, id)?.ok_or(Code::NotFound)?;
        Self::of_row(tx.conn(), row)
    }

    fn of_row(conn: &mut Conn, row: Row) -> Result<Self> {
        let side = Side::parse(&row.side).ok_or_else(damaged)?;
        let state = State::parse(&row.state).ok_or_else(damaged)?;
        let thread = grants::by_id(conn, row.thread.0)?.ok_or_else(damaged)?;
        Ok(Self { row, side, state, thread })
    }

    fn save(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.row.state = self.state.as_str().to_owned();
        rows::save(tx, &self.row)
    }

    fn id(&self) -> Uuid {
        self.row.id.0
    }

    fn subject(&self) -> Subject {
        Subject(self.row.subject.0)
    }

    fn node(&self) -> Result<&EntityId> {
        self.thread.peer.must_be_node()
    }

    /// Makes the step, or says what may be done instead.
    fn step(&mut self, event: Event) -> Result<()> {
        let next = model::step(self.side, self.state, event);
        self.state = next.ok_or_else(|| Problem::illegal(self.allowed()))?;
        Ok(())
    }

    /// What this side may do at its desk now.
    fn allowed(&self) -> Vec<String> {
        let mine = self.side == Side::Taker && self.state == State::Received;
        let again = self.side == Side::Taker && self.answer_is_lost();
        let words: &[&str] = match (mine, again) {
            (true, _) => &["take", "decline"],
            (_, true) => &["answer_again"],
            _ => &[],
        };
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    /// The answer did not arrive, and may be given once more.
    fn answer_is_lost(&self) -> bool {
        let decided = matches!(self.state, State::Taken | State::Declined);
        decided && matches!(self.row.answer_state.as_deref(), Some("refused" | "expired" | "struck"))
    }

    /// Takes over what became of this side's own message.
    fn refresh(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let own = match self.side {
            Side::Opener => Some(self.row.message),
            Side::Taker => self.row.answer,
        };
        let Some(own) = own else { return Ok(()) };
        let Some(waiting) = outbox::transport_of(tx.conn(), staffetta_protocol::id::MessageId(own.0))? else {
            return Ok(());
        };
        let way = super::settle::transport(waiting.transport);
        if self.side == Side::Taker {
            self.row.answer_state = Some(way.as_str().to_owned());
            if way == Transport::Delivered && waiting.code.as_deref() == Some("superseded") {
                self.state = model::step(self.side, self.state, Event::Overruled).unwrap_or(self.state);
            }
            if way == Transport::Delivered {
                // The answer has arrived: nothing more is said here.
                grants::end(tx, self.thread.id)?;
            }
            return Ok(());
        }
        self.row.code = waiting.code;
        let next = Event::of_offer(way).and_then(|event| model::step(self.side, self.state, event));
        if let Some(state) = next {
            self.state = state;
            let now = tx.now();
            match state {
                State::Received => self.row.due_on = Some(model::due_on(now, &DEADLINES, LOCAL)),
                State::Refused | State::Withdrawn => grants::end(tx, self.thread.id)?,
                _ => {}
            }
        }
        Ok(())
    }
}

const NEEDED: [Group; 2] = [Group::Preview, Group::Identity];

/// The card inside a transfer, from the groups of a permit.
///
/// # Errors
/// `invalid_input` when one of the two groups that every transfer has is not among them.
fn for_transfer(groups: CardGroups) -> Result<TransferredCard> {
    let missing = |group| Error::from(Problem::invalid(vec![Refusal::Required.at(group)]));
    Ok(TransferredCard {
        preview: groups.preview.ok_or_else(|| missing("/preview"))?,
        identity: groups.identity.ok_or_else(|| missing("/identity"))?,
        status: groups.status,
        skills_full: groups.skills_full,
        needs: groups.needs,
        contact: groups.contact,
    })
}

impl Referrals {
    /// Offers the record of a person to another node, under her yes for it.
    ///
    /// # Errors
    /// `not_found`, `type_not_supported`, `role_not_entitled`, `already_exists` where it is offered already,
    /// `holder_changed` where it was handed over, `consent_not_valid`, `section_not_covered`, or what the card lacks.
    pub fn offer(&self, tx: &mut Tx<'_>, by: By, person: PersonId, recipient: &EntityId) -> Result<Uuid> {
        let who = people::get(tx.conn(), person)?;
        let partner = self.partner(tx.conn(), recipient)?.ok_or_else(unknown_member)?;
        partner.must_take("card.transferred.v1", &self.partners.ours(tx.conn())?)?;
        let open = |(_, state): &(Uuid, String)| State::parse(state).is_some_and(State::is_open);
        if rows::offered(tx.conn(), person.0)?.iter().any(open) {
            return Err(Problem::new(Code::AlreadyExists).detail("This record is offered to a node already.").into());
        }
        let to = recipient.into();
        let ids = &partner.organisation_ids;
        let wanted = granted(tx, who.subject, ids)?;
        let name = &partner.organisation_name;
        let permit =
            grants::permit(tx, who.subject, Recipient { peer: &to, organisation: name, ids }, Purpose::P12, &wanted)?;
        let thread = grants::begin(tx, &to, who.subject, "transfer")?;
        let shown = cards::disclose(tx, self.outbox().vault(), person, &permit, Level::Accepted)?;
        let card_version = CardVersion::new(shown.card_version).map_err(Error::internal)?;
        let body = checked(CardTransferred { card_version, card: for_transfer(shown.groups)? })?;
        let not_after = permit.ground().grant().map(|grant| grant.not_after);
        let actor = by.actor(self.outbox().vault(), recipient);
        let (local, ground) = (Some(shown.local_version), permit.ground().kind());
        let out = Outgoing { thread: Some(&thread), actor, body: body.into(), card_version: local, not_after };
        let message = enqueue_personal(tx, self.outbox(), &permit, out)?;
        let id = Uuid::new_v4();
        let mut row = new_row(tx, id, Side::Opener, &thread, State::Queued);
        row.organisation.clone_from(name);
        row.person = Some(Id(person.0));
        row.message = Id(message.0);
        row.created_by = by.staff().map(Id);
        rows::insert(tx, &row)?;
        let entry = journal::Entry::new(by.journal(), "card.transferred").subject(who.subject).object(id);
        journal::record(tx, entry.peer(recipient).ground(ground))?;
        Ok(id)
    }
}

/// The groups of the newest yes for a transfer to this organisation.
fn granted(tx: &mut Tx<'_>, subject: Subject, ids: &[OrganisationId]) -> Result<BTreeSet<Group>> {
    let now = tx.now();
    let live = grants::live_grants(tx.conn(), subject, Purpose::P12, now)?;
    let mut theirs = live
        .into_iter()
        .map(|open| open.grant)
        .filter(|grant: &Grant| ids.iter().any(|id| grant.recipient.same_organisation(id)))
        .peekable();
    if theirs.peek().is_none() {
        grants::must_hold(tx.conn(), subject)?;
        return Err(Problem::new(Code::ConsentNotValid).into());
    }
    let covering = theirs.find(|grant| NEEDED.iter().all(|group| grant.groups.set().contains(group)));
    let grant = covering.ok_or(Code::SectionNotCovered)?;
    Ok(grant.groups.set().iter().copied().filter(|group| Purpose::P12.rule().groups.contains(group)).collect())
}

fn new_row(tx: &Tx<'_>, id: Uuid, side: Side, thread: &Thread, state: State) -> Row {
    let now = At::from(tx.now());
    Row {
        id: Id(id),
        thread: Id(thread.id),
        side: side.as_str().to_owned(),
        peer: thread.peer.to_string(),
        // Its name is looked up when somebody at the desk looks.
        organisation: thread.peer.to_string(),
        person: None,
        subject: Id(thread.subject.0),
        state: state.as_str().to_owned(),
        message: Id(Uuid::nil()),
        code: None,
        due_on: None,
        answer: None,
        answer_state: None,
        reason: None,
        sealed: None,
        answered_at: None,
        answered_by: None,
        created_at: now,
        created_by: None,
        updated_at: now,
        version: 1,
    }
}

/// A receipt settled a message of ours: told by whoever settles.
pub(super) fn settled(tx: &mut Tx<'_>, outbox: &Outbox, settlement: &Settlement) -> Result<()> {
    if ![<CardTransferred as Data>::TYPE, <CardTransferAnswered as Data>::TYPE].contains(&settlement.kind.as_str()) {
        return holder::told(tx, outbox, settlement);
    }
    match rows::of_message(tx.conn(), settlement.message)? {
        Some(id) => catch_up(tx, id),
        None => Ok(()),
    }
}

/// Takes over what the outbox decided by itself. Says how many transfers it looked after.
pub(super) fn refresh(tx: &mut Tx<'_>, limit: usize) -> Result<usize> {
    let moved = rows::moved(tx.conn(), limit as i64)?;
    for id in &moved {
        catch_up(tx, *id)?;
    }
    Ok(moved.len())
}

fn catch_up(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let mut moving = Moving::lock(tx, id)?;
    moving.refresh(tx)?;
    moving.save(tx)
}
