//! Which database is opened, and which never.

use std::path::PathBuf;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use uuid::Uuid;

use super::super::{Conn, Store, Tx, scratch};
use super::{keys, put};
use crate::config::{DatabaseConfig, DatabaseUrl};
use crate::error::{Error, Result};

fn at(url: &str) -> DatabaseConfig {
    DatabaseConfig { url: DatabaseUrl::new(url), busy_seconds: 1, ..DatabaseConfig::default() }
}

fn refusal(result: Result<Store>) -> String {
    match result {
        Err(Error::Setup(sentence)) => sentence,
        other => panic!("not refused: {other:?}"),
    }
}

/// A folder that is removed at the end, whatever the test leaves in it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("staffetta-{}", Uuid::now_v7().simple()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn url(&self, name: &str) -> String {
        format!("sqlite:{}", self.0.join(name).display())
    }

    fn names(&self) -> Vec<String> {
        std::fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_misspelt_url_is_an_error_and_makes_nothing() {
    let folder = Folder::new();
    let missing = folder.url("missing.db");
    assert!(refusal(Store::open(&at(&missing), scratch::clock())).contains("missing.db"));
    let outside = folder.url("nowhere/at/all.db");
    assert!(refusal(Store::create(&at(&outside), scratch::clock())).contains("all.db"));
    for url in ["", "staffetta.db", "postgres", "postgresql-typo.db", "postgress://h/n", "sqlite3:a.db", "file:a.db"] {
        assert!(refusal(Store::open(&at(url), scratch::clock())).contains("unknown scheme"), "{url}");
        assert!(refusal(Store::create(&at(url), scratch::clock())).contains("unknown scheme"), "{url}");
    }
    for url in ["sqlite:", "sqlite::memory:", "sqlite:file::memory:?cache=shared"] {
        assert!(refusal(Store::create(&at(url), scratch::clock())).contains("file"), "{url}");
    }
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[test]
fn a_file_of_something_else_is_left_alone() {
    let folder = Folder::new();
    std::fs::write(folder.0.join("empty.db"), "").unwrap();
    std::fs::write(folder.0.join("text.db"), "This is a diary.".repeat(100)).unwrap();
    let other = folder.0.join("other.db");
    SqliteConnection::establish(other.to_str().unwrap()).unwrap().batch_execute("CREATE TABLE t (a)").unwrap();
    for name in ["empty.db", "text.db", "other.db"] {
        let sentence = refusal(Store::open(&at(&folder.url(name)), scratch::clock()));
        assert!(sentence.contains("is not a Staffetta database"), "{sentence}");
        refusal(Store::create(&at(&folder.url(name)), scratch::clock()));
    }
    assert_eq!(std::fs::read_to_string(folder.0.join("text.db")).unwrap(), "This is a diary.".repeat(100));
    assert_eq!(std::fs::metadata(folder.0.join("empty.db")).unwrap().len(), 0);
}

#[actix_web::test]
async fn a_file_is_made_once_for_its_owner_and_opened_again() {
    let folder = Folder::new();
    // What a URL could take for something else stays part of the name.
    let config = at(&folder.url("a b?mode=memory#100%41.db"));
    let store = Store::create(&config, scratch::clock()).unwrap();
    store.write(|tx| put(tx, "a", "1")).await.unwrap();
    assert!(refusal(Store::create(&config, scratch::clock())).contains("cannot be made"));
    store.close().await;
    drop(store);
    assert_eq!(folder.names(), ["a b?mode=memory#100%41.db"]);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = folder.0.join("a b?mode=memory#100%41.db").metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let store = Store::open(&config, scratch::clock()).unwrap();
    assert_eq!(store.read(keys).await.unwrap(), ["a"]);
    store.close().await;
}

#[actix_web::test]
async fn sqlite_is_told_to_be_careful() {
    let scratch = scratch::sqlite(scratch::clock());
    fn pragmas(conn: &mut Conn) -> Result<Vec<i32>> {
        let names = ["synchronous", "foreign_keys", "secure_delete", "temp_store", "trusted_schema", "query_only"];
        let one = |name| {
            diesel::dsl::sql::<diesel::sql_types::Integer>(&format!("PRAGMA {name}")).get_result::<i32>(&mut *conn)
        };
        Ok(names.map(one).into_iter().collect::<QueryResult<_>>()?)
    }
    assert_eq!(scratch.store().read(pragmas).await.unwrap(), [2, 1, 1, 2, 0, 1]);
    assert_eq!(scratch.store().write(|tx| pragmas(tx.conn())).await.unwrap(), [2, 1, 1, 2, 0, 0]);
    scratch.store().close().await;
}

/// Its two files, and whether either holds a text.
struct Files(PathBuf);

impl Files {
    fn of(scratch: &scratch::Scratch) -> Self {
        Self(PathBuf::from(scratch.config().url.expose().strip_prefix("sqlite:").unwrap()))
    }

    fn log(&self) -> PathBuf {
        let mut log = self.0.clone().into_os_string();
        log.push("-wal");
        log.into()
    }

    fn log_holds(&self, secret: &str) -> bool {
        std::fs::read(self.log()).unwrap().windows(secret.len()).any(|window| window == secret.as_bytes())
    }

    fn hold(&self, secret: &str) -> bool {
        let in_file = std::fs::read(&self.0).unwrap().windows(secret.len()).any(|window| window == secret.as_bytes());
        in_file || self.log_holds(secret)
    }
}

const SECRET: &str = "geheimnis-4711";

/// What was deleted is in neither file once the log is emptied.
#[actix_web::test]
async fn scrubbing_leaves_no_trace_of_what_was_deleted() {
    let scratch = scratch::sqlite(scratch::clock());
    let (store, files) = (scratch.store(), Files::of(&scratch));
    store.write(|tx| put(tx, "a", &SECRET.repeat(1_000))).await.unwrap();
    assert!(files.log_holds(SECRET));
    store.write(|tx| Ok(diesel::delete(super::node_setting::table).execute(tx.conn())?)).await.unwrap();
    assert!(files.log_holds(SECRET));
    store.scrub().await.unwrap();
    assert_eq!(std::fs::metadata(files.log()).unwrap().len(), 0);
    assert!(!files.hold(SECRET));
    store.close().await;
}

/// Who destroys a key is answered when the disk does not hold it any more; where a reader is in the way, soon after.
#[actix_web::test]
async fn a_key_that_was_destroyed_is_gone_from_the_disk_too() {
    let scratch = scratch::sqlite(scratch::clock());
    let config = DatabaseConfig { busy_seconds: 30, ..scratch.config().clone() };
    let (store, files) = (Store::open(&config, scratch::clock()).unwrap(), Files::of(&scratch));
    let destroy = |tx: &mut Tx<'_>| {
        tx.forgot_key();
        Ok(diesel::delete(super::node_setting::table).execute(tx.conn())?)
    };
    store.write(|tx| put(tx, "a", &SECRET.repeat(1_000))).await.unwrap();
    store.write(destroy).await.unwrap();
    assert!(!files.hold(SECRET));

    store.write(|tx| put(tx, "b", &SECRET.repeat(1_000))).await.unwrap();
    let (go_on, may_go_on) = std::sync::mpsc::channel::<()>();
    let (begun, has_begun) = std::sync::mpsc::channel::<()>();
    let other = store.clone();
    let reader = actix_web::rt::spawn(async move {
        let read = move |conn: &mut Conn| {
            let seen = keys(conn)?;
            begun.send(()).map_err(Error::internal)?;
            may_go_on.recv().map_err(Error::internal)?;
            Ok(seen)
        };
        other.read(read).await
    });
    tokio::task::spawn_blocking(move || has_begun.recv().unwrap()).await.unwrap();
    let begun = std::time::Instant::now();
    store.write(destroy).await.unwrap();
    assert!(files.hold(SECRET), "a reader still sees it");
    assert!(begun.elapsed().as_secs() < 15, "and the others' acts wait for it no longer than a moment");
    go_on.send(()).unwrap();
    assert_eq!(reader.await.unwrap().unwrap(), ["b"]);
    store.scrub_what_waits().await;
    assert!(!files.hold(SECRET));
    store.close().await;
}

#[cfg(not(feature = "postgres"))]
#[test]
fn without_postgresql_the_refusal_says_so() {
    let sentence = refusal(Store::open(&at("postgres://localhost/node"), scratch::clock()));
    assert!(sentence.contains("--features postgres"), "{sentence}");
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::*;
    use crate::store::postgres::connect;
    use diesel::dsl::sql;
    use diesel::sql_types::Text;

    #[actix_web::test]
    async fn a_database_without_our_tables_is_refused_and_create_fills_it_once() {
        let scratch = scratch::postgres(scratch::clock());
        let config = scratch.config();
        assert!(refusal(Store::create(config, scratch::clock())).contains("already holds"));
        let mut conn = connect(&config.url).unwrap();
        conn.batch_execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public").unwrap();
        assert!(refusal(Store::open(config, scratch::clock())).contains("holds no Staffetta node"));
        let store = Store::create(config, scratch::clock()).unwrap();
        store.write(|tx| put(tx, "a", "1")).await.unwrap();
        store.close().await;
    }

    #[test]
    fn a_database_that_is_not_there_is_an_error_without_the_password() {
        let config = at("postgres://node:hunter2@127.0.0.1:1/none?connect_timeout=2");
        let sentence = refusal(Store::open(&config, scratch::clock()));
        assert!(sentence.contains("cannot be reached") && !sentence.contains("hunter2"), "{sentence}");
    }

    #[test]
    fn one_that_may_forget_is_refused_unless_it_is_allowed_to() {
        let scratch = scratch::postgres(scratch::clock());
        let mut conn = connect(&scratch.config().url).unwrap();
        conn.batch_execute("SET synchronous_commit = on").unwrap();
        let fsync: String = sql::<Text>("SHOW fsync").get_result(&mut conn).unwrap();
        let name: String = sql::<Text>("SELECT current_database()::text").get_result(&mut conn).unwrap();
        let careful = DatabaseConfig { allow_unsafe_durability: false, ..scratch.config().clone() };
        let alter = |value| format!("ALTER DATABASE {name} SET synchronous_commit = {value}");
        conn.batch_execute(&alter("off")).unwrap();
        let sentence = refusal(Store::open(&careful, scratch::clock()));
        assert!(sentence.contains("allow_unsafe_durability"), "{sentence}");
        conn.batch_execute(&alter("on")).unwrap();
        match Store::open(&careful, scratch::clock()) {
            Ok(_) => assert_eq!(fsync, "on"),
            Err(Error::Setup(sentence)) => assert!(fsync == "off" && sentence.contains("fsync"), "{sentence}"),
            Err(other) => panic!("{other}"),
        }
    }
}
