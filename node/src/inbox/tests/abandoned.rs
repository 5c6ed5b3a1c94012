//! A member that is out of the network: what waits for it is let go, a part at a time.

use diesel::prelude::*;

use super::{Pair, each};
use crate::outbox::{self, Transport};
use crate::store::schema::outbox as queue;

impl Pair {
    /// How much was struck, of this much at most.
    async fn abandons(&self, limit: i64) -> usize {
        let peer = self.b.id.clone();
        self.a.store().write(move |tx| outbox::abandon(tx, &peer, limit)).await.unwrap().len()
    }
}

#[actix_web::test]
async fn what_waits_for_a_member_that_is_out_goes_a_part_at_a_time_and_each_once() {
    each(|pair| async move {
        let mut all = Vec::new();
        for _ in 0..5 {
            all.push(pair.queue().await);
        }
        // Two are under way, and one of these is a void by now.
        pair.lease(2).await.unwrap();
        let first = all[0];
        let void = move |tx: &mut crate::store::Tx<'_>| {
            diesel::update(queue::table.find(crate::store::Id(first.0)))
                .set(queue::state.eq("void"))
                .execute(tx.conn())?;
            Ok(())
        };
        pair.a.store().write(void).await.unwrap();
        // Whoever struck the first two is killed then: what is left is known to the next process.
        assert_eq!(pair.abandons(2).await, 2);
        assert_eq!(pair.transport(all[1]).await, (Transport::Struck, Some("member_out".into())));
        assert_eq!(pair.transport(all[2]).await.0, Transport::Queued, "they go in order");
        assert_eq!((pair.abandons(2).await, pair.abandons(2).await, pair.abandons(2).await), (2, 1, 0));
        for message in all {
            assert_eq!(pair.transport(message).await, (Transport::Struck, Some("member_out".into())));
        }
    })
    .await;
}
