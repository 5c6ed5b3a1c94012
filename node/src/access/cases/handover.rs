//! *Passaggio di consegne*: the lead of a case changes hands in one act, with a note and both names.

use chrono::{DateTime, Utc};
use staffetta_protocol::card::Prose;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::functions::{Function, Functions};
use super::rows;
use super::sight::Sight;
use super::team::{employable, manages};
use crate::access::{Staff, trainees};
use crate::error::Result;
use crate::journal::{self, Entry};
use crate::store::Tx;
use crate::vault::Vault;

/// What the new lead must know.
pub type Note = Prose<2000>;

/// A handover that happened.
#[derive(Debug, Clone)]
pub struct Handover {
    /// Its id.
    pub id: Uuid,
    /// Who led; nobody where the case waited for a lead.
    pub from: Option<Uuid>,
    /// Who leads from then on.
    pub to: Uuid,
    /// Who handed it over.
    pub by: Uuid,
    /// What the new lead was told.
    pub note: Note,
    /// When.
    pub at: DateTime<Utc>,
}

/// Hands a case over. Whoever led leaves the team unless `stays`; what waited for her countersignature waits for the new
/// lead.
///
/// # Errors
/// `not_found`; `function_not_entitled` where `to` is somebody who learns; `not_entitled` for who neither leads nor answers for those who do, and for who would hand herself a case
/// that somebody leads; `conflict` where `to` leads already, is nobody who works with people, or has acts as a trainee in
/// this case that nobody has countersigned: she would sign her own.
pub fn hand_over(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Staff,
    case: Uuid,
    to: Uuid,
    note: &Note,
    stays: bool,
) -> Result<Uuid> {
    let file = rows::living(tx.conn(), case)?;
    let ground = manages(tx.conn(), by, &file)?;
    employable(tx.conn(), to)?;
    trainees::not_alone(tx.conn(), to)?;
    if to == by.id && file.lead.is_some() {
        let told =
            "Un caso con una referente passa a chi lo decide qualcun altro. Nobody hands herself a case that is led.";
        return Err(Problem::new(Code::NotEntitled).detail(told).into());
    }
    if rows::countersignature::of_trainee(tx.conn(), case, to)? > 0 {
        let told =
            "Restano da controfirmare atti suoi da tirocinante. Acts of hers as a trainee wait for a countersignature.";
        return Err(Problem::new(Code::Conflict).detail(told).into());
    }
    if file.lead == Some(to) || rows::touch(tx, case, file.version)?.is_none() {
        return Err(Code::Conflict.into());
    }
    let id = rows::handover::insert(tx, vault, &file, to, by.id, note)?;
    let hers = rows::functions(tx.conn(), case, to)?.filter(|functions| !functions.has(Function::Trainee));
    let functions = Functions::new(hers.iter().flat_map(Functions::iter).chain([Function::CaseOperator]));
    rows::put(tx, case, to, &functions.unwrap_or_else(|| Function::CaseOperator.into()), None)?;
    rows::entrust(tx, case, Some(to), file.deputy.filter(|deputy| *deputy != to))?;
    if let Some(from) = file.lead {
        rows::countersignature::pass_on(tx, case, from, to)?;
        rows::resupervise(tx, case, from, to)?;
        if !stays {
            rows::remove(tx, case, from)?;
        }
    }
    let names = format!("from:{} to:{to}", file.lead.map(|from| from.to_string()).unwrap_or_default());
    let entry = Entry::new(by.actor(), "case.handed-over").ground(ground).subject(file.subject);
    journal::record(tx, entry.object(case).code(names))?;
    Ok(id)
}

/// The handovers of a case, newest first, for somebody who works on it.
///
/// # Errors
/// `not_found`.
pub fn handovers(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Handover>> {
    let file = rows::case_file(tx.conn(), sight.case())?.ok_or(Code::NotFound)?;
    journal::record(tx, sight.entry("case.handovers-read").subject(file.subject).object(file.id))?;
    rows::handover::list(tx.conn(), vault, file.id, before, limit)
}
