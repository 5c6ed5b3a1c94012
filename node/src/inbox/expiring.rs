//! Bytes that time ends, of what came: as in the outbox.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, MessageId};
use uuid::Uuid;

use super::rows::erase_bytes;
use crate::error::{Error, Result};
use crate::store::schema::{known_message, thread};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Spent, Subject, spent};

/// Messages whose bytes are held although their conversation ended by `before`; without one, although they came by then. In
/// the order of ids.
///
/// # Errors
/// What the database refuses.
pub fn spent_bytes(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Vec<Spent>> {
    let at = At::from(before);
    let goes_on = thread::table
        .filter(known_message::thread.eq(thread::id.nullable()))
        .filter(thread::closed_at.is_null().or(thread::closed_at.gt(at)));
    let found: Vec<(Id, Option<Id>)> = known_message::table
        .filter(known_message::sealed.is_not_null())
        .filter(known_message::received_at.le(at))
        .filter(known_message::message.gt(Id(after.unwrap_or_default())))
        .filter(not(exists(goes_on)))
        .order(known_message::message)
        .limit(limit)
        .select((known_message::message, known_message::subject))
        .load(conn)?;
    Ok(spent(found))
}

/// Deletes the bytes of a message that are held, whichever node it came from.
///
/// # Errors
/// What the database refuses.
pub fn delete_bytes(tx: &mut Tx<'_>, message: Uuid) -> Result<()> {
    let held = known_message::table.filter(known_message::sealed.is_not_null());
    let from = held.filter(known_message::message.eq(Id(message)));
    for peer in from.select(known_message::peer).load::<String>(tx.conn())? {
        let peer: EntityId = peer.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?;
        erase_bytes(tx, &peer, MessageId(message))?;
    }
    Ok(())
}

/// What came from a node in a thread: its type, and whether its bytes are held.
///
/// # Errors
/// What the database refuses.
pub fn came_in(conn: &mut Conn, peer: &EntityId, of: Uuid) -> Result<Vec<(MessageId, String, bool)>> {
    let came: Vec<(Id, Option<String>, bool)> = known_message::table
        .filter(known_message::peer.eq(peer.as_str()))
        .filter(known_message::thread.eq(Id(of)))
        .select((known_message::message, known_message::kind, known_message::sealed.is_not_null()))
        .load(conn)?;
    Ok(came.into_iter().map(|(id, kind, is_held)| (MessageId(id.0), kind.unwrap_or_default(), is_held)).collect())
}

/// Deletes the bytes of everything that came from a node in a thread, and says which messages it was.
///
/// # Errors
/// What the database refuses.
pub fn delete_bytes_in(tx: &mut Tx<'_>, peer: &EntityId, of: Uuid) -> Result<Vec<MessageId>> {
    let came: Vec<Id> = known_message::table
        .filter(known_message::peer.eq(peer.as_str()))
        .filter(known_message::thread.eq(Id(of)))
        .select(known_message::message)
        .load(tx.conn())?;
    let came: Vec<MessageId> = came.into_iter().map(|id| MessageId(id.0)).collect();
    came.iter().try_for_each(|message| erase_bytes(tx, peer, *message))?;
    Ok(came)
}

/// Takes the person out of what came from a node in a thread: whose it was is from here on somebody without a key. Ids, digests and
/// outcomes stay.
///
/// # Errors
/// What the database refuses.
pub fn unname(tx: &mut Tx<'_>, peer: &EntityId, of: Uuid, nobody: Subject) -> Result<()> {
    let came =
        known_message::table.filter(known_message::peer.eq(peer.as_str())).filter(known_message::thread.eq(Id(of)));
    diesel::update(came).set(known_message::subject.eq(Id(nobody.0))).execute(tx.conn())?;
    Ok(())
}
