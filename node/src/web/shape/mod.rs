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
//! Rules over several values are told once each of the values can be read.

mod again;
mod query;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;

use serde_json::Value;
use staffetta_protocol::problem::FieldError;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::{OpenApi, RefOr, Required};

use super::document::{BASE, DESK, NETWORK, WELL_KNOWN, operations, owned};
use super::door::oidc::CALLBACK;

pub(super) use again::everything;

/// Entries that one answer tells, at most.
const MOST: usize = 200;

/// Bodies and queries of both planes, by method and full path.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    schemas: BTreeMap<String, Value>,
    bodies: BTreeMap<String, Value>,
    queries: BTreeMap<String, Vec<Parameter>>,
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
    pub(super) fn of(planes: [&OpenApi; 2]) -> Self {
        let status = (format!("GET {BASE}/status"), Vec::new());
        let mut shapes = Self { queries: BTreeMap::from([status]), ..Self::default() };
        for document in planes {
            let named = document.components.iter().flat_map(|components| &components.schemas);
            shapes.schemas.extend(named.map(|(name, schema)| (name.clone(), bare(schema))));
            for (path, item) in &document.paths.paths {
                for (method, operation) in operations(item) {
                    let place = format!("{method} {path}");
                    let body = operation.request_body.as_ref().and_then(|body| match body {
                        RefOr::T(body) => match body.content.get("application/json")? {
                            RefOr::T(content) => content.schema.as_ref().map(bare),
                            RefOr::Ref(_) => None,
                        },
                        RefOr::Ref(_) => None,
                    });
                    shapes.bodies.extend(body.map(|body| (place.clone(), body)));
                    let callback = path.strip_prefix(DESK) == Some(CALLBACK);
                    if callback || path.starts_with(NETWORK) || path.starts_with(WELL_KNOWN) {
                        continue;
                    }
                    let parameters = operation.parameters.iter().flatten().filter_map(owned);
                    let query = parameters.filter(|parameter| parameter.parameter_in == ParameterIn::Query);
                    let query = query.map(|parameter| Parameter {
                        name: parameter.name.clone(),
                        required: parameter.required == Required::True,
                        schema: parameter.schema.as_ref().map(bare).unwrap_or_default(),
                    });
                    shapes.queries.insert(place, query.collect());
                }
            }
        }
        shapes
    }

    /// What is wrong with the form of a body; nothing where the document says nothing of it.
    pub(super) fn of_body(&self, operation: &str, body: &Value) -> Vec<FieldError> {
        let mut found = Vec::new();
        if let Some(schema) = self.bodies.get(operation) {
            walk::Walk { schemas: &self.schemas, found: &mut found }.value(schema, body, "");
        }
        found
    }

    /// What is wrong with the form of a query; nothing where the operation is not known.
    pub(super) fn of_query(&self, operation: &str, query: &str) -> Vec<FieldError> {
        let known = self.queries.get(operation);
        known.map_or_else(Vec::new, |known| query::findings(known, &self.schemas, query))
    }
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
