//! A value beside its schema: the part of JSON Schema that our documents use, and no more.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::FieldError;

use super::{MOST, is_plain};

/// One comparison, with what it has found so far. Values are never repeated, and of the names of strange members only
/// those that look like the name of a field.
pub(super) struct Walk<'a> {
    pub(super) schemas: &'a BTreeMap<String, Value>,
    pub(super) found: &'a mut Vec<FieldError>,
}

impl<'a> Walk<'a> {
    /// Adds what is wrong with `value` at the pointer `at`.
    pub(super) fn value(&mut self, schema: &'a Value, value: &Value, at: &str) {
        if self.found.len() >= MOST {
            return;
        }
        if let Some(name) = schema["$ref"].as_str() {
            let name = name.rsplit('/').next().unwrap_or_default();
            if let Some(schema) = self.schemas.get(name) {
                self.value(schema, value, at);
            }
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.value(part, value, at);
        }
        if let Some(branches) = schema["oneOf"].as_array() {
            return self.branch(branches, value, at);
        }
        let Some(kind) = schema["type"].as_str() else { return };
        let fits = match kind {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_i64() || value.is_u64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            _ => true,
        };
        match value {
            _ if !fits => self.refuse(Refusal::WrongType, at),
            Value::Object(members) => self.object(schema, members, at),
            Value::Array(items) => self.array(schema, items, at),
            Value::Number(_) if number_is_out(schema, value) => self.refuse(Refusal::OutOfRange, at),
            Value::String(text) => self.text(schema, text, at),
            _ => {}
        }
    }

    fn object(&mut self, schema: &'a Value, members: &Map<String, Value>, at: &str) {
        let Some(known) = schema["properties"].as_object() else { return };
        let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
        for name in required.filter(|name| !members.contains_key(*name)) {
            self.refuse(Refusal::Required, &format!("{at}/{name}"));
        }
        for (name, value) in members {
            match known.get(name) {
                Some(schema) => self.value(schema, value, &format!("{at}/{name}")),
                None if is_plain(name) => self.refuse(Refusal::UnknownField, &format!("{at}/{name}")),
                None => self.refuse(Refusal::UnknownField, at),
            }
        }
    }

    fn array(&mut self, schema: &'a Value, items: &[Value], at: &str) {
        if schema["maxItems"].as_u64().is_some_and(|most| items.len() as u64 > most) {
            return self.refuse(Refusal::TooLong, at);
        }
        if schema["minItems"].as_u64().is_some_and(|least| (items.len() as u64) < least) {
            return self.refuse(Refusal::TooFew, at);
        }
        for (index, item) in items.iter().enumerate() {
            self.value(&schema["items"], item, &format!("{at}/{index}"));
        }
    }

    /// The shape of a text is for its type to judge, which knows more of it than a pattern does.
    fn text(&mut self, schema: &Value, text: &str, at: &str) {
        if schema["enum"].as_array().is_some_and(|list| !list.iter().any(|entry| entry == text)) {
            self.refuse(Refusal::NotInList, at);
        } else if schema["maxLength"].as_u64().is_some_and(|most| text.chars().count() as u64 > most) {
            self.refuse(Refusal::TooLong, at);
        }
    }

    /// One of several forms, which a member with one possible value tells apart.
    fn branch(&mut self, branches: &'a [Value], value: &Value, at: &str) {
        let Value::Object(members) = value else { return self.refuse(Refusal::WrongType, at) };
        let Some(name) = branches.first().and_then(tag) else { return };
        let said = members.get(name);
        let of = |branch: &&Value| said.is_some_and(|said| branch["properties"][name]["enum"][0] == *said);
        match (branches.iter().find(of), said) {
            (Some(branch), _) => self.value(branch, value, at),
            (None, None) => self.refuse(Refusal::Required, &format!("{at}/{name}")),
            (None, Some(Value::String(_))) => self.refuse(Refusal::NotInList, &format!("{at}/{name}")),
            (None, Some(_)) => self.refuse(Refusal::WrongType, &format!("{at}/{name}")),
        }
    }

    /// Once for each place and reason: two parts of a schema may say the same.
    fn refuse(&mut self, refusal: Refusal, at: &str) {
        let entry = refusal.at(at);
        if !self.found.iter().any(|known| known.field == entry.field && known.code == entry.code) {
            self.found.push(entry);
        }
    }
}

/// The member of a form that has one possible value only.
fn tag(branch: &Value) -> Option<&str> {
    let members = branch["properties"].as_object()?;
    let only = members.iter().find(|(_, schema)| schema["enum"].as_array().is_some_and(|list| list.len() == 1));
    only.map(|(name, _)| name.as_str())
}

fn number_is_out(schema: &Value, value: &Value) -> bool {
    let Some(number) = value.as_f64() else { return false };
    schema["minimum"].as_f64().is_some_and(|least| number < least)
        || schema["maximum"].as_f64().is_some_and(|most| number > most)
}
