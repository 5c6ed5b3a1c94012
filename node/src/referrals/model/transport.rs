//! What became of a message on its way. A field of its own: an unreachable partner changes nothing of what was decided.

use chrono::{DateTime, Utc};

use crate::rules::deadlines::Deadlines;

/// The way of the last message of a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Nothing was ever queued.
    NotSent,
    /// In the outbox, or under way.
    Queued,
    /// The peer's receipt says accepted (crossed messages included).
    Delivered,
    /// The peer's receipt says refused; a person sees the code.
    Refused,
    /// Its ground fell away before it left.
    Struck,
    /// Its own expiry passed without a receipt: *not delivered*.
    Expired,
    /// On paper: people carried it, and what became of it is what they noted.
    ByHand,
}

impl Transport {
    /// In the order of a message's life.
    pub const ALL: [Self; 7] =
        [Self::NotSent, Self::Queued, Self::Delivered, Self::Refused, Self::Struck, Self::Expired, Self::ByHand];

    /// As stored and as answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotSent => "not_sent",
            Self::Queued => "queued",
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Struck => "struck",
            Self::Expired => "expired",
            Self::ByHand => "by_hand",
        }
    }

    /// The inverse of [`Transport::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.as_str() == text)
    }

    /// May the field go from `self` to `next`? Any message may be followed by a new one; a receipt is believed whenever
    /// it comes, so what was struck or expired after it got a number may still turn out delivered or refused.
    pub fn leads_to(self, next: Self) -> bool {
        match next {
            Self::NotSent => false,
            // A thread is on paper from its beginning to its end.
            Self::ByHand => matches!(self, Self::NotSent | Self::ByHand),
            Self::Queued => self != Self::ByHand,
            Self::Struck | Self::Expired => self == Self::Queued,
            Self::Delivered | Self::Refused => matches!(self, Self::Queued | Self::Struck | Self::Expired),
        }
    }

    /// Is it time to call the partner? `queued_at` is when the message was queued; sending goes on meanwhile.
    pub fn is_undelivered(self, queued_at: DateTime<Utc>, deadlines: &Deadlines, now: DateTime<Utc>) -> bool {
        self == Self::Queued && now - queued_at >= deadlines.undelivered
    }
}
