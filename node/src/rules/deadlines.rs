//! How long each side may take. Never a decision by itself: a deadline that passes raises a flag or a task for a
//! person.

use chrono::TimeDelta;

/// Lengths of the deadlines of a referral and its preview, in working days unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// From `received` to a decision; stands still while information is asked.
    pub decision_due: u32,
    /// The working day at whose end an undecided referral reminds its reader.
    pub reminder_day: u32,
    /// The working day at whose end it goes up to the supervisor.
    pub escalation_day: u32,
    /// From an answer to the moment the person has been told of it.
    pub tell_the_person: u32,
    /// From a preview to its answer; then it closes at the sender.
    pub preview_answer: u32,
    /// From the receipt of an offered record to its answer.
    pub transfer_answer: u32,
    /// Elapsed time (not working days) after which an undelivered message becomes a task: call the partner.
    pub undelivered: TimeDelta,
    /// Calendar days after the end of a referral in which the same two nodes may take it up again.
    pub reopen: TimeDelta,
    /// Missed appointments after which a person may close for want of contact.
    pub no_shows: u32,
}

impl Deadlines {
    /// What the network agreed on.
    pub const AGREED: Self = Self {
        decision_due: 10,
        reminder_day: 5,
        escalation_day: 10,
        tell_the_person: 2,
        preview_answer: 10,
        transfer_answer: 10,
        undelivered: TimeDelta::hours(72),
        reopen: TimeDelta::days(90),
        no_shows: 3,
    };
}

impl Default for Deadlines {
    fn default() -> Self {
        Self::AGREED
    }
}
