//! Numbers, repeats, gaps and epochs.

use super::*;

#[actix_web::test]
async fn what_is_sent_arrives_once_in_order_and_is_receipted() {
    each(|pair| async move {
        let (first, second) = (pair.queue().await, pair.queue().await);
        let leased = pair.lease(200).await.unwrap();
        assert_eq!(leased.batch.items.iter().map(|item| item.seq).collect::<Vec<_>>(), [1, 2]);
        assert!(pair.lease(200).await.is_none(), "one batch of a link is under way");
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Accepted, None), (2, Outcome::Accepted, None)]);
        assert_eq!((answer.epoch, answer.next_seq), (1, 3));
        pair.settle(&answer, Some(leased.token)).await;
        for message in [first, second] {
            assert_eq!(pair.transport(message).await, (Transport::Delivered, None));
        }
        assert!(pair.lease(200).await.is_none(), "nothing is left");
    })
    .await;
}

#[actix_web::test]
async fn a_repeat_gets_the_original_outcomes_in_a_new_receipt() {
    each(|pair| async move {
        pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        let first = pair.deliver(&leased.batch, taken).await.unwrap();
        // The answer was lost; the batch comes again, with one more behind it.
        pair.advance(TimeDelta::minutes(3));
        let more = pair.queue().await;
        let again = pair.lease(200).await.unwrap();
        assert_eq!(again.batch.items[0], leased.batch.items[0], "the same number and the same bytes");
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Accepted, None), (2, Outcome::Accepted, None)]);
        assert_ne!(answer.receipt, first.receipt);
        // The late answer of the first attempt is believed too.
        pair.settle(&first, None).await;
        pair.settle(&answer, Some(again.token)).await;
        assert_eq!(pair.transport(more).await.0, Transport::Delivered);
    })
    .await;
}

/// The items of a long batch are opened on several threads: each stays under its own number.
#[actix_web::test]
async fn a_long_batch_is_decided_in_order_whoever_opened_which_part() {
    each(|pair| async move {
        for _ in 0..41 {
            pair.queue().await;
        }
        let mut batch = pair.lease(200).await.unwrap().batch;
        batch.items[30].message.as_mut().unwrap().push('A');
        let answer = pair.deliver(&batch, taken).await.unwrap();
        let told = outcomes(&answer);
        assert_eq!(told.len(), 41);
        for (n, (seq, outcome, _)) in told.into_iter().enumerate() {
            let expected = if n == 30 { Outcome::Refused } else { Outcome::Accepted };
            assert_eq!((seq, outcome), (n as u64 + 1, expected));
        }
    })
    .await;
}

#[actix_web::test]
async fn a_gap_a_wrong_epoch_and_other_bytes_store_nothing() {
    each(|pair| async move {
        pair.queue().await;
        pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        let items = &leased.batch.items;
        let batch = |epoch, items: &[Item]| Batch { epoch, items: items.to_vec() };
        assert_eq!(code(pair.deliver(&batch(1, &items[1..]), taken).await), Code::OutOfSequence, "a gap");
        assert_eq!(code(pair.deliver(&batch(3, items), taken).await), Code::OutOfSequence, "an epoch too far");
        let swapped = [items[1].clone(), items[0].clone()];
        assert_eq!(code(pair.deliver(&batch(1, &swapped), taken).await), Code::OutOfSequence, "reordered");
        pair.deliver(&batch(1, &items[..1]), taken).await.unwrap();
        let forged = [Item { seq: 1, ..items[1].clone() }];
        let refused = pair.deliver(&batch(1, &forged), taken).await.unwrap_err();
        let Error::Problem(problem) = refused else { panic!("{refused}") };
        assert_eq!((problem.code, problem.expected), (Code::OutOfSequence, Some((1, 2))), "other bytes");
        let answer = pair.deliver(&leased.batch, taken).await.unwrap();
        assert_eq!(answer.next_seq, 3, "the stream goes on as if nothing had been");
    })
    .await;
}

#[actix_web::test]
async fn a_known_id_with_other_bytes_is_refused_and_the_stream_goes_on() {
    each(|pair| async move {
        let message = pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        pair.deliver(&leased.batch, taken).await.unwrap();
        // The same claims signed again: another signature, so other bytes under the same id.
        let jws = leased.batch.items[0].message.clone().unwrap();
        let claims: staffetta_protocol::message::Claims = staffetta_protocol::jose::peek(&jws).unwrap();
        assert_eq!(claims.jti, message);
        let (keys, now) = (pair.a.keys.clone(), pair.a.store().clock().now());
        let key = pair.a.store().read(move |conn| keys.signing(conn, Kind::Protocol, now)).await.unwrap();
        let other = staffetta_protocol::message::seal(&claims, &key).unwrap();
        let same_id = Batch { epoch: 1, items: vec![Item { seq: 2, message: Some(other), void: None }] };
        let answer = pair.deliver(&same_id, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(2, Outcome::Refused, Some(ItemCode::MessageConflict))]);
        // The original bytes under a later number keep their original outcome.
        let original = Batch { epoch: 1, items: vec![Item { seq: 3, message: Some(jws), void: None }] };
        let answer = pair.deliver(&original, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(3, Outcome::Accepted, None)]);
    })
    .await;
}

#[actix_web::test]
async fn an_internal_error_is_never_a_refusal() {
    each(|pair| async move {
        for _ in 0..3 {
            pair.queue().await;
        }
        let leased = pair.lease(200).await.unwrap();
        fn fails_at_the_second(tx: &mut Tx<'_>, _: &Outbox, _: &Admitted, _: &Message) -> Result<Taken> {
            use diesel::prelude::*;
            let threads: i64 = crate::store::schema::known_message::table.count().get_result(tx.conn())?;
            if threads == 1 { Err(Error::internal("a bug")) } else { Ok(Taken::Accepted) }
        }
        let answer = pair.deliver(&leased.batch, fails_at_the_second).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Accepted, None)]);
        assert_eq!(answer.next_seq, 2);
        let rest = Batch { epoch: 1, items: leased.batch.items[1..].to_vec() };
        let error = pair.deliver(&rest, fails_at_the_second).await.unwrap_err();
        assert_eq!(error.code(), Code::Busy, "the first of a batch: busy, nothing stored");
        let answer = pair.deliver(&rest, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(2, Outcome::Accepted, None), (3, Outcome::Accepted, None)]);
    })
    .await;
}

#[actix_web::test]
async fn what_a_feature_refuses_leaves_no_trace_but_its_name() {
    each(|pair| async move {
        let message = pair.queue().await;
        fn writes_then_refuses(tx: &mut Tx<'_>, outbox: &Outbox, _: &Admitted, _: &Message) -> Result<Taken> {
            outbox.vault().subject_for_person(tx)?;
            Ok(Taken::Refused(ItemCode::IllegalTransition))
        }
        let leased = pair.lease(200).await.unwrap();
        let answer = pair.deliver(&leased.batch, writes_then_refuses).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Refused, Some(ItemCode::IllegalTransition))]);
        pair.settle(&answer, Some(leased.token)).await;
        assert_eq!(pair.transport(message).await, (Transport::Refused, Some("illegal_transition".into())));
        let (subjects, threads, kept) = pair
            .b
            .store()
            .read(|conn| {
                use crate::store::schema::{known_message, subject, thread};
                use diesel::prelude::*;
                let kept = known_message::table.filter(known_message::sealed.is_not_null());
                Ok((
                    subject::table.count().get_result::<i64>(conn)?,
                    thread::table.count().get_result::<i64>(conn)?,
                    kept.count().get_result::<i64>(conn)?,
                ))
            })
            .await
            .unwrap();
        assert_eq!((subjects, threads, kept), (0, 0, 0));
        let (mut registry, mut told) = (prometheus_client::registry::Registry::default(), String::new());
        pair.b.store().metrics().register(&mut registry);
        prometheus_client::encoding::text::encode(&mut told, &registry).unwrap();
        assert!(told.contains("refused_items_total{by=\"us\",code=\"illegal_transition\"} 1\n"), "{told}");
    })
    .await;
}

#[actix_web::test]
async fn what_is_refused_in_the_midst_of_a_batch_leaves_nothing_and_the_others_are_taken_once() {
    each(|pair| async move {
        for _ in 0..3 {
            pair.queue().await;
        }
        fn refuses_the_second(tx: &mut Tx<'_>, outbox: &Outbox, _: &Admitted, _: &Message) -> Result<Taken> {
            use diesel::prelude::*;
            outbox.vault().subject_for_person(tx)?;
            let before: i64 = crate::store::schema::known_message::table.count().get_result(tx.conn())?;
            Ok(if before == 1 { Taken::Refused(ItemCode::IllegalTransition) } else { Taken::Accepted })
        }
        let leased = pair.lease(200).await.unwrap();
        let answer = pair.deliver(&leased.batch, refuses_the_second).await.unwrap();
        let decided: Vec<Outcome> = outcomes(&answer).into_iter().map(|(_, outcome, _)| outcome).collect();
        assert_eq!(decided, [Outcome::Accepted, Outcome::Refused, Outcome::Accepted]);
        let written = |conn: &mut crate::store::Conn| {
            use crate::store::schema::{known_message, subject};
            use diesel::prelude::*;
            let known: i64 = known_message::table.count().get_result(conn)?;
            Ok((subject::table.count().get_result::<i64>(conn)?, known))
        };
        let (people, known) = pair.b.store().read(written).await.unwrap();
        // Each accepted message made one on purpose, and one is whom the messages are about.
        assert_eq!((people, known), (3, 3), "once each, and nothing of the refused one but its id");
    })
    .await;
}

#[actix_web::test]
async fn the_next_batch_goes_while_what_became_of_the_last_is_not_written() {
    each(|pair| async move {
        for _ in 0..5 {
            pair.queue().await;
        }
        let first = pair.lease(2).await.unwrap();
        let after = |token, epoch, through| outbox::Turn::After { token, epoch, through };
        assert!(pair.lease_at(2, outbox::Turn::First).await.is_none(), "the link is taken");
        assert!(pair.lease_at(2, after(Uuid::new_v4(), 1, 2)).await.is_none(), "by somebody else's lease nothing goes");
        assert!(pair.lease_at(2, after(first.token, 2, 2)).await.is_none(), "nor in a stream that is not this one");
        let answer = pair.deliver(&first.batch, taken).await.unwrap();
        let second = pair.lease_at(2, after(first.token, 1, 2)).await.unwrap();
        assert_eq!((second.token, seqs(&second)), (first.token, vec![3, 4]), "what is under way does not go twice");
        pair.settle(&answer, None).await;
        let answer = pair.deliver(&second.batch, taken).await.unwrap();
        // This process ends here, before anything is written of the second batch: it goes again.
        pair.advance(TimeDelta::minutes(3));
        let again = pair.lease(2).await.unwrap();
        assert_eq!(seqs(&again), [3, 4]);
        assert_eq!(outcomes(&pair.deliver(&again.batch, taken).await.unwrap()), outcomes(&answer));
        pair.settle(&answer, Some(again.token)).await;
        assert_eq!(seqs(&pair.lease(200).await.unwrap()), [5]);
    })
    .await;
}

#[actix_web::test]
async fn two_batches_in_doubt_go_again_whole_before_anything_new() {
    each(|pair| async move {
        let mut messages = Vec::new();
        for _ in 0..5 {
            messages.push(pair.queue().await);
        }
        let first = pair.lease(3).await.unwrap();
        pair.deliver(&first.batch, taken).await.unwrap();
        let next = |token| outbox::Turn::After { token, epoch: 1, through: 3 };
        let second = pair.lease_at(3, next(first.token)).await.unwrap();
        assert_eq!(seqs(&second), [4, 5]);
        pair.deliver(&second.batch, taken).await.unwrap();
        // The process ends before it wrote either receipt, and new messages come.
        pair.advance(TimeDelta::minutes(3));
        messages.extend([pair.queue().await, pair.queue().await]);
        let again = pair.lease(3).await.unwrap();
        assert_eq!(seqs(&again), [1, 2, 3], "without a gap and something new behind it");
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        assert_eq!(answer.next_seq, 6, "the peer knows more than was sent just now");
        let rest = pair.lease_at(4, next(again.token)).await.unwrap();
        assert_eq!(seqs(&rest), [4, 5, 6, 7]);
        pair.settle(&answer, None).await;
        let answer = pair.deliver(&rest.batch, taken).await.unwrap();
        pair.settle(&answer, Some(rest.token)).await;
        for message in messages {
            assert_eq!(pair.transport(message).await.0, Transport::Delivered);
        }
    })
    .await;
}

#[actix_web::test]
async fn what_the_peer_took_did_not_run_out_though_it_is_not_written_yet() {
    each(|pair| async move {
        let message = pair.queue().await;
        let first = pair.lease(1).await.unwrap();
        let answer = pair.deliver(&first.batch, taken).await.unwrap();
        pair.queue().await;
        pair.advance(TimeDelta::seconds(90));
        let keep = pair.lease_at(1, outbox::Turn::After { token: first.token, epoch: 1, through: 1 }).await.unwrap();
        pair.advance(TimeDelta::days(31));
        let next = outbox::Turn::After { token: keep.token, epoch: 1, through: 1 };
        let second = pair.lease_at(1, next).await.unwrap();
        assert!(second.batch.items[0].void.is_some(), "the one behind it did");
        pair.settle(&answer, None).await;
        assert_eq!(pair.transport(message).await, (Transport::Delivered, None));
        let tasks = pair.a.store().read(|conn| {
            use diesel::prelude::*;
            Ok(crate::store::schema::task::table.count().get_result::<i64>(conn)?)
        });
        assert_eq!(tasks.await.unwrap(), 1, "somebody hears of one message that did not arrive");
    })
    .await;
}

fn seqs(leased: &Leased) -> Vec<u64> {
    leased.batch.items.iter().map(|item| item.seq).collect()
}

#[actix_web::test]
async fn batches_keep_to_the_window_and_the_bytes_but_one_item_always_fits() {
    each(|pair| async move {
        for _ in 0..5 {
            pair.queue().await;
        }
        assert_eq!(pair.lease(2).await.unwrap().batch.items.len(), 2);
        pair.advance(TimeDelta::minutes(3));
        let (vault, peer) = (pair.a.outbox.vault().clone(), pair.b.id.clone());
        let tiny = Bounds { items: 200, bytes: 1, lease: TimeDelta::minutes(2), only_recall: false, time_holds: true };
        let leased = pair
            .a
            .store()
            .write(move |tx| outbox::lease(tx, &vault, &peer, tiny, outbox::Turn::First))
            .await
            .unwrap()
            .0
            .unwrap();
        assert_eq!(leased.batch.items.len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn after_a_restored_backup_of_the_sender_a_new_epoch_changes_nothing_twice() {
    each(|pair| async move {
        pair.queue().await;
        let leased = pair.lease(200).await.unwrap();
        pair.deliver(&leased.batch, taken).await.unwrap();
        // The sender forgets that it gave a number: it gives 1 again, to another message.
        let peer = pair.b.id.clone();
        let mended = pair.a.store().write(move |tx| outbox::resynchronise(tx, &peer, 1, 5, None)).await.unwrap();
        assert_eq!(mended, outbox::Mended::PeerAhead);
        pair.advance(TimeDelta::minutes(3));
        let again = pair.lease(200).await.unwrap();
        assert_eq!((again.batch.epoch, again.batch.items[0].seq), (2, 1));
        let answer = pair.deliver(&again.batch, taken).await.unwrap();
        assert_eq!(outcomes(&answer), [(1, Outcome::Accepted, None)], "known by id: the original outcome");
        assert_eq!(answer.next_seq, 2);
    })
    .await;
}

#[actix_web::test]
async fn what_ran_out_while_nobody_was_sure_of_the_time_goes_in_parts_and_nothing_leaves_before() {
    each(|pair| async move {
        for _ in 0..205 {
            pair.queue().await;
        }
        pair.advance(TimeDelta::days(31));
        let leases = || {
            let (vault, peer) = (pair.a.outbox.vault().clone(), pair.b.id.clone());
            let bounds =
                Bounds { items: 9, bytes: 1 << 20, lease: TimeDelta::minutes(2), only_recall: false, time_holds: true };
            pair.a.store().write(move |tx| outbox::lease(tx, &vault, &peer, bounds, outbox::Turn::First))
        };
        let (leased, unsent) = leases().await.unwrap();
        assert_eq!((leased.is_some(), unsent.len()), (false, 200), "others have their turn to write in between");
        let (leased, unsent) = leases().await.unwrap();
        assert_eq!((leased.is_some(), unsent.len()), (false, 5));
        pair.queue().await;
        assert_eq!(leases().await.unwrap().0.expect("the young one").batch.items.len(), 1);
    })
    .await;
}
