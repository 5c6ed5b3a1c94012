//! Rows of glass that was broken.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::access::cases::CaseFile;
use crate::access::cases::glass::{Broken, Glass, Reason};
use crate::error::{Error, Result};
use crate::store::schema::broken_glass;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Vault};

const fn place(row: Uuid) -> Place {
    Place { table: "broken_glass", row, column: "sealed" }
}

/// The glass that `staff` broke and that is still open at `now`.
pub(in crate::access::cases) fn open_for(
    conn: &mut Conn,
    case: Uuid,
    staff: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>> {
    let found: Option<Id> = broken_glass::table
        .filter(broken_glass::staff.eq(Id(staff)))
        .filter(broken_glass::case_file.eq(Id(case)))
        .filter(broken_glass::until.gt(At::from(now)))
        .select(broken_glass::id)
        .first(conn)
        .optional()?;
    Ok(found.map(|id| id.0))
}

/// When `staff` last broke the glass of this case, if nobody has reviewed it.
pub(in crate::access::cases) fn last_unreviewed(
    conn: &mut Conn,
    case: Uuid,
    staff: Uuid,
) -> Result<Option<DateTime<Utc>>> {
    let found: Option<At> = broken_glass::table
        .filter(broken_glass::staff.eq(Id(staff)))
        .filter(broken_glass::case_file.eq(Id(case)))
        .filter(broken_glass::reviewed_at.is_null())
        .order(broken_glass::at.desc())
        .select(broken_glass::at)
        .first(conn)
        .optional()?;
    Ok(found.map(|at| at.0))
}

/// Writes that `staff` broke the glass of a case until `until`.
pub(in crate::access::cases) fn insert(
    tx: &mut Tx<'_>,
    vault: &Vault,
    case: &CaseFile,
    staff: Uuid,
    reason: &Reason,
    until: DateTime<Utc>,
) -> Result<Uuid> {
    let id = Uuid::new_v4();
    let sealed = vault.seal(tx.conn(), case.subject, place(id), reason.as_str().as_bytes())?;
    diesel::insert_into(broken_glass::table)
        .values((
            broken_glass::id.eq(Id(id)),
            broken_glass::case_file.eq(Id(case.id)),
            broken_glass::subject.eq(Id(case.subject.0)),
            broken_glass::staff.eq(Id(staff)),
            broken_glass::sealed.eq(sealed),
            broken_glass::at.eq(At::from(tx.now())),
            broken_glass::until.eq(At::from(until)),
        ))
        .execute(tx.conn())?;
    Ok(id)
}

type Stored = (Id, Id, Id, At, At, Option<At>, Option<At>, Option<Id>, Vec<u8>);

/// Newest first, before `before`: those not reviewed yet, or all.
pub(in crate::access::cases) fn list(
    conn: &mut Conn,
    vault: &Vault,
    only_open: bool,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Broken>> {
    let mut query = broken_glass::table
        .order((broken_glass::at.desc(), broken_glass::id.desc()))
        .limit(limit)
        .select((
            broken_glass::id,
            broken_glass::case_file,
            broken_glass::staff,
            broken_glass::at,
            broken_glass::until,
            broken_glass::person_told_at,
            broken_glass::reviewed_at,
            broken_glass::reviewed_by,
            broken_glass::sealed,
        ))
        .into_boxed();
    if only_open {
        query = query.filter(broken_glass::reviewed_at.is_null());
    }
    if let Some((at, id)) = before {
        let at = At::from(at);
        query = query.filter(broken_glass::at.lt(at).or(broken_glass::at.eq(at).and(broken_glass::id.lt(Id(id)))));
    }
    let found: Vec<Stored> = query.load(conn)?;
    found.into_iter().map(|row| broken(conn, vault, row)).collect()
}

fn broken(conn: &mut Conn, vault: &Vault, row: Stored) -> Result<Broken> {
    let (id, case, staff, at, until, person_told_at, reviewed_at, reviewed_by, sealed) = row;
    let damaged = || Error::internal("a stored reason does not parse");
    // Where her key is gone the act stays, and its reason is gone with her.
    let reason = match vault.open(conn, place(id.0), &sealed)? {
        Some(plain) => {
            let text = std::str::from_utf8(&plain).map_err(|_| damaged())?;
            Some(Reason::new(text).map_err(|_| damaged())?)
        }
        None => None,
    };
    Ok(Broken {
        glass: Glass { id: id.0, case: case.0, staff: staff.0, at: at.0, until: until.0 },
        reason,
        person_told_at: person_told_at.map(|at| at.0),
        reviewed_at: reviewed_at.map(|at| at.0),
        reviewed_by: reviewed_by.map(|id| id.0),
    })
}

/// Notes the review, once.
pub(in crate::access::cases) fn reviewed(tx: &mut Tx<'_>, id: Uuid, by: Uuid, is_told: bool) -> Result<bool> {
    let row = broken_glass::table.find(Id(id)).filter(broken_glass::reviewed_at.is_null());
    let done = diesel::update(row)
        .set((broken_glass::reviewed_at.eq(At::from(tx.now())), broken_glass::reviewed_by.eq(Id(by))))
        .execute(tx.conn())?;
    if done == 1 && is_told {
        told(tx, id)?;
    }
    Ok(done == 1)
}

/// Notes that the person was told, once.
pub(in crate::access::cases) fn told(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let row = broken_glass::table.find(Id(id)).filter(broken_glass::person_told_at.is_null());
    diesel::update(row).set(broken_glass::person_told_at.eq(At::from(tx.now()))).execute(tx.conn())?;
    Ok(())
}

/// The case of an act of breaking.
pub(in crate::access::cases) fn case_of(conn: &mut Conn, id: Uuid) -> Result<Option<Uuid>> {
    let found: Option<Id> = broken_glass::table.find(Id(id)).select(broken_glass::case_file).first(conn).optional()?;
    Ok(found.map(|id| id.0))
}
