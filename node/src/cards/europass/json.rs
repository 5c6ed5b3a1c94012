//! The JSON of version 3 (Cedefop, JSON schema v3.4.0), read strictly in its form and leniently in its members: it is
//! somebody else's document, and what is not known of it is reported.

use serde_json::{Map, Number, Value};
use staffetta_protocol::json;

use super::Unreadable;
use super::tree::Tree;
use super::v3;

/// Members of which there are several, so that one of them is an array too.
const ARRAYS: &[&str] = &[
    "WorkExperience",
    "Education",
    "Telephone",
    "Nationality",
    "MotherTongue",
    "ForeignLanguage",
    "Certificate",
    "Achievement",
];
/// Members that are numbers.
const NUMBERS: &[&str] = &["Year", "Month", "Day"];
/// Elements in a document, at most: as of XML.
const ELEMENTS: usize = 20_000;

/// The document, if its depth is bounded, no name stands twice in one object, and it has the one root that there is.
pub(super) fn read(bytes: &[u8]) -> Result<Tree, Unreadable> {
    json::check(bytes).map_err(|_| Unreadable::Syntax)?;
    let value: Value = serde_json::from_slice(bytes).map_err(|_| Unreadable::Syntax)?;
    let Value::Object(mut members) = value else { return Err(Unreadable::OtherDocument) };
    let Some(Value::Object(passport)) = members.remove(v3::ROOT) else { return Err(Unreadable::OtherDocument) };
    let mut count = 0;
    object(v3::ROOT, passport, &mut count)
}

fn object(name: &str, members: Map<String, Value>, count: &mut usize) -> Result<Tree, Unreadable> {
    let mut tree = Tree::new(name);
    for (name, value) in members {
        element(&name, value, &mut tree, count)?;
    }
    Ok(tree)
}

fn element(name: &str, value: Value, into: &mut Tree, count: &mut usize) -> Result<(), Unreadable> {
    *count += 1;
    if *count > ELEMENTS {
        return Err(Unreadable::TooDeepOrMany);
    }
    match value {
        Value::Null => {}
        Value::Bool(told) => into.children.push(Tree::leaf(name, told)),
        Value::Number(number) => into.children.push(Tree::leaf(name, number)),
        Value::String(text) => into.children.push(Tree::leaf(name, text)),
        Value::Object(members) => into.children.push(object(name, members, count)?),
        Value::Array(items) => items.into_iter().try_for_each(|item| element(name, item, into, count))?,
    }
    Ok(())
}

/// The document as text.
pub(super) fn write(root: &Tree) -> String {
    let mut whole = Map::new();
    whole.insert(root.name.clone(), value(root, ""));
    let text = serde_json::to_string_pretty(&Value::Object(whole));
    text.expect("text, numbers and objects are JSON")
}

fn value(tree: &Tree, above: &str) -> Value {
    if tree.children.is_empty() {
        let number = || tree.text.parse::<u32>().ok().map(|number| Value::Number(Number::from(number)));
        let number = if NUMBERS.contains(&tree.name.as_str()) { number() } else { None };
        return number.unwrap_or_else(|| Value::String(tree.text.clone()));
    }
    // A language has its certificates itself, and the list of licences is one of objects.
    if tree.name == "Description" && above == "Driving" {
        let each = |licence: &Tree| Value::Object(Map::from_iter([("Licence".to_owned(), value(licence, ""))]));
        return Value::Array(tree.children.iter().map(each).collect());
    }
    let mut members = Map::new();
    for child in &tree.children {
        if child.name == "VerifiedBy" {
            child.children.iter().for_each(|inner| add(&mut members, inner, &child.name));
        } else {
            add(&mut members, child, &tree.name);
        }
    }
    Value::Object(members)
}

fn add(members: &mut Map<String, Value>, child: &Tree, above: &str) {
    let made = value(child, above);
    if !ARRAYS.contains(&child.name.as_str()) {
        members.insert(child.name.clone(), made);
        return;
    }
    if let Value::Array(items) = members.entry(child.name.clone()).or_insert_with(|| Value::Array(Vec::new())) {
        items.push(made);
    }
}
