//! What every operation of the desk owes to whoever calls it: pages, versions, keys, and words for what is wrong.

use std::collections::BTreeSet;

use serde_json::Value;
use staffetta_node::web::document;
use staffetta_node::wiring::ROOMS;

/// Edits that name no version, and why none is lost by it: each is an end, or a mark without a content that somebody else
/// could have changed meanwhile, and the same again changes nothing.
const WITHOUT_VERSION: &[(&str, &str)] = &[
    ("close_session", "ends one's own session"),
    ("close_sessions", "ends all of one's own sessions"),
    ("close_one_session", "ends a session"),
    ("revoke_own_token", "ends a token"),
    ("revoke_staff_token", "ends a token"),
    ("revoke_client_secret", "ends a secret"),
    ("unlink_staff_identity", "ends a link"),
    ("sign_out_staff", "ends sessions"),
    ("disable_staff", "ends an account, which waits for nothing"),
    ("end_traineeship", "ends a mark"),
    ("tell_people_apart", "a mark on two people: it is there or not"),
    ("tell_people_apart_no_more", "takes that mark away"),
];

/// Nothing that is there is changed by them: what is added stands beside it.
const ADDS: &str = "adds something beside what is there";
/// The state that it needs is judged in its own act: after another step it is refused (`illegal_transition`), or it says
/// what still holds. What is told with it is its own, and overwrites nothing.
const STEPS: &str = "a step that the state of the thing permits or does not";
/// There or not there: whoever comes second is refused (`conflict`), and changes nothing.
const ONCE: &str = "a mark that is set once";
/// Nobody wants the thing to go on because somebody else changed it meanwhile.
const ENDS: &str = "an end, which waits for nothing";
/// It changes nothing.
const ASKS: &str = "asks or looks, and changes nothing";
/// The account that it changes is one's own, and it shows what it knows of it.
const OWN: &str = "one's own secret, which is shown to prove it";

/// What is posted and names no version in `If-Match`, and why nothing that somebody else wrote is lost by it.
const POSTS_WITHOUT_VERSION: &[(&str, &[&str])] = &[
    (
        ADDS,
        &[
            "add_client_secret",
            "add_guardian",
            "add_notice",
            "add_notice_text",
            "add_office",
            "add_partner_office",
            "add_person",
            "add_policy_event",
            "add_quick_card",
            "add_referral",
            "add_staff",
            "break_glass",
            "enter_document",
            "give_consent",
            "issue_own_token",
            "issue_staff_token",
            "link_staff_identity",
            "make_referral_sheet",
            "offer_record",
            "open_assessment",
            "renew_consent",
            "request_consent",
            "request_right",
            "write_counselling_note",
        ],
    ),
    (
        STEPS,
        &[
            "accept_referral",
            "answer_consent_request",
            "answer_preview",
            "close_referral",
            "countersign",
            "decline_record",
            "decline_referral",
            "defer_consent_request",
            "note_paper_answer",
            "note_sheet_received",
            "propose_assessment_findings",
            "provide_information",
            "release_contacts",
            "remind_of_consent",
            "reopen_referral",
            "report_progress",
            "request_information",
            "send_on_paper",
            "send_preview",
            "send_referral",
            "take_record",
            "update_referred_card",
        ],
    ),
    (
        ONCE,
        &[
            "begin_traineeship",
            "choose_known_person",
            "finish_task",
            "note_holder_letter",
            "note_recall_answer",
            "note_recall_sent",
            "note_recall_told_otherwise",
            "note_rectification_answer",
            "note_rectification_sent",
            "note_sheet_sent",
            "review_broken_glass",
            "tell_referred_person",
            "verify_notice_text",
        ],
    ),
    (
        ENDS,
        &[
            "end_guardian",
            "erase_at_once",
            "invalidate_consent",
            "invalidate_consent_request",
            "lift_restriction",
            "reset_staff_password",
            "retire_notice",
            "take_back_consent",
            "terminate_consent",
            "withdraw_consent",
            "withdraw_referral",
        ],
    ),
    (ASKS, &["import_card", "look_up_duplicates", "look_up_member", "preview_import", "search_people"]),
    (OWN, &["change_own_password", "confirm_own_factor", "offer_own_factor", "show_second_factor"]),
    ("the body names the revision of each draft that was read", &["publish_card_drafts"]),
    ("no draft is overwritten: where there is one, it is refused", &["import_file"]),
    ("both names and the note stand in the list of handovers, whoever led before", &["hand_over_case"]),
    ("what was said last counts, and each time stands in the journal", &["tell_of_lifting"]),
    ("no version of either card is changed or lost: both histories go on as one", &["merge_people"]),
    ("each line is what the office's own system says, which is the newer by definition", &["write_back_sap"]),
];

/// Lists with more entries than somebody reads at once: parts of them may be asked for.
const LONG: &[&str] = &["/people", "/referrals", "/staff"];

struct Operation<'a> {
    method: &'a str,
    path: &'a str,
    told: &'a Value,
}

impl Operation<'_> {
    fn parameter(&self, place: &str, name: &str) -> Option<&Value> {
        let parameters = self.told["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().find(|it| it["in"] == place && it["name"] == name)
    }

    fn place(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

fn desk() -> Value {
    serde_json::to_value(document::desk(ROOMS)).expect("JSON")
}

fn operations(document: &Value) -> Vec<Operation<'_>> {
    let paths = document["paths"].as_object().expect("paths");
    let each = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flatten();
        let methods = methods.filter(|(method, _)| ["get", "put", "post", "delete"].contains(&method.as_str()));
        methods.map(move |(method, told)| Operation { method, path, told })
    });
    each.collect()
}

/// What a reference stands for.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#')) {
        Some(pointer) => document.pointer(pointer).expect("a reference leads somewhere"),
        None => value,
    }
}

/// The schema of the body that a success brings; of one that may come in part, the whole.
fn answered<'a>(document: &'a Value, told: &'a Value, status: &str) -> &'a Value {
    let schema = &told["responses"][status]["content"]["application/json"]["schema"];
    resolved(document, schema["anyOf"].get(0).unwrap_or(schema))
}

#[test]
fn every_list_has_pages_or_says_how_long_it_is_at_most() {
    let document = desk();
    let mut lists = 0;
    for operation in operations(&document).into_iter().filter(|it| it.method == "get") {
        let list = answered(&document, operation.told, "200");
        let Some(items) = list["properties"].get("items") else { continue };
        lists += 1;
        let place = operation.place();
        let paged = ["cursor", "limit"].map(|name| operation.parameter("query", name).is_some());
        if paged == [true, true] {
            assert!(list["properties"]["next_cursor"].is_object(), "{place} has no next_cursor");
        } else {
            assert_eq!(paged, [false, false], "{place}: cursor and limit come together");
            assert!(resolved(&document, items)["maxItems"].is_u64(), "{place} has no cursor, and items no max_items");
        }
        if LONG.contains(&operation.path) {
            assert!(operation.parameter("query", "fields").is_some(), "{place} has no fields");
        }
    }
    assert!(lists > 20);
}

#[test]
fn whoever_edits_names_a_version_and_is_told_of_another() {
    let document = desk();
    let all = operations(&document);
    let (mut edits, mut without, mut posts) = (0, BTreeSet::new(), BTreeSet::new());
    for operation in &all {
        let place = operation.place();
        let Some(header) = operation.parameter("header", "If-Match") else {
            let is_open = operation.told["security"].as_array().is_some_and(Vec::is_empty);
            let id = operation.told["operationId"].as_str().expect("an id");
            if ["put", "delete"].contains(&operation.method) {
                without.insert(id);
            } else if operation.method == "post" && !is_open {
                posts.insert(id);
            }
            continue;
        };
        edits += 1;
        assert_eq!(header["required"], true, "{place}");
        for status in ["412", "428"] {
            let answer = &operation.told["responses"][status];
            assert!(answer.get("$ref").is_some(), "{place}: {status} is told for all operations in one place");
        }
    }
    assert!(edits > 12);
    let reasons: BTreeSet<&str> = WITHOUT_VERSION.iter().map(|(id, _)| *id).collect();
    assert_eq!(without, reasons, "an edit builds on a version (IfMatch), or has its reason above");
    let listed: Vec<&str> = POSTS_WITHOUT_VERSION.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
    let reasons: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(listed.len(), reasons.len(), "each has one reason");
    assert_eq!(posts, reasons, "a POST that edits builds on a version too, or has its reason above");
    let published = all.iter().find(|it| it.told["operationId"] == "publish_card_drafts").expect("there");
    assert!(published.told["responses"].get("412").is_some(), "its version stands in the body");
}

#[test]
fn a_creation_says_that_it_is_done_once() {
    let document = desk();
    for operation in operations(&document).into_iter().filter(|it| it.method == "post") {
        let is_open = operation.told["security"].as_array().is_some_and(Vec::is_empty);
        let place = operation.place();
        assert_eq!(operation.parameter("header", "Idempotency-Key").is_some(), !is_open, "{place}");
        if is_open {
            continue;
        }
        assert!(operation.told["responses"].get("409").is_some(), "{place}: under way, or done and not to be shown");
        let answers = operation.told["responses"].as_object().expect("answers");
        for (status, answer) in answers.iter().filter(|(status, _)| status.starts_with('2')) {
            assert!(answer["headers"].get("Idempotent-Replayed").is_some(), "{place} {status}");
        }
    }
}

#[test]
fn a_problem_has_a_code_and_an_entry_in_two_languages_for_each_wrong_field() {
    let document = desk();
    let schemas = &document["components"]["schemas"];
    let required = |name: &str| -> BTreeSet<String> {
        let names = schemas[name]["required"].as_array().into_iter().flatten();
        names.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    assert!(required("ProblemDocument").contains("code") || required("Problem").contains("code"));
    let entry = required("FieldError");
    for name in ["field", "code", "detail_it", "detail_en"] {
        assert!(entry.contains(name), "{name}");
    }
    let problem = schemas.get("ProblemDocument").or(schemas.get("Problem")).expect("a schema of problems");
    for side in ["current", "theirs", "yours", "errors"] {
        assert!(problem["properties"].get(side).is_some(), "{side}");
    }
}
