//! The decision's clock: starts, stands still, goes on; reminders are computed.

use proptest::prelude::*;

use super::due::tell_by;
use super::*;
use crate::rules::calendar::{add_working_days, is_working_day, local_day};
use crate::rules::deadlines::Deadlines;

const AGREED: Deadlines = Deadlines::AGREED;

fn after(clock: DueClock, effect: Effect, when: &str) -> DueClock {
    clock.after(effect, &AGREED, &[], at(when))
}

#[test]
fn ten_working_days_with_a_reminder_on_the_way() {
    // Monday 24 November; 8 December is a holiday.
    let clock = after(DueClock::Stopped, Effect::StartClock, "2025-11-24T09:00:00Z");
    assert_eq!(clock, DueClock::Running { due_on: "2025-12-09".parse().unwrap() });
    assert_eq!(clock.due_at(), Some(at("2025-12-09T23:00:00Z")));
    for (when, stage, overdue) in [
        ("2025-11-24T10:00:00Z", Stage::InTime, false),
        ("2025-12-01T22:59:59Z", Stage::InTime, false),
        ("2025-12-01T23:00:00Z", Stage::Remind, false),
        ("2025-12-09T22:59:59Z", Stage::Remind, false),
        ("2025-12-09T23:00:00Z", Stage::Escalate, true),
        ("2026-03-01T00:00:00Z", Stage::Escalate, true),
    ] {
        assert_eq!((clock.stage(&AGREED, &[], at(when)), clock.is_overdue(at(when))), (stage, overdue), "{when}");
    }
}

#[test]
fn a_question_stops_the_clock() {
    let clock = after(DueClock::Stopped, Effect::StartClock, "2025-11-24T09:00:00Z");
    let clock = after(clock, Effect::PauseClock, "2025-11-27T15:00:00Z");
    assert_eq!(clock, DueClock::Paused { left: 7 });
    assert!(!clock.is_overdue(at("2026-06-01T00:00:00Z")));
    let clock = after(clock, Effect::ResumeClock, "2026-01-12T08:00:00Z");
    assert_eq!(clock, DueClock::Running { due_on: "2026-01-21".parse().unwrap() });
    assert_eq!(
        clock.stage(&AGREED, &[], at("2026-01-12T12:00:00Z")),
        Stage::InTime,
        "three days were spent, not thirty"
    );
    assert_eq!(after(clock, Effect::StopClock, "2026-01-13T08:00:00Z").due_at(), None);
}

#[test]
fn only_what_fits_moves_the_clock() {
    assert_eq!(after(DueClock::Stopped, Effect::PauseClock, "2025-11-24T09:00:00Z"), DueClock::Stopped);
    assert_eq!(after(DueClock::Stopped, Effect::ResumeClock, "2025-11-24T09:00:00Z"), DueClock::Stopped);
    assert_eq!(
        after(DueClock::Paused { left: 4 }, Effect::TellThePerson, "2025-11-24T09:00:00Z"),
        DueClock::Paused { left: 4 }
    );
    // Asked after the last day: the answer is owed the day it can be given.
    let late = DueClock::Running { due_on: "2025-11-20".parse().unwrap() };
    assert_eq!(after(late, Effect::PauseClock, "2025-11-24T09:00:00Z"), DueClock::Paused { left: 0 });
}

#[test]
fn the_person_is_told_within_two_working_days() {
    assert_eq!(tell_by(at("2025-11-28T16:00:00Z"), &AGREED, &[]), at("2025-12-02T23:00:00Z"));
}

proptest! {
    /// Ask at any time, be answered at any time: the taker has had its ten working days, no more and no less.
    #[test]
    fn pauses_neither_give_nor_take_days(start in 0..700i64, asked in 0..10u32, waits in 0..200i64) {
        let start = now() + chrono::TimeDelta::days(start);
        let asked_on = add_working_days(local_day(start), asked, &[]);
        let noon = |day: chrono::NaiveDate| day.and_hms_opt(11, 0, 0).unwrap().and_utc();
        let answered = noon(asked_on) + chrono::TimeDelta::days(waits);
        let clock = DueClock::Stopped.after(Effect::StartClock, &AGREED, &[], start);
        let paused = clock.after(Effect::PauseClock, &AGREED, &[], noon(asked_on));
        let DueClock::Paused { left } = paused else { panic!("{paused:?}") };
        let shift = u32::from(asked == 0 && !is_working_day(local_day(start), &[]));
        prop_assert_eq!(left + asked + shift, 10);
        let DueClock::Running { due_on } = paused.after(Effect::ResumeClock, &AGREED, &[], answered) else { panic!() };
        prop_assert_eq!(due_on, add_working_days(local_day(answered), left, &[]));
    }

    #[test]
    fn stages_only_rise_and_the_last_is_overdue(start in 0..700i64, hours in 0..2_000i64) {
        let start = now() + chrono::TimeDelta::days(start);
        let clock = DueClock::Stopped.after(Effect::StartClock, &AGREED, &[], start);
        let then = start + chrono::TimeDelta::hours(hours);
        let stage = clock.stage(&AGREED, &[], then);
        prop_assert!(stage <= clock.stage(&AGREED, &[], then + chrono::TimeDelta::hours(7)));
        prop_assert_eq!(stage == Stage::Escalate, clock.is_overdue(then));
    }
}
