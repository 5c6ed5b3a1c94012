//! Disclosures that time ends: as long as any recipient may hold something, and some months beyond.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use staffetta_protocol::id::MessageId;
use uuid::Uuid;

use crate::error::Result;
use crate::store::schema::{disclosure, holding, open_grant, outbox, paper, thread};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Spent, Subject, spent};

/// Disclosures of before `before`, of which nobody has held anything since: the conversation with the recipient about her
/// had ended by then, and no consent that it rested on stood after it. In the order of messages.
///
/// # Errors
/// What the database refuses.
pub fn held_by_nobody(conn: &mut Conn, before: DateTime<Utc>, after: Option<Uuid>, limit: i64) -> Result<Vec<Spent>> {
    let at = At::from(before);
    let goes_on = thread::table
        .filter(thread::peer.eq(disclosure::peer))
        .filter(thread::subject.eq(disclosure::subject))
        .filter(thread::closed_at.is_null().or(thread::closed_at.gt(at)));
    let stands = open_grant::table
        .filter(open_grant::record.nullable().eq(disclosure::record))
        .filter(open_grant::not_after.gt(at))
        .filter(open_grant::closed_at.is_null().or(open_grant::closed_at.gt(at)));
    let waits =
        outbox::table.filter(outbox::message.eq(disclosure::message)).filter(outbox::state.eq_any(["queued", "void"]));
    let found: Vec<(Id, Id)> = disclosure::table
        .filter(disclosure::at.le(at))
        .filter(disclosure::message.gt(Id(after.unwrap_or_default())))
        .filter(not(exists(goes_on)))
        .filter(not(exists(stands)))
        .filter(not(exists(waits)))
        .order(disclosure::message)
        .limit(limit)
        .select((disclosure::message, disclosure::subject))
        .load(conn)?;
    Ok(spent(found))
}

/// Deletes a disclosure from the log.
///
/// # Errors
/// What the database refuses.
pub fn forget_disclosure(tx: &mut Tx<'_>, message: Uuid) -> Result<()> {
    diesel::delete(paper::table.find(Id(message))).execute(tx.conn())?;
    diesel::delete(disclosure::table.find(Id(message))).execute(tx.conn())?;
    Ok(())
}

/// Takes the person out of a conversation that has ended: whose it was is from here on somebody without a key.
///
/// # Errors
/// What the database refuses.
pub fn unname(tx: &mut Tx<'_>, of: Uuid, nobody: Subject) -> Result<()> {
    diesel::update(thread::table.find(Id(of))).set(thread::subject.eq(Id(nobody.0))).execute(tx.conn())?;
    Ok(())
}

/// Forgets that these messages brought something: called by whoever deleted it.
///
/// # Errors
/// What the database refuses.
pub fn let_go_of(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<()> {
    let ids: Vec<Id> = messages.iter().map(|message| Id(message.0)).collect();
    diesel::delete(holding::table.filter(holding::message.eq_any(ids))).execute(tx.conn())?;
    Ok(())
}
