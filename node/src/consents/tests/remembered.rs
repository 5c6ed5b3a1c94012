//! What is remembered of what time deleted, and whose key goes with what she takes back.

use staffetta_protocol::data::{ConsentWithdrawn, GroupOutcome};

use super::recalls::{disclosed, pump, say, told_of};
use super::*;
use crate::vault::Subject;

/// What the rule for previews does: of what came under this record nothing is left. Gives the messages.
async fn time_deletes(at: &Side, record: RecordId) {
    at.write(move |tx, _| {
        let issuer = CENTRE.parse().unwrap();
        let came = grants::held_under(tx.conn(), &issuer, record, 9)?;
        let came: Vec<MessageId> = came.into_iter().map(|it| it.message).collect();
        cards::erase_brought(tx, &came)?;
        came.iter().try_for_each(|message| inbox::erase_bytes(tx, &issuer, *message))?;
        grants::let_go_of(tx, &came)
    })
    .await;
}

/// Whether anything may still be said in a conversation that the centre began.
async fn goes_on(at: &Side, thread: &Thread) -> bool {
    let wire = thread.wire;
    at.write(move |tx, _| Ok(grants::by_wire(tx.conn(), &CENTRE.parse().unwrap(), wire)?.unwrap().open)).await
}

/// Something about her leaves, to somebody else.
fn follows(tx: &mut Tx<'_>, subject: Subject) -> crate::error::Result<MessageId> {
    let message = MessageId(Uuid::new_v4());
    let followed = grants::Disclosure {
        message,
        subject,
        peer: "https://zz.example".parse().unwrap(),
        organisation: "Zz".into(),
        kind: "referral.sent.v1".into(),
        purpose: None,
        groups: BTreeSet::new(),
        ground: "consent".into(),
        record: Some((RecordId(Uuid::new_v4()), 1)),
        card_version: None,
        at: tx.now(),
    };
    grants::note_disclosure(tx, &followed).map(|()| message)
}

/// The preview came, something left by a clock that was a day ahead, the referral came, and something left by one that was a
/// day behind.
#[actix_web::test]
async fn what_left_after_something_came_is_known_whatever_the_clock_said() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, p2) = agree(&centre, &person).await;
        let (thread, _) = preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        let from: EntityId = CENTRE.parse().unwrap();
        let first = cpi.write(move |tx, _| Ok(grants::held_under(tx.conn(), &from, p1, 1)?.remove(0))).await;
        let subject = first.subject;
        let clock = cpi.scratch.store().clock().clone();
        clock.advance(TimeDelta::days(1));
        let ahead = cpi.write(move |tx, _| follows(tx, subject)).await;
        clock.advance(TimeDelta::days(-1));
        referral(&centre, &person, &thread).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        clock.advance(TimeDelta::days(-1));
        let behind = cpi.write(move |tx, _| follows(tx, subject)).await;
        let after = async |record| {
            let from: EntityId = CENTRE.parse().unwrap();
            let left = cpi.write(move |tx, _| {
                let turn = grants::first_held(tx.conn(), &from, record, 1)?.unwrap();
                grants::disclosed_after(tx.conn(), subject, turn)
            });
            left.await.into_iter().map(|it| it.message).collect::<BTreeSet<_>>()
        };
        assert_eq!(after(p2).await, BTreeSet::from([behind]));
        assert_eq!(after(p1).await, BTreeSet::from([ahead, behind]));
        time_deletes(&cpi, p2).await;
        let from: EntityId = CENTRE.parse().unwrap();
        let remembered = cpi.write(move |tx, _| {
            let held = grants::held_under(tx.conn(), &from, p2, 1)?.remove(0);
            grants::end(tx, held.thread.unwrap())?;
            grants::held_under(tx.conn(), &from, p2, 1)
        });
        assert!(remembered.await[0].gone, "for what followed");
    })
    .await;
}

/// What came is remembered for as long as something tells what became of it elsewhere, and no longer.
#[actix_web::test]
async fn what_time_deleted_is_remembered_while_the_log_names_what_followed() {
    each(|centre, cpi| async move {
        let (_, (p1, p2)) = disclosed(&centre, &cpi).await;
        let from: EntityId = CENTRE.parse().unwrap();
        cpi.write(move |tx, _| {
            let of = |tx: &mut Tx<'_>, record| grants::held_under(tx.conn(), &from, record, 1);
            let (first, second) = (of(tx, p1)?, of(tx, p2)?);
            grants::let_go_of(tx, &[first[0].message])?;
            assert!(of(tx, p1)?[0].gone, "the conversation goes on");
            grants::end(tx, first[0].thread.unwrap())?;
            assert!(of(tx, p1)?.is_empty(), "nothing followed");
            let message = follows(tx, second[0].subject)?;
            grants::let_go_of(tx, &[second[0].message])?;
            let left = of(tx, p2)?;
            assert_eq!((left.len(), left[0].gone, left[0].subject), (1, true, second[0].subject));
            assert!(grants::held_from(tx.conn(), &from, second[0].subject)?.is_empty(), "it stands here no more");
            grants::forget_disclosure(tx, message.0)?;
            assert!(of(tx, p2)?.is_empty());
            Ok(())
        })
        .await;
    })
    .await;
}

#[actix_web::test]
async fn a_conversation_whose_preview_time_deleted_ends_with_it_and_so_does_her_key() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        let (thread, _) = preview(&centre, &person).await;
        assert_eq!(centre.deliver(&cpi).await, [None]);
        time_deletes(&cpi, p1).await;
        assert!(goes_on(&cpi, &thread).await, "a referral may still come");
        let ended = take_back(&centre, &person, p1).await.threads;
        assert_eq!(ended, [thread.id]);
        assert_eq!(centre.deliver(&cpi).await, [None]);
        assert!(!goes_on(&cpi, &thread).await, "both sides decide alike");
        assert_eq!(cpi.deliver(&centre).await, [None]);
        let line = told_of(&centre, &person, p1).await.id;
        let said =
            centre.write(move |tx, outbox| tree::answered_groups(tx.conn(), outbox.vault(), line)).await.unwrap();
        let said: Vec<(Group, GroupOutcome)> = said.into_iter().map(|it| (it.group, it.outcome)).collect();
        assert_eq!(said, [(Group::Preview, GroupOutcome::Erased {})], "it says what it had");
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 1));
    })
    .await;
}

#[actix_web::test]
async fn what_still_stood_and_went_by_time_takes_her_key_along() {
    each(|centre, cpi| async move {
        let (person, (p1, p2)) = disclosed(&centre, &cpi).await;
        take_back(&centre, &person, p1).await;
        centre.deliver(&cpi).await;
        cpi.deliver(&centre).await;
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 0), "the referral stands");
        let issuer: EntityId = CENTRE.parse().unwrap();
        let thread =
            cpi.write(move |tx, _| Ok(grants::held_under(tx.conn(), &issuer, p2, 1)?[0].thread.unwrap())).await;
        time_deletes(&cpi, p2).await;
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 0), "more may be said of it");
        cpi.write(move |tx, _| grants::end(tx, thread)).await;
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 1));
        assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 0), "once");
    })
    .await;
}

#[actix_web::test]
async fn what_came_after_her_key_was_destroyed_goes_with_a_key_of_its_own() {
    each(|centre, cpi| async move {
        let person = centre.person().await;
        let (p1, _) = agree(&centre, &person).await;
        let recall = Some(Uuid::new_v4());
        for seq in [1, 2] {
            preview(&centre, &person).await;
            assert_eq!(centre.deliver(&cpi).await, [None]);
            let due = Some(centre.scratch.store().clock().now() + TimeDelta::hours(72));
            let body = ConsentWithdrawn { record: p1, seq: Whole::new(seq).unwrap(), recall, due };
            say(&centre, CPI, person.id.0, p1, body).await;
            assert_eq!(centre.deliver(&cpi).await, [None]);
            assert_eq!(cpi.deliver(&centre).await.len(), 1);
            assert_eq!(pump(&cpi, ABOVE, true).await, (0, 0, 1), "{seq}");
            super::forgotten::renews(&centre, &person, p1).await;
        }
    })
    .await;
}
