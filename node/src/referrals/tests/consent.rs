//! A consent that is taken back while something waits, is under way, or has arrived.

use chrono::TimeDelta;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::problem::Code;

use super::world::{BY, REFERRAL, code, each, with_contact};
use crate::referrals::Sending;

#[actix_web::test]
async fn while_it_waits_nothing_leaves() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let record = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        w.ponte.no_more(person, record).await;
        let mine = w.ponte.look(here).await;
        assert_eq!((mine.summary.state, mine.summary.transport.state), (Some("withdrawn"), "struck"));
        assert!(w.ponte.carry(&w.cpi).await.is_empty());
        assert!(w.cpi.list().await.is_empty());
    })
    .await;
}

#[actix_web::test]
async fn after_it_got_a_number_it_goes_as_a_void_and_the_withdrawal_follows() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let record = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        drop(w.ponte.lease(&w.cpi).await.unwrap());
        w.ponte.no_more(person, record).await;
        w.clock.advance(TimeDelta::minutes(5));
        assert_eq!(w.ponte.carry(&w.cpi).await, ["voided", "accepted"]);
        assert!(w.cpi.list().await.is_empty());
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
    })
    .await;
}

#[actix_web::test]
async fn under_way_it_lands_and_is_withdrawn_there() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let record = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        let leased = w.ponte.lease(&w.cpi).await.unwrap();
        w.ponte.no_more(person, record).await;
        w.ponte.hand(&w.cpi, leased).await;
        let there = w.cpi.only().await;
        assert_eq!(w.cpi.state(there).await, Some("received"));
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
        assert_eq!(w.ponte.carry(&w.cpi).await, ["accepted"]);
        assert_eq!(w.cpi.state(there).await, Some("withdrawn"));
        assert!(w.cpi.look(there).await.card.is_none());
    })
    .await;
}

#[actix_web::test]
async fn a_decision_on_its_way_does_not_leave_any_more() {
    each(|w| async move {
        let (person, record, here, there) = w.received(&with_contact()).await;
        w.accept(there).await.unwrap();
        w.ponte.no_more(person, record).await;
        assert_eq!(w.ponte.carry(&w.cpi).await, ["accepted"]);
        assert_eq!(w.cpi.carry(&w.ponte).await, ["accepted"], "what became of it there, and no decision");
        assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("withdrawn"), Some("withdrawn")));
        let again = w.ponte.desk(move |r, tx| r.reopen(tx, BY, here)).await;
        assert_eq!(code(again), Code::IllegalTransition);
    })
    .await;
}

#[actix_web::test]
async fn the_yes_for_the_preview_is_not_the_yes_for_the_referral() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let preview = w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        let both = Sending { with_preview: true, ..Sending::default() };
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &both)).await.unwrap();
        w.exchange().await;
        w.ponte.no_more(person, preview).await;
        w.exchange().await;
        let there = w.cpi.only().await;
        assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("received"), Some("received")));
        w.accept(there).await.unwrap();
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("accepted"));
    })
    .await;
}

#[actix_web::test]
async fn expired_is_not_withdrawn_and_an_end_is_still_told() {
    each(|w| async move {
        let (_, _, here, there) = w.in_charge(&REFERRAL).await;
        w.clock.advance(TimeDelta::days(800));
        let late = w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &super::world::set(&[Group::Status]), false));
        assert_eq!(code(late.await), Code::ConsentNotValid);
        let end = super::world::parsed(serde_json::json!({"kind": "first_contact", "on": "2026-12-01"}));
        w.cpi.desk(move |r, tx| r.progress(tx, BY, there, end)).await.unwrap();
        let end = super::world::parsed(serde_json::json!({"outcome": "moved", "on": "2026-12-01"}));
        w.cpi.desk(move |r, tx| r.close(tx, BY, there, end)).await.unwrap();
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("closed"));
    })
    .await;
}
