//! Lists and whole numbers whose bounds are part of the type.

use std::borrow::Cow;
use std::ops::Deref;

use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::refusal::{At, Check, Refusal};
use crate::problem::FieldError;

/// Between `MIN` and `MAX` entries, both included. In a schema: `value_type = Vec<T>` with `min_items` and `max_items`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct List<T, const MIN: usize, const MAX: usize>(Vec<T>);

impl<T, const MIN: usize, const MAX: usize> List<T, MIN, MAX> {
    /// Takes the entries if their number fits.
    ///
    /// # Errors
    /// `too_few` or `too_long`.
    pub fn new(items: Vec<T>) -> Result<Self, Refusal> {
        match items.len() {
            n if n < MIN => Err(Refusal::TooFew),
            n if n > MAX => Err(Refusal::TooLong),
            _ => Ok(Self(items)),
        }
    }

    /// The entries.
    #[must_use]
    pub fn into_vec(self) -> Vec<T> {
        self.0
    }
}

impl<T, const MAX: usize> List<T, 0, MAX> {
    /// The empty list.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }
}

impl<T, const MAX: usize> Default for List<T, 0, MAX> {
    fn default() -> Self {
        Self::none()
    }
}

impl<T, const MIN: usize, const MAX: usize> Deref for List<T, MIN, MAX> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: Deserialize<'de>, const MIN: usize, const MAX: usize> Deserialize<'de> for List<T, MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(Vec::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<T: Check, const MIN: usize, const MAX: usize> Check for List<T, MIN, MAX> {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        for (index, item) in self.0.iter().enumerate() {
            item.check(&at.index(index), found);
        }
    }
}

/// Whether a value that may lack is there: of an optional one, that it was said; of a list, that it has an entry.
pub(super) trait IsThere {
    /// It is.
    fn is_there(&self) -> bool;
}

impl<T> IsThere for Option<T> {
    fn is_there(&self) -> bool {
        self.is_some()
    }
}

impl<T, const MAX: usize> IsThere for List<T, 0, MAX> {
    fn is_there(&self) -> bool {
        !self.is_empty()
    }
}

/// A whole number from `MIN` to `MAX`, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Whole<const MIN: u32, const MAX: u32>(u32);

impl<const MIN: u32, const MAX: u32> Whole<MIN, MAX> {
    /// Takes the number if it lies within the bounds.
    ///
    /// # Errors
    /// `out_of_range`.
    pub const fn new(number: u32) -> Result<Self, Refusal> {
        if number < MIN || number > MAX { Err(Refusal::OutOfRange) } else { Ok(Self(number)) }
    }

    /// The number nearest to `number` that lies within the bounds.
    #[must_use]
    pub fn nearest(number: u32) -> Self {
        Self(number.clamp(MIN, MAX))
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Whole<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(u32::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl<const MIN: u32, const MAX: u32> PartialSchema for Whole<MIN, MAX> {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(f64::from(MIN)))
            .maximum(Some(f64::from(MAX)))
            .description(Some("A whole number within bounds."))
            .into()
    }
}

impl<const MIN: u32, const MAX: u32> ToSchema for Whole<MIN, MAX> {
    fn name() -> Cow<'static, str> {
        format!("Whole{MIN}To{MAX}").into()
    }
}

impl<const MIN: u32, const MAX: u32> Check for Whole<MIN, MAX> {}
