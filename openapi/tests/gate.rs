//! No operation of the desk is reached without a token, nor by a role that may not: but those of the door itself.

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::Value;
use staffetta_node::access::acts::SignedIn;
use staffetta_node::access::{self, AccessRole, Act, Label, Permission, Scopes};
use staffetta_node::config::Config;
use staffetta_node::journal::Actor;
use staffetta_node::store::{Store, Tx, scratch};
use staffetta_node::web::{self, Web, document};
use staffetta_node::wiring::{MATRIX, ROOMS};
use uuid::Uuid;

/// What everybody does with the own account: the door's own tests ask these, since they end what they are asked with.
fn is_own(path: &str) -> bool {
    path.starts_with("/session/") || path.starts_with("/sessions") || path == "/session"
}

/// Method, path and id of every operation that somebody calls who is in.
fn routes() -> Vec<(Method, String, String)> {
    let mut found = Vec::new();
    for (path, item) in document::desk(ROOMS).paths.paths {
        let all = [
            (Method::GET, item.get),
            (Method::PUT, item.put),
            (Method::POST, item.post),
            (Method::DELETE, item.delete),
        ];
        for (method, operation) in all {
            let id = operation.and_then(|it| it.operation_id);
            found.extend(id.map(|id| (method, path.clone(), id)));
        }
    }
    found.retain(|(_, _, id)| !MATRIX.iter().any(|it| it.operation == id && it.act.is_none()));
    found
}

/// Any id where the path wants one.
fn filled(path: &str) -> String {
    let part = |part: &str| if part.starts_with('{') { Uuid::nil().to_string() } else { part.to_owned() };
    format!("{}{}", document::DESK, path.split('/').map(part).collect::<Vec<_>>().join("/"))
}

fn config() -> Config {
    let text = "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n[limits]\n\
                requests_per_minute_per_peer = 100000\nrequests_per_minute_per_account = 100000\n";
    Config::read(text, []).expect("a configuration")
}

/// A token of an account in that role: a whole one, or one narrowed to an act that the role may do but `besides`.
async fn token(store: &Store, role: AccessRole, narrow: Option<&'static str>) -> String {
    let act = move |tx: &mut Tx<'_>| {
        let label = Label::new("x").expect("a label");
        let username = format!("{role}-{}", narrow.unwrap_or("whole")).parse().expect("a username");
        let id = access::add_staff(tx, Actor::System, &username, &label, role)?;
        let scopes = narrow.map(Scopes::read);
        access::issue_narrow_token(tx, Actor::System, id, &label, None, scopes.as_ref())
    };
    store.write(act).await.expect("a token").token.expose().to_owned()
}

/// Each route with its entry in the matrix.
fn entries() -> Vec<(Method, String, &'static Permission)> {
    let found = routes().into_iter().map(|(method, path, id)| {
        let of = |it: &&Permission| it.operation == id;
        (method, path, MATRIX.iter().find(of).unwrap_or_else(|| panic!("{id} is not in wiring/matrix.rs")))
    });
    found.collect()
}

#[actix_web::test]
async fn every_route_asks_each_role_for_what_the_matrix_says() {
    let config = config();
    scratch::each(|store| {
        let config = config.clone();
        async move {
            let web = Web::new(&config, ROOMS);
            let app = init_service(web::application(&web, &|cfg| {
                cfg.app_data(Data::new(store.clone()));
            }))
            .await;
            // Narrowed to nothing but asking who one is: whatever it is refused, the refusal names the act.
            let mut tokens = Vec::new();
            for role in AccessRole::ALL {
                tokens.push((*role, token(&store, *role, Some("")).await, token(&store, *role, None).await));
            }
            let entries = entries();
            assert!(entries.len() > 150);
            for (method, path, permission) in entries {
                let request = || TestRequest::with_uri(&filled(&path)).method(method.clone());
                let answer = call_service(&app, request().to_request()).await;
                assert_eq!(answer.status(), 401, "{method} {path} without a token");
                assert!(answer.headers().contains_key("www-authenticate"), "{method} {path}");

                let act = permission.act.expect("what is open stands in OPEN");
                for (role, narrow, whole) in &tokens {
                    let may = permission.roles.contains(role);
                    let place = format!("{method} {path} for {role}");
                    let carried = |token: &str| request().insert_header(("authorization", format!("Bearer {token}")));
                    let answer = call_service(&app, carried(narrow).to_request()).await;
                    let asked = answer.headers().get("www-authenticate").map(|it| it.to_str().unwrap().to_owned());
                    if act == SignedIn::NAME {
                        assert!(![401, 403].contains(&answer.status().as_u16()), "{place}: every scope has this");
                    } else {
                        assert_eq!(answer.status(), 403, "{place}, out of scope: is Allowed its first argument?");
                        let named = may.then(|| format!("Bearer error=\"insufficient_scope\", scope=\"{act}\""));
                        assert_eq!(asked, named, "{place}: the matrix says {act}");
                    }
                    // What ends the token that asks is asked by the door's own tests.
                    if may && is_own(&path) {
                        continue;
                    }
                    let answer = call_service(&app, carried(whole).to_request()).await;
                    let status = answer.status();
                    if may {
                        let problem: Value = serde_json::from_slice(&read_body(answer).await).unwrap_or_default();
                        assert_ne!(status, 401, "{place}");
                        assert_ne!(problem["code"], "not_entitled", "{place}");
                    } else {
                        assert_eq!(status, 403, "{place}");
                    }
                }
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn no_route_takes_a_parameter_that_its_document_does_not_name() {
    let web = Web::new(&config(), ROOMS);
    let app = init_service(web::application(&web, &|_| {})).await;
    let exchange = ["/status", "/link"].map(|path| (Method::GET, format!("{}{path}", document::EXCHANGE)));
    let exchange = exchange.into_iter().chain([(Method::POST, format!("{}/messages", document::EXCHANGE))]);
    let desk = routes().into_iter().map(|(method, path, _)| (method, filled(&path)));
    for (method, path) in desk.chain(exchange).chain([(Method::GET, format!("{}/status", document::BASE))]) {
        for query in ["unknown=1", "unknown", "%75nknown=", "cursor=x&unknown=1"] {
            let request = TestRequest::with_uri(&format!("{path}?{query}")).method(method.clone());
            let answer = call_service(&app, request.to_request()).await;
            assert_eq!(answer.status(), 422, "{method} {path}?{query}");
        }
    }
}
