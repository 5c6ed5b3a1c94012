//! Free text: bounded, without control characters, never shown by `Debug`.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::refusal::{Check, Refusal};

/// One line of text of at most `MAX` characters (Unicode scalar values); with `LINES`, several lines.
///
/// Control characters and those that turn the direction of writing are refused, so that what an operator reads is what
/// was signed. `Debug` shows the length only: it may be somebody's name.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Text<const MAX: usize, const LINES: bool = false>(String);

/// Text of several lines.
pub type Prose<const MAX: usize> = Text<MAX, true>;

impl<const MAX: usize, const LINES: bool> Text<MAX, LINES> {
    /// Takes the text exactly as it stands.
    ///
    /// # Errors
    /// `blank`, `too_long` or `control_character`.
    pub fn new(text: impl Into<String>) -> Result<Self, Refusal> {
        let text = text.into();
        if !text.chars().any(shows) {
            return Err(Refusal::Blank);
        }
        if text.chars().count() > MAX {
            return Err(Refusal::TooLong);
        }
        if text.chars().any(|c| misleads(c) && !(LINES && c == '\n')) {
            return Err(Refusal::ControlCharacter);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a character leaves a mark on the page. Beside one that does, those that leave none stay: Persian and Hindi write
/// with joiners. Alone they would be a name that nobody can see.
fn shows(c: char) -> bool {
    let invisible = matches!(
        c,
        '\u{00AD}' // soft hyphen
            | '\u{034F}' // grapheme joiner
            | '\u{061C}' // Arabic letter mark
            | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' // Hangul fillers
            | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' // zero width, joiners, direction marks
            | '\u{2060}'..='\u{2065}' | '\u{206A}'..='\u{206F}'
            | '\u{2800}' // empty braille cell
            | '\u{FE00}'..='\u{FE0F}' // variation selectors
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}'
    );
    !invisible && !c.is_whitespace()
}

/// Control characters, line and paragraph separators, and the explicit direction marks of UAX #9.
fn misleads(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

impl<const MAX: usize, const LINES: bool> fmt::Debug for Text<MAX, LINES> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({} chars)", self.0.chars().count())
    }
}

impl<'de, const MAX: usize, const LINES: bool> Deserialize<'de> for Text<MAX, LINES> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<const MAX: usize, const LINES: bool> PartialSchema for Text<MAX, LINES> {
    fn schema() -> RefOr<Schema> {
        let about = if LINES { "Text of one or more lines." } else { "One line of text." };
        // What `misleads` refuses.
        let pattern = match LINES {
            true => r"^[^\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+$",
            false => r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff]+$",
        };
        ObjectBuilder::new()
            .schema_type(Type::String)
            .min_length(Some(1))
            .max_length(Some(MAX))
            .pattern(Some(pattern))
            .description(Some(about))
            .into()
    }
}

impl<const MAX: usize, const LINES: bool> ToSchema for Text<MAX, LINES> {
    fn name() -> Cow<'static, str> {
        format!("{}{MAX}", if LINES { "Prose" } else { "Text" }).into()
    }
}

impl<const MAX: usize, const LINES: bool> Check for Text<MAX, LINES> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_nobody_sees_is_blank_and_joiners_within_one_stay() {
        for unseen in
            ["", " \t", "\u{200B}", "\u{200D}\u{200C}", "\u{2060} \u{00AD}", "\u{3164}", "\u{2800}", "\u{E0020}"]
        {
            assert_eq!(Text::<20>::new(unseen).unwrap_err(), Refusal::Blank, "{unseen:?}");
            assert_eq!(Prose::<20>::new(unseen).unwrap_err(), Refusal::Blank, "{unseen:?}");
        }
        for seen in ["علی\u{200C}رضا", "क्\u{200D}ष", "Awa", "·", "李\u{FE00}"] {
            assert_eq!(Text::<20>::new(seen).unwrap().as_str(), seen);
        }
        assert_eq!(Text::<20>::new("\u{7}").unwrap_err(), Refusal::ControlCharacter);
        assert_eq!(Text::<20>::new("a\u{202E}b").unwrap_err(), Refusal::ControlCharacter);
    }
}
