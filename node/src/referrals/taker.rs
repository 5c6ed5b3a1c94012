//! What the taker does: answer the preview, ask, decide, tell how it goes, end.

use serde_json::Value;
use staffetta_protocol::card::Check;
use staffetta_protocol::data::{
    Body, CardPreviewAnswered, Outcome, PreviewAnswer, ReferralAccepted, ReferralAppointment, ReferralClosed,
    ReferralDeclined, ReferralInfoRequested, ReferralProgressed,
};
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::by::By;
use super::case::{Case, Speech, illegal};
use super::events::Said;
use super::known::named;
use super::model::known::KnownPerson;
use super::model::preview::{Answer, PreviewEvent};
use super::model::{Event, Side};
use super::opener::checked;
use super::{Referrals, UPON_WITHDRAWAL, wire};
use crate::access::Sight;
use crate::cards;
use crate::consents::{Withdrawal, tree};
use crate::error::{Error, Result};
use crate::grants;
use crate::journal;
use crate::people::{self, PersonId};
use crate::store::{Id, Tx};
use crate::vault;

impl Referrals {
    /// Answers the preview of a thread in which no referral has come yet.
    ///
    /// # Errors
    /// `illegal_transition`, `consent_not_valid` where the thread has ended, or what is wrong with the answer.
    pub fn answer_preview(&self, tx: &mut Tx<'_>, by: By, id: Uuid, answer: CardPreviewAnswered) -> Result<MessageId> {
        let mut case = self.lock(tx, id)?;
        let event = PreviewEvent::Answer(answer_of(&answer.answer));
        let Some(preview) = case.preview.apply(case.side, event, case.state) else {
            let facts = case.facts(tx, by)?;
            let now = tx.now();
            return Err(illegal(case.allowed(&facts, now)));
        };
        case.preview = preview;
        let detail = serde_json::to_value(&answer).map_err(Error::internal)?;
        let message = self.reply(tx, by, &mut case, Said::PreviewAnswered, answer, Some(detail))?;
        case.save(tx)?;
        Ok(message)
    }

    /// Asks the opener for fields, groups or answers; the clock of the decision stands still meanwhile.
    ///
    /// # Errors
    /// `illegal_transition`, or what is wrong with the request.
    pub fn request_info(&self, tx: &mut Tx<'_>, by: By, id: Uuid, ask: ReferralInfoRequested) -> Result<MessageId> {
        self.tell(tx, by, id, Event::RequestInfo, ask)
    }

    /// Takes the person on. Whether she was known already is what the clerk chose; `already_known` counts where nobody
    /// chose.
    ///
    /// # Errors
    /// `illegal_transition`, `not_entitled` for a program.
    pub fn accept(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        appointment: ReferralAppointment,
        already_known: bool,
    ) -> Result<MessageId> {
        let mut case = self.lock(tx, id)?;
        let chosen = case.row.known_choice.as_deref().and_then(KnownPerson::parse);
        let already_known = chosen.map_or(already_known, KnownPerson::already_known);
        case.row.already_known = Some(already_known);
        self.take_on(tx, &by, &mut case)?;
        self.tell_in(tx, by, case, Event::Accept, ReferralAccepted { appointment, already_known })
    }

    /// Does not take her on, and says why.
    ///
    /// # Errors
    /// As [`Self::accept`].
    pub fn decline(&self, tx: &mut Tx<'_>, by: By, id: Uuid, refusal: ReferralDeclined) -> Result<MessageId> {
        self.tell(tx, by, id, Event::Decline, refusal)
    }

    /// Tells of a step on the way.
    ///
    /// # Errors
    /// `illegal_transition`.
    pub fn progress(&self, tx: &mut Tx<'_>, by: By, id: Uuid, step: ReferralProgressed) -> Result<MessageId> {
        let event = progress_of(&step);
        self.tell(tx, by, id, event, step)
    }

    /// Ends it with an outcome.
    ///
    /// # Errors
    /// `illegal_transition`; for want of contact also while fewer appointments were missed than the network asks.
    pub fn close(&self, tx: &mut Tx<'_>, by: By, id: Uuid, end: ReferralClosed) -> Result<MessageId> {
        let event = close_of(&end);
        self.tell(tx, by, id, event, end)
    }

    /// She takes back here what she had agreed to at the opener's: see [`consents::tree::speak`]. The thread ends.
    ///
    /// # Errors
    /// `not_entitled` at an opener, where her own consents are; `not_found` where nothing rests on a consent any more.
    pub fn take_back(&self, tx: &mut Tx<'_>, by: By, sight: &Sight, id: Uuid, how: Withdrawal) -> Result<()> {
        let case = self.lock(tx, id)?;
        if case.side != Side::Taker {
            return Err(Code::NotEntitled.into());
        }
        let vault = self.outbox().vault().clone();
        let towards = |peer: &EntityId| by.actor(&vault, peer);
        let ended = tree::speak(tx, self.outbox(), UPON_WITHDRAWAL, (sight, &towards), case.thread.id, how)?;
        wire::withdrawn_by_consent(tx, &ended)
    }

    /// Notes whether the office knew her: the clerk's choice, never sent as such. With *same* comes who she is here.
    ///
    /// # Errors
    /// `illegal_transition` at an opener or once it was decided, `not_found` for a person who is not known here,
    /// `invalid_input` without one for *same*.
    pub fn choose_known(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        choice: KnownPerson,
        person: Option<PersonId>,
    ) -> Result<()> {
        use super::model::State::{Accepted, InProgress, InfoRequested, Received};
        let mut case = self.lock(tx, id)?;
        let open = matches!(case.state, Some(Received | InfoRequested | Accepted | InProgress));
        if case.side != Side::Taker || !open {
            let facts = case.facts(tx, by)?;
            let now = tx.now();
            return Err(illegal(case.allowed(&facts, now)));
        }
        if choice == KnownPerson::Same && person.is_none() {
            let lacks = staffetta_protocol::card::Refusal::Required.at("/person");
            return Err(Problem::invalid(vec![lacks]).into());
        }
        if let Some(person) = person {
            people::get(tx.conn(), person)?;
        }
        if let (Some(person), Some(Accepted | InProgress)) = (person, case.state) {
            let known = people::get(tx.conn(), person)?.subject;
            vault::adopt(tx, case.subject(), known)?;
        }
        case.row.person = person.or(case.person().map(PersonId)).map(|person| Id(person.0));
        case.row.known_choice = Some(choice.as_str().to_owned());
        case.save(tx)?;
        let entry = by.entry("referral.known-person").subject(case.subject()).object(id);
        journal::record(tx, entry.code(choice.as_str()))
    }

    /// From now on she is somebody of this office too: what came stands with her record here, the one that the clerk found
    /// or a new one, which whoever accepts leads. Before, she is only what a sender tells of her.
    fn take_on(&self, tx: &mut Tx<'_>, by: &By, case: &mut Case) -> Result<()> {
        let vault = self.outbox().vault();
        let subject = match case.person() {
            Some(person) => people::get(tx.conn(), PersonId(person))?.subject,
            None => {
                let held = cards::received(tx.conn(), vault, case.thread.id)?;
                let Some(identity) = held.groups.identity.as_ref() else { return Ok(()) };
                let person = people::create(tx, vault, &by.journal(), &named(identity)?)?;
                case.row.person = Some(Id(person.id.0));
                person.subject
            }
        };
        vault::adopt(tx, case.subject(), subject)
    }

    fn tell<B: Into<Body> + Check + serde::Serialize>(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        event: Event,
        body: B,
    ) -> Result<MessageId> {
        let case = self.lock(tx, id)?;
        self.tell_in(tx, by, case, event, body)
    }

    fn tell_in<B: Into<Body> + Check + serde::Serialize>(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        mut case: Case,
        event: Event,
        body: B,
    ) -> Result<MessageId> {
        case.step(tx, by, event)?;
        let detail = serde_json::to_value(&body).map_err(Error::internal)?;
        let message = self.reply(tx, by, &mut case, Said::Event(event), body, Some(detail))?;
        case.save(tx)?;
        Ok(message)
    }

    fn reply<B: Into<Body> + Check>(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        case: &mut Case,
        said: Said,
        body: B,
        detail: Option<Value>,
    ) -> Result<MessageId> {
        if case.side != Side::Taker {
            return Err(Code::NotEntitled.into());
        }
        let body: Body = checked(body)?.into();
        self.must_take(tx, case, body.type_name())?;
        let permit = grants::permit_reply(&case.thread, &case.row.organisation)?;
        case.say(tx, self.outbox(), by, &permit, Speech { said, body, card_version: None, detail })
    }
}

pub(super) fn answer_of(answer: &PreviewAnswer) -> Answer {
    match answer {
        PreviewAnswer::SendReferral {} => Answer::SendReferral,
        PreviewAnswer::NeedsMore { .. } => Answer::NeedsMore,
        PreviewAnswer::NotForUs { .. } => Answer::NotForUs,
    }
}

pub(super) fn progress_of(step: &ReferralProgressed) -> Event {
    match step {
        ReferralProgressed::AppointmentSet { .. } => Event::AppointmentSet,
        ReferralProgressed::AppointmentMoved { .. } => Event::AppointmentMoved,
        ReferralProgressed::NoShow { .. } => Event::NoShow,
        ReferralProgressed::FirstContact { .. } => Event::FirstContact,
        ReferralProgressed::DidRecorded { .. } => Event::DidRecorded,
        ReferralProgressed::PattoSigned { .. } => Event::PattoSigned,
        ReferralProgressed::PathwayOpened { .. } => Event::PathwayOpened,
    }
}

pub(super) fn close_of(end: &ReferralClosed) -> Event {
    if end.outcome == Outcome::NoContact { Event::CloseNoContact } else { Event::Close }
}
