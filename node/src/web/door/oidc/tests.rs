//! Against a small provider on loopback that signs its own tokens, and lies where it is told to.

use std::collections::HashMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::body::to_bytes;
use actix_web::dev::{ServerHandle, Service};
use actix_web::http::StatusCode;
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Data, Form};
use actix_web::{App, HttpResponse, HttpServer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Url;
use serde_json::{Value, json};
use staffetta_protocol::jose::{SigningKey, Typ, sign};

use super::claims::{Unfit, acr_values, judge, level};
use super::*;
use crate::access::door::Door;
use crate::clock::Clock;
use crate::config::{Config, OidcConfig};
use crate::journal::Actor;
use crate::store::{Tx, scratch};
use crate::web::document::DESK;
use crate::web::door::tests::{Browser, config, face, get, post, stage};
use crate::web::tests::ROOMS;
use crate::web::{Web, application};

const L2: &str = "https://www.spid.gov.it/SpidL2";

/// What the provider does next.
#[derive(Default)]
struct Script {
    issuer: String,
    /// Where the discovery document says that codes are exchanged.
    token_endpoint: Option<String>,
    keys: Vec<SigningKey>,
    /// Tokens by code, with the challenge that goes with each. A code is good once.
    tokens: HashMap<String, (String, String)>,
    /// Requests by path.
    asked: Vec<String>,
}

struct Provided {
    script: Arc<Mutex<Script>>,
    handle: ServerHandle,
    config: Config,
}

impl Provided {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let key = SigningKey::generate().unwrap().0;
        let script = Script { issuer: issuer.clone(), keys: vec![key], ..Script::default() };
        let script = Arc::new(Mutex::new(script));
        let shared = Data::from(Arc::clone(&script));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .route("/.well-known/openid-configuration", web::get().to(discovery))
                .route("/jwks", web::get().to(jwks))
                .route("/token", web::post().to(token))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let settings = format!(
            "[oidc]\nissuer = \"{issuer}\"\nclient_id = \"staffetta\"\nusername_claim = \"preferred_username\"\n\
             allow_private_addresses = true\n"
        );
        let config = Config { node: dev(config("").node), ..config(&settings) };
        Self { script, handle, config }
    }

    fn provider(&self, clock: &Clock) -> Option<Provider> {
        Provider::configured(&self.config, clock.clone()).unwrap()
    }

    /// Hands out a code for a token with these claims, signed by the first key, and remembers the challenge.
    fn code(&self, claims: &Value, url: &Url) -> String {
        let token = sign(Typ::Jwt, &self.script.lock().unwrap().keys[0], claims).unwrap();
        self.code_for(token, url)
    }

    fn code_for(&self, token: String, url: &Url) -> String {
        let mut script = self.script.lock().unwrap();
        let code = format!("code-{}", script.tokens.len());
        script.tokens.insert(code.clone(), (token, query(url, "code_challenge")));
        code
    }

    fn asked(&self, path: &str) -> usize {
        self.script.lock().unwrap().asked.iter().filter(|asked| *asked == path).count()
    }
}

fn dev(node: crate::config::NodeConfig) -> crate::config::NodeConfig {
    crate::config::NodeConfig { development_mode: true, ..node }
}

async fn discovery(script: Data<Mutex<Script>>) -> HttpResponse {
    let mut script = script.lock().unwrap();
    script.asked.push("discovery".into());
    let issuer = &script.issuer;
    let token = script.token_endpoint.clone().unwrap_or(format!("{issuer}/token"));
    HttpResponse::Ok().json(json!({"issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": token, "jwks_uri": format!("{issuer}/jwks")}))
}

async fn jwks(script: Data<Mutex<Script>>) -> HttpResponse {
    let mut script = script.lock().unwrap();
    script.asked.push("jwks".into());
    HttpResponse::Ok().json(json!({"keys": script.keys.iter().map(SigningKey::jwk).collect::<Vec<_>>()}))
}

async fn token(script: Data<Mutex<Script>>, Form(form): Form<HashMap<String, String>>) -> HttpResponse {
    let mut script = script.lock().unwrap();
    script.asked.push("token".into());
    let verifier = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, form["code_verifier"].as_bytes());
    let told =
        form["redirect_uri"] == format!("https://nodo.example{DESK}{CALLBACK}") && form["client_id"] == "staffetta";
    match script.tokens.remove(&form["code"]) {
        Some((token, challenge)) if told && challenge == URL_SAFE_NO_PAD.encode(verifier) => {
            HttpResponse::Ok().json(json!({"id_token": token, "access_token": "x", "token_type": "Bearer"}))
        }
        _ => HttpResponse::BadRequest().json(json!({"error": "invalid_grant"})),
    }
}

fn query(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}

fn claims(issuer: &str, url: &Url, now: DateTime<Utc>) -> Value {
    json!({"iss": issuer, "sub": "7", "aud": "staffetta", "nonce": query(url, "nonce"), "acr": L2,
        "preferred_username": "anna", "iat": now.timestamp(), "exp": now.timestamp() + 300})
}

fn came_back(url: &Url, code: &str) -> String {
    format!("{CALLBACK}?code={code}&state={}&session_state=theirs", query(url, "state"))
}

#[actix_web::test]
async fn whom_the_provider_vouches_for_is_in_and_no_lie_of_it_is_believed() {
    scratch::each(|store| async move {
        let provided = Provided::start().await;
        let (door, _): (Door, _) = stage(&store, &provided.config).await;
        let provider = provided.provider(store.clock());
        let ask = face!(store, door, provided.config, provider);
        let issuer = provided.config.oidc.issuer.clone().unwrap();
        // An administrator is linked by somebody, whatever the claim says.
        let of = issuer.clone();
        let link = move |tx: &mut Tx<'_>| {
            let anna = access::find_staff(tx.conn(), "anna")?.unwrap().id;
            access::door::link(tx, Actor::System, anna, &of, "7")
        };
        store.write(link).await.unwrap();
        let begin = async || {
            let mut browser = Browser::default();
            let told = ask(post("/session/oidc", json!({}))).await;
            assert_eq!(told.status, StatusCode::OK, "{}", told.body);
            browser.keep(&told);
            (browser, Url::parse(told.body["authorization_url"].as_str().unwrap()).unwrap())
        };

        let (mut browser, url) = begin().await;
        assert!(url.as_str().starts_with(&format!("{issuer}/authorize?response_type=code&")), "{url}");
        assert_eq!((query(&url, "code_challenge_method"), query(&url, "scope")), ("S256".into(), "openid".into()));
        assert!(query(&url, "acr_values").starts_with(L2));
        let good = claims(&issuer, &url, store.clock().now());
        let back = came_back(&url, &provided.code(&good, &url));
        assert_eq!(ask(get(&back)).await.status, StatusCode::UNAUTHORIZED, "another browser has no cookie");
        let (stranger, _) = begin().await;
        assert_eq!(ask(stranger.dress(get(&back))).await.status, StatusCode::UNAUTHORIZED, "or another one's");
        let told = ask(browser.dress(get(&back))).await;
        assert_eq!(
            (told.status, told.headers.get("location").unwrap().to_str().unwrap()),
            (StatusCode::SEE_OTHER, "/")
        );
        let before = browser.clone();
        browser.keep(&told);
        let told = ask(browser.dress(get("/session"))).await;
        assert_eq!((&told.body["standing"], &told.body["role"]), (&json!("full"), &json!("admin")));
        assert_eq!(ask(before.dress(get(&back))).await.status, StatusCode::UNAUTHORIZED, "state and code count once");

        let now = store.clock().now().timestamp();
        for (name, value) in [
            ("nonce", json!("another")),
            ("nonce", Value::Null),
            ("acr", json!("https://www.spid.gov.it/SpidL1")),
            ("acr", json!("SpidL3")),
            ("acr", Value::Null),
            ("aud", json!("somebody")),
            ("aud", json!(["staffetta", "somebody"])),
            ("azp", json!("somebody")),
            ("iss", json!("https://altro.example")),
            ("exp", json!(now - 61)),
            ("iat", json!(now + 61)),
            ("iat", json!(now - 661)),
            ("sub", json!("")),
            ("sub", json!("8")),
        ] {
            let (browser, url) = begin().await;
            let mut claims = claims(&issuer, &url, store.clock().now());
            claims[name] = value.clone();
            let back = came_back(&url, &provided.code(&claims, &url));
            let told = ask(browser.dress(get(&back))).await;
            assert_eq!((told.status, told.set().len()), (StatusCode::UNAUTHORIZED, 0), "{name} {value}");
        }

        let stranger = SigningKey::generate().unwrap().0;
        let encoded = |header: Value, claims: &Value| {
            [header.to_string(), claims.to_string()].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".")
        };
        let kid = provided.script.lock().unwrap().keys[0].kid().as_str().to_owned();
        for forge in 0..4 {
            let (browser, url) = begin().await;
            let claims = claims(&issuer, &url, store.clock().now());
            let token = match forge {
                0 => format!("{}.", encoded(json!({"alg": "none"}), &claims)),
                1 => format!("{}.c2ln", encoded(json!({"alg": "HS256", "kid": kid}), &claims)),
                2 => sign(Typ::Jwt, &stranger, &claims).unwrap(),
                _ => sign(Typ::AccessToken, &provided.script.lock().unwrap().keys[0], &claims).unwrap(),
            };
            let told = ask(browser.dress(get(&came_back(&url, &provided.code_for(token, &url))))).await;
            assert_eq!(told.status, StatusCode::UNAUTHORIZED, "{forge}");
        }

        let (browser, url) = begin().await;
        let mixed_up = format!("{}&iss=https://altro.example", came_back(&url, "x"));
        assert_eq!(ask(browser.dress(get(&mixed_up))).await.status, StatusCode::UNAUTHORIZED);
        let (browser, url) = begin().await;
        let denied = format!("{CALLBACK}?error=access_denied&state={}", query(&url, "state"));
        assert_eq!(ask(browser.dress(get(&denied))).await.status, StatusCode::UNAUTHORIZED);
        let (browser, url) = begin().await;
        let back = came_back(&url, &provided.code(&claims(&issuer, &url, store.clock().now()), &url));
        store.clock().advance(TimeDelta::minutes(10));
        assert_eq!(ask(browser.dress(get(&back))).await.status, StatusCode::UNAUTHORIZED, "too late");
        provided.handle.stop(false).await;
    })
    .await;
}

#[actix_web::test]
async fn keys_are_kept_and_read_again_when_they_rotate() {
    let scratch = scratch::sqlite(scratch::clock());
    let (store, provided) = (scratch.store().clone(), Provided::start().await);
    let (door, _) = stage(&store, &provided.config).await;
    let provider = provided.provider(store.clock()).unwrap();
    let issuer = provided.config.oidc.issuer.clone().unwrap();
    let signed_in = async || {
        let begun = door.begin_oidc().await.unwrap();
        let url = Url::parse(&provider.authorization_url(&begun).await.unwrap()).unwrap();
        let code = provided.code(&claims(&issuer, &url, store.clock().now()), &url);
        let token = provider.exchange(&code, &begun).await.unwrap();
        provider.judge(&token, &begun, store.clock().now()).await.map(|identity| identity.level)
    };
    for _ in 0..3 {
        assert_eq!(signed_in().await.unwrap(), 2);
    }
    assert_eq!((provided.asked("discovery"), provided.asked("jwks")), (1, 1));
    provided.script.lock().unwrap().keys = vec![SigningKey::generate().unwrap().0];
    assert!(signed_in().await.is_err(), "nobody makes it ask more than once a minute");
    assert_eq!(provided.asked("jwks"), 1);
    store.clock().advance(TimeDelta::minutes(1));
    assert_eq!(signed_in().await.unwrap(), 2);
    assert_eq!(provided.asked("jwks"), 2);

    // An endpoint elsewhere is not called, whatever the document says.
    provided.script.lock().unwrap().token_endpoint = Some("http://localhost:1/token".into());
    store.clock().advance(TimeDelta::hours(2));
    let begun = door.begin_oidc().await.unwrap();
    let refused = provider.authorization_url(&begun).await.unwrap_err();
    assert_eq!(refused.code(), Code::BadGateway);
    provided.handle.stop(false).await;
    let provider = provided.provider(store.clock()).unwrap();
    assert_eq!(provider.authorization_url(&begun).await.unwrap_err().code(), Code::Unreachable);
    store.close().await;
}

#[test]
fn levels_are_those_of_spid_cie_eidas_and_of_the_settings() {
    let mut config =
        OidcConfig { issuer: Some("https://i.example".into()), client_id: Some("c".into()), ..OidcConfig::default() };
    assert_eq!(level(&config, L2), Some(2));
    assert_eq!(level(&config, "http://eidas.europa.eu/LoA/high"), Some(3));
    assert_eq!((level(&config, "0"), level(&config, "")), (None, None));
    assert_eq!(acr_values(&config), format!("{L2} https://www.spid.gov.it/SpidL3"));
    config.acr_levels = vec!["1=urn:weak".into(), "3=urn:strong".into()];
    assert_eq!((level(&config, "urn:strong"), acr_values(&config).as_str()), (Some(3), "urn:strong"));

    let now: DateTime<Utc> = "2026-11-23T09:00:00Z".parse().unwrap();
    let mut claims = json!({"iss": "https://i.example", "sub": "7", "aud": ["c", "d"], "azp": "c", "nonce": "n",
        "acr": "urn:strong", "iat": now.timestamp(), "exp": now.timestamp() + 60});
    assert_eq!(
        judge(&claims, &config, "n", now).map(|identity| identity.username),
        Ok(None),
        "no claim names accounts"
    );
    assert_eq!(judge(&claims, &config, "m", now), Err(Unfit::Nonce));
    claims["acr"] = "urn:weak".into();
    assert_eq!(judge(&claims, &config, "n", now), Err(Unfit::Level));
    claims["exp"] = Value::Null;
    assert_eq!(judge(&claims, &config, "n", now), Err(Unfit::Shape));
}
