//! What still rests on what: asked when something was withdrawn, and before a key or a name is given up.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use super::bearing;
use super::rows::{disclosures_about, split, tombstoned};
use crate::error::Result;
use crate::store::schema::{holding, pairwise, thread};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::Subject;

/// What this node holds about somebody from one other: record, which yes, and groups.
pub fn held_from(conn: &mut Conn, peer: &EntityId, subject: Subject) -> Result<Vec<(RecordId, u32, BTreeSet<Group>)>> {
    let rows: Vec<(Id, i32, String)> = holding::table
        .filter(holding::peer.eq(peer.as_str()))
        .filter(holding::subject.eq(Id(subject.0)))
        .filter(holding::gone_at.is_null())
        .select((holding::record, holding::record_seq, holding::groups))
        .load(conn)?;
    rows.into_iter().map(|(record, seq, groups)| Ok((RecordId(record.0), seq as u32, split(&groups)?))).collect()
}

/// The records of the other side on which what came in a thread rests, with the newest yes of each.
pub fn records_behind(conn: &mut Conn, thread: Uuid) -> Result<BTreeMap<RecordId, u32>> {
    let rows: Vec<(Id, i32)> = holding::table
        .filter(holding::thread.eq(Id(thread)))
        .order(holding::record_seq)
        .select((holding::record, holding::record_seq))
        .load(conn)?;
    Ok(rows.into_iter().map(|(record, seq)| (RecordId(record.0), seq as u32)).collect())
}

/// The message, the record under which it came and which yes, and the groups that it brought.
type Came = (MessageId, RecordId, u32, BTreeSet<Group>);

/// What came in a thread on records of the other side. What time deleted here since has no groups.
pub fn held_in(conn: &mut Conn, thread: Uuid) -> Result<Vec<Came>> {
    let rows: Vec<(Id, Id, i32, String, Option<At>)> = holding::table
        .filter(holding::thread.eq(Id(thread)))
        .select((holding::message, holding::record, holding::record_seq, holding::groups, holding::gone_at))
        .load(conn)?;
    let found = rows.into_iter().map(|(message, record, seq, groups, gone)| {
        let groups = if gone.is_some() { BTreeSet::new() } else { split(&groups)? };
        Ok((MessageId(message.0), RecordId(record.0), seq as u32, groups))
    });
    found.collect()
}

/// The groups that a thread has brought or taken, for a rectification of what the recipient holds.
pub(super) fn groups_in_thread(conn: &mut Conn, thread: Uuid) -> Result<BTreeSet<Group>> {
    Ok(held_in(conn, thread)?.into_iter().flat_map(|(.., groups)| groups).collect())
}

/// Whether what a message of a peer said in a thread was taken back: the record under which it came; where that was not noted,
/// what carried the thread.
pub fn taken_back(
    conn: &mut Conn,
    peer: &EntityId,
    (thread, message): (Uuid, MessageId),
    now: DateTime<Utc>,
) -> Result<bool> {
    let held = held_in(conn, thread)?;
    let its_own = held.iter().find(|it| it.0 == message);
    if let Some((_, record, seq, _)) = its_own {
        return tombstoned(conn, peer, *record, *seq);
    }
    for (_, record, seq, _) in &held {
        if tombstoned(conn, peer, *record, *seq)? && bearing::is_bare_without(conn, peer, (thread, *record), now)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// About which of these something is held on a consent of another node, or may still be said in a thread.
pub fn held_about(conn: &mut Conn, subjects: &[Subject]) -> Result<HashSet<Subject>> {
    let ids: Vec<Id> = subjects.iter().map(|subject| Id(subject.0)).collect();
    let held = holding::table.filter(holding::subject.eq_any(ids.clone())).filter(holding::gone_at.is_null());
    let mut found: Vec<Id> = held.select(holding::subject).distinct().load(conn)?;
    let open = thread::table.filter(thread::subject.eq_any(ids)).filter(thread::state.eq("open"));
    found.extend(open.select(thread::subject).distinct().load::<Id>(conn)?);
    Ok(found.into_iter().map(|id| Subject(id.0)).collect())
}

/// Gives up the name by which one node knew somebody, once it has given up all that it was told: what she agrees to later
/// begins under a new one, so that nobody puts the two together. Nothing happens while something of hers still stands there.
pub fn retire_ref(tx: &mut Tx<'_>, subject: Subject, peer: &EntityId, own: &EntityId) -> Result<()> {
    for it in disclosures_about(tx.conn(), &[subject])?.into_iter().filter(|it| it.peer == *peer) {
        if let Some((record, seq)) = it.record
            && !tombstoned(tx.conn(), own, record, seq)?
        {
            return Ok(());
        }
    }
    let talks = thread::table
        .filter(thread::subject.eq(Id(subject.0)))
        .filter(thread::peer.eq(peer.as_str()))
        .filter(thread::state.eq("open"));
    if diesel::select(diesel::dsl::exists(talks)).get_result(tx.conn())? {
        return Ok(());
    }
    let now = At::from(tx.now());
    let named = pairwise::table
        .filter(pairwise::subject.eq(Id(subject.0)))
        .filter(pairwise::peer.eq(peer.as_str()))
        .filter(pairwise::retired_at.is_null());
    diesel::update(named).set(pairwise::retired_at.eq(now)).execute(tx.conn())?;
    Ok(())
}
