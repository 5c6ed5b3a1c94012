//! Databases as a released program left them: the tables of its migrations, with the rows of `node/fixtures/<release>`. Then
//! they are opened by the program of today.

use std::collections::BTreeMap;

use diesel::connection::SimpleConnection;
use diesel::dsl::sql;
use diesel::migration::MigrationSource;
use diesel::prelude::*;
use diesel::sql_types::Text;
use diesel_migrations::MigrationHarness as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::scratch::Scratch;
use super::{Conn, Store, migrate, scratch};

/// What the first line says.
#[derive(Deserialize)]
pub(crate) struct Head {
    pub(crate) release: String,
    pub(crate) master_key: String,
    pub(crate) migrations: Vec<String>,
}

#[derive(Deserialize)]
struct Line {
    table: String,
    row: Map<String, Value>,
}

/// A database of each kind with these rows, opened by the program of today. With it, how many rows each table had.
pub(crate) fn each(fixture: &str) -> Vec<(Scratch, Store, BTreeMap<String, usize>)> {
    let (head, rows) = fixture.split_once('\n').unwrap();
    let head: Head = serde_json::from_str(head).unwrap();
    let rows: Vec<Line> = rows.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let mut counts = BTreeMap::new();
    for line in &rows {
        *counts.entry(line.table.clone()).or_default() += 1;
    }
    scratch::EMPTY
        .iter()
        .map(|make| {
            let scratch = make(scratch::clock(), &|conn| fill(conn, &head, &rows));
            let store = scratch.store().clone();
            (scratch, store, counts.clone())
        })
        .collect()
}

fn fill(conn: &mut Conn, head: &Head, rows: &[Line]) {
    match conn {
        #[cfg(feature = "postgres")]
        Conn::Postgres(conn) => {
            // Makes the table of what was applied.
            conn.applied_migrations().unwrap();
            let known = MigrationSource::<diesel::pg::Pg>::migrations(&migrate::POSTGRES).unwrap();
            for migration in known.iter().filter(|it| head.migrations.contains(&it.name().version().to_string())) {
                conn.run_migration(migration).unwrap();
            }
            conn.batch_execute("SET session_replication_role = replica").unwrap();
            for line in rows {
                let types: Vec<(String, String)> = sql::<(Text, Text)>(&format!(
                    "SELECT column_name::text, data_type::text FROM information_schema.columns
                     WHERE table_schema = 'public' AND table_name = '{}'",
                    line.table
                ))
                .load(conn)
                .unwrap();
                let types: BTreeMap<_, _> = types.into_iter().collect();
                let row: Map<String, Value> =
                    line.row.iter().map(|(name, value)| (name.clone(), on_postgres(value, &types[name]))).collect();
                let row = Value::Object(row).to_string().replace('\'', "''");
                let table = &line.table;
                let insert = format!("INSERT INTO {table} SELECT * FROM json_populate_record(NULL::{table}, '{row}')");
                conn.batch_execute(&insert).unwrap_or_else(|why| panic!("{table}: {why}"));
            }
        }
        Conn::Sqlite(conn) => {
            conn.applied_migrations().unwrap();
            let known = MigrationSource::<diesel::sqlite::Sqlite>::migrations(&migrate::SQLITE).unwrap();
            for migration in known.iter().filter(|it| head.migrations.contains(&it.name().version().to_string())) {
                conn.run_migration(migration).unwrap();
            }
            conn.batch_execute("PRAGMA foreign_keys = OFF; BEGIN").unwrap();
            for line in rows {
                let names: Vec<&str> = line.row.keys().map(String::as_str).collect();
                let values: Vec<String> = line.row.values().map(on_sqlite).collect();
                let insert =
                    format!("INSERT INTO {} ({}) VALUES ({})", line.table, names.join(", "), values.join(", "));
                conn.batch_execute(&insert).unwrap_or_else(|why| panic!("{}: {why}", line.table));
            }
            conn.batch_execute("COMMIT").unwrap();
        }
    }
}

fn on_sqlite(value: &Value) -> String {
    match value {
        Value::Null => "NULL".into(),
        Value::String(text) => format!("'{}'", text.replace('\'', "''")),
        Value::Object(bytes) => format!("X'{}'", bytes["hex"].as_str().unwrap()),
        other => other.to_string(),
    }
}

#[cfg(feature = "postgres")]
fn on_postgres(value: &Value, kind: &str) -> Value {
    match (value, kind) {
        (Value::Object(bytes), _) => format!("\\x{}", bytes["hex"].as_str().unwrap()).into(),
        (Value::Number(micros), "timestamp with time zone") => {
            chrono::DateTime::from_timestamp_micros(micros.as_i64().unwrap()).unwrap().to_rfc3339().into()
        }
        (Value::String(text), "jsonb") => serde_json::from_str(text).unwrap(),
        (Value::Number(one), "boolean") => (one.as_i64() == Some(1)).into(),
        _ => value.clone(),
    }
}
