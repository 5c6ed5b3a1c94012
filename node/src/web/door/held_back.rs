use actix_web::dev::{Payload, Service};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{Bytes, Data};
use serde_json::{Value, json};

use super::tests::{config, stage};
use crate::access::{self, Label};
use crate::journal::Actor;
use crate::store::{Tx, scratch};
use crate::vault::{MasterKey, Vault};
use crate::web::document::DESK;
use crate::web::tests::ROOMS;
use crate::web::{Web, application};

#[actix_web::test]
async fn whoever_is_signed_out_while_her_body_is_on_its_way_does_nothing_with_it() {
    scratch::each(|store| async move {
        let config = config("");
        let (door, _) = stage(&store, &config).await;
        let web = Web::new(&config, ROOMS);
        let (to_app, to_door) = (store.clone(), door.clone());
        let app = init_service(application(&web, &|cfg| {
            cfg.app_data(Data::new(to_app.clone())).app_data(Data::new(to_door.clone()));
            cfg.app_data(Data::new(Vault::new(MasterKey::generate().unwrap())));
        }))
        .await;
        let id = store.read(|conn| Ok(access::find_staff(conn, "anna")?.unwrap().id)).await.unwrap();
        let issue = move |tx: &mut Tx<'_>| access::issue_token(tx, Actor::System, id, &Label::new("x").unwrap(), None);
        // The head is judged, then what is given here happens, then the body comes.
        let held_back = async |ends: bool, key: Option<&'static str>, path: &str, body: Value| {
            let token = store.write(issue).await.unwrap();
            let secret = token.token.expose().to_owned();
            let store = store.clone();
            let late = futures_util::stream::once(async move {
                if ends {
                    let end = move |tx: &mut Tx<'_>| access::revoke_token(tx, Actor::System, id, token.id);
                    store.write(end).await.unwrap();
                }
                Ok(Bytes::from(body.to_string()))
            });
            let mut request = TestRequest::post().uri(&format!("{DESK}{path}"));
            request = request.insert_header(("content-type", "application/json"));
            request = request.insert_header(("authorization", format!("Bearer {secret}")));
            if let Some(key) = key {
                request = request.insert_header(("idempotency-key", key));
            }
            let mut request = request.to_request();
            *request.payload() = Payload::Stream { payload: Box::pin(late) };
            app.call(request).await.unwrap().status()
        };
        let token = || json!({"label": "x", "scopes": ["peers.read"]});
        let colleague = |name: &str| json!({"username": name, "label": "B", "role": "admin"});
        assert_eq!(held_back(false, None, "/session/tokens", token()).await, StatusCode::CREATED);
        assert_eq!(held_back(true, None, "/session/tokens", token()).await, StatusCode::UNAUTHORIZED);
        assert_eq!(held_back(true, Some("\"k-1\""), "/staff", colleague("bruno")).await, StatusCode::UNAUTHORIZED);
        assert_eq!(held_back(true, None, "/staff", colleague("bruno")).await, StatusCode::UNAUTHORIZED);
        assert_eq!(held_back(false, Some("\"k-2\""), "/staff", colleague("carla")).await, StatusCode::CREATED);
        let made = store.read(|conn| access::find_staff(conn, "bruno")).await.unwrap();
        assert!(made.is_none());
    })
    .await;
}
