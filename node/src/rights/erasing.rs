//! Erasure, in steps, so that nothing is lost on the way: consents are taken back and recalls go out; her case is
//! restricted; and when everybody has been told and has answered, or is late, her keys are destroyed. The digests of what
//! they answered stay in the log of her request: they prove who said what, and tell nothing.
//!
//! What stays is what says nothing: receipts, counts, digests, the journal, and the request itself without its words.

use chrono::{DateTime, Utc};
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::model::{ErasureStep, NoWait, Request, RightAsker, RightChannel};
use super::rows::Aside;
use super::{Means, effects, note, of, rows};
use crate::access::{Sight, Why};
use crate::consents::{self, Channel, Withdrawal, WithdrawnBy};
use crate::error::Result;
use crate::outbox::Outbox;
use crate::store::{Conn, Tx};
use crate::vault::{Subject, Vault};
use crate::{documents, grants, journal, outbox, people};

/// Erasures on one page.
const AT_ONCE: i64 = 50;

/// Takes back what she agreed to, tells whoever received something, and keeps her data from any other use.
pub(super) fn begin(tx: &mut Tx<'_>, means: &Means<'_>, sight: &Sight, of: &Request) -> Result<()> {
    let how = Withdrawal { by: withdrawn_by(of.said_by), channel: said_through(of.channel) };
    for record in consents::revocable(tx.conn(), of.person)? {
        let done = consents::withdraw(tx, means.outbox, sight, means.towards, record, how)?;
        (means.rights.threads_ended)(tx, &done.threads)?;
    }
    effects::restrict(tx, sight, of)
}

/// Whoever asked that everything be erased took back what was agreed to.
const fn withdrawn_by(asker: RightAsker) -> WithdrawnBy {
    match asker {
        RightAsker::Person => WithdrawnBy::Person,
        RightAsker::Guardian => WithdrawnBy::Guardian,
    }
}

/// A withdrawal in writing is one by mail too.
const fn said_through(channel: RightChannel) -> Channel {
    match channel {
        RightChannel::InPerson => Channel::InPerson,
        RightChannel::Phone => Channel::Phone,
        RightChannel::Letter | RightChannel::Email => Channel::Letter,
        RightChannel::Online => Channel::Online,
    }
}

/// Whether everything that she is owed before has happened: nothing that she agreed to stands, nothing about her waits to
/// leave, no recall is without its answer and in time, and nothing else that she asked for waits for an answer, which would
/// be lost with her keys.
fn is_due(conn: &mut Conn, request: &Request, now: DateTime<Utc>) -> Result<bool> {
    let person = people::get(conn, request.person)?;
    let hers = people::subjects(conn, &person)?;
    Ok(consents::revocable(conn, request.person)?.is_empty()
        && !outbox::waits_about(conn, &hers)?
        && !consents::recall_is_open(conn, request.person, now)?
        && !rows::waits_for_answer(conn, &hers, Aside::This(request.id))?)
}

/// Destroys the keys of whoever is due, by itself: for the worker, once the clock is confirmed. Looks at one page of those who
/// wait, from behind this request on; says how many were erased, and which it looked at last, if any. All pages are to be
/// looked at: some wait for months, until somebody answers another request.
///
/// # Errors
/// What the database refuses.
pub fn pump(tx: &mut Tx<'_>, vault: &Vault, after: Uuid) -> Result<(usize, Option<Uuid>)> {
    erase_due(tx, vault, after, AT_ONCE)
}

/// The same, of so many on a page. What fails of one person is undone and told, and keeps nobody else waiting.
pub(super) fn erase_due(tx: &mut Tx<'_>, vault: &Vault, after: Uuid, at_once: i64) -> Result<(usize, Option<Uuid>)> {
    let now = tx.now();
    let page = rows::waiting(tx.conn(), now, after, at_once)?;
    let mut erased = 0;
    for request in &page {
        let done = tx.savepoint(|tx| {
            let due = is_due(tx.conn(), request, now)?;
            if due {
                erase(tx, vault, &Sight::of_the_node(request.person.into()), request, None)?;
            }
            Ok(due)
        });
        match done {
            Ok(done) => erased += usize::from(done),
            Err(error) if tx.is_lost() || error.is_storage_full() => return Err(error),
            Err(cause) => tracing::error!(request = %request.id, %cause, "an erasure failed inside: it is tried again"),
        }
    }
    Ok((erased, page.last().map(|it| it.id)))
}

/// Destroys her keys at once, although somebody has not been told or has not answered: the data protection officer says so,
/// and why. The reason stays, in the request's log and in the journal.
///
/// # Errors
/// `not_found`; `not_entitled`; `conflict` for what is not an erasure under way, for a part that is kept until a day, and
/// while something else that she asked for has no answer.
pub(super) fn at_once(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: Uuid, why: NoWait) -> Result<Request> {
    if !matches!(sight.why(), Why::DataProtection) {
        return Err(Code::NotEntitled.into());
    }
    let request = of(tx.conn(), vault, sight, id)?;
    if request.step.map(|(step, _)| step) != Some(ErasureStep::Waiting) {
        return Err(Code::Conflict.into());
    }
    if request.not_before.is_some_and(|day| day > tx.now()) {
        let kept = Problem::new(Code::Conflict);
        let (it, en) =
            ("Una parte va conservata fino al giorno indicato.", "A part is kept until the day that was named.");
        return Err(kept.says(it, en).into());
    }
    let person = people::get(tx.conn(), request.person)?;
    let hers = people::subjects(tx.conn(), &person)?;
    if rows::waits_for_answer(tx.conn(), &hers, Aside::This(request.id))? {
        let (it, en) = (
            "Un'altra sua richiesta attende risposta: con le sue chiavi andrebbe persa. Prima va chiusa quella.",
            "Another request of hers waits for its answer, which would be lost with her keys. Close that one first.",
        );
        return Err(Problem::new(Code::Conflict).says(it, en).into());
    }
    erase(tx, vault, sight, &request, Some(why))?;
    let now = tx.now();
    Ok(Request { step: Some((ErasureStep::Erased, now)), words: None, ..request })
}

/// Her keys, the bytes of her documents, what finds her; threads about her end. A tombstone of the request stays.
fn erase(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, of: &Request, why: Option<NoWait>) -> Result<()> {
    if !rows::erased(tx, of.id)? {
        return Ok(());
    }
    let person = people::get(tx.conn(), of.person)?;
    let hers = people::subjects(tx.conn(), &person)?;
    for told in consents::tree::of_person(tx.conn(), of.person)? {
        let proof = told.answer_digest.as_deref().unwrap_or_else(|| told.known.status().code());
        rows::note(tx, sight, of, "recall_answer", Some(&format!("{} {proof}", told.role)))?;
    }
    grants::end_about(tx, &hers)?;
    documents::erase_files(tx, of.person)?;
    // Where nobody was waited for, a partner that is off has not heard yet that it is taken back.
    outbox::outlive(tx, vault, &hers)?;
    people::erase(tx, vault, of.person)?;
    journal::record(tx, sight.entry("person.erased").subject(person.subject).object(person.id))?;
    note(tx, sight, of, "erased", why.map(NoWait::code))
}

/// People whose keys were destroyed after the copy was made that this node was restored from: what goes with a key and
/// came back with the copy goes once more. Whoever was to hear that something of theirs is taken back hears it all the same.
/// Says how many. The keys themselves are in no copy.
///
/// # Errors
/// What the database refuses.
pub fn erased_before(tx: &mut Tx<'_>, handle: &Outbox, subjects: &[Subject]) -> Result<usize> {
    grants::end_about(tx, subjects)?;
    let lost = outbox::strike_about(tx, handle.vault(), subjects)?;
    consents::said_anew(tx, handle, &lost)?;
    let people = people::of_subjects(tx.conn(), subjects)?;
    for person in &people {
        documents::erase_files(tx, *person)?;
        people::forget(tx, *person)?;
        rows::erased_before(tx, *person)?;
        let sight = Sight::of_the_node((*person).into());
        journal::record(tx, sight.entry("person.erased").object(*person).ground("restore"))?;
    }
    Ok(people.len())
}
