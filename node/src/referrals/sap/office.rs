//! What the office records of a person that it took on. Its own, not the sender's: of these facts the sender is told
//! that a declaration was recorded, an agreement signed, a pathway begun, and nothing more.

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::codes::{DidState, GolPath};
use staffetta_protocol::card::{At, Check, Day, Refusal, Text};
use staffetta_protocol::problem::FieldError;
use utoipa::ToSchema;

/// The declaration of immediate availability, as the office recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DidRecord {
    /// Its state.
    pub state: DidState,
    /// Since when.
    pub date: Day,
}

impl Check for DidRecord {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if matches!(self.state, DidState::None | DidState::NotAsked | DidState::Unknown) {
            found.push(at.key("state").refuse(Refusal::Inconsistent));
        }
    }
}

impl DidRecord {
    /// Whether it says that a declaration is there: what the sender should know.
    pub fn is_made(&self) -> bool {
        matches!(self.state, DidState::Submitted | DidState::Active)
    }
}

/// The service agreement, as the office recorded it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PattoRecord {
    /// Signed on.
    pub date: Day,
    /// The path of GOL that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub gol_path: Option<GolPath>,
}

impl Check for PattoRecord {}

/// The office's protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProtocolRecord {
    /// Its number, as the office writes it.
    pub number: Text<60>,
    /// Of which day.
    pub date: Day,
}

impl Check for ProtocolRecord {}

/// The three, as far as they are recorded.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Office {
    /// Declaration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub did: Option<DidRecord>,
    /// Agreement.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patto: Option<PattoRecord>,
    /// Protocol.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub protocol: Option<ProtocolRecord>,
}
