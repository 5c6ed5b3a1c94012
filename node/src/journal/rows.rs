//! Rows of the journal.

use chrono::{DateTime, SecondsFormat, Utc};
use diesel::prelude::*;
use staffetta_protocol::log::Entry as Leaf;

use crate::error::Result;
use crate::store::schema::journal;
use crate::store::{At, Conn, Id, Tx, each_backend, insert_rows};
use crate::vault::{self, Subject};

/// The row of an entry that is written now.
#[derive(Insertable)]
#[diesel(table_name = journal, treat_none_as_default_value = false)]
struct Row {
    id: Id,
    at: At,
    actor_kind: &'static str,
    actor: Option<String>,
    act: &'static str,
    subject: Option<Id>,
    object: Option<String>,
    peer: Option<String>,
    code: Option<String>,
    ground: Option<String>,
}

impl Row {
    fn of(entry: super::Entry, now: DateTime<Utc>) -> Self {
        let (actor_kind, actor) = entry.actor.parts();
        Self {
            id: Id(crate::clock::id_at(now)),
            at: At::from(now),
            actor_kind,
            actor,
            act: entry.act,
            subject: entry.subject.map(|subject| Id(subject.0)),
            object: entry.object,
            peer: entry.peer,
            code: entry.code,
            ground: entry.ground,
        }
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, entry: super::Entry) -> Result<Id> {
    let row = Row::of(entry, tx.now());
    let id = row.id;
    each_backend!(tx.conn(), conn => diesel::insert_into(journal::table).values(row).execute(conn))?;
    Ok(id)
}

pub(super) fn insert_all(tx: &mut Tx<'_>, entries: Vec<super::Entry>) -> Result<()> {
    let now = tx.now();
    Ok(insert_rows!(tx.conn(), journal::table, entries.into_iter().map(|entry| Row::of(entry, now)))?)
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

/// An entry with everything that its leaf is made of.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = journal)]
pub(super) struct Stored {
    pub(super) id: Id,
    pub(super) position: Option<i64>,
    at: At,
    actor_kind: String,
    actor: Option<String>,
    act: String,
    subject: Option<Id>,
    object: Option<String>,
    peer: Option<String>,
    code: Option<String>,
    ground: Option<String>,
}

impl Stored {
    pub(super) fn is_before(&self, instant: DateTime<Utc>) -> bool {
        self.at.0 < instant
    }

    /// What the log says of it.
    pub(super) fn leaf(&self) -> Leaf {
        Leaf {
            act: self.act.clone(),
            actor: self.actor.clone(),
            actor_kind: self.actor_kind.clone(),
            at: self.at.0.to_rfc3339_opts(SecondsFormat::Micros, true),
            code: self.code.clone(),
            ground: self.ground.clone(),
            id: self.id.0,
            object: self.object.clone(),
            peer: self.peer.clone(),
            subject: self.subject.map(|subject| subject.0),
        }
    }
}

pub(super) fn one(conn: &mut Conn, id: Id) -> Result<Stored> {
    Ok(journal::table.find(id).select(Stored::as_select()).first(conn)?)
}

/// The next entries without a place, the oldest ids first.
pub(super) fn unsealed(conn: &mut Conn, limit: i64) -> Result<Vec<Stored>> {
    let waiting = journal::table.filter(journal::position.is_null()).order(journal::id).limit(limit);
    Ok(waiting.select(Stored::as_select()).load(conn)?)
}

/// The entries with these places, in order.
pub(super) fn placed(conn: &mut Conn, from: i64, to: i64) -> Result<Vec<Stored>> {
    let between = journal::table.filter(journal::position.ge(from)).filter(journal::position.lt(to));
    Ok(between.order(journal::position).select(Stored::as_select()).load(conn)?)
}

/// The sealed entries on any of these things, in order, at most `limit`.
pub(super) fn on_things(conn: &mut Conn, objects: &[String], limit: i64) -> Result<Vec<Stored>> {
    let found = journal::table.filter(journal::position.is_not_null()).filter(journal::object.eq_any(objects));
    Ok(found.order(journal::position).limit(limit).select(Stored::as_select()).load(conn)?)
}
