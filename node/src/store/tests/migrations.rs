//! The way up and down, on each database.

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness;

use super::super::conn::Mode;
use super::super::{Store, migrate, scratch, sqlite};
use crate::error::Error;

fn sqlite_dump(conn: &mut SqliteConnection) -> Vec<String> {
    sql::<Text>("SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_master ORDER BY type, name")
        .load(conn)
        .unwrap()
}

#[test]
fn up_down_up_on_sqlite() {
    let scratch = scratch::sqlite(scratch::clock());
    let path = scratch.config().url.expose().strip_prefix("sqlite:").unwrap().as_ref();
    let mut conn = sqlite::connect(path, Mode::Write, 5).unwrap();
    let up = sqlite_dump(&mut conn);
    conn.revert_all_migrations(migrate::SQLITE).unwrap();
    let down = sqlite_dump(&mut conn);
    assert!(down.iter().all(|line| line.contains("__diesel_schema_migrations")), "{down:#?}");
    conn.run_pending_migrations(migrate::SQLITE).unwrap();
    assert_eq!(sqlite_dump(&mut conn), up);
}

#[test]
fn every_table_of_ours_is_strict_on_sqlite() {
    let scratch = scratch::sqlite(scratch::clock());
    let path = scratch.config().url.expose().strip_prefix("sqlite:").unwrap().as_ref();
    let mut conn = sqlite::connect(path, Mode::Write, 5).unwrap();
    let loose: Vec<String> = sql::<Text>(
        "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND NOT strict
         AND name NOT LIKE 'sqlite%' AND name <> '__diesel_schema_migrations'",
    )
    .load(&mut conn)
    .unwrap();
    assert_eq!(loose, Vec::<String>::new());
}

#[test]
fn the_folders_hold_the_same_names() {
    let names = |folder: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        let mut names: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names("sqlite"), names("postgres"));
}

#[actix_web::test]
async fn a_database_of_a_newer_program_is_refused() {
    for scratch in scratch::all(scratch::clock) {
        scratch
            .store()
            .write(|tx| {
                Ok(tx
                    .conn()
                    .batch_execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('99999999999999')")?)
            })
            .await
            .unwrap();
        match Store::open(scratch.config(), scratch::clock()) {
            Err(Error::Setup(sentence)) => assert!(sentence.contains("99999999999999"), "{sentence}"),
            other => panic!("not refused: {other:?}"),
        }
        scratch.store().close().await;
    }
}

/// Four processes find the tables missing at the same moment.
#[actix_web::test]
async fn several_processes_may_start_at_once() {
    for scratch in scratch::all(scratch::clock) {
        scratch.store().close().await;
        let url = scratch.config().url.clone();
        match url.expose().strip_prefix("sqlite:") {
            Some(path) => {
                let mut conn = sqlite::connect(path.as_ref(), Mode::Write, 5).unwrap();
                conn.revert_all_migrations(migrate::SQLITE).unwrap();
            }
            #[cfg(feature = "postgres")]
            None => {
                let mut conn = crate::store::postgres::connect(&url).unwrap();
                conn.revert_all_migrations(migrate::POSTGRES).unwrap();
            }
            #[cfg(not(feature = "postgres"))]
            None => unreachable!(),
        }
        let start = || match url.expose().strip_prefix("sqlite:") {
            Some(path) => migrate::sqlite(&mut sqlite::connect(path.as_ref(), Mode::Write, 5).unwrap()),
            #[cfg(feature = "postgres")]
            None => migrate::postgres(&mut crate::store::postgres::connect(&url).unwrap()),
            #[cfg(not(feature = "postgres"))]
            None => unreachable!(),
        };
        std::thread::scope(|scope| {
            let started: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
            for thread in started {
                thread.join().unwrap().unwrap();
            }
        });
        let store = Store::open(scratch.config(), scratch::clock()).unwrap();
        store.read(super::keys).await.unwrap();
        store.close().await;
    }
}

#[cfg(feature = "postgres")]
#[test]
fn up_down_up_on_postgres() {
    fn dump(conn: &mut PgConnection) -> Vec<String> {
        sql::<Text>(
            "SELECT line FROM (
                SELECT format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default)
                    AS line FROM information_schema.columns WHERE table_schema = 'public'
                UNION ALL SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
                    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
                UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
                UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
                UNION ALL SELECT format('function %s', oid::regprocedure) FROM pg_proc
                    WHERE pronamespace = 'public'::regnamespace
                UNION ALL SELECT format('sequence %s', sequence_name) FROM information_schema.sequences
                UNION ALL SELECT format('type %s', typname) FROM pg_type
                    WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')
             ) AS all_lines WHERE line NOT LIKE '%__diesel_schema_migrations%' ORDER BY line COLLATE \"C\"",
        )
        .load(conn)
        .unwrap()
    }
    let scratch = scratch::postgres(scratch::clock());
    let mut conn = crate::store::postgres::connect(&scratch.config().url).unwrap();
    let up = dump(&mut conn);
    assert!(up.iter().any(|line| line.contains("node_setting")), "{up:#?}");
    conn.revert_all_migrations(migrate::POSTGRES).unwrap();
    assert_eq!(dump(&mut conn), Vec::<String>::new());
    conn.run_pending_migrations(migrate::POSTGRES).unwrap();
    assert_eq!(dump(&mut conn), up);
}
