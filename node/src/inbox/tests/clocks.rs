//! The sender's clock was ahead when it signed.

use staffetta_protocol::jose;
use staffetta_protocol::message::Claims;

use super::*;

/// Within the life of a message and of the consent of these tests, so that nothing runs out by the wrong clock.
const FAR: TimeDelta = TimeDelta::days(20);

fn claims(item: &Item) -> Claims {
    jose::peek(item.message.as_deref().unwrap()).unwrap()
}

async fn sign_anew(pair: &Pair, undecided: Option<(u32, u64)>) -> usize {
    let (outbox, peer) = (pair.a.outbox.clone(), pair.b.id.clone());
    pair.a.store().write(move |tx| outbox::sign_anew(tx, &outbox, &peer, undecided)).await.unwrap()
}

fn expected(error: Error) -> Option<(u32, u64)> {
    match error {
        Error::Problem(problem) if problem.code == Code::ClocksDiffer => problem.expected,
        other => panic!("{other}"),
    }
}

#[actix_web::test]
async fn what_never_left_is_signed_anew_with_the_time_that_it_is() {
    each(|pair| async move {
        let clock = pair.a.store().clock().clone();
        clock.turn(FAR);
        let (first, second) = (pair.queue().await, pair.queue().await);
        clock.turn(-FAR);
        let third = pair.queue().await;
        assert!(pair.lease(200).await.is_none(), "nothing overtakes them, and they do not go as they are");
        assert_eq!(sign_anew(&pair, None).await, 2);
        assert_eq!(sign_anew(&pair, None).await, 0);
        let leased = pair.lease(200).await.unwrap();
        let now = clock.now().timestamp();
        let sent: Vec<Claims> = leased.batch.items.iter().map(claims).collect();
        assert_eq!(sent.iter().map(|it| it.jti).collect::<Vec<_>>(), [first, second, third]);
        assert!(sent.iter().all(|it| it.iat == now && it.thread_seq == Some(1)));
        assert!(sent.iter().all(|it| it.exp == Some(now + 30 * 86_400)), "never longer than a message may live");
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        assert!(answer.items.iter().all(|item| item.outcome == Outcome::Accepted));
        pair.settle(&answer, Some(leased.token)).await;
        for message in [first, second, third] {
            assert_eq!(pair.transport(message).await.0, Transport::Delivered);
        }
    })
    .await;
}

#[actix_web::test]
async fn an_earlier_end_stays() {
    each(|pair| async move {
        let clock = pair.a.store().clock().clone();
        clock.turn(TimeDelta::hours(2));
        let end = clock.now() + TimeDelta::days(30);
        pair.queue().await;
        clock.turn(TimeDelta::hours(-2));
        pair.advance(TimeDelta::hours(1));
        assert_eq!(sign_anew(&pair, None).await, 1);
        let asleep = pair.lease(1).await.is_none();
        assert!(asleep, "the row of the link is of the wrong clock too, by less than a pause may last");
        pair.a.store().write(|tx| outbox::mend_timers(tx, TimeDelta::minutes(15))).await.unwrap();
        let item = &pair.lease(1).await.unwrap().batch.items[0];
        assert_eq!(claims(item).exp, Some((end - TimeDelta::hours(1)).timestamp()), "thirty days, from now");
        assert!(claims(item).exp.unwrap() <= end.timestamp());
    })
    .await;
}

#[actix_web::test]
async fn what_may_have_left_is_decided_by_nobody_until_it_is_signed_anew() {
    each(|pair| async move {
        let clock = pair.a.store().clock().clone();
        let early = pair.queue().await;
        let before = pair.lease(200).await.unwrap();
        let answer = pair.deliver(&before.batch, taken).await.unwrap();
        pair.settle(&answer, Some(before.token)).await;
        clock.turn(FAR);
        let late = pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        clock.turn(-FAR);
        assert_eq!(expected(pair.deliver(&leased.batch, taken).await.unwrap_err()), Some((1, 2)));
        assert_eq!(sign_anew(&pair, None).await, 0, "whether the peer has it nobody here knows");
        // The lease was written by the wrong clock, and holds nobody up for a year.
        let again = pair.lease(200).await.unwrap();
        assert_eq!(again.batch.items[0].message, leased.batch.items[0].message);
        assert_eq!(expected(pair.deliver(&again.batch, taken).await.unwrap_err()), Some((1, 2)));
        assert_eq!(sign_anew(&pair, Some((1, 2))).await, 1);
        pair.advance(TimeDelta::minutes(3));
        let anew = pair.lease(200).await.unwrap();
        assert_eq!((anew.batch.items[0].seq, claims(&anew.batch.items[0]).jti), (2, late), "same number, same id");
        let answer = pair.deliver(&anew.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(2, Outcome::Accepted, None)]);
        pair.settle(&answer, Some(anew.token)).await;
        assert_eq!(pair.transport(late).await.0, Transport::Delivered);
        assert_eq!(pair.transport(early).await.0, Transport::Delivered);
    })
    .await;
}

#[actix_web::test]
async fn what_was_decided_while_both_clocks_were_ahead_keeps_its_outcome() {
    each(|pair| async move {
        let clocks = [pair.a.store().clock().clone(), pair.b.store().clock().clone()];
        clocks.iter().for_each(|clock| clock.turn(FAR));
        pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        pair.deliver(&leased.batch, taken).await.unwrap();
        clocks.iter().for_each(|clock| clock.turn(-FAR));
        let same = pair.lease(200).await.unwrap();
        let answer = pair.deliver(&same.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Accepted, None)], "the receipt was lost, the outcome was not");
    })
    .await;
}

#[actix_web::test]
async fn what_comes_before_a_message_from_the_future_is_receipted() {
    each(|pair| async move {
        let clock = pair.a.store().clock().clone();
        pair.queue().await;
        clock.turn(FAR);
        pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        clock.turn(-FAR);
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        assert_eq!((outcomes(&answer), answer.next_seq), (vec![(1, Outcome::Accepted, None)], 2));
    })
    .await;
}
