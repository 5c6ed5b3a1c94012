//! The states of a consent.

use proptest::prelude::*;

use super::*;

#[test]
fn the_table_of_states() {
    use Event::{Defer, Give, Invalidate, Refuse, Renew, Terminate, Withdraw};
    let asked = vec![
        (Defer, State::Deferred),
        (Give, State::Given),
        (Refuse, State::Refused),
        (Invalidate, State::Invalidated),
    ];
    let in_force = vec![
        (Renew, State::Renewed),
        (Withdraw, State::Withdrawn),
        (Terminate, State::Terminated),
        (Invalidate, State::Invalidated),
    ];
    let over = vec![(Renew, State::Renewed), (Withdraw, State::Withdrawn), (Invalidate, State::Invalidated)];
    let table = [
        (State::Requested, asked.clone()),
        (State::Deferred, asked),
        (State::Given, in_force.clone()),
        (State::Renewed, in_force),
        (State::Expired, over.clone()),
        (State::Terminated, over),
        (State::Refused, vec![]),
        (State::Withdrawn, vec![]),
        (State::Invalidated, vec![]),
    ];
    assert_eq!(table.len(), State::ALL.len());
    for (state, legal) in table {
        for event in Event::ALL {
            match legal.iter().find(|(legal, _)| legal == event) {
                Some((_, next)) => assert_eq!(state.after(*event).unwrap(), *next),
                None => {
                    let problem = state.after(*event).unwrap_err();
                    assert_eq!(problem.code, Code::IllegalTransition);
                    assert_eq!(problem.allowed.len(), legal.len());
                }
            }
        }
    }
}

#[test]
fn only_given_and_renewed_permit_and_every_state_has_its_name_in_the_vocabulary() {
    let permitting: Vec<_> = State::ALL.iter().filter(|state| state.permits()).collect();
    assert_eq!(permitting, [&State::Given, &State::Renewed]);
    let names: BTreeSet<_> = State::ALL.iter().map(|state| state.dpv()).collect();
    assert_eq!(names.len(), State::ALL.len());
}

proptest! {
    #[test]
    fn whatever_happens_a_no_a_withdrawal_and_an_invalid_record_stay_what_they_are(
        events in prop::collection::vec(prop::sample::select(Event::ALL), 0..30),
        start in prop::sample::select(State::ALL),
    ) {
        let (mut state, mut ended, mut yes) = (start, false, start.permits());
        for event in events {
            match state.after(event) {
                Ok(next) => {
                    prop_assert!(!ended, "{state:?} was the end");
                    prop_assert!(!next.permits() || matches!(event, Event::Give | Event::Renew), "a yes is said");
                    state = next;
                    yes = yes || state.permits();
                }
                Err(problem) => prop_assert!(!problem.allowed.contains(&event.code().to_owned())),
            }
            ended = matches!(state, State::Refused | State::Withdrawn | State::Invalidated);
            prop_assert!(!state.permits() || !ended);
        }
        if matches!(start, State::Requested | State::Deferred) && state == State::Withdrawn {
            prop_assert!(yes, "what was never given is not taken back");
        }
    }
}
