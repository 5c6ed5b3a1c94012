//! Rows of imports. Where a file came from and how she said yes is sealed with her key.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Section;
use staffetta_protocol::digest::Digest;
use uuid::Uuid;

use super::damaged;
use super::model::{ImportYes, Kind, Origin};
use crate::error::{Error, Result};
use crate::people::{Person, PersonId};
use crate::store::schema::card_import;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Merging, Place, Vault};

/// How many a list shows: the newest.
const SHOWN: i64 = 50;

/// What was laid onto a card from one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its id.
    pub id: Uuid,
    /// Of which kind the file was.
    pub kind: Kind,
    /// The sections that were drafted.
    pub sections: Vec<Section>,
    /// Digest of the file.
    pub digest: Digest,
    /// From where it says that it comes.
    pub origin: Option<Origin>,
    /// Her yes.
    pub yes: ImportYes,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom of the staff.
    pub by: Option<Uuid>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    origin: Option<Origin>,
    yes: ImportYes,
}

const fn place(id: Uuid) -> Place {
    Place { table: "card_import", row: id, column: "sealed" }
}

pub(super) fn insert(tx: &mut Tx<'_>, vault: &Vault, person: &Person, it: &Import) -> Result<()> {
    let sealed = Sealed { origin: it.origin.clone(), yes: it.yes };
    let plain = serde_json::to_vec(&sealed).map_err(Error::internal)?;
    let sealed = vault.seal(tx.conn(), person.subject, place(it.id), &plain)?;
    diesel::insert_into(card_import::table)
        .values((
            card_import::id.eq(Id(it.id)),
            card_import::person.eq(Id(person.id.0)),
            card_import::subject.eq(Id(person.subject.0)),
            card_import::kind.eq(it.kind.code()),
            card_import::sections.eq(it.sections.iter().map(|section| section.letter()).collect::<String>()),
            card_import::digest.eq(it.digest.to_string()),
            card_import::sealed.eq(sealed),
            card_import::imported_at.eq(At::from(it.at)),
            card_import::imported_by.eq(it.by.map(Id)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

type Stored = (Id, String, String, String, Vec<u8>, At, Option<Id>);

/// Hers, newest first; those that a key which is gone had sealed are gone.
pub(super) fn of_person(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Vec<Import>> {
    let rows: Vec<Stored> = card_import::table
        .filter(card_import::person.eq(Id(person.0)))
        .order((card_import::imported_at.desc(), card_import::id))
        .limit(SHOWN)
        .select((
            card_import::id,
            card_import::kind,
            card_import::sections,
            card_import::digest,
            card_import::sealed,
            card_import::imported_at,
            card_import::imported_by,
        ))
        .load(conn)?;
    let mut found = Vec::with_capacity(rows.len());
    for (id, kind, letters, digest, sealed, at, by) in rows {
        let Some(plain) = vault.open(conn, place(id.0), &sealed)? else { continue };
        let Sealed { origin, yes } = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        found.push(Import {
            id: id.0,
            kind: Kind::from_code(&kind).ok_or_else(damaged)?,
            sections: letters.chars().filter_map(|one| Section::named(one.encode_utf8(&mut [0; 4]))).collect(),
            digest: digest.parse().map_err(|_| damaged())?,
            origin,
            yes,
            at: at.0,
            by: by.map(|id| id.0),
        });
    }
    Ok(found)
}

/// Imports into the record that goes are of the one that stays.
pub(in crate::cards) fn merge(tx: &mut Tx<'_>, merging: &Merging) -> Result<()> {
    diesel::update(card_import::table.filter(card_import::person.eq(Id(merging.from))))
        .set(card_import::person.eq(Id(merging.into)))
        .execute(tx.conn())?;
    Ok(())
}
