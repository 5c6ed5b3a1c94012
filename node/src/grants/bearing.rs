//! What a conversation rests on: which records carry it, and what the recipient has of it that nobody took back.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use super::{Destination, paper, renewed, rows};
use crate::error::{Error, Result};
use crate::store::schema::{disclosure, holding, outbox, tombstone};
use crate::store::{At, Conn, Id, Tx};

/// A record under which something went, or was to go, in a thread.
#[derive(Debug, Clone, Copy)]
struct Under {
    record: RecordId,
    purpose: Purpose,
    /// Whether it went, or may still go: what was struck, refused or ran out on its way did not.
    went: bool,
    /// Whether it carries a thread, as either side knows: nobody took it back, and the day that was stated to the recipient has
    /// not passed. That it was done, renewed or ended early here is nothing that the recipient was told. It permits nothing:
    /// what may leave is judged elsewhere.
    stands: bool,
}

/// For which a person is taken in charge, and the answers come on the same thread.
const fn takes_in_charge(purpose: Purpose) -> bool {
    matches!(purpose, Purpose::P2 | Purpose::P11)
}

/// Whether a thread has nothing left to go on once `ended` is taken back. A referral that went is carried by nothing but a yes
/// for a referral: the preview before it says what may be shown and not that somebody is taken in charge. Adjustments carry
/// nothing by themselves. What does not carry a thread does not end it either.
fn is_bare(all: &[Under], ended: RecordId) -> bool {
    let referred = all.iter().any(|it| it.went && takes_in_charge(it.purpose));
    let carries = |it: &&Under| if referred { takes_in_charge(it.purpose) } else { it.purpose != Purpose::P10 };
    let mut carrying = all.iter().filter(carries);
    let carried = carrying.clone().any(|it| it.record == ended);
    carried && !carrying.any(|it| it.record != ended && it.went && it.stands)
}

/// The threads with `peer` in which something rested on this record, theirs or ours. What time deleted here since rested on it
/// too: the other side does not know of that.
fn resting_on(conn: &mut Conn, peer: &Destination, record: RecordId) -> Result<BTreeSet<Uuid>> {
    let carried = paper::threads_under(conn, peer, record)?;
    let peer = peer.to_string();
    let received: Vec<Option<Id>> = holding::table
        .filter(holding::peer.eq(&peer))
        .filter(holding::record.eq(Id(record.0)))
        .select(holding::thread)
        .distinct()
        .load(conn)?;
    let given: Vec<Option<Id>> = outbox::table
        .inner_join(disclosure::table.on(disclosure::message.eq(outbox::message)))
        .filter(disclosure::peer.eq(&peer))
        .filter(disclosure::record.eq(Id(record.0)))
        .select(outbox::thread)
        .distinct()
        .load(conn)?;
    Ok(received.into_iter().chain(given).flatten().map(|id| id.0).chain(carried).collect())
}

/// The threads with `peer` that have nothing left to go on once this record is taken back: the same conversation may go on under
/// another record of the same issuer, as when a preview is withdrawn and the referral that followed is not.
///
/// # Errors
/// What the database refuses.
pub fn left_bare(tx: &mut Tx<'_>, issuer: &EntityId, peer: &Destination, record: RecordId) -> Result<Vec<Uuid>> {
    let now = tx.now();
    let mut bare = Vec::new();
    for thread in resting_on(tx.conn(), peer, record)? {
        if is_bare_without(tx.conn(), issuer, (thread, record), now)? {
            bare.push(thread);
        }
    }
    Ok(bare)
}

/// Whether that thread has nothing left to go on once this record is taken back.
pub(super) fn is_bare_without(
    conn: &mut Conn,
    issuer: &EntityId,
    (thread, record): (Uuid, RecordId),
    now: DateTime<Utc>,
) -> Result<bool> {
    Ok(is_bare(&records_of(conn, issuer, thread, now)?, record))
}

/// Every record of the issuer under which something went in a thread, or was to go.
fn records_of(conn: &mut Conn, issuer: &EntityId, thread: Uuid, now: DateTime<Utc>) -> Result<Vec<Under>> {
    let damaged = || Error::internal("a stored purpose does not parse");
    let purpose = |code: &str| Purpose::from_code(code).ok_or_else(damaged);
    let mut all = Vec::new();
    let received: Vec<(Id, i32, String, At)> = holding::table
        .filter(holding::thread.eq(Id(thread)))
        .select((holding::record, holding::record_seq, holding::purpose, holding::not_after))
        .load(conn)?;
    for (record, seq, code, not_after) in received {
        let record = RecordId(record.0);
        let stands = not_after.0 > now && !rows::tombstoned(conn, issuer, record, seq as u32)?;
        all.push(Under { record, purpose: purpose(&code)?, went: true, stands });
    }
    type Given = (Option<Id>, Option<i32>, Option<String>, String);
    let given: Vec<Given> = outbox::table
        .inner_join(disclosure::table.on(disclosure::message.eq(outbox::message)))
        .filter(outbox::thread.eq(Id(thread)))
        .select((disclosure::record, disclosure::record_seq, disclosure::purpose, outbox::state))
        .load(conn)?;
    let on_paper = paper::records_in(conn, thread)?.into_iter();
    let on_paper = on_paper.map(|(record, seq, purpose)| (record, seq, purpose, "delivered".to_owned()));
    for (record, seq, code, state) in given.into_iter().chain(on_paper) {
        let (Some(record), Some(seq), Some(code)) = (record, seq, code) else { continue };
        let record = RecordId(record.0);
        let arrives = match state.as_str() {
            "delivered" => true,
            "queued" => still_leaves(conn, record, seq as u32, now)?,
            _ => false,
        };
        let stands = arrives
            && !rows::tombstoned(conn, issuer, record, seq as u32)?
            && rows::lasts(conn, record, seq as u32, now)?;
        let went = matches!(state.as_str(), "queued" | "delivered" | "void");
        all.push(Under { record, purpose: purpose(&code)?, went, stands });
    }
    Ok(all)
}

/// Whether what waits under this yes of ours may still leave.
fn still_leaves(conn: &mut Conn, record: RecordId, seq: u32, now: DateTime<Utc>) -> Result<bool> {
    Ok(rows::live_purpose(conn, record, seq, now)?.is_some() || renewed::goes_on(conn, record, seq, now)?.is_some())
}

/// The groups that this node disclosed in a thread, or is about to, under consents of which none was taken back: what the
/// recipient may have, and is to have right. A record of ours is taken back by nobody's word but ours, so its tombstone is found
/// by its name alone.
///
/// # Errors
/// What the database refuses.
pub fn still_given(conn: &mut Conn, thread: Uuid) -> Result<BTreeSet<Group>> {
    let taken_back = tombstone::table
        .filter(tombstone::record.nullable().eq(disclosure::record))
        .filter(tombstone::seq.nullable().ge(disclosure::record_seq));
    let given: Vec<String> = outbox::table
        .inner_join(disclosure::table.on(disclosure::message.eq(outbox::message)))
        .filter(outbox::thread.eq(Id(thread)))
        .filter(outbox::state.eq_any(["queued", "delivered", "void"]))
        .filter(disclosure::record.is_not_null())
        .filter(not(exists(taken_back)))
        .select(disclosure::groups)
        .load(conn)?;
    let mut all = BTreeSet::new();
    for groups in given {
        all.extend(rows::split(&groups)?);
    }
    Ok(all)
}

/// Whether a message of ours, on whatever ground, shows nothing but what was given in its thread under consents that nobody took
/// back: a duty to put right what somebody has does not outlive her taking it back. One that shows nothing does.
pub(super) fn shows_only_what_is_given(conn: &mut Conn, message: MessageId) -> Result<bool> {
    let found: Option<(Option<Id>, String)> = outbox::table
        .inner_join(disclosure::table.on(disclosure::message.eq(outbox::message)))
        .filter(outbox::message.eq(Id(message.0)))
        .select((outbox::thread, disclosure::groups))
        .first(conn)
        .optional()?;
    let Some((thread, groups)) = found else { return Ok(true) };
    let shown = rows::split(&groups)?;
    match thread {
        Some(thread) if !shown.is_empty() => Ok(shown.is_subset(&still_given(conn, thread.0)?)),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use Purpose::{P1, P2, P10, P11, P12};

    use super::*;

    fn record(n: u128) -> RecordId {
        RecordId(Uuid::from_u128(n))
    }

    /// Record, purpose, went, stands.
    fn is_bare_of(all: &[(u128, Purpose, bool, bool)], ended: u128) -> bool {
        let under = |&(n, purpose, went, stands)| Under { record: record(n), purpose, went, stands };
        is_bare(&all.iter().map(under).collect::<Vec<_>>(), record(ended))
    }

    #[test]
    fn a_thread_goes_on_under_what_carries_it_and_nothing_else() {
        let usual = [(1, P1, true, true), (2, P2, true, true)];
        for (all, ended, bare, why) in [
            (&usual[..], 2, true, "a preview does not carry a referral"),
            (&usual[..], 1, false, "nor does its end end it"),
            (&[(1, P1, true, true), (2, P11, true, true)], 2, true, "nor one for a certification"),
            (&[(1, P1, true, true)], 1, true, "a preview alone"),
            (&[(1, P1, true, true), (3, P1, true, true)], 1, false, "another for the same"),
            (&[(1, P1, true, true), (2, P2, false, false)], 2, false, "the referral never left: it knows the preview"),
            (&[(1, P1, true, true), (2, P2, false, false)], 1, true, "and nothing but that"),
            (&[(2, P2, false, false)], 2, true, "what was the only one"),
            (&[(2, P2, true, true), (4, P2, true, true)], 2, false, "two for one referral"),
            (&[(2, P2, true, true), (4, P2, true, false)], 2, true, "of which the other has run out"),
            (&[(2, P2, true, false), (4, P2, true, true)], 2, false, "or this one had"),
            (&[(2, P2, true, false), (1, P1, true, true)], 1, false, "run out is not taken back"),
            (&[(2, P2, true, true), (5, P10, true, true)], 2, true, "adjustments carry nothing"),
            (&[(2, P2, true, true), (5, P10, true, true)], 5, false, "and end nothing"),
            (&[(6, P12, true, true)], 6, true, "a record that was offered"),
        ] {
            assert_eq!(is_bare_of(all, ended), bare, "{why}");
        }
    }
}
