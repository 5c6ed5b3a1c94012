//! Rows of sections with their drafts, of confirmations, and of the blind token of what a preview shows together.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{HeldSource, Section};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::model::parts::Fields;
use crate::error::{Error, Result};
use crate::people::{Person, PersonId};
use crate::store::schema::{card_combination, card_confirmation, card_section};
use crate::store::{At, Conn, Id, Tx, each_backend};
use crate::vault::{Place, Vault};

const fn place(row: Uuid) -> Place {
    Place { table: "card_section", row, column: "sealed" }
}

/// A section as it stands: what its draft says is opened apart.
#[derive(Debug, Clone)]
pub(super) struct SectionRow {
    id: Uuid,
    pub section: Section,
    /// Grows with each change of the section or of its draft.
    pub revision: i32,
    /// The card's version in which its content last changed; 0 before.
    pub version: i32,
    pub changed_at: DateTime<Utc>,
    /// Who drafted, and when.
    pub draft: Option<(Uuid, DateTime<Utc>)>,
    sealed: Option<Vec<u8>>,
}

/// What a draft says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct DraftContent {
    /// The version in which the section had last changed when this was written.
    pub base: i32,
    pub fields: Fields,
    pub sources: Vec<HeldSource>,
}

impl SectionRow {
    /// What its draft says; nothing where there is none, or the key is gone.
    pub(super) fn open(&self, conn: &mut Conn, vault: &Vault) -> Result<Option<DraftContent>> {
        let Some(sealed) = &self.sealed else { return Ok(None) };
        let Some(plain) = vault.open(conn, place(self.id), sealed)? else { return Ok(None) };
        let content = serde_json::from_slice(&plain);
        content.map(Some).map_err(|_| Error::internal("a stored draft does not parse"))
    }
}

type Stored = (Id, String, i32, i32, At, Option<Id>, Option<At>, Option<Vec<u8>>);

/// The sections of a person of which something is noted.
pub(super) fn of_person(conn: &mut Conn, person: PersonId) -> Result<Vec<SectionRow>> {
    let found: Vec<Stored> = card_section::table
        .filter(card_section::person.eq(Id(person.0)))
        .order(card_section::section.asc())
        .select((
            card_section::id,
            card_section::section,
            card_section::revision,
            card_section::version,
            card_section::changed_at,
            card_section::held_by,
            card_section::drafted_at,
            card_section::sealed,
        ))
        .load(conn)?;
    found
        .into_iter()
        .map(|(id, section, revision, version, changed_at, held_by, drafted_at, sealed)| {
            let section = Section::named(&section).ok_or_else(|| Error::internal("a stored section is unknown"))?;
            let draft = held_by.zip(drafted_at).map(|(by, at)| (by.0, at.0)).filter(|_| sealed.is_some());
            Ok(SectionRow { id: id.0, section, revision, version, changed_at: changed_at.0, draft, sealed })
        })
        .collect()
}

/// Takes the section over from whoever read it at `expected`; 0 where nothing was noted of it yet. Its draft, if it has
/// one, goes.
///
/// # Errors
/// `version_conflict` where somebody else changed it since.
pub(super) fn take(tx: &mut Tx<'_>, person: PersonId, section: Section, expected: i32) -> Result<()> {
    let (of, now) = (Id(person.0), At::from(tx.now()));
    let taken = if expected == 0 {
        let first = (
            card_section::id.eq(Id(Uuid::new_v4())),
            card_section::person.eq(of),
            card_section::section.eq(section.letter()),
            card_section::revision.eq(1),
            card_section::version.eq(0),
            card_section::changed_at.eq(now),
        );
        each_backend!(tx.conn(), conn => diesel::insert_into(card_section::table)
            .values(first)
            .on_conflict_do_nothing()
            .execute(conn))?
    } else {
        let here = card_section::table
            .filter(card_section::person.eq(of))
            .filter(card_section::section.eq(section.letter()))
            .filter(card_section::revision.eq(expected));
        diesel::update(here)
            .set((
                card_section::revision.eq(expected.saturating_add(1)),
                card_section::held_by.eq(None::<Id>),
                card_section::drafted_at.eq(None::<At>),
                card_section::sealed.eq(None::<Vec<u8>>),
            ))
            .execute(tx.conn())?
    };
    if taken == 0 { Err(Code::VersionConflict.into()) } else { Ok(()) }
}

/// Keeps a draft in a section that was just taken over.
pub(super) fn keep_draft(
    tx: &mut Tx<'_>,
    vault: &Vault,
    person: &Person,
    section: Section,
    by: Option<Uuid>,
    content: &DraftContent,
) -> Result<()> {
    let now = At::from(tx.now());
    let here = card_section::table
        .filter(card_section::person.eq(Id(person.id.0)))
        .filter(card_section::section.eq(section.letter()));
    let id: Id = here.select(card_section::id).first(tx.conn())?;
    let plain = serde_json::to_vec(content).map_err(Error::internal)?;
    let sealed = vault.seal(tx.conn(), person.subject, place(id.0), &plain)?;
    diesel::update(card_section::table.find(id))
        .set((
            card_section::held_by.eq(by.map(Id)),
            card_section::drafted_at.eq(Some(now)),
            card_section::sealed.eq(Some(sealed)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Notes that the content of a section changed with this version of the card.
pub(super) fn changed(tx: &mut Tx<'_>, person: PersonId, section: Section, version: i32) -> Result<()> {
    let (of, now) = (Id(person.0), At::from(tx.now()));
    let here =
        card_section::table.filter(card_section::person.eq(of)).filter(card_section::section.eq(section.letter()));
    let known = diesel::update(here)
        .set((
            card_section::revision.eq(card_section::revision + 1),
            card_section::version.eq(version),
            card_section::changed_at.eq(now),
        ))
        .execute(tx.conn())?;
    if known == 0 {
        diesel::insert_into(card_section::table)
            .values((
                card_section::id.eq(Id(Uuid::new_v4())),
                card_section::person.eq(of),
                card_section::section.eq(section.letter()),
                card_section::revision.eq(1),
                card_section::version.eq(version),
                card_section::changed_at.eq(now),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// That sections of a version were confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The version.
    pub version: u32,
    /// Which of its sections.
    pub sections: Vec<Section>,
    /// On whose word, by its code.
    pub said_by: String,
    /// By what means, by its code.
    pub means: String,
    /// By whom of the staff.
    pub confirmed_by: Option<Uuid>,
    /// When.
    pub confirmed_at: DateTime<Utc>,
}

pub(super) fn confirm(tx: &mut Tx<'_>, person: PersonId, one: &Confirmed) -> Result<()> {
    let letters: String = one.sections.iter().map(|section| section.letter()).collect();
    diesel::insert_into(card_confirmation::table)
        .values((
            card_confirmation::id.eq(Id(Uuid::new_v4())),
            card_confirmation::person.eq(Id(person.0)),
            card_confirmation::version.eq(i32::try_from(one.version).map_err(Error::internal)?),
            card_confirmation::sections.eq(letters),
            card_confirmation::said_by.eq(&one.said_by),
            card_confirmation::means.eq(&one.means),
            card_confirmation::confirmed_by.eq(one.confirmed_by.map(Id)),
            card_confirmation::confirmed_at.eq(At::from(one.confirmed_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The newest confirmations, newest first: at most 50.
pub(super) fn confirmations(conn: &mut Conn, person: PersonId) -> Result<Vec<Confirmed>> {
    let found: Vec<(i32, String, String, String, Option<Id>, At)> = card_confirmation::table
        .filter(card_confirmation::person.eq(Id(person.0)))
        .order(card_confirmation::confirmed_at.desc())
        .limit(50)
        .select((
            card_confirmation::version,
            card_confirmation::sections,
            card_confirmation::said_by,
            card_confirmation::means,
            card_confirmation::confirmed_by,
            card_confirmation::confirmed_at,
        ))
        .load(conn)?;
    let read = |(version, letters, said_by, means, by, at): (i32, String, String, String, Option<Id>, At)| Confirmed {
        version: version as u32,
        sections: letters.chars().filter_map(|letter| Section::named(letter.encode_utf8(&mut [0; 4]))).collect(),
        said_by,
        means,
        confirmed_by: by.map(|id| id.0),
        confirmed_at: at.0,
    };
    Ok(found.into_iter().map(read).collect())
}

/// Notes the token of what a preview of her card shows together; nothing where the card does not say enough yet.
pub(super) fn combine(tx: &mut Tx<'_>, person: PersonId, token: Option<i32>) -> Result<()> {
    let of = Id(person.0);
    let Some(token) = token else {
        diesel::delete(card_combination::table.find(of)).execute(tx.conn())?;
        return Ok(());
    };
    let known =
        diesel::update(card_combination::table.find(of)).set(card_combination::token.eq(token)).execute(tx.conn())?;
    if known == 0 {
        diesel::insert_into(card_combination::table)
            .values((card_combination::person.eq(of), card_combination::token.eq(token)))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Whether hers is the only card here that shows this combination.
pub(super) fn stands_out(conn: &mut Conn, person: PersonId) -> Result<bool> {
    let token: Option<i32> =
        card_combination::table.find(Id(person.0)).select(card_combination::token).first(conn).optional()?;
    let Some(token) = token else { return Ok(false) };
    let others: Option<Id> = card_combination::table
        .filter(card_combination::token.eq(token))
        .filter(card_combination::person.ne(Id(person.0)))
        .select(card_combination::person)
        .first(conn)
        .optional()?;
    Ok(others.is_none())
}
