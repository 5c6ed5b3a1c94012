//! Leasing: what goes in the next batch of a link, decided in one short transaction.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use staffetta_protocol::link::{Batch, Item, Void, VoidReason};
use staffetta_protocol::receipt::Outcome;
use uuid::Uuid;

use super::anew;
use super::expiry::{self, RanOut};
use super::links::{self, LinkRow};
use super::queue::place;
use super::settle::Settlement;
use crate::error::{Error, Result};
use crate::grants::{self, Grounds, Resting};
use crate::store::schema::{link_out, outbox};
use crate::store::{At, Id, Steady, Tx, each_backend};
use crate::vault::{Place, Vault};

/// A batch under way.
#[derive(Debug)]
pub struct Leased {
    /// Proof of the lease.
    pub token: Uuid,
    /// For whom.
    pub peer: EntityId,
    /// What to send.
    pub batch: Batch,
    /// Since when the link has been failing, if it has.
    pub failing_since: Option<DateTime<Utc>>,
}

/// How much one batch may carry.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Items, at most; the peer's own window may be smaller.
    pub items: u32,
    /// Bytes of messages, at most; one item always fits.
    pub bytes: usize,
    /// How long the lease holds: longer than the longest request.
    pub lease: TimeDelta,
    /// One of the two nodes is limited: only withdrawals and their answers get a number, and without one of them nothing
    /// goes. What has a number already goes before a withdrawal, since the stream has no gaps.
    pub only_recall: bool,
    /// Whether our clock is confirmed: by one that is not, nothing runs out and nothing is struck for having run out.
    pub time_holds: bool,
}

/// Which batch of a link it is.
#[derive(Debug, Clone, Copy)]
pub enum Turn {
    /// The first: the link is taken if it is due and nobody has it.
    First,
    /// The one that follows, under the same lease: the peer took what was sent up to this number, and while the next batch
    /// is under way its receipt is written.
    After {
        /// Proof of the lease.
        token: Uuid,
        /// Of the numbers.
        epoch: u32,
        /// The last number that was taken.
        through: u64,
    },
}

impl Turn {
    /// The number after which this batch begins.
    fn through(self) -> i64 {
        match self {
            Self::First => 0,
            Self::After { through, .. } => through as i64,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
pub(super) struct Row {
    pub(super) message: Id,
    kind: String,
    ground: String,
    thread: Option<Id>,
    record: Option<Id>,
    record_seq: Option<i32>,
    pub(super) seq: Option<i64>,
    digest: String,
    pub(super) size: i32,
    state: String,
    code: Option<String>,
    queued_at: At,
    expires_at: Option<At>,
    may_have_left: bool,
}

impl Row {
    fn resting(&self) -> Resting {
        Resting {
            record: self.record.zip(self.record_seq).map(|(record, seq)| (RecordId(record.0), seq as u32)),
            reply_in: self.thread.filter(|_| self.ground == "reply").map(|id| id.0),
            duty: self.thread.filter(|_| self.ground.starts_with("duty:")).map(|_| MessageId(self.message.0)),
        }
    }
}

/// Leases the next batch of a link. Every message's ground is judged again; what no longer holds is struck, or goes as
/// a void if it has a number. `None`: the link is not due, somebody else has it, or nothing is left to send; a lease that goes
/// on is then given back by whoever writes the receipt.
///
/// What ran out or was struck before it had a number is settled here and told with the batch: no receipt will come.
pub fn lease(
    tx: &mut Tx<'_>,
    vault: &Vault,
    peer: &EntityId,
    bounds: Bounds,
    turn: Turn,
) -> Result<(Option<Leased>, Vec<Settlement>)> {
    let until = tx.now() + bounds.lease;
    let taken = match turn {
        Turn::First => links::take(tx, peer, until)?,
        Turn::After { token, epoch, .. } => links::prolong(tx, peer, token, epoch, until)?.map(|link| (token, link)),
    };
    let Some((token, link)) = taken else { return Ok((None, Vec::new())) };
    let ran_out = if bounds.time_holds { expiry::expire_for(tx, peer, turn.through())? } else { RanOut::default() };
    let mut unsent = ran_out.settled;
    if ran_out.more || (bounds.only_recall && !recall_waits(tx, peer, turn.through())?) {
        give_back(tx, peer, token, turn)?;
        return Ok((None, unsent));
    }
    let window = bounds.items.min(link.peer_window.max(1) as u32) as usize;
    let mut batch = Filling::new(Bounds { items: window as u32, ..bounds });
    let numbered = numbered(tx, peer, turn.through(), window)?;
    let last = numbered.last().and_then(|row| row.seq);
    let given = batch.fitting(numbered);
    let mut said = unsealed(tx, vault, &given)?;
    for row in given {
        let seq = row.seq.ok_or_else(|| Error::internal("a numbered message has a number"))?;
        let joins = batch.items.last().is_none_or(|before| before.seq + 1 == seq as u64);
        if !joins || batch.waits_for_time(tx, &row)? {
            break;
        }
        let item = batch.item_of(tx, &row, seq as u64, said.remove(&row.message.0))?;
        batch.push(item, row.size);
    }
    // New numbers follow only on the last one that was given: a batch has no gaps.
    let mut more = last
        .is_none_or(|last| last == link.given_seq && batch.items.last().is_some_and(|item| item.seq == last as u64));
    while more {
        let struck = number_more(tx, vault, peer, &link, &mut batch)?;
        more = batch.items.is_empty() && !struck.is_empty();
        unsent.extend(struck);
    }
    if batch.items.is_empty() {
        give_back(tx, peer, token, turn)?;
    }
    Ok((batch.leased(token, peer, &link), unsent))
}

fn give_back(tx: &mut Tx<'_>, peer: &EntityId, token: Uuid, turn: Turn) -> Result<()> {
    if matches!(turn, Turn::First) {
        links::release(tx, peer, token)?;
    }
    Ok(())
}

/// A batch being filled within its bounds.
pub(super) struct Filling {
    pub(super) items: Vec<Item>,
    pub(super) bytes: usize,
    pub(super) bounds: Bounds,
    grounds: Grounds,
}

impl Filling {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self { items: Vec::new(), bytes: 0, bounds, grounds: Grounds::default() }
    }

    fn leased(self, token: Uuid, peer: &EntityId, link: &LinkRow) -> Option<Leased> {
        let batch = Batch { epoch: link.epoch as u32, items: self.items };
        let failing_since = link.failing_since.map(|at| at.0);
        (!batch.items.is_empty()).then(|| Leased { token, peer: peer.clone(), batch, failing_since })
    }

    /// As many of these rows, from the first, as there is room for: only their bytes are read. One always fits in an
    /// empty batch.
    pub(super) fn fitting(&self, mut rows: Vec<Row>) -> Vec<Row> {
        let (mut items, mut bytes) = (self.items.len(), self.bytes);
        let fits = |row: &Row| {
            bytes += row.size as usize;
            items += 1;
            items == 1 || (bytes <= self.bounds.bytes && items <= self.bounds.items as usize)
        };
        let count = rows.iter().map(fits).take_while(|fits| *fits).count();
        rows.truncate(count);
        rows
    }

    /// Whether time alone would end this message now, and the time is not sure. It stays where it is.
    pub(super) fn waits_for_time(&mut self, tx: &mut Tx<'_>, row: &Row) -> Result<bool> {
        if self.bounds.time_holds || row.state == "void" {
            return Ok(false);
        }
        let over = row.expires_at.is_some_and(|end| end.0 <= tx.now());
        Ok(over || !self.holds(tx, row)?)
    }

    fn holds(&mut self, tx: &mut Tx<'_>, row: &Row) -> Result<bool> {
        let now = tx.now();
        self.grounds.still_hold(tx.conn(), row.resting(), now)
    }

    pub(super) fn push(&mut self, item: Item, size: i32) {
        self.items.push(item);
        self.bytes += size as usize;
    }

    /// The item under a number that was given earlier: the same bytes again, or a void if it may no longer leave.
    pub(super) fn item_of(&mut self, tx: &mut Tx<'_>, row: &Row, seq: u64, said: Option<String>) -> Result<Item> {
        let reason = match (row.state.as_str(), row.code.as_deref()) {
            ("void", Some("expired")) => Some(VoidReason::Expired),
            ("void", Some("not_held")) => Some(VoidReason::NotHeld),
            ("void", _) => Some(VoidReason::Struck),
            _ if !self.holds(tx, row)? => Some(VoidReason::Struck),
            _ if said.is_none() => Some(VoidReason::NotHeld),
            _ => None,
        };
        match reason {
            Some(reason) => Ok(Item { seq, message: None, void: Some(void(tx, row, reason)?) }),
            None => Ok(Item { seq, message: said, void: None }),
        }
    }
}

/// Gives numbers to what has none yet, as far as the batch has room.
pub(super) fn number_more(
    tx: &mut Tx<'_>,
    vault: &Vault,
    peer: &EntityId,
    link: &LinkRow,
    batch: &mut Filling,
) -> Result<Vec<Settlement>> {
    let mut unsent = Vec::new();
    let room = (batch.bounds.items as usize).saturating_sub(batch.items.len());
    let mut given = link.given_seq;
    let fitting = batch.fitting(unnumbered(tx, peer, room, batch.bounds.only_recall)?);
    let mut said = unsealed(tx, vault, &fitting)?;
    // Nothing overtakes in a thread, whatever one of its messages waits for.
    let mut waits = HashSet::new();
    for row in fitting {
        if row.thread.is_some_and(|thread| waits.contains(&thread.0)) {
            continue;
        }
        if batch.waits_for_time(tx, &row)? {
            waits.extend(row.thread.map(|thread| thread.0));
            continue;
        }
        // Nothing overtakes what was signed by a clock that was ahead: it is signed anew first.
        if !row.may_have_left && anew::is_ahead(row.queued_at.0, tx.now()) {
            break;
        }
        let message = said.remove(&row.message.0);
        // Whoever may have it hears what became of it: under a new number, if it had one that is nobody's any more.
        if row.may_have_left {
            if !number(tx, &row, link, given + 1)? {
                continue;
            }
            given += 1;
            let item = batch.item_of(tx, &row, given as u64, message)?;
            batch.push(item, row.size);
            continue;
        }
        if !batch.holds(tx, &row)? {
            unsent.push(settle_unsent(tx, &row, "struck", "consent_not_valid")?);
            continue;
        }
        let Some(message) = message else {
            unsent.push(settle_unsent(tx, &row, "struck", "not_held")?);
            continue;
        };
        if !number(tx, &row, link, given + 1)? {
            continue;
        }
        given += 1;
        batch.push(Item { seq: given as u64, message: Some(message), void: None }, row.size);
    }
    if given != link.given_seq {
        diesel::update(link_out::table.find(peer.as_str())).set(link_out::given_seq.eq(given)).execute(tx.conn())?;
    }
    Ok(unsent)
}

/// Gives a row its number, unless it was struck, or ran out, since it was read: on PostgreSQL another act may have done that
/// meanwhile, and what was taken back there must not leave here.
fn number(tx: &mut Tx<'_>, row: &Row, link: &LinkRow, seq: i64) -> Result<bool> {
    let as_read = outbox::table.find(row.message).filter(outbox::state.eq(&row.state)).filter(outbox::seq.is_null());
    let numbered = diesel::update(as_read)
        .set((outbox::epoch.eq(link.epoch), outbox::seq.eq(seq), outbox::may_have_left.eq(true)))
        .returning(outbox::message);
    Ok(each_backend!(tx.conn(), conn => Steady(numbered).get_result::<Id>(conn).optional())?.is_some())
}

/// Turns a message into the word that it will not come.
fn void(tx: &mut Tx<'_>, row: &Row, reason: VoidReason) -> Result<Void> {
    let code = match reason {
        VoidReason::Struck => "struck",
        VoidReason::Expired => "expired",
        VoidReason::NotHeld => "not_held",
    };
    let unsettled = outbox::table.find(row.message).filter(outbox::state.eq_any(["queued", "void"]));
    diesel::update(unsettled)
        .set((
            outbox::state.eq("void"),
            outbox::code.eq(code),
            outbox::sealed.eq(None::<Vec<u8>>),
            outbox::void_sent.eq(true),
        ))
        .execute(tx.conn())?;
    let digest: Digest = row.digest.parse().map_err(|_| Error::internal("a stored digest does not parse"))?;
    Ok(Void { id: MessageId(row.message.0), digest, reason })
}

/// The frozen bytes of these messages, of those that are kept and whose subject's key is there.
pub(super) fn unsealed(tx: &mut Tx<'_>, vault: &Vault, rows: &[Row]) -> Result<HashMap<Uuid, String>> {
    let found: Vec<(Id, Option<Vec<u8>>)> = outbox::table
        .filter(outbox::message.eq_any(rows.iter().map(|row| row.message)))
        .select((outbox::message, outbox::sealed))
        .load(tx.conn())?;
    let kept: Vec<(Place, Vec<u8>)> =
        found.into_iter().filter_map(|(id, sealed)| Some((place(id.0), sealed?))).collect();
    let mut said = HashMap::with_capacity(kept.len());
    for ((place, _), bytes) in kept.iter().zip(vault.open_all(tx.conn(), &kept)?) {
        if let Some(bytes) = bytes {
            said.insert(place.row, String::from_utf8(bytes.to_vec()).map_err(Error::internal)?);
        }
    }
    Ok(said)
}

/// What has a number after this one and no receipt, in the order of the numbers.
pub(super) fn numbered(tx: &mut Tx<'_>, peer: &EntityId, through: i64, limit: usize) -> Result<Vec<Row>> {
    Ok(outbox::table
        .filter(outbox::peer.eq(peer.as_str()))
        .filter(outbox::state.eq_any(["queued", "void"]))
        .filter(outbox::seq.gt(through))
        .order(outbox::seq.asc())
        .limit(limit as i64)
        .select(Row::as_select())
        .load(tx.conn())?)
}

/// What waits for a number, in the order in which it gets one; of a limited link only withdrawals and their answers.
fn unnumbered(tx: &mut Tx<'_>, peer: &EntityId, limit: usize, only_recall: bool) -> Result<Vec<Row>> {
    let mut waiting = outbox::table
        .filter(outbox::peer.eq(peer.as_str()))
        .filter(outbox::state.eq_any(["queued", "void"]))
        .filter(outbox::seq.is_null())
        .order((outbox::priority.asc(), outbox::queue_no.asc()))
        .limit(limit as i64)
        .select(Row::as_select())
        .into_boxed();
    if only_recall {
        waiting = waiting.filter(outbox::kind.like("consent.%"));
    }
    Ok(waiting.load(tx.conn())?)
}

/// Whether a withdrawal or an answer to one waits to leave, after this number or without one.
pub(super) fn recall_waits(tx: &mut Tx<'_>, peer: &EntityId, through: i64) -> Result<bool> {
    let waiting = outbox::table
        .filter(outbox::peer.eq(peer.as_str()))
        .filter(outbox::seq.is_null().or(outbox::seq.gt(through)))
        .filter(outbox::state.eq("queued"))
        .filter(outbox::kind.like("consent.%"));
    Ok(diesel::select(diesel::dsl::exists(waiting)).get_result(tx.conn())?)
}

fn settle_unsent(tx: &mut Tx<'_>, row: &Row, state: &str, code: &str) -> Result<Settlement> {
    let now = At::from(tx.now());
    diesel::update(outbox::table.find(row.message))
        .set((
            outbox::state.eq(state),
            outbox::code.eq(code),
            outbox::sealed.eq(None::<Vec<u8>>),
            outbox::settled_at.eq(now),
        ))
        .execute(tx.conn())?;
    grants::free(tx, MessageId(row.message.0))?;
    Ok(Settlement {
        message: MessageId(row.message.0),
        kind: row.kind.clone(),
        thread: row.thread.map(|id| id.0),
        outcome: Outcome::Voided,
        code: Some(code.to_owned()),
        waited: None,
    })
}
