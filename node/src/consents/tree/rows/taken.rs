//! Rows of what this node did when a record of another was withdrawn, and what it answered.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::data::{Below, GroupAnswer};
use staffetta_protocol::id::{EntityId, MessageId, RecordId, SubjectRef};
use uuid::Uuid;

use super::{damaged, text};
use crate::error::{Error, Result};
use crate::store::schema::recall_taken;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::Subject;

/// A withdrawal of a record of another node, and what this node did.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::consents::tree) struct Taken {
    pub(in crate::consents::tree) id: Uuid,
    /// Absent as long as the person spoke here and her issuer has not heard of it.
    pub(in crate::consents::tree) recall: Option<Uuid>,
    pub(in crate::consents::tree) issuer: EntityId,
    pub(in crate::consents::tree) record: RecordId,
    pub(in crate::consents::tree) seq: u32,
    pub(in crate::consents::tree) subject: Option<Subject>,
    pub(in crate::consents::tree) subject_ref: Option<SubjectRef>,
    /// When the first of it had come.
    pub(in crate::consents::tree) held_since: Option<DateTime<Utc>>,
    /// In which turn it had; nothing that this node disclosed before can have contained it.
    pub(in crate::consents::tree) held_turn: Option<i64>,
    pub(in crate::consents::tree) outcomes: Vec<GroupAnswer>,
    pub(in crate::consents::tree) due_at: Option<DateTime<Utc>>,
    /// What was last answered; version 0 before any.
    pub(in crate::consents::tree) version: u32,
    pub(in crate::consents::tree) complete: bool,
    pub(in crate::consents::tree) below: Vec<Below>,
    pub(in crate::consents::tree) answer: Option<MessageId>,
    /// Something is kept that she must not lose yet: it goes as soon as that has ended.
    pub(in crate::consents::tree) frozen: bool,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = recall_taken, treat_none_as_null = true)]
struct TakenRow {
    id: Id,
    recall: Option<Id>,
    issuer: String,
    record: Id,
    seq: i32,
    subject: Option<Id>,
    subject_ref: Option<Id>,
    held_since: Option<At>,
    held_turn: Option<i64>,
    outcomes: String,
    due_at: Option<At>,
    version: i32,
    complete: bool,
    below: String,
    answer: Option<Id>,
    frozen: bool,
}

impl TryFrom<TakenRow> for Taken {
    type Error = Error;

    fn try_from(row: TakenRow) -> Result<Self> {
        Ok(Self {
            id: row.id.0,
            recall: row.recall.map(|id| id.0),
            issuer: row.issuer.parse().map_err(|_| damaged())?,
            record: RecordId(row.record.0),
            seq: row.seq as u32,
            subject: row.subject.map(|id| Subject(id.0)),
            subject_ref: row.subject_ref.map(|id| SubjectRef(id.0)),
            held_since: row.held_since.map(|at| at.0),
            held_turn: row.held_turn,
            outcomes: serde_json::from_str(&row.outcomes).map_err(|_| damaged())?,
            due_at: row.due_at.map(|at| at.0),
            version: row.version as u32,
            complete: row.complete,
            below: serde_json::from_str(&row.below).map_err(|_| damaged())?,
            answer: row.answer.map(|id| MessageId(id.0)),
            frozen: row.frozen,
        })
    }
}

impl Taken {
    fn row(&self) -> Result<TakenRow> {
        Ok(TakenRow {
            id: Id(self.id),
            recall: self.recall.map(Id),
            issuer: self.issuer.to_string(),
            record: Id(self.record.0),
            seq: i32::try_from(self.seq).map_err(Error::internal)?,
            subject: self.subject.map(|it| Id(it.0)),
            subject_ref: self.subject_ref.map(|it| Id(it.0)),
            held_since: self.held_since.map(At::from),
            held_turn: self.held_turn,
            outcomes: serde_json::to_string(&self.outcomes).map_err(Error::internal)?,
            due_at: self.due_at.map(At::from),
            version: i32::try_from(self.version).map_err(Error::internal)?,
            complete: self.complete,
            below: text(&self.below)?,
            answer: self.answer.map(|it| Id(it.0)),
            frozen: self.frozen,
        })
    }
}

pub(in crate::consents::tree) fn insert_taken(tx: &mut Tx<'_>, new: &Taken) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(recall_taken::table).values((new.row()?, recall_taken::taken_at.eq(now))).execute(tx.conn())?;
    Ok(())
}

pub(in crate::consents::tree) fn save_taken(tx: &mut Tx<'_>, taken: &Taken) -> Result<()> {
    diesel::update(recall_taken::table.find(Id(taken.id))).set(taken.row()?).execute(tx.conn())?;
    Ok(())
}

fn taken(conn: &mut Conn, id: Uuid) -> Result<Option<Taken>> {
    let row: Option<TakenRow> =
        recall_taken::table.find(Id(id)).select(TakenRow::as_select()).first(conn).optional()?;
    row.map(Taken::try_from).transpose()
}

/// The same, with its row locked until this transaction ends. What is said above is counted from rows of others, those below:
/// of two acts that change one of these each, the second counts what the first has written, and says it under a version of
/// its own.
pub(in crate::consents::tree) fn locked(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Taken>> {
    let row = recall_taken::table.find(Id(id));
    diesel::update(row).set(recall_taken::version.eq(recall_taken::version)).execute(tx.conn())?;
    taken(tx.conn(), id)
}

/// What was done about that record of that node: under this recall, or before its issuer made one.
pub(in crate::consents::tree) fn taken_of(
    conn: &mut Conn,
    issuer: &EntityId,
    record: RecordId,
    recall: Option<Uuid>,
) -> Result<Option<Taken>> {
    let mut query = recall_taken::table
        .filter(recall_taken::issuer.eq(issuer.as_str()))
        .filter(recall_taken::record.eq(Id(record.0)))
        .select(TakenRow::as_select())
        .into_boxed();
    query = match recall {
        Some(recall) => query.filter(recall_taken::recall.eq(Id(recall))),
        None => query.filter(recall_taken::recall.is_null()),
    };
    let row: Option<TakenRow> = query.first(conn).optional()?;
    row.map(Taken::try_from).transpose()
}

/// What was answered by this message, with its row locked.
pub(in crate::consents::tree) fn answered_by(tx: &mut Tx<'_>, message: MessageId) -> Result<Option<Taken>> {
    let of = recall_taken::table.filter(recall_taken::answer.eq(Id(message.0)));
    let id: Option<Id> = of.select(recall_taken::id).first(tx.conn()).optional()?;
    id.map_or(Ok(None), |id| locked(tx, id.0))
}

/// A withdrawal of which something is kept that should go, and whose it is.
pub(in crate::consents::tree) type Withheld = (Uuid, Option<Subject>);

/// The withdrawals of which something is kept, in the order of their ids.
pub(in crate::consents::tree) fn frozen(conn: &mut Conn, after: Uuid, limit: i64) -> Result<Vec<Withheld>> {
    let rows: Vec<(Id, Option<Id>)> = recall_taken::table
        .filter(recall_taken::frozen.eq(true))
        .filter(recall_taken::id.gt(Id(after)))
        .order(recall_taken::id)
        .limit(limit)
        .select((recall_taken::id, recall_taken::subject))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, subject)| (id.0, subject.map(|id| Subject(id.0)))).collect())
}

/// Those whose subject's key may be there still: everything was answered, or its time has passed.
pub(in crate::consents::tree) fn unshredded(
    conn: &mut Conn,
    now: DateTime<Utc>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Taken>> {
    let rows: Vec<TakenRow> = recall_taken::table
        .filter(recall_taken::shredded_at.is_null())
        .filter(recall_taken::frozen.eq(false))
        .filter(recall_taken::version.gt(0))
        .filter(recall_taken::complete.eq(true).or(recall_taken::due_at.le(At::from(now))))
        .filter(recall_taken::id.gt(Id(after)))
        .order(recall_taken::id)
        .limit(limit)
        .select(TakenRow::as_select())
        .load(conn)?;
    rows.into_iter().map(Taken::try_from).collect()
}

/// Something more of hers goes under it: her key, destroyed before or not, may be there anew.
pub(in crate::consents::tree) fn look_again(tx: &mut Tx<'_>, taken: Uuid) -> Result<()> {
    let row = recall_taken::table.find(Id(taken));
    diesel::update(row).set(recall_taken::shredded_at.eq(None::<At>)).execute(tx.conn())?;
    Ok(())
}

pub(in crate::consents::tree) fn mark_shredded(tx: &mut Tx<'_>, taken: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(recall_taken::table.find(Id(taken))).set(recall_taken::shredded_at.eq(now)).execute(tx.conn())?;
    Ok(())
}
