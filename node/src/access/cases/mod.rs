//! Who works on which case, as what, and so who may see it.
//!
//! What must hold:
//! - A case is a person's record or a referral that came in; it bears that id. This room holds ids and never looks at
//!   what they stand for.
//! - Whoever takes a person up leads her case; for somebody who learns her supervisor does. A referral that came in
//!   belongs to the whole office until somebody is put on it.
//! - What one sees of a case follows from the functions that one has in its team ([`Function`]), not from the role of
//!   one's account. Leaving the team ends it at once.
//! - A case that is restricted is seen by nobody, but for the person's rights themselves ([`restriction`]).
//! - Every door is [`Sight`]: it says who looks, at which case and why, and the journal gets the same words.
//! - A list that stands for people leaves one entry for each person on the page ([`note_listed`]): cases, referrals,
//!   transfers, recalls by letter, requests about rights, what waits for a countersignature, what runs out, who comes of
//!   age, whom the glass was broken for. Lists of the staff, of members, offices, notices, purposes and activities stand
//!   for nobody, and leave none. The story `seen` has both lists, and fails for a new list that is in neither.

mod collecting;
pub mod countersignature;
mod functions;
pub mod glass;
pub mod handover;
mod listed;
mod merging;
pub mod restriction;
mod rows;
mod sight;
pub mod team;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use crate::access::acts::WritePeople;
use crate::access::{Act as _, Staff, trainees};
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::Tx;
use crate::vault::{Holding, Subject};

pub(super) use countersignature::awaits_countersignature;
pub use functions::{Function, Functions, Tells};
pub use listed::{note_listed, note_team};
pub(super) use rows::leads_any;
pub use rows::{CaseFile, Kind, Listing, Member, Wanted, case_file, cases_among, cases_of, members, subjects_among};
pub use sight::{Sight, Why, still_sees};
pub(super) use sight::{is_erased, of_person, of_received, sight_now};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "access",
    tables: &["case_file", "broken_glass", "case_handover", "case_restriction"],
    merge: merging::merge,
    collect: collecting::collect,
};

/// Opens the case of a person who was just taken up. Whoever did it leads; of somebody who learns it is her supervisor, who
/// countersigns, and she is in the team as a trainee. A case that the node opened by itself has no lead yet.
///
/// # Errors
/// `conflict` where the supervisor of somebody who learns can lead nothing any more.
pub fn open(tx: &mut Tx<'_>, case: Uuid, kind: Kind, subject: Subject, by: Option<Uuid>) -> Result<()> {
    let supervisor = by.map(|by| trainees::supervisor_of(tx.conn(), by)).transpose()?.flatten();
    let lead = supervisor.or(by);
    rows::open(tx, case, kind, subject, lead)?;
    if let Some(lead) = lead {
        rows::put(tx, case, lead, &Functions::from(Function::CaseOperator), None)?;
    }
    if let (Some(supervisor), Some(learns)) = (supervisor, by) {
        team::employable(tx.conn(), supervisor)?;
        rows::put(tx, case, learns, &Functions::from(Function::Trainee), Some(supervisor))?;
        awaits_countersignature(tx, &Sight::of_taking_up(Actor::Staff(learns), case), WritePeople::NAME)?;
    }
    Ok(())
}

/// Puts somebody on a case with these functions; whoever is on it already gets these instead.
///
/// # Errors
/// `not_found` where there is no such case.
pub fn assign(tx: &mut Tx<'_>, by: Actor, case: Uuid, member: Uuid, functions: &Functions) -> Result<()> {
    case_file(tx.conn(), case)?.ok_or(Code::NotFound)?;
    rows::put(tx, case, member, functions, None)?;
    journal::record(tx, Entry::new(by, "case.assigned").object(case).code(functions.stored()))
}

/// Cases by age, the oldest first, after the case `after`. There is one more than a page holds, to see whether there is
/// another: it is not noted.
pub fn list(
    tx: &mut Tx<'_>,
    by: &Staff,
    wanted: Wanted,
    after: Option<(DateTime<Utc>, Uuid)>,
    limit: i64,
) -> Result<Vec<CaseFile>> {
    let found = rows::list(tx.conn(), wanted, after, limit)?;
    let shown: Vec<_> = found.iter().take(limit.max(1) as usize - 1).map(|file| (file.id, file.subject)).collect();
    note_listed(tx, by, "case.listed", &shown)?;
    Ok(found)
}
