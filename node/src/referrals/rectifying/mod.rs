//! What was put right at a person's request goes to everybody who holds it (GDPR 19), and who has it and who not yet.
//!
//! What must hold:
//! - It goes on the duty to tell, also where a consent has run out or a referral was closed, and never after a withdrawal:
//!   then it is recalled, group by group as each rested on what was taken back. It goes to whoever received the groups in a
//!   thread, and has no group but these. What is taken back while it waits strikes it; what still may go is queued anew.
//! - A node is sent it. For an office without one there is a letter, made once: it says the same whenever it is printed, and
//!   stands in the log of disclosures.
//! - What does not go by itself, a letter or what could not be sent, is a task of whoever works on the case until somebody
//!   notes that it went out, or has told the recipient in another way.
//! - What an office answered is noted once, with the way it came and who said so.

mod api;
mod letter;
mod rows;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::dates::instant;
use staffetta_protocol::card::{Check, Level, Prose, Text};
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::MessageId;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Referrals;
use super::by::By;
use super::case::Case;
use super::model::State;
use super::opener::codes;
use super::{paper, rows as referrals};
use crate::consents::recalls::LetterChannel;
use crate::error::Result;
use crate::grants;
use crate::people::PersonId;
use crate::rights;
use crate::store::{At, Id, Tx};
use crate::tasks::{self, Kind, Task};

pub(super) use api::api;

/// Requests that one run looks at.
const AT_ONCE: i64 = 50;

/// That the letter went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationSending {
    /// How.
    pub channel: LetterChannel,
    /// When, if not now.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<DateTime<Utc>>,
}

impl Check for RectificationSending {}

/// What became of what was to be put right at an office.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RectificationOutcome {
    /// It is right there now.
    Corrected,
    /// The office has nothing of her any more.
    NotHeld,
    /// The office leaves it as it is; why stands in the note.
    Refused,
}

impl RectificationOutcome {
    const fn code(self) -> &'static str {
        match self {
            Self::Corrected => "corrected",
            Self::NotHeld => "not_held",
            Self::Refused => "refused",
        }
    }
}

/// What the office said, by whatever way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RectificationAnswer {
    /// What became of it.
    pub outcome: RectificationOutcome,
    /// How the answer came.
    pub channel: LetterChannel,
    /// Who at the office said so, in words; kept sealed.
    pub said_by: Text<120>,
    /// When, if not now.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<DateTime<Utc>>,
    /// What else is to be remembered; kept sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Prose<1000>>,
}

impl Check for RectificationAnswer {}

/// How it goes to one recipient.
enum Passed {
    /// This message was queued.
    Message(MessageId),
    /// A letter was made: its id, and what it says.
    Letter(Uuid, Box<paper::Content>),
}

impl Referrals {
    /// Sends what was put right to everybody who holds it, or makes the letter. Says how many messages were queued.
    ///
    /// # Errors
    /// What the database refuses.
    pub fn pass_rectified_on(&self, tx: &mut Tx<'_>) -> Result<usize> {
        let mut queued = 0;
        for (request, person) in rights::rectified(tx.conn(), AT_ONCE)? {
            if !rights::take_up_rectified(tx, request)? {
                continue;
            }
            for (referral, ..) in referrals::of_person(tx.conn(), person.0)? {
                queued += usize::from(self.pass_one_on(tx, request, person, referral)?);
            }
        }
        for row in rows::struck(tx.conn(), AT_ONCE)? {
            queued += usize::from(self.pass_on_anew(tx, &row)?);
        }
        Ok(queued)
    }

    /// What of one that was struck on its way may go still, because the recipient has it under something else.
    fn pass_on_anew(&self, tx: &mut Tx<'_>, row: &rows::Row) -> Result<bool> {
        let now = tx.now();
        let case = Case::read(tx.conn(), row.referral.0, now)?;
        let may = self.to_put_right(tx, &case)?;
        let groups: BTreeSet<Group> = row.groups()?.intersection(&may).copied().collect();
        if !rows::take_up_anew(tx, row, &codes(&groups).join(","))? || groups.is_empty() {
            return Ok(false);
        }
        let (message, failed) = match tx.savepoint(|tx| self.update_card(tx, By::System, case.id(), &groups, true)) {
            Ok(message) => (Some(message), None),
            Err(error) if !error.is_fault() => (None, Some(error.code().to_string())),
            Err(error) => return Err(error),
        };
        if let Some(why) = &failed {
            to_be_told(tx, &case, row.id.0, why)?;
        }
        rows::save_anew(tx, row.id, message.map(|id| Id(id.0)), failed.as_deref())?;
        Ok(message.is_some())
    }

    /// What the recipient has in a thread and is to have right.
    fn to_put_right(&self, tx: &mut Tx<'_>, case: &Case) -> Result<BTreeSet<Group>> {
        if case.state == Some(State::Withdrawn) {
            return Ok(BTreeSet::new());
        }
        let by_letter = case.peer().node().is_none();
        let mut groups = if by_letter {
            paper::on_sheets(tx.conn(), self.outbox().entity_id(), case.id())?
        } else {
            grants::still_given(tx.conn(), case.thread.id)?
        };
        // What crosses only after acceptance is not taken any more where the office has ended it; on paper it is put right
        // there as long as the acceptance stands before the end.
        let ended = case.state.is_some_and(State::is_ended) && !(by_letter && case.state == Some(State::Closed));
        groups.retain(|group| !ended || Level::of(*group) <= Level::Referral);
        Ok(groups)
    }

    /// In one thread. What cannot be sent there is noted with its reason, and the others go.
    fn pass_one_on(&self, tx: &mut Tx<'_>, request: Uuid, person: PersonId, referral: Uuid) -> Result<bool> {
        let now = tx.now();
        let case = Case::read(tx.conn(), referral, now)?;
        let by_letter = case.peer().node().is_none();
        let groups = self.to_put_right(tx, &case)?;
        if groups.is_empty() {
            return Ok(false);
        }
        let passed = tx.savepoint(|tx| match by_letter {
            true => self
                .rectified_on_paper(tx, referral, &groups)
                .map(|(id, content)| Passed::Letter(id, Box::new(content))),
            false => self.update_card(tx, By::System, referral, &groups, true).map(Passed::Message),
        });
        let (id, sealed, message, failed) = match passed {
            Ok(Passed::Message(message)) => (Uuid::new_v4(), None, Some(message), None),
            Ok(Passed::Letter(id, content)) => {
                let sealed = rows::seal(tx.conn(), self.outbox().vault(), case.subject(), id, &content)?;
                (id, Some(sealed), None, None)
            }
            Err(error) if !error.is_fault() => (Uuid::new_v4(), None, None, Some(error.code().to_string())),
            Err(error) => return Err(error),
        };
        if message.is_none() {
            to_be_told(tx, &case, id, failed.as_deref().unwrap_or("by_letter"))?;
        }
        let row = rows::Row {
            id: Id(id),
            request: Id(request),
            referral: Id(referral),
            person: Id(person.0),
            subject: Id(case.subject().0),
            peer: case.peer().to_string(),
            organisation: case.row.organisation.clone(),
            groups: codes(&groups).join(","),
            message: message.map(|id| Id(id.0)),
            failed,
            at: At::from(now),
            sealed,
            sent_at: None,
            sent_channel: None,
            answered_at: None,
            answer: None,
        };
        rows::insert(tx, row)?;
        Ok(message.is_some())
    }
}

/// It does not go by itself: somebody sees to it.
fn to_be_told(tx: &mut Tx<'_>, case: &Case, id: Uuid, why: &str) -> Result<()> {
    let task = Task::new(Kind::RectificationToBePassedOn, id).about(case.subject());
    let task = case.peer().node().into_iter().fold(task, Task::with);
    tasks::open(tx, task.code(why)).map(drop)
}
