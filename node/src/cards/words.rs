//! Italian words for the fields of a card and for their codes, as they stand on paper.
//!
//! The table has three columns: property, code, word. A line without a code says how the property is called; with `*` for
//! the property it holds wherever no line of the property itself says otherwise. Properties go by their name, nested ones
//! included, whatever type has them. A test walks the published schema of all groups and looks for every property and
//! every code.

use serde_json::{Map, Value};

const TABLE: &str = include_str!("../../templates/cards/words.it.tsv");

/// What says nothing to somebody who reads paper: names inside the program, and what only a program can read.
const UNSAID: &[&str] = &["evidence_ref", "document", "sha256"];

/// Kinds that only tell one shape from another.
const SHAPES: &[&str] = &["overall", "by_ability", "listed", "esco", "isco", "isco_group", "free", "date"];

fn find(property: &str, code: &str) -> Option<&'static str> {
    TABLE
        .lines()
        .find_map(|line| line.strip_prefix(property)?.strip_prefix('\t')?.strip_prefix(code)?.strip_prefix('\t'))
}

/// How a property is called in Italian; empty for one whose value speaks for itself, its own name where nobody has said.
pub fn label(property: &str) -> &str {
    find(property, "").unwrap_or(property)
}

/// What a code of a property means; nothing for what is no code.
fn word(property: &str, code: &str) -> Option<&'static str> {
    if code.is_empty() || code.contains(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
        return None;
    }
    find(property, code).or_else(|| find("*", code))
}

/// Properties whose text is what somebody wrote, or an identifier: never taken for a code.
fn is_free(property: &str) -> bool {
    const FREE: &[&str] = &[
        "given_names",
        "family_names",
        "preferred_name",
        "tax_code",
        "text",
        "title",
        "body",
        "description",
        "provider",
        "attestation",
        "reason",
        "action",
        "code",
        "uri",
        "isco08",
        "sector",
        "country",
        "province",
        "language",
        "script",
        "residence_comune",
        "area_comune",
        "number",
        "email",
        "from",
        "to",
        "citizenship",
        "comune",
        "town",
        "residence_address",
        "domicile_address",
        "permit_number",
        "questura",
    ];
    FREE.contains(&property)
}

/// The value of a property in lines to be read; none for what is not known.
pub(super) fn lines(property: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(items) => items.iter().flat_map(|item| lines(property, item)).collect(),
        one => Some(phrase(property, one)).filter(|phrase| !phrase.is_empty()).into_iter().collect(),
    }
}

fn phrase(property: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "sì" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) if is_free(property) => text.clone(),
        Value::String(text) => word(property, text).map_or_else(|| day(text), str::to_owned),
        Value::Array(items) => {
            items.iter().map(|item| phrase(property, item)).filter(|it| !it.is_empty()).collect::<Vec<_>>().join("; ")
        }
        Value::Object(parts) if property == "sources" => source(parts),
        Value::Object(parts) => {
            let said = parts.iter().filter(|(name, part)| {
                let shape = *name == "kind" && part.as_str().is_some_and(|kind| SHAPES.contains(&kind));
                !shape && !UNSAID.contains(&name.as_str())
            });
            let asked = |part: &Value| !matches!(part.as_str(), Some("not_asked" | "unknown"));
            let said = said.filter(|(_, part)| asked(part)).map(|(name, part)| (label(name), phrase(name, part)));
            let mut said: Vec<(&str, String)> = said.filter(|(_, it)| !it.is_empty()).collect();
            // What speaks for itself comes first: the number before its kind, the date before what is said of it.
            said.sort_by_key(|(label, _)| !label.is_empty());
            let said = said.into_iter().map(|(label, it)| if label.is_empty() { it } else { format!("{label}: {it}") });
            said.collect::<Vec<_>>().join("; ")
        }
    }
}

/// Where a field comes from: the field by its label, who said so, when.
fn source(parts: &Map<String, Value>) -> String {
    let text = |name: &str| parts.get(name).and_then(Value::as_str).unwrap_or_default();
    let who = word("source", text("source")).unwrap_or_default();
    format!("{}: {who}, {}", label(text("field")), day(text("on")))
}

/// A date as it is written in Italy; any other text as it stands.
fn day(text: &str) -> String {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
    match parts[..] {
        [year, month, day] if digits && year.len() == 4 && month.len() == 2 && day.len() == 2 => {
            format!("{day}/{month}/{year}")
        }
        [year, month] if digits && year.len() == 4 && month.len() == 2 => format!("{month}/{year}"),
        _ => text.to_owned(),
    }
}
