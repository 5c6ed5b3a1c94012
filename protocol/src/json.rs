//! Reading JSON that a stranger wrote: bounded depth, no duplicate names, then a closed type.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};

/// Objects and arrays inside one another, at most.
pub const MAX_DEPTH: usize = 32;

/// Why some bytes are not acceptable JSON. The text names positions and names, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidJson(String);

/// Parses `bytes` into a closed type after checking that no object repeats a name and nothing is nested deeper
/// than [`MAX_DEPTH`]. serde alone notices a repeated name only where it is a known field.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, InvalidJson> {
    check(bytes)?;
    from_checked(bytes)
}

/// The same for bytes whose form [`check`] has found good.
pub fn from_checked<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, InvalidJson> {
    serde_json::from_slice(bytes).map_err(|e| InvalidJson(without_values(&e)))
}

/// Checks form only: UTF-8, syntax, depth, duplicate names.
pub fn check(bytes: &[u8]) -> Result<(), InvalidJson> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|e| InvalidJson(without_values(&e)))
}

/// serde_json quotes offending values in backticks or quotes for type errors; a personal value must not reach a
/// log or an answer, so only names of fields and positions are kept.
fn without_values(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    let text = error.to_string();
    let kind = match error.classify() {
        serde_json::error::Category::Eof => "unexpected end",
        serde_json::error::Category::Syntax => "syntax error",
        serde_json::error::Category::Io => "unreadable",
        serde_json::error::Category::Data => {
            return match ["unknown field", "missing field", "duplicate field", "nested too deeply", "name stands twice"]
                .into_iter()
                .find(|known| text.starts_with(known))
            {
                // The name of an unknown field is the sender's text, not ours.
                Some("unknown field") => format!("unknown field at {place}"),
                Some(known) => {
                    let field = text.split('`').nth(1).filter(|f| is_plain_name(f)).unwrap_or_default();
                    format!("{known} {field} at {place}").replace("  ", " ")
                }
                None => format!("value of the wrong type or form at {place}"),
            };
        }
    };
    format!("{kind} at {place}")
}

fn is_plain_name(text: &str) -> bool {
    text.len() <= 40 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Whether a member is there at all, for what may not be there: `null` is there too.
pub(crate) fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    de::IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// A string schema to refine; here so that every hand-written schema of the crate starts alike.
pub fn string_schema(description: &str) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(SchemaType::Type(Type::String)).description(Some(description))
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut names = Names::default();
        while let Some(name) = entries.next_key::<Name<'de>>()? {
            entries.next_value_seed(inner)?;
            if !names.insert(name.0) {
                return Err(de::Error::custom("name stands twice in one object"));
            }
        }
        Ok(())
    }
}

/// The names of one object: nearly every object has a few, which are compared sooner than hashed.
#[derive(Default)]
struct Names<'de> {
    few: Vec<Cow<'de, str>>,
    more: HashSet<Cow<'de, str>>,
}

impl<'de> Names<'de> {
    const FEW: usize = 16;

    /// Whether it is new.
    fn insert(&mut self, name: Cow<'de, str>) -> bool {
        if self.few.contains(&name) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(name);
            return true;
        }
        self.more.insert(name)
    }
}

/// A name, copied only where it is written with escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(name)))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_repeated_name_is_refused_wherever_it_stands() {
        for text in [r#"{"a":1,"a":2}"#, r#"[{"x":{"b":1,"c":2,"b":3}}]"#, r#"{"a":1,"\u0061":2}"#] {
            let error = check(text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("twice"), "{error}");
        }
        let names = |again: usize| (0..40).chain([again]).map(|n| format!(r#""n{n}":1"#)).collect::<Vec<_>>().join(",");
        assert!(check(format!("{{{}}}", names(40)).as_bytes()).is_ok());
        for again in [0, 15, 16, 39] {
            assert!(check(format!("{{{}}}", names(again)).as_bytes()).is_err(), "{again}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(check(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert!(check(nested(MAX_DEPTH + 1).as_bytes()).unwrap_err().to_string().contains("deeply"));
        assert!(check("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn an_error_never_quotes_a_value() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Closed {
            #[expect(dead_code, reason = "only its type matters")]
            level: u8,
        }
        for text in [r#"{"level":"Amina Diallo"}"#, r#"{"level":1,"amina":2,"Amina Diallo":3}"#] {
            let error = from_slice::<Closed>(text.as_bytes()).unwrap_err().to_string();
            assert!(!error.to_lowercase().contains("amina"), "{error}");
        }
    }

    #[test]
    fn trailing_bytes_and_invalid_utf8_are_refused() {
        assert!(check(b"{} {}").is_err());
        assert!(check(b"{\"a\":\"\xff\"}").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = check(&bytes);
        }
    }
}
