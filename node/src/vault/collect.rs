//! Everything that a room holds about a person, for herself (GDPR art. 15): each table's rows as they stand, with what is
//! sealed opened in its place.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Place, Subject, Vault};
use crate::error::{Error, Result};
use crate::store::dump::{self, Cell, Where};
use crate::store::{Conn, Tx};

/// Whom it is about: everything that stands for her here.
#[derive(Debug, Clone)]
pub struct Whose {
    /// Her record, and before it none; behind it those that went into hers.
    pub records: Vec<Uuid>,
    /// Her subjects.
    pub subjects: Vec<Subject>,
}

/// What one table holds about her.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// The table.
    pub table: &'static str,
    /// What it is, in Italian.
    pub heading_it: &'static str,
    /// The same in English.
    pub heading_en: &'static str,
    /// Its rows about her. Keys are English and stable; an account of the staff is `{"staff": id}`.
    pub items: Vec<Value>,
}

/// What a room gives of what it holds.
pub type Collect = fn(&mut Tx<'_>, &Vault, &Whose) -> Result<Vec<Collected>>;

/// How rows of a table are about her.
#[derive(Debug, Clone, Copy)]
pub enum About {
    /// By her record, in this column.
    Record(&'static str),
    /// By her subject, in this column.
    Subject(&'static str),
    /// `column` names the `key` of a row of `of` that has her subject in `subject`.
    Within {
        /// The column.
        column: &'static str,
        /// The other table.
        of: &'static str,
        /// What `column` names there.
        key: &'static str,
        /// Where her subject stands there.
        subject: &'static str,
    },
}

/// What is sealed in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sealed {
    /// Words.
    Words,
    /// JSON.
    Json,
    /// A signed message or receipt: what it says is shown, without its signature.
    Signed,
    /// Bytes that are had in another way, or by another verb: only that they are there.
    Elsewhere,
}

/// A table of a room, and how it is shown to her.
#[derive(Debug, Clone, Copy)]
pub struct Shelf {
    /// The table.
    pub table: &'static str,
    /// What it is, in Italian and in English.
    pub heading: (&'static str, &'static str),
    /// Which rows.
    pub about: About,
    /// The column with the id that its seals are bound to.
    pub key: &'static str,
    /// Sealed columns: what is in them, and what it is called when it is open.
    pub sealed: &'static [(&'static str, Sealed, &'static str)],
    /// Columns with an account of the staff: people with data of their own.
    pub staff: &'static [&'static str],
    /// Columns that tell nothing of her: numbers of our own making.
    pub without: &'static [&'static str],
}

impl Shelf {
    /// A table with rows by id and nothing sealed.
    pub const fn new(table: &'static str, heading: (&'static str, &'static str), about: About) -> Self {
        Self { table, heading, about, key: "id", sealed: &[], staff: &[], without: &[] }
    }

    /// The same with one sealed column.
    pub const fn sealed(self, sealed: &'static [(&'static str, Sealed, &'static str)]) -> Self {
        Self { sealed, ..self }
    }

    /// The same with accounts of the staff in these columns.
    pub const fn staff(self, staff: &'static [&'static str]) -> Self {
        Self { staff, ..self }
    }

    /// The same without these columns.
    pub const fn without(self, without: &'static [&'static str]) -> Self {
        Self { without, ..self }
    }

    /// The same with its seals bound to the id in another column.
    pub const fn key(self, key: &'static str) -> Self {
        Self { key, ..self }
    }
}

/// Every row about her in each of these tables. What was erased is told as gone.
pub fn gather(conn: &mut Conn, vault: &Vault, whose: &Whose, shelves: &[Shelf]) -> Result<Vec<Collected>> {
    shelves.iter().map(|shelf| one(conn, vault, whose, shelf)).collect()
}

fn one(conn: &mut Conn, vault: &Vault, whose: &Whose, shelf: &Shelf) -> Result<Collected> {
    let subjects: Vec<Uuid> = whose.subjects.iter().map(|subject| subject.0).collect();
    let (which, ids) = match shelf.about {
        About::Record(column) => (Where::Column(column), &whose.records),
        About::Subject(column) => (Where::Column(column), &subjects),
        About::Within { column, of, key, subject } => (Where::Of { column, of, key, by: subject }, &subjects),
    };
    let mut items = Vec::new();
    for row in dump::rows(conn, shelf.table, which, ids)? {
        let key = row.iter().find(|(name, _)| *name == shelf.key).map(|(_, cell)| cell.clone());
        let mut item = Map::new();
        for (column, cell) in row {
            if shelf.without.contains(&column) {
                continue;
            }
            let (name, value) = match cell {
                Cell::Plain(value) if shelf.staff.contains(&column) => (column, by_staff(value)),
                Cell::Plain(value) => (column, value),
                Cell::Bytes(bytes) => {
                    let Some((_, form, name)) = shelf.sealed.iter().find(|(sealed, ..)| *sealed == column) else {
                        continue;
                    };
                    let place = Place { table: shelf.table, row: row_id(key.as_ref())?, column };
                    (*name, opened(conn, vault, place, *form, &bytes)?)
                }
            };
            item.insert(name.to_owned(), value);
        }
        items.push(Value::Object(item));
    }
    let (heading_it, heading_en) = shelf.heading;
    Ok(Collected { table: shelf.table, heading_it, heading_en, items })
}

fn by_staff(value: Value) -> Value {
    match value.as_str().is_some_and(|text| text.parse::<Uuid>().is_ok()) {
        true => json!({ "staff": value }),
        false => value,
    }
}

fn row_id(key: Option<&Cell>) -> Result<Uuid> {
    match key {
        Some(Cell::Plain(Value::String(text))) => text.parse().map_err(Error::internal),
        _ => Err(Error::internal("a sealed row without the id that it is bound to")),
    }
}

fn opened(conn: &mut Conn, vault: &Vault, place: Place, form: Sealed, sealed: &[u8]) -> Result<Value> {
    if form == Sealed::Elsewhere {
        return Ok(json!({ "kept": true }));
    }
    let Some(plain) = vault.open(conn, place, sealed)? else { return Ok(json!({ "erased": true })) };
    let words = || std::str::from_utf8(&plain).map_err(Error::internal);
    match form {
        Sealed::Json => serde_json::from_slice(&plain).map_err(Error::internal),
        Sealed::Signed => said(words()?).ok_or_else(|| Error::internal("a stored message is no JWS")),
        Sealed::Words | Sealed::Elsewhere => Ok(words()?.into()),
    }
}

/// The middle part of a compact JWS (RFC 7515).
fn said(jws: &str) -> Option<Value> {
    let payload = URL_SAFE_NO_PAD.decode(jws.split('.').nth(1)?).ok()?;
    serde_json::from_slice(&payload).ok()
}
