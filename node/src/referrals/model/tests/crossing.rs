//! Threads that cross, one by one.

use super::*;

use Side::{Opener, Taker};

fn said(from: Side, thread_seq: u64, seen: u64, event: Event) -> Entry {
    Entry { from, thread_seq, seen, event, at: now(), fate: Fate::Said }
}

fn state_of(verdict: Verdict) -> Option<State> {
    match verdict {
        Verdict::Legal(next) => next.state,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_of_the_documentation() {
    let mut opener = History::new(Opener, vec![said(Opener, 1, 0, Event::Send), said(Opener, 2, 0, Event::Withdraw)]);
    let withdrawn = Some(State::Withdrawn);
    assert_eq!(opener.state_at(1), Some(State::Received));
    assert_eq!(opener.judge(withdrawn, Event::Accept, 1, now(), true), Verdict::Superseded);
    opener.push(said(Taker, 1, 1, Event::Accept));
    assert_eq!(opener.state_at(1), Some(State::Accepted));
    assert_eq!(opener.judge(withdrawn, Event::FirstContact, 1, now(), true), Verdict::Superseded);
    opener.push(said(Taker, 2, 1, Event::FirstContact));
    assert_eq!(opener.state_at(2), withdrawn);
    assert_eq!(opener.judge(withdrawn, Event::Close, 2, now(), true), Verdict::Illegal);
    assert_eq!(opener.state(), withdrawn);
}

#[test]
fn a_withdrawal_stands_against_every_decision_that_it_crossed() {
    let begun = [said(Opener, 1, 0, Event::Send)];
    let accepted = [said(Taker, 1, 1, Event::Accept)];
    let working = [said(Taker, 1, 1, Event::Accept), said(Taker, 2, 1, Event::PattoSigned)];
    for (theirs, decision) in [
        (&[][..], Event::Accept),
        (&[], Event::Decline),
        (&[], Event::RequestInfo),
        (&accepted, Event::FirstContact),
        (&working, Event::Close),
    ] {
        let mut entries = begun.to_vec();
        entries.extend(theirs);
        entries.push(said(Taker, 9, 1, decision));
        let taker = History::new(Taker, entries);
        for (end, state) in [(Event::Withdraw, State::Withdrawn), (Event::HolderChanged, State::Closed)] {
            let verdict = taker.judge(taker.state(), end, 0, now(), true);
            assert_eq!(state_of(verdict), Some(state), "{end:?} crosses {decision:?}");
        }
    }
}

#[test]
fn a_withdrawal_that_had_seen_the_end_is_illegal() {
    let taker = History::new(Taker, vec![said(Opener, 1, 0, Event::Send), said(Taker, 1, 1, Event::Decline)]);
    assert_eq!(taker.judge(taker.state(), Event::Withdraw, 1, now(), true), Verdict::Illegal);
    assert_eq!(state_of(taker.judge(taker.state(), Event::Withdraw, 0, now(), true)), Some(State::Withdrawn));
}

#[test]
fn illegal_in_both_states() {
    let opener = History::new(Opener, vec![said(Opener, 1, 0, Event::Send)]);
    let received = Some(State::Received);
    assert_eq!(opener.judge(received, Event::Close, 1, now(), true), Verdict::Illegal);
    assert_eq!(opener.judge(received, Event::Withdraw, 1, now(), true), Verdict::Illegal, "not the taker's to say");
    assert_eq!(opener.judge(received, Event::DeliveryAck, 1, now(), true), Verdict::Illegal, "never a message");
    assert_eq!(opener.judge(received, Event::Accept, 1, now(), false), Verdict::Illegal, "not a program's to decide");
    assert_eq!(
        opener.judge(Some(State::Draft), Event::Accept, 0, now(), true),
        Verdict::Illegal,
        "nothing was sent yet"
    );
}

#[test]
fn an_answer_proves_delivery() {
    let mut opener = History::new(Opener, vec![said(Opener, 1, 0, Event::Send)]);
    let Verdict::Legal(next) = opener.judge(Some(State::Sent), Event::RequestInfo, 1, now(), true) else { panic!() };
    assert_eq!(next.state, Some(State::InfoRequested));
    assert_eq!(next.effects, [Effect::StartClock, Effect::PauseClock, Effect::TellThePerson]);
    // Given up, and yet it had arrived.
    opener.set_fate(1, Fate::Expired);
    assert_eq!(opener.state(), Some(State::Draft));
    assert_eq!(state_of(opener.judge(Some(State::Draft), Event::Accept, 1, now(), true)), Some(State::Accepted));
    opener.push(said(Taker, 1, 1, Event::Accept));
    assert_eq!(opener.state(), Some(State::Accepted));
    // Refused: whoever answers it answers what it does not hold.
    let mut refused = History::new(Opener, vec![said(Opener, 1, 0, Event::Send)]);
    refused.set_fate(1, Fate::Lost);
    assert_eq!(refused.judge(Some(State::Draft), Event::Accept, 1, now(), true), Verdict::Illegal);
}

#[test]
fn a_referral_sent_twice_because_the_receipt_was_late() {
    let mut taker = History::new(Taker, vec![said(Opener, 1, 0, Event::Send)]);
    assert_eq!(taker.judge(taker.state(), Event::Send, 0, now(), true), Verdict::Superseded);
    taker.push(said(Taker, 1, 1, Event::Decline));
    assert_eq!(taker.judge(taker.state(), Event::Send, 0, now(), true), Verdict::Superseded);
    assert_eq!(taker.judge(taker.state(), Event::Send, 1, now(), true), Verdict::Illegal, "it had read our answer");
}

#[test]
fn what_a_lost_message_said_is_undone() {
    let thread = [
        said(Opener, 1, 0, Event::Send),
        said(Taker, 1, 1, Event::RequestInfo),
        said(Opener, 2, 1, Event::ProvideInfo),
    ];
    let mut opener = History::new(Opener, thread.to_vec());
    assert_eq!(opener.state(), Some(State::Received));
    opener.set_fate(2, Fate::Lost);
    assert_eq!(opener.state(), Some(State::InfoRequested));
    opener.push(said(Opener, 3, 1, Event::Withdraw));
    opener.set_fate(3, Fate::Lost);
    assert_eq!(opener.state(), Some(State::Withdrawn), "a withdrawal is not undone");
}

#[test]
fn counted_from_the_thread() {
    let mut taker = History::new(
        Taker,
        vec![said(Opener, 1, 0, Event::Send), said(Taker, 1, 1, Event::Accept), said(Taker, 2, 1, Event::NoShow)],
    );
    assert_eq!((taker.no_shows(), taker.ended_at()), (1, None));
    taker.push(said(Taker, 3, 1, Event::NoShow));
    taker.push(said(Taker, 4, 1, Event::NoShow));
    taker.push(said(Taker, 5, 1, Event::CloseNoContact));
    assert_eq!((taker.no_shows(), taker.ended_at()), (3, Some(now())));
    taker.push(said(Opener, 2, 5, Event::Reopen));
    taker.push(said(Taker, 6, 2, Event::Accept));
    assert_eq!(taker.no_shows(), 0);
    assert!(History::new(Opener, vec![]).ended_at().is_none() && !History::new(Opener, vec![]).peer_may_know());
}

#[test]
fn by_hand_for_an_office_without_a_node() {
    for (from, event, to) in
        [(State::Received, Event::Accept, State::Accepted), (State::InProgress, Event::Close, State::Closed)]
    {
        assert_eq!(state_of(judge(Opener, event, Some(from), Some(from), &facts(), now())), Some(to));
    }
}

#[test]
fn a_withdrawn_consent_ends_what_is_unfinished() {
    assert_eq!(consent_withdrawn(None), Some(State::Withdrawn));
    assert_eq!(consent_withdrawn(Some(State::Accepted)), Some(State::Withdrawn));
    assert_eq!(consent_withdrawn(Some(State::Closed)), None);
    // The opener's own word, after the tombstone was written here.
    let taker = History::new(Taker, vec![said(Opener, 1, 0, Event::Send)]);
    assert_eq!(state_of(taker.judge(Some(State::Withdrawn), Event::Withdraw, 0, now(), true)), Some(State::Withdrawn));
}
