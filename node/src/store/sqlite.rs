//! Opening the file, and what every connection to it is told.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Text};

use super::conn::Mode;
use super::migrate;
use crate::error::{Error, Result};

/// Marks a file as ours (`PRAGMA application_id`): "Staf" in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x5374_6166;

/// Makes the file, readable by its owner only, with the tables in it. Refuses a file that is there, whatever it holds.
pub(super) fn create(path: &Path, busy_seconds: u64) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .map_err(|cause| Error::Setup(format!("the database {} cannot be made: {cause}", path.display())))?;
    let made = connect(path, Mode::Write, busy_seconds).and_then(|mut conn| {
        migrate::sqlite(&mut conn)?;
        // Last: a file without the mark was left by a start that did not get this far.
        Ok(conn.batch_execute(&format!("PRAGMA application_id = {APPLICATION_ID}"))?)
    });
    if made.is_err() {
        remove(path);
    }
    made
}

/// Opens a file that [`create`] made and brings its tables up to date.
pub(super) fn open(path: &Path, busy_seconds: u64) -> Result<SqliteConnection> {
    if !path.is_file() {
        return Err(Error::Setup(format!("there is no database {}: `staffetta init` makes one", path.display())));
    }
    if !is_ours(path).map_err(|cause| Error::Setup(format!("the database {}: {cause}", path.display())))? {
        return Err(Error::Setup(format!(
            "{} is not a Staffetta database: another program made it, or its making was interrupted",
            path.display()
        )));
    }
    let mut conn = connect(path, Mode::Write, busy_seconds)?;
    migrate::sqlite(&mut conn)?;
    // A process that was killed may have left a destroyed key in the log.
    if let Err(cause) = checkpoint(&mut conn) {
        tracing::warn!(%cause, "the write-ahead log was not emptied at the start");
    }
    Ok(conn)
}

/// Looks at the file's header without SQLite, which would turn an empty file into a database.
fn is_ours(path: &Path) -> std::io::Result<bool> {
    // https://www.sqlite.org/fileformat2.html#the_database_header: the application id is at 68, big-endian.
    let mut header = Vec::with_capacity(100);
    File::open(path)?.take(100).read_to_end(&mut header)?;
    Ok(header.starts_with(b"SQLite format 3\0") && header.get(68..72) == Some(&APPLICATION_ID.to_be_bytes()))
}

/// Deletes the file and what SQLite keeps beside it. What is not there is no error.
pub(super) fn remove(path: &Path) {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        // A leftover is refused by `create` the next time, with the file's name.
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
}

/// Copies what the database holds now, whoever works on it meanwhile. For throw-away databases: what was deleted is not
/// in the copy, but nobody said that to the disk.
///
/// # Panics
/// When it cannot be copied.
pub(super) fn copy(from: &Path, into: &Path) {
    let mut conn = connect(from, Mode::Write, 10).expect("the database to be copied");
    let quoted = into.display().to_string().replace('\'', "''");
    conn.batch_execute(&format!("VACUUM INTO '{quoted}'")).expect("a copy of the database");
}

/// A connection to a file that exists. The log grows to 8,000 pages (32 MiB) before it is moved into the file: a page that
/// many acts change is written there once then, and a commit seldom waits for it. `mode=rw` keeps SQLite from making an empty one in its place.
pub(super) fn connect(path: &Path, mode: Mode, busy_seconds: u64) -> Result<SqliteConnection> {
    let path = std::path::absolute(path).map_err(Error::internal)?;
    let text = path.to_str().ok_or_else(|| Error::Setup("the path of the database must be UTF-8".into()))?;
    let escaped = text.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let mut conn = SqliteConnection::establish(&format!("file:{escaped}?mode=rw")).map_err(Error::internal)?;
    // First of all, so that what follows waits for another process instead of failing.
    wait_at_most(&mut conn, Duration::from_secs(busy_seconds))?;
    let journal: String = sql::<Text>("PRAGMA journal_mode = WAL").get_result(&mut conn)?;
    if journal != "wal" {
        return Err(Error::Setup(format!("SQLite keeps no write-ahead log for {}, but {journal}", path.display())));
    }
    conn.batch_execute(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;
         PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;
         PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864;",
    )?;
    match mode {
        Mode::Read => conn.batch_execute("PRAGMA query_only = ON")?,
        // 16 MiB of pages: what a busy hour writes to again and again. Taken only when it is needed.
        Mode::Write => conn.batch_execute("PRAGMA cache_size = -16384")?,
    }
    Ok(conn)
}

/// Moves the write-ahead log into the file and empties it, so that what was deleted is in neither.
///
/// # Errors
/// [`Error::Busy`] when a reader held on to an older snapshot for the whole `busy_timeout`.
pub(super) fn checkpoint(conn: &mut SqliteConnection) -> Result<()> {
    let (busy, _, _): (i32, i32, i32) =
        sql::<(Integer, Integer, Integer)>("PRAGMA wal_checkpoint(TRUNCATE)").get_result(conn)?;
    if busy == 0 { Ok(()) } else { Err(Error::busy()) }
}

/// The same while others wait to write: a reader that is at it longer than a moment, a backup say, keeps the log, not them.
///
/// # Errors
/// [`Error::Busy`] when there is such a reader.
pub(super) fn checkpoint_between_acts(conn: &mut SqliteConnection, busy_seconds: u64) -> Result<()> {
    wait_at_most(conn, Duration::from_millis(200))?;
    let done = checkpoint(conn);
    wait_at_most(conn, Duration::from_secs(busy_seconds)).and(done)
}

fn wait_at_most(conn: &mut SqliteConnection, time: Duration) -> Result<()> {
    Ok(conn.batch_execute(&format!("PRAGMA busy_timeout = {}", time.as_millis()))?)
}

/// Writes the version number of the schema that is there.
pub(super) fn probe(conn: &mut SqliteConnection) -> Result<()> {
    let version: i32 = sql::<Integer>("PRAGMA user_version").get_result(conn)?;
    conn.batch_execute(&format!("PRAGMA user_version = {version}"))?;
    Ok(())
}
