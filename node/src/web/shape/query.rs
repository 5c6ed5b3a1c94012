//! The parameters of a query beside what the document says of each.

use std::collections::BTreeMap;

use serde_json::Value;
use staffetta_protocol::card::{Day, Refusal};
use staffetta_protocol::problem::FieldError;
use uuid::Uuid;

use super::{MOST, Parameter, is_plain};
use crate::web::path::pairs;

/// One entry for each parameter that is missing, strange, said twice or does not fit. A list may come as one parameter
/// with commas or as several: its own reader tells which of its entries it does not know.
pub(super) fn findings(known: &[Parameter], schemas: &BTreeMap<String, Value>, query: &str) -> Vec<FieldError> {
    let mut found: Vec<FieldError> = Vec::new();
    let mut refuse = |refusal: Refusal, at: &str| {
        if found.len() < MOST && !found.iter().any(|entry| entry.field == at) {
            found.push(refusal.at(at));
        }
    };
    let mut given: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, value) in pairs(query) {
        match known.iter().find(|parameter| parameter.name == name) {
            Some(parameter) => given.entry(&parameter.name).or_default().push(value),
            None if is_plain(&name) => refuse(Refusal::UnknownField, &format!("/{name}")),
            None => refuse(Refusal::UnknownField, ""),
        }
    }
    for parameter in known {
        let at = format!("/{}", parameter.name);
        let schema = resolved(&parameter.schema, schemas);
        let list = schema["type"] == "array";
        let values = given.remove(parameter.name.as_str()).unwrap_or_default();
        match values.as_slice() {
            [] if parameter.required => refuse(Refusal::Required, &at),
            [_, _, ..] if !list => refuse(Refusal::Repeated, &at),
            [value] if !list => {
                if let Some(refusal) = wrong(schema, value) {
                    refuse(refusal, &at);
                }
            }
            [] => {}
            values => {
                let entries = values.iter().flat_map(|value| value.split(','));
                let mut seen = Vec::new();
                for (index, entry) in entries.enumerate().take(MOST) {
                    let at = format!("{at}/{index}");
                    if let Some(refusal) = wrong(resolved(&schema["items"], schemas), entry) {
                        refuse(refusal, &at);
                    } else if seen.contains(&entry) {
                        refuse(Refusal::Repeated, &at);
                    }
                    seen.push(entry);
                }
            }
        }
    }
    found
}

fn resolved<'a>(schema: &'a Value, schemas: &'a BTreeMap<String, Value>) -> &'a Value {
    let inner = schema["allOf"].get(0).unwrap_or(schema);
    let name = inner["$ref"].as_str().and_then(|name| name.rsplit('/').next());
    name.and_then(|name| schemas.get(name)).unwrap_or(inner)
}

fn wrong(schema: &Value, value: &str) -> Option<Refusal> {
    match schema["type"].as_str()? {
        "integer" => {
            let Ok(number) = value.parse::<i64>() else { return Some(Refusal::WrongType) };
            let below = schema["minimum"].as_f64().is_some_and(|least| (number as f64) < least);
            let above = schema["maximum"].as_f64().is_some_and(|most| number as f64 > most);
            (below || above || value.starts_with('+')).then_some(Refusal::OutOfRange)
        }
        "boolean" => (!matches!(value, "true" | "false")).then_some(Refusal::WrongType),
        "string" => {
            let listed = |list: &Vec<Value>| list.iter().any(|entry| entry == value);
            let long = |most: u64| value.chars().count() as u64 > most;
            match schema["format"].as_str() {
                _ if schema["enum"].as_array().is_some_and(|list| !listed(list)) => Some(Refusal::NotInList),
                _ if schema["maxLength"].as_u64().is_some_and(long) => Some(Refusal::TooLong),
                Some("uuid") => Uuid::try_parse(value).is_err().then_some(Refusal::WrongShape),
                Some("date") => Day::parse(value).err(),
                _ => None,
            }
        }
        _ => None,
    }
}
