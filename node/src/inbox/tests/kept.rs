//! What time leaves of what came: the evidence of a conversation, and no account of what nobody can open any more.

use super::*;
use crate::store::schema::{known_message, thread};
use crate::store::{At, Id};
use diesel::prelude::*;

fn refuses(_: &mut Tx<'_>, _: &Outbox, _: &Admitted, _: &Message) -> Result<Taken> {
    Ok(Taken::Refused(ItemCode::NotEntitled))
}

impl Pair {
    async fn passes(&self, receive: Receive) -> MessageId {
        let message = self.queue().await;
        let leased = self.lease(200).await.unwrap();
        let answer = self.deliver(&leased.batch, receive).await.unwrap();
        self.settle(&answer, Some(leased.token)).await;
        message
    }

    /// What the recipient can show of the conversation that this message came in.
    async fn shown(&self, message: MessageId) -> Vec<Kept> {
        let (vault, peer) = (self.b.outbox.vault().clone(), self.a.id.clone());
        let shown = move |conn: &mut crate::store::Conn| {
            let came = known_message::table.filter(known_message::message.eq(Id(message.0)));
            let of: Option<Option<Id>> = came.select(known_message::thread).first(conn).optional()?;
            let Some(of) = of.flatten() else { return Ok(Vec::new()) };
            conversation(conn, &vault, &peer, of.0)
        };
        self.b.store().read(shown).await.unwrap()
    }

    async fn unopened_at_b(&self) -> u64 {
        let peer = self.a.id.clone();
        self.b.store().read(move |conn| unopened(conn, &peer)).await.unwrap()
    }
}

#[actix_web::test]
async fn what_was_taken_in_a_conversation_is_never_forgotten_and_what_was_refused_is() {
    each(|pair| async move {
        let (taken, refused) = (pair.passes(taken).await, pair.passes(refuses).await);
        let waits = pair.unopened_at_b().await;
        assert!(waits > 0);
        pair.advance(TimeDelta::days(61));
        assert_eq!(pair.b.store().write(purge).await.unwrap(), 1, "the id of what was refused");
        assert!(pair.shown(refused).await.is_empty());
        let shown = pair.shown(taken).await;
        assert_eq!(shown.len(), 1);
        assert!(shown[0].jws.is_some(), "the conversation goes on: the bytes are there");
        assert_eq!(shown[0].receipts.len(), 1);
        assert_eq!(pair.unopened_at_b().await, waits, "and nobody has opened it");

        // The conversation ends, and the rule for bytes has its way. Digest and receipt stay, and no account is kept open.
        let ended = pair.b.store().write(|tx| {
            let now = At::from(tx.now());
            Ok(diesel::update(thread::table)
                .set((thread::state.eq("ended"), thread::closed_at.eq(now)))
                .execute(tx.conn())?)
        });
        assert_eq!(ended.await.unwrap(), 1);
        let now = pair.b.store().clock().now();
        pair.advance(TimeDelta::days(91));
        let spent = pair.b.store().read(move |conn| spent_bytes(conn, now, None, 9)).await.unwrap();
        assert_eq!(spent.len(), 1);
        pair.b.store().write(move |tx| spent.iter().try_for_each(|(id, _)| delete_bytes(tx, *id))).await.unwrap();
        assert_eq!(pair.b.store().write(purge).await.unwrap(), 0);
        let left = pair.shown(taken).await;
        assert_eq!((left.len(), left[0].digest, &left[0].jws), (1, shown[0].digest, &None));
        assert_eq!(left[0].receipts, shown[0].receipts);
        assert_eq!(pair.unopened_at_b().await, 0);
    })
    .await;
}
