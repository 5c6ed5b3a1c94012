//! Claims: they commit with the act, once, whoever tries.

use super::super::once::{Claim, Digest};
use super::super::once::{LIFE, aside, claiming, find, forget_answers, forget_keys, keep, purge};
use super::super::{Store, Tx, scratch};
use super::{keys, put};
use crate::error::{Error, Result};
use staffetta_protocol::problem::Code;

const KEY: Digest = [1; 32];
const CONTENT: Digest = [2; 32];

async fn claimed(store: &Store) -> bool {
    let now = store.clock().now();
    store.read(move |conn| find(conn, &KEY, now)).await.unwrap().is_some()
}

#[actix_web::test]
async fn the_claim_commits_with_the_first_act_that_does() {
    scratch::each(|store| async move {
        let claim = Claim::new(KEY, CONTENT);
        let work = async {
            let refused: Result<()> = store.write(|_| Err(Error::internal("no"))).await;
            assert!(refused.is_err() && !claimed(&store).await);
            aside(store.write(|tx| put(tx, "note", "1"))).await.unwrap();
            assert!(!claim.is_committed() && !claimed(&store).await);
            store.write(|tx| put(tx, "a", "1")).await.unwrap();
            assert!(claim.is_committed() && claimed(&store).await);
            store.write(|tx| put(tx, "b", "1")).await.unwrap();
        };
        claiming(claim.clone(), work).await;
        store.write(|tx| put(tx, "c", "1")).await.unwrap();
        assert_eq!(store.read(keys).await.unwrap(), ["a", "b", "c", "note"]);
    })
    .await;
}

#[actix_web::test]
async fn of_many_at_once_one_is_let_through() {
    scratch::each(|store| async move {
        // Each has a claim of its own, as processes that share nothing but the database.
        let acts = (0..6).map(|n| {
            let store = store.clone();
            claiming(Claim::new(KEY, CONTENT), async move { store.write(move |tx| put(tx, &n.to_string(), "1")).await })
        });
        let outcomes = futures_util::future::join_all(acts).await;
        let refused: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
        assert_eq!(refused.len(), 5);
        assert!(refused.iter().all(|error| error.code() == Code::RequestUnderWay), "{refused:?}");
        assert_eq!(store.read(keys).await.unwrap().len(), 1, "what was refused left nothing behind");
    })
    .await;
}

#[actix_web::test]
async fn an_answer_is_kept_for_a_day_or_until_all_are_forgotten() {
    scratch::each(|store| async move {
        let act = async |write: fn(&mut Tx<'_>) -> Result<()>| store.write(write).await.unwrap();
        let seen = async || {
            let now = store.clock().now();
            let done = store.read(move |conn| find(conn, &KEY, now)).await.unwrap();
            done.map(|done| (done.content, done.sealed, done.withheld))
        };
        claiming(Claim::new(KEY, CONTENT), act(|tx| put(tx, "a", "1"))).await;
        assert_eq!(seen().await, Some((CONTENT, None, false)));
        act(|tx| keep(tx, &KEY, Some(vec![7]))).await;
        assert_eq!(seen().await, Some((CONTENT, Some(vec![7]), false)));
        act(forget_answers).await;
        assert_eq!(seen().await, Some((CONTENT, None, true)));
        act(|tx| keep(tx, &KEY, Some(vec![7]))).await;
        assert_eq!(seen().await, Some((CONTENT, None, true)), "what comes too late is forgotten too");

        act(purge).await;
        assert!(seen().await.is_some());
        act(forget_keys).await;
        assert!(seen().await.is_some());
        store.clock().advance(LIFE);
        act(forget_keys).await;
        assert_eq!(seen().await, None, "the key is free again");
        claiming(Claim::new(KEY, CONTENT), act(|tx| put(tx, "b", "1"))).await;
        assert_eq!(seen().await, Some((CONTENT, None, false)));
    })
    .await;
}

#[actix_web::test]
async fn a_clock_that_is_wrong_for_a_moment_frees_no_key() {
    scratch::each(|store| async move {
        let act = async |write: fn(&mut Tx<'_>) -> Result<()>| store.write(write).await.unwrap();
        claiming(Claim::new(KEY, CONTENT), act(|tx| put(tx, "a", "1"))).await;
        act(|tx| keep(tx, &KEY, Some(vec![7]))).await;
        store.clock().advance(LIFE * 365);
        let now = store.clock().now();
        let done = store.read(move |conn| find(conn, &KEY, now)).await.unwrap().unwrap();
        assert_eq!((done.sealed, done.withheld), (None, true), "the answer is told for a day at most");
        act(purge).await;
        let again = claiming(Claim::new(KEY, CONTENT), store.write(|tx| put(tx, "b", "1"))).await;
        assert_eq!(again.unwrap_err().code(), Code::RequestUnderWay);
        store.clock().advance(-(LIFE * 365));
        assert!(claimed(&store).await);
    })
    .await;
}
