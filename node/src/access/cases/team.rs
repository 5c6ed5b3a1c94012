//! Who is put on a case, and by whom.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use staffetta_protocol::card::{At, Refusal};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use uuid::Uuid;

use super::countersignature;
use super::functions::{Function, Functions};
use super::rows::{self, CaseFile};
use super::sight::Why;
use crate::access::door::{self, AccountKind};
use crate::access::{AccessRole, Staff, rows as accounts, trainees};
use crate::error::Result;
use crate::journal::{self, Entry};
use crate::rules::calendar::{LocalHoliday, end_of_working_day};
use crate::store::{Conn, Tx};

/// Working days after which what waits for the lead goes to the deputy, and as many later to whoever answers for the
/// operators.
pub const PATIENCE: u32 = 2;

/// Somebody to be on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The account.
    pub staff: Uuid,
    /// What she does there.
    pub functions: Functions,
    /// Under whom, if she is learning.
    pub supervisor: Option<Uuid>,
}

/// The whole team, as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Team {
    /// Who leads, where nobody does yet; a lead changes hands by a handover.
    pub lead: Option<Uuid>,
    /// Who stands in.
    pub deputy: Option<Uuid>,
    /// Everybody.
    pub members: Vec<Place>,
}

/// On which ground she may change a case's team, as it stands in the journal: she leads it or stands in, or answers for
/// the operators; what came in and has no lead anybody of the office may take.
///
/// # Errors
/// `not_entitled`; `function_not_entitled` for somebody who learns, who manages nothing.
pub(super) fn manages(conn: &mut Conn, by: &Staff, file: &CaseFile) -> Result<&'static str> {
    trainees::not_alone(conn, by.id)?;
    let unclaimed = file.lead.is_none() && file.kind == rows::Kind::Referral;
    if file.lead == Some(by.id) || file.deputy == Some(by.id) {
        Ok(rows::Listing::Of(by.id).ground())
    } else if by.role == AccessRole::Supervisor {
        Ok(rows::Listing::All.ground())
    } else if unclaimed {
        Ok(Why::Office.as_str())
    } else {
        Err(Code::NotEntitled.into())
    }
}

/// Whether an account can work on a case: a person's, enabled, in a role that works with people.
///
/// # Errors
/// `not_found`, `conflict`.
pub(in crate::access) fn employable(conn: &mut Conn, staff: Uuid) -> Result<()> {
    let account = accounts::staff_row(conn, staff)?.ok_or(Code::NotFound)?;
    let works = matches!(account.role, AccessRole::Operator | AccessRole::Supervisor);
    let is_human = door::kind_of(conn, staff)? == AccountKind::Person;
    if works && is_human && account.disabled_at.is_none() { Ok(()) } else { Err(Code::Conflict.into()) }
}

/// Sets the team of a case. What waited for the countersignature of somebody who supervises no more waits for whoever does
/// now. The new version.
///
/// # Errors
/// `not_found`; `not_entitled`, also for who would give herself more than she has; `version_conflict`; `invalid_input` where the lead would drop out, somebody stands twice,
/// an account cannot work on cases, or a trainee has no supervisor in the team.
pub fn set_team(tx: &mut Tx<'_>, by: &Staff, case: Uuid, team: &Team, version: i32) -> Result<i32> {
    let file = rows::living(tx.conn(), case)?;
    let ground = manages(tx.conn(), by, &file)?;
    let found = refusals(tx.conn(), &file, team)?;
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    widens_none_of_her_own(tx.conn(), by, &file, team)?;
    let version = rows::touch(tx, case, version)?.ok_or(Code::VersionConflict)?;
    let wanted: BTreeSet<Uuid> = team.members.iter().map(|member| member.staff).collect();
    for member in rows::members(tx.conn(), case)? {
        if !wanted.contains(&member.staff) {
            rows::remove(tx, case, member.staff)?;
            note(tx, by, &file, ("case.left", ground), (member.staff, &member.functions))?;
        }
    }
    for place in &team.members {
        rows::put(tx, case, place.staff, &place.functions, place.supervisor)?;
        note(tx, by, &file, ("case.assigned", ground), (place.staff, &place.functions))?;
    }
    let lead = file.lead.or(team.lead);
    rows::entrust(tx, case, lead, team.deputy)?;
    countersignature::follow(tx, by, &file, lead, ground)?;
    Ok(version)
}

/// Nobody gives herself more than she has: what she may see is what a colleague answers for. Whoever takes on a case that
/// nobody leads yet may lead it, and counsels nobody by that.
fn widens_none_of_her_own(conn: &mut Conn, by: &Staff, file: &CaseFile, team: &Team) -> Result<()> {
    let Some(own) = team.members.iter().find(|member| member.staff == by.id) else { return Ok(()) };
    let had = rows::functions(conn, file.id, by.id)?;
    let may = |function: Function| match &had {
        Some(had) => had.has(function),
        None => file.lead.is_none() && !function.tells().counselling_notes,
    };
    if own.functions.iter().all(may) {
        return Ok(());
    }
    let told =
        "Le proprie funzioni in un caso le dà una collega. One's own functions in a case are a colleague's to give.";
    Err(Problem::new(Code::NotEntitled).detail(told).into())
}

fn note(
    tx: &mut Tx<'_>,
    by: &Staff,
    file: &CaseFile,
    (act, ground): (&'static str, &'static str),
    (member, functions): (Uuid, &Functions),
) -> Result<()> {
    let entry = Entry::new(by.actor(), act).ground(ground).subject(file.subject).object(file.id);
    journal::record(tx, entry.code(format_args!("{member} {}", functions.stored())))
}

fn refusals(conn: &mut Conn, file: &CaseFile, team: &Team) -> Result<Vec<FieldError>> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let members = At::Root.key("members");
    for (index, place) in team.members.iter().enumerate() {
        let at = members.index(index);
        if !seen.insert(place.staff) {
            found.push(at.key("staff").refuse(Refusal::Repeated));
        }
        if employable(conn, place.staff).is_err() {
            found.push(at.key("staff").refuse(Refusal::NotInList));
        }
        // Somebody who learns is nothing else in any case.
        if place.functions != Function::Trainee.into() && accounts::trainee_of(conn, place.staff)?.is_some() {
            found.push(at.key("functions").refuse(Refusal::Inconsistent));
        }
        let guides = |id: Uuid| {
            let of = team.members.iter().find(|member| member.staff == id);
            id != place.staff && of.is_some_and(|member| !member.functions.has(Function::Trainee))
        };
        match (place.functions.has(Function::Trainee), place.supervisor) {
            (true, Some(id)) if guides(id) => {}
            (true, None) => found.push(at.key("supervisor").refuse(Refusal::Required)),
            (true, Some(_)) => found.push(at.key("supervisor").refuse(Refusal::NotInList)),
            (false, Some(_)) => found.push(at.key("supervisor").refuse(Refusal::Inconsistent)),
            (false, None) => {}
        }
    }
    let lead = file.lead.or(team.lead);
    let leads =
        |id: Uuid| team.members.iter().any(|member| member.staff == id && !member.functions.has(Function::Trainee));
    match lead {
        None => found.push(Refusal::Required.at("/lead")),
        Some(id) if !leads(id) => found.push(Refusal::Required.at("/members")),
        Some(_) => {}
    }
    if file.lead.is_some() && team.lead.is_some() && team.lead != file.lead {
        found.push(Refusal::Inconsistent.at("/lead"));
    }
    if team.deputy.is_some_and(|deputy| Some(deputy) == lead || !leads(deputy)) {
        found.push(Refusal::Inconsistent.at("/deputy"));
    }
    Ok(found)
}

/// Who must see to what has waited since `since`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Responsible {
    /// This account: the lead, or the deputy after two working days.
    Staff(Uuid),
    /// Nobody any more: it stands in *Senza referente*, for whoever answers for the operators.
    Nobody,
}

/// Who must see to what has waited for a case since `since`: its lead; after two working days its deputy; two later, or
/// where there is none, whoever answers for the operators.
pub fn responsible(
    lead: Option<Uuid>,
    deputy: Option<Uuid>,
    since: DateTime<Utc>,
    local: &[LocalHoliday],
    now: DateTime<Utc>,
) -> Responsible {
    let passed = |days| now >= end_of_working_day(since, days, local);
    match (lead, deputy) {
        (Some(lead), _) if !passed(PATIENCE) => Responsible::Staff(lead),
        (Some(_), Some(deputy)) if !passed(2 * PATIENCE) => Responsible::Staff(deputy),
        (None, Some(deputy)) if !passed(PATIENCE) => Responsible::Staff(deputy),
        _ => Responsible::Nobody,
    }
}

/// Takes an account that was disabled off every case. What waits for its countersignature waits for the lead of the case
/// from here on, and so does whoever learnt under it there; where it leads itself, all stays in its place until somebody
/// hands the case over.
pub(in crate::access) fn leave(tx: &mut Tx<'_>, staff: Uuid) -> Result<()> {
    for (case, lead) in rows::countersignature::owed_elsewhere(tx.conn(), staff)? {
        rows::countersignature::pass_on(tx, case, staff, lead)?;
    }
    for (case, lead) in rows::supervised_elsewhere(tx.conn(), staff)? {
        rows::resupervise(tx, case, staff, lead)?;
    }
    rows::leave_all(tx, staff)
}
