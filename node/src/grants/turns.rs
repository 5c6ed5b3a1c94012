//! In which turn something came or left: both are counted together, so that what left after something came is known. No clock
//! says that: one that fell back dates what left before what it contained.
//!
//! A number that is free again, since the last that had it is gone, may be given again: of any two that are there the later
//! one has the higher.

use diesel::dsl::{max, min};
use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, RecordId};

use super::rows::{Disclosure, DisclosureRow, joined};
use crate::error::Result;
use crate::store::schema::{disclosure, holding};
use crate::store::{Conn, Id, Tx};
use crate::vault::Subject;

/// The turn of what is written next. Of two that are written at once neither contains the other, and both may have one.
pub(super) fn next(tx: &mut Tx<'_>) -> Result<i64> {
    let came: Option<i64> = holding::table.select(max(holding::turn)).first(tx.conn())?;
    let left: Option<i64> = disclosure::table.select(max(disclosure::turn)).first(tx.conn())?;
    Ok(came.max(left).unwrap_or_default() + 1)
}

/// The turn in which the first came of what is held, or was until time deleted it, under a peer's record, up to `seq`.
///
/// # Errors
/// What the database refuses.
pub fn first_held(conn: &mut Conn, peer: &EntityId, record: RecordId, seq: u32) -> Result<Option<i64>> {
    let held = holding::table
        .filter(holding::peer.eq(peer.as_str()))
        .filter(holding::record.eq(Id(record.0)))
        .filter(holding::record_seq.le(seq as i32));
    Ok(held.select(min(holding::turn)).first(conn)?)
}

/// What left about her on a consent after that turn.
///
/// # Errors
/// What the database refuses.
pub fn disclosed_after(conn: &mut Conn, subject: Subject, turn: i64) -> Result<Vec<Disclosure>> {
    let hers = joined(conn, &[subject])?;
    disclosure::table
        .filter(disclosure::subject.eq_any(hers))
        .filter(disclosure::record.is_not_null())
        .filter(disclosure::turn.gt(turn))
        .select(DisclosureRow::as_select())
        .load(conn)?
        .into_iter()
        .map(Disclosure::try_from)
        .collect()
}
