//! What was put right at a person's request goes to everybody who holds it (GDPR 19), and who has it and who not yet.
//!
//! What must hold:
//! - It goes on the duty to tell, also where a consent has run out or a referral was closed, and never after a withdrawal:
//!   then it is recalled, group by group as each rested on what was taken back. It goes to whoever received the groups in a
//!   thread, and has no group but these. What is taken back while it waits strikes it; what still may go is queued anew.
//! - A node is sent it. For an office without one there is a letter, made once: it says the same whenever it is printed, and
//!   stands in the log of disclosures. One that has not left when a part of what it says is taken back leaves no more: another
//!   takes its place, with what the office has still.
//! - What does not go by itself, a letter or what could not be sent or was not taken, is a task of whoever works on the case
//!   until somebody notes that it went out, or has told the recipient in another way. It is tried anew only where its ground
//!   ended: a member that is out, or refuses, would have it queued for ever.
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
use crate::journal::Actor;
use crate::outbox;
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
#[derive(Default)]
struct Passed {
    /// This message was queued.
    message: Option<MessageId>,
    /// A letter was made: its id, and what it says, sealed.
    letter: Option<(Uuid, Vec<u8>)>,
    /// Neither, for this reason.
    failed: Option<String>,
}

impl Passed {
    const fn failed(why: String) -> Self {
        Self { message: None, letter: None, failed: Some(why) }
    }

    /// What somebody has to do, where it does not go by itself.
    fn by_hand(&self) -> Option<&str> {
        self.message.is_none().then(|| self.failed.as_deref().unwrap_or("by_letter"))
    }
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
        let mut anew = rows::not_arrived(tx.conn(), AT_ONCE)?;
        anew.extend(rows::overtaken(tx.conn())?);
        for row in anew {
            queued += usize::from(self.pass_on_anew(tx, &row)?);
        }
        Ok(queued)
    }

    /// What may go still of a message that did not arrive, or of a letter of which something was taken back before it left.
    fn pass_on_anew(&self, tx: &mut Tx<'_>, row: &rows::Row) -> Result<bool> {
        let now = tx.now();
        let case = Case::read(tx.conn(), row.referral.0, now)?;
        let (may, before) = (self.to_put_right(tx, &case)?, row.groups()?);
        let groups: BTreeSet<Group> = before.intersection(&may).copied().collect();
        let by_letter = row.sealed.is_some();
        if (by_letter && groups == before) || !rows::take_up_anew(tx, row, &codes(&groups).join(","))? {
            return Ok(false);
        }
        if by_letter {
            tasks::close(tx, Kind::RectificationToBePassedOn, &row.id.0.to_string(), Actor::System)?;
        }
        if groups.is_empty() {
            return Ok(false);
        }
        let passed = match not_by_its_ground(tx, row)? {
            Some(why) => Passed::failed(why),
            None => self.pass(tx, &case, &groups)?,
        };
        let id = passed.letter.as_ref().map_or(row.id.0, |(id, _)| *id);
        if let Some(why) = passed.by_hand() {
            to_be_told(tx, &case, id, why)?;
        }
        let queued = passed.message.is_some();
        rows::save_anew(tx, row.id, id, passed)?;
        Ok(queued)
    }

    /// Sends these groups as they are right now, or makes the letter; where neither can be, says why.
    fn pass(&self, tx: &mut Tx<'_>, case: &Case, groups: &BTreeSet<Group>) -> Result<Passed> {
        let passed = tx.savepoint(|tx| {
            if case.peer().node().is_some() {
                let message = self.update_card(tx, By::System, case.id(), groups, true)?;
                return Ok(Passed { message: Some(message), ..Passed::default() });
            }
            let (id, content) = self.rectified_on_paper(tx, case.id(), groups)?;
            let sealed = rows::seal(tx.conn(), self.outbox().vault(), case.subject(), id, &content)?;
            Ok(Passed { letter: Some((id, sealed)), ..Passed::default() })
        });
        match passed {
            Err(error) if !error.is_fault() => Ok(Passed::failed(error.code().to_string())),
            passed => passed,
        }
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
        let groups = self.to_put_right(tx, &case)?;
        if groups.is_empty() {
            return Ok(false);
        }
        let passed = self.pass(tx, &case, &groups)?;
        let id = passed.letter.as_ref().map_or_else(Uuid::new_v4, |(id, _)| *id);
        if let Some(why) = passed.by_hand() {
            to_be_told(tx, &case, id, why)?;
        }
        let queued = passed.message.is_some();
        let row = rows::Row {
            id: Id(id),
            request: Id(request),
            referral: Id(referral),
            person: Id(person.0),
            subject: Id(case.subject().0),
            peer: case.peer().to_string(),
            organisation: case.row.organisation.clone(),
            groups: codes(&groups).join(","),
            message: passed.message.map(|id| Id(id.0)),
            failed: passed.failed,
            at: At::from(now),
            sealed: passed.letter.map(|(_, sealed)| sealed),
            sent_at: None,
            sent_channel: None,
            answered_at: None,
            answer: None,
        };
        rows::insert(tx, row)?;
        Ok(queued)
    }
}

/// Why a message goes no further although its ground held: the same again would fare no better. Nothing of a letter.
fn not_by_its_ground(tx: &mut Tx<'_>, row: &rows::Row) -> Result<Option<String>> {
    let Some(message) = row.message else { return Ok(None) };
    let way = outbox::transport_of(tx.conn(), MessageId(message.0))?.filter(|way| !way.lost_its_ground());
    Ok(way.map(|way| way.code.unwrap_or_else(|| "not_delivered".to_owned())))
}

/// It does not go by itself: somebody sees to it.
fn to_be_told(tx: &mut Tx<'_>, case: &Case, id: Uuid, why: &str) -> Result<()> {
    let task = Task::new(Kind::RectificationToBePassedOn, id).about(case.subject());
    let task = case.peer().node().into_iter().fold(task, Task::with);
    tasks::open(tx, task.code(why)).map(drop)
}
