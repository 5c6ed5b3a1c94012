//! Until when, and what may happen.

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc, Weekday};
use proptest::prelude::*;
use staffetta_protocol::card::Refusal;

use super::super::model::{Event, last_day};
use super::*;
use crate::rules::calendar::{is_working_day, local_day};
use crate::web::html::proof;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

#[test]
fn a_month_ends_on_the_same_date_or_on_the_next_working_day() {
    for (received, months, last) in [
        ("2026-03-05", 1, "2026-04-07"), // 5 April is Easter Sunday, the 6th Easter Monday
        ("2026-01-31", 1, "2026-03-02"), // 28 February is a Saturday
        ("2026-08-31", 1, "2026-09-30"),
        ("2026-11-23", 1, "2026-12-23"),
        ("2026-11-25", 1, "2026-12-28"), // Christmas, Santo Stefano on a Saturday, Sunday
        ("2026-11-23", 3, "2027-02-23"),
    ] {
        assert_eq!(last_day(day(received), months), day(last), "{received}");
    }
    // Half past eleven at night in London terms is the next day in Italy.
    assert_eq!(due(at("2026-11-22T23:30:00Z")), at("2026-12-23T23:00:00Z"));
    assert_eq!(due_extended(at("2026-11-23T09:00:00Z")), at("2027-02-23T23:00:00Z"));
}

proptest! {
    #[test]
    fn a_deadline_is_a_working_day_never_before_the_month_and_soon_after(days in 0..36_500_u64, months in 1..4_u32) {
        let received = day("1990-01-01") + Days::new(days);
        let last = last_day(received, months);
        let same = received + Months::new(months);
        prop_assert!(is_working_day(last, &[]) && last >= same);
        prop_assert!((last - same).num_days() <= 5, "{received}: {last}");
        prop_assert!(!matches!(last.weekday(), Weekday::Sat | Weekday::Sun));
        let noon = received.and_hms_opt(12, 0, 0).unwrap().and_utc();
        prop_assert_eq!(local_day(due(noon) - chrono::TimeDelta::seconds(1)), last_day(received, 1));
    }

    /// Whatever happens in whatever order: answered once, extended once, and nothing after the end.
    #[test]
    fn a_request_is_extended_once_and_ends_once(events in proptest::collection::vec(0..3_usize, 0..8)) {
        let (mut state, mut extended, mut ended) = (RightState::Received, 0, 0);
        for event in events.into_iter().map(|index| Event::ALL[index]) {
            match state.after(event) {
                Ok(next) => {
                    extended += usize::from(event == Event::Extend);
                    ended += usize::from(event != Event::Extend);
                    state = next;
                }
                Err(problem) => prop_assert!(problem.allowed.len() == state.allowed().len()),
            }
            prop_assert_eq!(state.is_open(), ended == 0);
            prop_assert!(extended <= 1 && ended <= 1);
        }
    }
}

#[test]
fn what_is_stored_reads_back() {
    for kind in RightKind::ALL {
        assert_eq!(RightKind::from_code(kind.code()), Some(*kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.code());
    }
    for state in RightState::ALL {
        assert_eq!(serde_json::to_value(state).unwrap(), state.code());
    }
    for (outcome, step) in RightOutcome::ALL.iter().zip(ErasureStep::ALL) {
        assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.code());
        assert_eq!(serde_json::to_value(step).unwrap(), step.code());
    }
    for (channel, asker) in RightChannel::ALL.iter().zip(RightAsker::ALL) {
        assert_eq!(serde_json::to_value(channel).unwrap(), channel.code());
        assert_eq!(serde_json::to_value(asker).unwrap(), asker.code());
    }
}

#[test]
fn an_answer_fits_the_right_and_a_refusal_says_why() {
    let said = |value: serde_json::Value| read::<RightsAnswer>(&value.to_string());
    let bare = said(json!({"outcome": "refused"})).unwrap_err();
    let fields: Vec<_> = bare.iter().map(|it| it.field.as_str()).collect();
    assert_eq!(fields, ["/reason", "/legal_ground"]);
    let granted = said(json!({"outcome": "granted"})).unwrap();
    assert!(granted.check_against(RightKind::Access).is_ok() && granted.check_against(RightKind::Erasure).is_ok());
    let problem = granted.check_against(RightKind::Rectification).unwrap_err();
    assert_eq!(
        (problem.errors[0].field.as_str(), problem.errors[0].code.as_str()),
        ("/card_version", Refusal::Required.code())
    );
    let partly = said(json!({"outcome": "partly", "reason": "Zz", "legal_ground": "art. 17(3)(b)"})).unwrap();
    assert_eq!(partly.check_against(RightKind::Erasure).unwrap_err().errors[0].field, "/kept");
    assert!(said(json!({"outcome": "granted", "kept": [{"what": "a", "why": "b", "until": "2030-01-01"}]})).is_err());
}

#[actix_web::test]
async fn a_request_goes_its_way_and_leaves_its_log() {
    act(|tx, stage| {
        let asked = stage.ask(tx, RightKind::Access, false)?;
        assert_eq!(asked.due_at, at("2026-12-23T23:00:00Z"));
        let sight = stage.officer().sight(tx, stage.person.id)?;
        let why = |text: &str| read::<RightsExtension>(&json!({ "reason": text }).to_string()).unwrap();
        let extended = extend(tx, stage.vault(), &sight, (asked.id, 1), why("Zzcomplessa"))?;
        assert_eq!((extended.due_at, extended.version), (at("2027-02-23T23:00:00Z"), 2));
        let again = extend(tx, stage.vault(), &sight, (asked.id, 2), why("Zz"));
        assert_eq!(code(again), Code::IllegalTransition);
        assert_eq!(code(stage.answer(tx, &asked, json!({"outcome": "granted"}))), Code::VersionConflict);
        assert_eq!(code(letter(tx, stage.vault(), &config().node, &sight, asked.id)), Code::Conflict);

        let refused = json!({"outcome": "refused", "reason": "Zzmotivo", "legal_ground": "Zzart. 12(5)"});
        let answered = stage.answer(tx, &extended, refused)?;
        assert!(!answered.state.is_open());
        let (found, events) = look(tx, stage.vault(), &sight, asked.id)?;
        let what: Vec<_> = events.iter().map(|it| (it.what.as_str(), it.code.as_deref())).collect();
        assert_eq!(what, [("received", None), ("extended", None), ("answered", Some("refused"))]);
        assert_eq!(found.words.unwrap().details.as_str(), "Zzrichiesta di lei");

        let sheet = letter(tx, stage.vault(), &config().node, &sight, asked.id)?;
        let words = proof::words(&proof::page(sheet.as_str()));
        for told in ["Zzaminata Keita", "Zzmotivo", "Zzart. 12(5)", "Garante", "non è accolta", "dpo@centro.example"] {
            assert!(words.contains(told), "{told}");
        }
        let operator = stage.anna.acting::<acts::ReadRights>().sight(tx, stage.person.id)?;
        let theirs = letter(tx, stage.vault(), &config().node, &operator, asked.id);
        assert_eq!(code(theirs), Code::FunctionNotEntitled);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn what_is_open_and_late_is_listed_first_and_page_by_page() {
    act(|tx, stage| {
        let (first, second) = (stage.ask(tx, RightKind::Access, false)?, stage.ask(tx, RightKind::Portability, false)?);
        stage.answer(tx, &second, json!({"outcome": "granted"}))?;
        let third = stage.ask(tx, RightKind::Objection, false)?;
        let all = Wanted { of: cases::Listing::All, person: None, open: false, overdue: false, after: None, rows: 10 };
        let ids = |tx: &mut Tx<'_>, wanted: Wanted, now| -> Result<BTreeSet<Uuid>> {
            Ok(rows::list(tx.conn(), wanted, now)?.into_iter().map(|it| it.id).collect())
        };
        let now = tx.now();
        assert_eq!(ids(tx, all, now)?.len(), 3);
        assert_eq!(ids(tx, Wanted { open: true, ..all }, now)?, [first.id, third.id].into());
        assert!(ids(tx, Wanted { overdue: true, ..all }, now)?.is_empty());
        assert_eq!(ids(tx, Wanted { overdue: true, ..all }, first.due_at)?, [first.id, third.id].into());
        assert!(ids(tx, Wanted { of: cases::Listing::Of(stage.dario.id), ..all }, now)?.is_empty(), "not on the case");
        assert_eq!(ids(tx, Wanted { of: cases::Listing::Of(stage.anna.id), ..all }, now)?.len(), 3);
        let page = rows::list(tx.conn(), Wanted { rows: 2, ..all }, now)?;
        let rest = Wanted { after: Some((page[1].due_at, page[1].id)), ..all };
        assert_eq!(ids(tx, rest, now)?.len(), 1);
        Ok(())
    })
    .await;
}
