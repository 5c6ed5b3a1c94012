//! CVs through the desk's API, on both databases.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::{Value, json};

use super::samples::CANDIDATE;
use crate::access::{self, AccessRole, Function, Label, Sight, Token, cases};
use crate::cards;
use crate::config::Config;
use crate::journal::{self, Actor};
use crate::people::{self, Person};
use crate::routes::Routes;
use crate::store::{Store, Tx, scratch};
use crate::vault::{MasterKey, Vault};
use crate::web::document::DESK;
use crate::web::{Rooms, Web, application};

const ROOMS: Rooms = Rooms { federation: |_| {}, desk, tags: &[("cards", "Cards.")], matrix: &[], examples: "{}" };

fn desk(routes: &mut Routes<'_>) {
    let rooms = |routes: &mut Routes<'_>| {
        routes.configure(crate::cards::api).configure(crate::cards::europass::api);
    };
    routes.below(DESK, rooms, |rooms| rooms.wrap(from_fn(access::gate)));
}

struct Desk {
    store: Store,
    vault: Vault,
    person: Person,
}

impl Desk {
    async fn new(store: Store) -> Self {
        let vault = Vault::new(MasterKey::generate().unwrap());
        let keys = vault.clone();
        let act = move |tx: &mut Tx<'_>| people::create(tx, &keys, &Actor::System, &people::Label::new("Awa").unwrap());
        let person = store.write(act).await.unwrap();
        Self { store, vault, person }
    }

    /// The token of somebody in her team, or of somebody who has no part in her case.
    async fn staff(&self, username: &'static str, function: Option<Function>) -> String {
        let person = self.person.id;
        let act = move |tx: &mut Tx<'_>| {
            let label = |text| Label::new(text).unwrap();
            let role = AccessRole::Operator;
            let id = access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label("Anna"), role)?;
            if let Some(function) = function {
                cases::assign(tx, Actor::System, person.into(), id, &function.into())?;
            }
            access::issue_token(tx, Actor::System, id, &label("desk"), None)
        };
        let token = self.store.write(act).await.unwrap().token.expose().to_owned();
        assert!(Token::parse(&token).is_some());
        token
    }

    async fn ask(
        &self,
        token: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> (u16, String, Vec<u8>) {
        let text = "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n";
        let config = Config::read(text, []).unwrap();
        let web = Web::new(&config, ROOMS);
        let (store, vault, config) = (self.store.clone(), self.vault.clone(), Data::new(config));
        let app = init_service(application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone())).app_data(Data::new(vault.clone())).app_data(config.clone());
        }))
        .await;
        let uri = format!("{DESK}/people/{}/card{path}", self.person.id);
        let mut request = if body.is_some() { TestRequest::post() } else { TestRequest::get() }.uri(&uri);
        request = request.insert_header(("authorization", format!("Bearer {token}")));
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        if let Some(body) = body {
            request = request.set_payload(body.to_owned());
        }
        let answer = call_service(&app, request.to_request()).await;
        let status = answer.status().as_u16();
        let kind = answer.headers().get("content-type").map_or("", |value| value.to_str().unwrap()).to_owned();
        let named = answer.headers().get("content-disposition").map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(named.is_some(), status == 200 && body.is_none(), "a file is for keeping: {named:?}");
        (status, kind, read_body(answer).await.to_vec())
    }
}

const XML: &[(&str, &str)] = &[("content-type", "application/xml")];

#[actix_web::test]
async fn a_cv_becomes_a_draft_that_is_looked_through_before_it_is_saved() {
    scratch::each(|store| async move {
        let desk = Desk::new(store).await;
        let anna = desk.staff("anna", Some(Function::CaseOperator)).await;
        let (status, _, body) = desk.ask(&anna, "/imports", XML, Some(CANDIDATE)).await;
        let draft: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, &draft["form"], &draft["version"]), (200, &json!("europass_v4_xml"), &json!(0)));
        assert_eq!(draft["card"]["given_names"], "Awa Fatou");
        let lines = draft["report"]["items"].as_array().unwrap();
        assert!(lines.iter().any(|line| line["reason"] == "missing_is_unknown" && line["outcome"] == "unknown"));

        let (vault, id) = (desk.vault.clone(), desk.person.id);
        let held = desk.store.read(move |conn| cards::current(conn, &vault, id)).await.unwrap();
        assert_eq!(held, None, "an import saves nothing");
        assert_eq!(desk.ask(&anna, "/europass", &[], None).await.0, 404, "no card yet");

        let (vault, subject) = (desk.vault.clone(), desk.person.subject);
        let card = staffetta_protocol::card::read(&draft["card"].to_string()).unwrap();
        let act = move |tx: &mut Tx<'_>| {
            cards::put(tx, &vault, &Sight::of_taking_up(Actor::System, id.into()), card, 0)?;
            journal::about(tx.conn(), subject, 20)
        };
        let entries = desk.store.write(act).await.unwrap();
        assert!(entries.iter().any(|entry| entry.act == "card.draft-imported"));

        for (accept, path, expected) in [
            ("", "/europass", "application/xml"),
            ("application/xml", "/europass?version=3", "application/xml"),
            ("application/json", "/europass", "application/json"),
        ] {
            let (status, kind, file) = desk.ask(&anna, path, &[("accept", accept)], None).await;
            assert_eq!((status, kind.as_str()), (200, expected), "{path}");
            let file = String::from_utf8(file).unwrap();
            assert!(file.contains("Awa Fatou") && !file.contains("Zzofficina"), "{file}");
        }
        let (_, _, own) = desk.ask(&anna, "/europass?for_herself=true", &[], None).await;
        assert!(String::from_utf8(own).unwrap().contains("Zzofficina"));
        assert_eq!(desk.ask(&anna, "/europass?version=5", &[], None).await.0, 422);
    })
    .await;
}

#[actix_web::test]
async fn who_has_no_part_in_the_case_gets_nothing_and_harmful_files_are_answers() {
    scratch::each(|store| async move {
        let desk = Desk::new(store).await;
        let stranger = desk.staff("sara", None).await;
        assert_eq!(desk.ask(&stranger, "/imports", XML, Some(CANDIDATE)).await.0, 403);
        assert_eq!(desk.ask(&stranger, "/europass", &[], None).await.0, 403);
        let anna = desk.staff("anna", Some(Function::CaseOperator)).await;
        let bomb = "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///etc/passwd\">]><Candidate>&b;</Candidate>";
        for (headers, body, expected) in [
            (XML, bomb, 400),
            (XML, "<Candidate", 400),
            (XML, "{}", 400),
            (&[("content-type", "application/json")], "{}", 400),
            (&[("content-type", "text/xml")], CANDIDATE, 415),
            (&[("content-type", "application/xml; charset=utf-16")], CANDIDATE, 415),
            (&[("content-type", "application/xml"), ("content-encoding", "gzip")], CANDIDATE, 415),
            (&[], CANDIDATE, 415),
        ] {
            let (status, _, answer) = desk.ask(&anna, "/imports", headers, Some(body)).await;
            assert_eq!(status, expected, "{body:.20}");
            assert!(!String::from_utf8(answer).unwrap().contains("passwd"));
        }
        let large = "x".repeat(3 << 20);
        assert_eq!(desk.ask(&anna, "/imports", XML, Some(&large)).await.0, 413);
    })
    .await;
}
