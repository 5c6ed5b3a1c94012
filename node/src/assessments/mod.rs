//! The skills assessment (*bilancio delle competenze*) of each person, and the notes of who counsels her.
//!
//! What must hold:
//! - An assessment goes through its three phases in their order ([`State`]); who conducted each and when is kept.
//! - A summary that was signed never changes: it is kept with its digest, and nothing here can write it again. A later
//!   assessment takes its place when that one is signed.
//! - What crosses of an assessment stands in the card: the signed summary, from the act that signs it, and the findings
//!   that somebody proposed. The rest stays here.
//! - Counselling notes are a matter of their own ([`counselling`]): they leave for nothing.
//! - Whoever reads or writes here has the card's skills in sight, and leaves an entry in the journal.

mod api;
mod collecting;
pub mod counselling;
mod merging;
mod model;
mod rows;

#[cfg(test)]
mod tests;

use staffetta_protocol::card::{At, BilancioSummary, Card, Day, List, Refusal, Section};
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::access::{self, Sight};
use crate::error::{Error, Result};
use crate::people::{Identity, guardians};
use crate::store::{Conn, Tx};
use crate::vault::{Holding, Vault};
use crate::{cards, documents, journal, people};

pub use api::api;
pub use counselling::{case_ended, case_reopened, counselling_notes_for_access};
pub use model::{
    Assessment, AssessmentId, Event, Finding, Method, Phase, PhaseBegun, Signature, SignatureMethod, Signed, Signer,
    State, Work,
};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "assessments",
    tables: &["assessment", "counselling_note"],
    merge: merging::merge,
    collect: collecting::collect,
};

/// The section of the card that says who assesses skills.
const SECTION: Section = Section::G;

fn reads(sight: &Sight) -> Result<()> {
    if sight.reads(SECTION) { Ok(()) } else { Err(Code::FunctionNotEntitled.into()) }
}

fn writes(sight: &Sight) -> Result<()> {
    if sight.writes(SECTION) { Ok(()) } else { Err(Code::FunctionNotEntitled.into()) }
}

fn note(tx: &mut Tx<'_>, sight: &Sight, act: &'static str, of: &Assessment) -> Result<()> {
    let entry = sight.entry(act).subject(of.subject).object(of.id);
    journal::record(tx, entry.code(of.state.code()))
}

fn found(conn: &mut Conn, vault: &Vault, sight: &Sight, id: AssessmentId) -> Result<Assessment> {
    rows::find(conn, vault, people::of(sight), id)?.ok_or_else(|| Code::NotFound.into())
}

/// The assessment to be changed, as whoever changes it read it.
fn expected_of(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: AssessmentId, expected: i32) -> Result<Assessment> {
    writes(sight)?;
    let was = found(tx.conn(), vault, sight, id)?;
    if was.version == expected { Ok(was) } else { Err(Code::VersionConflict.into()) }
}

/// What is written refers to documents of hers only.
fn refers(conn: &mut Conn, sight: &Sight, work: &Work) -> Result<()> {
    let mut wrong = Vec::new();
    for (index, finding) in work.findings.iter().enumerate() {
        if let Some(document) = finding.evidence_ref
            && !documents::is_hers(conn, people::of(sight), document)?
        {
            wrong.push(Refusal::NotInList.at(format!("/findings/{index}/evidence_ref")));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(Problem::invalid(wrong).into()) }
}

/// Opens an assessment.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `invalid_input` for evidence that is no document of hers.
pub fn open(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, work: Work) -> Result<Assessment> {
    writes(sight)?;
    let person = people::get(tx.conn(), people::of(sight))?;
    refers(tx.conn(), sight, &work)?;
    let opened = rows::insert(tx, vault, &person, sight.staff(), work)?;
    note(tx, sight, "assessment.opened", &opened)?;
    Ok(opened)
}

/// An assessment of hers, for somebody who looks at it.
///
/// # Errors
/// `not_found`, also for one of somebody else; `function_not_entitled`.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: AssessmentId) -> Result<Assessment> {
    reads(sight)?;
    let seen = found(tx.conn(), vault, sight, id)?;
    note(tx, sight, "assessment.read", &seen)?;
    Ok(seen)
}

/// Her assessments, the newest first: at most `limit`, from behind the one with the id `after`; and whether there are
/// more.
///
/// # Errors
/// `not_found`, also for an `after` that is none of hers; `function_not_entitled`.
pub fn list(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    after: Option<AssessmentId>,
    limit: u32,
) -> Result<(Vec<Assessment>, bool)> {
    reads(sight)?;
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("assessments.listed").subject(person.subject).object(person.id))?;
    let mut items = rows::page(tx.conn(), vault, person.id, after, limit + 1)?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    Ok((items, more))
}

/// Changes what is written in an assessment, until it is signed.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `version_conflict`; `illegal_transition` for one that was signed; `invalid_input` for
/// evidence that is no document of hers.
pub fn change(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    id: AssessmentId,
    work: Work,
    expected: i32,
) -> Result<Assessment> {
    let was = expected_of(tx, vault, sight, id, expected)?;
    refers(tx.conn(), sight, &work)?;
    let changed = rows::save(tx, vault, &was.change(work)?)?;
    note(tx, sight, "assessment.changed", &changed)?;
    Ok(changed)
}

/// Begins the next phase.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `version_conflict`; `illegal_transition` out of order; `invalid_input` for a day that
/// cannot be, or somebody who does not work here.
pub fn begin(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    id: AssessmentId,
    mut phase: PhaseBegun,
    expected: i32,
) -> Result<Assessment> {
    let was = expected_of(tx, vault, sight, id, expected)?;
    phase.conducted_by = phase.conducted_by.or(sight.staff());
    if let Some(conductor) = phase.conducted_by
        && access::staff_row(tx.conn(), conductor)?.is_none()
    {
        return Err(Problem::invalid(vec![Refusal::NotInList.at("/conducted_by")]).into());
    }
    let begun = rows::save(tx, vault, &was.begin(phase, today(tx)?)?)?;
    note(tx, sight, "assessment.phase_begun", &begun)?;
    Ok(begun)
}

/// Enters that the person signed the summary as it stands: from now on it is in her card, and the one that was signed
/// before it is superseded.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `version_conflict`; `illegal_transition` before the synthesis or a second time;
/// `invalid_input` where there is no summary, the sheet is no document of hers, or who signed may not sign for her; `conflict`
/// for a person who has no card to put it in.
pub fn sign(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    id: AssessmentId,
    signature: Signature,
    expected: i32,
) -> Result<Assessment> {
    let was = expected_of(tx, vault, sight, id, expected)?;
    let (now, today) = (tx.now(), today(tx)?);
    let signed = was.sign(signature, now, today)?;
    let Some(Signed { signature, .. }) = &signed.signed else { return Err(Error::internal("signed by nobody")) };
    if let Some(sheet) = signature.document
        && !documents::is_hers(tx.conn(), was.person, sheet)?
    {
        return Err(Problem::invalid(vec![Refusal::NotInList.at("/document")]).into());
    }
    let (_, card) = card_of(tx.conn(), vault, sight)?;
    // Who was a minor when it was signed may be of age when it is entered.
    let age = guardians::age(&Identity::of(&card), signature.signed_on.date());
    guardians::may_speak(tx.conn(), vault, was.person, (age, signature.signed_on), signature.spoke(), &At::Root)?;
    let text = signed.work.summary.clone().ok_or_else(|| Error::internal("signed without a summary"))?;
    let summary = BilancioSummary { text, signed_on: signature.signed_on };
    if let Some(before) = rows::in_force(tx.conn(), vault, was.person)? {
        before.state.after(Event::Supersede)?;
        rows::supersede(tx, &before, id)?;
        note(tx, sight, "assessment.superseded", &before)?;
    }
    let signed = rows::save(tx, vault, &signed)?;
    let said = signature.said(sight.staff());
    cards::amend(tx, vault, sight, said, |card| {
        card.bilancio_summary = Some(summary);
        Ok(())
    })?;
    note(tx, sight, "assessment.signed", &signed)?;
    Ok(signed)
}

/// Puts these findings among the skills of her card, as proposals: a job centre or a certifying body confirms. A skill
/// that stands there already takes what was found of it, unless its pile was confirmed. The version of the card.
///
/// # Errors
/// `not_found`; `function_not_entitled`; `invalid_input` for what is no finding of this assessment, or more skills than a card
/// holds; `conflict` for a person who has no card.
pub fn propose(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: AssessmentId, findings: &[Uuid]) -> Result<u32> {
    writes(sight)?;
    let assessment = found(tx.conn(), vault, sight, id)?;
    let (version, card) = card_of(tx.conn(), vault, sight)?;
    let mut skills = card.skills.to_vec();
    for (index, wanted) in findings.iter().enumerate() {
        let finding = assessment.work.findings.iter().find(|finding| finding.id == Some(*wanted));
        let place = || format!("/findings/{index}");
        let proposed = finding.ok_or_else(|| Problem::invalid(vec![Refusal::NotInList.at(place())]))?.skill();
        match skills.iter_mut().find(|known| known.skill == proposed.skill) {
            Some(known) if known.validation_path.confirmed_by.is_some() => {}
            Some(known) => {
                let target_qualification = known.target_qualification.take();
                *known = staffetta_protocol::card::Skill { target_qualification, ..proposed };
            }
            None => skills.push(proposed),
        }
    }
    let skills = List::new(skills).map_err(|refusal| Problem::invalid(vec![refusal.at("/findings")]))?;
    let held = cards::put(tx, vault, sight, Card { skills, ..card }, version)?;
    note(tx, sight, "assessment.proposed", &assessment)?;
    Ok(held.version)
}

/// Her card as it stands, to be saved with more in it.
fn card_of(conn: &mut Conn, vault: &Vault, sight: &Sight) -> Result<(u32, Card)> {
    let held = cards::current(conn, vault, people::of(sight))?;
    let held = held.ok_or_else(|| Problem::new(Code::Conflict).detail("The person has no card yet."))?;
    Ok((held.version, held.card))
}

fn today(tx: &Tx<'_>) -> Result<Day> {
    Day::new(crate::rules::calendar::local_day(tx.now())).map_err(Error::internal)
}
