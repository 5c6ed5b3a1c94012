//! The whole log against itself, and what proves single entries to somebody else.

use chrono::{DateTime, Utc};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, LogId};
use staffetta_protocol::jose::{self, JoseError, KeySet};
use staffetta_protocol::log::{Checkpoint, InvalidCheckpoint, Node};
use uuid::Uuid;

use super::log::{self, Log};
use super::released;
use super::rows::{self, Stored};
use super::tiles::{Tiles, WIDTH};
use crate::error::{Error, Result};
use crate::keys::{Keys, Kind};
use crate::store::{Conn, Store};

/// Entries that are read at a time: sixteen tiles.
const AT_ONCE: u64 = 16 * WIDTH;

/// What was found in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Verified {
    /// Logs.
    pub logs: u64,
    /// Leaves, those included whose entries retention has released.
    pub leaves: u64,
    /// Entries that were read and hashed.
    pub entries: u64,
    /// Checkpoints whose signature and root hold.
    pub checkpoints: u64,
    /// Checkpoints under a key that was revoked since: they prove nothing any more.
    pub revoked: u64,
    /// Entries without a place yet.
    pub waiting: u64,
}

/// The first thing that is not as it was sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bad {
    /// Which log.
    pub log: LogId,
    /// The place in the journal; for a checkpoint the first place that it does not cover.
    pub position: u64,
    /// The entry that stands there now.
    pub entry: Option<Uuid>,
    /// `entry_changed`, `entry_missing`, `tree_changed`, `checkpoint_invalid`, `checkpoint_differs`, `log_shorter`,
    /// `released_unexplained`, `entry_beyond`.
    pub why: &'static str,
}

/// Verifies every log: each entry against its leaf, the leaves against the tree, the tree against what was signed. Reads
/// batch after batch, so memory stays flat and the node may go on working. The first that is bad ends it.
///
/// # Errors
/// When the database cannot be read.
pub async fn verify(store: &Store, keys: &Keys, me: &EntityId) -> Result<std::result::Result<Verified, Bad>> {
    let now = store.clock().now();
    let own = keys.clone();
    let (all, known) =
        store.read(move |conn| Ok((log::logs(conn)?, KeySet::new(&own.jwks(conn, Kind::Protocol, now)?)))).await?;
    let mut done = Verified::default();
    for log in &all {
        let mut at = 0;
        while at < log.size() {
            let (of, to) = (log.clone(), log.size().min(at + AT_ONCE));
            match store.read(move |conn| batch(conn, &of, at, to)).await? {
                Ok(entries) => done.entries += entries,
                Err(bad) => return Ok(Err(bad)),
            }
            at = to;
        }
        let (of, me, keys) = (log.clone(), me.clone(), known.clone());
        match store.read(move |conn| signed(conn, &of, &me, &keys, now)).await? {
            Ok((held, revoked)) => (done.checkpoints, done.revoked) = (done.checkpoints + held, done.revoked + revoked),
            Err(bad) => return Ok(Err(bad)),
        }
        (done.logs, done.leaves) = (done.logs + 1, done.leaves + log.size());
    }
    let last = all.last().cloned();
    let beyond = store.read(move |conn| beyond(conn, last.as_ref())).await?;
    if let Some(bad) = beyond {
        return Ok(Err(bad));
    }
    done.waiting = store.read(log::backlog).await?;
    Ok(Ok(done))
}

/// Entries `from` to before `to` of a log, of which `from` begins a tile.
fn batch(conn: &mut Conn, log: &Log, from: u64, to: u64) -> Result<std::result::Result<u64, Bad>> {
    let first = log.first_position;
    // Retention may have gone on meanwhile.
    let released = log::numbered(conn, log.number)?.map_or(log.released, |log| log.released);
    let found = rows::placed(conn, first + from as i64, first + to as i64)?;
    let read = found.len() as u64;
    let mut found = found.into_iter().peekable();
    let mut tiles = Tiles::of(conn, log.number);
    for index in from..to {
        let position = first + index as i64;
        let bad = |entry: Option<&Stored>, why| {
            Ok(Err(Bad { log: log.id(), position: position as u64, entry: entry.map(|entry| entry.id.0), why }))
        };
        let entry = found.next_if(|entry| entry.position == Some(position));
        let leaf = tiles.leaf(index)?;
        match (&entry, leaf) {
            (_, None) => return bad(entry.as_ref(), "tree_changed"),
            (None, Some(_)) if position >= released => return bad(None, "entry_missing"),
            (None, Some(_)) => {}
            (Some(entry), Some(leaf)) if entry.leaf().leaf_hash() != leaf => {
                return bad(Some(entry), "entry_changed");
            }
            (Some(_), Some(_)) => {}
        }
        // A tile that is full has one hash in the level above, and so on up.
        let (mut level, mut number) = (1, index + 1);
        while number % WIDTH == 0 {
            number /= WIDTH;
            let above = Node { level: level * 8, number: number - 1 };
            let below = Node { level: level * 8 - 1, number: (number - 1) * 2 };
            let right = Node { number: below.number + 1, ..below };
            let (Ok(above), Ok(left), Ok(right)) = (tiles.node(above), tiles.node(below), tiles.node(right)) else {
                return bad(entry.as_ref(), "tree_changed");
            };
            if above != staffetta_protocol::log::parent(&left, &right) {
                return bad(entry.as_ref(), "tree_changed");
            }
            level += 1;
        }
    }
    Ok(Ok(read))
}

/// The checkpoints of a log against its tree, and its mark against them: how many hold, and how many nobody can judge any
/// more.
fn signed(
    conn: &mut Conn,
    log: &Log,
    me: &EntityId,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<std::result::Result<(u64, u64), Bad>> {
    let (mut held, mut revoked, mut dates) = (0, 0, Vec::new());
    for (size, jws) in log::checkpoints(conn, log.number)? {
        let bad = |why| Ok(Err(Bad { log: log.id(), position: log.first_position as u64 + size, entry: None, why }));
        // One of our own that a clock which was ahead has dated is no less signed: it is judged at its own instant.
        let dated = jose::peek::<Checkpoint>(&jws).ok().and_then(|it| DateTime::from_timestamp(it.iat, 0));
        let checkpoint = match Checkpoint::open(&jws, keys, me, dated.map_or(now, |dated| dated.max(now))) {
            Ok(checkpoint) => checkpoint,
            Err(InvalidCheckpoint::Jose(JoseError::KeyRevoked)) => {
                revoked += 1;
                continue;
            }
            Err(_) => return bad("checkpoint_invalid"),
        };
        if checkpoint.log != log.id() || checkpoint.size != size {
            return bad("checkpoint_invalid");
        }
        if size > log.size() {
            return bad("log_shorter");
        }
        if Tiles::of(conn, log.number).root(size)? != checkpoint.root {
            return bad("checkpoint_differs");
        }
        dates.extend(DateTime::from_timestamp(checkpoint.iat, 0).map(|at| (size, at)));
        held += 1;
    }
    // Retention may have gone on meanwhile.
    let log = &log::numbered(conn, log.number)?.unwrap_or_else(|| log.clone());
    if !released::is_explained(conn, log, &dates, now)? {
        let position = log.released as u64 - 1;
        return Ok(Err(Bad { log: log.id(), position, entry: None, why: "released_unexplained" }));
    }
    Ok(Ok((held, revoked)))
}

/// An entry that has a place which no log gave.
fn beyond(conn: &mut Conn, last: Option<&Log>) -> Result<Option<Bad>> {
    let Some(last) = last else { return Ok(None) };
    let end = last.first_position + last.size;
    let found = rows::placed(conn, end, i64::MAX)?;
    // More may have been sealed while this read.
    let now = log::newest(conn)?.map_or(end, |log| log.first_position + log.size);
    let stray = found.iter().find(|entry| entry.position.is_some_and(|position| position >= now));
    Ok(stray.map(|entry| Bad {
        log: last.id(),
        position: entry.position.unwrap_or_default() as u64,
        entry: Some(entry.id.0),
        why: "entry_beyond",
    }))
}

/// Entries of one log with what proves them.
#[derive(Debug, Clone)]
pub struct Proven {
    /// The checkpoint to which every proof leads.
    pub checkpoint: String,
    /// Index in the log, canonical text, inclusion proof.
    pub entries: Vec<(u64, String, Vec<Digest>)>,
    /// Checkpoints that were given away before, each with the proof that this one continues it.
    pub earlier: Vec<(String, Vec<Digest>)>,
}

/// Proves the sealed entries on these things, log by log, by the newest checkpoint of each; and that what was given away
/// about the log in `earlier` is its beginning. A log of which more was given away than it has is named all the same, with
/// what it has: whoever judges sees both. Reads the whole journal once: it has no index by thing.
pub fn prove(conn: &mut Conn, objects: &[String], earlier: &[String], limit: i64) -> Result<Vec<Proven>> {
    let found = rows::on_things(conn, objects, limit)?;
    let mut proven = Vec::new();
    for log in log::logs(conn)? {
        let Some((size, checkpoint)) = log::checkpoints(conn, log.number)?.pop() else { continue };
        let mut tiles = Tiles::of(conn, log.number);
        let mut entries = Vec::new();
        let range = log.first_position..log.first_position + size as i64;
        for entry in found.iter().filter(|entry| entry.position.is_some_and(|position| range.contains(&position))) {
            let index = (entry.position.unwrap_or_default() - log.first_position) as u64;
            entries.push((index, entry.leaf().canonical(), tiles.inclusion(index, size)?));
        }
        let (mut before, mut named) = (Vec::new(), false);
        for jws in earlier {
            let claims: Checkpoint = staffetta_protocol::jose::peek(jws).map_err(Error::internal)?;
            named |= claims.log == log.id();
            if claims.log == log.id() && claims.size <= size {
                before.push((jws.clone(), tiles.consistency(claims.size, size)?));
            }
        }
        if !entries.is_empty() || named {
            proven.push(Proven { checkpoint, entries, earlier: before });
        }
    }
    Ok(proven)
}
