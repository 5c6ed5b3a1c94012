//! The node's one database, and the only folder that names which it is.
//!
//! What must hold:
//! - [`Store::write`] and [`Store::read`] are the only doors. A write is one transaction, and [`Tx`] carries the one
//!   instant of the act; a read sees one snapshot and can change nothing.
//! - Both block a thread that may block, never one that serves requests. No request to another node is made inside.
//! - An act that fails or panics leaves nothing behind, and the store works on. Acts may share a commit
//!   (`writer.rs`); none notices, and none is answered before it.
//! - Conflicts are decided by unique keys and compare-and-set, never by reading first and writing then: on PostgreSQL
//!   others write at the same time (READ COMMITTED), and nothing here tries an act a second time.
//! - What is asked for under a key happens once: the claim commits with the act. See [`once`].
//! - A misspelt database URL is an error, never a fresh empty database: [`Store::open`] makes none,
//!   [`Store::create`] takes none that is there.
//!
//! Queries are written once, against [`Conn`]. What the two dialects share and the enum cannot say goes through
//! `each_backend!`. See [`types`] for the column types that are ours.

#[cfg(test)]
pub(crate) mod census;
mod conn;
#[cfg(test)]
pub mod contention;
mod copy;
pub mod dump;
mod migrate;
pub mod once;
mod place;
#[cfg(test)]
pub(crate) mod plans;
mod pool;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(test)]
pub(crate) mod released;
pub mod schema;
pub mod scratch;
mod sqlite;
mod steady;
#[cfg(test)]
mod tests;
mod tx;
pub mod types;
mod writer;

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};
use crate::metrics::Metrics;

#[cfg(feature = "postgres")]
pub(crate) use conn::ROWS_AT_ONCE;
pub use conn::{Conn, MultiBackend};
pub(crate) use conn::{each_backend, insert_rows};
pub use copy::{Copied, copy_file, file_of, move_file, remove_file};
pub(crate) use steady::Steady;
use tx::Forgot;
pub use tx::Tx;
pub use types::{At, Doc, Id};

pub(crate) use conn::Mode;
#[cfg(test)]
pub use migrate::run_script;
use place::Place;
use pool::Pool;
use writer::{Bounds, Writer};

/// The handle to the database; clones are the same store.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    /// None once closed.
    doors: Mutex<Option<Doors>>,
    /// SQLite's writer, to be waited for at the end.
    writer: Mutex<Option<JoinHandle<()>>>,
    clock: Clock,
    metrics: Metrics,
    /// Where it is, for a copy of it.
    place: Place,
    after_forgetting: OnceLock<AfterForgetting>,
    /// Whether what was forgotten here is not kept outside yet.
    is_behind: AtomicBool,
    /// Whether a key was destroyed that SQLite's write-ahead log may still hold.
    is_unscrubbed: AtomicBool,
}

/// What follows an act that destroyed a key or ended a record, before the act is reported done.
pub type AfterForgetting = Box<dyn Fn(Store) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

#[derive(Clone)]
struct Doors {
    pool: Pool,
    /// SQLite's; on PostgreSQL the pool writes.
    writer: Option<Writer>,
}

impl Store {
    /// Makes a new database with its tables and opens it. Blocks.
    ///
    /// # Errors
    /// [`Error::Setup`] when there already is one (the file exists; the PostgreSQL database has our tables), and
    /// whatever [`Store::open`] would refuse.
    pub fn create(config: &DatabaseConfig, clock: Clock) -> Result<Self> {
        match Place::parse(&config.url)? {
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => postgres::create(&url, config)?,
            Place::Sqlite(path) => sqlite::create(&path, config.busy_seconds)?,
        }
        Self::open(config, clock)
    }

    /// Opens a database that [`Store::create`] made and brings its tables up to date. Blocks.
    ///
    /// # Errors
    /// [`Error::Setup`], with a sentence for whoever starts the node: no such database, not one of ours, written by a
    /// newer program, an unknown scheme, PostgreSQL not built in, or PostgreSQL set up to forget.
    pub fn open(config: &DatabaseConfig, clock: Clock) -> Result<Self> {
        let place = Place::parse(&config.url)?;
        let (writer, thread) = match &place {
            #[cfg(feature = "postgres")]
            Place::Postgres(url) => {
                postgres::open(url, config)?;
                (None, None)
            }
            Place::Sqlite(path) => {
                let conn = sqlite::open(path, config.busy_seconds)?;
                let (writer, thread) = Writer::start(conn, path.clone(), config, clock.clone(), Bounds::USUAL)?;
                (Some(writer), Some(thread))
            }
        };
        let doors = Doors { pool: Pool::new(place.clone(), config)?, writer };
        Ok(Self(Arc::new(Inner {
            doors: Mutex::new(Some(doors)),
            writer: Mutex::new(thread),
            clock,
            metrics: Metrics::default(),
            place,
            after_forgetting: OnceLock::new(),
            is_behind: AtomicBool::new(false),
            is_unscrubbed: AtomicBool::new(false),
        })))
    }

    /// Names what is done after each act that called [`Tx::forgot`], once it is committed and before [`Store::write`]
    /// answers. It is named once, when the node is composed; it handles its own failures, since the act stands.
    pub fn after_forgetting(&self, what: AfterForgetting) {
        // A second one is that of another handle on the same store: the first does the same.
        let _ = self.0.after_forgetting.set(what);
    }

    /// Says whether what was forgotten here is kept outside the database too.
    pub fn note_kept_outside(&self, kept: bool) {
        self.0.is_behind.store(!kept, Ordering::Release);
    }

    /// Whether something was forgotten here that is not kept outside yet, so that a copy might bring it back.
    pub fn is_behind_outside(&self) -> bool {
        self.0.is_behind.load(Ordering::Acquire)
    }

    /// Runs `act` in one write transaction: committed when it returns `Ok`, else nothing of it happened.
    ///
    /// It runs to its end even if the caller's future is dropped. What may happen only when it is committed, such as
    /// waking a worker, is done after this has answered and not in the act. Inside [`once::claiming`] the first act that
    /// commits carries the claim with it.
    ///
    /// # Errors
    /// [`Error::Busy`] when too much waits already, `request_under_way` when somebody else holds the claim,
    /// [`Error::Internal`] when the commit failed, else what `act` returned. A failed statement is not turned into a
    /// problem for the caller: an act that expects one, such as a unique key that holds, looks at it itself, inside
    /// [`Tx::savepoint`].
    pub async fn write<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let begun = Instant::now();
        let Doors { pool, writer } = self.doors()?;
        let first = once::first();
        let claim = first.as_ref().map(once::First::claim);
        let inner = self.0.clone();
        let act = move |tx: &mut Tx<'_>| {
            claim.map_or(Ok(()), |claim| claim.take(tx))?;
            let value = act(tx)?;
            let forgot = tx.has_forgotten();
            if forgot == Forgot::Key {
                // Before the commit: whoever asked may be gone when it is done.
                inner.is_unscrubbed.store(true, Ordering::Release);
            }
            Ok((value, forgot))
        };
        let outcome = match writer {
            Some(writer) => writer.write(act).await,
            None => {
                let clock = self.0.clock.clone();
                pool.transact(Mode::Write, move |conn| act(&mut Tx::new(conn, clock.now()))).await
            }
        };
        if let (Some(first), Ok(_)) = (first, &outcome) {
            first.committed();
        }
        self.0.metrics.stored("write", begun.elapsed());
        let (value, forgot) = outcome?;
        if let (true, Some(after)) = (forgot > Forgot::Nothing, self.0.after_forgetting.get()) {
            after(self.clone()).await;
        }
        if forgot == Forgot::Key {
            self.scrub_keys().await;
        }
        Ok(value)
    }

    /// Runs `act` on one snapshot of the database, in which it can change nothing.
    ///
    /// # Errors
    /// [`Error::Busy`] when no connection was to be had in time, else what `act` returned.
    pub async fn read<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let begun = Instant::now();
        let outcome = self.doors()?.pool.transact(Mode::Read, act).await;
        self.0.metrics.stored("read", begun.elapsed());
        outcome
    }

    /// Writes something that changes nothing, to see whether the database takes writes now: SQLite writes its own version
    /// number anew, PostgreSQL gives a transaction a number.
    ///
    /// # Errors
    /// Whatever keeps a write from being committed.
    pub async fn probe(&self) -> Result<()> {
        self.write(|tx| match tx.conn() {
            #[cfg(feature = "postgres")]
            Conn::Postgres(conn) => postgres::probe(conn),
            Conn::Sqlite(conn) => sqlite::probe(conn),
        })
        .await
    }

    /// Removes from SQLite's write-ahead log the keys that were destroyed, if any is in it still: done after each act that
    /// destroyed one, and again at the next start or when this is called, where a reader held on to an older snapshot.
    pub async fn scrub_what_waits(&self) {
        if self.0.is_unscrubbed.load(Ordering::Acquire) {
            self.scrub_keys().await;
        }
    }

    async fn scrub_keys(&self) {
        let scrubbed = self.scrub().await;
        if let Err(cause) = &scrubbed {
            tracing::warn!(%cause, "a key that was destroyed is still in the write-ahead log: it is removed later");
        }
        self.0.is_unscrubbed.store(scrubbed.is_err(), Ordering::Release);
    }

    /// Removes what was deleted from SQLite's write-ahead log too. PostgreSQL has no such door; its logs are the
    /// operator's, as the manual says.
    ///
    /// # Errors
    /// [`Error::Busy`] when a reader held on to an older snapshot: try again.
    pub async fn scrub(&self) -> Result<()> {
        match self.doors()?.writer {
            Some(writer) => writer.scrub().await,
            None => Ok(()),
        }
    }

    /// Whether no other process serves from this database: SQLite's file is one process's.
    pub fn is_alone(&self) -> bool {
        self.doors().is_ok_and(|doors| doors.writer.is_some())
    }

    /// The clock of this store's acts.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What is counted of this node while it runs.
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    /// Refuses new acts, does what waits, and empties SQLite's write-ahead log. A second call does nothing.
    pub async fn close(&self) {
        let closed = lock(&self.0.doors).take();
        let thread = lock(&self.0.writer).take();
        // Dropping a pool closes its connections, and that may block.
        let ended = tokio::task::spawn_blocking(move || {
            drop(closed);
            thread.map(JoinHandle::join)
        });
        if !matches!(ended.await, Ok(None | Some(Ok(())))) {
            tracing::error!("the database's writer did not end in order");
        }
    }

    fn doors(&self) -> Result<Doors> {
        lock(&self.0.doors).clone().ok_or_else(Error::busy)
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// Nothing panics while one of these is held, and what they hold is whole at every moment.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
