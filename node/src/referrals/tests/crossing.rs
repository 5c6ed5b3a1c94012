//! Messages that meet on the way, that do not arrive, and that do not belong.

use chrono::TimeDelta;
use serde_json::json;
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::data::WithdrawnBy;
use staffetta_protocol::problem::Code;

use super::world::{BY, REFERRAL, code, each, parsed, with_contact};
use crate::referrals::Sending;
use crate::store::contention::somebody_waits;

#[actix_web::test]
async fn a_withdrawal_that_crosses_a_decision_stands() {
    each(|w| async move {
        let (_, _, here, there) = w.received(&with_contact()).await;
        w.accept(there).await.unwrap();
        w.ponte.desk(move |r, tx| r.withdraw(tx, BY, here, WithdrawnBy::Person)).await.unwrap();
        assert_eq!(w.cpi.carry(&w.ponte).await, ["superseded"]);
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
        assert!(w.ponte.look(here).await.events.last().unwrap().superseded);
        assert_eq!(w.ponte.carry(&w.cpi).await, ["accepted"]);
        assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("withdrawn"), Some("withdrawn")));
        let seen = w.cpi.look(there).await;
        assert!(seen.card.unwrap().groups.contact.is_none() && seen.allowed.is_empty());
        let reply = w
            .cpi
            .desk(move |r, tx| r.progress(tx, BY, there, parsed(json!({"kind": "first_contact", "on": "2026-12-01"}))));
        assert_eq!(code(reply.await), Code::IllegalTransition);
    })
    .await;
}

#[actix_web::test]
async fn what_had_not_left_when_it_was_withdrawn_never_leaves() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        let told = w.ponte.desk(move |r, tx| r.withdraw(tx, BY, here, WithdrawnBy::Sender)).await.unwrap();
        assert_eq!(told, None, "nobody there knows of it");
        assert!(w.ponte.carry(&w.cpi).await.is_empty());
        assert!(w.cpi.list().await.is_empty());
        let mine = w.ponte.look(here).await;
        assert_eq!((mine.summary.state, mine.summary.transport.state), (Some("withdrawn"), "struck"));
    })
    .await;
}

/// Two processes on one PostgreSQL: the one has read what waits when the other strikes it, and gives no number to it.
#[actix_web::test]
async fn what_is_withdrawn_while_its_batch_is_made_never_leaves() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        let (begun, is_begun) = tokio::sync::oneshot::channel();
        let withdrawn = w.ponte.desk(move |r, tx| {
            let told = r.withdraw(tx, BY, here, WithdrawnBy::Sender)?;
            begun.send(()).unwrap();
            assert!(somebody_waits(tx.conn()), "the batch waits for the row that was struck");
            Ok(told)
        });
        let leased = async {
            is_begun.await.unwrap();
            w.ponte.lease(&w.cpi).await
        };
        let (told, leased) = tokio::join!(withdrawn, leased);
        assert!(told.unwrap().is_none() && leased.is_none());
        assert!(w.ponte.carry(&w.cpi).await.is_empty() && w.cpi.list().await.is_empty());
        assert_eq!(w.ponte.look(here).await.summary.transport.state, "struck");
    })
    .await;
}

#[actix_web::test]
async fn what_was_under_way_when_it_was_withdrawn_is_withdrawn_there() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        let leased = w.ponte.lease(&w.cpi).await.unwrap();
        let told = w.ponte.desk(move |r, tx| r.withdraw(tx, BY, here, WithdrawnBy::Person)).await.unwrap();
        assert!(told.is_some(), "it may have arrived");
        w.ponte.hand(&w.cpi, leased).await;
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
        assert_eq!(w.ponte.carry(&w.cpi).await, ["accepted"]);
        assert_eq!(w.cpi.state(w.cpi.only().await).await, Some("withdrawn"));
    })
    .await;
}

#[actix_web::test]
async fn a_void_that_came_first_leaves_nothing_there_and_the_withdrawal_stays() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        drop(w.ponte.lease(&w.cpi).await.unwrap());
        w.ponte.desk(move |r, tx| r.withdraw(tx, BY, here, WithdrawnBy::Person)).await.unwrap();
        w.clock.advance(TimeDelta::minutes(5));
        assert_eq!(w.ponte.carry(&w.cpi).await, ["voided", "thread_unknown"]);
        assert!(w.cpi.list().await.is_empty());
        assert_eq!(w.ponte.state(here).await, Some("withdrawn"));
    })
    .await;
}

#[actix_web::test]
async fn not_delivered_is_a_draft_again_and_goes_anew() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        let first = w.ponte.lease(&w.cpi).await.unwrap();
        w.clock.advance(TimeDelta::days(4));
        assert!(w.ponte.look(here).await.summary.transport.undelivered);
        w.clock.advance(TimeDelta::days(27));
        let voided = w.ponte.lease(&w.cpi).await.unwrap();
        let mine = w.ponte.look(here).await;
        assert_eq!((mine.summary.state, mine.summary.transport.state), (Some("draft"), "expired"));
        drop(first);
        w.ponte.hand(&w.cpi, voided).await;
        assert_eq!(w.ponte.state(here).await, Some("draft"));
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("received"));
        assert_eq!(w.cpi.list().await.len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn a_third_node_cannot_name_the_thread_of_two_others() {
    each(|w| async move {
        let (_, _, _, there) = w.received(&REFERRAL).await;
        let person = w.altro.person().await;
        w.altro.yes(person, Purpose::P2, &REFERRAL).await;
        let draft = w.new_draft(person);
        let theirs = w.altro.desk(move |r, tx| r.draft(tx, BY, &draft)).await.unwrap();
        w.altro.desk(move |r, tx| r.send(tx, BY, theirs, &Sending::default())).await.unwrap();
        // The stranger has learnt the name of the thread and uses it: for the job centre that is a thread of this pair,
        // of which it knows nothing.
        let wire = w.cpi.store.read(move |conn| {
            use crate::store::schema::{referral, thread};
            use diesel::prelude::*;
            let local: crate::store::Id =
                referral::table.find(crate::store::Id(there)).select(referral::thread).first(conn)?;
            Ok(thread::table
                .find(local)
                .select((thread::wire, thread::subject_ref))
                .first::<(crate::store::Id, crate::store::Id)>(conn)?)
        });
        let (wire, subject_ref) = wire.await.unwrap();
        assert_eq!(w.altro.carry(&w.cpi).await, ["accepted"]);
        w.altro
            .store
            .write(move |tx| {
                use crate::store::schema::{pairwise, thread};
                use diesel::prelude::*;
                diesel::update(thread::table)
                    .set((thread::wire.eq(wire), thread::subject_ref.eq(subject_ref)))
                    .execute(tx.conn())?;
                diesel::update(pairwise::table).set(pairwise::subject_ref.eq(subject_ref)).execute(tx.conn())?;
                Ok(())
            })
            .await
            .unwrap();
        w.altro.desk(move |r, tx| r.withdraw(tx, BY, theirs, WithdrawnBy::Sender)).await.unwrap();
        assert_eq!(w.altro.carry(&w.cpi).await, ["thread_unknown"]);
        assert_eq!(w.cpi.state(there).await, Some("received"));
    })
    .await;
}

#[actix_web::test]
async fn a_decision_that_is_illegal_there_is_undone_here() {
    each(|w| async move {
        let (_, _, here, there) = w.in_charge(&REFERRAL).await;
        // The job centre lost its memory of having accepted, say: the same decision once more.
        w.cpi
            .store
            .write(move |tx| {
                use crate::store::schema::referral;
                use diesel::prelude::*;
                diesel::update(referral::table).set(referral::state.eq("received")).execute(tx.conn())?;
                Ok(())
            })
            .await
            .unwrap();
        w.accept(there).await.unwrap();
        assert_eq!(w.cpi.carry(&w.ponte).await, ["illegal_transition"]);
        assert_eq!((w.ponte.state(here).await, w.cpi.state(there).await), (Some("accepted"), Some("accepted")));
        assert_eq!(w.cpi.look(there).await.summary.transport.state, "refused");
    })
    .await;
}
