//! One connection that is either database, and the transaction around an act.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use diesel::RunQueryDsl;
use diesel::connection::SimpleConnection;
use diesel::connection::{AnsiTransactionManager, Connection, TransactionManager, TransactionManagerStatus};
use diesel::result::Error as DieselError;

use super::steady::Words;
use crate::error::{Error, Result};

/// A connection to whichever database this node uses. Queries are written against it once.
///
/// SQLite stands last: diesel's derived `establish` tries the variants in order, and SQLite takes any text for a file
/// name. Nothing here calls it; [`super::place`] decides by the scheme of the URL.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL, or a distributed engine that speaks its protocol.
    #[cfg(feature = "postgres")]
    Postgres(diesel::PgConnection),
    /// A file of this machine.
    Sqlite(diesel::SqliteConnection),
}

/// The same source text compiled once per database: for one-row upserts, batch inserts and returned rows, which both
/// dialects know and the connection enum cannot express. A batch *upsert* compiles on neither: loop over the rows.
///
/// Also for what is done for every message: the enum walks each query once more than either database alone, and boxes
/// each of its values.
macro_rules! each_backend {
    ($conn:expr, $c:ident => $body:expr) => {
        match $conn {
            #[cfg(feature = "postgres")]
            $crate::store::Conn::Postgres($c) => $body,
            $crate::store::Conn::Sqlite($c) => $body,
        }
    };
}
pub(crate) use each_backend;

/// Rows of one statement on PostgreSQL, which takes 65,535 values in all.
#[cfg(feature = "postgres")]
pub(crate) const ROWS_AT_ONCE: usize = 500;

/// Inserts rows: PostgreSQL has them in as few statements as it takes, since each is a way there and back. SQLite has
/// them one by one, by a statement that is prepared once; one statement for all would be written and prepared anew each
/// time, and costs more than it spares.
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            #[cfg(feature = "postgres")]
            $crate::store::Conn::Postgres(conn) => {
                let mut rows = $rows.into_iter();
                loop {
                    let some: Vec<_> = rows.by_ref().take($crate::store::ROWS_AT_ONCE).collect();
                    if some.is_empty() {
                        break diesel::QueryResult::Ok(());
                    }
                    if let Err(cause) = diesel::insert_into($table).values(some).execute(conn) {
                        break Err(cause);
                    }
                }
            }
            $crate::store::Conn::Sqlite(conn) => {
                $rows.into_iter().try_for_each(|row| diesel::insert_into($table).values(row).execute(conn).map(|_| ()))
            }
        }
    };
}
pub(crate) use insert_rows;

impl fmt::Debug for Conn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "Conn::Postgres",
            Self::Sqlite(_) => "Conn::Sqlite",
        })
    }
}

/// What a transaction may do, and how it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Read,
    Write,
}

/// What a savepoint is around. They have names of their own: what a panic left open inside an act is undone with it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// An act of a group that shares a commit.
    Act,
    /// A part of an act, or a part of that.
    OfAct,
}

impl Part {
    const fn begin(self) -> &'static str {
        match self {
            Self::Act => "SAVEPOINT act",
            Self::OfAct => "SAVEPOINT part",
        }
    }

    const fn keep(self) -> &'static str {
        match self {
            Self::Act => "RELEASE SAVEPOINT act",
            Self::OfAct => "RELEASE SAVEPOINT part",
        }
    }

    const fn undo(self) -> &'static str {
        match self {
            Self::Act => "ROLLBACK TO SAVEPOINT act",
            Self::OfAct => "ROLLBACK TO SAVEPOINT part",
        }
    }
}

impl Conn {
    /// Begins a transaction.
    ///
    /// A write takes SQLite's one write lock at once: a transaction that asks for it later, having read, fails instead
    /// of waiting. A read sees one snapshot on both databases however many queries it makes, and can write on neither
    /// (SQLite's readers have `query_only=ON`).
    ///
    /// # Errors
    /// [`Error::Busy`] when another process kept SQLite's write lock for the whole `busy_timeout`.
    pub(super) fn begin(&mut self, mode: Mode) -> Result<()> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(c) => AnsiTransactionManager::begin_transaction_sql(
                c,
                match mode {
                    Mode::Read => "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
                    Mode::Write => "BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED, READ WRITE",
                },
            )?,
            Self::Sqlite(c) => AnsiTransactionManager::begin_transaction_sql(
                c,
                match mode {
                    Mode::Read => "BEGIN DEFERRED",
                    Mode::Write => "BEGIN IMMEDIATE",
                },
            )
            .map_err(|error| if is_locked(&error) { Error::busy() } else { error.into() })?,
        }
        Ok(())
    }

    /// Commits. When it fails, nothing of the transaction happened and the connection can be used again.
    ///
    /// On PostgreSQL it fails, too, when a statement failed outside a savepoint and the act hid that: there such a
    /// transaction is lost, and `COMMIT` would roll it back and report success.
    pub(super) fn commit(&mut self) -> Result<()> {
        let committed = match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(c) => {
                c.batch_execute("SELECT 1").and_then(|()| AnsiTransactionManager::commit_transaction(c))
            }
            Self::Sqlite(c) => AnsiTransactionManager::commit_transaction(c),
        };
        if committed.is_err() {
            self.roll_back();
        }
        Ok(committed?)
    }

    /// Rolls back to before [`Conn::begin`], savepoints that a panic left open included.
    /// If that fails, the connection [is broken](Conn::is_broken).
    pub(super) fn roll_back(&mut self) {
        each_backend!(self, c => roll_back_all(c));
    }

    /// Sets a savepoint of the open transaction, that [`Conn::keep_part`] or [`Conn::undo_part`] ends. Each of them fails
    /// when the database has given up the whole transaction meanwhile, as SQLite does when the disk is full: so they are
    /// said in words of our own, since diesel's count of savepoints does not know.
    pub(super) fn begin_part(&mut self, part: Part) -> Result<()> {
        self.say(part.begin())
    }

    /// What was done since [`Conn::begin_part`] is kept, if the transaction is.
    pub(super) fn keep_part(&mut self, part: Part) -> Result<()> {
        self.say(part.keep())
    }

    /// Undoes what was done since [`Conn::begin_part`], in savepoints that a panic left open too.
    pub(super) fn undo_part(&mut self, part: Part) -> Result<()> {
        self.say(part.undo())?;
        self.say(part.keep())
    }

    fn say(&mut self, words: &'static str) -> Result<()> {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(c) => c.batch_execute(words)?,
            Self::Sqlite(c) => Words(words).execute(c).map(|_| ())?,
        }
        Ok(())
    }

    /// Whether the transaction that was begun is still there: SQLite may have given it up under a statement that failed, and
    /// whoever goes on writes each statement for good. It refuses a second `BEGIN` while one is open.
    pub(super) fn is_open(&mut self) -> bool {
        match self {
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => true,
            Self::Sqlite(c) => {
                let gone = Words("BEGIN").execute(c).is_ok();
                if gone {
                    let _ = Words("ROLLBACK").execute(c);
                }
                !gone
            }
        }
    }

    /// Whether a transaction is open that cannot be ended: such a connection is thrown away.
    pub(super) fn is_broken(&mut self) -> bool {
        each_backend!(self, c => AnsiTransactionManager::is_broken_transaction_manager(c))
    }
}

fn roll_back_all<C: Connection<TransactionManager = AnsiTransactionManager>>(conn: &mut C) {
    loop {
        let status = AnsiTransactionManager::transaction_manager_status_mut(conn);
        match status.transaction_depth() {
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => return,
        }
        if let Err(cause) = AnsiTransactionManager::rollback_transaction(conn) {
            if cause.to_string().contains("no transaction is active") {
                // SQLite has given it up by itself, as it does when the disk is full: only diesel does not know yet.
                *AnsiTransactionManager::transaction_manager_status_mut(conn) = TransactionManagerStatus::default();
                return;
            }
            tracing::warn!(%cause, "a transaction could not be rolled back, its connection is dropped");
            AnsiTransactionManager::transaction_manager_status_mut(conn).set_in_error();
            return;
        }
    }
}

/// SQLite says `SQLITE_BUSY` only in words by the time diesel hands it on.
fn is_locked(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(_, info) if info.message() == "database is locked")
}

/// Runs what the caller gave us; a panic becomes an error, so that the thread and the connection live on.
///
/// What panicked is told by the panic hook, not here: its text may hold a person's data.
pub(super) fn guarded<T>(act: impl FnOnce() -> Result<T>) -> Result<T> {
    // Unwind safety: all that the act can have left half done is its transaction, and the caller rolls that back.
    catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_panic| Err(Error::internal("a panic inside a transaction")))
}

/// One act in one transaction: committed when it succeeds, else nothing of it happened.
pub(super) fn transact<T>(conn: &mut Conn, mode: Mode, act: impl FnOnce(&mut Conn) -> Result<T>) -> Result<T> {
    conn.begin(mode)?;
    match guarded(|| act(conn)) {
        Ok(value) => conn.commit().map(|()| value),
        Err(error) => {
            conn.roll_back();
            Err(error)
        }
    }
}
