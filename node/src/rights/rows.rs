//! Rows of requests. What was said is sealed with the person's key.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use super::model::{
    ErasureStep, Happened, Request, RightAsker, RightChannel, RightKind, RightOutcome, RightState, Words,
};
use crate::access::Sight;
use crate::access::cases::{Listing, cases_of};
use crate::error::{Error, Result};
use crate::people::PersonId;
use crate::store::schema::{rights_event, rights_request};
use crate::store::{At, Conn, Id, MultiBackend, Tx};
use crate::vault::{Merging, Place, Subject, Vault};

/// Which requests a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Whose.
    pub of: Listing,
    /// Of one person.
    pub person: Option<PersonId>,
    /// Those without an answer.
    pub open: bool,
    /// Those whose answer is late.
    pub overdue: bool,
    /// Those that come after this one.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most.
    pub rows: i64,
}

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = rights_request, treat_none_as_null = true)]
struct Row {
    id: Id,
    person: Id,
    subject: Id,
    kind: String,
    state: String,
    channel: String,
    said_by: String,
    received_at: At,
    due_at: At,
    extended_at: Option<At>,
    outcome: Option<String>,
    answered_at: Option<At>,
    card_version: Option<i32>,
    sealed: Vec<u8>,
    step: Option<String>,
    not_before: Option<At>,
    step_at: Option<At>,
    version: i32,
}

const fn place(row: Uuid) -> Place {
    Place { table: "rights_request", row, column: "sealed" }
}

fn damaged() -> Error {
    Error::internal("a stored request does not parse")
}

impl Row {
    /// With what was said, where it is asked for and her key is there.
    fn read(self, opened: Option<(&mut Conn, &Vault)>) -> Result<Request> {
        let plain = match opened {
            Some((conn, vault)) => vault.open(conn, place(self.id.0), &self.sealed)?,
            None => None,
        };
        let words: Option<Words> =
            plain.map(|plain| serde_json::from_slice(&plain)).transpose().map_err(|_| damaged())?;
        let outcome = self.outcome.map(|code| RightOutcome::from_code(&code).ok_or_else(damaged)).transpose()?;
        let step = self.step.map(|code| ErasureStep::from_code(&code).ok_or_else(damaged)).transpose()?;
        Ok(Request {
            id: self.id.0,
            person: PersonId(self.person.0),
            subject: Subject(self.subject.0),
            kind: RightKind::from_code(&self.kind).ok_or_else(damaged)?,
            state: RightState::from_code(&self.state).ok_or_else(damaged)?,
            channel: RightChannel::from_code(&self.channel).ok_or_else(damaged)?,
            said_by: RightAsker::from_code(&self.said_by).ok_or_else(damaged)?,
            received_at: self.received_at.0,
            due_at: self.due_at.0,
            extended_at: self.extended_at.map(|at| at.0),
            answered: outcome.zip(self.answered_at.map(|at| at.0)),
            card_version: self.card_version.map(i32::cast_unsigned),
            step: step.zip(self.step_at.map(|at| at.0)),
            not_before: self.not_before.map(|at| at.0),
            version: self.version,
            words,
        })
    }

    fn of(request: &Request, sealed: Vec<u8>) -> Self {
        Self {
            id: Id(request.id),
            person: Id(request.person.0),
            subject: Id(request.subject.0),
            kind: request.kind.code().into(),
            state: request.state.code().into(),
            channel: request.channel.code().into(),
            said_by: request.said_by.code().into(),
            received_at: At::from(request.received_at),
            due_at: At::from(request.due_at),
            extended_at: request.extended_at.map(At::from),
            outcome: request.answered.map(|(outcome, _)| outcome.code().into()),
            answered_at: request.answered.map(|(_, at)| At::from(at)),
            card_version: request.card_version.map(u32::cast_signed),
            sealed,
            step: request.step.map(|(step, _)| step.code().into()),
            not_before: request.not_before.map(At::from),
            step_at: request.step.map(|(_, at)| At::from(at)),
            version: request.version,
        }
    }
}

fn sealed(conn: &mut Conn, vault: &Vault, request: &Request) -> Result<Vec<u8>> {
    let words = request.words.as_ref().ok_or_else(|| Error::internal("a request without its words"))?;
    let plain = serde_json::to_vec(words).map_err(Error::internal)?;
    vault.seal(conn, request.subject, place(request.id), &plain)
}

pub(super) fn insert(tx: &mut Tx<'_>, vault: &Vault, new: &Request, by: Option<Uuid>) -> Result<()> {
    let row = Row::of(new, sealed(tx.conn(), vault, new)?);
    let entered = (rights_request::entered_at.eq(At::from(tx.now())), rights_request::entered_by.eq(by.map(Id)));
    crate::store::each_backend!(tx.conn(), conn => diesel::insert_into(rights_request::table)
        .values((row, entered))
        .execute(conn))?;
    Ok(())
}

/// Writes a request that changed, under the next version; whether it still had the one before.
pub(super) fn update(tx: &mut Tx<'_>, vault: &Vault, changed: &mut Request) -> Result<bool> {
    let was = changed.version;
    changed.version += 1;
    let row = Row::of(changed, sealed(tx.conn(), vault, changed)?);
    let there = rights_request::table.find(Id(changed.id)).filter(rights_request::version.eq(was));
    Ok(diesel::update(there).set(row).execute(tx.conn())? == 1)
}

/// Who of the staff answered it.
pub(super) fn answered_by(tx: &mut Tx<'_>, id: Uuid, by: Option<Uuid>) -> Result<()> {
    diesel::update(rights_request::table.find(Id(id)))
        .set(rights_request::answered_by.eq(by.map(Id)))
        .execute(tx.conn())?;
    Ok(())
}

/// The keys are gone, and with them what was said. Whether this was the act that noted it.
pub(super) fn erased(tx: &mut Tx<'_>, id: Uuid) -> Result<bool> {
    let waiting = rights_request::table.find(Id(id)).filter(rights_request::step.eq(ErasureStep::Waiting.code()));
    let now = At::from(tx.now());
    let changed = diesel::update(waiting)
        .set((rights_request::step.eq(ErasureStep::Erased.code()), rights_request::step_at.eq(now)))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// The keys were gone before this row came back with a copy: an erasure of hers that was under way is done.
pub(super) fn erased_before(tx: &mut Tx<'_>, person: PersonId) -> Result<()> {
    let hers = rights_request::table
        .filter(rights_request::person.eq(Id(person.0)))
        .filter(rights_request::kind.eq(RightKind::Erasure.code()));
    let now = At::from(tx.now());
    diesel::update(hers)
        .set((rights_request::step.eq(ErasureStep::Erased.code()), rights_request::step_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn person_of(conn: &mut Conn, id: Uuid) -> Result<Option<PersonId>> {
    let person: Option<Id> =
        rights_request::table.find(Id(id)).select(rights_request::person).first(conn).optional()?;
    Ok(person.map(|id| PersonId(id.0)))
}

pub(super) fn find(conn: &mut Conn, vault: &Vault, id: Uuid) -> Result<Option<Request>> {
    let row: Option<Row> = rights_request::table.find(Id(id)).select(Row::as_select()).first(conn).optional()?;
    row.map(|row| row.read(Some((conn, vault)))).transpose()
}

/// The one that is due first before the others, without what was said.
pub(super) fn list(conn: &mut Conn, wanted: Wanted, now: DateTime<Utc>) -> Result<Vec<Request>> {
    let mut query = rights_request::table
        .order((rights_request::due_at.asc(), rights_request::id.asc()))
        .limit(wanted.rows)
        .select(Row::as_select())
        .into_boxed();
    if let Listing::Of(staff) = wanted.of {
        query = query.filter(rights_request::person.eq_any(cases_of(staff)));
    }
    if let Some(person) = wanted.person {
        query = query.filter(rights_request::person.eq(Id(person.0)));
    }
    if wanted.open || wanted.overdue {
        query = query.filter(rights_request::state.eq_any(UNANSWERED));
    }
    if wanted.overdue {
        query = query.filter(rights_request::due_at.le(At::from(now)));
    }
    if let Some((at, id)) = wanted.after {
        let at = At::from(at);
        let later = rights_request::due_at.gt(at);
        query = query.filter(later.or(rights_request::due_at.eq(at).and(rights_request::id.gt(Id(id)))));
    }
    let rows: Vec<Row> = query.load(conn)?;
    rows.into_iter().map(|row| row.read(None)).collect()
}

/// Erasures whose keys may be due: those that wait, in the order of ids.
pub(super) fn waiting(conn: &mut Conn, now: DateTime<Utc>, after: Uuid, limit: i64) -> Result<Vec<Request>> {
    let now = At::from(now);
    let rows: Vec<Row> = rights_request::table
        .filter(rights_request::step.eq(ErasureStep::Waiting.code()))
        .filter(rights_request::not_before.is_null().or(rights_request::not_before.le(now)))
        .filter(rights_request::id.gt(Id(after)))
        .order(rights_request::id.asc())
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(|row| row.read(None)).collect()
}

/// The states of a request that has no answer yet.
const UNANSWERED: [&str; 2] = [RightState::Received.code(), RightState::Extended.code()];

/// The people with a request that is open: whoever asked what is held about her is told what was held.
pub(super) fn asking(conn: &mut Conn) -> Result<Vec<Subject>> {
    let open = rights_request::table
        .filter(rights_request::state.eq_any(UNANSWERED))
        .or_filter(rights_request::step.eq(ErasureStep::Waiting.code()));
    let theirs: Vec<Id> = open.select(rights_request::subject).distinct().load(conn)?;
    Ok(theirs.into_iter().map(|id| Subject(id.0)).collect())
}

/// Writes down that something happened to a request.
pub(super) fn note(tx: &mut Tx<'_>, sight: &Sight, of: &Request, what: &str, code: Option<&str>) -> Result<()> {
    let before: i64 = rights_event::table.filter(rights_event::request.eq(Id(of.id))).count().get_result(tx.conn())?;
    diesel::insert_into(rights_event::table)
        .values((
            rights_event::id.eq(Id(Uuid::new_v4())),
            rights_event::request.eq(Id(of.id)),
            rights_event::person.eq(Id(of.person.0)),
            rights_event::subject.eq(Id(of.subject.0)),
            rights_event::ordinal.eq(i32::try_from(before + 1).map_err(Error::internal)?),
            rights_event::what.eq(what),
            rights_event::at.eq(At::from(tx.now())),
            rights_event::staff.eq(sight.staff().map(Id)),
            rights_event::code.eq(code),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What happened to a request, in order.
pub(super) fn events(conn: &mut Conn, of: Uuid) -> Result<Vec<Happened>> {
    let rows: Vec<(String, At, Option<Id>, Option<String>)> = rights_event::table
        .filter(rights_event::request.eq(Id(of)))
        .order(rights_event::ordinal.asc())
        .select((rights_event::what, rights_event::at, rights_event::staff, rights_event::code))
        .load(conn)?;
    let event = |(what, at, staff, code): (String, At, Option<Id>, Option<String>)| Happened {
        what,
        at: at.0,
        staff: staff.map(|id| id.0),
        code,
    };
    Ok(rows.into_iter().map(event).collect())
}

/// What she asked for before her records were put together is hers.
pub(super) fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    let (from, into) = (Id(merging.from), Id(merging.into));
    diesel::update(rights_request::table.filter(rights_request::person.eq(from)))
        .set(rights_request::person.eq(into))
        .execute(tx.conn())?;
    diesel::update(rights_event::table.filter(rights_event::person.eq(from)))
        .set(rights_event::person.eq(into))
        .execute(tx.conn())?;
    Ok(())
}

/// Her request for access that is open, or was answered and not refused, until the day on which its answer was due: while
/// it is, what she is owed by it is given out. The newest of several.
pub(super) fn owed_access(conn: &mut Conn, person: PersonId, now: DateTime<Utc>) -> Result<Option<Uuid>> {
    let open = rights_request::state.eq_any(UNANSWERED);
    let given = rights_request::outcome.eq_any([RightOutcome::Granted.code(), RightOutcome::Partly.code()]);
    let answered =
        rights_request::state.eq(RightState::Answered.code()).and(given).and(rights_request::due_at.gt(At::from(now)));
    let found: Option<Id> = rights_request::table
        .filter(rights_request::person.eq(Id(person.0)))
        .filter(rights_request::kind.eq(RightKind::Access.code()))
        .filter(open.or(answered))
        .order((rights_request::received_at.desc(), rights_request::id))
        .select(rights_request::id)
        .first(conn)
        .optional()?;
    Ok(found.map(|id| id.0))
}

/// What is left aside where it is asked whether somebody waits for an answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Aside {
    /// That everything be erased: that alone is no reason to keep anything.
    Erasures,
    /// The request that is at hand: whether there is another, which with her keys could be answered no more.
    This(Uuid),
}

/// Whether one of these asked for something that has no answer yet.
pub(super) fn waits_for_answer(conn: &mut Conn, subjects: &[Subject], aside: Aside) -> Result<bool> {
    let hers: Vec<Id> = subjects.iter().map(|subject| Id(subject.0)).collect();
    let open = rights_request::table
        .filter(rights_request::subject.eq_any(hers))
        .filter(rights_request::state.eq_any(UNANSWERED))
        .select(rights_request::id)
        .limit(1)
        .into_boxed::<MultiBackend>();
    let open = match aside {
        Aside::Erasures => open.filter(rights_request::kind.ne(RightKind::Erasure.code())),
        Aside::This(request) => open.filter(rights_request::id.ne(Id(request))),
    };
    Ok(open.first::<Id>(conn).optional()?.is_some())
}

/// Rectifications that were granted, of which nobody who holds the old data was told: the oldest first.
pub(super) fn unpushed(conn: &mut Conn, limit: i64) -> Result<Vec<(Uuid, PersonId)>> {
    let rows: Vec<(Id, Id)> = rights_request::table
        .filter(rights_request::kind.eq(RightKind::Rectification.code()))
        .filter(rights_request::outcome.eq_any([RightOutcome::Granted.code(), RightOutcome::Partly.code()]))
        .filter(rights_request::pushed_at.is_null())
        .order(rights_request::answered_at)
        .limit(limit)
        .select((rights_request::id, rights_request::person))
        .load(conn)?;
    Ok(rows.into_iter().map(|(id, person)| (id.0, PersonId(person.0))).collect())
}

/// Whether this was the act that noted it.
pub(super) fn mark_pushed(tx: &mut Tx<'_>, id: Uuid) -> Result<bool> {
    let now = At::from(tx.now());
    let open = rights_request::table.find(Id(id)).filter(rights_request::pushed_at.is_null());
    Ok(diesel::update(open).set(rights_request::pushed_at.eq(now)).execute(tx.conn())? == 1)
}
