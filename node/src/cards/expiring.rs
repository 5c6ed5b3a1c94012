//! Cards that time ends: drafts that nobody ever sent.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::Result;
use crate::store::schema::{
    card, card_combination, card_confirmation, card_section, card_version, disclosure, person, subject_joined,
};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Spent, spent};

/// Cards of which nothing ever left and nothing changed after `before`, by person, in the order of ids.
///
/// # Errors
/// What the database refuses.
pub fn unsent(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Vec<Spent>> {
    let at = At::from(before);
    let hers = disclosure::table.filter(disclosure::subject.eq(person::subject));
    let went_in = disclosure::table
        .inner_join(subject_joined::table.on(subject_joined::subject.eq(disclosure::subject)))
        .filter(subject_joined::head.eq(person::subject));
    let being_written = card_section::table
        .filter(card_section::person.eq(card::person))
        .filter(card_section::changed_at.gt(at).or(card_section::drafted_at.gt(at)));
    let found: Vec<(Id, Id)> = card::table
        .inner_join(person::table.on(person::id.eq(card::person)))
        .filter(card::updated_at.le(at))
        .filter(card::person.gt(Id(after.unwrap_or_default())))
        .filter(not(exists(hers)))
        .filter(not(exists(went_in)))
        .filter(not(exists(being_written)))
        .order(card::person)
        .limit(limit)
        .select((card::person, person::subject))
        .load(conn)?;
    Ok(spent(found))
}

/// Deletes a card in all its versions. She stays known by what staff call her.
///
/// # Errors
/// What the database refuses.
pub fn delete_card(tx: &mut Tx<'_>, of: Uuid) -> Result<()> {
    let of = Id(of);
    diesel::delete(card_confirmation::table.filter(card_confirmation::person.eq(of))).execute(tx.conn())?;
    diesel::delete(card_section::table.filter(card_section::person.eq(of))).execute(tx.conn())?;
    diesel::delete(card_version::table.filter(card_version::person.eq(of))).execute(tx.conn())?;
    diesel::delete(card_combination::table.find(of)).execute(tx.conn())?;
    diesel::delete(card::table.find(of)).execute(tx.conn())?;
    Ok(())
}
