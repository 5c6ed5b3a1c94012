//! Dates: of one day, of known precision, months, times of day. Years from 1900 to 2100: beyond lies a typing error.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::refusal::{Check, Refusal};
use super::shape::shape;

/// Years that a date of the card may have.
pub const YEARS: RangeInclusive<i32> = 1900..=2100;

/// A calendar day, `2026-12-01` and no other spelling (ISO 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(NaiveDate);

impl Day {
    /// Takes the day if its year lies in [`YEARS`].
    ///
    /// # Errors
    /// `out_of_range`.
    pub fn new(day: NaiveDate) -> Result<Self, Refusal> {
        if YEARS.contains(&day.year()) { Ok(Self(day)) } else { Err(Refusal::OutOfRange) }
    }

    /// Reads `YYYY-MM-DD`.
    ///
    /// # Errors
    /// `wrong_shape`, or `out_of_range` for a day that does not exist.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        match PartialDate::parse(text)? {
            PartialDate { year, month: Some(month), day: Some(day) } => {
                NaiveDate::from_ymd_opt(year, month, day).map(Self).ok_or(Refusal::OutOfRange)
            }
            _ => Err(Refusal::WrongShape),
        }
    }

    /// The day.
    #[must_use]
    pub const fn date(self) -> NaiveDate {
        self.0
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m-%d"))
    }
}

/// A date as precise as it is known: `1990`, `1990-05` or `1990-05-17` (ISO 8601). `Debug` shows the precision only.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PartialDate {
    year: i32,
    month: Option<u32>,
    day: Option<u32>,
}

impl PartialDate {
    /// Reads a date of any of the three precisions.
    ///
    /// # Errors
    /// `wrong_shape`, or `out_of_range` for a date that does not exist or lies outside [`YEARS`].
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let number = |part: &str, digits: usize| -> Result<u32, Refusal> {
            if part.len() != digits || !part.bytes().all(|b| b.is_ascii_digit()) {
                return Err(Refusal::WrongShape);
            }
            part.parse().map_err(|_| Refusal::WrongShape)
        };
        let mut parts = text.split('-');
        let year = number(parts.next().unwrap_or_default(), 4)?;
        let month = parts.next().map(|part| number(part, 2)).transpose()?;
        let day = parts.next().map(|part| number(part, 2)).transpose()?;
        if parts.next().is_some() {
            return Err(Refusal::WrongShape);
        }
        let year = i32::try_from(year).map_err(|_| Refusal::OutOfRange)?;
        if !YEARS.contains(&year) || NaiveDate::from_ymd_opt(year, month.unwrap_or(1), day.unwrap_or(1)).is_none() {
            return Err(Refusal::OutOfRange);
        }
        Ok(Self { year, month, day })
    }

    /// The year, the only part that is always known.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.year
    }

    /// The first day that it may be.
    #[must_use]
    pub fn first_day(self) -> NaiveDate {
        NaiveDate::from_ymd_opt(self.year, self.month.unwrap_or(1), self.day.unwrap_or(1))
            .expect("it was read as a date")
    }

    /// The last day that it may be.
    #[must_use]
    pub fn last_day(self) -> NaiveDate {
        match (self.month, self.day) {
            (Some(_), Some(_)) => self.first_day(),
            (month, _) => {
                let next = self.first_day().checked_add_months(Months::new(if month.is_some() { 1 } else { 12 }));
                next.and_then(|next| next.pred_opt()).expect("the years of a card have a next one")
            }
        }
    }

    /// Whether day, month and year are known.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        self.day.is_some()
    }

    /// Whether this date may lie before `other`, as far as their precision tells.
    #[must_use]
    pub fn may_precede(self, other: Self) -> bool {
        let low = (self.year, self.month.unwrap_or(1), self.day.unwrap_or(1));
        let high = (other.year, other.month.unwrap_or(12), other.day.unwrap_or(31));
        low <= high
    }

    /// Whole years from this date to `other`; with years alone their difference.
    #[must_use]
    pub fn years_until(self, other: Self) -> u32 {
        let from = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let to = (other.month.unwrap_or(from.0), other.day.unwrap_or(from.1));
        let years = other.year - self.year - i32::from(to < from);
        u32::try_from(years).unwrap_or(0)
    }

    /// Whole years from the last day that this date may mean to `day`.
    #[must_use]
    pub fn surely_years_until(self, day: Day) -> u32 {
        let from = (self.month.unwrap_or(12), self.day.unwrap_or(31));
        let years = day.0.year() - self.year - i32::from((day.0.month(), day.0.day()) < from);
        u32::try_from(years).unwrap_or(0)
    }
}

impl fmt::Display for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        self.month.map_or(Ok(()), |month| write!(f, "-{month:02}"))?;
        self.day.map_or(Ok(()), |day| write!(f, "-{day:02}"))
    }
}

impl fmt::Debug for PartialDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let precision = match (self.month, self.day) {
            (None, _) => "year",
            (Some(_), None) => "month",
            (Some(_), Some(_)) => "day",
        };
        write!(f, "PartialDate(to the {precision})")
    }
}

macro_rules! as_text {
    ($name:ident, $about:literal, $schema:expr) => {
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let string = ObjectBuilder::new().schema_type(Type::String).description(Some($about));
                let finish: fn(ObjectBuilder) -> ObjectBuilder = $schema;
                finish(string).into()
            }
        }

        impl ToSchema for $name {}

        impl Check for $name {}
    };
}

as_text!(Day, "A calendar day, ISO 8601, from 1900 to 2100.", |string| string
    .format(Some(SchemaFormat::KnownFormat(KnownFormat::Date))));
as_text!(PartialDate, "A date as precise as it is known, ISO 8601: year, year and month, or day.", |string| string
    .pattern(Some("^(19|20|21)[0-9]{2}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$")));

/// A date of birth; the year alone is enough, and it may be a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BirthDate {
    /// As precise as it is known.
    pub value: PartialDate,
    /// Estimated by someone, not stated in a document or by the person.
    #[serde(default)]
    pub estimated: bool,
}

impl Check for BirthDate {}

shape! {
    /// A calendar month, `2026-12`.
    YearMonth, "^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", |text| match PartialDate::parse(text)? {
        PartialDate { month: Some(_), day: None, .. } => Ok(()),
        _ => Err(Refusal::WrongShape),
    }
}

shape! {
    /// A time of day in hours and minutes, `08:30`; `24:00` ends a day.
    TimeOfDay, "^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$", |text| {
        let bytes = text.as_bytes();
        let digits = |i: usize| bytes[i].is_ascii_digit();
        if bytes.len() != 5 || bytes[2] != b':' || ![0, 1, 3, 4].into_iter().all(digits) {
            return Err(Refusal::WrongShape);
        }
        let fits = text == "24:00" || (&text[..2] < "24" && &text[3..] < "60");
        if fits { Ok(()) } else { Err(Refusal::OutOfRange) }
    }
}

/// Instants as the wire spells them: RFC 3339 with `Z`, no other offset.
pub mod instant {
    use super::{Deserialize, Deserializer, Refusal, Serializer, YEARS, de};
    use chrono::{DateTime, Datelike, SecondsFormat, Timelike, Utc};

    /// For `#[serde(with = "...")]`.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }

    /// For `#[serde(with = "...")]`.
    ///
    /// # Errors
    /// `wrong_shape` or `out_of_range`.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }

    /// The same for a field that may be absent.
    pub mod optional {
        use super::{DateTime, Deserializer, Serializer, Utc};

        /// For `#[serde(with = "...", default, skip_serializing_if = "Option::is_none")]`.
        ///
        /// # Errors
        /// Those of the serializer.
        pub fn serialize<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
            match at {
                Some(at) => super::serialize(at, serializer),
                None => serializer.serialize_none(),
            }
        }

        /// Present means an instant: there is no null.
        ///
        /// # Errors
        /// `wrong_shape` or `out_of_range`.
        pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }

    fn parse(text: &str) -> Result<DateTime<Utc>, Refusal> {
        if !text.ends_with('Z') || text.as_bytes().get(10) != Some(&b'T') {
            return Err(Refusal::WrongShape);
        }
        let at = DateTime::parse_from_rfc3339(text).map_err(|_| Refusal::WrongShape)?.with_timezone(&Utc);
        // A leap second: no clock here has one, and two instants would compare as one.
        if at.nanosecond() >= 1_000_000_000 {
            return Err(Refusal::WrongShape);
        }
        if YEARS.contains(&at.year()) { Ok(at) } else { Err(Refusal::OutOfRange) }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn an_instant_is_written_in_one_way() {
            assert!(parse("2026-12-31T23:59:59.5Z").is_ok());
            for wrong in [
                "2016-12-31T23:59:60Z",
                "2026-12-31T23:59:60.5Z",
                "2026-12-31T23:59:59+01:00",
                "2026-12-31 23:59:59Z",
                "2026-12-31T23:59Z",
            ] {
                assert_eq!(parse(wrong), Err(Refusal::WrongShape), "{wrong}");
            }
        }
    }
}
