//! Rows of counselling notes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::card::Prose;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::{NoteId, NoteInfo, NoteText};
use crate::error::{Error, Result};
use crate::people::{Person, PersonId};
use crate::store::schema::counselling_note;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

const fn place(id: NoteId) -> Place {
    Place { table: "counselling_note", row: id.0, column: "sealed" }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = counselling_note)]
struct Row {
    id: Id,
    author: Id,
    version: i32,
    created_at: At,
    updated_at: At,
    delete_after: Option<At>,
}

impl From<Row> for NoteInfo {
    fn from(row: Row) -> Self {
        Self {
            id: NoteId(row.id.0),
            author: row.author.0,
            version: row.version,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            delete_after: row.delete_after.map(|at| at.0),
        }
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, vault: &Vault, of: &Person, author: Uuid, text: &NoteText) -> Result<NoteInfo> {
    let (id, now) = (NoteId(Uuid::new_v4()), At::from(tx.now()));
    let sealed = vault.seal(tx.conn(), of.subject, place(id), text.expose().as_bytes())?;
    diesel::insert_into(counselling_note::table)
        .values((
            counselling_note::id.eq(Id(id.0)),
            counselling_note::person.eq(Id(of.id.0)),
            counselling_note::subject.eq(Id(of.subject.0)),
            counselling_note::author.eq(Id(author)),
            counselling_note::sealed.eq(sealed),
            counselling_note::version.eq(1),
            counselling_note::created_at.eq(now),
            counselling_note::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(NoteInfo { id, author, version: 1, created_at: now.0, updated_at: now.0, delete_after: None })
}

pub(super) fn find(conn: &mut Conn, of: PersonId, id: NoteId) -> Result<Option<NoteInfo>> {
    let row: Option<Row> = counselling_note::table
        .filter(counselling_note::id.eq(Id(id.0)).and(counselling_note::person.eq(Id(of.0))))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    Ok(row.map(NoteInfo::from))
}

pub(super) fn page(
    conn: &mut Conn,
    of: PersonId,
    only_by: Option<Uuid>,
    after: Option<NoteId>,
    limit: u32,
) -> Result<Vec<NoteInfo>> {
    let mut query = counselling_note::table
        .filter(counselling_note::person.eq(Id(of.0)))
        .order((counselling_note::created_at.desc(), counselling_note::id.desc()))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .into_boxed();
    if let Some(author) = only_by {
        query = query.filter(counselling_note::author.eq(Id(author)));
    }
    if let Some(after) = after {
        let last = find(conn, of, after)?.filter(|info| only_by.is_none_or(|author| author == info.author));
        let at = At::from(last.ok_or(Code::NotFound)?.created_at);
        let older = counselling_note::created_at.lt(at);
        query = query.filter(older.or(counselling_note::created_at.eq(at).and(counselling_note::id.lt(Id(after.0)))));
    }
    let rows: Vec<Row> = query.load(conn)?;
    Ok(rows.into_iter().map(NoteInfo::from).collect())
}

pub(super) fn all(conn: &mut Conn, of: PersonId) -> Result<Vec<NoteInfo>> {
    let rows: Vec<Row> = counselling_note::table
        .filter(counselling_note::person.eq(Id(of.0)))
        .order((counselling_note::created_at.asc(), counselling_note::id.asc()))
        .select(Row::as_select())
        .load(conn)?;
    Ok(rows.into_iter().map(NoteInfo::from).collect())
}

/// What a note says; nothing where her key is gone. The only place that opens one.
pub(super) fn text(conn: &mut Conn, vault: &Vault, id: NoteId) -> Result<Option<NoteText>> {
    let damaged = || Error::internal("a stored counselling note does not parse");
    let sealed: Vec<u8> = counselling_note::table.find(Id(id.0)).select(counselling_note::sealed).first(conn)?;
    let Some(plain) = vault.open(conn, place(id), &sealed)? else { return Ok(None) };
    let text = std::str::from_utf8(&plain).map_err(|_| damaged())?;
    Ok(Some(NoteText(Prose::new(text).map_err(|_| damaged())?)))
}

pub(super) fn rewrite(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &Person,
    was: &NoteInfo,
    text: &NoteText,
) -> Result<NoteInfo> {
    let now = At::from(tx.now());
    let sealed = vault.seal(tx.conn(), of.subject, place(was.id), text.expose().as_bytes())?;
    let same = counselling_note::table.find(Id(was.id.0)).filter(counselling_note::version.eq(was.version));
    let changed = diesel::update(same)
        .set((
            counselling_note::sealed.eq(sealed),
            counselling_note::version.eq(was.version + 1),
            counselling_note::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        return Err(Code::VersionConflict.into());
    }
    Ok(NoteInfo { version: was.version + 1, updated_at: now.0, ..*was })
}

pub(super) fn due(tx: &mut Tx<'_>, of: PersonId, at: DateTime<Utc>) -> Result<()> {
    let kept = counselling_note::table
        .filter(counselling_note::person.eq(Id(of.0)))
        .filter(counselling_note::delete_after.is_null());
    diesel::update(kept).set(counselling_note::delete_after.eq(At::from(at))).execute(tx.conn())?;
    Ok(())
}

pub(super) fn not_due(tx: &mut Tx<'_>, of: PersonId) -> Result<()> {
    diesel::update(counselling_note::table.filter(counselling_note::person.eq(Id(of.0))))
        .set(counselling_note::delete_after.eq(None::<At>))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn due_by(
    conn: &mut Conn,
    before: DateTime<Utc>,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<(NoteId, Subject)>> {
    let found: Vec<(Id, Id)> = counselling_note::table
        .filter(counselling_note::delete_after.le(At::from(before)))
        .filter(counselling_note::id.gt(Id(after.unwrap_or_default())))
        .order(counselling_note::id)
        .limit(limit)
        .select((counselling_note::id, counselling_note::subject))
        .load(conn)?;
    Ok(found.into_iter().map(|(id, subject)| (NoteId(id.0), Subject(subject.0))).collect())
}

pub(super) fn delete(tx: &mut Tx<'_>, id: NoteId) -> Result<()> {
    diesel::delete(counselling_note::table.find(Id(id.0))).execute(tx.conn())?;
    Ok(())
}
