//! Two people's records become one, and so do the histories of their cards.

use diesel::dsl::max;
use diesel::prelude::*;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::rows;
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
///
/// # Errors
/// `conflict` while a section of the record that goes is being written: a draft is somebody's work, and is saved or
/// dropped first.
pub(super) fn merge(tx: &mut Tx<'_>, vault: &Vault, merging: &Merging) -> Result<()> {
    let (from, into) = (Id(merging.from), Id(merging.into));
    let (theirs, own) = (newest(tx.conn(), from)?, newest(tx.conn(), into)?);
    let before = own.unwrap_or(0);
    sections(tx, merging)?;
    diesel::update(card_confirmation::table.filter(card_confirmation::person.eq(from)))
        .set((card_confirmation::person.eq(into), card_confirmation::version.eq(card_confirmation::version + before)))
        .execute(tx.conn())?;
    let Some(theirs) = theirs else { return Ok(()) };
    combination(tx, from, into, own.is_none() || merging.keep_from)?;
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

/// Each section of what stays counts as changed by the newest version, so that whoever edits reads it anew.
fn sections(tx: &mut Tx<'_>, merging: &Merging) -> Result<()> {
    let (from, into) = (Id(merging.from), Id(merging.into));
    let theirs = card_section::table.filter(card_section::person.eq(from));
    let drafts: i64 = theirs.filter(card_section::sealed.is_not_null()).count().get_result(tx.conn())?;
    if drafts > 0 {
        return Err(Problem::new(Code::Conflict).detail("A section of the other card is being written.").into());
    }
    let own: Vec<String> =
        card_section::table.filter(card_section::person.eq(into)).select(card_section::section).load(tx.conn())?;
    diesel::delete(theirs.filter(card_section::section.eq_any(own))).execute(tx.conn())?;
    diesel::update(theirs).set(card_section::person.eq(into)).execute(tx.conn())?;
    diesel::update(card_section::table.filter(card_section::person.eq(into)))
        .set(card_section::revision.eq(card_section::revision + 1))
        .execute(tx.conn())?;
    Ok(())
}

/// What a preview would show together is that of the card that counts.
fn combination(tx: &mut Tx<'_>, from: Id, into: Id, theirs_counts: bool) -> Result<()> {
    let gone = if theirs_counts { into } else { from };
    diesel::delete(card_combination::table.find(gone)).execute(tx.conn())?;
    diesel::update(card_combination::table.find(from)).set(card_combination::person.eq(into)).execute(tx.conn())?;
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
