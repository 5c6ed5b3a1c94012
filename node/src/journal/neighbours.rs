//! What other nodes signed about their journals, and whether it still fits.
//!
//! A checkpoint comes inside a receipt that verified, so it is that node's word. Its own signature is judged when the two
//! are compared: then it must hold by itself, for somebody who has neither of the nodes.
//!
//! What must hold:
//! - A checkpoint goes only when a later one of its log was shown to begin with it: that one takes its place.
//! - Each log is asked about for as long as something of it is kept, also when the peer speaks of another one since.
//! - What the peer itself said against a checkpoint refutes it for good: it stays as proof and is not asked about again.

mod alarms;
mod judge;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, LogId};
use staffetta_protocol::jose;
use staffetta_protocol::log::{Checkpoint, Kept, MAX_ASKED, MAX_SIZE};

use crate::error::Result;
use crate::store::schema::neighbour_checkpoint as heard;
use crate::store::{At, Conn, Id, Tx, each_backend};

use alarms::raise;
pub use alarms::{Alarm, Trouble, is_withheld, last_call, note_withheld};
#[cfg(test)]
pub(super) use judge::verdict;
pub use judge::{Judged, judge, settle};

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
    awaited_since: Option<At>,
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

    /// Since when nothing was shown about it: since it was proven last, or came, or the peer could know that it is to be shown.
    fn unproven_since(&self) -> DateTime<Utc> {
        let since = self.proven_at.unwrap_or(self.heard_at).0;
        self.awaited_since.map_or(since, |awaited| awaited.0.max(since))
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

/// Keeps a checkpoint that came in a receipt of `peer`. One that says nothing readable is ignored, as partners must.
/// Cheap where it is known: one row is read. The alarm that it raised, if it did: somebody is to be told.
pub fn hear(tx: &mut Tx<'_>, peer: &EntityId, jws: &str) -> Result<Option<Trouble>> {
    let Ok(said) = jose::peek::<Checkpoint>(jws) else { return Ok(None) };
    if said.iss != *peer || said.size > MAX_SIZE {
        return Ok(None);
    }
    let (log, size, root) = (Id(said.log.0), said.size as i64, said.root.to_string());
    let as_long: Vec<Heard> = heard::table
        .filter(heard::peer.eq(peer.as_str()))
        .filter(heard::log.eq(log))
        .filter(heard::size.ge(size))
        .order(heard::size)
        .select(Heard::as_select())
        .load(tx.conn())?;
    let known = as_long.iter().find(|one| one.size == size);
    if let Some(known) = known.filter(|known| known.root != root) {
        let new = raise(tx, peer, Trouble::Forked, known, Some(jws))?;
        return Ok(new.then_some(Trouble::Forked));
    }
    // Its own word that the log is shorter than it was. What merely arrives late was signed before what is larger.
    let mut trouble = None;
    if let Some(longer) = as_long.iter().find(|one| was_cut(&said, one)) {
        let new = raise(tx, peer, Trouble::Truncated, longer, Some(jws))?;
        trouble = new.then_some(Trouble::Truncated);
    }
    if known.is_some() {
        return Ok(trouble);
    }
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

/// By the peer's own clock, both times. One that ran ahead and was set back signs what looks later than what is larger and
/// came after. That is an alarm without a cause only if the smaller one also *arrives* after the larger one, as receipts of a
/// link, which come in order, do not; the daily proof then says that all is well, and the instants in both documents say why.
/// The other way round, a clock that is set back on purpose makes a cut log look old, and only the daily proof finds it.
fn was_cut(said: &Checkpoint, since: &Heard) -> bool {
    jose::peek::<Checkpoint>(&since.jws).is_ok_and(|larger| said.is_cut_since(&larger))
}

/// Of an hour the smallest and the newest stay: what lies between is shown by the same proof.
fn thin_out(tx: &mut Tx<'_>, peer: &EntityId, log: Id, size: i64) -> Result<()> {
    let of_this_hour = heard::table
        .filter(heard::peer.eq(peer.as_str()))
        .filter(heard::log.eq(log))
        .filter(heard::heard_at.gt(At::from(tx.now() - TimeDelta::hours(1))))
        .filter(heard::proven_at.is_null())
        .filter(heard::refuted_at.is_null());
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

/// What a peer is to be asked about: every checkpoint that is kept of each of its logs and not refuted, log by log and by
/// size. A log that it speaks of no more is asked about as well: else whoever has something to hide begins another one.
pub fn to_compare(conn: &mut Conn, peer: &EntityId) -> Result<Vec<Heard>> {
    let of_peer = heard::table.filter(heard::peer.eq(peer.as_str())).filter(heard::refuted_at.is_null());
    Ok(of_peer.order((heard::log, heard::size)).select(Heard::as_select()).load(conn)?)
}

/// The first few of the same that were not proven at this very instant, the smallest first: for a peer that nobody can ask,
/// and that proves by itself what it is told.
pub fn to_prove(conn: &mut Conn, peer: &EntityId, now: DateTime<Utc>) -> Result<Vec<Kept>> {
    let found: Vec<(Id, i64)> = heard::table
        .filter(heard::peer.eq(peer.as_str()))
        .filter(heard::refuted_at.is_null())
        .filter(heard::proven_at.is_null().or(heard::proven_at.ne(At::from(now))))
        .order((heard::size, heard::log))
        .limit(MAX_ASKED as i64)
        .select((heard::log, heard::size))
        .load(conn)?;
    Ok(found.into_iter().map(|(log, size)| Kept { log: LogId(log.0), size: size as u64 }).collect())
}

/// The newest checkpoint of each partner's each log, and every alarm.
pub fn neighbours(conn: &mut Conn) -> Result<(Vec<Heard>, Vec<Alarm>)> {
    let mut all: Vec<Heard> =
        heard::table.order((heard::peer, heard::log, heard::size.desc())).select(Heard::as_select()).load(conn)?;
    all.dedup_by(|one, before| one.peer == before.peer && one.log == before.log);
    Ok((all, alarms::all(conn)?))
}
