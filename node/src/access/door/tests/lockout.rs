use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::*;
use crate::access::door::lockout::{FREE, MEMORY, Tally, delay};

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
}

proptest! {
    #[test]
    fn the_wait_never_shrinks_and_never_passes_its_bound(failures in 0_i32..i32::MAX) {
        let (one, next) = (delay(failures), delay(failures.saturating_add(1)));
        prop_assert_eq!(one.is_some(), failures > FREE);
        prop_assert!(one <= next);
        prop_assert!(next.is_none_or(|wait| wait <= TimeDelta::minutes(15) && wait >= TimeDelta::seconds(2)));
    }

    #[test]
    fn whoever_keeps_guessing_gets_few_guesses_a_day(pauses in prop::collection::vec(0_i64..600, 1..4000)) {
        let (mut tally, mut now, mut guesses) = (Tally::none(at(0)), 0, 0);
        for pause in pauses {
            now += pause;
            if now > 86_400 {
                break;
            }
            if tally.wait(at(now)).is_none() {
                tally = tally.failed(at(now));
                guesses += 1;
            }
        }
        // The free ones, the growing ones, and then one in fifteen minutes.
        prop_assert!(guesses <= 3 + 9 + 96, "{}", guesses);
    }

    #[test]
    fn strangers_together_never_pass_their_budget(pauses in prop::collection::vec(0_i64..120, 1..2000), budget in 5_u32..100) {
        let (mut tally, mut now) = (Tally::none(at(0)), 0);
        let mut tried = Vec::new();
        for pause in pauses {
            now += pause;
            if tally.wait(at(now)).is_none() {
                tally = tally.stranger_failed(at(now), budget);
                tried.push(now);
            }
        }
        for window in tried.windows(2 * budget as usize + 1) {
            // Two budgets may touch at the border of two hours, three never do.
            prop_assert!(window[window.len() - 1] - window[0] >= 3600);
        }
    }

    #[test]
    fn a_right_one_costs_nothing(failures in 0_i32..50, pause in 0_i64..100) {
        let before = Tally { failures, ..Tally::none(at(0)) };
        let after = before.failed(at(pause)).taken_back();
        prop_assert_eq!(after.failures, failures);
        prop_assert_eq!(after.wait(at(pause)), None);
    }
}

#[test]
fn after_a_quiet_day_everything_is_forgotten() {
    let tally = (0..10).fold(Tally::none(at(0)), |tally, _| tally.failed(at(0)));
    assert!(tally.wait(at(0)).is_some());
    let later = at(0) + MEMORY;
    assert_eq!(tally.failed(later), Tally::none(later).failed(later));
}

#[actix_web::test]
async fn the_wait_grows_and_a_right_password_ends_it() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        for _ in 0..3 {
            assert_eq!(code(stage.enter("anna", OTHER, None).await), Code::NotAuthenticated);
        }
        assert_eq!(code(stage.enter("anna", OTHER, None).await), Code::NotAuthenticated);
        // Even the right one waits, from there.
        let refused = stage.enter("anna", GOOD, stage.next_code(&settled.secret)).await;
        assert!(refused.is_ok(), "thirty seconds are longer than the first wait");
        for _ in 0..4 {
            assert_eq!(code(stage.enter("anna", OTHER, None).await), Code::NotAuthenticated);
        }
        let waits = stage.enter("anna", GOOD, None).await.unwrap_err().problem();
        assert_eq!((waits.code, waits.retry_after), (Code::RateLimited, Some(3)));
        assert_eq!(stage.journalled("staff.locked").await.len(), 2);
        assert_eq!(stage.journalled("staff.locked").await[0].object, Some(settled.id.to_string()));
        stage.store.clock().advance(TimeDelta::seconds(3));
        assert_eq!(stage.enter("anna", GOOD, None).await.unwrap().session.standing, Standing::SecondFactor);
    })
    .await;
}

#[actix_web::test]
async fn strangers_cannot_lock_a_colleague_out_of_her_own_device() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        let device = settled.entered.device.as_ref().unwrap().value.clone();
        // Thirty strangers from thirty addresses, each with one guess.
        for n in 0..30 {
            let from = format!("203.0.113.{n}");
            assert_eq!(code(stage.attempt("anna", OTHER, None, &from, None).await), Code::NotAuthenticated);
        }
        assert_eq!(code(stage.attempt("anna", GOOD, None, ELSEWHERE, None).await), Code::RateLimited);
        let hers = stage.attempt("anna", GOOD, stage.next_code(&settled.secret), ELSEWHERE, Some(&device)).await;
        assert_eq!(hers.unwrap().session.standing, Standing::Full);

        // A cookie that was made up, or is for another account, is no device.
        for wrong in ["1.x.y", &device.replace('.', ""), &format!("{device}x")] {
            let tried = stage.attempt("anna", GOOD, None, ELSEWHERE, Some(wrong)).await;
            assert_eq!(code(tried), Code::RateLimited, "{wrong}");
        }
        let bruno = stage.settled("bruno").await.entered.device.unwrap().value;
        assert_eq!(code(stage.attempt("anna", GOOD, None, ELSEWHERE, Some(&bruno)).await), Code::RateLimited);
        // And the device is not free to guess.
        for _ in 0..4 {
            let tried = stage.attempt("anna", OTHER, None, HERE, Some(&device)).await;
            assert_eq!(code(tried), Code::NotAuthenticated);
        }
        assert_eq!(code(stage.attempt("anna", OTHER, None, HERE, Some(&device)).await), Code::RateLimited);
        stage.store.clock().advance(TimeDelta::hours(1));
        assert!(stage.attempt("anna", GOOD, None, ELSEWHERE, None).await.is_ok(), "the hour is over");
    })
    .await;
}

#[actix_web::test]
async fn guesses_that_come_at_once_are_counted_one_after_the_other() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        stage.settled("anna").await;
        let tries = (0..20).map(|_| stage.enter("anna", OTHER, None));
        let codes: Vec<Code> = futures_util::future::join_all(tries).await.into_iter().map(code).collect();
        let judged = codes.iter().filter(|code| **code == Code::NotAuthenticated).count();
        assert_eq!(judged, 4, "{codes:?}");
    })
    .await;
}

#[actix_web::test]
async fn a_node_that_is_busy_counts_nothing_against_her() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        let crowd = stage.door.hasher().crowded();
        for _ in 0..8 {
            assert_eq!(code(stage.enter("anna", GOOD, None).await), Code::Busy);
            assert_eq!(code(stage.change(&settled.entered, Some(GOOD), OTHER).await), Code::Busy);
        }
        drop(crowd);
        assert!(stage.enter("anna", GOOD, stage.next_code(&settled.secret)).await.is_ok());
        assert!(stage.change(&settled.entered, Some(GOOD), OTHER).await.is_ok());
    })
    .await;
}

/// From a new device, or an address that she shares with whoever guesses, she waits with the strangers.
#[actix_web::test]
async fn whom_strangers_keep_out_an_administrator_lets_in_again() {
    scratch::each(|store| async move {
        let stage = Stage::new(store);
        let settled = stage.settled("anna").await;
        let bruno = stage.settled("bruno").await;
        for _ in 0..4 {
            assert_eq!(code(stage.enter("anna", OTHER, None).await), Code::NotAuthenticated);
            assert_eq!(code(stage.enter("bruno", OTHER, None).await), Code::NotAuthenticated);
        }
        for n in 0..30 {
            stage.attempt("anna", OTHER, None, &format!("203.0.113.{n}"), None).await.unwrap_err();
        }
        for from in [HERE, ELSEWHERE] {
            assert_eq!(code(stage.attempt("anna", GOOD, None, from, None).await), Code::RateLimited, "{from}");
        }
        let temporary = stage.reset(settled.id).await;
        let entered = stage.enter("anna", &temporary, None).await.unwrap();
        assert_eq!(entered.session.standing, Standing::NewPassword);
        assert_eq!(code(stage.enter("bruno", GOOD, None).await), Code::RateLimited, "nobody else's counts went");
        assert_ne!(bruno.id, settled.id);
    })
    .await;
}
