//! Whoever rewrites its journal is found out by its partner; whoever only adds to it is not.

mod hidden;

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_node::access::AccessRole;
use staffetta_node::cli::audit::judged;
use staffetta_node::journal::{Actor, Entry, record_all};
use staffetta_node::store::schema::{journal, journal_checkpoint, journal_log, journal_tile};
use staffetta_node::store::{Id, Tx, scratch};
use staffetta_tests::{Member, on_each_database};

use crate::evidence::gathered;
use crate::stage::Stage;

/// Seals what waits, and signs it.
async fn seal(stage: &Stage, member: &Member) {
    stage.net.wait(TimeDelta::seconds(5));
    member.node.sealer().pump().await.unwrap();
}

/// What the centre knows of the job centre's journal: size, and what does not fit.
async fn known(stage: &Stage) -> (u64, Vec<String>) {
    let dpo = stage.centre.desk(AccessRole::Dpo).await;
    let list = dpo.read("neighbours/checkpoints").await.ok();
    let one = list["items"].as_array().unwrap().iter().find(|item| item["entity_id"] == stage.cpi.id().as_str());
    let Some(one) = one else { return (0, Vec::new()) };
    let kinds = one["alarms"].as_array().unwrap().iter().filter_map(|alarm| alarm["kind"].as_str());
    (one["size"].as_u64().unwrap(), kinds.map(str::to_owned).collect())
}

async fn compare(stage: &Stage) {
    stage.centre.node.links().compare_history(stage.cpi.id()).await.unwrap();
}

/// A referral has been receipted: the centre holds a checkpoint of the job centre, and has seen it grow.
async fn acquainted(stage: &Stage) -> u64 {
    seal(stage, &stage.cpi).await;
    stage.sent().await;
    stage.pump().await;
    let (size, alarms) = known(stage).await;
    assert!(size > 0 && alarms.is_empty(), "{size} {alarms:?}");
    size
}

/// As somebody would who has the database: everything is sealed again, and signed, under the same name.
async fn sealed_again(stage: &Stage, change: &'static str) {
    let store = stage.cpi.node.store();
    scratch::unguard_journal(store).await;
    store
        .write(move |tx| {
            diesel::update(journal::table).set(journal::position.eq(None::<i64>)).execute(tx.conn())?;
            let oldest: Vec<Id> = journal::table.order(journal::id).select(journal::id).load(tx.conn())?;
            match change {
                "changed" => {
                    let one = journal::table.find(oldest[0]);
                    diesel::update(one).set(journal::act.eq("nothing.happened")).execute(tx.conn())?;
                }
                _ => {
                    let last = journal::table.filter(journal::id.ne_all(oldest[..2].to_vec()));
                    diesel::delete(last).execute(tx.conn())?;
                }
            }
            diesel::delete(journal_tile::table).execute(tx.conn())?;
            diesel::delete(journal_checkpoint::table).execute(tx.conn())?;
            diesel::update(journal_log::table).set(journal_log::size.eq(0)).execute(tx.conn())?;
            Ok(())
        })
        .await
        .unwrap();
    seal(stage, &stage.cpi).await;
}

#[actix_web::test]
async fn a_journal_that_only_grew_passes() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let before = acquainted(&stage).await;
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        seal(&stage, &stage.cpi).await;
        compare(&stage).await;
        let (after, alarms) = known(&stage).await;
        assert!(after > before && alarms.is_empty(), "{before} {after} {alarms:?}");
        // The acceptance arrives, her contacts leave, and the receipt for them says more.
        stage.pump().await;
        seal(&stage, &stage.cpi).await;
        compare(&stage).await;
        let (last, alarms) = known(&stage).await;
        assert!(last > after && alarms.is_empty(), "{after} {last} {alarms:?}");
    })
    .await;
}

#[actix_web::test]
async fn a_journal_that_was_rewritten_is_found_out() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        acquainted(&stage).await;
        sealed_again(&stage, "changed").await;
        assert_eq!(known(&stage).await.1, Vec::<String>::new(), "nobody has looked yet");
        compare(&stage).await;
        compare(&stage).await;
        assert_eq!(known(&stage).await.1, ["rewritten"]);
        assert_eq!(stage.centre.journal("journal.neighbour-differs").await, ["rewritten"]);
        assert_eq!(
            stage.centre.tasks(AccessRole::Admin).await,
            ["history_rewritten rewritten"],
            "and somebody is told"
        );
    })
    .await;
}

#[actix_web::test]
async fn a_journal_that_was_cut_is_found_out() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let acts = |tx: &mut Tx<'_>| {
            let looks = (0..20).map(|n| Entry::new(Actor::System, "referral.listed").object(n));
            record_all(tx, looks.collect())
        };
        stage.cpi.node.store().write(acts).await.unwrap();
        acquainted(&stage).await;
        let (received, _) = stage.received().await.unwrap();
        // Longer than two clocks of one node may be apart.
        stage.net.wait(TimeDelta::minutes(11));
        sealed_again(&stage, "cut").await;
        compare(&stage).await;
        assert_eq!(known(&stage).await.1, ["truncated"]);
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, ["history_rewritten truncated"]);
        // It cannot show its shorter history to a judge either: the receipt that it gave says that there was more.
        let file = gathered(&stage.cpi, &received).await;
        let (lines, sound) = judged(&serde_json::to_vec(&file).unwrap(), &[]).unwrap();
        assert!(!sound && lines.iter().any(|line| line.contains("was cut")), "{lines:#?}");
    })
    .await;
}

#[actix_web::test]
async fn a_log_that_was_replaced_is_asked_about_still() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        acquainted(&stage).await;
        sealed_again(&stage, "changed").await;
        // As a node would that has something to hide: another log, as after a restore.
        stage.cpi.node.store().write(|tx| staffetta_node::journal::begin_new_log(tx, None)).await.unwrap();
        seal(&stage, &stage.cpi).await;
        stage.sent().await;
        stage.pump().await;
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, ["history_rewritten replaced"]);
        stage.net.wait(TimeDelta::seconds(5));
        compare(&stage).await;
        assert_eq!(stage.centre.journal("journal.neighbour-differs").await, ["rewritten", "replaced"]);
        assert_eq!(
            stage.centre.tasks(AccessRole::Admin).await,
            ["history_rewritten rewritten"],
            "what is worse than a restore does not wait behind it"
        );
    })
    .await;
}

#[actix_web::test]
async fn whoever_answers_everything_but_this_is_found_out_and_it_ends_when_it_answers() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        acquainted(&stage).await;
        for day in 1..=9 {
            stage.net.wait(TimeDelta::days(1));
            // Nobody is there when it is asked, and somebody is when something is to be had.
            stage.cpi.stop().await;
            compare(&stage).await;
            stage.centre.reconcile().await;
            stage.cpi.restart().await;
            assert_eq!(stage.centre.tasks(AccessRole::Admin).await.is_empty(), day < 8, "day {day}");
            seal(&stage, &stage.cpi).await;
            stage.sent().await;
            stage.net.wait(TimeDelta::minutes(30));
            stage.pump().await;
        }
        assert_eq!(known(&stage).await.1, ["withheld"]);
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, ["history_withheld withheld"]);
        compare(&stage).await;
        assert_eq!(known(&stage).await.1, Vec::<String>::new());
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, Vec::<String>::new());
        assert_eq!(stage.centre.journal("journal.neighbour-answers").await.len(), 1);
    })
    .await;
}
