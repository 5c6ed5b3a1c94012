//! Offices: this node's own, and the address book of partners, with a node or without.
//!
//! What must hold:
//! - An entry holds contacts of an office and of nobody in person. It is no personal data, and nothing here is sealed.
//! - Which office is competent for which municipality is said by the entry; of a municipality only the shape of its code
//!   is checked.
//! - Whoever edits says which version was read. What is removed is proposed and listed no more, but stays readable: a
//!   disclosure or a letter may name it.
//! - An office is one of an organisation. That it has a node, today or one day, changes nothing for a consent, which names
//!   the organisation.

mod api;
mod api_partners;
mod model;
mod rows;

#[cfg(test)]
mod tests;

use staffetta_protocol::card::{At, Check, Comune};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::clock;
use crate::error::Result;
use crate::journal::{self, Actor, Entry as Act};
use crate::store::{Conn, Tx};
use crate::tasks::Channel;

pub use api::api;
pub use model::{Because, Competences, Held, OwnOffice, PartnerOffice, Proposal, Proposed, Whereabouts, propose};
pub use rows::Page;

/// An office of one of the two books: only the two types of this room are.
pub trait Entry: Check + serde::Serialize + serde::de::DeserializeOwned {
    /// The book that it stands in.
    const BOOK: &'static str;

    /// The municipalities that it is competent for.
    fn competence(&self) -> &[Comune];

    /// The organisation, where it is another's.
    fn organisation(&self) -> Option<&str>;
}

/// The other ways to a member: those of its offices in the address book, and of offices of its organisation without a node.
///
/// # Errors
/// What the database refuses.
pub fn channels(conn: &mut Conn, member: &EntityId, organisations: &[String]) -> Result<Vec<Channel>> {
    let found = rows::of_organisations(conn, organisations)?;
    let of_member = |held: &&Proposed| held.entry.entity_id.as_ref().is_none_or(|id| id == member);
    Ok(found.iter().filter(of_member).flat_map(|held| held.entry.channels()).collect())
}

/// Enters an office.
///
/// # Errors
/// `invalid_input`.
pub fn add<E: Entry>(tx: &mut Tx<'_>, by: &Actor, entry: E) -> Result<Held<E>> {
    checked(&entry)?;
    let now = tx.now();
    let held = Held { id: clock::id_at(now), version: 1, created_at: now, updated_at: now, removed: false, entry };
    rows::insert(tx, &held)?;
    journal::record(tx, Act::new(by.clone(), "office.added").object(held.id).code(E::BOOK))?;
    Ok(held)
}

/// Replaces what is known of an office, if `expected` is still its version.
///
/// # Errors
/// `not_found`, also for one that was removed; `version_conflict`; `invalid_input`.
pub fn put<E: Entry>(tx: &mut Tx<'_>, by: &Actor, id: Uuid, entry: E, expected: i32) -> Result<Held<E>> {
    checked(&entry)?;
    let before = listed::<E>(tx.conn(), id)?;
    let held = Held { version: expected + 1, updated_at: tx.now(), entry, ..before };
    if !rows::replace(tx, &held, expected)? {
        return Err(Code::VersionConflict.into());
    }
    journal::record(tx, Act::new(by.clone(), "office.changed").object(id).code(E::BOOK))?;
    Ok(held)
}

/// Takes an office out of its book.
///
/// # Errors
/// As [`put`].
pub fn remove<E: Entry>(tx: &mut Tx<'_>, by: &Actor, id: Uuid, expected: i32) -> Result<()> {
    listed::<E>(tx.conn(), id)?;
    if !rows::remove(tx, id, expected)? {
        return Err(Code::VersionConflict.into());
    }
    journal::record(tx, Act::new(by.clone(), "office.removed").object(id).code(E::BOOK))
}

/// An office that stands in its book.
///
/// # Errors
/// `not_found`.
pub fn listed<E: Entry>(conn: &mut Conn, id: Uuid) -> Result<Held<E>> {
    rows::find(conn, id)?.filter(|held| !held.removed).ok_or_else(|| Code::NotFound.into())
}

/// A page of a book, in the order in which the offices were entered.
pub fn list<E: Entry>(conn: &mut Conn, after: Option<Uuid>, limit: u32) -> Result<Page<E>> {
    rows::page(conn, after, limit)
}

/// A partner's office, removed or not: for whoever has something that names it.
pub fn partner(conn: &mut Conn, id: Uuid) -> Result<Option<PartnerOffice>> {
    Ok(rows::find::<PartnerOffice>(conn, id)?.map(|held| held.entry))
}

/// The partners' offices for somebody who lives at `whereabouts`, and why these; none where no entry of the address book
/// covers it.
pub fn proposals(conn: &mut Conn, mut whereabouts: Whereabouts) -> Result<Proposal> {
    if whereabouts.centre.is_none() {
        whereabouts.centre = rows::first_own(conn)?.map(|held| held.entry.comune);
    }
    let mut covering = |comune: &Comune| rows::covering(conn, comune);
    propose(&whereabouts, &mut covering)
}

fn checked(entry: &impl Check) -> Result<()> {
    let mut found = Vec::new();
    entry.check(&At::Root, &mut found);
    if found.is_empty() { Ok(()) } else { Err(Problem::invalid(found).into()) }
}
