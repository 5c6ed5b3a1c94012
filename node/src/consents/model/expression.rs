//! How a person expressed herself, and by what that can be shown.

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{At, Check, LanguageCode, Prose, Refusal, Text};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::FieldError;
use utoipa::ToSchema;
use uuid::Uuid;

use super::codes::{ExpressedBy, IndicationMethod};
use crate::people::guardians::Spoke;

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
    /// Declared by whoever enters the answer: the second adult is no relative and does not share her room. Needed where
    /// there is no mediator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub second_adult_independent: Option<bool>,
    /// The guardian, where one spoke: needed then, by the id under which this node has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub guardian: Option<Uuid>,
    /// By what the assent of the minor can be shown, for whom her guardian said yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub assent: Option<IndicationMethod>,
    /// What else is to be remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Prose<1000>>,
}

impl Expression {
    /// Whether a mediator was there, in person or by telephone.
    pub fn mediated(&self) -> bool {
        self.mediator.is_some() || self.mediator_label.is_some()
    }

    /// Who spoke, to be judged.
    pub fn spoke(&self) -> Spoke {
        match self.by {
            ExpressedBy::Person => Spoke::Person,
            ExpressedBy::Guardian => Spoke::Guardian(self.guardian),
        }
    }
}

impl Check for Expression {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let spoken = self.indication_method == IndicationMethod::SpokenWithSecondAdult;
        if spoken && !self.mediated() {
            let independent = at.key("second_adult_independent");
            match (&self.second_adult, self.second_adult_independent) {
                (None, _) => found.push(at.key("second_adult").refuse(Refusal::Required)),
                (Some(_), Some(true)) => {}
                (Some(_), Some(false)) => found.push(independent.refuse(Refusal::Inconsistent)),
                (Some(_), None) => found.push(independent.refuse(Refusal::Required)),
            }
        }
        if self.by == ExpressedBy::Person {
            for (name, given) in [("guardian", self.guardian.is_some()), ("assent", self.assent.is_some())] {
                if given {
                    found.push(at.key(name).refuse(Refusal::Inconsistent));
                }
            }
        }
    }
}
