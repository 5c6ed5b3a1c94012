//! One answer of a record, as it is kept.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use staffetta_protocol::card::{At, Refusal, Text};
use staffetta_protocol::consent::{Group, OrganisationId, Purpose};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::Problem;
use uuid::Uuid;

use super::answers::Withdrawal;
use super::expression::Expression;
use super::state::State;
use crate::people::PersonId;
use crate::vault::Subject;

/// When an answer given now stops to hold: what was asked for, within what the purpose allows.
///
/// # Errors
/// `invalid_input`: not in the future, later than the purpose allows, or needed and absent.
pub(in crate::consents) fn ends_at(
    purpose: Purpose,
    asked: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
    at: &At<'_>,
) -> Result<DateTime<Utc>, Problem> {
    let refuse = |refusal| Problem::invalid(vec![at.key("not_after").refuse(refusal)]);
    let longest = purpose.not_after(now, None);
    let end = asked.or(longest).ok_or_else(|| refuse(Refusal::Required))?;
    if end <= now || longest.is_some_and(|longest| end > longest) {
        return Err(refuse(Refusal::OutOfRange));
    }
    Ok(end)
}

/// One answer of a record, as it is kept.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The record.
    pub record: RecordId,
    /// Which answer of the record: a renewal has the next number.
    pub seq: u32,
    /// Whose.
    pub person: PersonId,
    /// Whose key.
    pub subject: Subject,
    /// For what.
    pub purpose: Purpose,
    /// To whom: organisation and, where one was named, office.
    pub recipient: OrganisationId,
    /// What the recipient was called when she was asked.
    pub recipient_label: Option<Text<200>>,
    /// Which groups of fields.
    pub groups: BTreeSet<Group>,
    /// The last thing that happened to it. Time is not in it: ask [`Consent::stands`].
    pub state: State,
    /// When it was answered.
    pub answered_at: DateTime<Utc>,
    /// Until when a yes holds.
    pub not_after: Option<DateTime<Utc>>,
    /// When it ends for this node although `not_after` is later: she is of age then, and her guardian spoke.
    pub ends_early: Option<DateTime<Utc>>,
    /// Spent by one use.
    pub single_use: bool,
    /// When its one use was spent.
    pub spent_at: Option<DateTime<Utc>>,
    /// Whether the notice was a draft in that language, which nobody had verified.
    pub notice_draft: bool,
    /// How it was expressed.
    pub expressed: Expression,
    /// Who entered it.
    pub entered_by: Option<Uuid>,
    /// When and how it was taken back.
    pub withdrawn: Option<(DateTime<Utc>, Withdrawal)>,
    /// The recall that followed, and when its answers are due.
    pub recall: Option<(Uuid, DateTime<Utc>)>,
}

impl Consent {
    /// Where it stands at `now`.
    pub fn stands(&self, now: DateTime<Utc>) -> State {
        if !self.state.permits() {
            return self.state;
        }
        match self.ends_at() {
            _ if self.spent_at.is_some() => State::Terminated,
            Some(end) if end <= now => State::Expired,
            _ => self.state,
        }
    }

    /// The first instant at which a yes permits nothing any more.
    pub fn ends_at(&self) -> Option<DateTime<Utc>> {
        [self.not_after, self.ends_early].into_iter().flatten().min()
    }
}

/// A question that waits for its answer.
#[derive(Debug, Clone)]
pub struct Request {
    /// The record that its answer will have.
    pub record: RecordId,
    /// Who is asked.
    pub person: PersonId,
    /// Whose key.
    pub subject: Subject,
    /// For what.
    pub purpose: Purpose,
    /// Who would receive.
    pub recipient: OrganisationId,
    /// What the recipient is called, as she was told.
    pub recipient_label: Option<Text<200>>,
    /// Which groups of fields.
    pub groups: BTreeSet<Group>,
    /// Digest of the notice that she was given.
    pub notice_hash: Digest,
    /// `requested`, `deferred`, or where it ended.
    pub state: State,
    /// When it was put.
    pub asked_at: DateTime<Utc>,
    /// By whom of the staff.
    pub asked_by: Option<Uuid>,
    /// When to ask again, where it was put off.
    pub ask_again_at: Option<DateTime<Utc>>,
}

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// Which answer; 0 while it is only asked.
    pub seq: u32,
    /// Where it stood from then on.
    pub state: State,
    /// When.
    pub at: DateTime<Utc>,
    /// Until when a yes holds.
    pub not_after: Option<DateTime<Utc>>,
    /// `person`, `guardian`, `staff` or `node`.
    pub brought_by: String,
}
