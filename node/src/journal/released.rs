//! The marks behind which entries may be missing, and what vouches for each: whoever moves one says so in the journal.
//!
//! A mark alone is a number in a table. What was deleted behind one that somebody else has raised would leave no trace but
//! leaves that nobody can read; so [`verify`](super::verify()) believes a mark by its entry, and that by what was signed.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use diesel::prelude::*;

use super::log::Log;
use super::{Actor, Entry, rows};
use crate::error::Result;
use crate::store::schema::{journal, journal_log};
use crate::store::{At, Conn, Tx};

/// What an entry of this is called: the log, the place behind the last entry that was let go, and from before when they were.
/// These entries hold nothing of anybody, and stay: they explain what is not there for as long as there is a log.
pub(super) const RELEASED: &str = "journal.released";

/// The shortest time that a node may be told to keep its journal for (`retention.journal_months` is 6 at least).
const SHORTEST: TimeDelta = TimeDelta::days(180);
/// An entry may be sealed so long after its act: its node was off in between, and had more to seal than it could at once.
const SEALED_WITHIN: TimeDelta = TimeDelta::days(1);

/// Moves the mark of a log to this place, since what lies before it is from before that instant, and says so.
pub(super) fn move_mark(tx: &mut Tx<'_>, log: &Log, to: i64, before: DateTime<Utc>) -> Result<()> {
    diesel::update(journal_log::table.find(log.number)).set(journal_log::released.eq(to)).execute(tx.conn())?;
    let ground = before.to_rfc3339_opts(SecondsFormat::Micros, true);
    rows::insert(tx, Entry::new(Actor::System, RELEASED).object(log.id().0).code(to).ground(ground)).map(drop)
}

/// What an entry says about a mark.
struct Said {
    at: DateTime<Utc>,
    to: i64,
    before: DateTime<Utc>,
}

/// Whether the mark of a log is where its entries say, and everything before it was old enough when they were written.
/// `signed`: sizes of the log, each with the instant at which that was signed, by size.
pub(super) fn is_explained(
    conn: &mut Conn,
    log: &Log,
    signed: &[(u64, DateTime<Utc>)],
    now: DateTime<Utc>,
) -> Result<bool> {
    if log.released <= log.first_position {
        return Ok(true);
    }
    let said = said(conn, log)?;
    let explained = said.iter().any(|it| it.to >= log.released);
    Ok(explained && said.iter().all(|it| it.at <= now + SEALED_WITHIN && was_due(it, log, signed)))
}

/// Whether all that this entry lets go was from before the instant that it names, and that was long enough before: of what
/// was sealed after a signature of a later day, nothing was.
fn was_due(it: &Said, log: &Log, signed: &[(u64, DateTime<Utc>)]) -> bool {
    // A signature that a clock which was ahead has dated is no younger than the one that follows it.
    let mut latest = DateTime::<Utc>::MAX_UTC;
    let mut due = it.before <= it.at - SHORTEST;
    for (size, at) in signed.iter().rev() {
        latest = latest.min(*at);
        due &= latest <= it.before + SEALED_WITHIN || log.first_position + *size as i64 >= it.to;
    }
    due
}

fn said(conn: &mut Conn, log: &Log) -> Result<Vec<Said>> {
    let rows: Vec<(At, Option<String>, Option<String>)> = journal::table
        .filter(journal::act.eq(RELEASED))
        .filter(journal::object.eq(log.id().0.to_string()))
        .select((journal::at, journal::code, journal::ground))
        .load(conn)?;
    let said = |(at, to, before): (At, Option<String>, Option<String>)| {
        let before = DateTime::parse_from_rfc3339(&before?).ok()?.to_utc();
        Some(Said { at: at.0, to: to?.parse().ok()?, before })
    };
    Ok(rows.into_iter().filter_map(said).collect())
}
