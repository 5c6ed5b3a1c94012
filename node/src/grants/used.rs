//! A grant of one use: held by the message that is queued under it, spent when that is accepted, free again otherwise.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::{MessageId, RecordId};
use staffetta_protocol::problem::Code;

use crate::error::Result;
use crate::store::schema::open_grant;
use crate::store::{At, Conn, Id, Tx};

/// What became of the one use of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// Nothing is queued under it.
    Free,
    /// A message waits under it.
    Held,
    /// The recipient has taken the message, as a receipt told at this instant.
    Spent(DateTime<Utc>),
}

/// Holds the grant for a message, by compare-and-set. Does nothing for a grant that may be used again and again.
///
/// # Errors
/// `consent_not_valid` when another message holds it, or has spent it.
pub fn hold(tx: &mut Tx<'_>, record: RecordId, seq: u32, message: MessageId) -> Result<()> {
    let grant = open_grant::table.find((Id(record.0), seq as i32));
    let held = diesel::update(grant.filter(open_grant::state.eq("open")).filter(open_grant::single_use.eq(true)))
        .set((open_grant::state.eq("held"), open_grant::held_for.eq(Id(message.0))))
        .execute(tx.conn())?;
    let single: Option<bool> = grant.select(open_grant::single_use).first(tx.conn()).optional()?;
    if held == 0 && single == Some(true) { Err(Code::ConsentNotValid.into()) } else { Ok(()) }
}

/// Takes the grant for what leaves with this transaction and asks nobody once more, as paper does: whoever ends the grant
/// waits until that has left, or has ended it before.
///
/// # Errors
/// `consent_not_valid` when it was ended since it was read.
pub(super) fn must_be_open(tx: &mut Tx<'_>, record: RecordId, seq: u32) -> Result<()> {
    let open = open_grant::table.find((Id(record.0), seq as i32)).filter(open_grant::state.eq("open"));
    let stands = diesel::update(open).set(open_grant::state.eq("open")).execute(tx.conn())? == 1;
    if stands { Ok(()) } else { Err(Code::ConsentNotValid.into()) }
}

/// The recipient has taken these messages: what they held is spent.
pub fn spend(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<()> {
    let held = open_grant::table.filter(open_grant::held_for.eq_any(messages.iter().map(|message| Id(message.0))));
    let now = At::from(tx.now());
    diesel::update(held.filter(open_grant::state.eq("held")))
        .set((open_grant::state.eq("spent"), open_grant::closed_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// The message was refused, void, struck or ran out: what it held may be used by another.
pub fn free(tx: &mut Tx<'_>, message: MessageId) -> Result<()> {
    let held = open_grant::table.filter(open_grant::held_for.eq(Id(message.0)));
    diesel::update(held.filter(open_grant::state.eq("held")))
        .set((open_grant::state.eq("open"), open_grant::held_for.eq(None::<Id>)))
        .execute(tx.conn())?;
    Ok(())
}

/// What became of the one use of this version of a record; nothing for what is used again and again, or was closed.
pub fn use_of(conn: &mut Conn, record: RecordId, seq: u32) -> Result<Option<Use>> {
    let row: Option<(String, Option<At>)> = open_grant::table
        .find((Id(record.0), seq as i32))
        .filter(open_grant::single_use.eq(true))
        .select((open_grant::state, open_grant::closed_at))
        .first(conn)
        .optional()?;
    Ok(row.and_then(|(state, closed_at)| match (state.as_str(), closed_at) {
        ("open", _) => Some(Use::Free),
        ("held", _) => Some(Use::Held),
        ("spent", Some(at)) => Some(Use::Spent(at.0)),
        _ => None,
    }))
}

/// Moves the end that a guardian's grant has for this node, when the person's date of birth was put right.
pub fn move_early_end(tx: &mut Tx<'_>, record: RecordId, seq: u32, end: Option<DateTime<Utc>>) -> Result<()> {
    diesel::update(open_grant::table.find((Id(record.0), seq as i32)))
        .set(open_grant::ends_early.eq(end.map(At::from)))
        .execute(tx.conn())?;
    Ok(())
}
