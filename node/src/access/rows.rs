//! Rows of accounts and tokens.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::{AccessRole, Scopes};
use crate::error::{Error, Result};
use crate::store::schema::{staff, staff_token};
use crate::store::{At, Conn, Id, Tx};

/// An account, of somebody who works here or did.
#[derive(Clone)]
pub struct StaffRow {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub username: String,
    /// As colleagues know her. Never to a log.
    pub label: String,
    /// What she is here for.
    pub role: AccessRole,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Since when no longer.
    pub disabled_at: Option<DateTime<Utc>>,
    /// Under whom she learns, if she does.
    pub trainee_of: Option<Uuid>,
}

impl std::fmt::Debug for StaffRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StaffRow").field("id", &self.id).field("role", &self.role).finish_non_exhaustive()
    }
}

/// A token without its secret.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// What it is revoked by.
    pub id: Uuid,
    /// What it is for, in the words of whoever had it issued.
    pub label: String,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// Until when.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the hour.
    pub last_used_at: Option<DateTime<Utc>>,
    /// What it is narrowed to.
    pub scopes: Option<Scopes>,
}

/// A token as it is listed: id, label, made, ends, revoked, used, scopes.
type Shown = (Id, String, At, At, Option<At>, Option<At>, Option<String>);
/// A token as it is verified: id, account, hash, ends, revoked, used, scopes.
type Kept = (Id, Id, Vec<u8>, At, Option<At>, Option<At>, Option<String>);
type Account = (Id, String, String, String, At, Option<At>, Option<Id>);
const ACCOUNT: (
    staff::id,
    staff::username,
    staff::display_label,
    staff::role,
    staff::created_at,
    staff::disabled_at,
    staff::trainee_of,
) = (
    staff::id,
    staff::username,
    staff::display_label,
    staff::role,
    staff::created_at,
    staff::disabled_at,
    staff::trainee_of,
);

fn account((id, username, label, role, created_at, disabled_at, trainee_of): Account) -> Result<StaffRow> {
    Ok(StaffRow {
        id: id.0,
        username,
        label,
        role: role.parse().map_err(Error::internal)?,
        created_at: created_at.0,
        disabled_at: disabled_at.map(|at| at.0),
        trainee_of: trainee_of.map(|id| id.0),
    })
}

/// The account of that name.
pub fn find_staff(conn: &mut Conn, username: &str) -> Result<Option<StaffRow>> {
    let found = staff::table.filter(staff::username.eq(username)).select(ACCOUNT).first::<Account>(conn).optional()?;
    found.map(account).transpose()
}

/// The account of that id.
pub fn staff_row(conn: &mut Conn, id: Uuid) -> Result<Option<StaffRow>> {
    let found = staff::table.filter(staff::id.eq(Id(id))).select(ACCOUNT).first::<Account>(conn).optional()?;
    found.map(account).transpose()
}

/// What colleagues call these accounts.
pub fn labels_of(conn: &mut Conn, ids: impl Iterator<Item = Uuid>) -> Result<BTreeMap<Uuid, String>> {
    let ids: Vec<Id> = ids.map(Id).collect();
    let found: Vec<(Id, String)> =
        staff::table.filter(staff::id.eq_any(ids)).select((staff::id, staff::display_label)).load(conn)?;
    Ok(found.into_iter().map(|(id, label)| (id.0, label)).collect())
}

/// Accounts by name, at most `limit`, after the name `after`.
pub fn list(conn: &mut Conn, after: &str, limit: i64) -> Result<Vec<StaffRow>> {
    let found: Vec<Account> = staff::table
        .filter(staff::username.gt(after))
        .order(staff::username.asc())
        .limit(limit)
        .select(ACCOUNT)
        .load(conn)?;
    found.into_iter().map(account).collect()
}

/// The tokens of an account without their secrets, at most 200: those that are live before those that ended, and those
/// that live longest first.
pub fn tokens_of(conn: &mut Conn, of: Uuid) -> Result<Vec<TokenRow>> {
    let found: Vec<Shown> = staff_token::table
        .filter(staff_token::staff.eq(Id(of)))
        .order((staff_token::revoked_at.is_not_null().asc(), staff_token::expires_at.desc(), staff_token::id.desc()))
        .limit(200)
        .select((
            staff_token::id,
            staff_token::label,
            staff_token::created_at,
            staff_token::expires_at,
            staff_token::revoked_at,
            staff_token::last_used_at,
            staff_token::scopes,
        ))
        .load(conn)?;
    let read = |(id, label, created_at, expires_at, revoked_at, used, scopes): Shown| TokenRow {
        id: id.0,
        label,
        created_at: created_at.0,
        expires_at: expires_at.0,
        revoked_at: revoked_at.map(|at| at.0),
        last_used_at: used.map(|at| at.0),
        scopes: scopes.as_deref().map(Scopes::read),
    };
    Ok(found.into_iter().map(read).collect())
}

/// Whether a token, in whatever state, is this account's.
pub(super) fn is_token_of(conn: &mut Conn, token: Uuid, of: Uuid) -> Result<bool> {
    let own = staff_token::table.filter(staff_token::id.eq(Id(token))).filter(staff_token::staff.eq(Id(of)));
    Ok(own.count().get_result::<i64>(conn)? > 0)
}

/// How many tokens of an account let in.
pub(super) fn live_tokens(conn: &mut Conn, of: Uuid, now: DateTime<Utc>) -> Result<i64> {
    let live = staff_token::table
        .filter(staff_token::staff.eq(Id(of)))
        .filter(staff_token::revoked_at.is_null())
        .filter(staff_token::expires_at.gt(At::from(now)));
    Ok(live.count().get_result(conn)?)
}

/// Under whom an account learns, if it is that of somebody who does.
pub(super) fn trainee_of(conn: &mut Conn, id: Uuid) -> Result<Option<Uuid>> {
    let found: Option<Option<Id>> = staff::table.find(Id(id)).select(staff::trainee_of).first(conn).optional()?;
    Ok(found.flatten().map(|id| id.0))
}

/// Whether somebody learns under this account.
pub(super) fn guides_any(conn: &mut Conn, id: Uuid) -> Result<bool> {
    let under = staff::table.filter(staff::trainee_of.eq(Id(id)));
    Ok(diesel::select(diesel::dsl::exists(under)).get_result(conn)?)
}

/// The enabled accounts of those who learn under this one.
pub(super) fn learning_under(conn: &mut Conn, id: Uuid) -> Result<Vec<Uuid>> {
    let under = staff::table.filter(staff::trainee_of.eq(Id(id))).filter(staff::disabled_at.is_null());
    let found: Vec<Id> = under.order(staff::id).select(staff::id).load(conn)?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

pub(super) fn set_trainee(tx: &mut Tx<'_>, id: Uuid, under: Option<Uuid>) -> Result<()> {
    diesel::update(staff::table.find(Id(id))).set(staff::trainee_of.eq(under.map(Id))).execute(tx.conn())?;
    Ok(())
}

pub(super) fn insert_staff(tx: &mut Tx<'_>, id: Uuid, username: &str, label: &str, role: AccessRole) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(staff::table)
        .values((
            staff::id.eq(Id(id)),
            staff::username.eq(username),
            staff::display_label.eq(label),
            staff::role.eq(role.as_str()),
            staff::created_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn insert_token(
    tx: &mut Tx<'_>,
    id: Uuid,
    of: Uuid,
    hash: &[u8],
    (label, scopes): (&str, Option<&str>),
    expires_at: DateTime<Utc>,
) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(staff_token::table)
        .values((
            staff_token::id.eq(Id(id)),
            staff_token::staff.eq(Id(of)),
            staff_token::hash.eq(hash),
            staff_token::label.eq(label),
            staff_token::created_at.eq(now),
            staff_token::expires_at.eq(At::from(expires_at)),
            staff_token::scopes.eq(scopes),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether it was not disabled before.
pub(super) fn disable(tx: &mut Tx<'_>, id: Uuid) -> Result<bool> {
    let now = At::from(tx.now());
    let changed = diesel::update(staff::table.filter(staff::id.eq(Id(id))).filter(staff::disabled_at.is_null()))
        .set(staff::disabled_at.eq(now))
        .execute(tx.conn())?;
    Ok(changed > 0)
}

/// Whether it was not revoked before.
pub(super) fn revoke(tx: &mut Tx<'_>, id: Uuid) -> Result<bool> {
    let now = At::from(tx.now());
    let live = staff_token::table.filter(staff_token::id.eq(Id(id))).filter(staff_token::revoked_at.is_null());
    Ok(diesel::update(live).set(staff_token::revoked_at.eq(now)).execute(tx.conn())? > 0)
}

/// Revokes every token of an account.
pub(super) fn revoke_of(tx: &mut Tx<'_>, of: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    let live = staff_token::table.filter(staff_token::staff.eq(Id(of))).filter(staff_token::revoked_at.is_null());
    diesel::update(live).set(staff_token::revoked_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

pub(super) fn used(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(staff_token::table.filter(staff_token::id.eq(Id(id))))
        .set(staff_token::last_used_at.eq(now))
        .execute(tx.conn())?;
    Ok(())
}

/// A token that was presented, as it lies here: whatever its state.
pub(super) struct Presented {
    pub(super) id: Uuid,
    pub(super) hash: Vec<u8>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) is_revoked: bool,
    pub(super) last_used_at: Option<DateTime<Utc>>,
    pub(super) scopes: Option<Scopes>,
    pub(super) of: StaffRow,
}

pub(super) fn by_hash(conn: &mut Conn, hash: &[u8]) -> Result<Option<Presented>> {
    let found: Option<Kept> = staff_token::table
        .filter(staff_token::hash.eq(hash))
        .select((
            staff_token::id,
            staff_token::staff,
            staff_token::hash,
            staff_token::expires_at,
            staff_token::revoked_at,
            staff_token::last_used_at,
            staff_token::scopes,
        ))
        .first(conn)
        .optional()?;
    let Some((id, of, hash, expires_at, revoked_at, used, scopes)) = found else { return Ok(None) };
    let of = staff_row(conn, of.0)?.ok_or_else(|| Error::internal("a token of no account"))?;
    Ok(Some(Presented {
        id: id.0,
        hash,
        expires_at: expires_at.0,
        is_revoked: revoked_at.is_some(),
        last_used_at: used.map(|at| at.0),
        scopes: scopes.as_deref().map(Scopes::read),
        of,
    }))
}
