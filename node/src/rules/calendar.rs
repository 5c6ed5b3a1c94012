//! Working days in Italy: Monday to Friday less the national holidays, less the local ones of the configuration.
//!
//! A deadline of *n* working days ends with the local day (Europe/Rome) of the n-th working day after the day on which
//! it began; that first day itself never counts, whatever the hour.

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Rome;

/// When a holiday falls within a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Falls {
    /// Month and day.
    On(u32, u32),
    /// Days after Easter Sunday of the Gregorian calendar.
    AfterEaster(u64),
}

/// One row of the list of national holidays.
#[derive(Debug, Clone, Copy)]
struct Holiday {
    falls: Falls,
    /// The first year in which it is a holiday.
    from: i32,
}

const fn row(falls: Falls, from: i32) -> Holiday {
    Holiday { falls, from }
}

/// National holidays. `from` matters only where the list changed in the years a node can meet.
/// To verify against the acts, all rows: L. 260/1949 art. 2 as amended by L. 54/1977 and DPR 792/1985.
const NATIONAL: &[Holiday] = &[
    row(Falls::On(1, 1), 1949),
    row(Falls::On(1, 6), 1986), // Epiphany, restored by DPR 792/1985
    row(Falls::AfterEaster(1), 1949),
    row(Falls::On(4, 25), 1949),
    row(Falls::On(5, 1), 1949),
    row(Falls::On(6, 2), 2001), // Festa della Repubblica, restored by L. 336/2000
    row(Falls::On(8, 15), 1949),
    row(Falls::On(10, 4), 2026), // San Francesco d'Assisi, L. 151/2025 (to verify)
    row(Falls::On(11, 1), 1949),
    row(Falls::On(12, 8), 1949),
    row(Falls::On(12, 25), 1949),
    row(Falls::On(12, 26), 1949),
];

/// A holiday of the place where the node works: the patron saint, or one closed day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LocalHoliday {
    /// Every year on this month (1 to 12) and day. A day that a year does not have falls in no such year.
    Yearly {
        /// 1 to 12.
        month: u32,
        /// 1 to 31.
        day: u32,
    },
    /// Once.
    Once(NaiveDate),
}

impl LocalHoliday {
    fn is_on(self, date: NaiveDate) -> bool {
        match self {
            Self::Yearly { month, day } => (date.month(), date.day()) == (month, day),
            Self::Once(day) => day == date,
        }
    }
}

/// Easter Sunday of the Gregorian calendar (the "anonymous" computus of Meeus, *Astronomical Algorithms*, chapter 8).
/// `None` only for years that `NaiveDate` cannot hold.
pub fn easter(year: i32) -> Option<NaiveDate> {
    let a = year.rem_euclid(19);
    let (b, c) = (year.div_euclid(100), year.rem_euclid(100));
    let (d, e) = (b.div_euclid(4), b.rem_euclid(4));
    let f = (b + 8).div_euclid(25);
    let g = (b - f + 1).div_euclid(3);
    let h = (19 * a + b - d - g + 15).rem_euclid(30);
    let (i, k) = (c / 4, c % 4);
    let l = (32 + 2 * e + 2 * i - h - k).rem_euclid(7);
    let m = (a + 11 * h + 22 * l) / 451;
    let n = h + l - 7 * m + 114;
    NaiveDate::from_ymd_opt(year, u32::try_from(n / 31).ok()?, u32::try_from(n % 31 + 1).ok()?)
}

/// Is the whole country at rest on this day, by law? Sundays are not asked here.
pub fn is_national_holiday(date: NaiveDate) -> bool {
    NATIONAL.iter().filter(|holiday| holiday.from <= date.year()).any(|holiday| match holiday.falls {
        Falls::On(month, day) => (date.month(), date.day()) == (month, day),
        Falls::AfterEaster(days) => {
            easter(date.year()).and_then(|sunday| sunday.checked_add_days(Days::new(days))) == Some(date)
        }
    })
}

/// Monday to Friday, no national holiday, none of `local`.
pub fn is_working_day(date: NaiveDate, local: &[LocalHoliday]) -> bool {
    !matches!(date.weekday(), Weekday::Sat | Weekday::Sun)
        && !is_national_holiday(date)
        && !local.iter().any(|holiday| holiday.is_on(date))
}

/// The `n`-th working day after `date`, which itself is not counted. With `n` = 0: `date`, or the next working day when
/// it is none. At the end of the calendar (the year 262142) it stops there.
pub fn add_working_days(date: NaiveDate, n: u32, local: &[LocalHoliday]) -> NaiveDate {
    let next = |day: NaiveDate| day.succ_opt().unwrap_or(NaiveDate::MAX);
    let to_working = |mut day: NaiveDate| {
        while day < NaiveDate::MAX && !is_working_day(day, local) {
            day = next(day);
        }
        day
    };
    if n == 0 { to_working(date) } else { (0..n).fold(date, |day, _| to_working(next(day))) }
}

/// How many working days lie after `from`, up to and including `to`; 0 when `to` is not later.
pub fn working_days_between(from: NaiveDate, to: NaiveDate, local: &[LocalHoliday]) -> u32 {
    let days = from.iter_days().skip(1).take_while(|day| *day <= to).filter(|day| is_working_day(*day, local)).count();
    u32::try_from(days).unwrap_or(u32::MAX)
}

/// The day that the wall calendar in Italy shows at this instant.
pub fn local_day(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Rome).date_naive()
}

/// The first instant that no longer belongs to `date` in Italy: what is due on `date` is late from here on.
pub fn end_of_day(date: NaiveDate) -> DateTime<Utc> {
    let Some(next) = date.succ_opt() else { return DateTime::<Utc>::MAX_UTC };
    let midnight = next.and_time(NaiveTime::MIN);
    // Today's rule changes the hour at 01:00 UTC, so midnight exists exactly once; before 1980 it did not always.
    match Rome.from_local_datetime(&midnight).earliest() {
        Some(at) => at.to_utc(),
        None => midnight.and_utc() - TimeDelta::hours(1),
    }
}

/// The end of the `n`-th working day after the local day of `start`.
pub fn end_of_working_day(start: DateTime<Utc>, n: u32, local: &[LocalHoliday]) -> DateTime<Utc> {
    end_of_day(add_working_days(local_day(start), n, local))
}
