//! What goes wrong, by name: problem codes of answers (RFC 9457) and codes of refused items in a receipt.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

mod code;
mod item;

pub use code::Code;
pub use item::ItemCode;

/// One wrong field of an input.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// JSON pointer (RFC 6901) to the field.
    pub field: String,
    /// Stable code: `required`, `too_long`, `not_a_code`, …
    pub code: String,
    /// One sentence in Italian.
    pub detail_it: String,
    /// One sentence in English.
    pub detail_en: String,
}

/// A refusal or failure that the caller may see. Rendered as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What, by name.
    pub code: Code,
    /// What exactly, in English, if there is more to say. Never personal data, never a cause inside.
    pub detail: Option<String>,
    /// The same in Italian.
    pub detail_it: Option<String>,
    /// One entry for each wrong field.
    pub errors: Vec<FieldError>,
    /// With `illegal_transition`: the events that the state permits.
    pub allowed: Vec<String>,
    /// With `out_of_sequence`: the epoch that the receiver is in, and the number that it expects.
    pub expected: Option<(u32, u64)>,
    /// With `merged`: the record that holds everything now.
    pub merged_into: Option<Uuid>,
    /// With 408, 409, 429 and 503: seconds.
    pub retry_after: Option<u32>,
    /// With `version_conflict`: both sides of it.
    pub conflict: Option<Box<Conflict>>,
    /// With `already_done`: the path where the outcome can be seen.
    pub see: Option<String>,
}

/// Two edits of one thing. It may hold personal data: it goes to the caller who may see them, and `Debug` shows none.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Conflict {
    /// The `ETag` of what is there now.
    pub current: Option<String>,
    /// What is there now, as reading it would show it.
    pub theirs: Option<serde_json::Value>,
    /// What the caller sent.
    pub yours: Option<serde_json::Value>,
}

impl fmt::Debug for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict").field("current", &self.current).finish_non_exhaustive()
    }
}

/// In which language a sentence is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Italian.
    It,
    /// English.
    En,
}

impl Problem {
    /// The bare code.
    pub fn new(code: Code) -> Self {
        Self {
            code,
            detail: None,
            detail_it: None,
            errors: Vec::new(),
            allowed: Vec::new(),
            expected: None,
            merged_into: None,
            retry_after: None,
            conflict: None,
            see: None,
        }
    }

    /// With one sentence more, in English: for other nodes.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// With one sentence more, in Italian and in English: for the desk.
    pub fn says(mut self, it: impl Into<String>, en: impl Into<String>) -> Self {
        self.detail_it = Some(it.into());
        self.detail(en)
    }

    /// `invalid_input` with its fields.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self { errors, ..Self::new(Code::InvalidInput) }
    }

    /// `illegal_transition` with what would be legal.
    pub fn illegal(allowed: Vec<String>) -> Self {
        Self { allowed, ..Self::new(Code::IllegalTransition) }
    }

    /// `merged`, with where to go on.
    pub fn merged(into: Uuid) -> Self {
        Self { merged_into: Some(into), ..Self::new(Code::Merged) }
    }

    /// `version_conflict` with the version that is there now, as its `ETag` gives it.
    pub fn changed(current: impl Into<i64>) -> Self {
        let current = Some(format!("\"{}\"", current.into()));
        Self {
            conflict: Some(Box::new(Conflict { current, ..Conflict::default() })),
            ..Self::new(Code::VersionConflict)
        }
    }

    /// With what is there now, as reading it would show it: of a `version_conflict` alone.
    pub fn theirs(mut self, now: serde_json::Value) -> Self {
        self.conflict.get_or_insert_default().theirs = Some(now);
        self
    }

    /// With what the caller sent: of a `version_conflict` alone.
    pub fn yours(mut self, sent: serde_json::Value) -> Self {
        self.conflict.get_or_insert_default().yours = Some(sent);
        self
    }

    /// The document for the wire.
    pub fn document(&self) -> ProblemDocument {
        let conflict = self.conflict.as_deref().filter(|_| self.code == Code::VersionConflict);
        ProblemDocument {
            kind: "about:blank".into(),
            title: self.code.title_en().into(),
            title_it: Some(self.code.title_it().into()),
            status: self.code.status(),
            code: self.code.as_str().into(),
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            allowed: (self.code == Code::IllegalTransition).then(|| self.allowed.clone()),
            epoch: self.expected.map(|(epoch, _)| epoch),
            expected: self.expected.map(|(_, seq)| seq),
            merged_into: self.merged_into,
            current: conflict.and_then(|conflict| conflict.current.clone()),
            theirs: conflict.and_then(|conflict| conflict.theirs.clone()),
            yours: conflict.and_then(|conflict| conflict.yours.clone()),
            see: self.see.clone(),
        }
    }

    /// The document for people: its `detail` is in the language that they asked for, and there always is one.
    pub fn document_in(&self, language: Language) -> ProblemDocument {
        let detail = match language {
            Language::It => self.detail_it.as_ref().or(self.detail.as_ref()).map(String::as_str),
            Language::En => self.detail.as_deref(),
        };
        let title = match language {
            Language::It => self.code.title_it(),
            Language::En => self.code.title_en(),
        };
        ProblemDocument { detail: Some(detail.unwrap_or(title).to_owned()), ..self.document() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.detail {
            Some(detail) => write!(f, "{}: {detail}", self.code),
            None => self.code.fmt(f),
        }
    }
}

impl std::error::Error for Problem {}

impl From<Code> for Problem {
    fn from(code: Code) -> Self {
        Self::new(code)
    }
}

/// `application/problem+json` (RFC 9457) as Staffetta nodes write it. Members not listed are to be ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ProblemDocument {
    /// Always `about:blank`: `code` is the name of the problem.
    #[serde(rename = "type", default = "about_blank")]
    pub kind: String,
    /// One sentence in English.
    pub title: String,
    /// The same in Italian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub title_it: Option<String>,
    /// The HTTP status.
    pub status: u16,
    /// The stable code.
    pub code: String,
    /// More, if there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub detail: Option<String>,
    /// One entry for each wrong field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `illegal_transition`: the events that the state permits, perhaps none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub allowed: Option<Vec<String>>,
    /// With `out_of_sequence`: the receiver's epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub epoch: Option<u32>,
    /// With `out_of_sequence`: the number that the receiver expects next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expected: Option<u64>,
    /// With `merged`: the id of the record that holds everything now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub merged_into: Option<Uuid>,
    /// At the desk, with `version_conflict`: the `ETag` of what is there now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 64)]
    pub current: Option<String>,
    /// At the desk, with `version_conflict`: what is there now, as reading it would show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub theirs: Option<serde_json::Value>,
    /// At the desk, with `version_conflict`: what was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Object>)]
    pub yours: Option<serde_json::Value>,
    /// At the desk, with `already_done`: the path where the outcome can be seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 2048)]
    pub see: Option<String>,
}

fn about_blank() -> String {
    "about:blank".into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_snake_case_and_have_an_error_status() {
        let mut seen = std::collections::HashSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{code} stands twice");
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!((400..=599).contains(&code.status()));
        }
    }

    #[test]
    fn every_code_speaks_both_languages_in_whole_sentences() {
        for code in Code::ALL {
            for sentence in [code.title_it(), code.title_en()] {
                assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{code}: {sentence}");
            }
            assert_ne!(code.title_it(), code.title_en(), "{code}");
            for (language, title) in [(Language::It, code.title_it()), (Language::En, code.title_en())] {
                assert_eq!(Problem::new(*code).document_in(language).detail.as_deref(), Some(title), "{code}");
            }
        }
        let more = Problem::new(Code::Conflict).says("Di più.", "More.");
        assert_eq!(more.document_in(Language::It).detail.as_deref(), Some("Di più."));
        assert_eq!(more.document_in(Language::En).detail, more.document().detail);
    }

    #[test]
    fn both_sides_of_a_conflict_are_told_and_never_printed() {
        let problem = Problem::changed(4)
            .theirs(serde_json::json!({"label": "Amina"}))
            .yours(serde_json::json!({"label": "Awa"}));
        let document = problem.document();
        assert_eq!(document.current.as_deref(), Some("\"4\""));
        assert_eq!(
            (&document.theirs.unwrap()["label"], &document.yours.unwrap()["label"]),
            (&"Amina".into(), &"Awa".into())
        );
        let printed = format!("{problem} {problem:?}");
        assert!(!printed.contains("Amina") && !printed.contains("Awa"), "{printed}");
    }
}
