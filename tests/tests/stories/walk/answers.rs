//! What a living node answered, as the API documents show it: `openapi/answers.json`, written by this story where
//! `UPDATE_DOCS` is set, and compared with what the node answers otherwise. What differs from run to run (ids, instants,
//! addresses, secrets) stands there under a made-up one, and of a list its first entry.

use std::path::PathBuf;

use chrono::DateTime;
use serde_json::Map;
use staffetta_tests::Answer;

use super::*;

/// Parts of an answer that let somebody in.
const SECRETS: &[&str] =
    &["temporary_password", "client_secret", "token", "access_token", "csrf_token", "secret", "uri"];
/// Operations of which this story has no answer in JSON: of the door, files, and what no story of one house comes to.
const WITHOUT: &[&str] = &[
    "begin_oidc_login",
    "change_own_password",
    "close_sessions",
    "confirm_own_factor",
    "download_document",
    "export_card",
    "finish_oidc_login",
    "issue_own_token",
    "note_holder_letter",
    "note_rectification_answer",
    "note_rectification_sent",
    "offer_own_factor",
    "open_session",
    "show_second_factor",
];
/// Instants of the examples.
const INSTANT: &str = "2026-11-23T09:00:00Z";
/// What stands for a signed text.
const SIGNED: &str = "eyJhbGciOiJFUzI1NiJ9.e30.c2lnbmF0dXJl";
/// Combinations of ids that are tried for one route.
const TRIED: usize = 24;

fn file() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../openapi/answers.json"))
}

/// The members and entries of a value, by path and type, whatever their number.
fn shape(value: &Value, at: String, found: &mut BTreeSet<String>) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(items) => {
            items.iter().for_each(|item| shape(item, format!("{at}/*"), found));
            "list"
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| shape(value, format!("{at}/{name}"), found));
            "object"
        }
    };
    found.insert(format!("{at} {kind}"));
}

/// Lists that always have the same length: of others the first entry tells enough.
const WHOLE: &[&str] = &["sections"];

/// As an example, ids being named one after the other.
fn made_up(value: &Value, name: &str, ids: &mut Vec<String>) -> Value {
    match value {
        Value::Object(members) => {
            members.iter().map(|(name, value)| (name.clone(), made_up(value, name, ids))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => {
            let shown = if WHOLE.contains(&name) { items.len() } else { 1 };
            items.iter().take(shown).map(|item| made_up(item, name, ids)).collect()
        }
        Value::String(_) if SECRETS.contains(&name) => json!("example"),
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok() => {
            let nth = ids.iter().position(|known| known == text).unwrap_or_else(|| {
                ids.push(text.clone());
                ids.len() - 1
            });
            json!(format!("00000000-0000-4000-8000-{:012}", nth + 1))
        }
        Value::String(text) if text.starts_with("eyJ") && text.matches('.').count() == 2 => json!(SIGNED),
        Value::String(text) if text.len() > 19 && DateTime::parse_from_rfc3339(text).is_ok() => json!(INSTANT),
        Value::String(text) => json!(addressed(text)),
        plain => plain.clone(),
    }
}

/// Without the port of this run.
fn addressed(text: &str) -> String {
    let mut text = text.to_owned();
    for host in ["http://localhost:", "http://127.0.0.1:", "https://localhost:"] {
        while let Some(at) = text.find(host) {
            let port = text[at + host.len()..].chars().take_while(char::is_ascii_digit).count();
            text.replace_range(at..at + host.len() + port, "https://nodo.example");
        }
    }
    text
}

impl Walk {
    /// Keeps what was answered, if it is the first success of the operation.
    pub(super) fn keep(&mut self, operation: &str, answer: &Answer) {
        if answer.body.is_object() && !self.answers.contains_key(operation) {
            self.answers.insert(operation.to_owned(), (answer.status, answer.body.clone()));
        }
    }

    /// Reads every route that nobody has read, with ids that the story came by.
    pub(super) async fn read_the_rest(&mut self, stage: &Stage) {
        let mut desks = Vec::new();
        for (member, lead) in [(&stage.centre, &stage.at_centre), (&stage.cpi, &stage.at_cpi)] {
            desks.push((AccessRole::Operator, lead.clone()));
            for role in [AccessRole::Dpo, AccessRole::Supervisor, AccessRole::Admin, AccessRole::Evaluator] {
                desks.push((role, member.desk(role).await));
            }
        }
        let reads = self.routes.clone().into_iter().filter(|(_, (method, ..))| *method == Method::GET);
        for (operation, (_, route, described)) in reads {
            let json = &described["responses"]["200"]["content"]["application/json"];
            if !json.is_object() || self.answers.contains_key(&operation) {
                continue;
            }
            let roles = wiring::MATRIX.iter().find(|it| it.operation == operation).map_or(&[][..], |it| it.roles);
            'found: for path in self.paths(&route) {
                for (_, desk) in desks.iter().filter(|(role, _)| roles.is_empty() || roles.contains(role)) {
                    let answer = desk.read(&path).await;
                    if answer.status == 200 {
                        self.keep(&operation, &answer);
                        break 'found;
                    }
                }
            }
        }
    }

    /// The route with ids that the story came by, the newest first.
    fn paths(&self, route: &str) -> Vec<String> {
        let query = crate::seen::LISTS.iter().find(|(list, ..)| list.split('?').next() == Some(route));
        let query = query.and_then(|(list, ..)| list.split_once('?')).map(|(_, query)| format!("?{query}"));
        let query = match route {
            "/people/{person}/card/differences" => "?from=1&to=2".to_owned(),
            "/offices/proposals" => format!("?person={}", self.ids["person"]),
            _ => query.unwrap_or_default(),
        };
        let mut paths = vec![String::new()];
        for part in route.trim_start_matches('/').split('/') {
            let options: Vec<String> = match part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
                Some(name) => {
                    let own = self.ids.get(name).cloned();
                    let extra = (name == "version").then(|| "1".to_owned());
                    let seen = self.seen.get(name).into_iter().flatten().rev().cloned();
                    own.into_iter().chain(extra).chain(seen).collect()
                }
                None => vec![part.to_owned()],
            };
            let longer = paths.iter().flat_map(|path| options.iter().map(move |part| format!("{path}/{part}")));
            paths = longer.take(TRIED).collect();
        }
        paths.into_iter().map(|path| format!("{}{query}", path.trim_start_matches('/'))).collect()
    }

    /// Every operation that answers in JSON has an example of it, and each has only what a living node answers.
    pub(super) fn compare_answers(&self) {
        let mut ids = Vec::new();
        let examples: Map<String, Value> = self
            .answers
            .iter()
            .map(|(id, (status, body))| (id.clone(), json!({"status": status, "body": made_up(body, "", &mut ids)})))
            .collect();
        if std::env::var_os("UPDATE_DOCS").is_some() {
            let text = serde_json::to_string_pretty(&examples).expect("examples are JSON");
            std::fs::write(file(), text + "\n").expect("openapi/answers.json");
        }
        let held = std::fs::read_to_string(file()).expect("openapi/answers.json");
        let held: Map<String, Value> = serde_json::from_str(&held).expect("examples are an object");
        let stale = "run the story with UPDATE_DOCS=1";
        for (id, example) in &held {
            let (status, body) = self.answers.get(id).unwrap_or_else(|| panic!("nobody answers {id}: {stale}"));
            assert_eq!(example["status"], json!(status), "{id}: {stale}");
            let (mut shown, mut lives) = (BTreeSet::new(), BTreeSet::new());
            shape(&example["body"], String::new(), &mut shown);
            shape(body, String::new(), &mut lives);
            let gone: Vec<_> = shown.difference(&lives).collect();
            assert!(gone.is_empty(), "{id} answers no {gone:?}: {stale}");
        }
        let mut wrong = Vec::new();
        for (id, (_, _, operation)) in &self.routes {
            let answers = operation["responses"].as_object().into_iter().flatten();
            let mut good = answers.filter(|(status, _)| status.starts_with('2'));
            let in_json = good.any(|(_, answer)| answer["content"]["application/json"].is_object());
            let expected = in_json && !WITHOUT.contains(&id.as_str());
            if held.contains_key(id) != expected {
                wrong.push(id);
            }
        }
        assert!(wrong.is_empty(), "are their answers among the examples? {stale}: {wrong:?}");
    }
}
