//! What a recipient may say of a void, and of what was none; and what is remembered of what came.

use staffetta_protocol::id::ReceiptId;
use staffetta_protocol::jose;

use super::*;
use crate::store::Id;
use crate::store::schema::outbox as stored;
use diesel::prelude::*;

impl Pair {
    /// The recipient's answer, in which it says of everything that it was voided.
    async fn denied(&self, answer: &BatchAnswer) -> BatchAnswer {
        let mut said: Receipt = jose::peek(&answer.receipt).unwrap();
        said.jti = ReceiptId(Uuid::new_v4());
        for item in &mut said.items {
            (item.outcome, item.code) = (Outcome::Voided, Some(ItemCode::Voided));
        }
        let (keys, now) = (self.b.keys.clone(), self.b.store().clock().now());
        let key = self.b.store().read(move |conn| keys.signing(conn, Kind::Protocol, now)).await.unwrap();
        BatchAnswer { receipt: said.sign(&key).unwrap(), ..answer.clone() }
    }

    /// She takes back what everything rests on.
    async fn withdraws(&self) {
        let (record, me) = (self.record, self.a.id.clone());
        let act = move |tx: &mut Tx<'_>| {
            grants::close(tx, record)?;
            grants::tombstone(tx, &me, record, 1)?;
            outbox::strike(tx, record).map(drop)
        };
        self.a.store().write(act).await.unwrap();
    }

    /// The recipient says that it knows of nothing.
    async fn was_restored(&self) {
        let peer = self.b.id.clone();
        let act = move |tx: &mut Tx<'_>| outbox::resynchronise(tx, &peer, 1, 1, None);
        self.a.store().write(act).await.unwrap();
        self.advance(TimeDelta::minutes(3));
    }

    /// The next batch goes, and the recipient says that all of it was voided.
    async fn is_denied(&self) -> Batch {
        let leased = self.lease(10).await.unwrap();
        let answer = self.deliver(&leased.batch, taken).await.unwrap();
        self.settle(&self.denied(&answer).await, Some(leased.token)).await;
        leased.batch
    }

    /// The receipts that speak of a message.
    async fn proofs(&self, message: MessageId) -> Vec<String> {
        let (peer, vault) = (self.b.id.clone(), self.a.outbox.vault().clone());
        let kept = self.a.store().read(move |conn| {
            let thread: Option<Id> = stored::table.find(Id(message.0)).select(stored::thread).first(conn)?;
            conversation(conn, &vault, &peer, thread.unwrap().0)
        });
        kept.await.unwrap().into_iter().find(|it| it.id == message).unwrap().receipts
    }

    /// Of each recipient, how much of what it was told it has not confirmed.
    async fn told(&self) -> Vec<u32> {
        let hers = [self.subject];
        let told = self.a.store().read(move |conn| grants::told(conn, &hers)).await.unwrap();
        told.iter().map(|it| it.unconfirmed).collect()
    }
}

#[actix_web::test]
async fn what_came_once_has_come_although_it_is_voided_later() {
    each(|pair| async move {
        let message = pair.queue().await;
        let leased = pair.lease(10).await.unwrap();
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        pair.settle(&answer, Some(leased.token)).await;
        pair.withdraws().await;
        assert_eq!(pair.told().await, [0]);
        assert_eq!(pair.proofs(message).await, std::slice::from_ref(&answer.receipt));
        pair.was_restored().await;
        assert_eq!(pair.told().await, [0], "it goes again");
        let again = pair.is_denied().await;
        let proofs = pair.proofs(message).await;
        assert_eq!(
            (proofs.len(), &proofs[0]),
            (2, &answer.receipt),
            "what was accepted is proven before what was voided"
        );
        assert!(again.items[0].void.is_some(), "it may go no more");
        assert_eq!(pair.transport(message).await, (Transport::Struck, Some("struck".into())));
        assert_eq!(pair.told().await, [0], "it was received all the same");
    })
    .await;
}

#[actix_web::test]
async fn what_went_with_its_bytes_is_not_voided_by_whoever_says_so() {
    each(|pair| async move {
        let message = pair.queue().await;
        assert!(pair.is_denied().await.items[0].message.is_some());
        assert_eq!(pair.transport(message).await, (Transport::Refused, Some("voided".into())), "and the link goes on");
        assert_eq!(pair.told().await, [1], "it may have been read");
        pair.was_restored().await;
        assert!(pair.is_denied().await.items[0].void.is_some());
        assert_eq!(pair.transport(message).await.0, Transport::Struck);
        assert_eq!(pair.told().await, [1], "nor is it by asking for it once more");
    })
    .await;
}

#[actix_web::test]
async fn struck_while_it_was_under_way_it_is_no_void_yet() {
    each(|pair| async move {
        let message = pair.queue().await;
        let leased = pair.lease(10).await.unwrap();
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        pair.withdraws().await;
        pair.settle(&pair.denied(&answer).await, Some(leased.token)).await;
        assert_eq!(pair.transport(message).await.0, Transport::Refused);
        assert_eq!(pair.told().await, [1]);
    })
    .await;
}

#[actix_web::test]
async fn what_went_as_a_void_alone_came_to_nobody() {
    each(|pair| async move {
        pair.queue().await;
        drop(pair.lease(10).await.unwrap());
        pair.withdraws().await;
        pair.advance(TimeDelta::minutes(3));
        assert_eq!(pair.told().await, [1], "until it says so");
        let leased = pair.lease(10).await.unwrap();
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        pair.settle(&answer, Some(leased.token)).await;
        assert!(pair.told().await.is_empty());
    })
    .await;
}
