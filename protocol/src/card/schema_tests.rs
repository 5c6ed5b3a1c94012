//! The published schemas say what the types hold: closed, bounded, and in a preview no place for words.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use utoipa::ToSchema;

use super::*;

/// A type's schema with all that it refers to.
pub(crate) fn schemas<T: ToSchema>() -> BTreeMap<String, Value> {
    let mut collected = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut collected);
    let to_json = |(name, schema)| (name, serde_json::to_value::<utoipa::openapi::RefOr<_>>(schema).unwrap());
    collected.into_iter().map(to_json).collect()
}

/// Calls `see` with each schema below `value`, references followed, and where it stands.
pub(crate) fn walk(all: &BTreeMap<String, Value>, value: &Value, at: &str, see: &mut dyn FnMut(&str, &Value)) {
    if let Some(name) = value.get("$ref").and_then(Value::as_str) {
        let name = name.rsplit('/').next().unwrap();
        let target = all.get(name).unwrap_or_else(|| panic!("{at}: {name} is not among the schemas"));
        return walk(all, target, at, see);
    }
    see(at, value);
    for (name, inner) in value.get("properties").and_then(Value::as_object).into_iter().flatten() {
        walk(all, inner, &format!("{at}/{name}"), see);
    }
    for key in ["oneOf", "allOf", "anyOf"] {
        for inner in value.get(key).and_then(Value::as_array).into_iter().flatten() {
            walk(all, inner, at, see);
        }
    }
    if let Some(inner) = value.get("items") {
        walk(all, inner, &format!("{at}/items"), see);
    }
}

/// Objects are closed, lists and numbers bounded, and there is no null.
pub(crate) fn is_a_closed_schema<T: ToSchema>() {
    let all = schemas::<T>();
    walk(&all, &all[T::name().as_ref()], "", &mut |at, schema| match schema.get("type").and_then(Value::as_str) {
        Some("object") => assert_eq!(schema["additionalProperties"], json!(false), "{} is open at {at}", T::name()),
        Some("array") => {
            assert!(schema.get("maxItems").is_some() || schema["uniqueItems"] == json!(true), "unbounded at {at}")
        }
        Some("integer" | "string" | "boolean") => {}
        None => assert!(schema.get("oneOf").is_some(), "{schema} at {at}"),
        Some(other) => panic!("{other} at {at}"),
    });
}

#[test]
fn schemas_are_closed() {
    is_a_closed_schema::<Preview>();
    is_a_closed_schema::<Identity>();
    is_a_closed_schema::<Status>();
    is_a_closed_schema::<SkillsFull>();
    is_a_closed_schema::<Needs>();
    is_a_closed_schema::<Contact>();
    is_a_closed_schema::<Documents>();
    is_a_closed_schema::<Adjustments>();
    is_a_closed_schema::<Formalities>();
    is_a_closed_schema::<CardGroups>();
    is_a_closed_schema::<Card>();
    is_a_closed_schema::<QuickCard>();
}

/// The shapes that a string of a preview may have; free text fits none.
const SHAPES: &[&str] = &[
    LanguageCode::PATTERN,
    ScriptCode::PATTERN,
    Province::PATTERN,
    Isco08::PATTERN,
    IscoGroup::PATTERN,
    EscoOccupation::PATTERN,
    EscoSkill::PATTERN,
    TimeOfDay::PATTERN,
];

#[test]
fn a_preview_has_no_place_for_words() {
    let all = schemas::<Preview>();
    let mut strings = 0;
    walk(&all, &all["Preview"], "", &mut |at, schema| {
        if schema.get("type") == Some(&json!("string")) {
            strings += 1;
            let coded = schema.get("enum").is_some();
            let dated = schema.get("format").is_some_and(|format| format == "date" || format == "uuid");
            let shaped = schema.get("pattern").and_then(Value::as_str).is_some_and(|pattern| SHAPES.contains(&pattern));
            assert!(coded || dated || shaped, "free text at {at}: {schema}");
        }
        for name in ["name", "phone", "email", "address", "comune", "text", "tax_code", "birth"] {
            assert!(!at.contains(name), "{at}");
        }
    });
    assert!(strings > 30, "the walk saw only {strings} strings");
}

#[test]
fn a_list_publishes_the_codes_that_travel() {
    use crate::consent::{Group, Purpose};
    use crate::data::AskableGroup;

    fn published<T: ToSchema>() -> Value {
        schemas::<T>()[T::name().as_ref()]["enum"].clone()
    }
    assert_eq!(published::<Group>(), serde_json::to_value(Group::ALL).unwrap());
    assert_eq!(published::<AskableGroup>(), serde_json::to_value(AskableGroup::ALL).unwrap());
    assert_eq!(published::<Purpose>(), serde_json::to_value(Purpose::ALL).unwrap());
    assert_eq!(published::<codes::Cefr>(), serde_json::to_value(codes::Cefr::ALL).unwrap());
    assert_eq!(published::<codes::LicenceCategory>(), serde_json::to_value(codes::LicenceCategory::ALL).unwrap());
}
