//! The table itself, its guards, and what follows from each step.

use chrono::{DateTime, Utc};

use super::preview::Preview;
use super::{Event, Side, State};
use crate::rules::deadlines::Deadlines;

/// What the machine must know and cannot see. Gathered by the caller in the transaction that writes the step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Facts {
    /// The person has a card.
    pub card: bool,
    /// Consent P1 for this organisation is live.
    pub preview_consent: bool,
    /// Consent P2 (P11 for certification) for this organisation is live.
    pub referral_consent: bool,
    /// Every field that a referral requires is filled in.
    pub complete: bool,
    /// A person acts, not a timer or a program.
    pub by_person: bool,
    /// Where the preview of this thread stands.
    pub preview: Preview,
    /// Missed appointments since the last acceptance: [`super::History::no_shows`].
    pub no_shows: u32,
    /// `iat` of the message that ended the referral, so that both sides count from one instant:
    /// [`super::History::ended_at`].
    pub ended_at: Option<DateTime<Utc>>,
    /// Another node holds the card since: [`super::History::holder_changed`].
    pub holder_changed: bool,
    /// The lengths in force.
    pub deadlines: Deadlines,
}

impl Facts {
    /// Everything granted and nothing past: the start for a caller who then states what differs, and for what a peer
    /// sends, whose ground and fields were judged before the state.
    pub const GIVEN: Self = Self {
        card: true,
        preview_consent: true,
        referral_consent: true,
        complete: true,
        by_person: true,
        preview: Preview::None,
        no_shows: 0,
        ended_at: None,
        holder_changed: false,
        deadlines: Deadlines::AGREED,
    };
}

/// Why an event that the state allows may not happen yet. Each has a problem code of its own at the edge; it is no 409.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Guard {
    /// Write the card first.
    Card,
    /// No live consent for this purpose and organisation.
    Consent,
    /// Required fields are empty.
    Fields,
    /// Only a person may decide this.
    Person,
}

/// The answer to an event that does not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// Not from this state, or not by this side: 409 with what the side may do instead (nothing that the link reports).
    #[error("the event is not legal in this state")]
    Illegal {
        /// In the order of the table; their names are [`Event::as_str`].
        allowed: Vec<Event>,
    },
    /// Legal, but something is missing.
    #[error("a condition of the event is not met: {0:?}")]
    Unmet(Guard),
}

/// A step that happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The state after it; `None` only where a preview reached a taker that has no referral yet.
    pub state: Option<State>,
    /// To be done in the same transaction, in this order.
    pub effects: Vec<Effect>,
}

/// What a step asks of the room around the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// The taker owes a decision from now on.
    StartClock,
    /// It waits for the opener.
    PauseClock,
    /// It goes on with the working days that were left.
    ResumeClock,
    /// Nothing is owed any more.
    StopClock,
    /// The code of the failure is shown to the writer: correct and send anew, or on paper.
    ShowFailure,
    /// Look whether this office knows the person already; a clerk decides.
    LookForPerson,
    /// Contacts and documents leave now, where granted.
    ReleaseGranted,
    /// Open the task *Dillo alla persona*.
    TellThePerson,
    /// What of this thread has not left yet does not leave (but the message of this very step).
    StrikeWaiting,
    /// What left before is given back: the taker erases or keeps on its own basis, group by group.
    RecallReleased,
}

/// Where the event leads on `copy`'s copy of the thread, guards aside. The one place that knows the table.
pub(super) fn step(copy: Side, from: Option<State>, event: Event) -> Option<Option<State>> {
    use Event::*;
    use State::*;
    let to = match (copy, from, event) {
        (Side::Opener, None, Create) => Draft,
        (Side::Opener, Some(Draft), SendPreview) => Draft,
        (Side::Taker, None, SendPreview) => return Some(None),
        (Side::Opener, Some(Draft), Send) => Sent,
        (Side::Taker, None, Send) => Received,
        (Side::Taker, None, Withdraw) => Withdrawn,
        (Side::Taker, None, HolderChanged) => Closed,
        (_, Some(from), event) => match (from, event) {
            (Sent, TransportRefused | TransportExpired) => Draft,
            (Draft | Sent, DeliveryAck) => Received,
            (Received, RequestInfo) => InfoRequested,
            (InfoRequested, ProvideInfo) => Received,
            (Received, Accept) => Accepted,
            (Received, Decline) => Declined,
            (Accepted | InProgress, FirstContact | PattoSigned) => InProgress,
            (Accepted | InProgress, AppointmentSet | AppointmentMoved | NoShow | DidRecorded) => from,
            (InProgress, PathwayOpened) => InProgress,
            (InProgress, Close) => Closed,
            (Accepted | InProgress, CloseNoContact) => Closed,
            (Draft | Sent | Received | InfoRequested | Accepted | InProgress, Withdraw) => Withdrawn,
            (Draft | Sent | Received | InfoRequested | Accepted | InProgress, HolderChanged) => Closed,
            (Declined | Closed, Reopen) => Received,
            _ => return None,
        },
        _ => return None,
    };
    Some(Some(to))
}

/// Conditions that belong to the transition: failing them is illegal, not unmet, since nobody can supply what lacks.
pub(super) fn holds(from: Option<State>, event: Event, facts: &Facts, now: DateTime<Utc>) -> bool {
    match event {
        Event::SendPreview => facts.preview.may_be_sent(),
        Event::CloseNoContact if from == Some(State::Accepted) => facts.no_shows >= facts.deadlines.no_shows,
        Event::Reopen => {
            !facts.holder_changed && facts.ended_at.is_some_and(|ended| now - ended <= facts.deadlines.reopen)
        }
        _ => true,
    }
}

/// The first condition that the actor could still meet.
pub(super) fn unmet(event: Event, facts: &Facts) -> Option<Guard> {
    let (met, guard) = match event {
        Event::Create => (facts.card, Guard::Card),
        Event::SendPreview => (facts.preview_consent, Guard::Consent),
        Event::Send if !facts.referral_consent => (false, Guard::Consent),
        Event::Send => (facts.complete, Guard::Fields),
        Event::ProvideInfo | Event::Reopen => (facts.referral_consent, Guard::Consent),
        Event::Accept | Event::Decline | Event::CloseNoContact => (facts.by_person, Guard::Person),
        _ => (true, Guard::Person),
    };
    (!met).then_some(guard)
}

/// Where `side` may go from `from` by its own act; conditions that it could still meet are not asked.
pub(super) fn own_step(
    side: Side,
    from: Option<State>,
    event: Event,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Option<Option<State>> {
    (event.side() == side && holds(from, event, facts, now)).then(|| step(side, from, event)).flatten()
}

/// `side` does `event` on its own copy, which is in `from` (`None` before the first event).
///
/// Who withdraws a draft tells the taker only if the thread is known there ([`super::History::peer_may_know`]).
pub fn apply(
    side: Side,
    from: Option<State>,
    event: Event,
    facts: &Facts,
    now: DateTime<Utc>,
) -> Result<Next, Rejected> {
    let Some(state) = own_step(side, from, event, facts, now) else {
        return Err(Rejected::Illegal { allowed: allowed(side, from, facts, now) });
    };
    if let Some(guard) = unmet(event, facts) {
        return Err(Rejected::Unmet(guard));
    }
    Ok(Next { state, effects: effects(side, from, event) })
}

/// What `side` may do at its desk now, in the order of the table.
pub fn allowed(side: Side, from: Option<State>, facts: &Facts, now: DateTime<Utc>) -> Vec<Event> {
    let legal = |event: &Event| !event.is_transport() && own_step(side, from, *event, facts, now).is_some();
    Event::ALL.iter().copied().filter(legal).collect()
}

/// What follows on `copy`'s copy when `event` leads on from `from`.
pub(super) fn effects(copy: Side, from: Option<State>, event: Event) -> Vec<Effect> {
    use Effect::*;
    let incoming = event.side() != copy;
    let mut effects = match event {
        Event::DeliveryAck | Event::Reopen => vec![StartClock],
        Event::Send if incoming => vec![StartClock, LookForPerson],
        Event::TransportRefused | Event::TransportExpired => vec![ShowFailure],
        Event::RequestInfo => vec![PauseClock],
        Event::ProvideInfo => vec![ResumeClock],
        Event::Accept if incoming => vec![StopClock, ReleaseGranted],
        Event::Accept | Event::Decline => vec![StopClock],
        Event::Withdraw if from.is_none() || from == Some(State::Draft) => vec![StrikeWaiting, RecallReleased],
        Event::Withdraw => vec![StopClock, StrikeWaiting, RecallReleased],
        Event::HolderChanged if from.is_none() || from == Some(State::Draft) => vec![StrikeWaiting],
        Event::HolderChanged => vec![StopClock, StrikeWaiting],
        _ => vec![],
    };
    if incoming && copy == Side::Opener && event.concerns_person() {
        effects.push(TellThePerson);
    }
    effects
}
