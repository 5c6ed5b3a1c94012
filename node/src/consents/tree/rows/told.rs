//! Rows of who was told of a withdrawal and answered what.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::consent::Group;
use staffetta_protocol::data::GroupAnswer;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use staffetta_protocol::trust::Role;
use uuid::Uuid;

use super::{damaged, text};
use crate::access::cases::{Listing, cases_of};
use crate::consents::recalls::LetterChannel;
use crate::consents::rows::{join, split};
use crate::consents::tree::model::Known;
use crate::error::{Error, Result};
use crate::people::PersonId;
use crate::store::schema::recall_told;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

/// A node that was told of a withdrawal.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// This line's id at this node.
    pub id: Uuid,
    /// The recall.
    pub recall: Uuid,
    /// The record of this node that was withdrawn.
    pub record: RecordId,
    /// Which yes.
    pub seq: u32,
    /// Who was told.
    pub peer: EntityId,
    /// The organisation, as it was called then.
    pub organisation: String,
    /// As what it appears where its name is not told.
    pub role: Role,
    /// Whose data.
    pub person: PersonId,
    /// Whose key.
    pub subject: Subject,
    /// What it was given under the record.
    pub groups: BTreeSet<Group>,
    /// What this node itself was told to give up, where this follows from that.
    pub above: Option<Uuid>,
    /// The message that told it.
    pub message: MessageId,
    /// When it was queued.
    pub told_at: DateTime<Utc>,
    /// When the answer is due.
    pub due_at: DateTime<Utc>,
    /// When its receipt came.
    pub reached_at: Option<DateTime<Utc>>,
    /// Why it was not reached: a code.
    pub failed: Option<String>,
    /// What it has answered.
    pub known: Known,
    /// When it last answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// The digest of that answer: the proof.
    pub answer_digest: Option<String>,
    /// When and how it was told by other means.
    pub elsewhere: Option<(DateTime<Utc>, LetterChannel)>,
}

impl Told {
    /// Whether its answer is late.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        !self.known.is_settled() && self.due_at <= now
    }
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = recall_told)]
struct ToldRow {
    id: Id,
    recall: Id,
    record: Id,
    seq: i32,
    peer: String,
    organisation: String,
    role: String,
    person: Id,
    subject: Id,
    groups: String,
    above: Option<Id>,
    message: Id,
    told_at: At,
    due_at: At,
    reached_at: Option<At>,
    failed: Option<String>,
    version: i32,
    complete: bool,
    below: String,
    answered_at: Option<At>,
    answer_digest: Option<String>,
    elsewhere_at: Option<At>,
    elsewhere_channel: Option<String>,
}

const fn place(told: Uuid) -> Place {
    Place { table: "recall_told", row: told, column: "sealed" }
}

impl TryFrom<ToldRow> for Told {
    type Error = Error;

    fn try_from(row: ToldRow) -> Result<Self> {
        let channel = row.elsewhere_channel.as_deref().map(|code| LetterChannel::from_code(code).ok_or_else(damaged));
        let groups = if row.groups.is_empty() { Some(BTreeSet::new()) } else { split(&row.groups) };
        Ok(Self {
            id: row.id.0,
            recall: row.recall.0,
            record: RecordId(row.record.0),
            seq: row.seq as u32,
            peer: row.peer.parse().map_err(|_| damaged())?,
            organisation: row.organisation,
            role: row.role.parse().map_err(|_| damaged())?,
            person: PersonId(row.person.0),
            subject: Subject(row.subject.0),
            groups: groups.ok_or_else(damaged)?,
            above: row.above.map(|id| id.0),
            message: MessageId(row.message.0),
            told_at: row.told_at.0,
            due_at: row.due_at.0,
            reached_at: row.reached_at.map(|at| at.0),
            failed: row.failed,
            known: Known {
                version: row.version as u32,
                complete: row.complete,
                below: serde_json::from_str(&row.below).map_err(|_| damaged())?,
                elsewhere: row.elsewhere_at.is_some(),
            },
            answered_at: row.answered_at.map(|at| at.0),
            answer_digest: row.answer_digest,
            elsewhere: row.elsewhere_at.map(|at| at.0).zip(channel.transpose()?),
        })
    }
}

pub(in crate::consents) fn insert_told(tx: &mut Tx<'_>, new: &Told) -> Result<()> {
    let row = ToldRow {
        id: Id(new.id),
        recall: Id(new.recall),
        record: Id(new.record.0),
        seq: i32::try_from(new.seq).map_err(Error::internal)?,
        peer: new.peer.to_string(),
        organisation: new.organisation.clone(),
        role: new.role.as_str().to_owned(),
        person: Id(new.person.0),
        subject: Id(new.subject.0),
        groups: join(&new.groups),
        above: new.above.map(Id),
        message: Id(new.message.0),
        told_at: At::from(new.told_at),
        due_at: At::from(new.due_at),
        reached_at: None,
        failed: None,
        version: 0,
        complete: false,
        below: text(&[])?,
        answered_at: None,
        answer_digest: None,
        elsewhere_at: None,
        elsewhere_channel: None,
    };
    diesel::insert_into(recall_told::table).values(row).execute(tx.conn())?;
    Ok(())
}

pub(in crate::consents) fn told(conn: &mut Conn, id: Uuid) -> Result<Option<Told>> {
    let row: Option<ToldRow> = recall_told::table.find(Id(id)).select(ToldRow::as_select()).first(conn).optional()?;
    row.map(Told::try_from).transpose()
}

/// The line of that recall, record and node.
pub(in crate::consents) fn told_to(
    conn: &mut Conn,
    recall: Uuid,
    record: RecordId,
    peer: &EntityId,
) -> Result<Option<Told>> {
    let row: Option<ToldRow> = recall_told::table
        .filter(recall_told::recall.eq(Id(recall)))
        .filter(recall_told::record.eq(Id(record.0)))
        .filter(recall_told::peer.eq(peer.as_str()))
        .select(ToldRow::as_select())
        .first(conn)
        .optional()?;
    row.map(Told::try_from).transpose()
}

/// The line that this message told.
pub(in crate::consents) fn told_by(conn: &mut Conn, message: MessageId) -> Result<Option<Told>> {
    let row: Option<ToldRow> = recall_told::table
        .filter(recall_told::message.eq(Id(message.0)))
        .select(ToldRow::as_select())
        .first(conn)
        .optional()?;
    row.map(Told::try_from).transpose()
}

/// It is another message now that tells it.
pub(in crate::consents) fn tell_by(tx: &mut Tx<'_>, told: Uuid, message: MessageId) -> Result<()> {
    diesel::update(recall_told::table.find(Id(told))).set(recall_told::message.eq(Id(message.0))).execute(tx.conn())?;
    Ok(())
}

/// Whom this node told since it was told itself.
pub(in crate::consents) fn told_below(conn: &mut Conn, above: Uuid) -> Result<Vec<Told>> {
    let rows: Vec<ToldRow> = recall_told::table
        .filter(recall_told::above.eq(Id(above)))
        .order((recall_told::told_at, recall_told::id))
        .select(ToldRow::as_select())
        .load(conn)?;
    rows.into_iter().map(Told::try_from).collect()
}

/// Everybody who was told about her, the first first.
pub(in crate::consents) fn told_about(conn: &mut Conn, person: PersonId) -> Result<Vec<Told>> {
    let rows: Vec<ToldRow> = recall_told::table
        .filter(recall_told::person.eq(Id(person.0)))
        .order((recall_told::told_at, recall_told::id))
        .select(ToldRow::as_select())
        .load(conn)?;
    rows.into_iter().map(Told::try_from).collect()
}

/// Writes a newer answer, if nobody wrote it meanwhile: what it says of groups is sealed, while there is a key.
pub(in crate::consents) fn save_answer(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &Told,
    groups: &[GroupAnswer],
    digest: &str,
) -> Result<bool> {
    let now = At::from(tx.now());
    let sealed = if Vault::is_shredded(tx.conn(), of.subject)? {
        None
    } else {
        let plain = serde_json::to_vec(groups).map_err(Error::internal)?;
        Some(vault.seal(tx.conn(), of.subject, place(of.id), &plain)?)
    };
    let older = recall_told::table.find(Id(of.id)).filter(recall_told::version.lt(of.known.version as i32));
    let changed = diesel::update(older)
        .set((
            recall_told::version.eq(of.known.version as i32),
            recall_told::complete.eq(of.known.complete),
            recall_told::below.eq(text(&of.known.below)?),
            recall_told::answered_at.eq(now),
            recall_told::answer_digest.eq(digest),
            recall_told::sealed.eq(sealed),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// What a node answered for each group. `None` before it did, and once her key is gone.
pub(in crate::consents) fn answered_groups(
    conn: &mut Conn,
    vault: &Vault,
    told: Uuid,
) -> Result<Option<Vec<GroupAnswer>>> {
    let sealed: Option<Option<Vec<u8>>> =
        recall_told::table.find(Id(told)).select(recall_told::sealed).first(conn).optional()?;
    let Some(sealed) = sealed.flatten() else { return Ok(None) };
    let Some(plain) = vault.open(conn, place(told), &sealed)? else { return Ok(None) };
    serde_json::from_slice(&plain).map(Some).map_err(|_| damaged())
}

pub(in crate::consents) fn mark_reached(tx: &mut Tx<'_>, told: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(recall_told::table.find(Id(told)).filter(recall_told::reached_at.is_null()))
        .set((recall_told::reached_at.eq(now), recall_told::failed.eq(None::<String>)))
        .execute(tx.conn())?;
    Ok(())
}

pub(in crate::consents) fn mark_failed(tx: &mut Tx<'_>, told: Uuid, code: &str) -> Result<()> {
    diesel::update(recall_told::table.find(Id(told))).set(recall_told::failed.eq(code)).execute(tx.conn())?;
    Ok(())
}

/// Notes that it was told by other means. Says whether this was the act that did.
pub(in crate::consents) fn mark_elsewhere(
    tx: &mut Tx<'_>,
    told: Uuid,
    at: DateTime<Utc>,
    how: LetterChannel,
) -> Result<bool> {
    let open = recall_told::table
        .find(Id(told))
        .filter(recall_told::elsewhere_at.is_null())
        .filter(recall_told::complete.eq(false));
    let changed = diesel::update(open)
        .set((recall_told::elsewhere_at.eq(At::from(at)), recall_told::elsewhere_channel.eq(how.code())))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Those whose answer is late and of whom no task was made, the one that is late longest first.
pub(in crate::consents) fn late(conn: &mut Conn, now: DateTime<Utc>, limit: i64) -> Result<Vec<Told>> {
    let rows: Vec<ToldRow> = recall_told::table
        .filter(recall_told::due_at.le(At::from(now)))
        .filter(recall_told::complete.eq(false))
        .filter(recall_told::elsewhere_at.is_null())
        .filter(recall_told::task_at.is_null())
        .order((recall_told::due_at, recall_told::id))
        .limit(limit)
        .select(ToldRow::as_select())
        .load(conn)?;
    rows.into_iter().map(Told::try_from).collect()
}

/// Notes that there is a task of the late answer, if none came and nobody noted it meanwhile. Says whether this was the act
/// that did.
pub(in crate::consents) fn mark_late(tx: &mut Tx<'_>, told: Uuid) -> Result<bool> {
    let now = At::from(tx.now());
    let late = recall_told::table
        .find(Id(told))
        .filter(recall_told::complete.eq(false))
        .filter(recall_told::elsewhere_at.is_null())
        .filter(recall_told::task_at.is_null());
    Ok(diesel::update(late).set(recall_told::task_at.eq(now)).execute(tx.conn())? == 1)
}

pub(in crate::consents) fn mark_task(tx: &mut Tx<'_>, told: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(recall_told::table.find(Id(told))).set(recall_told::task_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

/// Whether somebody who was told about her is still to answer, and has the time.
pub(in crate::consents) fn is_open(conn: &mut Conn, person: PersonId, now: DateTime<Utc>) -> Result<bool> {
    let open = recall_told::table
        .filter(recall_told::person.eq(Id(person.0)))
        .filter(recall_told::complete.eq(false))
        .filter(recall_told::elsewhere_at.is_null())
        .filter(recall_told::due_at.gt(At::from(now)));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(conn)?)
}

/// Which lines a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Those that are waited for.
    pub open: bool,
    /// Those whose answer is late.
    pub overdue: bool,
    /// Those about this person.
    pub person: Option<PersonId>,
    /// Those that come after this one.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most.
    pub limit: i64,
}

/// The one that is due first before the others; one more than a page holds tells whether there is another.
pub(in crate::consents) fn list(conn: &mut Conn, of: Listing, wanted: Wanted, now: DateTime<Utc>) -> Result<Vec<Told>> {
    let mut query = recall_told::table
        .order((recall_told::due_at.asc(), recall_told::id.asc()))
        .limit(wanted.limit)
        .select(ToldRow::as_select())
        .into_boxed();
    if let Listing::Of(staff) = of {
        query = query.filter(recall_told::person.eq_any(cases_of(staff)));
    }
    if wanted.open || wanted.overdue {
        query = query.filter(recall_told::complete.eq(false)).filter(recall_told::elsewhere_at.is_null());
    }
    if wanted.overdue {
        query = query.filter(recall_told::due_at.le(At::from(now)));
    }
    if let Some(person) = wanted.person {
        query = query.filter(recall_told::person.eq(Id(person.0)));
    }
    if let Some((at, id)) = wanted.after {
        let at = At::from(at);
        query = query.filter(recall_told::due_at.gt(at).or(recall_told::due_at.eq(at).and(recall_told::id.gt(Id(id)))));
    }
    let rows: Vec<ToldRow> = query.load(conn)?;
    rows.into_iter().map(Told::try_from).collect()
}
