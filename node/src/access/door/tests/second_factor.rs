use super::*;
use proptest::prelude::*;

#[test]
fn codes_are_those_of_rfc_6238() {
    // Appendix B, SHA-1, the last six of its eight digits.
    let secret = b"12345678901234567890";
    for (at, digits) in
        [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
    {
        let now = chrono::DateTime::from_timestamp(at, 0).unwrap();
        assert_eq!(totp::code_at(secret, now), digits);
        assert_eq!(totp::step(secret, digits, now, 0).unwrap(), Some(at / 30));
        assert_eq!(totp::step(secret, &format!("{} {}", &digits[..3], &digits[3..]), now, 0).unwrap(), Some(at / 30));
        assert_eq!(totp::step(secret, digits, now, at / 30).unwrap(), None, "used");
        for (later, good) in [(-60, false), (-30, true), (30, true), (60, false)] {
            let there = now + TimeDelta::seconds(later);
            if there.timestamp() < 0 {
                continue;
            }
            assert_eq!(totp::step(secret, digits, there, 0).unwrap().is_some(), good, "{at} {later}");
        }
    }
    let now = chrono::DateTime::from_timestamp(59, 0).unwrap();
    for bad in ["", "28708", "2870820", "28708a", "٢٨٧٠٨٢"] {
        assert_eq!(totp::step(secret, bad, now, 0).unwrap(), None, "{bad}");
    }
}

proptest! {
    #[test]
    fn a_step_moves_forward_only(is_temporary: bool, has: bool, proven: bool, required: bool) {
        let next = Standing::next(is_temporary, has, proven, required);
        prop_assert_eq!(next == Standing::SecondFactor, has && !proven);
        if next == Standing::Full {
            prop_assert!(!is_temporary && (!has || proven) && (has || !required));
        }
    }
}

#[actix_web::test]
async fn the_code_comes_along_or_follows_and_counts_once() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        let same = Some(Factor::Totp(totp::code_at(&settled.secret, stage.store.clock().now())));
        let replayed = stage.enter("anna", GOOD, same).await;
        assert_eq!(code(replayed), Code::NotAuthenticated, "the step that confirmed the factor is used");

        let along = stage.enter("anna", GOOD, stage.next_code(&settled.secret)).await.unwrap();
        assert_eq!(along.session.standing, Standing::Full);
        let half = stage.enter("anna", GOOD, None).await.unwrap();
        assert_eq!(half.session.standing, Standing::SecondFactor);
        assert_eq!(code(stage.door.offer_factor(&pass(&half), &half.staff, None).await), Code::NotEntitled);
        assert_eq!(code(stage.change(&half, Some(GOOD), OTHER).await), Code::NotEntitled);

        let by = pass(&half);
        let show = |factor: Factor| stage.door.second_factor(&by, &half.staff, factor, HERE, &[]);
        let used = Factor::Totp(totp::code_at(&settled.secret, stage.store.clock().now()));
        assert_eq!(code(show(used).await), Code::NotAuthenticated);
        let fresh = stage.next_code(&settled.secret).unwrap();
        let full = show(fresh.clone()).await.unwrap();
        assert_eq!(full.session.standing, Standing::Full);
        assert_ne!(full.session.id, half.session.id);
        assert!(!stage.is_in(&half).await && stage.is_in(&full).await);
        assert_eq!(code(show(fresh).await), Code::NotAuthenticated, "the half session is over");
        let opened = stage.journalled("session.opened").await;
        assert!(opened.iter().all(|entry| entry.code.as_deref() == Some("password")));
        assert_eq!(opened.len(), 3);
    })
    .await;
}

#[actix_web::test]
async fn wrong_codes_are_counted_where_wrong_passwords_are() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        stage.settled("anna").await;
        let half = stage.enter("anna", GOOD, None).await.unwrap();
        for _ in 0..4 {
            let wrong = Factor::Totp("000000".into());
            let tried = stage.door.second_factor(&pass(&half), &half.staff, wrong, HERE, &[]).await;
            assert_eq!(code(tried), Code::NotAuthenticated);
        }
        let wrong = Factor::Totp("000000".into());
        let tried = stage.door.second_factor(&pass(&half), &half.staff, wrong, HERE, &[]).await;
        assert_eq!(code(tried), Code::RateLimited);
        // The password, right as it is, does not set the count back.
        assert_eq!(code(stage.enter("anna", GOOD, None).await), Code::RateLimited);
    })
    .await;
}

#[actix_web::test]
async fn each_recovery_code_lets_in_once_and_new_ones_end_the_old() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        assert_eq!(settled.codes.len(), 10);
        let recovery = |text: &str| Some(Factor::Recovery(text.to_owned()));
        let typed = settled.codes[0].to_uppercase().replace('-', " ");
        let entered = stage.enter("anna", GOOD, recovery(&typed)).await.unwrap();
        assert_eq!(entered.session.standing, Standing::Full);
        assert_eq!(code(stage.enter("anna", GOOD, recovery(&settled.codes[0])).await), Code::NotAuthenticated);
        let (door, id) = (stage.door.clone(), settled.id);
        assert_eq!(stage.store.read(move |conn| door.codes_left(conn, id)).await.unwrap(), 9);
        assert_eq!(stage.journalled("staff.recovery_used").await.len(), 1);

        // Two who come with one code at the same moment: one gets in.
        let both = [
            stage.enter("anna", GOOD, recovery(&settled.codes[1])),
            stage.enter("anna", GOOD, recovery(&settled.codes[1])),
        ];
        let both = futures_util::future::join_all(both).await;
        assert_eq!(both.iter().filter(|one| one.is_ok()).count(), 1);

        // Another's code is not hers.
        let bruno = stage.settled("bruno").await;
        assert_eq!(code(stage.enter("anna", GOOD, recovery(&bruno.codes[0])).await), Code::NotAuthenticated);

        let offered = stage.door.offer_factor(&pass(&entered), &entered.staff, None).await;
        assert_eq!(code(offered), Code::InvalidInput, "the password is asked for again");
        let (renewed, _, _) = stage.enrol(&entered, Some(GOOD)).await;
        assert!(!stage.is_in(&entered).await && stage.is_in(&renewed).await);
        stage.store.clock().advance(TimeDelta::hours(1));
        assert_eq!(code(stage.enter("anna", GOOD, recovery(&settled.codes[2])).await), Code::NotAuthenticated);
    })
    .await;
}

#[actix_web::test]
async fn a_factor_counts_only_once_a_code_of_it_was_shown() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let (_, temporary) = stage.hired("anna").await;
        let first = stage.enter("anna", &temporary, None).await.unwrap();
        let second = stage.change(&first, None, GOOD).await.unwrap();
        let by = pass(&second);
        let confirm = |typed: &str| stage.door.confirm_factor(&by, &second.staff, typed.to_owned());
        assert_eq!(code(confirm("000000").await.map(|_| ())), Code::Conflict, "nothing was offered");
        stage.door.offer_factor(&pass(&second), &second.staff, None).await.unwrap();
        assert_eq!(code(confirm("000000").await.map(|_| ())), Code::InvalidInput);
        assert_eq!(stage.enter("anna", GOOD, None).await.unwrap().session.standing, Standing::Enrolment);
        assert!(stage.is_in(&second).await, "she may try again");
    })
    .await;
}

#[actix_web::test]
async fn where_it_is_not_required_it_is_offered_and_then_it_counts() {
    scratch::each(|store| async move {
        let mut config = config();
        config.door.totp_required = false;
        let stage = Stage::with(store, config, Vault::new(MasterKey::generate().unwrap()), CHEAP);
        let (_, temporary) = stage.hired("anna").await;
        let first = stage.enter("anna", &temporary, None).await.unwrap();
        let full = stage.change(&first, None, GOOD).await.unwrap();
        assert_eq!(full.session.standing, Standing::Full);
        stage.enrol(&full, Some(GOOD)).await;
        assert_eq!(stage.enter("anna", GOOD, None).await.unwrap().session.standing, Standing::SecondFactor);
    })
    .await;
}

#[test]
fn nothing_of_the_secrets_can_be_read_on_the_disk() {
    actix_web::rt::System::new().block_on(async {
        for scratch in scratch::all(scratch::clock) {
            let stage = Stage::new(scratch.store().clone());
            let settled = stage.settled("anna").await;
            let shown = totp_rs::Secret::from(settled.secret.as_slice()).to_base32();
            let folded: Vec<String> = settled.codes.iter().map(|code| code.replace('-', "")).collect();
            let session = settled.entered.session.secret.expose().to_owned();
            stage.store.close().await;
            let mut words = vec![GOOD, shown.as_str(), session.as_str()];
            words.extend(settled.codes.iter().chain(&folded).map(String::as_str));
            assert_eq!(scratch.readable(&words), Vec::<String>::new());
        }
    });
}
