//! A yes that is taken back: while its message waits, after it left, and while an answer is on its way.

use serde_json::json;
use staffetta_protocol::link::LinkState;
use staffetta_tests::on_each_database;

use crate::stage::{Stage, stands};

#[actix_web::test]
async fn taken_back_while_the_message_waits_nothing_leaves() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, records) = stage.agreed().await;
        let path = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        for record in &records {
            person.withdraws(record).await;
        }
        let shown = stage.seen(&path).await;
        assert_eq!(stands(&shown).1, "struck");
        stage.pump().await;
        assert!(stage.received().await.is_none());
        let again = stage.at_centre.post(&format!("{path}/sending"), json!({})).await;
        assert!(matches!(again.status, 403 | 409), "{}", again.body);
    })
    .await;
}

#[actix_web::test]
async fn taken_back_after_the_message_got_a_number_it_is_void_or_recalled() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let (person, records) = stage.agreed().await;
        let path = person.draft(&stage.cpi).await;
        // It gets its number and does not arrive: the job centre is off.
        stage.cpi.stop().await;
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;
        person.withdraws(&records[1]).await;
        stage.cpi.restart().await;
        stage.net.wait(chrono::TimeDelta::minutes(16));
        stage.pump().await;
        assert!(stage.received().await.is_none(), "the number came as a void");
        assert_eq!(stands(&stage.seen(&path).await).1, "struck");
        // Both sides know: the record is dead, and the numbers go on without a gap.
        let peers = stage.centre.node.peers();
        let peer = peers.resolve(stage.cpi.id()).await.unwrap();
        let link: LinkState =
            peers.call(&peer, reqwest::Method::GET, "/exchange/link", None).await.unwrap().json().unwrap();
        assert_eq!(link.inbound.through_seq, 2, "the void, then the withdrawal");
    })
    .await;
}

#[actix_web::test]
async fn taken_back_after_delivery_the_other_side_erases_and_answers_nothing_more() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, records) = stage.agreed().await;
        let path = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;
        let (received, shown) = stage.received().await.unwrap();
        assert!(shown.to_string().contains("Mariam"));
        person.withdraws(&records[1]).await;
        stage.pump().await;
        let shown = stage.at_cpi.read(&received).await.ok();
        assert_eq!(shown["summary"]["state"], "withdrawn");
        assert!(!shown.to_string().contains("Mariam"), "what rested on the yes is gone");
        let late = stage.at_cpi.post(&format!("{received}/refusal"), json!({"reason": "no_capacity"})).await;
        assert_eq!(late.refused(409), "illegal_transition");
        assert_eq!(stands(&stage.seen(&path).await).0, "withdrawn");
    })
    .await;
}

#[actix_web::test]
async fn a_decision_that_crosses_a_withdrawal_changes_nothing_on_either_side() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        // Both act before either has heard of the other.
        stage.accept(&received).await;
        stage.at_centre.post(&format!("{path}/withdrawal"), json!({"by": "sender"})).await.ok();
        stage.cpi.pump().await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "withdrawn");
        let shown = stage.at_cpi.read(&received).await.ok();
        assert_eq!(shown["summary"]["state"], "withdrawn");
        assert_eq!(shown["summary"]["transport"]["code"], "superseded", "told to who decided: {shown}");
        assert!(shown["card"]["groups"].get("contact").is_none(), "nothing was released");
    })
    .await;
}
