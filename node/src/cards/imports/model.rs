//! What was brought, of which kind, and how she said yes to it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::dates::instant;
use staffetta_protocol::card::{At, Check, Refusal, Text};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::FieldError;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cards::europass::{Form, Given};
use crate::people::guardians::Spoke;

/// What kind of file it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The file that she took along from another centre.
    Portability,
    /// A CV.
    Europass(Form),
}

impl Kind {
    const ALL: [Self; 4] = [
        Self::Portability,
        Self::Europass(Form::Candidate),
        Self::Europass(Form::PassportXml),
        Self::Europass(Form::PassportJson),
    ];

    /// In one word, for the journal, the database and the answer.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Portability => "portability",
            Self::Europass(form) => form.code(),
        }
    }

    pub(super) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// Where a file says that it comes from. Nobody has vouched for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ImportOrigin)]
pub struct Origin {
    /// The node.
    pub entity_id: EntityId,
    /// The organisation that runs it.
    #[schema(max_length = 200)]
    pub organisation_name: Text<200>,
    /// When it was written.
    #[serde(with = "instant")]
    pub exported_at: DateTime<Utc>,
}

/// By what her yes to an import can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportIndication {
    /// Signed on paper.
    Signature,
    /// A mark on paper.
    Mark,
    /// A PIN that she typed.
    Pin,
    /// Spoken, with a second adult who is no relative and does not share her room; a mediator by phone counts.
    SpokenWithSecondAdult,
}

/// Who said yes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ImportSaidBy {
    /// The person.
    Person,
    /// Her guardian.
    Guardian,
}

/// Her yes: that what the file says becomes part of her card here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportYes {
    /// Who said it.
    pub by: ImportSaidBy,
    /// What shows it.
    pub indication_method: ImportIndication,
    /// The guardian, where one spoke: needed then, by the id under which this node has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub guardian: Option<Uuid>,
}

impl ImportYes {
    /// Who spoke, to be judged.
    pub(super) const fn spoke(&self) -> Spoke {
        match self.by {
            ImportSaidBy::Person => Spoke::Person,
            ImportSaidBy::Guardian => Spoke::Guardian(self.guardian),
        }
    }
}

impl Check for ImportYes {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.by == ImportSaidBy::Person && self.guardian.is_some() {
            found.push(at.key("guardian").refuse(Refusal::Inconsistent));
        }
    }
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct Brought {
    /// Of which kind.
    pub kind: Kind,
    /// From where, where it says so.
    pub origin: Option<Origin>,
    /// Its digest.
    pub digest: Digest,
    /// What it gives.
    pub given: Given,
}
