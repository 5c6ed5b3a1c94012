//! A consent that is taken back while something waits, is under way, or has arrived.

use chrono::TimeDelta;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::problem::Code;

use super::world::{BY, Node, REFERRAL, World, code, each, parsed, seen, set, with_contact};
use crate::consents;
use crate::people::PersonId;
use crate::referrals::{Referrals, Sending};
use crate::store::Tx;
use staffetta_protocol::id::RecordId;
use uuid::Uuid;

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

impl Node {
    /// Her card says what a workplace must adjust for her.
    pub(super) async fn with_adjustments(&self, person: PersonId) {
        let vault = self.vault();
        let act = move |tx: &mut crate::store::Tx<'_>| {
            let held = crate::cards::current(tx.conn(), &vault, person)?.expect("a card");
            let mut card = held.card;
            card.workplace_adjustments = parsed(serde_json::json!([{"kind": "no_nights"}]));
            crate::cards::put(tx, &vault, &super::world::seen(person), card, held.version).map(drop)
        };
        self.store.write(act).await.unwrap();
    }
}

/// The usual way: a preview and then the referral in its thread, taken on. Her yes for either, here and there.
async fn previewed_and_in_charge(w: &World) -> (PersonId, (RecordId, RecordId), (Uuid, Uuid)) {
    let person = w.ponte.person().await;
    let preview = w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
    let referral = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
    let here = w.draft(person).await;
    w.ponte.desk(move |r, tx| r.send_preview(tx, BY, here)).await.unwrap();
    w.exchange().await;
    w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
    w.exchange().await;
    let there = w.cpi.only().await;
    w.accept(there).await.unwrap();
    w.exchange().await;
    assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("accepted"), Some("accepted")));
    (person, (preview, referral), (here, there))
}

/// Nothing more is said by the one who was told of her.
async fn is_over(w: &World, here: Uuid, there: Uuid) {
    assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("withdrawn"), Some("withdrawn")));
    let more = parsed(serde_json::json!({"kind": "first_contact", "on": "2026-12-01"}));
    let more = w.cpi.desk(move |r, tx| r.progress(tx, BY, there, more)).await;
    assert_eq!(code(more), Code::IllegalTransition);
    assert!(w.cpi.carry(&w.ponte).await.is_empty(), "not a word more");
}

#[actix_web::test]
async fn a_referral_that_was_taken_back_is_not_carried_by_its_preview() {
    each(|w| async move {
        let (person, (_, referral), (here, there)) = previewed_and_in_charge(&w).await;
        let more = parsed(serde_json::json!({"kind": "first_contact", "on": "2026-12-01"}));
        w.cpi.desk(move |r, tx| r.progress(tx, BY, there, more)).await.unwrap();
        w.ponte.no_more(person, referral).await;
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
        assert_eq!(w.ponte.carry(&w.cpi).await, ["accepted"]);
        assert_eq!(w.cpi.carry(&w.ponte).await, ["accepted"], "what became of it there, and not what waited");
        w.exchange().await;
        is_over(&w, here, there).await;
        assert!(w.cpi.look(there).await.card.is_some_and(|card| card.groups.identity.is_none()), "the preview stays");
    })
    .await;
}

#[actix_web::test]
async fn neither_by_what_was_agreed_to_beside_it() {
    each(|w| async move {
        let (person, (preview, referral), (here, there)) = previewed_and_in_charge(&w).await;
        w.ponte.with_adjustments(person).await;
        w.ponte.yes(person, Purpose::P10, &[Group::Adjustments]).await;
        w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Adjustments]), false)).await.unwrap();
        w.exchange().await;
        w.ponte.no_more(person, preview).await;
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("accepted"), "nothing of the referral was taken back");
        w.ponte.no_more(person, referral).await;
        w.exchange().await;
        is_over(&w, here, there).await;
    })
    .await;
}

#[actix_web::test]
async fn before_the_referral_arrived_the_preview_goes_on() {
    each(|w| async move {
        let person = w.ponte.person().await;
        let preview = w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
        let referral = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send_preview(tx, BY, here)).await.unwrap();
        w.exchange().await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        w.ponte.no_more(person, referral).await;
        assert!(w.ponte.carry(&w.cpi).await.is_empty(), "it knows of the preview alone");
        assert_eq!(w.ponte.state(here).await, Some("draft"));
        w.ponte.no_more(person, preview).await;
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
    })
    .await;
}

/// That a yes was done is nothing that the recipient was told: it reads the day that came with it.
#[actix_web::test]
async fn a_yes_that_was_done_carries_the_referral_and_permits_nothing() {
    each(|w| async move {
        let (person, first, here, there) = w.in_charge(&REFERRAL).await;
        let vault = w.ponte.vault();
        let done = move |tx: &mut Tx<'_>| consents::terminate(tx, &vault, &seen(person), first).map(drop);
        w.ponte.store.write(done).await.unwrap();
        let status = move |r: &Referrals, tx: &mut Tx<'_>| r.update_card(tx, BY, here, &set(&[Group::Status]), false);
        assert_eq!(code(w.ponte.desk(status).await), Code::ConsentNotValid);
        let second = w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        w.ponte.desk(status).await.unwrap();
        w.exchange().await;
        w.ponte.no_more(person, second).await;
        w.exchange().await;
        assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("accepted"), Some("accepted")));
        assert_eq!(code(w.ponte.desk(status).await), Code::ConsentNotValid, "nothing leaves under it all the same");
    })
    .await;
}

/// Nor that it was renewed, as long as nothing went under the renewal.
#[actix_web::test]
async fn a_renewal_of_which_the_recipient_has_nothing_carries_no_referral() {
    each(|w| async move {
        let (person, first, here, there) = w.in_charge(&REFERRAL).await;
        w.clock.advance(TimeDelta::days(400));
        w.ponte.renewed(person, first).await;
        let second = w.ponte.yes(person, Purpose::P2, &[Group::Contact]).await;
        w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Contact]), false)).await.unwrap();
        w.exchange().await;
        w.clock.advance(TimeDelta::days(400));
        w.ponte.no_more(person, second).await;
        w.exchange().await;
        assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("withdrawn"), Some("withdrawn")));
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
