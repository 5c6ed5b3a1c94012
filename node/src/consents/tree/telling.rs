//! Of this node's own records: who is told that one was withdrawn, and what each answers.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use staffetta_protocol::card::Whole;
use staffetta_protocol::consent::{Basis, Group};
use staffetta_protocol::data::{ConsentWithdrawalAnswered, ConsentWithdrawn, Data};
use staffetta_protocol::id::{EntityId, MessageId, RecordId, SubjectRef};
use staffetta_protocol::message::{Actor as MessageActor, ActorRole, DEEPEST, Message};
use staffetta_protocol::problem::ItemCode;
use staffetta_protocol::receipt::Outcome;
use uuid::Uuid;

use super::model::{Known, role_of};
use super::rows::{self, Told};
use super::{Under, answering, clock};
use crate::consents::rows::newest;
use crate::consents::{Consent, RECALL_DUE, Towards};
use crate::error::{Error, Result};
use crate::grants::{self, Destination, Disclosure, Recipient};
use crate::inbox::Taken;
use crate::journal::{self, Actor, Entry};
use crate::outbox::{self, Outbox, Outgoing, Settlement};
use crate::peers;
use crate::people::PersonId;
use crate::store::{Conn, Tx};
use crate::vault::{Subject, Vault};

/// Why a message did not reach somebody: a recall that came through as many nodes as it may goes no further by itself.
const TOO_DEEP: &str = "recall_too_deep";

/// Tells one node, which has something under the record or may have, that it was withdrawn, and waits for its answer. Beyond the
/// deepest that a recall goes somebody tells it by other means.
pub(in crate::consents) fn tell(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    towards: Towards<'_>,
    consent: &Consent,
    peer: &EntityId,
    disclosed: &[Disclosure],
    under: Option<Under>,
) -> Result<()> {
    let given: Vec<&Disclosure> = disclosed.iter().filter(|it| it.peer == *peer).collect();
    let known = peers::known_as(tx.conn(), peer)?;
    let called = known.as_ref().map_or("", |it| it.organisation_name.as_str());
    let organisation = given.first().map_or(called, |it| it.organisation.as_str());
    let groups: BTreeSet<Group> = given.iter().flat_map(|it| it.groups.iter().copied()).collect();
    let subject_ref = grants::subject_ref_for(tx, consent.subject, peer)?;
    let node = peer.into();
    // Of somebody who was erased meanwhile there is no key under which the message could wait: one is made that says nothing.
    let sealed_for = match Vault::is_shredded(tx.conn(), consent.subject)? {
        true => handle.vault().subject_for_person(tx)?,
        false => consent.subject,
    };
    let (recall, due) = consent.recall.ok_or_else(|| Error::internal("a withdrawal without its recall"))?;
    let ended = grants::ended_up_to(tx.conn(), handle.entity_id(), consent.record)?.unwrap_or(consent.seq);
    let depth = under.map_or(1, |it| it.depth);
    let reaches = depth <= DEEPEST;
    let word = Word { record: consent.record, ended, recall, due, depth };
    let message = match reaches {
        true => queue(tx, handle, towards(peer), (&node, organisation), (sealed_for, subject_ref), &word)?,
        // None was made: this is the id of nothing.
        false => MessageId(Uuid::new_v4()),
    };
    let told = Told {
        id: Uuid::new_v4(),
        recall,
        record: consent.record,
        seq: ended,
        peer: peer.clone(),
        organisation: organisation.to_owned(),
        role: role_of(known.as_ref().map(|it| &it.roles), consent.purpose),
        person: consent.person,
        subject: consent.subject,
        groups,
        above: under.map(|it| it.above),
        message,
        told_at: tx.now(),
        due_at: due,
        reached_at: None,
        failed: None,
        known: Known::default(),
        answered_at: None,
        answer_digest: None,
        elsewhere: None,
    };
    rows::insert_told(tx, &told)?;
    if reaches {
        return Ok(());
    }
    rows::mark_failed(tx, told.id, TOO_DEEP)?;
    clock::not_reached(tx, &told, TOO_DEEP)
}

/// Tells whoever this message was to tell, under the same recall and until the same moment: what waited can be read no more.
/// Nothing where it told nobody.
pub(in crate::consents) fn tell_anew(tx: &mut Tx<'_>, handle: &Outbox, lost: MessageId) -> Result<()> {
    let Some(told) = rows::told_by(tx.conn(), lost)? else { return Ok(()) };
    let nobody = handle.vault().subject_for_person(tx)?;
    let subject_ref = grants::subject_ref_for(tx, told.subject, &told.peer)?;
    let actor = MessageActor { role: ActorRole::System, pseudonym: None };
    // Through how many nodes it had come was said in the message alone: at least through the one above.
    let depth = if told.above.is_some() { 2 } else { 1 };
    let word = Word { record: told.record, ended: told.seq, recall: told.recall, due: told.due_at, depth };
    let node = (&told.peer).into();
    let anew = queue(tx, handle, actor, (&node, &told.organisation), (nobody, subject_ref), &word)?;
    rows::tell_by(tx, told.id, anew)
}

/// That a record has ended, as a node is told it.
struct Word {
    record: RecordId,
    /// Up to which answer.
    ended: u32,
    recall: Uuid,
    due: DateTime<Utc>,
    depth: u32,
}

fn queue(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    actor: MessageActor,
    (node, organisation): (&Destination, &str),
    (sealed_for, subject_ref): (Subject, SubjectRef),
    word: &Word,
) -> Result<MessageId> {
    let to = Recipient { peer: node, organisation, ids: &[] };
    let basis = Basis::LegalDuty;
    let permit = grants::permit_duty(sealed_for, subject_ref, to, basis, word.record.0, BTreeSet::new())?;
    let seq = Whole::new(word.ended).map_err(|refusal| Error::internal(refusal.code()))?;
    let body = ConsentWithdrawn { record: word.record, seq, recall: Some(word.recall), due: Some(word.due) };
    let out = Outgoing { thread: None, actor, body: body.into(), card_version: None, not_after: None };
    outbox::enqueue_recall(tx, handle, &permit, out, word.depth)
}

/// Tells these nodes that a record has ended of which this one knows nothing but that: it was given after the copy from which
/// this node was restored. Which of them has something under it nobody here remembers. It says a number, and whoever holds
/// nothing answers so.
pub(in crate::consents) fn tell_of_forgotten(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    nodes: &[EntityId],
    (record, ended): (RecordId, u32),
) -> Result<()> {
    let nobody = handle.vault().subject_for_person(tx)?;
    let word = Word { record, ended, recall: Uuid::new_v4(), due: tx.now() + RECALL_DUE, depth: 1 };
    for node in nodes {
        let organisation = peers::known_as(tx.conn(), node)?.map(|it| it.organisation_name).unwrap_or_default();
        let subject_ref = grants::subject_ref_for(tx, nobody, node)?;
        let actor = MessageActor { role: ActorRole::System, pseudonym: None };
        queue(tx, handle, actor, (&node.into(), &organisation), (nobody, subject_ref), &word)?;
    }
    Ok(())
}

/// What one of them answered: it stands in the journal, since no row waits for it.
fn answered_of_forgotten(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    message: &Message,
    body: &ConsentWithdrawalAnswered,
) -> Result<Taken> {
    let ended = grants::tombstoned(tx.conn(), handle.entity_id(), body.record, body.seq.get())?;
    if !ended || newest(tx.conn(), handle.vault(), body.record)?.is_some() {
        return Ok(NOT_ASKED);
    }
    let complete = if body.complete { " complete" } else { "" };
    let entry =
        Entry::new(Actor::Peer(message.from.clone()), "recall.answered").object(body.record).peer(&message.from);
    journal::record(tx, entry.code(format_args!("version:{}{complete}", body.version.get())))?;
    Ok(Taken::Accepted)
}

/// Whoever was not asked has nothing to answer.
const NOT_ASKED: Taken = Taken::Refused(ItemCode::NotEntitled);

/// `consent.withdrawal-answered`: from a node that was told, about that recall of that record, and from nobody else.
pub fn answered(
    tx: &mut Tx<'_>,
    handle: &Outbox,
    message: &Message,
    body: &ConsentWithdrawalAnswered,
) -> Result<Taken> {
    let Some(recall) = body.recall else { return Ok(NOT_ASKED) };
    let Some(mut told) = rows::told_to(tx.conn(), recall, body.record, &message.from)? else {
        return answered_of_forgotten(tx, handle, message, body);
    };
    if told.seq != body.seq.get() {
        return Ok(NOT_ASKED);
    }
    if !told.known.hears(body.version.get(), body.complete, &body.below) {
        return Ok(Taken::Superseded);
    }
    let digest = message.digest.to_string();
    if !rows::save_answer(tx, handle.vault(), &told, &body.groups, &digest)? {
        return Ok(Taken::Superseded);
    }
    let entry = Entry::new(Actor::Peer(message.from.clone()), "recall.answered").subject(told.subject);
    let complete = if body.complete { " complete" } else { "" };
    let entry = entry.object(told.id).peer(&message.from);
    journal::record(tx, entry.code(format_args!("version:{}{complete}", told.known.version)))?;
    if told.known.is_settled() {
        clock::mended(tx, &told)?;
        grants::retire_ref(tx, told.subject, &told.peer, handle.entity_id())?;
    }
    if let Some(above) = told.above {
        answering::update(tx, handle, above)?;
    }
    Ok(Taken::Accepted)
}

/// What became of the message that told somebody. Who could not be reached by a message is somebody's task.
pub fn settled(tx: &mut Tx<'_>, settlement: &Settlement) -> Result<()> {
    if settlement.kind != <ConsentWithdrawn as Data>::TYPE {
        return Ok(());
    }
    let Some(told) = rows::told_by(tx.conn(), settlement.message)? else { return Ok(()) };
    match (settlement.outcome, settlement.code.as_deref()) {
        (Outcome::Accepted, _) => rows::mark_reached(tx, told.id),
        (_, code) => {
            let code = code.unwrap_or("not_delivered");
            rows::mark_failed(tx, told.id, code)?;
            clock::not_reached(tx, &told, code)
        }
    }
}

/// Whether that node was told under this recall that the record was withdrawn.
pub(in crate::consents) fn was_told(conn: &mut Conn, recall: Uuid, record: RecordId, peer: &EntityId) -> Result<bool> {
    Ok(rows::told_to(conn, recall, record, peer)?.is_some())
}

/// Everybody who was told about her, and what each answered: for herself, and the proof for a request of hers.
pub fn of_person(conn: &mut Conn, person: PersonId) -> Result<Vec<Told>> {
    rows::told_about(conn, person)
}

/// Whether somebody who was told about her is still to answer, and has the time.
pub(in crate::consents) fn is_open(conn: &mut Conn, person: PersonId, now: DateTime<Utc>) -> Result<bool> {
    rows::is_open(conn, person, now)
}
