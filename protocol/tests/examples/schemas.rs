//! Prints the schemas of everything inside a message as tables: `docs/data.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;
use staffetta_protocol::consent::Ground;
use staffetta_protocol::data;
use staffetta_protocol::message::Actor;
use utoipa::ToSchema;
use utoipa::openapi::RefOr;

type Schemas = BTreeMap<String, Value>;

fn collect<T: ToSchema>(into: &mut Schemas) -> String {
    let mut found: Vec<(String, RefOr<utoipa::openapi::schema::Schema>)> = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    into.extend(found.into_iter().map(|(name, schema)| (name, serde_json::to_value(schema).unwrap())));
    T::name().into_owned()
}

/// The whole document.
pub(crate) fn markdown() -> String {
    let mut all = Schemas::new();
    let mut roots: Vec<(&str, String)> = Vec::new();
    macro_rules! of {
        ($($type:ident)+) => { $(
            let name = collect::<data::$type>(&mut all);
            roots.push((<data::$type as data::Data>::TYPE, name));
        )+ };
    }
    of! {
        CardPreview CardPreviewAnswered ReferralSent ReferralInfoRequested ReferralInfoProvided ReferralAccepted
        ReferralDeclined ReferralProgressed ReferralClosed ReferralWithdrawn ReferralReopened CardUpdated ContactReleased
        ConsentWithdrawn ConsentWithdrawalAnswered CardTransferred CardTransferAnswered ReferralHolderChanged
    }
    let claims = [("`ground`", collect::<Ground>(&mut all)), ("`actor`", collect::<Actor>(&mut all))];
    assert_eq!(roots.iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), data::Body::TYPES);

    let mut text = String::from(
        "# What is inside a message\n\nPrinted from the schemas of this crate; a test keeps it current. The same schemas, by the \
         same names, are in `openapi/federation.yaml`. Every object of this page is closed, but `Actor`: a member that is \
         not listed makes the message invalid. Lengths count Unicode characters. Rules over several fields are in \
         [the specification](../README.md#36-data-of-each-type).\n\n| `type` or claim | schema |\n|---|---|\n",
    );
    for (kind, name) in roots.iter().map(|(kind, name)| (format!("`{kind}`"), name)) {
        writeln!(text, "| {kind} | {} |", link(name)).unwrap();
    }
    for (claim, name) in &claims {
        writeln!(text, "| {claim} | {} |", link(name)).unwrap();
    }
    for (name, schema) in all.iter().filter(|(name, _)| !is_inlined(name)) {
        write!(text, "\n## {name}\n\n").unwrap();
        if let Some(about) = schema.get("description").and_then(Value::as_str) {
            write!(text, "{}\n\n", about.replace('\n', " ")).unwrap();
        }
        print(&mut text, &all, schema);
    }
    text
}

/// Texts and numbers whose name says no more than their bounds: `Text300`, `Prose1000`, `Whole1To10`.
fn is_inlined(name: &str) -> bool {
    ["Text", "Prose", "Whole"]
        .iter()
        .any(|kind| name.strip_prefix(kind).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

fn print(text: &mut String, all: &Schemas, schema: &Value) {
    if let Some(forms) = schema.get("oneOf").and_then(Value::as_array) {
        for form in forms {
            if let Some(kind) = form["properties"]["kind"]["enum"][0].as_str() {
                let about = form.get("description").and_then(Value::as_str).unwrap_or_default();
                write!(text, "**`kind` = `{kind}`.** {about}\n\n").unwrap();
            }
            fields(text, all, form);
        }
        return;
    }
    match schema.get("type").and_then(Value::as_str) {
        Some("object") => fields(text, all, schema),
        _ => writeln!(text, "{}", describe(all, schema)).unwrap(),
    }
}

fn fields(text: &mut String, all: &Schemas, object: &Value) {
    let required: Vec<&str> = object["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = object["properties"].as_object().unwrap();
    if properties.keys().all(|name| name == "kind") {
        return;
    }
    text.push_str("| member | there | type | what |\n|---|---|---|---|\n");
    for (name, schema) in properties {
        if name == "kind" && schema["enum"].as_array().is_some_and(|words| words.len() == 1) {
            continue;
        }
        let there = if required.contains(&name.as_str()) { "always" } else { "may lack" };
        let about = schema.get("description").and_then(Value::as_str).unwrap_or_default().replace('\n', " ");
        writeln!(text, "| `{name}` | {there} | {} | {about} |", describe(all, schema)).unwrap();
    }
    text.push('\n');
}

/// A type in a few words.
fn describe(all: &Schemas, schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = reference.rsplit('/').next().unwrap();
        return if is_inlined(name) { describe(all, &all[name]) } else { link(name) };
    }
    if let Some(only) = schema.get("allOf").or(schema.get("oneOf")).and_then(|all| all.get(0)) {
        return describe(all, only);
    }
    let number = |key: &str| schema.get(key).and_then(Value::as_f64);
    match schema.get("type").and_then(Value::as_str) {
        Some("array") => {
            let least = number("minItems").unwrap_or(0.0);
            let most = number("maxItems").map_or("*".to_owned(), |most| most.to_string());
            format!("list of {least}..{most} {}", describe(all, &schema["items"]))
        }
        Some("boolean") => "boolean".into(),
        Some("integer") => match (number("minimum"), number("maximum")) {
            (Some(least), Some(most)) => format!("whole number {least}..{most}"),
            (Some(least), None) => format!("whole number from {least}"),
            _ => "whole number".into(),
        },
        Some("string") => string(schema),
        _ => panic!("nothing to say of {schema}"),
    }
}

fn string(schema: &Value) -> String {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let words: Vec<String> = words.iter().filter_map(Value::as_str).map(|word| format!("`{word}`")).collect();
        return words.join(", ");
    }
    let lines = schema.get("description").and_then(Value::as_str) == Some("Text of one or more lines.");
    let mut said = vec![if lines { "text of several lines" } else { "text" }.to_owned()];
    if let Some(format) = schema.get("format").and_then(Value::as_str) {
        said = vec![match format {
            "date-time" => "instant".into(),
            "uuid" => "UUID".into(),
            other => other.to_owned(),
        }];
    }
    match (schema.get("minLength").and_then(Value::as_u64), schema.get("maxLength").and_then(Value::as_u64)) {
        (Some(least), Some(most)) => said.push(format!("{least}..{most} characters")),
        (None, Some(most)) => said.push(format!("at most {most} characters")),
        _ => {}
    }
    if let Some(pattern) = schema.get("pattern").and_then(Value::as_str) {
        said.push(format!("`{}`", pattern.replace('|', "\\|")));
    }
    said.join(", ")
}
