//! Members come, are limited, and go; keys change while messages are on their way.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::json;
use staffetta_node::journal::Actor;
use staffetta_node::keys::{CONFIGURATION_CACHE, Kind};
use staffetta_protocol::trust::{MemberState, Role};
use staffetta_tests::on_each_database;

use crate::stage::{Stage, stands};

#[actix_web::test]
async fn two_members_come_to_trust_each_other_and_a_stranger_is_nobody() {
    on_each_database(|net| async move {
        let (centre, cpi) = (net.centre().await, net.cpi().await);
        let peer = centre.node.peers().resolve(cpi.id()).await.expect("a member with a live chain");
        assert_eq!(peer.state(net.clock.now()), MemberState::Active);
        assert_eq!(peer.organisation_name(), "CPI Prato");
        let answer = centre.node.peers().call(&peer, Method::GET, "/exchange/link", None).await.unwrap();
        assert_eq!(answer.status, 200);

        let stranger = net.stranger("Uno sconosciuto", Role::Cpi, "ipa:cpi_xx").await;
        assert!(centre.node.peers().resolve(stranger.id()).await.is_err());
        let bare = reqwest::Client::builder().no_proxy().build().unwrap();
        let answer = bare.get(format!("{}/exchange/link", centre.id().resource())).send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert!(answer.headers().contains_key("www-authenticate") && answer.headers().contains_key("date"));
    })
    .await;
}

#[actix_web::test]
async fn a_suspended_members_new_messages_wait_and_its_withdrawals_pass() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, records) = stage.agreed().await;
        let first = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{first}/sending"), json!({})).await.ok();
        stage.pump().await;
        let authority = stage.net.authority.node.authority().unwrap();
        authority.suspend(Actor::System, stage.centre.id().clone()).await.unwrap();
        stage.net.wait(TimeDelta::minutes(61));
        let (other, _) = stage.agreed().await;
        let waiting = other.draft(&stage.cpi).await;
        let sent = stage.at_centre.post(&format!("{waiting}/sending"), json!({})).await;
        assert_eq!(sent.status, 202, "{}", sent.body);
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&waiting).await), ("sent", "queued", ""), "it waits, and is not refused");
        person.withdraws(&records[1]).await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        let shown = stage.at_cpi.read(&received).await.ok();
        assert_eq!(shown["summary"]["state"], "withdrawn", "a withdrawal always passes");

        authority.reinstate(Actor::System, stage.centre.id().clone()).await.unwrap();
        stage.net.wait(TimeDelta::minutes(61));
        stage.centre.node.upkeep().await.unwrap();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&waiting).await).0, "received", "what waited goes on");
    })
    .await;
}

#[actix_web::test]
async fn an_expelled_member_is_nobody_and_its_queue_is_void() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        stage.cpi.stop().await;
        let path = stage.sent().await;
        stage.pump().await;
        let authority = stage.net.authority.node.authority().unwrap();
        authority.expel(Actor::System, stage.cpi.id().clone()).await.unwrap();
        stage.net.wait(TimeDelta::hours(80));
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).1, "struck");
        assert_eq!(stage.centre.journal("exchange.queue-voided").await, ["member_out"]);
    })
    .await;
}

#[actix_web::test]
async fn a_key_that_rotates_in_the_middle_is_noticed_by_nobody() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        // Signed with the old key, delivered when the new one signs calls already.
        stage.centre.node.peers().rotate_keys(Actor::System, Kind::Protocol, false).await.unwrap();
        stage.net.wait(CONFIGURATION_CACHE + TimeDelta::minutes(1));
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await), ("received", "delivered", ""));
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        stage.centre.node.upkeep().await.unwrap();
        let now = stage.net.clock.now();
        let keys = stage.centre.node.keys().clone();
        let published = stage.centre.node.store().read(move |conn| keys.jwks(conn, Kind::Protocol, now)).await.unwrap();
        assert_eq!(published.keys.iter().filter(|jwk| jwk.exp.is_some()).count(), 1, "the old one says when it ended");
    })
    .await;
}

#[actix_web::test]
async fn nothing_is_destroyed_by_a_clock_that_no_member_has_confirmed() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (keys, now) = (stage.centre.node.keys().clone(), stage.net.clock.now());
        let store = stage.centre.node.store().clone();
        let old = store.read(move |conn| keys.signing(conn, Kind::Protocol, now)).await.unwrap().kid().clone();
        stage.sent().await;
        stage.pump().await;
        assert!(stage.centre.node.clock_is_confirmed(), "a member's signed answer agreed with it");
        stage.centre.node.peers().rotate_keys(Actor::System, Kind::Protocol, false).await.unwrap();
        // The key has stopped signing, by a clock that nobody has confirmed for more than a day.
        stage.net.wait(CONFIGURATION_CACHE + TimeDelta::minutes(1));
        assert!(!stage.centre.node.clock_is_confirmed());
        let held = || {
            let (keys, kid) = (stage.centre.node.keys().clone(), old.clone());
            let store = store.clone();
            async move { store.read(move |conn| Ok(keys.named(conn, &kid)?.is_some())).await.unwrap() }
        };
        stage.centre.node.upkeep().await.unwrap();
        assert!(held().await, "what cannot be undone waits");
        let peers = stage.centre.node.peers();
        let peer = peers.resolve(stage.cpi.id()).await.unwrap();
        peers.call(&peer, Method::GET, "/exchange/link", None).await.unwrap();
        stage.centre.node.upkeep().await.unwrap();
        assert!(!held().await, "and is done once a member has answered");
    })
    .await;
}

#[actix_web::test]
async fn a_chain_that_ran_out_delivers_nothing_and_comes_back_with_the_authority() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        stage.net.authority.stop().await;
        stage.net.wait(TimeDelta::hours(80));
        let path = stage.sent().await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await), ("sent", "queued", ""), "queued on the last chain, not delivered");
        assert!(stage.received().await.is_none());
        stage.net.authority.restart().await;
        stage.net.wait(TimeDelta::minutes(31));
        stage.pump().await;
        stage.net.wait(TimeDelta::minutes(16));
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await), ("received", "delivered", ""));
    })
    .await;
}
