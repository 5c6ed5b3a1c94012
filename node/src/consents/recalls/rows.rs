//! Rows of recalls by letter. What the office said is sealed with the person's key.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::id::RecordId;
use uuid::Uuid;

use super::model::{LetterChannel, PaperRecall, RecallAnswer};
use crate::access::cases::{Listing, cases_of};
use crate::error::{Error, Result};
use crate::people::PersonId;
use crate::store::schema::{consent, paper_recall};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

/// Which recalls a list shows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Those without an answer.
    pub open: bool,
    /// Those whose answer is late.
    pub overdue: bool,
    /// Those that come after this one.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most.
    pub limit: u32,
}

/// A page of them.
#[derive(Debug, Clone)]
pub struct Page {
    /// The recalls, without what was answered.
    pub items: Vec<PaperRecall>,
    /// Where the next page begins, if there is one.
    pub next: Option<(DateTime<Utc>, Uuid)>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = paper_recall)]
struct Row {
    id: Id,
    person: Id,
    subject: Id,
    office: Id,
    organisation: String,
    thread: Id,
    record: Option<Id>,
    record_seq: Option<i32>,
    groups: String,
    opened_at: At,
    due_at: At,
    sent_at: Option<At>,
    sent_channel: Option<String>,
    answered_at: Option<At>,
    answer_channel: Option<String>,
    sealed: Option<Vec<u8>>,
}

const fn place(row: Uuid) -> Place {
    Place { table: "paper_recall", row, column: "sealed" }
}

fn damaged() -> Error {
    Error::internal("a stored recall does not parse")
}

fn channel(code: Option<String>) -> Result<Option<LetterChannel>> {
    code.map(|code| LetterChannel::from_code(&code).ok_or_else(damaged)).transpose()
}

impl Row {
    /// With the answer, where it is asked for and her key is there.
    fn read(self, opened: Option<(&mut Conn, &Vault)>) -> Result<PaperRecall> {
        let plain = match (&self.sealed, opened) {
            (Some(sealed), Some((conn, vault))) => vault.open(conn, place(self.id.0), sealed)?,
            _ => None,
        };
        let answer: Option<RecallAnswer> =
            plain.map(|plain| serde_json::from_slice(&plain)).transpose().map_err(|_| damaged())?;
        let groups: Option<BTreeSet<Group>> =
            self.groups.split(',').filter(|part| !part.is_empty()).map(Group::from_code).collect();
        Ok(PaperRecall {
            id: self.id.0,
            person: PersonId(self.person.0),
            subject: Subject(self.subject.0),
            office: self.office.0,
            organisation: self.organisation,
            thread: self.thread.0,
            record: self.record.zip(self.record_seq).map(|(record, seq)| (RecordId(record.0), seq as u32)),
            groups: groups.ok_or_else(damaged)?,
            opened_at: self.opened_at.0,
            due_at: self.due_at.0,
            sent: self.sent_at.map(|at| at.0).zip(channel(self.sent_channel)?),
            answered_at: self.answered_at.map(|at| at.0),
            answer,
        })
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &PaperRecall) -> Result<()> {
    let row = Row {
        id: Id(new.id),
        person: Id(new.person.0),
        subject: Id(new.subject.0),
        office: Id(new.office),
        organisation: new.organisation.clone(),
        thread: Id(new.thread),
        record: new.record.map(|(record, _)| Id(record.0)),
        record_seq: new.record.map(|(_, seq)| i32::try_from(seq)).transpose().map_err(Error::internal)?,
        groups: new.groups.iter().map(|group| group.code()).collect::<Vec<_>>().join(","),
        opened_at: At::from(new.opened_at),
        due_at: At::from(new.due_at),
        sent_at: None,
        sent_channel: None,
        answered_at: None,
        answer_channel: None,
        sealed: None,
    };
    diesel::insert_into(paper_recall::table).values(row).execute(tx.conn())?;
    Ok(())
}

pub(super) fn person_of(conn: &mut Conn, id: Uuid) -> Result<Option<PersonId>> {
    let person: Option<Id> = paper_recall::table.find(Id(id)).select(paper_recall::person).first(conn).optional()?;
    Ok(person.map(|id| PersonId(id.0)))
}

pub(super) fn find(conn: &mut Conn, vault: &Vault, id: Uuid) -> Result<Option<PaperRecall>> {
    let row: Option<Row> = paper_recall::table.find(Id(id)).select(Row::as_select()).first(conn).optional()?;
    row.map(|row| row.read(Some((conn, vault)))).transpose()
}

/// Whether this was the act that noted it.
pub(super) fn mark_sent(tx: &mut Tx<'_>, id: Uuid, at: DateTime<Utc>, how: LetterChannel) -> Result<bool> {
    let unsent = paper_recall::table.find(Id(id)).filter(paper_recall::sent_at.is_null());
    let changed = diesel::update(unsent)
        .set((paper_recall::sent_at.eq(At::from(at)), paper_recall::sent_channel.eq(how.code())))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Whether this was the act that noted it.
pub(super) fn mark_answered(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &PaperRecall,
    at: DateTime<Utc>,
    said: &RecallAnswer,
) -> Result<bool> {
    let plain = serde_json::to_vec(said).map_err(Error::internal)?;
    let sealed = vault.seal(tx.conn(), of.subject, place(of.id), &plain)?;
    let open = paper_recall::table.find(Id(of.id)).filter(paper_recall::answered_at.is_null());
    let changed = diesel::update(open)
        .set((
            paper_recall::answered_at.eq(At::from(at)),
            paper_recall::answer_channel.eq(said.channel.code()),
            paper_recall::sealed.eq(sealed),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

pub(super) fn list(conn: &mut Conn, of: Listing, wanted: Wanted, now: DateTime<Utc>) -> Result<Page> {
    let mut query = paper_recall::table
        .order((paper_recall::due_at.asc(), paper_recall::id.asc()))
        .limit(i64::from(wanted.limit) + 1)
        .select(Row::as_select())
        .into_boxed();
    if let Listing::Of(staff) = of {
        query = query.filter(paper_recall::person.eq_any(cases_of(staff)));
    }
    if wanted.open || wanted.overdue {
        query = query.filter(paper_recall::answered_at.is_null());
    }
    if wanted.overdue {
        query = query.filter(paper_recall::due_at.le(At::from(now)));
    }
    if let Some((at, id)) = wanted.after {
        let at = At::from(at);
        query =
            query.filter(paper_recall::due_at.gt(at).or(paper_recall::due_at.eq(at).and(paper_recall::id.gt(Id(id)))));
    }
    let mut rows: Vec<Row> = query.load(conn)?;
    let more = rows.len() > wanted.limit as usize;
    rows.truncate(wanted.limit as usize);
    let next = rows.last().filter(|_| more).map(|row| (row.due_at.0, row.id.0));
    Ok(Page { items: rows.into_iter().map(|row| row.read(None)).collect::<Result<_>>()?, next })
}

/// Whether a letter about her has no answer, and its time has not passed.
pub(super) fn is_open(conn: &mut Conn, person: PersonId, now: DateTime<Utc>) -> Result<bool> {
    let open = paper_recall::table
        .filter(paper_recall::person.eq(Id(person.0)))
        .filter(paper_recall::answered_at.is_null())
        .filter(paper_recall::due_at.gt(At::from(now)));
    Ok(diesel::select(diesel::dsl::exists(open)).get_result(conn)?)
}

/// For what each letter's consent was, of those that were withdrawn under this recall: one for each letter.
pub(super) fn purposes_under(conn: &mut Conn, recall: Uuid) -> Result<Vec<Purpose>> {
    let codes: Vec<String> = paper_recall::table
        .inner_join(
            consent::table.on(consent::record
                .nullable()
                .eq(paper_recall::record)
                .and(consent::seq.nullable().eq(paper_recall::record_seq))),
        )
        .filter(consent::recall.eq(Id(recall)))
        .select(consent::purpose)
        .load(conn)?;
    codes.iter().map(|code| Purpose::from_code(code).ok_or_else(damaged)).collect()
}
