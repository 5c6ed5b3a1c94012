//! What leaves on paper: the same permit, the same line in the log of disclosures, and no message.

use std::collections::BTreeSet;

use diesel::prelude::*;
use staffetta_protocol::consent::{Ground, Group};
use staffetta_protocol::id::{MessageId, RecordId};
use uuid::Uuid;

use super::{Destination, Disclosure, Permit, Thread, rows, used};
use crate::error::{Error, Result};
use crate::store::schema::{disclosure, paper};
use crate::store::{Conn, Id, Tx};

/// Writes down that groups about a person leave on paper, in the transaction that makes the paper. The id of the
/// disclosure names the paper from now on.
///
/// # Errors
/// Internal, where the permit is not for the office of the thread or does not name a group that is carried.
pub fn on_paper(
    tx: &mut Tx<'_>,
    permit: &Permit,
    thread: &Thread,
    kind: &str,
    carried: &BTreeSet<Group>,
    card_version: Option<u32>,
) -> Result<MessageId> {
    if permit.peer().office().is_none() || *permit.peer() != thread.peer || permit.subject() != thread.subject {
        return Err(Error::internal("the permit is not for paper, or for another thread"));
    }
    if let Some(uncovered) = carried.iter().find(|group| !permit.groups().contains(group)) {
        return Err(Error::internal(format!("{} is not covered by the permit", uncovered.code())));
    }
    let (ground, record) = match permit.ground() {
        Ground::Consent { grant } => ("consent".to_owned(), Some((grant.record, grant.seq.get()))),
        Ground::Duty { basis, .. } => (format!("duty:{}", basis.code()), None),
        Ground::Reply {} => return Err(Error::internal("nobody answers on paper")),
    };
    let id = MessageId(Uuid::new_v4());
    if let Some((record, seq)) = record {
        // Paper in the hand has arrived: a grant of one use is spent with it.
        used::must_be_open(tx, record, seq)?;
        used::hold(tx, record, seq, id)?;
        used::spend(tx, &[id])?;
    }
    rows::note_disclosure(
        tx,
        &Disclosure {
            message: id,
            subject: permit.subject(),
            peer: permit.peer().clone(),
            organisation: permit.organisation().to_owned(),
            kind: kind.to_owned(),
            purpose: permit.purpose(),
            groups: carried.clone(),
            ground,
            record,
            card_version,
            at: tx.now(),
        },
    )?;
    diesel::insert_into(paper::table)
        .values((paper::disclosure.eq(Id(id.0)), paper::thread.eq(Id(thread.id))))
        .execute(tx.conn())?;
    Ok(id)
}

/// In which thread something left on paper; nothing for a message.
pub fn thread_of_paper(conn: &mut Conn, id: MessageId) -> Result<Option<Uuid>> {
    let thread: Option<Id> = paper::table.find(Id(id.0)).select(paper::thread).first(conn).optional()?;
    Ok(thread.map(|id| id.0))
}

/// The threads with `peer` in which paper rested on this record of ours.
pub(super) fn threads_under(conn: &mut Conn, peer: &Destination, record: RecordId) -> Result<Vec<Uuid>> {
    let threads: Vec<Id> = paper::table
        .inner_join(disclosure::table.on(disclosure::message.eq(paper::disclosure)))
        .filter(disclosure::peer.eq(peer.to_string()))
        .filter(disclosure::record.eq(Id(record.0)))
        .select(paper::thread)
        .distinct()
        .load(conn)?;
    Ok(threads.into_iter().map(|id| id.0).collect())
}

/// A record, which yes, and the purpose.
type Named = (Option<Id>, Option<i32>, Option<String>);

/// The records, with their versions and for what they are, on which the paper of a thread rests.
pub(super) fn records_in(conn: &mut Conn, thread: Uuid) -> Result<Vec<Named>> {
    let records = paper::table
        .inner_join(disclosure::table.on(disclosure::message.eq(paper::disclosure)))
        .filter(paper::thread.eq(Id(thread)))
        .select((disclosure::record, disclosure::record_seq, disclosure::purpose));
    Ok(records.load(conn)?)
}
