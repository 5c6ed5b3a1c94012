//! A card is filled in section by section: a section is saved at once, as a version of its own, or drafted first and
//! published with others.
//!
//! What must hold:
//! - Whoever edits a section names the revision that was read: another one in between is a conflict, of that section and
//!   of no other.
//! - A draft is sealed like the card and belongs to whoever wrote it. Nobody else's is overwritten; it can be discarded,
//!   and that is recorded.
//! - A draft whose section changed under it is not published: it has to be looked at again.
//! - Nobody reads or writes a section that her functions in the case do not.

use std::collections::BTreeSet;

use staffetta_protocol::card::{At, Card, HeldSource, List, Section};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::Roles;
use uuid::Uuid;

use super::model::differences::{Difference, differences};
use super::model::parts::{self, Fields};
use super::model::{Held, Said};
use super::section_rows::{self, DraftContent, SectionRow};
use super::{current, may_have_one, model, papers, rows, save};
use crate::access::Sight;
use crate::error::{Error, Result};
use crate::grants;
use crate::journal;
use crate::people::{self, Person, PersonId};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// What somebody writes into a section.
#[derive(Debug, Clone)]
pub struct Edit {
    /// The section whole: what is absent is gone.
    pub fields: Fields,
    /// On whose word; counts for every field that changes.
    pub said: Said,
    /// Where single fields come from instead.
    pub sources: Vec<HeldSource>,
    /// Only as a draft.
    pub draft: bool,
}

/// A section for whoever reads it.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which.
    pub section: Section,
    /// Of the section and its draft: what an edit names.
    pub revision: i32,
    /// The newest version of the card; 0 where there is none.
    pub version: u32,
    /// What it says.
    pub fields: Fields,
    /// Where its fields come from.
    pub sources: Vec<HeldSource>,
    /// Its draft.
    pub draft: Option<Draft>,
}

/// The draft of a section.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Which section.
    pub section: Section,
    /// Of the section and its draft.
    pub revision: i32,
    /// Who wrote it.
    pub held_by: Uuid,
    /// When.
    pub saved_at: chrono::DateTime<chrono::Utc>,
    /// The section has changed since, so that it cannot be published as it is.
    pub stale: bool,
    /// What it says.
    pub fields: Fields,
    /// Where its fields come from.
    pub sources: Vec<HeldSource>,
}

fn out_of_reach(section: Section) -> Error {
    let detail = format!("Her functions in this case do not include section {}.", section.letter());
    Problem::new(Code::FunctionNotEntitled).detail(detail).into()
}

fn must_read(sight: &Sight, section: Section) -> Result<()> {
    if sight.reads(section) { Ok(()) } else { Err(out_of_reach(section)) }
}

fn must_write(sight: &Sight, section: Section) -> Result<()> {
    if sight.writes(section) { Ok(()) } else { Err(out_of_reach(section)) }
}

fn draft_of(conn: &mut Conn, vault: &Vault, row: &SectionRow) -> Result<Option<Draft>> {
    let Some((held_by, saved_at)) = row.draft else { return Ok(None) };
    let Some(DraftContent { base, fields, sources }) = row.open(conn, vault)? else { return Ok(None) };
    let (section, revision, stale) = (row.section, row.revision, row.version > base);
    Ok(Some(Draft { section, revision, held_by, saved_at, stale, fields, sources }))
}

fn part(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, person: PersonId, section: Section) -> Result<Part> {
    let held = current(tx.conn(), vault, person)?;
    let row = section_rows::of_person(tx.conn(), person)?.into_iter().find(|row| row.section == section);
    let card = held.as_ref().map_or_else(Card::default, |held| held.card.clone());
    let of_section = |source: &&HeldSource| Section::of(source.field.name()) == Some(section);
    let sources = card.sources.iter().filter(|_| sight.reads(Section::M)).filter(of_section).cloned().collect();
    let draft = match &row {
        Some(row) => draft_of(tx.conn(), vault, row)?,
        None => None,
    };
    Ok(Part {
        section,
        revision: row.map_or(0, |row| row.revision),
        version: held.map_or(0, |held| held.version),
        fields: parts::section_of(&parts::fields(&card)?, section),
        sources,
        draft,
    })
}

/// A section of her card with its draft, for somebody who looks at it.
///
/// # Errors
/// `not_found`; `function_not_entitled` where her functions do not read it.
pub fn look_at_section(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, section: Section) -> Result<Part> {
    must_read(sight, section)?;
    let person = people::get(tx.conn(), people::of(sight))?;
    let entry = sight.entry("card.section-read").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("section:{}", section.letter())))?;
    part(tx, vault, sight, person.id, section)
}

/// Saves a section: as a new version of the card, or as a draft.
///
/// # Errors
/// `function_not_entitled` where her functions do not write it; `not_entitled` where this node may not confirm a skill;
/// `version_conflict` where it changed since it was read; `conflict` where somebody else drafts it; `invalid_input`.
pub fn save_section(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    ours: &Roles,
    (section, expected): (Section, i32),
    edit: Edit,
) -> Result<Part> {
    must_write(sight, section)?;
    let strangers = parts::strangers(section, &edit.fields);
    if !strangers.is_empty() {
        return Err(Problem::invalid(strangers).into());
    }
    let person = people::get(tx.conn(), people::of(sight))?;
    grants::must_hold(tx.conn(), person.subject)?;
    rows::lock(tx, person.id)?;
    let row = section_rows::of_person(tx.conn(), person.id)?.into_iter().find(|row| row.section == section);
    if row.as_ref().map_or(0, |row| row.revision) != expected {
        return Err(Code::VersionConflict.into());
    }
    let others = row.as_ref().and_then(|row| row.draft).filter(|(by, _)| Some(*by) != sight.staff());
    if others.is_some() {
        let detail = "Somebody else drafts this section: ask her, or discard her draft.";
        return Err(Problem::new(Code::Conflict).detail(detail).into());
    }
    let before = rows::newest(tx.conn(), vault, person.id)?;
    let old = before.as_ref().map_or_else(Card::default, |held| held.card.clone());
    let mut card = with_section(&old, section, &edit.fields, edit.said, &edit.sources)?;
    papers::set_aside(tx.conn(), vault, person.id, (&old, &mut card))?;
    parts::may_judge(Some(&old), &card, ours)?;
    if edit.draft || before.as_ref().is_none_or(|held| held.card.birth_date == card.birth_date) {
        may_have_one(tx, &card, &At::Root.key("fields"))?;
    }
    section_rows::take(tx, person.id, section, expected)?;
    if edit.draft {
        let of_section = |source: &&HeldSource| Section::of(source.field.name()) == Some(section);
        let mut fields = parts::section_of(&parts::fields(&card)?, section);
        fields.retain(|name, _| edit.fields.contains_key(name));
        let content = DraftContent {
            base: row.map_or(0, |row| row.version),
            fields,
            sources: card.sources.iter().filter(of_section).cloned().collect(),
        };
        section_rows::keep_draft(tx, vault, &person, section, sight.staff(), &content)?;
        let entry = sight.entry("card.drafted").subject(person.subject).object(person.id);
        journal::record(tx, entry.code(format_args!("section:{}", section.letter())))?;
    } else {
        save(tx, vault, sight, &person, card, before.as_ref())?;
    }
    part(tx, vault, sight, person.id, section)
}

fn with_section(old: &Card, section: Section, new: &Fields, said: Said, stated: &[HeldSource]) -> Result<Card> {
    let mut all = parts::fields(old)?;
    parts::replace(&mut all, section, new);
    let mut card = model::with_sources(Some(old), parts::card_of(all)?, said)?;
    // What the section does not say any more was said by nobody.
    let gone = |name: &str| parts::members(section).any(|member| member == name) && !new.contains_key(name);
    let left = card.sources.iter().filter(|source| !gone(source.field.name())).cloned().collect();
    card.sources = List::new(left).map_err(Error::internal)?;
    model::with_stated(card, stated)
}

/// Throws a draft away: her own, or a colleague's who does not finish it.
///
/// # Errors
/// `function_not_entitled`; `not_found` where there is none; `version_conflict` where it changed since it was read.
pub fn discard_draft(tx: &mut Tx<'_>, sight: &Sight, section: Section, expected: i32) -> Result<()> {
    must_write(sight, section)?;
    let person = people::get(tx.conn(), people::of(sight))?;
    let rows = section_rows::of_person(tx.conn(), person.id)?;
    let row = rows.iter().find(|row| row.section == section && row.draft.is_some()).ok_or(Code::NotFound)?;
    if row.revision != expected {
        return Err(Code::VersionConflict.into());
    }
    section_rows::take(tx, person.id, section, expected)?;
    let entry = sight.entry("card.draft-discarded").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("section:{}", section.letter())))
}

/// The drafts that wait, of the sections that she reads.
///
/// # Errors
/// `not_found`.
pub fn drafts(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Vec<Draft>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("card.drafts-read").subject(person.subject).object(person.id))?;
    let mut found = Vec::new();
    for row in section_rows::of_person(tx.conn(), person.id)? {
        if sight.reads(row.section) {
            found.extend(draft_of(tx.conn(), vault, &row)?);
        }
    }
    Ok(found)
}

/// Makes one version of the drafts of these sections; without a choice, of all that she wrote herself.
///
/// # Errors
/// `conflict` where there is no such draft, or a section changed under its draft; `function_not_entitled`; `not_entitled`; `invalid_input`.
pub fn publish(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    ours: &Roles,
    chosen: Option<&BTreeSet<Section>>,
) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    rows::lock(tx, person.id)?;
    let mut wanted = Vec::new();
    for row in section_rows::of_person(tx.conn(), person.id)? {
        let Some(draft) = draft_of(tx.conn(), vault, &row)? else { continue };
        let mine = Some(draft.held_by) == sight.staff();
        if chosen.map_or(mine, |chosen| chosen.contains(&draft.section)) {
            must_write(sight, draft.section)?;
            wanted.push(draft);
        }
    }
    let there: BTreeSet<Section> = wanted.iter().map(|draft| draft.section).collect();
    if wanted.is_empty() || chosen.is_some_and(|chosen| *chosen != there) {
        return Err(Problem::new(Code::Conflict).detail("There is no such draft.").into());
    }
    if let Some(stale) = wanted.iter().find(|draft| draft.stale) {
        let detail = format!("Section {} has changed under its draft: look at both.", stale.section.letter());
        return Err(Problem::new(Code::Conflict).detail(detail).into());
    }
    let before = rows::newest(tx.conn(), vault, person.id)?;
    let old = before.as_ref().map_or_else(Card::default, |held| held.card.clone());
    let said = Said::by_operator(sight.staff(), tx.now());
    let mut card = old.clone();
    for draft in &wanted {
        card = with_section(&card, draft.section, &draft.fields, said, &draft.sources)?;
        section_rows::take(tx, person.id, draft.section, draft.revision)?;
    }
    card.documents = old.documents.clone();
    parts::may_judge(Some(&old), &card, ours)?;
    save(tx, vault, sight, &person, card, before.as_ref())
}

/// A version as it was saved, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn look_at_version(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, version: u32) -> Result<Held> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let held = of_version(tx.conn(), vault, &person, version)?;
    let entry = sight.entry("card.read").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("version:{version}")))?;
    Ok(held)
}

/// What changed from one version to another, in the sections that she reads.
///
/// # Errors
/// `not_found`.
pub fn look_at_differences(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    (from, to): (u32, u32),
) -> Result<Vec<Difference>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let old = of_version(tx.conn(), vault, &person, from)?;
    let new = of_version(tx.conn(), vault, &person, to)?;
    let entry = sight.entry("card.compared").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("versions:{from},{to}")))?;
    differences(&old.card, &new.card, |section| sight.reads(section))
}

fn of_version(conn: &mut Conn, vault: &Vault, person: &Person, version: u32) -> Result<Held> {
    rows::of_version(conn, vault, person.id, version)?.ok_or_else(|| Code::NotFound.into())
}
