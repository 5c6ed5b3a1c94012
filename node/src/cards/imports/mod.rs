//! A card from a file that the person brings: the one that she took along from another centre (GDPR art. 20), or a CV.
//!
//! What must hold:
//! - The file is a stranger's and the person's word: bounds on everything, no trust in what it says of itself. What others
//!   confirmed of her skills is theirs to confirm again; ids of another node lead nowhere and are left out.
//! - Nothing is laid onto a card without her yes and what shows it; a minor's is her guardian's to give. What is laid on is drafts, section by section, which
//!   somebody looks through and publishes: fields that the card has keep their values, and no draft is overwritten.
//! - What came from where, when, and on which indication is kept, sealed; the file is not, but its digest.
//! - Looking at what a file would make saves nothing.

mod api;
mod carried;
mod model;
mod rows;

#[cfg(test)]
mod tests;

use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::card::{At, Card, List, Section};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::Roles;
use uuid::Uuid;

use super::editing::{Edit, save_section};
use super::europass::{Given, Report, Taker, only, onto};
use super::model::{Said, parts};
use super::{may_have_one, rows as card_rows, section_rows};
use crate::access::Sight;
use crate::error::{Error, Result};
use crate::grants;
use crate::journal;
use crate::people::{self, Identity, guardians};
use crate::store::Tx;
use crate::vault::Vault;

pub use api::api;
pub use carried::read as read_carried;
pub use model::{Brought, ImportIndication, ImportYes, Kind, Origin};
pub use rows::Import;
pub(super) use rows::merge;

/// What an import would make, or has made, of a card.
#[derive(Debug, Clone)]
pub struct Laid {
    /// The version that it builds on; 0 where she has no card yet.
    pub version: u32,
    /// The sections that it changes.
    pub sections: Vec<Section>,
    /// The card with what was brought, as far as the caller may read it.
    pub card: Card,
    /// What became of each element of the file.
    pub report: Report,
}

/// What a file would make of her card. Nothing is saved; that somebody looked is recorded.
///
/// # Errors
/// `not_found`.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, brought: Brought) -> Result<Laid> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let kind = brought.kind;
    let (_, laid) = lay(tx, vault, sight, brought.given)?;
    let entry = sight.entry("card.draft-imported").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(kind.code()))?;
    Ok(Laid { card: only(&laid.card, |section| sight.reads(section))?, ..laid })
}

/// Lays a file onto her card as drafts, on her yes.
///
/// # Errors
/// `not_found`; `holder_changed`; `conflict` where a section that the file changes is being drafted, or where it brings
/// nothing that the card does not have; `invalid_input` where who spoke may not speak for her, or she is under sixteen.
pub fn save(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, brought: Brought, yes: ImportYes) -> Result<(Uuid, Laid)> {
    let person = people::get(tx.conn(), people::of(sight))?;
    grants::must_hold(tx.conn(), person.subject)?;
    card_rows::lock(tx, person.id)?;
    let Brought { kind, origin, digest, given } = brought;
    let (new, laid) = lay(tx, vault, sight, given)?;
    let file = At::Root.key("file");
    match kind {
        Kind::Portability => may_have_one(tx, &new, &file.key("portability").key("card"))?,
        Kind::Europass(_) => may_have_one(tx, &new, &file.key("europass"))?,
    }
    // Whose word it takes, her card tells as it will stand: that she is a minor the file may be the first to say.
    let today = super::today(tx);
    let age = guardians::age(&Identity::of(&new), today.date());
    guardians::may_speak(tx.conn(), vault, person.id, (age, today), yes.spoke(), &At::Root.key("indication"))?;
    if laid.sections.is_empty() {
        let (it, en) = ("Il file non aggiunge nulla alla scheda.", "The file adds nothing to the card.");
        return Err(Problem::new(Code::Conflict).says(it, en).into());
    }
    let said = Said {
        source: SourceKind::Document,
        means: SourceMeans::Import,
        on: super::today(tx),
        operator: sight.staff(),
    };
    for section in laid.sections.iter().copied() {
        let known = section_rows::of_person(tx.conn(), person.id)?.into_iter().find(|row| row.section == section);
        if known.as_ref().is_some_and(|row| row.draft.is_some()) {
            let it = format!("La sezione {} ha già una bozza: salvarla o scartarla prima.", section.letter());
            let en = format!("Section {} has a draft already: save or discard it first.", section.letter());
            return Err(Problem::new(Code::Conflict).says(it, en).into());
        }
        let fields = parts::section_of(&parts::fields(&new)?, section);
        let edit = Edit { fields, said, sources: Vec::new(), draft: true };
        save_section(tx, vault, sight, &Roles::new(), (section, known.map_or(0, |row| row.revision)), edit)?;
    }
    let import = Import {
        id: Uuid::new_v4(),
        kind,
        sections: laid.sections.clone(),
        digest,
        origin,
        yes,
        at: tx.now(),
        by: sight.staff(),
    };
    rows::insert(tx, vault, &person, &import)?;
    let entry = sight.entry("card.imported").subject(person.subject).object(import.id);
    journal::record(tx, entry.code(kind.code()))?;
    Ok((import.id, Laid { card: only(&laid.card, |section| sight.reads(section))?, ..laid }))
}

/// What was laid onto her card from files, newest first, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn list(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Vec<Import>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("card.imports-read").subject(person.subject).object(person.id))?;
    rows::of_person(tx.conn(), vault, person.id)
}

fn lay(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, given: Given) -> Result<(Card, Laid)> {
    let held = super::current(tx.conn(), vault, people::of(sight))?;
    let by = Taker { on: super::today(tx), operator: sight.staff() };
    let old = held.as_ref().map(|held| &held.card);
    let (mut card, report) = onto(old, given, by, |section| sight.reads(section) && sight.writes(section))?;
    // Of her documents a file can only tell: they are entered as such when she shows them.
    card.documents = old.map(|old| old.documents.clone()).unwrap_or_else(List::none);
    let before = parts::fields(&old.cloned().unwrap_or_default())?;
    let sections = parts::changed(&before, &parts::fields(&card)?).into_iter().collect();
    let version = held.map_or(0, |held| held.version);
    Ok((card.clone(), Laid { version, sections, card, report }))
}

/// The digest by which a file is known again.
fn digest_of(bytes: &[u8]) -> Digest {
    Digest::of(bytes)
}

fn damaged() -> Error {
    Error::internal("a stored import does not parse")
}
