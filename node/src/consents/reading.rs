//! What is shown of consents and of what left: each look leaves its entry in the journal.

use chrono::{DateTime, Utc};
use staffetta_protocol::consent::record::Record;
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::Code;

use super::model::{Consent, Request};
use super::statement::{self, Own};
use super::{notices, rows};
use crate::access::Sight;
use crate::error::Result;
use crate::grants::{self, Destination, Disclosure, DisclosurePosition, Told};
use crate::journal;
use crate::people::{self, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

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

/// What a record is: answered, or a question that still waits.
#[derive(Debug, Clone)]
pub enum Seen {
    /// It has an answer: the record as the standard structures it.
    Answered(Box<Record>),
    /// It waits for one.
    Waits(Request),
}

/// One record of hers, for somebody who looks at it.
///
/// # Errors
/// `not_found`, also for a record of somebody else.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, own: &Own, sight: &Sight, record: RecordId) -> Result<Seen> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let seen = match rows::newest(tx.conn(), vault, record)?.filter(|consent| consent.person == person.id) {
        Some(consent) => {
            let state = consent.stands(tx.now());
            let kept = rows::kept(tx.conn(), vault, &consent, state)?;
            let mut shown = stated(tx, vault, own, &consent)?;
            shown.signature = kept.map(|kept| kept.jws);
            Seen::Answered(Box::new(shown))
        }
        None => {
            let asked = rows::request(tx.conn(), vault, record)?.filter(|request| request.person == person.id);
            Seen::Waits(asked.ok_or(Code::NotFound)?)
        }
    };
    journal::record(tx, sight.entry("consent.read").subject(person.subject).object(record))?;
    Ok(seen)
}

/// The record of an answer as the standard structures it, as it stands now.
pub(super) fn stated(tx: &mut Tx<'_>, vault: &Vault, own: &Own, consent: &Consent) -> Result<Record> {
    let now = tx.now();
    let events = rows::events_of(tx.conn(), consent.record)?;
    let notice = notices::by_hash(tx.conn(), consent.expressed.notice.hash)?.map(|(notice, _)| notice);
    let activities = grants::activities(tx.conn())?;
    let principal = vault.pseudonym(consent.subject.0, &own.entity_id);
    Ok(statement::record(consent, &events, notice.as_ref(), &activities, own, principal, now))
}

/// What left about her: a page, newest first, to one recipient or to all.
///
/// # Errors
/// `not_found`.
pub fn disclosures(
    tx: &mut Tx<'_>,
    sight: &Sight,
    to: Option<&Destination>,
    after: Option<DisclosurePosition>,
    limit: u32,
) -> Result<Vec<Disclosure>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("disclosures.read").subject(person.subject).object(person.id))?;
    grants::disclosure_page(tx.conn(), &[person.subject], to, after, limit)
}

/// Everybody who was told something about her, and what in all.
///
/// # Errors
/// `not_found`.
pub fn recipients(tx: &mut Tx<'_>, sight: &Sight) -> Result<Vec<Told>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("disclosures.read").subject(person.subject).object(person.id))?;
    grants::told(tx.conn(), &[person.subject])
}

/// The records of hers that can be taken back: what she agreed to, whether or not its time has run out.
pub fn revocable(conn: &mut Conn, person: PersonId) -> Result<Vec<RecordId>> {
    rows::revocable(conn, person)
}

/// Whether somebody who was told is still to answer a recall about her, and has the time: by message or by letter.
pub fn recall_is_open(conn: &mut Conn, person: PersonId, now: DateTime<Utc>) -> Result<bool> {
    Ok(super::tree::is_open(conn, person, now)? || super::recalls::is_open(conn, person, now)?)
}
