//! The profiling card of each person here, and what this node was shown of the cards of others.
//!
//! What must hold:
//! - A card is saved whole, as a new version; a version never changes. Whoever saves says which version was read: another
//!   one in between is a conflict, not a loss.
//! - What leaves is made by [`disclose`] from a permit: its groups and nothing else, each by its own closed type. The
//!   recipient counts the versions that it is shown from 1 ([`shown_version`]), so the numbers tell nothing of the others.
//! - What comes is kept by group and by message, sealed for the thread's subject: a group can be erased alone, and so can
//!   what one message brought.
//! - Who she is changes with the card: the index of people follows in the same transaction.
//! - Whoever reads or writes here leaves an entry in the journal, in the same transaction.

mod api;
pub mod europass;
mod model;
mod paper;
mod received;
mod rows;
mod words;

#[cfg(test)]
mod tests;

use staffetta_protocol::card::{Card, CardGroups, Day, Level, QuickCard, QuickDefaults, Refusal};
use staffetta_protocol::problem::{Code, FieldError, Problem};

use crate::access::Sight;
use crate::error::{Error, Result};
use crate::grants::{self, Destination, Permit};
use crate::journal;
use crate::people::{self, Person, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::{Holding, Subject, Vault};

pub use api::api;
pub use model::{CardGaps, Held, Shown, Version, Versions, for_referral, from_referral};
pub use paper::{PrintedField, PrintedGroup, printed};
pub use received::{Received, ReceivedCard, erase_brought, erase_received, received, store_received};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding =
    Holding { room: "cards", tables: &["card", "card_version", "card_shown", "received_card"] };

/// Begins a card with the quick card's answers, and the defaults of all that was not asked.
///
/// # Errors
/// `not_found`; `already_exists` for somebody who has a card: it is then changed whole, so that nothing is lost.
pub fn put_quick(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    quick: QuickCard,
    province: Option<&staffetta_protocol::card::Province>,
) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let province = quick.province.as_ref().or(province).cloned();
    let province = province.ok_or_else(|| Problem::invalid(vec![Refusal::Required.at("/province")]))?;
    let defaults = QuickDefaults { province, today: model::today(tx.now()), operator: sight.staff() };
    let card = quick.into_card(&defaults);
    save(tx, vault, sight, &person, card, 0).map_err(|error| match error.code() {
        Code::VersionConflict => Code::AlreadyExists.into(),
        _ => error,
    })
}

/// Saves the whole card as the version after `expected`; 0 where there is none yet. Where the body does not say from
/// whom a changed field comes, it comes from the operator.
///
/// # Errors
/// `not_found`; `version_conflict` when another version came in between.
pub fn put(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, card: Card, expected: u32) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let before = rows::newest(tx.conn(), vault, person.id)?;
    if before.as_ref().map_or(0, |held| held.version) != expected {
        return Err(Code::VersionConflict.into());
    }
    let card =
        model::with_sources(before.as_ref().map(|held| &held.card), card, model::today(tx.now()), sight.staff())?;
    save(tx, vault, sight, &person, card, expected)
}

fn save(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, person: &Person, card: Card, expected: u32) -> Result<Held> {
    let held = rows::save(tx, vault, person, sight.staff(), card, expected)?;
    let card = &held.card;
    let names: Vec<&str> =
        [&card.given_names, &card.family_names].into_iter().flatten().map(|name| name.as_str()).collect();
    people::index(tx, vault, person, card.tax_code.as_ref(), &names, card.birth_date.as_ref())?;
    let entry = sight.entry("card.saved").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("version:{}", held.version)))?;
    Ok(held)
}

/// Her card, for somebody who looks at it.
///
/// # Errors
/// `not_found`, also for a person without a card and for one who was erased.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let held = current(tx.conn(), vault, person.id)?.ok_or(Code::NotFound)?;
    let entry = sight.entry("card.read").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("version:{}", held.version)))?;
    Ok(held)
}

/// Her card as it stands; nothing for a person without one. Who shows it to anybody calls [`look`].
pub fn current(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Option<Held>> {
    rows::newest(conn, vault, person)
}

/// Who saved which version when, newest first: at most `limit`, before the version `before`.
///
/// # Errors
/// `not_found`.
pub fn versions(tx: &mut Tx<'_>, sight: &Sight, before: Option<u32>, limit: u32) -> Result<Versions> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("card.versions-read").subject(person.subject).object(person.id))?;
    rows::versions(tx.conn(), person.id, before, limit.clamp(1, Versions::LARGEST))
}

/// What her card still needs for each step. Nothing of what it says.
///
/// # Errors
/// `not_found`.
pub fn gaps(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<CardGaps> {
    let person = people::get(conn, person)?;
    let card = current(conn, vault, person.id)?.map(|held| held.card).unwrap_or_default();
    Ok(CardGaps { preview: card.missing_for_preview(), referral: card.missing_for_referral() })
}

/// The same, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn look_for_gaps(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<CardGaps> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("card.gaps-read").subject(person.subject).object(person.id))?;
    gaps(tx.conn(), vault, person.id)
}

/// What a preview of her still needs.
///
/// # Errors
/// `not_found`.
pub fn missing_for_preview(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Vec<FieldError>> {
    gaps(conn, vault, person).map(|gaps| gaps.preview)
}

/// What a referral of her still needs, a preview's needs included.
///
/// # Errors
/// `not_found`.
pub fn missing_for_referral(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Vec<FieldError>> {
    gaps(conn, vault, person).map(|gaps| gaps.referral)
}

/// The groups of her card that the permit names, as far as their fields may cross at the level that was reached, and the
/// version as the permit's recipient counts it. Ids inside are made for that recipient.
///
/// # Errors
/// `not_found` for a person without a card; `invalid_input` with what the named groups still need, or `too_early`.
pub fn disclose(tx: &mut Tx<'_>, vault: &Vault, person: PersonId, permit: &Permit, reached: Level) -> Result<Shown> {
    let person = people::get(tx.conn(), person)?;
    if person.subject != permit.subject() {
        return Err(Error::internal("the permit is about somebody else"));
    }
    let held = current(tx.conn(), vault, person.id)?.ok_or(Code::NotFound)?;
    let groups = project(vault, &held.card, permit, reached)?;
    let card_version = shown_version(tx, permit.peer(), person.subject, held.version)?;
    Ok(Shown { local_version: held.version, card_version, groups })
}

fn project(vault: &Vault, card: &Card, permit: &Permit, reached: Level) -> Result<CardGroups> {
    let pairwise = |id| model::pairwise(vault, id, permit.peer());
    card.disclose(permit.groups(), reached, &pairwise).map_err(|missing| Problem::invalid(missing).into())
}

/// The number under which `peer` knows our version `local` of this person's card: 1 for the first that it is shown.
/// A person who has a new name there is counted from 1 again.
pub fn shown_version(tx: &mut Tx<'_>, peer: impl Into<Destination>, subject: Subject, local: u32) -> Result<u32> {
    let peer = peer.into();
    let subject_ref = grants::subject_ref_for(tx, subject, &peer)?;
    rows::shown(tx, &peer, subject_ref, subject, local)
}

/// Today at the desk: the calendar day in Italy.
pub fn today(tx: &Tx<'_>) -> Day {
    model::today(tx.now())
}
