//! Rows of documents.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, sum};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Day, PartialDate, Text};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::media::Media;
use super::model::{Cursor, Description, Document, DocumentId, DocumentKind, Ending, FileInfo, HeldBy, Page};
use crate::access::cases::cases_of;
use crate::error::{Error, Result};
use crate::people::{Person, PersonId};
use crate::store::schema::document;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Merging, Place, Subject, Vault};

const fn place(id: DocumentId) -> Place {
    Place { table: "document", row: id.0, column: "sealed" }
}

/// What of a description is sealed.
#[derive(Serialize, Deserialize)]
struct Told {
    held_by: HeldBy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issued: Option<PartialDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    label: Option<Text<120>>,
}

fn seal(conn: &mut Conn, vault: &Vault, subject: Subject, id: DocumentId, of: &Description) -> Result<Vec<u8>> {
    let told = Told { held_by: of.held_by, issued: of.issued, label: of.label.clone() };
    let plain = serde_json::to_vec(&told).map_err(Error::internal)?;
    vault.seal(conn, subject, place(id), &plain)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = document)]
struct Row {
    id: Id,
    person: Id,
    subject: Id,
    kind: String,
    expires: Option<String>,
    sealed: Vec<u8>,
    media: Option<String>,
    size: Option<i32>,
    sha256: Option<String>,
    version: i32,
    created_at: At,
    created_by: Option<Id>,
    updated_at: At,
}

fn damaged() -> Error {
    Error::internal("a stored document does not parse")
}

fn day(stored: &str) -> Result<Day> {
    Day::parse(stored).map_err(|_| damaged())
}

fn kind(stored: &str) -> Result<DocumentKind> {
    DocumentKind::from_code(stored).ok_or_else(damaged)
}

impl Row {
    /// As it is held, unless her key is gone.
    fn open(self, conn: &mut Conn, vault: &Vault) -> Result<Option<Document>> {
        let id = DocumentId(self.id.0);
        let Some(plain) = vault.open(conn, place(id), &self.sealed)? else { return Ok(None) };
        let Told { held_by, issued, label } = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        let expires = self.expires.as_deref().map(day).transpose()?;
        let file = match (self.media, self.size, self.sha256) {
            (Some(media), Some(size), Some(sha256)) => Some(FileInfo {
                media: Media::named(&media).ok_or_else(damaged)?,
                size: u32::try_from(size).map_err(|_| damaged())?,
                sha256: sha256.parse().map_err(|_| damaged())?,
            }),
            _ => None,
        };
        Ok(Some(Document {
            id,
            person: PersonId(self.person.0),
            subject: Subject(self.subject.0),
            description: Description { kind: kind(&self.kind)?, issued, expires, held_by, label },
            file,
            version: self.version,
            created_at: self.created_at.0,
            created_by: self.created_by.map(|id| id.0),
            updated_at: self.updated_at.0,
        }))
    }
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &Person,
    by: Option<Uuid>,
    description: &Description,
) -> Result<Document> {
    let (id, now) = (DocumentId(Uuid::new_v4()), At::from(tx.now()));
    let sealed = seal(tx.conn(), vault, of.subject, id, description)?;
    diesel::insert_into(document::table)
        .values((
            document::id.eq(Id(id.0)),
            document::person.eq(Id(of.id.0)),
            document::subject.eq(Id(of.subject.0)),
            document::kind.eq(description.kind.code()),
            document::expires.eq(description.expires.map(|day| day.to_string())),
            document::sealed.eq(sealed),
            document::version.eq(1),
            document::created_at.eq(now),
            document::created_by.eq(by.map(Id)),
            document::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(Document {
        id,
        person: of.id,
        subject: of.subject,
        description: description.clone(),
        file: None,
        version: 1,
        created_at: now.0,
        created_by: by,
        updated_at: now.0,
    })
}

pub(super) fn find(conn: &mut Conn, vault: &Vault, of: PersonId, id: DocumentId) -> Result<Option<Document>> {
    let row: Option<Row> = document::table
        .filter(document::id.eq(Id(id.0)).and(document::person.eq(Id(of.0))))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map_or(Ok(None), |row| row.open(conn, vault))
}

pub(super) fn is_there(conn: &mut Conn, of: PersonId, id: DocumentId) -> Result<bool> {
    let found = document::table.filter(document::id.eq(Id(id.0)).and(document::person.eq(Id(of.0))));
    Ok(diesel::select(exists(found)).get_result(conn)?)
}

pub(super) fn page(
    conn: &mut Conn,
    vault: &Vault,
    of: PersonId,
    after: Option<Cursor<DateTime<Utc>>>,
    limit: u32,
) -> Result<Page> {
    let mut query = document::table
        .filter(document::person.eq(Id(of.0)))
        .order((document::created_at.desc(), document::id.desc()))
        .limit(i64::from(limit) + 1)
        .select(Row::as_select())
        .into_boxed();
    if let Some(Cursor { by, id }) = after {
        let by = At::from(by);
        let older = document::created_at.lt(by);
        query = query.filter(older.or(document::created_at.eq(by).and(document::id.lt(Id(id)))));
    }
    let mut rows: Vec<Row> = query.load(conn)?;
    let more = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| more).map(|row| Cursor { by: row.created_at.0, id: row.id.0 });
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.extend(row.open(conn, vault)?);
    }
    Ok(Page { items, next })
}

/// Changes what is said, if the version is still that one.
pub(super) fn describe(tx: &mut Tx<'_>, vault: &Vault, was: &Document, now_said: &Description) -> Result<Document> {
    let now = At::from(tx.now());
    let sealed = seal(tx.conn(), vault, was.subject, was.id, now_said)?;
    let changed = diesel::update(document::table.find(Id(was.id.0)).filter(document::version.eq(was.version)))
        .set((
            document::kind.eq(now_said.kind.code()),
            document::expires.eq(now_said.expires.map(|day| day.to_string())),
            document::sealed.eq(sealed),
            document::version.eq(was.version + 1),
            document::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        return Err(Code::VersionConflict.into());
    }
    Ok(Document { description: now_said.clone(), version: was.version + 1, updated_at: now.0, ..was.clone() })
}

/// Notes that a document has a file now, if the version is still that one.
pub(super) fn filed(tx: &mut Tx<'_>, was: &Document, file: FileInfo) -> Result<Document> {
    let now = At::from(tx.now());
    let size = i32::try_from(file.size).map_err(Error::internal)?;
    let changed = diesel::update(document::table.find(Id(was.id.0)).filter(document::version.eq(was.version)))
        .set((
            document::media.eq(file.media.as_str()),
            document::size.eq(size),
            document::sha256.eq(file.sha256.to_string()),
            document::version.eq(was.version + 1),
            document::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    if changed == 0 {
        return Err(Code::VersionConflict.into());
    }
    Ok(Document { file: Some(file), version: was.version + 1, updated_at: now.0, ..was.clone() })
}

/// Bytes of all files of a person. Whoever asks first holds up whoever asks next, until the transaction ends: two files
/// that come at once are not both measured against the room that is left for one.
pub(super) fn bytes_of(tx: &mut Tx<'_>, of: PersonId) -> Result<u64> {
    let hers = document::table.filter(document::person.eq(Id(of.0)));
    diesel::update(hers).set(document::size.eq(document::size)).execute(tx.conn())?;
    let bytes: Option<i64> = hers.select(sum(document::size)).first(tx.conn())?;
    u64::try_from(bytes.unwrap_or_default()).map_err(Error::internal)
}

pub(super) fn delete(tx: &mut Tx<'_>, id: DocumentId) -> Result<bool> {
    Ok(diesel::delete(document::table.find(Id(id.0))).execute(tx.conn())? > 0)
}

/// Documents that end by `until`, of the cases in whose team `staff` is, the first to end first.
pub(super) fn ending(
    conn: &mut Conn,
    staff: Uuid,
    until: Day,
    after: Option<Cursor<Day>>,
    limit: u32,
) -> Result<Vec<Ending>> {
    let mut query = document::table
        .filter(document::expires.le(until.to_string()))
        .order((document::expires.asc(), document::id.asc()))
        .limit(i64::from(limit))
        .select((document::id, document::person, document::kind, document::expires))
        .into_boxed()
        .filter(document::person.eq_any(cases_of(staff)));
    if let Some(Cursor { by, id }) = after {
        let by = by.to_string();
        let later = document::expires.gt(by.clone());
        query = query.filter(later.or(document::expires.eq(by).and(document::id.gt(Id(id)))));
    }
    let found: Vec<(Id, Id, String, Option<String>)> = query.load(conn)?;
    let read = |(id, person, of, expires): (Id, Id, String, Option<String>)| {
        let expires = expires.ok_or_else(damaged)?;
        Ok(Ending { id: DocumentId(id.0), person: PersonId(person.0), kind: kind(&of)?, expires: day(&expires)? })
    };
    found.into_iter().map(read).collect()
}

/// Every document of a person, the oldest first.
pub(super) fn all(conn: &mut Conn, vault: &Vault, of: PersonId) -> Result<Vec<Document>> {
    let rows: Vec<Row> = document::table
        .filter(document::person.eq(Id(of.0)))
        .order((document::created_at.asc(), document::id.asc()))
        .select(Row::as_select())
        .load(conn)?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        found.extend(row.open(conn, vault)?);
    }
    Ok(found)
}

/// Papers of the record that goes are in the one that stays.
pub(super) fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    diesel::update(document::table.filter(document::person.eq(Id(merging.from))))
        .set(document::person.eq(Id(merging.into)))
        .execute(tx.conn())?;
    Ok(())
}

/// The ids of all documents of hers.
pub(super) fn ids(conn: &mut Conn, person: PersonId) -> Result<Vec<DocumentId>> {
    let ids: Vec<Id> = document::table.filter(document::person.eq(Id(person.0))).select(document::id).load(conn)?;
    Ok(ids.into_iter().map(|id| DocumentId(id.0)).collect())
}
