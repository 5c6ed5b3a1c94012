use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use actix_web::dev::Service;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::from_fn;
use actix_web::post;
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::web::Path;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::Check;
use utoipa::ToSchema;
use uuid::Uuid;

use super::*;
use crate::access::acts::{EndConsents, SignedIn, WriteAddressBook, WriteCards};
use crate::access::{AccessRole, Allowed, Label};
use crate::config::Config;
use crate::journal::Actor;
use crate::routes::Routes;
use crate::store::scratch;
use crate::vault::MasterKey;
use crate::web::document::DESK;
use crate::web::{Input, Json, Rooms, application};

/// What was asked for, and how often something was really done.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicU32>);

#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Thing {
    label: String,
}

impl Check for Thing {}

/// Makes a thing. Its label says how it ends.
#[utoipa::path(request_body = Thing, responses((status = 201, description = "It.", body = Thing)))]
#[post("/things")]
async fn make(
    staff: Allowed<SignedIn>,
    store: Data<Store>,
    counted: Data<Counted>,
    Input(thing): Input<Thing>,
) -> Result<Json<Thing>> {
    let actor = staff.actor();
    let label = thing.label.clone();
    let made = store
        .write(move |tx| {
            crate::journal::record(tx, crate::journal::Entry::new(actor, "thing.made"))?;
            counted.0.fetch_add(1, Ordering::SeqCst);
            match label.as_str() {
                "refused" => Err(Code::Conflict.into()),
                _ => Ok(Thing { label }),
            }
        })
        .await?;
    match made.label.as_str() {
        "broken" => Err(Error::internal("after the act")),
        "secret" => Ok(Json::created(made, "/things/1").shown_once()),
        _ => Ok(Json::created(made, "/things/1").etag(7)),
    }
}

/// Does something to a thing, for whom it may.
#[utoipa::path(responses((status = 200, description = "It.", body = Thing)))]
#[post("/things/{thing}/touch")]
async fn touch(staff: Allowed<WriteAddressBook>, store: Data<Store>, path: Path<u8>) -> Result<Json<Thing>> {
    let actor = staff.actor();
    store.write(move |tx| crate::journal::record(tx, crate::journal::Entry::new(actor, "thing.touched"))).await?;
    Ok(Json::ok(Thing { label: path.to_string() }))
}

/// Writes about the person whose case the label names. A path that names nobody.
#[utoipa::path(request_body = Thing, responses((status = 200, description = "It.", body = Thing)))]
#[post("/notes")]
async fn write_note(staff: Allowed<WriteCards>, store: Data<Store>, Input(thing): Input<Thing>) -> Result<Json<Thing>> {
    let staff = staff.staff();
    let case: Uuid = thing.label.parse().map_err(Error::internal)?;
    let act = move |tx: &mut crate::store::Tx<'_>| {
        let sight = staff.sight(tx, case)?;
        crate::journal::record(tx, sight.entry("thing.noted"))
    };
    store.write(act).await?;
    Ok(Json::ok(thing))
}

/// Does what goes on while the person is restricted.
#[utoipa::path(request_body = Thing, responses((status = 200, description = "It.", body = Thing)))]
#[post("/ends")]
async fn write_end(staff: Allowed<EndConsents>, store: Data<Store>, Input(thing): Input<Thing>) -> Result<Json<Thing>> {
    let staff = staff.staff();
    let case: Uuid = thing.label.parse().map_err(Error::internal)?;
    let act = move |tx: &mut crate::store::Tx<'_>| {
        let sight = staff.sight(tx, case)?;
        crate::journal::record(tx, sight.entry("thing.ended"))
    };
    store.write(act).await?;
    Ok(Json::ok(thing))
}

/// An act on a case that looks no case up.
#[utoipa::path(responses((status = 200, description = "It.", body = Thing)))]
#[post("/oversights")]
async fn overlook(staff: Allowed<WriteCards>, store: Data<Store>) -> Result<Json<Thing>> {
    let actor = staff.actor();
    store.write(move |tx| crate::journal::record(tx, crate::journal::Entry::new(actor, "thing.touched"))).await?;
    Ok(Json::ok(Thing { label: "x".into() }))
}

fn desk(routes: &mut Routes<'_>) {
    let rooms = |routes: &mut Routes<'_>| {
        routes.service(make).service(touch).service(write_note).service(write_end).service(overlook);
    };
    routes.below(DESK, rooms, |rooms| rooms.wrap(from_fn(once)).wrap(from_fn(access::gate)));
}

const ROOMS: Rooms = Rooms { federation: |_| {}, desk, tags: &[], matrix: &[], examples: "{}" };

fn vault() -> Vault {
    Vault::new(MasterKey::from_base64("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=").unwrap())
}

async fn token(store: &Store, role: AccessRole) -> String {
    hired(store, role).await.1
}

async fn hired(store: &Store, role: AccessRole) -> (Uuid, String) {
    let act = move |tx: &mut crate::store::Tx<'_>| {
        let label = Label::new("x").unwrap();
        let username = format!("{}-{}", role.as_str().replace('_', "-"), &Uuid::new_v4().simple().to_string()[..8]);
        let id = access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label, role)?;
        Ok((id, access::issue_token(tx, Actor::System, id, &label, None)?))
    };
    let (id, new) = store.write(act).await.unwrap();
    (id, new.token.expose().to_owned())
}

struct Told {
    status: u16,
    code: String,
    headers: actix_web::http::header::HeaderMap,
    body: Value,
}

impl Told {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

fn config() -> Config {
    Config::read("[node]\nentity_id = \"https://nodo.example\"\norganisation_name = \"X\"\n", []).unwrap()
}

/// A desk with things to be asked for.
macro_rules! stage {
    ($store:expr, $counted:expr) => {{
        let (store, counted) = ($store.clone(), $counted.clone());
        let web = Web::new(&config(), ROOMS);
        let app = init_service(application(&web, &move |cfg| {
            cfg.app_data(Data::new(store.clone())).app_data(Data::new(vault())).app_data(Data::new(counted.clone()));
        }))
        .await;
        async move |token: &str, path: &str, key: &str, body: &str| {
            let mut request = TestRequest::post()
                .uri(&format!("{DESK}{path}"))
                .insert_header(("authorization", format!("Bearer {token}")))
                .insert_header(("content-type", "application/json"));
            if !key.is_empty() {
                request = request.insert_header((HEADER, HeaderValue::from_str(key).unwrap()));
            }
            let answer = app.call(request.set_payload(body.to_owned()).to_request()).await.unwrap();
            let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
            let body: Value = serde_json::from_slice(&read_body(answer).await).unwrap_or_default();
            let code = body["code"].as_str().unwrap_or_default().to_owned();
            Told { status, code, headers, body }
        }
    }};
}

// Here, since it asks at such a desk.
mod again;

const KEY: &str = "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"";

#[actix_web::test]
async fn asked_twice_it_is_done_once_and_answered_alike() {
    scratch::each(|store| async move {
        let counted = Counted::default();
        let ask = stage!(store, counted);
        let her = token(&store, AccessRole::Operator).await;
        let first = ask(&her, "/things", KEY, r#"{"label":"Amina"}"#).await;
        assert_eq!((first.status, first.header("idempotent-replayed")), (201, ""));
        for key in [KEY, KEY.trim_matches('"')] {
            let again = ask(&her, "/things", key, r#"{"label":"Amina"}"#).await;
            assert_eq!((again.status, again.header("idempotent-replayed")), (201, "true"));
            assert_eq!(again.body, first.body);
            for name in ["location", "etag", "content-type"] {
                assert_eq!(again.header(name), first.header(name), "{name}");
            }
        }
        assert_eq!(counted.0.load(Ordering::SeqCst), 1);

        let other = ask(&her, "/things", KEY, r#"{"label":"Awa"}"#).await;
        assert_eq!((other.status, other.code.as_str()), (422, "idempotency_key_reused"));
        // Another account, another path, no key: another matter.
        let hers = token(&store, AccessRole::Operator).await;
        assert_eq!(ask(&hers, "/things", KEY, r#"{"label":"Awa"}"#).await.status, 201);
        assert_eq!(ask(&her, "/things/3/touch", KEY, "").await.status, 200);
        assert_eq!(ask(&her, "/things", "", r#"{"label":"Amina"}"#).await.status, 201);
        assert_eq!(counted.0.load(Ordering::SeqCst), 3);

        // A day later the key is free.
        store.clock().advance(once::LIFE);
        store.write(once::forget_keys).await.unwrap();
        assert_eq!(ask(&her, "/things", KEY, r#"{"label":"Awa"}"#).await.status, 201);
        assert_eq!(counted.0.load(Ordering::SeqCst), 4);
    })
    .await;
}

#[actix_web::test]
async fn what_failed_claims_nothing() {
    scratch::each(|store| async move {
        let counted = Counted::default();
        let ask = stage!(store, counted);
        let her = token(&store, AccessRole::Operator).await;
        for _ in 0..2 {
            assert_eq!(ask(&her, "/things", KEY, r#"{"label":"refused"}"#).await.code, "conflict");
            assert_eq!(ask(&her, "/things", KEY, r#"{"wrong":1}"#).await.code, "invalid_input");
        }
        assert_eq!(counted.0.load(Ordering::SeqCst), 2);
        assert_eq!(ask(&her, "/things", KEY, r#"{"label":"Amina"}"#).await.status, 201);
    })
    .await;
}

#[actix_web::test]
async fn an_answer_that_is_lost_or_secret_is_not_made_up() {
    scratch::each(|store| async move {
        let counted = Counted::default();
        let ask = stage!(store, counted);
        let her = token(&store, AccessRole::Operator).await;
        assert_eq!(ask(&her, "/things", "secret-1", r#"{"label":"secret"}"#).await.status, 201);
        let again = ask(&her, "/things", "secret-1", r#"{"label":"secret"}"#).await;
        assert_eq!((again.status, again.code.as_str()), (409, "already_done"));

        // The act committed, and its answer got lost on the way: at first it may still come.
        assert_eq!(ask(&her, "/things/3/touch", "key-of-touch", "").await.status, 200);
        assert_eq!(ask(&her, "/things", "broken-1", r#"{"label":"broken"}"#).await.status, 500);
        let again = ask(&her, "/things", "broken-1", r#"{"label":"broken"}"#).await;
        if store.is_alone() {
            assert_eq!((again.status, again.code.as_str()), (409, "already_done"), "nobody else could still have it");
        } else {
            let told = (again.status, again.code.as_str(), again.header("retry-after"));
            assert_eq!(told, (409, "request_under_way", "2"));
        }
        store.clock().advance(PATIENCE);
        let again = ask(&her, "/things", "broken-1", r#"{"label":"broken"}"#).await;
        assert_eq!((again.status, again.code.as_str()), (409, "already_done"));
        assert_eq!(counted.0.load(Ordering::SeqCst), 2);

        // Nothing that was kept outlives anybody's key.
        store
            .write(|tx| {
                let subject = vault().subject_for_person(tx)?;
                vault().shred(tx, subject)
            })
            .await
            .unwrap();
        assert_eq!(ask(&her, "/things/3/touch", "key-of-touch", "").await.code, "already_done");
    })
    .await;
}

#[actix_web::test]
async fn a_key_is_bounded_and_plain() {
    scratch::each(|store| async move {
        let ask = stage!(store, Counted::default());
        let her = token(&store, AccessRole::Operator).await;
        let long = "x".repeat(129);
        for wrong in ["short", "\"with space\"", "\"unfinished", long.as_str(), "a,b,c,d,e,f,g,h", "\"\""] {
            let answer = ask(&her, "/things", wrong, r#"{"label":"Amina"}"#).await;
            assert_eq!((answer.status, answer.code.as_str()), (400, "malformed_request"), "{wrong}");
        }
        for good in ["12345678", &long[..128]] {
            assert_eq!(ask(&her, "/things", good, r#"{"label":"Amina"}"#).await.status, 201, "{good}");
        }
    })
    .await;
}

#[actix_web::test]
async fn who_may_not_any_more_gets_no_old_answer() {
    scratch::each(|store| async move {
        let ask = stage!(store, Counted::default());
        let her = token(&store, AccessRole::Evaluator).await;
        assert_eq!(ask(&her, "/things/3/touch", KEY, "").await.code, "not_entitled");
        assert_eq!(ask("stf_nobody", "/things/3/touch", KEY, "").await.status, 401);
    })
    .await;
}

#[test]
fn the_verdict_follows_from_what_is_kept() {
    let now = scratch::clock().now();
    let done =
        |sealed: Option<Vec<u8>>, withheld, age| Some(Done { content: [1; 32], at: now - age, sealed, withheld });
    let moment = TimeDelta::seconds(1);
    for (found, content, alone, verdict) in [
        (None, 1, false, Verdict::New),
        (done(Some(vec![7]), false, moment), 1, false, Verdict::Again(vec![7])),
        (done(Some(vec![7]), false, moment), 2, false, Verdict::Reused),
        (done(None, false, moment), 1, false, Verdict::UnderWay),
        (done(None, false, moment), 1, true, Verdict::Done),
        (done(None, false, moment), 2, true, Verdict::Reused),
        (done(None, false, PATIENCE), 1, false, Verdict::Done),
        (done(None, true, moment), 1, false, Verdict::Done),
    ] {
        assert_eq!(judge(found, &[content; 32], now, alone), verdict);
    }
}

#[test]
fn one_request_of_a_key_is_under_way_at_a_time() {
    let all = UnderWay::default();
    let seat = all.begin([1; 32]);
    assert!(seat.is_some() && all.begin([1; 32]).is_none() && all.begin([2; 32]).is_some());
    drop(seat);
    assert!(all.begin([1; 32]).is_some());
}

#[test]
fn a_kept_answer_opens_under_its_own_key_only() {
    let sealed = vault().wrap(&answer::label(&[1; 32]), b"{\"status\":201,\"headers\":[]}\n{}").unwrap();
    assert_eq!(answer::again(&vault(), &[1; 32], &sealed).unwrap().0.status(), 201);
    assert!(answer::again(&vault(), &[2; 32], &sealed).is_err());
}
