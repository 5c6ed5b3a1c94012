//! What arrives at the taker: previews, referrals and what follows them from the opener.

use serde_json::json;
use staffetta_protocol::card::{CardGroups, Level};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::data::{
    CardPreview, CardUpdated, ContactReleased, ProvidedGroups, ReferralHolderChanged, ReferralInfoProvided,
    ReferralReopened, ReferralSent, ReferralWithdrawn,
};
use staffetta_protocol::message::Message;
use staffetta_protocol::problem::ItemCode;
use uuid::Uuid;

use super::{ILLEGAL, UNKNOWN, case_of, seen, take, thread_of};
use crate::access::cases::{self, Kind};
use crate::cards::{self, Received};
use crate::error::Result;
use crate::grants::{self, Admitted};
use crate::inbox::Taken;
use crate::outbox::Outbox;
use crate::referrals::case::Case;
use crate::referrals::events::Said;
use crate::referrals::model::preview::{Preview, PreviewEvent, PreviewVerdict};
use crate::referrals::model::{Event, Side, State};
use crate::referrals::opener::codes;
use crate::referrals::rows::{self, Row};
use crate::store::{At, Id, Tx};

/// `card.preview`
pub fn preview(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &CardPreview,
) -> Result<Taken> {
    let Some(mut case) = case_or_new(tx, admitted, Purpose::P2)? else { return Ok(UNKNOWN) };
    let at_seen = case.history().state_at(seen(m)?);
    let taken = match case.preview.judge(Side::Taker, PreviewEvent::Send, case.state, at_seen) {
        PreviewVerdict::Illegal => return Ok(ILLEGAL),
        PreviewVerdict::Superseded => Taken::Superseded,
        PreviewVerdict::Legal(preview) => {
            case.preview = preview;
            case.row.preview_sent_at = Some(At::from(m.issued_at));
            let groups = CardGroups { preview: Some(data.preview.clone()), ..CardGroups::default() };
            keep(tx, outbox, admitted, m, data.card_version.get(), groups)?;
            Taken::Accepted
        }
    };
    let said = Said::Event(Event::SendPreview);
    case.heard(tx, outbox.vault(), m, said, taken == Taken::Superseded, None)?;
    case.save(tx)?;
    Ok(taken)
}

/// `referral.sent`
pub fn sent(tx: &mut Tx<'_>, outbox: &Outbox, admitted: &Admitted, m: &Message, data: &ReferralSent) -> Result<Taken> {
    let purpose = m.ground.as_ref().and_then(|ground| ground.grant()).map_or(Purpose::P2, |grant| grant.purpose);
    if !data.check_for(purpose).is_empty() {
        return Ok(Taken::Refused(ItemCode::MessageInvalid));
    }
    let Some(mut case) = case_or_new(tx, admitted, purpose)? else { return Ok(UNKNOWN) };
    case.purpose = purpose;
    let groups = cards::from_referral(data.card.clone());
    bring(tx, outbox, admitted, m, &mut case, Event::Send, (data.card_version.get(), groups))
}

/// `referral.info-provided`
pub fn info_provided(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralInfoProvided,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let ProvidedGroups { preview, identity, status, skills_full, needs } = data.card.clone();
    let groups = CardGroups { preview, identity, status, skills_full, needs, ..CardGroups::default() };
    let detail = json!({"groups": codes(&groups.groups()), "answers": data.answers});
    let (taken, _) = take(tx, outbox, &mut case, m, Event::ProvideInfo, Some(&detail))?;
    finish(tx, outbox, admitted, m, &mut case, taken, (data.card_version.get(), groups))
}

/// `referral.reopened`
pub fn reopened(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralReopened,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let groups = cards::from_referral(data.card.clone());
    bring(tx, outbox, admitted, m, &mut case, Event::Reopen, (data.card_version.get(), groups))
}

/// `referral.withdrawn`
pub fn withdrawn(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralWithdrawn,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let detail = json!({"by": data.by});
    let (taken, _) = take(tx, outbox, &mut case, m, Event::Withdraw, Some(&detail))?;
    if taken == Taken::Accepted {
        grants::end(tx, case.thread.id)?;
    }
    save_unless_refused(tx, &mut case, taken)
}

/// `referral.holder-changed`
pub fn holder_changed(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ReferralHolderChanged,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let detail = json!({"holder": data.holder});
    let (taken, _) = take(tx, outbox, &mut case, m, Event::HolderChanged, Some(&detail))?;
    if taken == Taken::Accepted {
        grants::end(tx, case.thread.id)?;
    }
    save_unless_refused(tx, &mut case, taken)
}

/// `card.updated`
pub fn card_updated(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &CardUpdated,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let at_seen = case.history().state_at(seen(m)?);
    let late = data.card.level() > Level::Referral;
    let taken = match case.state {
        _ if late => after_acceptance(case.state, at_seen),
        // By the tombstone of its consent the thread may have ended here without the opener's word.
        Some(State::Withdrawn) if at_seen != Some(State::Withdrawn) => Taken::Superseded,
        Some(State::Withdrawn) => ILLEGAL,
        None if case.preview == Preview::None => ILLEGAL,
        _ => Taken::Accepted,
    };
    if matches!(taken, Taken::Refused(_)) {
        return Ok(taken);
    }
    let detail = json!({"groups": codes(&data.card.groups())});
    case.heard(tx, outbox.vault(), m, Said::CardUpdated, taken == Taken::Superseded, Some(&detail))?;
    finish(tx, outbox, admitted, m, &mut case, taken, (data.card_version.get(), data.card.clone()))
}

/// `contact.released`
pub fn contact_released(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    data: &ContactReleased,
) -> Result<Taken> {
    let Some(mut case) = case_of(tx, admitted)? else { return Ok(UNKNOWN) };
    let at_seen = case.history().state_at(seen(m)?);
    let taken = after_acceptance(case.state, at_seen);
    if matches!(taken, Taken::Refused(_)) {
        return Ok(taken);
    }
    let ContactReleased { card_version: _, contact, documents, formalities } = data.clone();
    let groups = CardGroups { contact, documents, formalities, ..CardGroups::default() };
    let detail = json!({"groups": codes(&groups.groups())});
    case.heard(tx, outbox.vault(), m, Said::ContactReleased, taken == Taken::Superseded, Some(&detail))?;
    finish(tx, outbox, admitted, m, &mut case, taken, (data.card_version.get(), groups))
}

/// What crosses only after acceptance: kept while the person is in charge here, put aside where this office ended it
/// meanwhile, refused where nobody had accepted.
fn after_acceptance(now: Option<State>, at_seen: Option<State>) -> Taken {
    let in_charge = |state| matches!(state, Some(State::Accepted | State::InProgress));
    match (in_charge(now), in_charge(at_seen)) {
        (true, _) => Taken::Accepted,
        (false, true) => Taken::Superseded,
        (false, false) => ILLEGAL,
    }
}

type Brought = (u32, CardGroups);

fn bring(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    case: &mut Case,
    event: Event,
    brought: Brought,
) -> Result<Taken> {
    let detail = json!({"groups": codes(&brought.1.groups())});
    let (taken, _) = take(tx, outbox, case, m, event, Some(&detail))?;
    finish(tx, outbox, admitted, m, case, taken, brought)
}

/// Keeps what an accepted message brought; what crossed is noted and its content is not kept among the cards.
fn finish(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    case: &mut Case,
    taken: Taken,
    (version, groups): Brought,
) -> Result<Taken> {
    if taken == Taken::Accepted {
        keep(tx, outbox, admitted, m, version, groups)?;
    }
    save_unless_refused(tx, case, taken)
}

fn save_unless_refused(tx: &mut Tx<'_>, case: &mut Case, taken: Taken) -> Result<Taken> {
    if !matches!(taken, Taken::Refused(_)) {
        case.save(tx)?;
    }
    Ok(taken)
}

fn keep(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    admitted: &Admitted,
    m: &Message,
    card_version: u32,
    groups: CardGroups,
) -> Result<()> {
    let thread = thread_of(admitted)?;
    let thread_seq = m.place.map_or(0, |place| place.seq);
    let brought = Received { message: m.id, thread_seq, card_version, groups };
    cards::store_received(tx, outbox.vault(), thread, &brought)
}

/// The referral of the thread; where the message has just made the thread, a new one without a state.
fn case_or_new(tx: &mut Tx<'_>, admitted: &Admitted, purpose: Purpose) -> Result<Option<Case>> {
    if !admitted.opened {
        return case_of(tx, admitted);
    }
    let thread = thread_of(admitted)?.clone();
    let now = At::from(tx.now());
    let row = Row {
        id: Id(Uuid::new_v4()),
        thread: Id(thread.id),
        side: Side::Taker.as_str().to_owned(),
        peer: thread.peer.to_string(),
        // Its name is looked up when somebody at the desk looks.
        organisation: thread.peer.to_string(),
        recipient_ids: String::new(),
        person: None,
        subject: Id(thread.subject.0),
        purpose: purpose.code().to_owned(),
        state: None,
        preview_state: Preview::None.as_str().to_owned(),
        preview_sent_at: None,
        preview_message: None,
        last_message: None,
        due_on: None,
        due_left: None,
        tell_since: None,
        told_at: None,
        told_by: None,
        told_how: None,
        known_choice: None,
        already_known: None,
        duplicate_confirmed: false,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    rows::insert(tx, &row)?;
    cases::open(tx, row.id.0, Kind::Referral, thread.subject, None)?;
    Case::of_row(tx.conn(), row, now.0).map(Some)
}
