//! Rows of what people are known by, and of the blind tokens that lead to them.

use std::collections::BTreeSet;

use diesel::prelude::*;
use uuid::Uuid;

use super::known::Known;
use super::{Person, PersonId, names};
use crate::access::cases::{Listing, cases_of};
use crate::error::{Error, Result};
use crate::store::schema::{person_known, person_token};
use crate::store::{Conn, Id, MultiBackend, Tx, each_backend};
use crate::vault::{Place, Subject, Vault};

const fn place(row: Uuid) -> Place {
    Place { table: "person_known", row, column: "sealed" }
}

/// Somebody as she is known here.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// For which record it was written.
    pub(super) id: Uuid,
    /// Whose it is now.
    pub(super) person: PersonId,
    pub(super) known: Known,
}

fn opened(conn: &mut Conn, vault: &Vault, rows: Vec<(Id, Id, Vec<u8>)>) -> Result<Vec<Entry>> {
    let people: Vec<(Id, Id)> = rows.iter().map(|(id, person, _)| (*id, *person)).collect();
    let sealed: Vec<(Place, Vec<u8>)> = rows.into_iter().map(|(id, _, sealed)| (place(id.0), sealed)).collect();
    let mut entries = Vec::with_capacity(people.len());
    for ((id, person), plain) in people.into_iter().zip(vault.open_all(conn, &sealed)?) {
        // Without her key there is nobody to be found.
        let Some(plain) = plain else { continue };
        let known =
            serde_json::from_slice(&plain).map_err(|_| Error::internal("what a person is known by does not parse"))?;
        entries.push(Entry { id: id.0, person: PersonId(person.0), known });
    }
    Ok(entries)
}

/// Every way in which these people are known, in the order of their ids; one's own record before those that went into
/// it.
pub(super) fn of(conn: &mut Conn, vault: &Vault, people: &[PersonId]) -> Result<Vec<Entry>> {
    let ids: Vec<Id> = people.iter().map(|person| Id(person.0)).collect();
    let rows = person_known::table
        .filter(person_known::person.eq_any(ids))
        .select((person_known::id, person_known::person, person_known::sealed))
        .load(conn)?;
    let mut entries = opened(conn, vault, rows)?;
    entries.sort_by_key(|entry| (entry.person, entry.id != entry.person.0, entry.id));
    Ok(entries)
}

/// What is known of her by her own record; not what came with another.
pub(super) fn own(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Option<Known>> {
    let entries = of(conn, vault, &[person])?;
    Ok(entries.into_iter().find(|entry| entry.id == person.0).map(|entry| entry.known))
}

/// Writes what she is known by, and makes her findable by it and by nothing that it no longer says.
pub(super) fn put(tx: &mut Tx<'_>, vault: &Vault, person: &Person, known: &Known) -> Result<()> {
    write(tx, vault, person.subject, person.id.0, person.id, known)?;
    retoken(tx, vault, person.id)
}

/// Writes one way in which somebody is known, sealed for `subject`. The tokens are left as they were.
pub(super) fn write(
    tx: &mut Tx<'_>,
    vault: &Vault,
    subject: Subject,
    id: Uuid,
    person: PersonId,
    known: &Known,
) -> Result<()> {
    let plain = serde_json::to_vec(known).map_err(Error::internal)?;
    let sealed = vault.seal(tx.conn(), subject, place(id), &plain)?;
    let changed = diesel::update(person_known::table.find(Id(id)))
        .set((
            person_known::person.eq(Id(person.0)),
            person_known::sealed.eq(&sealed),
            person_known::folding.eq(names::FOLDING),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        diesel::insert_into(person_known::table)
            .values((
                person_known::id.eq(Id(id)),
                person_known::person.eq(Id(person.0)),
                person_known::sealed.eq(sealed),
                person_known::folding.eq(names::FOLDING),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Brings her tokens in line with what she is known by. Only what differs is written.
pub(super) fn retoken(tx: &mut Tx<'_>, vault: &Vault, person: PersonId) -> Result<()> {
    let mut due = BTreeSet::new();
    for entry in of(tx.conn(), vault, &[person])? {
        due.extend(entry.known.tokens(vault));
    }
    let held = person_token::table
        .filter(person_token::person.eq(Id(person.0)))
        .select(person_token::token)
        .load::<i32>(tx.conn())?;
    let held: BTreeSet<i32> = held.into_iter().collect();
    let gone: Vec<i32> = held.difference(&due).copied().collect();
    if !gone.is_empty() {
        diesel::delete(
            person_token::table.filter(person_token::person.eq(Id(person.0))).filter(person_token::token.eq_any(gone)),
        )
        .execute(tx.conn())?;
    }
    let new: Vec<_> = due
        .difference(&held)
        .map(|token| (person_token::token.eq(*token), person_token::person.eq(Id(person.0))))
        .collect();
    if !new.is_empty() {
        each_backend!(tx.conn(), conn => diesel::insert_into(person_token::table).values(new).execute(conn))?;
    }
    Ok(())
}

/// People whose tokens were made as names are folded no more, at most `limit`.
pub(super) fn of_another_folding(conn: &mut Conn, limit: i64) -> Result<Vec<PersonId>> {
    let found: Vec<Id> = person_known::table
        .filter(person_known::folding.ne(names::FOLDING))
        .select(person_known::person)
        .distinct()
        .order(person_known::person)
        .limit(limit)
        .load(conn)?;
    Ok(found.into_iter().map(|id| PersonId(id.0)).collect())
}

/// Notes that their tokens are as names are folded now.
pub(super) fn are_folded(tx: &mut Tx<'_>, people: &[PersonId]) -> Result<()> {
    let ids: Vec<Id> = people.iter().map(|person| Id(person.0)).collect();
    diesel::update(person_known::table.filter(person_known::person.eq_any(ids)))
        .set(person_known::folding.eq(names::FOLDING))
        .execute(tx.conn())?;
    Ok(())
}

/// What was known of `from` is known of `into`.
pub(super) fn hand_over(tx: &mut Tx<'_>, vault: &Vault, from: PersonId, into: PersonId) -> Result<()> {
    diesel::update(person_known::table.filter(person_known::person.eq(Id(from.0))))
        .set(person_known::person.eq(Id(into.0)))
        .execute(tx.conn())?;
    diesel::delete(person_token::table.filter(person_token::person.eq(Id(from.0)))).execute(tx.conn())?;
    retoken(tx, vault, into)
}

/// Nobody finds her any more.
pub(super) fn forget(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    diesel::delete(person_token::table.filter(person_token::person.eq(Id(person.0)))).execute(tx.conn())?;
    diesel::delete(person_known::table.filter(person_known::person.eq(Id(person.0)))).execute(tx.conn())?;
    Ok(())
}

/// People, in the order of their ids, who have a token of each of these groups: candidates, of whom what is sealed must
/// still be compared.
pub(super) fn candidates(
    conn: &mut Conn,
    groups: &[Vec<i32>],
    after: Option<PersonId>,
    of: Listing,
    limit: usize,
) -> Result<Vec<PersonId>> {
    let also = diesel::alias!(person_token as also);
    let Some((first, rest)) = groups.split_first() else { return Ok(Vec::new()) };
    let mut query = person_token::table
        .filter(person_token::token.eq_any(first.clone()))
        .select(person_token::person)
        .distinct()
        .order(person_token::person)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .into_boxed::<MultiBackend>();
    for group in rest {
        let having = also.filter(also.field(person_token::token).eq_any(group.clone()));
        query = query.filter(person_token::person.eq_any(having.select(also.field(person_token::person))));
    }
    if let Some(after) = after {
        query = query.filter(person_token::person.gt(Id(after.0)));
    }
    if let Listing::Of(staff) = of {
        query = query.filter(person_token::person.eq_any(cases_of(staff)));
    }
    let found: Vec<Id> = query.load(conn)?;
    Ok(found.into_iter().map(|id| PersonId(id.0)).collect())
}
