//! Peers that are off, programs that stop, answers that are lost.

use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use staffetta_node::outbox::{self, Bounds};
use staffetta_tests::on_each_database;

use crate::stage::{Stage, stands};

#[actix_web::test]
async fn a_peer_that_is_off_for_three_days_gets_everything_in_order() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        stage.cpi.stop().await;
        stage.at_centre.post(&format!("{path}/card-updates"), json!({"groups": ["g.preview"]})).await.ok();
        stage.at_centre.post(&format!("{path}/withdrawal"), json!({"by": "sender"})).await.ok();
        // Knocks on a closed door for three days: never refused, never more than a quarter of an hour apart.
        let mut knocks = 0;
        let end = stage.net.clock.now() + TimeDelta::days(3);
        while stage.net.clock.now() < end {
            let pause = stage.centre.waits().await.expect("the link falls due again");
            assert!(pause <= TimeDelta::minutes(15), "{pause}");
            stage.net.wait(pause.max(TimeDelta::seconds(1)));
            knocks += 1;
            if knocks > 40 {
                stage.net.wait(TimeDelta::hours(12));
            }
        }
        let shown = stage.seen(&path).await;
        assert_eq!(stands(&shown), ("withdrawn", "queued", ""), "unreachable is never refused");
        stage.cpi.restart().await;
        stage.net.wait(TimeDelta::minutes(16));
        stage.pump().await;
        let shown = stage.at_cpi.read(&received).await.ok();
        assert_eq!(shown["summary"]["state"], "withdrawn");
        assert_eq!(stands(&stage.seen(&path).await), ("withdrawn", "delivered", ""));
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_told_to_stop_begins_nothing_more_however_much_waits() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.centre.pump_at_the_end().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "queued");
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "delivered");
    })
    .await;
}

#[actix_web::test]
async fn a_stop_between_commit_and_send_loses_nothing_and_a_lost_answer_doubles_nothing() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let path = stage.sent().await;
        // The program ends before anything was sent; the next one opens the database and finds the message.
        stage.centre.restart().await;
        // It sends, the job centre takes the batch and commits, and the answer is lost: nobody settles the lease.
        let (vault, to) = (stage.centre.node.vault().clone(), stage.cpi.id().clone());
        let bounds =
            Bounds { items: 200, bytes: 1 << 20, lease: TimeDelta::minutes(2), only_recall: false, time_holds: true };
        let leased = stage
            .centre
            .node
            .store()
            .write(move |tx| outbox::lease(tx, &vault, &to, bounds, outbox::Turn::First))
            .await
            .unwrap();
        let body = serde_json::to_vec(&leased.0.expect("a batch").batch).unwrap();
        let peers = stage.centre.node.peers();
        let peer = peers.resolve(stage.cpi.id()).await.unwrap();
        let answer = peers.call(&peer, Method::POST, "/exchange/messages", Some(Bytes::from(body))).await.unwrap();
        assert_eq!(answer.status, 200);
        assert_eq!(stands(&stage.seen(&path).await), ("sent", "queued", ""));
        let (received, _) = stage.received().await.expect("the job centre has it");
        stage.cpi.restart().await;
        stage.centre.restart().await;
        stage.net.wait(TimeDelta::minutes(3));
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await), ("received", "delivered", ""));
        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        let list = stage.at_cpi.read("referrals").await.ok();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn what_is_not_delivered_in_thirty_days_expires_and_may_be_sent_anew() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        stage.cpi.stop().await;
        let path = stage.sent().await;
        stage.pump().await;
        stage.net.wait(TimeDelta::days(4));
        let undelivered = stage.seen(&path).await;
        assert_eq!(undelivered["summary"]["transport"]["undelivered"], true, "after 72 h somebody should call");
        stage.net.wait(TimeDelta::days(26));
        stage.cpi.restart().await;
        stage.net.wait(TimeDelta::minutes(16));
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "queued", "nobody has confirmed yet that a month has gone by");
        stage.centre.reconcile().await;
        stage.pump().await;
        let shown = stage.seen(&path).await;
        assert_eq!(stands(&shown), ("draft", "expired", "expired"));
        assert!(stage.received().await.is_none());
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "received");
    })
    .await;
}
