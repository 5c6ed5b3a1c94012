//! Minors, who they answer with, and the midnight on which that ends.

use staffetta_protocol::card::{BirthDate, PartialDate};

use super::*;
use crate::access::acts::ReadTasks;
use crate::access::cases::Listing;
use crate::access::{AccessRole, Staff};
use crate::consents::due::DueKind;
use crate::tasks;

/// Her guardian's yes, and her assent.
fn by(guardian: Uuid) -> Answers {
    let mut act = both();
    act.expressed.by = ExpressedBy::Guardian;
    act.expressed.guardian = Some(guardian);
    act.expressed.assent = Some(IndicationMethod::Mark);
    act
}

/// Somebody who answers for her here.
fn guardian(tx: &mut Tx<'_>, vault: &Vault, person: &Person) -> Uuid {
    people::guardians::sample(tx, vault, &seen(person.id)).unwrap()
}

/// Her card with this date of birth.
fn born(tx: &mut Tx<'_>, vault: &Vault, person: &Person, on: &str) -> Result<()> {
    let held = cards::current(tx.conn(), vault, person.id)?.unwrap();
    let mut card = held.card;
    card.birth_date = Some(BirthDate { value: PartialDate::parse(on).unwrap(), estimated: false });
    cards::put(tx, vault, &seen(person.id), card, held.version).map(drop)
}

#[actix_web::test]
async fn what_a_guardian_agreed_to_ends_at_the_midnight_on_which_she_is_of_age() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let (someone, subject) = (person.clone(), person.subject);
        let record = centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                born(tx, vault, &someone, "2008-12-24")?;
                let problem = answer(tx, vault, &seen(someone.id), &both()).unwrap_err().problem();
                assert_eq!(problem.errors[0].field, "/expressed/by", "a date of birth is enough to know");
                let guardian = guardian(tx, vault, &someone);
                let saved = answer(tx, vault, &seen(someone.id), &by(guardian))?;
                let midnight = "2026-12-23T23:00:00Z".parse().unwrap();
                assert_eq!(saved[0].ends_early, Some(midnight));
                assert_eq!(saved[0].not_after, Some(tx.now() + TimeDelta::days(60)), "what travels tells no birthday");
                assert_eq!(saved[0].expressed.assent, Some(IndicationMethod::Mark));
                let (listed, _) = due(tx, vault, &staff(), Listing::All, TimeDelta::days(30), (None, 50))?;
                let of_age: Vec<_> = listed.iter().filter(|it| it.kind == DueKind::ComingOfAge).collect();
                assert_eq!(of_age.len(), 2, "P1 and P2 end in a month");
                assert_eq!(of_age[0].at, midnight);
                Ok(saved[0].record)
            })
            .await;
        clock.advance("2026-12-23T22:59:59Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap() - clock.now());
        let live = |now| move |tx: &mut Tx<'_>, _: &Outbox| grants::live_grants(tx.conn(), subject, Purpose::P1, now);
        let now = clock.now();
        assert_eq!(centre.write(live(now)).await.len(), 1, "one second before");
        clock.advance(TimeDelta::seconds(1));
        let now = clock.now();
        assert!(centre.write(live(now)).await.is_empty(), "at the midnight");
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                let now = tx.now();
                assert_eq!(of(tx.conn(), vault, person.id, record)?.stands(now), State::Expired);
                assert!(!grants::still_holds(tx.conn(), resting(record), now)?, "what is queued leaves no more");
                assert_eq!(answer(tx, vault, &seen(person.id), &both())?.len(), 2, "she is asked herself");
                Ok(())
            })
            .await;
    })
    .await;
}

fn resting(record: RecordId) -> grants::Resting {
    grants::Resting { record: Some((record, 1)), ..Default::default() }
}

#[actix_web::test]
async fn who_speaks_for_her_is_named_and_answers_for_her_here() {
    each(|centre, _| async move {
        let (minor, grown, unknown) = (centre.person().await, centre.person().await, centre.person().await);
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                born(tx, vault, &minor, "2009-06-01")?;
                born(tx, vault, &grown, "1990-06-01")?;
                let refused = |tx: &mut Tx<'_>, of: &Person, act: &Answers| {
                    let problem = answer(tx, vault, &seen(of.id), act).unwrap_err().problem();
                    (problem.errors[0].field.clone(), problem.errors[0].code.clone())
                };
                let told = |field: &str, code: &str| (format!("/expressed/{field}"), code.to_owned());
                let mut nobody = by(Uuid::nil());
                assert_eq!(refused(tx, &minor, &nobody), told("guardian", "not_in_list"));
                nobody.expressed.guardian = None;
                assert_eq!(refused(tx, &minor, &nobody), told("guardian", "required"), "the guardian has a name");
                assert_eq!(refused(tx, &unknown, &nobody), told("guardian", "required"));
                assert_eq!(refused(tx, &grown, &nobody), told("by", "inconsistent"), "an adult speaks for herself");

                let other = guardian(tx, vault, &unknown);
                assert_eq!(refused(tx, &minor, &by(other)), told("guardian", "not_in_list"), "somebody else's");
                let mut without = by(other);
                without.expressed.assent = None;
                assert_eq!(refused(tx, &unknown, &without), told("assent", "required"));
                let given = answer(tx, vault, &seen(unknown.id), &by(other))?;
                assert_eq!(given[0].ends_early, None, "nobody has said yet when she is of age");
                let now = tx.now();
                assert!(moved_birthdays(tx.conn(), vault, now)?.is_empty());
                born(tx, vault, &unknown, "1999")?;
                let moved = moved_birthdays(tx.conn(), vault, now)?;
                assert!(
                    moved.len() == 2 && moved.iter().all(|it| it.ends_early == Some(now)),
                    "she was of age all along"
                );

                let hers = guardian(tx, vault, &minor);
                let no = LateAnswer {
                    answer: Answered::No,
                    not_after: None,
                    expressed: Expression { guardian: None, ..by(hers).expressed },
                };
                let question = ask(tx, vault, &seen(minor.id), &super::requests::questions(&["P1"]))?.remove(0);
                let problem = answer_request(tx, vault, &seen(minor.id), question.record, &no).unwrap_err().problem();
                assert_eq!(problem.errors[0].field, "/expressed/guardian", "a no is hers to give too");
                assert_eq!(answer(tx, vault, &seen(minor.id), &by(hers))?.len(), 2);
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn a_birthday_that_is_put_right_moves_the_end() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let vault = centre.outbox.vault().clone();
        let (one, two) = (person.clone(), person.clone());
        let record = centre
            .write(move |tx, outbox| {
                born(tx, outbox.vault(), &one, "2009-03-01")?;
                let guardian = guardian(tx, outbox.vault(), &one);
                let saved = answer(tx, outbox.vault(), &seen(one.id), &by(guardian))?;
                born(tx, outbox.vault(), &one, "2009-02-01")?;
                Ok(saved[0].record)
            })
            .await;
        let now = centre.scratch.store().clock().now();
        let seeing = vault.clone();
        let read = move |conn: &mut crate::store::Conn| moved_birthdays(conn, &seeing, now);
        let moved = centre.scratch.store().read(read.clone()).await.unwrap();
        assert_eq!(moved.len(), 2);
        centre
            .write(move |tx, outbox| {
                for consent in &moved {
                    put_birthday_right(tx, outbox.vault(), consent)?;
                }
                let consent = of(tx.conn(), outbox.vault(), two.id, record)?;
                assert_eq!(consent.ends_early, Some("2027-01-31T23:00:00Z".parse().unwrap()));
                Ok(())
            })
            .await;
        assert!(centre.scratch.store().read(read.clone()).await.unwrap().is_empty(), "once is enough");
        centre
            .write(move |tx, outbox| {
                born(tx, outbox.vault(), &person, "2011-05-05")?;
                Ok(())
            })
            .await;
        let moved = centre.scratch.store().read(read).await.unwrap();
        assert!(moved.len() == 2 && moved.iter().all(|it| it.ends_early == Some(now)), "nobody could agree for her");
    })
    .await;
}

/// The card says so, and whoever saved it tells this room.
fn card_says(tx: &mut Tx<'_>, vault: &Vault, person: &Person, change: impl FnOnce(&mut Card)) -> Result<()> {
    let held = cards::current(tx.conn(), vault, person.id)?.unwrap();
    let mut card = held.card;
    change(&mut card);
    cards::put(tx, vault, &seen(person.id), card, held.version)?;
    heed_age(tx, vault, &seen(person.id))
}

/// What can be used of hers, and what there is to be done about her.
fn stands(tx: &mut Tx<'_>, person: &Person) -> Result<(usize, Vec<tasks::Kind>)> {
    let mut live = 0;
    for purpose in [Purpose::P1, Purpose::P2] {
        let now = tx.now();
        live += grants::live_grants(tx.conn(), person.subject, purpose, now)?.len();
    }
    let officer = Staff { id: Uuid::from_u128(9), role: AccessRole::Supervisor, label: "x".into() };
    let open = tasks::list(tx, &officer.acting::<ReadTasks>(), false, None, 50)?;
    Ok((live, open.into_iter().map(|task| task.kind).collect()))
}

#[actix_web::test]
async fn what_she_agreed_to_herself_permits_nothing_once_she_may_be_a_minor() {
    each(|centre, cpi| async move {
        for birth in [None, Some("2009-06-01")] {
            let person = centre.person().await;
            let (record, _) = agree(&centre, &person).await;
            let (_, queued) = preview(&centre, &person).await;
            let someone = person.clone();
            centre
                .write(move |tx, outbox| {
                    let vault = outbox.vault();
                    card_says(tx, vault, &someone, |card| drop(card.target_occupations.take()))?;
                    assert_eq!(stands(tx, &someone)?, (2, vec![]), "nothing was said of her age");
                    card_says(tx, vault, &someone, |card| match birth {
                        None => card.is_minor = Minor::UnderAssessment,
                        Some(on) => {
                            let value = PartialDate::parse(on).unwrap();
                            card.birth_date = Some(BirthDate { value, estimated: false });
                        }
                    })?;
                    assert_eq!(stands(tx, &someone)?, (0, vec![tasks::Kind::GuardianToBeAsked]), "{birth:?}");
                    let now = tx.now();
                    assert_eq!(of(tx.conn(), vault, someone.id, record)?.stands(now), State::Expired);
                    assert!(!grants::still_holds(tx.conn(), resting(record), now)?);
                    let ended = journal::of_act(tx.conn(), "consent.end-moved", 9)?;
                    assert!(ended.len() >= 2 && ended[0].object.is_some());
                    Ok(())
                })
                .await;
            assert!(centre.deliver(&cpi).await.is_empty(), "nothing of what waited leaves");
            assert!(matches!(transport(&centre, queued).await, Transport::Struck), "it was struck");
            centre
                .write(move |tx, outbox| {
                    let vault = outbox.vault();
                    let guardian = guardian(tx, vault, &person);
                    assert_eq!(answer(tx, vault, &seen(person.id), &by(guardian))?.len(), 2, "her guardian is asked");
                    card_says(tx, vault, &person, |card| card.given_names = None)?;
                    assert_eq!(stands(tx, &person)?.0, 2, "whose word stands when the card is saved again");
                    card_says(tx, vault, &person, |card| {
                        card.is_minor = Minor::No;
                        card.birth_date = None;
                    })?;
                    assert_eq!(stands(tx, &person)?.1, [], "she is of age: there is nobody to be asked");
                    Ok(())
                })
                .await;
        }
    })
    .await;
}

#[actix_web::test]
async fn what_she_agreed_to_under_one_record_ends_where_the_other_says_that_she_is_a_minor() {
    each(|centre, _| async move {
        let (one, other) = (centre.person().await, centre.person().await);
        agree(&centre, &other).await;
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                born(tx, vault, &one, "2009-06-01")?;
                let rooms = [HOLDING, cards::HOLDING, people::HOLDING, grants::HOLDING, crate::vault::HOLDING];
                let reason = people::MergeReason::new("Stesso documento").unwrap();
                people::merge(tx, vault, &staff(), &rooms, (one.id, other.id), people::Kept::Own, &reason)?;
                assert_eq!(stands(tx, &one)?.0, 2, "what she agreed to is hers");
                heed_age(tx, vault, &seen(one.id))?;
                assert_eq!(stands(tx, &one)?, (0, vec![tasks::Kind::GuardianToBeAsked]));
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn who_turns_out_to_be_under_sixteen_is_written_down_so_and_nothing_of_hers_is_used() {
    each(|centre, _| async move {
        let person = centre.person().await;
        agree(&centre, &person).await;
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                let young = |on: &'static str| {
                    move |card: &mut Card| {
                        card.birth_date = Some(BirthDate { value: PartialDate::parse(on).unwrap(), estimated: false });
                    }
                };
                card_says(tx, vault, &person, young("2012-03-01"))?;
                let held = cards::current(tx.conn(), vault, person.id)?.unwrap();
                assert_eq!(held.card.birth_date.unwrap().value.to_string(), "2012-03-01", "what is true is kept");
                assert_eq!(stands(tx, &person)?, (0, vec![tasks::Kind::UnderSixteen]));
                let problem = card_says(tx, vault, &person, |card| card.given_names = None).unwrap_err().problem();
                assert_eq!(problem.errors[0].code, "too_young", "nothing else is written");
                let problem = answer(tx, vault, &seen(person.id), &both()).unwrap_err().problem();
                assert_eq!(problem.errors[0].field, "/expressed/by", "nor is anybody asked");
                card_says(tx, vault, &person, young("1992-03-01"))?;
                assert_eq!(stands(tx, &person)?, (0, vec![]), "that was wrong: she is asked anew");
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn a_renewed_word_of_a_guardian_ends_with_the_birthday_that_is_put_right() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let vault = centre.outbox.vault().clone();
        let someone = person.clone();
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                born(tx, vault, &someone, "2009-03-01")?;
                let guardian = guardian(tx, vault, &someone);
                let given = answer(tx, vault, &seen(someone.id), &by(guardian))?;
                let renewal = Renewal { expressed: by(guardian).expressed, not_after: None };
                renew(tx, vault, &seen(someone.id), given[1].record, &renewal)?;
                born(tx, vault, &someone, "2009-01-01")
            })
            .await;
        let now = clock.now();
        let moved = centre.scratch.store().read(move |conn| moved_birthdays(conn, &vault, now)).await.unwrap();
        let subject = person.subject;
        centre
            .write(move |tx, outbox| {
                for consent in &moved {
                    put_birthday_right(tx, outbox.vault(), consent)?;
                }
                let now = "2026-12-31T22:59:59Z".parse().unwrap();
                assert_eq!(grants::live_grants(tx.conn(), subject, Purpose::P2, now)?.len(), 1);
                let now = "2026-12-31T23:00:00Z".parse().unwrap();
                assert!(
                    grants::live_grants(tx.conn(), subject, Purpose::P2, now)?.is_empty(),
                    "neither the new nor the old"
                );
                Ok(())
            })
            .await;
    })
    .await;
}

#[test]
fn a_guardian_and_an_assent_belong_together() {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut act =
            json!({"recipient": OFFICE, "answers": [{"purpose": "P1", "answer": "yes"}], "expressed": said()});
        change(&mut act["expressed"]);
        read::<Answers>(&act.to_string()).err().map(|found| (found[0].field.clone(), found[0].code.clone()))
    };
    let refused = |field: &str, code: &str| Some((format!("/expressed/{field}"), code.to_owned()));
    assert_eq!(with(&|it| it["assent"] = json!("mark")), refused("assent", "inconsistent"));
    assert_eq!(with(&|it| it["guardian"] = json!(Uuid::new_v4())), refused("guardian", "inconsistent"));
    let independent = |value: bool| with(&move |it| it["second_adult_independent"] = json!(value));
    assert_eq!(independent(false), refused("second_adult_independent", "inconsistent"), "a relative is no witness");
    assert_eq!(independent(true), None);
    let undeclared = with(&|it| drop(it.as_object_mut().unwrap().remove("second_adult_independent")));
    assert_eq!(undeclared, refused("second_adult_independent", "required"));
    let mediated = with(&|it| {
        it.as_object_mut().unwrap().remove("second_adult_independent");
        it.as_object_mut().unwrap().remove("second_adult");
        it["mediator_label"] = json!("Mediatrice al telefono");
    });
    assert_eq!(mediated, None, "a mediator by telephone counts");
}
