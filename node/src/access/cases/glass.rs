//! Looking at a case of others: for a reason, for a time, and not in secret.

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::card::Text;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::rows;
use crate::access::{Staff, trainees};
use crate::error::Result;
use crate::journal::{self, Entry};
use crate::store::Tx;
use crate::vault::Vault;

/// For how long the glass stays broken unless said otherwise.
pub const USUAL: TimeDelta = TimeDelta::hours(1);
/// For how long at most.
pub const LONGEST: TimeDelta = TimeDelta::hours(8);

/// Before the officer has reviewed a look, nobody has another one at the same case for as long.
const PAUSE: TimeDelta = TimeDelta::hours(24);
/// Letters that a reason has at least: less tells the person and the officer nothing.
pub const REASON_LEAST: usize = 12;

/// Why somebody had to look.
pub type Reason = Text<500>;

/// An act of breaking the glass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Glass {
    /// Its id.
    pub id: Uuid,
    /// The case.
    pub case: Uuid,
    /// Who looked.
    pub staff: Uuid,
    /// From when.
    pub at: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// The same as the data protection officer sees it.
#[derive(Debug, Clone)]
pub struct Broken {
    /// The act.
    pub glass: Glass,
    /// Why; gone where the person was erased.
    pub reason: Option<Reason>,
    /// When the person was told.
    pub person_told_at: Option<DateTime<Utc>>,
    /// When it was reviewed.
    pub reviewed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub reviewed_by: Option<Uuid>,
}

/// Lets `staff` read a case in whose team she is not. The person finds it in her journal, the data protection officer on
/// her list.
///
/// # Errors
/// `not_found`; `function_not_entitled` for somebody who learns; `conflict` for who works on the case anyway, and where an earlier look of hers waits for the officer.
pub fn break_glass(
    tx: &mut Tx<'_>,
    vault: &Vault,
    staff: &Staff,
    case: Uuid,
    reason: &Reason,
    lasts: TimeDelta,
) -> Result<Glass> {
    trainees::not_alone(tx.conn(), staff.id)?;
    let file = rows::living(tx.conn(), case)?;
    if rows::functions(tx.conn(), case, staff.id)?.is_some() {
        return Err(Code::Conflict.into());
    }
    let now = tx.now();
    if rows::glass::last_unreviewed(tx.conn(), case, staff.id)?.is_some_and(|at| now - at < PAUSE) {
        let told = "Un'apertura di ieri o di oggi attende il responsabile della protezione dei dati. An earlier look waits \
                    for the data protection officer.";
        return Err(Problem::new(Code::Conflict).detail(told).into());
    }
    let until = now + lasts.clamp(TimeDelta::minutes(1), LONGEST);
    let id = rows::glass::insert(tx, vault, &file, staff.id, reason, until)?;
    let entry = Entry::new(staff.actor(), "case.glass-broken").subject(file.subject).object(id);
    journal::record(tx, entry.ground("broken_glass"))?;
    Ok(Glass { id, case, staff: staff.id, at: now, until })
}

/// Who looked, newest first: what was not reviewed yet, or all.
///
/// # Errors
/// What the database refuses.
pub fn broken(
    tx: &mut Tx<'_>,
    vault: &Vault,
    by: &Staff,
    only_open: bool,
    before: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<Broken>> {
    let found = rows::glass::list(tx.conn(), vault, only_open, before, limit)?;
    for it in &found {
        let file = rows::case_file(tx.conn(), it.glass.case)?.ok_or(Code::NotFound)?;
        let entry = Entry::new(by.actor(), "case.glass-listed").subject(file.subject).object(it.glass.id);
        journal::record(tx, entry.ground("data_protection"))?;
    }
    Ok(found)
}

/// The person was told that somebody looked at her case. A second time changes nothing.
///
/// # Errors
/// What the database refuses.
pub fn told(tx: &mut Tx<'_>, id: Uuid) -> Result<()> {
    rows::glass::told(tx, id)
}

/// The data protection officer has looked at it, and told the person or seen that she was told. Where she was told
/// already that stays so.
///
/// # Errors
/// `not_found`; `conflict` where it was reviewed already.
pub fn review(tx: &mut Tx<'_>, by: &Staff, id: Uuid, person_told: bool) -> Result<()> {
    let case = rows::glass::case_of(tx.conn(), id)?.ok_or(Code::NotFound)?;
    if !rows::glass::reviewed(tx, id, by.id, person_told)? {
        return Err(Code::Conflict.into());
    }
    let file = rows::case_file(tx.conn(), case)?.ok_or(Code::NotFound)?;
    let entry = Entry::new(by.actor(), "case.glass-reviewed").subject(file.subject).object(id);
    let entry = entry.ground("data_protection");
    journal::record(tx, entry.code(if person_told { "person_told" } else { "person_not_told" }))
}
