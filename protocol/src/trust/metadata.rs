//! What a node says about itself in its entity configuration.

use serde::{Deserialize, Serialize};

use super::role::{self, Roles};
use crate::jose::Jwks;

/// The version of this protocol, as it stands in `protocol_versions`.
pub const PROTOCOL_VERSION: &str = "1";

/// Metadata by entity type.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The organisation, and for the authority its endpoints.
    #[serde(default)]
    pub federation_entity: FederationEntity,
    /// The node's API: where it is, which keys sign there, what it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oauth_resource: Option<OauthResource>,
}

/// `federation_entity` (OpenID Federation 1.0 §5.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FederationEntity {
    /// The organisation, as people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_name: Option<String>,
    /// Its web site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub homepage_uri: Option<String>,
    /// Its privacy policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_uri: Option<String>,
    /// Its logo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_uri: Option<String>,
    /// Addresses of offices, not of people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<String>,
    /// Authority only: gives the statement about a member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_fetch_endpoint: Option<String>,
    /// Authority only: lists the members.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_list_endpoint: Option<String>,
    /// Authority only: says whether a trust mark still counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_trust_mark_status_endpoint: Option<String>,
    /// Authority only: keys that it used before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub federation_historical_keys_endpoint: Option<String>,
}

/// `oauth_resource`: the node as a protected resource (RFC 9728), with what this network adds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OauthResource {
    /// Base of the API, and the audience of calls: `<entity id>/rest/staffetta/v1`.
    pub resource: String,
    /// Protocol keys, each with `x5c` and `x5t#S256`. They sign calls, messages and receipts. A retired one stays
    /// with `exp`, a revoked one with `revoked`.
    pub jwks: Jwks,
    /// What the organisation claims to be; the authority's policy and mark decide.
    #[serde(default, deserialize_with = "role::known")]
    pub roles: Roles,
    /// Versions of the protocol that the node speaks.
    #[serde(default)]
    pub protocol_versions: Vec<String>,
    /// Where its OpenAPI document is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openapi_uri: Option<String>,
    /// What it takes.
    #[serde(default)]
    pub capabilities: Capabilities,
}

/// What a node takes from others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// Message types with their version: `referral.sent.v1`.
    #[serde(default)]
    pub types: Vec<String>,
    /// Whether the node cannot be called and fetches its messages itself.
    #[serde(default)]
    pub mailbox: bool,
}
