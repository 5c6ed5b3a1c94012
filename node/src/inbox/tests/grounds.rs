//! Withdrawn, run out, or never given: on either side of the link.

use super::*;

#[actix_web::test]
async fn withdrawn_while_queued_is_struck_and_with_a_number_it_is_void() {
    each(|pair| async move {
        let numbered = pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        let waiting = pair.queue().await;
        let (record, me) = (pair.record, pair.a.id.clone());
        let told = pair
            .a
            .store()
            .write(move |tx| {
                grants::close(tx, record)?;
                grants::tombstone(tx, &me, record, 1)?;
                outbox::strike(tx, record)
            })
            .await
            .unwrap();
        assert_eq!(told, std::slice::from_ref(&pair.b.id), "who had anything under a number must hear of it");
        assert_eq!(pair.transport(waiting).await.0, Transport::Struck);
        pair.advance(TimeDelta::minutes(3));
        let again = pair.lease(200).await.unwrap();
        let void = again.batch.items[0].void.clone().unwrap();
        assert_eq!((again.batch.items.len(), void.id, void.reason), (1, numbered, VoidReason::Struck));
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Voided, Some(ItemCode::Voided))]);
        pair.settle(&answer, Some(again.token)).await;
        assert_eq!(pair.transport(numbered).await.0, Transport::Struck);
        // The id is spoilt for ever: its bytes do not come in under a later number.
        let late = Batch { epoch: 1, items: vec![Item { seq: 2, ..leased.batch.items[0].clone() }] };
        let answer = pair.deliver(&late, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(2, Outcome::Voided, Some(ItemCode::Voided))]);
    })
    .await;
}

#[actix_web::test]
async fn a_void_that_comes_too_late_gets_the_original_outcome() {
    each(|pair| async move {
        let message = pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        pair.deliver(&leased.batch, taken).await.unwrap();
        let record = pair.record;
        pair.a
            .store()
            .write(move |tx| {
                grants::close(tx, record)?;
                outbox::strike(tx, record)
            })
            .await
            .unwrap();
        pair.advance(TimeDelta::minutes(3));
        let again = pair.lease(200).await.unwrap();
        assert!(again.batch.items[0].void.is_some());
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Accepted, None)]);
        pair.settle(&answer, Some(again.token)).await;
        assert_eq!(pair.transport(message).await.0, Transport::Delivered, "it is there; the recall fetches it back");
    })
    .await;
}

#[actix_web::test]
async fn the_receiver_judges_the_ground_again() {
    each(|pair| async move {
        let (pair, message) = (&pair, pair.queue().await);
        let leased = pair.lease(200).await.unwrap();
        let (issuer, record) = (pair.a.id.clone(), pair.record);
        pair.b.store().write(move |tx| grants::tombstone(tx, &issuer, record, 1)).await.unwrap();
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Refused, Some(ItemCode::ConsentNotValid))]);
        pair.settle(&answer, Some(leased.token)).await;
        assert_eq!(pair.transport(message).await, (Transport::Refused, Some("consent_not_valid".into())));
    })
    .await;
}

#[actix_web::test]
async fn a_consent_that_runs_out_stops_at_the_instant() {
    each(|pair| async move {
        let message = pair.queue().await;
        let end: DateTime<Utc> = scratch::clock().now() + TimeDelta::days(60);
        pair.a.store().clock().jump_to(end);
        assert!(pair.lease(200).await.is_none());
        // A message lives 30 days, its consent 60: by then it has expired before its ground did.
        assert_eq!(pair.transport(message).await.0, Transport::Expired);
        let late = pair.a.store().write({
            let (peer, subject) = (pair.b.id.clone(), pair.subject);
            move |tx| {
                let ids = [OrganisationId::new(B_ORGANISATION).unwrap()];
                let to = Recipient { peer: &peer.clone().into(), organisation: "CPI", ids: &ids };
                grants::permit(tx, subject, to, Purpose::P1, &BTreeSet::from([Group::Preview])).map(|_| ())
            }
        });
        assert_eq!(late.await.unwrap_err().code(), Code::ConsentNotValid);
    })
    .await;
}
