//! The inbound side of links as others ask for it: how far it has come, and how it goes.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::link::{LinkState, Progress};

use crate::error::{Error, Result};
use crate::store::schema::{link_in, link_out, receipt as stored};
use crate::store::{At, Conn, Tx};

/// Both directions of the link with a peer, as this node sees them.
pub fn link_state(conn: &mut Conn, peer: &EntityId) -> Result<LinkState> {
    let digest = |text: Option<String>| {
        text.map(|text| text.parse().map_err(|_| Error::internal("a stored digest does not parse"))).transpose()
    };
    let inbound: Option<(i32, i64, Option<String>)> = link_in::table
        .find(peer.as_str())
        .select((link_in::epoch, link_in::through_seq, link_in::receipt_digest))
        .first(conn)
        .optional()?;
    let outbound: Option<(i32, i64)> =
        link_out::table.find(peer.as_str()).select((link_out::epoch, link_out::acked_seq)).first(conn).optional()?;
    let last: Option<String> = stored::table
        .filter(stored::peer.eq(peer.as_str()))
        .filter(stored::direction.eq("in"))
        .order((stored::epoch.desc(), stored::through_seq.desc(), stored::at.desc()))
        .select(stored::digest)
        .first(conn)
        .optional()?;
    let (in_epoch, in_through, in_digest) = inbound.unwrap_or((1, 0, None));
    let (out_epoch, out_through) = outbound.unwrap_or((1, 0));
    Ok(LinkState {
        inbound: Progress {
            epoch: in_epoch as u32,
            through_seq: in_through as u64,
            receipt_digest: digest(in_digest)?,
        },
        outbound: Progress { epoch: out_epoch as u32, through_seq: out_through as u64, receipt_digest: digest(last)? },
        history: Vec::new(),
    })
}

/// When a receipt of a peer last came, of those that came by then.
pub fn last_receipted(conn: &mut Conn, peer: &EntityId, by: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    let of_peer = stored::table.filter(stored::peer.eq(peer.as_str())).filter(stored::direction.eq("in"));
    let of_peer = of_peer.filter(stored::at.le(At::from(by)));
    let last: Option<At> = of_peer.order(stored::at.desc()).select(stored::at).first(conn).optional()?;
    Ok(last.map(|at| at.0))
}

/// Every peer from which anything ever came.
pub fn linked(conn: &mut Conn) -> Result<Vec<String>> {
    Ok(link_in::table.select(link_in::peer).load(conn)?)
}

/// Whether this node gave the peer that receipt.
pub fn gave_receipt(conn: &mut Conn, peer: &EntityId, digest: Digest) -> Result<bool> {
    let given = stored::table
        .filter(stored::peer.eq(peer.as_str()))
        .filter(stored::direction.eq("out"))
        .filter(stored::digest.eq(digest.to_string()));
    Ok(diesel::select(diesel::dsl::exists(given)).get_result(conn)?)
}

/// Counts that a batch could not be taken because of a failure here. How often in a row: one that is taken ends it.
pub fn failed_inside(tx: &mut Tx<'_>, peer: &EntityId) -> Result<i32> {
    let counted = diesel::update(link_in::table.find(peer.as_str()))
        .set(link_in::internal_errors.eq(link_in::internal_errors + 1))
        .returning(link_in::internal_errors)
        .get_result::<i32>(tx.conn())
        .optional()?;
    Ok(counted.unwrap_or(1))
}

/// The last receipt that was given to a peer.
pub fn last_receipt(conn: &mut Conn, peer: &EntityId) -> Result<Option<String>> {
    let last = stored::table
        .filter(stored::peer.eq(peer.as_str()))
        .filter(stored::direction.eq("out"))
        .order((stored::epoch.desc(), stored::through_seq.desc(), stored::at.desc()))
        .select(stored::jws);
    Ok(last.first(conn).optional()?)
}
