//! The end of a consent: taken back, found never to have held, or done.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use staffetta_protocol::id::{EntityId, RecordId};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::model::{Channel, Consent, Event, Invalidation, State, Withdrawal, WithdrawnBy};
use super::{RECALL_DUE, Towards, forgotten, note, of, recalls, rows, tree};
use crate::access::Sight;
use crate::error::Result;
use crate::grants::{self, Destination, Disclosure};
use crate::journal;
use crate::outbox::{self, Outbox};
use crate::people::{self, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// A consent that was withdrawn, and what followed.
#[derive(Debug, Clone)]
pub struct Withdrawn {
    /// The record's newest answer.
    pub consent: Consent,
    /// The nodes that are told.
    pub told: Vec<EntityId>,
    /// The letters to be printed, for what left on paper: recalls by their ids.
    pub letters: Vec<Uuid>,
    /// Local ids of the threads that have ended: the matters in them are withdrawn.
    pub threads: Vec<Uuid>,
    /// What went with it: other records of hers for the same purpose and organisation, as a merge leaves them. Each has a
    /// recall of its own.
    pub also: Vec<Consent>,
}

impl Withdrawn {
    fn unchanged(consent: Consent) -> Self {
        Self { consent, told: Vec::new(), letters: Vec::new(), threads: Vec::new(), also: Vec::new() }
    }

    fn with(&mut self, other: Self) {
        self.told.extend(other.told);
        self.told.sort_unstable();
        self.told.dedup();
        self.letters.extend(other.letters);
        self.threads.extend(other.threads);
        self.also.push(other.consent);
    }
}

/// Takes a consent back, and with it whatever else of hers permits the same: one withdrawal is enough, also where two
/// records of one person became one and each had its own yes. A second time changes nothing and tells nobody again.
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
    let held = hold(tx, handle.vault(), record)?.filter(|consent| consent.person == people::of(sight));
    take_back(tx, handle, sight, towards, held.ok_or(Code::NotFound)?, (how, None))
}

/// The newest answer of a record of which a withdrawal is to be judged, with the record locked and whatever else of hers
/// would go with it.
pub(super) fn hold(tx: &mut Tx<'_>, vault: &Vault, record: RecordId) -> Result<Option<Consent>> {
    let Some(found) = rows::newest(tx.conn(), vault, record)? else { return Ok(None) };
    let beside = beside(tx, vault, &found, None)?;
    let all: BTreeSet<RecordId> = beside.into_iter().map(|it| it.record).chain([record]).collect();
    for record in all {
        rows::lock(tx, record)?;
    }
    rows::newest(tx.conn(), vault, record)
}

/// The same for a record that is held ([`hold`]). Where she said it elsewhere, at some instant, a yes that she gave after it
/// is a new one.
pub(super) fn take_back(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    sight: &Sight,
    towards: Towards<'_>,
    consent: Consent,
    (how, said): (Withdrawal, Option<DateTime<Utc>>),
) -> Result<Withdrawn> {
    if matches!(consent.state, State::Withdrawn | State::Invalidated) {
        return Ok(Withdrawn::unchanged(consent));
    }
    let beside = beside(tx, handle.vault(), &consent, said)?;
    let mut done = end(tx, handle, sight, towards, consent, (Event::Withdraw, how), None)?;
    for other in beside {
        done.with(end(tx, handle, sight, towards, other, (Event::Withdraw, how), None)?);
    }
    Ok(done)
}

/// What else of hers permits what this one does: the same purpose and organisation, and one of its groups.
fn beside(tx: &mut Tx<'_>, vault: &Vault, it: &Consent, said: Option<DateTime<Utc>>) -> Result<Vec<Consent>> {
    let now = tx.now();
    let mut others = in_force(tx.conn(), vault, it.person, now)?;
    others.retain(|other| {
        other.record != it.record
            && other.purpose == it.purpose
            && other.recipient.same_organisation(&it.recipient)
            && !other.groups.is_disjoint(&it.groups)
            && said.is_none_or(|said| other.answered_at <= said)
    });
    Ok(others)
}

/// Takes a consent back, or declares that it never held: from here on nothing leaves, and what left is called back: by a
/// recall of its own, or `under` the one that reached this node. It ends as it stands when its lock is given: with the yes
/// by which it was renewed meanwhile.
pub(super) fn end(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    sight: &Sight,
    towards: Towards<'_>,
    consent: Consent,
    (event, how): (Event, Withdrawal),
    under: Option<tree::Under>,
) -> Result<Withdrawn> {
    let now = tx.now();
    let mut consent = rows::locked(tx, handle.vault(), consent.record)?.ok_or(Code::NotFound)?;
    if matches!(consent.state, State::Withdrawn | State::Invalidated) {
        return Ok(Withdrawn::unchanged(consent));
    }
    consent.state = consent.state.after(event)?;
    consent.withdrawn = Some((now, how));
    consent.recall = Some(under.map_or_else(|| (Uuid::new_v4(), now + RECALL_DUE), |it| (it.recall, it.due)));
    if !rows::mark_withdrawn(tx, &consent)? {
        return Ok(Withdrawn::unchanged(consent));
    }
    let doubtful = forgotten::may_have_it(tx.conn(), handle.entity_id(), &consent)?;
    grants::close(tx, consent.record)?;
    grants::tombstone(tx, handle.entity_id(), consent.record, forgotten::ends_with(&consent, &doubtful))?;
    let disclosed = disclosed_under(tx.conn(), &consent)?;
    let mut told = outbox::strike(tx, consent.record)?;
    for node in doubtful {
        if !told.contains(&node) {
            told.push(node);
        }
    }
    let mut threads = Vec::new();
    for peer in peers(&disclosed) {
        threads.extend(grants::left_bare(tx, handle.entity_id(), peer, consent.record)?);
    }
    for thread in &threads {
        grants::end(tx, *thread)?;
        outbox::strike_in(tx, *thread)?;
    }
    for peer in &told {
        tree::tell(tx, handle, towards, &consent, peer, &disclosed, under)?;
    }
    let act = if event == Event::Withdraw { "consent.withdrawn" } else { "consent.invalidated" };
    note(tx, sight, act, &consent)?;
    let letters = recalls::open_under(tx, &consent, &disclosed)?;
    if letters.is_empty() && told.is_empty() {
        forgotten::ask_for_paper(tx, &consent)?;
    }
    Ok(Withdrawn { consent, told, letters, threads, also: Vec::new() })
}

/// Declares that a record never held. What follows is what follows a withdrawal, since nothing should have left.
///
/// # Errors
/// As [`withdraw`].
pub fn invalidate(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    sight: &Sight,
    towards: Towards<'_>,
    record: RecordId,
    why: Invalidation,
) -> Result<Withdrawn> {
    let consent = of(tx.conn(), handle.vault(), people::of(sight), record)?;
    let subject = consent.subject;
    let how = Withdrawal { by: WithdrawnBy::Operator, channel: Channel::InPerson };
    let done = end(tx, handle, sight, towards, consent, (Event::Invalidate, how), None)?;
    let entry = sight.entry("consent.found-invalid").subject(subject).object(record);
    journal::record(tx, entry.code(why.reason.code()))?;
    Ok(done)
}

/// Ends a consent whose matter is done: nothing new leaves, nothing is called back.
///
/// # Errors
/// `not_found`; `illegal_transition` for what is not in force.
pub fn terminate(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, record: RecordId) -> Result<Consent> {
    let consent = of(tx.conn(), vault, people::of(sight), record)?;
    finish(tx, vault, sight, &consent)
}

/// Ends every consent of hers that is in force, each once however often it was renewed: what they were for goes on
/// elsewhere. One whose use a message still holds is among them.
///
/// # Errors
/// What the database refuses.
pub fn terminate_all(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<()> {
    let now = tx.now();
    for consent in in_force(tx.conn(), vault, people::of(sight), now)? {
        finish(tx, vault, sight, &consent)?;
    }
    Ok(())
}

/// Her consents that are in force at `now`: of each record the newest answer.
pub(super) fn in_force(conn: &mut Conn, vault: &Vault, person: PersonId, now: DateTime<Utc>) -> Result<Vec<Consent>> {
    let mut found = Vec::new();
    for record in rows::revocable(conn, person)? {
        found.extend(rows::newest(conn, vault, record)?.filter(|consent| consent.stands(now).permits()));
    }
    Ok(found)
}

fn finish(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, found: &Consent) -> Result<Consent> {
    let mut consent = rows::locked(tx, vault, found.record)?.ok_or(Code::NotFound)?;
    let from = consent.state;
    consent.state = consent.stands(tx.now()).after(Event::Terminate)?;
    if !rows::move_state(tx, &consent, from)? {
        return Err(Code::Conflict.into());
    }
    grants::close(tx, consent.record)?;
    note(tx, sight, "consent.terminated", &consent)?;
    Ok(consent)
}

fn disclosed_under(conn: &mut Conn, consent: &Consent) -> Result<Vec<Disclosure>> {
    let mut all = grants::disclosures_about(conn, &[consent.subject])?;
    all.retain(|it| it.record.is_some_and(|(record, _)| record == consent.record));
    Ok(all)
}

fn peers(disclosed: &[Disclosure]) -> std::collections::BTreeSet<&Destination> {
    disclosed.iter().map(|it| &it.peer).collect()
}
