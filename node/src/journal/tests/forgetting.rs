//! What time ends of the journal, and what it leaves.

use std::collections::HashSet;

use super::*;

/// Three hundred entries that are old, and forty that are not.
async fn old_and_young(store: &Store) -> (Keys, chrono::DateTime<chrono::Utc>) {
    let sealer = sealer(store).await;
    act(store, 300).await;
    sealer.pump().await.unwrap();
    store.clock().advance(TimeDelta::days(800));
    act(store, 40).await;
    sealer.pump().await.unwrap();
    (sealer_keys(&sealer), store.clock().now() - TimeDelta::days(730))
}

#[actix_web::test]
async fn what_retention_lets_go_leaves_its_leaf() {
    scratch::each(|store| async move {
        let (keys, before) = old_and_young(&store).await;
        let due = async || store.read(move |conn| ended_by(conn, before, &HashSet::new())).await.unwrap();
        let forget = move |tx: &mut Tx<'_>| forget_before(tx, before, 200, &HashSet::new());
        for (left, gone) in [(300, 200), (100, 100), (0, 0)] {
            assert_eq!(due().await, (left, 0));
            assert_eq!(store.write(forget).await.unwrap(), Gone { through: gone, deleted: gone });
        }
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves), (40, 340));
    })
    .await;
}

#[actix_web::test]
async fn of_whom_time_ends_nothing_the_entries_stay_until_it_may() {
    scratch::each(|store| async move {
        let subject = Subject(Uuid::from_u128(5));
        let of_hers = move |tx: &mut Tx<'_>| record(tx, Entry::new(Actor::System, "card.read").subject(subject));
        store.write(of_hers).await.unwrap();
        let (keys, before) = old_and_young(&store).await;
        store.write(of_hers).await.unwrap();
        let nobody = HashSet::new;
        let due = async |kept: HashSet<Subject>| store.read(move |conn| ended_by(conn, before, &kept)).await.unwrap();
        let forget = move |kept: HashSet<Subject>| move |tx: &mut Tx<'_>| forget_before(tx, before, 400, &kept);
        let hers = async || store.read(move |conn| rows::about(conn, subject, 9)).await.unwrap().len();
        for (due_now, gone) in [((300, 1), Gone { through: 301, deleted: 300 }), ((0, 1), Gone::default())] {
            assert_eq!(due(HashSet::from([subject])).await, due_now);
            assert_eq!(store.write(forget(HashSet::from([subject]))).await.unwrap(), gone);
        }
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves, hers().await), (41, 341, 2), "hers is there, and verifies");
        assert_eq!(due(nobody()).await, (1, 0));
        assert_eq!(store.write(forget(nobody())).await.unwrap(), Gone { through: 0, deleted: 1 });
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves, hers().await), (40, 341, 1), "the new one is not old");
    })
    .await;
}

/// The mark says that everything up to there may be missing.
async fn raise(store: &Store, to: i64) {
    let mark = diesel::update(journal_log::table).set(journal_log::released.eq(to));
    store.write(move |tx| Ok(mark.execute(tx.conn())?)).await.unwrap();
}

#[actix_web::test]
async fn a_mark_that_was_raised_by_other_means_hides_nothing() {
    scratch::each(|store| async move {
        let (keys, before) = old_and_young(&store).await;
        store.write(move |tx| forget_before(tx, before, 400, &HashSet::new())).await.unwrap();
        judged(&store, &keys).await.unwrap();
        raise(&store, 320).await;
        let young = journal::table.filter(journal::position.eq(310));
        assert_eq!(store.write(move |tx| Ok(diesel::delete(young).execute(tx.conn())?)).await.unwrap(), 1, "no guard");
        assert_eq!(judged(&store, &keys).await, Err((319, "released_unexplained")));
    })
    .await;
}

#[actix_web::test]
async fn who_says_that_young_entries_were_let_go_is_not_believed() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        for (n, days) in [(300, 400), (10, 400), (40, 0)] {
            act(&store, n).await;
            sealer.pump().await.unwrap();
            store.clock().advance(TimeDelta::days(days));
        }
        let keys = sealer_keys(&sealer);
        let says = async |days: i64| {
            let act = move |tx: &mut Tx<'_>| {
                let (log, before) = (log::open(tx)?, tx.now() - TimeDelta::days(days));
                released::move_mark(tx, &log, 330, before)
            };
            store.write(act).await.unwrap();
            judged(&store, &keys).await
        };
        assert_eq!(says(450).await, Err((329, "released_unexplained")), "what was signed says that they came later");
        store.clock().advance(TimeDelta::days(20));
        assert_eq!(says(10).await, Err((329, "released_unexplained")), "no node keeps them for ten days only");
    })
    .await;
}

#[actix_web::test]
async fn a_signature_that_a_clock_ahead_has_dated_accuses_nobody() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        act(&store, 10).await;
        store.clock().advance(TimeDelta::days(365));
        sealer.pump().await.unwrap();
        store.clock().advance(-TimeDelta::days(364));
        act(&store, 10).await;
        sealer.pump().await.unwrap();
        store.clock().advance(TimeDelta::days(800));
        act(&store, 10).await;
        sealer.pump().await.unwrap();
        let before = store.clock().now() - TimeDelta::days(730);
        let gone = store.write(move |tx| forget_before(tx, before, 400, &HashSet::new())).await.unwrap();
        assert_eq!(gone.deleted, 20);
        judged(&store, &sealer_keys(&sealer)).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn what_explains_a_mark_outlives_what_it_let_go() {
    scratch::each(|store| async move {
        let (keys, before) = old_and_young(&store).await;
        store.write(move |tx| forget_before(tx, before, 400, &HashSet::new())).await.unwrap();
        let sealer = Sealer::new(store.clone(), keys.clone(), me());
        sealer.pump().await.unwrap();
        store.clock().advance(TimeDelta::days(800));
        act(&store, 1).await;
        sealer.pump().await.unwrap();
        let before = store.clock().now() - TimeDelta::days(730);
        let due = store.read(move |conn| ended_by(conn, before, &HashSet::new())).await.unwrap();
        let gone = store.write(move |tx| forget_before(tx, before, 400, &HashSet::new())).await.unwrap();
        assert_eq!((due, gone.deleted), ((40, 0), 40));
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves), (2, 342), "the youngest, and the word on the first mark");
    })
    .await;
}
