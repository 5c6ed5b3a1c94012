use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use uuid::Uuid;

use super::*;
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
