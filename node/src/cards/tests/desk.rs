//! The desk's API for sections, drafts and confirmations, asked as any program would ask it.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;

use super::*;
use crate::access::{self, AccessRole, Function, cases};
use crate::config::Config;
use crate::documents;
use crate::keys::Keys;
use crate::peers::{Client, Peers};
use crate::routes::Routes;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{self, Rooms, Web};

const ROOMS: Rooms = Rooms {
    federation: |_| {},
    desk: |routes| {
        let rooms = |routes: &mut Routes<'_>| {
            routes.configure(people::api).configure(api).configure(documents::api);
        };
        routes.below(DESK, rooms, |rooms| rooms.wrap(from_fn(access::gate)));
    },
    tags: &[],
    matrix: &[],
    examples: "{}",
};

/// An account in this role, on the case in this function if one is named; its token.
async fn token(store: &Store, role: AccessRole, name: &'static str, on: Option<(PersonId, Function)>) -> String {
    let act = move |tx: &mut Tx<'_>| {
        let label = access::Label::new("x").unwrap();
        let id = access::add_staff(tx, Actor::System, &name.parse().unwrap(), &label, role)?;
        if let Some((person, function)) = on {
            cases::assign(tx, Actor::System, person.into(), id, &function.into())?;
        }
        Ok(access::issue_token(tx, Actor::System, id, &label, None)?.token.expose().to_owned())
    };
    store.write(act).await.unwrap()
}

/// The application over a store, asked by whoever holds the token: status, `ETag`, body.
macro_rules! desk {
    ($store:expr, $vault:expr) => {{
        let (store, vault) = ($store.clone(), $vault.clone());
        let text = "[node]\nentity_id = \"https://centro.example\"\norganisation_name = \"X\"\nprovince = \"PO\"\n";
        let config = Config::read(text, []).unwrap();
        let keys = Keys::new(vault.clone(), config.node.entity_id.clone());
        let client = Client::new(&config.network, false).unwrap();
        let peers = Peers::new(store.clone(), keys, &config, store.clock().clone(), client);
        let web = Web::new(&config, ROOMS);
        let app = init_service(web::application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone()))
                .app_data(Data::new(vault.clone()))
                .app_data(Data::new(Cards { age_said: |_, _, _| Ok(()) }))
                .app_data(Data::new(peers.clone()))
                .app_data(Data::new(config.clone()));
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

/// Somebody with a quick card.
async fn somebody(store: &Store, vault: &Vault) -> PersonId {
    let vault = vault.clone();
    let act = move |tx: &mut Tx<'_>| {
        let awa = person(tx, &vault);
        put_quick(tx, &vault, &seen(awa.id), quick(), Some(&prato()))?;
        Ok(awa.id)
    };
    store.write(act).await.unwrap()
}

#[actix_web::test]
async fn a_section_goes_through_draft_and_version_and_every_conflict_shows_both_sides() {
    scratch::each(|store| async move {
        let vault = vault();
        let awa = somebody(&store, &vault).await;
        let anna = token(&store, AccessRole::Operator, "anna", Some((awa, Function::CaseOperator))).await;
        let ask = desk!(store, vault);
        let ask = async |method: &str, path: &str, version: Option<&str>, body: Option<Value>| {
            ask(&anna, method, path, version, body).await
        };
        let card = format!("/people/{awa}/card");
        let section = format!("{card}/sections/A");
        let (status, tag, shown) = ask("GET", &section, None, None).await;
        assert_eq!((status, shown["section"].as_str(), tag.as_str()), (200, Some("A"), "\"0\""));
        assert_eq!(ask("GET", &format!("{card}/sections/Z"), None, None).await.0, 404);

        let draft = |name: &str| json!({"fields": {"given_names": name, "is_minor": "no"}, "draft": true});
        assert_eq!(ask("PUT", &section, None, Some(draft("Awa"))).await.0, 428);
        let (status, drafted, shown) = ask("PUT", &section, Some(&tag), Some(draft("Awa"))).await;
        assert_eq!((status, shown["draft"]["fields"]["given_names"].as_str()), (200, Some("Awa")));
        let (status, _, told) = ask("PUT", &section, Some(&tag), Some(draft("Fatou"))).await;
        assert_eq!((status, told["code"].as_str(), &told["current"]), (412, Some("version_conflict"), &json!(drafted)));
        assert_eq!(told["theirs"]["draft"]["fields"]["given_names"], "Awa");
        assert_eq!(told["yours"]["fields"]["given_names"], "Fatou");
        assert_eq!(ask("GET", &format!("{card}/drafts"), None, None).await.2["items"].as_array().unwrap().len(), 1);

        let gone = format!("{section}/draft");
        let (status, _, told) = ask("DELETE", &gone, Some(&tag), None).await;
        assert_eq!((status, &told["current"]), (412, &json!(drafted)));
        assert_eq!(told["theirs"]["draft"]["fields"]["given_names"], "Awa", "what would be thrown away is shown");
        assert_eq!(ask("DELETE", &gone, None, None).await.0, 428);
        assert_eq!(ask("DELETE", &gone, Some(&drafted), None).await.0, 204);
        assert_eq!(ask("DELETE", &gone, Some(&drafted), None).await.0, 404);
        assert_eq!(ask("POST", &format!("{card}/versions"), None, Some(json!({}))).await.0, 409, "no draft is left");

        let (_, tag, _) = ask("GET", &section, None, None).await;
        assert_eq!(ask("PUT", &section, Some(&tag), Some(draft("Awa"))).await.0, 200);
        let (status, version, published) = ask("POST", &format!("{card}/versions"), None, Some(json!({}))).await;
        assert_eq!((status, version.as_str(), &published["card"]["given_names"]), (201, "\"2\"", &json!("Awa")));

        let right = json!({"said_by": "self", "means": "interview"});
        let confirm = format!("{card}/confirmations");
        assert_eq!(ask("POST", &confirm, None, Some(right.clone())).await.0, 428);
        let (status, _, told) = ask("POST", &confirm, Some("\"1\""), Some(right.clone())).await;
        assert_eq!((status, &told["current"], &told["yours"]), (412, &json!("\"2\""), &right));
        assert_eq!(told["theirs"]["card"]["given_names"], "Awa", "what was to be confirmed is another card");
        assert_eq!(ask("POST", &confirm, Some("\"2\""), Some(right)).await.0, 201);

        let (_, _, old) = ask("GET", &format!("{card}/versions/1"), None, None).await;
        assert!(old["card"].get("given_names").is_none());
        let (_, _, between) = ask("GET", &format!("{card}/differences?from=1&to=2"), None, None).await;
        assert!(between["items"].as_array().unwrap().iter().any(|one| one["field"] == "given_names"));
        assert_eq!(ask("GET", &format!("{card}/differences?from=1"), None, None).await.0, 422);
    })
    .await;
}

#[actix_web::test]
async fn a_role_and_a_function_see_their_part_of_a_card_and_others_none() {
    scratch::each(|store| async move {
        let vault = vault();
        let awa = somebody(&store, &vault).await;
        let mediator = token(&store, AccessRole::Operator, "mira", Some((awa, Function::Mediator))).await;
        let stranger = token(&store, AccessRole::Operator, "sara", None).await;
        let evaluator = token(&store, AccessRole::Evaluator, "eva", None).await;
        let ask = desk!(store, vault);
        let card = format!("/people/{awa}/card");
        let (status, _, shown) = ask(&mediator, "GET", &card, None, None).await;
        assert_eq!(status, 200);
        assert!(shown["withheld"].as_array().unwrap().contains(&json!("G")) && shown["card"].get("skills").is_none());
        assert_eq!(ask(&mediator, "GET", &format!("{card}/sections/G"), None, None).await.0, 403);
        let edit = json!({"fields": {}});
        assert_eq!(ask(&mediator, "PUT", &format!("{card}/sections/A"), Some("\"0\""), Some(edit)).await.0, 403);
        for path in ["", "/sections/A", "/drafts", "/versions/1", "/completeness", "/gaps", "/differences?from=1&to=1"]
        {
            let path = format!("{card}{path}");
            for (token, code) in [(&stranger, "outside_case"), (&evaluator, "not_entitled")] {
                let (status, _, told) = ask(token, "GET", &path, None, None).await;
                assert_eq!((status, told["code"].as_str()), (403, Some(code)), "{path}");
            }
        }
    })
    .await;
}

#[actix_web::test]
async fn the_documents_of_a_card_are_those_that_were_entered() {
    scratch::each(|store| async move {
        let vault = vault();
        let awa = somebody(&store, &vault).await;
        let anna = token(&store, AccessRole::Operator, "anna", Some((awa, Function::CaseOperator))).await;
        let ask = desk!(store, vault);
        let ask = async |method: &str, path: &str, version: Option<&str>, body: Option<Value>| {
            ask(&anna, method, path, version, body).await
        };
        let (at, papers) = (format!("/people/{awa}/card"), format!("/people/{awa}/documents"));
        let (_, tag, before) = ask("GET", &at, None, None).await;
        let permit = json!({"type": "permit", "expires": "2027-03-31", "held_by": "person"});
        let mut invented = before["card"].clone();
        invented["documents"] = json!([permit]);
        let (status, _, told) = ask("PUT", &at, Some(&tag), Some(invented.clone())).await;
        assert_eq!((status, &told["errors"][0]["field"]), (422, &json!("/documents/0")), "entered, not written");
        let section = json!({"fields": {"documents": [permit]}});
        assert_eq!(ask("PUT", &format!("{at}/sections/L"), Some("\"0\""), Some(section)).await.0, 422);

        let described = json!({"type": "permit", "expires": "2027-03-31", "held_by": "person", "label": "Zzfoglio"});
        for _ in 0..2 {
            assert_eq!(ask("POST", &papers, None, Some(described.clone())).await.0, 201);
        }
        let (_, tag, shown) = ask("GET", &at, None, None).await;
        assert_eq!(
            shown["card"]["documents"],
            json!([permit]),
            "two that look the same are one line, without the label"
        );
        assert_eq!(ask("GET", &format!("{at}/sections/L"), None, None).await.2["fields"]["documents"], json!([permit]));
        let mut saved = shown["card"].clone();
        saved["given_names"] = json!("Awa");
        let (status, _, saved) = ask("PUT", &at, Some(&tag), Some(saved)).await;
        assert_eq!((status, &saved["card"]["documents"]), (200, &json!([permit])));
        let (_, _, old) = ask("GET", &format!("{at}/versions/2"), None, None).await;
        assert!(old["card"].get("documents").is_none_or(|list| *list == json!([])), "no version holds the list");
    })
    .await;
}
