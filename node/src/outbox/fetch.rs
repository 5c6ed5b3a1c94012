//! A peer that cannot be called fetches what waits for it: the items after the last number that it has.

use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::link::Fetched;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::receipt::Receipt;

use super::expiry::{self, RanOut};
use super::lease::{Bounds, Filling, number_more, numbered, recall_waits, unsealed};
use super::links;
use super::resync::{Mended, resynchronise};
use super::settle::{Settlement, settle};
use crate::error::{Error, Result};
use crate::store::schema::{link_out, outbox};
use crate::store::{Conn, Tx};
use crate::vault::Vault;

/// What a fetch comes to.
#[derive(Debug)]
pub struct Fetch {
    /// The items, which may be none.
    pub items: Fetched,
    /// What was settled meanwhile without ever leaving.
    pub unsent: Vec<Settlement>,
    /// What was done about numbers that did not fit.
    pub mended: Option<Mended>,
}

/// Whether anything waits that the peer, which asks from `after` in `epoch`, does not have yet. In another epoch numbers begin
/// once more.
pub fn waits_for(conn: &mut Conn, peer: &EntityId, (epoch, after): (u32, u64)) -> Result<bool> {
    let waits = outbox::table
        .filter(outbox::peer.eq(peer.as_str()))
        .filter(outbox::state.eq_any(["queued", "void"]))
        .filter(outbox::seq.is_null().or(outbox::seq.gt(after as i64)).or(outbox::epoch.ne(epoch as i32)));
    Ok(diesel::select(diesel::dsl::exists(waits)).get_result(conn)?)
}

/// The items after `after` in `epoch`, or from the first one before it whose receipt has not come: another process of the peer
/// may have taken that and died before it handed the receipt in, and a repeat brings it again. Numbers are given at most one window beyond the last receipt, so that a repeat
/// gets the same items; every ground is judged again. A peer that names another place than it can be at was restored from
/// an old backup, or this node was: the numbers are mended first.
pub fn fetch(
    tx: &mut Tx<'_>,
    vault: &Vault,
    peer: &EntityId,
    (epoch, after): (u32, u64),
    bounds: Bounds,
) -> Result<Fetch> {
    // Two that fetch at once, or one that pushes meanwhile, wait here for each other.
    diesel::update(link_out::table.find(peer.as_str()))
        .set(link_out::queued.eq(link_out::queued))
        .execute(tx.conn())?;
    let nothing = |epoch| Fetch { items: Fetched { epoch, items: Vec::new() }, unsent: Vec::new(), mended: None };
    let Some(before) = links::link(tx.conn(), peer)? else {
        if (epoch, after) == (1, 0) {
            return Ok(nothing(1));
        }
        let mended = resynchronise(tx, peer, epoch, after + 1, None)?;
        return Ok(Fetch { mended: Some(mended), ..nothing(epoch.saturating_add(1)) });
    };
    let (own, given, acked) = (before.epoch as u32, before.given_seq as u64, before.acked_seq as u64);
    let fits = match epoch.cmp(&own) {
        std::cmp::Ordering::Equal => (acked..=given).contains(&after),
        std::cmp::Ordering::Less => acked == 0 && epoch + 1 == own,
        std::cmp::Ordering::Greater => false,
    };
    let mended = (!fits).then(|| resynchronise(tx, peer, epoch, after + 1, None)).transpose()?;
    let link = links::link(tx.conn(), peer)?.ok_or_else(|| Error::internal("a link vanished"))?;
    let ran_out = if bounds.time_holds { expiry::expire_for(tx, peer, 0)? } else { RanOut::default() };
    let mut unsent = ran_out.settled;
    let mut found = nothing(link.epoch as u32);
    found.mended = mended;
    if ran_out.more || (bounds.only_recall && !recall_waits(tx, peer, 0)?) {
        return Ok(Fetch { unsent, ..found });
    }
    let mut expected = if epoch == link.epoch as u32 { link.acked_seq + 1 } else { 1 };
    let mut batch = Filling::new(bounds);
    let window = bounds.items as usize;
    let first = expected;
    let given = numbered(tx, peer, first - 1, window * 2)?;
    let given = batch.fitting(given);
    let mut said = unsealed(tx, vault, &given)?;
    for row in given {
        let seq = row.seq.ok_or_else(|| Error::internal("a numbered message has a number"))?;
        if seq != expected || batch.waits_for_time(tx, &row)? {
            break;
        }
        let item = batch.item_of(tx, &row, seq as u64, said.remove(&row.message.0))?;
        batch.push(item, row.size);
        expected += 1;
    }
    if expected == link.given_seq + 1 {
        let beyond = (link.acked_seq + window as i64 - link.given_seq).max(0) as usize;
        batch.bounds.items = window.min(batch.items.len() + beyond) as u32;
        if beyond > 0 {
            unsent.extend(number_more(tx, vault, peer, &link, &mut batch)?);
        }
    }
    found.items.items = batch.items;
    Ok(Fetch { unsent, ..found })
}

/// Believes a receipt that the peer handed in for what it fetched. One that leaves out numbers before it settles nothing: they
/// would never be asked for again.
///
/// # Errors
/// `out_of_sequence` with the number that is expected, `not_found` where nothing was ever queued for the peer.
pub fn hand_in(tx: &mut Tx<'_>, peer: &EntityId, jws: &str, receipt: &Receipt) -> Result<Vec<Settlement>> {
    let link = links::link(tx.conn(), peer)?.ok_or(Code::NotFound)?;
    let (epoch, acked, given) = (link.epoch as u32, link.acked_seq as u64, link.given_seq as u64);
    let of_here = receipt.link.epoch == epoch && (acked..=given).contains(&receipt.link.through_seq);
    let joins = receipt.items.iter().map(|item| item.seq).min().is_none_or(|first| first <= acked + 1);
    if !(of_here && joins) {
        return Err(Problem { expected: Some((epoch, acked + 1)), ..Problem::new(Code::OutOfSequence) }.into());
    }
    settle(tx, peer, jws, receipt, None, None)
}
