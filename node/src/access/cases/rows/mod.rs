//! Rows of cases, their teams, and of glass that was broken.

pub(super) mod countersignature;
pub(super) mod glass;
pub(super) mod handover;

use std::str::FromStr;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::functions::Functions;
use crate::access::AccessRole;
use crate::error::{Error, Result};
use crate::store::schema::{case_file, case_member, staff};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Subject, Vault};

/// What a case is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The record of a person whom this node accompanies.
    Person,
    /// A preview or referral that came in.
    Referral,
}

impl Kind {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Referral => "referral",
        }
    }
}

impl FromStr for Kind {
    type Err = Error;

    fn from_str(stored: &str) -> Result<Self> {
        [Self::Person, Self::Referral]
            .into_iter()
            .find(|kind| kind.as_str() == stored)
            .ok_or_else(|| Error::internal("a stored case is of no known kind"))
    }
}

/// A case: who answers for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaseFile {
    /// The person's id, or the referral's.
    pub id: Uuid,
    /// Which of the two.
    pub kind: Kind,
    /// Whose key seals what is written about the case.
    pub subject: Subject,
    /// Who leads; nobody where it waits for somebody.
    pub lead: Option<Uuid>,
    /// Who stands in.
    pub deputy: Option<Uuid>,
    /// Since when.
    pub opened_at: DateTime<Utc>,
    /// For `If-Match`.
    pub version: i32,
}

/// Somebody in a case's team.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The account.
    pub staff: Uuid,
    /// What she does there.
    pub functions: Functions,
    /// Who countersigns for her, if she is learning.
    pub supervisor: Option<Uuid>,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Which cases a list may name to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Listing {
    /// Every case of the node: whoever answers for the operators, or for the data.
    All,
    /// Those in whose team this account is: filter by [`cases_of`].
    Of(Uuid),
}

impl Listing {
    /// On which ground whoever it is for is shown them, as it stands in the journal.
    pub const fn ground(self) -> &'static str {
        match self {
            Self::All => "supervision",
            Self::Of(_) => "case_team",
        }
    }

    /// What an account of this role sees listed.
    pub const fn of(staff: Uuid, role: AccessRole) -> Self {
        match role {
            AccessRole::Supervisor | AccessRole::Dpo => Self::All,
            AccessRole::Operator | AccessRole::CompanyUser | AccessRole::Admin | AccessRole::Evaluator => {
                Self::Of(staff)
            }
        }
    }
}

/// The ids of the cases in whose team `member` is, to filter a list by.
#[diesel::dsl::auto_type(no_type_alias)]
pub fn cases_of(member: Uuid) -> _ {
    let member: Id = Id(member);
    case_member::table.filter(case_member::staff.eq(member)).select(case_member::case_file)
}

/// Those of these cases in whose team `member` is.
pub fn cases_among(conn: &mut Conn, member: Uuid, cases: &[Uuid]) -> Result<Vec<Uuid>> {
    let among: Vec<Id> = cases.iter().map(|case| Id(*case)).collect();
    let found: Vec<Id> = case_member::table
        .filter(case_member::staff.eq(Id(member)))
        .filter(case_member::case_file.eq_any(among))
        .select(case_member::case_file)
        .load(conn)?;
    Ok(found.into_iter().map(|id| id.0).collect())
}

/// The people of these cases, where a list has their ids only.
pub fn subjects_among(conn: &mut Conn, cases: &[Uuid]) -> Result<Vec<(Uuid, Subject)>> {
    let among: Vec<Id> = cases.iter().map(|case| Id(*case)).collect();
    let found: Vec<(Id, Id)> =
        case_file::table.filter(case_file::id.eq_any(among)).select((case_file::id, case_file::subject)).load(conn)?;
    Ok(found.into_iter().map(|(case, subject)| (case.0, Subject(subject.0))).collect())
}

pub(super) fn open(tx: &mut Tx<'_>, case: Uuid, kind: Kind, subject: Subject, lead: Option<Uuid>) -> Result<()> {
    diesel::insert_into(case_file::table)
        .values((
            case_file::id.eq(Id(case)),
            case_file::kind.eq(kind.as_str()),
            case_file::subject.eq(Id(subject.0)),
            case_file::lead.eq(lead.map(Id)),
            case_file::opened_at.eq(At::from(tx.now())),
            case_file::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

type Stored = (Id, String, Id, Option<Id>, Option<Id>, At, i32);
const FILE: (
    case_file::id,
    case_file::kind,
    case_file::subject,
    case_file::lead,
    case_file::deputy,
    case_file::opened_at,
    case_file::version,
) = (
    case_file::id,
    case_file::kind,
    case_file::subject,
    case_file::lead,
    case_file::deputy,
    case_file::opened_at,
    case_file::version,
);

fn file((id, kind, subject, lead, deputy, opened_at, version): Stored) -> Result<CaseFile> {
    let (lead, deputy) = (lead.map(|id| id.0), deputy.map(|id| id.0));
    let subject = Subject(subject.0);
    Ok(CaseFile { id: id.0, kind: kind.parse()?, subject, lead, deputy, opened_at: opened_at.0, version })
}

/// The case of that id.
pub fn case_file(conn: &mut Conn, case: Uuid) -> Result<Option<CaseFile>> {
    case_file::table.find(Id(case)).select(FILE).first(conn).optional()?.map(file).transpose()
}

/// The case of that id, of somebody who was not erased.
///
/// # Errors
/// `not_found`.
pub(super) fn living(conn: &mut Conn, case: Uuid) -> Result<CaseFile> {
    let file = case_file(conn, case)?.ok_or(Code::NotFound)?;
    if Vault::is_shredded(conn, file.subject)? { Err(Code::NotFound.into()) } else { Ok(file) }
}

/// Whether an account leads some case, or stands in for whoever does.
pub(in crate::access) fn leads_any(conn: &mut Conn, staff: Uuid) -> Result<bool> {
    let led = case_file::table.filter(case_file::lead.eq(Id(staff)).or(case_file::deputy.eq(Id(staff))));
    Ok(diesel::select(diesel::dsl::exists(led)).get_result(conn)?)
}

/// Puts somebody on a case. Whoever is on it already is put anew.
pub(super) fn put(
    tx: &mut Tx<'_>,
    case: Uuid,
    staff: Uuid,
    functions: &Functions,
    supervisor: Option<Uuid>,
) -> Result<()> {
    let was = case_member::table.find((Id(case), Id(staff)));
    diesel::delete(was).execute(tx.conn())?;
    diesel::insert_into(case_member::table)
        .values((
            case_member::case_file.eq(Id(case)),
            case_member::staff.eq(Id(staff)),
            case_member::functions.eq(functions.stored()),
            case_member::supervisor.eq(supervisor.map(Id)),
            case_member::since.eq(At::from(tx.now())),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The team of a case, the longest in it first.
pub fn members(conn: &mut Conn, case: Uuid) -> Result<Vec<Member>> {
    let found: Vec<(Id, String, Option<Id>, At)> = case_member::table
        .filter(case_member::case_file.eq(Id(case)))
        .order((case_member::since.asc(), case_member::staff.asc()))
        .select((case_member::staff, case_member::functions, case_member::supervisor, case_member::since))
        .load(conn)?;
    found
        .into_iter()
        .map(|(staff, stored, supervisor, since)| {
            let functions = parsed(&stored)?;
            Ok(Member { staff: staff.0, functions, supervisor: supervisor.map(|id| id.0), since: since.0 })
        })
        .collect()
}

/// What `staff` does in a case, if she is in its team.
pub(super) fn functions(conn: &mut Conn, case: Uuid, staff: Uuid) -> Result<Option<Functions>> {
    let stored: Option<String> =
        case_member::table.find((Id(case), Id(staff))).select(case_member::functions).first(conn).optional()?;
    stored.as_deref().map(parsed).transpose()
}

fn parsed(stored: &str) -> Result<Functions> {
    Functions::parse(stored).ok_or_else(|| Error::internal("stored functions of a team do not parse"))
}

/// Nobody else may have changed the case since `version` was read. The new version.
pub(super) fn touch(tx: &mut Tx<'_>, case: Uuid, version: i32) -> Result<Option<i32>> {
    let changed = diesel::update(case_file::table.find(Id(case)).filter(case_file::version.eq(version)))
        .set(case_file::version.eq(version + 1))
        .execute(tx.conn())?;
    Ok((changed == 1).then_some(version + 1))
}

/// Says who leads and who stands in.
pub(super) fn entrust(tx: &mut Tx<'_>, case: Uuid, lead: Option<Uuid>, deputy: Option<Uuid>) -> Result<()> {
    diesel::update(case_file::table.find(Id(case)))
        .set((case_file::lead.eq(lead.map(Id)), case_file::deputy.eq(deputy.map(Id))))
        .execute(tx.conn())?;
    Ok(())
}

/// Takes somebody off a case.
pub(super) fn remove(tx: &mut Tx<'_>, case: Uuid, staff: Uuid) -> Result<()> {
    diesel::delete(case_member::table.find((Id(case), Id(staff)))).execute(tx.conn())?;
    Ok(())
}

/// Takes an account off every case but those that it leads.
pub(super) fn leave_all(tx: &mut Tx<'_>, staff: Uuid) -> Result<()> {
    let led: Vec<Id> = case_file::table.filter(case_file::lead.eq(Id(staff))).select(case_file::id).load(tx.conn())?;
    let elsewhere = |cases: &[Id]| case_member::case_file.ne_all(cases.to_vec());
    diesel::delete(case_member::table.filter(case_member::staff.eq(Id(staff))).filter(elsewhere(&led)))
        .execute(tx.conn())?;
    diesel::update(case_file::table.filter(case_file::deputy.eq(Id(staff))))
        .set((case_file::deputy.eq(None::<Id>), case_file::version.eq(case_file::version + 1)))
        .execute(tx.conn())?;
    diesel::update(case_member::table.filter(case_member::supervisor.eq(Id(staff))).filter(elsewhere(&led)))
        .set(case_member::supervisor.eq(None::<Id>))
        .execute(tx.conn())?;
    Ok(())
}

/// Which cases a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// Those in whose team this account is.
    Of(Uuid),
    /// Those that wait for a lead, also because whoever leads is disabled.
    WithoutLead,
    /// Every one.
    All,
}

/// Cases by age, the oldest first, after the case `after`.
pub(super) fn list(
    conn: &mut Conn,
    wanted: Wanted,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<CaseFile>> {
    let mut query = case_file::table
        .order((case_file::opened_at.asc(), case_file::id.asc()))
        .limit(limit)
        .select(FILE)
        .into_boxed();
    match wanted {
        Wanted::Of(staff) => query = query.filter(case_file::id.eq_any(cases_of(staff))),
        Wanted::WithoutLead => {
            let left = staff::table.filter(staff::disabled_at.is_not_null()).select(staff::id.nullable());
            query = query.filter(case_file::lead.is_null().or(case_file::lead.eq_any(left)));
        }
        Wanted::All => {}
    }
    if let Some((at, id)) = after {
        let at = At::from(at);
        query = query.filter(case_file::opened_at.gt(at).or(case_file::opened_at.eq(at).and(case_file::id.gt(Id(id)))));
    }
    let found: Vec<Stored> = query.load(conn)?;
    found.into_iter().map(file).collect()
}

/// The cases in whose team somebody learns under this account and another one leads, with that one.
pub(super) fn supervised_elsewhere(conn: &mut Conn, supervisor: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    let learn = case_member::table.filter(case_member::supervisor.eq(Id(supervisor))).select(case_member::case_file);
    let led: Vec<(Id, Option<Id>)> = case_file::table
        .filter(case_file::id.eq_any(learn))
        .filter(case_file::lead.ne(Id(supervisor)))
        .select((case_file::id, case_file::lead))
        .load(conn)?;
    Ok(led.into_iter().filter_map(|(case, lead)| Some((case.0, lead?.0))).collect())
}

/// Whoever learnt under `from` in a case learns under `to`.
pub(super) fn resupervise(tx: &mut Tx<'_>, case: Uuid, from: Uuid, to: Uuid) -> Result<()> {
    let hers = case_member::table
        .filter(case_member::case_file.eq(Id(case)))
        .filter(case_member::supervisor.eq(Id(from)))
        .filter(case_member::staff.ne(Id(to)));
    diesel::update(hers).set(case_member::supervisor.eq(Id(to))).execute(tx.conn())?;
    Ok(())
}
