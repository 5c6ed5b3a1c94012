//! What the opener does beside the path: withdraw, keep the recipient's copy right, release contacts; and, at either
//! side, that the person was told.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use staffetta_protocol::card::{CardGroups, Level, Refusal};
use staffetta_protocol::consent::{Basis, Group, Purpose};
use staffetta_protocol::data::{CardUpdated, ContactReleased, ReferralWithdrawn, WithdrawnBy};
use staffetta_protocol::id::MessageId;
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::may_receive;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Referrals;
use super::by::By;
use super::case::{Case, Speech, illegal};
use super::events::Said;
use super::model::{Event, Fate, Side, State};
use super::opener::{checked, codes, permitted};
use crate::cards;
use crate::error::{Error, Result};
use crate::grants::{self, Permit};
use crate::journal;
use crate::outbox::{self, Outbox};
use crate::people::PersonId;
use crate::store::{At, Id, Tx};

/// How the person was told of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ToldHow {
    /// Face to face.
    InPerson,
    /// Face to face, through a mediator.
    WithMediator,
    /// On the telephone.
    Phone,
    /// In writing.
    InWriting,
}

impl ToldHow {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in_person",
            Self::WithMediator => "with_mediator",
            Self::Phone => "phone",
            Self::InWriting => "in_writing",
        }
    }
}

impl Referrals {
    /// Ends the thread between the two nodes. What waits is struck, or goes as a void; the taker is told if it knows of
    /// the thread, or may.
    ///
    /// # Errors
    /// `illegal_transition`.
    pub fn withdraw(&self, tx: &mut Tx<'_>, by: By, id: Uuid, who: WithdrawnBy) -> Result<Option<MessageId>> {
        let mut case = self.lock(tx, id)?;
        case.step(tx, by, Event::Withdraw)?;
        outbox::strike_thread(tx, case.thread.id)?;
        case.refresh(tx)?;
        let message = if case.peer().office().is_some() {
            self.recall_paper(tx, by, &case)?
        } else if case.history().peer_may_know() {
            let ids = case.recipient_ids()?;
            let thread = &case.thread;
            let (subject, reference) = (case.subject(), thread.wire.0);
            let to = case.recipient(&ids);
            let groups = BTreeSet::new();
            let permit = grants::permit_duty(subject, thread.subject_ref, to, Basis::LegalDuty, reference, groups)?;
            let speech = Speech {
                said: Said::Event(Event::Withdraw),
                body: ReferralWithdrawn { by: who }.into(),
                card_version: None,
                detail: Some(json!({"by": who})),
            };
            Some(case.say(tx, self.outbox(), by, &permit, speech)?)
        } else {
            let entry = by.entry("referral.withdrawn").subject(case.subject()).object(id);
            journal::record(tx, entry.code("not_sent"))?;
            None
        };
        case.state = Some(State::Withdrawn);
        grants::end(tx, case.thread.id)?;
        case.save(tx)?;
        Ok(message)
    }

    /// Sends groups of the card anew. A rectification puts right what the recipient holds, under the duty to tell it,
    /// also after the end; anything else rests on the consent of the thread.
    ///
    /// # Errors
    /// `illegal_transition` where nobody holds the card or the thread has ended, `consent_not_valid`,
    /// `section_not_covered`, or what the card lacks.
    pub fn update_card(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        groups: &BTreeSet<Group>,
        rectification: bool,
    ) -> Result<MessageId> {
        let mut case = self.lock(tx, id)?;
        let holds = case.events.iter().any(|event| event.own && event.fate != Fate::Lost);
        let ended = case.state.is_some_and(State::is_ended);
        let over = if rectification { case.state == Some(State::Withdrawn) } else { ended };
        if case.side != Side::Opener || !holds || over {
            return Err(self.not_now(tx, &case, by));
        }
        self.must_take(tx, &case, "card.updated.v1")?;
        self.must_receive(tx, &case, groups)?;
        let permit = if rectification { rectify(tx, &case, groups)? } else { update(tx, &case, groups)? };
        let (shown, card_version) = self.shown(tx, &case, &permit)?;
        let body = checked(CardUpdated { card_version, card: shown.groups })?;
        let speech = Speech {
            said: Said::CardUpdated,
            body: body.into(),
            card_version: Some(shown.local_version),
            detail: Some(json!({"groups": codes(groups), "rectification": rectification})),
        };
        let message = case.say(tx, self.outbox(), by, &permit, speech)?;
        case.save(tx)?;
        Ok(message)
    }

    /// Releases her contacts: [`Self::release`] of `g.contact` alone.
    ///
    /// # Errors
    /// As [`Self::release`].
    pub fn release_contacts(&self, tx: &mut Tx<'_>, by: By, id: Uuid) -> Result<Vec<MessageId>> {
        self.release(tx, by, id, &BTreeSet::from([Group::Contact]))
    }

    /// Releases what crosses only after acceptance, each group under a consent that names it: one message where one
    /// consent names all, else one for each. Contacts are released by themselves when the acceptance arrives; by hand
    /// where the person said yes later, and always what formal acts demand, for which she is asked apart.
    ///
    /// # Errors
    /// `illegal_transition` before acceptance, `consent_not_valid`, `section_not_covered`, `role_not_entitled` for what
    /// only a job centre gets, `invalid_input` for another group or where the card says nothing in one.
    pub fn release(&self, tx: &mut Tx<'_>, by: By, id: Uuid, groups: &BTreeSet<Group>) -> Result<Vec<MessageId>> {
        if groups.is_empty() || !groups.iter().all(|group| RELEASED.contains(group)) {
            return Err(Problem::invalid(vec![Refusal::NotForPurpose.at("/groups")]).into());
        }
        let mut case = self.lock(tx, id)?;
        if case.side != Side::Opener || !matches!(case.state, Some(State::Accepted | State::InProgress)) {
            return Err(self.not_now(tx, &case, by));
        }
        self.must_take(tx, &case, "contact.released.v1")?;
        let level = self.must_receive(tx, &case, groups)?;
        let mut messages = Vec::new();
        for permit in permits(tx, &case, groups)? {
            messages.push(say_released(tx, self.outbox(), by, &mut case, &permit, level)?);
        }
        case.save(tx)?;
        Ok(messages)
    }

    /// The level that this recipient can reach once it has accepted.
    ///
    /// # Errors
    /// `role_not_entitled` where one of the groups never goes to such a node.
    fn must_receive(&self, tx: &mut Tx<'_>, case: &Case, groups: &BTreeSet<Group>) -> Result<Level> {
        let roles = self.partner(tx.conn(), case.node()?)?.map(|partner| partner.roles).unwrap_or_default();
        if !groups.iter().all(|group| may_receive(group.code(), &roles)) {
            return Err(Code::RoleNotEntitled.into());
        }
        let formal = may_receive(Group::Formalities.code(), &roles);
        Ok(if formal { Level::Formalities } else { Level::Accepted })
    }

    /// Notes that the person was told of the last answer.
    ///
    /// # Errors
    /// `conflict` where there is nothing to tell.
    pub fn tell_person(&self, tx: &mut Tx<'_>, by: By, id: Uuid, how: ToldHow) -> Result<()> {
        let mut case = Case::lock(tx, id)?;
        if case.row.tell_since.is_none() || case.row.told_at.is_some() {
            return Err(Problem::new(Code::Conflict).detail("There is no answer that she still has to hear.").into());
        }
        case.row.told_at = Some(At::from(tx.now()));
        case.row.told_by = by.staff().map(Id);
        case.row.told_how = Some(how.as_str().to_owned());
        case.save(tx)?;
        let entry = by.entry("referral.person-told").subject(case.subject()).object(id);
        journal::record(tx, entry.code(how.as_str()))
    }

    fn not_now(&self, tx: &mut Tx<'_>, case: &Case, by: By) -> Error {
        let now = tx.now();
        case.facts(tx, by).map_or_else(|error| error, |facts| illegal(case.allowed(&facts, now)))
    }
}

/// What crosses only after acceptance and on the referral's own purpose.
const RELEASED: [Group; 3] = [Group::Contact, Group::Documents, Group::Formalities];

/// One permit where one consent names all the groups; else, where each has a yes of its own, one for each.
fn permits(tx: &mut Tx<'_>, case: &Case, groups: &BTreeSet<Group>) -> Result<Vec<Permit>> {
    match permitted(tx, case, case.purpose, groups) {
        Ok(permit) => Ok(vec![permit]),
        Err(error) if error.code() == Code::SectionNotCovered && groups.len() > 1 => {
            groups.iter().map(|group| permitted(tx, case, case.purpose, &BTreeSet::from([*group]))).collect()
        }
        Err(error) => Err(error),
    }
}

/// Queues the contact under a live consent that names it, when an acceptance arrives.
pub(super) fn released(tx: &mut Tx<'_>, outbox: &Outbox, by: By, case: &mut Case) -> Result<MessageId> {
    let permit = permitted(tx, case, case.purpose, &BTreeSet::from([Group::Contact]))?;
    say_released(tx, outbox, by, case, &permit, Level::Accepted)
}

fn say_released(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    by: By,
    case: &mut Case,
    permit: &Permit,
    reached: Level,
) -> Result<MessageId> {
    let person = case.person().ok_or_else(|| Error::internal("an opener's referral names its person"))?;
    let shown = cards::disclose(tx, outbox.vault(), PersonId(person), permit, reached)?;
    let card_version = staffetta_protocol::data::CardVersion::new(shown.card_version).map_err(Error::internal)?;
    let CardGroups { contact, documents, formalities, .. } = shown.groups;
    let body = checked(ContactReleased { card_version, contact, documents, formalities })?;
    let speech = Speech {
        said: Said::ContactReleased,
        body: body.into(),
        card_version: Some(shown.local_version),
        detail: Some(json!({"groups": codes(permit.groups())})),
    };
    case.say(tx, outbox, by, permit, speech)
}

/// Under the consent of the thread: while nothing but a preview is there, that of the preview; for adjustments of the
/// workplace, which go alone, the consent that was given for them.
fn update(tx: &mut Tx<'_>, case: &Case, groups: &BTreeSet<Group>) -> Result<Permit> {
    let purpose = match case.state {
        _ if groups.contains(&Group::Adjustments) => Purpose::P10,
        Some(State::Draft) => Purpose::P1,
        _ => case.purpose,
    };
    let accepted = matches!(case.state, Some(State::Accepted | State::InProgress));
    let late = |group: &Group| Level::of(*group) > Level::Referral;
    if !accepted && groups.iter().any(late) {
        return Err(Problem::new(Code::SectionNotCovered).detail("These groups cross after acceptance.").into());
    }
    permitted(tx, case, purpose, groups)
}

/// Under the duty to rectify: only what went in this thread before, and nobody took back.
fn rectify(tx: &mut Tx<'_>, case: &Case, groups: &BTreeSet<Group>) -> Result<Permit> {
    let held = grants::still_given(tx.conn(), case.thread.id)?;
    if !groups.is_subset(&held) {
        return Err(Problem::new(Code::SectionNotCovered).detail("The recipient does not hold these groups.").into());
    }
    let ids = case.recipient_ids()?;
    let thread = &case.thread;
    let to = case.recipient(&ids);
    grants::permit_duty(case.subject(), thread.subject_ref, to, Basis::LegalDuty, thread.wire.0, groups.clone())
}
