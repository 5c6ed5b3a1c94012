//! What entries of lists bring along, as it is answered and as the document has it.

use chrono::{DateTime, Utc};
use serde::Serialize;
use staffetta_protocol::card::Text;
use utoipa::ToSchema;
use uuid::Uuid;

/// Where it stands in an entry.
pub(super) const EMBEDDED: &str = "embedded";

/// Whose an entry is: by what the rest is looked up.
#[derive(Debug, Clone, Default)]
pub struct Whose {
    /// The person, or her case.
    pub person: Option<Uuid>,
    /// The account that leads.
    pub lead: Option<Uuid>,
    /// What was said last.
    pub last_event: Option<EmbeddedEvent>,
}

impl Whose {
    /// Of this person.
    pub fn of(person: impl Into<Uuid>) -> Self {
        Self { person: Some(person.into()), ..Self::default() }
    }
}

/// What an entry brings along, where it was asked for with `embed`.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Embedded {
    /// The person; absent where her case is none of the caller's, and once she was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub person: Option<EmbeddedPerson>,
    /// Who leads the case; absent where nobody does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub lead: Option<EmbeddedColleague>,
    /// What was said last; absent where nothing was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub last_event: Option<EmbeddedEvent>,
}

/// A person in a list of something else.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmbeddedPerson {
    /// How staff call her.
    #[schema(value_type = String, min_length = 1, max_length = 120)]
    pub label: Text<120>,
    /// Her data are kept and nothing else may be done with them (GDPR 18).
    pub restricted: bool,
}

/// A member of the staff in a list of something else.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EmbeddedColleague {
    /// As colleagues know her.
    #[schema(max_length = 120)]
    pub label: String,
}

/// A message of a thread, without what it says.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct EmbeddedEvent {
    /// Which.
    #[schema(max_length = 40)]
    pub event: &'static str,
    /// Whether this node said it.
    pub own: bool,
    /// When its sender signed it.
    pub at: DateTime<Utc>,
}
