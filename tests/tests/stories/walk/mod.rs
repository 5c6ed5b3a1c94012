//! Every operation of the desk that takes something in is called once on a living node, with the example that its
//! document gives: by somebody who has no part in the case, who is refused, with several of its values made wrong, each
//! of which is told, and then by whoever has one.

mod answers;
mod broken;
mod files;
mod house;
mod person;
mod relay;

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_node::web::document;
use staffetta_node::wiring;
use staffetta_protocol::trust::Role;
use staffetta_tests::{Desk, Member, Person, on_each_database};

use crate::seen::{groundless, left, own_id};
use crate::stage::Stage;

/// What the examples call things whose ids only the story knows.
const PERSON: &str = "5b0e8a4e-4f6f-4d0e-9a55-0d6a3c1f7b21";
const OTHER: &str = "a2f4c0de-96c1-4a83-8b0f-6d2c9d0f4e10";
const STAFF: &str = "019ab2c4-5d6e-7f80-9a1b-2c3d4e5f6071";
const COLLEAGUE: &str = "019ab2c4-7f80-7a1b-8c2d-3e4f50617283";
const OFFICE: &str = "019ab2c5-1a2b-7c3d-8e4f-5061728394a5";
const FINDING: &str = "0c9b1f62-3c5d-4b7e-8f90-a1b2c3d4e5f6";
const CPI: &str = "https://nodo.cpi.example";
const HASH: &str = "SHA-256=hPq3xjgxGMr98LL2/lP2Y66DVCTcXdwL+YpNQD/gmvk=";
const SECRET: &str = "cs_example";
const REFERRAL: &str = "7f3b1c52-8d4e-4a6f-9b0c-1d2e3f405162";

/// Whose examples are sent elsewhere, since they end or begin the session that sends them: the tests of the door.
const AT_THE_DOOR: &[&str] = &[
    "open_session",
    "show_second_factor",
    "offer_own_factor",
    "confirm_own_factor",
    "change_own_password",
    "issue_own_token",
];
/// What a path names where something is done in a case.
const OF_A_CASE: &[&str] = &["{person}", "{referral}", "{request}", "{recall}"];
/// What needs a letter about a record that has moved, or about what was put right: their stories have one.
const ELSEWHERE: &[&str] = &["note_holder_letter", "note_rectification_sent", "note_rectification_answer"];
/// Where the version stands on which an edit builds, if not at its own path or above it.
const VERSIONS: &[(&str, &str)] =
    &[("record_did", "office-record"), ("record_patto", "office-record"), ("record_protocol", "office-record")];

struct Walk {
    routes: BTreeMap<String, (Method, String, Value)>,
    schemas: Value,
    examples: BTreeMap<String, Value>,
    /// What stands in a path, by the name of the parameter.
    ids: BTreeMap<&'static str, String>,
    /// What an example says, and what is meant here.
    meant: Vec<(&'static str, String)>,
    /// Versions that were told when a thing was made, for one that is read in a list only.
    versions: BTreeMap<String, String>,
    done: BTreeSet<String>,
    /// Everything that a parameter ever was, the newest last.
    seen: BTreeMap<&'static str, Vec<String>>,
    /// What was answered: the first success of each operation.
    answers: BTreeMap<String, (u16, Value)>,
}

impl Walk {
    fn begin() -> Self {
        let mut routes = BTreeMap::new();
        let document = serde_json::to_value(document::desk(wiring::ROOMS)).expect("a document is JSON");
        for (path, item) in document["paths"].as_object().expect("paths") {
            for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE] {
                let operation = &item[method.as_str().to_lowercase()];
                if let Some(id) = operation["operationId"].as_str() {
                    routes.insert(id.to_owned(), (method, path.clone(), operation.clone()));
                }
            }
        }
        let examples = serde_json::from_str(wiring::EXAMPLES).expect("examples are an object");
        Self {
            routes,
            schemas: document["components"]["schemas"].clone(),
            examples,
            ids: BTreeMap::new(),
            meant: Vec::new(),
            versions: BTreeMap::new(),
            done: BTreeSet::new(),
            seen: BTreeMap::new(),
            answers: BTreeMap::new(),
        }
    }

    /// From now on the parameter is this one.
    fn at(&mut self, parameter: &'static str, id: &Value) {
        let id = id.as_str().unwrap_or_else(|| panic!("no {parameter}: {id}"));
        self.ids.insert(parameter, id.to_owned());
        self.seen.entry(parameter).or_default().push(id.to_owned());
    }

    /// From now on the examples mean this by that.
    fn means(&mut self, said: &'static str, meant: &str) {
        self.meant.retain(|(known, _)| *known != said);
        self.meant.push((said, meant.to_owned()));
    }

    fn filled(&self, path: &str) -> String {
        let part = |part: &str| match part.strip_prefix('{').and_then(|it| it.strip_suffix('}')) {
            Some(name) => self.ids.get(name).unwrap_or_else(|| panic!("{path}: which {name}?")).clone(),
            None => part.to_owned(),
        };
        path.trim_start_matches('/').split('/').map(part).collect::<Vec<_>>().join("/")
    }

    fn example(&self, operation: &str) -> Option<Value> {
        let mut text = self.examples.get(operation)?.to_string();
        for (said, meant) in &self.meant {
            text = text.replace(said, meant);
        }
        Some(serde_json::from_str(&text).expect("still JSON"))
    }

    /// The version that was told when the thing was made, or at the nearest path above it that has one.
    async fn version(&self, desk: &Desk, operation: &str, path: &str) -> Option<String> {
        if let Some((_, beside)) = VERSIONS.iter().find(|(known, _)| *known == operation) {
            let (above, _) = path.rsplit_once('/').unwrap();
            return desk.read(&format!("{above}/{beside}")).await.etag;
        }
        let own = desk.read(path).await.etag.or_else(|| self.versions.get(path).cloned());
        if own.is_some() {
            return own;
        }
        let mut at = path;
        loop {
            if let Some(version) = desk.read(at).await.etag {
                return Some(version);
            }
            (at, _) = at.rsplit_once('/').unwrap_or_else(|| panic!("{operation}: no version"));
        }
    }

    /// Calls the operation with its example; what it answers.
    async fn does(&mut self, member: &Member, desk: &Desk, operation: &str) -> Value {
        let body = self.example(operation);
        self.does_with(member, desk, operation, body).await
    }

    async fn does_with(&mut self, member: &Member, desk: &Desk, operation: &str, body: Option<Value>) -> Value {
        let (method, route, described) = self.routes[operation].clone();
        let path = self.filled(&route);
        let mut parameters = described["parameters"].as_array().into_iter().flatten();
        let version = match parameters.any(|parameter| parameter["name"] == "If-Match") {
            true => self.version(desk, operation, &path).await,
            false => None,
        };
        let permission = wiring::MATRIX.iter().find(|it| it.operation == operation).expect("it is in the matrix");
        if !permission.functions.is_empty() && OF_A_CASE.iter().any(|it| route.contains(it)) {
            let stranger = member.desk(AccessRole::Operator).await;
            let refused = stranger.send(method.clone(), &path, body.clone(), version.as_deref()).await;
            if refused.status < 300 {
                // A case that came in is the whole office's, as long as nobody was put on it.
                panic!("{operation} was done by somebody who has no part in the case: {}", refused.body);
            }
            let may = permission.roles.contains(&AccessRole::Operator);
            assert_eq!(refused.refused(403), if may { "outside_case" } else { "not_entitled" }, "{operation}");
        }
        let (me, about) = (own_id(desk).await, route.contains("{person}") || route.contains("{referral}"));
        let before = left(member, me).await;
        if let Some(example) = &body {
            let schema = described["requestBody"]["content"]["application/json"]["schema"]["$ref"].as_str();
            let schema = schema.and_then(|it| it.rsplit('/').next()).map(|name| &self.schemas[name]["required"]);
            let required: Vec<_> =
                schema.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
            let (broken, wrong) = broken::spoil(example, &required, operation.len());
            let refused = desk.send(method.clone(), &path, Some(broken.clone()), version.as_deref()).await;
            assert_eq!(
                (refused.status, &refused.body["code"]),
                (422, &json!("invalid_input")),
                "{operation}: {broken}"
            );
            let entries = refused.body["errors"].as_array().into_iter().flatten();
            let told: Vec<_> = entries.filter_map(|entry| entry["field"].as_str().map(str::to_owned)).collect();
            assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), wrong, "{operation}: {broken}");
            assert_eq!(told.len(), wrong.len(), "{operation}: {told:?}");
        }
        let answer = desk.send(method, &path, body, version.as_deref()).await;
        let documented = described["responses"].get(answer.status.to_string()).is_some();
        assert!((200..300).contains(&answer.status) && documented, "{operation}: {} {}", answer.status, answer.body);
        assert!(!about || left(member, me).await > before, "{operation} leaves nothing in the journal");
        self.done.insert(operation.to_owned());
        self.keep(operation, &answer);
        if answer.status == 201
            && let (Some(version), Some(id)) = (answer.etag, answer.body["id"].as_str())
        {
            self.versions.insert(format!("{path}/{id}"), version);
        }
        answer.body
    }

    /// Every operation that takes something in has an example, and every example was sent.
    fn end(&self) {
        for (id, (_, _, operation)) in &self.routes {
            if let Some(content) = operation["requestBody"]["content"].as_object() {
                assert!(self.examples.contains_key(id), "wiring/examples.json has no {id}");
                let shown = content.values().any(|media| !media["example"].is_null());
                assert!(shown, "{id}: the document does not show its example");
            }
        }
        let here = |id: &&String| !AT_THE_DOOR.contains(&id.as_str()) && !ELSEWHERE.contains(&id.as_str());
        for id in self.examples.keys().filter(here) {
            assert!(self.done.contains(id), "nobody sent the example of {id}");
        }
        for (id, (method, ..)) in self.routes.iter().filter(|(id, _)| here(id)) {
            let own = id.ends_with("_own_factor")
                || id.contains("session")
                || id.contains("oidc")
                || id.contains("own_token");
            let skipped = *method == Method::GET || own;
            assert!(skipped || self.done.contains(id), "nobody did {id}");
        }
    }
}

#[actix_web::test]
async fn every_example_of_the_desk_is_taken_by_a_living_node_and_by_nobody_outside_the_case() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let mut walk = Walk::begin();
        walk.means(CPI, stage.cpi.id().as_str());
        house::the_house(&mut walk, &stage).await;
        person::the_record(&mut walk, &stage).await;
        person::the_team(&mut walk, &stage).await;
        relay::the_answers(&mut walk, &stage).await;
        relay::the_relay(&mut walk, &stage).await;
        relay::the_paper(&mut walk, &stage).await;
        relay::the_recall(&mut walk, &stage).await;
        walk.ids.insert("case", walk.ids["person"].clone());
        walk.does(&stage.centre, &stage.at_centre, "hand_over_case").await;
        let kept = walk.ids["person"].clone();
        relay::the_move(&mut walk, &stage).await;
        let erased = Person::with_card(&stage.at_centre, "Binta").await;
        walk.at("person", &json!(erased.id));
        person::the_rights(&mut walk, &stage).await;
        walk.at("person", &json!(kept));
        for operation in AT_THE_DOOR {
            let desk = stage.centre.desk(AccessRole::Operator).await;
            let path = walk.filled(&walk.routes[*operation].1);
            let answer = desk.send(Method::POST, &path, walk.example(operation), None).await;
            assert!(![400, 422, 500].contains(&answer.status), "{operation} is not read: {}", answer.body);
        }
        walk.end();
        walk.read_the_rest(&stage).await;
        walk.compare_answers();
        for member in [&stage.centre, &stage.cpi] {
            assert_eq!(groundless(member).await, [""; 0], "done by staff about somebody on no ground");
        }
    })
    .await;
}
