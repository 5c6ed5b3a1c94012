//! `schema.rs` says what the migrations make, on both databases.

use std::collections::{BTreeMap, BTreeSet};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};

use super::super::{Conn, scratch};
use crate::error::Result;

/// Table -> column -> what it holds.
type Tables = BTreeMap<String, BTreeMap<String, Column>>;

#[derive(Debug, Clone, PartialEq)]
struct Column {
    /// As the database at hand writes it.
    kind: String,
    nullable: bool,
    in_primary_key: bool,
}

/// The diesel type of a column, and how it is written on each database. One that is missing here was never tried on
/// both: add it with a line in the round trip of `types.rs`.
const KINDS: &[(&str, &str, &str)] = &[
    ("Text", "TEXT", "text"),
    ("SmallInt", "INTEGER", "smallint"),
    ("Integer", "INTEGER", "integer"),
    ("BigInt", "INTEGER", "bigint"),
    ("Bool", "INTEGER", "boolean"),
    ("Double", "REAL", "double precision"),
    ("Binary", "BLOB", "bytea"),
    ("Date", "TEXT", "date"),
    ("Timestamp", "INTEGER", "timestamp with time zone"),
    ("JsonDoc", "TEXT", "jsonb"),
    ("Uid", "TEXT", "uuid"),
];

/// Reads `schema.rs`. It knows the few forms that the file's head allows and fails on every other line.
fn declared(is_sqlite: bool) -> Tables {
    let mut tables = Tables::new();
    let mut lines = include_str!("../schema.rs").lines().map(str::trim);
    while let Some(line) = lines.next() {
        if line.is_empty() || line.starts_with("//") || line.starts_with("diesel::joinable!(") {
            continue;
        }
        if let Some(list) = line.strip_prefix("diesel::allow_tables_to_appear_in_same_query!") {
            if !list.ends_with(';') {
                lines.by_ref().find(|line| line.ends_with(';')).expect("the end of the list of tables");
            }
            continue;
        }
        assert_eq!(line, "diesel::table! {", "schema.rs holds something else than tables");
        let mut body = lines.by_ref().filter(|line| !line.is_empty() && !line.starts_with("//"));
        assert_eq!(body.next(), Some("use crate::store::types::sql::*;"));
        let head = body.next().expect("a table");
        let (name, key) = head.strip_suffix(") {").and_then(|head| head.split_once(" (")).expect("name (key) {");
        let key: BTreeSet<&str> = key.split(", ").collect();
        let columns = body.by_ref().take_while(|line| *line != "}").map(|line| {
            let (name, kind) = line.strip_suffix(',').and_then(|line| line.split_once(" -> ")).expect("name -> Type,");
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let written = KINDS.iter().find(|(diesel, ..)| *diesel == inner.unwrap_or(kind));
            let (_, on_sqlite, on_postgres) = written.unwrap_or_else(|| panic!("{head}: type {kind} of {name}"));
            let kind = if is_sqlite { on_sqlite } else { on_postgres };
            let in_primary_key = key.contains(name);
            (name.to_owned(), Column { kind: (*kind).to_owned(), nullable: inner.is_some(), in_primary_key })
        });
        let columns: BTreeMap<_, _> = columns.collect();
        assert_eq!(body.next(), Some("}"));
        assert!(key.iter().all(|column| columns.contains_key(*column)), "{head}");
        assert!(tables.insert(name.to_owned(), columns).is_none(), "{name} stands twice");
    }
    tables
}

/// The tables as they are, without diesel's own.
fn made(conn: &mut Conn) -> Result<Tables> {
    let query = match conn {
        Conn::Sqlite(_) => {
            // An INTEGER PRIMARY KEY is the row's number and never null, whatever SQLite reports.
            "SELECT t.name, c.name, c.type,
                    c.\"notnull\" = 0 AND NOT (c.pk > 0 AND c.type = 'INTEGER' AND
                        (SELECT count(*) FROM pragma_table_info(t.name) WHERE pk > 0) = 1),
                    c.pk > 0
             FROM pragma_table_list AS t, pragma_table_info(t.name) AS c
             WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name <> "
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            "SELECT c.table_name::text, c.column_name::text, c.data_type::text, c.is_nullable = 'YES',
                    EXISTS (SELECT FROM pg_index AS i JOIN pg_attribute AS a ON a.attrelid = i.indrelid
                            AND a.attnum = ANY (i.indkey)
                            WHERE i.indisprimary AND i.indrelid = c.table_name::regclass AND a.attname = c.column_name)
             FROM information_schema.columns AS c WHERE c.table_schema = 'public' AND c.table_name <> "
        }
    };
    let query = format!("{query} '__diesel_schema_migrations'");
    let rows: Vec<(String, String, String, bool, bool)> = sql::<(Text, Text, Text, Bool, Bool)>(&query).load(conn)?;
    let mut tables = Tables::new();
    for (table, name, kind, nullable, in_primary_key) in rows {
        tables.entry(table).or_default().insert(name, Column { kind, nullable, in_primary_key });
    }
    Ok(tables)
}

#[actix_web::test]
async fn tables_columns_types_and_nullability_are_those_of_schema_rs() {
    for scratch in scratch::all(scratch::clock) {
        let is_sqlite = scratch.config().url.expose().starts_with("sqlite:");
        let (declared, made) = (declared(is_sqlite), scratch.store().read(made).await.unwrap());
        assert!(declared.contains_key("node_setting"));
        assert_eq!(declared.keys().collect::<Vec<_>>(), made.keys().collect::<Vec<_>>());
        for (table, columns) in &declared {
            assert_eq!(columns, &made[table], "table {table} on {}", scratch.config().url);
        }
        scratch.store().close().await;
    }
}

/// One that is looked at with the commit only would break the commit of every act that shares it.
#[actix_web::test]
async fn no_constraint_waits_for_the_commit() {
    for scratch in scratch::all(scratch::clock) {
        let deferred = |conn: &mut Conn| {
            let query = match conn {
                Conn::Sqlite(_) => {
                    "SELECT coalesce(group_concat(name), '') FROM sqlite_schema WHERE sql LIKE '%DEFERR%'"
                }
                #[cfg(feature = "postgres")]
                Conn::Postgres(_) => {
                    "SELECT coalesce(string_agg(conname, ','), '') FROM pg_constraint WHERE condeferrable"
                }
            };
            Ok(sql::<Text>(query).get_result::<String>(conn)?)
        };
        assert_eq!(scratch.store().read(deferred).await.unwrap(), "");
        scratch.store().close().await;
    }
}

/// Foreign keys, and indexes that are not those of a key: one line each, the same on both databases.
#[cfg(feature = "postgres")]
#[actix_web::test]
async fn foreign_keys_and_indexes_are_the_same_on_both() {
    fn lines(conn: &mut Conn) -> Result<BTreeSet<String>> {
        let queries = match conn {
            Conn::Sqlite(_) => [
                "SELECT t.name || ' ' || group_concat(f.\"from\", ',' ORDER BY f.seq) || ' -> ' || f.\"table\" || ' ' ||
                        f.on_delete
                 FROM pragma_table_list AS t, pragma_foreign_key_list(t.name) AS f
                 WHERE t.schema = 'main' GROUP BY t.name, f.id",
                "SELECT t.name || ' ' || i.name || CASE i.\"unique\" WHEN 1 THEN ' unique ' ELSE ' ' END ||
                        CASE i.partial WHEN 1 THEN 'partial ' ELSE '' END ||
                        (SELECT group_concat(coalesce(name, '()'), ',' ORDER BY seqno) FROM pragma_index_info(i.name))
                 FROM pragma_table_list AS t, pragma_index_list(t.name) AS i
                 WHERE t.schema = 'main' AND i.origin = 'c'",
            ],
            Conn::Postgres(_) => [
                "SELECT format('%s %s -> %s %s', conrelid::regclass,
                        (SELECT string_agg(a.attname, ',' ORDER BY k.n) FROM unnest(conkey) WITH ORDINALITY AS k (c, n)
                         JOIN pg_attribute AS a ON a.attrelid = conrelid AND a.attnum = k.c),
                        confrelid::regclass, CASE confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT'
                        WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END)
                 FROM pg_constraint WHERE contype = 'f' AND connamespace = 'public'::regnamespace",
                "SELECT format('%s %s%s %s%s', i.indrelid::regclass, i.indexrelid::regclass,
                        CASE WHEN i.indisunique THEN ' unique' ELSE '' END,
                        CASE WHEN i.indpred IS NOT NULL THEN 'partial ' ELSE '' END,
                        (SELECT string_agg(coalesce(a.attname, '()'), ',' ORDER BY k.n)
                         FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k (c, n)
                         LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.c))
                 FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid
                 WHERE c.relnamespace = 'public'::regnamespace
                 AND NOT EXISTS (SELECT FROM pg_constraint AS k WHERE k.conindid = i.indexrelid AND k.contype <> 'f')",
            ],
        };
        let mut lines = BTreeSet::new();
        for query in queries {
            lines.extend(sql::<Text>(query).load::<String>(conn)?);
        }
        Ok(lines)
    }
    let mut found = Vec::new();
    for scratch in scratch::all(scratch::clock) {
        found.push(scratch.store().read(lines).await.unwrap());
        scratch.store().close().await;
    }
    assert_eq!(found[0], found[1]);
}
