//! The sheet as it is shown: sections, blocks, entries, fields.

use serde::Serialize;
use utoipa::ToSchema;

/// A field with its value, or without one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SapField)]
pub struct Filled {
    /// Its name.
    pub field: &'static str,
    /// Its Italian label.
    pub label_it: &'static str,
    /// Its code list, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code_list: Option<&'static str>,
    /// Whether it was received, or recorded here. Without it there is no value: nothing is guessed.
    pub received: bool,
    /// The value.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 600)]
    pub value: Option<String>,
    /// What whoever copies it should know.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, max_length = 600)]
    pub note_it: Option<String>,
}

/// Fields that stand together: once, or once for each of several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SapEntry)]
pub struct Entry {
    /// The fields, in the order of the SAP.
    #[schema(max_items = 20)]
    pub fields: Vec<Filled>,
}

/// A block of a section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SapBlock)]
pub struct FilledBlock {
    /// Its code.
    pub block: &'static str,
    /// Its entries: at least one, which may be empty.
    #[schema(max_items = 100)]
    pub entries: Vec<Entry>,
}

/// A section of the sheet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SapSection)]
pub struct FilledSection {
    /// Its number, 1 to 6.
    #[schema(minimum = 1, maximum = 6)]
    pub number: u8,
    /// Its Italian title.
    pub title_it: &'static str,
    /// Its blocks; none where nothing is filled in by hand.
    #[schema(max_items = 10)]
    pub blocks: Vec<FilledBlock>,
}
