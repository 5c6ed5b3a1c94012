//! Accounts of those who learn: a mark that says under whom.
//!
//! A function in a case's team is given case by case; the mark is of the account. Whoever has it does nothing about a
//! person outside a team, and there nothing but what a trainee may, whatever function she had before; all of it waits for a
//! countersignature. She leads no case (whom she takes up her supervisor leads), decides nothing for the whole office
//! and breaks no glass.

use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::door::{self, AccountKind};
use super::{AccessRole, Label, Username, cases, rows};
use crate::error::{Error, Result};
use crate::journal::{self, Actor, Entry};
use crate::store::{Conn, Tx};

/// Takes somebody on who learns under `supervisor`.
///
/// # Errors
/// `already_exists`; `invalid_input` where the role does not work with people, or the supervisor cannot guide anybody.
pub fn add_trainee(
    tx: &mut Tx<'_>,
    actor: Actor,
    username: &Username,
    label: &Label,
    role: AccessRole,
    supervisor: Uuid,
) -> Result<Uuid> {
    let id = super::add_staff(tx, actor.clone(), username, label, role)?;
    learns(tx, actor, id, Some(supervisor))?;
    Ok(id)
}

/// Says under whom an account learns; under nobody: it learns no more.
///
/// # Errors
/// `not_found`; `conflict` while she leads a case or stands in for its lead, or somebody learns under her; `invalid_input` where her role does not work with people, or the
/// supervisor is nobody who does, learns herself, or is disabled.
pub fn learns(tx: &mut Tx<'_>, actor: Actor, staff: Uuid, supervisor: Option<Uuid>) -> Result<()> {
    let account = rows::staff_row(tx.conn(), staff)?.ok_or(Code::NotFound)?;
    if let Some(supervisor) = supervisor {
        let is_person = door::kind_of(tx.conn(), staff)? == AccountKind::Person;
        if account.role != AccessRole::Operator || !is_person {
            return Err(Problem::invalid(vec![Refusal::Inconsistent.at("/trainee_of")]).into());
        }
        let guides = supervisor != staff
            && cases::team::employable(tx.conn(), supervisor).is_ok()
            && rows::trainee_of(tx.conn(), supervisor)?.is_none();
        if !guides {
            return Err(Problem::invalid(vec![Refusal::NotInList.at("/trainee_of")]).into());
        }
        if cases::leads_any(tx.conn(), staff)? {
            return Err(Problem::new(Code::Conflict).detail("She leads cases: hand them over first.").into());
        }
        if rows::guides_any(tx.conn(), staff)? {
            return Err(Problem::new(Code::Conflict).detail("Somebody learns under her: end that first.").into());
        }
    }
    rows::set_trainee(tx, staff, supervisor)?;
    let entry = Entry::new(actor, "staff.trainee-set").object(staff);
    journal::record(tx, supervisor.into_iter().fold(entry, |entry, under| entry.code(format_args!("under:{under}"))))
}

/// Under whom somebody learns, if she does.
pub(super) fn supervisor_of(conn: &mut Conn, staff: Uuid) -> Result<Option<Uuid>> {
    rows::trainee_of(conn, staff)
}

/// Refuses what somebody who learns would do by herself.
///
/// # Errors
/// `function_not_entitled` for such an account.
pub(super) fn not_alone(conn: &mut Conn, staff: Uuid) -> Result<()> {
    if rows::trainee_of(conn, staff)?.is_some() { Err(alone()) } else { Ok(()) }
}

/// What somebody who learns is told who would do something by herself.
pub(super) fn alone() -> Error {
    let told = "Chi è in tirocinio agisce nei casi in cui è affiancata, e chi la segue controfirma. Whoever learns acts in \
                cases in whose team she is a trainee, and her supervisor countersigns.";
    Problem::new(Code::FunctionNotEntitled).detail(told).into()
}
