//! Rows of any table as they stand, for whoever must show a person everything that is kept about her. Columns and their
//! types are those of `schema.rs`, so a column that comes later is shown too.

use chrono::{DateTime, SecondsFormat};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;
use serde_json::Value;
use uuid::Uuid;

use super::Conn;
use crate::error::{Error, Result};

/// What stands in one column of one row.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Anything that can be read; instants as RFC 3339.
    Plain(Value),
    /// Bytes, which are nothing before somebody opens them.
    Bytes(Vec<u8>),
}

/// A row: each column that has a value, by name.
pub type Row = Vec<(&'static str, Cell)>;

/// Which rows: those with one of the ids in `column`, of the table itself or of another that it belongs to.
#[derive(Debug, Clone, Copy)]
pub enum Where {
    /// In a column of the table.
    Column(&'static str),
    /// `column` names a row of `of` by its `key`, and that has one of the ids in `by`.
    Of {
        /// The column of the table.
        column: &'static str,
        /// The other table.
        of: &'static str,
        /// What `column` names there.
        key: &'static str,
        /// Where the ids stand there.
        by: &'static str,
    },
}

/// Every row of `table` that is about one of `ids`, the oldest first as far as columns say so.
///
/// # Errors
/// Internal, for a table that `schema.rs` does not have.
pub fn rows(conn: &mut Conn, table: &'static str, which: Where, ids: &[Uuid]) -> Result<Vec<Row>> {
    let columns = columns(table);
    let unknown = || Error::internal(format!("{table} is no table of schema.rs"));
    let first = columns.first().ok_or_else(unknown)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let at = columns.iter().find(|(_, kind)| *kind == "Timestamp");
    let counted = columns.iter().find(|(name, _)| ["ordinal", "version", "seq"].contains(name));
    let order: Vec<&str> = at.into_iter().chain(counted).chain([first]).map(|(name, _)| *name).collect();
    let shown: Vec<String> = columns.iter().map(|(name, kind)| as_json(conn, name, kind)).collect();
    // Ids are written out: they are UUIDs and nothing else, and each is written by `Uuid` itself.
    let ids = ids.iter().map(|id| format!("'{}'", id.as_hyphenated())).collect::<Vec<_>>().join(", ");
    let condition = match which {
        Where::Column(column) => format!("{column} IN ({ids})"),
        Where::Of { column, of, key, by } => format!("{column} IN (SELECT {key} FROM {of} WHERE {by} IN ({ids}))"),
    };
    let array = match conn {
        Conn::Sqlite(_) => format!("json_array({})", shown.join(", ")),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => format!("CAST(json_build_array({}) AS text)", shown.join(", ")),
    };
    let query = format!("SELECT {array} FROM {table} WHERE {condition} ORDER BY {}", order.join(", "));
    let found: Vec<String> = sql::<Text>(&query).load(conn)?;
    found.iter().map(|text| row(&columns, text)).collect()
}

/// Name and type of each column, as `schema.rs` has them.
fn columns(table: &str) -> Vec<(&'static str, &'static str)> {
    let mut lines = include_str!("schema.rs").lines().map(str::trim);
    let ours = |line: &&str| {
        line.strip_suffix(") {").and_then(|head| head.split_once(" (")).is_some_and(|(name, _)| name == table)
    };
    if lines.by_ref().find(ours).is_none() {
        return Vec::new();
    }
    let column = |line: &'static str| {
        let (name, kind) = line.strip_suffix(',')?.split_once(" -> ")?;
        Some((name, kind.trim_start_matches("Nullable<").trim_end_matches('>')))
    };
    lines.take_while(|line| *line != "}").filter_map(column).collect()
}

/// The column as a value that a JSON array takes.
fn as_json(conn: &Conn, name: &str, kind: &str) -> String {
    match conn {
        Conn::Sqlite(_) if kind == "Binary" => format!("CASE WHEN {name} IS NULL THEN NULL ELSE hex({name}) END"),
        Conn::Sqlite(_) => name.to_owned(),
        #[cfg(feature = "postgres")]
        Conn::Postgres(_) => match kind {
            "Binary" => format!("encode({name}, 'hex')"),
            "Timestamp" => format!("CAST(extract(epoch FROM {name}) * 1000000 AS bigint)"),
            _ => name.to_owned(),
        },
    }
}

fn row(columns: &[(&'static str, &'static str)], text: &str) -> Result<Row> {
    let damaged = || Error::internal("a stored row is not what schema.rs says");
    let values: Vec<Value> = serde_json::from_str(text).map_err(Error::internal)?;
    let pairs = columns.iter().zip(values).filter(|(_, value)| !value.is_null());
    pairs.map(|((name, kind), value)| Ok((*name, cell(kind, value).ok_or_else(damaged)?))).collect()
}

fn cell(kind: &str, value: Value) -> Option<Cell> {
    Some(match kind {
        "Binary" => Cell::Bytes(bytes(value.as_str()?)?),
        "Timestamp" => {
            let at = DateTime::from_timestamp_micros(value.as_i64()?)?;
            Cell::Plain(at.to_rfc3339_opts(SecondsFormat::AutoSi, true).into())
        }
        "Bool" => Cell::Plain(value.as_bool().or_else(|| value.as_i64().map(|one| one != 0))?.into()),
        "JsonDoc" => match value.as_str() {
            Some(text) => Cell::Plain(serde_json::from_str(text).ok()?),
            None => Cell::Plain(value),
        },
        _ => Cell::Plain(value),
    })
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pair = |two: &[u8]| u8::try_from(digit(two[0])? * 16 + digit(*two.get(1)?)?).ok();
    hex.as_bytes().chunks(2).map(pair).collect()
}
