//! What a person answers, and how long it holds.

use super::*;

#[test]
fn an_answer_without_what_shows_it_cannot_be_read() {
    let whole = json!({"recipient": OFFICE, "answers": [{"purpose": "P1", "answer": "yes"}], "expressed": said()});
    assert!(read::<Answers>(&whole.to_string()).is_ok());
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut altered = whole.clone();
        change(&mut altered);
        let found = read::<Answers>(&altered.to_string()).unwrap_err();
        (found[0].field.clone(), found[0].code.clone())
    };
    let drop =
        |member: &'static str| move |it: &mut Value| drop(it["expressed"].as_object_mut().unwrap().remove(member));
    let answers = |answers: Value| move |it: &mut Value| it["answers"] = answers.clone();
    type Change = Box<dyn Fn(&mut Value)>;
    let cases: Vec<(Change, &str, &str)> = vec![
        (Box::new(drop("indication_method")), "/expressed/indication_method", "required"),
        (Box::new(drop("notice")), "/expressed/notice", "required"),
        (Box::new(drop("second_adult")), "/expressed/second_adult", "required"),
        (Box::new(|it| it["recipient"] = json!("CPI Prato")), "/recipient", "wrong_shape"),
        (Box::new(|it| it["person"] = json!("x")), "", "unknown_field"),
        (Box::new(answers(json!([]))), "/answers", "too_few"),
        (Box::new(answers(json!([{"purpose": "P8", "answer": "yes"}]))), "/answers/0/purpose", "not_for_purpose"),
        (Box::new(answers(json!([{"purpose": "P3", "answer": "yes"}]))), "/answers/0/purpose", "not_for_purpose"),
        (
            Box::new(answers(json!([{"purpose": "P1", "answer": "yes", "groups": ["g.identity"]}]))),
            "/answers/0/groups/0",
            "not_for_purpose",
        ),
        (
            Box::new(answers(json!([{"purpose": "P2", "answer": "yes", "groups": ["g.identity", "g.formalities"]}]))),
            "/answers/0/groups",
            "inconsistent",
        ),
        (
            Box::new(answers(json!([{"purpose": "P1", "answer": "yes"}, {"purpose": "P1", "answer": "no"}]))),
            "/answers/1/purpose",
            "repeated",
        ),
        (
            Box::new(answers(json!([{"purpose": "P2", "answer": "yes"}, {"purpose": "P12", "answer": "yes"}]))),
            "/answers/1/purpose",
            "inconsistent",
        ),
    ];
    for (change, field, code) in cases {
        assert_eq!(refused(&*change), (field.to_owned(), code.to_owned()));
    }
}

#[actix_web::test]
async fn two_answers_of_one_act_are_two_records_for_one_office_only() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let given = clock.now();
        let (p1, p2) = agree(&centre, &person).await;
        assert_ne!(p1, p2);
        let id = person.id;
        let listed = centre.write(move |tx, outbox| list(tx, outbox.vault(), &seen(id))).await;
        let of = |record| listed.iter().find(|it| it.record == record).unwrap();
        assert_eq!(of(p1).groups, BTreeSet::from([Group::Preview]));
        assert_eq!(of(p2).groups.len(), 5, "nothing of what comes after acceptance is in a plain yes");
        assert_eq!(of(p1).not_after, Some(given + TimeDelta::days(60)));
        assert_eq!((of(p1).state, of(p1).seq), (State::Given, 1));
        assert_eq!(of(p1).expressed, both().expressed, "words come back as they were said");

        let (someone, subject) = (person.clone(), person.subject);
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                let again = answer(tx, vault, &seen(someone.id), &both()).unwrap_err();
                assert_eq!(again.code(), Code::AlreadyExists, "one withdrawal must be enough");
                let wrong = Recipient {
                    peer: &OTHER.parse().unwrap(),
                    organisation: "Altro",
                    ids: &[OrganisationId::new("ipa:c_h501").unwrap()],
                };
                let preview = BTreeSet::from([Group::Preview]);
                let error = grants::permit(tx, subject, wrong, Purpose::P1, &preview).unwrap_err();
                assert_eq!(error.code(), Code::ConsentNotValid);

                let no = asked("ipa:c_h501", json!([{"purpose": "P1", "answer": "no"}]));
                let refused = answer(tx, vault, &seen(someone.id), &no)?.remove(0);
                assert_eq!((refused.state, refused.not_after), (State::Refused, None));
                assert!(grants::permit(tx, subject, wrong, Purpose::P1, &preview).is_err());
                let error = withdraw(tx, outbox, &seen(someone.id), &spoken, refused.record, SAID).unwrap_err();
                assert_eq!(error.code(), Code::IllegalTransition);

                for (not_after, code) in
                    [("2026-11-23T09:00:00Z", "out_of_range"), ("2027-06-01T00:00:00Z", "out_of_range")]
                {
                    let late = json!([{"purpose": "P1", "answer": "yes", "not_after": not_after}]);
                    let late = asked("ipa:c_h501", late);
                    let problem = answer(tx, vault, &seen(someone.id), &late).unwrap_err().problem();
                    assert_eq!(problem.errors[0].field, "/answers/0/not_after");
                    assert_eq!(problem.errors[0].code, code);
                }
                let acts = journal::about(tx.conn(), subject, 50)?;
                let count = |act: &str| acts.iter().filter(|entry| entry.act == act).count();
                assert_eq!((count("consent.given"), count("consent.refused"), count("consent.read")), (2, 1, 1));
                Ok(())
            })
            .await;

        clock.advance(TimeDelta::days(60));
        let id = person.id;
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                let (now, run_out) = (tx.now(), of_person(tx, vault, id, p1)?);
                assert_eq!((run_out.state, run_out.stands(tx.now())), (State::Given, State::Expired));
                assert!(grants::live_grants(tx.conn(), run_out.subject, Purpose::P1, now)?.is_empty());
                let renewal: Renewal = read(&json!({"expressed": said()}).to_string()).unwrap();
                let renewed = renew(tx, vault, &seen(id), p1, &renewal)?;
                assert_eq!((renewed.seq, renewed.stands(tx.now())), (2, State::Renewed));
                let live = grants::live_grants(tx.conn(), run_out.subject, Purpose::P1, now)?;
                assert_eq!(live[0].grant.seq.get(), 2);
                let nobody = PersonId(Uuid::new_v4());
                for error in [
                    renew(tx, vault, &seen(nobody), p1, &renewal).unwrap_err(),
                    withdraw(tx, outbox, &seen(nobody), &spoken, p1, SAID).unwrap_err(),
                    answer(tx, vault, &seen(nobody), &both()).unwrap_err(),
                ] {
                    assert_eq!(error.code(), Code::NotFound, "another person's record does not exist");
                }
                let done = withdraw(tx, outbox, &seen(id), &spoken, p1, SAID)?;
                assert_eq!(done.consent.seq, 2);
                assert!(grants::tombstoned(tx.conn(), outbox.entity_id(), p1, 2)?);
                assert!(grants::live_grants(tx.conn(), run_out.subject, Purpose::P1, now)?.is_empty());
                assert_eq!(renew(tx, vault, &seen(id), p1, &renewal).unwrap_err().code(), Code::IllegalTransition);
                Ok(())
            })
            .await;
    })
    .await;
}

fn of_person(tx: &mut Tx<'_>, vault: &Vault, person: PersonId, record: RecordId) -> Result<Consent> {
    of(tx.conn(), vault, person, record)
}

#[actix_web::test]
async fn a_minor_does_not_answer_alone() {
    each(|centre, _| async move {
        let person = centre.person().await;
        centre
            .write(move |tx, outbox| {
                let vault = outbox.vault();
                let mut card = cards::current(tx.conn(), vault, person.id)?.unwrap().card;
                card.is_minor = Minor::UnderAssessment;
                cards::put(tx, vault, &seen(person.id), card, 2)?;
                let problem = answer(tx, vault, &seen(person.id), &both()).unwrap_err().problem();
                assert_eq!(problem.errors[0].field, "/expressed/by");
                let mut guarded = both();
                guarded.expressed.by = ExpressedBy::Guardian;
                guarded.expressed.guardian = Some(people::guardians::sample(tx, vault, &seen(person.id))?);
                let problem = answer(tx, vault, &seen(person.id), &guarded).unwrap_err().problem();
                assert_eq!(problem.errors[0].field, "/expressed/assent", "she is asked too");
                guarded.expressed.assent = Some(IndicationMethod::Signature);
                assert_eq!(answer(tx, vault, &seen(person.id), &guarded)?.len(), 2);
                Ok(())
            })
            .await;
    })
    .await;
}
