//! Rows of the logs: where each begins, how long it is, and what was signed about it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, LogId};
use staffetta_protocol::jose::{self, SigningKey};
use staffetta_protocol::log::{Checkpoint, Consistency};
use uuid::Uuid;

use super::sealer;
use super::tiles::Tiles;
use super::{Actor, Entry, rows};
use crate::error::{Error, Result};
use crate::keys::{Keys, Kind};
use crate::store::schema::{journal, journal_checkpoint as checkpoint, journal_log as log};
use crate::store::{At, Conn, Id, Tx, each_backend};

/// One log.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = log)]
pub struct Log {
    pub(super) number: i32,
    pub(super) id: Id,
    pub(super) first_position: i64,
    pub(super) size: i64,
    pub(super) released: i64,
    /// The last checkpoint known of the log before this one.
    pub previous: Option<String>,
}

impl Log {
    /// Its name.
    pub fn id(&self) -> LogId {
        LogId(self.id.0)
    }

    /// How many entries are sealed in it.
    pub fn size(&self) -> u64 {
        self.size as u64
    }
}

/// Every log of this node, the first one first.
pub fn logs(conn: &mut Conn) -> Result<Vec<Log>> {
    Ok(log::table.order(log::number).select(Log::as_select()).load(conn)?)
}

/// The log that entries are sealed into; none before the first was.
pub(super) fn newest(conn: &mut Conn) -> Result<Option<Log>> {
    Ok(log::table.order(log::number.desc()).select(Log::as_select()).first(conn).optional()?)
}

pub(super) fn numbered(conn: &mut Conn, number: i32) -> Result<Option<Log>> {
    Ok(log::table.find(number).select(Log::as_select()).first(conn).optional()?)
}

fn named(conn: &mut Conn, id: LogId) -> Result<Option<Log>> {
    Ok(log::table.filter(log::id.eq(Id(id.0))).select(Log::as_select()).first(conn).optional()?)
}

/// The log that entries are sealed into, made if there is none.
pub(super) fn open(tx: &mut Tx<'_>) -> Result<Log> {
    if newest(tx.conn())?.is_none() {
        insert(tx, 1, 0, None)?;
    }
    newest(tx.conn())?.ok_or_else(|| Error::internal("the journal has no log"))
}

/// The same, with its row locked until this transaction ends.
pub(super) fn locked(tx: &mut Tx<'_>) -> Result<Log> {
    let log = open(tx)?;
    diesel::update(log::table.find(log.number)).set(log::released.eq(log::released)).execute(tx.conn())?;
    open(tx)
}

fn insert(tx: &mut Tx<'_>, number: i32, first: i64, previous: Option<&str>) -> Result<Uuid> {
    let now = tx.now();
    let id = crate::clock::id_at(now);
    let row = (
        log::number.eq(number),
        log::id.eq(Id(id)),
        log::first_position.eq(first),
        log::size.eq(0),
        log::released.eq(first),
        log::previous.eq(previous),
        log::begun_at.eq(At::from(now)),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(log::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(id)
}

/// Begins another log, whose first leaf names the last checkpoint that is known of the one before: after a restore,
/// when this node may have signed more than it remembers. Entries without a place come into the new one.
pub fn begin_new_log(tx: &mut Tx<'_>, last_checkpoint: Option<&str>) -> Result<LogId> {
    let (number, first) = newest(tx.conn())?.map_or((1, 0), |last| (last.number + 1, last.first_position + last.size));
    let id = insert(tx, number, first, last_checkpoint)?;
    let entry = Entry::new(Actor::System, "journal.log-begun").object(id);
    let entry = match last_checkpoint {
        Some(jws) => entry.code(Digest::of(jws)),
        None => entry,
    };
    let opening = rows::insert(tx, entry)?;
    let stored = rows::one(tx.conn(), opening)?;
    let begun = newest(tx.conn())?.ok_or_else(|| Error::internal("the new log is gone"))?;
    sealer::append(tx, &begun, &[stored])?;
    Ok(LogId(id))
}

/// How many entries wait for their place: a node that works has few.
pub fn backlog(conn: &mut Conn) -> Result<u64> {
    let waiting: i64 = journal::table.filter(journal::position.is_null()).count().get_result(conn)?;
    Ok(waiting as u64)
}

/// Whether any entry waits.
pub(super) fn backlog_waits(conn: &mut Conn) -> Result<bool> {
    let one: Option<Id> =
        journal::table.filter(journal::position.is_null()).select(journal::id).first(conn).optional()?;
    Ok(one.is_some())
}

/// What this node last signed about its journal, for the receipts that it writes.
pub fn newest_checkpoint(conn: &mut Conn) -> Result<Option<String>> {
    Ok(checkpoint::table
        .order((checkpoint::log.desc(), checkpoint::size.desc()))
        .select(checkpoint::jws)
        .first(conn)
        .optional()?)
}

/// When this node last signed, and about how many entries of this log.
pub(super) fn last_signed(conn: &mut Conn, of: i32) -> Result<Option<(u64, DateTime<Utc>)>> {
    let found: Option<(i64, At)> = checkpoint::table
        .filter(checkpoint::log.eq(of))
        .order(checkpoint::size.desc())
        .select((checkpoint::size, checkpoint::at))
        .first(conn)
        .optional()?;
    Ok(found.map(|(size, at)| (size as u64, at.0)))
}

/// Every checkpoint that is kept of a log, by size.
pub(super) fn checkpoints(conn: &mut Conn, of: i32) -> Result<Vec<(u64, String)>> {
    let found: Vec<(i64, String)> = checkpoint::table
        .filter(checkpoint::log.eq(of))
        .order(checkpoint::size)
        .select((checkpoint::size, checkpoint::jws))
        .load(conn)?;
    Ok(found.into_iter().map(|(size, jws)| (size as u64, jws)).collect())
}

/// Signs what the newest log holds now. Of those of one hour the first and the newest stay.
pub(super) fn sign_checkpoint(tx: &mut Tx<'_>, keys: &Keys, me: &EntityId) -> Result<String> {
    let log = locked(tx)?;
    let now = tx.now();
    let root = Tiles::of(tx.conn(), log.number).root(log.size())?;
    let claims = Checkpoint { iss: me.clone(), log: log.id(), size: log.size(), root, iat: now.timestamp() };
    let key = keys.signing(tx.conn(), Kind::Protocol, now)?;
    let jws = claims.sign(&key).map_err(Error::internal)?;
    let hour = At::from(now - TimeDelta::hours(1));
    let of_this_hour = checkpoint::table.filter(checkpoint::log.eq(log.number)).filter(checkpoint::at.gt(hour));
    let first: Option<i64> = of_this_hour.select(diesel::dsl::min(checkpoint::size)).first(tx.conn())?;
    if let Some(first) = first {
        diesel::delete(of_this_hour.filter(checkpoint::size.gt(first))).execute(tx.conn())?;
    }
    let row = (
        checkpoint::log.eq(log.number),
        checkpoint::size.eq(log.size),
        checkpoint::jws.eq(&jws),
        checkpoint::at.eq(At::from(now)),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(checkpoint::table)
        .values(row)
        .on_conflict((checkpoint::log, checkpoint::size))
        .do_update()
        .set((checkpoint::jws.eq(&jws), checkpoint::at.eq(At::from(now))))
        .execute(conn))?;
    Ok(jws)
}

/// Shows that the log of that name only grew since it had `from` entries: to the newest checkpoint, or to the first that
/// was kept from `to` entries on. None where there is no such log, or it was never that long.
///
/// What is shown was signed when the log had that size, or is all that is there. A word of today about fewer entries than
/// yesterday's would say that the log was cut, and whoever asks could have this node say it.
///
/// Of a log that was left behind in a restore the newest checkpoint may be smaller than what a partner keeps and than what
/// is still there: then all that is there is shown.
pub fn consistency(
    conn: &mut Conn,
    (keys, me): (&Keys, &EntityId),
    of: LogId,
    (from, to): (u64, Option<u64>),
    now: DateTime<Utc>,
) -> Result<Option<Consistency>> {
    let Some(log) = named(conn, of)? else { return Ok(None) };
    if from > log.size() || to.is_some_and(|to| from > to || to > log.size()) {
        return Ok(None);
    }
    let mut kept = checkpoints(conn, log.number)?.into_iter().filter(|(size, _)| from <= *size);
    let signed = match to {
        Some(to) => kept.find(|(size, _)| to <= *size),
        None => kept.next_back(),
    };
    let key = keys.signing(conn, Kind::Protocol, now)?;
    let (to, checkpoint) = match signed {
        Some((size, jws)) if is_under(&jws, &key) => (size, jws),
        // Under a key that has retired since it might not verify any more: the same words under today's.
        Some((size, jws)) => {
            let claims: Checkpoint = jose::peek(&jws).map_err(Error::internal)?;
            (size, claims.sign(&key).map_err(Error::internal)?)
        }
        None => {
            let (size, root) = (log.size(), Tiles::of(conn, log.number).root(log.size())?);
            let claims = Checkpoint { iss: me.clone(), log: log.id(), size, root, iat: now.timestamp() };
            (size, claims.sign(&key).map_err(Error::internal)?)
        }
    };
    let proof = Tiles::of(conn, log.number).consistency(from, to)?;
    Ok(Some(Consistency { checkpoint, from, to, proof }))
}

fn is_under(jws: &str, key: &SigningKey) -> bool {
    jose::header(jws).is_ok_and(|header| header.kid.as_ref() == Some(key.kid()))
}
