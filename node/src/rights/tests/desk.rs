//! The desk's API, asked as any program would ask it.

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;

use super::*;
use crate::inbox::{Inbox, Taken};
use crate::links::Links;
use crate::peers::{Client, Peers};
use crate::routes::Routes;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{self, Rooms, Web};

/// This room, mounted as the wiring mounts it.
const ROOMS: Rooms = Rooms { federation: |_| {}, desk: rooms, tags: &[], matrix: &[], examples: "{}" };

fn rooms(routes: &mut Routes<'_>) {
    routes.below(DESK, api, |rooms| rooms.wrap(from_fn(access::gate)));
}

async fn token(store: &Store, of: &Staff) -> String {
    let id = of.id;
    let act = move |tx: &mut Tx<'_>| {
        let label = access::Label::new("x").unwrap();
        Ok(access::issue_token(tx, Actor::System, id, &label, None)?.token.expose().to_owned())
    };
    store.write(act).await.unwrap()
}

#[actix_web::test]
async fn a_right_is_asked_answered_and_carried_out() {
    scratch::each(|store| async move {
        let stage = store.write(stage).await.unwrap();
        let (anna, dario) = (token(&store, &stage.anna).await, token(&store, &stage.dario).await);
        let (config, outbox) = (config(), stage.outbox.clone());
        let keys = Keys::new(outbox.vault().clone(), CENTRE.parse().unwrap());
        let client = Client::new(&config.network, false).unwrap();
        let peers = Peers::new(store.clone(), keys.clone(), &config, store.clock().clone(), client);
        let inbox = Inbox { keys, outbox: outbox.clone(), receive: |_, _, _, _| Ok(Taken::Accepted), window: 100 };
        let links = Links::new(store.clone(), peers, inbox, |_, _, _| Ok(()), config.exchange.clone());
        let (web, desk) = (Web::new(&config, ROOMS), store.clone());
        let app = init_service(web::application(&web, &move |cfg| {
            cfg.app_data(Data::new(desk.clone()))
                .app_data(Data::new(outbox.vault().clone()))
                .app_data(Data::new(outbox.clone()))
                .app_data(Data::new(links.clone()))
                .app_data(Data::new(config.clone()))
                .app_data(Data::new(RIGHTS));
        }))
        .await;
        let ask =
            async |token: &str, method: &str, path: &str, version: Option<&str>, body: Option<serde_json::Value>| {
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
                let status = answer.status();
                let bytes = read_body(answer).await;
                let body: serde_json::Value = serde_json::from_slice(&bytes)
                    .unwrap_or_else(|_| serde_json::Value::String(String::from_utf8_lossy(&bytes).into_owned()));
                (status, body)
            };
        let hers = format!("/people/{}", stage.person.id);
        let new = json!({"kind": "restriction", "channel": "letter", "said_by": "person", "details": "Zz"});
        let (status, made) = ask(&anna, "POST", &format!("{hers}/rights-requests"), None, Some(new)).await;
        assert_eq!((status, &made["article"], &made["overdue"]), (StatusCode::CREATED, &json!(18), &json!(false)));
        let (status, listed) = ask(&anna, "GET", "/rights-requests?open=true", None, None).await;
        assert_eq!((status, &listed["items"][0]["id"]), (StatusCode::OK, &made["id"]));
        let (_, late) = ask(&dario, "GET", "/rights-requests?overdue=true", None, None).await;
        assert_eq!(late["items"], json!([]));

        let at = format!("/rights-requests/{}", made["id"].as_str().unwrap());
        let answer = format!("{at}/answer");
        let granted = || Some(json!({"outcome": "granted"}));
        assert_eq!(ask(&anna, "POST", &answer, Some("\"1\""), granted()).await.0, StatusCode::FORBIDDEN);
        assert_eq!(ask(&dario, "POST", &answer, None, granted()).await.0, StatusCode::PRECONDITION_REQUIRED);
        assert_eq!(ask(&dario, "POST", &answer, Some("\"7\""), granted()).await.0, StatusCode::PRECONDITION_FAILED);
        let (status, done) = ask(&dario, "POST", &answer, Some("\"1\""), granted()).await;
        assert_eq!((status, done["state"].as_str()), (StatusCode::OK, Some("answered")));
        let (_, full) = ask(&dario, "GET", &at, None, None).await;
        assert_eq!((&full["details"], full["events"].as_array().unwrap().len()), (&json!("Zz"), 2));
        let (status, letter) = ask(&dario, "GET", &format!("{at}/letter"), None, None).await;
        assert!(status == StatusCode::OK && letter.as_str().unwrap().contains("<!DOCTYPE html>"));

        let (_, restrictions) = ask(&dario, "GET", &format!("{hers}/restrictions"), None, None).await;
        let on = format!("{hers}/restrictions/{}", restrictions["items"][0]["id"].as_str().unwrap());
        assert_eq!(ask(&dario, "POST", &format!("{on}/lifting"), None, None).await.0, StatusCode::CONFLICT);
        let how = json!({"how": "in_writing"});
        assert_eq!(ask(&dario, "POST", &format!("{on}/notice"), None, Some(how)).await.0, StatusCode::OK);
        let (status, lifted) = ask(&dario, "POST", &format!("{on}/lifting"), None, None).await;
        assert!(status == StatusCode::OK && lifted["lifted_at"].is_string());

        for path in ["export", "export/sheet", "portability"] {
            let path = format!("{hers}/{path}");
            assert_eq!(ask(&anna, "GET", &path, None, None).await.0, StatusCode::FORBIDDEN, "{path}");
            assert_eq!(ask(&dario, "GET", &path, None, None).await.0, StatusCode::OK, "{path}");
        }
        for path in ["/register", "/register/sheet"] {
            assert_eq!(ask(&anna, "GET", path, None, None).await.0, StatusCode::FORBIDDEN, "{path}");
            assert_eq!(ask(&dario, "GET", path, None, None).await.0, StatusCode::OK, "{path}");
        }
    })
    .await;
}
