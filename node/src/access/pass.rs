//! How somebody got in, and how far that carries.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use staffetta_protocol::problem::{Code, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Scopes;
use crate::error::Result;

/// How far a session has come. Only a full one may do anything; the others may take the next step of the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SessionStanding)]
pub enum Standing {
    /// The password was right; the code is still missing.
    SecondFactor,
    /// The password was a temporary one: a new one must be set.
    NewPassword,
    /// The account has no second factor yet, and needs one.
    Enrolment,
    /// She is in.
    Full,
}

impl Standing {
    const ALL: [Self; 4] = [Self::SecondFactor, Self::NewPassword, Self::Enrolment, Self::Full];

    /// What comes next for an account, `is_proven` being whether its second factor was shown.
    pub const fn next(is_temporary: bool, has_factor: bool, is_proven: bool, factor_required: bool) -> Self {
        if has_factor && !is_proven {
            Self::SecondFactor
        } else if is_temporary {
            Self::NewPassword
        } else if !has_factor && factor_required {
            Self::Enrolment
        } else {
            Self::Full
        }
    }

    /// As it stands in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SecondFactor => "second_factor",
            Self::NewPassword => "new_password",
            Self::Enrolment => "enrolment",
            Self::Full => "full",
        }
    }

    /// What is missing, for whoever asks for more.
    pub(super) const fn missing(self) -> &'static str {
        match self {
            Self::SecondFactor => "Manca il codice del secondo fattore. The code of the second factor is missing.",
            Self::NewPassword => "Serve prima una nuova password. A new password is needed first.",
            Self::Enrolment => "Serve prima un secondo fattore. A second factor is needed first.",
            Self::Full => "",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Standing {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|standing| standing.as_str() == text).ok_or(())
    }
}

/// What was shown at the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A session's cookie.
    Session(Uuid),
    /// A long-lived token of a member of staff.
    Token(Uuid),
    /// A short-lived token of an integration.
    AccessToken(Uuid),
}

/// How somebody got in: beside [`Staff`](super::Staff), which says who she is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// What she showed.
    pub by: By,
    /// How far it carries.
    pub standing: Standing,
    /// What it is narrowed to; `None` is all that her role may do.
    pub scopes: Option<Scopes>,
}

impl Pass {
    /// The session, if that is what she came with.
    pub fn session(&self) -> Option<Uuid> {
        match self.by {
            By::Session(id) => Some(id),
            By::Token(_) | By::AccessToken(_) => None,
        }
    }

    /// That nothing is missing any more, for an act of the door that is none of its steps.
    ///
    /// # Errors
    /// `not_entitled`, with what is missing.
    pub fn wholly_in(&self) -> Result<()> {
        match self.standing {
            Standing::Full => Ok(()),
            half => Err(Problem::new(Code::NotEntitled).detail(half.missing()).into()),
        }
    }

    /// Whether scopes and standing permit an act; the role is another question.
    pub fn may(&self, act: &str) -> bool {
        self.holds(act) && (self.standing == Standing::Full || super::acts::OF_THE_DOOR.contains(&act))
    }

    /// Whether the scopes permit an act.
    pub fn holds(&self, act: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| scopes.holds(act))
    }
}
