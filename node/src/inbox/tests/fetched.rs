//! A peer that fetches, as several processes or one that dies between two steps.

use super::*;
use crate::outbox::Fetch;

impl Pair {
    async fn fetch(&self, after: u64, items: u32) -> Fetch {
        let (vault, peer) = (self.a.outbox.vault().clone(), self.b.id.clone());
        let bounds = Bounds { items, bytes: 1 << 20, lease: TimeDelta::zero(), only_recall: false, time_holds: true };
        self.a.store().write(move |tx| outbox::fetch(tx, &vault, &peer, (1, after), bounds)).await.unwrap()
    }

    async fn hand_in(&self, answer: &BatchAnswer) -> Result<usize> {
        let (keys, now) = (self.b.published().await, self.a.store().clock().now());
        let receipt = Receipt::open(&answer.receipt, &keys, &self.a.id, &self.b.id, now).unwrap();
        let (peer, jws) = (self.b.id.clone(), answer.receipt.clone());
        self.a.store().write(move |tx| Ok(outbox::hand_in(tx, &peer, &jws, &receipt)?.len())).await
    }
}

fn batch_of(fetch: &Fetch) -> Batch {
    Batch { epoch: fetch.items.epoch, items: fetch.items.items.clone() }
}

fn numbers(fetch: &Fetch) -> Vec<u64> {
    fetch.items.items.iter().map(|item| item.seq).collect()
}

#[actix_web::test]
async fn what_was_fetched_and_never_receipted_comes_again_before_what_follows() {
    each(|pair| async move {
        let messages = [pair.queue().await, pair.queue().await];
        let first = pair.fetch(0, 1).await;
        assert_eq!(numbers(&first), [1]);
        // One process takes it, and dies before it hands the receipt in; another one asks from there on.
        let lost = pair.deliver(&batch_of(&first), taken).await.unwrap();
        let again = pair.fetch(1, 2).await;
        assert_eq!(numbers(&again), [1, 2]);
        let answer = pair.deliver(&batch_of(&again), taken).await.unwrap();
        assert_eq!(pair.hand_in(&answer).await.unwrap(), 2);
        for message in messages {
            assert_eq!(pair.transport(message).await.0, Transport::Delivered);
        }
        // The first one was not dead, but slow.
        let late = pair.hand_in(&lost).await.unwrap_err();
        assert_eq!(late.code(), Code::OutOfSequence);
        assert_eq!(numbers(&pair.fetch(2, 2).await), [0; 0]);
    })
    .await;
}

#[actix_web::test]
async fn a_receipt_that_leaves_out_numbers_settles_nothing() {
    each(|pair| async move {
        let message = pair.queue().await;
        let first = pair.fetch(0, 1).await;
        pair.deliver(&batch_of(&first), taken).await.unwrap();
        pair.queue().await;
        let both = pair.fetch(0, 2).await;
        let second = Batch { epoch: 1, items: both.items.items[1..].to_vec() };
        let answer = pair.deliver(&second, taken).await.unwrap();
        let refused = pair.hand_in(&answer).await.unwrap_err();
        let Error::Problem(problem) = refused else { panic!("{refused}") };
        assert_eq!((problem.code, problem.expected), (Code::OutOfSequence, Some((1, 1))));
        assert_eq!(pair.transport(message).await.0, Transport::Queued, "it is asked for again");
    })
    .await;
}
