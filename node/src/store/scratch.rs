//! Throw-away databases for tests and stories, of every kind that this build knows.
//!
//! A test that stores anything goes through [`each`], so it runs on all of them. SQLite gets a file in the temporary
//! folder. PostgreSQL gets a database of its own, cloned from a migrated template, in the cluster that the environment
//! names; without it the test panics, since a test that is skipped is a test that nobody runs.

use std::path::PathBuf;

use diesel::connection::SimpleConnection as _;
use uuid::Uuid;

use super::{Conn, Store, each_backend, sqlite};
use crate::clock::Clock;
use crate::config::{DatabaseConfig, DatabaseUrl};

/// The environment variable with the URL of the maintenance database of a cluster for tests.
pub const CLUSTER: &str = "STAFFETTA_TEST_POSTGRES";

/// Runs a test on an empty database of every kind, at 2026-11-23T09:00:00Z.
pub async fn each<F: Future<Output = ()>>(test: impl Fn(Store) -> F) {
    each_at(clock, test).await;
}

/// Runs a test on an empty database of every kind, each with a clock of its own.
pub async fn each_at<F: Future<Output = ()>>(clock: impl Fn() -> Clock, test: impl Fn(Store) -> F) {
    for scratch in all(clock) {
        eprintln!("database: {}", scratch.config.url);
        test(scratch.store.clone()).await;
        scratch.store.close().await;
    }
}

/// How to make a database of each kind that this build knows.
pub const KINDS: &[fn(Clock) -> Scratch] = &[
    sqlite,
    #[cfg(feature = "postgres")]
    postgres,
];

/// One database of every kind.
pub fn all(clock: impl Fn() -> Clock) -> impl Iterator<Item = Scratch> {
    KINDS.iter().map(move |make| make(clock()))
}

/// What somebody does first who has the database's own tools and means to rewrite the journal: its triggers go.
pub async fn unguard_journal(store: &Store) {
    store
        .write(|tx| {
            for statement in match tx.conn() {
                #[cfg(feature = "postgres")]
                Conn::Postgres(_) => ["ALTER TABLE journal DISABLE TRIGGER USER"].as_slice(),
                Conn::Sqlite(_) => &[
                    "DROP TRIGGER journal_is_not_rewritten",
                    "DROP TRIGGER journal_keeps_its_order",
                    "DROP TRIGGER journal_is_not_cut",
                ],
            } {
                each_backend!(tx.conn(), conn => conn.batch_execute(statement))?;
            }
            Ok(())
        })
        .await
        .expect("a journal with its triggers");
}

/// A clock that stands at 2026-11-23T09:00:00Z, a Monday.
pub fn clock() -> Clock {
    Clock::set("2026-11-23T09:00:00Z".parse().expect("an instant"))
}

/// A database that is removed when this is dropped, whoever still holds its store.
#[derive(Debug)]
pub struct Scratch {
    store: Store,
    config: DatabaseConfig,
    _place: Place,
}

impl Scratch {
    /// Which of these words can be read in the database's files by somebody without a key: in plain, or inside anything
    /// that base64 hides. On PostgreSQL nothing is looked at: its files are not the tests'.
    pub fn readable(&self, words: &[&str]) -> Vec<String> {
        let path = match &self._place {
            Place::File(path) => path,
            #[cfg(feature = "postgres")]
            Place::Database(_) => return Vec::new(),
        };
        let mut found = Vec::new();
        for ending in ["", "-wal"] {
            let file = PathBuf::from(format!("{}{ending}", path.display()));
            found.extend(readable(&std::fs::read(file).unwrap_or_default(), words));
        }
        found.sort();
        found.dedup();
        found
    }

    /// Another database with what this one holds now: a backup.
    ///
    /// # Panics
    /// When the database cannot be copied.
    pub fn copy(&self) -> Self {
        let clock = self.store.clock().clone();
        let (url, place) = match &self._place {
            Place::File(path) => {
                let copy = std::env::temp_dir().join(format!("staffetta-{}.db", Uuid::now_v7().simple()));
                sqlite::copy(path, &copy);
                (DatabaseUrl::new(format!("sqlite:{}", copy.display())), Place::File(copy))
            }
            #[cfg(feature = "postgres")]
            Place::Database(name) => cluster::copy(name),
        };
        let config = config(url);
        let store = Store::open(&config, clock).expect("the copy of a database");
        Self { store, config, _place: place }
    }

    /// Takes the server away from whoever uses the database, or gives it back: no session stays, and none begins. SQLite has
    /// no server.
    #[cfg(feature = "postgres")]
    pub fn cut_off(&self, gone: bool) {
        if let Place::Database(name) = &self._place {
            cluster::cut_off(name, gone);
        }
    }

    /// The open store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// What opens the same database again: a restart, or a second process.
    pub fn config(&self) -> &DatabaseConfig {
        &self.config
    }
}

/// A SQLite file in the temporary folder.
pub fn sqlite(clock: Clock) -> Scratch {
    let path = std::env::temp_dir().join(format!("staffetta-{}.db", Uuid::now_v7().simple()));
    let url = DatabaseUrl::new(format!("sqlite:{}", path.display()));
    let place = Place::File(path);
    let config = config(url);
    let store = Store::create(&config, clock).expect("a SQLite database in the temporary folder");
    Scratch { store, config, _place: place }
}

/// A PostgreSQL database, cloned from the template.
///
/// # Panics
/// When [`CLUSTER`] names no cluster.
#[cfg(feature = "postgres")]
pub fn postgres(clock: Clock) -> Scratch {
    let (url, place) = cluster::clone_template();
    let config = config(url);
    let store = Store::open(&config, clock).expect("a clone of the template");
    Scratch { store, config, _place: place }
}

/// Makes a database and has it filled.
#[cfg(test)]
pub(crate) type Filled = fn(Clock, &dyn Fn(&mut super::Conn)) -> Scratch;

/// How to make a database of each kind in which nobody has made a table yet: `fill` makes what there is, and the program of
/// today opens it.
#[cfg(test)]
pub(crate) const EMPTY: &[Filled] = &[
    empty_sqlite,
    #[cfg(feature = "postgres")]
    empty_postgres,
];

#[cfg(test)]
fn empty_sqlite(clock: Clock, fill: &dyn Fn(&mut super::Conn)) -> Scratch {
    use diesel::connection::SimpleConnection as _;
    let path = std::env::temp_dir().join(format!("staffetta-{}.db", Uuid::now_v7().simple()));
    std::fs::write(&path, []).expect("a file in the temporary folder");
    let place = Place::File(path.clone());
    let conn = sqlite::connect(&path, super::Mode::Write, 5).expect("a connection to it");
    let mut conn = super::Conn::Sqlite(conn);
    fill(&mut conn);
    let super::Conn::Sqlite(conn) = &mut conn else { unreachable!("it was made above") };
    conn.batch_execute(&format!("PRAGMA application_id = {}", sqlite::APPLICATION_ID)).expect("our mark");
    // Whose a file is stands in its first bytes, and not in the log beside it.
    sqlite::checkpoint(conn).expect("nobody else reads it");
    let config = config(DatabaseUrl::new(format!("sqlite:{}", path.display())));
    let store = Store::open(&config, clock).expect("a database of ours");
    Scratch { store, config, _place: place }
}

#[cfg(all(test, feature = "postgres"))]
fn empty_postgres(clock: Clock, fill: &dyn Fn(&mut super::Conn)) -> Scratch {
    let (url, place) = cluster::empty();
    let config = config(url);
    let conn = super::postgres::connect(&config.url).expect("a connection to it");
    fill(&mut super::Conn::Postgres(conn));
    let store = Store::open(&config, clock).expect("a database of ours");
    Scratch { store, config, _place: place }
}

/// Tests promise nothing to anybody that a power cut could break.
fn config(url: DatabaseUrl) -> DatabaseConfig {
    DatabaseConfig { url, connections: 8, allow_unsafe_durability: true, ..DatabaseConfig::default() }
}

/// Which of these words stand in the bytes, or in what some run of base64 in them says, or in a run in that.
pub fn readable(bytes: &[u8], words: &[&str]) -> Vec<String> {
    fn look(bytes: &[u8], words: &[&str], found: &mut Vec<String>, depth: u8) {
        let text = String::from_utf8_lossy(bytes).to_lowercase();
        found.extend(words.iter().filter(|word| text.contains(&word.to_lowercase())).map(|word| (*word).to_owned()));
        if depth == 0 {
            return;
        }
        // Both alphabets as one, and every alignment: what stands before a run may look like a part of it.
        let sextet = |byte: &u8| match byte {
            b'A'..=b'Z' => Some(byte - b'A'),
            b'a'..=b'z' => Some(byte - b'a' + 26),
            b'0'..=b'9' => Some(byte - b'0' + 52),
            b'-' | b'+' => Some(62),
            b'_' | b'/' => Some(63),
            _ => None,
        };
        for run in bytes.split(|byte| sextet(byte).is_none()).filter(|run| run.len() >= 4) {
            for shift in 0..4 {
                let sextets: Vec<u8> = run[shift..].iter().filter_map(sextet).collect();
                let decoded: Vec<u8> = sextets
                    .chunks(4)
                    .flat_map(|four| {
                        let bits = four.iter().fold(0_u32, |bits, six| bits << 6 | u32::from(*six));
                        let bits = bits << (6 * (4 - four.len()));
                        bits.to_be_bytes()[1..four.len().max(1)].to_vec()
                    })
                    .collect();
                look(&decoded, words, found, depth - 1);
            }
        }
    }
    let mut found = Vec::new();
    look(bytes, words, &mut found, 2);
    found.sort();
    found.dedup();
    found
}

#[derive(Debug)]
enum Place {
    File(PathBuf),
    #[cfg(feature = "postgres")]
    Database(String),
}

impl Drop for Place {
    fn drop(&mut self) {
        match self {
            Self::File(path) => sqlite::remove(path),
            #[cfg(feature = "postgres")]
            Self::Database(name) => cluster::drop_database(name),
        }
    }
}

#[cfg(feature = "postgres")]
mod cluster {
    use diesel::connection::SimpleConnection;
    use diesel::dsl::sql;
    use diesel::prelude::*;
    use diesel::sql_types::{BigInt, Bool};
    use uuid::Uuid;

    use super::{CLUSTER, Place};
    use crate::config::DatabaseUrl;
    use crate::store::{migrate, postgres};

    /// Held while a template is made: "Staf" "tmpl" in ASCII.
    const LOCK: i64 = 0x5374_6166_746d_706c;

    /// A new database with all tables, and nothing in them.
    pub(super) fn clone_template() -> (DatabaseUrl, Place) {
        let mut conn = maintenance();
        let template = format!("staffetta_template_{}", migrate::HASH);
        make_template(&mut conn, &template);
        let name = format!("staffetta_{}", Uuid::now_v7().simple());
        conn.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {template}")).expect("a clone of the template");
        (DatabaseUrl::new(within(&name)), Place::Database(name))
    }

    /// A new database with what `source` holds. Whoever is connected to that is cut off and connects anew.
    pub(super) fn copy(source: &str) -> (DatabaseUrl, Place) {
        let mut conn = maintenance();
        let name = format!("staffetta_{}", Uuid::now_v7().simple());
        let cut_off = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{source}'");
        let made = (0..20).any(|_| {
            conn.batch_execute(&cut_off).expect("the list of sessions");
            conn.batch_execute(&format!("CREATE DATABASE {name} TEMPLATE {source}")).is_ok()
        });
        assert!(made, "{source} is never left alone");
        (DatabaseUrl::new(within(&name)), Place::Database(name))
    }

    /// A new database with nothing in it.
    #[cfg(test)]
    pub(super) fn empty() -> (DatabaseUrl, Place) {
        let name = format!("staffetta_{}", Uuid::now_v7().simple());
        maintenance().batch_execute(&format!("CREATE DATABASE {name}")).expect("a new database");
        (DatabaseUrl::new(within(&name)), Place::Database(name))
    }

    pub(super) fn drop_database(name: &str) {
        // Not worth a panic inside a drop: the cluster is thrown away too.
        let _ = maintenance().batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
    }

    pub(super) fn cut_off(name: &str, gone: bool) {
        let ends = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
        let mut conn = maintenance();
        conn.batch_execute(&format!("ALTER DATABASE {name} ALLOW_CONNECTIONS {}", !gone)).expect("a database of ours");
        if gone {
            conn.batch_execute(&ends).expect("sessions of ours");
        }
    }

    /// Once for each content of the migrations: test programs that run side by side share it.
    fn make_template(conn: &mut PgConnection, template: &str) {
        let is_made = sql::<BigInt>("SELECT count(*) FROM pg_database WHERE datistemplate AND datname = '")
            .sql(template)
            .sql("'");
        if is_made.clone().get_result::<i64>(conn).expect("the list of databases") > 0 {
            return;
        }
        conn.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).expect("the lock on templates");
        if is_made.get_result::<i64>(conn).expect("the list of databases") == 0 {
            // One that is there without its mark was left half done.
            for statement in ["DROP DATABASE IF EXISTS", "CREATE DATABASE"] {
                conn.batch_execute(&format!("{statement} {template}")).expect("a new template");
            }
            let mut inside = postgres::connect(&DatabaseUrl::new(within(template))).expect("the template");
            migrate::postgres(&mut inside).expect("the migrations");
            drop(inside);
            conn.batch_execute(&format!("ALTER DATABASE {template} IS_TEMPLATE true")).expect("the template's mark");
        }
        let _: bool =
            sql::<Bool>(&format!("SELECT pg_advisory_unlock({LOCK})")).get_result(conn).expect("the lock on templates");
    }

    fn maintenance() -> PgConnection {
        let mut conn = postgres::connect(&DatabaseUrl::new(cluster())).expect("the cluster for tests");
        conn.batch_execute("SET lock_timeout = 0").expect("a session of the cluster for tests");
        conn
    }

    fn cluster() -> String {
        std::env::var(CLUSTER).unwrap_or_else(|_| {
            panic!("{CLUSTER} names no PostgreSQL cluster: run the tests with tests/run, which starts one")
        })
    }

    /// The cluster's URL with another database in its path.
    fn within(name: &str) -> String {
        let url = cluster();
        let (scheme, rest) = url.split_once("://").unwrap_or_else(|| panic!("{CLUSTER} must be a postgresql:// URL"));
        let (host, query) = rest.split_once('?').map_or((rest, String::new()), |(host, q)| (host, format!("?{q}")));
        let host = host.split('/').next().unwrap_or_default();
        format!("{scheme}://{host}/{name}{query}")
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;

    #[test]
    fn words_are_found_in_plain_and_in_base64_at_every_alignment() {
        for padding in ["", "x", "xy", "xyz"] {
            let inner = URL_SAFE_NO_PAD.encode(format!("{padding}{{\"given_names\":\"Aïssatou\"}}"));
            let outer = STANDARD.encode(format!("{padding} {inner}.sig"));
            for hidden in
                [format!("{padding}aïssatou"), inner.clone(), format!("a1-{inner}"), outer, format!("q{inner}")]
            {
                let bytes = [b"\0\x07".as_slice(), hidden.as_bytes(), b"\xff"].concat();
                assert_eq!(readable(&bytes, &["Aïssatou", "Fatou"]), ["Aïssatou"], "{hidden}");
            }
        }
        assert_eq!(readable(b"nothing here", &["Aissatou"]), Vec::<String>::new());
    }
}
