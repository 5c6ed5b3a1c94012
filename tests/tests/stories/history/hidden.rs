//! A node that nobody can call proves its history by itself, and is found out as any other.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_tests::{Federation, on_each_database};

use super::{acquainted, known, seal, sealed_again};
use crate::stage::Stage;

/// A centre, and a job centre with a mailbox whose checkpoint it keeps.
async fn set(net: Federation) -> Stage {
    let stage = Stage::walled(net).await;
    acquainted(&stage).await;
    stage
}

/// A day goes by, and the job centre compares its links.
async fn next_day(stage: &Stage) {
    stage.net.wait(TimeDelta::hours(25));
    stage.cpi.node.peers().deposit_configuration().await.unwrap();
    stage.cpi.reconcile().await;
}

/// What the job centre is asked to prove.
async fn asked(stage: &Stage) -> Vec<Value> {
    let peers = stage.cpi.node.peers();
    let centre = peers.resolve(stage.centre.id()).await.unwrap();
    let answer = peers.call(&centre, Method::GET, "/exchange/link", None).await.unwrap();
    let link: Value = serde_json::from_slice(&answer.body).unwrap();
    link["history"].as_array().cloned().unwrap_or_default()
}

/// What the centre answers to what the job centre says.
async fn said(stage: &Stage, items: Value) -> (u16, Value) {
    let peers = stage.cpi.node.peers();
    let centre = peers.resolve(stage.centre.id()).await.unwrap();
    let body = serde_json::to_vec(&json!({"items": items})).unwrap();
    let answer = peers.call(&centre, Method::POST, "/exchange/checkpoints", Some(body.into())).await.unwrap();
    (answer.status, serde_json::from_slice(&answer.body).unwrap())
}

/// When the centre last saw it proven.
async fn proven(stage: &Stage) -> Value {
    let list = stage.centre.desk(AccessRole::Dpo).await.read("neighbours/checkpoints").await.ok();
    list["items"][0]["proven_at"].clone()
}

#[actix_web::test]
async fn it_proves_by_itself_that_its_journal_only_grew() {
    on_each_database(|net| async move {
        let mut stage = set(net).await;
        let before = known(&stage).await.0;
        assert_eq!(asked(&stage).await.len(), 1);
        stage.cpi.reconcile().await;
        let first = proven(&stage).await;
        assert!(first.is_string(), "at its start: {first}");
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        seal(&stage, &stage.cpi).await;
        next_day(&stage).await;
        let (after, alarms) = known(&stage).await;
        assert!(after > before && alarms.is_empty(), "{before} {after} {alarms:?}");
        assert_ne!(proven(&stage).await, first, "and daily");
        stage.cpi.restart().await;
        stage.net.wait(TimeDelta::minutes(5));
        let second = proven(&stage).await;
        stage.cpi.reconcile().await;
        assert_ne!(proven(&stage).await, second, "and when it starts again");
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, Vec::<String>::new());
    })
    .await;
}

#[actix_web::test]
async fn if_it_cuts_its_journal_and_lets_it_grow_again_it_is_found_out() {
    on_each_database(|net| async move {
        let stage = set(net).await;
        sealed_again(&stage, "cut").await;
        next_day(&stage).await;
        assert_eq!(known(&stage).await.1, ["truncated"], "it says so itself");
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, ["history_rewritten truncated"]);
        assert_eq!(asked(&stage).await.len(), 0, "and is not asked again");
    })
    .await;
    on_each_database(|net| async move {
        let stage = set(net).await;
        let before = known(&stage).await.0;
        sealed_again(&stage, "cut").await;
        while stage.cpi.node.store().read(staffetta_node::journal::logs).await.unwrap()[0].size() <= before {
            stage.cpi.desk(AccessRole::Operator).await;
            seal(&stage, &stage.cpi).await;
        }
        next_day(&stage).await;
        assert_eq!(known(&stage).await.1, ["rewritten"]);
        next_day(&stage).await;
        assert_eq!(stage.centre.journal("journal.neighbour-differs").await, ["rewritten"]);
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, ["history_rewritten rewritten"]);
    })
    .await;
}

#[actix_web::test]
async fn if_it_keeps_silent_it_is_found_out_and_it_ends_when_it_speaks() {
    on_each_database(|net| async move {
        let stage = set(net).await;
        for day in 1..=9 {
            stage.net.wait(TimeDelta::days(1));
            stage.cpi.node.peers().deposit_configuration().await.unwrap();
            stage.centre.reconcile().await;
            assert_eq!(stage.centre.tasks(AccessRole::Admin).await.is_empty(), day < 8, "day {day}");
            // It fetches what there is, and gives receipts.
            stage.sent().await;
            seal(&stage, &stage.cpi).await;
            stage.pump().await;
        }
        assert_eq!(known(&stage).await.1, ["withheld"]);
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, ["history_withheld withheld"]);
        stage.cpi.reconcile().await;
        assert_eq!(known(&stage).await.1, Vec::<String>::new());
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, Vec::<String>::new());
    })
    .await;
}

#[actix_web::test]
async fn only_what_is_under_its_own_signature_settles_anything() {
    on_each_database(|net| async move {
        let stage = set(net).await;
        seal(&stage, &stage.centre).await;
        let one = asked(&stage).await.remove(0);
        // The centre's own checkpoint; one that nobody signed.
        let foreign =
            stage.centre.node.store().read(staffetta_node::journal::newest_checkpoint).await.unwrap().unwrap();
        for checkpoint in [foreign.as_str(), "e30.e30.AAAA"] {
            let consistency = json!({"checkpoint": checkpoint, "from": one["size"], "to": 900, "proof": []});
            let item = json!({"log": one["log"], "size": one["size"], "consistency": consistency});
            let (status, problem) = said(&stage, json!([item])).await;
            assert_eq!((status, problem["code"].as_str()), (422, Some("invalid_input")), "{problem}");
        }
        assert_eq!(said(&stage, json!([{"log": one["log"]}])).await.0, 422);
        let many: Vec<Value> = (0..17).map(|size| json!({"log": one["log"], "size": size})).collect();
        assert_eq!(said(&stage, json!(many)).await.0, 413);
        // Of what is not kept nothing is learnt.
        let strange = json!([{"log": "0190f0b2-7a44-7c55-8a1e-2b6f1c9d0e11", "size": 3}]);
        assert_eq!(said(&stage, strange).await, (200, json!({"history": [one]})));
        assert_eq!(known(&stage).await.1, Vec::<String>::new());
        assert_eq!(asked(&stage).await, [one], "nothing was settled by any of it");
    })
    .await;
}
