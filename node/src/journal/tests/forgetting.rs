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
