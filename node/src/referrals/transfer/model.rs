//! The states of a record that is offered to another body. Pure: what time does to it is an argument.
//!
//! | from | event | who | to |
//! |---|---|---|---|
//! | queued, expired | delivered | link | received |
//! | queued, expired | refused | link | refused |
//! | queued | expired | link | expired |
//! | queued | struck | link | withdrawn |
//! | received (opener: also queued, expired) | take, decline | taker | taken, declined |
//! | queued, received, expired | consent_withdrawn | either | withdrawn |
//! | taken | overruled | link, at the taker | withdrawn: a withdrawal crossed the answer and stands |
//!
//! An answer proves that the offer arrived, also before its receipt. The answer itself has a way of its own: until it has
//! arrived the other side is still the holder.

use chrono::{DateTime, NaiveDate, Utc};

use crate::referrals::model::{Side, Transport};
use crate::rules::calendar::{LocalHoliday, add_working_days, end_of_day, local_day};
use crate::rules::deadlines::Deadlines;

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident $text:literal;)*) => {
        /// Where an offered record stands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum State { $($(#[$doc])* $name,)* }

        impl State {
            /// In the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As stored and as answered.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

states! {
    /// Waiting for the receipt.
    Queued "queued";
    /// The taker holds it and owes an answer.
    Received "received";
    /// The taker is the holder.
    Taken "taken";
    /// It stays where it was.
    Declined "declined";
    /// The person took her yes back.
    Withdrawn "withdrawn";
    /// The offer was not delivered in its time; a late receipt still counts.
    Expired "expired";
    /// The other node refused the message.
    Refused "refused";
}

impl State {
    /// The inverse of [`State::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text)
    }

    /// Somebody may still answer: no second offer beside it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Received)
    }
}

/// What happens to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Event {
    /// The receipt says accepted.
    Delivered,
    /// The receipt says refused.
    Refused,
    /// Its time passed without a receipt.
    Expired,
    /// Its ground fell away before it left.
    Struck,
    /// The taker takes it over.
    Take,
    /// The taker does not.
    Decline,
    /// The person took her yes back, at either node.
    ConsentWithdrawn,
    /// The receipt for *taken* says that a withdrawal stands.
    Overruled,
}

impl Event {
    /// All of them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 8] = [
        Self::Delivered,
        Self::Refused,
        Self::Expired,
        Self::Struck,
        Self::Take,
        Self::Decline,
        Self::ConsentWithdrawn,
        Self::Overruled,
    ];

    /// What the way of the offer means for it.
    pub(super) fn of_offer(way: Transport) -> Option<Self> {
        match way {
            Transport::Delivered => Some(Self::Delivered),
            Transport::Refused => Some(Self::Refused),
            Transport::Expired => Some(Self::Expired),
            Transport::Struck => Some(Self::Struck),
            Transport::NotSent | Transport::Queued | Transport::ByHand => None,
        }
    }
}

/// Where the event leads on this side's copy; nothing where it is not legal.
pub(super) fn step(side: Side, from: State, event: Event) -> Option<State> {
    use State::{Declined, Expired, Queued, Received, Refused, Taken, Withdrawn};
    let opener = side == Side::Opener;
    Some(match (from, event) {
        (Queued | Expired, Event::Delivered) if opener => Received,
        (Queued | Expired, Event::Refused) if opener => Refused,
        (Queued, Event::Expired) if opener => Expired,
        (Queued, Event::Struck) if opener => Withdrawn,
        (Queued | Expired, Event::Take) if opener => Taken,
        (Queued | Expired, Event::Decline) if opener => Declined,
        (Received, Event::Take) => Taken,
        (Received, Event::Decline) => Declined,
        (Queued | Received | Expired, Event::ConsentWithdrawn) => Withdrawn,
        (Taken, Event::Overruled) if !opener => Withdrawn,
        _ => return None,
    })
}

/// What to make of an answer that arrives at the opener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Make this step.
    Legal(State),
    /// It crossed a withdrawal, which stands.
    Superseded,
    /// Refuse it.
    Illegal,
}

/// Judges an answer on the opener's copy.
pub(super) fn judge(from: State, answer: Event) -> Verdict {
    match step(Side::Opener, from, answer) {
        Some(state) => Verdict::Legal(state),
        None if from == State::Withdrawn => Verdict::Superseded,
        None => Verdict::Illegal,
    }
}

/// The day by whose end the taker owes its answer, of an offer that arrived at `at`.
pub(super) fn due_on(at: DateTime<Utc>, deadlines: &Deadlines, local: &[LocalHoliday]) -> NaiveDate {
    add_working_days(local_day(at), deadlines.transfer_answer, local)
}

/// The instant from which the answer is late; nothing while none is owed.
pub(super) fn due_at(state: State, due_on: Option<NaiveDate>) -> Option<DateTime<Utc>> {
    due_on.filter(|_| state == State::Received).map(end_of_day)
}
