//! Numbers that do not fit: one of the two sides was restored from an old backup.

use diesel::prelude::*;
use staffetta_protocol::id::EntityId;

use super::gaps::note_gap;
use super::links::{LinkRow, link, make};
use crate::error::Result;
use crate::store::Tx;
use crate::store::schema::{link_out, outbox};

/// What was done about numbers that did not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mended {
    /// The peer had forgotten what it had receipted: that goes again.
    PeerBehind,
    /// This node had forgotten what it had given: it goes on in the next epoch.
    PeerAhead,
    /// Nothing that was receipted is missing: what waits goes again.
    Again,
    /// The peer asks for what can no longer be given; a person must look.
    Nothing,
}

impl Mended {
    /// For the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PeerBehind => "peer_behind",
            Self::PeerAhead => "peer_ahead",
            Self::Again => "again",
            Self::Nothing => "not_mended",
        }
    }
}

/// Mends the numbers of a link after the peer said, under its signature, what it expects. `refused` is the first number
/// of the batch that it refused, if it refused one: where it expects a later one, it knows that number with other bytes.
pub fn resynchronise(
    tx: &mut Tx<'_>,
    peer: &EntityId,
    epoch: u32,
    expected: u64,
    refused: Option<u64>,
) -> Result<Mended> {
    // This node may have forgotten that it ever spoke to the peer.
    make(tx, peer)?;
    let Some(row) = link(tx.conn(), peer)? else { return Ok(Mended::Nothing) };
    let (own, given) = (row.epoch as u32, row.given_seq as u64);
    let known_otherwise = refused.is_some_and(|first| expected > first);
    if epoch > own || (epoch == own && (expected > given + 1 || known_otherwise)) {
        note_gap(tx, peer)?;
        renumber(tx, peer, epoch.saturating_add(1))?;
        return Ok(Mended::PeerAhead);
    }
    // A receiver takes the next epoch and no later one.
    let (from, resent) = match own - epoch {
        0 => (expected, again(tx, peer, row.epoch, expected)?),
        1 => {
            let resent = again(tx, peer, row.epoch, 1)?;
            (1, resent + again_anew(tx, peer, epoch, expected)?)
        }
        // Of several beginnings it has heard nothing: the next one that it takes begins once more.
        _ => {
            let resent = again_anew(tx, peer, epoch, expected)?;
            renumber(tx, peer, epoch.saturating_add(1))?;
            return Ok(if resent > 0 { Mended::PeerBehind } else { Mended::Again });
        }
    };
    if !is_whole(tx, peer, &row, from)? {
        // Some of what it asks for is not known here any more: there would be a gap for ever.
        renumber(tx, peer, epoch.saturating_add(1))?;
    }
    Ok(if resent > 0 { Mended::PeerBehind } else { Mended::Again })
}

/// Everything unreceipted is numbered anew in that epoch. Same ids, same bytes.
pub(super) fn renumber(tx: &mut Tx<'_>, peer: &EntityId, epoch: u32) -> Result<()> {
    diesel::update(link_out::table.find(peer.as_str()))
        .set((link_out::epoch.eq(epoch as i32), link_out::given_seq.eq(0), link_out::acked_seq.eq(0)))
        .execute(tx.conn())?;
    let of_peer = || outbox::table.filter(outbox::peer.eq(peer.as_str()));
    let none = || (outbox::epoch.eq(None::<i32>), outbox::seq.eq(None::<i64>));
    // Which of them the peer has nobody here knows: a void, too, is said again.
    diesel::update(of_peer().filter(outbox::state.eq_any(["queued", "void"])))
        .set((none(), outbox::may_have_left.eq(true)))
        .execute(tx.conn())?;
    // Numbers that were given in later epochs than this one will be given once more.
    diesel::update(of_peer().filter(outbox::epoch.ge(epoch as i32))).set(none()).execute(tx.conn())?;
    Ok(())
}

/// What was settled from this number on goes again: what was taken with its bytes, if they are still held, and what was
/// not as a void. How many those are.
fn again(tx: &mut Tx<'_>, peer: &EntityId, epoch: i32, from: u64) -> Result<usize> {
    let settled = |states: &[&'static str]| {
        outbox::table
            .filter(outbox::peer.eq(peer.as_str()))
            .filter(outbox::epoch.eq(epoch))
            .filter(outbox::seq.ge(from as i64))
            .filter(outbox::state.eq_any(states.to_vec()))
    };
    let taken = diesel::update(settled(&["delivered"])).set(outbox::state.eq("queued")).execute(tx.conn())?;
    let refused = diesel::update(settled(&["refused"]))
        .set((outbox::state.eq("void"), outbox::code.eq("not_held"), outbox::sealed.eq(None::<Vec<u8>>)))
        .execute(tx.conn())?;
    let gone = diesel::update(settled(&["struck", "expired"])).set(outbox::state.eq("void")).execute(tx.conn())?;
    // The peer has receipted no more than what lies before.
    let before = from.saturating_sub(1) as i64;
    diesel::update(
        link_out::table.find(peer.as_str()).filter(link_out::epoch.eq(epoch)).filter(link_out::acked_seq.gt(before)),
    )
    .set(link_out::acked_seq.eq(before))
    .execute(tx.conn())?;
    Ok(taken + refused + gone)
}

/// What was taken from this number of an epoch on, and in later ones, goes again under new numbers. What was not taken
/// needs no word: its number is nobody's any more.
fn again_anew(tx: &mut Tx<'_>, peer: &EntityId, epoch: u32, from: u64) -> Result<usize> {
    let since = outbox::epoch.eq(epoch as i32).and(outbox::seq.ge(from as i64)).or(outbox::epoch.gt(epoch as i32));
    let taken =
        outbox::table.filter(outbox::peer.eq(peer.as_str())).filter(since).filter(outbox::state.eq("delivered"));
    let anew = (outbox::state.eq("queued"), outbox::epoch.eq(None::<i32>), outbox::seq.eq(None::<i64>));
    Ok(diesel::update(taken).set(anew).execute(tx.conn())?)
}

/// Whether every number from this one to the highest given waits to be sent.
fn is_whole(tx: &mut Tx<'_>, peer: &EntityId, row: &LinkRow, from: u64) -> Result<bool> {
    let waiting: i64 = outbox::table
        .filter(outbox::peer.eq(peer.as_str()))
        .filter(outbox::epoch.eq(row.epoch))
        .filter(outbox::seq.ge(from as i64))
        .filter(outbox::state.eq_any(["queued", "void"]))
        .count()
        .get_result(tx.conn())?;
    Ok(waiting > row.given_seq - from as i64)
}
