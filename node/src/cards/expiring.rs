//! Cards that time ends: drafts that nobody ever sent.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::Result;
use crate::people::{self, PersonId};
use crate::store::schema::{
    assessment, card, card_combination, card_confirmation, card_import, card_section, card_version, disclosure, person,
    record_transfer, referral, subject_joined,
};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Spent, Vault, spent};

/// A referral in one of these states has come to its end.
const ENDED: [&str; 3] = ["declined", "withdrawn", "closed"];
/// So has an assessment in one of these.
const ASSESSED: [&str; 2] = ["signed", "superseded"];

/// Cards of which nothing ever left, and of which nothing changed and nothing was confirmed after `before`, by person, in
/// the order of ids. Somebody who is being worked with has no draft that nobody needs: one whose referral or assessment is
/// open here, whichever way it came, or whose record another node handed over to this one.
///
/// # Errors
/// What the database refuses.
pub fn unsent(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Vec<Spent>> {
    let (at, mut after) = (At::from(before), after.unwrap_or_default());
    loop {
        let mut found = untouched(conn, at, after, limit)?;
        let Some((last, _)) = found.last() else { return Ok(Vec::new()) };
        after = last.0;
        let needed = needed(conn, at, &found.iter().map(|(person, _)| *person).collect::<Vec<_>>())?;
        found.retain(|(person, _)| !needed.contains(&person.0));
        if !found.is_empty() {
            return Ok(spent(found));
        }
    }
}

/// Cards of which nothing ever left and nothing changed after `at`.
fn untouched(conn: &mut Conn, at: At, after: Uuid, limit: i64) -> Result<Vec<(Id, Id)>> {
    let hers = disclosure::table.filter(disclosure::subject.eq(person::subject));
    let went_in = disclosure::table
        .inner_join(subject_joined::table.on(subject_joined::subject.eq(disclosure::subject)))
        .filter(subject_joined::head.eq(person::subject));
    let being_written = card_section::table
        .filter(card_section::person.eq(card::person))
        .filter(card_section::changed_at.gt(at).or(card_section::drafted_at.gt(at)));
    Ok(card::table
        .inner_join(person::table.on(person::id.eq(card::person)))
        .filter(card::updated_at.le(at))
        .filter(card::person.gt(Id(after)))
        .filter(not(exists(hers)))
        .filter(not(exists(went_in)))
        .filter(not(exists(being_written)))
        .order(card::person)
        .limit(limit)
        .select((card::person, person::subject))
        .load(conn)?)
}

/// Those of these people whose card was confirmed after `at`, who are being worked with, or who were handed over to here.
fn needed(conn: &mut Conn, at: At, of: &[Id]) -> Result<BTreeSet<Uuid>> {
    let confirmed: Vec<Id> = card_confirmation::table
        .filter(card_confirmation::person.eq_any(of))
        .filter(card_confirmation::confirmed_at.gt(at))
        .select(card_confirmation::person)
        .load(conn)?;
    let referred: Vec<Id> = referral::table
        .filter(referral::person.eq_any(of))
        .filter(referral::state.is_null().or(referral::state.ne_all(ENDED)))
        .select(referral::person.assume_not_null())
        .load(conn)?;
    let assessed: Vec<Id> = assessment::table
        .filter(assessment::person.eq_any(of))
        .filter(assessment::state.ne_all(ASSESSED))
        .select(assessment::person)
        .load(conn)?;
    let came: Vec<Id> = record_transfer::table
        .filter(record_transfer::person.eq_any(of))
        .filter(record_transfer::side.eq("taker"))
        .filter(record_transfer::state.eq("taken"))
        .select(record_transfer::person.assume_not_null())
        .load(conn)?;
    Ok([confirmed, referred, assessed, came].into_iter().flatten().map(|id| id.0).collect())
}

/// Deletes a card in all its versions, and what it was made of and said of who she is. She stays known by what staff call
/// her.
///
/// # Errors
/// What the database refuses.
pub fn delete_card(tx: &mut Tx<'_>, vault: &Vault, of: Uuid) -> Result<()> {
    people::forget_identity(tx, vault, PersonId(of))?;
    let of = Id(of);
    diesel::delete(card_import::table.filter(card_import::person.eq(of))).execute(tx.conn())?;
    diesel::delete(card_confirmation::table.filter(card_confirmation::person.eq(of))).execute(tx.conn())?;
    diesel::delete(card_section::table.filter(card_section::person.eq(of))).execute(tx.conn())?;
    diesel::delete(card_version::table.filter(card_version::person.eq(of))).execute(tx.conn())?;
    diesel::delete(card_combination::table.find(of)).execute(tx.conn())?;
    diesel::delete(card::table.find(of)).execute(tx.conn())?;
    Ok(())
}
