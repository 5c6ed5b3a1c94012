//! Who works on which case, as what, and so who may see it.
//!
//! What must hold:
//! - A case is a person's record or a referral that came in; it bears that id. This room holds ids and never looks at
//!   what they stand for.
//! - Whoever takes a person up leads her case. A referral that came in belongs to the whole office until somebody is put
//!   on it.
//! - What one sees of a case follows from the functions that one has in its team ([`Function`]), not from the role of
//!   one's account. Leaving the team ends it at once.
//! - Every door is [`Sight`]: it says who looks, at which case and why, and the journal gets the same words.

mod functions;
mod merging;
mod rows;
mod sight;

#[cfg(test)]
mod tests;

use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::Staff;
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::store::Tx;
use crate::vault::Holding;

pub use functions::{Function, Functions, Tells};
pub use rows::{CaseFile, Kind, Listing, Member, case_file, cases_among, cases_of, members};
pub use sight::{Sight, Why};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding { room: "access", tables: &["broken_glass"], merge: merging::merge };

/// Opens the case of a person who was just taken up. Whoever did it leads; a case that the node opened by itself has no
/// lead yet.
pub fn open(tx: &mut Tx<'_>, case: Uuid, kind: Kind, lead: Option<Uuid>) -> Result<()> {
    rows::open(tx, case, kind, lead)?;
    if let Some(lead) = lead {
        rows::put(tx, case, lead, &Functions::from(Function::CaseOperator), None)?;
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

impl Staff {
    /// What she may see of this person's case, and why.
    ///
    /// # Errors
    /// `not_found` where there is no such case; `merged` where it went into another; `outside_case` where she has no
    /// part in it.
    pub fn sight(&self, tx: &mut Tx<'_>, case: impl Into<Uuid>) -> Result<Sight> {
        sight::of_person(tx, self, case.into())
    }

    /// The same for a referral that came in: as long as nobody was put on it, the office works on it together.
    ///
    /// # Errors
    /// `outside_case` where others were put on it.
    pub fn sight_of_received(&self, tx: &mut Tx<'_>, referral: Uuid) -> Result<Sight> {
        sight::of_received(tx, self, referral)
    }
}
