//! What arrives at the opener: the taker's answers.

use serde::Serialize;
use staffetta_protocol::data::{
    CardPreviewAnswered, ReferralAccepted, ReferralClosed, ReferralDeclined, ReferralInfoRequested, ReferralProgressed,
};
use staffetta_protocol::message::Message;
use staffetta_protocol::problem::Code;

use super::{ILLEGAL, UNKNOWN, case_of, seen, take};
use crate::error::{Error, Result};
use crate::grants::{self, Admitted};
use crate::inbox::Taken;
use crate::outbox::Outbox;
use crate::referrals::by::By;
use crate::referrals::case::Case;
use crate::referrals::ending::released;
use crate::referrals::events::Said;
use crate::referrals::model::preview::{PreviewEvent, PreviewVerdict};
use crate::referrals::model::{Effect, Event, Side};
use crate::referrals::taker::{answer_of, close_of, progress_of};
use crate::store::Tx;

/// `card.preview-answered`
pub fn preview_answered(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &CardPreviewAnswered,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let at_seen = case.history().state_at(seen(m)?);
    let event = PreviewEvent::Answer(answer_of(&data.answer));
    let taken = match case.preview.judge(Side::Opener, event, case.state, at_seen) {
        PreviewVerdict::Illegal => return Ok(ILLEGAL),
        PreviewVerdict::Superseded => Taken::Superseded,
        PreviewVerdict::Legal(preview) => {
            case.preview = preview;
            let now = tx.now();
            case.open_task(now);
            Taken::Accepted
        }
    };
    let detail = serde_json::to_value(data).map_err(Error::internal)?;
    case.heard(tx, outbox.vault(), m, Said::PreviewAnswered, taken == Taken::Superseded, Some(&detail))?;
    case.save(tx)?;
    Ok(taken)
}

/// `referral.info-requested`
pub fn info_requested(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralInfoRequested,
) -> Result<Taken> {
    answered(tx, outbox, admitted, m, Event::RequestInfo, data)
}

/// `referral.accepted`: what the person granted for after acceptance leaves in the same transaction.
pub fn accepted(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralAccepted,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let detail = serde_json::to_value(data).map_err(Error::internal)?;
    let (taken, effects) = take(tx, outbox, &mut case, m, Event::Accept, Some(&detail))?;
    if taken == Taken::Accepted {
        case.row.already_known = Some(data.already_known);
    }
    if effects.contains(&Effect::ReleaseGranted) {
        release(tx, outbox, m, &mut case)?;
    }
    if !matches!(taken, Taken::Refused(_)) {
        case.save(tx)?;
    }
    Ok(taken)
}

/// A contact that is not there, or that the person has not granted, stops nothing.
fn release(tx: &mut Tx<'_>, outbox: &Outbox, m: &Message, case: &mut Case) -> Result<()> {
    // The acceptance is not yet noted as seen, and the contact answers it.
    let seq = m.place.map_or(0, |place| place.seq);
    grants::thread_received(tx, case.thread.id, seq)?;
    match released(tx, outbox, By::System, case) {
        Ok(_) => Ok(()),
        Err(error) => match error.code() {
            Code::ConsentNotValid | Code::SectionNotCovered | Code::InvalidInput | Code::NotFound => Ok(()),
            _ => Err(error),
        },
    }
}

/// `referral.declined`
pub fn declined(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralDeclined,
) -> Result<Taken> {
    answered(tx, outbox, admitted, m, Event::Decline, data)
}

/// `referral.progressed`
pub fn progressed(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralProgressed,
) -> Result<Taken> {
    answered(tx, outbox, admitted, m, progress_of(data), data)
}

/// `referral.closed`
pub fn closed(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralClosed,
) -> Result<Taken> {
    answered(tx, outbox, admitted, m, close_of(data), data)
}

fn answered(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    event: Event,
    data: &impl Serialize,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let detail = serde_json::to_value(data).map_err(Error::internal)?;
    let (taken, _) = take(tx, outbox, &mut case, m, event, Some(&detail))?;
    if !matches!(taken, Taken::Refused(_)) {
        case.save(tx)?;
    }
    Ok(taken)
}
