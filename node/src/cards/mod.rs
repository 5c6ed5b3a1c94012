//! The profiling card of each person here, and what this node was shown of the cards of others.
//!
//! What must hold:
//! - A card is saved whole or by section, as a new version; a version never changes. Whoever saves says what was read:
//!   another change in between is a conflict, not a loss. Drafts are no versions: see [`editing`].
//! - Of a card one reads and writes the sections that one's functions in the case allow, and no others.
//! - Of a record that another node holds since, the card is to be read only.
//! - Nobody who is surely under sixteen has a card, from wherever it comes; of a draft of one nothing is kept. Where
//!   somebody with a card turns out to be, her date of birth is put right like any other's, since it is true, and from
//!   then on nothing but that date is written.
//! - How old a card says that she is decides whose word counts: whoever saves one tells the room above ([`Cards`]).
//! - What leaves is made by [`disclose`] from a permit: its groups and nothing else, each by its own closed type. The
//!   recipient counts the versions that it is shown from 1 ([`shown_version`]), so the numbers tell nothing of the others.
//! - What comes is kept by group and by message, sealed for the thread's subject: a group can be erased alone, and so can
//!   what one message brought.
//! - Which documents there are of hers the card does not say itself: see [`papers`].
//! - Who she is changes with the card: the index of people follows in the same transaction.
//! - Whoever reads or writes here leaves an entry in the journal, in the same transaction.

mod adopt;
mod age;
mod api;
mod api_sections;
mod api_versions;
mod collecting;
mod counter;
mod editing;
pub mod europass;
mod expiring;
pub mod imports;
mod merging;
mod model;
mod paper;
mod papers;
mod received;
mod rows;
mod section_rows;
mod view;
mod words;

#[cfg(test)]
mod tests;

use staffetta_protocol::card::{At, Card, CardGroups, Day, Level, QuickCard, QuickDefaults, Refusal};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use staffetta_protocol::trust::Roles;

use crate::access::Sight;
use crate::error::{Error, Result};
use crate::grants::{self, Destination, Permit};
use crate::journal;
use crate::people::{self, Identity, Person, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::{Holding, Subject, Vault};

use model::parts;

pub use adopt::take_over;
pub use age::{Completeness, Word, confirm, look_at_completeness};
pub use api::api;
pub use editing::{
    Draft, Edit, Part, discard_draft, drafts, look_at_differences, look_at_section, look_at_version, publish,
    save_section,
};
pub use expiring::{delete_card, unsent};
pub use model::differences::{Change, Difference};
pub use model::{CardGaps, Held, Said, Shown, Version, Versions, for_referral, from_referral};
pub use paper::{PrintedField, PrintedGroup, printed};
pub use received::{
    Received, ReceivedCard, erase_brought, erase_parts, erase_received, give_back_parts, identities, parts_in,
    received, store_received, withhold_parts,
};
pub use words::label as field_label;

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "cards",
    tables: &[
        "card",
        "card_version",
        "card_section",
        "card_confirmation",
        "card_combination",
        "card_shown",
        "received_card",
        "card_import",
    ],
    merge: merging::merge,
    collect: collecting::collect,
};

/// What a card that was saved means for what she agreed to, now that it says how old she is.
pub type AgeSaid = fn(&mut Tx<'_>, &Vault, &Sight) -> Result<()>;

/// This room's handle: what must be asked of the room above when the desk saves a card.
#[derive(Debug, Clone, Copy)]
pub struct Cards {
    /// Called in the transaction that saves it.
    pub age_said: AgeSaid,
}

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
    if rows::newest_number(tx.conn(), person.id)?.is_some() {
        return Err(Code::AlreadyExists.into());
    }
    save(tx, vault, sight, &person, card, None).map_err(|error| match error.code() {
        Code::VersionConflict => Code::AlreadyExists.into(),
        _ => error,
    })
}

/// Saves the whole card as the version after `expected`; 0 where there is none yet. Sections that she may not read stay as
/// they were. Where the body does not say from whom a changed field comes, it comes from the operator. What becomes of a
/// skill is proposed here and confirmed by nobody: who may do that calls [`put_as`].
///
/// # Errors
/// `not_found`; `version_conflict` when another version came in between; `function_not_entitled` for a section that
/// she does not write; `not_entitled` for a skill that this node cannot confirm; `invalid_input` for somebody under sixteen,
/// but where this is what says it.
pub fn put(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, card: Card, expected: u32) -> Result<Held> {
    put_as(tx, vault, sight, &Roles::new(), card, expected)
}

/// As [`put`], at a node that has these roles in the network.
///
/// # Errors
/// As [`put`].
pub fn put_as(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, ours: &Roles, card: Card, expected: u32) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    rows::lock(tx, person.id)?;
    let before = rows::newest(tx.conn(), vault, person.id)?;
    if before.as_ref().map_or(0, |held| held.version) != expected {
        return Err(Code::VersionConflict.into());
    }
    let old = before.as_ref().map_or_else(Card::default, |held| held.card.clone());
    let mut card = parts::beside_withheld(&old, card, |section| sight.reads(section))?;
    papers::set_aside(tx.conn(), vault, person.id, (&old, &mut card))?;
    let changed = parts::changed(&parts::fields(&old)?, &parts::fields(&card)?);
    if let Some(section) = changed.into_iter().find(|section| !sight.writes(*section)) {
        let detail = format!("Her functions in this case do not include section {}.", section.letter());
        return Err(Problem::new(Code::FunctionNotEntitled).detail(detail).into());
    }
    parts::may_judge(Some(&old), &card, ours)?;
    let said = Said::by_operator(sight.staff(), tx.now());
    let card = model::with_sources(before.as_ref().map(|held| &held.card), card, said)?;
    save(tx, vault, sight, &person, card, before.as_ref())
}

/// Changes her card for another room, which says on whose word: a new version, and the sources with it.
///
/// # Errors
/// `not_found`; `function_not_entitled` for a section that she does not write.
pub fn amend(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    said: Said,
    change: impl FnOnce(&mut Card) -> Result<()>,
) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    rows::lock(tx, person.id)?;
    let before = rows::newest(tx.conn(), vault, person.id)?;
    let old = before.as_ref().map_or_else(Card::default, |held| held.card.clone());
    let mut card = old.clone();
    change(&mut card)?;
    papers::set_aside(tx.conn(), vault, person.id, (&old, &mut card))?;
    let changed = parts::changed(&parts::fields(&old)?, &parts::fields(&card)?);
    if changed.iter().any(|section| !sight.writes(*section)) {
        return Err(Code::FunctionNotEntitled.into());
    }
    parts::may_judge(Some(&old), &card, &Roles::new())?;
    let card = model::with_sources(before.as_ref().map(|held| &held.card), card, said)?;
    save(tx, vault, sight, &person, card, before.as_ref())
}

/// Saves the version after `before`, and all that follows from it: what she is found by, which sections changed, and
/// what a preview of her would show together.
fn save(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    person: &Person,
    card: Card,
    before: Option<&Held>,
) -> Result<Held> {
    grants::must_hold(tx.conn(), person.subject)?;
    // That she is under sixteen after all is true and has to be said once: what she agreed to ends by it.
    if !before.map_or(Ok(false), |held| only_her_age_differs(&held.card, &card))? {
        may_have_one(tx, &card, &At::Root)?;
    }
    let mut held = rows::save(tx, vault, person, sight.staff(), card, before.map_or(0, |held| held.version))?;
    let card = &held.card;
    let version = i32::try_from(held.version).map_err(Error::internal)?;
    let old = before.map_or_else(|| parts::fields(&Card::default()), |held| parts::fields(&held.card))?;
    for section in parts::changed(&old, &parts::fields(card)?) {
        section_rows::changed(tx, person.id, section, version)?;
    }
    section_rows::combine(
        tx,
        person.id,
        model::shown_together(card).map(|shown| vault.blind("card_combination", &shown)),
    )?;
    people::index(tx, vault, person, Identity::of(card))?;
    let entry = sight.entry("card.saved").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("version:{}", held.version)))?;
    papers::fill(tx.conn(), vault, person.id, &mut held.card)?;
    Ok(held)
}

/// Nobody under sixteen has a card, whoever says her date of birth: an operator, a file, or the node that holds her record.
/// One that leaves her age open is taken.
///
/// # Errors
/// `invalid_input`: `too_young` at `birth_date` below `at`.
fn may_have_one(tx: &Tx<'_>, card: &Card, at: &At<'_>) -> Result<()> {
    if card.birth_date.is_some_and(|birth| people::guardians::is_too_young(birth, today(tx))) {
        return Err(Problem::invalid(vec![at.key("birth_date").refuse(Refusal::TooYoung)]).into());
    }
    Ok(())
}

/// Whether her date of birth is another one, and nothing else but what goes with it.
fn only_her_age_differs(old: &Card, new: &Card) -> Result<bool> {
    let beside = |card: &Card| {
        let mut fields = parts::fields(card)?;
        fields.retain(|name, _| !["birth_date", "is_minor", "sources"].contains(&name.as_str()));
        Ok::<_, Error>(fields)
    };
    Ok(old.birth_date != new.birth_date && beside(old)? == beside(new)?)
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

/// Her card as it stands, with her documents; nothing for a person without one. Who shows it to anybody calls [`look`].
pub fn current(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Option<Held>> {
    let Some(mut held) = rows::newest(conn, vault, person)? else { return Ok(None) };
    papers::fill(conn, vault, person, &mut held.card)?;
    Ok(Some(held))
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
    if !people::subjects(tx.conn(), &person)?.contains(&permit.subject()) {
        return Err(Error::internal("the permit is about somebody else"));
    }
    let held = current(tx.conn(), vault, person.id)?.ok_or(Code::NotFound)?;
    let groups = project(vault, &held.card, permit, reached)?;
    let card_version = shown_version(tx, permit.peer(), permit.subject(), held.version)?;
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
