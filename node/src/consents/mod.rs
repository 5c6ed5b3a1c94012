//! What each person was asked and answered: the record of every consent, and its end.
//!
//! What must hold:
//! - A record names one person, one purpose, one recipient organisation and the groups of fields. Its first answer has
//!   the number 1, a renewal the next; answers are kept as they were given.
//! - No answer is saved without what shows it: `indication_method` is part of its type.
//! - A yes is usable from the transaction that writes it ([`grants::open`]); a withdrawal ends it in the transaction that
//!   writes that, strikes what waits, tells every node that was ever given something, and ends the threads that rested on
//!   this record alone.
//! - Expired is not withdrawn: nothing new leaves, nothing is recalled.
//! - Withdrawing is as easy as giving, and works from the other side too: a person may say it where her data went
//!   ([`wire`]).
//!
//! The answers to a recall (`consent.withdrawal-answered`), its passing on and its clock have their place here.

mod api;
mod model;
mod rows;
pub mod wire;

#[cfg(test)]
mod tests;

use chrono::TimeDelta;
use staffetta_protocol::card::codes::Minor;
use staffetta_protocol::card::{At, Check as _, Refusal, Whole};
use staffetta_protocol::consent::{Basis, Grant, Groups};
use staffetta_protocol::data::ConsentWithdrawn;
use staffetta_protocol::id::{EntityId, RecordId};
use staffetta_protocol::message;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::access::Sight;
use crate::cards;
use crate::error::{Error, Result};
use crate::grants::{self, Destination, Disclosure, Recipient};
use crate::journal;
use crate::outbox::{self, Outbox, Outgoing};
use crate::people::{self, Person, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::{Holding, Vault};

pub use api::api;
pub use model::{
    Answer, Answered, Answers, Channel, Consent, Event, ExpressedBy, Expression, IndicationMethod, Notice, Renewal,
    State, Withdrawal, WithdrawnBy,
};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding { room: "consents", tables: &["consent", "paper_recall"], merge: rows::merge };

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

/// Records the answers of one act, each with a record of its own. A yes can be used at once; a no is kept too.
///
/// # Errors
/// `not_found`; `invalid_input`; `already_exists` where a live consent for the same recipient and purpose covers one of
/// the groups: that one is renewed instead, so that one withdrawal is enough.
pub fn answer(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, answers: &Answers) -> Result<Vec<Consent>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let mut found = Vec::new();
    answers.check(&At::Root, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    guarded(tx, vault, &person, &answers.expressed)?;
    let list = At::Root.key("answers");
    let mut saved = Vec::new();
    for (index, answer) in answers.answers.iter().enumerate() {
        saved.push(answer_one(tx, vault, sight, &person, answers, answer, &list.index(index))?);
    }
    Ok(saved)
}

fn answer_one(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    person: &Person,
    act: &Answers,
    answer: &Answer,
    at: &At<'_>,
) -> Result<Consent> {
    let now = tx.now();
    let yes = answer.answer == Answered::Yes;
    let not_after = if yes { Some(model::ends_at(answer.purpose, answer.not_after, now, at)?) } else { None };
    let consent = Consent {
        record: RecordId(Uuid::new_v4()),
        seq: 1,
        person: person.id,
        subject: person.subject,
        purpose: answer.purpose,
        recipient: act.recipient.clone(),
        groups: answer.groups(),
        state: State::Requested.after(if yes { Event::Give } else { Event::Refuse })?,
        answered_at: now,
        not_after,
        single_use: answer.purpose.rule().single_use,
        expressed: act.expressed.clone(),
        entered_by: sight.staff(),
        withdrawn: None,
        recall: None,
    };
    let live = grants::live_grants(tx.conn(), person.subject, answer.purpose, now)?;
    let covered = live.iter().any(|open| {
        open.grant.recipient.same_organisation(&act.recipient) && !open.grant.groups.set().is_disjoint(&consent.groups)
    });
    if yes && covered {
        return Err(Code::AlreadyExists.into());
    }
    rows::insert(tx, vault, &consent)?;
    if let Some(not_after) = not_after {
        open(tx, &consent, not_after)?;
    }
    let act = if yes { "consent.given" } else { "consent.refused" };
    note(tx, sight, act, &consent)?;
    Ok(consent)
}

/// A new yes to a record, under the next number, with a time of its own.
///
/// # Errors
/// `not_found`; `illegal_transition` for what was refused or withdrawn: that is asked anew.
pub fn renew(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, record: RecordId, renewal: &Renewal) -> Result<Consent> {
    let person = people::of(sight);
    let was = of(tx.conn(), vault, person, record)?;
    let state = was.state.after(Event::Renew)?;
    let mut found = Vec::new();
    renewal.check(&At::Root, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let holder = people::get(tx.conn(), person)?;
    guarded(tx, vault, &holder, &renewal.expressed)?;
    let now = tx.now();
    let not_after = model::ends_at(was.purpose, renewal.not_after, now, &At::Root)?;
    let consent = Consent {
        seq: was.seq + 1,
        state,
        answered_at: now,
        not_after: Some(not_after),
        expressed: renewal.expressed.clone(),
        entered_by: sight.staff(),
        ..was
    };
    rows::insert(tx, vault, &consent)?;
    open(tx, &consent, not_after)?;
    note(tx, sight, "consent.renewed", &consent)?;
    Ok(consent)
}

/// A consent that was withdrawn, and what followed.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// The record's newest answer.
    pub consent: Consent,
    /// The nodes that are told.
    pub told: Vec<EntityId>,
    /// Local ids of the threads that have ended: the matters in them are withdrawn.
    pub threads: Vec<Uuid>,
}

/// Takes a consent back. A second time changes nothing and tells nobody again.
///
/// # Errors
/// `not_found`, also for a record of somebody else; `illegal_transition` for a refused one.
pub fn withdraw(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    sight: &Sight,
    towards: Towards<'_>,
    record: RecordId,
    how: Withdrawal,
) -> Result<Withdrawn> {
    let consent = of(tx.conn(), handle.vault(), people::of(sight), record)?;
    end(tx, handle, sight, towards, consent, how)
}

fn end(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    sight: &Sight,
    towards: Towards<'_>,
    mut consent: Consent,
    how: Withdrawal,
) -> Result<Withdrawn> {
    let now = tx.now();
    let unchanged = |consent| Ok(Withdrawn { consent, told: Vec::new(), threads: Vec::new() });
    if consent.state == State::Withdrawn {
        return unchanged(consent);
    }
    consent.state = consent.state.after(Event::Withdraw)?;
    consent.withdrawn = Some((now, how));
    consent.recall = Some((Uuid::new_v4(), now + RECALL_DUE));
    if !rows::mark_withdrawn(tx, &consent)? {
        return unchanged(consent);
    }
    grants::close(tx, consent.record)?;
    grants::tombstone(tx, handle.entity_id(), consent.record, consent.seq)?;
    let disclosed = disclosed_under(tx.conn(), &consent)?;
    let told = outbox::strike(tx, consent.record)?;
    let mut threads = Vec::new();
    for peer in peers(&disclosed) {
        threads.extend(grants::left_bare(tx.conn(), handle.entity_id(), peer, consent.record)?);
    }
    for thread in &threads {
        grants::end(tx, *thread)?;
        outbox::strike_in(tx, *thread)?;
    }
    for peer in &told {
        tell(tx, handle, towards, &consent, peer, &disclosed)?;
    }
    note(tx, sight, "consent.withdrawn", &consent)?;
    Ok(Withdrawn { consent, told, threads })
}

/// Tells one node, which has something under the record, that it was withdrawn.
fn tell(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    towards: Towards<'_>,
    consent: &Consent,
    peer: &EntityId,
    disclosed: &[Disclosure],
) -> Result<()> {
    let organisation = disclosed.iter().find(|it| it.peer == *peer).map_or("", |it| it.organisation.as_str());
    let subject_ref = grants::subject_ref_for(tx, consent.subject, peer)?;
    let node = peer.into();
    let recipient = Recipient { peer: &node, organisation, ids: &[] };
    let permit = grants::permit_duty(
        consent.subject,
        subject_ref,
        recipient,
        Basis::LegalDuty,
        consent.record.0,
        std::collections::BTreeSet::new(),
    )?;
    let (recall, due) = consent.recall.ok_or_else(|| Error::internal("a withdrawal without its recall"))?;
    let seq = Whole::new(consent.seq).map_err(|refusal| Error::internal(refusal.code()))?;
    let body = ConsentWithdrawn { record: consent.record, seq, recall: Some(recall), due: Some(due) };
    let out = Outgoing { thread: None, actor: towards(peer), body: body.into(), card_version: None, not_after: None };
    outbox::enqueue_personal(tx, handle, &permit, out)?;
    Ok(())
}

fn disclosed_under(conn: &mut Conn, consent: &Consent) -> Result<Vec<Disclosure>> {
    let mut all = grants::disclosures_about(conn, &[consent.subject])?;
    all.retain(|it| it.record.is_some_and(|(record, _)| record == consent.record));
    Ok(all)
}

fn peers(disclosed: &[Disclosure]) -> std::collections::BTreeSet<&Destination> {
    disclosed.iter().map(|it| &it.peer).collect()
}

fn open(tx: &mut Tx<'_>, consent: &Consent, not_after: chrono::DateTime<chrono::Utc>) -> Result<()> {
    let damaged = |refusal: Refusal| Error::internal(refusal.code());
    let grant = Grant {
        record: consent.record,
        seq: Whole::new(consent.seq).map_err(damaged)?,
        purpose: consent.purpose,
        recipient: consent.recipient.clone(),
        groups: Groups::new(consent.groups.iter().copied()).map_err(damaged)?,
        not_after,
        single_use: consent.single_use,
        notice_hash: consent.expressed.notice.hash,
    };
    grants::open(tx, consent.subject, &grant)
}

/// A minor's yes is her guardian's to give; so is that of somebody whose age is being established.
fn guarded(tx: &mut Tx<'_>, vault: &Vault, person: &Person, said: &Expression) -> Result<()> {
    let card = cards::current(tx.conn(), vault, person.id)?.map(|held| held.card).unwrap_or_default();
    let minor = matches!(card.is_minor, Minor::Yes | Minor::UnderAssessment);
    if minor && said.by == ExpressedBy::Person {
        return Err(Problem::invalid(vec![Refusal::Inconsistent.at("/expressed/by")]).into());
    }
    Ok(())
}

fn note(tx: &mut Tx<'_>, sight: &Sight, act: &'static str, consent: &Consent) -> Result<()> {
    let entry = sight.entry(act).subject(consent.subject).object(consent.record);
    journal::record(tx, entry.code(format_args!("{} seq:{}", consent.purpose.code(), consent.seq)))
}

/// The newest answer of this person's record.
///
/// # Errors
/// `not_found`, also for a record of somebody else.
pub fn of(conn: &mut Conn, vault: &Vault, person: PersonId, record: RecordId) -> Result<Consent> {
    let found = rows::newest(conn, vault, record)?.filter(|consent| consent.person == person);
    found.ok_or_else(|| Code::NotFound.into())
}

/// Every answer of hers, newest first, for somebody who looks at them.
///
/// # Errors
/// `not_found`.
pub fn list(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Vec<Consent>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("consent.read").subject(person.subject).object(person.id))?;
    rows::of_person(tx.conn(), vault, person.id)
}

/// Who received which groups about her, when and on which ground, newest first.
///
/// # Errors
/// `not_found`.
pub fn disclosures(tx: &mut Tx<'_>, sight: &Sight) -> Result<Vec<Disclosure>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("disclosures.read").subject(person.subject).object(person.id))?;
    grants::disclosures_about(tx.conn(), &[person.subject])
}
