mod forgetting;
mod neighbours;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose;
use staffetta_protocol::log::{self as tree, Checkpoint};
use uuid::Uuid;

use super::*;
use crate::keys::Keys;
use crate::store::schema::{journal, journal_checkpoint, journal_log, journal_tile};
use crate::store::{Id, Store, scratch};
use crate::vault::{MasterKey, Vault};

fn me() -> EntityId {
    "https://a.example".parse().unwrap()
}

async fn keys(store: &Store) -> Keys {
    let keys = Keys::new(Vault::new(MasterKey::generate().unwrap()), me());
    let made = keys.clone();
    store.write(move |tx| made.create(tx)).await.unwrap();
    keys
}

async fn sealer(store: &Store) -> Sealer {
    Sealer::new(store.clone(), keys(store).await, me())
}

/// So many acts, each with an entry.
async fn act(store: &Store, n: u32) {
    store
        .write(move |tx| {
            let entries = (0..n).map(|i| Entry::new(Actor::System, "test.act").object(i).code("è \"so\""));
            record_all(tx, entries.collect())
        })
        .await
        .unwrap();
}

async fn positions(store: &Store) -> Vec<Option<i64>> {
    store.read(|conn| Ok(journal::table.order(journal::position).select(journal::position).load(conn)?)).await.unwrap()
}

async fn judged(store: &Store, keys: &Keys) -> std::result::Result<Verified, (u64, &'static str)> {
    verify(store, keys, &me()).await.unwrap().map_err(|bad| (bad.position, bad.why))
}

async fn newest(store: &Store) -> String {
    store.read(newest_checkpoint).await.unwrap().expect("a checkpoint")
}

#[actix_web::test]
async fn entries_get_their_places_once_and_the_tree_is_that_of_the_standard() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        let mut total = 0;
        for n in [1, 3, 600, 255, 257] {
            act(&store, n).await;
            total += i64::from(n);
            assert_eq!(store.read(backlog).await.unwrap(), u64::from(n));
            sealer.pump().await.unwrap();
            assert_eq!(store.read(backlog).await.unwrap(), 0);
            store.clock().advance(TimeDelta::seconds(5));
        }
        assert_eq!(positions(&store).await, (0..total).map(Some).collect::<Vec<_>>());
        sealer.pump().await.unwrap();
        let said: Checkpoint = jose::peek(&newest(&store).await).unwrap();
        let leaves = store.read(move |conn| rows::placed(conn, 0, total)).await.unwrap();
        let leaves: Vec<String> = leaves.iter().map(|entry| entry.leaf().canonical()).collect();
        assert_eq!((said.size, said.root), (total as u64, naive(&leaves)));
        // Proofs come from what is kept, whatever the sizes.
        let (log, number) = store.read(|conn| Ok((logs(conn)?[0].id(), logs(conn)?[0].number))).await.unwrap();
        for (index, size) in [(0, 1), (3, 4), (255, 256), (256, 257), (600, 604), (700, 1116), (1115, 1116)] {
            let root = naive(&leaves[..size as usize]);
            let proof = store.read(move |conn| tiles::Tiles::of(conn, number).inclusion(index, size)).await.unwrap();
            tree::verify_inclusion(leaves[index as usize].as_bytes(), index, size, &root, &proof).unwrap();
        }
        let keys = sealer_keys(&sealer);
        for from in [0, 1, 255, 256, 257, 604, 1000, 1116] {
            let (keys, now) = (keys.clone(), store.clock().now());
            let shown = store.read(move |conn| consistency(conn, (&keys, &me()), log, (from, None), now)).await;
            let shown = shown.unwrap().expect("a proof");
            let old = naive(&leaves[..from as usize]);
            tree::verify_consistency((from, &old), (shown.to, &said.root), &shown.proof).unwrap();
        }
        let (own, now) = (keys.clone(), store.clock().now());
        let beyond = store.read(move |conn| consistency(conn, (&own, &me()), log, (1117, None), now)).await.unwrap();
        assert!(beyond.is_none(), "it was never that long");
        let shown = |from: u64, to: u64| {
            let (own, now) = (keys.clone(), store.clock().now());
            store.read(move |conn| consistency(conn, (&own, &me()), log, (from, Some(to)), now))
        };
        assert!(shown(4, 3).await.unwrap().is_none() && shown(4, 1117).await.unwrap().is_none());
        let signed = store.read(move |conn| super::log::checkpoints(conn, number)).await.unwrap();
        for (from, to) in [(0, 0), (0, 1), (1, 2), (2, 700), (1116, 1116)] {
            let shown = shown(from, to).await.unwrap().expect("a proof");
            let first = signed.iter().find(|(size, _)| *size >= to).unwrap();
            assert_eq!((shown.to, &shown.checkpoint), (first.0, &first.1), "nobody has it sign what it had long ago");
        }
        let verified = judged(&store, &keys).await.unwrap();
        assert_eq!((verified.entries, verified.leaves, verified.waiting), (1116, 1116, 0));
        assert!(verified.checkpoints >= 1);
    })
    .await;
}

#[actix_web::test]
async fn a_checkpoint_of_a_clock_that_was_ahead_is_still_ones_own() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        store.clock().advance(TimeDelta::hours(5));
        act(&store, 6).await;
        sealer.pump().await.unwrap();
        store.clock().advance(TimeDelta::hours(-5));
        assert_eq!(judged(&store, &sealer_keys(&sealer)).await.unwrap().entries, 6);
    })
    .await;
}

fn sealer_keys(sealer: &Sealer) -> Keys {
    sealer.keys().clone()
}

fn naive(leaves: &[String]) -> Digest {
    match leaves {
        [] => tree::empty_root(),
        [one] => tree::leaf_hash(one),
        more => {
            let half = 1 << (more.len() - 1).ilog2();
            tree::parent(&naive(&more[..half]), &naive(&more[half..]))
        }
    }
}

#[actix_web::test]
async fn two_processes_seal_nothing_twice_and_the_second_takes_over() {
    scratch::each(|store| async move {
        let keys = keys(&store).await;
        let (one, two) = (Uuid::new_v4(), Uuid::new_v4());
        act(&store, 5).await;
        assert_eq!(store.write(move |tx| sealer::seal(tx, one)).await.unwrap(), Some(5));
        act(&store, 2).await;
        assert_eq!(store.write(move |tx| sealer::seal(tx, two)).await.unwrap(), None, "the first one has the lease");
        assert_eq!(store.write(move |tx| sealer::seal(tx, one)).await.unwrap(), Some(2));
        act(&store, 3).await;
        store.clock().advance(TimeDelta::seconds(21));
        assert_eq!(store.write(move |tx| sealer::seal(tx, two)).await.unwrap(), Some(3), "the first one is gone");
        // A clock that ran ahead by a year leaves no lease behind that nobody can take.
        store.clock().advance(TimeDelta::days(365));
        store.write(move |tx| sealer::seal(tx, two)).await.unwrap();
        store.clock().advance(-TimeDelta::days(365));
        act(&store, 1).await;
        assert_eq!(store.write(move |tx| sealer::seal(tx, one)).await.unwrap(), Some(1));
        let (a, b) = (Sealer::new(store.clone(), keys.clone(), me()), Sealer::new(store.clone(), keys.clone(), me()));
        act(&store, 1500).await;
        let (left, right) = futures_util::future::join(a.pump(), b.pump()).await;
        left.unwrap();
        right.unwrap();
        store.clock().advance(TimeDelta::seconds(21));
        a.pump().await.unwrap();
        // Somebody who must see the newest entry does not wait for the lease, and does not take it.
        act(&store, 1).await;
        b.seal_now().await.unwrap();
        assert_eq!(store.read(backlog).await.unwrap(), 0);
        let places: BTreeSet<_> = positions(&store).await.into_iter().collect();
        assert_eq!(places, (0..1512).map(Some).collect());
        judged(&store, &keys).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn nothing_is_rewritten_moved_or_cut_off() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        act(&store, 3).await;
        sealer.pump().await.unwrap();
        act(&store, 1).await;
        let first = || journal::table.filter(journal::position.eq(0));
        assert!(
            store
                .write(move |tx| Ok(diesel::update(first()).set(journal::act.eq("no")).execute(tx.conn())?))
                .await
                .is_err()
        );
        assert!(
            store
                .write(move |tx| Ok(diesel::update(first()).set(journal::position.eq(9)).execute(tx.conn())?))
                .await
                .is_err()
        );
        assert!(store.write(move |tx| Ok(diesel::delete(first()).execute(tx.conn())?)).await.is_err());
        let waiting = || journal::table.filter(journal::position.is_null());
        assert!(
            store
                .write(move |tx| Ok(diesel::update(waiting()).set(journal::code.eq("no")).execute(tx.conn())?))
                .await
                .is_err()
        );
        assert!(store.write(move |tx| Ok(diesel::delete(waiting()).execute(tx.conn())?)).await.is_err());
        assert_eq!(positions(&store).await.len(), 4);
    })
    .await;
}

#[actix_web::test]
async fn what_was_changed_by_other_means_is_named() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        act(&store, 700).await;
        sealer.pump().await.unwrap();
        let keys = sealer_keys(&sealer);
        scratch::unguard_journal(&store).await;
        let row = journal::table.filter(journal::position.eq(417));
        let set = |code: &'static str| {
            store.write(move |tx| Ok(diesel::update(row).set(journal::code.eq(code)).execute(tx.conn())?))
        };
        let id: Id = store.read(move |conn| Ok(row.select(journal::id).first(conn)?)).await.unwrap();
        set("e \"so\"").await.unwrap();
        let bad = verify(&store, &keys, &me()).await.unwrap().unwrap_err();
        assert_eq!((bad.position, bad.entry, bad.why), (417, Some(id.0), "entry_changed"));
        set("è \"so\"").await.unwrap();
        judged(&store, &keys).await.unwrap();
        // A hash of the tree, low and high.
        for (level, byte, said) in [(0, 32 * 5 + 7, (5, "entry_changed")), (1, 32 + 3, (511, "tree_changed"))] {
            let tile = journal_tile::table.find((1, level, 0_i64));
            let good: Vec<u8> =
                store.read(move |conn| Ok(tile.select(journal_tile::hashes).first(conn)?)).await.unwrap();
            let mut wrong = good.clone();
            wrong[byte] ^= 1;
            let put = |bytes: Vec<u8>| {
                store
                    .write(move |tx| Ok(diesel::update(tile).set(journal_tile::hashes.eq(bytes)).execute(tx.conn())?))
            };
            put(wrong).await.unwrap();
            assert_eq!(judged(&store, &keys).await, Err(said));
            put(good).await.unwrap();
        }
        // The end is cut off, with its places: what was signed says that there was more.
        store
            .write(|tx| {
                diesel::delete(journal::table.filter(journal::position.ge(690))).execute(tx.conn())?;
                Ok(diesel::update(journal_log::table).set(journal_log::size.eq(690)).execute(tx.conn())?)
            })
            .await
            .unwrap();
        assert_eq!(judged(&store, &keys).await, Err((700, "log_shorter")));
        store
            .write(|tx| Ok(diesel::update(journal_log::table).set(journal_log::size.eq(700)).execute(tx.conn())?))
            .await
            .unwrap();
        assert_eq!(judged(&store, &keys).await, Err((690, "entry_missing")));
    })
    .await;
}

#[actix_web::test]
async fn another_log_begins_with_the_last_word_on_the_one_before() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        act(&store, 10).await;
        sealer.pump().await.unwrap();
        let last = newest(&store).await;
        act(&store, 4).await;
        let said = last.clone();
        let id = store.write(move |tx| begin_new_log(tx, Some(&said))).await.unwrap();
        store.clock().advance(TimeDelta::seconds(5));
        sealer.pump().await.unwrap();
        let all = store.read(logs).await.unwrap();
        assert_eq!(
            (all.len(), all[1].id(), all[1].size(), all[1].previous.as_deref()),
            (2, id, 5, Some(last.as_str()))
        );
        let first = store.read(|conn| rows::placed(conn, 10, 11)).await.unwrap().remove(0).leaf();
        assert_eq!((first.act.as_str(), first.code), ("journal.log-begun", Some(Digest::of(&last).to_string())));
        let checkpoint: Checkpoint = jose::peek(&newest(&store).await).unwrap();
        assert_eq!((checkpoint.log, checkpoint.size), (id, 5));
        assert_eq!(judged(&store, &sealer_keys(&sealer)).await.unwrap().leaves, 15);
    })
    .await;
}

#[actix_web::test]
async fn of_checkpoints_the_newest_stays_and_one_for_each_hour() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        for _ in 0..40 {
            act(&store, 1).await;
            sealer.pump().await.unwrap();
            store.clock().advance(TimeDelta::minutes(5));
        }
        let kept: i64 = store.read(|conn| Ok(journal_checkpoint::table.count().get_result(conn)?)).await.unwrap();
        assert!((4..=10).contains(&kept), "{kept}");
        let before = newest(&store).await;
        act(&store, 1).await;
        store.clock().advance(-TimeDelta::minutes(5));
        sealer.pump().await.unwrap();
        sealer.pump().await.unwrap();
        assert_eq!(newest(&store).await, before, "not more often than every three seconds");
    })
    .await;
}
