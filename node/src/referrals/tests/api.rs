//! The same relay through the desk's API: who may, what is answered, and in which words what is wrong is told.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::{Value, json};
use staffetta_protocol::consent::{Group, Purpose};

use super::world::{Node, REFERRAL, each};
use crate::access::{self, AccessRole, Function, Token, cases};
use crate::config::Config;
use crate::journal::Actor;
use crate::people::PersonId;
use crate::referrals::Desk;
use crate::routes::Routes;
use crate::web::document::DESK;
use crate::web::{Rooms, Web, application};

/// This room alone, behind the gate of the desk.
const ROOMS: Rooms =
    Rooms { federation: |_| {}, desk, tags: &[("referrals", "Referrals.")], matrix: &[], examples: "{}" };

fn desk(routes: &mut Routes<'_>) {
    routes.below(DESK, crate::referrals::api, |rooms| rooms.wrap(from_fn(access::gate)));
}

/// The desk of one node, asked with the token of a member of staff.
struct Asked<'a> {
    node: &'a Node,
    token: String,
}

impl<'a> Asked<'a> {
    async fn of(node: &'a Node, username: &'static str, role: AccessRole) -> Self {
        let act = move |tx: &mut crate::store::Tx<'_>| {
            let label = |text| crate::access::Label::new(text).unwrap();
            let id = access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label("Anna"), role)?;
            access::issue_token(tx, Actor::System, id, &label("desk"), None)
        };
        let token = node.store.write(act).await.unwrap().token.expose().to_owned();
        Self { node, token }
    }

    /// Puts this account on the person's case.
    async fn works_on(&self, person: PersonId) {
        let token = Token::parse(&self.token).unwrap();
        let staff = access::verify(&self.node.store, &token).await.unwrap();
        let act = move |tx: &mut crate::store::Tx<'_>| {
            cases::assign(tx, Actor::System, person.into(), staff.id, &Function::CaseOperator.into())
        };
        self.node.store.write(act).await.unwrap();
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> (u16, String, Value) {
        let text = "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n";
        let web = Web::new(&Config::read(text, []).unwrap(), ROOMS);
        let (store, vault) = (self.node.store.clone(), self.node.vault());
        let desk = Desk::new(store.clone(), self.node.referrals.clone(), || {});
        let app = init_service(application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone())).app_data(Data::new(vault.clone())).app_data(Data::new(desk.clone()));
        }))
        .await;
        let uri = format!("/rest/staffetta/v1/desk{path}");
        let request = match method {
            "GET" => TestRequest::get().uri(&uri),
            _ => TestRequest::post().uri(&uri),
        };
        let mut request = request.insert_header(("authorization", format!("Bearer {}", self.token)));
        if let Some(body) = body {
            request = request.insert_header(("content-type", "application/json")).set_payload(body.to_string());
        }
        let answer = call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        let location = answer.headers().get("location").map_or("", |value| value.to_str().unwrap()).to_owned();
        let body = read_body(answer).await;
        (status, location, serde_json::from_slice(&body).unwrap_or_default())
    }
}

#[actix_web::test]
async fn the_relay_through_the_desk() {
    each(|w| async move {
        let anna = Asked::of(&w.ponte, "anna", AccessRole::Operator).await;
        let bruno = Asked::of(&w.cpi, "bruno", AccessRole::Operator).await;
        let person = w.ponte.person().await;
        anna.works_on(person).await;
        let draft = json!({"person": person, "organisation": "ipa:c_g999", "purpose": "P2"});
        let (status, location, referral) = anna.ask("POST", "/referrals", Some(draft)).await;
        assert_eq!((status, &referral["summary"]["state"]), (201, &json!("draft")));
        let here = location.strip_prefix("/rest/staffetta/v1/desk").unwrap().to_owned();
        let (status, _, refused) = anna.ask("POST", &format!("{here}/sending"), Some(json!({}))).await;
        assert_eq!((status, &refused["code"]), (403, &json!("consent_not_valid")));
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let (status, location, sent) = anna.ask("POST", &format!("{here}/sending"), Some(json!({}))).await;
        assert_eq!((status, location.ends_with(&here)), (202, true));
        assert_eq!(sent["summary"]["state"], "sent");
        assert_eq!(sent["summary"]["transport"]["state"], "queued");
        w.exchange().await;

        let (_, _, list) = bruno.ask("GET", "/referrals?side=taker&state=received&limit=1", None).await;
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(list["items"][0]["peer"], "https://ponte.example");
        let there = format!("/referrals/{}", list["items"][0]["id"].as_str().unwrap());
        let (status, _, seen) = bruno.ask("GET", &there, None).await;
        assert_eq!((status, &seen["card"]["groups"]["identity"]["given_names"]), (200, &json!("Zzawa")));
        assert!(seen["allowed"].as_array().unwrap().contains(&json!("accept")));

        let ask = json!({"fields": ["permit_type"]});
        let (status, _, refused) = bruno.ask("POST", &format!("{there}/information-requests"), Some(ask)).await;
        assert_eq!((status, &refused["errors"][0]["code"]), (422, &json!("not_askable")));
        assert!(refused["errors"][0]["detail_it"].as_str().unwrap().contains("work_authorised_until"));

        let appointment = json!({"kind": "to_be_set", "by": "2026-12-05"});
        let (status, _, _) =
            bruno.ask("POST", &format!("{there}/acceptance"), Some(json!({"appointment": appointment}))).await;
        assert_eq!(status, 202);
        let no = json!({"reason": "no_capacity"});
        let (status, _, refused) = bruno.ask("POST", &format!("{there}/refusal"), Some(no)).await;
        assert_eq!((status, &refused["code"]), (409, &json!("illegal_transition")));
        assert!(refused["allowed"].as_array().unwrap().contains(&json!("first_contact")));
        w.exchange().await;
        let (_, _, mine) = anna.ask("GET", &here, None).await;
        assert_eq!(mine["summary"]["state"], "accepted");
        let told = json!({"how": "phone"});
        assert_eq!(anna.ask("POST", &format!("{here}/told"), Some(told.clone())).await.0, 200);
        assert_eq!(anna.ask("POST", &format!("{here}/told"), Some(told)).await.0, 409);
    })
    .await;
}

#[actix_web::test]
async fn who_may_not_and_what_does_not_fit() {
    each(|w| async move {
        let (person, _, here, _) = w.received(&[REFERRAL.as_slice(), &[Group::Needs]].concat()).await;
        let path = format!("/referrals/{here}");
        let dpo = Asked::of(&w.ponte, "dora", AccessRole::Dpo).await;
        assert_eq!(dpo.ask("GET", &path, None).await.0, 200);
        assert_eq!(dpo.ask("POST", &format!("{path}/withdrawal"), Some(json!({"by": "person"}))).await.0, 403);
        let admin = Asked::of(&w.ponte, "ada", AccessRole::Admin).await;
        assert_eq!(admin.ask("GET", &path, None).await.0, 403);
        let stranger = Asked { node: &w.ponte, token: "stf_nothing".into() };
        assert_eq!(stranger.ask("GET", &path, None).await.0, 401);

        let anna = Asked::of(&w.ponte, "anna", AccessRole::Operator).await;
        let (status, _, refused) = anna.ask("GET", &path, None).await;
        assert_eq!((status, &refused["code"]), (403, &json!("outside_case")));
        anna.works_on(person).await;
        for (path, code) in [
            ("/referrals/no-id".to_owned(), 404),
            (format!("/referrals/{}", uuid::Uuid::new_v4()), 404),
            ("/referrals?state=lost".to_owned(), 422),
            ("/referrals?limit=0".to_owned(), 422),
            ("/referrals?cursor=x".to_owned(), 422),
            ("/referrals?x=1".to_owned(), 422),
        ] {
            assert_eq!(anna.ask("GET", &path, None).await.0, code, "{path}");
        }
        for (body, code) in [
            (json!({}), "required"),
            (json!({"person": here, "purpose": "P2"}), "required"),
            (json!({"person": here, "purpose": "P9", "organisation": "ipa:c_g999"}), "not_for_purpose"),
            (json!({"person": here, "purpose": "P2", "organisation": "c_g999"}), "wrong_shape"),
            (json!({"person": here, "purpose": "P2", "recipient": "https://cpi.example", "x": 1}), "unknown_field"),
        ] {
            let (status, _, refused) = anna.ask("POST", "/referrals", Some(body)).await;
            assert_eq!((status, &refused["errors"][0]["code"]), (422, &json!(code)), "{refused}");
        }
        let nobody = json!({"person": here, "purpose": "P2", "recipient": "https://cpi.example"});
        assert_eq!(anna.ask("POST", "/referrals", Some(nobody)).await.0, 404);
        // A taker's act on the sender's side.
        let no = json!({"reason": "no_capacity"});
        assert_eq!(anna.ask("POST", &format!("{path}/refusal"), Some(no)).await.0, 409);
    })
    .await;
}
