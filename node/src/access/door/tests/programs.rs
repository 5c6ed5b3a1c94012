use staffetta_protocol::jose;
use zeroize::Zeroizing;

use super::*;
use crate::access::{disable, issue_program_token, issue_token, verify_token};
use crate::keys::Kind;

impl Stage {
    async fn service(&self, name: &'static str, scopes: &'static [&str]) -> (Uuid, NewSecret) {
        let add = move |tx: &mut Tx<'_>| {
            let label = Label::new("Gestionale").unwrap();
            let id = add_service(tx, Actor::System, &name.parse().unwrap(), &label, AccessRole::Operator)?;
            Ok((id, add_secret(tx, Actor::System, id, &label, &names(scopes))?))
        };
        self.store.write(add).await.unwrap()
    }

    async fn exchanged(&self, name: &str, secret: &str, scopes: &[&str]) -> Result<AccessToken> {
        self.door.exchange(name.parse().unwrap(), Zeroizing::new(secret.to_owned()), names(scopes)).await
    }
}

fn names(scopes: &[&str]) -> Vec<String> {
    scopes.iter().map(|name| (*name).to_owned()).collect()
}

const READS: &[&str] = &["people.read", "cards.read"];

#[test]
fn scopes_are_a_part_of_the_role_and_never_make_accounts() {
    let asked = |scopes: &[&str], role| Scopes::asked(&names(scopes), role, None);
    let read = asked(READS, AccessRole::Operator).unwrap();
    assert!(read.holds("people.read") && read.holds("session.read") && !read.holds("people.write"));
    assert_eq!(Scopes::read(&read.text()), read);
    for (scopes, role) in [
        (&["people.write"][..], AccessRole::Dpo),
        (&["staff.manage"], AccessRole::Admin),
        (&["session.tokens"], AccessRole::Operator),
        (&["session.write"], AccessRole::Operator),
        (&["people.fly"], AccessRole::Operator),
        (&["people.read", "staff.manage"], AccessRole::Admin),
        (&[], AccessRole::Operator),
    ] {
        assert_eq!(code(asked(scopes, role)), Code::InvalidInput, "{scopes:?}");
    }
    let narrower = Scopes::asked(&names(&["cards.read"]), AccessRole::Operator, Some(&read)).unwrap();
    assert_eq!(narrower.text(), "cards.read");
    assert!(Scopes::asked(&names(&["people.write"]), AccessRole::Operator, Some(&read)).is_err(), "no way back up");
    assert_eq!(Scopes::read("staff.manage session.tokens gone.act cards.read").text(), "cards.read");
}

#[actix_web::test]
async fn a_secret_is_exchanged_for_a_token_of_minutes_with_its_scopes() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let (id, secret) = stage.service("gestionale", READS).await;
        assert!(secret.secret.starts_with("sfc_") && !format!("{secret:?}").contains("sfc_"));
        let issued = stage.exchanged("gestionale", &secret.secret, &["people.read"]).await.unwrap();
        assert_eq!((issued.expires_in, issued.scopes.text().as_str()), (900, "people.read"));
        let (staff, pass) = stage.door.verify_access_token(&issued.token).await.unwrap();
        assert_eq!((staff.id, staff.role, pass.standing), (id, AccessRole::Operator, Standing::Full));
        assert!(pass.holds("people.read") && !pass.holds("cards.read"));
        let claims: serde_json::Value = jose::peek(&issued.token).unwrap();
        assert_eq!(claims["aud"], "https://nodo.example/desk");
        let all = stage.exchanged("gestionale", &secret.secret, &[]).await.unwrap();
        assert_eq!(all.scopes.text(), "cards.read people.read");

        let wide = stage.exchanged("gestionale", &secret.secret, &["people.write"]).await;
        assert_eq!(code(wide), Code::InvalidInput, "the role may, the secret may not");
        for (name, given) in [("gestionale", "sfc_x"), ("nobody", &secret.secret), ("anna", &secret.secret)] {
            assert_eq!(code(stage.exchanged(name, given, &[]).await), Code::NotAuthenticated);
        }
        stage.store.clock().advance(TimeDelta::seconds(900));
        assert_eq!(code(stage.door.verify_access_token(&issued.token).await), Code::NotAuthenticated);
        let opened = stage.journalled("session.opened").await;
        assert!(opened.len() == 2 && opened.iter().all(|entry| entry.code.as_deref() == Some("token")));
    })
    .await;
}

#[actix_web::test]
async fn two_secrets_overlap_and_revoking_ends_their_tokens_at_once() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let (id, first) = stage.service("gestionale", READS).await;
        let add = move |tx: &mut Tx<'_>| add_secret(tx, Actor::System, id, &Label::new("next").unwrap(), &names(READS));
        let second = store.write(add).await.unwrap();
        assert_eq!(code(store.write(add).await), Code::Conflict, "two are enough to change over");
        let (old, new) = (
            stage.exchanged("gestionale", &first.secret, &[]).await.unwrap().token,
            stage.exchanged("gestionale", &second.secret, &[]).await.unwrap().token,
        );
        let (anna, gone) = (stage.settled("anna").await.id, first.id);
        assert_eq!(code(store.write(move |tx| revoke_secret(tx, Actor::System, anna, gone)).await), Code::NotFound);
        for _ in 0..2 {
            store.write(move |tx| revoke_secret(tx, Actor::System, id, gone)).await.unwrap();
        }
        assert_eq!(code(stage.door.verify_access_token(&old).await), Code::NotAuthenticated);
        assert_eq!(code(stage.exchanged("gestionale", &first.secret, &[]).await), Code::NotAuthenticated);
        let (staff, pass) = stage.door.verify_access_token(&new).await.unwrap();
        let again = stage.exchanged("gestionale", &second.secret, &[]).await.unwrap().token;
        store.write(move |tx| leave(tx, &staff, &pass)).await.unwrap();
        assert_eq!(code(stage.door.verify_access_token(&new).await), Code::NotAuthenticated, "it signed itself out");
        stage.door.verify_access_token(&again).await.unwrap();
        store.write(move |tx| disable(tx, Actor::System, id)).await.unwrap();
        assert_eq!(code(stage.door.verify_access_token(&again).await), Code::NotAuthenticated);
        assert_eq!(code(stage.exchanged("gestionale", &second.secret, &[]).await), Code::NotAuthenticated);
        assert_eq!(code(store.write(add).await), Code::Conflict);
    })
    .await;
}

#[actix_web::test]
async fn a_secret_can_be_seen_and_revoked_however_many_came_after_it() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let (id, first) = stage.service("gestionale", READS).await;
        let add = move |tx: &mut Tx<'_>| add_secret(tx, Actor::System, id, &Label::new("next").unwrap(), &names(READS));
        let flood = move |tx: &mut Tx<'_>| {
            for _ in 0..110 {
                let secret = add(tx)?.id;
                revoke_secret(tx, Actor::System, id, secret)?;
            }
            Ok(())
        };
        store.write(flood).await.unwrap();
        let listed = store.read(move |conn| secrets_of(conn, id)).await.unwrap();
        assert_eq!((listed.len(), listed[0].id), (100, first.id));
        let second = store.write(add).await.unwrap();
        assert_eq!(code(store.write(add).await), Code::Conflict, "the first is counted, hidden or not");
        let gone = first.id;
        store.write(move |tx| revoke_secret(tx, Actor::System, id, gone)).await.unwrap();
        assert_eq!(code(stage.exchanged("gestionale", &first.secret, &[]).await), Code::NotAuthenticated);
        stage.exchanged("gestionale", &second.secret, &[]).await.unwrap();
        store.write(move |tx| disable(tx, Actor::System, id)).await.unwrap();
        let listed = store.read(move |conn| secrets_of(conn, id)).await.unwrap();
        assert!(listed.iter().all(|secret| secret.revoked_at.is_some()), "a disabled account keeps none");
    })
    .await;
}

#[actix_web::test]
async fn a_program_has_no_password_and_a_person_no_client_secret() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let (robot, _) = stage.service("gestionale", READS).await;
        let anna = stage.settled("anna").await.id;
        let (door, temporary) = (stage.door.clone(), stage.door.temporary().await.unwrap());
        assert_eq!(code(store.write(move |tx| door.reset(tx, Actor::System, robot, &temporary)).await), Code::Conflict);
        let label = || Label::new("x").unwrap();
        let token = store.write(move |tx| issue_token(tx, Actor::System, robot, &label(), None)).await;
        assert_eq!(code(token), Code::Conflict);
        let scopes = || Scopes::asked(&names(READS), AccessRole::Operator, None).unwrap();
        let program =
            move |of| move |tx: &mut Tx<'_>| issue_program_token(tx, Actor::Staff(anna), of, &label(), None, &scopes());
        let narrow = store.write(program(robot)).await.unwrap();
        let (staff, pass) = verify_token(&store, &narrow.token).await.unwrap();
        assert_eq!((staff.id, pass.scopes.unwrap()), (robot, scopes()));
        assert_eq!(code(store.write(program(anna)).await), Code::Conflict);
        let bruno = stage.settled("bruno").await.id;
        let other = store.write(move |tx| issue_token(tx, Actor::Staff(bruno), anna, &label(), None)).await;
        assert_eq!(code(other), Code::NotEntitled, "under nobody else's name");
        store.write(move |tx| issue_token(tx, Actor::Staff(anna), anna, &label(), None)).await.unwrap();
        let secret = store.write(move |tx| add_secret(tx, Actor::System, anna, &label(), &names(READS))).await;
        assert_eq!(code(secret), Code::Conflict);
        let linked = store.write(move |tx| link(tx, Actor::System, robot, "https://login.example", "7")).await;
        assert_eq!(code(linked), Code::Conflict);
    })
    .await;
}

#[actix_web::test]
async fn a_token_that_we_did_not_issue_for_this_desk_is_none() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        let stage = Stage::with(store.clone(), config(), vault.clone(), CHEAP);
        let (id, secret) = stage.service("gestionale", READS).await;
        let issued = stage.exchanged("gestionale", &secret.secret, &[]).await.unwrap().token;
        let claims: serde_json::Value = jose::peek(&issued).unwrap();
        let keys = Keys::new(vault, config().node.entity_id);
        let (ours, handle) = (keys.clone(), keys.clone());
        let key = store.write(move |tx| ours.signing_access(tx)).await.unwrap();
        let forged = |name: &str, value: serde_json::Value, key: &jose::SigningKey| {
            let mut claims = claims.clone();
            claims[name] = value;
            jose::sign(jose::Typ::AccessToken, key, &claims).unwrap()
        };
        let now = store.clock().now().timestamp();
        let stranger = jose::SigningKey::generate().unwrap().0;
        for (name, token) in [
            ("another's key", forged("scope", "people.read".into(), &stranger)),
            ("audience", forged("aud", "https://nodo.example/other".into(), &key)),
            ("issuer", forged("iss", "https://altro.example".into(), &key)),
            ("unknown jti", forged("jti", Uuid::new_v4().to_string().into(), &key)),
            ("another account", forged("sub", Uuid::new_v4().to_string().into(), &key)),
            ("expired", forged("exp", (now - 1).into(), &key)),
            ("another typ", jose::sign(jose::Typ::Jwt, &key, &claims).unwrap()),
            ("nothing", "a.b.c".to_owned()),
        ] {
            assert_eq!(code(stage.door.verify_access_token(&token).await), Code::NotAuthenticated, "{name}");
        }
        // Scopes that a forger adds would need our key; with it, the role still bounds them.
        stage.door.verify_access_token(&issued).await.unwrap();
        store.clock().advance(TimeDelta::seconds(1));
        let changed = store.write(move |tx| handle.rotate(tx, Kind::Access)).await.unwrap();
        store.clock().advance(TimeDelta::seconds(1));
        stage.door.verify_access_token(&issued).await.unwrap();
        let next = stage.exchanged("gestionale", &secret.secret, &[]).await.unwrap().token;
        assert_eq!(jose::header(&next).unwrap().kid, Some(changed.kid));
        store.write(move |tx| sign_out_everywhere(tx, Actor::System, id)).await.unwrap();
        assert_eq!(code(stage.door.verify_access_token(&next).await), Code::NotAuthenticated);
        store.clock().advance(TimeDelta::days(90));
        let later = stage.exchanged("gestionale", &secret.secret, &[]).await.unwrap().token;
        assert_ne!(jose::header(&later).unwrap().kid, jose::header(&next).unwrap().kid, "keys rotate by themselves");
    })
    .await;
}
