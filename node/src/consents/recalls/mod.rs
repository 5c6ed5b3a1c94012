//! Recalls by letter: what an office without a node is told when something that it has on paper is taken back, and what
//! it answers.
//!
//! What must hold:
//! - A letter names the person by the reference that stands on the sheets that the office has, and by nothing else: it
//!   tells nobody what that office did not know. It is made in the transaction of the withdrawal and stands in the log of
//!   disclosures, under the duty to tell.
//! - The clock is that of every recall: 72 hours from the withdrawal, whenever somebody finds the time to post it.
//! - An answer is what somebody at the office said; it covers every group that the office has, each by the closed answers
//!   that a node would give. It is given once.

mod api;
mod model;
mod rows;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use chrono::{DateTime, Utc};
use staffetta_protocol::card::{At, Check};
use staffetta_protocol::consent::{Basis, Group};
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::Role;
use uuid::Uuid;

use super::{Consent, RECALL_DUE};
use crate::access::cases::{self, Listing};
use crate::access::{Sight, Staff};
use crate::error::{Error, Result};
use crate::grants::{self, Destination, Disclosure, Recipient, Thread};
use crate::journal;
use crate::offices;
use crate::people::PersonId;
use crate::rules::calendar::local_day;
use crate::store::{Conn, Tx};
use crate::vault::{Subject, Vault};
use crate::web::Html;

pub(super) use api::api;
pub(crate) use model::when;
pub use model::{LetterChannel, PaperRecall, RecallAnswer, RecallSending};
pub use rows::{Page, Wanted};

/// Why a letter is made.
#[derive(Debug, Clone, Copy)]
pub struct Recalled<'a> {
    /// Whose data.
    pub person: PersonId,
    /// Whose key.
    pub subject: Subject,
    /// The conversation on paper with that office.
    pub thread: &'a Thread,
    /// The organisation, as its letters are addressed.
    pub organisation: &'a str,
    /// The consent that was taken back; absent where the referral itself was.
    pub record: Option<(RecordId, u32)>,
    /// What the office has.
    pub groups: &'a BTreeSet<Group>,
    /// When the answer is due, where that was said elsewhere.
    pub due: Option<DateTime<Utc>>,
}

/// Opens a recall by letter, for what left on paper in one thread.
///
/// # Errors
/// Internal, for a thread with a node: that is told by a message.
pub fn open(tx: &mut Tx<'_>, what: Recalled<'_>) -> Result<Uuid> {
    let office = what.thread.peer.office().ok_or_else(|| Error::internal("a letter to a node"))?;
    let to = Recipient { peer: &what.thread.peer, organisation: what.organisation, ids: &[] };
    let reference = what.record.map_or(what.thread.wire.0, |(record, _)| record.0);
    let permit =
        grants::permit_duty(what.subject, what.thread.subject_ref, to, Basis::LegalDuty, reference, BTreeSet::new())?;
    let id = grants::on_paper(tx, &permit, what.thread, "paper.recall", &BTreeSet::new(), None)?.0;
    let now = tx.now();
    rows::insert(
        tx,
        &PaperRecall {
            id,
            person: what.person,
            subject: what.subject,
            office,
            organisation: what.organisation.to_owned(),
            thread: what.thread.id,
            record: what.record,
            groups: what.groups.clone(),
            opened_at: now,
            due_at: what.due.unwrap_or(now + RECALL_DUE),
            sent: None,
            answered_at: None,
            answer: None,
        },
    )?;
    let entry = journal::Entry::new(journal::Actor::System, "recall.letter-opened").subject(what.subject).object(id);
    journal::record(tx, entry.peer(&what.thread.peer))?;
    Ok(id)
}

/// A letter for each office that has something on paper under a consent that was just taken back.
pub(super) fn open_under(tx: &mut Tx<'_>, consent: &Consent, disclosed: &[Disclosure]) -> Result<Vec<Uuid>> {
    let mut by_thread: BTreeMap<Uuid, (String, BTreeSet<Group>)> = BTreeMap::new();
    for it in disclosed.iter().filter(|it| matches!(it.peer, Destination::Office(_))) {
        let Some(thread) = grants::thread_of_paper(tx.conn(), it.message)? else { continue };
        by_thread.entry(thread).or_insert_with(|| (it.organisation.clone(), BTreeSet::new())).1.extend(&it.groups);
    }
    let due = consent.recall.map(|(_, due)| due);
    let mut letters = Vec::new();
    for (thread, (organisation, groups)) in by_thread {
        let thread = grants::by_id(tx.conn(), thread)?.ok_or_else(|| Error::internal("paper without its thread"))?;
        let record = Some((consent.record, consent.seq));
        let (person, subject) = (consent.person, consent.subject);
        letters.push(open(
            tx,
            Recalled { person, subject, thread: &thread, organisation: &organisation, record, groups: &groups, due },
        )?);
    }
    Ok(letters)
}

/// Whose letter that is: for whoever must show a part in her case first.
///
/// # Errors
/// `not_found`.
pub fn person_of(conn: &mut Conn, id: Uuid) -> Result<PersonId> {
    rows::person_of(conn, id)?.ok_or_else(|| Code::NotFound.into())
}

/// The recall, with its answer if there is one.
///
/// # Errors
/// `not_found`, also for one of somebody else.
fn of(conn: &mut Conn, vault: &Vault, sight: &Sight, id: Uuid) -> Result<PaperRecall> {
    let found = rows::find(conn, vault, id)?.filter(|recall| recall.person.0 == sight.case());
    found.ok_or_else(|| Code::NotFound.into())
}

/// The recall, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: Uuid) -> Result<PaperRecall> {
    let recall = of(tx.conn(), vault, sight, id)?;
    journal::record(tx, sight.entry("recall.read").subject(recall.subject).object(id))?;
    Ok(recall)
}

/// Recalls by letter, the one that is due first before the others. What was answered is not in it.
/// Each person on the page gets her entry.
pub fn list(tx: &mut Tx<'_>, by: &Staff, wanted: Wanted) -> Result<Page> {
    let now = tx.now();
    let page = rows::list(tx.conn(), Listing::of(by.id, by.role), wanted, now)?;
    let shown: Vec<_> = page.items.iter().map(|it| (it.person.into(), it.subject)).collect();
    cases::note_listed(tx, by, "recall.listed", &shown)?;
    Ok(page)
}

/// Notes that the letter went out.
///
/// # Errors
/// `not_found`; `conflict` for one that went out before; `invalid_input` for an instant that cannot be.
pub fn sent(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: Uuid, how: RecallSending) -> Result<PaperRecall> {
    let mut recall = of(tx.conn(), vault, sight, id)?;
    let at = model::when(how.at, recall.opened_at, tx.now())?;
    recall.sent = Some((at, how.channel));
    if !rows::mark_sent(tx, id, at, how.channel)? {
        return Err(Problem::new(Code::Conflict).detail("The letter went out before.").into());
    }
    journal::record(tx, sight.entry("recall.letter-sent").subject(recall.subject).object(id).code(how.channel.code()))?;
    Ok(recall)
}

/// Notes what the office answered.
///
/// # Errors
/// `not_found`; `conflict` where it answered before; `invalid_input` where a group is missing or is not the office's.
pub fn answer(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: Uuid, said: RecallAnswer) -> Result<PaperRecall> {
    let mut recall = of(tx.conn(), vault, sight, id)?;
    let mut found = Vec::new();
    said.check(&At::Root, &mut found);
    said.check_against(&recall.groups, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let at = model::when(said.at, recall.opened_at, tx.now())?;
    if !rows::mark_answered(tx, vault, &recall, at, &said)? {
        return Err(Problem::new(Code::Conflict).detail("The office answered before.").into());
    }
    let entry = sight.entry("recall.letter-answered").subject(recall.subject).object(id);
    journal::record(tx, entry.code(said.channel.code()))?;
    (recall.answered_at, recall.answer) = (Some(at), Some(said));
    Ok(recall)
}

#[derive(Template)]
#[template(path = "consents/recall_letter.html")]
struct Letter<'a> {
    sender: &'a str,
    addressee: &'a str,
    address: Option<&'a str>,
    pec: Option<&'a str>,
    today: String,
    due: String,
    reference: String,
    whole: bool,
    groups: Vec<(&'static str, bool)>,
}

/// The letter as it is printed today.
///
/// # Errors
/// `not_found`.
pub fn letter(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, sender: &str, id: Uuid) -> Result<Html> {
    let recall = of(tx.conn(), vault, sight, id)?;
    let office = offices::partner(tx.conn(), recall.office)?;
    let thread = grants::by_id(tx.conn(), recall.thread)?.ok_or_else(|| Error::internal("a letter without thread"))?;
    let (opened, due) = (local_day(recall.opened_at), local_day(recall.due_at));
    let page = Html::sheet(&Letter {
        sender,
        addressee: &recall.organisation,
        address: office.as_ref().and_then(|it| it.address.as_ref()).map(|it| it.as_str()),
        pec: office.as_ref().and_then(|it| it.pec.as_ref()).map(|it| it.as_str()),
        today: opened.format("%d/%m/%Y").to_string(),
        due: due.format("%d/%m/%Y").to_string(),
        reference: thread.subject_ref.0.to_string(),
        whole: recall.record.is_none(),
        groups: recall.groups.iter().map(|group| (model::in_words(*group), model::may_be_kept(*group))).collect(),
    })?;
    journal::record(tx, sight.entry("recall.letter-printed").subject(recall.subject).object(id))?;
    Ok(page)
}

/// The letters that this node wrote since it was told of a recall itself: offices without a node, as what they appear above.
pub(super) fn letters_below(conn: &mut Conn, recall: Uuid) -> Result<Vec<Role>> {
    let purposes = rows::purposes_under(conn, recall)?;
    Ok(purposes.into_iter().map(|purpose| super::tree::role_of(None, purpose)).collect())
}

/// Whether an office is still to answer a letter about her, and has the time.
pub(super) fn is_open(conn: &mut Conn, person: PersonId, now: DateTime<Utc>) -> Result<bool> {
    rows::is_open(conn, person, now)
}
