//! The outbound side of links: one row a peer.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::receipt::Outcome;
use uuid::Uuid;

use super::settle::Settlement;
use crate::error::{Error, Result};
use crate::grants;
use crate::store::schema::{link_out, outbox};
use crate::store::{At, Conn, Id, Steady, Tx, each_backend};
use crate::tasks::{self, Task};
use crate::vault::Subject;

/// The stream to one peer.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = link_out)]
pub struct LinkRow {
    /// The peer's entity id.
    pub peer: String,
    /// From 1; grows when the peer knows more than this node remembers having given.
    pub epoch: i32,
    /// Highest number given.
    pub given_seq: i64,
    /// Highest number receipted.
    pub acked_seq: i64,
    /// How many items the peer takes in one batch.
    pub peer_window: i32,
    /// Who holds the lease.
    pub lease_token: Option<Id>,
    /// Until when.
    pub lease_until: Option<At>,
    /// Not before.
    pub next_attempt_at: At,
    /// Attempts that failed in a row.
    pub failures: i32,
    /// Since when.
    pub failing_since: Option<At>,
    /// Why the last one failed.
    pub last_error: Option<String>,
    /// When a failure was counted last.
    pub failed_at: Option<At>,
    /// How often in a row the peer failed inside on what it was sent.
    pub stuck: i32,
}

impl LinkRow {
    /// Until when a batch is under way at the longest, if one is.
    pub fn leased_until(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.lease_until.map(|until| until.0).filter(|until| *until > now && *until <= now + BEYOND_LEASES)
    }
}

/// No lease is that long, and no pause: what ends later still was written by a clock that ran ahead, and does not count.
const BEYOND_LEASES: TimeDelta = TimeDelta::minutes(15);
/// The longest pause is the hour of a peer that fetches by itself.
const BEYOND_PAUSES: TimeDelta = TimeDelta::hours(2);

/// The row of a link, if anything was ever queued for the peer.
pub fn link(conn: &mut Conn, peer: &EntityId) -> Result<Option<LinkRow>> {
    Ok(link_out::table.find(peer.as_str()).select(LinkRow::as_select()).first(conn).optional()?)
}

/// Numbers the queue of a link, so that order does not depend on clocks. Makes the row on first use.
pub(super) fn next_queue_number(tx: &mut Tx<'_>, peer: &EntityId) -> Result<i64> {
    let counted = |tx: &mut Tx<'_>| {
        let next = diesel::update(link_out::table.find(peer.as_str()))
            .set(link_out::queued.eq(link_out::queued + 1))
            .returning(link_out::queued);
        each_backend!(tx.conn(), conn => Steady(next).get_result::<i64>(conn).optional())
    };
    if let Some(number) = counted(tx)? {
        return Ok(number);
    }
    make(tx, peer)?;
    counted(tx)?.ok_or_else(|| Error::internal("the link row just made is not there"))
}

/// The row of a link to which nothing was given yet, if it has none.
pub(super) fn make(tx: &mut Tx<'_>, peer: &EntityId) -> Result<()> {
    let now = At::from(tx.now());
    let row = (
        link_out::peer.eq(peer.as_str()),
        link_out::epoch.eq(1),
        link_out::given_seq.eq(0),
        link_out::acked_seq.eq(0),
        link_out::queued.eq(0),
        link_out::peer_window.eq(staffetta_protocol::link::DEFAULT_WINDOW as i32),
        link_out::next_attempt_at.eq(now),
        link_out::failures.eq(0),
        link_out::stuck.eq(0),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(link_out::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(())
}

/// Links that have something to send and may be tried at `now`, and when the next one falls due after that.
pub fn due(conn: &mut Conn, now: DateTime<Utc>) -> Result<(Vec<EntityId>, Option<DateTime<Utc>>)> {
    let at = At::from(now);
    let (no_pause, no_lease) = (At::from(now + BEYOND_PAUSES), At::from(now + BEYOND_LEASES));
    let waiting = || {
        diesel::dsl::exists(
            outbox::table.filter(outbox::peer.eq(link_out::peer)).filter(outbox::state.eq_any(["queued", "void"])),
        )
    };
    let ready: Vec<String> = link_out::table
        .filter(waiting())
        .filter(link_out::next_attempt_at.le(at).or(link_out::next_attempt_at.gt(no_pause)))
        .filter(link_out::lease_until.is_null().or(link_out::lease_until.le(at)).or(link_out::lease_until.gt(no_lease)))
        .order(link_out::next_attempt_at)
        .select(link_out::peer)
        .load(conn)?;
    let later: Vec<(At, Option<At>)> =
        link_out::table.filter(waiting()).select((link_out::next_attempt_at, link_out::lease_until)).load(conn)?;
    let next = later
        .into_iter()
        .map(|(attempt, lease)| lease.map_or(attempt.0, |until| until.0.max(attempt.0)))
        .filter(|due| *due > now)
        .min();
    let peers = ready
        .into_iter()
        .map(|peer| peer.parse().map_err(|_| Error::internal("a stored entity id does not parse")))
        .collect::<Result<_>>()?;
    Ok((peers, next))
}

/// Every peer for which anything was ever queued.
pub fn linked(conn: &mut Conn) -> Result<Vec<String>> {
    Ok(link_out::table.select(link_out::peer).load(conn)?)
}

/// Whether the link waits for later: only then is there anything to wake.
pub fn is_asleep(conn: &mut Conn, peer: &EntityId, now: DateTime<Utc>) -> Result<bool> {
    let asleep = link_out::table.find(peer.as_str()).filter(link_out::next_attempt_at.gt(At::from(now)));
    Ok(diesel::select(diesel::dsl::exists(asleep)).get_result(conn)?)
}

/// What a clock that was ahead wrote about links is put right: no pause lasts longer than `longest`, and what would is over.
pub fn mend_timers(tx: &mut Tx<'_>, longest: TimeDelta) -> Result<()> {
    let (now, far) = (At::from(tx.now()), At::from(tx.now() + longest));
    diesel::update(link_out::table.filter(link_out::next_attempt_at.gt(far)))
        .set(link_out::next_attempt_at.eq(now))
        .execute(tx.conn())?;
    diesel::update(link_out::table.filter(link_out::lease_until.gt(far)))
        .set((link_out::lease_token.eq(None::<Id>), link_out::lease_until.eq(None::<At>)))
        .execute(tx.conn())?;
    diesel::update(link_out::table.filter(link_out::failed_at.gt(now)))
        .set((link_out::failed_at.eq(None::<At>), link_out::failing_since.eq(None::<At>)))
        .execute(tx.conn())?;
    Ok(())
}

/// A sign of life of the peer: the link may be tried at once.
pub fn wake(tx: &mut Tx<'_>, peer: &EntityId) -> Result<()> {
    let now = At::from(tx.now());
    let waits = link_out::table.find(peer.as_str()).filter(link_out::next_attempt_at.gt(now));
    let woken = diesel::update(waits).set(link_out::next_attempt_at.eq(now)).returning(link_out::next_attempt_at);
    each_backend!(tx.conn(), conn => Steady(woken).get_result::<At>(conn).optional())?;
    Ok(())
}

/// A process starts: every link may be tried at once. `alone`: no other process serves this database, so whoever held a
/// lease is no more.
pub fn begin(tx: &mut Tx<'_>, alone: bool) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(link_out::table.filter(link_out::next_attempt_at.gt(now)))
        .set(link_out::next_attempt_at.eq(now))
        .execute(tx.conn())?;
    if alone {
        diesel::update(link_out::table.filter(link_out::lease_until.is_not_null()))
            .set((link_out::lease_token.eq(None::<Id>), link_out::lease_until.eq(None::<At>)))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Takes the lease if it is free and the link is due. `None`: somebody else has it, or it is too early.
pub(super) fn take(tx: &mut Tx<'_>, peer: &EntityId, until: DateTime<Utc>) -> Result<Option<(Uuid, LinkRow)>> {
    let now = At::from(tx.now());
    let (no_pause, no_lease) = (At::from(tx.now() + BEYOND_PAUSES), At::from(tx.now() + BEYOND_LEASES));
    let token = Uuid::new_v4();
    let taken = diesel::update(
        link_out::table
            .find(peer.as_str())
            .filter(link_out::next_attempt_at.le(now).or(link_out::next_attempt_at.gt(no_pause)))
            .filter(
                link_out::lease_until
                    .is_null()
                    .or(link_out::lease_until.le(now))
                    .or(link_out::lease_until.gt(no_lease)),
            ),
    )
    .set((link_out::lease_token.eq(Id(token)), link_out::lease_until.eq(At::from(until))))
    .execute(tx.conn())?;
    if taken == 0 {
        return Ok(None);
    }
    Ok(link(tx.conn(), peer)?.map(|row| (token, row)))
}

/// Holds the lease for longer, if it is still ours and the stream goes on as it was.
pub(super) fn prolong(
    tx: &mut Tx<'_>,
    peer: &EntityId,
    token: Uuid,
    epoch: u32,
    until: DateTime<Utc>,
) -> Result<Option<LinkRow>> {
    let mine = link_out::table.find(peer.as_str()).filter(link_out::lease_token.eq(Id(token)));
    let same = mine.filter(link_out::epoch.eq(epoch as i32));
    let held = diesel::update(same).set(link_out::lease_until.eq(At::from(until)));
    Ok(each_backend!(tx.conn(), conn => {
        Steady(held.returning(LinkRow::as_returning())).get_result(conn).optional()
    })?)
}

/// Gives the lease back, if it is still ours.
pub(super) fn release(tx: &mut Tx<'_>, peer: &EntityId, token: Uuid) -> Result<bool> {
    let mine = link_out::table.find(peer.as_str()).filter(link_out::lease_token.eq(Id(token)));
    let released = diesel::update(mine)
        .set((link_out::lease_token.eq(None::<Id>), link_out::lease_until.eq(None::<At>)))
        .execute(tx.conn())?;
    Ok(released == 1)
}

/// Remembers that the peer takes smaller batches.
pub fn shrink(tx: &mut Tx<'_>, peer: &EntityId, items: u32) -> Result<()> {
    diesel::update(link_out::table.find(peer.as_str()))
        .set(link_out::peer_window.eq(items as i32))
        .execute(tx.conn())?;
    Ok(())
}

/// Strikes what is unsettled for a member that is out of the network, at most `limit` messages in the order of their queue, and
/// says what that was: whoever gets as many asks again. What would have told it of a withdrawal becomes a task: somebody must
/// tell it another way. What was struck is settled, so a process that dies between two rounds leaves the rest to the next one.
pub fn abandon(tx: &mut Tx<'_>, peer: &EntityId, limit: i64) -> Result<Vec<Settlement>> {
    const CODE: &str = "member_out";
    let now = At::from(tx.now());
    let unsettled =
        || outbox::table.filter(outbox::peer.eq(peer.as_str())).filter(outbox::state.eq_any(["queued", "void"]));
    let struck: Vec<(Id, String, Option<Id>, Option<Id>)> = unsettled()
        .order((outbox::priority, outbox::queue_no))
        .limit(limit)
        .select((outbox::message, outbox::kind, outbox::thread, outbox::subject))
        .load(tx.conn())?;
    let these: Vec<Id> = struck.iter().map(|(message, ..)| *message).collect();
    diesel::update(unsettled().filter(outbox::message.eq_any(these)))
        .set((
            outbox::state.eq("struck"),
            outbox::code.eq(CODE),
            outbox::sealed.eq(None::<Vec<u8>>),
            outbox::settled_at.eq(now),
        ))
        .execute(tx.conn())?;
    for (message, kind, _, subject) in &struck {
        grants::free(tx, MessageId(message.0))?;
        if kind.starts_with("consent.") {
            let owed = Task::new(tasks::Kind::RecallOwedToMemberOut, message.0).with(peer).code(kind);
            tasks::open(tx, subject.iter().fold(owed, |owed, subject| owed.about(Subject(subject.0))))?;
        }
    }
    let told = struck.into_iter().map(|(message, kind, thread, _)| Settlement {
        message: MessageId(message.0),
        kind,
        thread: thread.map(|id| id.0),
        outcome: Outcome::Voided,
        code: Some(CODE.to_owned()),
        waited: None,
    });
    Ok(told.collect())
}
