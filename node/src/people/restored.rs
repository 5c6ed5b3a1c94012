//! What is done to the people of a node that was restored from a copy.

use diesel::prelude::*;

use super::{PersonId, index};
use crate::error::Result;
use crate::store::schema::{person, person_token};
use crate::store::{Conn, Id, Tx};
use crate::vault::{Subject, Vault};

/// People that one look takes.
const AT_ONCE: i64 = 500;

/// Writes the blind index anew, from what people are known by. Says of how many. Of somebody whose key is destroyed
/// nothing is in it.
///
/// # Errors
/// What the database refuses.
pub fn reindex(tx: &mut Tx<'_>, vault: &Vault) -> Result<usize> {
    diesel::delete(person_token::table).execute(tx.conn())?;
    let (mut after, mut count) = (None::<Id>, 0);
    loop {
        let mut page = person::table.order(person::id).limit(AT_ONCE).select(person::id).into_boxed();
        if let Some(after) = after {
            page = page.filter(person::id.gt(after));
        }
        let ids: Vec<Id> = page.load(tx.conn())?;
        let Some(last) = ids.last() else { return Ok(count) };
        after = Some(*last);
        for id in &ids {
            index::retoken(tx, vault, PersonId(id.0))?;
        }
        count += ids.len();
    }
}

/// The people whose own key is among these.
pub fn of_subjects(conn: &mut Conn, subjects: &[Subject]) -> Result<Vec<PersonId>> {
    let mut found = Vec::new();
    for some in subjects.chunks(200) {
        let theirs: Vec<Id> = some.iter().map(|subject| Id(subject.0)).collect();
        let ids: Vec<Id> = person::table.filter(person::subject.eq_any(theirs)).select(person::id).load(conn)?;
        found.extend(ids.into_iter().map(|id| PersonId(id.0)));
    }
    Ok(found)
}

/// Nobody finds her any more: for somebody whose keys were destroyed before, and whose rows came back with a copy.
pub fn forget(tx: &mut Tx<'_>, id: PersonId) -> Result<()> {
    index::forget(tx, id)
}
