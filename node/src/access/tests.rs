use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::web::{self, Data};
use actix_web::{App, HttpResponse};
use chrono::TimeDelta;
use staffetta_protocol::message::ActorRole;
use staffetta_protocol::problem::Code;

use super::acts::{ManageStaff, ReadPeople};
use super::*;
use crate::store::{Store, scratch};
use crate::vault::MasterKey;

fn name(text: &str) -> Username {
    text.parse().unwrap()
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

async fn hired(store: &Store, username: &'static str, role: AccessRole) -> (Uuid, NewToken) {
    let act = move |tx: &mut Tx<'_>| {
        let id = add_staff(tx, Actor::System, &name(username), &label("Anna Bianchi"), role)?;
        Ok((id, issue_token(tx, Actor::System, id, &label("desk"), None)?))
    };
    store.write(act).await.unwrap()
}

fn code<T: std::fmt::Debug>(refused: Result<T>) -> Code {
    refused.unwrap_err().code()
}

#[test]
fn a_username_is_plain() {
    for good in ["a", "anna", "a.bianchi-2_x", "0a"] {
        assert_eq!(name(good).as_str(), good);
    }
    for bad in ["", ".a", "Anna", "anna bianchi", "à", "a/b", &"a".repeat(65)] {
        assert!(bad.parse::<Username>().is_err(), "{bad}");
    }
}

#[test]
fn a_token_is_long_random_and_not_shown() {
    let (one, other) = (Token::random().unwrap(), Token::random().unwrap());
    assert_ne!(one.expose(), other.expose());
    assert!(one.expose().starts_with("stf_") && one.expose().len() == 47, "{}", one.expose());
    assert_eq!(Token::parse(one.expose()).unwrap().hash(), one.hash());
    assert_eq!(format!("{one:?}"), "Token");
    for bad in ["", "stf_", "stf_short", &one.expose()[4..], &format!("{}A", one.expose())] {
        assert!(Token::parse(bad).is_none(), "{bad}");
    }
}

#[test]
fn every_act_has_a_name_of_its_own_and_somebody_to_do_it() {
    let mut names = std::collections::BTreeSet::new();
    for (name, roles) in acts::ALL {
        assert!(names.insert(name) && !roles.is_empty(), "{name}");
        assert!(name.split('.').count() == 2 && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'.'), "{name}");
        let evaluator = roles.contains(&AccessRole::Evaluator);
        assert_eq!(evaluator, name.starts_with("session."), "an evaluator sees aggregates only: {name}");
    }
}

#[actix_web::test]
async fn a_token_lets_in_until_it_ends() {
    scratch::each(|store| async move {
        let (id, issued) = hired(&store, "anna", AccessRole::Operator).await;
        let (staff, pass) = verify_token(&store, &issued.token).await.unwrap();
        assert_eq!((pass.standing, pass.scopes), (Standing::Full, None));
        assert_eq!((staff.id, staff.role, staff.label.as_str()), (id, AccessRole::Operator, "Anna Bianchi"));
        assert!(!format!("{staff:?}").contains("Anna"));
        let used = store.read(move |conn| tokens_of(conn, id)).await.unwrap();
        assert_eq!(used[0].last_used_at, Some(store.clock().now()));

        assert_eq!(code(verify(&store, &Token::random().unwrap()).await), Code::NotAuthenticated);
        store.clock().advance(TimeDelta::days(89));
        verify(&store, &issued.token).await.unwrap();
        store.clock().advance(TimeDelta::days(1));
        assert_eq!(code(verify(&store, &issued.token).await), Code::NotAuthenticated);
    })
    .await;
}

#[actix_web::test]
async fn a_revoked_token_and_a_disabled_account_end_at_once() {
    scratch::each(|store| async move {
        let (id, first) = hired(&store, "anna", AccessRole::Operator).await;
        let (other, _) = hired(&store, "bruno", AccessRole::Operator).await;
        let act = move |tx: &mut Tx<'_>| issue_token(tx, Actor::System, id, &label("second"), None);
        let second = store.write(act).await.unwrap();

        let (token, of) = (first.id, other);
        let somebody_elses = store.write(move |tx| revoke_token(tx, Actor::System, of, token)).await;
        assert_eq!(code(somebody_elses), Code::NotFound);
        for _ in 0..2 {
            store.write(move |tx| revoke_token(tx, Actor::System, id, token)).await.unwrap();
        }
        assert_eq!(code(verify(&store, &first.token).await), Code::NotAuthenticated);
        verify(&store, &second.token).await.unwrap();

        for _ in 0..2 {
            store.write(move |tx| disable(tx, Actor::System, id)).await.unwrap();
        }
        assert_eq!(code(verify(&store, &second.token).await), Code::NotAuthenticated);
        let act = move |tx: &mut Tx<'_>| issue_token(tx, Actor::System, id, &label("third"), None);
        assert_eq!(code(store.write(act).await), Code::Conflict);
        let act = |tx: &mut Tx<'_>| add_staff(tx, Actor::System, &name("anna"), &label("Anna"), AccessRole::Dpo);
        assert_eq!(code(store.write(act).await), Code::AlreadyExists);

        for (act, times) in
            [("staff.added", 2), ("staff.disabled", 1), ("staff.token_issued", 3), ("staff.token_revoked", 1)]
        {
            let entries = store.read(move |conn| journal::of_act(conn, act, 10)).await.unwrap();
            assert_eq!(entries.len(), times, "{act}");
            assert!(!format!("{entries:?}").contains("Anna"), "{act}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_token_is_neither_for_ever_nor_for_yesterday() {
    scratch::each(|store| async move {
        let (id, _) = hired(&store, "anna", AccessRole::Admin).await;
        for days in [-1, 0, 400] {
            let until = store.clock().now() + TimeDelta::days(days);
            let act = move |tx: &mut Tx<'_>| issue_token(tx, Actor::System, id, &label("x"), Some(until));
            assert_eq!(code(store.write(act).await), Code::InvalidInput, "{days}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_token_can_be_seen_and_revoked_however_many_came_after_it() {
    scratch::each(|store| async move {
        let (id, first) = hired(&store, "anna", AccessRole::Operator).await;
        let issue = move |tx: &mut Tx<'_>| issue_token(tx, Actor::System, id, &label("x"), None);
        let flood = move |tx: &mut Tx<'_>| {
            for _ in 0..210 {
                let token = issue(tx)?.id;
                revoke_token(tx, Actor::System, id, token)?;
            }
            Ok(())
        };
        store.write(flood).await.unwrap();
        let listed = store.read(move |conn| tokens_of(conn, id)).await.unwrap();
        assert_eq!((listed.len(), listed[0].id), (200, first.id), "what lets in comes first");
        let fill = move |tx: &mut Tx<'_>| (1..LIVE_TOKENS).try_for_each(|_| issue(tx).map(|_| ()));
        store.write(fill).await.unwrap();
        assert_eq!(code(store.write(issue).await), Code::Conflict, "no more than can be looked through");
        store.write(move |tx| revoke_token(tx, Actor::System, id, first.id)).await.unwrap();
        assert_eq!(code(verify(&store, &first.token).await), Code::NotAuthenticated);
        store.write(issue).await.unwrap();
    })
    .await;
}

#[test]
fn a_message_names_the_role_and_a_pseudonym_per_recipient() {
    let vault = Vault::new(MasterKey::generate().unwrap());
    let staff = Staff { id: Uuid::nil(), role: AccessRole::Supervisor, label: "Anna".into() };
    let [a, b] = ["https://a.example", "https://b.example"].map(|to| staff.message_actor(&vault, &to.parse().unwrap()));
    assert_eq!(a.role, ActorRole::Supervisor);
    assert_ne!(a.pseudonym, b.pseudonym);
    assert_eq!(a, staff.message_actor(&vault, &"https://a.example".parse().unwrap()));
}

async fn people(_: Allowed<ReadPeople>) -> HttpResponse {
    HttpResponse::Ok().finish()
}

async fn careless() -> HttpResponse {
    HttpResponse::Ok().body("everything")
}

#[actix_web::test]
async fn the_gate_asks_first_and_checks_afterwards() {
    scratch::each(|store| async move {
        let rooms = web::scope("/desk")
            .route("/people", web::get().to(people))
            .route("/careless", web::get().to(careless))
            .route("/staff", web::get().to(async |_: Allowed<ManageStaff>| HttpResponse::Ok().finish()))
            .wrap(from_fn(gate));
        let app = init_service(App::new().app_data(Data::new(store.clone())).service(rooms)).await;
        let operator = hired(&store, "anna", AccessRole::Operator).await.1.token;
        let evaluator = hired(&store, "bruno", AccessRole::Evaluator).await.1.token;
        let ask = async |path: &str, authorization: Option<String>| {
            let mut request = TestRequest::get().uri(path);
            if let Some(value) = authorization {
                request = request.insert_header(("authorization", value));
            }
            let (request, answer) = call_service(&app, request.to_request()).await.into_parts();
            drop(request);
            let challenge = answer.headers().get("www-authenticate").cloned();
            let status = answer.status();
            let body = to_bytes(answer.into_body()).await.unwrap();
            (status, challenge, String::from_utf8(body.to_vec()).unwrap())
        };
        let bearer = |token: &Token| Some(format!("Bearer {}", token.expose()));

        let nobody = [
            None,
            Some("Bearer x".into()),
            Some(format!("Basic {}", operator.expose())),
            bearer(&Token::random().unwrap()),
        ];
        for authorization in nobody {
            for path in ["/desk/people", "/desk/careless", "/desk/nowhere"] {
                let (status, challenge, body) = ask(path, authorization.clone()).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{path}");
                // RFC 6750 §3: who shows nothing is not told that it was wrong.
                let expected = match authorization {
                    Some(_) => r#"Bearer error="invalid_token""#,
                    None => r#"Bearer realm="staffetta""#,
                };
                assert_eq!(challenge.unwrap(), expected);
                assert!(body.contains("not_authenticated"));
            }
        }
        assert_eq!(ask("/desk/people", bearer(&operator)).await.0, StatusCode::OK);
        for (path, token) in [("/desk/people", &evaluator), ("/desk/staff", &operator)] {
            let (status, _, body) = ask(path, bearer(token)).await;
            assert_eq!(status, StatusCode::FORBIDDEN);
            assert!(body.contains("not_entitled"));
        }
        let (status, _, body) = ask("/desk/careless", bearer(&operator)).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(!body.contains("everything"));
    })
    .await;
}
