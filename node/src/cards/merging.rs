//! Two people's records become one, and so do the histories of their cards.

use chrono::{DateTime, Utc};
use diesel::dsl::max;
use diesel::prelude::*;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::{imports, rows};
use crate::error::Result;
use crate::people::PersonId;
use crate::store::schema::{card, card_combination, card_confirmation, card_section, card_shown, card_version};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Merging, Vault, joined};

/// Further than any history goes: numbers pass by there, so that no two meet on the way.
const FAR: i32 = 1_000_000_000;

/// The versions of the record that goes follow those of the one that stays, in their order; no version is changed or
/// lost. Where what stays counts, its newest version is repeated at the end, as a version of its own. What recipients
/// were shown keeps the numbers by which they know it.
pub(super) fn merge(tx: &mut Tx<'_>, vault: &Vault, merging: &Merging) -> Result<()> {
    imports::merge(tx, merging)?;
    let (from, into) = (Id(merging.from), Id(merging.into));
    let (theirs, own) = (newest(tx.conn(), from)?, newest(tx.conn(), into)?);
    let before = own.unwrap_or(0);
    // A card that was never saved may have drafts.
    let Some(theirs) = theirs else { return sections(tx, from, into, before, before) };
    for subject in joined(tx.conn(), merging.from_subject)? {
        let shown = card_shown::table.filter(card_shown::subject.eq(Id(subject.0)));
        for step in [FAR + before, -FAR] {
            diesel::update(shown)
                .set(card_shown::local_version.eq(card_shown::local_version + step))
                .execute(tx.conn())?;
        }
    }
    diesel::update(card_version::table.filter(card_version::person.eq(from)))
        .set((card_version::person.eq(into), card_version::version.eq(card_version::version + before)))
        .execute(tx.conn())?;
    diesel::delete(card::table.find(from)).execute(tx.conn())?;
    let mut last = before + theirs;
    if own.is_some() && !merging.keep_from {
        last += 1;
        repeat(tx, vault, merging, before, last)?;
    }
    sections(tx, from, into, before, last)?;
    if merging.keep_from || own.is_none() {
        diesel::delete(card_combination::table.find(into)).execute(tx.conn())?;
        diesel::update(card_combination::table.find(from)).set(card_combination::person.eq(into)).execute(tx.conn())?;
    } else {
        diesel::delete(card_combination::table.find(from)).execute(tx.conn())?;
    }
    let now = At::from(tx.now());
    if own.is_some() {
        diesel::update(card::table.find(into))
            .set((card::version.eq(last), card::updated_at.eq(now)))
            .execute(tx.conn())?;
    } else {
        diesel::insert_into(card::table)
            .values((card::person.eq(into), card::version.eq(last), card::updated_at.eq(now)))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// When a section of one of the two records was last gone through: it changed, or was confirmed as it stands.
struct Stored {
    id: Id,
    section: String,
    revision: i32,
    version: i32,
    drafted: bool,
    /// The later of the two.
    at: DateTime<Utc>,
}

fn stored(conn: &mut Conn, of: Id) -> Result<Vec<Stored>> {
    let confirmed: Vec<(String, i32, At)> = card_confirmation::table
        .filter(card_confirmation::person.eq(of))
        .select((card_confirmation::sections, card_confirmation::version, card_confirmation::confirmed_at))
        .load(conn)?;
    let rows: Vec<(Id, String, i32, i32, At, Option<At>)> = card_section::table
        .filter(card_section::person.eq(of))
        .select((
            card_section::id,
            card_section::section,
            card_section::revision,
            card_section::version,
            card_section::changed_at,
            card_section::drafted_at,
        ))
        .load(conn)?;
    let row = |(id, section, revision, version, changed, drafted): (Id, String, i32, i32, At, Option<At>)| {
        let hers = confirmed.iter().filter(|(sections, of, _)| sections.contains(&section) && *of >= version);
        let at = hers.map(|(_, _, at)| at.0).chain([changed.0]).max().unwrap_or(changed.0);
        Stored { id, section, revision, version, drafted: drafted.is_some(), at }
    };
    Ok(rows.into_iter().map(row).collect())
}

/// Of a section that both have one row remains, as changed by the merge: whoever read either reads it anew. A draft of
/// either stays. What was confirmed stays confirmed, of the version that it was, and says nothing of the card that there is
/// now: a merge asks nobody, so a section is as old as the older of the two.
///
/// # Errors
/// `conflict` where both have a draft of one section: one of them would be lost.
fn sections(tx: &mut Tx<'_>, from: Id, into: Id, before: i32, last: i32) -> Result<()> {
    let (theirs, own) = (stored(tx.conn(), from)?, stored(tx.conn(), into)?);
    // Nobody has said anything yet in a section that was only drafted.
    let said = |one: &Stored| (one.version > 0).then_some(one.at);
    for one in &theirs {
        let Some(known) = own.iter().find(|row| row.section == one.section) else {
            raise(tx, one.id, into, one.revision, last, one.at)?;
            continue;
        };
        if one.drafted && known.drafted {
            let section = &one.section;
            let it = format!("La sezione {section} ha una bozza in entrambe le schede: salvarne o scartarne una.");
            let en = format!("Section {section} has a draft in both records: save or discard one of them.");
            return Err(Problem::new(Code::Conflict).says(it, en).into());
        }
        let (stays, goes) = if one.drafted { (one.id, known.id) } else { (known.id, one.id) };
        let at = said(one).into_iter().chain(said(known)).min().unwrap_or(one.at);
        diesel::delete(card_section::table.find(goes)).execute(tx.conn())?;
        raise(tx, stays, into, one.revision.max(known.revision), last, at)?;
    }
    // What only the record that stays says was not confirmed with the other.
    for known in own.iter().filter(|known| known.version > 0 && !known.drafted) {
        if theirs.iter().all(|one| one.section != known.section) {
            diesel::update(card_section::table.find(known.id))
                .set((card_section::version.eq(last), card_section::changed_at.eq(At::from(known.at))))
                .execute(tx.conn())?;
        }
    }
    diesel::update(card_confirmation::table.filter(card_confirmation::person.eq(from)))
        .set((card_confirmation::person.eq(into), card_confirmation::version.eq(card_confirmation::version + before)))
        .execute(tx.conn())?;
    Ok(())
}

fn raise(tx: &mut Tx<'_>, row: Id, person: Id, revision: i32, version: i32, at: DateTime<Utc>) -> Result<()> {
    diesel::update(card_section::table.find(row))
        .set((
            card_section::person.eq(person),
            card_section::revision.eq(revision + 1),
            card_section::version.eq(version),
            card_section::changed_at.eq(At::from(at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

fn newest(conn: &mut Conn, of: Id) -> Result<Option<i32>> {
    let versions = card_version::table.filter(card_version::person.eq(of));
    Ok(versions.select(max(card_version::version)).first(conn)?)
}

/// Saves what version `version` says as version `last`.
fn repeat(tx: &mut Tx<'_>, vault: &Vault, merging: &Merging, version: i32, last: i32) -> Result<()> {
    let person = PersonId(merging.into);
    let Some(plain) = rows::plain(tx.conn(), vault, person, version)? else { return Ok(()) };
    let id = Uuid::new_v4();
    let sealed = vault.seal(tx.conn(), merging.into_subject, rows::place(id), &plain)?;
    diesel::insert_into(card_version::table)
        .values((
            card_version::id.eq(Id(id)),
            card_version::person.eq(Id(merging.into)),
            card_version::version.eq(last),
            card_version::sealed.eq(sealed),
            card_version::saved_by.eq(merging.by.map(Id)),
            card_version::saved_at.eq(At::from(tx.now())),
        ))
        .execute(tx.conn())?;
    Ok(())
}
