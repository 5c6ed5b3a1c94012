//! What a person may ask for as a right of hers, until when it is answered, and what may happen to it.

use chrono::{DateTime, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::dates::instant;
use staffetta_protocol::card::{At, Check, Day, List, Prose, Refusal, Text, Whole};
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

pub(super) use super::codes::Event;
pub use super::codes::{ErasureStep, NoWait, RightAsker, RightChannel, RightKind, RightOutcome, RightState};
use crate::people::PersonId;
use crate::rules::calendar::{add_working_days, end_of_day, local_day};
use crate::vault::Subject;

/// The last day for an answer to what came on `received`: the same date `months` later, or the last day of a month that
/// is too short, or the next working day where that one is none (GDPR 12(3); Regulation 1182/71, art. 3(2)(c) and 3(4)).
/// Only national holidays count.
pub(super) fn last_day(received: NaiveDate, months: u32) -> NaiveDate {
    let same = received.checked_add_months(Months::new(months)).unwrap_or(NaiveDate::MAX);
    add_working_days(same, 0, &[])
}

/// The instant from which an answer is late.
pub fn due(received: DateTime<Utc>) -> DateTime<Utc> {
    end_of_day(last_day(local_day(received), 1))
}

/// The same, where two further months were needed.
pub fn due_extended(received: DateTime<Utc>) -> DateTime<Utc> {
    end_of_day(last_day(local_day(received), 3))
}

/// What somebody takes down of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewRightsRequest {
    /// Which right.
    pub kind: RightKind,
    /// How it came.
    pub channel: RightChannel,
    /// Who asks.
    pub said_by: RightAsker,
    /// The guardian, where one asks: needed then, by the id under which this node has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub guardian: Option<Uuid>,
    /// When it came, if not now. The month counts from that day.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub received_at: Option<DateTime<Utc>>,
    /// What she asks for, in her words; kept sealed.
    pub details: Prose<4000>,
    /// She asks that her data are not used while it is judged whether they are right, or whether her objection holds
    /// (art. 18(1)(a) and (d)).
    #[serde(default)]
    pub restrict_meanwhile: bool,
}

impl Check for NewRightsRequest {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.said_by == RightAsker::Person && self.guardian.is_some() {
            found.push(at.key("guardian").refuse(Refusal::Inconsistent));
        }
        if self.restrict_meanwhile && !matches!(self.kind, RightKind::Rectification | RightKind::Objection) {
            found.push(at.key("restrict_meanwhile").refuse(Refusal::Inconsistent));
        }
    }
}

/// That two more months are needed, and why: as the person is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RightsExtension {
    /// Why: the request is complex, or there are many.
    pub reason: Prose<1000>,
}

impl Check for RightsExtension {}

/// Something that is not erased, since a law demands it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeptData {
    /// What.
    pub what: Text<200>,
    /// Which rule demands it.
    pub why: Text<300>,
    /// Until when.
    pub until: Day,
}

impl Check for KeptData {}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RightsAnswer {
    /// What was decided.
    pub outcome: RightOutcome,
    /// Why not, or not all of it; what else she is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<Prose<4000>>,
    /// On which rule that rests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub legal_ground: Option<Text<300>>,
    /// For a rectification: the version of the card that followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<u32>, minimum = 1, maximum = 1_000_000)]
    pub card_version: Option<Whole<1, 1_000_000>>,
    /// For an erasure in part: what is kept meanwhile.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<KeptData>, min_items = 0, max_items = 20)]
    pub kept: List<KeptData, 0, 20>,
}

impl Check for RightsAnswer {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.outcome != RightOutcome::Granted {
            for (name, there) in [("reason", self.reason.is_some()), ("legal_ground", self.legal_ground.is_some())] {
                if !there {
                    found.push(at.key(name).refuse(Refusal::Required));
                }
            }
        }
        if self.outcome != RightOutcome::Partly && !self.kept.is_empty() {
            found.push(at.key("kept").refuse(Refusal::Inconsistent));
        }
    }
}

impl RightsAnswer {
    /// What fits the right that it answers.
    pub(super) fn check_against(&self, kind: RightKind) -> Result<(), Problem> {
        let given = self.outcome != RightOutcome::Refused;
        let mut found = Vec::new();
        let versioned = kind == RightKind::Rectification && given;
        if versioned != self.card_version.is_some() {
            let refusal = if versioned { Refusal::Required } else { Refusal::Inconsistent };
            found.push(refusal.at("/card_version"));
        }
        let keeps = kind == RightKind::Erasure && self.outcome == RightOutcome::Partly;
        if keeps == self.kept.is_empty() {
            found.push(if keeps { Refusal::Required } else { Refusal::Inconsistent }.at("/kept"));
        }
        if found.is_empty() { Ok(()) } else { Err(Problem::invalid(found)) }
    }

    /// The day after which nothing is kept any more.
    pub(super) fn kept_until(&self) -> Option<NaiveDate> {
        self.kept.iter().filter_map(|kept| kept.until.to_string().parse().ok()).max()
    }
}

/// Everything about a request that is words, and whatever tells of a guardian.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Words {
    /// What she asked for.
    pub details: Prose<4000>,
    /// Which guardian asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guardian: Option<Uuid>,
    /// Why it took longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extension: Option<Prose<1000>>,
    /// The answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<RightsAnswer>,
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its id.
    pub id: Uuid,
    /// Whose right.
    pub person: PersonId,
    /// Whose key.
    pub subject: Subject,
    /// Which right.
    pub kind: RightKind,
    /// Where it stands.
    pub state: RightState,
    /// How it came.
    pub channel: RightChannel,
    /// Who asked.
    pub said_by: RightAsker,
    /// When.
    pub received_at: DateTime<Utc>,
    /// From when an answer is late.
    pub due_at: DateTime<Utc>,
    /// When it was extended.
    pub extended_at: Option<DateTime<Utc>>,
    /// What was decided, and when.
    pub answered: Option<(RightOutcome, DateTime<Utc>)>,
    /// The version of the card that followed.
    pub card_version: Option<u32>,
    /// How far the erasure has come, since when.
    pub step: Option<(ErasureStep, DateTime<Utc>)>,
    /// The keys do not go before.
    pub not_before: Option<DateTime<Utc>>,
    /// For `If-Match`.
    pub version: i32,
    /// What was said; not in a list, and not once her key is gone.
    pub words: Option<Words>,
}

impl Request {
    /// Whether it has no answer, and that is late.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.state.is_open() && self.due_at <= now
    }
}

/// Something that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happened {
    /// What.
    pub what: String,
    /// When.
    pub at: DateTime<Utc>,
    /// Who of the staff did it; nobody where the node did.
    pub staff: Option<Uuid>,
    /// With which outcome.
    pub code: Option<String>,
}
