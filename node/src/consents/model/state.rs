//! Where a consent stands, and what may follow: the one state machine of this room.

use serde::{Deserialize, Serialize};
use staffetta_protocol::problem::Problem;

use super::codes::codes;

codes! {
    /// Where a consent stands (DPV states; only *given* and *renewed* permit anything).
    State {
        /// Asked, not answered yet.
        Requested = "requested",
        /// Asked, and put off: she wishes to think about it, or to ask somebody.
        Deferred = "deferred",
        /// The person said yes.
        Given = "given",
        /// The person said no.
        Refused = "refused",
        /// The person said yes again, under the next number.
        Renewed = "renewed",
        /// The person took it back.
        Withdrawn = "withdrawn",
        /// Its time has run out: nothing new leaves, what left stays lawful.
        Expired = "expired",
        /// What it was for is done, or its one use is spent: nothing new leaves, what left stays lawful.
        Terminated = "terminated",
        /// It never held, for instance since it was entered for somebody else: what left is called back.
        Invalidated = "invalidated",
    }

    /// What may happen to a record.
    Event {
        /// The question is put off.
        Defer = "defer",
        /// A yes to what was asked.
        Give = "give",
        /// A no to what was asked.
        Refuse = "refuse",
        /// A new yes under the next number.
        Renew = "renew",
        /// It is taken back.
        Withdraw = "withdraw",
        /// What it was for is done.
        Terminate = "terminate",
        /// It is found never to have held.
        Invalidate = "invalidate",
    }
}

impl State {
    /// What may happen in this state.
    pub const fn allowed(self) -> &'static [Event] {
        match self {
            Self::Requested | Self::Deferred => &[Event::Defer, Event::Give, Event::Refuse, Event::Invalidate],
            Self::Given | Self::Renewed => &[Event::Renew, Event::Withdraw, Event::Terminate, Event::Invalidate],
            Self::Expired | Self::Terminated => &[Event::Renew, Event::Withdraw, Event::Invalidate],
            Self::Refused | Self::Withdrawn | Self::Invalidated => &[],
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// `illegal_transition` with what would be legal.
    pub fn after(self, event: Event) -> Result<Self, Problem> {
        if !self.allowed().contains(&event) {
            return Err(Problem::illegal(self.allowed().iter().map(|event| event.code().to_owned()).collect()));
        }
        Ok(match event {
            Event::Defer => Self::Deferred,
            Event::Give => Self::Given,
            Event::Refuse => Self::Refused,
            Event::Renew => Self::Renewed,
            Event::Withdraw => Self::Withdrawn,
            Event::Terminate => Self::Terminated,
            Event::Invalidate => Self::Invalidated,
        })
    }

    /// Whether something may leave in this state.
    pub const fn permits(self) -> bool {
        matches!(self, Self::Given | Self::Renewed)
    }

    /// Whether it waits for an answer.
    pub const fn waits(self) -> bool {
        matches!(self, Self::Requested | Self::Deferred)
    }

    /// Its name in the W3C Data Privacy Vocabulary.
    pub const fn dpv(self) -> &'static str {
        match self {
            Self::Requested => "dpv:ConsentRequested",
            Self::Deferred => "dpv:ConsentRequestDeferred",
            Self::Given => "dpv:ConsentGiven",
            Self::Refused => "dpv:ConsentRefused",
            Self::Renewed => "dpv:RenewedConsentGiven",
            Self::Withdrawn => "dpv:ConsentWithdrawn",
            Self::Expired => "dpv:ConsentExpired",
            Self::Terminated => "dpv:ConsentTerminated",
            Self::Invalidated => "dpv:ConsentInvalidated",
        }
    }
}
