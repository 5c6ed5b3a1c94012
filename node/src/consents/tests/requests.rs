//! What is asked now and answered later.

use super::*;

fn questions(purposes: &[&str]) -> Questions {
    let questions: Vec<Value> = purposes.iter().map(|purpose| json!({"purpose": purpose})).collect();
    read(&json!({"recipient": OFFICE, "questions": questions, "notice": sample::named()}).to_string()).unwrap()
}

fn late(answer: &str) -> LateAnswer {
    read(&json!({"answer": answer, "expressed": said()}).to_string()).unwrap()
}

#[actix_web::test]
async fn a_question_waits_permits_nothing_and_its_answer_has_the_questions_record() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let id = person.id;
        let asked = centre.write(move |tx, _| ask(tx, &seen(id), &questions(&["P1", "P2"]))).await;
        let (p1, p2) = (asked[0].record, asked[1].record);
        assert!(asked.iter().all(|request| request.state == State::Requested));
        clock.advance(TimeDelta::days(3));
        centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let now = tx.now();
                assert!(grants::live_grants(tx.conn(), person.subject, Purpose::P1, now)?.is_empty());
                let again = ask(tx, &sight, &questions(&["P1"])).unwrap_err();
                assert_eq!(again.code(), Code::AlreadyExists, "asking again and again is not asking");

                let past = Deferral { ask_again_at: Some(now) };
                assert_eq!(defer(tx, &sight, p1, past).unwrap_err().problem().errors[0].field, "/ask_again_at");
                let later = Deferral { ask_again_at: Some(now + TimeDelta::days(7)) };
                assert_eq!(defer(tx, &sight, p1, later)?.state, State::Deferred);
                assert_eq!(requests(tx, &sight)?.len(), 2, "what is put off still waits");

                let yes = answer_request(tx, vault, &sight, p1, &late("yes"))?;
                assert_eq!((yes.record, yes.seq, yes.state), (p1, 1, State::Given));
                assert_eq!(yes.not_after, Some(now + TimeDelta::days(60)), "it counts from the yes");
                assert_eq!(grants::live_grants(tx.conn(), person.subject, Purpose::P1, now)?.len(), 1);
                let no = answer_request(tx, vault, &sight, p2, &late("no"))?;
                assert_eq!((no.record, no.state), (p2, State::Refused));
                assert!(requests(tx, &sight)?.is_empty());
                let twice = answer_request(tx, vault, &sight, p1, &late("yes")).unwrap_err();
                assert_eq!(twice.code(), Code::IllegalTransition);
                let nobody = seen(PersonId(Uuid::new_v4()));
                assert_eq!(defer(tx, &nobody, p1, later).unwrap_err().code(), Code::NotFound);

                let states: Vec<State> = rows::events_of(tx.conn(), p1)?.iter().map(|it| it.state).collect();
                assert_eq!(states, [State::Requested, State::Deferred, State::Given]);
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn a_question_that_was_meant_for_somebody_else_is_gone_without_an_answer() {
    each(|centre, _| async move {
        let person = centre.person().await;
        centre
            .write(move |tx, outbox| {
                let sight = seen(person.id);
                let record = ask(tx, &sight, &questions(&["P11"]))?[0].record;
                let why = Invalidation { reason: InvalidReason::EnteredForAnother };
                assert_eq!(invalidate_request(tx, &sight, record, why)?.state, State::Invalidated);
                let error = answer_request(tx, outbox.vault(), &sight, record, &late("yes")).unwrap_err();
                assert_eq!(error.code(), Code::IllegalTransition);
                assert!(requests(tx, &sight)?.is_empty());
                let bundled = json!([{"purpose": "P2"}, {"purpose": "P11"}]);
                let act = json!({"recipient": OFFICE, "questions": bundled, "notice": sample::named()});
                assert_eq!(read::<Questions>(&act.to_string()).unwrap_err()[0].code, "inconsistent");
                Ok(())
            })
            .await;
    })
    .await;
}
