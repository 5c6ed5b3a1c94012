//! What a withdrawal does here and there.

use staffetta_protocol::consent::Basis;
use staffetta_protocol::data::ConsentWithdrawn;

use super::*;

#[actix_web::test]
async fn what_waits_is_struck_and_who_never_got_anything_hears_nothing() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        let (thread, message) = preview(&centre, &person).await;
        let done = take_back(&centre, &person, p1).await;
        assert_eq!((done.told, done.threads), (vec![], vec![thread.id]));
        assert_eq!(transport(&centre, message).await, Transport::Struck);
        assert!(centre.deliver(&cpi).await.is_empty());
    })
    .await;
}

#[actix_web::test]
async fn a_withdrawal_follows_what_was_sent_and_erases_it_there() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, p2) = agree(&centre, &person).await;
        let (thread, _) = preview(&centre, &person).await;
        referral(&centre, &person, &thread).await;
        assert_eq!(centre.deliver(&cpi).await, [None, None]);
        let wire = thread.wire;
        let there =
            cpi.write(move |tx, _| Ok(grants::by_wire(tx.conn(), &CENTRE.parse().unwrap(), wire)?.unwrap())).await;
        let held = |cpi: &Side| {
            let (vault, store, thread) = (cpi.outbox.vault().clone(), cpi.scratch.store().clone(), there.id);
            async move {
                store
                    .read(move |conn| {
                        let open = grants::by_id(conn, thread)?.unwrap().open;
                        Ok((cards::received(conn, &vault, thread)?.groups, open))
                    })
                    .await
                    .unwrap()
            }
        };
        assert_eq!(held(&cpi).await.0.groups().len(), 3);

        // The preview is taken back, the referral of the same thread is not.
        let done = take_back(&centre, &person, p1).await;
        assert_eq!((done.told.len(), done.threads.len()), (1, 0));
        assert!(take_back(&centre, &person, p1).await.told.is_empty(), "once is enough");
        assert_eq!(centre.deliver(&cpi).await, [None]);
        let (groups, open) = held(&cpi).await;
        assert!(open && groups.preview.is_some(), "the referral brought it too");

        let done = take_back(&centre, &person, p2).await;
        assert_eq!(done.threads, [thread.id]);
        assert_eq!(centre.deliver(&cpi).await, [None]);
        let (groups, open) = held(&cpi).await;
        assert!(!open && groups.groups().is_empty());
        let id = there.id;
        cpi.write(move |tx, _| {
            let issuer = CENTRE.parse().unwrap();
            for record in [p1, p2] {
                assert!(grants::tombstoned(tx.conn(), &issuer, record, 1)?);
                assert!(grants::held_under(tx.conn(), &issuer, record, 1)?.is_empty());
            }
            assert_eq!(inbox::unopened(tx.conn(), &issuer)?, 0);
            assert!(grants::permit_reply(&grants::by_id(tx.conn(), id)?.unwrap(), "Centro").is_err());
            Ok(())
        })
        .await;
        let seen =
            [&centre, &cpi].map(|side| side.scratch.readable(&["keitafolle", "bogolan", "3331234567", "zuleyka"]));
        assert_eq!(seen, [Vec::<String>::new(), vec![]], "on no disk");
    })
    .await;
}

/// What a merge takes through.
const ROOMS: &[crate::vault::Holding] =
    &[HOLDING, cards::HOLDING, people::HOLDING, grants::HOLDING, crate::access::cases::HOLDING, crate::vault::HOLDING];

/// Two records of one woman, each with a yes for the job centre of which something was sent, become the first one.
pub(super) async fn twice_the_same(centre: &Side, cpi: &Side) -> (Person, [RecordId; 2], [RecordId; 2]) {
    let (one, two) = (centre.person().await, centre.person().await);
    let (first, second) = (agree(centre, &one).await, agree(centre, &two).await);
    for person in [&one, &two] {
        preview(centre, person).await;
    }
    assert_eq!(centre.deliver(cpi).await, [None, None]);
    let (stays, goes) = (one.id, two.id);
    centre
        .write(move |tx, outbox| {
            let reason = people::MergeReason::new("Stesso documento").unwrap();
            let kept = people::Kept::Own;
            people::merge(tx, outbox.vault(), &staff(), ROOMS, (stays, goes), kept, &reason).map(drop)
        })
        .await;
    (one, [first.0, second.0], [first.1, second.1])
}

#[actix_web::test]
async fn after_a_merge_one_withdrawal_is_enough() {
    each(|centre, cpi| async move {
        let (person, p1, p2) = twice_the_same(&centre, &cpi).await;
        let done = take_back(&centre, &person, p1[0]).await;
        assert_eq!(done.also.iter().map(|it| (it.record, it.state)).collect::<Vec<_>>(), [(p1[1], State::Withdrawn)]);
        assert_eq!((done.told.len(), done.threads.len()), (1, 2), "one node, which had two conversations about her");
        assert_ne!(done.consent.recall.unwrap().0, done.also[0].recall.unwrap().0, "each has a recall of its own");
        let (id, subject) = (person.id, person.subject);
        centre
            .write(move |tx, outbox| {
                let now = tx.now();
                assert!(grants::live_grants(tx.conn(), subject, Purpose::P1, now)?.is_empty());
                assert_eq!(grants::live_grants(tx.conn(), subject, Purpose::P2, now)?.len(), 2, "that was another yes");
                assert_eq!(of(tx.conn(), outbox.vault(), id, p2[1])?.stands(now), State::Given);
                Ok(())
            })
            .await;
        assert_eq!(centre.deliver(&cpi).await, [None, None], "a recall of each");
        cpi.write(move |tx, _| {
            for record in p1 {
                assert!(grants::held_under(tx.conn(), &CENTRE.parse().unwrap(), record, 1)?.is_empty());
            }
            Ok(())
        })
        .await;

        // A yes that she gives after that is a new one: to say the old no again changes nothing of it.
        let anew = centre.write(move |tx, outbox| answer(tx, outbox.vault(), &seen(id), &p1_alone())).await;
        let again = take_back(&centre, &person, p1[0]).await;
        assert!(again.also.is_empty() && again.told.is_empty());
        centre
            .write(move |tx, outbox| {
                let now = tx.now();
                assert_eq!(of(tx.conn(), outbox.vault(), id, anew[0].record)?.stands(now), State::Given);
                Ok(())
            })
            .await;
    })
    .await;
}

fn p1_alone() -> Answers {
    asked(OFFICE, json!([{"purpose": "P1", "answer": "yes"}]))
}

#[actix_web::test]
async fn spoken_at_the_recipient_it_is_run_from_here() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, p2) = agree(&centre, &person).await;
        let (thread, _) = preview(&centre, &person).await;
        centre.deliver(&cpi).await;
        let said_there = move |record: RecordId, recall: bool| {
            move |tx: &mut Tx<'_>, outbox: &Outbox| {
                let issuer: EntityId = CENTRE.parse().unwrap();
                let subject = tx.conn();
                let held = grants::held_under(subject, &issuer, p1, 1)?;
                let thread = grants::by_id(tx.conn(), held[0].thread.unwrap())?.unwrap();
                let to = Recipient { peer: &issuer.clone().into(), organisation: "Centro", ids: &[] };
                let permit = grants::permit_duty(
                    thread.subject,
                    thread.subject_ref,
                    to,
                    Basis::LegalDuty,
                    record.0,
                    BTreeSet::new(),
                )?;
                let body = ConsentWithdrawn {
                    record,
                    seq: Whole::new(1).unwrap(),
                    recall: recall.then(Uuid::new_v4),
                    due: recall.then(|| tx.now() + RECALL_DUE),
                };
                let out = Outgoing {
                    thread: None,
                    actor: spoken(&issuer),
                    body: body.into(),
                    card_version: None,
                    not_after: None,
                };
                outbox::enqueue_personal(tx, outbox, &permit, out)
            }
        };
        // Of these three only the last may withdraw anything: no such record, one that this node got nothing under, and
        // a recall of a record that is not its own.
        cpi.write(said_there(RecordId(Uuid::new_v4()), false)).await;
        cpi.write(said_there(p2, false)).await;
        cpi.write(said_there(p1, true)).await;
        cpi.write(said_there(p1, false)).await;
        let refused = Some(ItemCode::NotEntitled);
        assert_eq!(cpi.deliver(&centre).await, [refused.clone(), refused.clone(), refused, None]);
        let id = person.id;
        let (first, second) = centre
            .write(move |tx, outbox| {
                Ok((of(tx.conn(), outbox.vault(), id, p1)?, of(tx.conn(), outbox.vault(), id, p2)?))
            })
            .await;
        assert_eq!((first.state, second.state), (State::Withdrawn, State::Given));
        assert_eq!(first.withdrawn.unwrap().1.channel, Channel::Recipient);
        let local = thread.id;
        let open = centre.write(move |tx, _| grants::by_id(tx.conn(), local)).await.unwrap().open;
        assert!(!open);
        assert_eq!(centre.deliver(&cpi).await, [None], "and the recall comes back to where she spoke");
        cpi.write(move |tx, _| {
            assert!(grants::tombstoned(tx.conn(), &CENTRE.parse().unwrap(), p1, 1)?);
            Ok(())
        })
        .await;
    })
    .await;
}
