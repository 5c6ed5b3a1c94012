//! Acts: what commits, what leaves nothing behind, who waits for whom.

use std::pin::Pin;
use std::sync::mpsc::channel;
use std::task::{Context, Waker};

use chrono::TimeDelta;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};

use super::super::schema::node_setting;
use super::super::{At, Store, Tx, scratch};
use super::{keys, put};
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};

#[actix_web::test]
async fn one_act_has_one_instant_and_commits() {
    scratch::each(|store| async move {
        let start = store.clock().now();
        store
            .write(|tx| {
                put(tx, "a", "1")?;
                put(tx, "b", "2")
            })
            .await
            .unwrap();
        store.clock().advance(TimeDelta::microseconds(1));
        store.write(|tx| put(tx, "c", "3")).await.unwrap();
        let instants: Vec<At> = store
            .read(|conn| {
                Ok(node_setting::table.select(node_setting::updated_at).order(node_setting::key).load(conn)?)
            })
            .await
            .unwrap();
        assert_eq!(instants, [At(start), At(start), At(start + TimeDelta::microseconds(1))]);
    })
    .await;
}

#[actix_web::test]
async fn an_act_that_fails_leaves_nothing_behind() {
    scratch::each(|store| async move {
        let refused: Result<()> = store
            .write(|tx| {
                put(tx, "a", "1")?;
                Err(Error::internal("on second thoughts"))
            })
            .await;
        assert!(matches!(refused, Err(Error::Internal(_))));
        let twice = store
            .write(|tx| {
                put(tx, "a", "1")?;
                put(tx, "a", "1")
            })
            .await;
        assert!(is_unique_violation(&twice), "{twice:?}");
        assert_eq!(store.read(keys).await.unwrap(), Vec::<String>::new());
    })
    .await;
}

#[actix_web::test]
async fn a_panic_leaves_the_store_usable() {
    scratch::each(|store| async move {
        for _ in 0..20 {
            let panicked: Result<()> = store
                .write(|tx| {
                    put(tx, "a", "1")?;
                    tx.savepoint(|tx| {
                        put(tx, "b", "2")?;
                        tx.savepoint(|_| panic!("inside two savepoints"))
                    })
                })
                .await;
            assert!(matches!(panicked, Err(Error::Internal(_))), "{panicked:?}");
            let panicked: Result<()> = store.read(|_| panic!("while reading")).await;
            assert!(matches!(panicked, Err(Error::Internal(_))), "{panicked:?}");
        }
        store.write(|tx| put(tx, "c", "3")).await.unwrap();
        assert_eq!(store.read(keys).await.unwrap(), ["c"]);
    })
    .await;
}

#[actix_web::test]
async fn a_savepoint_fails_alone() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                put(tx, "a", "1")?;
                let twice = tx.savepoint(|tx| {
                    put(tx, "b", "2")?;
                    put(tx, "a", "again")
                });
                assert!(is_unique_violation(&twice), "{twice:?}");
                tx.savepoint(|tx| put(tx, "c", "3"))?;
                put(tx, "d", "4")
            })
            .await
            .unwrap();
        assert_eq!(store.read(keys).await.unwrap(), ["a", "c", "d"]);
    })
    .await;
}

/// An act that hides a failed statement, without a savepoint, must not be told that it committed when it did not.
#[actix_web::test]
async fn a_hidden_failure_is_no_silent_loss() {
    scratch::each(|store| async move {
        let hidden = store
            .write(|tx| {
                put(tx, "a", "1")?;
                let _ = put(tx, "a", "again");
                Ok(())
            })
            .await;
        let kept = store.read(keys).await.unwrap();
        assert_eq!(hidden.is_ok(), kept == ["a"], "{hidden:?} and {kept:?}");
        store.write(|tx| put(tx, "b", "2")).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_read_can_change_nothing() {
    scratch::each(|store| async move {
        let written = store.read(|conn| Ok(diesel::delete(node_setting::table).execute(conn)?)).await;
        assert!(matches!(written, Err(Error::Database(_))), "{written:?}");
        store.write(|tx| put(tx, "a", "1")).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_read_sees_one_snapshot_while_others_write() {
    scratch::each(|store| async move {
        let (begun, has_begun) = channel();
        let (go_on, may_go_on) = channel();
        let reader = tokio::spawn({
            let store = store.clone();
            async move {
                store
                    .read(move |conn| {
                        let before = keys(conn)?;
                        begun.send(()).unwrap();
                        may_go_on.recv().unwrap();
                        Ok((before, keys(conn)?))
                    })
                    .await
            }
        });
        tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
        store.write(|tx| put(tx, "a", "1")).await.unwrap();
        go_on.send(()).unwrap();
        let (before, after) = reader.await.unwrap().unwrap();
        assert_eq!(before, after);
        assert_eq!(store.read(keys).await.unwrap(), ["a"]);
    })
    .await;
}

/// Two stores on one database are two processes; each has many writers of its own.
#[actix_web::test]
async fn concurrent_writers_never_fail_and_lose_nothing() {
    for scratch in scratch::all(scratch::clock) {
        let other = Store::open(scratch.config(), scratch::clock()).unwrap();
        scratch.store().write(|tx| put(tx, "counter", "")).await.unwrap();
        let mut writers = tokio::task::JoinSet::new();
        for n in 0..200 {
            let store = if n % 2 == 0 { scratch.store().clone() } else { other.clone() };
            writers.spawn(async move {
                store
                    .write(move |tx| {
                        // Reads first, so that a lock taken late would show.
                        keys(tx.conn())?;
                        put(tx, &format!("{n:03}"), "")?;
                        let counter = node_setting::table.find("counter");
                        diesel::update(counter)
                            .set(node_setting::value.eq(diesel::dsl::sql::<diesel::sql_types::Text>("value || 'x'")))
                            .execute(tx.conn())?;
                        Ok(())
                    })
                    .await
            });
        }
        for outcome in writers.join_all().await {
            outcome.unwrap();
        }
        let read = |conn: &mut _| Ok(node_setting::table.find("counter").select(node_setting::value).first(conn)?);
        let counter: String = scratch.store().read(read).await.unwrap();
        assert_eq!(counter.len(), 200);
        assert_eq!(scratch.store().read(keys).await.unwrap().len(), 201);
        other.close().await;
        scratch.store().close().await;
    }
}

/// The writer is busy with one act, another waits in the channel, and the third is turned away at once.
#[actix_web::test]
async fn a_full_channel_turns_away() {
    let scratch = scratch::sqlite(scratch::clock());
    scratch.store().close().await;
    let config = DatabaseConfig { write_queue: 1, ..scratch.config().clone() };
    let store = Store::open(&config, scratch::clock()).unwrap();
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let first = tokio::spawn({
        let store = store.clone();
        async move {
            store
                .write(move |tx| {
                    begun.send(()).unwrap();
                    may_go_on.recv().unwrap();
                    put(tx, "first", "")
                })
                .await
        }
    });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    let mut second = Box::pin(store.write(|tx| put(tx, "second", "")));
    begin(&mut second);
    let third = store.write(|tx| put(tx, "third", "")).await;
    assert!(matches!(third, Err(Error::Busy { .. })), "{third:?}");
    assert!(matches!(store.scrub().await, Err(Error::Busy { .. })));
    go_on.send(()).unwrap();
    first.await.unwrap().unwrap();
    second.await.unwrap();
    assert_eq!(store.read(keys).await.unwrap(), ["first", "second"]);
    store.close().await;
}

#[actix_web::test]
async fn who_finds_no_free_connection_is_turned_away() {
    for scratch in scratch::all(scratch::clock) {
        let config =
            DatabaseConfig { read_connections: 1, connections: 1, busy_seconds: 1, ..scratch.config().clone() };
        let store = Store::open(&config, scratch::clock()).unwrap();
        let (go_on, may_go_on) = channel::<()>();
        let mut first = Box::pin(store.read(move |_| may_go_on.recv().map_err(Error::internal)));
        begin(&mut first);
        assert!(matches!(store.read(keys).await, Err(Error::Busy { .. })));
        go_on.send(()).unwrap();
        first.await.unwrap();
        assert!(store.read(keys).await.is_ok());
        store.close().await;
    }
}

/// Another process keeps SQLite's write lock: the writer waits `busy_seconds`, tells so, and works on.
#[actix_web::test]
async fn a_lock_that_another_process_keeps_turns_away() {
    let scratch = scratch::sqlite(scratch::clock());
    let config = DatabaseConfig { busy_seconds: 1, ..scratch.config().clone() };
    let store = Store::open(&config, scratch::clock()).unwrap();
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let mut other = Box::pin(scratch.store().write(move |tx| {
        put(tx, "other", "")?;
        begun.send(()).unwrap();
        may_go_on.recv().unwrap();
        Ok(())
    }));
    begin(&mut other);
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    let turned_away = store.write(|tx| put(tx, "a", "")).await;
    assert!(matches!(turned_away, Err(Error::Busy { .. })), "{turned_away:?}");
    go_on.send(()).unwrap();
    other.await.unwrap();
    store.write(|tx| put(tx, "a", "")).await.unwrap();
    assert_eq!(store.read(keys).await.unwrap(), ["a", "other"]);
    store.close().await;
    scratch.store().close().await;
}

#[actix_web::test]
async fn what_was_begun_commits_though_nobody_waits_any_more() {
    scratch::each(|store| async move {
        let (done, is_done) = channel();
        let mut write = Box::pin(store.write(move |tx| {
            put(tx, "a", "1")?;
            Ok(Told(done))
        }));
        begin(&mut write);
        drop(write);
        // The answer is dropped unread, after the commit.
        tokio::task::spawn_blocking(move || is_done.recv().unwrap()).await.unwrap();
        assert_eq!(store.read(keys).await.unwrap(), ["a"]);
    })
    .await;
}

/// Tells when it is dropped.
struct Told(std::sync::mpsc::Sender<()>);

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

#[actix_web::test]
async fn closing_does_what_waits_and_takes_no_more() {
    for scratch in scratch::all(scratch::clock) {
        let store = scratch.store().clone();
        let mut waiting = Box::pin(store.write(|tx| put(tx, "a", "1")));
        begin(&mut waiting);
        store.close().await;
        waiting.await.unwrap();
        assert!(matches!(store.write(|tx| put(tx, "b", "2")).await, Err(Error::Busy { .. })));
        assert!(matches!(store.read(keys).await, Err(Error::Busy { .. })));
        store.close().await;
        let again = Store::open(scratch.config(), scratch::clock()).unwrap();
        assert_eq!(again.read(keys).await.unwrap(), ["a"]);
        again.close().await;
    }
}

/// Polls once: the act is on its way, and nobody waits for it.
fn begin<F: Future>(act: &mut Pin<Box<F>>) {
    assert!(act.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
}

fn is_unique_violation<T>(result: &Result<T>) -> bool {
    matches!(result, Err(Error::Database(DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))))
}

/// Two acts of which each waits for what the other holds.
#[cfg(feature = "postgres")]
#[actix_web::test]
async fn of_two_acts_in_each_others_way_one_does_well_and_the_other_is_told_to_come_back() {
    let scratch = scratch::postgres(scratch::clock());
    let store = scratch.store();
    store.write(|tx| put(tx, "a", "").and_then(|()| put(tx, "b", ""))).await.unwrap();
    let barrier = std::sync::Arc::new(std::sync::Barrier::new(2));
    let touches = |first: &'static str, then: &'static str| {
        let barrier = barrier.clone();
        store.write(move |tx| {
            let touch = |tx: &mut Tx<'_>, key: &str| {
                diesel::update(node_setting::table.find(key)).set(node_setting::value.eq(first)).execute(tx.conn())
            };
            touch(tx, first)?;
            barrier.wait();
            Ok(touch(tx, then)?)
        })
    };
    let (one, other) = tokio::join!(touches("a", "b"), touches("b", "a"));
    assert_eq!([&one, &other].iter().filter(|it| it.is_ok()).count(), 1, "{one:?} {other:?}");
    let undone = one.err().or(other.err()).unwrap();
    assert_eq!(undone.code(), staffetta_protocol::problem::Code::Busy, "{undone}");
}
