//! Rows of sessions.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::access::Standing;
use crate::error::{Error, Result};
use crate::store::schema::staff_session;
use crate::store::{At, Conn, Id, Tx};

/// Sessions of one account that a list shows.
const LISTED: i64 = 50;

/// A session without its secret.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// What it is ended by.
    pub id: Uuid,
    /// Whose it is.
    pub staff: Uuid,
    /// How far it has come.
    pub standing: Standing,
    /// `password` or `oidc`.
    pub method: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// The last request, to the minute.
    pub seen_at: DateTime<Utc>,
    /// When it ends at the latest.
    pub expires_at: DateTime<Utc>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}

type Columns = (Id, Id, String, String, At, At, At, Option<At>);
const COLUMNS: (
    staff_session::id,
    staff_session::staff,
    staff_session::standing,
    staff_session::method,
    staff_session::created_at,
    staff_session::seen_at,
    staff_session::expires_at,
    staff_session::ended_at,
) = (
    staff_session::id,
    staff_session::staff,
    staff_session::standing,
    staff_session::method,
    staff_session::created_at,
    staff_session::seen_at,
    staff_session::expires_at,
    staff_session::ended_at,
);

fn read((id, staff, standing, method, created_at, seen_at, expires_at, ended_at): Columns) -> Result<SessionRow> {
    let standing = standing.parse().map_err(|()| Error::internal("a session of unknown standing"))?;
    let ended_at = ended_at.map(|at| at.0);
    let (id, staff, created_at, seen_at, expires_at) = (id.0, staff.0, created_at.0, seen_at.0, expires_at.0);
    Ok(SessionRow { id, staff, standing, method, created_at, seen_at, expires_at, ended_at })
}

pub(super) fn insert(tx: &mut Tx<'_>, row: &SessionRow, hash: &[u8; 32]) -> Result<()> {
    diesel::insert_into(staff_session::table)
        .values((
            staff_session::id.eq(Id(row.id)),
            staff_session::staff.eq(Id(row.staff)),
            staff_session::hash.eq(hash.as_slice()),
            staff_session::standing.eq(row.standing.as_str()),
            staff_session::method.eq(&row.method),
            staff_session::created_at.eq(At::from(row.created_at)),
            staff_session::seen_at.eq(At::from(row.seen_at)),
            staff_session::expires_at.eq(At::from(row.expires_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn by_hash(conn: &mut Conn, hash: &[u8; 32]) -> Result<Option<SessionRow>> {
    let found: Option<Columns> =
        staff_session::table.filter(staff_session::hash.eq(hash.as_slice())).select(COLUMNS).first(conn).optional()?;
    found.map(read).transpose()
}

pub(super) fn by_id(conn: &mut Conn, id: Uuid) -> Result<Option<SessionRow>> {
    let found: Option<Columns> = staff_session::table.find(Id(id)).select(COLUMNS).first(conn).optional()?;
    found.map(read).transpose()
}

/// Those that have not ended and in which somebody did something after `idle_since`: those that are wholly in before those
/// that only know the password, the newest first.
pub(super) fn open_of(
    conn: &mut Conn,
    staff: Uuid,
    now: DateTime<Utc>,
    idle_since: DateTime<Utc>,
) -> Result<Vec<SessionRow>> {
    let found: Vec<Columns> = staff_session::table
        .filter(staff_session::staff.eq(Id(staff)))
        .filter(staff_session::ended_at.is_null())
        .filter(staff_session::expires_at.gt(At::from(now)))
        .filter(staff_session::seen_at.gt(At::from(idle_since)))
        .order((
            staff_session::standing.eq(Standing::Full.as_str()).desc(),
            staff_session::created_at.desc(),
            staff_session::id.desc(),
        ))
        .limit(LISTED)
        .select(COLUMNS)
        .load(conn)?;
    found.into_iter().map(read).collect()
}

pub(super) fn seen(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(staff_session::table.find(Id(id))).set(staff_session::seen_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

/// Whether it had not ended before.
pub(super) fn end(tx: &mut Tx<'_>, id: Uuid) -> Result<bool> {
    let now = At::from(tx.now());
    let open = staff_session::table.find(Id(id)).filter(staff_session::ended_at.is_null());
    Ok(diesel::update(open).set(staff_session::ended_at.eq(now)).execute(tx.conn())? > 0)
}

/// Ends the sessions of an account, all or all but one.
pub(super) fn end_of_but(tx: &mut Tx<'_>, staff: Uuid, but: Option<Uuid>) -> Result<()> {
    let now = At::from(tx.now());
    let open = staff_session::table
        .filter(staff_session::staff.eq(Id(staff)))
        .filter(staff_session::ended_at.is_null())
        .filter(staff_session::id.ne(Id(but.unwrap_or_default())));
    diesel::update(open).set(staff_session::ended_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

/// Removes what ended before `before`.
pub(super) fn purge(tx: &mut Tx<'_>, before: DateTime<Utc>) -> Result<()> {
    diesel::delete(staff_session::table.filter(staff_session::expires_at.lt(At::from(before)))).execute(tx.conn())?;
    Ok(())
}
