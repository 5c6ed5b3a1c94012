//! Every (side, state, event), written out. What a line does not name is illegal.

use super::*;

/// The opener's own acts on its copy, and what its link reports.
const OPENER_ACTS: &str = "
-               create>draft
draft           send_preview>draft  send>sent  delivery_ack>received  withdraw>withdrawn  holder_changed>closed
sent            delivery_ack>received  transport_refused>draft  transport_expired>draft
sent            withdraw>withdrawn  holder_changed>closed
received        withdraw>withdrawn  holder_changed>closed
info_requested  provide_info>received  withdraw>withdrawn  holder_changed>closed
accepted        withdraw>withdrawn  holder_changed>closed
in_progress     withdraw>withdrawn  holder_changed>closed
declined        reopen>received
closed          reopen>received
withdrawn
";

/// The taker's own acts on its copy, and the same messages as they reach the opener's.
const TAKER_ACTS: &str = "
-
draft
sent
received        request_info>info_requested  accept>accepted  decline>declined
info_requested
accepted        appointment_set>accepted  appointment_moved>accepted  no_show>accepted  did_recorded>accepted
accepted        first_contact>in_progress  patto_signed>in_progress  close_no_contact>closed
in_progress     appointment_set>in_progress  appointment_moved>in_progress
in_progress     no_show>in_progress  did_recorded>in_progress
in_progress     first_contact>in_progress  patto_signed>in_progress  pathway_opened>in_progress
in_progress     close>closed  close_no_contact>closed
declined
closed
withdrawn
";

/// The opener's messages as they reach the taker's copy (never draft or sent), none of them crossed.
const REACHES_TAKER: &str = "
-               send_preview>-  send>received  withdraw>withdrawn  holder_changed>closed
received        withdraw>withdrawn  holder_changed>closed
info_requested  provide_info>received  withdraw>withdrawn  holder_changed>closed
accepted        withdraw>withdrawn  holder_changed>closed
in_progress     withdraw>withdrawn  holder_changed>closed
declined        reopen>received
closed          reopen>received
withdrawn
";

fn expected(table: &str, from: Option<State>, event: Event) -> Option<&str> {
    let lines = table.lines().filter(|line| line.split_whitespace().next() == Some(name(from)));
    let mut cells = lines.flat_map(|line| line.split_whitespace().skip(1)).filter_map(|cell| cell.split_once('>'));
    cells.find(|(what, _)| *what == event.as_str()).map(|(_, to)| to)
}

#[test]
fn the_tables_name_only_what_exists() {
    for line in [OPENER_ACTS, TAKER_ACTS, REACHES_TAKER].iter().flat_map(|table| table.lines()) {
        let mut cells = line.split_whitespace();
        let known = |state: &str| state == "-" || State::parse(state).is_some();
        assert!(cells.next().is_none_or(known), "{line}");
        assert!(cells.all(|cell| cell.split_once('>').is_some_and(|(e, to)| Event::parse(e).is_some() && known(to))));
    }
}

#[test]
fn own_acts() {
    for (side, table) in [(Side::Opener, OPENER_ACTS), (Side::Taker, TAKER_ACTS)] {
        for from in states() {
            for &event in Event::ALL {
                let got = apply(side, from, event, &facts(), now());
                match expected(table, from, event) {
                    Some(to) => {
                        let state = got.map(|next| name(next.state));
                        assert_eq!(state.as_deref(), Ok(to), "{side:?} {} {}", name(from), event.as_str());
                    }
                    None => {
                        let Err(Rejected::Illegal { allowed }) = got else {
                            panic!("{side:?} {from:?} {event:?}: {got:?}")
                        };
                        assert!(!allowed.contains(&event));
                    }
                }
            }
        }
    }
}

#[test]
fn messages_as_they_arrive() {
    for (copy, table) in [(Side::Opener, TAKER_ACTS), (Side::Taker, REACHES_TAKER)] {
        for now_in in
            states().filter(|state| copy == Side::Opener || !matches!(state, Some(State::Draft | State::Sent)))
        {
            for &event in Event::ALL {
                // Withdrawn at its sender: from there nothing is legal, so the state here decides alone.
                let verdict = judge(copy, event, now_in, Some(State::Withdrawn), &facts(), now());
                let to = match &verdict {
                    Verdict::Legal(next) => Some(name(next.state)),
                    Verdict::Superseded => panic!("superseded without a crossing: {event:?} in {now_in:?}"),
                    Verdict::Illegal => None,
                };
                assert_eq!(to, expected(table, now_in, event), "{copy:?} {} {}", name(now_in), event.as_str());
            }
        }
    }
}

#[test]
fn what_is_allowed_is_what_apply_accepts() {
    for side in Side::ALL {
        for from in states() {
            let allowed = allowed(side, from, &facts(), now());
            for &event in Event::ALL.iter().filter(|event| !event.is_transport()) {
                assert_eq!(allowed.contains(&event), apply(side, from, event, &facts(), now()).is_ok());
            }
            assert!(!allowed.iter().any(|event| event.is_transport() || event.side() != side));
        }
    }
    let names: Vec<_> =
        allowed(Side::Taker, Some(State::Received), &facts(), now()).into_iter().map(Event::as_str).collect();
    assert_eq!(names, ["request_info", "accept", "decline"]);
}

#[test]
fn names_are_read_back() {
    assert!(Event::ALL.iter().all(|event| Event::parse(event.as_str()) == Some(*event)));
    assert!(State::ALL.iter().all(|state| State::parse(state.as_str()) == Some(*state)));
    assert!(Side::ALL.iter().all(|side| Side::parse(side.as_str()) == Some(*side)));
    assert!(Transport::ALL.iter().all(|transport| Transport::parse(transport.as_str()) == Some(*transport)));
    assert!(preview::Preview::ALL.iter().all(|preview| preview::Preview::parse(preview.as_str()) == Some(*preview)));
    assert!(known::KnownPerson::ALL.iter().all(|known| known::KnownPerson::parse(known.as_str()) == Some(*known)));
}
