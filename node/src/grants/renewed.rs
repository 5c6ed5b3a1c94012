//! A grant that was renewed: from then on the newer yes decides, and the one before it permits nothing new.
//!
//! What was queued under the one before is not lost: it leaves with the terms under which it was queued, as long as the
//! newer yes stands and lasts as long as they do. Where she said yes for less time than before, it is struck. Nothing is
//! called back by a renewal, and no tombstone is written.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::id::RecordId;

use crate::error::{Error, Result};
use crate::store::schema::open_grant;
use crate::store::{At, Conn, Id, Tx};

/// Closes every yes of the record before the one with this number. The message that holds the one use of one of them is
/// given back: it holds that of the new yes instead, so that two answers do not make two uses.
pub(super) fn close_before(tx: &mut Tx<'_>, record: RecordId, seq: u32) -> Result<Option<Id>> {
    let now = At::from(tx.now());
    let earlier = open_grant::table.filter(open_grant::record.eq(Id(record.0))).filter(open_grant::seq.lt(seq as i32));
    // A message may be taking the one use of them, or give it back, at this moment: what is read is what it leaves.
    diesel::update(earlier).set(open_grant::seq.eq(open_grant::seq)).execute(tx.conn())?;
    let holds: Option<Option<Id>> = earlier
        .filter(open_grant::state.eq("held"))
        .order(open_grant::seq.desc())
        .select(open_grant::held_for)
        .first(tx.conn())
        .optional()?;
    diesel::update(earlier.filter(open_grant::state.eq_any(["open", "held"])))
        .set((open_grant::state.eq("closed"), open_grant::closed_at.eq(now)))
        .execute(tx.conn())?;
    Ok(holds.flatten())
}

/// The purpose of a version of our record that was closed by a renewal, if what was queued under it may still leave:
/// neither it nor the newest one has run out, and the newest one lasts at least as long. Of one use it leaves only if it
/// holds the new one too.
pub(super) fn goes_on(conn: &mut Conn, record: RecordId, seq: u32, now: DateTime<Utc>) -> Result<Option<Purpose>> {
    let lives = open_grant::table
        .filter(open_grant::record.eq(Id(record.0)))
        .filter(open_grant::not_after.gt(At::from(now)))
        .filter(open_grant::ends_early.is_null().or(open_grant::ends_early.gt(At::from(now))));
    let queued: Option<(String, At, bool, Option<Id>)> = lives
        .filter(open_grant::seq.eq(seq as i32))
        .filter(open_grant::state.eq("closed"))
        .select((open_grant::purpose, open_grant::not_after, open_grant::single_use, open_grant::held_for))
        .first(conn)
        .optional()?;
    let Some((purpose, ends, single_use, holder)) = queued else { return Ok(None) };
    let newer: Option<Option<Id>> = lives
        .filter(open_grant::seq.gt(seq as i32))
        .filter(open_grant::state.eq_any(["open", "held"]))
        .filter(open_grant::not_after.ge(ends))
        .select(open_grant::held_for)
        .first(conn)
        .optional()?;
    let goes = newer.is_some_and(|holds| !single_use || (holds.is_some() && holds == holder));
    let damaged = || Error::internal("a stored grant does not parse");
    goes.then(|| Purpose::from_code(&purpose).ok_or_else(damaged)).transpose()
}
