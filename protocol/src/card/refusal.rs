//! Why a value is not taken: stable codes, words in two languages, and the place. Values are never repeated.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::problem::FieldError;

macro_rules! refusals {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $it:literal, $en:literal;)+) => {
        /// The closed list of reasons.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Refusal {
            /// Every reason.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Stable code of the reason.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The sentences, Italian and English.
            #[must_use]
            pub const fn words(self) -> (&'static str, &'static str) {
                match self { $(Self::$name => ($it, $en),)+ }
            }
        }
    };
}

refusals! {
    /// A field without which the step cannot be taken.
    Required = "required", "Campo necessario.", "This field is needed.";
    /// A member that the closed type does not have.
    UnknownField = "unknown_field", "Campo non previsto.", "This field does not exist here.";
    /// Text where a number belongs, and so on.
    WrongType = "wrong_type", "Tipo di valore errato.", "The value has the wrong type.";
    /// A code outside its list.
    NotInList = "not_in_list", "Valore fuori dall'elenco.", "The value is not in the list.";
    /// A string without the shape of its standard.
    WrongShape = "wrong_shape", "Formato errato.", "The value does not have the required format.";
    /// A control letter or digit that does not agree with the rest.
    CheckCharacter = "check_character", "Il carattere di controllo non torna.", "The check character does not match.";
    /// Nothing but white space.
    Blank = "blank", "Testo vuoto.", "The text is empty.";
    /// Control or text-direction characters.
    ControlCharacter = "control_character", "Caratteri non ammessi.", "The text has characters that are not allowed.";
    /// More characters or entries than the field holds.
    TooLong = "too_long", "Troppo lungo.", "Too long.";
    /// Fewer characters than are needed to go by.
    TooShort = "too_short", "Troppo corto.", "Too short.";
    /// Fewer entries than the field needs.
    TooFew = "too_few", "Troppi pochi elementi.", "Too few entries.";
    /// A number or date outside its bounds.
    OutOfRange = "out_of_range", "Fuori dai limiti.", "Out of range.";
    /// The same entry twice.
    Repeated = "repeated", "Elemento ripetuto.", "The entry is repeated.";
    /// Two values that cannot both be right.
    Inconsistent = "inconsistent", "Valori che si contraddicono.", "The values contradict each other.";
    /// A field that nobody may ask for on the wire.
    NotAskable = "not_askable", "Questo campo non si può chiedere.", "This field cannot be asked for.";
    /// A group of fields that the purpose does not allow.
    NotForPurpose = "not_for_purpose", "Non previsto per questa finalità.", "Not allowed for this purpose.";
    /// What crosses at a later step than this one.
    TooEarly = "too_early", "Troppo presto: si trasmette in un passo successivo.", "Too early: it crosses at a later step.";
    /// A date of birth by which she is surely under sixteen.
    TooYoung = "too_young", "Sotto i sedici anni non si compila una scheda.", "Nobody under sixteen has a card.";
    /// What could not be read at all.
    Malformed = "malformed", "Non leggibile.", "It cannot be read.";
    /// A file that would do something by itself, or hides what it holds.
    ActiveContent = "active_content", "Il file contiene programmi o azioni, o è cifrato: va stampato in un nuovo PDF.", "The file runs or starts something, or is encrypted: print it to a new PDF.";
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// The finding at a JSON pointer.
    #[must_use]
    pub fn at(self, pointer: impl Into<String>) -> FieldError {
        let (it, en) = self.words();
        FieldError {
            field: pointer.into(),
            code: self.code().to_owned(),
            detail_it: it.to_owned(),
            detail_en: en.to_owned(),
        }
    }

    /// Reads serde's sentence back into a reason; the sentence itself may quote the input and goes no further.
    fn from_sentence(sentence: &str) -> Self {
        let word = sentence.split(' ').next().unwrap_or_default();
        if let Some(known) = Self::ALL.iter().copied().find(|known| known.code() == word) {
            return known;
        }
        match sentence {
            s if s.starts_with("missing field") => Self::Required,
            s if s.starts_with("unknown field") => Self::UnknownField,
            s if s.starts_with("unknown variant") => Self::NotInList,
            s if s.starts_with("invalid type") => Self::WrongType,
            s if s.starts_with("duplicate field") => Self::Repeated,
            s if s.starts_with("invalid value") || s.contains("out of range") => Self::OutOfRange,
            s if s.starts_with("UUID") || s.contains("UUID parsing") => Self::WrongShape,
            _ => Self::Malformed,
        }
    }
}

/// Where a value stands while it is being checked.
#[derive(Debug, Clone, Copy)]
pub enum At<'a> {
    /// The whole body.
    Root,
    /// A member of an object.
    Key(&'a At<'a>, &'static str),
    /// An entry of a list.
    Index(&'a At<'a>, usize),
}

impl At<'_> {
    /// The member `name` of this place.
    #[must_use]
    pub const fn key<'b>(&'b self, name: &'static str) -> At<'b> {
        At::Key(self, name)
    }

    /// The entry `index` of this place.
    #[must_use]
    pub const fn index<'b>(&'b self, index: usize) -> At<'b> {
        At::Index(self, index)
    }

    /// JSON pointer of this place. Names are this crate's own, so nothing needs escaping.
    #[must_use]
    pub fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Key(parent, name) => format!("{}/{name}", parent.pointer()),
            Self::Index(parent, index) => format!("{}/{index}", parent.pointer()),
        }
    }

    /// The finding at this place.
    #[must_use]
    pub fn refuse(&self, refusal: Refusal) -> FieldError {
        refusal.at(self.pointer())
    }
}

/// Rules over more than one value, which reading alone cannot hold.
pub trait Check {
    /// Adds what is wrong at and below `at`. Nothing, for values that reading has checked wholly.
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let _ = (at, found);
    }
}

impl<T: Check> Check for Option<T> {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if let Some(value) = self {
            value.check(at, found);
        }
    }
}

impl Check for bool {}
impl Check for uuid::Uuid {}

/// A rule of lists: no two entries of the member `name` share a key.
pub(crate) fn distinct<T, K: PartialEq>(
    items: &[T],
    at: &At<'_>,
    name: &'static str,
    found: &mut Vec<FieldError>,
    key: impl Fn(&T) -> K,
) {
    let list = at.key(name);
    for (index, item) in items.iter().enumerate() {
        if items[..index].iter().any(|earlier| key(earlier) == key(item)) {
            found.push(list.index(index).refuse(Refusal::Repeated));
        }
    }
}

/// A rule of lists of codes: an entry that says *none*, or that nobody knows, is the only one.
pub(crate) fn alone<T>(
    items: &[T],
    at: &At<'_>,
    name: &'static str,
    found: &mut Vec<FieldError>,
    says_nothing: impl Fn(&T) -> bool,
) {
    let list = at.key(name);
    if items.len() > 1
        && let Some(index) = items.iter().position(says_nothing)
    {
        found.push(list.index(index).refuse(Refusal::Inconsistent));
    }
}

/// Reads a closed type and then its rules over several fields.
///
/// # Errors
/// What is wrong, by place; of what cannot be read the first finding only. Nothing of the input is repeated.
pub fn read<T: DeserializeOwned + Check>(json: &str) -> Result<T, Vec<FieldError>> {
    formed(json)?;
    read_checked(json)
}

/// The same where [`crate::json::check`] has found the form good already.
pub(crate) fn read_checked<T: DeserializeOwned + Check>(json: &str) -> Result<T, Vec<FieldError>> {
    let value: T = typed(json)?;
    let mut found = Vec::new();
    value.check(&At::Root, &mut found);
    if found.is_empty() { Ok(value) } else { Err(found) }
}

fn formed(json: &str) -> Result<(), Vec<FieldError>> {
    crate::json::check(json.as_bytes()).map_err(|_| vec![Refusal::Malformed.at("")])
}

/// Reads a closed type without its rules over several fields.
fn typed<T: DeserializeOwned>(json: &str) -> Result<T, Vec<FieldError>> {
    if holds_null(json) {
        return Err(vec![Refusal::WrongType.at("")]);
    }
    if let Ok(value) = serde_json::from_str(json) {
        return Ok(value);
    }
    // A second time, to learn where it does not fit: keeping account of the place on the way costs as much as reading.
    let mut reader = serde_json::Deserializer::from_str(json);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| vec![place(&error)])?;
    reader.end().map_err(|_| vec![Refusal::Malformed.at("")])?;
    Ok(value)
}

/// Whether JSON that is well formed has a `null` anywhere: what is absent is left out on the wire.
fn holds_null(json: &str) -> bool {
    if !json.contains("null") {
        return false;
    }
    let (mut quoted, mut escaped) = (false, false);
    json.bytes().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ => {}
        }
        // Outside a string only `null` has this letter first; `false` and `true` have no n.
        byte == b'n' && !quoted
    })
}

fn place(error: &serde_path_to_error::Error<serde_json::Error>) -> FieldError {
    let sentence = error.inner().to_string();
    let refusal = Refusal::from_sentence(&sentence);
    let mut pointer: Vec<String> = error
        .path()
        .iter()
        .map_while(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    match refusal {
        // The last segment would be the stranger's own word.
        Refusal::UnknownField => {
            if matches!(error.path().iter().next_back(), Some(Segment::Map { .. })) {
                pointer.pop();
            }
        }
        // Serde names the field in the sentence: it is one of ours.
        Refusal::Required => pointer.extend(sentence.split('`').nth(1).map(str::to_owned)),
        _ => {}
    }
    refusal.at(pointer.iter().map(|part| format!("/{part}")).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_code_of_its_own_and_speaks_both_languages() {
        let mut seen = std::collections::HashSet::new();
        for refusal in Refusal::ALL {
            assert!(seen.insert(refusal.code()), "{refusal} stands twice");
            let (it, en) = refusal.words();
            for sentence in [it, en] {
                assert!(sentence.ends_with('.') && sentence.starts_with(char::is_uppercase), "{refusal}: {sentence}");
            }
            assert_ne!(it, en, "{refusal}");
            let told = refusal.at("/label");
            assert_eq!(
                (told.code.as_str(), told.detail_it.as_str(), told.detail_en.as_str()),
                (refusal.code(), it, en)
            );
        }
    }
}
