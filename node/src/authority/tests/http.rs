use actix_web::App;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Data, scope};
use serde_json::{Value, json};
use staffetta_protocol::trust::{Admission, Standing};

use super::{Net, each};
use crate::authority::api;
use crate::journal::Actor;
use crate::routes::Routes;
use crate::routes::collected;
use crate::web::document::NETWORK;

type Answer = (StatusCode, String, Vec<u8>);

async fn ask(net: &Net, request: TestRequest) -> Answer {
    let app = App::new().app_data(Data::new(net.authority.clone()));
    let app = app.service(scope(NETWORK).configure(|config| api(&mut Routes::mounting(config))));
    let answer = call_service(&init_service(app).await, request.to_request()).await;
    let (status, media) = (answer.status(), answer.headers().get(CONTENT_TYPE).cloned());
    let media = media.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    (status, media, read_body(answer).await.to_vec())
}

fn value(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.2).unwrap()
}

fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(&format!("/rest/staffetta/v1/network/{path}"))
}

fn post(path: &str) -> TestRequest {
    TestRequest::post().uri(&format!("/rest/staffetta/v1/network/{path}"))
}

#[actix_web::test]
async fn a_node_joins_and_is_found_by_others() {
    each(|net, node| async move {
        let code = net.code(net.invite()).await;
        let joined = ask(&net, post("members").set_json(node.application(&code, net.now()))).await;
        assert_eq!(joined.0, 201);
        let admission: Admission = serde_json::from_slice(&joined.2).unwrap();
        assert_eq!(admission.state, Standing::Pending);
        let here = format!("members/{}", admission.slug);
        let pending = value(&ask(&net, get(&here)).await);
        assert_eq!(pending, json!({"entity_id": node.id, "slug": admission.slug, "state": "pending"}));
        let sub = "statements?sub=https%3A%2F%2Fponte.example";
        assert_eq!(ask(&net, get(sub)).await.0, 404);

        net.authority.approve(Actor::System, node.id.clone(), None).await.unwrap();
        let active = value(&ask(&net, get(&here)).await);
        let mark = active["trust_mark"].as_str().unwrap();
        for sub in [sub, "statements?sub=https://ponte.example"] {
            let (status, media, jws) = ask(&net, get(sub)).await;
            assert_eq!((status.as_u16(), media.as_str()), (200, "application/entity-statement+jwt"));
            assert_eq!(jws.iter().filter(|byte| **byte == b'.').count(), 2);
        }
        let listed = ask(&net, get("members")).await;
        assert_eq!((listed.1.as_str(), value(&listed)), ("application/json", json!(["https://ponte.example"])));
        for (query, count) in [
            ("entity_type=oauth_resource", 1),
            ("entity_type=openid_provider", 0),
            ("trust_marked=true&intermediate=false", 1),
            ("intermediate=true", 0),
        ] {
            let listed = value(&ask(&net, get(&format!("members?{query}"))).await);
            assert_eq!(listed.as_array().unwrap().len(), count, "{query}");
        }
        let status = ask(&net, post("trust-mark-status").set_form([("trust_mark", mark)])).await;
        assert_eq!((status.0.as_u16(), status.1.as_str()), (200, "application/trust-mark-status-response+jwt"));
        let keys = ask(&net, get("historical-keys")).await;
        assert_eq!((keys.0.as_u16(), keys.1.as_str()), (200, "application/jwk-set+jwt"));
    })
    .await;
}

#[actix_web::test]
async fn the_endpoints_of_the_standard_refuse_in_its_words() {
    each(|net, _| async move {
        for (request, status, error) in [
            (get("statements?sub=https://nobody.example"), 404, "not_found"),
            (get("statements?sub=nobody"), 400, "invalid_request"),
            (get("statements"), 400, "invalid_request"),
            (get("statements?sub=https://a.example&sub=https://b.example"), 400, "invalid_request"),
            (get("members?colour=red"), 400, "unsupported_parameter"),
            (get("members?trust_marked=perhaps"), 400, "invalid_request"),
            (post("trust-mark-status").set_form([("trust_mark", "x.y.z")]), 404, "not_found"),
            (post("trust-mark-status").set_form([("mark", "x.y.z")]), 400, "invalid_request"),
        ] {
            let answer = ask(&net, request).await;
            assert_eq!((answer.0.as_u16(), answer.1.as_str()), (status, "application/json"));
            assert_eq!(value(&answer)["error"], json!(error));
            assert!(value(&answer)["error_description"].is_string());
        }
    })
    .await;
}

#[actix_web::test]
async fn bad_input_gets_a_problem_and_leaves_nothing() {
    each(|net, node| async move {
        let code = net.code(net.invite()).await;
        let good = serde_json::to_value(node.application(&code, net.now())).unwrap();
        let with = |name: &str, value: Value| {
            let mut body = good.clone();
            body[name] = value;
            body.to_string()
        };
        let json_body =
            |body: String| post("members").insert_header((CONTENT_TYPE, "application/json")).set_payload(body);
        let put = TestRequest::put().uri("/rest/staffetta/v1/network/members/nobody/federation-keys");
        for (request, status, code) in [
            (json_body("{".into()), 400, "malformed_request"),
            (json_body(r#"{"a":1,"a":2}"#.into()), 400, "malformed_request"),
            (json_body("[".repeat(100_000)), 400, "malformed_request"),
            (json_body(with("is_admin", json!(true))), 400, "malformed_request"),
            (json_body(with("roles", json!(["king"]))), 400, "malformed_request"),
            (json_body(with("entity_id", json!("https://Ponte.example/"))), 400, "malformed_request"),
            (json_body(" ".repeat(10 << 20)), 413, "too_large"),
            (post("members").set_payload(good.to_string()), 415, "unsupported_media_type"),
            (post("trust-mark-status").set_json(&good), 415, "unsupported_media_type"),
            (json_body(with("email", json!("x"))), 422, "invalid_input"),
            (json_body(with("invitation", json!("x"))), 403, "not_entitled"),
            (get("members/nobody"), 404, "not_found"),
            (put.set_json(json!({"signed_by_present": "x.y.z"})), 404, "not_found"),
        ] {
            let answer = ask(&net, request).await;
            assert_eq!((answer.0.as_u16(), value(&answer)["code"].as_str().unwrap()), (status, code));
            assert_eq!(answer.1, "application/problem+json");
        }
        assert!(net.authority.members().await.unwrap().is_empty());
    })
    .await;
}

#[test]
fn every_operation_is_described() {
    let document = serde_json::to_value(collected(api)).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations: Vec<&Value> = paths.values().flat_map(|path| path.as_object().unwrap().values()).collect();
    assert_eq!(operations.len(), 8);
    for operation in operations {
        for name in ["operationId", "summary", "description"] {
            assert!(operation[name].as_str().is_some_and(|text| text.len() > 5), "{operation:#}");
        }
        assert_eq!(operation["tags"], json!(["network"]));
    }
}
