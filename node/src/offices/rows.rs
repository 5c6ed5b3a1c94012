//! Rows of offices. The entry is one document; what is looked up by has a column or a row of its own.

use diesel::prelude::*;
use staffetta_protocol::card::Comune;
use uuid::Uuid;

use super::{Entry, Held, OwnOffice, PartnerOffice};
use crate::error::Result;
use crate::store::schema::{office, office_comune};
use crate::store::{At, Conn, Doc, Id, Tx};

/// A page of a book.
#[derive(Debug, Clone)]
pub struct Page<E> {
    /// The offices.
    pub items: Vec<Held<E>>,
    /// Where the next page begins, if there is one.
    pub next: Option<Uuid>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = office)]
struct Row {
    id: Id,
    book: String,
    organisation: Option<String>,
    entry: Doc,
    created_at: At,
    updated_at: At,
    removed_at: Option<At>,
    version: i32,
}

impl Row {
    fn held<E: Entry>(self) -> Result<Held<E>> {
        Ok(Held {
            id: self.id.0,
            version: self.version,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
            removed: self.removed_at.is_some(),
            entry: self.entry.read()?,
        })
    }
}

pub(super) fn insert<E: Entry>(tx: &mut Tx<'_>, held: &Held<E>) -> Result<()> {
    let row = Row {
        id: Id(held.id),
        book: E::BOOK.to_owned(),
        organisation: held.entry.organisation().map(str::to_owned),
        entry: Doc::of(&held.entry)?,
        created_at: At::from(held.created_at),
        updated_at: At::from(held.updated_at),
        removed_at: None,
        version: held.version,
    };
    diesel::insert_into(office::table).values(row).execute(tx.conn())?;
    cover(tx, held.id, held.entry.competence())
}

fn cover(tx: &mut Tx<'_>, id: Uuid, comuni: &[Comune]) -> Result<()> {
    diesel::delete(office_comune::table.filter(office_comune::office.eq(Id(id)))).execute(tx.conn())?;
    for comune in comuni {
        diesel::insert_into(office_comune::table)
            .values((office_comune::office.eq(Id(id)), office_comune::comune.eq(comune.as_str())))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Whether this was the act that replaced it.
pub(super) fn replace<E: Entry>(tx: &mut Tx<'_>, held: &Held<E>, expected: i32) -> Result<bool> {
    let row = office::table.find(Id(held.id)).filter(office::version.eq(expected)).filter(office::removed_at.is_null());
    let changed = diesel::update(row)
        .set((
            office::organisation.eq(held.entry.organisation()),
            office::entry.eq(Doc::of(&held.entry)?),
            office::updated_at.eq(At::from(held.updated_at)),
            office::version.eq(held.version),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        return Ok(false);
    }
    cover(tx, held.id, held.entry.competence())?;
    Ok(true)
}

/// Whether this was the act that removed it.
pub(super) fn remove(tx: &mut Tx<'_>, id: Uuid, expected: i32) -> Result<bool> {
    let now = At::from(tx.now());
    let row = office::table.find(Id(id)).filter(office::version.eq(expected)).filter(office::removed_at.is_null());
    let changed = diesel::update(row)
        .set((office::removed_at.eq(now), office::updated_at.eq(now), office::version.eq(expected + 1)))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

pub(super) fn find<E: Entry>(conn: &mut Conn, id: Uuid) -> Result<Option<Held<E>>> {
    let row: Option<Row> =
        office::table.find(Id(id)).filter(office::book.eq(E::BOOK)).select(Row::as_select()).first(conn).optional()?;
    row.map(Row::held).transpose()
}

/// In the order of ids, which is that of time.
pub(super) fn page<E: Entry>(conn: &mut Conn, after: Option<Uuid>, limit: u32) -> Result<Page<E>> {
    let mut query = office::table
        .filter(office::book.eq(E::BOOK))
        .filter(office::removed_at.is_null())
        .order(office::id.asc())
        .limit(i64::from(limit) + 1)
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(office::id.gt(Id(after)));
    }
    let mut rows: Vec<Row> = query.load(conn)?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| row.id.0);
    Ok(Page { items: rows.into_iter().map(Row::held).collect::<Result<_>>()?, next })
}

/// The partners' offices of any of these organisations.
pub(super) fn of_organisations(conn: &mut Conn, organisations: &[String]) -> Result<Vec<Held<PartnerOffice>>> {
    let rows: Vec<Row> = office::table
        .filter(office::book.eq(PartnerOffice::BOOK))
        .filter(office::removed_at.is_null())
        .filter(office::organisation.eq_any(organisations.to_vec()))
        .order(office::id.asc())
        .limit(50)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::held).collect()
}

/// The own office that was entered first.
pub(super) fn first_own(conn: &mut Conn) -> Result<Option<Held<OwnOffice>>> {
    Ok(page(conn, None, 1)?.items.into_iter().next())
}

/// The partners' offices that are competent for a municipality.
pub(super) fn covering(conn: &mut Conn, comune: &Comune) -> Result<Vec<Held<PartnerOffice>>> {
    let rows: Vec<Row> = office::table
        .inner_join(office_comune::table.on(office_comune::office.eq(office::id)))
        .filter(office::book.eq(PartnerOffice::BOOK))
        .filter(office::removed_at.is_null())
        .filter(office_comune::comune.eq(comune.as_str()))
        .order(office::id.asc())
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Row::held).collect()
}
