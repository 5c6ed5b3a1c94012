//! SQLite's one writer: a thread that owns the only connection which may write, fed by a bounded channel.
//!
//! Many acts at once are no contention then, but a queue, and what waits in it shares one commit: a commit waits for
//! the disk, and the disk takes as long for fifty acts as for one. What must hold:
//! - One act of a group that fails or panics is undone alone, and each runs at an instant of its own. The first has the
//!   transaction to itself: when it fails there is nothing else to keep. Those that join it run in savepoints, which cost
//!   SQLite a copy of every page that they change.
//! - Nobody is answered before the commit. Even a refusal may rest on what another act of the group has written.
//! - When the commit fails, or SQLite gave up the transaction under an act (a full disk), nothing of the group
//!   happened, and every one of it is told so: what its acts saw of each other was never there.
//! - A group is small and takes acts in for a short while only: nobody waits long for the sake of others.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use diesel::SqliteConnection;
use tokio::sync::oneshot;

use super::conn::{Conn, Mode, Part, guarded};
use super::sqlite;
use super::tx::Tx;
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};

/// How large a group grows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Acts at most.
    pub(super) acts: usize,
    /// For how long it takes acts in, from its begin. An act that takes longer commits with those that ran before it.
    pub(super) takes_in: Duration,
}

impl Bounds {
    /// By so many acts the commit is a small part of what each of them costs; so long a slow disk needs for a commit.
    pub(super) const USUAL: Self = Self { acts: 64, takes_in: Duration::from_millis(5) };
}

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
    /// It found no room: SQLite may have given up the whole transaction for that.
    full: bool,
    /// Second step: learns whether the group was committed, and answers.
    answer: Box<dyn FnOnce(Result<()>)>,
}

impl Writer {
    pub(super) fn start(
        conn: SqliteConnection,
        path: PathBuf,
        config: &DatabaseConfig,
        clock: Clock,
        bounds: Bounds,
    ) -> Result<(Self, JoinHandle<()>)> {
        let (sender, jobs) = sync_channel(config.write_queue);
        let desk = Desk { conn: Some(Conn::Sqlite(conn)), path, busy_seconds: config.busy_seconds, clock, bounds };
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
            let full = result.as_ref().is_err_and(Error::is_storage_full);
            // Nobody may be waiting: the caller's request was cut off.
            let answer = move |fate: Result<()>| drop(reply.send(fate.and(result)));
            Ran { keep, full, answer: Box::new(answer) }
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
    bounds: Bounds,
}

impl Desk {
    fn serve(mut self, jobs: &Receiver<Job>) {
        let mut left_over = None;
        while let Some(job) = left_over.take().or_else(|| jobs.recv().ok()) {
            match job {
                Job::Act(act) => left_over = self.perform(act, jobs),
                Job::Scrub(reply) => drop(reply.send(self.scrub())),
            }
        }
        if let Err(cause) = self.conn().and_then(emptied) {
            tracing::warn!(%cause, "the write-ahead log was not emptied at the end");
        }
    }

    /// One group: `first`, and what waits behind it. Gives back a job that waited too and is no act.
    fn perform(&mut self, first: Act, jobs: &Receiver<Job>) -> Option<Job> {
        let (clock, bounds) = (self.clock.clone(), self.bounds);
        let conn = match self.begin() {
            Ok(conn) => conn,
            Err(error) => {
                tell(first(Err(error)), Ok(()));
                return None;
            }
        };
        let begun = Instant::now();
        let first = first(Ok(&mut Tx::new(conn, clock.now())));
        if !first.keep {
            conn.roll_back();
            tell(first, Ok(()));
            return None;
        }
        let (mut group, mut left_over, mut fate) = (vec![first], None, Ok(()));
        while fate.is_ok() && group.len() < bounds.acts && begun.elapsed() < bounds.takes_in {
            match jobs.try_recv() {
                // Where nobody joins, the commit finds out.
                Ok(Job::Act(act)) if group.len() == 1 && !conn.is_open() => {
                    fate = Err(Error::internal("the transaction is no more"));
                    let told = Err(again(&Error::internal("the transaction is no more")));
                    group.push(act(told));
                }
                Ok(Job::Act(act)) => {
                    let (ran, whole) = in_savepoint(conn, act, &clock);
                    group.push(ran);
                    fate = whole;
                }
                Ok(job) => {
                    left_over = Some(job);
                    break;
                }
                Err(_) => break,
            }
        }
        match fate {
            Ok(()) => fate = conn.commit(),
            Err(_) => conn.roll_back(),
        }
        if let (Err(cause), 2..) = (&fate, group.len()) {
            tracing::error!(%cause, acts = group.len(), "acts that shared a commit are undone together");
        }
        for ran in group {
            tell(ran, fate.as_ref().copied().map_err(again));
        }
        left_over
    }

    /// Begins a transaction, on a connection that is opened anew if a rollback failed on the last one.
    fn begin(&mut self) -> Result<&mut Conn> {
        let conn = self.conn()?;
        conn.begin(Mode::Write)?;
        Ok(conn)
    }

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

    fn scrub(&mut self) -> Result<()> {
        let busy_seconds = self.busy_seconds;
        match self.conn()? {
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => Ok(()),
            Conn::Sqlite(conn) => sqlite::checkpoint_between_acts(conn, busy_seconds),
        }
    }
}

fn emptied(conn: &mut Conn) -> Result<()> {
    match conn {
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => Ok(()),
        Conn::Sqlite(conn) => sqlite::checkpoint(conn),
    }
}

/// Runs an act in a savepoint of the open transaction. The error is not the act's: the transaction is no more.
fn in_savepoint(conn: &mut Conn, act: Act, clock: &Clock) -> (Ran, Result<()>) {
    if let Err(error) = conn.begin_part(Part::Act) {
        let fate = Err(again(&error));
        return (act(Err(error)), fate);
    }
    let ran = act(Ok(&mut Tx::new(conn, clock.now())));
    let fate = if ran.keep { conn.keep_part(Part::Act) } else { conn.undo_part(Part::Act) };
    let fate = if ran.full { fate.map_err(|_| Error::StorageFull) } else { fate };
    (ran, fate)
}

/// The same error once more: each of a group gets one.
fn again(error: &Error) -> Error {
    match error {
        Error::Busy { retry_after_seconds } => Error::Busy { retry_after_seconds: *retry_after_seconds },
        full if full.is_storage_full() => Error::StorageFull,
        other => Error::internal(format!("not committed: {other}")),
    }
}

/// Answers. What nobody waits for any more is dropped here, and a panic in that is nobody else's.
fn tell(ran: Ran, fate: Result<()>) {
    let _ = guarded(|| {
        (ran.answer)(fate);
        Ok(())
    });
}
