//! Restriction of processing (GDPR 18, and 21 while an objection is judged): what is known of somebody is kept, and
//! nothing else is done with it.
//!
//! It stands low on purpose: no [`Sight`] is made of her case, but for what her rights themselves need, and no permit. She
//! is told before it is lifted (art. 18(3)).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Check;
use staffetta_protocol::problem::{Code, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::case_file;
use super::sight::Sight;
use crate::error::{Error, Result};
use crate::journal;
use crate::store::schema::case_restriction;
use crate::store::{At, Conn, Id, Tx, each_backend};
use crate::vault::{self, Subject};

/// How she was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = RestrictionToldHow)]
pub enum Telling {
    /// Face to face.
    InPerson,
    /// Face to face or by telephone, with a mediator.
    WithMediator,
    /// By telephone.
    Phone,
    /// By letter or mail.
    InWriting,
}

impl Telling {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::WithMediator => "with_mediator",
            Self::Phone => "phone",
            Self::InWriting => "in_writing",
        }
    }
}

impl Check for Telling {}

/// Why it is restricted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestrictedBy {
    /// She asked for it (art. 18).
    Restriction,
    /// She objects, and that is being judged (art. 21).
    Objection,
    /// Her data are being erased (art. 17).
    Erasure,
}

impl RestrictedBy {
    /// As it stands in the database.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Restriction => "restriction",
            Self::Objection => "objection",
            Self::Erasure => "erasure",
        }
    }

    fn from_code(code: &str) -> Result<Self> {
        [Self::Restriction, Self::Objection, Self::Erasure]
            .into_iter()
            .find(|known| known.code() == code)
            .ok_or_else(|| Error::internal("a stored restriction has no known reason"))
    }
}

/// A restriction of a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restriction {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case: Uuid,
    /// Whose.
    pub subject: Subject,
    /// Why.
    pub why: RestrictedBy,
    /// What she asked for, by its id.
    pub request: Option<Uuid>,
    /// Since when.
    pub set_at: DateTime<Utc>,
    /// When and how she was told that it will be lifted.
    pub told: Option<(DateTime<Utc>, String)>,
    /// When it was lifted.
    pub lifted_at: Option<DateTime<Utc>>,
}

type Stored = (Id, Id, Id, String, Option<Id>, At, Option<At>, Option<String>, Option<At>);
const SHOWN: (
    case_restriction::id,
    case_restriction::case_file,
    case_restriction::subject,
    case_restriction::why,
    case_restriction::request,
    case_restriction::set_at,
    case_restriction::told_at,
    case_restriction::told_how,
    case_restriction::lifted_at,
) = (
    case_restriction::id,
    case_restriction::case_file,
    case_restriction::subject,
    case_restriction::why,
    case_restriction::request,
    case_restriction::set_at,
    case_restriction::told_at,
    case_restriction::told_how,
    case_restriction::lifted_at,
);

fn read((id, case, subject, why, request, set_at, told_at, told_how, lifted_at): Stored) -> Result<Restriction> {
    Ok(Restriction {
        id: id.0,
        case: case.0,
        subject: Subject(subject.0),
        why: RestrictedBy::from_code(&why)?,
        request: request.map(|id| id.0),
        set_at: set_at.0,
        told: told_at.map(|at| at.0).zip(told_how),
        lifted_at: lifted_at.map(|at| at.0),
    })
}

/// Every restriction that a case has had, the newest first.
pub fn of_case(conn: &mut Conn, case: Uuid) -> Result<Vec<Restriction>> {
    let rows: Vec<Stored> = case_restriction::table
        .filter(case_restriction::case_file.eq(Id(case)))
        .order((case_restriction::set_at.desc(), case_restriction::id))
        .select(SHOWN)
        .load(conn)?;
    rows.into_iter().map(read).collect()
}

/// The same, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn look(tx: &mut Tx<'_>, sight: &Sight) -> Result<Vec<Restriction>> {
    let file = case_file(tx.conn(), sight.case())?.ok_or(Code::NotFound)?;
    journal::record(tx, sight.entry("case.restrictions-read").subject(file.subject).object(sight.case()))?;
    of_case(tx.conn(), sight.case())
}

/// Whether a case is restricted now.
pub fn is_on(conn: &mut Conn, case: Uuid) -> Result<bool> {
    let on = case_restriction::table
        .filter(case_restriction::case_file.eq(Id(case)))
        .filter(case_restriction::lifted_at.is_null());
    Ok(diesel::select(diesel::dsl::exists(on)).get_result(conn)?)
}

/// Those of these cases that are restricted now.
pub fn among(conn: &mut Conn, cases: &BTreeSet<Uuid>) -> Result<BTreeSet<Uuid>> {
    let on: Vec<Id> = case_restriction::table
        .filter(case_restriction::case_file.eq_any(cases.iter().copied().map(Id).collect::<Vec<_>>()))
        .filter(case_restriction::lifted_at.is_null())
        .select(case_restriction::case_file)
        .load(conn)?;
    Ok(on.into_iter().map(|id| id.0).collect())
}

/// Whether anything that is known under this subject, or another of hers, is restricted now.
pub fn is_about(conn: &mut Conn, subject: Subject) -> Result<bool> {
    let head = vault::head(conn, subject)?;
    let hers = case_restriction::subject.eq(Id(head.0)).or(case_restriction::subject.eq_any(vault::others_of(head)));
    let on = case_restriction::table.filter(hers).filter(case_restriction::lifted_at.is_null());
    Ok(each_backend!(conn, conn => diesel::select(diesel::dsl::exists(on)).get_result(conn))?)
}

/// Whether nothing but keeping may be done in a case: of a person, or of a referral about somebody whose own case says so.
pub fn holds(conn: &mut Conn, case: Uuid) -> Result<bool> {
    if is_on(conn, case)? {
        return Ok(true);
    }
    match case_file(conn, case)? {
        Some(file) => is_about(conn, file.subject),
        None => Ok(false),
    }
}

/// Whether her data are kept because she wants them kept, unused: for any reason but that they are to be erased.
pub fn holds_for_her(conn: &mut Conn, subject: Subject) -> Result<bool> {
    let hers: Vec<Id> = vault::joined(conn, subject)?.into_iter().map(|subject| Id(subject.0)).collect();
    let on = case_restriction::table
        .filter(case_restriction::subject.eq_any(hers))
        .filter(case_restriction::lifted_at.is_null())
        .filter(case_restriction::why.ne(RestrictedBy::Erasure.code()));
    Ok(diesel::select(diesel::dsl::exists(on)).get_result(conn)?)
}

/// Everybody whose data are kept because they want them kept, by the subject of the restriction.
pub fn kept_for_them(conn: &mut Conn) -> Result<Vec<Subject>> {
    let on: Vec<Id> = case_restriction::table
        .filter(case_restriction::lifted_at.is_null())
        .filter(case_restriction::why.ne(RestrictedBy::Erasure.code()))
        .select(case_restriction::subject)
        .distinct()
        .load(conn)?;
    Ok(on.into_iter().map(|id| Subject(id.0)).collect())
}

/// Restricts a case. For the same reason a second time it changes nothing.
pub fn restrict(tx: &mut Tx<'_>, sight: &Sight, subject: Subject, why: RestrictedBy, request: Uuid) -> Result<Uuid> {
    let there = of_case(tx.conn(), sight.case())?;
    if let Some(on) = there.iter().find(|it| it.lifted_at.is_none() && it.why == why) {
        return Ok(on.id);
    }
    let (id, now) = (Uuid::new_v4(), At::from(tx.now()));
    diesel::insert_into(case_restriction::table)
        .values((
            case_restriction::id.eq(Id(id)),
            case_restriction::case_file.eq(Id(sight.case())),
            case_restriction::subject.eq(Id(subject.0)),
            case_restriction::why.eq(why.code()),
            case_restriction::request.eq(Some(Id(request))),
            case_restriction::set_at.eq(now),
            case_restriction::set_by.eq(sight.staff().map(Id)),
        ))
        .execute(tx.conn())?;
    journal::record(tx, sight.entry("case.restricted").subject(subject).object(id).code(why.code()))?;
    Ok(id)
}

fn found(conn: &mut Conn, sight: &Sight, id: Uuid) -> Result<Restriction> {
    let found = of_case(conn, sight.case())?.into_iter().find(|it| it.id == id);
    let restriction = found.ok_or(Code::NotFound)?;
    if restriction.lifted_at.is_some() || restriction.why == RestrictedBy::Erasure {
        return Err(Code::Conflict.into());
    }
    Ok(restriction)
}

/// Notes that she was told that a restriction will be lifted, and how. What was said last counts.
///
/// # Errors
/// `not_found`; `conflict` for one that was lifted, and for one before an erasure, which ends by that alone.
pub fn tell(tx: &mut Tx<'_>, sight: &Sight, id: Uuid, how: Telling) -> Result<Restriction> {
    let restriction = found(tx.conn(), sight, id)?;
    let now = At::from(tx.now());
    diesel::update(case_restriction::table.find(Id(id)))
        .set((case_restriction::told_at.eq(Some(now)), case_restriction::told_how.eq(Some(how.as_str()))))
        .execute(tx.conn())?;
    journal::record(tx, sight.entry("case.restriction-end-told").subject(restriction.subject).object(id))?;
    Ok(Restriction { told: Some((now.0, how.as_str().to_owned())), ..restriction })
}

/// Lifts a restriction.
///
/// # Errors
/// `not_found`; `conflict` as for [`tell`], and where she was not told beforehand.
pub fn lift(tx: &mut Tx<'_>, sight: &Sight, id: Uuid) -> Result<Restriction> {
    let restriction = found(tx.conn(), sight, id)?;
    if restriction.told.is_none() {
        let untold = Problem::new(Code::Conflict);
        return Err(untold
            .says(
                "Prima di togliere la limitazione la persona va informata.",
                "The person is told before the restriction is lifted.",
            )
            .into());
    }
    let now = At::from(tx.now());
    diesel::update(case_restriction::table.find(Id(id)))
        .set((case_restriction::lifted_at.eq(Some(now)), case_restriction::lifted_by.eq(sight.staff().map(Id))))
        .execute(tx.conn())?;
    journal::record(tx, sight.entry("case.restriction-lifted").subject(restriction.subject).object(id))?;
    Ok(Restriction { lifted_at: Some(now.0), ..restriction })
}

/// A restriction goes with the case that goes into another.
pub(super) fn hand_over(tx: &mut Tx<'_>, from: Uuid, into: Uuid) -> Result<()> {
    diesel::update(case_restriction::table.filter(case_restriction::case_file.eq(Id(from))))
        .set(case_restriction::case_file.eq(Id(into)))
        .execute(tx.conn())?;
    Ok(())
}
