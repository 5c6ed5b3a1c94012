//! A member of staff in the middle of an act, and the way from her to a case.

use std::ops::Deref;

use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::cases::{self, Function, Functions, Kind, Sight, Why};
use super::judged::Judged;
use super::{AccessRole, Act, Staff, acts, rows, trainees};
use crate::error::{Error, Result};
use crate::store::Tx;

/// What goes on after somebody was erased: telling that it was done.
const AFTER_ERASURE: [&str; 2] = [acts::ReadRights::NAME, acts::AnswerRights::NAME];

/// A member of staff whose role may do this act. Whether she may do it in a certain case is for [`Acting::sight`].
#[derive(Debug, Clone)]
pub struct Acting {
    staff: Staff,
    act: &'static str,
    functions: &'static [Function],
    judged: Judged,
}

impl Deref for Acting {
    type Target = Staff;

    fn deref(&self) -> &Staff {
        &self.staff
    }
}

impl Acting {
    pub(super) fn new<A: Act>(staff: Staff) -> Self {
        Self { staff, act: A::NAME, functions: A::FUNCTIONS, judged: Judged::default() }
    }

    /// Every case that she is let into is written down there.
    pub(super) fn noting(self, judged: Judged) -> Self {
        Self { judged, ..self }
    }

    /// She would do the act of that name once more.
    pub(super) fn again(staff: &Staff, act: &str) -> Option<Self> {
        let (act, functions) = *acts::IN_CASES.iter().find(|(name, _)| *name == act)?;
        Some(Self { staff: staff.clone(), act, functions, judged: Judged::default() })
    }

    /// What she may see of this person's case, and why. What a trainee changes waits for a countersignature from here on.
    ///
    /// # Errors
    /// `not_found` where there is no such case; `outside_case` where she has no part in it; `function_not_entitled` where
    /// what she does there does not reach this act; `restricted` where the data are kept and nothing else.
    pub fn sight(&self, tx: &mut Tx<'_>, case: impl Into<Uuid>) -> Result<Sight> {
        let sight = self.of_person(tx, case.into())?;
        self.fits(tx, sight)
    }

    fn of_person(&self, tx: &mut Tx<'_>, case: Uuid) -> Result<Sight> {
        let sight = cases::of_person(tx, &self.staff, case)?;
        // Of whoever was erased there is nothing left to work on, but for what tells that it was done.
        if !AFTER_ERASURE.contains(&self.act) && cases::is_erased(tx.conn(), sight.case())? {
            return Err(Code::NotFound.into());
        }
        Ok(sight)
    }

    /// She is shown this person besides, whom no act of its own is judged for, as when somebody is taken up: as far as she
    /// has a part in the case, an answer that shows her is given again only while she still has.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn shows(&self, tx: &mut Tx<'_>, case: impl Into<Uuid>) -> Result<()> {
        match cases::of_person(tx, &self.staff, case.into()) {
            Ok(sight) => self.judged.note(acts::ReadPeople::NAME, &sight),
            Err(Error::Problem(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What she would see of a case for this act. Nothing follows from it.
    pub(super) fn would_see(&self, tx: &mut Tx<'_>, case: Uuid) -> Result<Sight> {
        let file = cases::case_file(tx.conn(), case)?.ok_or(Code::NotFound)?;
        let sight = match file.kind {
            Kind::Person => self.of_person(tx, case)?,
            Kind::Referral => cases::of_received(tx, &self.staff, case)?,
        };
        self.may(tx, &sight)?;
        Ok(sight)
    }

    /// The same for a referral that came in: as long as nobody was put on it, the office works on it together.
    ///
    /// # Errors
    /// `outside_case` where others were put on it; `function_not_entitled`.
    pub fn sight_of_received(&self, tx: &mut Tx<'_>, referral: Uuid) -> Result<Sight> {
        let sight = cases::of_received(tx, &self.staff, referral)?;
        self.fits(tx, sight)
    }

    /// The same for a case of either kind.
    ///
    /// # Errors
    /// As for the two.
    pub fn sight_of_case(&self, tx: &mut Tx<'_>, case: Uuid) -> Result<Sight> {
        let file = cases::case_file(tx.conn(), case)?.ok_or(Code::NotFound)?;
        match file.kind {
            Kind::Person => self.sight(tx, case),
            Kind::Referral => self.sight_of_received(tx, case),
        }
    }

    fn fits(&self, tx: &mut Tx<'_>, sight: Sight) -> Result<Sight> {
        if self.may(tx, &sight)? {
            cases::awaits_countersignature(tx, &sight, self.act)?;
        }
        self.judged.note(self.act, &sight);
        Ok(sight)
    }

    /// Whether what she does there waits for a countersignature, if she may do it at all.
    fn may(&self, tx: &mut Tx<'_>, sight: &Sight) -> Result<bool> {
        let despite = self.staff.role == AccessRole::Dpo || acts::DESPITE_RESTRICTION.contains(&self.act);
        if !despite && cases::restriction::holds(tx.conn(), sight.case())? {
            return Err(Code::Restricted.into());
        }
        if self.functions.is_empty() {
            return Err(Error::internal(format!("{} is no act on a case", self.act)));
        }
        let reads = acts::only_reads(self.act);
        match sight.why() {
            Why::Team(functions) => return self.in_team(tx, functions, reads),
            Why::BrokenGlass(_) if !reads => return Err(Code::FunctionNotEntitled.into()),
            Why::Office if !reads => trainees::not_alone(tx.conn(), self.staff.id)?,
            Why::BrokenGlass(_) | Why::Office | Why::DataProtection | Why::Herself | Why::Node => {}
        }
        Ok(false)
    }

    /// A function of hers that reaches the act and is not that of a trainee does it in her own name. Whoever has the mark
    /// of one who learns does what a trainee may, whatever other function she has from before, and all of it waits.
    fn in_team(&self, tx: &mut Tx<'_>, functions: &Functions, reads: bool) -> Result<bool> {
        let fitting = || functions.iter().filter(|function| self.functions.contains(function));
        if fitting().next().is_none() {
            return Err(Code::FunctionNotEntitled.into());
        }
        if reads {
            return Ok(false);
        }
        let learns = rows::trainee_of(tx.conn(), self.staff.id)?.is_some();
        if learns && !self.functions.contains(&Function::Trainee) {
            return Err(trainees::alone());
        }
        Ok(learns || fitting().all(|function| function == Function::Trainee))
    }
}

#[cfg(test)]
impl Staff {
    /// She does this act.
    pub(crate) fn acting<A: Act>(&self) -> Acting {
        Acting::new::<A>(self.clone())
    }
}
