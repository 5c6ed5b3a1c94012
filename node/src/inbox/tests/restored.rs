//! Numbers that nobody knows any more, and a time that nobody confirmed.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use staffetta_protocol::link::VoidReason;
use staffetta_protocol::problem::Code;
use staffetta_protocol::receipt::Outcome;

use super::{Pair, code, each, outcomes, taken};
use crate::outbox::{self, Bounds, Mended, Transport};

impl Pair {
    /// The sender begins anew on every link, as after it was restored.
    async fn begins_anew(&self) {
        let own = self.a.id.clone();
        let act = move |tx: &mut crate::store::Tx<'_>| outbox::begin_new_epochs(tx, &own, &BTreeMap::new());
        self.a.store().write(act).await.unwrap();
    }

    /// Whether something waits for the peer when it asks from there.
    async fn waits(&self, epoch: u32, after: u64) -> bool {
        let peer = self.b.id.clone();
        self.a.store().read(move |conn| outbox::waits_for(conn, &peer, (epoch, after))).await.unwrap()
    }
}

#[actix_web::test]
async fn whoever_may_have_a_message_hears_that_it_was_taken_back() {
    each(|pair| async move {
        let message = pair.queue().await;
        let first = pair.lease(10).await.unwrap();
        let answer = pair.deliver(&first.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer)[0].1, Outcome::Accepted);
        // The receipt was lost, and the copy knows that the message waits.
        pair.begins_anew().await;
        let record = pair.record;
        let told = pair.a.store().write(move |tx| outbox::strike(tx, record)).await.unwrap();
        assert_eq!(told, std::slice::from_ref(&pair.b.id));
        let again = pair.lease(10).await.unwrap();
        assert_eq!((again.batch.epoch, again.batch.items[0].seq), (2, 1));
        assert_eq!(again.batch.items[0].void.as_ref().unwrap().reason, VoidReason::Struck);
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer)[0].1, Outcome::Accepted, "what had arrived has arrived");
        pair.settle(&answer, Some(again.token)).await;
        assert_eq!(pair.transport(message).await.0, Transport::Delivered);
    })
    .await;
}

#[actix_web::test]
async fn a_void_under_a_number_that_is_nobodys_any_more_is_said_again() {
    each(|pair| async move {
        let message = pair.queue().await;
        pair.lease(10).await.unwrap();
        let record = pair.record;
        pair.a.store().write(move |tx| outbox::strike(tx, record)).await.unwrap();
        pair.begins_anew().await;
        let again = pair.lease(10).await.unwrap();
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer)[0].1, Outcome::Voided);
        pair.settle(&answer, Some(again.token)).await;
        assert_eq!(pair.transport(message).await.0, Transport::Struck);
    })
    .await;
}

#[actix_web::test]
async fn two_beginnings_that_the_peer_never_heard_of_are_mended() {
    each(|pair| async move {
        pair.queue().await;
        let first = pair.lease(10).await.unwrap();
        let answer = pair.deliver(&first.batch, taken).await.unwrap();
        pair.settle(&answer, Some(first.token)).await;
        pair.begins_anew().await;
        pair.begins_anew().await;
        let message = pair.queue().await;
        let lost = pair.lease(10).await.unwrap();
        assert_eq!(lost.batch.epoch, 3);
        assert_eq!(code(pair.deliver(&lost.batch, taken).await), Code::OutOfSequence);
        let peer = pair.b.id.clone();
        let mended = pair.a.store().write(move |tx| outbox::resynchronise(tx, &peer, 1, 2, Some(1))).await.unwrap();
        assert_eq!(mended, Mended::Again);
        pair.advance(TimeDelta::minutes(3));
        let again = pair.lease(10).await.unwrap();
        assert_eq!((again.batch.epoch, again.batch.items.len()), (2, 1));
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        pair.settle(&answer, Some(again.token)).await;
        assert_eq!(pair.transport(message).await.0, Transport::Delivered);
    })
    .await;
}

#[actix_web::test]
async fn by_a_clock_that_nobody_confirmed_nothing_runs_out() {
    each(|pair| async move {
        let message = pair.queue().await;
        pair.advance(TimeDelta::days(31));
        let lease = async |time_holds| {
            let (vault, peer) = (pair.a.outbox.vault().clone(), pair.b.id.clone());
            let lease = TimeDelta::minutes(2);
            let bounds = Bounds { items: 10, bytes: 1 << 20, lease, only_recall: false, time_holds };
            pair.a
                .store()
                .write(move |tx| outbox::lease(tx, &vault, &peer, bounds, outbox::Turn::First))
                .await
                .unwrap()
                .0
        };
        assert!(lease(false).await.is_none());
        assert_eq!(pair.transport(message).await.0, Transport::Queued);
        assert!(lease(true).await.is_none());
        assert_eq!(pair.transport(message).await.0, Transport::Expired);
    })
    .await;
}

#[actix_web::test]
async fn what_was_numbered_anew_waits_for_whoever_asks_from_the_epoch_before() {
    each(|pair| async move {
        for _ in 0..2 {
            pair.queue().await;
        }
        let first = pair.lease(10).await.unwrap();
        let answer = pair.deliver(&first.batch, taken).await.unwrap();
        pair.settle(&answer, Some(first.token)).await;
        pair.begins_anew().await;
        assert!(!pair.waits(1, 2).await, "it has everything");
        pair.queue().await;
        assert!(pair.waits(1, 2).await, "and no number was given yet");
        let again = pair.lease(10).await.unwrap();
        assert_eq!((again.batch.epoch, again.batch.items[0].seq), (2, 1));
        assert!(pair.waits(1, 2).await, "the first number of the second epoch is none that it has");
        assert!(!pair.waits(2, 1).await);
    })
    .await;
}
