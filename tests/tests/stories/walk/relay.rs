//! What she agrees to, and what then goes to others.

use super::*;

/// What she is asked and what she says.
pub(super) async fn the_answers(walk: &mut Walk, stage: &Stage) {
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
pub(super) async fn the_relay(walk: &mut Walk, stage: &Stage) {
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
        for step in ["report_progress", "record_did", "record_patto", "record_protocol", "add_policy_event"] {
            walk.does(cpi, taker, step).await;
        }
        walk.means(REFERRAL, there.as_str().unwrap());
        let report = walk.sends(cpi, taker, "write_back_sap").await;
        assert_eq!(report["taken"], 1, "{report}");
        walk.does(cpi, taker, last).await;
        walk.at("taken_on", &there);
        stage.pump().await;
    }
}

/// To an office without a node, and back.
pub(super) async fn the_paper(walk: &mut Walk, stage: &Stage) {
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

/// She takes back at the job centre what she had agreed to at the centre, which waits for no answer.
pub(super) async fn the_recall(walk: &mut Walk, stage: &Stage) {
    let taken_on = json!(walk.ids["taken_on"]);
    walk.at("referral", &taken_on);
    walk.does(&stage.cpi, &stage.at_cpi, "take_back_consent").await;
    stage.cpi.pump().await;
    let told = stage.at_centre.read("recalls?open=true").await.ok();
    walk.at("recall", &told["items"][0]["id"]);
    walk.does(&stage.centre, &stage.at_centre, "note_recall_told_otherwise").await;
    stage.pump().await;
}

/// She moves to another centre, which takes her record over the second time; and brings a file.
pub(super) async fn the_move(walk: &mut Walk, stage: &Stage) {
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
        walk.does(&other, &there, "read_transfer").await;
        walk.does(&other, &there, end).await;
        stage.net.pump(&[centre, &other]).await;
    }
    let brought = there.post("people", json!({"label": "Awa, con la sua chiavetta"})).await.ok();
    walk.at("person", &brought["id"]);
    walk.does(&other, &there, "preview_import").await;
    walk.does(&other, &there, "import_file").await;
}
