//! The preview (*anteprima*): a pseudonymous card that asks "could you do something for such a person?" ahead of the
//! referral, in the same thread. A small machine beside the referral's; it never holds a referral up: the opener may
//! refer at any time, also in the same act, which is `send_preview` and then `send` in one transaction.
//!
//! | from | event | who | to |
//! |---|---|---|---|
//! | none, answered(needs_more) | `send` | opener | sent |
//! | sent | `answer` | taker, while it has no referral of this thread | answered |
//! | sent, timed_out | `answer` arrives | - | answered: a late answer is still an answer |
//! | sent | `time_out` | timer at the opener, 10 working days | timed_out |
//! | sent | `undelivered` | link: refused, expired or struck | none |

use chrono::{DateTime, Utc};

use super::{Side, State};
use crate::rules::calendar::{LocalHoliday, end_of_working_day};
use crate::rules::deadlines::Deadlines;

/// Where a preview stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Preview {
    /// None was sent, or it did not arrive.
    None,
    /// Unanswered. At the taker: to be answered.
    Sent,
    /// The taker spoke.
    Answered(Answer),
    /// Closed at the opener for want of an answer.
    TimedOut,
}

/// What a taker can say to a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Refer her.
    SendReferral,
    /// Fields are missing; a new preview may follow.
    NeedsMore,
    /// Not here; perhaps elsewhere.
    NotForUs,
}

/// What happens to a preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PreviewEvent {
    /// It goes.
    Send,
    /// The taker answers.
    Answer(Answer),
    /// [`Preview::closes_at`] has passed.
    TimeOut,
    /// Its message was refused, expired or struck.
    Undelivered,
}

/// The verdict on a preview message that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PreviewVerdict {
    /// The preview stands so from now on.
    Legal(Preview),
    /// Crossed: stored, nothing changes.
    Superseded,
    /// Legal neither now nor in what its sender had seen.
    Illegal,
}

impl Preview {
    /// In the order of its life.
    pub const ALL: [Self; 6] = [
        Self::None,
        Self::Sent,
        Self::Answered(Answer::SendReferral),
        Self::Answered(Answer::NeedsMore),
        Self::Answered(Answer::NotForUs),
        Self::TimedOut,
    ];

    /// As stored and as answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Sent => "sent",
            Self::Answered(Answer::SendReferral) => "send_referral",
            Self::Answered(Answer::NeedsMore) => "needs_more",
            Self::Answered(Answer::NotForUs) => "not_for_us",
            Self::TimedOut => "timed_out",
        }
    }

    /// The inverse of [`Preview::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preview| preview.as_str() == text)
    }

    /// No preview of this thread is waiting or spent.
    pub fn may_be_sent(self) -> bool {
        matches!(self, Self::None | Self::Answered(Answer::NeedsMore))
    }

    fn is_final(self) -> bool {
        matches!(self, Self::Answered(Answer::SendReferral | Answer::NotForUs))
    }

    /// `side` does `event` on its own copy, whose referral is in `referral`. `None`: illegal.
    pub fn apply(self, side: Side, event: PreviewEvent, referral: Option<State>) -> Option<Self> {
        match (side, event, self) {
            (Side::Opener, PreviewEvent::Send, _) => {
                (self.may_be_sent() && referral == Some(State::Draft)).then_some(Self::Sent)
            }
            (Side::Taker, PreviewEvent::Answer(answer), Self::Sent) => {
                referral.is_none().then_some(Self::Answered(answer))
            }
            (Side::Opener, PreviewEvent::TimeOut, Self::Sent) => Some(Self::TimedOut),
            (Side::Opener, PreviewEvent::Undelivered, Self::Sent | Self::TimedOut) => Some(Self::None),
            _ => None,
        }
    }

    /// A preview message of the other side arrives at `copy`. `referral` is the state of this copy, `at_seen` the one
    /// that the message's sender had ([`super::History::state_at`]).
    ///
    /// An answer that crosses the referral counts (what the taker could offer is worth knowing), one that crosses a
    /// withdrawal is superseded.
    pub fn judge(
        self,
        copy: Side,
        event: PreviewEvent,
        referral: Option<State>,
        at_seen: Option<State>,
    ) -> PreviewVerdict {
        match (copy, event, self) {
            (Side::Taker, PreviewEvent::Send, Self::None | Self::Answered(Answer::NeedsMore)) if referral.is_none() => {
                PreviewVerdict::Legal(Self::Sent)
            }
            // The opener held the first one for lost and sent it anew.
            (Side::Taker, PreviewEvent::Send, _) if matches!(at_seen, Some(State::Draft | State::Sent)) => {
                PreviewVerdict::Superseded
            }
            // The taker had a referral, or the end of the thread, before it answered.
            (Side::Opener, PreviewEvent::Answer(_), _) if at_seen.is_some() => PreviewVerdict::Illegal,
            (Side::Opener, PreviewEvent::Answer(_), _) if referral.is_some_and(State::is_ended) => {
                PreviewVerdict::Superseded
            }
            // Held for lost here, answered there; sent anew meanwhile, it may be answered twice.
            (Side::Opener, PreviewEvent::Answer(_), Self::None) => PreviewVerdict::Superseded,
            (Side::Opener, PreviewEvent::Answer(answer), _) if !self.is_final() => {
                PreviewVerdict::Legal(Self::Answered(answer))
            }
            _ => PreviewVerdict::Illegal,
        }
    }

    /// When an unanswered preview closes at the opener.
    pub fn closes_at(sent_at: DateTime<Utc>, deadlines: &Deadlines, local: &[LocalHoliday]) -> DateTime<Utc> {
        end_of_working_day(sent_at, deadlines.preview_answer, local)
    }
}
