//! What is asked, and what is answered.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::dates::instant;
use staffetta_protocol::card::{At, Check, List, Refusal, Text};
use staffetta_protocol::consent::{Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::problem::FieldError;
use utoipa::ToSchema;

use super::codes::{Answered, Channel, InvalidReason, WithdrawnBy};
use super::expression::{Expression, Notice};

/// The groups that a question is about: all that the purpose takes before acceptance, unless it names others.
fn named_or_usual(purpose: Purpose, named: Option<&Groups>) -> BTreeSet<Group> {
    named.map_or_else(|| purpose.rule().groups.iter().copied().collect(), |named| named.set().clone())
}

/// What may be asked at all: what the law or a task imposes is explained instead.
fn askable(purpose: Purpose, groups: &BTreeSet<Group>, at: &At<'_>, found: &mut Vec<FieldError>) {
    if !purpose.is_asked() {
        found.push(at.key("purpose").refuse(Refusal::NotForPurpose));
        return;
    }
    let place = at.key("groups");
    for (index, group) in groups.iter().enumerate() {
        if !purpose.allows(*group) {
            found.push(place.index(index).refuse(Refusal::NotForPurpose));
        }
    }
    // What formal acts demand is a question of its own.
    if groups.contains(&Group::Formalities) && groups.len() > 1 {
        found.push(place.refuse(Refusal::Inconsistent));
    }
}

/// Never more than one question on a page, or the two of a first interview.
fn unbundled(purposes: &[Purpose], list: &At<'_>, found: &mut Vec<FieldError>) {
    if let [first, second] = purposes {
        let place = list.index(1);
        if first == second {
            found.push(place.key("purpose").refuse(Refusal::Repeated));
        } else if [first, second].iter().any(|it| !matches!(it, Purpose::P1 | Purpose::P2)) {
            found.push(place.key("purpose").refuse(Refusal::Inconsistent));
        }
    }
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentAnswer)]
pub struct Answer {
    /// For what she was asked.
    pub purpose: Purpose,
    /// What she said.
    pub answer: Answered,
    /// Which groups of fields. If absent: all that the purpose takes before acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub groups: Option<Groups>,
    /// Until when, if earlier than the purpose says.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub not_after: Option<DateTime<Utc>>,
}

impl Answer {
    /// The groups that were asked about.
    pub(in crate::consents) fn groups(&self) -> BTreeSet<Group> {
        named_or_usual(self.purpose, self.groups.as_ref())
    }
}

impl Check for Answer {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        askable(self.purpose, &self.groups(), at, found);
    }
}

/// One act of asking: one recipient, one question, or the two of a first interview (preview and referral).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentAnswers)]
pub struct Answers {
    /// Who would receive.
    pub recipient: OrganisationId,
    /// What the recipient is called, as she was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recipient_label: Option<Text<200>>,
    /// One answer for each question.
    #[schema(value_type = Vec<Answer>, min_items = 1, max_items = 2)]
    pub answers: List<Answer, 1, 2>,
    /// How they were given.
    pub expressed: Expression,
}

impl Check for Answers {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let list = at.key("answers");
        self.answers.check(&list, found);
        self.expressed.check(&at.key("expressed"), found);
        let purposes: Vec<Purpose> = self.answers.iter().map(|answer| answer.purpose).collect();
        unbundled(&purposes, &list, found);
    }
}

/// One question that is put now and answered later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentQuestion)]
pub struct Question {
    /// For what she is asked.
    pub purpose: Purpose,
    /// Which groups of fields. If absent: all that the purpose takes before acceptance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub groups: Option<Groups>,
}

impl Question {
    /// The groups that are asked about.
    pub(in crate::consents) fn groups(&self) -> BTreeSet<Group> {
        named_or_usual(self.purpose, self.groups.as_ref())
    }
}

impl Check for Question {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        askable(self.purpose, &self.groups(), at, found);
    }
}

/// One act of asking whose answer comes later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentQuestions)]
pub struct Questions {
    /// Who would receive.
    pub recipient: OrganisationId,
    /// What the recipient is called, as she was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recipient_label: Option<Text<200>>,
    /// One question, or the two of a first interview.
    #[schema(value_type = Vec<Question>, min_items = 1, max_items = 2)]
    pub questions: List<Question, 1, 2>,
    /// The notice that she was given.
    pub notice: Notice,
}

impl Check for Questions {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let list = at.key("questions");
        self.questions.check(&list, found);
        let purposes: Vec<Purpose> = self.questions.iter().map(|question| question.purpose).collect();
        unbundled(&purposes, &list, found);
    }
}

/// The answer to a question that was put earlier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentLateAnswer)]
pub struct LateAnswer {
    /// What she said.
    pub answer: Answered,
    /// Until when, if earlier than the purpose says.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub not_after: Option<DateTime<Utc>>,
    /// How it was given.
    pub expressed: Expression,
}

impl Check for LateAnswer {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.expressed.check(&at.key("expressed"), found);
    }
}

/// A question that is put off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentDeferral)]
pub struct Deferral {
    /// When to ask again, if she said so.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub ask_again_at: Option<DateTime<Utc>>,
}

impl Check for Deferral {}

/// That a record never held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentInvalidation)]
pub struct Invalidation {
    /// Why.
    pub reason: InvalidReason,
}

impl Check for Invalidation {}

/// A new yes to a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentRenewal)]
pub struct Renewal {
    /// Until when, if earlier than the purpose says.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub not_after: Option<DateTime<Utc>>,
    /// How it was given.
    pub expressed: Expression,
}

impl Check for Renewal {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.expressed.check(&at.key("expressed"), found);
    }
}

/// How a consent is taken back. It is as easy as giving: nothing more is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentWithdrawal)]
pub struct Withdrawal {
    /// Who takes it back.
    pub by: WithdrawnBy,
    /// Where it was said.
    pub channel: Channel,
}

impl Check for Withdrawal {}
