//! How attempts that failed are counted.

use super::*;
use crate::outbox::Failure;

impl Pair {
    /// Fails an attempt that was just made; the link may be tried again in `seconds`. How many failures count by now.
    async fn fails(&self, seconds: i64, counts: bool) -> i32 {
        let leased = self.lease(1).await.expect("the link is due");
        let retry_at = self.a.store().clock().now() + TimeDelta::seconds(seconds);
        let (peer, failure) = (self.b.id.clone(), Failure { why: "cut".into(), retry_at, counts });
        let act = move |tx: &mut Tx<'_>| {
            outbox::fail(tx, &peer, leased.token, &failure)?;
            Ok(outbox::link(tx.conn(), &peer)?.map_or(0, |link| link.failures))
        };
        self.a.store().write(act).await.unwrap()
    }

    /// The peer called: the link may be tried at once.
    async fn calls(&self) {
        let peer = self.b.id.clone();
        self.a.store().write(move |tx| outbox::wake(tx, &peer)).await.unwrap();
    }
}

#[actix_web::test]
async fn a_window_of_failures_counts_once_however_often_the_peer_calls() {
    each(|pair| async move {
        pair.queue().await;
        assert_eq!(pair.fails(600, true).await, 1);
        for _ in 0..5 {
            pair.advance(TimeDelta::seconds(10));
            pair.calls().await;
            assert_eq!(pair.fails(600, true).await, 1, "within the same minute");
        }
        pair.advance(TimeDelta::seconds(15));
        pair.calls().await;
        assert_eq!(pair.fails(600, true).await, 2, "the minute is over");
    })
    .await;
}

#[actix_web::test]
async fn an_attempt_that_fell_due_by_itself_always_counts() {
    each(|pair| async move {
        pair.queue().await;
        let mut pause = 2;
        for failures in 1..6 {
            assert_eq!(pair.fails(pause, true).await, failures, "although the first pauses are shorter than a window");
            pair.advance(TimeDelta::seconds(pause));
            pause += pause / 2;
        }
        assert_eq!(pair.fails(pause, false).await, 5, "a peer that asks to wait has not failed");
    })
    .await;
}
