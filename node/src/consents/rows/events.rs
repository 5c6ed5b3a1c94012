//! Rows of what happened to records.

use diesel::prelude::*;
use staffetta_protocol::id::RecordId;
use uuid::Uuid;

use super::damaged;
use crate::consents::model::{Happened, State};
use crate::error::Result;
use crate::people::PersonId;
use crate::store::schema::consent_event;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::Subject;

/// Writes down what happened to a record of hers, as the next of its events.
pub(in crate::consents) fn note(
    tx: &mut Tx<'_>,
    (person, subject): (PersonId, Subject),
    record: RecordId,
    event: &Happened,
    staff: Option<Uuid>,
) -> Result<()> {
    let before: i64 =
        consent_event::table.filter(consent_event::record.eq(Id(record.0))).count().get_result(tx.conn())?;
    diesel::insert_into(consent_event::table)
        .values((
            consent_event::id.eq(Id(Uuid::now_v7())),
            consent_event::record.eq(Id(record.0)),
            consent_event::seq.eq(event.seq as i32),
            consent_event::person.eq(Id(person.0)),
            consent_event::subject.eq(Id(subject.0)),
            consent_event::ordinal.eq(before as i32 + 1),
            consent_event::state.eq(event.state.code()),
            consent_event::at.eq(At::from(event.at)),
            consent_event::not_after.eq(event.not_after.map(At::from)),
            consent_event::brought_by.eq(&event.brought_by),
            consent_event::staff.eq(staff.map(Id)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// What happened to a record, oldest first.
pub(in crate::consents) fn events_of(conn: &mut Conn, record: RecordId) -> Result<Vec<Happened>> {
    let rows: Vec<(i32, String, At, Option<At>, String)> = consent_event::table
        .filter(consent_event::record.eq(Id(record.0)))
        .order(consent_event::ordinal.asc())
        .select((
            consent_event::seq,
            consent_event::state,
            consent_event::at,
            consent_event::not_after,
            consent_event::brought_by,
        ))
        .load(conn)?;
    rows.into_iter()
        .map(|(seq, state, at, not_after, brought_by)| {
            Ok(Happened {
                seq: seq as u32,
                state: State::from_code(&state).ok_or_else(damaged)?,
                at: at.0,
                not_after: not_after.map(|at| at.0),
                brought_by,
            })
        })
        .collect()
}
