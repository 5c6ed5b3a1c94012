//! No operation of the desk is reached without a token, nor by a role that may not: but those of the door itself.

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::Data;
use staffetta_node::access::{self, AccessRole, Label};
use staffetta_node::config::Config;
use staffetta_node::journal::Actor;
use staffetta_node::store::{Store, Tx, scratch};
use staffetta_node::web::{self, Web, document};
use staffetta_node::wiring::ROOMS;
use utoipa::openapi::path::PathItem;
use uuid::Uuid;

/// What the role that sees aggregates only may ask, by method and path.
const FOR_ALL: &[(&str, &str)] = &[("GET", "/session")];

/// What somebody calls who is not in yet, by method and path.
const OPEN: &[(&str, &str)] = &[
    ("GET", "/session/oidc/callback"),
    ("GET", "/status"),
    ("POST", "/session"),
    ("POST", "/session/oidc"),
    ("POST", "/tokens"),
];

/// What everybody does with the own account: the door's own tests ask these, since they end what they are asked with.
fn is_own(path: &str) -> bool {
    path.starts_with("/session/") || path.starts_with("/sessions") || path == "/session"
}

fn routes() -> Vec<(Method, String)> {
    let methods = |item: &PathItem| {
        let all = [
            (Method::GET, &item.get),
            (Method::PUT, &item.put),
            (Method::POST, &item.post),
            (Method::DELETE, &item.delete),
        ];
        all.into_iter().filter(|(_, operation)| operation.is_some()).map(|(method, _)| method).collect::<Vec<_>>()
    };
    let paths = document::desk(ROOMS).paths.paths;
    let routes =
        paths.into_iter().flat_map(|(path, item)| methods(&item).into_iter().map(move |method| (method, path.clone())));
    routes.filter(|(method, path)| !OPEN.contains(&(method.as_str(), path.as_str()))).collect()
}

/// Any id where the path wants one.
fn filled(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { Uuid::nil().to_string() } else { part.to_owned() };
    format!("{}{}", document::DESK, path.split('/').map(part).collect::<Vec<_>>().join("/"))
}

async fn token(store: &Store, role: AccessRole) -> String {
    let act = move |tx: &mut Tx<'_>| {
        let label = Label::new("x").expect("a label");
        let id = access::add_staff(tx, Actor::System, &role.as_str().parse().expect("a username"), &label, role)?;
        access::issue_token(tx, Actor::System, id, &label, None)
    };
    store.write(act).await.expect("a token").token.expose().to_owned()
}

#[actix_web::test]
async fn every_route_of_the_desk_asks_who_and_may() {
    let text = "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n[limits]\n\
                requests_per_minute_per_peer = 100000\nrequests_per_minute_per_account = 100000\n";
    let config = Config::read(text, []).unwrap();
    scratch::each(|store| {
        let config = config.clone();
        async move {
            let web = Web::new(&config, ROOMS);
            let app = init_service(web::application(&web, &|cfg| {
                cfg.app_data(Data::new(store.clone()));
            }))
            .await;
            let evaluator = token(&store, AccessRole::Evaluator).await;
            let routes = routes();
            assert!(routes.len() > 5);
            for (method, path) in routes {
                let request = || TestRequest::with_uri(&filled(&path)).method(method.clone());
                let answer = call_service(&app, request().to_request()).await;
                assert_eq!(answer.status(), 401, "{method} {path} without a token");
                assert!(answer.headers().contains_key("www-authenticate"), "{method} {path}");

                if is_own(&path) && !FOR_ALL.contains(&(method.as_str(), path.as_str())) {
                    continue;
                }
                let carried = request().insert_header(("authorization", format!("Bearer {evaluator}")));
                let answer = call_service(&app, carried.to_request()).await;
                let expected = if FOR_ALL.contains(&(method.as_str(), path.as_str())) { 200 } else { 403 };
                assert_eq!(
                    answer.status(),
                    expected,
                    "{method} {path} for an evaluator: is Allowed its first argument?"
                );
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn no_route_takes_a_parameter_that_its_document_does_not_name() {
    let config = Config::read(
        "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n[limits]\n\
                               requests_per_minute_per_peer = 100000\n",
        [],
    )
    .unwrap();
    let web = Web::new(&config, ROOMS);
    let app = init_service(web::application(&web, &|_| {})).await;
    let exchange = ["/status", "/link"].map(|path| (Method::GET, format!("{}{path}", document::EXCHANGE)));
    let exchange = exchange.into_iter().chain([(Method::POST, format!("{}/messages", document::EXCHANGE))]);
    let desk = routes().into_iter().map(|(method, path)| (method, filled(&path)));
    for (method, path) in desk.chain(exchange).chain([(Method::GET, format!("{}/status", document::BASE))]) {
        for query in ["unknown=1", "unknown", "%75nknown=", "cursor=x&unknown=1"] {
            let request = TestRequest::with_uri(&format!("{path}?{query}")).method(method.clone());
            let answer = call_service(&app, request.to_request()).await;
            assert_eq!(answer.status(), 422, "{method} {path}?{query}");
        }
    }
}
