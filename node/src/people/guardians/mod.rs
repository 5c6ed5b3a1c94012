//! Who answers for a minor.
//!
//! What must hold:
//! - Who it is and how to reach them is sealed with the minor's key.
//! - At eighteen nobody has to end it: whoever asks who answers for her on some day is told nobody. Doubt about her age,
//!   an assessment under way or a date of birth that leaves it open, keeps it.
//! - Who speaks as her guardian is named, and judged in one place ([`may_speak`]): a word of "the guardian" that is
//!   nobody's counts nowhere.
//! - What was entered stays; it ends with a day and a reason.

mod model;
mod rows;

use staffetta_protocol::card::{At, Day, Refusal};
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::{Identity, PersonId, index};
use crate::access::Sight;
use crate::access::cases::{Listing, cases_among, restriction};
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::rules::calendar;
use crate::store::{Conn, Tx};
use crate::vault::Vault;

pub use model::{Age, Guardian, GuardianDetails, GuardianEnd, GuardianKind, TOLD_DAYS_BEFORE, age, is_too_young};
pub(in crate::people) use rows::hand_over;

/// Guardians in one answer, and unsealed for it, at most.
const LOOKED_AT: i64 = 200;

/// A guardian whose minor may soon be of age.
#[derive(Debug, Clone)]
pub struct ComingOfAge {
    /// Who answers for the minor, and for whom.
    pub guardian: Guardian,
    /// The first day on which she may be of age.
    pub first: Day,
    /// The last one; the same where the whole date of birth is known.
    pub last: Day,
}

/// Enters who answers for a minor from some day on.
///
/// # Errors
/// `not_found`; `conflict` for somebody who is of age.
pub fn add(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    kind: GuardianKind,
    since: Day,
    details: GuardianDetails,
) -> Result<Guardian> {
    let person = super::get(tx.conn(), super::of(sight))?;
    let today = calendar::local_day(tx.now());
    if age(&identity(tx.conn(), vault, person.id)?, today) == Age::Adult {
        return Err(Problem::new(Code::Conflict).says("La persona è maggiorenne.", "The person is of age.").into());
    }
    let guardian = rows::insert(tx, vault, &person, sight.staff(), kind, since, details)?;
    let entry = sight.entry("guardian.added").subject(person.subject).object(guardian.id);
    journal::record(tx, entry.code(kind.as_str()))?;
    Ok(guardian)
}

/// Corrects who it is and how to reach them.
///
/// # Errors
/// `not_found`; `version_conflict` when somebody else did in between.
pub fn change(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    id: Uuid,
    details: &GuardianDetails,
    expected: i64,
) -> Result<Guardian> {
    let person = super::get(tx.conn(), super::of(sight))?;
    one(tx.conn(), vault, person.id, id)?;
    let expected = i32::try_from(expected).map_err(|_| Code::VersionConflict)?;
    if !rows::change(tx, vault, &person, id, details, expected)? {
        return Err(Code::VersionConflict.into());
    }
    journal::record(tx, sight.entry("guardian.changed").subject(person.subject).object(id))?;
    one(tx.conn(), vault, person.id, id)
}

/// Ends it on some day.
///
/// # Errors
/// `not_found`; `conflict` when it has ended.
pub fn end(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: Uuid, on: Day, why: GuardianEnd) -> Result<Guardian> {
    let person = super::get(tx.conn(), super::of(sight))?;
    one(tx.conn(), vault, person.id, id)?;
    if !rows::end(tx, id, on, why)? {
        return Err(Code::Conflict.into());
    }
    let entry = sight.entry("guardian.ended").subject(person.subject).object(id);
    journal::record(tx, entry.code(why.as_str()))?;
    one(tx.conn(), vault, person.id, id)
}

/// Everybody who answers or answered for her, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn list(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Vec<Guardian>> {
    let person = super::get(tx.conn(), super::of(sight))?;
    journal::record(tx, sight.entry("guardian.read").subject(person.subject).object(person.id))?;
    rows::of(tx.conn(), vault, person.id)
}

/// One of them, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: Uuid) -> Result<Guardian> {
    let person = super::get(tx.conn(), super::of(sight))?;
    journal::record(tx, sight.entry("guardian.read").subject(person.subject).object(id))?;
    one(tx.conn(), vault, person.id, id)
}

/// Who answers for her today: the newest of those who do; nobody for somebody of age. Who shows it calls [`list`].
pub fn in_charge(conn: &mut Conn, vault: &Vault, person: PersonId, today: Day) -> Result<Option<Guardian>> {
    let age = age(&identity(conn, vault, person)?, today.date());
    let all = rows::of(conn, vault, person)?;
    Ok(all.into_iter().rev().find(|guardian| guardian.in_charge(age, today.date())))
}

/// Who spoke: she herself, or somebody for her.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoke {
    /// She.
    Person,
    /// Her guardian, by the id under which this node has them.
    Guardian(Option<Uuid>),
}

/// Judges whether who spoke on that day may, of somebody of that age: a minor's word is her guardian's to give, an adult's
/// is her own, and who spoke as a guardian is one of those who answer for her here. What is wrong, beside `at`.
///
/// # Errors
/// `invalid_input`: `inconsistent` at `by`; `required` or `not_in_list` at `guardian`.
pub fn may_speak(
    conn: &mut Conn,
    vault: &Vault,
    person: PersonId,
    (age, on): (Age, Day),
    spoke: Spoke,
    at: &At<'_>,
) -> Result<()> {
    may_speak_by(conn, vault, person, (age, on), spoke, (at, "by"))
}

/// The same where the field that says who spoke has another name.
///
/// # Errors
/// As [`may_speak`].
pub fn may_speak_by(
    conn: &mut Conn,
    vault: &Vault,
    person: PersonId,
    (age, on): (Age, Day),
    spoke: Spoke,
    (at, by): (&At<'_>, &'static str),
) -> Result<()> {
    let refuse = |name: &'static str, refusal| Err(Problem::invalid(vec![at.key(name).refuse(refusal)]).into());
    match (spoke, age) {
        (Spoke::Person, Age::Minor) | (Spoke::Guardian(_), Age::Adult) => refuse(by, Refusal::Inconsistent),
        (Spoke::Person, Age::Adult | Age::Unknown) => Ok(()),
        (Spoke::Guardian(None), Age::Minor | Age::Unknown) => refuse("guardian", Refusal::Required),
        (Spoke::Guardian(Some(id)), Age::Minor | Age::Unknown) => {
            let all = rows::of(conn, vault, person)?;
            let answers = all.iter().any(|guardian| guardian.id == id && guardian.in_charge(age, on.date()));
            if answers { Ok(()) } else { refuse("guardian", Refusal::NotInList) }
        }
    }
}

/// What is known of her majority today, from what her card says.
pub fn age_today(conn: &mut Conn, vault: &Vault, person: PersonId, today: Day) -> Result<Age> {
    Ok(age(&identity(conn, vault, person)?, today.date()))
}

/// Guardians whose minors may be of age within so many days, or already are and nobody ended it, at most `limit`; and where
/// to go on, if there is more to look at. Each minor finds it in her journal.
pub fn coming_of_age(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Actor,
    of: Listing,
    within_days: u32,
    (after, limit): (Option<Uuid>, u32),
) -> Result<(Vec<ComingOfAge>, Option<Uuid>)> {
    let today = calendar::local_day(tx.now());
    let rows = rows::not_ended(tx.conn(), after, LOOKED_AT)?;
    let mut next = rows.last().map(|row| row.id.0).filter(|_| rows.len() as i64 == LOOKED_AT);
    let (mut found, mut entries) = (Vec::new(), Vec::new());
    let mut rows = rows.into_iter().peekable();
    while let Some(row) = rows.next() {
        let (person, here) = (PersonId(row.person.0), row.id.0);
        if let Listing::Of(staff) = of
            && cases_among(tx.conn(), staff, &[person.0])?.is_empty()
        {
            continue;
        }
        // Nothing is prepared for whoever's data are only kept.
        if restriction::is_on(tx.conn(), person.0)? {
            continue;
        }
        let identity = identity(tx.conn(), vault, person)?;
        let Some((first, last)) = model::comes_of_age(&identity, today, within_days) else { continue };
        let Some(guardian) = row.open(tx.conn(), vault)? else { continue };
        let day = |day| Day::new(day).map_err(|refusal| crate::error::Error::internal(refusal.code()));
        let subject = super::get(tx.conn(), person)?.subject;
        entries
            .push(Entry::new(by.clone(), "guardian.listed").ground(of.ground()).subject(subject).object(guardian.id));
        found.push(ComingOfAge { guardian, first: day(first)?, last: day(last)? });
        if found.len() == limit as usize && rows.peek().is_some() {
            next = Some(here);
            break;
        }
    }
    journal::record_all(tx, entries)?;
    Ok((found, next))
}

fn identity(conn: &mut Conn, vault: &Vault, person: PersonId) -> Result<Identity> {
    Ok(index::own(conn, vault, person)?.map(|known| known.identity).unwrap_or_default())
}

fn one(conn: &mut Conn, vault: &Vault, person: PersonId, id: Uuid) -> Result<Guardian> {
    let all = rows::of(conn, vault, person)?;
    all.into_iter().find(|guardian| guardian.id == id).ok_or_else(|| Code::NotFound.into())
}

/// Somebody who answers for her since long, for tests of other rooms.
#[cfg(test)]
pub(crate) fn sample(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Uuid> {
    let details = serde_json::from_value(serde_json::json!({"label": "Dott.ssa T."})).unwrap();
    let since = Day::parse("2026-01-01").unwrap();
    Ok(add(tx, vault, sight, GuardianKind::MsnaGuardian, since, details)?.id)
}
