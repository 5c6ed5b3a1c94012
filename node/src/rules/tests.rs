//! The calendar against known years, and its laws on any day.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc, Weekday};
use proptest::prelude::*;

use super::calendar::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn easter_of_known_years() {
    for known in ["1961-04-02", "2000-04-23", "2008-03-23", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"] {
        assert_eq!(easter(day(known).year()), Some(day(known)));
    }
}

#[test]
fn national_holidays_are_dated() {
    let holidays = |year: i32| -> Vec<String> {
        let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
        first
            .iter_days()
            .take_while(|d| d.year() == year)
            .filter(|d| is_national_holiday(*d))
            .map(|d| d.to_string())
            .collect()
    };
    assert_eq!(
        holidays(2025),
        [
            "2025-01-01",
            "2025-01-06",
            "2025-04-21",
            "2025-04-25",
            "2025-05-01",
            "2025-06-02",
            "2025-08-15",
            "2025-11-01",
            "2025-12-08",
            "2025-12-25",
            "2025-12-26",
        ]
    );
    assert!(!is_national_holiday(day("2025-10-04")));
    assert!(is_national_holiday(day("2027-10-04")), "San Francesco is a holiday again from 2026, in 2027 on a Monday");
    assert!(!is_working_day(day("2027-10-04"), &[]));
    assert_eq!((holidays(2000).len(), holidays(2026).len()), (10, 12));
}

#[test]
fn working_days_step_over_weekends_holidays_and_the_patron_saint() {
    let prato = [LocalHoliday::Yearly { month: 12, day: 26 }, LocalHoliday::Once(day("2025-12-24"))];
    for (from, n, local, expected) in [
        ("2025-11-21", 1, &[][..], "2025-11-24"), // Friday to Monday
        ("2025-11-21", 10, &[], "2025-12-05"),
        ("2025-11-24", 10, &[], "2025-12-09"), // over 8 December
        ("2025-12-23", 1, &prato, "2025-12-29"),
        ("2026-04-03", 1, &[], "2026-04-07"), // Easter Monday
        ("2025-11-22", 0, &[], "2025-11-24"), // a Saturday is moved
        ("2025-11-24", 0, &[], "2025-11-24"),
        ("2025-11-22", 1, &[], "2025-11-24"), // a weekend starts nothing earlier than its Friday
    ] {
        assert_eq!(add_working_days(day(from), n, local), day(expected), "{from} + {n}");
    }
    assert_eq!(add_working_days(NaiveDate::MAX, 3, &[]), NaiveDate::MAX);
}

#[test]
fn a_day_ends_at_midnight_in_rome() {
    for (date, end) in [
        ("2025-12-05", "2025-12-05T23:00:00Z"),
        ("2025-07-01", "2025-07-01T22:00:00Z"),
        ("2026-03-28", "2026-03-28T23:00:00Z"), // the eve of summer time
        ("2026-03-29", "2026-03-29T22:00:00Z"), // the day of 23 hours
        ("2026-10-25", "2026-10-25T23:00:00Z"), // the day of 25 hours
    ] {
        assert_eq!(end_of_day(day(date)), at(end));
    }
    // Half past eleven at night in London terms is already tomorrow in Prato.
    assert_eq!(local_day(at("2025-11-20T23:30:00Z")), day("2025-11-21"));
    assert_eq!(end_of_working_day(at("2025-11-20T23:30:00Z"), 1, &[]), at("2025-11-24T23:00:00Z"));
}

fn any_day() -> impl Strategy<Value = NaiveDate> {
    (0..36_500i64).prop_map(|days| day("1990-01-01") + TimeDelta::days(days))
}

proptest! {
    #[test]
    fn easter_is_a_sunday_in_its_window(year in 1583..9999i32) {
        let sunday = easter(year).unwrap();
        prop_assert_eq!(sunday.weekday(), Weekday::Sun);
        prop_assert!((3, 22) <= (sunday.month(), sunday.day()) && (sunday.month(), sunday.day()) <= (4, 25));
    }

    #[test]
    fn the_sum_is_a_working_day_and_the_difference_gives_it_back(date in any_day(), n in 0..60u32) {
        let due = add_working_days(date, n, &[]);
        prop_assert!(is_working_day(due, &[]) && due >= date);
        if n > 0 { prop_assert_eq!(working_days_between(date, due, &[]), n); }
    }

    #[test]
    fn sums_add_up_and_keep_order(date in any_day(), a in 1..30u32, b in 1..30u32, later in 0..20i64) {
        let two_steps = add_working_days(add_working_days(date, a, &[]), b, &[]);
        prop_assert_eq!(two_steps, add_working_days(date, a + b, &[]));
        prop_assert!(add_working_days(date, a, &[]) <= add_working_days(date + TimeDelta::days(later), a, &[]));
    }

    #[test]
    fn a_local_holiday_never_brings_a_deadline_forward(date in any_day(), n in 0..30u32, when in (1..=12u32, 1..=31u32)) {
        let local = [LocalHoliday::Yearly { month: when.0, day: when.1 }];
        prop_assert!(add_working_days(date, n, &local) >= add_working_days(date, n, &[]));
    }

    #[test]
    fn the_end_of_a_day_parts_it_from_the_next(date in any_day()) {
        let end = end_of_day(date);
        prop_assert_eq!(local_day(end), date.succ_opt().unwrap());
        prop_assert_eq!(local_day(end - TimeDelta::seconds(1)), date);
    }
}
