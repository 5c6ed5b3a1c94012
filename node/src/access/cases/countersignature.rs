//! What somebody who is learning did, until her supervisor has put a name to it.
//!
//! The act stands from the moment it is done: the person is not kept waiting. The countersignature says that somebody
//! looked at it, and both names are in the journal.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Check;
use staffetta_protocol::problem::{Code, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::rows::CaseFile;
use super::{Function, Sight, note_listed, rows};
use crate::access::{Staff, rows as accounts};
use crate::error::Result;
use crate::journal::{self, Entry};
use crate::store::Tx;

/// An act of a trainee that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// What it is countersigned by.
    pub id: Uuid,
    /// The case.
    pub case: Uuid,
    /// Who did it.
    pub trainee: Uuid,
    /// What: the dotted name of the act.
    pub act: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What the supervisor says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CountersignatureOutcome)]
pub enum Outcome {
    /// It is right as it is.
    Approved,
    /// It was put right, or will be.
    Corrected,
}

impl Outcome {
    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "approved",
            Self::Corrected => "corrected",
        }
    }
}

impl Check for Outcome {}

/// Notes that what the trainee is about to do waits for her supervisor; in the transaction of the act.
///
/// # Errors
/// `function_not_entitled` for a trainee without a supervisor.
pub(in crate::access) fn awaits_countersignature(tx: &mut Tx<'_>, sight: &Sight, act: &'static str) -> Result<()> {
    let alone = || Problem::new(Code::FunctionNotEntitled).detail("A trainee acts under a named supervisor.");
    let trainee = sight.staff().ok_or_else(alone)?;
    let team = rows::members(tx.conn(), sight.case())?;
    let supervisor = team.iter().find(|member| member.staff == trainee).and_then(|member| member.supervisor);
    let supervisor = match supervisor {
        Some(supervisor) => supervisor,
        None => {
            let guide = accounts::trainee_of(tx.conn(), trainee)?.ok_or_else(alone)?;
            let lead = rows::case_file(tx.conn(), sight.case())?.and_then(|file| file.lead);
            // Whoever puts her name to it works on the case: her own supervisor there, or whoever leads it.
            let on_it = |staff: &Uuid| *staff != trainee && team.iter().any(|member| member.staff == *staff);
            [Some(guide), lead].into_iter().flatten().find(on_it).ok_or_else(alone)?
        }
    };
    let id = rows::countersignature::insert(tx, sight.case(), trainee, supervisor, act)?;
    journal::record(tx, sight.entry("trainee.acted").object(id).code(format_args!("supervisor:{supervisor}")))
}

/// The team of a case is another one: what waits for somebody who supervises a trainee no more waits for her new
/// supervisor; of a trainee who has none now, it stays with whoever is still there to sign it, or goes to the lead.
pub(super) fn follow(tx: &mut Tx<'_>, by: &Staff, file: &CaseFile, lead: Option<Uuid>, ground: &str) -> Result<()> {
    let team = rows::members(tx.conn(), file.id)?;
    let signs = |staff: Uuid| {
        team.iter().any(|member| member.staff == staff && !member.functions.has(Function::Trainee)).then_some(staff)
    };
    for (trainee, from) in rows::countersignature::owed_in(tx.conn(), file.id)? {
        let named = team.iter().find(|member| member.staff == trainee).and_then(|member| member.supervisor);
        let to = [named, signs(from), lead].into_iter().flatten().find(|to| *to != trainee);
        let Some(to) = to.filter(|to| *to != from) else { continue };
        rows::countersignature::pass_on_of(tx, file.id, trainee, (from, to))?;
        let entry = Entry::new(by.actor(), "trainee.passed-on").ground(ground).subject(file.subject).object(file.id);
        journal::record(tx, entry.code(format_args!("trainee:{trainee} from:{from} to:{to}")))?;
    }
    Ok(())
}

/// What waits for her countersignature, the oldest first.
pub fn waiting(
    tx: &mut Tx<'_>,
    supervisor: &Staff,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Pending>> {
    let found = rows::countersignature::waiting(tx.conn(), supervisor.id, after, limit)?;
    let cases: Vec<Uuid> = found.iter().take(limit.max(1) as usize - 1).map(|it| it.case).collect();
    let shown = rows::subjects_among(tx.conn(), &cases)?;
    note_listed(tx, supervisor, "countersignature.listed", &shown)?;
    Ok(found)
}

/// Puts her name to it.
///
/// # Errors
/// `not_found` for what does not wait for her; `outside_case` once she has left the team.
pub fn countersign(tx: &mut Tx<'_>, by: &Staff, id: Uuid, outcome: Outcome) -> Result<()> {
    let (case, trainee) = rows::countersignature::sign(tx, id, by.id, outcome)?.ok_or(Code::NotFound)?;
    if rows::functions(tx.conn(), case, by.id)?.is_none() {
        return Err(Code::OutsideCase.into());
    }
    let file = rows::case_file(tx.conn(), case)?.ok_or(Code::NotFound)?;
    let entry = Entry::new(by.actor(), "trainee.countersigned").subject(file.subject).object(id);
    let entry = entry.ground(rows::Listing::Of(by.id).ground());
    journal::record(tx, entry.code(format_args!("{} trainee:{trainee}", outcome.as_str())))
}
