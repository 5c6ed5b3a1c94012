//! Who answers for somebody who is not of age, and until when.
//!
//! Under sixteen nobody here has a card, so nothing is asked. At sixteen and seventeen the guardian answers and the minor
//! assents; so it is for somebody whose age is being established, since who may be a minor is treated as one. From the
//! eighteenth birthday on the guardian's word permits nothing.

use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use staffetta_protocol::card::codes::Minor;
use staffetta_protocol::card::{BirthDate, PartialDate};

use crate::rules::calendar::{end_of_day, local_day};

/// What a person's age means for her answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::consents) enum Age {
    /// She answers for herself.
    Adult,
    /// Her guardian answers, and she assents.
    Minor {
        /// The first instant of her eighteenth birthday, where it is known; of a date that is not known to the day, the
        /// latest that it may be.
        of_age: Option<DateTime<Utc>>,
    },
    /// She is too young to be asked.
    TooYoung,
}

impl Age {
    /// From what the card says of her.
    pub(in crate::consents) fn of(minor: Minor, born: Option<BirthDate>, now: DateTime<Utc>) -> Self {
        let years = born.map(|born| years(born.value, local_day(now)));
        let estimated = born.is_some_and(|born| born.estimated);
        if years.is_some_and(|years| years < 16) && !estimated {
            return Self::TooYoung;
        }
        let by_date = years.is_some_and(|years| years < 18);
        if by_date || matches!(minor, Minor::Yes | Minor::UnderAssessment) {
            return Self::Minor { of_age: born.and_then(|born| of_age(born.value)) };
        }
        Self::Adult
    }
}

fn years(born: PartialDate, today: NaiveDate) -> u32 {
    PartialDate::parse(&today.format("%Y-%m-%d").to_string()).map_or(0, |today| born.years_until(today))
}

/// Midnight in Italy at which the eighteenth birthday begins.
fn of_age(born: PartialDate) -> Option<DateTime<Utc>> {
    let born = born.last_day();
    let birthday = born.checked_add_months(Months::new(18 * 12))?;
    // Who was born on the 29th of February is of age with the end of the 28th.
    let eve = if birthday.day() == born.day() { birthday.pred_opt()? } else { birthday };
    Some(end_of_day(eve))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn age(minor: Minor, born: Option<&str>, now: &str) -> Age {
        let born = born.map(|text| BirthDate { value: PartialDate::parse(text).unwrap(), estimated: false });
        Age::of(minor, born, at(now))
    }

    #[test]
    fn the_guardians_word_ends_at_the_midnight_before_the_eighteenth_birthday() {
        let minor = |end: &str| Age::Minor { of_age: Some(at(end)) };
        let eve = "2027-01-14T22:59:59Z";
        assert_eq!(age(Minor::NotAsked, Some("2009-01-15"), eve), minor("2027-01-14T23:00:00Z"));
        assert_eq!(age(Minor::NotAsked, Some("2009-01-15"), "2027-01-14T23:00:00Z"), Age::Adult);
        assert_eq!(age(Minor::Yes, Some("2009-07-15"), eve), minor("2027-07-14T22:00:00Z"), "in summer time");
        assert_eq!(age(Minor::Yes, Some("2009"), eve), minor("2027-12-30T23:00:00Z"));
        assert_eq!(age(Minor::Yes, Some("2012-02-29"), "2029-01-01T00:00:00Z"), minor("2030-02-28T23:00:00Z"));
    }

    #[test]
    fn who_may_be_a_minor_is_one_and_under_sixteen_nobody_is_asked() {
        let now = "2026-11-23T09:00:00Z";
        assert_eq!(age(Minor::UnderAssessment, None, now), Age::Minor { of_age: None });
        assert!(matches!(age(Minor::No, Some("2009-11-24"), now), Age::Minor { .. }), "the date is surer than a tick");
        assert_eq!(age(Minor::No, Some("2008"), now), Age::Adult);
        assert_eq!(age(Minor::Yes, Some("2010-11-24"), now), Age::TooYoung);
        assert!(matches!(age(Minor::Yes, Some("2010-11-23"), now), Age::Minor { .. }));
        assert_eq!(age(Minor::NotAsked, None, now), Age::Adult);
    }
}
