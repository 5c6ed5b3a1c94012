//! What the documents say that requests look like, kept for whoever has to tell what is wrong with one.
//!
//! Reading stops at the first value that does not fit; a person who filled in a form wants to hear of all of them. So
//! nothing of this is asked as long as a request fits, and of one that does not, everything is told at once:
//! - [`walk`] compares the value with the schema that the document publishes: members that are missing, strange, of
//!   another type, not in their list, too long or too many, wherever they stand.
//! - [`again`] reads once more, what is known to be wrong coming last, until reading finds nothing new: what only the
//!   types know, as check characters and days that no month has.
//! - [`query`] does the same for what stands behind the question mark.
//!
//! - Rules over several values are told with the rest, of each object in which every value can be read; of one in which some
//!   cannot, once they can. What needs a member that cannot be read is read without it, where it can be absent.

mod again;
mod query;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;

use serde_json::Value;
use staffetta_protocol::problem::FieldError;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::{RefOr, Required};

use super::Rooms;
use super::document::{BASE, DESK, NETWORK, WELL_KNOWN, operations, owned};
use super::door::oidc::CALLBACK;
use crate::routes::{each_operation, schemas_of};

pub(super) use again::everything;

/// Entries that one answer tells, at most.
const MOST: usize = 200;

/// Bodies and queries of both planes, by method and full path. The schemas that they name are put together for one
/// operation when one of its requests is refused: all of them at once are large.
#[derive(Debug, Default)]
pub(super) struct Shapes(BTreeMap<String, Shape>);

/// What a request of one operation looks like.
#[derive(Debug, Default)]
struct Shape {
    /// Which of its plane's operations it is, in the order in which they are told.
    nth: usize,
    is_federation: bool,
    body: Option<Value>,
    /// Nothing where others have said what may be asked there.
    query: Option<Vec<Parameter>>,
}

/// One parameter of a query.
#[derive(Debug)]
struct Parameter {
    name: String,
    required: bool,
    schema: Value,
}

impl Shapes {
    /// Of the routes as they are mounted. What OpenID Federation and OpenID Connect define is left out: whoever does not
    /// know a parameter there ignores it.
    pub(super) fn of(rooms: Rooms) -> Self {
        let mut shapes = BTreeMap::new();
        for (plane, is_federation) in [(rooms.federation, true), (rooms.desk, false)] {
            each_operation(plane, |nth, path, item| {
                for (method, operation) in operations(&item) {
                    let body = operation.request_body.as_ref().and_then(in_json);
                    let query = (!is_foreign(&path)).then(|| parameters(operation));
                    shapes.insert(format!("{method} {path}"), Shape { nth, is_federation, body, query });
                }
            });
        }
        shapes.entry(format!("GET {BASE}/status")).or_insert(Shape { query: Some(Vec::new()), ..Shape::default() });
        Self(shapes)
    }

    /// Methods and full paths.
    pub(super) fn places(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What is wrong with the form of a body; nothing where the document says nothing of it.
    pub(super) fn of_body(&self, rooms: Rooms, operation: &str, body: &Value) -> Vec<FieldError> {
        let mut found = Vec::new();
        if let Some((shape, schema)) = self.0.get(operation).and_then(|shape| Some((shape, shape.body.as_ref()?))) {
            let schemas = shape.schemas(rooms);
            walk::Walk { schemas: &schemas, found: &mut found }.value(schema, body, "");
        }
        found
    }

    /// What is wrong with the form of a query; nothing where the operation is not known.
    pub(super) fn of_query(&self, rooms: Rooms, operation: &str, query: &str) -> Vec<FieldError> {
        let known = self.0.get(operation).and_then(|shape| Some((shape, shape.query.as_ref()?)));
        known.map_or_else(Vec::new, |(shape, known)| {
            let names_one = known.iter().any(|parameter| parameter.schema.to_string().contains("$ref"));
            let schemas = if names_one { shape.schemas(rooms) } else { BTreeMap::new() };
            query::findings(known, &schemas, query)
        })
    }
}

impl Shape {
    fn schemas(&self, rooms: Rooms) -> BTreeMap<String, Value> {
        let plane = if self.is_federation { rooms.federation } else { rooms.desk };
        schemas_of(plane, self.nth).into_iter().map(|(name, schema)| (name, bare(schema))).collect()
    }
}

fn in_json(body: &RefOr<RequestBody>) -> Option<Value> {
    let RefOr::T(body) = body else { return None };
    match body.content.get("application/json")? {
        RefOr::T(content) => content.schema.as_ref().map(bare),
        RefOr::Ref(_) => None,
    }
}

fn parameters(operation: &Operation) -> Vec<Parameter> {
    let all = operation.parameters.iter().flatten().filter_map(owned);
    let query = all.filter(|parameter| parameter.parameter_in == ParameterIn::Query);
    let parameter = |it: &utoipa::openapi::path::Parameter| Parameter {
        name: it.name.clone(),
        required: it.required == Required::True,
        schema: it.schema.as_ref().map(bare).unwrap_or_default(),
    };
    query.map(parameter).collect()
}

/// Whether others have said what may be asked there.
fn is_foreign(path: &str) -> bool {
    path.strip_prefix(DESK) == Some(CALLBACK) || path.starts_with(NETWORK) || path.starts_with(WELL_KNOWN)
}

/// A schema without the words that are for people.
fn bare(schema: impl serde::Serialize) -> Value {
    let mut schema = serde_json::to_value(schema).unwrap_or_default();
    strip(&mut schema);
    schema
}

fn strip(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.retain(|name, value| !(value.is_string() && name == "description"));
            members.values_mut().for_each(strip);
        }
        Value::Array(items) => items.iter_mut().for_each(strip),
        _ => {}
    }
}

/// Whether a name that the caller made up may be told back: one that looks like the name of a field.
fn is_plain(name: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    (1..=40).contains(&name.len()) && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(letter)
}
