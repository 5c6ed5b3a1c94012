//! The desk's API of people, cards and consents, asked as any program would ask it.

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;

use super::*;
use crate::access::{self, AccessRole, Function, cases};
use crate::config::Config;
use crate::journal::Actor;
use crate::links::Links;
use crate::peers::{Client, Peers};
use crate::routes::Routes;
use crate::web::document::DESK;
use crate::web::{self, Rooms, Web};
use crate::{cards, people};

/// This room and those to its right, mounted as the wiring mounts them.
const ROOMS: Rooms = Rooms { federation: |_| {}, desk: rooms, tags: &[], matrix: &[], examples: "{}" };

fn rooms(routes: &mut Routes<'_>) {
    let rooms = |routes: &mut Routes<'_>| {
        routes.configure(people::api).configure(cards::api).configure(api);
    };
    routes.below(DESK, rooms, |rooms| rooms.wrap(from_fn(access::gate)));
}

fn config() -> Config {
    let text = format!(
        "[node]\nentity_id = \"{CENTRE}\"\norganisation_name = \"Centro\"\nprovince = \"PO\"\n[limits]\n\
         requests_per_minute_per_peer = 10000\nrequests_per_minute_per_account = 10000\n"
    );
    Config::read(&text, []).unwrap()
}

async fn token(side: &Side, role: AccessRole) -> String {
    side.write(move |tx, _| {
        let label = access::Label::new("x").unwrap();
        let id = access::add_staff(tx, Actor::System, &role.as_str().parse().unwrap(), &label, role)?;
        Ok(access::issue_token(tx, Actor::System, id, &label, None)?.token.expose().to_owned())
    })
    .await
}

/// Puts the account of this role on the person's case.
async fn on_case(side: &Side, role: AccessRole, person: PersonId) {
    side.write(move |tx, _| {
        let staff = access::find_staff(tx.conn(), role.as_str())?.unwrap();
        cases::assign(tx, Actor::System, person.into(), staff.id, &Function::CaseOperator.into())
    })
    .await;
}

/// The application, asked by whoever holds the token.
macro_rules! desk {
    ($side:expr) => {{
        let (side, config) = (&$side, config());
        let store = side.scratch.store().clone();
        let client = Client::new(&config.network, false).unwrap();
        let peers = Peers::new(store.clone(), side.keys.clone(), &config, store.clock().clone(), client);
        let inbox = Inbox { keys: side.keys.clone(), outbox: side.outbox.clone(), receive, window: 100 };
        let links = Links::new(store.clone(), peers.clone(), inbox, |_, _, _| Ok(()), config.exchange.clone());
        let outbox = side.outbox.clone();
        let (web, keys) = (Web::new(&config, ROOMS), side.keys.clone());
        let app = init_service(web::application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone()))
                .app_data(Data::new(outbox.vault().clone()))
                .app_data(Data::new(outbox.clone()))
                .app_data(Data::new(links.clone()))
                .app_data(Data::new(peers.clone()))
                .app_data(Data::new(keys.clone()))
                .app_data(Data::new(peers.clone()))
                .app_data(Data::new(config.clone()))
                .app_data(Data::new(cards::Cards { age_said: heed_age }))
                .app_data(Data::new(Consents { threads_ended: |_, _| Ok(()) }));
        }))
        .await;
        async move |token: &str, method: &str, path: &str, version: Option<&str>, body: Option<Value>| {
            let mut request = TestRequest::with_uri(&format!("{DESK}{path}"))
                .method(method.parse().unwrap())
                .insert_header(("authorization", format!("Bearer {token}")));
            if let Some(version) = version {
                request = request.insert_header(("if-match", version));
            }
            if let Some(body) = body {
                request = request.insert_header(("content-type", "application/json")).set_payload(body.to_string());
            }
            let answer = call_service(&app, request.to_request()).await;
            let (status, etag) = (answer.status(), answer.headers().get("etag").cloned());
            let body: Value = serde_json::from_slice(&read_body(answer).await).unwrap_or_default();
            (status, body, etag.map(|etag| etag.to_str().unwrap().to_owned()))
        }
    }};
}

#[actix_web::test]
async fn a_person_her_card_and_her_yes_go_in_and_come_back() {
    each(|centre, _| async move {
        let operator = token(&centre, AccessRole::Operator).await;
        let ask = desk!(centre);
        let edit =
            async |path: &str, version: &str, body: Value| ask(&operator, "PUT", path, Some(version), Some(body)).await;
        let ask = async |method: &str, path: &str, body: Option<Value>| ask(&operator, method, path, None, body).await;

        let label = "Robert'); DROP TABLE person;-- <script>";
        let (status, person, _) = ask("POST", "/people", Some(json!({"label": label}))).await;
        assert_eq!((status, person["label"].as_str()), (StatusCode::CREATED, Some(label)));
        let at = format!("/people/{}", person["id"].as_str().unwrap());
        assert_eq!(ask("GET", &at, None).await.1["label"], json!(label));
        let (_, listed, _) = ask("GET", "/people?limit=1", None).await;
        assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["label"]), (&person["id"], &person["label"]));
        assert_eq!(ask("GET", "/people?cursor=1%27--", None).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        let version = ask("GET", &at, None).await.2.unwrap();
        let (status, relabelled, now) = edit(&at, &version, json!({"label": "Roberta"})).await;
        assert_eq!((status, relabelled["label"].as_str()), (StatusCode::OK, Some("Roberta")));
        let (status, problem, _) = edit(&at, &version, json!({"label": "Robertina"})).await;
        assert_eq!((status, problem["code"].as_str()), (StatusCode::PRECONDITION_FAILED, Some("version_conflict")));
        assert_eq!(problem["current"].as_str(), now.as_deref());
        assert_eq!((&problem["theirs"], &problem["yours"]), (&relabelled, &json!({"label": "Robertina"})));

        let card = format!("{at}/card");
        assert_eq!(ask("GET", &card, None).await.0, StatusCode::NOT_FOUND);
        let quick = json!({
            "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes", "italian": "a2",
            "target_occupations": {"kind": "any"},
            "skills": [{"skill": {"kind": "free", "text": "sartoria"}, "source": "self"}]
        });
        let (status, held, etag) = ask("POST", &card, Some(quick.clone())).await;
        assert_eq!((status, etag.as_deref()), (StatusCode::CREATED, Some("\"1\"")));
        assert_eq!(held["card"]["province"], json!("PO"));
        let (status, problem, _) = ask("POST", &card, Some(quick)).await;
        assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("already_exists")));
        assert_eq!(ask("PUT", &card, Some(held["card"].clone())).await.0, StatusCode::PRECONDITION_REQUIRED);
        let (_, gaps, _) = ask("GET", &format!("{card}/gaps"), None).await;
        assert_eq!(
            (gaps["preview"].as_array().unwrap().len(), &gaps["referral"][0]["field"]),
            (0, &json!("/given_names"))
        );
        assert_eq!(ask("GET", &format!("{card}/versions"), None).await.1["items"][0]["version"], json!(1));

        let consents = format!("{at}/consents");
        let act = json!({"recipient": OFFICE, "answers": [{"purpose": "P1", "answer": "yes"}], "expressed": said()});
        let mut silent = act.clone();
        silent["expressed"].as_object_mut().unwrap().remove("indication_method");
        let (status, problem, _) = ask("POST", &consents, Some(silent)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["field"], json!("/expressed/indication_method"));
        let (status, given, _) = ask("POST", &consents, Some(act)).await;
        assert_eq!((status, &given["items"][0]["state"]), (StatusCode::CREATED, &json!("given")));
        assert_eq!(ask("GET", &consents, None).await.1, given);
        assert_eq!(ask("GET", &format!("{at}/disclosures"), None).await.1, json!({"items": []}));

        let record = given["items"][0]["record"].as_str().unwrap().to_owned();
        let how = json!({"by": "person", "channel": "in_person"});
        let other = centre.person().await;
        on_case(&centre, AccessRole::Operator, other.id).await;
        let path = format!("/people/{}/consents/{record}/withdrawals", other.id);
        assert_eq!(ask("POST", &path, Some(how.clone())).await.0, StatusCode::NOT_FOUND, "not of this person");
        let path = format!("{consents}/{record}/withdrawals");
        let (status, done, _) = ask("POST", &path, Some(how)).await;
        assert_eq!((status, &done["consent"]["state"]), (StatusCode::OK, &json!("withdrawn")));
        let (status, problem, _) =
            ask("POST", &format!("{consents}/{record}/renewals"), Some(json!({"expressed": said()}))).await;
        assert_eq!((status, problem["code"].as_str()), (StatusCode::CONFLICT, Some("illegal_transition")));
    })
    .await;
}

#[actix_web::test]
async fn a_card_is_saved_on_the_version_that_was_read() {
    each(|centre, _| async move {
        let operator = token(&centre, AccessRole::Operator).await;
        let person = centre.person().await;
        on_case(&centre, AccessRole::Operator, person.id).await;
        let ask = desk!(centre);
        let path = format!("/people/{}/card", person.id);
        let (_, held, etag) = ask(&operator, "GET", &path, None, None).await;
        assert_eq!(etag.as_deref(), Some("\"2\""));
        let body = held["card"].clone();
        for (version, status) in [
            ("\"1\"", StatusCode::PRECONDITION_FAILED),
            ("\"-1\"", StatusCode::PRECONDITION_FAILED),
            ("\"2\"", StatusCode::OK),
            ("\"2\"", StatusCode::PRECONDITION_FAILED),
        ] {
            let (answered, problem, _) = ask(&operator, "PUT", &path, Some(version), Some(body.clone())).await;
            assert_eq!(answered, status, "{version}");
            if status == StatusCode::PRECONDITION_FAILED {
                assert_eq!(
                    (&problem["yours"], &problem["theirs"]["card"]["given_names"]),
                    (&body, &body["given_names"])
                );
            }
        }
        let mut wrong = body;
        wrong["tax_code"] = json!("RSSMRA85T10A562T");
        let (status, problem, _) = ask(&operator, "PUT", &path, Some("\"3\""), Some(wrong)).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["code"], json!("check_character"));
        let nobody = format!("/people/{}/card", Uuid::new_v4());
        assert_eq!(ask(&operator, "GET", &nobody, None, None).await.0, StatusCode::NOT_FOUND);
        let acts = centre.write(move |tx, _| journal::about(tx.conn(), person.subject, 50)).await;
        assert!(acts.iter().any(|entry| entry.act == "card.read" && entry.actor_kind == "staff"));
        let vault = centre.outbox.vault().clone();
        let id = person.id;
        let kept = centre.write(move |tx, _| cards::current(tx.conn(), &vault, id)).await.unwrap();
        assert_eq!(kept.version, 3);
    })
    .await;
}

#[actix_web::test]
async fn notices_questions_records_and_receipts_go_through_the_desk() {
    each(|centre, _| async move {
        let operator = token(&centre, AccessRole::Operator).await;
        let dpo = token(&centre, AccessRole::Dpo).await;
        let ask = desk!(centre);
        let operator =
            async |method: &str, path: &str, body: Option<Value>| ask(&operator, method, path, None, body).await;
        let edits = async |method: &str, path: &str, version: Option<&str>, body: Option<Value>| {
            ask(&dpo, method, path, version, body).await
        };
        let dpo = async |method: &str, path: &str, body: Option<Value>| ask(&dpo, method, path, None, body).await;

        let (_, purposes, _) = operator("GET", "/purposes", None).await;
        assert_eq!(purposes["items"].as_array().unwrap().len(), 12);
        assert_eq!(purposes["items"][4]["asked"], json!(false), "P5 is explained");
        assert_eq!(purposes["items"][4]["bases"][1]["article"], json!("GDPR 6(1)(c)"));
        assert_eq!(purposes["items"][0]["duration"], json!({"days": 60}));

        let (_, shipped, _) = operator("GET", "/notices", None).await;
        let all = shipped["items"].as_array().unwrap();
        assert!(all.iter().any(|it| it["notice_id"] == "transfer" && it["texts"][0]["status"] == "draft"));
        let new = json!({"notice_id": "nostra", "version": "1", "purposes": ["P11"], "texts": [
            {"language": "ita", "heading": "Prima", "body": "Chi riceve che cosa."}]});
        assert_eq!(operator("POST", "/notices", Some(new.clone())).await.0, StatusCode::FORBIDDEN);
        let (status, notice, _) = dpo("POST", "/notices", Some(new.clone())).await;
        assert_eq!((status, &notice["controller"]), (StatusCode::CREATED, &json!("Centro")));
        assert_eq!(dpo("POST", "/notices", Some(new)).await.1["code"], json!("already_exists"));
        let at = format!("/notices/{}", notice["id"].as_str().unwrap());
        let path = format!("{at}/texts/ita/verifications");
        let (status, notice, _) = dpo("POST", &path, Some(json!({"by": "DPO", "on": "2026-11-20"}))).await;
        assert_eq!((status, &notice["texts"][0]["status"]), (StatusCode::OK, &json!("verified")));
        assert_eq!(operator("GET", &at, None).await.1, notice);
        let french = json!({"language": "fra", "heading": "Avant", "body": "Qui reçoit quoi."});
        assert_eq!(dpo("POST", &format!("{at}/texts"), Some(french)).await.0, StatusCode::CREATED);

        let label = json!({"label": "Aminata"});
        let (_, person, _) = operator("POST", "/people", Some(label)).await;
        let person = format!("/people/{}", person["id"].as_str().unwrap());
        let named =
            json!({"notice_id": "nostra", "version": "1", "language": "ita", "hash": notice["texts"][0]["hash"]});
        let question = json!({"recipient": OFFICE, "questions": [{"purpose": "P11"}], "notice": named});
        let requests = format!("{person}/consent-requests");
        let (status, asked, _) = operator("POST", &requests, Some(question)).await;
        assert_eq!((status, &asked["items"][0]["state"]), (StatusCode::CREATED, &json!("requested")));
        let record = asked["items"][0]["record"].as_str().unwrap().to_owned();
        let one = format!("{person}/consents/{record}");
        assert_eq!(operator("GET", &one, None).await.1["request"]["state"], json!("requested"));
        assert_eq!(operator("GET", &format!("{one}/receipt"), None).await.0, StatusCode::NOT_FOUND);
        let (_, deferred, _) = operator("POST", &format!("{requests}/{record}/deferrals"), Some(json!({}))).await;
        assert_eq!(deferred["state"], json!("deferred"));
        let mut expressed = said();
        expressed["notice"] = named;
        let answer = json!({"answer": "yes", "expressed": expressed});
        let (status, given, _) = operator("POST", &format!("{requests}/{record}/answers"), Some(answer)).await;
        assert_eq!((status, &given["record"]), (StatusCode::CREATED, &json!(record)));
        assert_eq!(operator("GET", &requests, None).await.1, json!({"items": []}));

        let (_, seen, _) = operator("GET", &one, None).await;
        assert_eq!(seen["record"]["events"][2]["event_state"], json!("dpv:ConsentGiven"));
        let (status, receipt, _) = operator("GET", &format!("{one}/receipt"), None).await;
        assert_eq!((status, &receipt["claims"]["record"]["record_id"]), (StatusCode::OK, &json!(record)));
        assert_eq!(operator("GET", &one, None).await.1["record"]["signature"], receipt["receipt"]);
        let (_, kantara, _) = operator("GET", &format!("{one}/receipt/kantara"), None).await;
        assert_eq!(kantara["version"], json!("KI-CR-v1.1.0"));
        assert_eq!(operator("POST", &format!("{one}/reminders"), None).await.0, StatusCode::OK);
        assert_eq!(operator("POST", &format!("{one}/terminations"), None).await.1["state"], json!("terminated"));
        let path = format!("{one}/invalidations");
        let (_, invalid, _) = operator("POST", &path, Some(json!({"reason": "not_informed"}))).await;
        assert_eq!(invalid["consent"]["state"], json!("invalidated"));
        assert_eq!(operator("GET", "/consents/due?days=366", None).await.1, json!({"items": []}));
        assert_eq!(operator("GET", "/consents/due?days=0", None).await.0, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(operator("GET", &format!("{person}/recipients"), None).await.1, json!({"items": []}));
        assert_eq!(
            operator("GET", &format!("{person}/disclosures?cursor=x"), None).await.0,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(dpo("POST", &format!("{at}/retirements"), None).await.1["status"], json!("retired"));

        let standing = json!({"purposes": ["P1"], "processor": {"of": "ipa:c_g999", "label": "Comune di Prato",
            "act": "Convenzione SAI 12", "date": "2026-01-15", "instructed_purposes": ["P2"]}});
        let at = "/activities/accoglienza";
        assert_eq!(dpo("PUT", at, Some(standing.clone())).await.0, StatusCode::PRECONDITION_REQUIRED);
        let (status, problem, _) = edits("PUT", at, Some("\"0\""), Some(standing.clone())).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(problem["errors"][0]["field"], json!("/processor/instructed_purposes/0"));
        let mut standing = standing;
        standing["processor"]["instructed_purposes"] = json!([]);
        let (status, activity, version) = edits("PUT", at, Some("\"0\""), Some(standing.clone())).await;
        assert_eq!(version.as_deref(), Some("\"1\""));
        for stale in ["\"0\"", "\"7\"", "*", "W/\"1\""] {
            for (method, yours) in [("PUT", Some(standing.clone())), ("DELETE", None)] {
                let (status, conflict, _) = edits(method, at, Some(stale), yours.clone()).await;
                assert_eq!(status, StatusCode::PRECONDITION_FAILED, "{method} {stale}");
                assert_eq!(
                    (&conflict["theirs"], &conflict["current"]),
                    (&activity, &json!("\"1\"")),
                    "{method} {stale}"
                );
                assert_eq!(conflict.get("yours"), yours.as_ref(), "{method} {stale}");
            }
        }
        assert_eq!(operator("GET", at, None).await.2, version);
        assert_eq!((status, &activity["acts_as"]), (StatusCode::OK, &json!("processor")));
        assert_eq!(operator("GET", "/activities", None).await.1["items"][0], activity);
        assert_eq!(operator("GET", "/purposes", None).await.1["items"][0]["acts_as"], json!("not_instructed"));
        let act = json!({"recipient": OFFICE, "answers": [{"purpose": "P1", "answer": "yes"}], "expressed": said()});
        let (status, problem, _) = operator("POST", &format!("{person}/consents"), Some(act)).await;
        assert_eq!((status, &problem["code"]), (StatusCode::FORBIDDEN, &json!("purpose_not_instructed")));
        assert_eq!(edits("DELETE", at, version.as_deref(), None).await.0, StatusCode::NO_CONTENT);
        assert_eq!(edits("DELETE", at, version.as_deref(), None).await.0, StatusCode::NOT_FOUND);
    })
    .await;
}
