//! A paper of a person: what it is, until when, who keeps it, and the file of it if there is one.

use std::fmt;

use chrono::{DateTime, Days, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::codes::{DocumentHolder, DocumentType};
use staffetta_protocol::card::{At, Check, Day, DocumentEntry, PartialDate, Refusal, Text};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use super::media::{Media, Unfit};
use crate::people::PersonId;
use crate::vault::Subject;

/// The id of a document at this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct DocumentId(pub Uuid);

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $code:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $variant_doc])+ #[serde(rename = $code)] $variant,)+ }

        impl $name {
            /// Every entry, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands in the database and in answers.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The entry with this code, if the list has it.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }

        // Not derived: the derive does not see a `rename` that a macro has passed on, and would publish the names of the
        // variants.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|entry| entry.code())))
                    .description(Some(concat!($($doc, "\n",)+).trim()))
                    .into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

codes! {
    /// What a document is.
    DocumentKind {
        /// Permit to stay, or the receipt that stands for it.
        Permit = "permit",
        /// Tax code, card or certificate.
        TaxCode = "tax_code",
        /// Curriculum vitae.
        Cv = "cv",
        /// A title of study.
        Title = "title",
        /// A *dichiarazione di valore*.
        DichiarazioneValore = "dichiarazione_valore",
        /// A certificate or attestation.
        Certificate = "certificate",
        /// An identity document.
        Identity = "identity",
        /// Another document.
        Other = "other",
    }

    /// Who keeps the original.
    HeldBy {
        /// The person.
        Person = "person",
        /// This node.
        Node = "node",
        /// A public office.
        Office = "office",
        /// Somebody else.
        Other = "other",
    }
}

/// What is said of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = DocumentDescription)]
pub struct Description {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DocumentKind,
    /// When it was issued, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issued: Option<PartialDate>,
    /// The last day on which it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires: Option<Day>,
    /// Who keeps the original.
    pub held_by: HeldBy,
    /// What staff call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub label: Option<Text<120>>,
}

impl Check for Description {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let expires = self.expires.and_then(|day| PartialDate::parse(&day.to_string()).ok());
        if let (Some(issued), Some(expires)) = (self.issued, expires)
            && !issued.may_precede(expires)
        {
            found.push(at.key("expires").refuse(Refusal::Inconsistent));
        }
    }
}

/// The file of a document, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileInfo {
    /// What it is, by its own bytes.
    pub media: Media,
    /// How many bytes it has.
    pub size: u32,
    /// Of the bytes as they were sent.
    pub sha256: Digest,
}

/// A document as it is held.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Its id.
    pub id: DocumentId,
    /// Whose it is.
    pub person: PersonId,
    /// Whose key seals it.
    pub subject: Subject,
    /// What is said of it.
    pub description: Description,
    /// Its file, if there is one.
    pub file: Option<FileInfo>,
    /// For `If-Match`.
    pub version: i32,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// By whom of the staff.
    pub created_by: Option<Uuid>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Document {
    /// What of it may cross.
    pub(super) fn entry(&self) -> DocumentEntry {
        let Description { kind, issued, expires, held_by, .. } = &self.description;
        let kind = match kind {
            DocumentKind::Permit => DocumentType::Permit,
            DocumentKind::TaxCode => DocumentType::TaxCode,
            DocumentKind::Cv => DocumentType::Cv,
            DocumentKind::Title => DocumentType::Title,
            DocumentKind::DichiarazioneValore => DocumentType::DichiarazioneValore,
            DocumentKind::Certificate => DocumentType::Certificate,
            DocumentKind::Identity | DocumentKind::Other => DocumentType::Other,
        };
        let held_by = match held_by {
            HeldBy::Person => DocumentHolder::Person,
            HeldBy::Node => DocumentHolder::Node,
            HeldBy::Office => DocumentHolder::Office,
            HeldBy::Other => DocumentHolder::Other,
        };
        DocumentEntry { kind, issued: *issued, expires: *expires, sha256: self.file.map(|file| file.sha256), held_by }
    }
}

/// A page of a person's documents, the newest first.
#[derive(Debug, Clone)]
pub struct Page {
    /// What is on it.
    pub items: Vec<Document>,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor<DateTime<Utc>>>,
}

/// A document that ends, for a list of what is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// The document.
    pub id: DocumentId,
    /// Whose it is.
    pub person: PersonId,
    /// What it is.
    pub kind: DocumentKind,
    /// The last day on which it holds.
    pub expires: Day,
}

/// Documents on a page, at most, and unless said otherwise.
pub(super) const PAGE: (u32, u32) = (200, 50);

/// How far ahead a list of documents that end looks, unless said otherwise.
const AHEAD: Days = Days::new(60);

/// The day until which a list of documents that end looks, seen from `today`.
pub(super) fn usual_horizon(today: Day) -> Day {
    today.date().checked_add_days(AHEAD).and_then(|day| Day::new(day).ok()).unwrap_or(today)
}

/// Where a page ended: what it is ordered by, and the id that decides between equals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor<T> {
    pub(super) by: T,
    pub(super) id: Uuid,
}

impl Cursor<DateTime<Utc>> {
    /// Reads what [`fmt::Display`] wrote; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        Some(Self { by: DateTime::from_timestamp_micros(micros.parse().ok()?)?, id: id.parse().ok()? })
    }
}

impl fmt::Display for Cursor<DateTime<Utc>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.by.timestamp_micros(), self.id.as_simple())
    }
}

impl Cursor<Day> {
    /// Reads what [`fmt::Display`] wrote; nothing else is one.
    pub fn parse(text: &str) -> Option<Self> {
        let (day, id) = text.split_once('.')?;
        Some(Self { by: Day::parse(day).ok()?, id: id.parse().ok()? })
    }
}

impl fmt::Display for Cursor<Day> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.by, self.id.as_simple())
    }
}

/// What the file of these bytes is, if it is what `declared` says.
///
/// # Errors
/// `invalid_input`, with a sentence that says why.
pub(super) fn file_info(declared: Media, bytes: &[u8]) -> Result<FileInfo, Problem> {
    let refuse = |unfit: Unfit| {
        let refusal = match unfit {
            Unfit::Empty => Refusal::Blank,
            Unfit::OtherKind | Unfit::TwoThings => Refusal::Inconsistent,
            Unfit::Active => Refusal::ActiveContent,
            Unfit::Broken | Unfit::NotEuropass => Refusal::Malformed,
        };
        Problem::invalid(vec![refusal.at("")]).detail(unfit.to_string())
    };
    declared.examine(bytes).map_err(refuse)?;
    let size = u32::try_from(bytes.len()).map_err(|_| Problem::invalid(vec![Refusal::TooLong.at("")]))?;
    Ok(FileInfo { media: declared, size, sha256: Digest::of(bytes) })
}
