//! The state machine of a referral, the same for both sides. Pure: time and facts are arguments.
//!
//! Two fields, never mixed: [`State`] says what the offices decided, [`Transport`] what became of the last message.
//! Each node holds its own copy of the thread. The *opener* sends the referral, the *taker* answers it; the opener's
//! copy begins with `draft`, the taker's with `received`.
//!
//! # The table
//! *Who* acts; the other side's copy makes the same step when the message arrives ([`crossing`]).
//!
//! | from | event | who | to | needs |
//! |---|---|---|---|---|
//! | - | `create` | opener | draft | a card |
//! | draft | `send_preview` | opener | draft | live consent P1, no preview waiting or spent ([`preview`]) |
//! | draft | `send` | opener | sent (taker: `-` to received) | live consent P2, the required fields |
//! | sent | `transport_refused`, `transport_expired` | link | draft | |
//! | sent, draft | `delivery_ack` | link | received | a receipt; in draft, of a message held for expired |
//! | received | `request_info` | taker | info_requested | |
//! | info_requested | `provide_info` | opener | received | live consent P2 |
//! | received | `accept`, `decline` | taker | accepted, declined | a person decides |
//! | accepted | `first_contact`, `patto_signed` | taker | in_progress | |
//! | accepted | `appointment_set`, `appointment_moved`, `no_show`, `did_recorded` | taker | accepted | |
//! | in_progress | all six above and `pathway_opened` | taker | in_progress | |
//! | in_progress | `close`, `close_no_contact` | taker | closed | |
//! | accepted | `close_no_contact` | taker | closed | three missed appointments since acceptance, a person confirms |
//! | draft to in_progress (taker: also `-`) | `withdraw` | opener | withdrawn | |
//! | draft to in_progress (taker: also `-`) | `holder_changed` | opener | closed | |
//! | declined, closed | `reopen` | opener | received | live consent P2, at most 90 days after, the same holder |
//!
//! `-` at the taker means: no referral yet, though a preview of the same thread may be there.
//! *Overdue* is no state: it is computed from the clock ([`due`]), and nothing is ever decided by a timer.
//! For an office without a node the operator records the taker's events by hand: [`crossing::judge`] with the state now
//! given twice.

pub mod crossing;
pub mod due;
pub mod event;
pub mod known;
pub mod machine;
pub mod preview;
pub mod transport;

#[cfg(test)]
mod tests;

pub use crossing::{Entry, Fate, History, Verdict, consent_withdrawn, judge};
pub use due::{DueClock, Stage};
pub use event::{Event, Side};
pub use machine::{Effect, Facts, Guard, Next, Rejected, allowed, apply};
pub use transport::Transport;

/// What the two offices have decided so far. Before the first of them a copy has no state (`None`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    /// Being written at the opener; also what a refused or expired referral falls back to.
    Draft,
    /// Waiting for the taker's receipt.
    Sent,
    /// The taker holds it and owes a decision.
    Received,
    /// The taker asked; the clock of its decision stands still.
    InfoRequested,
    /// Taken on, not yet seen.
    Accepted,
    /// First contact or signed *patto di servizio*.
    InProgress,
    /// Not taken on.
    Declined,
    /// Ended with an outcome, or because another node now holds the card.
    Closed,
    /// Ended by the opener or the person. Ends the thread of the two nodes, not the taker's own case. Final.
    Withdrawn,
}

impl State {
    /// In the order of the table.
    pub const ALL: [Self; 9] = [
        Self::Draft,
        Self::Sent,
        Self::Received,
        Self::InfoRequested,
        Self::Accepted,
        Self::InProgress,
        Self::Declined,
        Self::Closed,
        Self::Withdrawn,
    ];

    /// As stored and as answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Sent => "sent",
            Self::Received => "received",
            Self::InfoRequested => "info_requested",
            Self::Accepted => "accepted",
            Self::InProgress => "in_progress",
            Self::Declined => "declined",
            Self::Closed => "closed",
            Self::Withdrawn => "withdrawn",
        }
    }

    /// The inverse of [`State::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Somebody is still expected to act on it: `sent` to `in_progress`. A draft is nobody's but its writer's.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Sent | Self::Received | Self::InfoRequested | Self::Accepted | Self::InProgress)
    }

    /// Declined, closed or withdrawn.
    pub fn is_ended(self) -> bool {
        matches!(self, Self::Declined | Self::Closed | Self::Withdrawn)
    }
}
