//! Settling: what a receipt, or the lack of one, means for a batch.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::problem::ItemCode;
use staffetta_protocol::receipt::{Item, Outcome, Receipt};
use uuid::Uuid;

use super::links;
use crate::error::Result;
use crate::grants;
use crate::journal::{self, Actor, Trouble};
use crate::store::schema::{link_out, outbox, receipt as stored};
use crate::store::{At, Id, Tx};
use crate::tasks::{self, Task};

/// What became of one message: told to the room that queued it.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The message.
    pub message: MessageId,
    /// Its type.
    pub kind: String,
    /// The local thread.
    pub thread: Option<Uuid>,
    /// What the receipt says; `Voided` too for what was settled without ever leaving. A void that came too late counts
    /// as what it was before: accepted.
    pub outcome: Outcome,
    /// Why, where there is more to say.
    pub code: Option<String>,
    /// From queueing to the receipt; nothing where no receipt came.
    pub waited: Option<TimeDelta>,
}

impl Settlement {
    /// Taken, and nothing more to say about it.
    pub fn simply_arrived(&self) -> bool {
        self.outcome == Outcome::Accepted && self.code.is_none()
    }
}

/// Believes a receipt that verified: settles every message that it names by (epoch, seq, digest), stores it, and frees
/// the link for the next batch. Whoever brings it: the batch's own answer, or a later one.
pub fn settle(
    tx: &mut Tx<'_>,
    peer: &EntityId,
    jws: &str,
    receipt: &Receipt,
    lease: Option<Uuid>,
    window: Option<u32>,
) -> Result<Vec<Settlement>> {
    let now = At::from(tx.now());
    let epoch = receipt.link.epoch as i32;
    let row = (
        stored::id.eq(Id(receipt.jti.0)),
        stored::peer.eq(peer.as_str()),
        stored::direction.eq("in"),
        stored::epoch.eq(epoch),
        stored::through_seq.eq(receipt.link.through_seq as i64),
        stored::jws.eq(jws),
        stored::digest.eq(Digest::of(jws).to_string()),
        stored::at.eq(now),
    );
    crate::store::each_backend!(tx.conn(), conn => diesel::insert_into(stored::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    if let Some(checkpoint) = &receipt.checkpoint
        && let Some(trouble) = journal::hear(tx, peer, checkpoint)?
    {
        history_differs(tx, peer, trouble)?;
    }
    let settled = settle_items(tx, peer, receipt)?;
    // The peer may have decided on more than it names, and what it does not name is not settled.
    let through = receipt.items.last().map_or(0, |item| item.seq.min(receipt.link.through_seq)) as i64;
    let behind = link_out::table.find(peer.as_str()).filter(link_out::epoch.eq(epoch));
    diesel::update(behind.filter(link_out::acked_seq.lt(through)))
        .set(link_out::acked_seq.eq(through))
        .execute(tx.conn())?;
    diesel::update(link_out::table.find(peer.as_str()))
        .set((
            link_out::failures.eq(0),
            link_out::failing_since.eq(None::<At>),
            link_out::failed_at.eq(None::<At>),
            link_out::stuck.eq(0),
            link_out::last_error.eq(None::<String>),
            link_out::next_attempt_at.eq(now),
        ))
        .execute(tx.conn())?;
    if let Some(window) = window {
        diesel::update(link_out::table.find(peer.as_str()))
            .set(link_out::peer_window.eq(window.clamp(1, 1000) as i32))
            .execute(tx.conn())?;
    }
    if let Some(token) = lease {
        links::release(tx, peer, token)?;
    }
    Ok(settled)
}

/// A partner's journal is not the one that it signed: its administrator and ours must talk.
pub fn history_differs(tx: &mut Tx<'_>, peer: &EntityId, trouble: Trouble) -> Result<()> {
    let kind = match trouble {
        Trouble::Withheld => tasks::Kind::HistoryWithheld,
        _ => tasks::Kind::HistoryRewritten,
    };
    // A log that was replaced may be a restore and may wait; what is worse than that is not to wait behind it.
    let waits = tasks::open_about(tx.conn(), kind, peer.as_str())?.and_then(|open| open.code);
    if trouble != Trouble::Replaced && waits.as_deref() == Some(Trouble::Replaced.as_str()) {
        tasks::close(tx, kind, peer.as_str(), Actor::System)?;
    }
    tasks::open(tx, Task::new(kind, peer).with(peer).code(trouble))?;
    Ok(())
}

/// An outbox row that a receipt names.
#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct Named {
    message: Id,
    seq: Option<i64>,
    digest: String,
    code: Option<String>,
    kind: String,
    thread: Option<Id>,
    queued_at: At,
    arrival: Option<String>,
    void_sent: bool,
    accepted: Option<Id>,
}

impl Named {
    /// What is believed of what the item says. Voided can be what went as a void. Of what went with its bytes it says that this
    /// id was voided before this node was restored from a copy, or it is not true: for either it is over like what was refused,
    /// and may have been read.
    fn believed(&self, item: &Item) -> Outcome {
        match item.outcome {
            Outcome::Voided if !self.void_sent => Outcome::Refused,
            said => said,
        }
    }

    /// What a receipt has said of the message itself, now or before: what was taken once was taken.
    fn arrival(&self, outcome: Outcome) -> Option<&str> {
        match (outcome, self.arrival.as_deref()) {
            (Outcome::Accepted, _) => Some("taken"),
            (Outcome::Refused, None) => Some("refused"),
            (_, before) => before,
        }
    }

    /// The receipt by which it was accepted first, this one or one before.
    fn accepted(&self, outcome: Outcome, receipt: &Receipt) -> Option<Id> {
        self.accepted.or((outcome == Outcome::Accepted).then_some(Id(receipt.jti.0)))
    }

    /// What it becomes by this item. A void keeps the reason for which it was sent: a message that ran out is told as
    /// expired, not as struck.
    fn becomes(&self, outcome: Outcome, item: &Item) -> (&'static str, Option<String>) {
        let said = match item.outcome {
            Outcome::Voided => Some(ItemCode::Voided.to_string()),
            _ => item.code.as_ref().map(ToString::to_string),
        };
        match (outcome, self.code.as_deref()) {
            (Outcome::Voided, Some("expired")) => ("expired", self.code.clone()),
            (Outcome::Voided, _) => ("struck", self.code.clone()),
            (Outcome::Accepted, _) => ("delivered", said),
            (Outcome::Refused, _) => ("refused", said),
        }
    }
}

/// Settles every message that the receipt names by number and digest. Those that were simply taken, and for the first time,
/// which is nearly all of them, in one statement.
fn settle_items(tx: &mut Tx<'_>, peer: &EntityId, receipt: &Receipt) -> Result<Vec<Settlement>> {
    let (now, mut named) = (At::from(tx.now()), named(tx, peer, receipt)?);
    let (mut taken, mut accepted, mut settled) = (Vec::new(), Vec::new(), Vec::new());
    for item in &receipt.items {
        let Some(before) = named.remove(&(item.seq as i64)) else { continue };
        if before.digest != item.digest.to_string() {
            continue;
        }
        let (id, outcome) = (MessageId(before.message.0), before.believed(item));
        let (state, code) = before.becomes(outcome, item);
        match outcome {
            Outcome::Accepted => accepted.push(id),
            Outcome::Refused | Outcome::Voided => grants::free(tx, id)?,
        }
        if (state, &code) == ("delivered", &None) && before.accepted.is_none() {
            taken.push(before.message);
        } else {
            diesel::update(outbox::table.find(before.message))
                .set((
                    outbox::state.eq(state),
                    outbox::code.eq(&code),
                    outbox::receipt.eq(Id(receipt.jti.0)),
                    outbox::settled_at.eq(now),
                    outbox::arrival.eq(before.arrival(outcome)),
                    outbox::accepted.eq(before.accepted(outcome, receipt)),
                ))
                .execute(tx.conn())?;
        }
        settled.push(Settlement {
            message: id,
            kind: before.kind,
            thread: before.thread.map(|id| id.0),
            outcome,
            code,
            waited: Some(tx.now() - before.queued_at.0),
        });
    }
    diesel::update(outbox::table.filter(outbox::message.eq_any(taken)))
        .set((
            outbox::state.eq("delivered"),
            outbox::code.eq(None::<String>),
            outbox::receipt.eq(Id(receipt.jti.0)),
            outbox::settled_at.eq(now),
            outbox::arrival.eq("taken"),
            outbox::accepted.eq(Id(receipt.jti.0)),
        ))
        .execute(tx.conn())?;
    grants::spend(tx, &accepted)?;
    Ok(settled)
}

/// What has no receipt yet of the numbers that this one spans.
fn named(tx: &mut Tx<'_>, peer: &EntityId, receipt: &Receipt) -> Result<HashMap<i64, Named>> {
    let numbers = || receipt.items.iter().map(|item| item.seq as i64);
    let (Some(first), Some(last)) = (numbers().min(), numbers().max()) else { return Ok(HashMap::new()) };
    let rows: Vec<Named> = outbox::table
        .filter(outbox::peer.eq(peer.as_str()))
        .filter(outbox::epoch.eq(receipt.link.epoch as i32))
        .filter(outbox::seq.between(first, last))
        .filter(outbox::state.eq_any(["queued", "void"]))
        .select(Named::as_select())
        .load(tx.conn())?;
    Ok(rows.into_iter().filter_map(|row| Some((row.seq?, row))).collect())
}

/// How an attempt failed without a receipt.
#[derive(Debug, Clone)]
pub struct Failure {
    /// For the administrator; nothing of the content.
    pub why: String,
    /// When to try again.
    pub retry_at: DateTime<Utc>,
    /// Whether it counts as a failure of the link; a peer that asked to wait has not failed.
    pub counts: bool,
}

/// Notes a failed attempt and frees the link for later, if the lease is still ours.
pub fn fail(tx: &mut Tx<'_>, peer: &EntityId, token: Uuid, failure: &Failure) -> Result<()> {
    if !links::release(tx, peer, token)? {
        return Ok(());
    }
    diesel::update(link_out::table.find(peer.as_str()))
        .set((link_out::next_attempt_at.eq(At::from(failure.retry_at)), link_out::last_error.eq(&failure.why)))
        .execute(tx.conn())?;
    count(tx, peer, failure)
}

/// Puts a link off that was not even tried: the peer has no live chain, or is limited.
pub fn postpone(tx: &mut Tx<'_>, peer: &EntityId, failure: &Failure) -> Result<()> {
    let now = At::from(tx.now());
    let idle =
        link_out::table.find(peer.as_str()).filter(link_out::lease_until.is_null().or(link_out::lease_until.le(now)));
    let put_off = diesel::update(idle)
        .set((link_out::next_attempt_at.eq(At::from(failure.retry_at)), link_out::last_error.eq(&failure.why)))
        .execute(tx.conn())?;
    if put_off == 1 { count(tx, peer, failure) } else { Ok(()) }
}

/// How long failures of one link count as one, however often the peer's calls wake it meanwhile.
const WINDOW: TimeDelta = TimeDelta::minutes(1);

/// Counts a failure: a window of them counts once. The window is no longer than half of what the link waits anyway, so
/// that an attempt that fell due by itself always counts.
fn count(tx: &mut Tx<'_>, peer: &EntityId, failure: &Failure) -> Result<()> {
    if !failure.counts {
        return Ok(());
    }
    let now = tx.now();
    let window = WINDOW.min((failure.retry_at - now) / 2);
    let row = link_out::table.find(peer.as_str());
    let counted =
        diesel::update(row.filter(link_out::failed_at.is_null().or(link_out::failed_at.le(At::from(now - window)))))
            .set((link_out::failures.eq(link_out::failures + 1), link_out::failed_at.eq(At::from(now))))
            .execute(tx.conn())?;
    if counted == 1 {
        diesel::update(row.filter(link_out::failing_since.is_null()))
            .set(link_out::failing_since.eq(At::from(now)))
            .execute(tx.conn())?;
    }
    Ok(())
}

/// Notes that the peer asked to wait, and whether because it failed inside. How often in a row it did.
pub fn busy(tx: &mut Tx<'_>, peer: &EntityId, token: Uuid, wait: &Failure, inside: bool) -> Result<i32> {
    fail(tx, peer, token, wait)?;
    let row = link_out::table.find(peer.as_str());
    if !inside {
        return Ok(0);
    }
    let stuck = diesel::update(row).set(link_out::stuck.eq(link_out::stuck + 1)).returning(link_out::stuck);
    Ok(stuck.get_result::<i32>(tx.conn()).optional()?.unwrap_or(0))
}

/// The pause after that many failures in a row: seconds at first, growing gently, 15 minutes at most, and a fifth more
/// or less so that many links do not knock at once.
pub fn pause(failures: i32, first: TimeDelta, growth: f64, longest: TimeDelta) -> TimeDelta {
    let plain = first.num_milliseconds() as f64 * growth.powi(failures.clamp(0, 60));
    let bounded = plain.min(longest.num_milliseconds() as f64);
    let mut byte = [128u8];
    // Without randomness every pause is the plain one: still correct, only less spread out.
    let _ = aws_lc_rs::rand::fill(&mut byte);
    let spread = 0.8 + 0.4 * f64::from(byte[0]) / 255.0;
    TimeDelta::milliseconds((bounded * spread).min(longest.num_milliseconds() as f64) as i64)
}
