//! Disclosures that time ends: as long as any recipient may hold something, and some months beyond.

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use staffetta_protocol::id::MessageId;
use uuid::Uuid;

use super::threads::{self, Thread};
use super::{rows, turns};
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
    let about: Option<Id> =
        disclosure::table.find(Id(message)).select(disclosure::subject).first(tx.conn()).optional()?;
    diesel::delete(paper::table.find(Id(message))).execute(tx.conn())?;
    diesel::delete(disclosure::table.find(Id(message))).execute(tx.conn())?;
    let Some(about) = about else { return Ok(()) };
    let hers = rows::joined(tx.conn(), &[Subject(about.0)])?;
    let gone = holding::table.filter(holding::subject.eq_any(hers)).filter(holding::gone_at.is_not_null());
    let gone: Vec<Came> = gone.select(CAME).load(tx.conn())?;
    gone.iter().try_for_each(|came| let_go(tx, came))
}

/// What came: the message, whom it is about, in which thread, in which turn.
type Came = (Id, Id, Option<Id>, i64);

const CAME: (holding::message, holding::subject, holding::thread, holding::turn) =
    (holding::message, holding::subject, holding::thread, holding::turn);

/// Its content is gone. It is remembered while its conversation goes on, since the other side counts it when it asks whether
/// that has ended, and while the log names what was passed on since.
fn let_go(tx: &mut Tx<'_>, (message, subject, of, turn): &Came) -> Result<()> {
    let goes_on = thread::table.filter(thread::id.nullable().eq(of)).filter(thread::state.eq("open"));
    let goes_on: bool = diesel::select(exists(goes_on)).get_result(tx.conn())?;
    let row = holding::table.find(message);
    if goes_on || !turns::disclosed_after(tx.conn(), Subject(subject.0), *turn)?.is_empty() {
        let now = At::from(tx.now());
        diesel::update(row.filter(holding::gone_at.is_null())).set(holding::gone_at.eq(now)).execute(tx.conn())?;
    } else {
        diesel::delete(row).execute(tx.conn())?;
    }
    Ok(())
}

/// The conversation is over, or nobody's any more: what was remembered for its sake alone is forgotten.
pub(super) fn outlived(tx: &mut Tx<'_>, of: Uuid) -> Result<()> {
    let gone = holding::table.filter(holding::thread.eq(Id(of))).filter(holding::gone_at.is_not_null());
    let gone: Vec<Came> = gone.select(CAME).load(tx.conn())?;
    gone.iter().try_for_each(|&(message, subject, _, turn)| let_go(tx, &(message, subject, None, turn)))
}

/// Takes the person out of a conversation that has ended: whose it was is from here on somebody without a key.
///
/// # Errors
/// What the database refuses.
pub fn unname(tx: &mut Tx<'_>, of: Uuid, nobody: Subject) -> Result<()> {
    diesel::update(thread::table.find(Id(of))).set(thread::subject.eq(Id(nobody.0))).execute(tx.conn())?;
    outlived(tx, of)
}

/// What a conversation was about is deleted: the conversation remembers by which id, for whoever has to prove what became
/// of it.
///
/// # Errors
/// What the database refuses.
pub fn outlives(tx: &mut Tx<'_>, of: Uuid, matter: Uuid) -> Result<()> {
    diesel::update(thread::table.find(Id(of))).set(thread::matter.eq(Id(matter))).execute(tx.conn())?;
    Ok(())
}

/// The conversation of that local id, or about a matter of that id that is deleted.
///
/// # Errors
/// What the database refuses.
pub fn conversation_about(conn: &mut Conn, id: Uuid) -> Result<Option<Thread>> {
    let named = thread::id.nullable().eq(Id(id)).or(thread::matter.eq(Id(id)));
    let found: Option<Id> = thread::table.filter(named).select(thread::id).first(conn).optional()?;
    found.map_or(Ok(None), |found| threads::by_id(conn, found.0))
}

/// What these messages brought is deleted: called by whoever deleted it. That it came is remembered, by ids and codes, while the
/// conversation goes on, and while the log tells of what was passed on about her since: when she takes back what it came
/// under, the conversation ends with it, and who was told since is told that, too.
///
/// # Errors
/// What the database refuses.
pub fn let_go_of(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<()> {
    let ids: Vec<Id> = messages.iter().map(|message| Id(message.0)).collect();
    let held = holding::table.filter(holding::message.eq_any(ids)).filter(holding::gone_at.is_null());
    let held: Vec<Came> = held.select(CAME).load(tx.conn())?;
    held.iter().try_for_each(|came| let_go(tx, came))
}
