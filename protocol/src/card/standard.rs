//! Strings that follow somebody else's standard.

use isolang::Language;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::refusal::{Check, Refusal};
use super::shape::{codes, shape};

fn digits(text: &str, sizes: &[usize]) -> Result<(), Refusal> {
    let fits = sizes.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if fits { Ok(()) } else { Err(Refusal::WrongShape) }
}

/// A lower-case UUID after one of ESCO's two prefixes.
fn esco(uri: &str, prefix: &str) -> Result<(), Refusal> {
    let id = uri.strip_prefix(prefix).ok_or(Refusal::WrongShape)?;
    let hyphen = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    let fits = id.len() == 36
        && id.bytes().enumerate().all(|(at, byte)| match byte {
            b'-' => hyphen(at),
            b'0'..=b'9' | b'a'..=b'f' => !hyphen(at),
            _ => false,
        });
    if fits { Ok(()) } else { Err(Refusal::WrongShape) }
}

shape! {
    /// A language, ISO 639-3: `ita`, `fra`, `fas`.
    LanguageCode, "^[a-z]{3}$", |code| {
        let fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_lowercase());
        if !fits {
            return Err(Refusal::WrongShape);
        }
        Language::from_639_3(code).map(|_| ()).ok_or(Refusal::NotInList)
    }
}

impl LanguageCode {
    /// Italian.
    #[must_use]
    pub fn italian() -> Self {
        Self::new("ita").expect("ISO 639-3 has Italian")
    }
}

shape! {
    /// A script, ISO 15924: `Latn`, `Arab`. Only its shape is checked.
    ScriptCode, "^[A-Z][a-z]{3}$", |code| {
        let bytes = code.as_bytes();
        let fits = bytes.len() == 4 && bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_lowercase);
        if fits { Ok(()) } else { Err(Refusal::WrongShape) }
    }
}

shape! {
    /// An ISCO-08 group of one to four digits.
    Isco08, "^[0-9]{1,4}$", |code| digits(code, &[1, 2, 3, 4])
}

impl Isco08 {
    /// The same group no finer than `digits`.
    #[must_use]
    pub fn at_most(&self, digits: usize) -> Self {
        Self(self.0.chars().take(digits.max(1)).collect())
    }
}

shape! {
    /// An ISCO-08 group of two or four digits: what stands for a skill that has no code.
    IscoGroup, "^([0-9]{2}|[0-9]{4})$", |code| digits(code, &[2, 4])
}

shape! {
    /// An occupation of ESCO by its URI (European Commission, ESCO).
    EscoOccupation,
    "^http://data\\.europa\\.eu/esco/occupation/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    |uri| esco(uri, "http://data.europa.eu/esco/occupation/")
}

shape! {
    /// A skill or a piece of knowledge of ESCO by its URI (European Commission, ESCO).
    EscoSkill,
    "^http://data\\.europa\\.eu/esco/skill/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
    |uri| esco(uri, "http://data.europa.eu/esco/skill/")
}

shape! {
    /// An Italian municipality by its six ISTAT digits. Only its shape is checked.
    Comune, "^[0-9]{6}$", |code| digits(code, &[6])
}

shape! {
    /// A branch of ATECO 2025: two to six digits with full stops, `81.21` (ISTAT).
    Ateco, "^[0-9]{2}(\\.[0-9]{1,2}){0,2}$", |code| {
        let mut parts = code.split('.');
        digits(parts.next().unwrap_or_default(), &[2])?;
        let rest: Vec<_> = parts.collect();
        if rest.len() > 2 { Err(Refusal::WrongShape) } else { rest.into_iter().try_for_each(|part| digits(part, &[1, 2])) }
    }
}

shape! {
    /// A field of education, ISCED-F 2013: two to four digits.
    IscedField, "^[0-9]{2,4}$", |code| digits(code, &[2, 3, 4])
}

shape! {
    /// A telephone number in the international form of ITU-T E.164: `+393331234567`.
    PhoneNumber, "^\\+[1-9][0-9]{6,14}$", |number| {
        let rest = number.strip_prefix('+').ok_or(Refusal::WrongShape)?;
        if rest.starts_with('0') { Err(Refusal::WrongShape) } else { digits(rest, &[7, 8, 9, 10, 11, 12, 13, 14, 15]) }
    }
}

shape! {
    /// An e-mail address of at most 254 characters: something, one `@`, a domain with a dot. Whether it works is known
    /// when a message arrives.
    Email,
    "^[^@\\s\\x00-\\x1f\\x7f-\\x9f]{1,64}@[^@\\s.\\x00-\\x1f\\x7f-\\x9f]+(\\.[^@\\s.\\x00-\\x1f\\x7f-\\x9f]+)+$"
    at most 254,
    |address| {
        let (local, domain) = address.split_once('@').ok_or(Refusal::WrongShape)?;
        let labels: Vec<_> = domain.split('.').collect();
        let odd = |c: char| c.is_whitespace() || c.is_control() || c == '@';
        let fits = (1..=64).contains(&local.chars().count())
            && labels.len() > 1
            && labels.iter().all(|label| !label.is_empty())
            && !local.chars().chain(domain.chars()).any(odd);
        if address.chars().count() > 254 { Err(Refusal::TooLong) } else if fits { Ok(()) } else { Err(Refusal::WrongShape) }
    }
}

codes! {
    /// How a number is used.
    PhoneKind default NotAsked {
        /// Mobile line.
        Mobile = "mobile",
        /// Fixed line.
        Landline = "landline",
        /// Reached by WhatsApp.
        Whatsapp = "whatsapp",
        /// Reached by Telegram.
        Telegram = "telegram",
        /// Somebody else's line, who passes messages on.
        Other = "other",
        /// Never asked.
        NotAsked = "not_asked",
        /// Asked, not known.
        Unknown = "unknown",
    }
}

/// A telephone number and how to use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// E.164.
    pub number: PhoneNumber,
    /// How it is used.
    #[serde(rename = "type")]
    pub kind: PhoneKind,
    /// Whether others may answer or read it, so that a call could harm.
    pub safe_to_call: super::codes::YesNo,
}

impl Check for Phone {}

/// A language and, where it matters for reading, the script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InterviewLanguage {
    /// ISO 639-3.
    pub language: LanguageCode,
    /// ISO 15924.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub script: Option<ScriptCode>,
}

impl Check for InterviewLanguage {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::dates::{TimeOfDay, YearMonth};
    use proptest::prelude::*;
    use proptest::string::string_regex;

    /// What the published pattern allows is taken, and nothing panics on what it does not.
    macro_rules! pattern_agrees {
        ($($test:ident: $type:ident;)+) => { proptest! { $(
            #[test]
            fn $test(good in string_regex($type::PATTERN.trim_matches(['^', '$'])).unwrap(), any in "\\PC{0,40}") {
                prop_assert!($type::new(&good).is_ok());
                if let Ok(value) = $type::new(&any) { prop_assert_eq!(value.as_str(), any.as_str()); }
            }
        )+ } };
    }

    pattern_agrees! {
        scripts: ScriptCode;
        isco: Isco08;
        isco_groups: IscoGroup;
        occupations: EscoOccupation;
        skills: EscoSkill;
        comuni: Comune;
        ateco: Ateco;
        isced_fields: IscedField;
        phones: PhoneNumber;
        times: TimeOfDay;
    }

    #[test]
    fn values_of_the_real_lists() {
        assert!(LanguageCode::new("fas").is_ok());
        assert_eq!(LanguageCode::new("qzz"), Err(Refusal::NotInList));
        assert_eq!(LanguageCode::new("it"), Err(Refusal::WrongShape));
        assert!(YearMonth::new("2026-12").is_ok() && YearMonth::new("2026-13").is_err());
        assert!(TimeOfDay::new("24:00").is_ok() && TimeOfDay::new("24:01").is_err());
        assert!(Email::new("amina@esempio.example").is_ok());
        for wrong in ["amina", "a@b", "a b@c.d", "a@b@c.d", "@c.d", "a@.d", "a@c.", "a\u{1}@b.c", "a@b\u{9f}.c"] {
            assert!(Email::new(wrong).is_err(), "{wrong}");
        }
        assert!(EscoSkill::new("http://data.europa.eu/esco/skill/Amina-Diallo").is_err());
        assert!(EscoSkill::new("https://data.europa.eu/esco/skill/f2cc5978-e45c-4f28-b859-7f89221b0505").is_err());
    }

    #[test]
    fn debug_shows_no_value() {
        let shown = format!("{:?}{:?}", Email::new("amina@esempio.example"), PhoneNumber::new("+393331234567"));
        assert!(!shown.contains("amina") && !shown.contains("333"));
    }
}
