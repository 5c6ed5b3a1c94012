//! Rows of people.

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::model::{Cursor, Label, Listed, Page, Person, PersonId};
use crate::access::cases::{Listing, cases_of, restriction};
use crate::error::{Error, Result};
use crate::store::schema::person;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

#[derive(Queryable, Selectable)]
#[diesel(table_name = person)]
struct Row {
    id: Id,
    subject: Id,
    created_at: At,
    created_by: Option<Id>,
    updated_at: At,
    label: Vec<u8>,
    merged_into: Option<Id>,
}

impl Row {
    fn person(&self) -> Person {
        Person {
            id: PersonId(self.id.0),
            subject: Subject(self.subject.0),
            created_at: self.created_at.0,
            created_by: self.created_by.map(|id| id.0),
            updated_at: self.updated_at.0,
        }
    }

    fn sealed(&self) -> (Place, &[u8]) {
        (label_of(PersonId(self.id.0)), &self.label)
    }

    /// With the label as it was opened, unless her key is gone and she with it.
    fn listed(&self, label: Option<Zeroizing<Vec<u8>>>) -> Result<Option<Listed>> {
        let Some(label) = label else { return Ok(None) };
        let damaged = || Error::internal("a stored label does not parse");
        let label = std::str::from_utf8(&label).map_err(|_| damaged())?;
        let label = Label::new(label).map_err(|_| damaged())?;
        Ok(Some(Listed { person: self.person(), label, restricted: false }))
    }
}

const fn label_of(id: PersonId) -> Place {
    Place { table: "person", row: id.0, column: "label" }
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    vault: &Vault,
    subject: Subject,
    created_by: Option<Uuid>,
    label: &Label,
) -> Result<Person> {
    let (id, now) = (PersonId::fresh(), At::from(tx.now()));
    let sealed = vault.seal(tx.conn(), subject, label_of(id), label.as_str().as_bytes())?;
    diesel::insert_into(person::table)
        .values((
            person::id.eq(Id(id.0)),
            person::subject.eq(Id(subject.0)),
            person::label.eq(sealed),
            person::created_at.eq(now),
            person::created_by.eq(created_by.map(Id)),
            person::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(Person { id, subject, created_at: now.0, created_by, updated_at: now.0 })
}

/// The row of that id.
///
/// # Errors
/// `not_found`; `merged` for a record that went into another.
fn row(conn: &mut Conn, id: PersonId) -> Result<Row> {
    let row: Option<Row> = person::table.find(Id(id.0)).select(Row::as_select()).first(conn).optional()?;
    match row {
        Some(Row { merged_into: Some(into), .. }) => Err(Problem::merged(into.0).into()),
        Some(row) => Ok(row),
        None => Err(Code::NotFound.into()),
    }
}

pub(super) fn by_id(conn: &mut Conn, id: PersonId) -> Result<Person> {
    Ok(row(conn, id)?.person())
}

pub(super) fn listed(conn: &mut Conn, vault: &Vault, id: PersonId) -> Result<Option<Listed>> {
    let row = row(conn, id)?;
    let (place, sealed) = row.sealed();
    let label = vault.open(conn, place, sealed)?;
    let restricted = restriction::is_on(conn, id.0)?;
    Ok(row.listed(label)?.map(|listed| Listed { restricted, ..listed }))
}

/// Whose key seals what is new about each of these people.
pub(super) fn subjects_of(conn: &mut Conn, people: &[PersonId]) -> Result<Vec<(PersonId, Subject)>> {
    let ids: Vec<Id> = people.iter().map(|person| Id(person.0)).collect();
    let rows: Vec<(Id, Id)> =
        person::table.filter(person::id.eq_any(ids)).select((person::id, person::subject)).load(conn)?;
    Ok(rows.into_iter().map(|(id, subject)| (PersonId(id.0), Subject(subject.0))).collect())
}

pub(super) fn page(conn: &mut Conn, vault: &Vault, of: Listing, after: Option<Cursor>, limit: u32) -> Result<Page> {
    let mut query = person::table
        .filter(person::merged_into.is_null())
        .order((person::created_at.asc(), person::id.asc()))
        .limit(i64::from(limit) + 1)
        .select(Row::as_select())
        .into_boxed();
    if let Listing::Of(staff) = of {
        query = query.filter(person::id.eq_any(cases_of(staff)));
    }
    if let Some(Cursor { created_at, id }) = after {
        let at = At::from(created_at);
        query = query.filter(person::created_at.gt(at).or(person::created_at.eq(at).and(person::id.gt(Id(id.0)))));
    }
    let mut rows: Vec<Row> = query.load(conn)?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let last = rows.last().filter(|_| more);
    let next = last.map(|row| Cursor { created_at: row.created_at.0, id: PersonId(row.id.0) });
    let sealed: Vec<(Place, &[u8])> = rows.iter().map(Row::sealed).collect();
    let mut items = Vec::with_capacity(rows.len());
    for (row, label) in rows.iter().zip(vault.open_all(conn, &sealed)?) {
        items.extend(row.listed(label)?);
    }
    let kept = restriction::among(conn, &items.iter().map(|it| it.person.id.0).collect())?;
    for listed in &mut items {
        listed.restricted = kept.contains(&listed.person.id.0);
    }
    Ok(Page { items, next })
}

/// The row as it is now; nothing where another act has changed it since `of` was read. Of two changes in one instant the
/// second is a microsecond later: the version grows.
pub(super) fn relabel(tx: &mut Tx<'_>, vault: &Vault, of: &Person, label: &Label) -> Result<Option<Person>> {
    let now = At::from(tx.now().max(of.updated_at + TimeDelta::microseconds(1)));
    let sealed = vault.seal(tx.conn(), of.subject, label_of(of.id), label.as_str().as_bytes())?;
    let unchanged = person::table.find(Id(of.id.0)).filter(person::updated_at.eq(At::from(of.updated_at)));
    let changed =
        diesel::update(unchanged).set((person::label.eq(sealed), person::updated_at.eq(now))).execute(tx.conn())?;
    Ok((changed == 1).then(|| Person { updated_at: now.0, ..of.clone() }))
}
