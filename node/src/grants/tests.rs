use std::collections::BTreeSet;

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::card::Whole;
use staffetta_protocol::consent::{Grant, Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use super::*;
use crate::error::Result;
use crate::store::contention::somebody_waits;
use crate::store::schema::{pairwise, thread};
use crate::store::{At, Id, run_script, scratch};
use crate::vault::Subject;

fn peer() -> EntityId {
    "https://cpi.example".parse().unwrap()
}

#[actix_web::test]
async fn two_messages_that_begin_at_once_give_one_name() {
    scratch::each(|store| async move {
        let subject = Subject(Uuid::new_v4());
        let (begun, is_begun) = tokio::sync::oneshot::channel();
        let first = store.write(move |tx| {
            let name = subject_ref_for(tx, subject, peer())?;
            begun.send(()).unwrap();
            assert!(somebody_waits(tx.conn()), "the second waits for the name of the first");
            Ok(name)
        });
        let second = async {
            is_begun.await.unwrap();
            store.write(move |tx| subject_ref_for(tx, subject, peer())).await
        };
        let (first, second) = tokio::join!(first, second);
        assert_eq!(first.unwrap(), second.unwrap());
        let names: i64 = store.read(|conn| Ok(pairwise::table.count().get_result(conn)?)).await.unwrap();
        assert_eq!(names, 1);
    })
    .await;
}

/// As a node may have been left by the program of before.
#[actix_web::test]
async fn of_two_names_of_before_the_one_that_was_spoken_stays() {
    const DOWN: [&str; 2] = [
        include_str!("../../migrations/sqlite/00000000000056_one_name/down.sql"),
        include_str!("../../migrations/postgres/00000000000056_one_name/down.sql"),
    ];
    const UP: [&str; 2] = [
        include_str!("../../migrations/sqlite/00000000000056_one_name/up.sql"),
        include_str!("../../migrations/postgres/00000000000056_one_name/up.sql"),
    ];
    scratch::each(|store| async move {
        store
            .write(|tx| {
                run_script(tx.conn(), DOWN)?;
                let now = tx.now();
                let name = |tx: &mut crate::store::Tx<'_>, n: u128, of: u128, retired: bool| {
                    let row = (
                        pairwise::peer.eq(peer().to_string()),
                        pairwise::subject_ref.eq(Id(Uuid::from_u128(n))),
                        pairwise::subject.eq(Id(Uuid::from_u128(of))),
                        pairwise::retired_at.eq(retired.then(|| At::from(now))),
                    );
                    diesel::insert_into(pairwise::table).values(row).execute(tx.conn())
                };
                // One who was spoken of by the second name; one of whom nobody has spoken; one who has one name.
                for (n, of, retired) in [(1, 71, false), (2, 71, false), (3, 71, true), (4, 72, false), (5, 72, false)]
                {
                    name(tx, n, of, retired)?;
                }
                name(tx, 6, 73, false)?;
                let spoken = begin(tx, peer(), Subject(Uuid::from_u128(73)), "referral")?;
                let by = (thread::subject.eq(Id(Uuid::from_u128(71))), thread::subject_ref.eq(Id(Uuid::from_u128(2))));
                diesel::update(thread::table.find(Id(spoken.id))).set(by).execute(tx.conn())?;
                run_script(tx.conn(), UP)?;
                let in_use: Vec<Id> = pairwise::table
                    .filter(pairwise::retired_at.is_null())
                    .order(pairwise::subject_ref)
                    .select(pairwise::subject_ref)
                    .load(tx.conn())?;
                assert_eq!(in_use.iter().map(|id| id.0.as_u128()).collect::<Vec<_>>(), [2, 4, 6]);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

/// As the program of before wrote it down: only by its clock.
#[actix_web::test]
async fn what_came_and_left_before_turns_were_counted_is_counted_by_the_clock() {
    const DOWN: [&str; 2] = [
        include_str!("../../migrations/sqlite/00000000000068_turns/down.sql"),
        include_str!("../../migrations/postgres/00000000000068_turns/down.sql"),
    ];
    const UP: [&str; 2] = [
        include_str!("../../migrations/sqlite/00000000000068_turns/up.sql"),
        include_str!("../../migrations/postgres/00000000000068_turns/up.sql"),
    ];
    scratch::each(|store| async move {
        let act = |tx: &mut crate::store::Tx<'_>| {
            let (subject, record, now) = (Subject(Uuid::new_v4()), RecordId(Uuid::new_v4()), tx.now());
            let message = |n: u128| MessageId(Uuid::from_u128(n));
            let left = |tx: &mut crate::store::Tx<'_>, n: u128, at| {
                let it = Disclosure {
                    message: message(n),
                    subject,
                    peer: peer().into(),
                    organisation: "CPI".into(),
                    kind: "card.preview.v1".into(),
                    purpose: None,
                    groups: BTreeSet::from([Group::Preview]),
                    ground: "consent".into(),
                    record: Some((RecordId(Uuid::from_u128(n)), 1)),
                    card_version: None,
                    at,
                };
                note_disclosure(tx, &it)
            };
            left(tx, 4, now + TimeDelta::hours(1))?;
            left(tx, 1, now - TimeDelta::hours(1))?;
            left(tx, 3, now)?;
            let grant = Grant {
                record,
                seq: Whole::new(1).unwrap(),
                purpose: Purpose::P1,
                recipient: OrganisationId::new("ipa:c_g999").unwrap(),
                groups: Groups::new([Group::Preview]).unwrap(),
                not_after: now,
                single_use: false,
                notice_hash: Digest::of("notice"),
            };
            let groups = BTreeSet::from([Group::Preview]);
            let held = Holding { message: message(2), subject, thread: None, groups, at: now, gone: false };
            note_holding(tx, &peer(), &held, &grant)?;
            let after = |tx: &mut crate::store::Tx<'_>| -> Result<BTreeSet<u128>> {
                let turn = first_held(tx.conn(), &peer(), record, 1)?.unwrap();
                Ok(disclosed_after(tx.conn(), subject, turn)?.iter().map(|it| it.message.0.as_u128()).collect())
            };
            assert!(after(tx)?.is_empty(), "it was written down last");
            run_script(tx.conn(), DOWN)?;
            run_script(tx.conn(), UP)?;
            assert_eq!(after(tx)?, BTreeSet::from([3, 4]));
            left(tx, 5, now - TimeDelta::days(1))?;
            assert_eq!(after(tx)?, BTreeSet::from([3, 4, 5]), "and what follows is counted on");
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}
