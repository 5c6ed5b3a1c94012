//! The two verbs: a draft for somebody who may write, a file for somebody who may read.

use staffetta_protocol::card::Card;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::onto::{Taker, only, onto};
use super::{Form, Imported, Report, Writing, write};
use crate::access::Sight;
use crate::cards;
use crate::error::Result;
use crate::journal;
use crate::people;
use crate::store::Tx;
use crate::vault::Vault;

/// What an import would make of a card. Nothing is saved: whoever has looked it through saves the card.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The form of the file.
    pub form: Form,
    /// The version that it builds on; 0 where she has no card yet.
    pub version: u32,
    /// The card with what was imported, as far as the caller may read it.
    pub card: Card,
    /// What became of each element.
    pub report: Report,
}

/// Lays what a file gave onto her card: a draft. That it was made is recorded.
///
/// # Errors
/// `not_found`.
pub fn draft(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, imported: Imported) -> Result<Draft> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let held = cards::current(tx.conn(), vault, person.id)?;
    let by = Taker { on: cards::today(tx), operator: sight.staff() };
    let form = imported.form;
    let current = held.as_ref().map(|held| &held.card);
    let (card, report) = onto(current, imported.given(), by, |section| sight.reads(section) && sight.writes(section))?;
    let entry = sight.entry("card.draft-imported").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(form.code()))?;
    let version = held.map_or(0, |held| held.version);
    Ok(Draft { form, version, card: only(&card, |section| sight.reads(section))?, report })
}

/// Her card as a file, as far as the caller may read it. That it was taken out is recorded.
///
/// # Errors
/// `not_found`, also for a person without a card and for one who was erased.
pub fn export(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, form: Form, for_herself: bool) -> Result<String> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let held = cards::current(tx.conn(), vault, person.id)?.ok_or(Code::NotFound)?;
    let card = only(&held.card, |section| sight.reads(section))?;
    let entry = sight.entry("card.exported").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("{}:version:{}", form.code(), held.version)))?;
    Ok(write(&card, form, &Writing { document: Uuid::new_v4(), at: tx.now(), for_herself }))
}
