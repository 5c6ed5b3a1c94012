//! The clock of the taker's decision. Both copies run one, so the opener sees lateness without asking.

use chrono::{DateTime, NaiveDate, Utc};

use super::Effect;
use crate::rules::calendar::{LocalHoliday, add_working_days, end_of_day, local_day, working_days_between};
use crate::rules::deadlines::Deadlines;

/// Counts working days, whole ones: the day on which it starts, stops or resumes is not split.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DueClock {
    /// Nothing is owed.
    Stopped,
    /// A decision is owed by the end of this day.
    Running {
        /// Local day in Italy.
        due_on: NaiveDate,
    },
    /// The taker waits for an answer.
    Paused {
        /// Working days that are left; 0 when it was asked on the last day or later.
        left: u32,
    },
}

/// How far a decision that is owed has come. Computed, never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Nothing to say.
    InTime,
    /// The reminder day is over.
    Remind,
    /// The escalation day is over, the decision still owed: the supervisor's list.
    Escalate,
}

impl DueClock {
    /// The clock after `effect`; effects that are none of its business leave it alone.
    pub fn after(self, effect: Effect, deadlines: &Deadlines, local: &[LocalHoliday], now: DateTime<Utc>) -> Self {
        let today = local_day(now);
        match (effect, self) {
            (Effect::StartClock, _) => Self::Running { due_on: add_working_days(today, deadlines.decision_due, local) },
            (Effect::PauseClock, Self::Running { due_on }) => {
                Self::Paused { left: working_days_between(today, due_on, local) }
            }
            (Effect::ResumeClock, Self::Paused { left }) => {
                Self::Running { due_on: add_working_days(today, left, local) }
            }
            (Effect::StopClock, _) => Self::Stopped,
            _ => self,
        }
    }

    /// The instant from which the decision is late; `None` while nothing is owed or the opener is asked.
    pub fn due_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Running { due_on } => Some(end_of_day(due_on)),
            Self::Stopped | Self::Paused { .. } => None,
        }
    }

    /// The flag that lists show.
    pub fn is_overdue(self, now: DateTime<Utc>) -> bool {
        self.due_at().is_some_and(|due| now >= due)
    }

    /// Reminder or escalation, by the working days that the taker has had (pauses left out).
    pub fn stage(self, deadlines: &Deadlines, local: &[LocalHoliday], now: DateTime<Utc>) -> Stage {
        let Self::Running { due_on } = self else { return Stage::InTime };
        // A day counts once it is over, so the last full day is yesterday.
        let yesterday = local_day(now).pred_opt().unwrap_or(NaiveDate::MIN);
        let spent = if yesterday >= due_on {
            deadlines.decision_due + working_days_between(due_on, yesterday, local)
        } else {
            deadlines.decision_due.saturating_sub(working_days_between(yesterday, due_on, local))
        };
        if spent >= deadlines.escalation_day {
            Stage::Escalate
        } else if spent >= deadlines.reminder_day {
            Stage::Remind
        } else {
            Stage::InTime
        }
    }
}

/// When the person must have been told of an answer that came at `answered_at`.
pub fn tell_by(answered_at: DateTime<Utc>, deadlines: &Deadlines, local: &[LocalHoliday]) -> DateTime<Utc> {
    end_of_day(add_working_days(local_day(answered_at), deadlines.tell_the_person, local))
}
