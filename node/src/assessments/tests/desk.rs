//! The desk's API for assessments and counselling notes, asked as any program would ask it.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::Value;

use super::*;
use crate::config::Config;
use crate::web::document::DESK;
use crate::web::{self, Rooms, Web};

const ROOMS: Rooms = Rooms {
    federation: |_| {},
    desk: |routes| {
        routes.below(DESK, api, |rooms| rooms.wrap(from_fn(access::gate)));
    },
    tags: &[],
    matrix: &[],
    examples: "{}",
};

async fn token(store: &Store, of: Uuid) -> String {
    let act = move |tx: &mut Tx<'_>| {
        let label = access::Label::new("x").unwrap();
        Ok(access::issue_token(tx, Actor::System, of, &label, None)?.token.expose().to_owned())
    };
    store.write(act).await.unwrap()
}

/// Another account, on the case in this function if one is named; its token.
async fn other(store: &Store, name: &'static str, role: AccessRole, on: Option<(Person, Function)>) -> String {
    let act = move |tx: &mut Tx<'_>| {
        let staff = hired(tx, name, role);
        if let Some((person, function)) = on {
            on_case(tx, &staff, &person, function);
        }
        Ok(staff.id)
    };
    let id = store.write(act).await.unwrap();
    token(store, id).await
}

/// The application over a store, asked by whoever holds the token: status, `ETag`, body.
macro_rules! desk {
    ($store:expr, $vault:expr) => {{
        let (store, vault) = ($store.clone(), $vault.clone());
        let text = "[node]\nentity_id = \"https://centro.example\"\norganisation_name = \"X\"\n";
        let config = Config::read(text, []).unwrap();
        let web = Web::new(&config, ROOMS);
        let app = init_service(web::application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone())).app_data(Data::new(vault.clone()));
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
            let etag = answer.headers().get("etag").map_or("", |tag| tag.to_str().unwrap()).to_owned();
            let status = answer.status().as_u16();
            (status, etag, serde_json::from_slice::<Value>(&read_body(answer).await).unwrap_or_default())
        }
    }};
}

fn sewn() -> Value {
    json!({"method": "operator", "findings": [
        {"phase": "analysis", "skill": {"kind": "free", "text": "sartoria"}, "level": "basic", "source": "tested",
         "pile": "certifiable_now"}
    ]})
}

#[actix_web::test]
async fn an_assessment_goes_through_its_phases_to_a_signature_under_its_versions() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let anna = token(&store, anna.id).await;
        let ask = desk!(store, vault);
        let ask = async |method: &str, path: &str, version: Option<&str>, body: Option<Value>| {
            ask(&anna, method, path, version, body).await
        };
        let all = format!("/people/{}/assessments", person.id);
        let (status, tag, opened) = ask("POST", &all, None, Some(sewn())).await;
        assert_eq!((status, tag.as_str(), opened["state"].as_str()), (201, "\"1\"", Some("open")));
        let one = format!("{all}/{}", opened["id"].as_str().unwrap());
        assert_eq!(ask("GET", &one, None, None).await, (200, tag.clone(), opened.clone()));
        let wrong = json!({"method": "operator", "findings": [{"phase": "analysis"}]});
        let (status, _, told) = ask("POST", &all, None, Some(wrong)).await;
        assert_eq!(status, 422);
        assert!(told["errors"][0]["detail_it"].is_string() && told["errors"][0]["detail_en"].is_string());

        let mut changed = sewn();
        changed["summary"] = json!("So cucire.");
        assert_eq!(ask("PUT", &one, None, Some(changed.clone())).await.0, 428);
        let (status, tag, _) = ask("PUT", &one, Some(&tag), Some(changed.clone())).await;
        assert_eq!((status, tag.as_str()), (200, "\"2\""));
        let signature = json!({"by": "person", "method": "pin", "signed_on": "2026-11-22"});
        for (method, path, body) in [
            ("PUT", one.clone(), sewn()),
            ("POST", format!("{one}/phases"), json!({"phase": "welcome", "on": "2026-11-20"})),
            ("POST", format!("{one}/signatures"), signature.clone()),
        ] {
            let (status, _, told) = ask(method, &path, Some("\"1\""), Some(body.clone())).await;
            assert_eq!((status, &told["current"], &told["yours"]), (412, &json!("\"2\""), &body), "{path}");
            assert_eq!(told["theirs"]["work"]["summary"], "So cucire.", "{path}");
            assert_eq!(ask(method, &path, None, Some(body)).await.0, 428, "{path}");
        }
        let mut tag = tag;
        assert_eq!(ask("POST", &format!("{one}/signatures"), Some(&tag), Some(signature.clone())).await.0, 409);
        for phase in ["welcome", "analysis", "synthesis"] {
            let begun = json!({"phase": phase, "on": "2026-11-20"});
            let (status, next, _) = ask("POST", &format!("{one}/phases"), Some(&tag), Some(begun)).await;
            assert_eq!(status, 200, "{phase}");
            tag = next;
        }
        let (status, _, signed) = ask("POST", &format!("{one}/signatures"), Some(&tag), Some(signature)).await;
        assert_eq!((status, signed["state"].as_str()), (200, Some("signed")));
        let (_, tag, _) = ask("GET", &one, None, None).await;
        assert_eq!(ask("PUT", &one, Some(&tag), Some(changed)).await.0, 409, "what was signed is as it is");
        let finding = signed["work"]["findings"][0]["id"].clone();
        let proposed = ask("POST", &format!("{one}/proposals"), None, Some(json!({"findings": [finding]}))).await;
        assert_eq!(proposed.0, 200);
        let (_, _, page) = ask("GET", &format!("{all}?limit=1"), None, None).await;
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn who_has_no_part_in_an_assessment_is_turned_away_by_role_case_and_function() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let anna = token(&store, anna.id).await;
        let legal = other(&store, "lea", AccessRole::Operator, Some((person.clone(), Function::Legal))).await;
        let stranger = other(&store, "sara", AccessRole::Operator, None).await;
        let evaluator = other(&store, "eva", AccessRole::Evaluator, None).await;
        let dpo = other(&store, "dario", AccessRole::Dpo, None).await;
        let ask = desk!(store, vault);
        let all = format!("/people/{}/assessments", person.id);
        let (_, _, opened) = ask(&anna, "POST", &all, None, Some(sewn())).await;
        let one = format!("{all}/{}", opened["id"].as_str().unwrap());
        for (token, code) in
            [(&legal, "function_not_entitled"), (&stranger, "outside_case"), (&evaluator, "not_entitled")]
        {
            for (method, path, body) in
                [("GET", &all, None), ("GET", &one, None), ("POST", &all, Some(sewn())), ("PUT", &one, Some(sewn()))]
            {
                let (status, _, told) = ask(token, method, path, Some("\"1\""), body).await;
                assert_eq!((status, told["code"].as_str()), (403, Some(code)), "{method} {path}");
            }
        }
        let (status, _, told) = ask(&dpo, "PUT", &one, Some("\"1\""), Some(sewn())).await;
        assert_eq!((status, told["code"].as_str()), (403, Some("not_entitled")), "who watches does not write");
    })
    .await;
}

#[actix_web::test]
async fn a_counselling_note_is_its_authors_and_a_conflict_shows_her_both_sides() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let anna = token(&store, anna.id).await;
        let paola = other(&store, "paola", AccessRole::Operator, Some((person.clone(), Function::Psychologist))).await;
        let ask = desk!(store, vault);
        let all = format!("/people/{}/counselling-notes", person.id);
        assert_eq!(
            ask(&anna, "POST", &all, None, Some(json!({"text": "Zz"}))).await.0,
            403,
            "a case operator does not"
        );
        let (status, tag, written) = ask(&paola, "POST", &all, None, Some(json!({"text": "Zzuno"}))).await;
        assert_eq!((status, tag.as_str()), (201, "\"1\""));
        assert!(!written.to_string().contains("Zzuno"));
        let one = format!("{all}/{}", written["id"].as_str().unwrap());
        assert_eq!(ask(&anna, "GET", &one, None, None).await.0, 403);
        let (status, tag, _) = ask(&paola, "PUT", &one, Some(&tag), Some(json!({"text": "Zzdue"}))).await;
        assert_eq!((status, tag.as_str()), (200, "\"2\""));
        let (status, _, told) = ask(&paola, "PUT", &one, Some("\"1\""), Some(json!({"text": "Zztre"}))).await;
        assert_eq!((status, &told["current"]), (412, &json!("\"2\"")));
        assert_eq!((&told["theirs"]["text"], &told["yours"]["text"]), (&json!("Zzdue"), &json!("Zztre")));
        let (status, _, told) = ask(&anna, "PUT", &one, Some("\"1\""), Some(json!({"text": "Zzmia"}))).await;
        assert_eq!((status, told.get("theirs")), (403, None), "to nobody else");
    })
    .await;
}
