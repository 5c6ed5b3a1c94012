//! What does not fit: said once to somebody, and listed at the desk.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, LogId};

use super::{Heard, to_compare};
use crate::error::Result;
use crate::journal::{Actor, Entry, record};
use crate::store::schema::neighbour_alarm as alarm;
use crate::store::{At, Conn, Id, Tx, each_backend};

/// For how long a checkpoint may stay unproven while its signer answers otherwise. The comparison is daily: seven times in a
/// row are no bad day, no weekend and no outage, and whoever rewrites its journal wins no more than this week.
const WITHHELD_AFTER: TimeDelta = TimeDelta::days(7);
/// Whoever is not there at all withholds nothing, nor does who is asked by nobody because this node was off: only a receipt
/// that came when the days were over shows that both were there, and then there is a day left to speak in.
const LAST_CALL: TimeDelta = TimeDelta::days(1);

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
    /// It answers otherwise, and shows nothing about what it signed.
    Withheld,
}

impl Trouble {
    /// As journal, database and desk name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forked => "forked",
            Self::Rewritten => "rewritten",
            Self::Truncated => "truncated",
            Self::Replaced => "replaced",
            Self::Withheld => "withheld",
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
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

/// Every alarm, the one that was seen last first.
pub(super) fn all(conn: &mut Conn) -> Result<Vec<Alarm>> {
    Ok(alarm::table.order(alarm::last_at.desc()).select(Alarm::as_select()).load(conn)?)
}

/// Raises the alarm: a row that the desk lists, an entry in the journal and a line in the log, once for each log and kind.
/// Whether it was not raised before: then somebody is to be told.
pub(super) fn raise(
    tx: &mut Tx<'_>,
    peer: &EntityId,
    trouble: Trouble,
    kept: &Heard,
    answer: Option<&str>,
) -> Result<bool> {
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
    tracing::error!(%peer, log = %kept.log(), size = kept.size(), %trouble, "a partner's journal is not what it signed");
    let digest = Digest::of(&kept.jws);
    record(tx, Entry::new(Actor::System, "journal.neighbour-differs").peer(peer).object(digest).code(trouble))?;
    Ok(true)
}

/// By when a receipt must have come to tell now that its sender withholds something.
pub fn last_call(now: DateTime<Utc>) -> DateTime<Utc> {
    now - LAST_CALL
}

/// Raises the alarm for each log of which a checkpoint has been unproven for too long, although that peer gave receipts: the
/// last one before the [`last_call`] at `receipted`. Whether that is new.
pub fn note_withheld(tx: &mut Tx<'_>, peer: &EntityId, receipted: DateTime<Utc>) -> Result<bool> {
    let late = |one: &Heard| receipted >= one.unproven_since() + WITHHELD_AFTER;
    let mut late: Vec<Heard> = to_compare(tx.conn(), peer)?.into_iter().filter(late).collect();
    late.dedup_by_key(|one| one.log());
    let mut new = false;
    for one in late {
        new |= raise(tx, peer, Trouble::Withheld, &one, None)?;
    }
    Ok(new)
}

/// The peer has spoken about a log: what it withheld of it, it withholds no more, unless something else of that log has
/// been unproven for as long.
pub(super) fn end_withheld(tx: &mut Tx<'_>, peer: &EntityId, log: LogId) -> Result<()> {
    let long_ago = tx.now() - WITHHELD_AFTER;
    if to_compare(tx.conn(), peer)?.iter().any(|one| one.log() == log && one.unproven_since() <= long_ago) {
        return Ok(());
    }
    let of_log = alarm::table
        .filter(alarm::peer.eq(peer.as_str()))
        .filter(alarm::log.eq(Id(log.0)))
        .filter(alarm::kind.eq(Trouble::Withheld.as_str()));
    if diesel::delete(of_log).execute(tx.conn())? > 0 {
        tracing::info!(%peer, %log, "a partner speaks about its journal again");
        record(tx, Entry::new(Actor::System, "journal.neighbour-answers").peer(peer).object(log))?;
    }
    Ok(())
}

/// Whether any log of the peer is withheld.
pub fn is_withheld(conn: &mut Conn, peer: &EntityId) -> Result<bool> {
    let of_peer = alarm::table.filter(alarm::peer.eq(peer.as_str()));
    let withheld = of_peer.filter(alarm::kind.eq(Trouble::Withheld.as_str()));
    Ok(diesel::select(diesel::dsl::exists(withheld)).get_result(conn)?)
}
