use actix_web::body::to_bytes;
use actix_web::dev::Service;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::Data;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::access::door::Door;
use crate::access::{self, AccessRole, Label, Username};
use crate::config::Config;
use crate::journal::Actor;
use crate::keys::Keys;
use crate::store::{Store, Tx, scratch};
use crate::vault::{MasterKey, Vault};
use crate::web::document::DESK;
use crate::web::tests::ROOMS;
use crate::web::{Web, application};

const GOOD: &str = "sette gatti blu sul tetto";
const OWN: &str = "https://nodo.example";

pub(super) fn config(more: &str) -> Config {
    let text = format!("[node]\nentity_id = \"{OWN}\"\norganisation_name = \"X\"\n{more}");
    Config::read(&text, []).unwrap()
}

/// A node's door, and an account of hers with a temporary password.
pub(super) async fn stage(store: &Store, config: &Config) -> (Door, String) {
    let vault = Vault::new(MasterKey::generate().unwrap());
    let keys = Keys::new(vault.clone(), config.node.entity_id.clone());
    let cost = crate::access::door::Cost { memory: 8, passes: 1, lanes: 1 };
    let door = Door::with_cost(store.clone(), vault, keys, config, DESK, cost).unwrap();
    let temporary = door.temporary().await.unwrap();
    let (shown, to_reset) = (temporary.password.expose().to_owned(), door.clone());
    let add = move |tx: &mut Tx<'_>| {
        let (name, label): (Username, _) = ("anna".parse().unwrap(), Label::new("Anna").unwrap());
        let id = access::add_staff(tx, Actor::System, &name, &label, AccessRole::Admin)?;
        to_reset.reset(tx, Actor::System, id, &temporary)
    };
    store.write(add).await.unwrap();
    (door, shown)
}

pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Told {
    /// The cookies that it sets, by name and value.
    pub(super) fn set(&self) -> Vec<(String, String)> {
        let values = self.headers.get_all("set-cookie").map(|value| value.to_str().unwrap().to_owned());
        let pair = |text: String| {
            let (name, value) = text.split(';').next().unwrap().split_once('=').unwrap();
            (name.to_owned(), value.to_owned())
        };
        values.map(pair).collect()
    }
}

/// What a browser does: it keeps cookies and sends them along.
#[derive(Default, Clone)]
pub(super) struct Browser {
    cookies: Vec<(String, String)>,
    csrf: Option<String>,
}

impl Browser {
    pub(super) fn dress(&self, mut request: TestRequest) -> TestRequest {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.insert_header(("cookie", cookies.join("; ")));
        }
        match &self.csrf {
            Some(csrf) => request.insert_header(("x-csrf-token", csrf.as_str())),
            None => request,
        }
    }

    pub(super) fn keep(&mut self, told: &Told) {
        for (name, value) in told.set() {
            self.cookies.retain(|(known, _)| *known != name);
            if !value.is_empty() {
                self.cookies.push((name, value));
            }
        }
        let token = told.body["csrf_token"].as_str().or(told.body["session"]["csrf_token"].as_str());
        self.csrf = token.map(str::to_owned).or(self.csrf.take());
    }
}

/// The application of one node, to be asked.
macro_rules! face {
    ($store:expr, $door:expr, $config:expr, $provider:expr) => {{
        let web = Web::new(&$config, ROOMS);
        let (store, door, provider) = ($store.clone(), $door.clone(), $provider.clone());
        let app = init_service(application(&web, &|cfg| {
            // Cursors of lists are sealed, with whichever key.
            let vault = crate::vault::Vault::new(crate::vault::MasterKey::generate().unwrap());
            cfg.app_data(Data::new(store.clone())).app_data(Data::new(door.clone())).app_data(Data::new(vault));
            if let Some(provider) = &provider {
                cfg.app_data(Data::new(crate::web::door::oidc::Provider::clone(provider)));
            }
        }))
        .await;
        async move |request: TestRequest| {
            let (_, answer) = app.call(request.to_request()).await.unwrap().into_parts();
            let (status, headers) = (answer.status(), answer.headers().clone());
            let body = to_bytes(answer.into_body()).await.ok().unwrap();
            $crate::web::door::tests::Told { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
        }
    }};
}
pub(super) use face;

pub(super) const NO_PROVIDER: Option<super::oidc::Provider> = None;

pub(super) fn post(path: &str, body: Value) -> TestRequest {
    let request = TestRequest::post().uri(&format!("{DESK}{path}"));
    request.insert_header(("content-type", "application/json")).set_payload(body.to_string())
}

pub(super) fn get(path: &str) -> TestRequest {
    TestRequest::get().uri(&format!("{DESK}{path}"))
}

pub(super) fn delete(path: &str) -> TestRequest {
    TestRequest::delete().uri(&format!("{DESK}{path}"))
}

fn code(secret: &str, store: &Store) -> String {
    let secret = totp_rs::Secret::try_from_base32(secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    totp.generate(u64::try_from(store.clock().now().timestamp()).unwrap()).to_string()
}

#[actix_web::test]
async fn a_colleague_comes_in_for_the_first_time_works_and_leaves() {
    scratch::each(|store| async move {
        let config = config("");
        let (door, temporary) = stage(&store, &config).await;
        let ask = face!(store, door, config, NO_PROVIDER);
        let mut browser = Browser::default();

        let told = ask(post("/session", json!({"username": "anna", "password": temporary}))).await;
        assert_eq!((told.status, &told.body["standing"]), (StatusCode::CREATED, &json!("new_password")));
        assert_eq!(told.body["acts"], json!(["session.read", "session.write"]));
        let cookie = told.headers.get("set-cookie").unwrap().to_str().unwrap();
        assert!(cookie.starts_with("__Host-staffetta_session_"), "{cookie}");
        for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(told.set().len(), 1, "no device yet");
        browser.keep(&told);

        for path in ["/staff", "/session/tokens"] {
            let told = ask(browser.dress(get(path))).await;
            assert_eq!((told.status, &told.body["code"]), (StatusCode::FORBIDDEN, &json!("not_entitled")), "{path}");
            assert!(told.body["detail"].as_str().unwrap().contains("password"), "{path}");
        }
        let told = ask(browser.dress(post("/session/password", json!({"new_password": "corta"})))).await;
        assert_eq!(
            (told.status, &told.body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("/new_password"))
        );
        let told = ask(browser.dress(post("/session/password", json!({"new_password": GOOD})))).await;
        assert_eq!((told.status, &told.body["standing"]), (StatusCode::CREATED, &json!("enrolment")), "{}", told.body);
        let before = browser.clone();
        browser.keep(&told);
        assert_eq!(ask(before.dress(get("/session"))).await.status, StatusCode::UNAUTHORIZED, "fixation");

        let told = ask(browser.dress(post("/session/factor-enrolment", json!({})))).await;
        assert!(told.body["otpauth_uri"].as_str().unwrap().starts_with("otpauth://totp/"), "{}", told.body);
        let secret = told.body["secret"].as_str().unwrap().to_owned();
        let told =
            ask(browser.dress(post("/session/factor-confirmation", json!({"totp": code(&secret, &store)})))).await;
        assert_eq!((told.status, &told.body["session"]["standing"]), (StatusCode::CREATED, &json!("full")));
        assert_eq!(told.body["recovery_codes"].as_array().unwrap().len(), 10);
        assert_eq!(told.set().len(), 2, "the device is one of hers now");
        browser.keep(&told);
        assert_eq!(ask(browser.dress(get("/staff"))).await.status, StatusCode::OK);
        let told = ask(browser.dress(get("/sessions"))).await;
        assert_eq!(
            (told.body["items"].as_array().unwrap().len(), &told.body["items"][0]["current"]),
            (1, &json!(true))
        );

        let told = ask(browser.dress(delete("/session"))).await;
        assert_eq!(told.status, StatusCode::NO_CONTENT);
        assert_eq!(ask(browser.dress(get("/staff"))).await.status, StatusCode::UNAUTHORIZED);
        browser.keep(&told);

        store.clock().advance(TimeDelta::minutes(1));
        let told = ask(browser.dress(post("/session", json!({"username": "anna", "password": GOOD})))).await;
        assert_eq!(told.body["standing"], "second_factor");
        browser.keep(&told);
        assert_eq!(
            ask(browser.dress(post("/session/factor-enrolment", json!({})))).await.status,
            StatusCode::FORBIDDEN
        );
        for request in [get("/sessions"), delete("/sessions"), get("/session/tokens")] {
            let told = ask(browser.dress(request)).await;
            assert_eq!(told.status, StatusCode::FORBIDDEN, "who only knows the password sees and ends nothing");
        }
        let told = ask(browser.dress(post("/session/second-factor", json!({"totp": code(&secret, &store)})))).await;
        assert_eq!((told.status, &told.body["standing"]), (StatusCode::CREATED, &json!("full")));
        browser.keep(&told);
        assert_eq!(ask(browser.dress(delete("/sessions"))).await.status, StatusCode::NO_CONTENT);
        assert_eq!(ask(browser.dress(get("/session"))).await.status, StatusCode::UNAUTHORIZED);
    })
    .await;
}

#[actix_web::test]
async fn at_a_shared_desk_nobody_takes_the_device_from_a_colleague() {
    scratch::each(|store| async move {
        let config = config("[door]\ntotp_required = false\n");
        let (door, annas) = stage(&store, &config).await;
        let temporary = door.temporary().await.unwrap();
        let (brunos, to_reset) = (temporary.password.expose().to_owned(), door.clone());
        let add = move |tx: &mut Tx<'_>| {
            let (name, label): (Username, _) = ("bruno".parse().unwrap(), Label::new("Bruno").unwrap());
            let id = access::add_staff(tx, Actor::System, &name, &label, AccessRole::Operator)?;
            to_reset.reset(tx, Actor::System, id, &temporary)
        };
        store.write(add).await.unwrap();
        let ask = face!(store, door, config, NO_PROVIDER);
        let mut browser = Browser::default();
        for (name, password) in [("anna", annas), ("bruno", brunos)] {
            let credentials = json!({"username": name, "password": password});
            browser.keep(&ask(browser.dress(post("/session", credentials))).await);
            let told = ask(browser.dress(post("/session/password", json!({"new_password": GOOD})))).await;
            assert_eq!((told.status, told.set().len()), (StatusCode::CREATED, 2), "{name}");
            browser.keep(&told);
            browser.keep(&ask(browser.dress(delete("/session"))).await);
        }
        let known = browser.cookies.iter().filter(|(name, _)| name.contains("_device_")).count();
        assert_eq!(known, 2);
        // Strangers guess until they have to wait; she comes in, from her desk.
        let guess = || post("/session", json!({"username": "anna", "password": "sbagliata sbagliata"}));
        for _ in 0..4 {
            assert_eq!(ask(guess()).await.status, StatusCode::UNAUTHORIZED);
        }
        let right = || post("/session", json!({"username": "anna", "password": GOOD}));
        assert_eq!(ask(right()).await.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(ask(browser.dress(right())).await.status, StatusCode::CREATED);
    })
    .await;
}

#[actix_web::test]
async fn another_page_in_her_browser_can_do_nothing() {
    scratch::each(|store| async move {
        let config = config("");
        let (door, temporary) = stage(&store, &config).await;
        let ask = face!(store, door, config, NO_PROVIDER);
        let mut browser = Browser::default();
        let credentials = json!({"username": "anna", "password": temporary});
        for (name, value) in [("origin", "https://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
        {
            let told = ask(post("/session", credentials.clone()).insert_header((name, value))).await;
            assert_eq!((told.status, told.set().len()), (StatusCode::FORBIDDEN, 0), "{name}: {value}");
        }
        browser.keep(&ask(post("/session", credentials).insert_header(("origin", OWN))).await);
        let change = || post("/session/password", json!({"new_password": GOOD}));
        let bare = Browser { csrf: None, ..browser.clone() };
        let wrong = Browser { csrf: Some("x".repeat(43)), ..browser.clone() };
        for request in [
            bare.dress(change()),
            wrong.dress(change()),
            browser.dress(change()).insert_header(("origin", "https://evil.example")),
            browser.dress(change()).insert_header(("sec-fetch-site", "same-site")),
            bare.dress(delete("/session")),
        ] {
            let told = ask(request).await;
            assert_eq!((told.status, &told.body["code"]), (StatusCode::FORBIDDEN, &json!("not_entitled")));
        }
        assert_eq!(ask(bare.dress(get("/session"))).await.status, StatusCode::OK, "to look is harmless");
        // A cookie that stands there twice is not believed, and a token in the header does not fall back on the cookie.
        let twice = Browser { cookies: [browser.cookies.clone(), browser.cookies.clone()].concat(), csrf: None };
        assert_eq!(ask(twice.dress(get("/session"))).await.status, StatusCode::UNAUTHORIZED);
        let token = browser.dress(get("/session")).insert_header(("authorization", "Bearer stf_x"));
        assert_eq!(ask(token).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(browser.dress(change())).await.status, StatusCode::CREATED);
    })
    .await;
}

#[actix_web::test]
async fn a_token_does_what_it_names_and_makes_nothing_wider() {
    scratch::each(|store| async move {
        let config = config("");
        let (door, temporary) = stage(&store, &config).await;
        let ask = face!(store, door, config, NO_PROVIDER);
        let id = store.read(|conn| Ok(access::find_staff(conn, "anna")?.unwrap().id)).await.unwrap();
        let label = Label::new("x").unwrap();
        let admin = store.write(move |tx| access::issue_token(tx, Actor::System, id, &label, None)).await.unwrap();
        let with =
            |token: &str, request: TestRequest| request.insert_header(("authorization", format!("Bearer {token}")));
        let admin = admin.token.expose();

        let told = ask(with(
            admin,
            post("/staff", json!({"username": "robot", "label": "R", "role": "admin", "kind": "service"})),
        ))
        .await;
        let robot = told.body["id"].as_str().unwrap().to_owned();
        assert_eq!(told.body["kind"], "service");
        let listed = ask(with(admin, get("/staff?fields=username&fields=kind"))).await.body;
        assert!(listed["items"].as_array().unwrap().contains(&json!({"username": "robot", "kind": "service"})));
        assert!(listed["items"].as_array().unwrap().contains(&json!({"username": "anna", "kind": "person"})));
        // Nobody makes a token with which he acts under the name of somebody else, a program's apart.
        let bruno = ask(with(admin, post("/staff", json!({"username": "bruno", "label": "B", "role": "dpo"})))).await;
        let bruno = bruno.body["id"].as_str().unwrap().to_owned();
        for (of, status) in [(&bruno, 409), (&id.to_string(), 409), (&robot, 201)] {
            let issue = post(&format!("/staff/{of}/tokens"), json!({"label": "x", "scopes": ["peers.read"]}));
            assert_eq!(ask(with(admin, issue)).await.status.as_u16(), status);
        }
        let wide = post(&format!("/staff/{robot}/tokens"), json!({"label": "x"}));
        assert_eq!(ask(with(admin, wide)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let secrets = format!("/staff/{robot}/client-secrets");
        for scopes in [json!(["staff.manage"]), json!(["cards.read"]), json!([])] {
            let told = ask(with(admin, post(&secrets, json!({"label": "x", "scopes": scopes})))).await;
            assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{scopes}");
        }
        let told =
            ask(with(admin, post(&secrets, json!({"label": "x", "scopes": ["peers.read", "queue.read"]})))).await;
        let secret = told.body["client_secret"].as_str().unwrap().to_owned();
        let told = ask(post("/tokens", json!({"client_id": "robot", "client_secret": "sfc_wrong"}))).await;
        assert_eq!((told.status, told.headers.contains_key("www-authenticate")), (StatusCode::UNAUTHORIZED, true));
        let told =
            ask(post("/tokens", json!({"client_id": "robot", "client_secret": secret, "scopes": ["peers.read"]})))
                .await;
        assert_eq!((told.status, &told.body["expires_in"]), (StatusCode::CREATED, &json!(900)), "{}", told.body);
        let token = told.body["access_token"].as_str().unwrap().to_owned();

        let told = ask(with(&token, get("/session"))).await;
        assert_eq!(told.body["scopes"], json!(["peers.read"]));
        assert_eq!(told.body["acts"], json!(["session.read", "peers.read"]));
        let told = ask(with(&token, get("/staff"))).await;
        let challenge = told.headers.get("www-authenticate").unwrap();
        assert_eq!(
            (told.status, challenge.to_str().unwrap()),
            (StatusCode::FORBIDDEN, r#"Bearer error="insufficient_scope", scope="staff.manage""#)
        );
        for request in [
            post("/session/tokens", json!({"label": "x", "scopes": ["peers.read"]})),
            post("/session/password", json!({"new_password": GOOD})),
            delete("/sessions"),
            post(&secrets, json!({"label": "x", "scopes": ["peers.read"]})),
        ] {
            assert_eq!(ask(with(&token, request)).await.status, StatusCode::FORBIDDEN);
        }
        // An unscoped token may make a narrower one of its own; that one makes none, and neither changes a password.
        let told =
            ask(with(admin, post("/session/tokens", json!({"label": "x", "scopes": ["peers.read", "people.read"]}))))
                .await;
        assert_eq!(
            (told.status, &told.body["errors"][0]["field"]),
            (StatusCode::UNPROCESSABLE_ENTITY, &json!("/scopes/1"))
        );
        let told = ask(with(admin, post("/session/tokens", json!({"label": "x", "scopes": ["peers.read"]})))).await;
        let narrow = told.body["token"].as_str().unwrap().to_owned();
        let again = post("/session/tokens", json!({"label": "x", "scopes": ["peers.read"]}));
        assert_eq!(ask(with(&narrow, again)).await.status, StatusCode::FORBIDDEN);
        assert_eq!(
            ask(with(admin, post("/session/password", json!({"new_password": GOOD})))).await.status,
            StatusCode::FORBIDDEN
        );
        let own = ask(with(admin, post(&format!("/staff/{id}/password-resets"), json!({})))).await;
        assert_eq!(own.status, StatusCode::CONFLICT, "not oneself");

        assert_eq!(ask(with(&token, delete("/session"))).await.status, StatusCode::NO_CONTENT);
        assert_eq!(ask(with(&token, get("/session"))).await.status, StatusCode::UNAUTHORIZED);
        assert!(!temporary.is_empty());
    })
    .await;
}

#[actix_web::test]
async fn without_a_provider_there_is_no_log_in_at_one() {
    let scratch = scratch::sqlite(scratch::clock());
    let (store, config) = (scratch.store().clone(), config(""));
    let (door, _) = stage(&store, &config).await;
    let ask = face!(store, door, config, NO_PROVIDER);
    assert_eq!(ask(post("/session/oidc", json!({}))).await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(get("/session/oidc/callback?code=x&state=y")).await.status, StatusCode::NOT_FOUND);
    store.close().await;
}
