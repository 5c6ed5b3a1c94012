//! Rows of tasks.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::model::{Kind, Task, TaskRow};
use crate::access::AccessRole;
use crate::access::cases::{Listing, cases_of};
use crate::error::{Error, Result};
use crate::store::schema::{case_file, case_member, task};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{self, Subject};

#[derive(Queryable, Selectable)]
#[diesel(table_name = task)]
struct Row {
    id: Id,
    kind: String,
    object: String,
    role: String,
    peer: Option<String>,
    subject: Option<Id>,
    case_file: Option<Id>,
    code: Option<String>,
    opened_at: At,
    done_at: Option<At>,
    done_by: Option<Id>,
}

impl Row {
    fn read(self) -> Result<TaskRow> {
        let peer = self.peer.map(|peer| peer.parse()).transpose();
        Ok(TaskRow {
            id: self.id.0,
            kind: self.kind.parse()?,
            object: self.object,
            role: self.role.parse().map_err(Error::internal)?,
            peer: peer.map_err(|_| Error::internal("a stored entity id does not parse"))?,
            subject: self.subject.map(|id| Subject(id.0)),
            case: self.case_file.map(|id| id.0),
            code: self.code,
            opened_at: self.opened_at.0,
            done_at: self.done_at.map(|at| at.0),
            done_by: self.done_by.map(|id| id.0),
        })
    }
}

/// The case of a subject: hers, or one of those that went into her record.
pub(super) fn case_of(conn: &mut Conn, subject: Subject) -> Result<Option<Uuid>> {
    let hers: Vec<Id> = vault::joined(conn, subject)?.into_iter().map(|it| Id(it.0)).collect();
    let found: Option<Id> = case_file::table
        .filter(case_file::subject.eq_any(hers))
        .order((case_file::opened_at.asc(), case_file::id.asc()))
        .select(case_file::id)
        .first(conn)
        .optional()?;
    Ok(found.map(|id| id.0))
}

/// Whether it was not open yet.
pub(super) fn insert(tx: &mut Tx<'_>, id: Uuid, new: &Task, case: Option<Uuid>) -> Result<bool> {
    let row = (
        task::id.eq(Id(id)),
        task::kind.eq(new.kind.as_str()),
        task::object.eq(&new.object),
        task::role.eq(new.kind.role().as_str()),
        task::peer.eq(new.peer.as_ref().map(|peer| peer.as_str())),
        task::subject.eq(new.subject.map(|subject| Id(subject.0))),
        task::case_file.eq(case.map(Id)),
        task::code.eq(new.code.as_deref()),
        task::opened_at.eq(At::from(tx.now())),
    );
    let made = crate::store::each_backend!(tx.conn(), conn => diesel::insert_into(task::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(conn))?;
    Ok(made == 1)
}

/// Closes the open one of a kind about an object, if there is one.
pub(super) fn close(tx: &mut Tx<'_>, kind: Kind, object: &str, by: Option<Uuid>) -> Result<Option<TaskRow>> {
    let Some(open) = open_about(tx.conn(), kind, object)? else { return Ok(None) };
    let closed = mark(tx, open.id, by)?;
    Ok(closed.then_some(open))
}

/// The open task of a kind about an object.
pub fn open_about(conn: &mut Conn, kind: Kind, object: &str) -> Result<Option<TaskRow>> {
    let row: Option<Row> = task::table
        .filter(task::kind.eq(kind.as_str()))
        .filter(task::object.eq(object))
        .filter(task::done_at.is_null())
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Row::read).transpose()
}

pub(super) fn find(conn: &mut Conn, id: Uuid) -> Result<Option<TaskRow>> {
    let row: Option<Row> = task::table.find(Id(id)).select(Row::as_select()).first(conn).optional()?;
    row.map(Row::read).transpose()
}

/// Whether it was open.
pub(super) fn finish(tx: &mut Tx<'_>, id: Uuid, by: Uuid) -> Result<bool> {
    mark(tx, id, Some(by))
}

fn mark(tx: &mut Tx<'_>, id: Uuid, by: Option<Uuid>) -> Result<bool> {
    let marked = diesel::update(task::table.find(Id(id)).filter(task::done_at.is_null()))
        .set((task::done_at.eq(At::from(tx.now())), task::done_by.eq(by.map(Id))))
        .execute(tx.conn())?;
    Ok(marked == 1)
}

/// Tasks of a role, the oldest first. Where only somebody's own cases are listed, those of cases that nobody was put on
/// yet are everybody's.
pub(super) fn list(
    conn: &mut Conn,
    role: AccessRole,
    of: Listing,
    done: bool,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<TaskRow>> {
    let mut query = task::table
        .filter(task::role.eq(role.as_str()))
        .order((task::opened_at.asc(), task::id.asc()))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed();
    if !done {
        query = query.filter(task::done_at.is_null());
    }
    if let (Listing::Of(staff), AccessRole::Operator) = (of, role) {
        let taken = case_member::table.select(case_member::case_file);
        let own = task::case_file.is_null().or(task::case_file.assume_not_null().eq_any(cases_of(staff)));
        query = query.filter(own.or(diesel::dsl::not(task::case_file.assume_not_null().eq_any(taken))));
    }
    if let Some((at, id)) = after {
        let at = At::from(at);
        query = query.filter(task::opened_at.gt(at).or(task::opened_at.eq(at).and(task::id.gt(Id(id)))));
    }
    let found: Vec<Row> = query.load(conn)?;
    found.into_iter().map(Row::read).collect()
}
