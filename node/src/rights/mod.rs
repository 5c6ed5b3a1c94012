//! What a person may ask for as a right of hers (GDPR chapter III), what she is answered, and what follows; everything
//! that is held about her, for herself; and the register of processing.
//!
//! What must hold:
//! - A request has a month (art. 12(3)), or three where she is told within the first why. A refusal says on which rule it
//!   rests, and where to complain. Answered is answered once.
//! - She asks herself, a minor too, since the right is hers; or her guardian does, by name, as long as they answer for her.
//! - What is told to her is everything: every room gives what it holds ([`crate::vault::Holding`]), and names of colleagues
//!   become their roles.
//! - Restricted is kept and nothing else ([`crate::access::cases::restriction`]).
//! - An erasure loses nothing on the way: consents are taken back first and everybody who received something is told;
//!   the keys go only when that has left and was answered, or is late. What remains verifies and tells nothing.
//! - The register is made from the tables that the program itself works by: nothing in it is typed a second time.

mod api;
mod api_export;
mod api_register;
mod api_retention;
mod codes;
mod collecting;
mod effects;
mod erasing;
mod export;
mod letter;
mod model;
mod portability;
mod print;
pub mod register;
pub mod retention;
mod rows;
mod view;

#[cfg(test)]
mod tests;

use std::fmt;

use staffetta_protocol::card::{At, Day};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use crate::access::cases::restriction;
use crate::access::{AccessRole, Sight, Staff, cases};
use crate::consents::{ThreadsEnded, Towards};
use crate::error::{Error, Result};
use crate::grants::{self, Told};
use crate::journal;
use crate::outbox::Outbox;
use crate::people::guardians::{self, Spoke};
use crate::people::{self, PersonId};
use crate::rules::calendar::local_day;
use crate::store::{Conn, Tx};
use crate::vault::{self, Holding, Subject, Vault};
use crate::web::Current;

pub use api::api;
pub use erasing::{erased_before, pump};
pub use export::{Exported, export};
pub use letter::letter;
pub use model::{
    ErasureStep, Happened, KeptData, NewRightsRequest, NoWait, Request, RightAsker, RightChannel, RightKind,
    RightOutcome, RightState, RightsAnswer, RightsExtension, due, due_extended,
};
pub use portability::carry;
pub use rows::Wanted;

use model::{Event, Words};

/// The tables of this room that hold personal data.
pub const HOLDING: Holding = Holding {
    room: "rights",
    tables: &["rights_request", "rights_event"],
    merge: rows::merge,
    collect: collecting::collect,
};

/// This room's handle: what must be asked of the rooms beside and above it.
#[derive(Debug, Clone, Copy)]
pub struct Rights {
    /// Every room that holds something about people.
    pub holdings: &'static [Holding],
    /// Marks what stood in the threads as withdrawn, in the same transaction.
    pub threads_ended: ThreadsEnded,
}

/// Asks the room above whether what is erased now would be in the keyring that the settings name.
pub struct Keyring {
    /// The question.
    pub takes_more: Current,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

/// With what an answer is carried out.
pub struct Means<'a> {
    /// The room's handle.
    pub rights: Rights,
    /// What leaves goes through it.
    pub outbox: &'a Outbox,
    /// How whoever answers is named to other nodes.
    pub towards: Towards<'a>,
}

impl std::fmt::Debug for Means<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Means")
    }
}

/// Takes down a request. Its month begins on the day on which it came.
///
/// # Errors
/// `not_found`; `invalid_input` for a request of the future, and where a guardian asks who does not answer for her.
pub fn receive(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, new: NewRightsRequest) -> Result<Request> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let now = tx.now();
    let received_at = new.received_at.unwrap_or(now);
    if received_at > now {
        let refusal = staffetta_protocol::card::Refusal::OutOfRange;
        return Err(Problem::invalid(vec![refusal.at("/received_at")]).into());
    }
    if new.said_by == RightAsker::Guardian {
        let on = Day::new(local_day(received_at)).map_err(|refusal| Error::internal(refusal.code()))?;
        let age = guardians::age_today(tx.conn(), vault, person.id, on)?;
        let spoke = Spoke::Guardian(new.guardian);
        guardians::may_speak_by(tx.conn(), vault, person.id, (age, on), spoke, (&At::Root, "said_by"))?;
    }
    let request = Request {
        id: Uuid::new_v4(),
        person: person.id,
        subject: person.subject,
        kind: new.kind,
        state: RightState::Received,
        channel: new.channel,
        said_by: new.said_by,
        received_at,
        due_at: due(received_at),
        extended_at: None,
        answered: None,
        card_version: None,
        step: None,
        not_before: None,
        version: 1,
        words: Some(Words { details: new.details, guardian: new.guardian, extension: None, answer: None }),
    };
    rows::insert(tx, vault, &request, sight.staff())?;
    note(tx, sight, &request, "received", None)?;
    if new.restrict_meanwhile {
        effects::restrict(tx, sight, &request)?;
    }
    Ok(request)
}

fn note(tx: &mut Tx<'_>, sight: &Sight, of: &Request, what: &'static str, code: Option<&str>) -> Result<()> {
    rows::note(tx, sight, of, what, code)?;
    let act = match what {
        "received" => "rights.received",
        "extended" => "rights.extended",
        "answered" => "rights.answered",
        "withdrawn" => "rights.withdrawn",
        _ => "rights.erased",
    };
    let entry = sight.entry(act).subject(of.subject).object(of.id);
    journal::record(tx, entry.code(format_args!("{} {}", of.kind.code(), code.unwrap_or_default()).to_string().trim()))
}

/// Whose request that is: for whoever must show a part in her case first.
///
/// # Errors
/// `not_found`.
pub fn person_of(conn: &mut Conn, id: Uuid) -> Result<PersonId> {
    rows::person_of(conn, id)?.ok_or_else(|| Code::NotFound.into())
}

/// The request as it stands, for the person whose case it is.
///
/// # Errors
/// `not_found`, also for one of somebody else.
fn of(conn: &mut Conn, vault: &Vault, sight: &Sight, id: Uuid) -> Result<Request> {
    let found = rows::find(conn, vault, id)?.filter(|request| request.person.0 == sight.case());
    found.ok_or_else(|| Code::NotFound.into())
}

/// A request and what happened to it, for somebody who looks at it.
///
/// # Errors
/// `not_found`.
pub fn look(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, id: Uuid) -> Result<(Request, Vec<Happened>)> {
    let request = of(tx.conn(), vault, sight, id)?;
    journal::record(tx, sight.entry("rights.read").subject(request.subject).object(id))?;
    let events = rows::events(tx.conn(), id)?;
    Ok((request, events))
}

/// Requests, the one that is due first before the others. What was said is not in it. Each person on the page gets her
/// entry; there is one row more than a page holds, which is not on it.
pub fn list(tx: &mut Tx<'_>, by: &Staff, wanted: Wanted) -> Result<Vec<Request>> {
    let now = tx.now();
    let most = wanted.rows.max(1) as usize - 1;
    let found = rows::list(tx.conn(), wanted, now)?;
    let shown: Vec<_> = found.iter().take(most).map(|it| (it.person.into(), it.subject)).collect();
    cases::note_listed(tx, by, "rights.listed", &shown)?;
    Ok(found)
}

/// Changes a request: its next state, and what `change` does to it beside.
fn step(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    (id, expected): (Uuid, i32),
    event: Event,
    change: impl FnOnce(&mut Request) -> Result<()>,
) -> Result<Request> {
    let mut request = of(tx.conn(), vault, sight, id)?;
    if request.version != expected {
        return Err(Code::VersionConflict.into());
    }
    request.state = request.state.after(event)?;
    if request.words.is_none() {
        return Err(Code::NotFound.into());
    }
    change(&mut request)?;
    if !rows::update(tx, vault, &mut request)? {
        return Err(Code::VersionConflict.into());
    }
    Ok(request)
}

/// Notes that two more months are needed, and that she was told so with the reason.
///
/// # Errors
/// `not_found`; `version_conflict`; `illegal_transition`; `conflict` once the first month has passed.
pub fn extend(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, at: (Uuid, i32), why: RightsExtension) -> Result<Request> {
    let now = tx.now();
    let request = step(tx, vault, sight, at, Event::Extend, |request| {
        if request.due_at <= now {
            let late = Problem::new(Code::Conflict);
            return Err(late.says("Il primo mese è già passato.", "The first month has passed already.").into());
        }
        request.extended_at = Some(now);
        request.due_at = due_extended(request.received_at);
        if let Some(words) = &mut request.words {
            words.extension = Some(why.reason);
        }
        Ok(())
    })?;
    note(tx, sight, &request, "extended", None)?;
    Ok(request)
}

/// Notes that she took it back.
///
/// # Errors
/// `not_found`; `version_conflict`; `illegal_transition`.
pub fn withdraw(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, at: (Uuid, i32)) -> Result<Request> {
    let request = step(tx, vault, sight, at, Event::Withdraw, |_| Ok(()))?;
    note(tx, sight, &request, "withdrawn", None)?;
    Ok(request)
}

/// Answers a request, and does what follows from the answer.
///
/// # Errors
/// `not_found`; `version_conflict`; `illegal_transition`; `invalid_input` for an answer that does not fit the right.
pub fn answer(
    tx: &mut Tx<'_>,
    means: &Means<'_>,
    sight: &Sight,
    at: (Uuid, i32),
    said: RightsAnswer,
) -> Result<Request> {
    let vault = means.outbox.vault();
    let (now, outcome) = (tx.now(), said.outcome);
    let request = step(tx, vault, sight, at, Event::Answer, |request| {
        said.check_against(request.kind)?;
        request.answered = Some((outcome, now));
        request.card_version = said.card_version.map(|version| version.get());
        if request.kind == RightKind::Erasure && outcome != RightOutcome::Refused {
            request.step = Some((ErasureStep::Waiting, now));
            request.not_before = said.kept_until().map(crate::rules::calendar::end_of_day);
        }
        if let Some(words) = &mut request.words {
            words.answer = Some(said);
        }
        Ok(())
    })?;
    rows::answered_by(tx, request.id, sight.staff())?;
    note(tx, sight, &request, "answered", Some(outcome.code()))?;
    if outcome != RightOutcome::Refused {
        effects::follow(tx, means, sight, &request)?;
    }
    Ok(request)
}

/// Who received something about her and is to hear what follows from the answer (art. 19); nobody where nothing does.
fn to_be_told(conn: &mut Conn, of: &Request) -> Result<Vec<Told>> {
    let granted = of.answered.is_some_and(|(outcome, _)| outcome != RightOutcome::Refused);
    let follows = !matches!(of.kind, RightKind::Access | RightKind::Portability);
    if granted && follows { grants::told(conn, &[of.subject]) } else { Ok(Vec::new()) }
}

/// Rectifications that were granted and that nobody was told of who holds the data as they were (art. 19): request and
/// person.
pub fn rectified(conn: &mut Conn, limit: i64) -> Result<Vec<(Uuid, PersonId)>> {
    rows::unpushed(conn, limit)
}

/// Takes one of them up. Whether this was the act that did: of several processes one tells.
pub fn take_up_rectified(tx: &mut Tx<'_>, request: Uuid) -> Result<bool> {
    rows::mark_pushed(tx, request)
}

/// Whether something about her must not be lost yet: she asked for something that is not answered, other than that it be
/// erased, or that her data be kept and not used.
pub fn is_frozen(conn: &mut Conn, subject: Subject) -> Result<bool> {
    let hers = vault::joined(conn, subject)?;
    Ok(rows::waits_for_answer(conn, &hers, rows::Aside::Erasures)? || restriction::holds_for_her(conn, subject)?)
}

/// Whether whoever looks answers for the person's rights, or is the person.
fn is_hers_to_know(sight: &Sight) -> bool {
    matches!(sight.why(), crate::access::Why::Herself | crate::access::Why::DataProtection)
}

/// What stands for an account of the staff in what a person is told: its role, and the node.
fn staff_as_told(role: Option<AccessRole>, node: &EntityId) -> serde_json::Value {
    serde_json::json!({ "staff_role": role.map(AccessRole::as_str), "node": node })
}
