//! What time ends of the journal, and what it does not.

use std::collections::HashSet;

use super::*;

#[actix_web::test]
async fn what_retention_lets_go_leaves_its_leaf() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        act(&store, 300).await;
        sealer.pump().await.unwrap();
        store.clock().advance(TimeDelta::days(800));
        act(&store, 40).await;
        sealer.pump().await.unwrap();
        let keys = sealer_keys(&sealer);
        let before = store.clock().now() - TimeDelta::days(730);
        let forget = move |tx: &mut Tx<'_>| forget_before(tx, before, 200, &HashSet::new());
        assert_eq!(store.write(forget).await.unwrap(), 200);
        assert_eq!(store.write(forget).await.unwrap(), 100);
        assert_eq!(store.write(forget).await.unwrap(), 0);
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves), (40, 340));
    })
    .await;
}

#[actix_web::test]
async fn of_whom_time_ends_nothing_the_entries_stay_until_it_may() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        let subject = Subject(Uuid::from_u128(5));
        let of_hers = move |tx: &mut Tx<'_>| record(tx, Entry::new(Actor::System, "card.read").subject(subject));
        act(&store, 10).await;
        store.write(of_hers).await.unwrap();
        act(&store, 10).await;
        sealer.pump().await.unwrap();
        store.clock().advance(TimeDelta::days(800));
        act(&store, 5).await;
        sealer.pump().await.unwrap();
        let keys = sealer_keys(&sealer);
        let before = store.clock().now() - TimeDelta::days(730);
        let forget = move |kept: HashSet<Subject>| move |tx: &mut Tx<'_>| forget_before(tx, before, 200, &kept);
        let hers = async || store.read(move |conn| rows::about(conn, subject, 9)).await.unwrap().len();
        assert_eq!(store.write(forget(HashSet::from([subject]))).await.unwrap(), 21);
        assert_eq!(store.write(forget(HashSet::from([subject]))).await.unwrap(), 0);
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves, hers().await), (6, 26, 1), "hers is there, and verifies");
        assert_eq!(store.write(forget(HashSet::new())).await.unwrap(), 0);
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves, hers().await), (5, 26, 0));
    })
    .await;
}
