//! The relay: a card goes ahead, the referral follows, the answer comes back.

use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_protocol::trust::Role;
use staffetta_tests::{Person, on_each_database};

use crate::stage::{CPI, Stage, stands};

#[actix_web::test]
async fn from_the_preview_to_the_outcome() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, _) = stage.agreed().await;
        let path = person.draft(&stage.cpi).await;

        let ahead = stage.at_centre.post(&format!("{path}/preview"), Value::Null).await;
        assert_eq!(ahead.status, 202);
        stage.pump().await;
        let (received, shown) = stage.received().await.expect("the preview is there");
        assert!(shown["card"]["groups"]["preview"]["skills"].is_array());
        for hidden in ["Mariam", "Diarra", "3330001122", "muratura a secco", "100005"] {
            assert!(!shown.to_string().contains(hidden), "a preview shows no {hidden}");
        }
        let answer = json!({"answer": {"kind": "send_referral"}, "likely": ["internship"]});
        stage.at_cpi.post(&format!("{received}/preview-answer"), answer).await.ok();
        stage.pump().await;
        assert_eq!(stage.seen(&path).await["summary"]["preview"]["state"], "send_referral");

        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        assert_eq!(stands(&stage.seen(&path).await), ("sent", "queued", ""), "business and transport are two fields");
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await), ("received", "delivered", ""));
        let (_, shown) = stage.received().await.unwrap();
        assert_eq!(shown["card"]["groups"]["identity"]["given_names"], "Mariam");
        assert!(shown["card"]["groups"].get("contact").is_none(), "contacts only after acceptance");

        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        let (_, shown) = stage.received().await.unwrap();
        assert_eq!(shown["card"]["groups"]["contact"]["phone"][0]["number"], "+393330001122");

        let first = json!({"kind": "first_contact", "on": "2026-12-01"});
        stage.at_cpi.post(&format!("{received}/progress"), first).await.ok();
        let end = json!({"outcome": "internship", "on": stage.net.day(0)});
        stage.at_cpi.post(&format!("{received}/closure"), end).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "closed");

        let gone = stage.at_centre.read(&format!("people/{}/disclosures", person.id)).await.ok();
        let kinds: Vec<&str> =
            gone["items"].as_array().unwrap().iter().filter_map(|item| item["message_type"].as_str()).collect();
        assert!(kinds.contains(&"card.preview.v1") && kinds.contains(&"contact.released.v1"), "{kinds:?}");
        assert!(gone["items"].as_array().unwrap().iter().all(|item| item["transport"] == "delivered"), "{gone}");
        for member in [&stage.centre, &stage.cpi] {
            let read = member.readable(&["Mariam", "Diarra", "3330001122", "muratura a secco", "saldatura a filo"]);
            assert!(read.is_empty(), "{} keeps in the open: {read:?}", member.id());
        }
    })
    .await;
}

#[actix_web::test]
async fn preview_and_referral_in_one_act_and_a_reasoned_no() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let (person, _) = stage.agreed().await;
        let path = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({"with_preview": true})).await.ok();
        stage.pump().await;
        let (received, shown) = stage.received().await.unwrap();
        assert_eq!(shown["summary"]["state"], "received");
        let wrong = stage.at_cpi.post(&format!("{received}/refusal"), json!({"reason": "no_mood"})).await;
        assert_eq!(wrong.refused(422), "invalid_input");
        stage.at_cpi.post(&format!("{received}/refusal"), json!({"reason": "no_capacity"})).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "declined");
        let again =
            stage.at_cpi.post(&format!("{received}/closure"), json!({"outcome": "moved", "on": "2026-11-23"})).await;
        assert_eq!(again.refused(409), "illegal_transition");
        assert!(again.body["allowed"].is_array());

        stage.at_centre.post(&format!("{path}/reopening"), json!({})).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "received");
    })
    .await;
}

#[actix_web::test]
async fn a_question_is_answered_and_what_never_crosses_cannot_be_asked() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        let permit =
            stage.at_cpi.post(&format!("{received}/information-requests"), json!({"fields": ["permit_type"]})).await;
        assert_eq!(permit.refused(422), "invalid_input");
        assert!(permit.body.to_string().contains("work_authorised_until"), "{}", permit.body);
        let asked = json!({"fields": ["work_authorised_until"], "questions": ["Da quando può iniziare?"]});
        stage.at_cpi.post(&format!("{received}/information-requests"), asked).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "info_requested");
        let given = json!({"groups": ["g.status"], "answers": [{"question": 1, "text": "Subito"}]});
        stage.at_centre.post(&format!("{path}/information"), given).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "received");
        let (_, shown) = stage.received().await.unwrap();
        assert!(shown.to_string().contains("Subito"));
    })
    .await;
}

#[actix_web::test]
async fn a_third_node_that_was_granted_nothing_gets_nothing() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let coop = stage.net.member("Cooperativa Filo d'Erba", Role::SocialEnterprise, "vat:12345678903").await;
        let other = stage.net.member("CPI Pistoia", Role::Cpi, "ipa:cpi_pt").await;
        for member in [&coop, &other] {
            stage.centre.node.peers().resolve(member.id()).await.unwrap();
        }
        let (person, _) = stage.agreed().await;
        let no_role = json!({"person": person.id, "recipient": coop.id(), "purpose": "P2"});
        let refused = stage.at_centre.post("referrals", no_role).await;
        assert_eq!(refused.refused(403), "role_not_entitled", "a cooperative takes no referral");
        let path = person.draft(&other).await;
        let refused = stage.at_centre.post(&format!("{path}/sending"), json!({})).await;
        assert_eq!(refused.refused(403), "consent_not_valid", "a grant for {CPI} is of no use for another");
        stage.net.pump(&[&stage.centre, &stage.cpi, &coop, &other]).await;
        for member in [&coop, &other] {
            let desk = member.desk(AccessRole::Operator).await;
            for list in ["people", "referrals"] {
                assert_eq!(desk.read(list).await.ok()["items"], json!([]));
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn a_grant_for_a_preview_carries_no_referral_and_names_stay_as_they_are_written() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let odd = "Robert'); DROP TABLE person;-- <b>&amp;</b>";
        let person = Person::with_card(&stage.at_centre, odd).await;
        person.agrees(CPI, &[("P1", &["g.preview"])]).await;
        let path = person.draft(&stage.cpi).await;
        let refused = stage.at_centre.post(&format!("{path}/sending"), json!({})).await;
        assert_eq!(refused.refused(403), "consent_not_valid");
        person.agrees(CPI, &[("P2", &["g.preview", "g.identity", "g.status"])]).await;
        stage.at_centre.post(&format!("{path}/sending"), json!({})).await.ok();
        stage.pump().await;
        let (received, shown) = stage.received().await.unwrap();
        assert_eq!(shown["card"]["groups"]["identity"]["given_names"], odd);
        stage.accept(&received).await;
        stage.pump().await;
        let (_, shown) = stage.received().await.unwrap();
        assert!(shown["card"]["groups"].get("contact").is_none(), "contacts were not granted");
    })
    .await;
}
