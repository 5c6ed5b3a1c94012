//! Rows of the inbound side.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::message::MAX_DAYS;
use staffetta_protocol::problem::ItemCode;
use staffetta_protocol::receipt::{Outcome, Receipt};
use uuid::Uuid;

use super::open::Opened;
use crate::error::{Error, Result};
use crate::store::schema::{inbox_item, known_message, link_in, receipt as stored};
use crate::store::{At, Conn, Id, Steady, Tx, each_backend, insert_rows};
use crate::vault::Subject;

/// What was decided about an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) outcome: Outcome,
    pub(super) code: Option<ItemCode>,
}

impl Decided {
    pub(super) fn refused(code: ItemCode) -> Self {
        Self { outcome: Outcome::Refused, code: Some(code) }
    }

    /// What does not verify may name any id: remembering it would let a forger spoil the id of a real message. Only the
    /// number remembers it.
    pub(super) fn is_remembered(&self) -> bool {
        self.code != Some(ItemCode::MessageInvalid)
    }

    fn parse(outcome: &str, code: Option<String>) -> Result<Self> {
        let outcome = match outcome {
            "accepted" => Outcome::Accepted,
            "refused" => Outcome::Refused,
            "voided" => Outcome::Voided,
            _ => return Err(Error::internal("unknown outcome in the database")),
        };
        Ok(Self { outcome, code: code.map(ItemCode::from) })
    }

    fn outcome_text(&self) -> &'static str {
        match self.outcome {
            Outcome::Accepted => "accepted",
            Outcome::Refused => "refused",
            Outcome::Voided => "voided",
        }
    }

    fn code_text(&self) -> Option<String> {
        self.code.as_ref().map(ToString::to_string)
    }
}

/// How far the stream from one peer has come.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = link_in)]
pub(super) struct LinkRow {
    pub(super) epoch: i32,
    pub(super) through_seq: i64,
}

/// Begins the receiver's transaction: an update of the inbound link row, so that two processes cannot both go on, and
/// what is expected is read after it.
pub(super) fn lock(tx: &mut Tx<'_>, peer: &EntityId) -> Result<LinkRow> {
    if let Some(row) = touched(tx, peer)? {
        return Ok(row);
    }
    let row = (
        link_in::peer.eq(peer.as_str()),
        link_in::epoch.eq(1),
        link_in::through_seq.eq(0),
        link_in::unopened_bytes.eq(0),
        link_in::internal_errors.eq(0),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(link_in::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    touched(tx, peer)?.ok_or_else(|| Error::internal("the link row just made is not there"))
}

fn touched(tx: &mut Tx<'_>, peer: &EntityId) -> Result<Option<LinkRow>> {
    let same = diesel::update(link_in::table.find(peer.as_str())).set(link_in::through_seq.eq(link_in::through_seq));
    Ok(each_backend!(tx.conn(), conn => Steady(same.returning(LinkRow::as_returning())).get_result(conn).optional())?)
}

pub(super) fn next_epoch(tx: &mut Tx<'_>, peer: &EntityId, epoch: u32) -> Result<()> {
    diesel::update(link_in::table.find(peer.as_str()))
        .set((link_in::epoch.eq(epoch as i32), link_in::through_seq.eq(0)))
        .execute(tx.conn())?;
    Ok(())
}

/// Ends a batch: how far the stream has come, how much of it nobody has looked at yet, and that nothing failed inside.
pub(super) fn advance(tx: &mut Tx<'_>, peer: &EntityId, through: u64, unopened: usize) -> Result<()> {
    let advanced = diesel::update(link_in::table.find(peer.as_str())).set((
        link_in::through_seq.eq(through as i64),
        link_in::unopened_bytes.eq(link_in::unopened_bytes + unopened as i64),
        link_in::internal_errors.eq(0),
    ));
    let advanced = advanced.returning(link_in::through_seq);
    each_backend!(tx.conn(), conn => Steady(advanced).get_result::<i64>(conn))?;
    Ok(())
}

pub(super) fn decided(conn: &mut Conn, peer: &EntityId, epoch: u32, seq: u64) -> Result<Option<(Digest, Decided)>> {
    let row: Option<(String, String, Option<String>)> = inbox_item::table
        .find((peer.as_str(), epoch as i32, seq as i64))
        .select((inbox_item::digest, inbox_item::outcome, inbox_item::code))
        .first(conn)
        .optional()?;
    row.map(|(digest, outcome, code)| {
        let digest = digest.parse().map_err(|_| Error::internal("a stored digest does not parse"))?;
        Ok((digest, Decided::parse(&outcome, code)?))
    })
    .transpose()
}

/// An item as it is written.
#[derive(Insertable)]
#[diesel(table_name = inbox_item, treat_none_as_default_value = false)]
struct ItemRow<'a> {
    peer: &'a str,
    epoch: i32,
    seq: i64,
    message: Option<Id>,
    digest: String,
    outcome: &'static str,
    code: Option<String>,
    at: At,
}

/// Notes what was decided under each number.
pub(super) fn note_items(tx: &mut Tx<'_>, peer: &EntityId, epoch: u32, items: &[(&Opened, Decided)]) -> Result<()> {
    let at = At::from(tx.now());
    let row = |(item, decided): &(&Opened, Decided)| ItemRow {
        peer: peer.as_str(),
        epoch: epoch as i32,
        seq: item.seq as i64,
        message: item.id.map(|id| Id(id.0)),
        digest: item.digest.to_string(),
        outcome: decided.outcome_text(),
        code: decided.code_text(),
        at,
    };
    Ok(insert_rows!(tx.conn(), inbox_item::table, items.iter().map(row))?)
}

/// A message id that was met before.
pub(super) struct Remembered {
    pub(super) digest: Digest,
    pub(super) decided: Decided,
}

/// Those of these ids that were met before.
pub(super) fn known_among(
    conn: &mut Conn,
    peer: &EntityId,
    ids: impl Iterator<Item = MessageId>,
) -> Result<HashMap<MessageId, Remembered>> {
    let of_peer = known_message::table.filter(known_message::peer.eq(peer.as_str()));
    let of_peer =
        of_peer.select((known_message::message, known_message::digest, known_message::outcome, known_message::code));
    let ids: Vec<Id> = ids.map(|id| Id(id.0)).collect();
    let rows: Vec<(Id, String, String, Option<String>)> = match ids[..] {
        // Nothing is prepared anew for it, as it is for a list.
        [one] => of_peer.filter(known_message::message.eq(one)).load(conn)?,
        _ => of_peer.filter(known_message::message.eq_any(ids)).load(conn)?,
    };
    rows.into_iter()
        .map(|(id, digest, outcome, code)| {
            let digest = digest.parse().map_err(|_| Error::internal("a stored digest does not parse"))?;
            Ok((MessageId(id.0), Remembered { digest, decided: Decided::parse(&outcome, code)? }))
        })
        .collect()
}

/// What is kept with an id beyond its outcome.
pub(super) struct Known {
    pub(super) kind: Option<&'static str>,
    pub(super) thread: Option<Uuid>,
    pub(super) thread_seq: Option<u64>,
    pub(super) subject: Option<Subject>,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) unopened: usize,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) for_ever: bool,
}

impl Known {
    /// Nothing of the content: refused items and voids.
    pub(super) fn nothing() -> Self {
        Self {
            kind: None,
            thread: None,
            thread_seq: None,
            subject: None,
            sealed: None,
            unopened: 0,
            expires_at: None,
            for_ever: false,
        }
    }
}

/// Somebody looked at a thread: what came in it no longer counts against its sender.
pub fn opened(tx: &mut Tx<'_>, peer: &EntityId, thread: Uuid) -> Result<()> {
    let of_thread = || {
        known_message::table
            .filter(known_message::peer.eq(peer.as_str()))
            .filter(known_message::thread.eq(Id(thread)))
            .filter(known_message::unopened.gt(0))
    };
    let sizes: Vec<i32> = of_thread().select(known_message::unopened).load(tx.conn())?;
    if sizes.is_empty() {
        return Ok(());
    }
    diesel::update(of_thread()).set(known_message::unopened.eq(0)).execute(tx.conn())?;
    let bytes: i64 = sizes.into_iter().map(i64::from).sum();
    diesel::update(link_in::table.find(peer.as_str()))
        .set(link_in::unopened_bytes.eq(link_in::unopened_bytes - bytes))
        .execute(tx.conn())?;
    Ok(())
}

/// Bytes from a peer that nobody has looked at yet.
pub fn unopened(conn: &mut Conn, peer: &EntityId) -> Result<u64> {
    let bytes: Option<i64> =
        link_in::table.find(peer.as_str()).select(link_in::unopened_bytes).first(conn).optional()?;
    Ok(bytes.unwrap_or(0).max(0) as u64)
}

/// Remembers an id until 30 days after its message ran out; without an end, for ever. Of a refused item or a void the
/// end is not known: the longest life of a message stands in for it. What was taken in a conversation is its evidence: how
/// long its bytes are kept the rule for bytes says, and id and digest stay.
pub(super) fn remember(
    tx: &mut Tx<'_>,
    peer: &EntityId,
    id: MessageId,
    digest: Digest,
    decided: &Decided,
    known: Known,
) -> Result<()> {
    let now = tx.now();
    let ends = known.expires_at.unwrap_or(now + TimeDelta::days(MAX_DAYS));
    let proves = known.thread.is_some() && decided.outcome == Outcome::Accepted;
    let forget_at = (!known.for_ever && !proves).then(|| At::from(ends + TimeDelta::days(MAX_DAYS)));
    let row = (
        known_message::peer.eq(peer.as_str()),
        known_message::message.eq(Id(id.0)),
        known_message::digest.eq(digest.to_string()),
        known_message::outcome.eq(decided.outcome_text()),
        known_message::code.eq(decided.code_text()),
        known_message::kind.eq(known.kind),
        known_message::thread.eq(known.thread.map(Id)),
        known_message::thread_seq.eq(known.thread_seq.map(|seq| seq as i64)),
        known_message::subject.eq(known.subject.map(|subject| Id(subject.0))),
        known_message::sealed.eq(known.sealed),
        known_message::unopened.eq(known.unopened as i32),
        known_message::received_at.eq(At::from(now)),
        known_message::forget_at.eq(forget_at),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(known_message::table).values(row).execute(conn))?;
    Ok(())
}

/// Forgets ids whose time has come: of what was refused or void, and of what came outside of every conversation. Nothing of
/// it waits for anybody to open it.
pub fn purge(tx: &mut Tx<'_>) -> Result<usize> {
    let now = At::from(tx.now());
    Ok(diesel::delete(known_message::table.filter(known_message::forget_at.le(now))).execute(tx.conn())?)
}

pub(super) fn note_receipt(tx: &mut Tx<'_>, peer: &EntityId, receipt: &Receipt, jws: &str) -> Result<()> {
    let digest = Digest::of(jws).to_string();
    let now = At::from(tx.now());
    diesel::insert_into(stored::table)
        .values((
            stored::id.eq(Id(receipt.jti.0)),
            stored::peer.eq(peer.as_str()),
            stored::direction.eq("out"),
            stored::epoch.eq(receipt.link.epoch as i32),
            stored::through_seq.eq(receipt.link.through_seq as i64),
            stored::jws.eq(jws),
            stored::digest.eq(&digest),
            stored::at.eq(now),
        ))
        .execute(tx.conn())?;
    let last = diesel::update(link_in::table.find(peer.as_str())).set(link_in::receipt_digest.eq(&digest));
    let last = last.returning(link_in::through_seq);
    each_backend!(tx.conn(), conn => Steady(last).get_result::<i64>(conn))?;
    Ok(())
}

/// Erases the kept bytes of a message; id, digest and outcome stay. Called by whoever erases what it brought. What is
/// gone waits for nobody to look at it.
pub fn erase_bytes(tx: &mut Tx<'_>, peer: &EntityId, message: MessageId) -> Result<()> {
    let row = known_message::table.find((peer.as_str(), Id(message.0)));
    let unopened: Option<i32> = row.select(known_message::unopened).first(tx.conn()).optional()?;
    let Some(unopened) = unopened else { return Ok(()) };
    diesel::update(row)
        .set((known_message::sealed.eq(None::<Vec<u8>>), known_message::unopened.eq(0)))
        .execute(tx.conn())?;
    diesel::update(link_in::table.find(peer.as_str()))
        .set(link_in::unopened_bytes.eq(link_in::unopened_bytes - i64::from(unopened)))
        .execute(tx.conn())?;
    Ok(())
}
