//! A person, a page of people, and how two spellings of one name are seen to be one.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{BirthDate, TaxCode, Text};
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;
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
    /// Whose key seals what is kept about her.
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
}

/// By what a person was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedOn {
    /// The tax code.
    TaxCode,
    /// All names, in whatever order, and the year of birth.
    NamesAndYear,
}

/// Somebody who may be the same person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Match {
    /// Who.
    pub person: PersonId,
    /// By what.
    pub on: MatchedOn,
}

/// A value that a person is found by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) on: MatchedOn,
    pub(super) value: String,
}

impl Key {
    pub(super) const fn field(&self) -> &'static str {
        match self.on {
            MatchedOn::TaxCode => "tax_code",
            MatchedOn::NamesAndYear => "names_and_year",
        }
    }
}

/// What somebody is found by. Names without a year of birth would find too many.
pub(super) fn keys(tax_code: Option<&TaxCode>, names: &[&str], birth: Option<&BirthDate>) -> Vec<Key> {
    let by_code = tax_code.map(|code| Key { on: MatchedOn::TaxCode, value: code.as_str().to_owned() });
    let folded = folded(names);
    let by_name = birth
        .filter(|_| !folded.is_empty())
        .map(|birth| Key { on: MatchedOn::NamesAndYear, value: format!("{folded}|{}", birth.value.year()) });
    by_code.into_iter().chain(by_name).collect()
}

/// Names without what clerks spell differently: case, accents, hyphens and apostrophes, and which name comes first.
fn folded(names: &[&str]) -> String {
    let mut words: Vec<String> = names
        .iter()
        .flat_map(|name| name.split(|c: char| c.is_whitespace() || c == '-'))
        .map(|word| {
            let bare = word.nfkd().filter(|c| !is_combining_mark(*c));
            bare.flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
        })
        .filter(|word: &String| !word.is_empty())
        .collect();
    words.sort_unstable();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_in_several_spellings_folds_to_one() {
        let one = folded(&["Awa Fatou", "N'Diaye"]);
        for spelling in [&["awa", "fatou n’diaye"][..], &["NDIAYE", "Awa-Fatou"], &["  Fatou ", "Awa", "N'DIAYÉ"]] {
            assert_eq!(folded(spelling), one, "{spelling:?}");
        }
        assert_ne!(folded(&["Awa", "N'Diaye"]), one);
        assert_eq!(folded(&["محمد", "李"]), "محمد 李", "scripts without case stay as they are");
        assert_eq!(folded(&["--", " ' "]), "");
    }
}
