//! The desk's API of people, asked as any program would ask it.

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use serde_json::{Value, json};

use super::searches::taken_up;
use super::*;
use crate::access::{self, AccessRole};
use crate::config::Config;
use crate::store::Store;
use crate::web::document::DESK;
use crate::web::{self, Rooms, Web};

const ROOMS: Rooms = Rooms {
    federation: |_| {},
    desk: |routes| {
        routes.below(DESK, crate::people::api, |rooms| rooms.wrap(from_fn(access::gate)));
    },
    tags: &[],
    matrix: &[],
    examples: "{}",
};

async fn token(store: &Store, name: &'static str, role: AccessRole) -> String {
    let act = move |tx: &mut Tx<'_>| {
        let label = access::Label::new(format!("Collega {name}")).unwrap();
        let id = access::add_staff(tx, Actor::System, &name.parse().unwrap(), &label, role)?;
        Ok(access::issue_token(tx, Actor::System, id, &label, None)?.token.expose().to_owned())
    };
    store.write(act).await.unwrap()
}

/// The application over a store.
macro_rules! desk {
    ($store:expr, $vault:expr) => {{
        let (store, vault) = ($store.clone(), $vault.clone());
        let text = "[node]\nentity_id = \"https://centro.example\"\norganisation_name = \"X\"\n";
        let config = Config::read(text, []).unwrap();
        let web = Web::new(&config, ROOMS);
        let app = init_service(web::application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone())).app_data(Data::new(vault.clone())).app_data(Data::new(People {
                holdings: &[HOLDING, access::cases::HOLDING, vault::HOLDING],
                age_said: |tx, _, sight| journal::record(tx, sight.entry("test.age-said").object(of(sight))),
            }));
        }))
        .await;
        async move |token: &str, method: &str, path: &str, body: Option<Value>| {
            let mut request = TestRequest::with_uri(&format!("{DESK}{path}"))
                .method(method.parse().unwrap())
                .insert_header(("authorization", format!("Bearer {token}")));
            if let Some(body) = body {
                request = request.insert_header(("content-type", "application/json")).set_payload(body.to_string());
            }
            let answer = call_service(&app, request.to_request()).await;
            let status = answer.status().as_u16();
            (status, serde_json::from_slice::<Value>(&read_body(answer).await).unwrap_or_default())
        }
    }};
}

fn search(query: &str) -> Option<Value> {
    Some(json!({"query": query}))
}

#[actix_web::test]
async fn people_are_looked_for_proposed_told_apart_and_merged_at_the_desk() {
    scratch::each(|store| async move {
        let vault = vault();
        let ask = desk!(store, vault);
        let ada = token(&store, "ada", AccessRole::Operator).await;
        let bea = token(&store, "bea", AccessRole::Operator).await;
        let chief = token(&store, "chief", AccessRole::Supervisor).await;

        let (status, first) = ask(&ada, "POST", "/people", Some(json!({"label": "Awa Fatou Ndiaye"}))).await;
        assert_eq!((status, &first["likely_duplicates"]), (201, &json!([])));
        let (id, path) = (first["id"].clone(), format!("/people/{}", first["id"].as_str().unwrap()));
        let identity = json!({"given_names": "Awa Fatou", "family_names": "N'Diaye"});
        let lookup = Some(json!({"label": "x", "identity": identity}));
        let (_, looked) = ask(&bea, "POST", "/people/duplicates/lookups", lookup).await;
        let proposed = json!({"person": id, "lead": "Collega ada", "reasons": []});
        assert_eq!(looked["items"], json!([proposed]), "a colleague's case: nothing of the person");
        let (_, second) = ask(&bea, "POST", "/people", Some(json!({"label": "Fatou N'Diaye Awa"}))).await;
        assert_eq!(second["likely_duplicates"], json!([proposed]));
        let other = second["id"].as_str().unwrap();

        let (status, found) = ask(&ada, "POST", "/people/searches", search("ndi")).await;
        assert_eq!(
            (status, &found["items"]),
            (200, &json!([{"id": id, "label": "Awa Fatou Ndiaye", "found_by": "spelling", "restricted": false}]))
        );
        assert_eq!(found["in_cases_of_others"], json!({"count": 1, "more": false}));
        let (_, all) = ask(&chief, "POST", "/people/searches", search("ndi")).await;
        assert_eq!((all["items"].as_array().unwrap().len(), &all["in_cases_of_others"]), (2, &Value::Null));
        let (status, short) = ask(&ada, "POST", "/people/searches", search("--")).await;
        assert_eq!(
            (status, &short["errors"][0]["code"], &short["errors"][0]["field"]),
            (422, &json!("too_short"), &json!("/query"))
        );
        for wrong in [json!({"query": "ndi", "cursor": "x"}), json!({"query": "ndi", "limit": 0}), json!({})] {
            assert_eq!(ask(&ada, "POST", "/people/searches", Some(wrong)).await.0, 422);
        }
        assert_eq!(ask(&ada, "GET", "/people/searches?query=ndi", None).await.0, 404, "never in an address");

        let likely = format!("{path}/likely-duplicates");
        assert_eq!(ask(&ada, "GET", &likely, None).await.1["items"][0]["person"], json!(other));
        assert_eq!(ask(&bea, "GET", &likely, None).await.0, 403, "not her case");
        let apart = format!("{path}/distinctions/{other}");
        assert_eq!(ask(&ada, "PUT", &apart, None).await.0, 204);
        assert_eq!(ask(&ada, "GET", &likely, None).await.1["items"], json!([]));
        let merge = json!({"other": other, "current_card": "own", "reason": "Stesso permesso di soggiorno"});
        let merges = format!("{path}/merges");
        assert_eq!(ask(&ada, "POST", &merges, Some(merge.clone())).await.0, 403, "a supervisor decides");
        let (status, refused) = ask(&chief, "POST", &merges, Some(merge.clone())).await;
        assert_eq!((status, &refused["code"]), (409, &json!("conflict")));
        assert_eq!(ask(&ada, "DELETE", &apart, None).await.0, 204);
        let (status, one) = ask(&chief, "POST", &merges, Some(merge)).await;
        assert_eq!((status, &one["id"], &one["label"]), (200, &id, &json!("Awa Fatou Ndiaye")));

        let said = store.read(|conn| journal::of_act(conn, "test.age-said", 9)).await.unwrap();
        assert_eq!(
            said.iter().map(|it| it.object.as_deref()).collect::<Vec<_>>(),
            [id.as_str()],
            "she may be a minor now"
        );

        let (status, gone) = ask(&bea, "GET", &format!("/people/{other}"), None).await;
        assert_eq!((status, &gone["code"], &gone["merged_into"]), (404, &json!("merged"), &id));
        assert_eq!(ask(&bea, "GET", &path, None).await.0, 200, "her team joined");
        let (_, went) = ask(&bea, "GET", &merges, None).await;
        assert_eq!(went["items"], json!([{"merged": other, "reason": "Stesso permesso di soggiorno"}]));
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_taken_up_with_a_label_only_is_compared_too() {
    scratch::each(|store| async move {
        let vault = vault();
        let ask = desk!(store, vault);
        let ada = token(&store, "ada", AccessRole::Operator).await;
        let known = taken_up(&store, &vault, 8, "M.", who("Mohamed", "Kone", "1990-05-17", "")).await;
        let (_, added) = ask(&ada, "POST", "/people", Some(json!({"label": "Sig. Muhammad Koné"}))).await;
        let proposed = added["likely_duplicates"].as_array().unwrap();
        assert_eq!((proposed.len(), &proposed[0]["person"]), (1, &json!(known.id)));
        let (_, added) = ask(&ada, "POST", "/people", Some(json!({"label": "Muhammad"}))).await;
        assert_eq!(added["likely_duplicates"], json!([]), "one name alone is that of many");
    })
    .await;
}

#[actix_web::test]
async fn guardians_are_entered_corrected_and_ended_at_the_desk() {
    scratch::each(|store| async move {
        let vault = vault();
        let ask = desk!(store, vault);
        let ada = token(&store, "ada", AccessRole::Operator).await;
        let (_, minor) = ask(&ada, "POST", "/people", Some(json!({"label": "M."}))).await;
        let at = format!("/people/{}/guardians", minor["id"].as_str().unwrap());
        let new = json!({"kind": "msna_guardian", "since": "2026-02-01",
            "details": {"label": "Dott.ssa T.", "contacts": ["+39 333 0000000"], "reference": "Trib. min. 12/2026"}});
        let (status, entered) = ask(&ada, "POST", &at, Some(new.clone())).await;
        assert_eq!((status, &entered["details"]), (201, &new["details"]));
        let one = format!("{at}/{}", entered["id"].as_str().unwrap());
        assert_eq!(ask(&ada, "PUT", &one, Some(new["details"].clone())).await.0, 428, "which version was read?");
        let end = json!({"on": "2026-11-23", "why": "replaced"});
        assert_eq!(ask(&ada, "POST", &format!("{one}/endings"), Some(end.clone())).await.1["ended_why"], "replaced");
        assert_eq!(ask(&ada, "POST", &format!("{one}/endings"), Some(end)).await.0, 409);
        assert_eq!(ask(&ada, "GET", &at, None).await.1["items"].as_array().unwrap().len(), 1);
        let bad = json!({"kind": "uncle", "since": "2026-02-01", "details": {"label": "x"}});
        assert_eq!(ask(&ada, "POST", &at, Some(bad)).await.0, 422);
        assert_eq!(ask(&ada, "GET", "/coming-of-age?within_days=90", None).await.1, json!({"items": []}));
        assert_eq!(ask(&ada, "GET", "/coming-of-age?within_days=9000", None).await.0, 422);
    })
    .await;
}
