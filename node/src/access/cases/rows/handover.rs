//! Rows of handovers.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use uuid::Uuid;

use crate::access::cases::CaseFile;
use crate::access::cases::handover::{Handover, Note};
use crate::error::{Error, Result};
use crate::store::schema::case_handover;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Vault};

const fn place(row: Uuid) -> Place {
    Place { table: "case_handover", row, column: "sealed" }
}

/// Writes that the lead changed hands.
pub(in crate::access::cases) fn insert(
    tx: &mut Tx<'_>,
    vault: &Vault,
    case: &CaseFile,
    to: Uuid,
    by: Uuid,
    note: &Note,
) -> Result<Uuid> {
    let id = Uuid::new_v4();
    let sealed = vault.seal(tx.conn(), case.subject, place(id), note.as_str().as_bytes())?;
    diesel::insert_into(case_handover::table)
        .values((
            case_handover::id.eq(Id(id)),
            case_handover::case_file.eq(Id(case.id)),
            case_handover::subject.eq(Id(case.subject.0)),
            case_handover::from_staff.eq(case.lead.map(Id)),
            case_handover::to_staff.eq(Id(to)),
            case_handover::by_staff.eq(Id(by)),
            case_handover::sealed.eq(sealed),
            case_handover::at.eq(At::from(tx.now())),
        ))
        .execute(tx.conn())?;
    Ok(id)
}

type Stored = (Id, Option<Id>, Id, Id, Vec<u8>, At);

/// The handovers of a case, newest first, before `before`.
pub(in crate::access::cases) fn list(
    conn: &mut Conn,
    vault: &Vault,
    case: Uuid,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Handover>> {
    let mut query = case_handover::table
        .filter(case_handover::case_file.eq(Id(case)))
        .order((case_handover::at.desc(), case_handover::id.desc()))
        .limit(limit)
        .select((
            case_handover::id,
            case_handover::from_staff,
            case_handover::to_staff,
            case_handover::by_staff,
            case_handover::sealed,
            case_handover::at,
        ))
        .into_boxed();
    if let Some((at, id)) = before {
        let at = At::from(at);
        query = query.filter(case_handover::at.lt(at).or(case_handover::at.eq(at).and(case_handover::id.lt(Id(id)))));
    }
    let found: Vec<Stored> = query.load(conn)?;
    let mut handovers = Vec::with_capacity(found.len());
    for (id, from, to, by, sealed, at) in found {
        let Some(plain) = vault.open(conn, place(id.0), &sealed)? else { continue };
        let damaged = || Error::internal("a stored note does not parse");
        let note = std::str::from_utf8(&plain).map_err(|_| damaged())?;
        let note = Note::new(note).map_err(|_| damaged())?;
        handovers.push(Handover { id: id.0, from: from.map(|id| id.0), to: to.0, by: by.0, note, at: at.0 });
    }
    Ok(handovers)
}
