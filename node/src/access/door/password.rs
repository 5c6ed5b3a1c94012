//! A password, and which ones are good enough.

use std::fmt;

use serde::{Deserialize, Deserializer, de};
use staffetta_protocol::card::Check;
use staffetta_protocol::problem::{FieldError, Problem};
use unicode_normalization::UnicodeNormalization;
use utoipa::ToSchema;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Characters that a new password has at least.
const SHORTEST: usize = 12;
/// Characters that are read at most: a long one must not become work.
const LONGEST: usize = 128;
/// Characters that differ, at least.
const DIFFERENT: usize = 5;
/// What people think of first; a password that is little more than one of these is guessed first too.
const OBVIOUS: &[&str] = &[
    "password",
    "passwort",
    "parola",
    "benvenuto",
    "benvenuta",
    "welcome",
    "letmein",
    "qwertyuiop",
    "qwerty",
    "asdfgh",
    "zxcvbn",
    "administrator",
    "admin",
    "staffetta",
    "changeme",
    "cambiami",
    "iloveyou",
    "tiamo",
    "forzajuve",
    "juventus",
    "segreto",
    "secret",
    "operatore",
    "accesso",
    "login",
];

/// A password as somebody typed it, in Unicode's compatibility form, so that two keyboards write the same one.
/// `Debug` does not show it; it is wiped when dropped.
#[derive(Clone, ToSchema)]
#[schema(value_type = String, min_length = 1, max_length = 128, format = Password)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// Takes it as typed; `None` when it is empty or longer than any that was ever set.
    pub fn new(text: &str) -> Option<Self> {
        let plain: Zeroizing<String> = Zeroizing::new(text.chars().take(LONGEST + 1).nfkc().collect());
        let length = text.chars().take(LONGEST + 1).count();
        ((1..=LONGEST).contains(&length) && plain.chars().count() <= LONGEST).then_some(Self(plain))
    }

    /// A random one to be told once: 100 bits in letters and digits that cannot be taken for one another.
    pub(super) fn random() -> Result<Self> {
        Ok(Self(super::code::random(4)?))
    }

    /// The password itself.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether it may be set for the account of that name.
    ///
    /// # Errors
    /// `invalid_input` at `field`: too short, too few different characters, or what is guessed first.
    pub fn check_new(&self, username: &str, field: &str) -> Result<()> {
        let folded = self.0.to_lowercase();
        let letters: Vec<char> = folded.chars().collect();
        let different = letters.iter().collect::<std::collections::BTreeSet<_>>().len();
        if letters.len() < SHORTEST {
            return Err(refused(field, "too_short", ["Almeno 12 caratteri.", "At least 12 characters."]));
        }
        let mut rest = folded.clone();
        for word in
            OBVIOUS.iter().copied().chain(username.split(['.', '-', '_']).chain([username]).filter(|w| w.len() > 2))
        {
            rest = rest.replace(word, "");
        }
        let left = rest.chars().filter(|c| c.is_alphabetic()).count();
        let digits_only = rest.chars().filter(char::is_ascii_digit).count();
        let steps = |by: i64| letters.windows(2).filter(|pair| pair[1] as i64 - pair[0] as i64 == by).count();
        let is_run = [-1, 0, 1].into_iter().any(|by| steps(by) * 3 >= letters.len() * 2);
        let is_little_more = rest.len() < folded.len() && left + digits_only < 8;
        if different < DIFFERENT || is_run || is_little_more {
            return Err(refused(field, "too_obvious", ["Troppo facile da indovinare.", "Too easy to guess."]));
        }
        Ok(())
    }
}

fn refused(field: &str, code: &str, [it, en]: [&str; 2]) -> Error {
    let (detail_it, detail_en) = (it.to_owned(), en.to_owned());
    Problem::invalid(vec![FieldError { field: field.into(), code: code.into(), detail_it, detail_en }]).into()
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::new(&text).ok_or_else(|| de::Error::custom("a password has 1 to 128 characters"))
    }
}

impl Check for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}
