//! The two API documents of a node as files, in OpenAPI 3.1 and in 3.0.3.
//!
//! They are made from the routes that a node really mounts, with the examples of requests that it has, and with examples of
//! answers, which no node carries: `answers.json` beside them, what a living node answered to the story `walk`. `cargo run -p staffetta-openapi` writes them into this
//! crate's folder; a test compares.

use std::collections::BTreeMap;

use staffetta_node::web::document;
use staffetta_node::wiring::ROOMS;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{OpenApi, RefOr};
use yaml_serde::{Mapping, Value};

/// What [`OpenApi`] says of itself.
const NEW: &str = "openapi: 3.1.0\n";
/// The documents use nothing that this version does not have (a test looks), so the number is all that differs.
const OLD: &str = "openapi: 3.0.3\n";
const HEAD: &str = "# Written by `cargo run -p staffetta-openapi` from the routes of the node: not to be edited.\n";

/// Name and content of every file.
pub fn files() -> Vec<(&'static str, String)> {
    let (federation, desk) = (yaml(&document::federation(ROOMS)), yaml(&desk()));
    vec![
        ("federation-3.0.yaml", older(&federation)),
        ("federation.yaml", federation),
        ("desk-3.0.yaml", older(&desk)),
        ("desk.yaml", desk),
    ]
}

/// What a living node answered, by operation.
const ANSWERS: &str = include_str!("../answers.json");

/// The desk's document, with an example of each answer.
pub fn desk() -> OpenApi {
    let mut document = document::desk(ROOMS);
    let answers: BTreeMap<String, serde_json::Value> = serde_json::from_str(ANSWERS).expect("examples are an object");
    for item in document.paths.paths.values_mut() {
        let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete].into_iter().flatten();
        for operation in operations {
            let answer = operation.operation_id.as_ref().and_then(|id| answers.get(id));
            if let Some(answer) = answer {
                show(operation, answer);
            }
        }
    }
    document
}

fn show(operation: &mut Operation, answer: &serde_json::Value) {
    let status = answer["status"].to_string();
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(&status)
        && let Some(RefOr::T(content)) = response.content.get_mut("application/json")
    {
        content.example = Some(answer["body"].clone());
    }
}

fn yaml(document: &OpenApi) -> String {
    const PLAIN: &str = "a document has text, numbers and lists only";
    let mut document = yaml_serde::to_value(document).expect(PLAIN);
    if let Some(info) = document.get_mut("info").and_then(Value::as_mapping_mut) {
        extensions_last(info);
    }
    let text = yaml_serde::to_string(&document).expect(PLAIN);
    text.lines().fold(HEAD.to_owned(), |all, line| all + &quoted(line) + "\n")
}

/// Readers of YAML 1.1 take these words for truth values, as names of properties too; in quotation marks they are words
/// for everybody.
const TRUTHS: [&str; 6] = ["yes", "no", "on", "off", "y", "n"];

/// A line whose only word, or whose only name, is one of them and a text.
fn quoted(line: &str) -> String {
    let indent = &line[..line.len() - line.trim_start().len()];
    match line.trim_start() {
        entry if entry.strip_prefix("- ").is_some_and(|word| TRUTHS.contains(&word)) => {
            format!("{indent}- '{}'", &entry[2..])
        }
        entry if entry.strip_suffix(':').is_some_and(|word| TRUTHS.contains(&word)) => {
            format!("{indent}'{}':", &entry[..entry.len() - 1])
        }
        _ => line.to_owned(),
    }
}

/// Extensions come in another order each time; the files must not.
fn extensions_last(members: &mut Mapping) {
    let is_extension = |name: &Value| name.as_str().is_some_and(|name| name.starts_with("x-"));
    let (mut extensions, rest): (Vec<_>, Vec<_>) =
        std::mem::take(members).into_iter().partition(|(name, _)| is_extension(name));
    extensions.sort_by(|(one, _), (other, _)| one.as_str().cmp(&other.as_str()));
    members.extend(rest.into_iter().chain(extensions));
}

fn older(document: &str) -> String {
    assert!(document.contains(NEW), "the documents are written as 3.1");
    document.replacen(NEW, OLD, 1)
}
