//! The sealer: gives entries their place, in the background, and makes them leaves of the log.
//!
//! Ids commit late on PostgreSQL: an entry may appear behind others that are newer. So order is what the sealer finds
//! committed, once, and never the ids. Any number of processes may call [`pump`]; one at a time has the lease, and the
//! row of the log is locked while a batch is written, so even two that both believe to have it write one after the other.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use uuid::Uuid;

use super::log::{self, Log};
use super::rows::{self, Stored};
use super::tiles::Tiles;
use crate::error::{Error, Result};
use crate::keys::Keys;
use crate::store::schema::{journal, journal_log};
use crate::store::{At, Id, Steady, Store, Tx, each_backend};

/// Entries in one transaction: SQLite has one writer, and whoever acts must not wait long for it.
const BATCH: i64 = 512;
/// For how long a process keeps the sealing to itself after each batch.
const LEASE: TimeDelta = TimeDelta::seconds(20);
/// How often what was sealed is signed, at most.
const SIGN_EVERY: TimeDelta = TimeDelta::seconds(3);
/// How often somebody looks whether anything waits.
const LOOK_EVERY: TimeDelta = TimeDelta::seconds(1);

/// Seals journal entries on a store. Clones are the same process.
#[derive(Debug, Clone)]
pub struct Sealer {
    store: Store,
    keys: Keys,
    me: EntityId,
    process: Uuid,
}

impl Sealer {
    /// For one process of the node.
    pub fn new(store: Store, keys: Keys, me: EntityId) -> Self {
        Self { store, keys, me, process: Uuid::new_v4() }
    }

    /// What it signs with.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Seals all that waits, batch by batch, signs a checkpoint if one is due, and says when to look again.
    ///
    /// # Errors
    /// Whatever the store fails with; nothing is half done.
    pub async fn pump(&self) -> Result<Option<DateTime<Utc>>> {
        while self.store.read(log::backlog_waits).await? {
            let process = self.process;
            match self.store.write(move |tx| seal(tx, process)).await? {
                Some(BATCH) => {}
                Some(_) | None => break,
            }
        }
        let now = self.store.clock().now();
        if self.store.read(move |conn| is_due(conn, now)).await? {
            let (keys, me, process) = (self.keys.clone(), self.me.clone(), self.process);
            self.store
                .write(move |tx| match lease(tx, process)? {
                    Some(_) => log::sign_checkpoint(tx, &keys, &me).map(|_| ()),
                    None => Ok(()),
                })
                .await?;
        }
        Ok(Some(now + LOOK_EVERY))
    }
}

impl Sealer {
    /// Seals all that waits and signs it, now and whoever has the lease: for somebody who is to be shown the newest entry.
    /// The lease stays where it is; the lock on the log's row keeps the two apart.
    ///
    /// # Errors
    /// Whatever the store fails with.
    pub async fn seal_now(&self) -> Result<String> {
        let at_once = |tx: &mut Tx<'_>| -> Result<i64> {
            let log = log::locked(tx)?;
            let waiting = rows::unsealed(tx.conn(), BATCH)?;
            append(tx, &log, &waiting)?;
            Ok(waiting.len() as i64)
        };
        while self.store.write(at_once).await? == BATCH {}
        let (keys, me) = (self.keys.clone(), self.me.clone());
        self.store.write(move |tx| log::sign_checkpoint(tx, &keys, &me)).await
    }
}

/// Whether more is sealed than was signed, and long enough ago. A clock that was put back does not stop it.
fn is_due(conn: &mut crate::store::Conn, now: DateTime<Utc>) -> Result<bool> {
    let Some(newest) = log::newest(conn)? else { return Ok(false) };
    Ok(match log::last_signed(conn, newest.number)? {
        Some((size, at)) => newest.size() > size && (now - at).abs() >= SIGN_EVERY,
        None => newest.size > 0,
    })
}

/// Takes or keeps the lease on the newest log, unless another process has it. A lease from a clock that ran ahead does
/// not count: none is that long.
fn lease(tx: &mut Tx<'_>, process: Uuid) -> Result<Option<Log>> {
    let log = log::open(tx)?;
    let now = tx.now();
    let free = journal_log::sealer_until
        .is_null()
        .or(journal_log::sealer_until.le(At::from(now)))
        .or(journal_log::sealer_until.gt(At::from(now + LEASE + LEASE)))
        .or(journal_log::sealer.eq(Id(process)));
    let taken = diesel::update(journal_log::table.find(log.number).filter(free))
        .set((journal_log::sealer.eq(Id(process)), journal_log::sealer_until.eq(At::from(now + LEASE))))
        .execute(tx.conn())?;
    // Read again: whoever had the row before may have sealed meanwhile.
    if taken == 1 { log::newest(tx.conn()) } else { Ok(None) }
}

/// Seals one batch. None when another process does it; else how many entries it was.
pub(super) fn seal(tx: &mut Tx<'_>, process: Uuid) -> Result<Option<i64>> {
    let Some(log) = lease(tx, process)? else { return Ok(None) };
    let waiting = rows::unsealed(tx.conn(), BATCH)?;
    append(tx, &log, &waiting)?;
    Ok(Some(waiting.len() as i64))
}

/// Gives these entries the next places of the log.
pub(super) fn append(tx: &mut Tx<'_>, log: &Log, entries: &[Stored]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    for (entry, position) in entries.iter().zip(log.first_position + log.size..) {
        let row = journal::table.find(entry.id).filter(journal::position.is_null());
        let placed = diesel::update(row).set(journal::position.eq(position));
        if each_backend!(tx.conn(), conn => Steady(placed).execute(conn))? != 1 {
            return Err(Error::internal("an entry of the journal was sealed twice"));
        }
    }
    let mut tiles = Tiles::of(tx.conn(), log.number);
    for (entry, index) in entries.iter().zip(log.size()..) {
        tiles.push(index, &entry.leaf().leaf_hash())?;
    }
    tiles.keep()?;
    let size = log.size + entries.len() as i64;
    let grown = diesel::update(journal_log::table.find(log.number).filter(journal_log::size.eq(log.size)))
        .set(journal_log::size.eq(size))
        .execute(tx.conn())?;
    if grown == 1 { Ok(()) } else { Err(Error::internal("the log grew while it was sealed")) }
}
