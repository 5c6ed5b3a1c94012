//! The last column of the table, and what follows from a step.

use chrono::TimeDelta;

use super::known::{KnownPerson, is_duplicate};
use super::preview::{Answer, Preview};
use super::*;

#[test]
fn what_can_still_be_supplied_is_unmet_not_illegal() {
    let all = facts();
    for (side, from, event, facts, guard) in [
        (Side::Opener, None, Event::Create, Facts { card: false, ..all }, Guard::Card),
        (Side::Opener, Some(State::Draft), Event::SendPreview, Facts { preview_consent: false, ..all }, Guard::Consent),
        (Side::Opener, Some(State::Draft), Event::Send, Facts { referral_consent: false, ..all }, Guard::Consent),
        (Side::Opener, Some(State::Draft), Event::Send, Facts { complete: false, ..all }, Guard::Fields),
        (
            Side::Opener,
            Some(State::InfoRequested),
            Event::ProvideInfo,
            Facts { referral_consent: false, ..all },
            Guard::Consent,
        ),
        (Side::Opener, Some(State::Closed), Event::Reopen, Facts { referral_consent: false, ..all }, Guard::Consent),
        (Side::Taker, Some(State::Received), Event::Accept, Facts { by_person: false, ..all }, Guard::Person),
        (Side::Taker, Some(State::Received), Event::Decline, Facts { by_person: false, ..all }, Guard::Person),
        (Side::Taker, Some(State::Accepted), Event::CloseNoContact, Facts { by_person: false, ..all }, Guard::Person),
    ] {
        assert_eq!(apply(side, from, event, &facts, now()), Err(Rejected::Unmet(guard)), "{event:?}");
        assert!(allowed(side, from, &facts, now()).contains(&event));
    }
}

#[test]
fn a_withdrawal_needs_nothing() {
    let bare = Facts {
        card: false,
        preview_consent: false,
        referral_consent: false,
        complete: false,
        by_person: false,
        ..facts()
    };
    assert!(apply(Side::Opener, Some(State::Accepted), Event::Withdraw, &bare, now()).is_ok());
}

#[test]
fn three_missed_appointments_close_an_accepted_referral() {
    let after = |no_shows| allowed(Side::Taker, Some(State::Accepted), &Facts { no_shows, ..facts() }, now());
    assert!(!after(2).contains(&Event::CloseNoContact));
    assert!(after(3).contains(&Event::CloseNoContact));
    let begun = allowed(Side::Taker, Some(State::InProgress), &Facts { no_shows: 0, ..facts() }, now());
    assert!(begun.contains(&Event::CloseNoContact), "work that has begun may end so without counting");
}

#[test]
fn reopening_has_ninety_days_and_the_same_holder() {
    let reopen = |facts: Facts| apply(Side::Opener, Some(State::Declined), Event::Reopen, &facts, now()).is_ok();
    let ended = |ago: TimeDelta| Facts { ended_at: Some(now() - ago), ..facts() };
    assert!(reopen(ended(TimeDelta::days(90))));
    assert!(!reopen(ended(TimeDelta::days(90) + TimeDelta::seconds(1))));
    assert!(!reopen(Facts { holder_changed: true, ..facts() }));
    assert!(!reopen(Facts { ended_at: None, ..facts() }));
}

#[test]
fn a_preview_goes_once_unless_more_was_asked() {
    let may = |preview| {
        allowed(Side::Opener, Some(State::Draft), &Facts { preview, ..facts() }, now()).contains(&Event::SendPreview)
    };
    assert!(may(Preview::None) && may(Preview::Answered(Answer::NeedsMore)));
    assert!(!may(Preview::Sent) && !may(Preview::Answered(Answer::NotForUs)) && !may(Preview::TimedOut));
    // Whatever became of it, the referral may go.
    for preview in Preview::ALL {
        assert!(apply(Side::Opener, Some(State::Draft), Event::Send, &Facts { preview, ..facts() }, now()).is_ok());
    }
}

#[test]
fn contacts_leave_and_the_person_is_told_when_the_acceptance_arrives() {
    let arrives = |event, from| match judge(Side::Opener, event, Some(from), None, &facts(), now()) {
        Verdict::Legal(next) => next.effects,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        arrives(Event::Accept, State::Received),
        [Effect::StopClock, Effect::ReleaseGranted, Effect::TellThePerson]
    );
    assert_eq!(arrives(Event::Decline, State::Received), [Effect::StopClock, Effect::TellThePerson]);
    assert_eq!(arrives(Event::RequestInfo, State::Received), [Effect::PauseClock, Effect::TellThePerson]);
    assert_eq!(arrives(Event::Close, State::InProgress), [Effect::TellThePerson]);
    assert_eq!(arrives(Event::FirstContact, State::Accepted), []);
    let own = apply(Side::Taker, Some(State::Received), Event::Accept, &facts(), now()).unwrap();
    assert_eq!(own.effects, [Effect::StopClock]);
}

#[test]
fn the_known_person_and_the_second_referral() {
    assert!(KnownPerson::Same.already_known() && !KnownPerson::Unsure.already_known());
    let others = [("cpi-prato", State::Declined), ("cpi-pistoia", State::Received)];
    assert!(!is_duplicate(&"cpi-prato", others));
    assert!(is_duplicate(&"cpi-pistoia", others));
    assert!(!is_duplicate(&"cpi-prato", [("cpi-prato", State::Draft)]));
}

#[test]
fn transport_goes_its_own_way() {
    use Transport::*;
    let deadlines = Facts::GIVEN.deadlines;
    assert!(Queued.is_undelivered(now() - TimeDelta::hours(72), &deadlines, now()));
    assert!(!Queued.is_undelivered(now() - TimeDelta::hours(71), &deadlines, now()));
    assert!(!Delivered.is_undelivered(now() - TimeDelta::days(9), &deadlines, now()));
    let after = |from: Transport| Transport::ALL.into_iter().filter(|to| from.leads_to(*to)).collect::<Vec<_>>();
    assert_eq!(after(NotSent), [Queued, ByHand]);
    assert_eq!(after(ByHand), [ByHand], "what is on paper stays on paper");
    assert_eq!(after(Queued), [Queued, Delivered, Refused, Struck, Expired]);
    assert_eq!(after(Delivered), [Queued]);
    assert_eq!(after(Expired), [Queued, Delivered, Refused], "a late receipt is believed");
}
