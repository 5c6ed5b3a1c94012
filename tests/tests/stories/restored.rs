//! Nodes that were restored from an old backup, and long silences.

use chrono::TimeDelta;
use diesel::prelude::*;
use serde_json::json;
use staffetta_node::access::AccessRole;
use staffetta_node::store::schema::link_out;
use staffetta_node::store::{At, Tx};
use staffetta_protocol::trust::Role;
use staffetta_tests::{BOTH, Person, on_each_database};

use crate::stage::{Stage, stands};

impl Stage {
    /// Every node compares its links, as its worker does when that is due, and mends.
    async fn compared(&self) {
        for _ in 0..2 {
            self.centre.reconcile().await;
            self.cpi.reconcile().await;
            self.pump().await;
        }
    }

    async fn lengths(&self) -> (usize, usize) {
        let (ours, theirs) = (self.at_centre.read("referrals").await.ok(), self.at_cpi.read("referrals").await.ok());
        let length = |list: &serde_json::Value| list["items"].as_array().unwrap().len();
        (length(&ours), length(&theirs))
    }
}

const ADMIN: AccessRole = AccessRole::Admin;

#[actix_web::test]
async fn whoever_sent_and_was_restored_learns_what_it_forgot_and_nothing_happens_twice() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        stage.compared().await;
        assert_eq!(stage.centre.tasks(ADMIN).await, Vec::<String>::new(), "all fits");
        let backup = stage.centre.backup();
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");

        stage.centre.restore(backup).await;
        assert_eq!(stands(&stage.seen(&path).await).0, "received", "it forgot the answer and what it sent on it");
        stage.net.wait(TimeDelta::hours(2));
        stage.compared().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        assert_eq!(stage.centre.tasks(ADMIN).await, ["link_restored restored_here"]);
        assert_eq!(stage.cpi.tasks(ADMIN).await, ["link_restored peer_behind"]);
        let (_, shown) = stage.received().await.unwrap();
        assert_eq!(shown["card"]["groups"]["contact"]["phone"][0]["number"], "+393330001122");
        assert_eq!(stage.lengths().await, (1, 1));
        // And it goes on.
        stage.at_centre.post(&format!("{path}/card-updates"), json!({"groups": ["g.preview"]})).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "delivered");
        stage.net.wait(TimeDelta::hours(25));
        stage.compared().await;
        assert_eq!(stage.centre.tasks(ADMIN).await.len(), 1, "it fits again");
    })
    .await;
}

#[actix_web::test]
async fn whoever_received_and_was_restored_gets_it_again() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let path = stage.sent().await;
        let backup = stage.cpi.backup();
        stage.pump().await;
        stage.compared().await;
        stage.cpi.restore(backup).await;
        assert!(stage.received().await.is_none());
        stage.net.wait(TimeDelta::hours(25));
        stage.compared().await;
        assert_eq!(stage.centre.tasks(ADMIN).await, ["link_restored peer_behind"]);
        let (received, _) = stage.received().await.expect("it is there again");
        assert_eq!(stands(&stage.seen(&path).await), ("received", "delivered", ""));
        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        assert_eq!(stage.lengths().await, (1, 1));
    })
    .await;
}

#[actix_web::test]
async fn without_any_question_the_next_message_finds_it_out() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let backup = stage.centre.backup();
        stage.sent().await;
        stage.pump().await;
        assert!(stage.received().await.is_some());
        stage.centre.restore(backup).await;
        // Another message takes the number that the first one had.
        let second = stage.sent().await;
        for _ in 0..3 {
            stage.net.wait(TimeDelta::minutes(16));
            stage.pump().await;
        }
        assert_eq!(stands(&stage.seen(&second).await), ("received", "delivered", ""));
        assert_eq!(stage.lengths().await, (1, 2), "the first one is known to the other side only");
        assert_eq!(stage.centre.tasks(ADMIN).await, ["link_restored restored_here"], "and a person hears of it");
    })
    .await;
}

#[actix_web::test]
async fn both_restored_to_different_days_end_with_one_of_everything() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let first = stage.sent().await;
        stage.pump().await;
        let of_cpi = stage.cpi.backup();
        let second = stage.sent().await;
        stage.pump().await;
        let of_centre = stage.centre.backup();
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        stage.pump().await;

        stage.centre.restore(of_centre).await;
        stage.cpi.restore(of_cpi).await;
        stage.net.wait(TimeDelta::hours(25));
        stage.compared().await;
        stage.net.wait(TimeDelta::minutes(16));
        stage.compared().await;
        for path in [&first, &second] {
            assert_eq!(stands(&stage.seen(path).await), ("received", "delivered", ""));
        }
        assert_eq!(stage.lengths().await, (2, 2));
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        stage.pump().await;
        stage.net.wait(TimeDelta::minutes(16));
        stage.pump().await;
        let ended = [stands(&stage.seen(&first).await).0.to_owned(), stands(&stage.seen(&second).await).0.to_owned()];
        assert!(ended.contains(&"accepted".to_owned()), "{ended:?}");
    })
    .await;
}

#[actix_web::test]
async fn after_three_weeks_everything_arrives_within_a_minute_of_the_return() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        stage.compared().await;
        stage.cpi.stop().await;
        for _ in 0..3 {
            stage.at_centre.post(&format!("{path}/card-updates"), json!({"groups": ["g.preview"]})).await.ok();
        }
        stage.at_centre.post(&format!("{path}/withdrawal"), json!({"by": "sender"})).await.ok();
        for _ in 0..21 * 2 {
            stage.net.wait(TimeDelta::hours(12));
            let pause = stage.centre.waits().await.expect("the link falls due again");
            assert!(pause <= TimeDelta::minutes(15), "{pause}");
        }
        assert_eq!(stands(&stage.seen(&path).await), ("withdrawn", "queued", ""), "unreachable is never refused");
        stage.cpi.restart().await;
        // Nobody knocks: the one that was away asks, and is believed to be there.
        stage.net.wait(TimeDelta::seconds(20));
        stage.cpi.reconcile().await;
        for _ in 0..8 {
            stage.net.wait(TimeDelta::seconds(5));
            stage.cpi.reconcile().await;
            stage.pump().await;
        }
        assert_eq!(stands(&stage.seen(&path).await), ("withdrawn", "delivered", ""));
        assert_eq!(stage.lengths().await, (1, 1));
    })
    .await;
}

#[actix_web::test]
async fn after_its_own_line_was_cut_whoever_is_reached_first_wakes_all() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let mut body = stage.net.member("Ente Zzforma", Role::TrainingBody, "vat:01114601006").await;
        stage.centre.node.peers().resolve(body.id()).await.unwrap();
        let at_body = body.desk(AccessRole::Operator).await;
        stage.cpi.stop().await;
        body.stop().await;
        let path = stage.sent().await;
        let other = Person::with_card(&stage.at_centre, "Zubeida").await;
        other.agrees("vat:01114601006", BOTH).await;
        let draft = other.draft(&body).await;
        stage.at_centre.post(&format!("{draft}/sending"), json!({})).await.ok();
        for _ in 0..21 * 2 {
            stage.centre.pump().await;
            stage.net.wait(TimeDelta::hours(12));
        }
        stage.centre.pump().await;
        // Both were there all the time: neither starts anew, and neither asks.
        stage.cpi.restart().await;
        body.restart().await;
        stage.net.wait(TimeDelta::minutes(1));
        let (now, cpi) = (At::from(stage.net.clock.now()), stage.cpi.id().to_string());
        let falls_due = move |tx: &mut Tx<'_>| {
            diesel::update(link_out::table.find(cpi)).set(link_out::next_attempt_at.eq(now)).execute(tx.conn())?;
            Ok(())
        };
        stage.centre.node.store().write(falls_due).await.unwrap();
        stage.centre.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "delivered");
        let list = at_body.read("referrals").await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 1, "though its link was to rest for a quarter of an hour");
    })
    .await;
}

#[actix_web::test]
async fn so_does_a_first_message_to_whoever_has_exchanged_nothing_yet() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        stage.cpi.stop().await;
        let path = stage.sent().await;
        for _ in 0..21 * 2 {
            stage.pump().await;
            stage.net.wait(TimeDelta::hours(12));
        }
        assert_eq!(stands(&stage.seen(&path).await).1, "queued");
        // Just tried: by itself it would be tried again a quarter of an hour later.
        stage.pump().await;
        stage.cpi.restart().await;
        stage.net.wait(TimeDelta::seconds(20));
        stage.cpi.reconcile().await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "delivered");
        assert_eq!(stage.lengths().await, (1, 1));
    })
    .await;
}

#[actix_web::test]
async fn what_runs_out_is_somebodys_task_with_another_way_to_the_partner() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let third = stage.net.member("CPI Pistoia", Role::Cpi, "ipa:cpi_pt").await;
        stage.cpi.stop().await;
        let path = stage.sent().await;
        stage.pump().await;
        stage.net.wait(TimeDelta::days(31));
        // Some other member's answer confirms the clock: nothing runs out before that.
        stage.centre.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "queued");
        let peers = stage.centre.node.peers();
        let known = peers.resolve(third.id()).await.unwrap();
        peers.call(&known, reqwest::Method::GET, "/exchange/link", None).await.unwrap();
        stage.centre.pump().await;
        // It had a number: whether it arrived, only a receipt can say. But nobody waits for that.
        assert_eq!(stands(&stage.seen(&path).await).1, "queued");
        let open = stage.at_centre.read("tasks").await.ok();
        let task = &open["items"][0];
        assert_eq!((&task["kind"], &task["code"]), (&json!("message_expired"), &json!("referral.sent.v1")));
        assert_eq!(task["organisation_name"], "CPI Prato");
        assert_eq!(task["channels"][0], json!({"by": "contact", "address": "ufficio@partner.example"}));
        let colleague = stage.centre.desk(AccessRole::Operator).await;
        assert_eq!(colleague.read("tasks").await.ok()["items"], json!([]), "it is of her case's team");
        stage.at_centre.post(&format!("tasks/{}/done", task["id"].as_str().unwrap()), json!(null)).await.ok();
        assert_eq!(stage.at_centre.read("tasks").await.ok()["items"], json!([]));
    })
    .await;
}

#[actix_web::test]
async fn two_processes_on_one_database_send_everything_once() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let mut paths = Vec::new();
        for _ in 0..4 {
            paths.push(stage.sent().await);
        }
        let other = stage.centre.beside();
        let (one, two) = (stage.centre.node.links(), other.links());
        let ran = tokio::join!(one.pump(), two.pump(), one.pump(), two.pump());
        assert!(ran.0.is_ok() && ran.1.is_ok() && ran.2.is_ok() && ran.3.is_ok());
        let compared = tokio::join!(one.reconcile(), two.reconcile(), one.reconcile());
        assert!(compared.0.is_ok() && compared.1.is_ok() && compared.2.is_ok());
        stage.pump().await;
        for path in &paths {
            assert_eq!(stands(&stage.seen(path).await), ("received", "delivered", ""));
        }
        assert_eq!(stage.lengths().await, (4, 4));
        assert_eq!(stage.centre.tasks(ADMIN).await, Vec::<String>::new());
        other.close().await;
    })
    .await;
}
