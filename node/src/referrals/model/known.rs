//! The person whom the taker already knows, and the referral that is sent twice.

use super::State;

/// What the taker's clerk found on looking into the office's own records. Stays at the taker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KnownPerson {
    /// The referral joins her case; the acceptance says `already_known` (and never who else sent her).
    Same,
    /// A case is opened.
    New,
    /// To be cleared with the person; until then a case of its own.
    Unsure,
}

impl KnownPerson {
    /// All three.
    pub const ALL: [Self; 3] = [Self::Same, Self::New, Self::Unsure];

    /// As stored and as answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::New => "new",
            Self::Unsure => "unsure",
        }
    }

    /// The inverse of [`KnownPerson::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.as_str() == text)
    }

    /// What an acceptance tells the opener.
    pub fn already_known(self) -> bool {
        self == Self::Same
    }
}

/// Warn with `duplicate` before sending? `others` are this node's other referrals of the same person: recipient and
/// state. Referrals by other nodes never count: neither sender is told of the other.
pub fn is_duplicate<R: PartialEq>(recipient: &R, others: impl IntoIterator<Item = (R, State)>) -> bool {
    others.into_iter().any(|(other, state)| other == *recipient && state.is_open())
}
