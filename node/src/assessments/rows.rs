//! Rows of skills assessments.

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use serde::{Deserialize, Serialize};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::model::{Assessment, AssessmentId, PhaseBegun, Signature, Signed, State, Work};
use crate::error::{Error, Result};
use crate::people::{Person, PersonId};
use crate::store::schema::assessment;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

const fn place(id: AssessmentId) -> Place {
    Place { table: "assessment", row: id.0, column: "sealed" }
}

/// What of an assessment is sealed.
#[derive(Serialize, Deserialize)]
struct Told {
    work: Work,
    phases: Vec<PhaseBegun>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    signature: Option<Signature>,
}

fn seal(conn: &mut Conn, vault: &Vault, of: &Assessment) -> Result<Vec<u8>> {
    let signature = of.signed.as_ref().map(|signed| signed.signature.clone());
    let told = Told { work: of.work.clone(), phases: of.phases.clone(), signature };
    let plain = serde_json::to_vec(&told).map_err(Error::internal)?;
    vault.seal(conn, of.subject, place(of.id), &plain)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = assessment)]
struct Row {
    id: Id,
    person: Id,
    subject: Id,
    state: String,
    sealed: Vec<u8>,
    sha256: Option<String>,
    signed_at: Option<At>,
    superseded_by: Option<Id>,
    version: i32,
    created_at: At,
    created_by: Option<Id>,
    updated_at: At,
}

fn damaged() -> Error {
    Error::internal("a stored assessment does not parse")
}

impl Row {
    /// As it is held, unless her key is gone. A summary that is not the one that was signed is a fault.
    fn open(self, conn: &mut Conn, vault: &Vault) -> Result<Option<Assessment>> {
        let id = AssessmentId(self.id.0);
        let Some(plain) = vault.open(conn, place(id), &self.sealed)? else { return Ok(None) };
        let Told { work, phases, signature } = serde_json::from_slice(&plain).map_err(|_| damaged())?;
        let signed = match (signature, self.sha256, self.signed_at) {
            (Some(signature), Some(sha256), Some(at)) => {
                let sha256: Digest = sha256.parse().map_err(|_| damaged())?;
                if work.summary.as_ref().map(|text| Digest::of(text.as_str())) != Some(sha256) {
                    return Err(Error::internal("a stored summary is not the one that was signed"));
                }
                Some(Signed { signature, sha256, at: at.0 })
            }
            (None, None, None) => None,
            _ => return Err(damaged()),
        };
        Ok(Some(Assessment {
            id,
            person: PersonId(self.person.0),
            subject: Subject(self.subject.0),
            state: State::from_code(&self.state).ok_or_else(damaged)?,
            work,
            phases,
            signed,
            superseded_by: self.superseded_by.map(|id| AssessmentId(id.0)),
            version: self.version,
            created_at: self.created_at.0,
            created_by: self.created_by.map(|id| id.0),
            updated_at: self.updated_at.0,
        }))
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, vault: &Vault, of: &Person, by: Option<Uuid>, work: Work) -> Result<Assessment> {
    let now = At::from(tx.now());
    let opened = Assessment {
        id: AssessmentId(Uuid::new_v4()),
        person: of.id,
        subject: of.subject,
        state: State::Open,
        work: work.numbered(),
        phases: Vec::new(),
        signed: None,
        superseded_by: None,
        version: 1,
        created_at: now.0,
        created_by: by,
        updated_at: now.0,
    };
    let sealed = seal(tx.conn(), vault, &opened)?;
    diesel::insert_into(assessment::table)
        .values((
            assessment::id.eq(Id(opened.id.0)),
            assessment::person.eq(Id(of.id.0)),
            assessment::subject.eq(Id(of.subject.0)),
            assessment::state.eq(opened.state.code()),
            assessment::sealed.eq(sealed),
            assessment::version.eq(opened.version),
            assessment::created_at.eq(now),
            assessment::created_by.eq(by.map(Id)),
            assessment::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(opened)
}

pub(super) fn find(conn: &mut Conn, vault: &Vault, of: PersonId, id: AssessmentId) -> Result<Option<Assessment>> {
    let row: Option<Row> = assessment::table
        .filter(assessment::id.eq(Id(id.0)).and(assessment::person.eq(Id(of.0))))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map_or(Ok(None), |row| row.open(conn, vault))
}

/// At most `limit` of hers, the newest first, from behind the one with the id `after`.
pub(super) fn page(
    conn: &mut Conn,
    vault: &Vault,
    of: PersonId,
    after: Option<AssessmentId>,
    limit: u32,
) -> Result<Vec<Assessment>> {
    let mut query = assessment::table
        .filter(assessment::person.eq(Id(of.0)))
        .order((assessment::created_at.desc(), assessment::id.desc()))
        .limit(i64::from(limit))
        .select(Row::as_select())
        .into_boxed();
    if let Some(after) = after {
        let at: Option<At> = assessment::table
            .filter(assessment::id.eq(Id(after.0)).and(assessment::person.eq(Id(of.0))))
            .select(assessment::created_at)
            .first(conn)
            .optional()?;
        let at = at.ok_or(Code::NotFound)?;
        let older = assessment::created_at.lt(at);
        query = query.filter(older.or(assessment::created_at.eq(at).and(assessment::id.lt(Id(after.0)))));
    }
    let rows: Vec<Row> = query.load(conn)?;
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.extend(row.open(conn, vault)?);
    }
    Ok(items)
}

/// The one of hers that is signed and in force.
pub(super) fn in_force(conn: &mut Conn, vault: &Vault, of: PersonId) -> Result<Option<Assessment>> {
    let row: Option<Row> = assessment::table
        .filter(assessment::person.eq(Id(of.0)).and(assessment::state.eq(State::Signed.code())))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map_or(Ok(None), |row| row.open(conn, vault))
}

/// Saves what became of an assessment, if it is still that version and nobody has signed it. What was signed is never
/// written again.
pub(super) fn save(tx: &mut Tx<'_>, vault: &Vault, next: &Assessment) -> Result<Assessment> {
    let now = At::from(tx.now());
    let sealed = seal(tx.conn(), vault, next)?;
    let unsigned = assessment::table
        .find(Id(next.id.0))
        .filter(assessment::version.eq(next.version))
        .filter(assessment::sha256.is_null());
    let changed = diesel::update(unsigned)
        .set((
            assessment::state.eq(next.state.code()),
            assessment::sealed.eq(sealed),
            assessment::sha256.eq(next.signed.as_ref().map(|signed| signed.sha256.to_string())),
            assessment::signed_at.eq(next.signed.as_ref().map(|signed| At::from(signed.at))),
            assessment::version.eq(next.version + 1),
            assessment::updated_at.eq(now),
        ))
        .execute(tx.conn());
    match changed {
        Ok(0) => Err(Code::VersionConflict.into()),
        Ok(_) => Ok(Assessment { version: next.version + 1, updated_at: now.0, ..next.clone() }),
        // Two are signed at the same moment: one is in force, the other is asked again.
        Err(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Err(Code::Conflict.into()),
        Err(error) => Err(error.into()),
    }
}

/// Puts a signed one out of force, in favour of `by`. Its words stay as they are.
pub(super) fn supersede(tx: &mut Tx<'_>, was: &Assessment, by: AssessmentId) -> Result<()> {
    let now = At::from(tx.now());
    let signed = assessment::table
        .find(Id(was.id.0))
        .filter(assessment::version.eq(was.version))
        .filter(assessment::state.eq(State::Signed.code()));
    let changed = diesel::update(signed)
        .set((
            assessment::state.eq(State::Superseded.code()),
            assessment::superseded_by.eq(Id(by.0)),
            assessment::version.eq(was.version + 1),
            assessment::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    if changed == 0 { Err(Code::VersionConflict.into()) } else { Ok(()) }
}
