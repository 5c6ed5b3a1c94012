//! A copy of the database file while the node serves, table by table.
//!
//! SQLite's own ways (`VACUUM INTO`, the backup interface) copy every page, and what is deleted from the copy afterwards
//! has been on the disk of the copy. Here a table that must not be in the copy is never written to it. The copy is one
//! snapshot; the writer works on beside it.

use std::fs::{self, File, OpenOptions};
use std::path::{Path, PathBuf};

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::conn::Mode;
use super::place::Place;
use super::{Conn, Store, sqlite};
use crate::config::DatabaseConfig;
use crate::error::{Error, Result};

/// What a copy holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// Tables.
    pub tables: usize,
    /// Bytes of the file.
    pub bytes: u64,
}

impl Store {
    /// Writes a copy to the new file `to`: everything but the rows of the tables in `without`. It is on the disk and was
    /// checked when this returns. A file of that name that is left over from an attempt that failed is replaced. Nothing on
    /// PostgreSQL, which has a program of its own for that.
    ///
    /// # Errors
    /// [`Error::Setup`] where the file cannot be written; internal where the copy is not whole.
    pub async fn copy_to(&self, to: PathBuf, without: &'static [&'static str]) -> Result<Option<Copied>> {
        let from = match &self.0.place {
            #[cfg(feature = "postgres")]
            Place::Postgres(_) => return Ok(None),
            Place::Sqlite(path) => path.clone(),
        };
        let copied = tokio::task::spawn_blocking(move || copy(&from, &to, without)).await;
        copied.map_err(Error::internal)?.map(Some)
    }

    /// What SQLite finds wrong with the file, and rows that name others which are not there. Nothing, for a whole one.
    /// PostgreSQL checks what it restores by itself.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn damages(&self) -> Result<Vec<String>> {
        self.read(|conn| match conn {
            #[cfg(feature = "postgres")]
            Conn::Postgres(_) => Ok(Vec::new()),
            Conn::Sqlite(conn) => damages(conn, "main"),
        })
        .await
    }
}

/// The file of the database that is configured; none for a server.
///
/// # Errors
/// [`Error::Setup`] for a URL that names nothing.
pub fn file_of(config: &DatabaseConfig) -> Result<Option<PathBuf>> {
    Ok(match Place::parse(&config.url)? {
        #[cfg(feature = "postgres")]
        Place::Postgres(_) => None,
        Place::Sqlite(path) => Some(path),
    })
}

/// Removes a database file and what SQLite keeps beside it. What is not there is no error.
pub fn remove_file(path: &Path) {
    sqlite::remove(path);
}

/// Copies a file to a new place, readable by its owner only, and waits for the disk. What was there is replaced.
///
/// # Errors
/// [`Error::Setup`] with the name of the file.
pub fn copy_file(from: &Path, to: &Path) -> Result<()> {
    sqlite::remove(to);
    let failed = |cause: std::io::Error| Error::Setup(format!("{} to {}: {cause}", from.display(), to.display()));
    let mut source = File::open(from).map_err(failed)?;
    let mut target = private(to).map_err(failed)?;
    std::io::copy(&mut source, &mut target).map_err(failed)?;
    target.sync_all().map_err(failed)
}

/// Moves a closed database file, what SQLite keeps beside it included, to another name in the same folder.
///
/// # Errors
/// [`Error::Setup`] with the name of the file.
pub fn move_file(from: &Path, to: &Path) -> Result<()> {
    let failed = |cause: std::io::Error| Error::Setup(format!("{} to {}: {cause}", from.display(), to.display()));
    for ending in ["-wal", "-shm", ""] {
        let with = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(ending);
            PathBuf::from(name)
        };
        if ending.is_empty() || with(from).exists() {
            fs::rename(with(from), with(to)).map_err(failed)?;
        }
    }
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn copy(from: &Path, to: &Path, without: &[&str]) -> Result<Copied> {
    let failed = |cause: std::io::Error| Error::Setup(format!("the copy {}: {cause}", to.display()));
    sqlite::remove(to);
    drop(private(to).map_err(failed)?);
    let made = fill(from, to, without);
    if made.is_err() {
        sqlite::remove(to);
    }
    let tables = made?;
    let file = File::open(to).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    Ok(Copied { tables, bytes: file.metadata().map_err(failed)?.len() })
}

fn fill(from: &Path, to: &Path, without: &[&str]) -> Result<usize> {
    let mut conn = sqlite::connect(from, Mode::Write, 5)?;
    let to = std::path::absolute(to).map_err(Error::internal)?;
    let to = to.to_str().ok_or_else(|| Error::Setup("the path of a copy must be UTF-8".into()))?.replace('\'', "''");
    // Rows come table by table, so one may name a row that is still to come; the check at the end finds any that is not.
    conn.batch_execute(&format!(
        "PRAGMA foreign_keys = OFF; ATTACH DATABASE '{to}' AS copy; PRAGMA copy.synchronous = FULL; BEGIN DEFERRED"
    ))?;
    let known: Vec<(String, String, Option<String>)> = sql::<(Text, Text, Nullable<Text>)>(
        "SELECT type, name, sql FROM main.sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY type <> 'table', rowid",
    )
    .load(&mut conn)?;
    let mut tables = 0;
    for (kind, name, made) in &known {
        let Some(made) = made else { continue };
        conn.batch_execute(&in_the_copy(kind, made)?)?;
        if kind == "table" {
            tables += 1;
            if !without.contains(&name.as_str()) {
                conn.batch_execute(&format!("INSERT INTO copy.\"{name}\" SELECT * FROM main.\"{name}\""))?;
            }
        }
    }
    conn.batch_execute("COMMIT")?;
    // Last: a file without the mark is no database of ours, whatever it holds.
    conn.batch_execute(&format!("PRAGMA copy.application_id = {}", sqlite::APPLICATION_ID))?;
    let wrong = damages(&mut conn, "copy")?;
    if !wrong.is_empty() {
        return Err(Error::internal(format!("the copy is not whole: {}", wrong.join("; "))));
    }
    Ok(tables)
}

/// The statement that made something, for the copy. SQLite keeps it with its first words in one form:
/// <https://www.sqlite.org/schematab.html>.
fn in_the_copy(kind: &str, made: &str) -> Result<String> {
    let heads: &[&str] = match kind {
        "table" => &["CREATE TABLE "],
        "index" => &["CREATE INDEX ", "CREATE UNIQUE INDEX "],
        "trigger" => &["CREATE TRIGGER "],
        _ => &[],
    };
    let found = heads.iter().find_map(|head| made.strip_prefix(head).map(|rest| format!("{head}copy.{rest}")));
    found.ok_or_else(|| Error::internal(format!("a copy knows tables, indexes and triggers, and no {kind}")))
}

fn damages(conn: &mut SqliteConnection, schema: &str) -> Result<Vec<String>> {
    let mut found: Vec<String> = sql::<Text>(&format!("PRAGMA {schema}.integrity_check(20)")).load(conn)?;
    found.retain(|line| line != "ok");
    let lost: Vec<(String, Option<i64>, String, i64)> =
        sql::<(Text, Nullable<BigInt>, Text, BigInt)>(&format!("PRAGMA {schema}.foreign_key_check")).load(conn)?;
    found.extend(lost.into_iter().take(20).map(|(table, _, of, _)| format!("{table} names a missing row of {of}")));
    Ok(found)
}
