//! When each link is compared with what the peer knows of it: the rows of that timer.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;

use crate::error::{Error, Result};
use crate::inbox;
use crate::outbox;
use crate::store::schema::link_check;
use crate::store::{At, Conn, Tx};

/// How often a link is compared while nothing happens.
const EVERY: TimeDelta = TimeDelta::hours(24);
/// How long one process keeps the others from a comparison, also when it was killed in the midst of it. Two at the same time do
/// no harm.
const LEASE: TimeDelta = TimeDelta::seconds(40);
/// Who was compared so lately is not compared again because the peer asks: it may only be asking back.
const JUST_NOW: TimeDelta = TimeDelta::seconds(5);

/// Every link that has no row gets one, due at once.
pub(super) fn enlist(tx: &mut Tx<'_>) -> Result<()> {
    let known = known(tx.conn())?;
    let mut linked = outbox::linked(tx.conn())?;
    linked.extend(inbox::linked(tx.conn())?);
    for peer in linked.into_iter().filter(|peer| !known.contains(peer)) {
        insert(tx, &peer)?;
    }
    Ok(())
}

/// Every peer that has a row.
pub(super) fn known(conn: &mut Conn) -> Result<BTreeSet<String>> {
    Ok(link_check::table.select(link_check::peer).load::<String>(conn)?.into_iter().collect())
}

fn insert(tx: &mut Tx<'_>, peer: &str) -> Result<()> {
    let row = (link_check::peer.eq(peer), link_check::due_at.eq(At::from(tx.now())), link_check::failures.eq(0));
    crate::store::each_backend!(tx.conn(), conn => diesel::insert_into(link_check::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(())
}

/// The node starts: every link is compared.
pub(super) fn all_due(tx: &mut Tx<'_>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(link_check::table.filter(link_check::due_at.gt(now)))
        .set((link_check::due_at.eq(now), link_check::failures.eq(0)))
        .execute(tx.conn())?;
    Ok(())
}

/// Comparisons that could not be done are made at once.
pub(super) fn retry(tx: &mut Tx<'_>) -> Result<()> {
    let now = At::from(tx.now());
    let failed = link_check::table.filter(link_check::failures.gt(0)).filter(link_check::due_at.gt(now));
    diesel::update(failed).set(link_check::due_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

/// Whoever held a comparison is no more.
pub(super) fn release_all(tx: &mut Tx<'_>) -> Result<()> {
    diesel::update(link_check::table.filter(link_check::lease_until.is_not_null()))
        .set(link_check::lease_until.eq(None::<At>))
        .execute(tx.conn())?;
    Ok(())
}

/// This link is compared as soon as may be.
pub(super) fn soon(tx: &mut Tx<'_>, peer: &EntityId) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(link_check::table.find(peer.as_str()).filter(link_check::due_at.gt(now)))
        .set((link_check::due_at.eq(now), link_check::failures.eq(0)))
        .execute(tx.conn())?;
    Ok(())
}

/// The peer asks how the link stands: it may have started anew, so this side asks back, if it did not ask just now.
pub(super) fn asked(tx: &mut Tx<'_>, peer: &EntityId) -> Result<()> {
    let (now, lately) = (At::from(tx.now()), At::from(tx.now() - JUST_NOW));
    let not_lately = link_check::checked_at.is_null().or(link_check::checked_at.le(lately));
    diesel::update(link_check::table.find(peer.as_str()).filter(link_check::due_at.gt(now)).filter(not_lately))
        .set((link_check::due_at.eq(now), link_check::failures.eq(0)))
        .execute(tx.conn())?;
    Ok(())
}

/// Takes the comparisons that are due, at most `limit`, so that no other process makes them.
pub(super) fn claim(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<EntityId>> {
    let now = tx.now();
    // A lease that ends later still, or a comparison that is farther off, is of a clock that ran ahead.
    let farther = At::from(now + EVERY * 2);
    let free = || {
        link_check::lease_until
            .is_null()
            .or(link_check::lease_until.le(At::from(now)))
            .or(link_check::lease_until.gt(At::from(now + LEASE + LEASE)))
    };
    let due: Vec<String> = link_check::table
        .filter(link_check::due_at.le(At::from(now)).or(link_check::due_at.gt(farther)))
        .filter(free())
        .order(link_check::due_at.asc())
        .limit(limit)
        .select(link_check::peer)
        .load(tx.conn())?;
    let mut claimed = Vec::new();
    for peer in due {
        let taken = diesel::update(link_check::table.find(&peer).filter(free()))
            .set(link_check::lease_until.eq(At::from(now + LEASE)))
            .execute(tx.conn())?;
        if taken == 1 {
            claimed.push(peer.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?);
        }
    }
    Ok(claimed)
}

/// The two sides were compared: again tomorrow.
pub(super) fn done(tx: &mut Tx<'_>, peer: &EntityId) -> Result<()> {
    let now = tx.now();
    diesel::update(link_check::table.find(peer.as_str()))
        .set((
            link_check::due_at.eq(At::from(now + EVERY)),
            link_check::checked_at.eq(At::from(now)),
            link_check::lease_until.eq(None::<At>),
            link_check::failures.eq(0),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// It could not be done: again at `at`.
pub(super) fn put_off(tx: &mut Tx<'_>, peer: &EntityId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(link_check::table.find(peer.as_str()))
        .set((
            link_check::due_at.eq(At::from(at)),
            link_check::lease_until.eq(None::<At>),
            link_check::failures.eq(link_check::failures + 1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// It waits for something of this node's own: again at `at`, and nothing has failed.
pub(super) fn again_at(tx: &mut Tx<'_>, peer: &EntityId, at: DateTime<Utc>) -> Result<()> {
    diesel::update(link_check::table.find(peer.as_str()))
        .set((link_check::due_at.eq(At::from(at)), link_check::lease_until.eq(None::<At>)))
        .execute(tx.conn())?;
    Ok(())
}

/// How often in a row it could not be done.
pub(super) fn failures(conn: &mut Conn, peer: &EntityId) -> Result<i32> {
    let found: Option<i32> =
        link_check::table.find(peer.as_str()).select(link_check::failures).first(conn).optional()?;
    Ok(found.unwrap_or(0))
}

/// When the next comparison falls due. One that another process makes, or made when it was killed, keeps no other waiting.
pub(super) fn next(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    let first =
        || link_check::table.order(link_check::due_at.asc()).select((link_check::due_at, link_check::lease_until));
    let free: Option<(At, Option<At>)> = first().filter(link_check::lease_until.is_null()).first(conn).optional()?;
    let held: Vec<(At, Option<At>)> = first().filter(link_check::lease_until.is_not_null()).load(conn)?;
    let due = |(due, lease): (At, Option<At>)| lease.map_or(due.0, |until| until.0.max(due.0));
    Ok(free.into_iter().chain(held).map(due).min())
}
