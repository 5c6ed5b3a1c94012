use std::io;
use std::sync::{Arc, Mutex};

use actix_web::body::to_bytes;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, init_service};
use actix_web::{get, post};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use staffetta_protocol::card::Check;
use utoipa::ToSchema;
use uuid::Uuid;

use super::document::{DESK, EXCHANGE};
use super::*;
use crate::access;
use crate::error::Result;
use crate::routes::Routes;

/// What this room brings itself, mounted as the wiring mounts it.
pub(super) const ROOMS: Rooms = Rooms { federation, desk, tags: &[], matrix: &[], examples: "{}" };

fn federation(routes: &mut Routes<'_>) {
    routes.below(EXCHANGE, status::api, |rooms| rooms);
}

fn desk(routes: &mut Routes<'_>) {
    let within = |routes: &mut Routes<'_>| _ = routes.configure(door::api).configure(staff::api);
    let all = |routes: &mut Routes<'_>| {
        routes.configure(status::api).configure(door::open_api);
        routes.below("", within, |rooms| rooms.wrap(from_fn(access::gate)));
    };
    routes.below(DESK, all, |rooms| rooms);
}

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Probe {
    label: String,
    level: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    inner: Option<Box<Value>>,
}

impl Check for Probe {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page {
    limit: Option<u8>,
}

/// Takes whatever there is to take.
#[utoipa::path(request_body = Probe, responses((status = 200, description = "It.", body = Probe)))]
#[post("/probes/{probe}")]
async fn probe(Path(id): Path<Uuid>, Query(page): Query<Page>, Input(probe): Input<Probe>) -> Result<Json<Probe>> {
    assert!(!id.is_nil() && page.limit != Some(0));
    Ok(Json::created(probe, "/somewhere").etag(3))
}

fn probes(routes: &mut Routes<'_>) {
    routes.below(
        EXCHANGE,
        |routes| {
            routes.configure(status::api).service(probe).service(kept);
        },
        |rooms| rooms,
    );
}

fn config(per_minute: u32) -> Config {
    let text = format!(
        "[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n[limits]\n\
         requests_per_minute_per_peer = {per_minute}\n"
    );
    Config::read(&text, []).unwrap()
}

struct Told {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// One application to be asked.
macro_rules! face {
    ($config:expr) => {{
        let web = Web::new(&$config, Rooms { federation: probes, ..ROOMS });
        let app = init_service(application(&web, &|_| {})).await;
        async move |request: TestRequest| told(app.call(request.to_request()).await.unwrap()).await
    }};
}

async fn told<B: MessageBody>(answer: ServiceResponse<B>) -> Told {
    let (_, answer) = answer.into_parts();
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = to_bytes(answer.into_body()).await.ok().unwrap();
    Told { status, headers, body: String::from_utf8_lossy(&body).into_owned() }
}

fn post_to(path: &str, body: impl Into<Vec<u8>>) -> TestRequest {
    TestRequest::post().uri(path).insert_header(("content-type", "application/json")).set_payload(body.into())
}

const KEPT: &str = "/rest/staffetta/v1/exchange/kept";
const PROBES: &str = "/rest/staffetta/v1/exchange/probes/6f9619ff-8b86-4d01-b42d-00cf4fc964ff";

#[actix_web::test]
async fn a_good_body_is_taken_and_answered() {
    let ask = face!(config(600));
    let answer = ask(post_to(PROBES, r#"{"label":"x","level":3}"#)).await;
    assert_eq!((answer.status, answer.json()), (StatusCode::CREATED, json!({"label":"x","level":3})));
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!((answer.header("location"), answer.header("etag")), ("/somewhere", "\"3\""));
    let with_charset =
        TestRequest::post().uri(PROBES).insert_header(("content-type", "application/json; charset=utf-8"));
    assert_eq!(ask(with_charset.set_payload(r#"{"label":"x","level":3}"#)).await.status, StatusCode::CREATED);
}

/// Shows the same thing for ever.
#[utoipa::path(responses((status = 200, description = "It.", body = Probe)))]
#[get("/kept")]
async fn kept() -> Json<Probe> {
    Json::ok(Probe { label: "x".into(), level: 1, inner: None }).etag(3)
}

#[actix_web::test]
async fn who_has_that_version_already_gets_no_body() {
    let ask = face!(config(600));
    let read = |known: &'static str| TestRequest::get().uri(KEPT).insert_header(("if-none-match", known));
    for (known, status) in
        [("\"3\"", 304), ("\"1\", W/\"3\"", 304), ("*", 304), ("\"2\"", 200), ("3", 200), ("\"33\"", 200)]
    {
        let answer = ask(read(known)).await;
        assert_eq!((answer.status.as_u16(), answer.header("etag")), (status, "\"3\""), "{known}");
        assert_eq!(answer.body.is_empty(), status == 304, "{known}");
    }
    // A precondition of reading says nothing about a creation.
    let made = ask(post_to(PROBES, r#"{"label":"x","level":3}"#).insert_header(("if-none-match", "*"))).await;
    assert_eq!(made.status, 201);
}

#[actix_web::test]
async fn the_desk_speaks_italian_or_what_is_asked_for() {
    let ask = face!(config(600));
    let of =
        |path: &str, language: &'static str| TestRequest::get().uri(path).insert_header(("accept-language", language));
    let path = format!("{DESK}/staff");
    for (asked, language, detail) in
        [("fr", "it", "Autenticazione non riuscita."), ("en-GB, it;q=0.3", "en", "Authentication failed.")]
    {
        let answer = ask(of(&path, asked)).await;
        assert_eq!((answer.header("content-language"), answer.json()["detail"].as_str()), (language, Some(detail)));
        assert_eq!((answer.header("vary"), answer.header("www-authenticate").is_empty()), ("accept-language", false));
        assert_eq!(answer.json()["title_it"], json!("Autenticazione non riuscita."));
    }
    // What one node tells another stays as the protocol has it.
    let answer = ask(of(&format!("{EXCHANGE}/nowhere"), "it")).await;
    assert_eq!((answer.header("content-language"), answer.json().get("detail")), ("", None));
}

#[actix_web::test]
async fn what_cannot_be_read_is_malformed() {
    let ask = face!(config(600));
    let nested = |deep: usize| format!(r#"{{"label":"x","level":3,"inner":{}{}}}"#, "[".repeat(deep), "]".repeat(deep));
    let bodies: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"{".to_vec(),
        b"{} {}".to_vec(),
        b"{\"label\":\"\xff\",\"level\":3}".to_vec(),
        br#"{"label":"x","label":"y","level":3}"#.to_vec(),
        br#"{"label":"x","level":3,"inner":{"a":1,"a":2}}"#.to_vec(),
        nested(40).into_bytes(),
        nested(1_000_000 / 2).into_bytes(),
    ];
    for body in bodies {
        let answer = ask(post_to(PROBES, body.clone())).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (400, "malformed_request"), "{}", answer.body);
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[actix_web::test]
async fn what_does_not_fit_is_told_by_place_and_never_repeated() {
    let ask = face!(config(600));
    let cases = [
        (r#"{"label":"x"}"#, "/level", "required"),
        (r#"{"label":"x","level":3,"Amina Diallo":1}"#, "", "unknown_field"),
        (r#"{"label":"x","level":"Amina Diallo"}"#, "/level", "wrong_type"),
        (r#"{"label":"x","level":300}"#, "/level", "out_of_range"),
        (r#"["Amina Diallo"]"#, "", "wrong_type"),
        (r#"{"label":"Amina Diallo","level":null}"#, "/level", "wrong_type"),
    ];
    for (body, field, code) in cases {
        let answer = ask(post_to(PROBES, body)).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "invalid_input"), "{body}: {}", answer.body);
        let errors = answer.json()["errors"].clone();
        assert_eq!((&errors[0]["field"], &errors[0]["code"]), (&json!(field), &json!(code)), "{body}");
        assert!(!answer.body.contains("Amina"), "{}", answer.body);
    }
    let answer = ask(post_to(PROBES, r#"{"level":"Amina","inner":null,"other":1}"#)).await.json();
    let mut told: Vec<_> = answer["errors"].as_array().unwrap().iter().map(|it| it["field"].to_string()).collect();
    told.sort();
    assert_eq!(told.join(" "), r#""/inner" "/label" "/level" "/other""#, "{answer}");
}

#[actix_web::test]
async fn another_media_type_or_any_encoding_is_refused() {
    let ask = face!(config(600));
    let body = r#"{"label":"x","level":3}"#;
    let plain =
        |kind: &'static str| TestRequest::post().uri(PROBES).insert_header(("content-type", kind)).set_payload(body);
    let requests = [
        TestRequest::post().uri(PROBES).set_payload(body),
        plain("text/plain"),
        plain("application/x-www-form-urlencoded"),
        plain("application/json-patch+json"),
        plain("application/json").insert_header(("content-encoding", "gzip")),
    ];
    for request in requests {
        let answer = ask(request).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (415, "unsupported_media_type"));
    }
}

#[actix_web::test]
async fn ten_megabytes_are_too_many_announced_or_not() {
    let ask = face!(config(600));
    let answer = ask(post_to(PROBES, vec![b' '; 10 << 20])).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (413, "too_large"));
    let announced = post_to(PROBES, "{}").insert_header((CONTENT_LENGTH, 10 << 20));
    assert_eq!(ask(announced).await.status, 413);
    let lied = post_to(PROBES, vec![b' '; 3 << 20]).insert_header((CONTENT_LENGTH, 2));
    assert_eq!(ask(lied).await.status, 413);
}

#[actix_web::test]
async fn ids_and_queries_that_are_none() {
    let ask = face!(config(600));
    for id in ["1", "%3Cscript%3E", "6f9619ff-8b86-4d01-b42d-00cf4fc964fg", "'%20OR%201=1"] {
        let answer = ask(post_to(&format!("{EXCHANGE}/probes/{id}"), "{}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "not_found"), "{id}");
    }
    for query in ["limit=amina", "limit=-1", "limit=1&limit=2", "other=1"] {
        let answer = ask(post_to(&format!("{PROBES}?{query}"), "{}")).await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (422, "invalid_input"), "{query}");
        assert!(!answer.body.contains("amina"));
    }
}

#[actix_web::test]
async fn nothing_there_and_nothing_like_that_there() {
    let ask = face!(config(600));
    for path in ["/", "/nowhere", "/rest/staffetta/v1/exchange/nowhere", "/docs/nowhere.js"] {
        let answer = ask(TestRequest::get().uri(path)).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    let answer = ask(TestRequest::get().uri(PROBES)).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (405, "method_not_allowed"));
    assert_eq!(answer.header("allow"), "POST");
    assert_eq!(ask(TestRequest::delete().uri("/rest/staffetta/v1/exchange/status")).await.header("allow"), "GET");
}

#[actix_web::test]
async fn the_status_is_public_at_every_base() {
    let ask = face!(config(600));
    for base in ["/rest/staffetta/v1", EXCHANGE, DESK] {
        let answer = ask(TestRequest::get().uri(&format!("{base}/status"))).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"status": "ok"})), "{base}");
        assert_eq!(answer.header("content-type"), "application/json");
    }
    let answer = ask(TestRequest::get().uri(&format!("{DESK}/staff"))).await;
    assert_eq!((answer.status.as_u16(), answer.header("www-authenticate")), (401, r#"Bearer realm="staffetta""#));
}

#[actix_web::test]
async fn every_answer_is_dressed() {
    let ask = face!(config(600));
    let own = TestRequest::get().uri("/nowhere").insert_header(("x-request-id", "abc-1"));
    let answer = ask(own).await;
    assert_eq!(answer.header("x-request-id"), "abc-1");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    let foreign = TestRequest::get().uri("/nowhere").insert_header(("x-request-id", "Amina Diallo"));
    assert_eq!(ask(foreign).await.header("x-request-id").len(), 36);

    let mut local = config(600);
    local.node.entity_id = "https://localhost:8443".parse().unwrap();
    let ask = face!(local);
    assert_eq!(ask(TestRequest::get().uri("/nowhere")).await.header("strict-transport-security"), "");
}

#[actix_web::test]
async fn who_asks_too_often_is_told_when_to_come_back() {
    let ask = face!(config(3));
    for left in ["2", "1", "0"] {
        let answer = ask(TestRequest::get().uri("/rest/staffetta/v1/status")).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-remaining")), (200, left));
        assert_eq!(answer.header("x-ratelimit-limit"), "3");
        assert!((1..=60).contains(&answer.header("x-ratelimit-reset").parse::<u32>().unwrap()));
    }
    let answer = ask(TestRequest::get().uri("/rest/staffetta/v1/status")).await;
    assert_eq!((answer.status.as_u16(), answer.code().as_str()), (429, "rate_limited"));
    assert!((1..=20).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
    assert_eq!(answer.header("x-ratelimit-remaining"), "0");
}

#[actix_web::test]
async fn the_viewer_asks_nobody_else() {
    let ask = face!(config(600));
    assert_eq!(ask(TestRequest::get().uri("/docs")).await.header("location"), "/docs/");
    let page = ask(TestRequest::get().uri("/docs/")).await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("script-src 'self';"));
    assert!(!page.body.contains("//") || !page.body.replace("<!--", "").contains("http"), "{}", page.body);
    assert!(!page.body.contains("<style") && !page.body.contains(" onload="), "{}", page.body);
    for script in page.body.split("<script").skip(1) {
        assert!(script.trim_start().starts_with("src=\"./"), "an inline script: {script}");
    }
    let settings = ask(TestRequest::get().uri("/docs/swagger-initializer.js")).await;
    assert!(settings.body.contains(r#""validatorUrl": "none""#), "{}", settings.body);
    assert!(!settings.body.contains("http"), "{}", settings.body);
    for asset in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-ui-standalone-preset.js", "index.css"] {
        assert_eq!(ask(TestRequest::get().uri(&format!("/docs/{asset}"))).await.status, 200, "{asset}");
    }
    for document in ["desk", "federation"] {
        let document = ask(TestRequest::get().uri(&format!("/docs/{document}.json"))).await.json();
        let server = document["servers"][0]["url"].as_str().unwrap();
        assert!(server.starts_with("https://nodo.example/rest/staffetta/v1/"), "{server}");
    }
}

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[actix_web::test]
async fn the_log_names_the_route_and_no_value() {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt().json().with_writer(move || writer.clone()).finish();
    // With a single subscriber alive, whichever test's thread comes first to a line of the log decides for all whether
    // anybody listens there.
    let _second = tracing::Dispatch::new(tracing_subscriber::registry());
    let _guard = tracing::subscriber::set_default(subscriber);
    let ask = face!(config(600));
    let path = format!("{EXCHANGE}/probes/6f9619ff-8b86-4d01-b42d-00cf4fc964ff?limit=7777");
    let request = post_to(&path, r#"{"label":"Amina Diallo","level":3000}"#)
        .insert_header(("authorization", "Bearer stf_secret"))
        .insert_header(("x-request-id", "abc-1"));
    ask(request).await;
    ask(TestRequest::get().uri("/Amina?x=Diallo")).await;

    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{text}");
    let fields = &lines[0]["fields"];
    assert_eq!(fields["operation"], json!("/rest/staffetta/v1/exchange/probes/{probe}"));
    assert_eq!(
        (&fields["method"], &fields["status"], &fields["outcome"]),
        (&json!("POST"), &json!(422), &json!("invalid_input"))
    );
    assert!(fields["duration_ms"].is_u64());
    let spans = lines[0]["spans"].to_string();
    assert!(spans.contains("https://nodo.example") && spans.contains("abc-1"), "{spans}");
    assert_eq!(lines[1]["fields"]["operation"], json!("unknown"));
    assert_eq!(lines[1]["fields"]["outcome"], json!("not_found"));
    for value in ["Amina", "Diallo", "7777", "6f9619ff", "stf_", "3000"] {
        assert!(!text.contains(value), "{value}: {text}");
    }
}
