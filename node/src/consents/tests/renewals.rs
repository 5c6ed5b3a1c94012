//! A yes that is given anew: what it changes of the one before, and of what waits under it.

use super::bounds::{one, queue};
use super::*;
use crate::grants::Use;

/// The same yes once more, until then.
async fn again(at: &Side, person: &Person, record: RecordId, not_after: Option<&str>) -> Consent {
    let mut renewal = json!({"expressed": said()});
    if let Some(end) = not_after {
        renewal["not_after"] = json!(end);
    }
    let renewal: Renewal = read(&renewal.to_string()).unwrap();
    let id = person.id;
    at.write(move |tx, outbox| renew(tx, outbox.vault(), &seen(id), record, &renewal)).await
}

/// What may be disclosed of her under this purpose now, and the number of the yes that permits it.
async fn permitted(at: &Side, person: &Person, purpose: Purpose) -> std::result::Result<u32, Code> {
    let subject = person.subject;
    at.write(move |tx, _| {
        let ids = [OrganisationId::new("ipa:c_g999").unwrap()];
        let to = Recipient { peer: &CPI.parse().unwrap(), organisation: "CPI", ids: &ids };
        let permit = grants::permit(tx, subject, to, purpose, &BTreeSet::from([Group::Preview]));
        let number = |permit: grants::Permit| permit.ground().grant().map(|grant| grant.seq.get()).unwrap();
        Ok(permit.map(number).map_err(|error| error.code()))
    })
    .await
}

#[actix_web::test]
async fn a_shorter_yes_ends_the_longer_one_before_it() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (_, p2) = agree(&centre, &person).await;
        assert_eq!(permitted(&centre, &person, Purpose::P2).await, Ok(1));
        let renewed = again(&centre, &person, p2, Some("2026-11-24T09:00:00Z")).await;
        assert_eq!((renewed.seq, renewed.state), (2, State::Renewed));
        assert_eq!(permitted(&centre, &person, Purpose::P2).await, Ok(2));
        centre.scratch.store().clock().advance(TimeDelta::days(2));
        assert_eq!(permitted(&centre, &person, Purpose::P2).await, Err(Code::ConsentNotValid), "she said until then");
        let subject = person.subject;
        centre
            .write(move |tx, outbox| {
                let now = tx.now();
                assert!(grants::live_grants(tx.conn(), subject, Purpose::P2, now)?.is_empty());
                assert_eq!(of(tx.conn(), outbox.vault(), person.id, p2)?.stands(now), State::Expired);
                assert!(!grants::tombstoned(tx.conn(), outbox.entity_id(), p2, 1)?, "nothing was taken back");
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn what_waits_when_she_renews_leaves_as_it_was_queued() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        let (thread, waiting) = preview(&centre, &person).await;
        centre.scratch.store().clock().advance(TimeDelta::days(1));
        cpi.scratch.store().clock().advance(TimeDelta::days(1));
        again(&centre, &person, p1, None).await;
        assert_eq!(permitted(&centre, &person, Purpose::P1).await, Ok(2), "what is new rests on the new yes");
        assert_eq!(centre.deliver(&cpi).await, [None], "no word of hers is lost by it");
        assert_eq!(transport(&centre, waiting).await, Transport::Delivered);
        let done = take_back(&centre, &person, p1).await;
        assert_eq!((done.consent.seq, done.told.len(), done.threads), (2, 1, vec![thread.id]));
        assert_eq!(centre.deliver(&cpi).await, [None]);
        cpi.write(move |tx, _| {
            let issuer = CENTRE.parse().unwrap();
            assert!(grants::held_under(tx.conn(), &issuer, p1, 2)?.is_empty(), "one withdrawal calls both back");
            Ok(())
        })
        .await;
    })
    .await;
}

#[actix_web::test]
async fn what_waits_is_struck_where_the_new_yes_lasts_less() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        let (_, waiting) = preview(&centre, &person).await;
        again(&centre, &person, p1, Some("2026-11-24T09:00:00Z")).await;
        assert!(centre.deliver(&cpi).await.is_empty(), "it would tell the recipient a time that holds no more");
        assert_eq!(transport(&centre, waiting).await, Transport::Struck);
        preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None], "it is sent anew under the new yes");
    })
    .await;
}

#[actix_web::test]
async fn a_yes_for_one_use_that_is_renewed_is_one_use() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (someone, sight) = (person.clone(), seen(person.id));
        let record =
            centre.write(move |tx, outbox| Ok(answer(tx, outbox.vault(), &sight, &one("P4"))?[0].record)).await;
        again(&centre, &person, record, None).await;
        let first = centre.write(move |tx, outbox| queue(tx, outbox, &someone, Purpose::P4)).await.1;
        let someone = person.clone();
        centre
            .write(move |tx, outbox| {
                assert_eq!(grants::use_of(tx.conn(), record, 1)?, None, "the unused one went with the renewal");
                let second = queue(tx, outbox, &someone, Purpose::P4).unwrap_err();
                assert_eq!(second.code(), Code::ConsentNotValid);
                Ok(())
            })
            .await;

        // Renewed once more while the message waits: it holds the new use too.
        again(&centre, &person, record, None).await;
        centre
            .write(move |tx, outbox| {
                let now = tx.now();
                let used = |tx: &mut Tx<'_>| grants::use_of(tx.conn(), record, 3);
                assert_eq!(used(tx)?, Some(Use::Held));
                let resting = grants::Resting { record: Some((record, 2)), ..Default::default() };
                assert!(grants::still_holds(tx.conn(), resting, now)?, "it may leave");
                assert!(queue(tx, outbox, &person, Purpose::P4).is_err(), "and no other beside it");
                grants::free(tx, first)?;
                assert_eq!(used(tx)?, Some(Use::Free));
                let (_, other) = queue(tx, outbox, &person, Purpose::P4)?;
                grants::spend(tx, &[other])?;
                assert_eq!(used(tx)?, Some(Use::Spent(now)));
                assert!(queue(tx, outbox, &person, Purpose::P4).is_err());
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn a_use_that_was_ended_while_it_was_held_is_not_the_new_one() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let (someone, sight) = (person.clone(), seen(person.id));
        let record = centre
            .write(move |tx, outbox| {
                let record = answer(tx, outbox.vault(), &sight, &one("P4"))?[0].record;
                queue(tx, outbox, &someone, Purpose::P4)?;
                terminate(tx, outbox.vault(), &sight, record).map(|ended| ended.record)
            })
            .await;
        again(&centre, &person, record, None).await;
        centre
            .write(move |tx, outbox| {
                let (now, resting) = (tx.now(), grants::Resting { record: Some((record, 1)), ..Default::default() });
                assert!(!grants::still_holds(tx.conn(), resting, now)?, "what waited was over");
                queue(tx, outbox, &person, Purpose::P4)?;
                assert!(!grants::still_holds(tx.conn(), resting, now)?, "another message has the new use");
                Ok(())
            })
            .await;
    })
    .await;
}
