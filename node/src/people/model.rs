//! A person, and a page of people.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Text;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::vault::Subject;

/// How staff call a person in lists.
pub type Label = Text<120>;

/// The id of a person at this node. Random: an id that tells when she was entered would tell about her.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct PersonId(pub Uuid);

impl PersonId {
    pub(super) fn fresh() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// A person as the rooms know her: no word about who she is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Her id.
    pub id: PersonId,
    /// Whose key seals what is written about her from now on. Who asks what is there takes all of
    /// [`subjects`](super::subjects): after a merge they are several.
    pub subject: Subject,
    /// When she was taken up.
    pub created_at: DateTime<Utc>,
    /// By whom of the staff.
    pub created_by: Option<Uuid>,
    /// When the row last changed.
    pub updated_at: DateTime<Utc>,
}

impl Person {
    /// The version of her row: it grows with every change.
    pub fn version(&self) -> i64 {
        self.updated_at.timestamp_micros()
    }
}

/// A person as a list shows her.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Who.
    pub person: Person,
    /// What staff call her.
    pub label: Label,
    /// Her data are kept, and nothing else is done with them (GDPR 18).
    pub restricted: bool,
}

/// Where a page ended: the next one begins behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub(super) created_at: DateTime<Utc>,
    pub(super) id: PersonId,
}

/// A page of people.
#[derive(Debug, Clone)]
pub struct Page {
    /// Who is on it.
    pub items: Vec<Listed>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl Page {
    /// People on a page, at most.
    pub const LARGEST: u32 = 200;
    /// People on a page, unless said otherwise.
    pub const USUAL: u32 = 50;
}
