//! Rows of client secrets and of the access tokens that were issued for them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::Result;
use crate::store::schema::{staff_access_token, staff_client_secret};
use crate::store::{At, Conn, Id, Tx};

/// A client secret without the secret.
#[derive(Debug, Clone)]
pub struct SecretRow {
    /// What it is revoked by.
    pub id: Uuid,
    /// Whose it is.
    pub staff: Uuid,
    /// What it is for, in the words of whoever made it.
    pub label: String,
    /// What its tokens may do at most, with spaces between.
    pub scopes: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last exchanged, to the hour.
    pub last_used_at: Option<DateTime<Utc>>,
}

impl SecretRow {
    pub(super) fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.revoked_at.is_none() && self.expires_at > now
    }
}

/// An access token that was issued.
pub(super) struct AccessRow {
    pub(super) staff: Uuid,
    pub(super) secret: Uuid,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) is_revoked: bool,
}

type Columns = (Id, Id, String, String, At, At, Option<At>, Option<At>);
const COLUMNS: (
    staff_client_secret::id,
    staff_client_secret::staff,
    staff_client_secret::label,
    staff_client_secret::scopes,
    staff_client_secret::created_at,
    staff_client_secret::expires_at,
    staff_client_secret::revoked_at,
    staff_client_secret::last_used_at,
) = (
    staff_client_secret::id,
    staff_client_secret::staff,
    staff_client_secret::label,
    staff_client_secret::scopes,
    staff_client_secret::created_at,
    staff_client_secret::expires_at,
    staff_client_secret::revoked_at,
    staff_client_secret::last_used_at,
);

fn read((id, staff, label, scopes, created_at, expires_at, revoked_at, used): Columns) -> SecretRow {
    let (id, staff, created_at, expires_at) = (id.0, staff.0, created_at.0, expires_at.0);
    let (revoked_at, last_used_at) = (revoked_at.map(|at| at.0), used.map(|at| at.0));
    SecretRow { id, staff, label, scopes, created_at, expires_at, revoked_at, last_used_at }
}

pub(super) fn insert_secret(
    tx: &mut Tx<'_>,
    id: Uuid,
    staff: Uuid,
    hash: &[u8; 32],
    (label, scopes): (&str, &str),
    expires_at: DateTime<Utc>,
) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(staff_client_secret::table)
        .values((
            staff_client_secret::id.eq(Id(id)),
            staff_client_secret::staff.eq(Id(staff)),
            staff_client_secret::hash.eq(hash.as_slice()),
            staff_client_secret::label.eq(label),
            staff_client_secret::scopes.eq(scopes),
            staff_client_secret::created_at.eq(now),
            staff_client_secret::expires_at.eq(At::from(expires_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The secrets of an account, at most 100: those that are live before those that ended, and those that live longest
/// first.
pub fn secrets_of(conn: &mut Conn, staff: Uuid) -> Result<Vec<SecretRow>> {
    let found: Vec<Columns> = staff_client_secret::table
        .filter(staff_client_secret::staff.eq(Id(staff)))
        .order((
            staff_client_secret::revoked_at.is_not_null().asc(),
            staff_client_secret::expires_at.desc(),
            staff_client_secret::id.desc(),
        ))
        .limit(100)
        .select(COLUMNS)
        .load(conn)?;
    Ok(found.into_iter().map(read).collect())
}

/// How many secrets of an account can be exchanged.
pub(super) fn live_secrets(conn: &mut Conn, staff: Uuid, now: DateTime<Utc>) -> Result<i64> {
    let live = staff_client_secret::table
        .filter(staff_client_secret::staff.eq(Id(staff)))
        .filter(staff_client_secret::revoked_at.is_null())
        .filter(staff_client_secret::expires_at.gt(At::from(now)));
    Ok(live.count().get_result(conn)?)
}

pub(super) fn secret(conn: &mut Conn, id: Uuid) -> Result<Option<SecretRow>> {
    let found: Option<Columns> = staff_client_secret::table.find(Id(id)).select(COLUMNS).first(conn).optional()?;
    Ok(found.map(read))
}

pub(super) fn by_hash(conn: &mut Conn, hash: &[u8; 32]) -> Result<Option<SecretRow>> {
    let of_hash = staff_client_secret::table.filter(staff_client_secret::hash.eq(hash.as_slice()));
    let found: Option<Columns> = of_hash.select(COLUMNS).first(conn).optional()?;
    Ok(found.map(read))
}

pub(super) fn used(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(staff_client_secret::table.find(Id(id)))
        .set(staff_client_secret::last_used_at.eq(now))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether it was not revoked before.
pub(super) fn revoke_secret(tx: &mut Tx<'_>, id: Uuid) -> Result<bool> {
    let now = At::from(tx.now());
    let live = staff_client_secret::table.find(Id(id)).filter(staff_client_secret::revoked_at.is_null());
    Ok(diesel::update(live).set(staff_client_secret::revoked_at.eq(now)).execute(tx.conn())? > 0)
}

/// Revokes every secret of an account.
pub(super) fn revoke_secrets_of(tx: &mut Tx<'_>, staff: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    let live = staff_client_secret::table
        .filter(staff_client_secret::staff.eq(Id(staff)))
        .filter(staff_client_secret::revoked_at.is_null());
    diesel::update(live).set(staff_client_secret::revoked_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

pub(super) fn insert_access(
    tx: &mut Tx<'_>,
    id: Uuid,
    staff: Uuid,
    secret: Uuid,
    expires_at: DateTime<Utc>,
) -> Result<()> {
    diesel::insert_into(staff_access_token::table)
        .values((
            staff_access_token::id.eq(Id(id)),
            staff_access_token::staff.eq(Id(staff)),
            staff_access_token::secret.eq(Id(secret)),
            staff_access_token::expires_at.eq(At::from(expires_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn access(conn: &mut Conn, id: Uuid) -> Result<Option<AccessRow>> {
    let found: Option<(Id, Id, At, Option<At>)> = staff_access_token::table
        .find(Id(id))
        .select((
            staff_access_token::staff,
            staff_access_token::secret,
            staff_access_token::expires_at,
            staff_access_token::revoked_at,
        ))
        .first(conn)
        .optional()?;
    Ok(found.map(|(staff, secret, expires_at, revoked_at)| AccessRow {
        staff: staff.0,
        secret: secret.0,
        expires_at: expires_at.0,
        is_revoked: revoked_at.is_some(),
    }))
}

pub(super) fn revoke_access(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    let live = staff_access_token::table.find(Id(id)).filter(staff_access_token::revoked_at.is_null());
    diesel::update(live).set(staff_access_token::revoked_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

pub(super) fn revoke_access_of(tx: &mut Tx<'_>, staff: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    let live = staff_access_token::table
        .filter(staff_access_token::staff.eq(Id(staff)))
        .filter(staff_access_token::revoked_at.is_null());
    diesel::update(live).set(staff_access_token::revoked_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

/// Removes the tokens that expired before `before`.
pub(super) fn purge(tx: &mut Tx<'_>, before: DateTime<Utc>) -> Result<()> {
    let old = staff_access_token::table.filter(staff_access_token::expires_at.lt(At::from(before)));
    diesel::delete(old).execute(tx.conn())?;
    Ok(())
}
