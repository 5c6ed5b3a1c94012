//! Entries that were kept for long enough go; their leaves stay, so the log verifies as before.
//!
//! Of each log a mark says up to where entries may be missing, and an entry vouches for it ([`released`]). Of whom time ends nothing the entries stay behind the mark, and
//! hold back nobody else's; they go once that is over.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use super::log::{self, Log};
use super::{released, rows};
use crate::error::Result;
use crate::store::schema::journal;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::Subject;

/// What one act let go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Gone {
    /// Entries that were looked at for the first time; none where all that is old enough has been looked at.
    pub through: u64,
    /// Entries that were deleted.
    pub deleted: u64,
}

/// Deletes sealed entries from before this instant, in their order, and goes through at most `at_most` of them. Those about
/// the `kept` stay, and go once these are not among them any more. Retention calls it, and nothing else deletes an entry.
///
/// # Errors
/// What the database refuses.
pub fn forget_before(tx: &mut Tx<'_>, before: DateTime<Utc>, at_most: u64, kept: &HashSet<Subject>) -> Result<Gone> {
    let kept = ids(kept);
    let of_nobody_kept = || {
        let of_others = journal::subject.is_null().or(journal::subject.ne_all(kept.clone()));
        of_others.and(journal::act.ne(released::RELEASED))
    };
    let (mut done, logs) = (Gone::default(), log::logs(tx.conn())?);
    for log in &logs {
        let behind = journal::position.ge(log.first_position).and(journal::position.lt(log.released));
        let left = journal::table.filter(behind).filter(of_nobody_kept());
        done.deleted += diesel::delete(left).execute(tx.conn())? as u64;
    }
    for log in logs {
        let end = end(&log).min(log.released + at_most as i64);
        let old = rows::placed(tx.conn(), log.released, end)?;
        let until = old.iter().take_while(|entry| entry.is_before(before)).filter_map(|entry| entry.position).last();
        let Some(until) = until else { continue };
        released::move_mark(tx, &log, until + 1, before)?;
        let gone = journal::table.filter(journal::position.ge(log.released)).filter(journal::position.le(until));
        done.deleted += diesel::delete(gone.filter(of_nobody_kept())).execute(tx.conn())? as u64;
        done.through = (until + 1 - log.released).unsigned_abs();
        break;
    }
    Ok(done)
}

/// How many entries [`forget_before`] would delete in all, and how many it would leave for the sake of the `kept`.
///
/// # Errors
/// What the database refuses.
pub fn ended_by(conn: &mut Conn, before: DateTime<Utc>, kept: &HashSet<Subject>) -> Result<(u64, u64)> {
    let (kept, mut due, mut stay) = (ids(kept), 0, 0);
    for log in log::logs(conn)? {
        let young: Option<Option<i64>> = journal::table
            .filter(journal::position.ge(log.released))
            .filter(journal::position.lt(end(&log)))
            .filter(journal::at.ge(At::from(before)))
            .order(journal::position)
            .select(journal::position)
            .first(conn)
            .optional()?;
        let until = young.flatten().unwrap_or(end(&log));
        let old = journal::position.ge(log.first_position).and(journal::position.lt(until));
        let old = old.and(journal::act.ne(released::RELEASED));
        let all: i64 = journal::table.filter(old).count().get_result(conn)?;
        let hers = journal::table.filter(old).filter(journal::subject.eq_any(kept.clone()));
        let hers: i64 = hers.count().get_result(conn)?;
        due += (all - hers).unsigned_abs();
        stay += hers.unsigned_abs();
    }
    Ok((due, stay))
}

/// The place behind the last entry of a log.
const fn end(log: &Log) -> i64 {
    log.first_position + log.size
}

fn ids(subjects: &HashSet<Subject>) -> Vec<Id> {
    subjects.iter().map(|subject| Id(subject.0)).collect()
}
