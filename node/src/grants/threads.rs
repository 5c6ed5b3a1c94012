//! Threads: conversations with one peer about one person, and what stands for her in them.

use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, SubjectRef, ThreadId};
use staffetta_protocol::message::rules::Side;
use uuid::Uuid;

use super::{Destination, expiring};
use crate::access::cases::restriction;
use crate::error::{Error, Result};
use crate::store::schema::{pairwise, thread};
use crate::store::{At, Conn, Id, Steady, Tx, each_backend};
use crate::vault::Subject;

/// A conversation as this node sees it.
#[derive(Debug, Clone)]
pub struct Thread {
    /// Local id.
    pub id: Uuid,
    /// The other side.
    pub peer: Destination,
    /// Its name between the two nodes.
    pub wire: ThreadId,
    /// Which side this node is.
    pub side: Side,
    /// Whom it is about.
    pub subject: Subject,
    /// What stands for her between the two nodes.
    pub subject_ref: SubjectRef,
    /// Whether anything may still be said in it.
    pub open: bool,
    /// Whether processing of her data is restricted: what comes is kept, and nothing is answered.
    pub restricted: bool,
    /// Highest number that this node gave.
    pub sent_seq: u64,
    /// Highest number of the other side that this node has processed.
    pub seen_seq: u64,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = thread)]
struct Row {
    id: Id,
    peer: String,
    wire: Id,
    side: String,
    subject: Id,
    subject_ref: Id,
    state: String,
    sent_seq: i64,
    seen_seq: i64,
}

impl TryFrom<Row> for Thread {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id.0,
            peer: row.peer.parse()?,
            wire: ThreadId(row.wire.0),
            side: if row.side == Side::Opener.as_str() { Side::Opener } else { Side::Taker },
            subject: Subject(row.subject.0),
            subject_ref: SubjectRef(row.subject_ref.0),
            open: row.state == "open",
            restricted: false,
            sent_seq: row.sent_seq as u64,
            seen_seq: row.seen_seq as u64,
        })
    }
}

fn read(conn: &mut Conn, row: Row) -> Result<Thread> {
    let thread = Thread::try_from(row)?;
    Ok(Thread { restricted: restriction::is_about(conn, thread.subject)?, ..thread })
}

/// The thread of that local id.
pub fn by_id(conn: &mut Conn, id: Uuid) -> Result<Option<Thread>> {
    let row = thread::table.find(Id(id)).select(Row::as_select()).first(conn).optional()?;
    row.map(|row| read(conn, row)).transpose()
}

/// The thread of that name with that peer. Another pair's thread is not found.
pub fn by_wire(conn: &mut Conn, peer: &EntityId, wire: ThreadId) -> Result<Option<Thread>> {
    let named = thread::table.filter(thread::peer.eq(peer.as_str())).filter(thread::wire.eq(Id(wire.0)));
    let row = each_backend!(conn, conn => named.select(Row::as_select()).first(conn).optional())?;
    row.map(|row| read(conn, row)).transpose()
}

/// What stands for one of our people towards a peer: the name in use, or a new one after a completed withdrawal. Of two
/// messages that begin at once the second waits, and uses the name that the first has given: a peer that knew her by two could
/// not put them together, and nobody would take back the one with the other.
pub fn subject_ref_for(tx: &mut Tx<'_>, subject: Subject, peer: impl Into<Destination>) -> Result<SubjectRef> {
    let peer = peer.into().to_string();
    if let Some(known) = name_in_use(tx.conn(), subject, &peer)? {
        return Ok(known);
    }
    let row =
        (pairwise::peer.eq(&peer), pairwise::subject_ref.eq(Id(Uuid::new_v4())), pairwise::subject.eq(Id(subject.0)));
    each_backend!(tx.conn(), conn => diesel::insert_into(pairwise::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    name_in_use(tx.conn(), subject, &peer)?.ok_or_else(|| Error::internal("the name just given is not there"))
}

fn name_in_use(conn: &mut Conn, subject: Subject, peer: &str) -> Result<Option<SubjectRef>> {
    let known: Option<Id> = pairwise::table
        .filter(pairwise::subject.eq(Id(subject.0)))
        .filter(pairwise::peer.eq(peer))
        .filter(pairwise::retired_at.is_null())
        .select(pairwise::subject_ref)
        .first(conn)
        .optional()?;
    Ok(known.map(|id| SubjectRef(id.0)))
}

/// Opens a thread of ours about one of our people.
pub fn begin(tx: &mut Tx<'_>, peer: impl Into<Destination>, subject: Subject, kind: &str) -> Result<Thread> {
    let peer = peer.into();
    let subject_ref = subject_ref_for(tx, subject, &peer)?;
    insert(tx, &peer, ThreadId(Uuid::new_v4()), Side::Opener, kind, subject, subject_ref)
}

/// Takes up a thread that a peer opened.
pub(super) fn take_up(
    tx: &mut Tx<'_>,
    peer: &EntityId,
    wire: ThreadId,
    kind: &str,
    subject: Subject,
    subject_ref: SubjectRef,
) -> Result<Thread> {
    insert(tx, &peer.into(), wire, Side::Taker, kind, subject, subject_ref)
}

fn insert(
    tx: &mut Tx<'_>,
    peer: &Destination,
    wire: ThreadId,
    side: Side,
    kind: &str,
    subject: Subject,
    subject_ref: SubjectRef,
) -> Result<Thread> {
    let now = At::from(tx.now());
    let id = Uuid::new_v4();
    diesel::insert_into(thread::table)
        .values((
            thread::id.eq(Id(id)),
            thread::peer.eq(peer.to_string()),
            thread::wire.eq(Id(wire.0)),
            thread::side.eq(side.as_str()),
            thread::kind.eq(kind),
            thread::subject.eq(Id(subject.0)),
            thread::subject_ref.eq(Id(subject_ref.0)),
            thread::state.eq("open"),
            thread::sent_seq.eq(0),
            thread::seen_seq.eq(0),
            thread::opened_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(Thread {
        id,
        peer: peer.clone(),
        wire,
        side,
        subject,
        subject_ref,
        open: true,
        restricted: false,
        sent_seq: 0,
        seen_seq: 0,
    })
}

/// Gives the next number of this side and says what was seen of the other.
pub fn sent(tx: &mut Tx<'_>, id: Uuid) -> Result<(u64, u64)> {
    let next = diesel::update(thread::table.find(Id(id)))
        .set(thread::sent_seq.eq(thread::sent_seq + 1))
        .returning((thread::sent_seq, thread::seen_seq));
    let (seq, seen): (i64, i64) = each_backend!(tx.conn(), conn => Steady(next).get_result(conn))?;
    Ok((seq as u64, seen as u64))
}

/// Notes that a message of the other side has been processed.
pub fn receive(tx: &mut Tx<'_>, id: Uuid, seq: u64) -> Result<()> {
    let behind = thread::table.find(Id(id)).filter(thread::seen_seq.lt(seq as i64));
    let seen = diesel::update(behind).set(thread::seen_seq.eq(seq as i64));
    let seen = seen.returning(thread::id);
    each_backend!(tx.conn(), conn => Steady(seen).get_result::<Id>(conn).optional())?;
    Ok(())
}

/// Ends a thread: nothing more is said in it.
pub fn end(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(thread::table.find(Id(id)).filter(thread::state.eq("open")))
        .set((thread::state.eq("ended"), thread::closed_at.eq(now)))
        .execute(tx.conn())?;
    expiring::outlived(tx, id)
}

/// Ends every thread about one of these: nobody is there any more to speak about.
pub fn end_about(tx: &mut Tx<'_>, subjects: &[Subject]) -> Result<()> {
    let hers: Vec<Id> = subjects.iter().map(|subject| Id(subject.0)).collect();
    let now = At::from(tx.now());
    diesel::update(thread::table.filter(thread::subject.eq_any(hers)).filter(thread::state.eq("open")))
        .set((thread::state.eq("ended"), thread::closed_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}
