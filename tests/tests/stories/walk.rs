//! Every operation of the desk that takes something in is called once on a living node, with the example that its
//! document gives: by somebody who has no part in the case, who is refused, and then by whoever has one.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_node::web::document;
use staffetta_node::wiring;
use staffetta_protocol::trust::Role;
use staffetta_tests::{Desk, Member, Person, on_each_database};

use crate::seen::{left, own_id};
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
/// What needs a letter about a record that has moved: the story of that has one.
const ELSEWHERE: &[&str] = &["note_holder_letter"];
/// What takes a file: the tests of its room send many.
const FILES: &[&str] = &["import_card", "file_document"];
/// Where the version stands on which an edit builds, if not at its own path or above it.
const VERSIONS: &[(&str, &str)] =
    &[("record_did", "office-record"), ("record_patto", "office-record"), ("record_protocol", "office-record")];

struct Walk {
    routes: BTreeMap<String, (Method, String, Value)>,
    examples: BTreeMap<String, Value>,
    /// What stands in a path, by the name of the parameter.
    ids: BTreeMap<&'static str, String>,
    /// What an example says, and what is meant here.
    meant: Vec<(&'static str, String)>,
    /// Versions that were told when a thing was made, for one that is read in a list only.
    versions: BTreeMap<String, String>,
    done: BTreeSet<String>,
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
            examples,
            ids: BTreeMap::new(),
            meant: Vec::new(),
            versions: BTreeMap::new(),
            done: BTreeSet::new(),
        }
    }

    /// From now on the parameter is this one.
    fn at(&mut self, parameter: &'static str, id: &Value) {
        let id = id.as_str().unwrap_or_else(|| panic!("no {parameter}: {id}"));
        self.ids.insert(parameter, id.to_owned());
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
        let answer = desk.send(method, &path, body, version.as_deref()).await;
        let documented = described["responses"].get(answer.status.to_string()).is_some();
        assert!((200..300).contains(&answer.status) && documented, "{operation}: {} {}", answer.status, answer.body);
        assert!(!about || left(member, me).await > before, "{operation} leaves nothing in the journal");
        self.done.insert(operation.to_owned());
        if answer.status == 201
            && let (Some(version), Some(id)) = (answer.etag, answer.body["id"].as_str())
        {
            self.versions.insert(format!("{path}/{id}"), version);
        }
        answer.body
    }

    /// Every operation that takes something in JSON has an example, and every example was sent.
    fn end(&self) {
        for (id, (_, _, operation)) in &self.routes {
            let json = &operation["requestBody"]["content"]["application/json"];
            if json.is_object() && !FILES.contains(&id.as_str()) {
                assert!(self.examples.contains_key(id), "wiring/examples.json has no {id}");
                assert!(json["example"].is_object(), "{id}: the document does not show its example");
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
            let skipped = *method == Method::GET || own || FILES.contains(&id.as_str()) || id == "write_back_sap";
            assert!(skipped || self.done.contains(id), "nobody did {id}");
        }
    }
}

/// Accounts, notices, activities, offices: what is about no person.
async fn the_house(walk: &mut Walk, stage: &Stage) {
    let centre = &stage.centre;
    let (admin, dpo) = (centre.desk(AccessRole::Admin).await, centre.desk(AccessRole::Dpo).await);
    let supervisor = centre.desk(AccessRole::Supervisor).await;
    let program = walk.does(centre, &admin, "add_staff").await;
    walk.at("staff", &program["id"]);
    let secret = walk.does(centre, &admin, "add_client_secret").await;
    walk.at("secret", &secret["id"]);
    walk.means(SECRET, secret["client_secret"].as_str().unwrap());
    walk.does(centre, &admin, "issue_access_token").await;
    walk.does(centre, &admin, "revoke_client_secret").await;
    let token = walk.does(centre, &admin, "issue_staff_token").await;
    walk.at("token", &token["id"]);
    walk.does(centre, &admin, "revoke_staff_token").await;
    let human = json!({"username": "lia.verdi", "label": "Lia Verdi", "role": "operator"});
    let human = walk.does_with(centre, &admin, "add_staff", Some(human)).await;
    walk.at("staff", &human["id"]);
    let identity = walk.does(centre, &admin, "link_staff_identity").await;
    walk.at("identity", &identity["id"]);
    for end in ["unlink_staff_identity", "reset_staff_password", "sign_out_staff", "disable_staff"] {
        walk.does(centre, &admin, end).await;
    }
    walk.ids.insert("activity", "accompaniment".to_owned());
    walk.does(centre, &dpo, "set_activity").await;
    walk.does(centre, &dpo, "drop_activity").await;
    let notice = walk.does(centre, &dpo, "add_notice").await;
    walk.at("notice", &notice["id"]);
    walk.does(centre, &dpo, "add_notice_text").await;
    walk.ids.insert("language", "eng".to_owned());
    walk.does(centre, &dpo, "verify_notice_text").await;
    walk.does(centre, &dpo, "retire_notice").await;
    let own = walk.does(centre, &supervisor, "add_office").await;
    walk.at("office", &own["id"]);
    walk.does(centre, &supervisor, "change_office").await;
    walk.does(centre, &supervisor, "remove_office").await;
    let partner = walk.does(centre, &stage.at_centre, "add_partner_office").await;
    walk.at("office", &partner["id"]);
    walk.does(centre, &stage.at_centre, "change_partner_office").await;
    walk.does(centre, &stage.at_centre, "remove_partner_office").await;
    walk.does(centre, &stage.at_centre, "look_up_member").await;
    let partner = walk.does(centre, &stage.at_centre, "add_partner_office").await;
    walk.means(OFFICE, partner["id"].as_str().unwrap());
}

/// A person, her card, her papers, her guardians, her assessment, and who works on her case.
async fn the_record(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    walk.does(centre, desk, "look_up_duplicates").await;
    let person = walk.does(centre, desk, "add_person").await;
    walk.at("person", &person["id"]);
    walk.at("case", &person["id"]);
    walk.means(PERSON, person["id"].as_str().unwrap());
    // Nobody has said yet how old she is.
    let guardian = walk.does(centre, desk, "add_guardian").await;
    walk.at("guardian", &guardian["id"]);
    walk.does(centre, desk, "change_guardian").await;
    walk.does(centre, desk, "end_guardian").await;
    walk.does(centre, desk, "search_people").await;
    walk.does(centre, desk, "relabel_person").await;
    walk.does(centre, desk, "add_quick_card").await;
    walk.ids.insert("section", "identity".to_owned());
    walk.does(centre, desk, "save_card_section").await;
    walk.does(centre, desk, "discard_card_draft").await;
    walk.does(centre, desk, "save_card_section").await;
    let published = walk.does(centre, desk, "publish_card_drafts").await;
    assert_eq!(published["version"], 2);
    walk.does(centre, desk, "confirm_card").await;
    walk.does(centre, desk, "save_card").await;
    let document = walk.does(centre, desk, "enter_document").await;
    walk.at("document", &document["id"]);
    walk.does(centre, desk, "describe_document").await;
    walk.does(centre, desk, "remove_document").await;

    let assessment = walk.does(centre, desk, "open_assessment").await;
    walk.at("assessment", &assessment["id"]);
    walk.means(FINDING, assessment["work"]["findings"][0]["id"].as_str().unwrap());
    walk.does(centre, desk, "change_assessment").await;
    let mut phase = walk.example("begin_assessment_phase").unwrap();
    for name in ["welcome", "analysis", "synthesis"] {
        phase["phase"] = json!(name);
        walk.does_with(centre, desk, "begin_assessment_phase", Some(phase.clone())).await;
    }
    walk.does(centre, desk, "propose_assessment_findings").await;
    walk.does(centre, desk, "sign_assessment").await;

    let other = desk.post("people", json!({"label": "Fatou, stanza 9"})).await.ok();
    walk.at("other", &other["id"]);
    walk.means(OTHER, other["id"].as_str().unwrap());
    walk.does(centre, desk, "tell_people_apart").await;
    walk.does(centre, desk, "tell_people_apart_no_more").await;
    let supervisor = centre.desk(AccessRole::Supervisor).await;
    walk.does(centre, &supervisor, "merge_people").await;
}

/// Who works on her case: a team with somebody who is learning, broken glass, a handover.
async fn the_team(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    let (learning, stranger) = (centre.desk(AccessRole::Operator).await, centre.desk(AccessRole::Operator).await);
    walk.means(STAFF, &own_id(desk).await.to_string());
    walk.means(COLLEAGUE, &own_id(&learning).await.to_string());
    walk.does(centre, desk, "set_team").await;
    let note = walk.filled("/people/{person}/card");
    learning.read(&note).await.ok();
    let seen = learning.read(&walk.filled("/people/{person}/card/sections/work")).await;
    let edit = json!({"fields": seen.body["fields"].clone(), "draft": true});
    learning.put(&walk.filled("/people/{person}/card/sections/work"), seen.etag.as_deref(), edit).await.ok();
    let waits = desk.read("countersignatures").await.ok();
    walk.at("countersignature", &waits["items"][0]["id"]);
    walk.does(centre, desk, "countersign").await;
    let glass = walk.does(centre, &stranger, "break_glass").await;
    walk.at("glass", &glass["id"]);
    let dpo = centre.desk(AccessRole::Dpo).await;
    walk.does(centre, &dpo, "review_broken_glass").await;

    let counsels = centre.desk(AccessRole::Operator).await;
    let (me, them) = (own_id(desk).await, own_id(&counsels).await);
    let team = json!({"lead": me, "members": [
        {"staff": me, "functions": ["case_operator"]}, {"staff": them, "functions": ["psychologist"]}
    ]});
    walk.does_with(centre, desk, "set_team", Some(team)).await;
    let note = walk.does(centre, &counsels, "write_counselling_note").await;
    walk.at("note", &note["id"]);
    walk.does(centre, &counsels, "rewrite_counselling_note").await;
}

/// What she is asked and what she says.
async fn the_answers(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    let listed = desk.read("notices").await.ok();
    let first = listed["items"].as_array().unwrap().iter().find(|it| it["notice_id"] == "first-interview").unwrap();
    let text = first["texts"].as_array().unwrap().iter().find(|it| it["language"] == "fra").unwrap();
    walk.means(HASH, text["hash"].as_str().unwrap());
    let asked = walk.does(centre, desk, "request_consent").await;
    walk.at("record", &asked["items"][0]["record"]);
    walk.does(centre, desk, "invalidate_consent_request").await;
    let asked = walk.does(centre, desk, "request_consent").await;
    walk.at("record", &asked["items"][0]["record"]);
    walk.does(centre, desk, "defer_consent_request").await;
    walk.does(centre, desk, "answer_consent_request").await;
    walk.does(centre, desk, "renew_consent").await;
    walk.does(centre, desk, "terminate_consent").await;
    let given = walk.does(centre, desk, "give_consent").await;
    walk.at("record", &given["items"][0]["record"]);
    walk.does(centre, desk, "remind_of_consent").await;
    walk.does(centre, desk, "invalidate_consent").await;
    let mut both = walk.example("give_consent").unwrap();
    both["answers"].as_array_mut().unwrap().push(json!({"purpose": "P1", "answer": "yes"}));
    let given = walk.does_with(centre, desk, "give_consent", Some(both)).await;
    walk.at("record", &given["items"][0]["record"]);
}

/// The relay, both sides.
async fn the_relay(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    let (cpi, taker) = (&stage.cpi, &stage.at_cpi);
    for last in ["close_referral", "decline_referral"] {
        stage.net.wait(chrono::TimeDelta::minutes(1));
        let draft = walk.does(centre, desk, "add_referral").await;
        let here = draft["summary"]["id"].clone();
        walk.at("referral", &here);
        walk.does(centre, desk, "send_preview").await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        let there = json!(received.trim_start_matches("referrals/"));
        // Somebody is put on it, so that it is no longer the whole office's.
        let me = own_id(taker).await;
        let team = json!({"lead": me, "members": [{"staff": me, "functions": ["case_operator"]}]});
        walk.at("case", &there);
        walk.does_with(cpi, taker, "set_team", Some(team)).await;
        walk.at("referral", &there);
        walk.does(cpi, taker, "answer_preview").await;
        stage.pump().await;
        walk.at("referral", &here);
        walk.does(centre, desk, "send_referral").await;
        stage.pump().await;
        walk.at("referral", &there);
        walk.does(cpi, taker, "request_information").await;
        stage.pump().await;
        walk.at("referral", &here);
        walk.does(centre, desk, "provide_information").await;
        stage.pump().await;
        walk.at("referral", &there);
        if last == "decline_referral" {
            walk.does(cpi, taker, "decline_referral").await;
            stage.pump().await;
            walk.at("referral", &here);
            walk.does(centre, desk, "reopen_referral").await;
            walk.does(centre, desk, "withdraw_referral").await;
            continue;
        }
        walk.does(cpi, taker, "choose_known_person").await;
        walk.does(cpi, taker, "accept_referral").await;
        stage.pump().await;
        walk.at("referral", &here);
        walk.does(centre, desk, "tell_referred_person").await;
        walk.does(centre, desk, "release_contacts").await;
        walk.does(centre, desk, "update_referred_card").await;
        stage.pump().await;
        walk.at("referral", &there);
        for step in ["report_progress", "record_did", "record_patto", "record_protocol", "add_policy_event", last] {
            walk.does(cpi, taker, step).await;
        }
        stage.pump().await;
    }
}

/// To an office without a node, and back.
async fn the_paper(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    let comune = walk.example("send_on_paper").unwrap()["office"].as_str().unwrap().to_owned();
    let counter = json!({"organisation": "ipa:cpi_po", "organisation_name": "CPI Prato", "office": "Sportello 3"});
    let counter = walk.does_with(centre, desk, "add_partner_office", Some(counter)).await;
    walk.means(OFFICE, counter["id"].as_str().unwrap());
    let draft = walk.does(centre, desk, "add_referral").await;
    walk.at("referral", &draft["summary"]["id"]);
    walk.does(centre, desk, "send_on_paper").await;
    walk.means(OFFICE, &comune);
    let mut comune = walk.example("give_consent").unwrap();
    comune["recipient"] = json!("ipa:c_g999");
    comune["recipient_label"] = json!("Comune di Prato");
    let given = walk.does_with(centre, desk, "give_consent", Some(comune)).await;
    walk.at("record", &given["items"][0]["record"]);
    let office = walk.example("send_on_paper").unwrap()["office"].clone();
    let person = walk.ids["person"].clone();
    let draft = json!({"person": person, "office": office, "purpose": "P2", "confirm_duplicate": true});
    let draft = walk.does_with(centre, desk, "add_referral", Some(draft)).await;
    walk.at("referral", &draft["summary"]["id"]);
    let made = walk.does(centre, desk, "make_referral_sheet").await;
    walk.at("sheet", &made["office"]["sheets"][0]["id"]);
    walk.does(centre, desk, "note_sheet_sent").await;
    walk.does(centre, desk, "note_sheet_received").await;
    walk.does(centre, desk, "note_paper_answer").await;
    let withdrawn = walk.does(centre, desk, "withdraw_consent").await;
    walk.at("recall", &withdrawn["letters"][0]);
    walk.does(centre, desk, "note_recall_sent").await;
    walk.does(centre, desk, "note_recall_answer").await;
}

/// What she asks as a right of hers: that her data rest, and that they go.
async fn the_rights(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    let dpo = centre.desk(AccessRole::Dpo).await;
    let rests = walk.does(centre, desk, "request_right").await;
    walk.at("request", &rests["id"]);
    walk.does(centre, &dpo, "extend_rights_request").await;
    walk.does(centre, &dpo, "answer_rights_request").await;
    let person = walk.ids["person"].clone();
    let blocked = desk.read(&format!("people/{person}/card")).await;
    assert_eq!(blocked.refused(403), "restricted", "nobody works with what rests");
    let on = dpo.read(&format!("people/{person}/restrictions")).await.ok();
    walk.at("restriction", &on["items"][0]["id"]);
    walk.does(centre, &dpo, "tell_of_lifting").await;
    walk.does(centre, &dpo, "lift_restriction").await;
    desk.read(&format!("people/{person}/card")).await.ok();

    let mut goes = walk.example("request_right").unwrap();
    goes["kind"] = json!("erasure");
    for end in ["withdraw_rights_request", "erase_at_once"] {
        let request = walk.does_with(centre, desk, "request_right", Some(goes.clone())).await;
        walk.at("request", &request["id"]);
        if end == "erase_at_once" {
            let granted = json!({"outcome": "granted"});
            walk.does_with(centre, &dpo, "answer_rights_request", Some(granted)).await;
        }
        let by = if end == "erase_at_once" { &dpo } else { desk };
        walk.does(centre, by, end).await;
    }
    assert_eq!(dpo.read(&format!("people/{person}/card")).await.status, 404, "nobody is there any more");
    assert_eq!(desk.read(&format!("people/{person}")).await.refused(403), "restricted");
}

/// She moves to another centre, which takes her record over the second time; and brings a file.
async fn the_move(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    let other = stage.net.member("Centro La Riva", Role::ReceptionCentre, "vat:12345678903").await;
    centre.node.peers().resolve(other.id()).await.expect("the centres know each other");
    let there = other.desk(AccessRole::Operator).await;
    let person = Person::with_card(desk, "Fatou").await;
    let moves = ["g.preview", "g.identity", "g.status", "g.skills_full", "g.needs", "g.contact"];
    person.agrees_on(("transfer", "ita"), "vat:12345678903", &[("P12", &moves)]).await;
    walk.at("person", &json!(person.id));
    walk.means("https://nodo.la-riva.example", other.id().as_str());
    for end in ["decline_record", "take_record"] {
        walk.does(centre, desk, "offer_record").await;
        stage.net.pump(&[centre, &other]).await;
        let waiting = there.read("transfers?direction=received&state=received").await.ok();
        walk.at("transfer", &waiting["items"][0]["id"]);
        walk.does(&other, &there, end).await;
        stage.net.pump(&[centre, &other]).await;
    }
    let brought = there.post("people", json!({"label": "Awa, con la sua chiavetta"})).await.ok();
    walk.at("person", &brought["id"]);
    walk.does(&other, &there, "preview_import").await;
    walk.does(&other, &there, "import_file").await;
}

#[actix_web::test]
async fn every_example_of_the_desk_is_taken_by_a_living_node_and_by_nobody_outside_the_case() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let mut walk = Walk::begin();
        walk.means(CPI, stage.cpi.id().as_str());
        the_house(&mut walk, &stage).await;
        the_record(&mut walk, &stage).await;
        the_team(&mut walk, &stage).await;
        the_answers(&mut walk, &stage).await;
        the_relay(&mut walk, &stage).await;
        the_paper(&mut walk, &stage).await;
        walk.ids.insert("case", walk.ids["person"].clone());
        walk.does(&stage.centre, &stage.at_centre, "hand_over_case").await;
        let kept = walk.ids["person"].clone();
        the_move(&mut walk, &stage).await;
        let erased = Person::with_card(&stage.at_centre, "Binta").await;
        walk.at("person", &json!(erased.id));
        the_rights(&mut walk, &stage).await;
        walk.at("person", &json!(kept));
        for operation in AT_THE_DOOR {
            let desk = stage.centre.desk(AccessRole::Operator).await;
            let path = walk.filled(&walk.routes[*operation].1);
            let answer = desk.send(Method::POST, &path, walk.example(operation), None).await;
            assert!(![400, 422, 500].contains(&answer.status), "{operation} is not read: {}", answer.body);
        }
        walk.end();
    })
    .await;
}
