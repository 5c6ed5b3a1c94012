//! Who answers for somebody who is not of age, and until when.
//!
//! Under sixteen nobody here has a card, so nothing is asked. At sixteen and seventeen the guardian answers and the minor
//! assents; so it is for somebody whose age is being established, since who may be a minor is treated as one. From the
//! eighteenth birthday on the guardian's word permits nothing.

use chrono::{DateTime, Datelike, Months, Utc};
use staffetta_protocol::card::{BirthDate, Day, PartialDate};

use crate::people::guardians::{Age as Majority, is_too_young};
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
    /// From what is known of her majority on that day, and of her date of birth.
    pub(in crate::consents) fn of(majority: Majority, born: Option<BirthDate>, now: DateTime<Utc>) -> Self {
        let today = Day::new(local_day(now));
        if born.zip(today.ok()).is_some_and(|(born, today)| is_too_young(born, today)) {
            return Self::TooYoung;
        }
        match majority {
            Majority::Minor => Self::Minor { of_age: born.and_then(|born| of_age(born.value)) },
            Majority::Adult | Majority::Unknown => Self::Adult,
        }
    }
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

    fn age(majority: Majority, born: Option<&str>, now: &str) -> Age {
        let born = born.map(|text| BirthDate { value: PartialDate::parse(text).unwrap(), estimated: false });
        Age::of(majority, born, at(now))
    }

    #[test]
    fn the_guardians_word_ends_at_the_midnight_before_the_eighteenth_birthday() {
        let now = "2027-01-14T22:59:59Z";
        for (born, midnight) in [
            ("2009-01-15", "2027-01-14T23:00:00Z"),
            ("2009-07-15", "2027-07-14T22:00:00Z"),
            ("2009", "2027-12-30T23:00:00Z"),
            ("2009-02", "2027-02-27T23:00:00Z"),
        ] {
            let minor = Age::Minor { of_age: Some(at(midnight)) };
            assert_eq!(age(Majority::Minor, Some(born), now), minor, "{born}");
        }
        let leap = age(Majority::Minor, Some("2012-02-29"), "2029-01-01T00:00:00Z");
        assert_eq!(leap, Age::Minor { of_age: Some(at("2030-02-28T23:00:00Z")) });
    }

    #[test]
    fn whose_age_is_unknown_to_the_day_has_no_end_and_under_sixteen_nobody_is_asked() {
        let now = "2026-11-23T09:00:00Z";
        assert_eq!(age(Majority::Minor, None, now), Age::Minor { of_age: None });
        assert_eq!(age(Majority::Unknown, None, now), Age::Adult);
        assert_eq!(age(Majority::Adult, Some("1996"), now), Age::Adult);
        assert_eq!(age(Majority::Minor, Some("2010-11-24"), now), Age::TooYoung);
        assert!(matches!(age(Majority::Minor, Some("2010-11-23"), now), Age::Minor { .. }));
        let estimated = BirthDate { value: PartialDate::parse("2012").unwrap(), estimated: true };
        assert!(
            matches!(Age::of(Majority::Minor, Some(estimated), at(now)), Age::Minor { .. }),
            "a guess decides nothing"
        );
    }
}
