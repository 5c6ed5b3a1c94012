//! A record of another node was withdrawn: the tombstone, what goes here, and what goes further down.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use staffetta_protocol::consent::Group;
use staffetta_protocol::data::{ConsentWithdrawn, GroupAnswer, GroupOutcome};
use staffetta_protocol::id::{EntityId, RecordId};
use staffetta_protocol::message::{Actor as MessageActor, ActorRole, Message};
use uuid::Uuid;

use super::going::going;
use super::rows::{self, Taken};
use super::{Above, Under, answering, model};
use crate::access::Sight;
use crate::cards;
use crate::consents::ending::end;
use crate::consents::forgotten;
use crate::consents::model::{Channel, Event, Withdrawal, WithdrawnBy};
use crate::consents::rows::newest;
use crate::error::Result;
use crate::grants::{self, Holding};
use crate::inbox;
use crate::journal::{self, Actor, Entry};
use crate::outbox::{self, Outbox};
use crate::store::Tx;
use crate::vault::{Subject, Vault};

/// Takes what the issuer of a record says: it was withdrawn, under this recall. Answers at once. Gives the threads that
/// have ended with it.
pub(in crate::consents) fn take(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    message: &Message,
    body: &ConsentWithdrawn,
    (recall, due): (Uuid, DateTime<Utc>),
) -> Result<Vec<Uuid>> {
    let issuer = &message.from;
    let seq = body.seq.get();
    grants::tombstone(tx, issuer, body.record, seq)?;
    // Either it was told before, and is told again; or the person spoke here first: what had come is gone since, and its issuer
    // has made the recall of it.
    let known = match rows::taken_of(tx.conn(), issuer, body.record, Some(recall))? {
        None => rows::taken_of(tx.conn(), issuer, body.record, None)?,
        told => told,
    };
    let known = known.map(|it| rows::locked(tx, it.id)).transpose()?.flatten();
    if let Some(mut taken) = known.clone().filter(|it| it.recall.is_some() && it.seq >= seq) {
        taken.answer = answering::again(tx, handle, &taken)?;
        rows::save_taken(tx, &taken)?;
        return Ok(Vec::new());
    }
    let said_before = known.as_ref().is_some_and(|it| it.version > 0);
    let (mut taken, mut threads) = match known {
        Some(taken) => further(tx, handle, above, taken, seq)?,
        None => undo(tx, handle, above, (issuer, body.record, seq), message.subject_ref)?,
    };
    taken.recall = Some(recall);
    taken.due_at = Some(due);
    taken.subject_ref = message.subject_ref.or(taken.subject_ref);
    rows::save_taken(tx, &taken)?;
    journal_of(tx, Entry::new(Actor::Peer(issuer.clone()), "consent.withdrawn"), &taken)?;
    let under = Under { recall, due, above: taken.id, depth: model::one_deeper(message.depth) };
    threads.extend(pass_on(tx, handle, &taken, under)?);
    match said_before {
        true => answering::anew(tx, handle, taken.id)?,
        false => answering::update(tx, handle, taken.id)?,
    }
    Ok(threads)
}

/// What was taken before reaches further: under a later yes than that something may have come.
fn further(tx: &mut Tx<'_>, handle: &Outbox, above: Above, taken: Taken, seq: u32) -> Result<(Taken, Vec<Uuid>)> {
    let mut taken = taken;
    let issuer = taken.issuer.clone();
    let held = grants::held_under(tx.conn(), &issuer, taken.record, seq)?;
    let turn = grants::first_held(tx.conn(), &issuer, taken.record, seq)?;
    let threads = end_bare(tx, &issuer, taken.record)?;
    if !held.is_empty() {
        rows::look_again(tx, taken.id)?;
        let (outcomes, frozen) = part_with(tx, handle, above, (&issuer, taken.record, seq), &held)?;
        taken.outcomes.retain(|had| outcomes.iter().all(|it| it.group != had.group));
        taken.outcomes.extend(outcomes);
        taken.frozen |= frozen;
        taken.subject = held.first().map(|it| it.subject).or(taken.subject);
        taken.held_since = taken.held_since.into_iter().chain(held.iter().map(|it| it.at)).min();
        taken.held_turn = taken.held_turn.into_iter().chain(turn).min();
    }
    taken.seq = seq;
    Ok((taken, threads))
}

/// Ends the threads that have nothing left to go on, and strikes what waits in them.
fn end_bare(tx: &mut Tx<'_>, issuer: &EntityId, record: RecordId) -> Result<Vec<Uuid>> {
    let threads = grants::left_bare(tx, issuer, &issuer.into(), record)?;
    for thread in &threads {
        grants::end(tx, *thread)?;
        outbox::strike_in(tx, *thread)?;
    }
    Ok(threads)
}

/// The same, once more: this node was restored from a copy that was made before. Whoever withdrew it has its answer, or
/// asks again.
pub(in crate::consents) fn take_again(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    (issuer, record, seq): (&EntityId, RecordId, u32),
) -> Result<Vec<Uuid>> {
    grants::tombstone(tx, issuer, record, seq)?;
    let (taken, threads) = undo(tx, handle, above, (issuer, record, seq), None)?;
    let entry = Entry::new(Actor::System, "consent.withdrawn").object(record).peer(issuer).ground("restore");
    journal::record(tx, taken.subject.into_iter().fold(entry, Entry::subject))?;
    Ok(threads)
}

pub(super) fn journal_of(tx: &mut Tx<'_>, entry: Entry, taken: &Taken) -> Result<()> {
    let entry = entry.object(taken.record).peer(&taken.issuer);
    let entry = match taken.recall {
        Some(recall) => entry.code(format_args!("recall:{recall}")),
        None => entry.code("spoken_here"),
    };
    journal::record(tx, taken.subject.into_iter().fold(entry, Entry::subject))
}

/// Ends and erases here what rested on a record of that node, but for what must stay. Gives the threads that have ended.
pub(super) fn undo(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    (issuer, record, seq): (&EntityId, RecordId, u32),
    subject_ref: Option<staffetta_protocol::id::SubjectRef>,
) -> Result<(Taken, Vec<Uuid>)> {
    let held = grants::held_under(tx.conn(), issuer, record, seq)?;
    let held_turn = grants::first_held(tx.conn(), issuer, record, seq)?;
    let threads = end_bare(tx, issuer, record)?;
    let named = subject_ref.map(|it| Vault::find_ref(tx.conn(), issuer, it)).transpose()?.flatten();
    let subject = held.first().map(|it| it.subject).or(named);
    let (outcomes, frozen) = part_with(tx, handle, above, (issuer, record, seq), &held)?;
    let taken = Taken {
        id: Uuid::new_v4(),
        recall: None,
        issuer: issuer.clone(),
        record,
        seq,
        subject,
        subject_ref,
        held_since: held.iter().map(|it| it.at).min(),
        held_turn,
        outcomes,
        due_at: None,
        version: 0,
        complete: false,
        below: Vec::new(),
        answer: None,
        frozen,
    };
    rows::insert_taken(tx, &taken)?;
    Ok((taken, threads))
}

/// Erases what is held under a record, or withholds it where she must not lose it yet. What becomes of each group, and whether
/// something is kept for now.
fn part_with(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    (issuer, record, seq): (&EntityId, RecordId, u32),
    held: &[Holding],
) -> Result<(Vec<GroupAnswer>, bool)> {
    let received: BTreeSet<Group> = held.iter().flat_map(|it| it.groups.iter().copied()).collect();
    let stands = || held.iter().filter(|it| !it.gone);
    let frozen = match stands().next() {
        Some(first) => (above.frozen)(tx.conn(), first.subject)?,
        None => false,
    };
    let kept = if frozen {
        let parts = going(tx, (issuer, record, seq), held, true)?.parts;
        cards::withhold_parts(tx, &parts)?;
        stands().flat_map(|it| it.groups.iter()).map(|group| (*group, GroupOutcome::Restricted {})).collect()
    } else {
        go(tx, handle, above, (issuer, record, seq), held)?
    };
    Ok((model::outcomes(received, &kept), frozen))
}

/// Erases what came under a record, and what was put right of it: parts of the card, the bytes, and the words. What the rooms
/// above keep as this node's own they have taken over before, also of what was withheld until now.
pub(super) fn go(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    above: Above,
    (issuer, record, seq): (&EntityId, RecordId, u32),
    held: &[Holding],
) -> Result<BTreeMap<Group, GroupOutcome>> {
    let mut by_thread: BTreeMap<Uuid, BTreeSet<Group>> = BTreeMap::new();
    for it in held.iter().filter(|it| !it.gone) {
        by_thread.entry(it.thread.unwrap_or_default()).or_default().extend(&it.groups);
    }
    let going = going(tx, (issuer, record, seq), held, false)?;
    cards::give_back_parts(tx, &going.parts)?;
    let mut kept = BTreeMap::new();
    for (thread, groups) in &by_thread {
        kept.extend((above.keeps)(tx, handle, *thread, groups)?);
    }
    cards::erase_parts(tx, &going.parts)?;
    (above.forgets)(tx, &going.messages)?;
    for message in going.messages {
        inbox::erase_bytes(tx, issuer, message)?;
    }
    grants::let_go(tx, issuer, record, seq)?;
    Ok(kept)
}

/// Withdraws, under the same recall, the records of this node under which it disclosed groups that had come under the
/// withdrawn one. A group that still stands here under another record of the same node was not taken away.
fn pass_on(tx: &mut Tx<'_>, handle: &Outbox, taken: &Taken, under: Under) -> Result<Vec<Uuid>> {
    let (Some(subject), Some((since, turn))) = (taken.subject, taken.held_since.zip(taken.held_turn)) else {
        return Ok(Vec::new());
    };
    let lost = lost(tx, taken, subject)?;
    let mut records = forgotten::may_rest_on(tx.conn(), handle, subject, since, &lost)?;
    for it in grants::disclosed_after(tx.conn(), subject, turn)? {
        records.extend(it.record.filter(|_| !it.groups.is_disjoint(&lost)).map(|(record, _)| record));
    }
    let how = Withdrawal { by: WithdrawnBy::Person, channel: Channel::Source };
    let system = |_: &EntityId| MessageActor { role: ActorRole::System, pseudonym: None };
    let mut threads = Vec::new();
    for record in records {
        let Some(consent) = newest(tx.conn(), handle.vault(), record)? else { continue };
        if !consent.state.allowed().contains(&Event::Withdraw) {
            continue;
        }
        let sight = Sight::of_peer(taken.issuer.clone(), consent.person.into());
        let done = end(tx, handle, &sight, &system, consent, (Event::Withdraw, how), Some(under))?;
        threads.extend(done.threads);
    }
    Ok(threads)
}

fn lost(tx: &mut Tx<'_>, taken: &Taken, subject: Subject) -> Result<BTreeSet<Group>> {
    let mut lost: BTreeSet<Group> = taken.outcomes.iter().map(|it| it.group).collect();
    for (record, seq, groups) in grants::held_from(tx.conn(), &taken.issuer, subject)? {
        if record != taken.record && !grants::tombstoned(tx.conn(), &taken.issuer, record, seq)? {
            lost.retain(|group| !groups.contains(group));
        }
    }
    Ok(lost)
}
