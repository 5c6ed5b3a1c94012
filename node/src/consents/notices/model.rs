//! A notice in its versions, and the text whose digest an answer names.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{At, Check, Day, LanguageCode, List, Prose, Refusal, Text};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::FieldError;
use unicode_normalization::UnicodeNormalization as _;
use utoipa::ToSchema;
use uuid::Uuid;

/// Who answers for a text in its language.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticeVerification)]
pub struct Verified {
    /// Who: somebody who knows the language, or the office that had it translated.
    pub by: Text<120>,
    /// On which day.
    pub on: Day,
}

impl Check for Verified {}

/// A recording of a text. The file lies in the node's data folder; its digest says that it is the one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NoticeAudio)]
pub struct Audio {
    /// The file's name below the folder `notices` of the data folder: letters, digits, dots, hyphens, underscores.
    pub file: Text<128>,
    /// Digest of the file.
    pub hash: Digest,
}

impl Check for Audio {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
        let name = self.file.as_str();
        if !name.bytes().all(plain) || name.starts_with('.') {
            found.push(at.key("file").refuse(Refusal::WrongShape));
        }
    }
}

/// A text of a notice to be added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewNoticeText)]
pub struct NewWording {
    /// In which language, ISO 639-3.
    pub language: LanguageCode,
    /// Its heading.
    pub heading: Text<200>,
    /// What the person reads, or is read.
    pub body: Prose<8000>,
    /// Who answers for it. If absent it is a draft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub verified: Option<Verified>,
    /// A recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub audio: Option<Audio>,
}

impl Check for NewWording {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.audio.check(&at.key("audio"), found);
    }
}

/// A version of a notice to be added.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewNotice {
    /// Which notice: its short name, the same for every version.
    pub notice_id: Text<64>,
    /// Which version.
    pub version: Text<32>,
    /// The purposes that it tells of: the first layer has several. Explained ones may be among them.
    #[schema(value_type = Vec<Purpose>, min_items = 1, max_items = 12)]
    pub purposes: List<Purpose, 1, 12>,
    /// Its texts, one in each language.
    #[schema(value_type = Vec<NewWording>, min_items = 1, max_items = 60)]
    pub texts: List<NewWording, 1, 60>,
}

impl Check for NewNotice {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.texts.check(&at.key("texts"), found);
        let (purposes, texts) = (at.key("purposes"), at.key("texts"));
        for (index, purpose) in self.purposes.iter().enumerate() {
            if self.purposes[..index].contains(purpose) {
                found.push(purposes.index(index).refuse(Refusal::Repeated));
            }
        }
        for (index, text) in self.texts.iter().enumerate() {
            if self.texts[..index].iter().any(|earlier| earlier.language == text.language) {
                found.push(texts.index(index).key("language").refuse(Refusal::Repeated));
            }
        }
    }
}

/// A text as it is kept.
#[derive(Debug, Clone)]
pub struct Wording {
    /// Its digest: what an answer names.
    pub hash: Digest,
    /// In which language.
    pub language: LanguageCode,
    /// Its heading.
    pub heading: Text<200>,
    /// What the person reads, or is read.
    pub body: Prose<8000>,
    /// Who answers for it; nobody for a draft.
    pub verified: Option<Verified>,
    /// A recording.
    pub audio: Option<Audio>,
    /// When it was added.
    pub added_at: DateTime<Utc>,
}

/// A version of a notice as it is kept.
#[derive(Debug, Clone)]
pub struct NoticeVersion {
    /// The version's id.
    pub id: Uuid,
    /// Which notice.
    pub code: Text<64>,
    /// Which version.
    pub version: Text<32>,
    /// The purposes that it tells of.
    pub purposes: BTreeSet<Purpose>,
    /// Who decides, as it prints it.
    pub controller: String,
    /// Who works on the controller's instructions, where it prints somebody.
    pub processor: Option<String>,
    /// When it was added.
    pub created_at: DateTime<Utc>,
    /// When it was taken out of use.
    pub retired_at: Option<DateTime<Utc>>,
    /// Its texts, by language.
    pub texts: Vec<Wording>,
}

/// What every text of a version begins with: which notice it is, and who decides.
pub(super) fn head_of(code: &str, version: &str, controller: &str, processor: Option<&str>) -> String {
    let processor = processor.map(|name| format!("processor: {name}\n")).unwrap_or_default();
    format!("notice: {code}\nversion: {version}\ncontroller: {controller}\n{processor}")
}

/// The text over which the digest is taken: UTF-8, Unicode NFC, lines ended by LF; head, language, an empty line,
/// heading, an empty line, body.
pub(super) fn canonical(head: &str, language: &LanguageCode, heading: &str, body: &str) -> String {
    let text = format!("{head}language: {}\n\n{heading}\n\n{body}\n", language.as_str());
    text.replace("\r\n", "\n").replace('\r', "\n").nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_over_what_is_read_and_who_decides_and_not_over_how_it_was_typed() {
        let ita = LanguageCode::italian();
        let head = head_of("first-interview", "1", "Centro Prato", None);
        let one = canonical(&head, &ita, "Perché", "Prima riga.\nSeconda.");
        assert_eq!(one, canonical(&head, &ita, "Perche\u{301}", "Prima riga.\r\nSeconda."));
        let whole = "notice: first-interview\nversion: 1\ncontroller: Centro Prato\nlanguage: ita\n\nPerché\n\nPrima \
                     riga.\nSeconda.\n";
        assert_eq!(one, whole);
        let other = head_of("first-interview", "1", "Comune di Prato", Some("Centro Prato"));
        assert_ne!(one, canonical(&other, &ita, "Perché", "Prima riga.\nSeconda."));
    }

    #[test]
    fn the_languages_of_those_who_arrive_are_taken_by_their_code() {
        for code in ["ita", "eng", "fra", "ara", "fas", "pus", "som", "tir", "tur", "ukr", "ben", "urd"] {
            assert!(LanguageCode::new(code).is_ok(), "{code}");
        }
    }

    #[test]
    fn a_recording_is_a_file_of_the_folder_and_no_path() {
        let refused = |file: &str| {
            let mut found = Vec::new();
            Audio { file: Text::new(file).unwrap(), hash: Digest::of("x") }.check(&At::Root, &mut found);
            !found.is_empty()
        };
        assert!(!refused("first-interview.tir.ogg"));
        for file in ["../master.key", "/etc/passwd", ".hidden", "a b.ogg", "a\\b"] {
            assert!(refused(file), "{file}");
        }
    }
}
