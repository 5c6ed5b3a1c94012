//! Rows of what waits for a countersignature.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::access::cases::countersignature::{Outcome, Pending};
use crate::error::Result;
use crate::store::schema::{case_file, countersignature};
use crate::store::{At, Conn, Id, Tx};

/// Writes that an act of a trainee waits for her supervisor.
pub(in crate::access::cases) fn insert(
    tx: &mut Tx<'_>,
    case: Uuid,
    trainee: Uuid,
    supervisor: Uuid,
    act: &str,
) -> Result<Uuid> {
    let id = crate::clock::id_at(tx.now());
    diesel::insert_into(countersignature::table)
        .values((
            countersignature::id.eq(Id(id)),
            countersignature::case_file.eq(Id(case)),
            countersignature::trainee.eq(Id(trainee)),
            countersignature::supervisor.eq(Id(supervisor)),
            countersignature::act.eq(act),
            countersignature::at.eq(At::from(tx.now())),
        ))
        .execute(tx.conn())?;
    Ok(id)
}

/// What waits for this supervisor, the oldest first, after `after`.
pub(in crate::access::cases) fn waiting(
    conn: &mut Conn,
    supervisor: Uuid,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Pending>> {
    let mut query = countersignature::table
        .filter(countersignature::supervisor.eq(Id(supervisor)))
        .filter(countersignature::signed_at.is_null())
        .order((countersignature::at.asc(), countersignature::id.asc()))
        .limit(limit)
        .select((
            countersignature::id,
            countersignature::case_file,
            countersignature::trainee,
            countersignature::act,
            countersignature::at,
        ))
        .into_boxed();
    if let Some((at, id)) = after {
        let at = At::from(at);
        let later = countersignature::at.gt(at).or(countersignature::at.eq(at).and(countersignature::id.gt(Id(id))));
        query = query.filter(later);
    }
    let found: Vec<(Id, Id, Id, String, At)> = query.load(conn)?;
    let pending = found.into_iter().map(|(id, case, trainee, act, at)| Pending {
        id: id.0,
        case: case.0,
        trainee: trainee.0,
        act,
        at: at.0,
    });
    Ok(pending.collect())
}

/// Puts the supervisor's name to it, once. The case and the trainee, where it waited for her.
pub(in crate::access::cases) fn sign(
    tx: &mut Tx<'_>,
    id: Uuid,
    supervisor: Uuid,
    outcome: Outcome,
) -> Result<Option<(Uuid, Uuid)>> {
    let waiting = countersignature::table
        .find(Id(id))
        .filter(countersignature::supervisor.eq(Id(supervisor)))
        .filter(countersignature::trainee.ne(Id(supervisor)))
        .filter(countersignature::signed_at.is_null());
    let signed: Option<(Id, Id)> = diesel::update(waiting)
        .set((
            countersignature::signed_at.eq(At::from(tx.now())),
            countersignature::signed_by.eq(Id(supervisor)),
            countersignature::outcome.eq(outcome.as_str()),
        ))
        .returning((countersignature::case_file, countersignature::trainee))
        .get_result(tx.conn())
        .optional()?;
    Ok(signed.map(|(case, trainee)| (case.0, trainee.0)))
}

/// Whoever supervised leaves: what waited for her waits for the lead of the case.
pub(in crate::access::cases) fn pass_on(tx: &mut Tx<'_>, case: Uuid, from: Uuid, to: Uuid) -> Result<()> {
    let waiting = countersignature::table
        .filter(countersignature::case_file.eq(Id(case)))
        .filter(countersignature::supervisor.eq(Id(from)))
        .filter(countersignature::signed_at.is_null());
    diesel::update(waiting).set(countersignature::supervisor.eq(Id(to))).execute(tx.conn())?;
    Ok(())
}

/// Who waits for whom in this case: each trainee with an act that is not countersigned yet, and her supervisor of then.
pub(in crate::access::cases) fn owed_in(conn: &mut Conn, case: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    let waiting = countersignature::table
        .filter(countersignature::case_file.eq(Id(case)))
        .filter(countersignature::signed_at.is_null())
        .select((countersignature::trainee, countersignature::supervisor))
        .distinct();
    let found: Vec<(Id, Id)> = waiting.load(conn)?;
    Ok(found.into_iter().map(|(trainee, supervisor)| (trainee.0, supervisor.0)).collect())
}

/// What this trainee did waits for `to`, not for `from`.
pub(in crate::access::cases) fn pass_on_of(
    tx: &mut Tx<'_>,
    case: Uuid,
    trainee: Uuid,
    (from, to): (Uuid, Uuid),
) -> Result<()> {
    let waiting = countersignature::table
        .filter(countersignature::case_file.eq(Id(case)))
        .filter(countersignature::trainee.eq(Id(trainee)))
        .filter(countersignature::supervisor.eq(Id(from)))
        .filter(countersignature::signed_at.is_null());
    diesel::update(waiting).set(countersignature::supervisor.eq(Id(to))).execute(tx.conn())?;
    Ok(())
}

/// The cases in which acts of trainees wait for this account and another one leads, with that one.
pub(in crate::access::cases) fn owed_elsewhere(conn: &mut Conn, supervisor: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    let waiting = countersignature::table
        .filter(countersignature::supervisor.eq(Id(supervisor)))
        .filter(countersignature::signed_at.is_null())
        .select(countersignature::case_file);
    let led: Vec<(Id, Option<Id>)> = case_file::table
        .filter(case_file::id.eq_any(waiting))
        .filter(case_file::lead.ne(Id(supervisor)))
        .select((case_file::id, case_file::lead))
        .load(conn)?;
    Ok(led.into_iter().filter_map(|(case, lead)| Some((case.0, lead?.0))).collect())
}

/// How many acts of this trainee in this case wait.
pub(in crate::access::cases) fn of_trainee(conn: &mut Conn, case: Uuid, trainee: Uuid) -> Result<i64> {
    let waiting = countersignature::table
        .filter(countersignature::case_file.eq(Id(case)))
        .filter(countersignature::trainee.eq(Id(trainee)))
        .filter(countersignature::signed_at.is_null());
    Ok(waiting.count().get_result(conn)?)
}
