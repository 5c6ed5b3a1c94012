//! The table of a transfer, and its two copies under every order in which words can cross.

use proptest::prelude::*;

use super::model::{Event, State, Verdict, due_at, due_on, judge, step};
use crate::referrals::model::{Side, Transport};
use crate::rules::deadlines::Deadlines;

#[test]
fn what_is_decided_is_decided() {
    for side in Side::ALL {
        for from in [State::Taken, State::Declined, State::Withdrawn, State::Refused] {
            for event in Event::ALL {
                let overruled = (side, from, event) == (Side::Taker, State::Taken, Event::Overruled);
                assert_eq!(step(side, from, event).is_some(), overruled, "{side:?} {from:?} {event:?}");
            }
        }
    }
    for state in State::ALL {
        assert_eq!(State::parse(state.as_str()), Some(*state));
    }
}

#[test]
fn an_answer_proves_that_the_offer_arrived() {
    for from in [State::Queued, State::Expired, State::Received] {
        assert_eq!(judge(from, Event::Take), Verdict::Legal(State::Taken));
        assert_eq!(judge(from, Event::Decline), Verdict::Legal(State::Declined));
    }
    assert_eq!(judge(State::Withdrawn, Event::Take), Verdict::Superseded, "a withdrawal stands");
    for from in [State::Refused, State::Taken, State::Declined] {
        assert_eq!(judge(from, Event::Take), Verdict::Illegal);
    }
    assert_eq!(step(Side::Taker, State::Queued, Event::Take), None, "nobody takes what has not come");
}

#[test]
fn ten_working_days_are_owed_while_it_waits_and_no_longer() {
    let at = "2026-11-23T09:00:00Z".parse().unwrap();
    let day = due_on(at, &Deadlines::AGREED, &[]);
    // The eighth of December is a holiday.
    assert_eq!(day.to_string(), "2026-12-07");
    assert!(due_at(State::Received, Some(day)).is_some());
    for state in State::ALL.iter().filter(|state| **state != State::Received) {
        assert_eq!(due_at(*state, Some(day)), None);
    }
}

proptest! {
    /// One answer, and perhaps a withdrawal of the yes, in whatever order they reach either side: both agree.
    #[test]
    fn both_copies_end_alike(takes in any::<bool>(), withdraws in any::<bool>(), withdrawal_first in any::<bool>(),
                             receipt_late in any::<bool>()) {
        let answer = if takes { Event::Take } else { Event::Decline };
        let mut opener = if receipt_late { State::Queued } else { State::Received };
        let mut taker = step(Side::Taker, State::Received, answer).unwrap();
        let mut overruled = false;
        let mut hears = |opener: &mut State| match judge(*opener, answer) {
            Verdict::Legal(state) => *opener = state,
            Verdict::Superseded => overruled = true,
            Verdict::Illegal => panic!("an answer to what was offered"),
        };
        let withdraw = |state: &mut State, side| *state = step(side, *state, Event::ConsentWithdrawn).unwrap_or(*state);
        if withdraws && withdrawal_first {
            withdraw(&mut opener, Side::Opener);
        }
        hears(&mut opener);
        if withdraws && !withdrawal_first {
            withdraw(&mut opener, Side::Opener);
        }
        if withdraws {
            withdraw(&mut taker, Side::Taker);
        }
        if overruled {
            taker = step(Side::Taker, taker, Event::Overruled).unwrap_or(taker);
        }
        if receipt_late {
            let late = Event::of_offer(Transport::Delivered).unwrap();
            opener = step(Side::Opener, opener, late).unwrap_or(opener);
        }
        // A refusal that crossed leaves both without a transfer, by either word.
        let same = opener == taker || (!takes && opener == State::Withdrawn && taker == State::Declined);
        prop_assert!(same, "{opener:?} {taker:?}");
        prop_assert_eq!(opener == State::Taken, taker == State::Taken);
    }
}
