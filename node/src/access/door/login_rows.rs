//! Rows of what an account gets in with.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Check;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::error::Result;
use crate::store::schema::{staff_login, staff_recovery_code};
use crate::store::{At, Conn, Id, Tx, each_backend};

/// Whose account it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// A member of staff.
    #[default]
    Person,
    /// A program of the organisation: no password, no second factor, client secrets instead.
    Service,
}

impl AccountKind {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }
}

impl Check for AccountKind {}

/// What an account gets in with. The default is that of an account without a row.
#[derive(Clone)]
pub(super) struct Login {
    pub(super) kind: AccountKind,
    /// PHC string.
    pub(super) password: Option<String>,
    /// A temporary password ends then; `None` for one that its owner chose.
    pub(super) temporary_until: Option<DateTime<Utc>>,
    /// The second factor's secret, wrapped.
    pub(super) totp: Option<Vec<u8>>,
    /// One that was offered and not confirmed yet.
    pub(super) totp_offered: Option<Vec<u8>>,
    /// The last step that was used.
    pub(super) totp_step: i64,
}

type Columns = (String, Option<String>, Option<At>, Option<Vec<u8>>, Option<Vec<u8>>, i64);

pub(super) fn login(conn: &mut Conn, staff: Uuid) -> Result<Login> {
    let found: Option<Columns> = staff_login::table
        .find(Id(staff))
        .select((
            staff_login::kind,
            staff_login::password,
            staff_login::temporary_until,
            staff_login::totp,
            staff_login::totp_offered,
            staff_login::totp_step,
        ))
        .first(conn)
        .optional()?;
    let none = || ("person".to_owned(), None, None, None, None, 0);
    let (kind, password, temporary_until, totp, totp_offered, totp_step) = found.unwrap_or_else(none);
    let kind = if kind == "service" { AccountKind::Service } else { AccountKind::Person };
    Ok(Login { kind, password, temporary_until: temporary_until.map(|at| at.0), totp, totp_offered, totp_step })
}

/// Which of these accounts are programs'.
pub(super) fn services_among(conn: &mut Conn, of: &[Uuid]) -> Result<BTreeSet<Uuid>> {
    let ids: Vec<Id> = of.iter().copied().map(Id).collect();
    let found: Vec<Id> = staff_login::table
        .filter(staff_login::staff.eq_any(ids))
        .filter(staff_login::kind.eq(AccountKind::Service.as_str()))
        .select(staff_login::staff)
        .load(conn)?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// Makes sure that there is a row and locks it until the transaction ends: whoever changes what an account gets in with,
/// or lets somebody in by it, begins here.
pub(super) fn lock(tx: &mut Tx<'_>, staff: Uuid) -> Result<Login> {
    each_backend!(tx.conn(), conn => diesel::insert_into(staff_login::table)
        .values((
            staff_login::staff.eq(Id(staff)),
            staff_login::kind.eq(AccountKind::Person.as_str()),
            staff_login::totp_step.eq(0_i64),
        ))
        .on_conflict(staff_login::staff)
        .do_update()
        .set(staff_login::totp_step.eq(staff_login::totp_step))
        .execute(conn))?;
    login(tx.conn(), staff)
}

pub(super) fn set_kind(tx: &mut Tx<'_>, staff: Uuid, kind: AccountKind) -> Result<()> {
    diesel::update(staff_login::table.find(Id(staff))).set(staff_login::kind.eq(kind.as_str())).execute(tx.conn())?;
    Ok(())
}

pub(super) fn set_password(tx: &mut Tx<'_>, staff: Uuid, phc: &str, until: Option<DateTime<Utc>>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(staff_login::table.find(Id(staff)))
        .set((
            staff_login::password.eq(phc),
            staff_login::password_set_at.eq(now),
            staff_login::temporary_until.eq(until.map(At::from)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Puts a dearer hash of the same password in place of the one it was compared with.
pub(super) fn rehash(tx: &mut Tx<'_>, staff: Uuid, old: &str, new: &str) -> Result<()> {
    diesel::update(staff_login::table.find(Id(staff)).filter(staff_login::password.eq(old)))
        .set(staff_login::password.eq(new))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn offer_totp(tx: &mut Tx<'_>, staff: Uuid, wrapped: &[u8]) -> Result<()> {
    diesel::update(staff_login::table.find(Id(staff)))
        .set(staff_login::totp_offered.eq(Some(wrapped)))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn set_totp(tx: &mut Tx<'_>, staff: Uuid, wrapped: Option<&[u8]>, step: i64) -> Result<()> {
    diesel::update(staff_login::table.find(Id(staff)))
        .set((
            staff_login::totp.eq(wrapped),
            staff_login::totp_offered.eq(None::<Vec<u8>>),
            staff_login::totp_step.eq(step),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether the step had not been used: each counts once, also for two who come at the same moment.
pub(super) fn use_step(tx: &mut Tx<'_>, staff: Uuid, step: i64) -> Result<bool> {
    let unused = staff_login::table.find(Id(staff)).filter(staff_login::totp_step.lt(step));
    Ok(diesel::update(unused).set(staff_login::totp_step.eq(step)).execute(tx.conn())? > 0)
}

pub(super) fn drop_recovery(tx: &mut Tx<'_>, staff: Uuid) -> Result<()> {
    diesel::delete(staff_recovery_code::table.filter(staff_recovery_code::staff.eq(Id(staff)))).execute(tx.conn())?;
    Ok(())
}

pub(super) fn add_recovery(tx: &mut Tx<'_>, staff: Uuid, digest: &[u8; 32]) -> Result<()> {
    diesel::insert_into(staff_recovery_code::table)
        .values((
            staff_recovery_code::id.eq(Id(Uuid::new_v4())),
            staff_recovery_code::staff.eq(Id(staff)),
            staff_recovery_code::digest.eq(digest.as_slice()),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether it was one of hers and unused.
pub(super) fn use_recovery(tx: &mut Tx<'_>, staff: Uuid, digest: &[u8; 32]) -> Result<bool> {
    let now = At::from(tx.now());
    let unused = staff_recovery_code::table
        .filter(staff_recovery_code::staff.eq(Id(staff)))
        .filter(staff_recovery_code::digest.eq(digest.as_slice()))
        .filter(staff_recovery_code::used_at.is_null());
    Ok(diesel::update(unused).set(staff_recovery_code::used_at.eq(now)).execute(tx.conn())? > 0)
}

pub(super) fn recovery_left(conn: &mut Conn, staff: Uuid) -> Result<i64> {
    let left = staff_recovery_code::table
        .filter(staff_recovery_code::staff.eq(Id(staff)))
        .filter(staff_recovery_code::used_at.is_null());
    Ok(left.count().get_result(conn)?)
}
