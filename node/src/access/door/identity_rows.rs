//! Rows of what accounts are linked to at providers, and of log-ins under way there.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::Result;
use crate::store::schema::{oidc_login, staff_identity, staff_linked_once};
use crate::store::{At, Conn, Id, Tx, each_backend};

/// Who somebody is at a provider.
#[derive(Debug, Clone)]
pub struct IdentityRow {
    /// What it is unlinked by.
    pub id: Uuid,
    /// The provider.
    pub issuer: String,
    /// Its name for her.
    pub sub: String,
    /// Since when.
    pub linked_at: DateTime<Utc>,
}

pub(super) fn find(conn: &mut Conn, issuer: &str, sub: &str) -> Result<Option<Uuid>> {
    let found: Option<Id> = staff_identity::table
        .filter(staff_identity::issuer.eq(issuer))
        .filter(staff_identity::sub.eq(sub))
        .select(staff_identity::staff)
        .first(conn)
        .optional()?;
    Ok(found.map(|id| id.0))
}

/// What an account is linked to.
pub fn of(conn: &mut Conn, staff: Uuid) -> Result<Vec<IdentityRow>> {
    let found: Vec<(Id, String, String, At)> = staff_identity::table
        .filter(staff_identity::staff.eq(Id(staff)))
        .order(staff_identity::id)
        .limit(100)
        .select((staff_identity::id, staff_identity::issuer, staff_identity::sub, staff_identity::linked_at))
        .load(conn)?;
    let read = |(id, issuer, sub, linked_at): (Id, String, String, At)| IdentityRow {
        id: id.0,
        issuer,
        sub,
        linked_at: linked_at.0,
    };
    Ok(found.into_iter().map(read).collect())
}

pub(super) fn insert(tx: &mut Tx<'_>, id: Uuid, staff: Uuid, issuer: &str, sub: &str) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(staff_identity::table)
        .values((
            staff_identity::id.eq(Id(id)),
            staff_identity::staff.eq(Id(staff)),
            staff_identity::issuer.eq(issuer),
            staff_identity::sub.eq(sub),
            staff_identity::linked_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Remembers that an account was linked to a provider, for ever.
pub(super) fn remember(tx: &mut Tx<'_>, staff: Uuid, issuer: &str) -> Result<()> {
    each_backend!(tx.conn(), conn => diesel::insert_into(staff_linked_once::table)
        .values((staff_linked_once::staff.eq(Id(staff)), staff_linked_once::issuer.eq(issuer)))
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(())
}

/// Whether an account was ever linked to a provider, also if the link was undone since.
pub(super) fn was_linked(conn: &mut Conn, staff: Uuid, issuer: &str) -> Result<bool> {
    let found = staff_linked_once::table.find((Id(staff), issuer));
    Ok(found.count().get_result::<i64>(conn)? > 0)
}

/// Whether it was there, and of that account.
pub(super) fn delete(tx: &mut Tx<'_>, staff: Uuid, id: Uuid) -> Result<bool> {
    let own = staff_identity::table.find(Id(id)).filter(staff_identity::staff.eq(Id(staff)));
    Ok(diesel::delete(own).execute(tx.conn())? > 0)
}

pub(super) fn begin(tx: &mut Tx<'_>, state: &[u8; 32], browser: &[u8; 32], until: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(oidc_login::table)
        .values((
            oidc_login::state.eq(state.as_slice()),
            oidc_login::browser.eq(browser.as_slice()),
            oidc_login::expires_at.eq(At::from(until)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Takes a log-in away; whether it was that browser's and not too old. Another browser's is left to its own.
pub(super) fn take(tx: &mut Tx<'_>, state: &[u8; 32], browser: &[u8; 32]) -> Result<bool> {
    let now = At::from(tx.now());
    let this = oidc_login::table.find(state.as_slice()).filter(oidc_login::browser.eq(browser.as_slice()));
    let live = this.filter(oidc_login::expires_at.gt(now));
    Ok(diesel::delete(live).execute(tx.conn())? > 0)
}

pub(super) fn purge(tx: &mut Tx<'_>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::delete(oidc_login::table.filter(oidc_login::expires_at.lt(now))).execute(tx.conn())?;
    Ok(())
}
