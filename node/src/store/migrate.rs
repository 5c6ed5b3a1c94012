//! The tables of both databases, brought up to date at start, under a lock: several processes may start at once.
//!
//! The folders hold the same names. A database that knows a migration which this program does not is refused: it was
//! written by a newer program, and what an older one would do to it nobody has tried.

use std::collections::BTreeSet;

use diesel::backend::Backend;
use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::error::{Error, Result};

pub(super) const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
#[cfg(feature = "postgres")]
pub(super) const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Names the content of both folders, and so the template of the tests.
#[cfg(feature = "postgres")]
pub(super) const HASH: &str = env!("STAFFETTA_MIGRATIONS_HASH");

/// All of it in one transaction that holds SQLite's write lock.
pub(super) fn sqlite(conn: &mut SqliteConnection) -> Result<()> {
    conn.immediate_transaction(|conn| run(conn, SQLITE))
}

/// One transaction per migration, under an advisory lock of the session.
#[cfg(feature = "postgres")]
pub(super) fn postgres(conn: &mut PgConnection) -> Result<()> {
    use diesel::connection::SimpleConnection;
    /// Any number will do that no other program uses on this database: "Staf" "migr" in ASCII.
    const LOCK: i64 = 0x5374_6166_6d69_6772;

    // Whoever waits here waits for another process's migrations, which may well take longer than an act.
    conn.batch_execute(&format!("SET lock_timeout = 0; SELECT pg_advisory_lock({LOCK})"))?;
    let result = run(conn, POSTGRES);
    conn.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK}); SET lock_timeout = '10s'"))?;
    result
}

fn run<DB: Backend>(conn: &mut impl MigrationHarness<DB>, source: EmbeddedMigrations) -> Result<()>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known: Vec<Box<dyn Migration<DB>>> = source.migrations().map_err(Error::internal)?;
    let known: BTreeSet<String> = known.iter().map(|migration| migration.name().version().to_string()).collect();
    let applied = conn.applied_migrations().map_err(Error::internal)?;
    if let Some(newer) = applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        return Err(Error::Setup(format!(
            "the database was written by another version of this program: it knows migration {newer}, which this one \
             does not"
        )));
    }
    conn.run_pending_migrations(source).map_err(Error::internal)?;
    Ok(())
}

/// Runs a script as it is written for each database, SQLite's first: for tests of what a migration makes of old rows.
#[cfg(test)]
pub fn run_script(conn: &mut super::Conn, scripts: [&str; 2]) -> Result<()> {
    use diesel::connection::SimpleConnection as _;

    match conn {
        super::Conn::Sqlite(conn) => conn.batch_execute(scripts[0])?,
        #[cfg(feature = "postgres")]
        super::Conn::Postgres(conn) => conn.batch_execute(scripts[1])?,
    }
    Ok(())
}
