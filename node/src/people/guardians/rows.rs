//! Rows of guardians.

use chrono::NaiveDate;
use diesel::prelude::*;
use staffetta_protocol::card::Day;
use uuid::Uuid;

use super::model::{Guardian, GuardianDetails, GuardianEnd, GuardianKind};
use crate::error::{Error, Result};
use crate::people::{Person, PersonId};
use crate::store::schema::guardian;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Vault};

#[derive(Queryable, Selectable)]
#[diesel(table_name = guardian)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) person: Id,
    kind: String,
    sealed: Vec<u8>,
    since: NaiveDate,
    ended_on: Option<NaiveDate>,
    ended_why: Option<String>,
    entered_at: At,
    version: i32,
}

const fn place(id: Uuid) -> Place {
    Place { table: "guardian", row: id, column: "sealed" }
}

impl Row {
    /// Opened, unless the minor's key is gone.
    pub(super) fn open(self, conn: &mut Conn, vault: &Vault) -> Result<Option<Guardian>> {
        let Some(plain) = vault.open(conn, place(self.id.0), &self.sealed)? else { return Ok(None) };
        let damaged = |_| Error::internal("a stored guardian does not parse");
        let details =
            serde_json::from_slice(&plain).map_err(|_| Error::internal("a stored guardian does not parse"))?;
        let kind = GuardianKind::parse(&self.kind).ok_or_else(|| Error::internal("an unknown kind of guardian"))?;
        let ended = match (self.ended_on, self.ended_why.as_deref().and_then(GuardianEnd::parse)) {
            (Some(on), Some(why)) => Some((Day::new(on).map_err(damaged)?, why)),
            _ => None,
        };
        Ok(Some(Guardian {
            id: self.id.0,
            person: PersonId(self.person.0),
            kind,
            details,
            since: Day::new(self.since).map_err(damaged)?,
            ended,
            entered_at: self.entered_at.0,
            version: self.version.unsigned_abs(),
        }))
    }
}

fn sealed(tx: &mut Tx<'_>, vault: &Vault, of: &Person, id: Uuid, details: &GuardianDetails) -> Result<Vec<u8>> {
    let plain = serde_json::to_vec(details).map_err(Error::internal)?;
    vault.seal(tx.conn(), of.subject, place(id), &plain)
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &Person,
    by: Option<Uuid>,
    kind: GuardianKind,
    since: Day,
    details: GuardianDetails,
) -> Result<Guardian> {
    let (id, now) = (Uuid::new_v4(), At::from(tx.now()));
    let sealed = sealed(tx, vault, of, id, &details)?;
    diesel::insert_into(guardian::table)
        .values((
            guardian::id.eq(Id(id)),
            guardian::person.eq(Id(of.id.0)),
            guardian::kind.eq(kind.as_str()),
            guardian::sealed.eq(sealed),
            guardian::since.eq(since.date()),
            guardian::entered_at.eq(now),
            guardian::entered_by.eq(by.map(Id)),
            guardian::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(Guardian { id, person: of.id, kind, details, since, ended: None, entered_at: now.0, version: 1 })
}

/// Replaces who it is, if `expected` is still the version. Tells whether it was.
pub(super) fn change(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &Person,
    id: Uuid,
    details: &GuardianDetails,
    expected: i32,
) -> Result<bool> {
    let sealed = sealed(tx, vault, of, id, details)?;
    let changed = diesel::update(guardian::table.find(Id(id)).filter(guardian::version.eq(expected)))
        .set((guardian::sealed.eq(sealed), guardian::version.eq(expected.saturating_add(1))))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// Ends it, if nobody has. Tells whether nobody had.
pub(super) fn end(tx: &mut Tx<'_>, id: Uuid, on: Day, why: GuardianEnd) -> Result<bool> {
    let changed = diesel::update(guardian::table.find(Id(id)).filter(guardian::ended_on.is_null()))
        .set((
            guardian::ended_on.eq(on.date()),
            guardian::ended_why.eq(why.as_str()),
            guardian::version.eq(guardian::version + 1),
        ))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// Everybody who answers or answered for her, in the order of time.
pub(super) fn of(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Vec<Guardian>> {
    let rows: Vec<Row> = guardian::table
        .filter(guardian::person.eq(Id(person.0)))
        .order((guardian::since, guardian::entered_at, guardian::id))
        .select(Row::as_select())
        .load(conn)?;
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        all.extend(row.open(conn, vault)?);
    }
    Ok(all)
}

/// Some of those that nobody ended, in the order of their ids.
pub(super) fn not_ended(conn: &mut Conn, after: Option<Uuid>, limit: i64) -> Result<Vec<Row>> {
    let mut query = guardian::table
        .filter(guardian::ended_on.is_null())
        .order(guardian::id)
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(guardian::id.gt(Id(after)));
    }
    Ok(query.load(conn)?)
}

pub(in crate::people) fn hand_over(tx: &mut Tx<'_>, from: PersonId, into: PersonId) -> Result<()> {
    diesel::update(guardian::table.filter(guardian::person.eq(Id(from.0))))
        .set(guardian::person.eq(Id(into.0)))
        .execute(tx.conn())?;
    Ok(())
}
