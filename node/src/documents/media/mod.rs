//! What a file is, by its own bytes and not by what somebody says of it.
//!
//! A file is taken when it is one thing from its first byte to its last, and the thing that was declared. What could be
//! opened as something else too (a picture that is also an archive, a page or a program) is refused, as is whatever is
//! cut short. Nothing is decoded or run: only the outer structure is walked, and of a PDF what would run
//! by itself is looked for ([`pdf`]).

mod jpeg;
mod pdf;
mod png;
mod text;

#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The kinds of file that a record may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[schema(as = DocumentMedia)]
pub enum Media {
    /// PDF (ISO 32000).
    #[serde(rename = "application/pdf")]
    Pdf,
    /// JPEG.
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// PNG (ISO/IEC 15948).
    #[serde(rename = "image/png")]
    Png,
    /// A Europass document in XML.
    #[serde(rename = "application/xml")]
    Xml,
    /// A Europass document in JSON.
    #[serde(rename = "application/json")]
    Json,
}

impl Media {
    /// Every kind.
    pub const ALL: &[Self] = &[Self::Pdf, Self::Jpeg, Self::Png, Self::Xml, Self::Json];

    /// Every media type, as `Content-Type` has it.
    pub const TYPES: &[&'static str] =
        &["application/pdf", "image/jpeg", "image/png", "application/xml", "application/json"];

    /// The media type.
    pub const fn as_str(self) -> &'static str {
        Self::TYPES[self as usize]
    }

    /// The kind of this media type, if it is one of them.
    pub fn named(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|media| media.as_str() == text)
    }

    /// What a file of this kind is saved as.
    pub const fn file_name(self) -> &'static str {
        match self {
            Self::Pdf => "documento.pdf",
            Self::Jpeg => "documento.jpg",
            Self::Png => "documento.png",
            Self::Xml => "documento.xml",
            Self::Json => "documento.json",
        }
    }

    /// What these bytes begin as.
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(pdf::MAGIC) {
            Some(Self::Pdf)
        } else if bytes.starts_with(jpeg::MAGIC) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(png::MAGIC) {
            Some(Self::Png)
        } else {
            match text::first_mark(bytes)? {
                b'<' => Some(Self::Xml),
                b'{' => Some(Self::Json),
                _ => None,
            }
        }
    }

    /// Whether the file is of this kind, whole, and nothing else.
    ///
    /// # Errors
    /// Why it is not taken.
    pub fn examine(self, bytes: &[u8]) -> Result<(), Unfit> {
        if bytes.is_empty() {
            return Err(Unfit::Empty);
        }
        if Self::sniff(bytes) != Some(self) {
            return Err(Unfit::OtherKind);
        }
        match self {
            Self::Pdf => pdf::examine(bytes),
            Self::Jpeg => jpeg::examine(bytes),
            Self::Png => png::examine(bytes),
            Self::Xml => text::examine_xml(bytes),
            Self::Json => text::examine_json(bytes),
        }
    }
}

/// Why a file is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// There are no bytes.
    #[error("The file is empty.")]
    Empty,
    /// It begins as something else than was declared, or as nothing that is known.
    #[error("The file is not what its type says.")]
    OtherKind,
    /// It ends too early, or its parts do not fit together.
    #[error("The file is damaged or cut short.")]
    Broken,
    /// It could be opened as a page, an archive or a program too.
    #[error("The file is more than one thing: a page, an archive or a program hides in it.")]
    TwoThings,
    /// A PDF that would do something by itself, or hides what it holds.
    #[error(
        "The PDF runs programs, sends or starts something, or is encrypted: print it to a new PDF and take that. Il PDF \
         contiene programmi o azioni, o è cifrato: va stampato in un nuovo PDF."
    )]
    Active,
    /// A text that names things outside itself, or is none of Europass.
    #[error("The text is no plain Europass document.")]
    NotEuropass,
}

/// What makes a reader take bytes for a page or a script, wherever in them it stands. Long enough not to occur in the
/// compressed data of a picture by chance.
const PAGES: [&[u8]; 6] = [b"<script", b"<html", b"<iframe", b"<!doctype", b"<?php", b"<body"];
/// The beginnings of archives and documents that some readers look for anywhere in a file.
const OTHERS: [&[u8]; 3] = [b"%PDF-", b"Rar!\x1A\x07", b"7z\xBC\xAF\x27\x1C"];
/// The last record of a ZIP archive, and how far from the end a reader looks for it.
const ZIP_END: (&[u8], usize) = (b"PK\x05\x06", 65_557);

/// Whether a page or script stands in these bytes.
fn is_page(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().any(|(at, byte)| {
        *byte == b'<'
            && PAGES
                .iter()
                .any(|mark| bytes.get(at..at + mark.len()).is_some_and(|here| here.eq_ignore_ascii_case(mark)))
    })
}

/// Whether an archive is hung on to these bytes.
fn is_archive(bytes: &[u8]) -> bool {
    let (mark, within) = ZIP_END;
    let tail = &bytes[bytes.len().saturating_sub(within)..];
    tail.windows(mark.len()).any(|here| here == mark)
}

/// What no picture has in it.
fn is_only_a_picture(bytes: &[u8]) -> Result<(), Unfit> {
    let other = || {
        bytes.iter().enumerate().any(|(at, byte)| {
            matches!(byte, b'%' | b'R' | b'7') && OTHERS.iter().any(|mark| bytes[at..].starts_with(mark))
        })
    };
    if is_page(bytes) || is_archive(bytes) || other() { Err(Unfit::TwoThings) } else { Ok(()) }
}
