//! What a person was asked and what she answered: the record of a consent, its states, and what may follow.

use std::borrow::Cow;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::dates::instant;
use staffetta_protocol::card::{At, Check, LanguageCode, List, Prose, Refusal, Text};
use staffetta_protocol::consent::{Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::people::PersonId;
use crate::vault::Subject;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $code:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $variant_doc])+ #[serde(rename = $code)] $variant,)+ }

        impl $name {
            /// Every entry, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands in the database and in answers.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The entry with this code, if the list has it.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }

        // Derived, it would name the variants: the derive does not see a code that a macro hands on.
        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let codes = Self::ALL.iter().map(|entry| entry.code());
                let words = [$($doc),+].map(str::trim).join(" ");
                let object = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(codes));
                object.description(Some(words)).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                concat!("Consent", stringify!($name)).into()
            }
        }
    )+};
}

codes! {
    /// Where a consent stands (DPV states; only *given* and *renewed* permit anything).
    State {
        /// Asked, not answered yet.
        Requested = "requested",
        /// The person said yes.
        Given = "given",
        /// The person said no.
        Refused = "refused",
        /// The person said yes again, under the next number.
        Renewed = "renewed",
        /// The person took it back.
        Withdrawn = "withdrawn",
        /// Its time has run out: nothing new leaves, what left stays lawful.
        Expired = "expired",
    }

    /// Who expressed the answer.
    ExpressedBy {
        /// The person.
        Person = "person",
        /// Her guardian.
        Guardian = "guardian",
    }

    /// By what the answer can be shown. Without one of these it cannot be saved.
    IndicationMethod {
        /// Signed on paper.
        Signature = "signature",
        /// A mark on paper.
        Mark = "mark",
        /// A PIN that the person typed.
        Pin = "pin",
        /// Spoken, with a second adult who is no relative and does not share her room; a mediator by phone counts.
        SpokenWithSecondAdult = "spoken_with_second_adult",
    }

    /// Who took the consent back.
    WithdrawnBy {
        /// The person.
        Person = "person",
        /// Her guardian.
        Guardian = "guardian",
        /// Staff, where the record should not stand: entered for somebody else, say.
        Operator = "operator",
    }

    /// Where it was said.
    Channel {
        /// At a desk of this node.
        InPerson = "in_person",
        /// By telephone.
        Phone = "phone",
        /// In writing.
        Letter = "letter",
        /// By the person herself on her page.
        Online = "online",
        /// At the recipient, whose node passed it on.
        Recipient = "recipient",
    }

    /// Yes or no.
    Answered {
        /// The person agrees.
        Yes = "yes",
        /// She does not. That is kept too: asking again and again is not asking.
        No = "no",
    }

    /// What may happen to a record.
    Event {
        /// A yes to what was asked.
        Give = "give",
        /// A no to what was asked.
        Refuse = "refuse",
        /// A new yes under the next number.
        Renew = "renew",
        /// It is taken back.
        Withdraw = "withdraw",
    }
}

impl State {
    /// What may happen in this state.
    pub const fn allowed(self) -> &'static [Event] {
        match self {
            Self::Requested => &[Event::Give, Event::Refuse],
            Self::Given | Self::Renewed | Self::Expired => &[Event::Renew, Event::Withdraw],
            Self::Refused | Self::Withdrawn => &[],
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// `illegal_transition` with what would be legal.
    pub fn after(self, event: Event) -> Result<Self, Problem> {
        if !self.allowed().contains(&event) {
            return Err(Problem::illegal(self.allowed().iter().map(|event| event.code().to_owned()).collect()));
        }
        Ok(match event {
            Event::Give => Self::Given,
            Event::Refuse => Self::Refused,
            Event::Renew => Self::Renewed,
            Event::Withdraw => Self::Withdrawn,
        })
    }
}

/// The notice that was shown or read to the person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// Which notice.
    pub notice_id: Text<64>,
    /// Which version of it.
    pub version: Text<32>,
    /// In which language, ISO 639-3.
    pub language: LanguageCode,
    /// Digest of the text as it was shown.
    pub hash: Digest,
}

/// How the person expressed herself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expression {
    /// Who spoke.
    pub by: ExpressedBy,
    /// By what it can be shown.
    pub indication_method: IndicationMethod,
    /// The notice that came first.
    pub notice: Notice,
    /// Whether the notice was read aloud.
    #[serde(default)]
    pub read_aloud: bool,
    /// The mediator, where she is known to this node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mediator: Option<Uuid>,
    /// Who mediated, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mediator_label: Option<Text<120>>,
    /// The second adult of a spoken answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub second_adult: Option<Text<120>>,
    /// What else is to be remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Prose<1000>>,
}

impl Check for Expression {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let another = self.second_adult.is_some() || self.mediator.is_some() || self.mediator_label.is_some();
        if self.indication_method == IndicationMethod::SpokenWithSecondAdult && !another {
            found.push(at.key("second_adult").refuse(Refusal::Required));
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
    pub(super) fn groups(&self) -> BTreeSet<Group> {
        match &self.groups {
            Some(named) => named.set().clone(),
            None => self.purpose.rule().groups.iter().copied().collect(),
        }
    }
}

impl Check for Answer {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if !self.purpose.rule().consent || self.purpose.groups().is_empty() {
            found.push(at.key("purpose").refuse(Refusal::NotForPurpose));
            return;
        }
        let groups = self.groups();
        let place = at.key("groups");
        for (index, group) in groups.iter().enumerate() {
            if !self.purpose.allows(*group) {
                found.push(place.index(index).refuse(Refusal::NotForPurpose));
            }
        }
        // What formal acts demand is a question of its own.
        if groups.contains(&Group::Formalities) && groups.len() > 1 {
            found.push(place.refuse(Refusal::Inconsistent));
        }
    }
}

/// One act of asking: one recipient, one question, or the two of a first interview (preview and referral).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConsentAnswers)]
pub struct Answers {
    /// Who would receive.
    pub recipient: OrganisationId,
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
        if let [first, second] = &self.answers[..] {
            let place = list.index(1);
            if first.purpose == second.purpose {
                found.push(place.key("purpose").refuse(Refusal::Repeated));
            } else if [first, second].iter().any(|it| !matches!(it.purpose, Purpose::P1 | Purpose::P2)) {
                found.push(place.key("purpose").refuse(Refusal::Inconsistent));
            }
        }
    }
}

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

/// When an answer given now stops to hold: what was asked for, within what the purpose allows.
///
/// # Errors
/// `invalid_input`: not in the future, later than the purpose allows, or needed and absent.
pub(super) fn ends_at(
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
    /// To whom.
    pub recipient: OrganisationId,
    /// Which groups of fields.
    pub groups: BTreeSet<Group>,
    /// The last thing that happened to it. Time is not in it: ask [`Consent::stands`].
    pub state: State,
    /// When it was answered.
    pub answered_at: DateTime<Utc>,
    /// Until when a yes holds.
    pub not_after: Option<DateTime<Utc>>,
    /// Spent by one use.
    pub single_use: bool,
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
        match (self.state, self.not_after) {
            (State::Given | State::Renewed, Some(end)) if end <= now => State::Expired,
            (state, _) => state,
        }
    }
}
