//! What was agreed to while this node's clock was ahead.
//!
//! A consent lasts for so long from the day on which it was given. Counted by a clock that was ahead it would last longer
//! than that, and longer than the law lets it: for this node it ends when it would have ended by the right one. The recipient
//! has the date that it was told, and is asked for nothing by it.

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::id::RecordId;

use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::schema::open_grant;
use crate::store::{At, Id, Tx};
use crate::vault::Subject;

/// What honest clocks may differ by.
const LEEWAY: TimeDelta = TimeDelta::seconds(60);

type Ahead = (Id, i32, Id, At, At, Option<At>);

/// Ends in time what was opened in this node's own future, and says how much that was. By a clock that is confirmed only.
///
/// # Errors
/// What the database refuses.
pub fn end_in_time(tx: &mut Tx<'_>) -> Result<usize> {
    let now = tx.now();
    let ahead: Vec<Ahead> = open_grant::table
        .filter(open_grant::opened_at.gt(At::from(now + LEEWAY)))
        .filter(open_grant::closed_at.is_null())
        .select((
            open_grant::record,
            open_grant::seq,
            open_grant::subject,
            open_grant::opened_at,
            open_grant::not_after,
            open_grant::ends_early,
        ))
        .load(tx.conn())?;
    for (record, seq, subject, opened, not_after, early) in &ahead {
        let in_time = not_after.0 - (opened.0 - now);
        let end = early.map_or(in_time, |early| early.0.min(in_time));
        diesel::update(open_grant::table.find((*record, *seq)))
            .set((open_grant::opened_at.eq(At::from(now)), open_grant::ends_early.eq(At::from(end))))
            .execute(tx.conn())?;
        let entry = Entry::new(Actor::System, "consent.ends-in-time").object(RecordId(record.0));
        journal::record(tx, entry.subject(Subject(subject.0)).code("clock_was_ahead"))?;
    }
    Ok(ahead.len())
}
