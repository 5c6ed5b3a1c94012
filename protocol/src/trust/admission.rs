//! Joining a network, and staying in it: the calls of the authority's API that are no part of OpenID Federation.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::role::Roles;
use crate::id::EntityId;

/// Largest body of these calls, in bytes: a configuration or two, and a few lines.
pub const MAX_APPLICATION_SIZE: usize = 160 * 1024;

/// A request to be admitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The applicant.
    pub entity_id: EntityId,
    /// The code of the invitation. It is used up by this request.
    #[schema(max_length = 100)]
    pub invitation: String,
    /// The applicant's entity configuration, compact JWS, signed with a federation key of its own. It names the
    /// authority in `authority_hints`.
    #[schema(max_length = 65536)]
    pub entity_configuration: String,
    /// The organisation that runs the node, as the agreement names it.
    #[schema(min_length = 1, max_length = 200)]
    pub organisation_name: String,
    /// Code in the index of public bodies (IPA). This or `vat_number` is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 20)]
    pub ipa_code: Option<String>,
    /// VAT number, eleven digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^[0-9]{11}$")]
    pub vat_number: Option<String>,
    /// Address of an office, not of a person.
    #[schema(max_length = 254)]
    pub email: String,
    /// Whether the organisation is a public body.
    #[serde(default)]
    pub public_body: bool,
    /// What it wants to be; no more than the invitation permits.
    #[schema(value_type = Vec<super::Role>)]
    pub roles: Roles,
}

/// Where an organisation stands with the authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It has applied; a person decides.
    Pending,
    /// It is a member.
    Active,
    /// It is a member without a mark that counts.
    Suspended,
    /// It was put out.
    Expelled,
}

impl Standing {
    /// The standing as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Expelled => "expelled",
        }
    }
}

/// The authority's answer about one applicant or member. Public: it says no more than the trust mark does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Admission {
    /// The member.
    pub entity_id: EntityId,
    /// Names it below `network/members`.
    pub slug: String,
    /// How it stands.
    pub state: Standing,
    /// The mark to put into the entity configuration; absent while there is none that counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub trust_mark: Option<String>,
}

/// A member's new federation keys: one configuration, signed twice. Or the news that a key was stolen: a key in it has
/// `revoked`, and the authority limits the member for as long as a partner may go on believing that key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyChange {
    /// Entity configuration with the new `jwks`, signed with a key that the authority's statement names.
    #[schema(max_length = 65536)]
    pub signed_by_present: String,
    /// The same `jwks` at the same `iat`, signed with the one key that is new in it: proof that the member holds it.
    /// Absent where no key is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 65536)]
    pub signed_by_new: Option<String>,
}
