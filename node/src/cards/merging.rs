//! Two people's records become one, and so do the histories of their cards.

use diesel::dsl::max;
use diesel::prelude::*;
use uuid::Uuid;

use super::rows;
use crate::error::Result;
use crate::people::PersonId;
use crate::store::schema::{card, card_shown, card_version};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Merging, Vault, joined};

/// Further than any history goes: numbers pass by there, so that no two meet on the way.
const FAR: i32 = 1_000_000_000;

/// The versions of the record that goes follow those of the one that stays, in their order; no version is changed or
/// lost. Where what stays counts, its newest version is repeated at the end, as a version of its own. What recipients
/// were shown keeps the numbers by which they know it.
pub(super) fn merge(tx: &mut Tx<'_>, vault: &Vault, merging: &Merging) -> Result<()> {
    let (from, into) = (Id(merging.from), Id(merging.into));
    let (theirs, own) = (newest(tx.conn(), from)?, newest(tx.conn(), into)?);
    let Some(theirs) = theirs else { return Ok(()) };
    let before = own.unwrap_or(0);
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
