use super::*;

const ISSUER: &str = "https://login.example";

fn vouched(sub: &str, username: Option<&str>, is_two_factor: bool) -> Vouched {
    Vouched { issuer: ISSUER.into(), sub: sub.into(), username: username.map(str::to_owned), is_two_factor }
}

#[actix_web::test]
async fn a_log_in_belongs_to_one_browser_counts_once_and_not_for_long() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let begun = stage.door.begin_oidc().await.unwrap();
        let other = stage.door.begin_oidc().await.unwrap();
        assert_ne!((&begun.state, &begun.nonce), (&other.state, &other.nonce));
        assert!(begun.challenge().len() == 43 && begun.verifier.len() == 43 && begun.challenge() != *begun.verifier);
        let taken = stage.door.take_oidc(&begun.state, &other.browser).await;
        assert_eq!(code(taken), Code::NotAuthenticated, "another browser");
        let taken = stage.door.take_oidc(&begun.state, &begun.browser).await.unwrap();
        assert_eq!((&taken.nonce, &*taken.verifier), (&begun.nonce, &*begun.verifier));
        assert_eq!(code(stage.door.take_oidc(&begun.state, &begun.browser).await), Code::NotAuthenticated, "twice");
        stage.store.clock().advance(TimeDelta::minutes(10));
        assert_eq!(code(stage.door.take_oidc(&other.state, &other.browser).await), Code::NotAuthenticated, "too old");
    })
    .await;
}

#[actix_web::test]
async fn an_account_is_linked_by_an_administrator_or_by_its_name_and_never_taken_over() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let (anna, _) = (stage.settled("anna").await.id, stage.settled("bruno").await.id);
        assert_eq!(code(stage.door.vouched(vouched("7", None, true)).await), Code::NotAuthenticated);
        let link = move |tx: &mut Tx<'_>| link(tx, Actor::System, anna, ISSUER, "7");
        let identity = store.write(link).await.unwrap();
        assert_eq!(code(store.write(link).await), Code::AlreadyExists);
        let entered = stage.door.vouched(vouched("7", None, true)).await.unwrap();
        assert_eq!((entered.staff.id, entered.session.standing), (anna, Standing::Full));
        let weak = stage.door.vouched(vouched("7", None, false)).await.unwrap();
        assert_eq!(weak.session.standing, Standing::SecondFactor, "one factor there, the other one here");
        let opened = stage.journalled("session.opened").await;
        assert_eq!(opened.iter().filter(|entry| entry.code.as_deref() == Some("oidc")).count(), 1);

        let by_name = stage.door.vouched(vouched("8", Some("bruno"), true)).await.unwrap();
        let again = stage.door.vouched(vouched("8", None, true)).await.unwrap();
        assert_eq!(again.staff.id, by_name.staff.id);
        assert_ne!(by_name.staff.id, anna);
        for (sub, name) in [("9", "bruno"), ("9", "anna"), ("9", "nobody"), ("9", "")] {
            let tried = stage.door.vouched(vouched(sub, Some(name), true)).await;
            assert_eq!(code(tried), Code::NotAuthenticated, "{name}");
        }
        store.write(move |tx| unlink(tx, Actor::System, anna, identity)).await.unwrap();
        assert_eq!(code(stage.door.vouched(vouched("7", None, true)).await), Code::NotAuthenticated);
        store.write(move |tx| crate::access::disable(tx, Actor::System, by_name.staff.id)).await.unwrap();
        assert_eq!(code(stage.door.vouched(vouched("8", None, true)).await), Code::NotAuthenticated);
    })
    .await;
}

#[actix_web::test]
async fn what_was_unlinked_stays_so_and_no_name_makes_an_administrator() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let bruno = stage.account("bruno", AccessRole::Operator).await;
        stage.door.vouched(vouched("8", Some("bruno"), true)).await.unwrap();
        let linked = store.read(move |conn| identities_of(conn, bruno)).await.unwrap()[0].id;
        store.write(move |tx| unlink(tx, Actor::System, bruno, linked)).await.unwrap();
        for sub in ["8", "9"] {
            let tried = stage.door.vouched(vouched(sub, Some("bruno"), true)).await;
            assert_eq!(code(tried), Code::NotAuthenticated, "{sub}");
        }
        store.write(move |tx| link(tx, Actor::System, bruno, ISSUER, "8")).await.unwrap();
        assert_eq!(stage.door.vouched(vouched("8", Some("bruno"), true)).await.unwrap().staff.id, bruno);

        for (name, sub, role) in [("ada", "10", AccessRole::Admin), ("dario", "11", AccessRole::Dpo)] {
            let id = stage.account(name, role).await;
            let by_name = stage.door.vouched(vouched(sub, Some(name), true)).await;
            assert_eq!(code(by_name), Code::NotAuthenticated, "{name}");
            store.write(move |tx| link(tx, Actor::System, id, ISSUER, sub)).await.unwrap();
            assert_eq!(stage.door.vouched(vouched(sub, Some(name), true)).await.unwrap().staff.id, id);
        }
    })
    .await;
}
