//! What an organisation is in the network.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

/// Roles of one member.
pub type Roles = BTreeSet<Role>;

/// What an organisation is in the network. The authority grants roles; a member may claim fewer, never more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Runs a reception project; writes cards and refers people.
    ReceptionCentre,
    /// Public employment centre (*centro per l'impiego*).
    Cpi,
    /// Association or other third-sector body.
    Association,
    /// Accredited training body.
    TrainingBody,
    /// Social enterprise or cooperative; hosts and hires.
    SocialEnterprise,
    /// Keeps companies and their openings for others.
    CompanyRegistry,
    /// Municipality.
    Municipality,
    /// The network authority.
    Authority,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 8] = [
        Self::ReceptionCentre,
        Self::Cpi,
        Self::Association,
        Self::TrainingBody,
        Self::SocialEnterprise,
        Self::CompanyRegistry,
        Self::Municipality,
        Self::Authority,
    ];

    /// The role as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReceptionCentre => "reception_centre",
            Self::Cpi => "cpi",
            Self::Association => "association",
            Self::TrainingBody => "training_body",
            Self::SocialEnterprise => "social_enterprise",
            Self::CompanyRegistry => "company_registry",
            Self::Municipality => "municipality",
            Self::Authority => "authority",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not one of the eight roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a role of the network")]
pub struct UnknownRole;

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

/// Reads roles from the wire; a role of a later version grants nothing here, and breaks nothing.
pub(super) fn known<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Roles, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    Ok(texts.iter().filter_map(|text| text.parse().ok()).collect())
}
