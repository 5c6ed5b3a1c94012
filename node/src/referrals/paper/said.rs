//! What an office without a node answered, as somebody heard it.

use serde_json::Value;
use staffetta_protocol::card::{At as Place, Check};
use staffetta_protocol::id::MessageId;
use staffetta_protocol::problem::Problem;
use uuid::Uuid;

use super::{Answered, Referrals};
use crate::consents::recalls::when;
use crate::error::{Error, Result};
use crate::referrals::by::By;
use crate::referrals::case::{Case, illegal, names};
use crate::referrals::events::Said;
use crate::referrals::model::preview::{PreviewEvent, PreviewVerdict};
use crate::referrals::model::{self, Event, Facts, Side, State, Verdict};
use crate::referrals::taker::{answer_of, close_of, progress_of};
use crate::store::Tx;

impl Referrals {
    /// Notes an answer of the office. It proves that the sheet arrived, though nobody had noted it.
    ///
    /// # Errors
    /// `conflict` for a referral to a node; `illegal_transition` with what the office could say now; `invalid_input`.
    pub fn answered_on_paper(&self, tx: &mut Tx<'_>, by: By, id: Uuid, answer: &Answered) -> Result<()> {
        let mut found = Vec::new();
        answer.check(&Place::Root, &mut found);
        if !found.is_empty() {
            return Err(Problem::invalid(found).into());
        }
        let mut case = self.on_paper(tx, id)?;
        let how = &answer.by_hand;
        let at = when(how.at, case.row.created_at.0, tx.now())?;
        let (said, detail) = said(answer)?;
        match said {
            Said::PreviewAnswered => {
                let data = answer.preview_answered.as_ref().ok_or_else(|| Error::internal("no answer"))?;
                let event = PreviewEvent::Answer(answer_of(&data.answer));
                // Late is late: an answer to a preview that was given up still says what the office could offer.
                match case.preview.judge(Side::Opener, event, case.state, None) {
                    PreviewVerdict::Legal(preview) => case.preview = preview,
                    PreviewVerdict::Superseded | PreviewVerdict::Illegal => return Err(illegal(may_say(&case))),
                }
                case.open_task(at);
            }
            Said::Event(event) => {
                if case.state == Some(State::Sent) {
                    self.arrive(tx, by, &mut case, how, at)?;
                }
                let facts = case.history().facts(Facts { by_person: by.is_person(), ..Facts::GIVEN });
                match model::judge(Side::Opener, event, case.state, case.state, &facts, at) {
                    Verdict::Legal(next) => case.make(&next, at),
                    Verdict::Superseded | Verdict::Illegal => return Err(illegal(may_say(&case))),
                }
                if let Some(accepted) = &answer.accepted {
                    case.row.already_known = Some(accepted.already_known);
                }
            }
            Said::CardUpdated | Said::ContactReleased => return Err(Error::internal("no answer of an office")),
        }
        self.note_by_hand(tx, by, &mut case, false, said, MessageId(Uuid::new_v4()), how, at, detail)?;
        case.save(tx)
    }
}

/// What somebody at the desk could note next: that the sheet arrived, and what the office could say.
pub(in crate::referrals) fn may_be_noted(case: &Case) -> Vec<&'static str> {
    let arrived = (case.state == Some(State::Sent)).then_some(Event::DeliveryAck.as_str());
    arrived.into_iter().chain(may_say(case)).collect()
}

/// The events that the office could say next: the same table, from its side.
pub(super) fn may_say(case: &Case) -> Vec<&'static str> {
    let state = if case.state == Some(State::Sent) { Some(State::Received) } else { case.state };
    let facts = case.history().facts(Facts::GIVEN);
    match state {
        Some(State::Draft) | None => Vec::new(),
        state => names(model::allowed(Side::Taker, state, &facts, case.row.updated_at.0)),
    }
}

fn said(answer: &Answered) -> Result<(Said, Value)> {
    fn told<T: serde::Serialize>(event: Event, data: &T) -> Result<(Said, Value)> {
        Ok((Said::Event(event), serde_json::to_value(data).map_err(Error::internal)?))
    }
    match answer {
        Answered { preview_answered: Some(data), .. } => {
            Ok((Said::PreviewAnswered, serde_json::to_value(data).map_err(Error::internal)?))
        }
        Answered { info_requested: Some(data), .. } => told(Event::RequestInfo, data),
        Answered { accepted: Some(data), .. } => told(Event::Accept, data),
        Answered { declined: Some(data), .. } => told(Event::Decline, data),
        Answered { progressed: Some(data), .. } => told(progress_of(data), data),
        Answered { closed: Some(data), .. } => told(close_of(data), data),
        _ => Err(Error::internal("an answer that says nothing was checked before")),
    }
}
