//! SQLite's one writer: a thread that owns the only connection which may write, fed by a bounded channel.
//!
//! Many acts at once are no contention then, but a queue. An act comes in two steps, so that several may share one
//! commit: it runs inside the transaction, and answers when the fate of the commit is known.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use diesel::SqliteConnection;
use tokio::sync::oneshot;

use super::conn::{Conn, Mode, guarded};
use super::sqlite;
use super::tx::Tx;
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};

/// The way to the writer. When every clone is gone, the writer does what waits, empties the log, and ends.
#[derive(Clone)]
pub(super) struct Writer(SyncSender<Job>);

enum Job {
    Act(Act),
    Scrub(oneshot::Sender<Result<()>>),
}

/// First step: runs inside the transaction, or learns that there is none.
type Act = Box<dyn FnOnce(Result<&mut Tx<'_>>) -> Ran + Send>;

struct Ran {
    keep: bool,
    /// Second step: learns whether what it did was committed. Not asked to be kept, it is told `Ok`.
    answer: Box<dyn FnOnce(Result<()>)>,
}

impl Writer {
    pub(super) fn start(
        conn: SqliteConnection,
        path: PathBuf,
        config: &DatabaseConfig,
        clock: Clock,
    ) -> Result<(Self, JoinHandle<()>)> {
        let (sender, jobs) = sync_channel(config.write_queue);
        let desk = Desk { conn: Some(Conn::Sqlite(conn)), path, busy_seconds: config.busy_seconds, clock };
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || desk.serve(&jobs))
            .map_err(Error::internal)?;
        Ok((Self(sender), thread))
    }

    /// Queues an act and waits for its commit. It commits even if nobody waits for the answer any more.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full, else what the act returned.
    pub(super) async fn write<T: Send + 'static>(
        self,
        act: impl FnOnce(&mut Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let span = tracing::Span::current();
        let act: Act = Box::new(move |tx| {
            let result = tx.and_then(|tx| span.in_scope(|| guarded(|| act(tx))));
            let keep = result.is_ok();
            // Nobody may be waiting: the caller's request was cut off.
            let answer = move |fate: Result<()>| drop(reply.send(result.and_then(|value| fate.map(|()| value))));
            Ran { keep, answer: Box::new(answer) }
        });
        self.send(Job::Act(act))?;
        answer.await.map_err(Error::internal)?
    }

    /// Empties the write-ahead log: see [`sqlite::checkpoint`].
    pub(super) async fn scrub(self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.send(Job::Scrub(reply))?;
        answer.await.map_err(Error::internal)?
    }

    /// Takes the sender by value, so that a caller who waits for an answer does not keep a closing writer alive.
    fn send(self, job: Job) -> Result<()> {
        self.0.try_send(job).map_err(|refused| match refused {
            TrySendError::Full(_) => Error::busy(),
            TrySendError::Disconnected(_) => Error::internal("the writer has ended"),
        })
    }
}

struct Desk {
    /// None after it broke and could not be opened anew.
    conn: Option<Conn>,
    path: PathBuf,
    busy_seconds: u64,
    clock: Clock,
}

impl Desk {
    fn serve(mut self, jobs: &Receiver<Job>) {
        for job in jobs {
            match job {
                Job::Act(act) => self.perform(act),
                Job::Scrub(reply) => drop(reply.send(self.checkpoint())),
            }
        }
        if let Err(cause) = self.checkpoint() {
            tracing::warn!(%cause, "the write-ahead log was not emptied at the end");
        }
    }

    fn perform(&mut self, act: Act) {
        let now = self.clock.now();
        let conn = match self.conn() {
            Ok(conn) => conn,
            Err(error) => return (act(Err(error)).answer)(Ok(())),
        };
        if let Err(error) = conn.begin(Mode::Write) {
            return (act(Err(error)).answer)(Ok(()));
        }
        let ran = act(Ok(&mut Tx::new(conn, now)));
        let fate = if ran.keep {
            conn.commit()
        } else {
            conn.roll_back();
            Ok(())
        };
        (ran.answer)(fate);
    }

    /// The connection, opened anew if a rollback failed on the last one.
    fn conn(&mut self) -> Result<&mut Conn> {
        if self.conn.as_mut().is_some_and(Conn::is_broken) {
            self.conn = None;
        }
        let conn = match self.conn.take() {
            Some(conn) => conn,
            None => Conn::Sqlite(sqlite::connect(&self.path, Mode::Write, self.busy_seconds)?),
        };
        Ok(self.conn.insert(conn))
    }

    fn checkpoint(&mut self) -> Result<()> {
        match self.conn()? {
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => Ok(()),
            Conn::Sqlite(conn) => sqlite::checkpoint(conn),
        }
    }
}
