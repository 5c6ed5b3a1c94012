//! What other nodes signed about their journals, and whether it still fits.
//!
//! A checkpoint comes inside a receipt that verified, so it is that node's word. Its own signature is judged when the two
//! are compared: then it must hold by itself, for somebody who has neither of the nodes.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, LogId};
use staffetta_protocol::jose::{self, KeySet};
use staffetta_protocol::log::{Checkpoint, Consistency, MAX_SIZE};

use super::{Actor, Entry, record};
use crate::error::{Error, Result};
use crate::store::schema::{neighbour_alarm as alarm, neighbour_checkpoint as heard};
use crate::store::{At, Conn, Id, Tx, each_backend};

/// What does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Two roots under one size, both signed.
    Forked,
    /// The log of today does not begin with the one of then.
    Rewritten,
    /// The log is shorter than it was, or not known any more.
    Truncated,
    /// Another log than before. A node that was restored does so; one that has something to hide may say so too.
    Replaced,
}

impl Trouble {
    /// As journal, database and desk name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forked => "forked",
            Self::Rewritten => "rewritten",
            Self::Truncated => "truncated",
            Self::Replaced => "replaced",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A checkpoint of a peer, as kept.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = heard)]
pub struct Heard {
    /// Whose.
    pub peer: String,
    log: Id,
    size: i64,
    root: String,
    /// As signed.
    pub jws: String,
    heard_at: At,
    proven_at: Option<At>,
}

impl Heard {
    /// Of which log.
    pub fn log(&self) -> LogId {
        LogId(self.log.0)
    }

    /// Of how many entries.
    pub fn size(&self) -> u64 {
        self.size as u64
    }

    /// When it came.
    pub fn heard_at(&self) -> DateTime<Utc> {
        self.heard_at.0
    }

    /// When the log was last shown to have only grown up to it.
    pub fn proven_at(&self) -> Option<DateTime<Utc>> {
        self.proven_at.map(|at| at.0)
    }
}

/// An alarm, as kept.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = alarm)]
pub struct Alarm {
    id: Id,
    /// Whose history it is.
    pub peer: String,
    log: Id,
    /// [`Trouble`] as text.
    pub kind: String,
    /// What the peer once signed.
    pub kept: String,
    /// What it says now, if it says anything.
    pub answer: Option<String>,
    at: At,
    last_at: At,
}

impl Alarm {
    /// Its id.
    pub fn id(&self) -> uuid::Uuid {
        self.id.0
    }

    /// Of which log.
    pub fn log(&self) -> LogId {
        LogId(self.log.0)
    }

    /// When it was seen first, and last.
    pub fn times(&self) -> (DateTime<Utc>, DateTime<Utc>) {
        (self.at.0, self.last_at.0)
    }
}

/// Keeps a checkpoint that came in a receipt of `peer`. One that says nothing readable is ignored, as partners must.
/// Cheap where it is known: one row is read. The alarm that it raised, if it did: somebody is to be told.
pub fn hear(tx: &mut Tx<'_>, peer: &EntityId, jws: &str) -> Result<Option<Trouble>> {
    let Ok(said) = jose::peek::<Checkpoint>(jws) else { return Ok(None) };
    if said.iss != *peer || said.size > MAX_SIZE {
        return Ok(None);
    }
    let (log, size, root) = (Id(said.log.0), said.size as i64, said.root.to_string());
    let known: Option<Heard> =
        heard::table.find((peer.as_str(), log, size)).select(Heard::as_select()).first(tx.conn()).optional()?;
    if let Some(known) = known {
        if known.root != root {
            let new = raise(tx, peer, Trouble::Forked, &known, Some(jws))?;
            return Ok(new.then_some(Trouble::Forked));
        }
        return Ok(None);
    }
    let mut trouble = None;
    if let Some(before) = last_of(tx.conn(), peer)?.filter(|before| before.log != log)
        && !is_known(tx.conn(), peer, log)?
    {
        let new = raise(tx, peer, Trouble::Replaced, &before, Some(jws))?;
        trouble = new.then_some(Trouble::Replaced);
    }
    thin_out(tx, peer, log, size)?;
    let row = (
        heard::peer.eq(peer.as_str()),
        heard::log.eq(log),
        heard::size.eq(size),
        heard::root.eq(root),
        heard::jws.eq(jws),
        heard::heard_at.eq(At::from(tx.now())),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(heard::table).values(row).on_conflict_do_nothing().execute(conn))?;
    Ok(trouble)
}

/// Of an hour the smallest and the newest stay: what lies between is shown by the same proof.
fn thin_out(tx: &mut Tx<'_>, peer: &EntityId, log: Id, size: i64) -> Result<()> {
    let of_this_hour = heard::table
        .filter(heard::peer.eq(peer.as_str()))
        .filter(heard::log.eq(log))
        .filter(heard::heard_at.gt(At::from(tx.now() - TimeDelta::hours(1))))
        .filter(heard::proven_at.is_null());
    let first: Option<i64> = of_this_hour.select(diesel::dsl::min(heard::size)).first(tx.conn())?;
    if let Some(first) = first {
        let between = of_this_hour.filter(heard::size.gt(first)).filter(heard::size.lt(size));
        diesel::delete(between).execute(tx.conn())?;
    }
    Ok(())
}

fn last_of(conn: &mut Conn, peer: &EntityId) -> Result<Option<Heard>> {
    let of_peer = heard::table.filter(heard::peer.eq(peer.as_str()));
    let newest = of_peer.order((heard::heard_at.desc(), heard::size.desc()));
    Ok(newest.select(Heard::as_select()).first(conn).optional()?)
}

fn is_known(conn: &mut Conn, peer: &EntityId, log: Id) -> Result<bool> {
    let of_log = heard::table.filter(heard::peer.eq(peer.as_str())).filter(heard::log.eq(log));
    let one: Option<i64> = of_log.select(heard::size).first(conn).optional()?;
    Ok(one.is_some())
}

/// What a peer is to be asked about: every checkpoint that is kept of the log that it last named, by size.
pub fn to_compare(conn: &mut Conn, peer: &EntityId) -> Result<Vec<Heard>> {
    let Some(last) = last_of(conn, peer)? else { return Ok(Vec::new()) };
    let of_log = heard::table.filter(heard::peer.eq(peer.as_str())).filter(heard::log.eq(last.log));
    Ok(of_log.order(heard::size).select(Heard::as_select()).load(conn)?)
}

/// Judges what a peer answered about a checkpoint that is kept: its log of today, or what is wrong with it. None when
/// the answer proves nothing either way, since it is not under the peer's signature.
pub fn check_neighbour(
    kept: &Heard,
    answer: &Consistency,
    keys: &KeySet,
    peer: &EntityId,
    now: DateTime<Utc>,
) -> Option<std::result::Result<Checkpoint, Trouble>> {
    let today = Checkpoint::open(&answer.checkpoint, keys, peer, now).ok()?;
    let then: Checkpoint = jose::peek(&kept.jws).ok()?;
    if today.log != then.log {
        return Some(Err(Trouble::Replaced));
    }
    if today.size < then.size {
        return Some(Err(Trouble::Truncated));
    }
    Some(then.is_continued_by(&today, &answer.proof).map(|()| today).map_err(|_| Trouble::Rewritten))
}

/// These checkpoints are the beginning of `today`, which takes their place.
pub fn note_proven(tx: &mut Tx<'_>, peer: &EntityId, shown: &[Heard], today: &str) -> Result<()> {
    hear(tx, peer, today)?;
    let claims: Checkpoint = jose::peek(today).map_err(Error::internal)?;
    let (log, size) = (Id(claims.log.0), claims.size as i64);
    for one in shown.iter().filter(|one| one.log == log && one.size < size) {
        diesel::delete(heard::table.find((peer.as_str(), log, one.size))).execute(tx.conn())?;
    }
    diesel::update(heard::table.find((peer.as_str(), log, size)))
        .set(heard::proven_at.eq(At::from(tx.now())))
        .execute(tx.conn())?;
    Ok(())
}

/// Raises the alarm: a row that the desk lists, an entry in the journal and a line in the log, once for each log and kind.
/// Whether it was not raised before: then somebody is to be told.
pub fn raise(tx: &mut Tx<'_>, peer: &EntityId, trouble: Trouble, kept: &Heard, answer: Option<&str>) -> Result<bool> {
    let now = At::from(tx.now());
    let same = alarm::table
        .filter(alarm::peer.eq(peer.as_str()))
        .filter(alarm::log.eq(kept.log))
        .filter(alarm::kind.eq(trouble.as_str()));
    if diesel::update(same).set(alarm::last_at.eq(now)).execute(tx.conn())? > 0 {
        return Ok(false);
    }
    let row = (
        alarm::id.eq(Id(crate::clock::id_at(now.0))),
        alarm::peer.eq(peer.as_str()),
        alarm::log.eq(kept.log),
        alarm::kind.eq(trouble.as_str()),
        alarm::kept.eq(&kept.jws),
        alarm::answer.eq(answer),
        alarm::at.eq(now),
        alarm::last_at.eq(now),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(alarm::table).values(row).on_conflict_do_nothing().execute(conn))?;
    tracing::error!(%peer, log = %kept.log(), size = kept.size, %trouble, "a partner's journal is not what it signed");
    let digest = Digest::of(&kept.jws);
    record(tx, Entry::new(Actor::System, "journal.neighbour-differs").peer(peer).object(digest).code(trouble))?;
    Ok(true)
}

/// The newest checkpoint of each partner's each log, and every alarm.
pub fn neighbours(conn: &mut Conn) -> Result<(Vec<Heard>, Vec<Alarm>)> {
    let mut all: Vec<Heard> =
        heard::table.order((heard::peer, heard::log, heard::size.desc())).select(Heard::as_select()).load(conn)?;
    all.dedup_by(|one, before| one.peer == before.peer && one.log == before.log);
    let alarms = alarm::table.order(alarm::last_at.desc()).select(Alarm::as_select()).load(conn)?;
    Ok((all, alarms))
}
