//! For tests: what stands in the tables, whatever they are. A table that comes later is looked at too.

use std::collections::BTreeMap;

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};
use uuid::Uuid;

use super::{Conn, each_backend};
use crate::error::Result;

/// A column: table, name, declared type, and whether it must have a value.
pub(crate) type Column = (String, String, String, bool);

/// Every column of every table of ours.
pub(crate) fn columns(conn: &mut Conn) -> Result<Vec<Column>> {
    let query = match conn {
        Conn::Sqlite(_) => {
            "SELECT t.name, c.name, lower(c.type), c.\"notnull\" <> 0 FROM pragma_table_list AS t,
                    pragma_table_info(t.name) AS c
             WHERE t.schema = 'main' AND t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'"
        }
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => {
            "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'NO'
             FROM information_schema.columns WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'"
        }
    };
    Ok(sql::<(Text, Text, Text, Bool)>(query).load(conn)?)
}

/// How many rows each table has.
pub(crate) fn counts(conn: &mut Conn) -> Result<BTreeMap<String, i64>> {
    let mut counts = BTreeMap::new();
    for (table, ..) in columns(conn)? {
        let query = format!("SELECT count(*) FROM {table}");
        counts.insert(table, sql::<BigInt>(&query).get_result(conn)?);
    }
    Ok(counts)
}

/// In which columns an id stands, and how often.
pub(crate) fn mentions(conn: &mut Conn, id: Uuid) -> Result<BTreeMap<(String, String), i64>> {
    let mut found = BTreeMap::new();
    for (table, column, kind, _) in columns(conn)? {
        if kind != "text" && kind != "uuid" {
            continue;
        }
        let query = format!("SELECT count(*) FROM {table} WHERE CAST({column} AS text) = '{id}'");
        let rows: i64 = sql::<BigInt>(&query).get_result(conn)?;
        if rows > 0 {
            found.insert((table, column), rows);
        }
    }
    Ok(found)
}

/// Adds a row with that id in that column, and something in every other column that must have a value.
pub(crate) fn add(conn: &mut Conn, table: &str, column: &str, id: Uuid) -> Result<()> {
    let (mut names, mut values) = (Vec::new(), Vec::new());
    for (of, name, kind, needed) in columns(conn)? {
        if of != table || (!needed && name != column) {
            continue;
        }
        let any = Uuid::new_v4();
        values.push(match (name == column, kind.as_str()) {
            (true, _) => format!("'{id}'"),
            (false, "text" | "uuid") => format!("'{any}'"),
            (false, "integer" | "bigint") => "1".to_owned(),
            (false, "boolean") => "false".to_owned(),
            (false, "blob") => "x'00'".to_owned(),
            (false, "bytea") => "'\\x00'".to_owned(),
            (false, "date") => "'2026-01-01'".to_owned(),
            (false, "jsonb") => "'{}'".to_owned(),
            (false, kind) if kind.starts_with("timestamp") => "now()".to_owned(),
            (false, kind) => panic!("{table}.{name} is of type {kind}: say here what a row of it may hold"),
        });
        names.push(name);
    }
    let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
    each_backend!(conn, c => diesel::connection::SimpleConnection::batch_execute(c, &insert))?;
    Ok(())
}
