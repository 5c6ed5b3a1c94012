//! Acts that share a commit on SQLite: what one does harms nobody else, and nobody is told before it is on the disk.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::mpsc::{Sender, channel};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::TimeDelta;
use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use proptest::prelude::*;

use super::super::conn::Mode;
use super::super::schema::node_setting;
use super::super::scratch::{self, Scratch};
use super::super::writer::{Bounds, Writer};
use super::super::{At, Conn, Store, Tx, sqlite};
use super::{keys, put};
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};

/// However slow the machine is, what waits is one group.
const TOGETHER: Bounds = Bounds { acts: 1_000, takes_in: Duration::from_secs(3_600) };

type Waiting<T> = Pin<Box<dyn Future<Output = Result<T>>>>;

/// A writer of its own that stands still until [`Desk::let_go`], so that what is asked of it meanwhile waits together.
struct Desk {
    writer: Writer,
    thread: JoinHandle<()>,
    path: PathBuf,
    go_on: Sender<()>,
}

impl Desk {
    fn open(scratch: &Scratch, clock: Clock, bounds: Bounds) -> Self {
        let path = file(scratch.config());
        let conn = sqlite::connect(&path, Mode::Write, 5).unwrap();
        let (writer, thread) = Writer::start(conn, path.clone(), scratch.config(), clock, bounds).unwrap();
        let (go_on, may_go_on) = channel::<()>();
        let mut gate = Box::pin(writer.clone().write(move |tx| {
            diesel::delete(node_setting::table).execute(tx.conn())?;
            may_go_on.recv().map_err(Error::internal)
        }));
        assert!(poll(&mut gate).is_pending());
        Self { writer, thread, path, go_on }
    }

    /// Asks, and does not wait.
    fn ask<T: Send + 'static>(&self, act: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Waiting<T> {
        let mut waiting: Waiting<T> = Box::pin(self.writer.clone().write(act));
        assert!(poll(&mut waiting).is_pending());
        waiting
    }

    fn let_go(&self) {
        self.go_on.send(()).unwrap();
    }

    /// What somebody else finds in the file.
    fn kept(&self) -> Vec<String> {
        kept(&self.path)
    }

    async fn close(self) {
        let Self { writer, thread, .. } = self;
        drop(writer);
        tokio::task::spawn_blocking(|| thread.join().unwrap()).await.unwrap();
    }
}

fn file(config: &DatabaseConfig) -> PathBuf {
    PathBuf::from(config.url.expose().strip_prefix("sqlite:").unwrap())
}

fn kept(path: &std::path::Path) -> Vec<String> {
    keys(&mut Conn::Sqlite(sqlite::connect(path, Mode::Read, 5).unwrap())).unwrap()
}

fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

#[actix_web::test]
async fn what_waits_shares_a_commit_and_nobody_is_told_before_it() {
    let scratch = scratch::sqlite(scratch::clock());
    let clock = scratch::clock();
    let desk = Desk::open(&scratch, clock.clone(), TOGETHER);
    let path = desk.path.clone();
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let passes = clock.clone();
    let mut first = desk.ask(move |tx| {
        put(tx, "first", "")?;
        passes.advance(TimeDelta::microseconds(1));
        Ok(())
    });
    let second = desk.ask(move |tx| {
        put(tx, "second", "")?;
        begun.send(kept(&path)).unwrap();
        may_go_on.recv().map_err(Error::internal)
    });
    desk.let_go();
    let seen = tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    assert_eq!(seen, Vec::<String>::new(), "the first act is not committed yet");
    assert!(poll(&mut first).is_pending(), "and not answered");
    go_on.send(()).unwrap();
    first.await.unwrap();
    assert_eq!(desk.kept(), ["first", "second"]);
    second.await.unwrap();

    let instants: Vec<At> = node_setting::table
        .select(node_setting::updated_at)
        .order(node_setting::key)
        .load(&mut Conn::Sqlite(sqlite::connect(&desk.path, Mode::Read, 5).unwrap()))
        .unwrap();
    let now = scratch::clock().now();
    assert_eq!(instants, [At(now), At(now + TimeDelta::microseconds(1))], "each has an instant of its own");
    desk.close().await;
}

#[actix_web::test]
async fn a_group_is_no_larger_than_its_bounds() {
    let scratch = scratch::sqlite(scratch::clock());
    for bounds in [Bounds { acts: 1, ..TOGETHER }, Bounds { takes_in: Duration::ZERO, ..TOGETHER }] {
        let desk = Desk::open(&scratch, scratch::clock(), bounds);
        let path = desk.path.clone();
        let first = desk.ask(|tx| put(tx, "first", ""));
        let second = desk.ask(move |tx| put(tx, "second", "").map(|()| kept(&path)));
        desk.let_go();
        first.await.unwrap();
        assert_eq!(second.await.unwrap(), ["first"], "{bounds:?}");
        desk.close().await;
    }
}

/// A constraint that is looked at last breaks the commit of all.
#[actix_web::test]
async fn a_commit_that_fails_is_told_to_everybody() {
    let scratch = scratch::sqlite(scratch::clock());
    let desk = Desk::open(&scratch, scratch::clock(), TOGETHER);
    let before = desk.ask(|tx| put(tx, "before", ""));
    let refused: Waiting<()> = desk.ask(|tx| {
        keys(tx.conn())?;
        Err(staffetta_protocol::problem::Code::Conflict.into())
    });
    let breaks = desk.ask(|tx| {
        let late = "CREATE TABLE late (id INTEGER PRIMARY KEY,
                                       other INTEGER REFERENCES late (id) DEFERRABLE INITIALLY DEFERRED);
                    INSERT INTO late VALUES (1, 2)";
        say(tx.conn(), late)
    });
    let after = desk.ask(|tx| put(tx, "after", ""));
    desk.let_go();
    for outcome in [before.await, refused.await, breaks.await, after.await] {
        assert!(
            matches!(&outcome, Err(Error::Internal(cause)) if cause.to_string().contains("FOREIGN KEY")),
            "{outcome:?}"
        );
    }
    assert_eq!(desk.kept(), Vec::<String>::new());
    desk.writer.clone().write(|tx| put(tx, "later", "")).await.unwrap();
    assert_eq!(desk.kept(), ["later"]);
    desk.close().await;
}

/// Out of room SQLite gives up the whole transaction, not the statement alone, and says so to nobody.
#[actix_web::test]
async fn a_full_disk_loses_nothing_that_was_promised() {
    let scratch = scratch::sqlite(scratch::clock());
    let desk = Desk::open(&scratch, scratch::clock(), TOGETHER);
    let before = desk.ask(|tx| put(tx, "before", ""));
    let hides_it = desk.ask(|tx| {
        say(tx.conn(), "PRAGMA max_page_count = 1")?;
        let _ = put(tx, "large", &"x".repeat(1 << 20));
        Ok(())
    });
    let after = desk.ask(|tx| put(tx, "after", ""));
    desk.let_go();
    let (before, hides_it) = (before.await, hides_it.await);
    assert!(matches!(before, Err(Error::Internal(_))), "{before:?}");
    assert!(matches!(hides_it, Err(Error::Internal(_))), "{hides_it:?}");
    after.await.unwrap();
    assert_eq!(desk.kept(), ["after"]);
    desk.close().await;
}

/// The same where the first of a group hides that the transaction is gone: whoever would have joined writes nothing.
#[actix_web::test]
async fn a_transaction_that_the_first_lost_is_joined_by_nobody() {
    let scratch = scratch::sqlite(scratch::clock());
    let desk = Desk::open(&scratch, scratch::clock(), Bounds { acts: 2, ..TOGETHER });
    // With this one the group is full that began when the desk was opened.
    let before = desk.ask(|tx| put(tx, "before", ""));
    let hides_it = desk.ask(|tx| {
        put(tx, "first", "")?;
        say(tx.conn(), "ROLLBACK")
    });
    let joins = desk.ask(|tx| put(tx, "joins", ""));
    desk.let_go();
    before.await.unwrap();
    let (hides_it, joins) = (hides_it.await, joins.await);
    assert!(matches!(hides_it, Err(Error::Internal(_))), "{hides_it:?}");
    assert!(matches!(joins, Err(Error::Internal(_))), "{joins:?}");
    desk.writer.clone().write(|tx| put(tx, "after", "")).await.unwrap();
    assert_eq!(desk.kept(), ["after", "before"]);
    desk.close().await;
}

/// The copy has what a machine that loses power now would find: the file and its log.
#[actix_web::test]
async fn what_was_answered_is_on_the_disk() {
    let scratch = scratch::sqlite(scratch::clock());
    let folder = tempfile::tempdir().unwrap();
    for n in 0..5 {
        let desk = Desk::open(&scratch, scratch::clock(), TOGETHER);
        let one = desk.ask(|tx| put(tx, "one", ""));
        let other: Waiting<()> = desk.ask(|tx| {
            put(tx, "other", "")?;
            panic!("with something written")
        });
        let third = desk.ask(move |tx| put(tx, &format!("third-{n}"), ""));
        desk.let_go();
        third.await.unwrap();
        let copy = folder.path().join(format!("{n}.db"));
        for ending in ["", "-wal"] {
            std::fs::copy(with(&desk.path, ending), with(&copy, ending)).unwrap();
        }
        assert!(other.await.is_err());
        one.await.unwrap();
        desk.close().await;

        let url = crate::config::DatabaseUrl::new(format!("sqlite:{}", copy.display()));
        let store = Store::open(&DatabaseConfig { url, ..scratch.config().clone() }, scratch::clock()).unwrap();
        assert_eq!(store.read(keys).await.unwrap(), ["one".to_owned(), format!("third-{n}")]);
        store.close().await;
    }
}

fn with(path: &std::path::Path, ending: &str) -> PathBuf {
    PathBuf::from(format!("{}{ending}", path.display()))
}

fn say(conn: &mut Conn, sql: &str) -> Result<()> {
    let Conn::Sqlite(conn) = conn else { unreachable!("SQLite's writer") };
    Ok(conn.batch_execute(sql)?)
}

/// What an act does with the row of a key.
#[derive(Debug, Clone, Copy)]
enum Does {
    /// Puts it; fails if it is there.
    Puts,
    /// The same, and nobody waits for the answer.
    PutsAlone,
    /// Puts it and thinks better of it.
    Fails,
    /// Puts it and panics, in a savepoint of its own.
    Panics,
    /// Takes it away; fails if it is not there.
    Takes,
    /// Tries to put it in a part that fails alone, and puts its neighbour.
    PutsNext,
    /// Empties the log between two groups.
    Scrubs,
}

fn does() -> impl Strategy<Value = (Does, u8)> {
    let what = prop_oneof![
        4 => Just(Does::Puts),
        1 => Just(Does::PutsAlone),
        1 => Just(Does::Fails),
        1 => Just(Does::Panics),
        2 => Just(Does::Takes),
        1 => Just(Does::PutsNext),
        1 => Just(Does::Scrubs),
    ];
    (what, 0..6_u8)
}

fn name(key: u8) -> String {
    format!("key-{key}")
}

fn act(does: Does, key: u8) -> impl FnOnce(&mut Tx<'_>) -> Result<()> + Send + 'static {
    move |tx| match does {
        Does::Puts | Does::PutsAlone | Does::Scrubs => put(tx, &name(key), ""),
        Does::Fails => {
            let _ = tx.savepoint(|tx| put(tx, &name(key), ""));
            Err(Error::internal("on second thoughts"))
        }
        Does::Panics => tx.savepoint(|tx| {
            let _ = put(tx, &name(key), "");
            tx.savepoint(|_| panic!("inside two savepoints"))
        }),
        Does::Takes => match diesel::delete(node_setting::table.find(name(key))).execute(tx.conn())? {
            0 => Err(Error::internal("it is not there")),
            _ => Ok(()),
        },
        Does::PutsNext => {
            let _: Result<()> = tx.savepoint(|tx| {
                put(tx, &name(key), "")?;
                Err(Error::internal("on second thoughts"))
            });
            put(tx, &name(key + 1), "")
        }
    }
}

/// What each act does alone, one after the other: whether it succeeds.
fn alone(rows: &mut BTreeSet<String>, does: Does, key: u8) -> bool {
    match does {
        Does::Puts | Does::PutsAlone => rows.insert(name(key)),
        Does::Takes => rows.remove(&name(key)),
        Does::PutsNext => rows.insert(name(key + 1)),
        Does::Fails | Does::Panics => false,
        Does::Scrubs => true,
    }
}

async fn in_groups(scratch: &Scratch, bounds: Bounds, acts: &[(Does, u8)]) {
    let desk = Desk::open(scratch, scratch::clock(), bounds);
    let mut waiting = Vec::new();
    for (does, key) in acts {
        let asked: Option<Waiting<()>> = match does {
            Does::Scrubs => {
                let mut scrub: Waiting<()> = Box::pin(desk.writer.clone().scrub());
                assert!(poll(&mut scrub).is_pending());
                Some(scrub)
            }
            Does::PutsAlone => {
                drop(desk.ask(act(*does, *key)));
                None
            }
            _ => Some(desk.ask(act(*does, *key))),
        };
        waiting.push(asked);
    }
    desk.let_go();
    let mut rows = BTreeSet::new();
    for (asked, (does, key)) in waiting.into_iter().zip(acts) {
        let succeeds = alone(&mut rows, *does, *key);
        if let Some(asked) = asked {
            assert_eq!(asked.await.is_ok(), succeeds, "{does:?} {key}");
        }
    }
    // Whoever closes waits for what is under way.
    let path = desk.path.clone();
    desk.close().await;
    assert_eq!(kept(&path), rows.into_iter().collect::<Vec<_>>());
}

#[test]
fn in_groups_acts_do_what_they_do_one_after_the_other() {
    let scratch = scratch::sqlite(scratch::clock());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(60));
    let any = (prop_oneof![1..6_usize, Just(1_000)], proptest::collection::vec(does(), 1..40));
    runner
        .run(&any, |(acts_at_once, acts)| {
            let bounds = Bounds { acts: acts_at_once, ..TOGETHER };
            actix_web::rt::System::new().block_on(in_groups(&scratch, bounds, &acts));
            Ok(())
        })
        .unwrap();
}
