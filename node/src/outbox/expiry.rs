//! What runs out before it is delivered.
//!
//! What has no number is gone at once, what has one goes as a void; for a person it is the same: the message did not
//! arrive in time, and somebody must reach the partner in another way.

use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::receipt::Outcome;

use super::settle::Settlement;
use crate::error::{Error, Result};
use crate::grants;
use crate::store::schema::outbox;
use crate::store::{At, Conn, Id, Tx};
use crate::tasks::{self, Task};
use crate::vault::Subject;

#[derive(Queryable, Selectable)]
#[diesel(table_name = outbox)]
struct Overdue {
    message: Id,
    peer: String,
    kind: String,
    thread: Option<Id>,
    subject: Option<Id>,
    may_have_left: bool,
    settled_at: Option<At>,
}

/// Whether anything that waits has run out.
pub fn has_overdue(conn: &mut Conn, now: chrono::DateTime<chrono::Utc>) -> Result<bool> {
    let overdue = outbox::table.filter(outbox::state.eq("queued")).filter(outbox::expires_at.le(At::from(now)));
    Ok(diesel::select(diesel::dsl::exists(overdue)).get_result(conn)?)
}

/// Lets what has run out go, for whichever peer, at most `limit` at a time: the peer need not be there for that. Tells
/// what is settled by it.
pub fn expire(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Settlement>> {
    let now = At::from(tx.now());
    let overdue = outbox::table
        .filter(outbox::state.eq("queued"))
        .filter(outbox::expires_at.le(now))
        .order(outbox::expires_at.asc())
        .limit(limit)
        .select(Overdue::as_select())
        .load(tx.conn())?;
    run_out(tx, overdue)
}

/// Messages of one link that run out in the transaction of its next batch, at most.
const AT_ONCE: i64 = 200;

/// What ran out of a link before its next batch.
#[derive(Default)]
pub(super) struct RanOut {
    pub(super) settled: Vec<Settlement>,
    /// More of it is overdue: until that has gone, nothing leaves.
    pub(super) more: bool,
}

/// The same for one link, before its next batch: what ran out must not leave. The worker has let go what there was in small
/// parts before, so that little is left to do here, unless our clock was confirmed only just now. What the peer took, up to
/// this number, did not run out.
pub(super) fn expire_for(tx: &mut Tx<'_>, peer: &EntityId, through: i64) -> Result<RanOut> {
    let now = At::from(tx.now());
    let overdue = outbox::table
        .filter(outbox::peer.eq(peer.as_str()))
        .filter(outbox::state.eq("queued"))
        .filter(outbox::expires_at.le(now))
        .filter(outbox::seq.is_null().or(outbox::seq.gt(through)))
        .order(outbox::expires_at.asc())
        .limit(AT_ONCE)
        .select(Overdue::as_select())
        .load(tx.conn())?;
    let more = overdue.len() as i64 == AT_ONCE;
    Ok(RanOut { settled: run_out(tx, overdue)?, more })
}

fn run_out(tx: &mut Tx<'_>, overdue: Vec<Overdue>) -> Result<Vec<Settlement>> {
    let now = At::from(tx.now());
    let mut settled = Vec::new();
    for row in overdue {
        // As it was read: it may have got its number meanwhile, and is looked at again then.
        let waiting = outbox::table
            .find(row.message)
            .filter(outbox::state.eq("queued"))
            .filter(outbox::may_have_left.eq(row.may_have_left));
        let gone = (outbox::code.eq("expired"), outbox::sealed.eq(None::<Vec<u8>>));
        let changed = match row.may_have_left {
            true => diesel::update(waiting).set((outbox::state.eq("void"), gone)).execute(tx.conn())?,
            false => diesel::update(waiting)
                .set((outbox::state.eq("expired"), outbox::settled_at.eq(now), gone))
                .execute(tx.conn())?,
        };
        if changed == 0 {
            continue;
        }
        // What goes again only because the peer had lost it was delivered once.
        if row.settled_at.is_none() {
            tell(tx, &row)?;
        }
        if !row.may_have_left {
            grants::free(tx, MessageId(row.message.0))?;
            settled.push(Settlement {
                message: MessageId(row.message.0),
                kind: row.kind,
                thread: row.thread.map(|id| id.0),
                outcome: Outcome::Voided,
                code: Some("expired".to_owned()),
                waited: None,
            });
        }
    }
    Ok(settled)
}

fn tell(tx: &mut Tx<'_>, row: &Overdue) -> Result<()> {
    let peer: EntityId = row.peer.parse().map_err(|_| Error::internal("a stored entity id does not parse"))?;
    let task = Task::new(tasks::Kind::MessageExpired, row.message.0).with(&peer).code(&row.kind);
    tasks::open(tx, row.subject.iter().fold(task, |task, subject| task.about(Subject(subject.0))))?;
    Ok(())
}
