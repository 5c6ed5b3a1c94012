//! Ways round: what somebody with a part of her own in the house tried, to see or undo what is not hers.

use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_tests::{Desk, Person, on_each_database};

use crate::seen::own_id;
use crate::stage::{CPI, Stage};

async fn set_team(by: &Desk, case: &str, team: Value) -> Outcome {
    let path = format!("cases/{case}/team");
    let version = by.read(&path).await.etag;
    let answer = by.send(Method::PUT, &path, Some(team), version.as_deref()).await;
    (answer.status, answer.body["code"].as_str().unwrap_or_default().to_owned())
}

type Outcome = (u16, String);

fn refused(status: u16, code: &str) -> Outcome {
    (status, code.to_owned())
}

#[actix_web::test]
async fn nobody_gives_herself_more_than_she_has() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let lead = &stage.at_centre;
        let person = Person::with_card(lead, "Mariam").await;
        let deputy = stage.centre.desk(AccessRole::Operator).await;
        let supervisor = stage.centre.desk(AccessRole::Supervisor).await;
        let (me, her, boss) = (own_id(lead).await, own_id(&deputy).await, own_id(&supervisor).await);
        let member = |staff: uuid::Uuid, functions: &[&str]| json!({"staff": staff, "functions": functions});
        let both =
            |mine: &[&str], hers: &[&str]| json!({"deputy": her, "members": [member(me, mine), member(her, hers)]});
        let ok = set_team(lead, &person.id, both(&["case_operator"], &["mediator"])).await;
        assert_eq!(ok, (200, String::new()));

        let counsels = both(&["case_operator", "psychologist"], &["mediator"]);
        assert_eq!(set_team(lead, &person.id, counsels).await, refused(403, "not_entitled"), "a lead");
        let widened = both(&["case_operator"], &["mediator", "case_operator"]);
        assert_eq!(set_team(&deputy, &person.id, widened).await, refused(403, "not_entitled"), "a deputy");
        let mut joined = both(&["case_operator"], &["mediator"]);
        joined["members"].as_array_mut().unwrap().push(member(boss, &["psychologist"]));
        assert_eq!(set_team(&supervisor, &person.id, joined).await, refused(403, "not_entitled"), "a supervisor");
        let colleague = both(&["case_operator"], &["mediator", "psychologist"]);
        assert_eq!(set_team(lead, &person.id, colleague).await, (200, String::new()), "somebody else may be given it");

        let over = json!({"to": her, "note": "A me."});
        let path = format!("cases/{}/handovers", person.id);
        assert_eq!(deputy.post(&path, over).await.refused(403), "not_entitled");
        let over = json!({"to": boss, "note": "A me."});
        assert_eq!(supervisor.post(&path, over).await.refused(403), "not_entitled");
        lead.post(&path, json!({"to": her, "note": "Da oggi tu."})).await.ok();
    })
    .await;
}

#[actix_web::test]
async fn a_trainee_signs_nothing_of_her_own() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let lead = &stage.at_centre;
        let person = Person::with_card(lead, "Mariam").await;
        let learns = stage.centre.desk(AccessRole::Operator).await;
        let (me, her) = (own_id(lead).await, own_id(&learns).await);
        let team = json!({"members": [
            {"staff": me, "functions": ["case_operator"]},
            {"staff": her, "functions": ["trainee"], "supervisor": me}
        ]});
        assert_eq!(set_team(lead, &person.id, team).await.0, 200);
        let work = format!("people/{}/card/sections/work", person.id);
        let held = learns.read(&work).await;
        let edit = json!({"fields": held.body["fields"].clone(), "draft": true});
        learns.put(&work, held.etag.as_deref(), edit).await.ok();
        let waits = lead.read("countersignatures").await.ok()["items"][0]["id"].as_str().unwrap().to_owned();
        let over = json!({"to": her, "note": "Da oggi tu.", "stays": true});
        let path = format!("cases/{}/handovers", person.id);
        assert_eq!(lead.post(&path, over.clone()).await.refused(409), "conflict");
        let signature = format!("countersignatures/{waits}/signature");
        let own = learns.post(&signature, json!({"outcome": "approved"})).await;
        assert_eq!(own.refused(404), "not_found");
        lead.post(&signature, json!({"outcome": "approved"})).await.ok();
        lead.post(&path, over).await.ok();
    })
    .await;
}

#[actix_web::test]
async fn whom_a_trainee_takes_up_her_supervisor_leads_and_countersigns() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (guides, learns) = (&stage.at_centre, stage.centre.desk(AccessRole::Operator).await);
        let admin = stage.centre.desk(AccessRole::Admin).await;
        let (boss, her) = (own_id(guides).await, own_id(&learns).await);
        let mark = format!("staff/{her}/traineeship");
        let own = admin.post(&mark, json!({"trainee_of": her})).await;
        assert_eq!(own.refused(422), "invalid_input", "nobody learns under herself");
        admin.post(&mark, json!({"trainee_of": boss})).await.ok();
        assert_eq!(admin.post(&mark, json!({"trainee_of": boss})).await.refused(409), "conflict", "she learns already");
        assert_eq!(learns.post(&mark, json!({"trainee_of": boss})).await.refused(403), "not_entitled");
        let marked = stage.centre.journal("staff.trainee-set").await;
        assert_eq!(marked.len(), 1);

        let person = learns.post("people", json!({"label": "Mariam"})).await.ok()["id"].as_str().unwrap().to_owned();
        let case = guides.read(&format!("cases/{person}/team")).await.ok();
        assert_eq!(case["case"]["lead"], json!(boss));
        let functions = |of: uuid::Uuid| {
            let mut members = case["members"].as_array().unwrap().iter();
            members.find(|it| it["staff"] == json!(of)).unwrap()["functions"].clone()
        };
        assert_eq!((functions(boss), functions(her)), (json!(["case_operator"]), json!(["trainee"])));
        let waits = guides.read("countersignatures").await.ok()["items"][0].clone();
        assert_eq!((&waits["case"], &waits["act"]), (&json!(person), &json!("people.write")));
        let signature = format!("countersignatures/{}/signature", waits["id"].as_str().unwrap());
        guides.post(&signature, json!({"outcome": "approved"})).await.ok();

        admin.send(Method::DELETE, &mark, None, None).await.ok();
        let next = learns.post("people", json!({"label": "Binta"})).await.ok()["id"].as_str().unwrap().to_owned();
        let case = learns.read(&format!("cases/{next}/team")).await.ok();
        assert_eq!(case["case"]["lead"], json!(her), "she learns no more");
    })
    .await;
}

#[actix_web::test]
async fn glass_is_broken_for_a_reason_and_not_all_day() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let person = Person::with_card(&stage.at_centre, "Mariam").await;
        let other = stage.centre.desk(AccessRole::Operator).await;
        let path = format!("cases/{}/broken-glass", person.id);
        assert_eq!(other.post(&path, json!({"reason": "."})).await.refused(422), "invalid_input");
        let why = json!({"reason": "La persona è allo sportello e la collega è assente."});
        let glass = other.post(&path, why.clone()).await.ok();
        stage.net.wait(chrono::TimeDelta::hours(2));
        assert_eq!(other.post(&path, why.clone()).await.refused(409), "conflict");
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        let review = format!("broken-glass/{}/review", glass["id"].as_str().unwrap());
        officer.post(&review, json!({"person_told": true})).await.ok();
        other.post(&path, why).await.ok();
    })
    .await;
}

#[actix_web::test]
async fn a_merge_neither_saves_nor_spreads_an_erasure() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let desk = &stage.at_centre;
        let (stays, _) = stage.agreed().await;
        let goes = Person::with_card(desk, "Xanthia").await;
        goes.agrees(CPI, &[("P1", &["g.preview"])]).await;
        let asks = json!({"kind": "erasure", "channel": "in_person", "said_by": "person", "details": "Tutto via."});
        let asked = desk.post(&format!("people/{}/rights-requests", goes.id), asks).await;
        let (version, id) = (asked.etag.clone(), asked.ok()["id"].as_str().unwrap().to_owned());
        let officer = stage.centre.desk(AccessRole::Dpo).await;
        let granted = json!({"outcome": "granted"});
        let path = format!("rights-requests/{id}");
        officer.send(Method::POST, &format!("{path}/answer"), Some(granted), version.as_deref()).await.ok();

        let supervisor = stage.centre.desk(AccessRole::Supervisor).await;
        for after in ["restricted", "not_found"] {
            for (one, other) in [(&stays.id, &goes.id), (&goes.id, &stays.id)] {
                let into = json!({"other": other, "current_card": "own", "reason": "Prova"});
                let merged = supervisor.post(&format!("people/{one}/merges"), into).await;
                assert_eq!(merged.body["code"], after, "{}", merged.body);
            }
            if after == "restricted" {
                officer.post(&format!("{path}/erasure"), json!({"reason": "confirmed_otherwise"})).await.ok();
            }
        }
        desk.read(&format!("people/{}/card", stays.id)).await.ok();
        let glass = stage.centre.desk(AccessRole::Operator).await;
        let why = json!({"reason": "La persona è allo sportello e la collega è assente."});
        assert_eq!(glass.post(&format!("cases/{}/broken-glass", goes.id), why).await.refused(404), "not_found");
        for write in ["rights-requests", "consent-requests", "card"] {
            let answer = desk.post(&format!("people/{}/{write}", goes.id), json!({})).await;
            assert!((400..500).contains(&answer.status), "{write}: {}", answer.body);
        }
    })
    .await;
}

#[actix_web::test]
async fn an_answer_is_not_given_again_to_who_has_left_the_case() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let lead = &stage.at_centre;
        let person = Person::with_card(lead, "Mariam").await;
        let helper = stage.centre.desk(AccessRole::Operator).await;
        let (me, her) = (own_id(lead).await, own_id(&helper).await);
        let alone = json!({"members": [{"staff": me, "functions": ["case_operator"]}]});
        let mut two = alone.clone();
        two["members"].as_array_mut().unwrap().push(json!({"staff": her, "functions": ["case_operator"]}));
        assert_eq!(set_team(lead, &person.id, two).await.0, 200);
        let documents = format!("people/{}/documents", person.id);
        let paper = json!({"type": "permit", "held_by": "person", "label": "Zzpermesso"});
        let once = helper.post_once(&documents, "guest-key-0004", paper.clone()).await;
        let again = helper.post_once(&documents, "guest-key-0004", paper.clone()).await;
        assert_eq!(again.ok()["id"], once.ok()["id"]);
        assert_eq!(set_team(lead, &person.id, alone).await.0, 200);
        let late = helper.post_once(&documents, "guest-key-0004", paper).await;
        assert_eq!(late.refused(409), "already_done");
        assert!(!late.body.to_string().contains("Zz"), "{}", late.body);
        let search = json!({"query": "Mariam"});
        let found = helper.post_once("people/searches", "guest-key-0005", search.clone()).await.ok();
        assert_eq!(found["items"], json!([]));
    })
    .await;
}

#[actix_web::test]
async fn nobody_writes_into_a_case_of_others_by_naming_it() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        let bea = stage.cpi.desk(AccessRole::Operator).await;
        let hers = bea.post("people", json!({"label": "Zzbinta"})).await.ok()["id"].clone();
        let same = json!({"choice": "same", "person": hers});
        let chosen = stage.at_cpi.post(&format!("{received}/known-person"), same.clone()).await;
        assert_eq!(chosen.refused(403), "outside_case");
        bea.post(&format!("{received}/known-person"), same).await.ok();

        let own = stage.at_cpi.post("people", json!({"label": "Awa"})).await.ok()["id"].clone();
        let path = format!("people/{}/distinctions/{}", own.as_str().unwrap(), hers.as_str().unwrap());
        let apart = stage.at_cpi.send(Method::PUT, &path, None, None).await;
        assert_eq!(apart.refused(404), "not_found");
        let merged = json!({"label": "Zzbinta", "identity": {"given_names": "Zzbinta"}});
        let looked = stage.at_cpi.post("people/duplicates/lookups", merged).await.ok();
        for found in looked["items"].as_array().unwrap() {
            assert!(found.get("points").is_none() && found["reasons"] == json!([]), "{found}");
        }
    })
    .await;
}
