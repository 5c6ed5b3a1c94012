//! What a person was asked and what she answered: the record of a consent, its states, and what may follow.

pub(super) mod age;
mod answers;
mod codes;
mod expression;
mod record;
mod state;

pub use answers::{Answer, Answers, Deferral, Invalidation, LateAnswer, Question, Questions, Renewal, Withdrawal};
pub use codes::{Answered, Channel, ExpressedBy, IndicationMethod, InvalidReason, WithdrawnBy};
pub use expression::{Expression, Notice};
pub use record::{Consent, Happened, Request};
pub use state::{Event, State};

pub(super) use record::ends_at;
