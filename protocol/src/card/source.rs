//! Section M: where the fields come from, and credentials that others can verify.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ask::{CardField, DisclosedField};
use super::codes::{CredentialFormat, SourceKind, SourceMeans};
use super::dates::Day;
use super::refusal::Check;
use super::text::Text;

/// Where a field comes from, as the node that holds the card knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldSource {
    /// The field.
    pub field: CardField,
    /// From whom or what.
    pub source: SourceKind,
    /// When it was taken down.
    pub on: Day,
    /// By what means.
    #[serde(default)]
    pub means: SourceMeans,
    /// Who took it down, by the id that this node knows. It stays here: staff cross as the message's `actor` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub operator: Option<Uuid>,
}

impl Check for HeldSource {}

/// Where a field comes from, as a recipient sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The field.
    pub field: DisclosedField,
    /// From whom or what.
    pub source: SourceKind,
    /// When it was taken down.
    pub on: Day,
    /// By what means.
    #[serde(default)]
    pub means: SourceMeans,
}

impl Check for Source {}

impl HeldSource {
    /// The part that travels; nothing for a field that does not travel with `g.preview` or `g.skills_full`, since that
    /// the card has such a field is already more than the recipient was told.
    pub(super) fn disclosed(&self) -> Option<Source> {
        let field = DisclosedField::named(self.field.name())?;
        Some(Source { field, source: self.source, on: self.on, means: self.means })
    }
}

/// A credential that the recipient can verify for itself; carried as it was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct VerifiedCredential {
    /// Its format.
    pub format: CredentialFormat,
    /// What it attests, for whoever reads the card.
    pub title: Text<200>,
    /// The credential: compact JSON on one line, or a compact JWS.
    pub document: Text<32768>,
}

impl Check for VerifiedCredential {}
