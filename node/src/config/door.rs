//! The settings of the door: how the staff gets in. Each comment stands in the example file as it stands here.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How the staff signs in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct DoorConfig {
    /// Whether every account with a password needs a second factor (TOTP). Without it only those that chose to have one.
    pub totp_required: bool,
    /// Minutes without a request after which a session ends.
    pub session_idle_minutes: u32,
    /// Hours after which a session ends, used or not.
    pub session_hours: u32,
    /// Days for which a temporary password can be used.
    pub temporary_password_days: u32,
    /// Wrong passwords for one account in an hour, from devices that never signed in to it. After that only its own
    /// devices are let in until the hour is over.
    pub strangers_per_hour: u32,
    /// Passwords that are hashed at once; each takes 19 MiB.
    pub hashes_at_once: u32,
}

impl Default for DoorConfig {
    fn default() -> Self {
        Self {
            totp_required: true,
            session_idle_minutes: 30,
            session_hours: 12,
            temporary_password_days: 7,
            strangers_per_hour: 30,
            hashes_at_once: 2,
        }
    }
}

/// The OpenID provider that vouches for the staff, if there is one: the organisation's own, or one for SPID and CIE.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct OidcConfig {
    /// The provider's name, an https URL, exactly as its tokens have it in iss. With issuer and client_id log-in by
    /// OpenID Connect is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "https://login.comune.example/realms/staff")]
    pub issuer: Option<String>,
    /// The name under which the provider knows this node.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "staffetta")]
    pub client_id: Option<String>,
    /// File with the secret that goes with it, readable by the node's user only (mode 0600). Without it the node is a
    /// public client with PKCE.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "/etc/staffetta/oidc.secret")]
    pub client_secret_file: Option<PathBuf>,
    /// Other hosts than the issuer's own at which the provider may have its endpoints.
    pub hosts: Vec<String>,
    /// Allows a provider at a private or loopback address, such as one of the same house.
    pub allow_private_addresses: bool,
    /// PEM file with certificate authorities to trust for the provider instead of the built-in ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "/etc/staffetta/tls/login-ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// Scopes to ask for.
    pub scopes: Vec<String>,
    /// The claim that names the account, where its value is a username of this node. Without it an administrator links
    /// each account; an administrator's and a data protection officer's are linked that way in any case, since no claim
    /// alone makes anybody one of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "preferred_username")]
    pub username_claim: Option<String>,
    /// The least level of assurance, 1 to 3, as acr says it. From level 2 on the provider's second factor counts, below
    /// it this node asks for its own.
    pub minimum_level: u8,
    /// What acr says at each level, LEVEL=VALUE, for a provider that uses other words than SPID, CIE and eIDAS.
    pub acr_levels: Vec<String>,
}

impl Default for OidcConfig {
    fn default() -> Self {
        Self {
            issuer: None,
            client_id: None,
            client_secret_file: None,
            hosts: Vec::new(),
            allow_private_addresses: false,
            ca_file: None,
            scopes: vec!["openid".into()],
            username_claim: None,
            minimum_level: 2,
            acr_levels: Vec::new(),
        }
    }
}
