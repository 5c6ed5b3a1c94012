//! Rows of the journal.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::error::Result;
use crate::store::schema::journal;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{self, Subject};

pub(super) fn insert(tx: &mut Tx<'_>, entry: super::Entry) -> Result<()> {
    let (kind, reference) = entry.actor.parts();
    let now = At::from(tx.now());
    diesel::insert_into(journal::table)
        .values((
            journal::id.eq(Id(crate::clock::id_at(tx.now()))),
            journal::at.eq(now),
            journal::actor_kind.eq(kind),
            journal::actor.eq(reference),
            journal::act.eq(entry.act),
            journal::subject.eq(entry.subject.map(|subject| Id(subject.0))),
            journal::object.eq(entry.object),
            journal::peer.eq(entry.peer),
            journal::code.eq(entry.code),
            journal::ground.eq(entry.ground),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// An entry as stored.
#[derive(Debug, Clone)]
pub struct Entry {
    /// When.
    pub at: DateTime<Utc>,
    /// `staff`, `peer`, `person` or `system`.
    pub actor_kind: String,
    /// Which one.
    pub actor: Option<String>,
    /// What.
    pub act: String,
    /// On which thing.
    pub object: Option<String>,
    /// With which node.
    pub peer: Option<String>,
    /// With which outcome.
    pub code: Option<String>,
    /// On which ground.
    pub ground: Option<String>,
}

/// The columns of an entry, and what they hold.
const SHOWN: (
    journal::at,
    journal::actor_kind,
    journal::actor,
    journal::act,
    journal::object,
    journal::peer,
    journal::code,
    journal::ground,
) = (
    journal::at,
    journal::actor_kind,
    journal::actor,
    journal::act,
    journal::object,
    journal::peer,
    journal::code,
    journal::ground,
);
type Columns = (At, String, Option<String>, String, Option<String>, Option<String>, Option<String>, Option<String>);

fn entry((at, actor_kind, actor, act, object, peer, code, ground): Columns) -> Entry {
    Entry { at: at.0, actor_kind, actor, act, object, peer, code, ground }
}

/// The newest entries about the person whose subject this is, at most `limit`: also those from before her records were
/// merged.
pub fn about(conn: &mut Conn, subject: Subject, limit: i64) -> Result<Vec<Entry>> {
    let hers: Vec<Id> = vault::joined(conn, subject)?.into_iter().map(|subject| Id(subject.0)).collect();
    let found: Vec<Columns> = journal::table
        .filter(journal::subject.eq_any(hers))
        .order((journal::at.desc(), journal::id.desc()))
        .limit(limit)
        .select(SHOWN)
        .load(conn)?;
    Ok(found.into_iter().map(entry).collect())
}

/// The newest entries of one act, at most `limit`.
pub fn of_act(conn: &mut Conn, act: &str, limit: i64) -> Result<Vec<Entry>> {
    let found: Vec<Columns> = journal::table
        .filter(journal::act.eq(act))
        .order((journal::at.desc(), journal::id.desc()))
        .limit(limit)
        .select(SHOWN)
        .load(conn)?;
    Ok(found.into_iter().map(entry).collect())
}
