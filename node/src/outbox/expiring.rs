//! Bytes that time ends: what was sent is kept until its conversation is over and some time beyond; then digest, receipt and
//! place in the chain stay.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use uuid::Uuid;

use crate::error::Result;
use crate::store::schema::{outbox, thread};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Spent, spent};

/// Settled messages whose bytes are held although their conversation ended by `before`; without one, although they were
/// settled by then. In the order of ids.
///
/// # Errors
/// What the database refuses.
pub fn spent_bytes(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Vec<Spent>> {
    let at = At::from(before);
    let goes_on = thread::table
        .filter(outbox::thread.eq(thread::id.nullable()))
        .filter(thread::closed_at.is_null().or(thread::closed_at.gt(at)));
    let found: Vec<(Id, Option<Id>)> = outbox::table
        .filter(outbox::sealed.is_not_null())
        .filter(outbox::settled_at.le(at))
        .filter(outbox::state.ne_all(["queued", "void"]))
        .filter(outbox::message.gt(Id(after.unwrap_or_default())))
        .filter(not(exists(goes_on)))
        .order(outbox::message)
        .limit(limit)
        .select((outbox::message, outbox::subject))
        .load(conn)?;
    Ok(spent(found))
}

/// Deletes the bytes of a message.
///
/// # Errors
/// What the database refuses.
pub fn delete_bytes(tx: &mut Tx<'_>, message: Uuid) -> Result<()> {
    diesel::update(outbox::table.find(Id(message))).set(outbox::sealed.eq(None::<Vec<u8>>)).execute(tx.conn())?;
    Ok(())
}
