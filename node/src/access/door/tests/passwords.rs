use super::*;

#[test]
fn what_is_guessed_first_is_no_password() {
    let wrong = |text: &str, name: &str| {
        let problem = Password::new(text).unwrap().check_new(name, "/p").err().map(|e| e.problem());
        problem.map(|problem| problem.errors[0].code.clone())
    };
    for (text, code) in [
        ("abc", "too_short"),
        ("undici car.", "too_short"),
        ("aaaaaaaaaaaaaaaa", "too_obvious"),
        ("123456789012", "too_obvious"),
        ("abcdefghijklm", "too_obvious"),
        ("Password1234", "too_obvious"),
        ("Staffetta2026!", "too_obvious"),
        ("A.Bianchi.2026", "too_obvious"),
        ("qwertyuiop12", "too_obvious"),
        ("ababababababab", "too_obvious"),
    ] {
        assert_eq!(wrong(text, "a.bianchi").as_deref(), Some(code), "{text}");
    }
    for good in [GOOD, OTHER, "kT9$vb2!mQ7z", "perche' no, dodici", "пароль-длинный-и-хороший"] {
        assert_eq!(wrong(good, "a.bianchi"), None, "{good}");
    }
}

#[test]
fn a_password_is_bounded_folded_and_not_shown() {
    assert!(Password::new("").is_none() && Password::new(&"x".repeat(129)).is_none());
    assert!(Password::new(&"x".repeat(128)).is_some());
    // One ligature becomes eighteen characters: what is hashed is bounded too.
    assert!(Password::new(&"\u{fdfa}".repeat(128)).is_none());
    let (composed, decomposed) = (Password::new("caff\u{e8}").unwrap(), Password::new("caffe\u{300}").unwrap());
    assert_eq!(composed.expose(), decomposed.expose());
    assert_eq!(format!("{composed:?}"), "Password");
}

#[actix_web::test]
async fn a_hash_is_argon2id_with_the_parameters_of_owasp() {
    let hasher = Hasher::new(Cost::OWASP, 1).unwrap();
    let (good, other) = (Password::new(GOOD).unwrap(), Password::new(OTHER).unwrap());
    let phc = hasher.hash(&good).await.unwrap();
    assert!(phc.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{phc}");
    let right = hasher.compare(Some(phc.clone()), &good).await.unwrap();
    assert!(right.is_right && !right.is_outdated);
    assert!(!hasher.compare(Some(phc.clone()), &other).await.unwrap().is_right);
    assert_ne!(hasher.hash(&good).await.unwrap(), phc, "each has a salt of its own");
    assert!(!hasher.compare(None, &good).await.unwrap().is_right);
    assert_eq!(hasher.done(), 5, "where there is nothing to compare with the work is done all the same");
}

#[actix_web::test]
async fn a_flood_waits_for_its_turn_or_is_turned_away() {
    let hasher = Hasher::new(CHEAP, 1).unwrap();
    let good = Password::new(GOOD).unwrap();
    let all = futures_util::future::join_all((0..200).map(|_| hasher.compare(None, &good))).await;
    let turned_away = all.iter().filter(|one| matches!(one, Err(crate::error::Error::Busy { .. }))).count();
    assert!(turned_away > 0 && all.iter().any(Result::is_ok), "{turned_away}");
    assert_eq!(hasher.done() as usize, 200 - turned_away);
}

#[actix_web::test]
async fn unknown_disabled_and_wrong_cost_the_same_and_say_the_same() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        stage.settled("anna").await;
        let (left, temporary) = stage.hired("bruno").await;
        stage.store.write(move |tx| crate::access::disable(tx, Actor::System, left)).await.unwrap();
        stage.account("carla", AccessRole::Operator).await;
        let service = |tx: &mut Tx<'_>| {
            add_service(tx, Actor::System, &"robot".parse().unwrap(), &Label::new("R").unwrap(), AccessRole::Operator)
        };
        stage.store.write(service).await.unwrap();
        let mut told = Vec::new();
        for (name, password) in
            [("anna", OTHER), ("nobody", OTHER), ("bruno", &temporary), ("carla", GOOD), ("robot", GOOD)]
        {
            let before = stage.door.hasher().done();
            told.push(stage.enter(name, password, None).await.unwrap_err().problem());
            assert_eq!(stage.door.hasher().done() - before, 1, "{name}");
        }
        assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
        let entries = stage.journalled("session.refused").await;
        assert_eq!(entries.len(), 5);
        assert!(!format!("{entries:?}").contains("nobody"));
        // And an unknown account runs out of tries like any other.
        for _ in 0..3 {
            let _ = stage.enter("nobody", OTHER, None).await;
        }
        assert_eq!(code(stage.enter("nobody", OTHER, None).await), Code::RateLimited);
    })
    .await;
}

#[actix_web::test]
async fn a_dearer_hash_takes_the_place_of_a_cheap_one() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        let cheap = Stage::with(store.clone(), config(), vault.clone(), CHEAP);
        let settled = cheap.settled("anna").await;
        let stored = |store: Store| async move {
            store.read(move |conn| Ok(login_rows::login(conn, settled.id)?.password.unwrap())).await.unwrap()
        };
        assert!(stored(store.clone()).await.contains("m=8,t=1"));
        let dear = Stage::with(store.clone(), config(), vault, Cost { memory: 64, passes: 2, lanes: 1 });
        dear.enter("anna", GOOD, None).await.unwrap();
        assert!(stored(store.clone()).await.contains("m=64,t=2"));
        cheap.enter("anna", GOOD, None).await.unwrap();
        assert!(stored(store).await.contains("m=64,t=2"), "it never gets cheaper");
    })
    .await;
}

#[actix_web::test]
async fn a_temporary_password_opens_nothing_but_the_next_step_and_not_for_ever() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let (id, temporary) = stage.hired("anna").await;
        let first = stage.enter("anna", &temporary, None).await.unwrap();
        assert_eq!(first.session.standing, Standing::NewPassword);
        assert!(first.device.is_none());
        assert_eq!(code(stage.door.offer_factor(&pass(&first), &first.staff, None).await), Code::NotEntitled);
        for bad in [temporary.as_str(), "short", "anna anna anna"] {
            assert_eq!(code(stage.change(&first, None, bad).await), Code::InvalidInput, "{bad}");
        }
        let second = stage.change(&first, None, GOOD).await.unwrap();
        assert_eq!(second.session.standing, Standing::Enrolment);
        assert!(!stage.is_in(&first).await, "the session before the step is over");
        assert_eq!(code(stage.change(&second, None, OTHER).await), Code::NotEntitled);
        assert_eq!(code(stage.enter("anna", &temporary, None).await), Code::NotAuthenticated);

        let again = stage.reset(id).await;
        assert!(!stage.is_in(&second).await, "a reset ends what was open");
        stage.store.clock().advance(TimeDelta::days(7));
        assert_eq!(code(stage.enter("anna", &again, None).await), Code::NotAuthenticated);
    })
    .await;
}
