//! The written documents are those of the node, and keep the rules that no compiler knows.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use staffetta_node::web::document;
use staffetta_node::wiring::ROOMS;

fn documents() -> [Value; 2] {
    [document::federation(ROOMS), staffetta_openapi::desk()]
        .map(|document| serde_json::to_value(&document).expect("JSON"))
}

/// Every value of the document with the path to it.
fn walk(value: &Value, path: &str, visit: &mut dyn FnMut(&str, &Value)) {
    visit(path, value);
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| walk(value, &format!("{path}/{name}"), visit))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, value)| walk(value, &format!("{path}/{n}"), visit))
        }
        _ => {}
    }
}

/// Every operation: (method, path, operation).
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let methods = ["get", "put", "post", "delete", "patch", "options", "head", "trace"];
    let paths = document["paths"].as_object().expect("paths");
    let of = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("a path").clone();
        let found = item.into_iter().filter(|(name, _)| methods.contains(&name.as_str()));
        found.map(|(method, operation)| (method, path.clone(), operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of).collect()
}

#[test]
fn the_files_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, content) in staffetta_openapi::files() {
        let written = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(written == content, "openapi/{name} is not current: cargo run -p staffetta-openapi");
    }
}

/// Readers of YAML 1.1 have more words for truth than readers of 1.2: where a text is one of them it is quoted, and the
/// content is what it was.
#[test]
fn the_files_say_the_same_to_every_reader_of_yaml() {
    let files = staffetta_openapi::files();
    for (name, document) in ["federation.yaml", "desk.yaml"].iter().zip(documents()) {
        let (_, content) = files.iter().find(|(file, _)| file == name).expect("one of the files");
        let read: Value = yaml_serde::from_str(content).expect("YAML");
        assert!(read == document, "{name} does not say what the document says");
        for line in content.lines().map(str::trim) {
            let word = line.strip_prefix("- ").or_else(|| line.strip_suffix(':')).unwrap_or_default();
            assert!(!["yes", "no", "on", "off", "y", "n"].contains(&word), "{name}: {line}");
        }
    }
}

#[test]
fn nothing_is_ever_null() {
    for document in documents() {
        walk(&document, "", &mut |path, value| {
            let kinds = value.get("type");
            let may_be_null = kinds.is_some_and(|kinds| {
                kinds == "null" || kinds.as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind == "null"))
            });
            assert!(!may_be_null, "{path}: add #[schema(nullable = false)] to the Option");
            assert!(value.get("nullable").is_none(), "{path}");
            assert!(!value.get("default").is_some_and(Value::is_null), "{path}: null by default");
        });
    }
}

#[test]
fn nothing_is_newer_than_the_older_version() {
    const NEWER: [&str; 14] = [
        "const",
        "prefixItems",
        "$defs",
        "if",
        "then",
        "contentEncoding",
        "contentMediaType",
        "patternProperties",
        "propertyNames",
        "unevaluatedProperties",
        "dependentRequired",
        "webhooks",
        "jsonSchemaDialect",
        "identifier",
    ];
    for document in documents() {
        walk(&document, "", &mut |path, value| {
            let Some(members) = value.as_object() else { return };
            let names_are_ours = path.contains("/example")
                || ["/properties", "/schemas", "/paths", "/headers"].iter().any(|end| path.ends_with(end));
            for name in NEWER.iter().filter(|_| !names_are_ours) {
                assert!(!members.contains_key(*name), "{path}/{name} is not in OpenAPI 3.0");
            }
            for bound in ["exclusiveMinimum", "exclusiveMaximum"] {
                assert!(
                    names_are_ours || !members.get(bound).is_some_and(Value::is_number),
                    "{path}/{bound} is a number"
                );
            }
            assert!(names_are_ours || !members.get("type").is_some_and(Value::is_array), "{path}/type is a list");
            assert!(
                names_are_ours || !members.get("examples").is_some_and(Value::is_array),
                "{path}/examples is a list"
            );
            let beside = members.contains_key("$ref") && members.len() > 1;
            assert!(!beside, "{path}: members beside $ref are ignored in OpenAPI 3.0");
        });
    }
}

#[test]
fn properties_are_snake_case_and_not_called_by_names_of_others() {
    const OTHERS: [&str; 8] = ["name", "surname", "nome", "cognome", "cf", "fiscal_code", "first_name", "last_name"];
    for document in documents() {
        walk(&document, "", &mut |path, value| {
            let Some(properties) = value.get("properties").and_then(Value::as_object) else { return };
            // The receipt of Kantara's specification 1.1 has the members that it gives them.
            if path.ends_with("/properties") || path.starts_with("/components/schemas/Kantara") {
                return;
            }
            for name in properties.keys() {
                let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
                assert!(plain && name.starts_with(|c: char| c.is_ascii_lowercase()), "{path}: {name}");
                assert!(!OTHERS.contains(&name.as_str()), "{path}: {name}");
            }
        });
    }
}

#[test]
fn a_list_of_codes_has_the_words_of_the_wire() {
    for document in documents() {
        walk(&document, "", &mut |path, value| {
            for word in value.get("enum").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                let plain = word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.:-/".contains(&b));
                let sign = word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
                assert!(plain || sign, "{path}: {word}: is it the name of a variant?");
            }
        });
    }
}

#[test]
fn a_call_of_a_node_is_signed_and_a_public_one_is_not() {
    let [federation, _] = documents();
    let signed = |path: &str, method: &str| {
        let operation = &federation["paths"][path][method];
        let mut parameters = operation["parameters"].as_array().into_iter().flatten();
        let signature = parameters.any(|parameter| parameter["name"] == "Agid-JWT-Signature");
        (operation["security"].as_array().unwrap().len(), signature)
    };
    assert_eq!(signed("/messages", "post"), (1, true));
    assert_eq!(signed("/link", "get"), (1, false));
    assert_eq!(signed("/members", "post"), (0, false));
}

#[test]
fn every_operation_is_told_in_full() {
    let mut ids = BTreeSet::new();
    for document in documents() {
        let tags: Vec<&str> =
            document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
        for (method, path, operation) in operations(&document) {
            let id = operation["operationId"].as_str().unwrap_or_default();
            let place = format!("{method} {path} ({id})");
            assert!(path == "/status" || ids.insert(id.to_owned()), "{place}: the id stands twice");
            let verbs = ["get", "post", "put", "delete", "patch"];
            assert!(!id.is_empty() && !verbs.iter().any(|verb| id.starts_with(verb)), "{place}");
            for text in ["summary", "description"] {
                assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{place} has no {text}");
            }
            let own = operation["tags"].as_array().unwrap();
            assert!(
                own.iter().all(|tag| tags.contains(&tag.as_str().unwrap())),
                "{place}: describe the tag in wiring::TAGS"
            );
            assert_eq!(own.len(), 1, "{place}");
            assert!(operation["security"].is_array(), "{place}");
            let has_body = operation.get("requestBody").is_some();
            assert!(!(has_body && ["get", "delete"].contains(&method.as_str())), "{place} has a body");
            assert_ne!(method, "patch", "{place}");
            let body_needs = if has_body { &["400", "413", "415", "422"][..] } else { &[] };
            let mut parameters = operation["parameters"].as_array().into_iter().flatten();
            let keyed = parameters.any(|parameter| parameter["name"] == "Idempotency-Key");
            let creates = method == "post" && operation["security"][0].get("staff_token").is_some();
            assert_eq!(keyed, creates, "{place}: Idempotency-Key");
            for status in ["429", "503", "500"].iter().chain(body_needs) {
                assert!(operation["responses"].get(status).is_some(), "{place} has no {status}");
            }
        }
    }
}

#[test]
fn every_answer_tells_how_much_more_may_be_asked() {
    for document in documents() {
        let shared = &document["components"]["responses"];
        for (method, path, operation) in operations(&document) {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let name = answer["$ref"].as_str().map(|reference| reference.rsplit('/').next().unwrap());
                let answer = name.map_or(answer, |name| &shared[name]);
                let place = format!("{method} {path} {status}");
                for header in ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"] {
                    assert!(answer["headers"].get(header).is_some(), "{place}: {header}");
                }
                let waits = ["429", "503"].contains(&status.as_str());
                let may_wait = status == "409" && method == "post";
                assert!(may_wait || answer["headers"].get("Retry-After").is_some() == waits, "{place}");
                if status.starts_with(['4', '5']) && answer.get("x-noqa").is_none() {
                    let kinds: Vec<_> = answer["content"].as_object().unwrap().keys().collect();
                    assert_eq!(kinds, ["application/problem+json"], "{place}");
                }
            }
        }
    }
}

/// Every source file below a folder.
fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !path.ends_with("tests.rs") {
            found.push(std::fs::read_to_string(&path).expect("a source file"));
        }
    }
}

#[test]
fn no_two_types_share_the_name_of_a_schema() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    sources(&root.join("node/src"), &mut files);
    sources(&root.join("protocol/src"), &mut files);
    let mut names = BTreeSet::new();
    for file in files {
        let mut lines = file.lines();
        while lines.by_ref().any(|line| line.starts_with("#[derive(") && line.contains("ToSchema")) {
            let mut renamed = None;
            for line in lines.by_ref() {
                if let Some((_, rest)) = line.split_once("schema(as = ") {
                    renamed = rest.split([',', ')']).next().map(str::to_owned);
                }
                let mut words = line.split_whitespace().skip_while(|word| !["struct", "enum"].contains(word));
                if let (Some(_), Some(name)) = (words.next(), words.next()) {
                    let name = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned();
                    let name = renamed.unwrap_or(name);
                    assert!(names.insert(name.clone()), "two types are {name} in the documents: use #[schema(as = …)]");
                    break;
                }
            }
        }
    }
    assert!(names.len() > 50);
}
