//! What a person answers: the yes that can be used at once, the no that is kept too, and the renewal.

use chrono::{DateTime, Utc};
use staffetta_protocol::card::{At, Check as _, Refusal, Text, Whole};
use staffetta_protocol::consent::{Grant, Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::model::age::Age;
use super::model::{self, Answered, Answers, Consent, Event, ExpressedBy, Expression, LateAnswer, Renewal, State};
use super::{note, notices, of, rows};
use crate::access::Sight;
use crate::cards;
use crate::error::{Error, Result};
use crate::grants;
use crate::people::{self, Person, guardians};
use crate::store::Tx;
use crate::vault::Vault;

/// Records the answers of one act, each with a record of its own. A yes can be used at once; a no is kept too.
///
/// # Errors
/// `not_found`; `invalid_input`, for a notice too that is not one of this node; `purpose_not_instructed`;
/// `already_exists` where a live consent for the same recipient and purpose covers one of the groups: that one is renewed
/// instead, so that one withdrawal is enough.
pub fn answer(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, answers: &Answers) -> Result<Vec<Consent>> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let mut found = Vec::new();
    answers.check(&At::Root, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let purposes: Vec<Purpose> = answers.answers.iter().map(|answer| answer.purpose).collect();
    let any_yes = answers.answers.iter().any(|answer| answer.answer == Answered::Yes);
    let judged = judge(tx, vault, &person, &answers.expressed, &purposes, any_yes)?;
    let list = At::Root.key("answers");
    let mut saved = Vec::new();
    for (index, answer) in answers.answers.iter().enumerate() {
        let said = Said {
            record: RecordId(Uuid::new_v4()),
            from: State::Requested,
            purpose: answer.purpose,
            recipient: &answers.recipient,
            recipient_label: answers.recipient_label.as_ref(),
            groups: answer.groups(),
            answer: answer.answer,
            not_after: answer.not_after,
            expressed: &answers.expressed,
        };
        saved.push(save(tx, vault, sight, &person, said, judged, &list.index(index))?);
    }
    Ok(saved)
}

/// Records the answer to a question that was put earlier, under its record.
///
/// # Errors
/// As [`answer`]; `illegal_transition` for a question that waits no more.
pub fn answer_request(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    record: RecordId,
    answer: &LateAnswer,
) -> Result<Consent> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let mut request = super::asking::waiting(tx, vault, person.id, record)?;
    let mut found = Vec::new();
    answer.check(&At::Root, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let yes = answer.answer == Answered::Yes;
    let judged = judge(tx, vault, &person, &answer.expressed, &[request.purpose], yes)?;
    let from = request.state;
    let said = Said {
        record,
        from,
        purpose: request.purpose,
        recipient: &request.recipient,
        recipient_label: request.recipient_label.as_ref(),
        groups: request.groups.clone(),
        answer: answer.answer,
        not_after: answer.not_after,
        expressed: &answer.expressed,
    };
    let consent = save(tx, vault, sight, &person, said, judged, &At::Root)?;
    request.state = consent.state;
    if !rows::settle_request(tx, &request, from)? {
        return Err(Code::Conflict.into());
    }
    Ok(consent)
}

/// What judging an answer found: whether the notice was a draft, and when a guardian's word ends.
#[derive(Clone, Copy)]
struct Judged {
    draft: bool,
    ends_early: Option<DateTime<Utc>>,
}

/// Whoever may answer did, and after a notice of this node.
///
/// A minor's yes is her guardian's to give, with her assent; so is that of somebody whose age is being established, or of
/// whom nobody has said how old she is where a guardian speaks. From the day on which she is of age it permits nothing.
fn judge(
    tx: &mut Tx<'_>,
    vault: &Vault,
    person: &Person,
    said: &Expression,
    purposes: &[Purpose],
    yes: bool,
) -> Result<Judged> {
    let refuse = |refusal: Refusal, field: &'static str| Err(Problem::invalid(vec![refusal.at(field)]).into());
    let card = cards::current(tx.conn(), vault, person.id)?.map(|held| held.card).unwrap_or_default();
    let place = At::Root.key("expressed");
    let today = cards::today(tx);
    let majority = guardians::age_today(tx.conn(), vault, person.id, today)?;
    let age = Age::of(majority, card.birth_date, tx.now());
    if age == Age::TooYoung {
        return refuse(Refusal::OutOfRange, "/expressed/by");
    }
    guardians::may_speak(tx.conn(), vault, person.id, (majority, today), said.spoke(), &place)?;
    if yes && said.by == ExpressedBy::Guardian && said.assent.is_none() {
        return refuse(Refusal::Required, "/expressed/assent");
    }
    let ends_early = match age {
        Age::Minor { of_age } => of_age,
        Age::Adult | Age::TooYoung => None,
    };
    let draft = notices::judge(tx.conn(), &said.notice, purposes, said.mediated(), &place.key("notice"))?;
    Ok(Judged { draft, ends_early })
}

/// One answer to be saved.
struct Said<'a> {
    record: RecordId,
    from: State,
    purpose: Purpose,
    recipient: &'a OrganisationId,
    recipient_label: Option<&'a Text<200>>,
    groups: std::collections::BTreeSet<Group>,
    answer: Answered,
    not_after: Option<DateTime<Utc>>,
    expressed: &'a Expression,
}

fn save(
    tx: &mut Tx<'_>,
    vault: &Vault,
    sight: &Sight,
    person: &Person,
    said: Said<'_>,
    judged: Judged,
    at: &At<'_>,
) -> Result<Consent> {
    let now = tx.now();
    let yes = said.answer == Answered::Yes;
    let not_after = if yes { Some(model::ends_at(said.purpose, said.not_after, now, at)?) } else { None };
    let consent = Consent {
        record: said.record,
        seq: 1,
        person: person.id,
        subject: person.subject,
        purpose: said.purpose,
        recipient: said.recipient.clone(),
        recipient_label: said.recipient_label.cloned(),
        groups: said.groups,
        state: said.from.after(if yes { Event::Give } else { Event::Refuse })?,
        answered_at: now,
        not_after,
        ends_early: judged.ends_early.filter(|_| yes),
        single_use: said.purpose.rule().single_use,
        spent_at: None,
        notice_draft: judged.draft,
        expressed: said.expressed.clone(),
        entered_by: sight.staff(),
        withdrawn: None,
        recall: None,
    };
    let live = grants::live_grants(tx.conn(), person.subject, said.purpose, now)?;
    let covered = live.iter().any(|open| {
        open.grant.recipient.same_organisation(said.recipient) && !open.grant.groups.set().is_disjoint(&consent.groups)
    });
    if yes && covered {
        return Err(Code::AlreadyExists.into());
    }
    rows::insert(tx, vault, &consent)?;
    if let Some(not_after) = not_after {
        open(tx, &consent, not_after)?;
    }
    note(tx, sight, if yes { "consent.given" } else { "consent.refused" }, &consent)?;
    Ok(consent)
}

/// A new yes to a record, under the next number, with a time of its own.
///
/// # Errors
/// `not_found`; as [`answer`]; `illegal_transition` for what was refused or withdrawn, a moment ago too: that is asked anew.
pub fn renew(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, record: RecordId, renewal: &Renewal) -> Result<Consent> {
    let person = people::of(sight);
    rows::lock(tx, record)?;
    let was = of(tx.conn(), vault, person, record)?;
    let state = was.state.after(Event::Renew)?;
    let mut found = Vec::new();
    renewal.check(&At::Root, &mut found);
    if !found.is_empty() {
        return Err(Problem::invalid(found).into());
    }
    let holder = people::get(tx.conn(), person)?;
    let judged = judge(tx, vault, &holder, &renewal.expressed, &[was.purpose], true)?;
    let now = tx.now();
    let not_after = model::ends_at(was.purpose, renewal.not_after, now, &At::Root)?;
    let consent = Consent {
        seq: was.seq + 1,
        state,
        answered_at: now,
        not_after: Some(not_after),
        ends_early: judged.ends_early,
        spent_at: None,
        notice_draft: judged.draft,
        expressed: renewal.expressed.clone(),
        entered_by: sight.staff(),
        ..was
    };
    rows::insert(tx, vault, &consent)?;
    open(tx, &consent, not_after)?;
    note(tx, sight, "consent.renewed", &consent)?;
    Ok(consent)
}

fn open(tx: &mut Tx<'_>, consent: &Consent, not_after: DateTime<Utc>) -> Result<()> {
    let damaged = |refusal: Refusal| Error::internal(refusal.code());
    let grant = Grant {
        record: consent.record,
        seq: Whole::new(consent.seq).map_err(damaged)?,
        purpose: consent.purpose,
        recipient: consent.recipient.clone(),
        groups: Groups::new(consent.groups.iter().copied()).map_err(damaged)?,
        not_after,
        single_use: consent.single_use,
        notice_hash: consent.expressed.notice.hash,
    };
    grants::open_until(tx, consent.subject, &grant, consent.ends_early)
}
