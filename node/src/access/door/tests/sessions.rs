use super::*;
use crate::access::{disable, issue_token, verify};

#[actix_web::test]
async fn a_session_ends_when_idle_and_when_old() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        let clock = stage.store.clock();
        let started = clock.now();
        while clock.now() - started < TimeDelta::hours(11) {
            clock.advance(TimeDelta::minutes(29));
            assert!(stage.is_in(&settled.entered).await, "whoever works stays in");
        }
        clock.jump_to(started + TimeDelta::hours(12));
        assert!(!stage.is_in(&settled.entered).await, "and not for ever");

        let entered = stage.enter("anna", GOOD, stage.next_code(&settled.secret)).await.unwrap();
        clock.advance(TimeDelta::minutes(30));
        assert!(!stage.is_in(&entered).await);
        let half = stage.enter("anna", GOOD, None).await.unwrap();
        for _ in 0..2 {
            assert!(stage.is_in(&half).await);
            clock.advance(TimeDelta::seconds(450));
        }
        assert!(!stage.is_in(&half).await, "the steps take minutes, not hours");
    })
    .await;
}

#[actix_web::test]
async fn the_id_is_new_at_each_step_and_only_its_digest_is_kept() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let (_, temporary) = stage.hired("anna").await;
        let first = stage.enter("anna", &temporary, None).await.unwrap();
        let second = stage.change(&first, None, GOOD).await.unwrap();
        let (third, _, _) = stage.enrol(&second, None).await;
        let fourth = stage.change(&third, Some(GOOD), OTHER).await.unwrap();
        let all = [&first, &second, &third, &fourth];
        for (n, one) in all.iter().enumerate() {
            assert_eq!(stage.is_in(one).await, n == 3, "{n}");
            assert_eq!(one.session.secret.expose().len(), 43);
            assert!(SessionSecret::parse(one.session.secret.expose()).is_some());
        }
        let secrets: std::collections::BTreeSet<&str> = all.iter().map(|one| one.session.secret.expose()).collect();
        let tokens: std::collections::BTreeSet<String> = all.iter().map(|one| one.session.secret.csrf()).collect();
        assert_eq!((secrets.len(), tokens.len()), (4, 4));
        // A secret that nobody was given opens nothing, whoever thought of it first.
        let made_up = SessionSecret::parse(&"A".repeat(43)).unwrap();
        assert_eq!(code(stage.door.verify_session(&made_up).await), Code::NotAuthenticated);
        // A step cannot be taken twice.
        assert_eq!(code(stage.change(&third, Some(OTHER), GOOD).await), Code::NotAuthenticated);
    })
    .await;
}

#[actix_web::test]
async fn disabling_signing_out_and_a_new_password_end_whatever_was_open() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let settled = stage.settled("anna").await;
        let id = settled.id;
        let token = || async {
            let label = Label::new("t").unwrap();
            store.write(move |tx| issue_token(tx, Actor::Staff(id), id, &label, None)).await.unwrap().token
        };
        let one = token().await;
        let here = stage.enter("anna", GOOD, stage.next_code(&settled.secret)).await.unwrap();
        assert!(stage.is_in(&settled.entered).await && stage.is_in(&here).await);

        let changed = stage.change(&here, Some(GOOD), OTHER).await.unwrap();
        assert!(stage.is_in(&changed).await, "she goes on");
        assert!(!stage.is_in(&settled.entered).await && !stage.is_in(&here).await);
        assert_eq!(code(verify(&store, &one).await), Code::NotAuthenticated);
        assert_eq!(code(stage.enter("anna", GOOD, stage.next_code(&settled.secret)).await), Code::NotAuthenticated);

        let two = token().await;
        store.write(move |tx| sign_out_everywhere(tx, Actor::Staff(id), id)).await.unwrap();
        assert!(!stage.is_in(&changed).await);
        assert_eq!(code(verify(&store, &two).await), Code::NotAuthenticated);

        let back = stage.enter("anna", OTHER, stage.next_code(&settled.secret)).await.unwrap();
        let three = token().await;
        store.write(move |tx| disable(tx, Actor::System, id)).await.unwrap();
        assert!(!stage.is_in(&back).await);
        assert_eq!(code(verify(&store, &three).await), Code::NotAuthenticated);
        assert_eq!(code(stage.change(&back, Some(OTHER), GOOD).await.map(|_| ())), Code::NotAuthenticated);
        assert_eq!(stage.journalled("session.closed_everywhere").await.len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn the_present_password_is_asked_for_and_counted() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        assert_eq!(code(stage.change(&settled.entered, None, OTHER).await), Code::InvalidInput);
        for _ in 0..4 {
            assert_eq!(code(stage.change(&settled.entered, Some(OTHER), OTHER).await), Code::NotAuthenticated);
        }
        assert_eq!(code(stage.change(&settled.entered, Some(GOOD), OTHER).await), Code::RateLimited);
        // Whoever found her screen open has not spent what she needs at the door.
        assert!(stage.enter("anna", GOOD, stage.next_code(&settled.secret)).await.is_ok());
    })
    .await;
}

#[actix_web::test]
async fn ones_own_sessions_are_listed_and_ended_and_nobody_elses() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let (anna, bruno) = (stage.settled("anna").await, stage.settled("bruno").await);
        let second = stage.enter("anna", GOOD, stage.next_code(&anna.secret)).await.unwrap();
        let (door, id, now) = (stage.door.clone(), anna.id, store.clock().now());
        let open = store.read(move |conn| door.sessions(conn, id, now)).await.unwrap();
        assert_eq!(open.iter().map(|row| row.id).collect::<Vec<_>>(), [second.session.id, anna.entered.session.id]);

        let theirs = bruno.entered.session.id;
        assert_eq!(code(store.write(move |tx| end_session(tx, id, theirs)).await), Code::NotFound);
        assert!(stage.is_in(&bruno.entered).await);
        let first = anna.entered.session.id;
        for _ in 0..2 {
            store.write(move |tx| end_session(tx, id, first)).await.unwrap();
        }
        assert!(!stage.is_in(&anna.entered).await && stage.is_in(&second).await);
        assert_eq!(stage.journalled("session.closed").await.len(), 1);
        // Days later nothing of it is left but the journal.
        store.clock().advance(TimeDelta::days(3));
        store.write(purge).await.unwrap();
        let left = store.read(move |conn| session_rows::by_id(conn, first)).await.unwrap();
        assert!(left.is_none());
    })
    .await;
}

#[actix_web::test]
async fn half_open_sessions_hide_no_whole_one() {
    scratch::each(|store| async move {
        let stage = Stage::new(store.clone());
        let anna = stage.settled("anna").await;
        for _ in 0..60 {
            stage.enter("anna", GOOD, None).await.unwrap();
        }
        let (door, id, now) = (stage.door.clone(), anna.id, store.clock().now());
        let open = store.read(move |conn| door.sessions(conn, id, now)).await.unwrap();
        assert_eq!((open.len(), open[0].id), (50, anna.entered.session.id));
    })
    .await;
}
