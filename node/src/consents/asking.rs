//! What a person is asked now and answers later: nobody has to answer at once.

use staffetta_protocol::card::{At, Check as _, Refusal};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::model::{Deferral, Event, Happened, Invalidation, Questions, Request, State};
use super::{notices, rows};
use crate::access::Sight;
use crate::error::Result;
use crate::journal;
use crate::people::{self, PersonId};
use crate::store::Tx;
use crate::vault::Vault;

/// Writes down what she was asked, each question under the record that its answer will have. Nothing may leave yet.
///
/// # Errors
/// `not_found`; `invalid_input`; `purpose_not_instructed`; `already_exists` where the same question waits already.
pub fn ask(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, questions: &Questions) -> Result<Vec<Request>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let mut found = Vec::new();
    questions.check(&At::Root, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let purposes: Vec<Purpose> = questions.questions.iter().map(|question| question.purpose).collect();
    // Who explains a draft is named with the answer: while only asking it may still be found.
    notices::judge(tx.conn(), &questions.notice, &purposes, true, &At::Root.key("notice"))?;
    let waiting = rows::requests_of(tx.conn(), vault, person.id)?;
    let mut asked = Vec::new();
    for question in questions.questions.iter() {
        let same = |it: &Request| {
            it.purpose == question.purpose
                && it.recipient == questions.recipient
                && !it.groups.is_disjoint(&question.groups())
        };
        if waiting.iter().any(same) {
            return Err(Code::AlreadyExists.into());
        }
        let request = Request {
            record: RecordId(Uuid::new_v4()),
            person: person.id,
            subject: person.subject,
            purpose: question.purpose,
            recipient: questions.recipient.clone(),
            recipient_label: questions.recipient_label.clone(),
            groups: question.groups(),
            notice_hash: questions.notice.hash,
            state: State::Requested,
            asked_at: tx.now(),
            asked_by: sight.staff(),
            ask_again_at: None,
        };
        rows::insert_request(tx, vault, &request)?;
        noted(tx, sight, "consent.requested", &request)?;
        asked.push(request);
    }
    Ok(asked)
}

/// The questions that wait for her answer, oldest first, for somebody who looks at them.
///
/// # Errors
/// `not_found`.
pub fn requests(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<Vec<Request>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    journal::record(tx, sight.entry("consent.read").subject(person.subject).object(person.id))?;
    rows::requests_of(tx.conn(), vault, person.id)
}

/// A question of hers that waits, locked until this transaction ends.
///
/// # Errors
/// `not_found`, also for one of somebody else; `illegal_transition` for one that has its answer.
pub(super) fn waiting(tx: &mut Tx<'_>, vault: &Vault, person: PersonId, record: RecordId) -> Result<Request> {
    let request = rows::locked_request(tx, vault, record)?.filter(|it| it.person == person).ok_or(Code::NotFound)?;
    if !request.state.waits() {
        return Err(Problem::illegal(Vec::new()).into());
    }
    Ok(request)
}

/// She puts a question off.
///
/// # Errors
/// As [`waiting`]; `invalid_input` for a time that has passed.
pub fn defer(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, record: RecordId, deferral: Deferral) -> Result<Request> {
    if deferral.ask_again_at.is_some_and(|at| at <= tx.now()) {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/ask_again_at")]).into());
    }
    let request = waiting(tx, vault, people::of(sight), record)?;
    let changed = Request { ask_again_at: deferral.ask_again_at, ..request };
    moved(tx, sight, changed, Event::Defer, "consent.deferred")
}

/// A question should not have been put: it was meant for somebody else, say.
///
/// # Errors
/// As [`waiting`].
pub fn invalidate_request(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    record: RecordId,
    why: Invalidation,
) -> Result<Request> {
    let request = waiting(tx, vault, people::of(sight), record)?;
    let entry = sight.entry("consent.request-invalidated").subject(request.subject).object(record);
    journal::record(tx, entry.code(why.reason.code()))?;
    moved(tx, sight, request, Event::Invalidate, "consent.invalidated")
}

fn moved(tx: &mut Tx<'_>, sight: &Sight, mut request: Request, event: Event, act: &'static str) -> Result<Request> {
    let from = request.state;
    request.state = from.after(event)?;
    if !rows::settle_request(tx, &request, from)? {
        return Err(Code::Conflict.into());
    }
    noted(tx, sight, act, &request)?;
    Ok(request)
}

fn noted(tx: &mut Tx<'_>, sight: &Sight, act: &'static str, request: &Request) -> Result<()> {
    let event = Happened {
        seq: 0,
        state: request.state,
        at: tx.now(),
        not_after: None,
        brought_by: super::brought_by(sight, None).to_owned(),
    };
    rows::note(tx, (request.person, request.subject), request.record, &event, sight.staff())?;
    let entry = sight.entry(act).subject(request.subject).object(request.record);
    journal::record(tx, entry.code(request.purpose.code()))
}
