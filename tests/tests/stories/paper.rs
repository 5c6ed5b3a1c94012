//! To an office without a node: from the yes to the letter that asks it all back, and its answer.

use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_tests::{BOTH, Person, on_each_database};

use crate::stage::Stage;

const COMUNE: &str = "ipa:c_g999";

#[actix_web::test]
async fn on_paper_from_the_yes_to_the_letter_that_is_answered() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let desk = &stage.at_centre;
        let office = json!({
            "organisation_name": "Comune di Zzprato", "organisation": COMUNE, "office": "Sportello lavoro",
            "address": "piazza Zzmark 1", "pec": "lavoro@pec.zzprato.example", "competence_comuni": ["100005"]
        });
        let entered = desk.post("partner-offices", office).await;
        assert_eq!(entered.etag.as_deref(), Some("\"1\""));
        let office = entered.ok()["id"].clone();
        let person = Person::with_card(desk, "Mariam").await;
        let proposed = desk.read(&format!("offices/proposals?person={}", person.id)).await.ok();
        assert_eq!((&proposed["because"], &proposed["items"][0]["id"]), (&json!("residence_comune"), &office));
        let records = person.agrees(COMUNE, BOTH).await;

        let new = json!({"person": person.id, "office": office, "purpose": "P2"});
        let draft = desk.post("referrals", new).await.ok();
        let path = format!("referrals/{}", draft["summary"]["id"].as_str().unwrap());
        let early = desk.post(&format!("{path}/paper-receipt"), json!({"channel": "paper"})).await;
        assert_eq!(early.refused(409), "illegal_transition", "nothing is on its way");
        assert_eq!(desk.post(&format!("{path}/sending"), json!({})).await.refused(409), "conflict");
        let made = desk.post(&format!("{path}/sheets"), json!({"kind": "referral"})).await.ok();
        let sheet = made["office"]["sheets"][0]["id"].as_str().unwrap().to_owned();
        let (page, policy) = desk.print(&format!("{path}/sheets/{sheet}")).await;
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        assert!(page.contains("Mariam") && page.contains("muratura a secco") && !page.contains("+39333"));
        desk.post(&format!("{path}/sheets/{sheet}/sending"), json!({"channel": "pec"})).await.ok();
        desk.post(&format!("{path}/paper-receipt"), json!({"channel": "pec"})).await.ok();
        let answer = json!({
            "by_hand": {"channel": "phone", "said_by": "Zzimpiegata"},
            "accepted": {
                "appointment": {"kind": "fixed", "appointment": {
                    "at": "2026-12-09T09:00:00Z", "place": "piazza Zzmark 1", "language": "fra"
                }},
                "already_known": false
            }
        });
        let shown = desk.post(&format!("{path}/paper-answers"), answer).await.ok();
        assert_eq!((&shown["summary"]["state"], &shown["summary"]["office"]), (&json!("accepted"), &office));

        put_right(&stage, &person.id).await;
        let how = json!({"by": "person", "channel": "in_person"});
        let withdrawal = format!("people/{}/consents/{}/withdrawals", person.id, records[1]);
        let done = desk.post(&withdrawal, how).await.ok();
        assert_eq!(done["told"], json!([]));
        let letter = done["letters"][0].as_str().unwrap().to_owned();
        assert_eq!(stage.seen(&path).await["summary"]["state"], "withdrawn");
        let (page, _) = desk.print(&format!("paper-recalls/{letter}/letter")).await;
        assert!(!page.contains("Mariam") && page.contains("Sportello lavoro"));
        stage.net.wait(chrono::TimeDelta::hours(73));
        let late = desk.read("paper-recalls?overdue=true").await.ok();
        assert_eq!((late["items"].as_array().unwrap().len(), &late["items"][0]["overdue"]), (1, &json!(true)));
        desk.post(&format!("paper-recalls/{letter}/sending"), json!({"channel": "pec"})).await.ok();
        let groups: Vec<Value> = late["items"][0]["groups"].as_array().unwrap().clone();
        let erased = groups.iter().map(|group| json!({"group": group, "outcome": {"kind": "erased"}}));
        let said = json!({"channel": "pec", "said_by": "Zzimpiegata", "groups": erased.collect::<Vec<_>>()});
        desk.post(&format!("paper-recalls/{letter}/answer"), said).await.ok();
        assert_eq!(desk.read("paper-recalls?open=true").await.ok()["items"], json!([]));

        let left = desk.read(&format!("people/{}/disclosures", person.id)).await.ok();
        let kinds: Vec<_> = left["items"].as_array().unwrap().iter().map(|it| it["message_type"].clone()).collect();
        assert!(kinds.contains(&json!("paper.referral")) && kinds.contains(&json!("paper.recall")), "{kinds:?}");
        assert!(stage.received().await.is_none(), "no node was told anything");
        let (page, _) = desk.print(&format!("people/{}/counter-sheet", person.id)).await;
        assert!(page.contains("Mariam") && page.contains("Feuille pour le guichet"));
    })
    .await;
}

/// Her name is put right at her request, and the office hears of it by letter.
async fn put_right(stage: &Stage, person: &str) {
    let desk = &stage.at_centre;
    let asks = json!({"kind": "rectification", "channel": "in_person", "said_by": "person", "details": "Il nome."});
    let asked = desk.post(&format!("people/{person}/rights-requests"), asks).await;
    let (version, request) = (asked.etag.clone(), asked.ok()["id"].as_str().unwrap().to_owned());
    let held = desk.read(&format!("people/{person}/card")).await;
    let (etag, mut card) = (held.etag.clone(), held.ok()["card"].clone());
    card["given_names"] = json!("Mariam Zzmaryam");
    let put = desk.put(&format!("people/{person}/card"), etag.as_deref(), card).await.ok();
    let officer = stage.centre.desk(AccessRole::Dpo).await;
    let answer = json!({"outcome": "granted", "card_version": put["version"]});
    let at = format!("rights-requests/{request}/answer");
    officer.send(Method::POST, &at, Some(answer), version.as_deref()).await.ok();
    stage.centre.node.upkeep().await.unwrap();
    let task = desk.read("tasks").await.ok()["items"][0].clone();
    assert_eq!((&task["kind"], &task["case"]), (&json!("rectification_to_be_passed_on"), &json!(person)));
    let letter = format!("rectification-letters/{}", task["object"].as_str().unwrap());
    let (page, _) = desk.print(&letter).await;
    assert!(page.contains("Zzmaryam") && page.contains("Sportello lavoro"), "{page}");
    let stranger = stage.centre.desk(AccessRole::Operator).await;
    assert_eq!(stranger.read(&letter).await.refused(403), "outside_case");
    desk.post(&format!("{letter}/sending"), json!({"channel": "pec"})).await.ok();
    assert_eq!(desk.read("tasks").await.ok()["items"], json!([]), "done by that");
    let said = json!({"outcome": "corrected", "channel": "pec", "said_by": "Zzimpiegata"});
    desk.post(&format!("{letter}/answer"), said.clone()).await.ok();
    let held = officer.read(&format!("rights-requests/{request}/rectified-recipients")).await.ok();
    assert_eq!((held["items"].as_array().unwrap().len(), &held["items"][0]["answer"]), (1, &said));
    assert!(held["items"][0]["office"].is_string() && held["items"][0]["has_it_since"].is_string(), "{held}");
}
