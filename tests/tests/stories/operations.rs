//! Whoever runs a node asks how it is.

use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_protocol::trust::Role;
use staffetta_tests::{BOTH, Member, Person, on_each_database};

async fn ask(member: &Member, path: &str, forwarded: Option<&str>) -> (u16, String) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.get(format!("{}{path}", member.id()));
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn ready(member: &Member) -> (u16, Value) {
    let (status, body) = ask(member, "/health/ready", None).await;
    (status, serde_json::from_str(&body).unwrap())
}

/// The value of a metric with this beginning of its line.
fn value(metrics: &str, line: &str) -> Option<f64> {
    metrics.lines().find_map(|told| told.strip_prefix(line)?.trim().parse().ok())
}

#[actix_web::test]
async fn it_lives_is_ready_and_tells_its_numbers() {
    on_each_database(|federation| async move {
        let stranger = federation.stranger("Nessuno", Role::Cpi, "ipa:nessuno").await;
        let unconfirmed = json!({"status": "degraded", "reasons": ["clock_unconfirmed"]});
        assert_eq!(ready(&stranger).await, (200, unconfirmed));

        let (centre, cpi) = (federation.centre().await, federation.cpi().await);
        assert_eq!(ask(&centre, "/health/live", None).await, (200, json!({"status": "ok"}).to_string()));
        centre.node.peers().resolve(cpi.id()).await.unwrap();
        let desk = centre.desk(AccessRole::Operator).await;
        let person = Person::with_card(&desk, "Awa").await;
        person.agrees("ipa:cpi_po", BOTH).await;
        let referral = person.draft(&cpi).await;
        desk.post(&format!("{referral}/sending"), json!({"with_preview": true})).await.ok();
        let link = format!("{{peer=\"{}\"}}", cpi.id());
        let (status, waiting) = ask(&centre, "/metrics", None).await;
        assert_eq!(status, 200);
        assert_eq!(value(&waiting, &format!("staffetta_link_queue_length{link}")), Some(2.0), "{waiting}");
        assert!(waiting.ends_with("# EOF\n") && !waiting.contains("Awa"), "{waiting}");

        federation.pump(&[&centre, &cpi]).await;
        assert_eq!(ready(&centre).await, (200, json!({"status": "ok"})));
        let (_, sent) = ask(&centre, "/metrics", None).await;
        assert_eq!(value(&sent, &format!("staffetta_link_queue_length{link}")), Some(0.0), "{sent}");
        assert_eq!(value(&sent, "staffetta_delivery_seconds_count"), Some(2.0), "{sent}");
        assert!(value(&sent, &format!("staffetta_chain_days_left{link}")).is_some(), "{sent}");
        assert!(value(&sent, "staffetta_sealer_backlog").is_some_and(|backlog| backlog > 0.0), "{sent}");
        assert!(value(&sent, "staffetta_store_seconds_count{act=\"write\"}").is_some_and(|acts| acts > 0.0), "{sent}");

        assert_eq!(desk.read("people/nobody").await.status, 404);
        let (_, refused) = ask(&centre, "/metrics", None).await;
        let of_desk = "staffetta_refusals_total{plane=\"desk\",code=\"not_found\"}";
        assert!(value(&refused, of_desk).is_some_and(|count| count >= 1.0), "{refused}");
    })
    .await;
}

#[actix_web::test]
async fn a_node_without_its_database_says_so() {
    on_each_database(|federation| async move {
        let cpi = federation.cpi().await;
        cpi.node.store().close().await;
        assert_eq!(ready(&cpi).await.0, 503);
        let reasons = ready(&cpi).await.1["reasons"].clone();
        assert!(reasons.as_array().is_some_and(|reasons| reasons.contains(&json!("database"))), "{reasons}");
        assert_eq!(ask(&cpi, "/health/live", None).await.0, 200, "it lives, and need not be started anew");
    })
    .await;
}

#[actix_web::test]
async fn its_numbers_are_not_for_strangers() {
    on_each_database(|federation| async move {
        let cpi = federation.cpi().await;
        for forwarded in ["203.0.113.7", "127.0.0.1", "nonsense"] {
            assert_eq!(ask(&cpi, "/metrics", Some(forwarded)).await.0, 404, "{forwarded}");
        }
        let (status, body) = ask(&cpi, "/health/ready", Some("203.0.113.7")).await;
        assert_eq!(status, 200);
        assert!(!body.contains("localhost"), "{body}");
    })
    .await;
}
