use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::{Bytes, Data};
use serde_json::{Value, json};

use super::*;
use crate::access;
use crate::config::Config;
use crate::routes::Routes;
use crate::web::document::DESK;
use crate::web::{self, Rooms, Web};

/// This room, mounted as the wiring mounts it.
const ROOMS: Rooms = Rooms { federation: |_| {}, desk: rooms, tags: &[], matrix: &[], examples: "{}" };

fn rooms(routes: &mut Routes<'_>) {
    routes.below(DESK, api, |rooms| rooms.wrap(from_fn(access::gate)));
}

fn config() -> Config {
    let text = "[node]\nentity_id = \"https://centro.example\"\norganisation_name = \"Centro\"\n[limits]\n\
                document_bytes = 200000\nperson_documents_bytes = 250000\n";
    Config::read(text, []).unwrap()
}

struct Told {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Told {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// The application, asked by whoever holds the token.
macro_rules! desk {
    ($store:expr, $vault:expr, $token:expr) => {{
        let (store, vault, token, config) = ($store.clone(), $vault.clone(), $token, config());
        let web = Web::new(&config, ROOMS);
        let app = init_service(web::application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone()))
                .app_data(Data::new(vault.clone()))
                .app_data(Data::new(config.clone()));
        }))
        .await;
        async move |method: &str, path: &str, headers: &[(&'static str, &str)], body: Vec<u8>| {
            let mut request = TestRequest::with_uri(&format!("{DESK}{path}"))
                .method(method.parse().unwrap())
                .insert_header(("authorization", format!("Bearer {token}")))
                .set_payload(body);
            for header in headers {
                request = request.insert_header(*header);
            }
            let answer = call_service(&app, request.to_request()).await;
            let (status, headers) = (answer.status(), answer.headers().clone());
            Told { status, headers, body: read_body(answer).await }
        }
    }};
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
async fn a_file_goes_in_and_comes_back_as_one_to_be_kept() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let ask = desk!(store, vault, token(&store, &anna).await);
        let all = format!("/people/{}/documents", person.id);
        let plain = ("content-type", "application/json");
        let description = json!({"type": "permit", "expires": "2027-01-10", "held_by": "person",
            "label": "a\"; filename=x.html"});
        let entered = ask("POST", &all, &[plain], description.to_string().into_bytes()).await;
        assert_eq!((entered.status, entered.header("etag")), (StatusCode::CREATED, "\"1\""));
        let one = entered.header("location").strip_prefix(DESK).unwrap().to_owned();
        assert_eq!(ask("GET", &one, &[], vec![]).await.json(), entered.json());
        let at = format!("{one}/content");
        assert_eq!(ask("GET", &at, &[], vec![]).await.status, StatusCode::NOT_FOUND);

        let bytes = pdf("hers", 150_000);
        let (media, first) = (("content-type", "application/pdf"), ("if-match", "\"1\""));
        assert_eq!(ask("PUT", &at, &[media], bytes.clone()).await.status, StatusCode::PRECONDITION_REQUIRED);
        for (declared, body, status, code) in [
            ("image/svg+xml", b"<svg/>".to_vec(), 415, "unsupported_media_type"),
            ("text/html", b"<html>".to_vec(), 415, "unsupported_media_type"),
            ("application/octet-stream", bytes.clone(), 415, "unsupported_media_type"),
            ("image/png", bytes.clone(), 422, "invalid_input"),
            ("application/pdf", b"MZ\x90\0".to_vec(), 422, "invalid_input"),
            ("application/pdf", vec![], 422, "invalid_input"),
            ("application/xml", b"<!DOCTYPE html><html/>".to_vec(), 422, "invalid_input"),
            ("application/pdf", pdf("too long", 250_000), 413, "too_large"),
        ] {
            let refused = ask("PUT", &at, &[("content-type", declared), first], body).await;
            assert_eq!((refused.status.as_u16(), refused.json()["code"].as_str()), (status, Some(code)), "{declared}");
        }
        let filed = ask("PUT", &at, &[media, first], bytes.clone()).await;
        assert_eq!((filed.status, filed.header("etag")), (StatusCode::OK, "\"2\""));
        assert_eq!(filed.json()["file"]["size"], json!(bytes.len()));
        assert_eq!(filed.json()["file"]["sha256"], json!(Digest::of(&bytes).to_string()));

        let copy = ask("GET", &at, &[], vec![]).await;
        assert_eq!((copy.status, copy.body.as_ref()), (StatusCode::OK, bytes.as_slice()));
        for (header, value) in [
            ("content-type", "application/pdf"),
            ("content-disposition", "attachment; filename=\"documento.pdf\""),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
            ("cache-control", "no-store"),
        ] {
            assert_eq!(copy.header(header), value);
        }

        let again = ask("POST", &all, &[plain], description.to_string().into_bytes()).await;
        let other = format!("{}/content", again.header("location").strip_prefix(DESK).unwrap());
        let full = ask("PUT", &other, &[media, first], pdf("second", 150_000)).await;
        assert_eq!(full.status, StatusCode::PAYLOAD_TOO_LARGE, "no room is left");

        let listed = ask("GET", &format!("{all}?limit=1"), &[], vec![]).await.json();
        assert_eq!(listed["items"].as_array().unwrap().len(), 1);
        let cursor = listed["next_cursor"].as_str().unwrap();
        let rest = ask("GET", &format!("{all}?cursor={cursor}"), &[], vec![]).await.json();
        assert_eq!((rest["items"].as_array().unwrap().len(), rest.get("next_cursor")), (1, None));
        let soon = ask("GET", "/documents/expiring", &[], vec![]).await.json();
        assert_eq!(soon["items"].as_array().unwrap().len(), 2);
        assert!(ask("GET", "/documents/expiring?before=2026-12-01", &[], vec![]).await.json()["items"][0].is_null());
        for wrong in ["?limit=0", "?limit=201", "?cursor=1%27--", "?x=1"] {
            assert_eq!(ask("GET", &format!("{all}{wrong}"), &[], vec![]).await.status, 422, "{wrong}");
        }
        for path in ["../../staff", "%2e%2e%2f%2e%2e", "..%5c..%5cx", "content", &"a".repeat(3000)] {
            let status = ask("GET", &format!("{all}/{path}/content"), &[], vec![]).await.status;
            assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        }
        assert_eq!(ask("DELETE", &one, &[], vec![]).await.status, StatusCode::PRECONDITION_REQUIRED);
        let conflict = ask("DELETE", &one, &[first], vec![]).await;
        assert_eq!(
            (conflict.status, &conflict.json()["theirs"]["id"]),
            (StatusCode::PRECONDITION_FAILED, &entered.json()["id"])
        );
        let newest = ask("GET", &one, &[], vec![]).await.header("etag").to_owned();
        assert_eq!(ask("DELETE", &one, &[("if-match", &newest)], vec![]).await.status, StatusCode::NO_CONTENT);
        assert_eq!(ask("GET", &at, &[], vec![]).await.status, StatusCode::NOT_FOUND);
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_not_in_the_team_gets_nothing_and_tells_nothing_apart() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let (sealer, by) = (vault.clone(), anna.clone());
        let act = move |tx: &mut Tx<'_>| {
            let sight = by.acting::<WriteDocuments>().sight(tx, person.id)?;
            let document = enter(tx, &sealer, &sight, &permit())?;
            let sealed = seal(tx.conn(), &sealer, &document, Media::Pdf, &pdf("x", 10))?;
            file(tx, &sealer, &sight, &sealed, 1, ROOM)?;
            let bruno = hired(tx, "bruno", AccessRole::Operator);
            Ok((document.id, bruno, hired(tx, "carla", AccessRole::Admin)))
        };
        let (document, bruno, carla) = store.write(act).await.unwrap();
        let all = format!("/people/{}/documents", person.id);
        let routes = [
            ("GET", all.clone()),
            ("POST", all.clone()),
            ("GET", format!("{all}/{document}")),
            ("PUT", format!("{all}/{document}")),
            ("DELETE", format!("{all}/{document}")),
            ("GET", format!("{all}/{document}/content")),
            ("PUT", format!("{all}/{document}/content")),
        ];
        for (who, code) in [(bruno, "outside_case"), (carla, "not_entitled")] {
            let ask = desk!(store, vault, token(&store, &who).await);
            for (method, path) in &routes {
                let body = json!({"type": "cv", "held_by": "node"}).to_string().into_bytes();
                let headers = [("content-type", "application/json"), ("if-match", "\"1\"")];
                let refused = ask(method, path, &headers, body).await;
                assert_eq!(refused.status, StatusCode::FORBIDDEN, "{method} {path}");
                assert_eq!(refused.json()["code"], json!(code), "{method} {path}");
            }
        }
    })
    .await;
}

/// Header injection and path traversal: what somebody calls a paper, or asks for, is in no header and leads nowhere.
#[actix_web::test]
async fn what_a_document_is_called_is_in_no_header_and_no_path() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let ask = desk!(store, vault, token(&store, &anna).await);
        let all = format!("/people/{}/documents", person.id);
        let plain = ("content-type", "application/json");
        let called = async |label: &str| {
            let said = json!({"type": "cv", "held_by": "node", "label": label}).to_string().into_bytes();
            ask("POST", &all, &[plain], said).await
        };
        for split in ["cv\r\nSet-Cookie: a=b", "cv\nLocation: https://example.org", "cv\0.pdf"] {
            let refused = called(split).await;
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{split:?}");
            assert!(refused.headers.get("set-cookie").is_none() && refused.headers.get("location").is_none());
        }
        let media = ("content-type", "application/pdf");
        for name in ["../../etc/passwd", "..\\..\\a.exe", "/etc/passwd", "a\"; filename=\"x.html", "a;b=c%0d%0aX: y"] {
            let entered = called(name).await;
            assert_eq!(entered.status, StatusCode::CREATED, "{name}");
            let one = entered.header("location").strip_prefix(DESK).unwrap().to_owned();
            let at = format!("{one}/content");
            assert_eq!(ask("PUT", &at, &[media, ("if-match", "\"1\"")], pdf("x", 10)).await.status, StatusCode::OK);
            let copy = ask("GET", &at, &[], vec![]).await;
            assert_eq!(copy.header("content-disposition"), "attachment; filename=\"documento.pdf\"", "{name}");
            let headers = format!("{:?}", copy.headers);
            assert!(!headers.contains("passwd") && !headers.contains("html"), "{headers}");
        }
        for leads_out in [
            "../../../etc/passwd",
            "..%2f..%2f..%2fetc%2fpasswd",
            "%2e%2e/%2e%2e/status",
            "%252e%252e%252f",
            "00000000-0000-0000-0000-000000000000/content",
            "x%00.pdf/content",
            "x%0d%0aSet-Cookie:%20a=b/content",
        ] {
            let nothing = ask("GET", &format!("{all}/{leads_out}"), &[], vec![]).await;
            assert!([400, 404].contains(&nothing.status.as_u16()), "{leads_out}: {}", nothing.status);
            assert!(nothing.headers.get("set-cookie").is_none(), "{leads_out}");
        }
    })
    .await;
}
