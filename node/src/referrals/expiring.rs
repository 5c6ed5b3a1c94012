//! Referrals that time ends, and what came with them.
//!
//! The end of a matter is the last change of its row: whatever is noted afterwards lets it stay longer, never shorter.

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use uuid::Uuid;

use super::model::{Side, State};
use crate::error::Result;
use crate::grants::Destination;
use crate::store::schema::{
    office_record, policy_event, received_card, rectification, referral, referral_event, referral_office,
    referral_sheet,
};
use crate::store::{At, Conn, Id, MultiBackend, Tx};
use crate::vault::Subject;
use crate::{cards, grants, inbox};

type Found = Vec<(Uuid, Option<Subject>)>;

/// Ended referrals of one side whose last change was by `before`, in the order of ids.
fn ended(
    conn: &mut Conn,
    side: Option<Side>,
    states: &[State],
    (before, after, limit): (DateTime<Utc>, Option<Uuid>, i64),
) -> Result<Found> {
    let states: Vec<&str> = states.iter().map(|state| state.as_str()).collect();
    let mut query = referral::table
        .filter(referral::state.eq_any(states))
        .filter(referral::updated_at.le(At::from(before)))
        .filter(referral::id.gt(Id(after.unwrap_or_default())))
        .order(referral::id)
        .limit(limit)
        .select((referral::id, referral::subject))
        .into_boxed::<MultiBackend>();
    if let Some(side) = side {
        query = query.filter(referral::side.eq(side.as_str()));
    }
    let found: Vec<(Id, Id)> = query.load(conn)?;
    Ok(found.into_iter().map(|(id, subject)| (id.0, Some(Subject(subject.0)))).collect())
}

/// Previews that came by `before` and were followed by no referral, of which something of a card is held.
///
/// # Errors
/// What the database refuses.
pub fn previews_alone(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Found> {
    let held = received_card::table.filter(received_card::thread.eq(referral::thread));
    let found: Vec<(Id, Id)> = referral::table
        .filter(referral::side.eq(Side::Taker.as_str()))
        .filter(referral::state.is_null())
        .filter(referral::created_at.le(At::from(before)))
        .filter(referral::id.gt(Id(after.unwrap_or_default())))
        .filter(exists(held))
        .order(referral::id)
        .limit(limit)
        .select((referral::id, referral::subject))
        .load(conn)?;
    Ok(found.into_iter().map(|(id, subject)| (id.0, Some(Subject(subject.0)))).collect())
}

/// Declined or withdrawn, at the recipient.
///
/// # Errors
/// What the database refuses.
pub fn ended_here(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Found> {
    ended(conn, Some(Side::Taker), &[State::Declined, State::Withdrawn], (before, after, limit))
}

/// Declined or withdrawn, at the sender.
///
/// # Errors
/// What the database refuses.
pub fn ended_there(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Found> {
    ended(conn, Some(Side::Opener), &[State::Declined, State::Withdrawn], (before, after, limit))
}

/// Closed, on either side, and still somebody's.
///
/// # Errors
/// What the database refuses.
pub fn closed(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Found> {
    let held = diesel::dsl::exists(
        referral_event::table
            .filter(referral_event::referral.eq(referral::id))
            .filter(referral_event::sealed.is_not_null()),
    );
    let found: Vec<(Id, Id)> = referral::table
        .filter(referral::state.eq(State::Closed.as_str()))
        .filter(referral::updated_at.le(At::from(before)))
        .filter(referral::id.gt(Id(after.unwrap_or_default())))
        .filter(referral::person.is_not_null().or(held))
        .order(referral::id)
        .limit(limit)
        .select((referral::id, referral::subject))
        .load(conn)?;
    Ok(found.into_iter().map(|(id, subject)| (id.0, Some(Subject(subject.0)))).collect())
}

/// Deletes what a preview brought. The conversation stays as it stands: a referral in it may still come.
///
/// # Errors
/// What the database refuses.
pub fn delete_preview(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let (thread, peer) = thread_of(tx.conn(), id)?;
    delete_brought(tx, thread, &peer)
}

/// Deletes a referral with all that came with it and was written about it. Of the conversation digests, receipts and chains
/// stay, and by which id it was called.
///
/// # Errors
/// What the database refuses.
pub fn delete_referral(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let (thread, peer) = thread_of(tx.conn(), id)?;
    delete_brought(tx, thread, &peer)?;
    delete_words(tx, id)?;
    grants::outlives(tx, thread, id)?;
    diesel::delete(referral_office::table.find(Id(id))).execute(tx.conn())?;
    diesel::delete(referral_event::table.filter(referral_event::referral.eq(Id(id)))).execute(tx.conn())?;
    diesel::delete(referral::table.find(Id(id))).execute(tx.conn())?;
    Ok(())
}

/// Takes out of a referral whatever is about somebody; what counts stays: sides, states, instants.
///
/// # Errors
/// What the database refuses.
pub fn unname(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let (thread, peer) = thread_of(tx.conn(), id)?;
    delete_brought(tx, thread, &peer)?;
    delete_words(tx, id)?;
    let nobody = Subject(Uuid::new_v4());
    diesel::update(referral_event::table.filter(referral_event::referral.eq(Id(id))))
        .set(referral_event::sealed.eq(None::<Vec<u8>>))
        .execute(tx.conn())?;
    diesel::update(referral_office::table.find(Id(id)))
        .set((referral_office::subject.eq(Id(nobody.0)), referral_office::sealed.eq(None::<Vec<u8>>)))
        .execute(tx.conn())?;
    diesel::update(referral::table.find(Id(id)))
        .set((referral::person.eq(None::<Id>), referral::subject.eq(Id(nobody.0))))
        .execute(tx.conn())?;
    if let Some(node) = peer.node() {
        inbox::unname(tx, node, thread, nobody)?;
    }
    grants::unname(tx, thread, nobody)
}

/// The conversation of a referral, and with whom.
fn thread_of(conn: &mut Conn, id: Uuid) -> Result<(Uuid, Destination)> {
    let (thread, peer): (Id, String) =
        referral::table.find(Id(id)).select((referral::thread, referral::peer)).first(conn)?;
    Ok((thread.0, peer.parse()?))
}

/// What came in it. From an office nothing comes.
fn delete_brought(tx: &mut Tx<'_>, thread: Uuid, peer: &Destination) -> Result<()> {
    let Some(node) = peer.node() else { return Ok(()) };
    let came = inbox::delete_bytes_in(tx, node, thread)?;
    cards::erase_brought(tx, &came)?;
    grants::let_go_of(tx, &came)
}

fn delete_words(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    diesel::delete(office_record::table.find(Id(id))).execute(tx.conn())?;
    diesel::delete(policy_event::table.filter(policy_event::referral.eq(Id(id)))).execute(tx.conn())?;
    diesel::delete(referral_sheet::table.filter(referral_sheet::referral.eq(Id(id)))).execute(tx.conn())?;
    diesel::delete(rectification::table.filter(rectification::referral.eq(Id(id)))).execute(tx.conn())?;
    Ok(())
}
