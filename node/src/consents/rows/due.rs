//! Rows of consents for which something is to be done.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use diesel::dsl::{exists, not};
use diesel::prelude::*;
use staffetta_protocol::consent::{OrganisationId, Purpose};
use staffetta_protocol::id::RecordId;
use uuid::Uuid;

use super::damaged;
use crate::access::cases::{Listing, cases_of};
use crate::consents::model::{Consent, Event, ExpressedBy, State};
use crate::error::Result;
use crate::people::PersonId;
use crate::store::schema::consent;
use crate::store::{At, Conn, Id, MultiBackend, Tx};
use crate::vault::Subject;

/// A live consent, without what is sealed of it.
#[derive(Debug, Clone)]
pub(in crate::consents) struct Running {
    pub(in crate::consents) record: RecordId,
    pub(in crate::consents) seq: u32,
    pub(in crate::consents) person: PersonId,
    pub(in crate::consents) subject: Subject,
    pub(in crate::consents) purpose: Purpose,
    pub(in crate::consents) recipient: OrganisationId,
    /// When the time that is looked at comes, or came.
    pub(in crate::consents) at: DateTime<Utc>,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = consent)]
struct Row {
    record: Id,
    seq: i32,
    person: Id,
    subject: Id,
    purpose: String,
    recipient: String,
    answered_at: At,
    not_after: Option<At>,
    ends_early: Option<At>,
    reminded_at: Option<At>,
}

impl Row {
    fn read(self, at: DateTime<Utc>) -> Option<Running> {
        Some(Running {
            record: RecordId(self.record.0),
            seq: self.seq as u32,
            person: PersonId(self.person.0),
            subject: Subject(self.subject.0),
            purpose: Purpose::from_code(&self.purpose)?,
            recipient: OrganisationId::new(&self.recipient).ok()?,
            at,
        })
    }
}

/// Which time of a consent is looked at.
#[derive(Debug, Clone, Copy)]
pub(in crate::consents) enum Which {
    /// Its `not_after`.
    Ends,
    /// The day on which she is of age, where a guardian spoke.
    OfAge,
    /// When she answered, of those of whom nobody was reminded since.
    Answered(Purpose),
    /// When she was last reminded.
    Reminded(Purpose),
}

/// Where a list of them goes on: behind this time, or at it and behind this record.
#[derive(Debug, Clone, Copy)]
pub(in crate::consents) struct Behind {
    pub(in crate::consents) at: DateTime<Utc>,
    pub(in crate::consents) record: RecordId,
    /// The record itself is still to come: what went before was another kind of it.
    pub(in crate::consents) with_it: bool,
}

/// Those whose time is in this column, in its order and behind `behind`.
macro_rules! by {
    ($query:expr, $column:expr, $before:expr, $behind:expr) => {{
        let query = $query.filter($column.le($before)).order(($column.asc(), consent::record.asc()));
        match $behind {
            None => query,
            Some(Behind { at, record, with_it: true }) => {
                let here = $column.eq(At::from(at)).and(consent::record.ge(Id(record.0)));
                query.filter($column.gt(At::from(at)).or(here))
            }
            Some(Behind { at, record, with_it: false }) => {
                let here = $column.eq(At::from(at)).and(consent::record.gt(Id(record.0)));
                query.filter($column.gt(At::from(at)).or(here))
            }
        }
    }};
}

/// The consents in force at `now` whose time of this kind lies before `before`, the earliest first: at most `limit`.
pub(in crate::consents) fn running(
    conn: &mut Conn,
    of: Listing,
    which: Which,
    now: DateTime<Utc>,
    before: DateTime<Utc>,
    behind: Option<Behind>,
    limit: i64,
) -> Result<Vec<Running>> {
    let (now, before) = (At::from(now), At::from(before));
    // An answer that was renewed stands as it was given: only the newest of its record is in force.
    let later = diesel::alias!(consent as later);
    let renewed = later
        .filter(later.field(consent::record).eq(consent::record))
        .filter(later.field(consent::seq).gt(consent::seq));
    let mut query = consent::table
        .filter(consent::state.eq_any([State::Given.code(), State::Renewed.code()]))
        .filter(consent::not_after.gt(now))
        .filter(consent::ends_early.is_null().or(consent::ends_early.gt(now)))
        .filter(not(exists(renewed)))
        .limit(limit)
        .select(Row::as_select())
        .into_boxed::<MultiBackend>();
    if let Listing::Of(staff) = of {
        query = query.filter(consent::person.eq_any(cases_of(staff)));
    }
    query = match which {
        Which::Ends => by!(query, consent::not_after, before, behind),
        Which::OfAge => by!(query, consent::ends_early, before, behind),
        Which::Answered(purpose) => {
            let query = query.filter(consent::purpose.eq(purpose.code())).filter(consent::reminded_at.is_null());
            by!(query, consent::answered_at, before, behind)
        }
        Which::Reminded(purpose) => {
            by!(query.filter(consent::purpose.eq(purpose.code())), consent::reminded_at, before, behind)
        }
    };
    let rows: Vec<Row> = query.load(conn)?;
    let mut found = Vec::with_capacity(rows.len());
    for row in rows {
        let at = match which {
            Which::Ends => row.not_after,
            Which::OfAge => row.ends_early,
            Which::Answered(_) => Some(row.answered_at),
            Which::Reminded(_) => row.reminded_at,
        };
        let at = at.ok_or_else(damaged)?;
        found.push(row.read(at.0).ok_or_else(damaged)?);
    }
    Ok(found)
}

/// Notes that she was reminded of it now.
pub(in crate::consents) fn remind(tx: &mut Tx<'_>, of: &Consent) -> Result<()> {
    let now = At::from(tx.now());
    let answer = consent::table.filter(consent::record.eq(Id(of.record.0))).filter(consent::seq.eq(of.seq as i32));
    diesel::update(answer).set(consent::reminded_at.eq(now)).execute(tx.conn())?;
    Ok(())
}

/// The records of consents in force for which a guardian spoke.
pub(in crate::consents) fn guarded(conn: &mut Conn, now: DateTime<Utc>) -> Result<Vec<RecordId>> {
    let records: Vec<Id> = consent::table
        .filter(consent::state.eq_any([State::Given.code(), State::Renewed.code()]))
        .filter(consent::not_after.gt(At::from(now)))
        .filter(consent::expressed_by.eq(ExpressedBy::Guardian.code()))
        .select(consent::record)
        .distinct()
        .load(conn)?;
    Ok(records.into_iter().map(|id| RecordId(id.0)).collect())
}

/// The records of hers whose newest answer can be taken back.
pub(in crate::consents) fn revocable(conn: &mut Conn, person: PersonId) -> Result<Vec<RecordId>> {
    let answers: Vec<(Id, String)> = consent::table
        .filter(consent::person.eq(Id(person.0)))
        .order(consent::seq.asc())
        .select((consent::record, consent::state))
        .load(conn)?;
    let newest: BTreeMap<Uuid, String> = answers.into_iter().map(|(record, state)| (record.0, state)).collect();
    let takes_back = |code: &str| State::from_code(code).is_some_and(|it| it.allowed().contains(&Event::Withdraw));
    Ok(newest.into_iter().filter(|(_, state)| takes_back(state)).map(|(record, _)| RecordId(record)).collect())
}
