//! What is about one person: her record, who works on it, what she asks as a right.

use staffetta_node::access;
use staffetta_node::journal::Actor;
use staffetta_node::store::Tx;

use super::*;

/// A person, her card, her papers, her guardians, her assessment, and who works on her case.
pub(super) async fn the_record(walk: &mut Walk, stage: &Stage) {
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
    walk.sends(centre, desk, "import_card").await;
    for nth in 0..walk.media("file_document").len() {
        let document = walk.does(centre, desk, "enter_document").await;
        walk.at("document", &document["id"]);
        walk.sends_nth(centre, desk, "file_document", nth).await;
    }

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

/// The open task of this kind among those of whoever is at the desk.
async fn task(desk: &Desk, kind: &str) -> Option<String> {
    let open = desk.read("tasks").await.ok();
    let found = open["items"].as_array().unwrap().iter().find(|task| task["kind"] == kind)?;
    Some(found["id"].as_str().unwrap().to_owned())
}

/// Who works on her case: a team with somebody who is learning, broken glass, a handover.
pub(super) async fn the_team(walk: &mut Walk, stage: &Stage) {
    let (centre, desk) = (&stage.centre, &stage.at_centre);
    the_trainee(stage).await;
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
    let (review, tell) = ("glass_broken", "glass_to_be_told");
    let (reviewed, told) = (task(&dpo, review).await.unwrap(), task(desk, tell).await.unwrap());
    let by_hand = (format!("tasks/{reviewed}/done"), format!("tasks/{told}/done"));
    assert_eq!(dpo.send(Method::POST, &by_hand.0, None, None).await.refused(409), "conflict");
    assert_eq!(stranger.send(Method::POST, &by_hand.1, None, None).await.refused(403), "not_entitled");
    walk.does(centre, &dpo, "review_broken_glass").await;
    assert_eq!((task(&dpo, review).await, task(desk, tell).await), (None, None), "she was told, says the review");

    let counsels = centre.desk(AccessRole::Operator).await;
    let (me, them) = (own_id(desk).await, own_id(&counsels).await);
    let team = json!({"lead": me, "members": [
        {"staff": me, "functions": ["case_operator"]}, {"staff": them, "functions": ["psychologist"]}
    ]});
    walk.does_with(centre, desk, "set_team", Some(team)).await;
    let note = walk.does(centre, &counsels, "write_counselling_note").await;
    walk.at("note", &note["id"]);
    walk.does(centre, &counsels, "rewrite_counselling_note").await;
    walk.does(centre, &counsels, "read_counselling_note").await;
}

/// An account of somebody who learns: whom it takes up its supervisor leads, and countersigns.
async fn the_trainee(stage: &Stage) {
    let (centre, under) = (&stage.centre, own_id(&stage.at_centre).await);
    let admin = centre.desk(AccessRole::Admin).await;
    let mut new = json!({"username": "tirocinante", "label": "Chi impara", "role": "operator", "trainee_of": under});
    assert_eq!(admin.post("staff", new.clone()).await.ok()["trainee_of"], json!(under));
    (new["username"], new["role"]) = (json!("altra"), json!("dpo"));
    let refused = admin.post("staff", new).await;
    assert_eq!((refused.status, &refused.body["errors"][0]["field"]), (422, &json!("/trainee_of")));

    let novice = centre.desk(AccessRole::Operator).await;
    let id = own_id(&novice).await;
    let learns = move |tx: &mut Tx<'_>| access::learns(tx, Actor::System, id, Some(under));
    centre.node.store().write(learns).await.unwrap();
    let taken_up = novice.post("people", json!({"label": "Awa, stanza 3"})).await.ok()["id"].clone();
    let waiting = stage.at_centre.read("countersignatures").await.ok();
    let hers = waiting["items"].as_array().unwrap().iter().find(|it| it["case"] == taken_up).unwrap();
    let signature = format!("countersignatures/{}/signature", hers["id"].as_str().unwrap());
    stage.at_centre.post(&signature, json!({"outcome": "approved"})).await.ok();
}

/// What she asks as a right of hers: that her data rest, and that they go.
pub(super) async fn the_rights(walk: &mut Walk, stage: &Stage) {
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
    assert_eq!(desk.read(&format!("people/{person}")).await.refused(404), "not_found");
}
