//! What a member of staff is here for, and the name of her account.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Check, Refusal};
use staffetta_protocol::message::ActorRole;
use utoipa::ToSchema;

/// In which capacity somebody works at this node. One for each account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccessRole {
    /// Accompanies or takes in people.
    Operator,
    /// Answers for operators.
    Supervisor,
    /// Works for one company that this node hosts.
    CompanyUser,
    /// The data protection officer.
    Dpo,
    /// Runs the node; sees nobody's data.
    Admin,
    /// Sees aggregates only.
    Evaluator,
}

impl AccessRole {
    /// Every role.
    pub const ALL: &[Self] =
        &[Self::Operator, Self::Supervisor, Self::CompanyUser, Self::Dpo, Self::Admin, Self::Evaluator];

    /// As it stands in the database and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Supervisor => "supervisor",
            Self::CompanyUser => "company_user",
            Self::Dpo => "dpo",
            Self::Admin => "admin",
            Self::Evaluator => "evaluator",
        }
    }
}

impl fmt::Display for AccessRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a role: one of operator, supervisor, company_user, dpo, admin, evaluator")]
pub struct UnknownRole;

impl FromStr for AccessRole {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL.iter().copied().find(|role| role.as_str() == text).ok_or(UnknownRole)
    }
}

impl From<AccessRole> for ActorRole {
    fn from(role: AccessRole) -> Self {
        match role {
            AccessRole::Operator => Self::Operator,
            AccessRole::Supervisor => Self::Supervisor,
            AccessRole::CompanyUser => Self::CompanyUser,
            AccessRole::Dpo => Self::Dpo,
            AccessRole::Admin => Self::Admin,
            AccessRole::Evaluator => Self::Evaluator,
        }
    }
}

impl Check for AccessRole {}

/// The name of an account: 1 to 64 lower-case letters, digits, dots, hyphens or underscores, a letter or digit first.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(try_from = "String", into = "String")]
#[schema(value_type = String, pattern = "^[a-z0-9][a-z0-9._-]{0,63}$", max_length = 64, example = "a.bianchi")]
pub struct Username(String);

impl Username {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Username {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        match text.as_bytes() {
            [] => Err(Refusal::Blank),
            bytes if bytes.len() > 64 => Err(Refusal::TooLong),
            [first, rest @ ..] if plain(*first) && rest.iter().all(|b| plain(*b) || b"._-".contains(b)) => {
                Ok(Self(text.to_owned()))
            }
            _ => Err(Refusal::WrongShape),
        }
    }
}

impl TryFrom<String> for Username {
    type Error = Refusal;

    fn try_from(text: String) -> Result<Self, Refusal> {
        text.parse()
    }
}

impl From<Username> for String {
    fn from(username: Username) -> Self {
        username.0
    }
}

impl fmt::Debug for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Username")
    }
}

impl Check for Username {}
