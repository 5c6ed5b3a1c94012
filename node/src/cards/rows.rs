//! Rows of cards, of their versions, and of how recipients count them.

use diesel::dsl::max;
use diesel::prelude::*;
use staffetta_protocol::card::Card;
use staffetta_protocol::id::SubjectRef;
use staffetta_protocol::problem::Code;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::model::{Held, Version, Versions};
use crate::error::{Error, Result};
use crate::grants::Destination;
use crate::people::{Person, PersonId};
use crate::store::schema::{card, card_shown, card_version};
use crate::store::{At, Conn, Id, Tx, each_backend};
use crate::vault::{Place, Subject, Vault};

pub(super) const fn place(row: Uuid) -> Place {
    Place { table: "card_version", row, column: "sealed" }
}

/// Saves the version after `expected`, if that is still the newest.
pub(super) fn save(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &Person,
    saved_by: Option<Uuid>,
    saved: Card,
    expected: u32,
) -> Result<Held> {
    let (person, now) = (Id(of.id.0), At::from(tx.now()));
    let expected = i32::try_from(expected).map_err(|_| Error::from(Code::VersionConflict))?;
    let version = expected + 1;
    let changed = if expected == 0 {
        let first = (card::person.eq(person), card::version.eq(version), card::updated_at.eq(now));
        each_backend!(tx.conn(), conn => diesel::insert_into(card::table)
            .values(first)
            .on_conflict_do_nothing()
            .execute(conn))?
    } else {
        diesel::update(card::table.find(person).filter(card::version.eq(expected)))
            .set((card::version.eq(version), card::updated_at.eq(now)))
            .execute(tx.conn())?
    };
    if changed == 0 {
        return Err(Code::VersionConflict.into());
    }
    let id = Uuid::new_v4();
    let plain = serde_json::to_vec(&saved).map_err(Error::internal)?;
    let sealed = vault.seal(tx.conn(), of.subject, place(id), &plain)?;
    diesel::insert_into(card_version::table)
        .values((
            card_version::id.eq(Id(id)),
            card_version::person.eq(person),
            card_version::version.eq(version),
            card_version::sealed.eq(sealed),
            card_version::saved_by.eq(saved_by.map(Id)),
            card_version::saved_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(Held { version: version as u32, saved_at: now.0, card: saved })
}

/// The newest version; nothing where there is none, or her key is gone.
pub(super) fn newest(conn: &mut Conn, vault: &Vault, of: PersonId) -> Result<Option<Held>> {
    let row: Option<(Id, i32, Vec<u8>, At)> = card_version::table
        .filter(card_version::person.eq(Id(of.0)))
        .order(card_version::version.desc())
        .select((card_version::id, card_version::version, card_version::sealed, card_version::saved_at))
        .first(conn)
        .optional()?;
    let Some((id, version, sealed, saved_at)) = row else { return Ok(None) };
    let Some(plain) = vault.open(conn, place(id.0), &sealed)? else { return Ok(None) };
    let card = serde_json::from_slice(&plain).map_err(|_| Error::internal("a stored card does not parse"))?;
    Ok(Some(Held { version: version as u32, saved_at: saved_at.0, card }))
}

/// The number of the newest version; nothing where there is none.
pub(super) fn newest_number(conn: &mut Conn, of: PersonId) -> Result<Option<u32>> {
    let found: Option<i32> = card::table.find(Id(of.0)).select(card::version).first(conn).optional()?;
    Ok(found.map(|version| version as u32))
}

/// Makes whoever else writes this card wait until this act is through: what is read from now on is the newest.
pub(super) fn lock(tx: &mut Tx<'_>, of: PersonId) -> Result<()> {
    diesel::update(card::table.find(Id(of.0))).set(card::version.eq(card::version)).execute(tx.conn())?;
    Ok(())
}

/// One version, by its number.
pub(super) fn of_version(conn: &mut Conn, vault: &Vault, of: PersonId, version: u32) -> Result<Option<Held>> {
    let Ok(number) = i32::try_from(version) else { return Ok(None) };
    let row: Option<(Id, Vec<u8>, At)> = card_version::table
        .filter(card_version::person.eq(Id(of.0)))
        .filter(card_version::version.eq(number))
        .select((card_version::id, card_version::sealed, card_version::saved_at))
        .first(conn)
        .optional()?;
    let Some((id, sealed, saved_at)) = row else { return Ok(None) };
    let Some(plain) = vault.open(conn, place(id.0), &sealed)? else { return Ok(None) };
    let card = serde_json::from_slice(&plain).map_err(|_| Error::internal("a stored card does not parse"))?;
    Ok(Some(Held { version, saved_at: saved_at.0, card }))
}

/// What one version says, as it was saved.
pub(super) fn plain(conn: &mut Conn, vault: &Vault, of: PersonId, version: i32) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let (id, sealed): (Id, Vec<u8>) = card_version::table
        .filter(card_version::person.eq(Id(of.0)))
        .filter(card_version::version.eq(version))
        .select((card_version::id, card_version::sealed))
        .first(conn)?;
    vault.open(conn, place(id.0), &sealed)
}

pub(super) fn versions(conn: &mut Conn, of: PersonId, before: Option<u32>, limit: u32) -> Result<Versions> {
    let before = before.and_then(|version| i32::try_from(version).ok()).unwrap_or(i32::MAX);
    let rows: Vec<(i32, At, Option<Id>)> = card_version::table
        .filter(card_version::person.eq(Id(of.0)))
        .filter(card_version::version.lt(before))
        .order(card_version::version.desc())
        .limit(i64::from(limit))
        .select((card_version::version, card_version::saved_at, card_version::saved_by))
        .load(conn)?;
    let next_before = rows.last().map(|(version, ..)| *version as u32).filter(|oldest| *oldest > 1);
    let items = rows
        .into_iter()
        .map(|(version, at, by)| Version { version: version as u32, saved_at: at.0, saved_by: by.map(|id| id.0) })
        .collect();
    Ok(Versions { items, next_before })
}

/// The recipient's number for our version `local`: the one that it has, or the next.
pub(super) fn shown(
    tx: &mut Tx<'_>,
    peer: &Destination,
    subject_ref: SubjectRef,
    subject: Subject,
    local: u32,
) -> Result<u32> {
    let to = peer.to_string();
    let of_pair =
        card_shown::table.filter(card_shown::peer.eq(&to)).filter(card_shown::subject_ref.eq(Id(subject_ref.0)));
    let local = i32::try_from(local).map_err(Error::internal)?;
    let known: Option<i32> = of_pair
        .filter(card_shown::local_version.eq(local))
        .select(card_shown::shown_version)
        .first(tx.conn())
        .optional()?;
    if let Some(known) = known {
        return Ok(known as u32);
    }
    let last: Option<i32> = of_pair.select(max(card_shown::shown_version)).first(tx.conn())?;
    let next = last.unwrap_or(0) + 1;
    // Two processes that show one person to one node at the same moment: the unique key undoes the later act.
    diesel::insert_into(card_shown::table)
        .values((
            card_shown::peer.eq(&to),
            card_shown::subject_ref.eq(Id(subject_ref.0)),
            card_shown::local_version.eq(local),
            card_shown::shown_version.eq(next),
            card_shown::subject.eq(Id(subject.0)),
        ))
        .execute(tx.conn())?;
    Ok(next as u32)
}
