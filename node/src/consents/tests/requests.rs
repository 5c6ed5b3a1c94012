//! What is asked now and answered later.

use super::*;

pub(super) fn questions(purposes: &[&str]) -> Questions {
    let questions: Vec<Value> = purposes.iter().map(|purpose| json!({"purpose": purpose})).collect();
    read(&json!({"recipient": OFFICE, "questions": questions, "notice": sample::named()}).to_string()).unwrap()
}

pub(super) fn late(answer: &str) -> LateAnswer {
    read(&json!({"answer": answer, "expressed": said()}).to_string()).unwrap()
}

#[actix_web::test]
async fn a_question_waits_permits_nothing_and_its_answer_has_the_questions_record() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let id = person.id;
        let asked = centre.write(move |tx, outbox| ask(tx, outbox.vault(), &seen(id), &questions(&["P1", "P2"]))).await;
        let (p1, p2) = (asked[0].record, asked[1].record);
        assert!(asked.iter().all(|request| request.state == State::Requested));
        clock.advance(TimeDelta::days(3));
        centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let now = tx.now();
                assert!(grants::live_grants(tx.conn(), person.subject, Purpose::P1, now)?.is_empty());
                let again = ask(tx, vault, &sight, &questions(&["P1"])).unwrap_err();
                assert_eq!(again.code(), Code::AlreadyExists, "asking again and again is not asking");

                let past = Deferral { ask_again_at: Some(now) };
                assert_eq!(defer(tx, vault, &sight, p1, past).unwrap_err().problem().errors[0].field, "/ask_again_at");
                let later = Deferral { ask_again_at: Some(now + TimeDelta::days(7)) };
                assert_eq!(defer(tx, vault, &sight, p1, later)?.state, State::Deferred);
                assert_eq!(requests(tx, vault, &sight)?.len(), 2, "what is put off still waits");

                let yes = answer_request(tx, vault, &sight, p1, &late("yes"))?;
                assert_eq!((yes.record, yes.seq, yes.state), (p1, 1, State::Given));
                assert_eq!(yes.not_after, Some(now + TimeDelta::days(60)), "it counts from the yes");
                assert_eq!(grants::live_grants(tx.conn(), person.subject, Purpose::P1, now)?.len(), 1);
                let no = answer_request(tx, vault, &sight, p2, &late("no"))?;
                assert_eq!((no.record, no.state), (p2, State::Refused));
                assert!(requests(tx, vault, &sight)?.is_empty());
                let twice = answer_request(tx, vault, &sight, p1, &late("yes")).unwrap_err();
                assert_eq!(twice.code(), Code::IllegalTransition);
                let nobody = seen(PersonId(Uuid::new_v4()));
                assert_eq!(defer(tx, vault, &nobody, p1, later).unwrap_err().code(), Code::NotFound);

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
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let record = ask(tx, vault, &sight, &questions(&["P11"]))?[0].record;
                let why = Invalidation { reason: InvalidReason::EnteredForAnother };
                assert_eq!(invalidate_request(tx, vault, &sight, record, why)?.state, State::Invalidated);
                let error = answer_request(tx, vault, &sight, record, &late("yes")).unwrap_err();
                assert_eq!(error.code(), Code::IllegalTransition);
                assert!(requests(tx, vault, &sight)?.is_empty());
                let bundled = json!([{"purpose": "P2"}, {"purpose": "P11"}]);
                let act = json!({"recipient": OFFICE, "questions": bundled, "notice": sample::named()});
                assert_eq!(read::<Questions>(&act.to_string()).unwrap_err()[0].code, "inconsistent");
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn what_a_recipient_is_called_may_name_somebody_and_is_sealed() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let called =
            |it: &Option<staffetta_protocol::card::Text<200>>| it.as_ref().map(|label| label.as_str().to_owned());
        let named = json!({"recipient": OFFICE, "recipient_label": "Avvocata Zzbianchi",
            "questions": [{"purpose": "P1"}], "notice": sample::named()});
        let record = centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let record = ask(tx, vault, &sight, &read(&named.to_string()).unwrap())?[0].record;
                assert_eq!(called(&requests(tx, vault, &sight)?[0].recipient_label).unwrap(), "Avvocata Zzbianchi");
                Ok(record)
            })
            .await;
        assert_eq!(centre.scratch.readable(&["zzbianchi"]), Vec::<String>::new(), "asked");
        centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let saved = answer_request(tx, vault, &sight, record, &late("yes"))?;
                assert_eq!(called(&saved.recipient_label).unwrap(), "Avvocata Zzbianchi");
                let listed =
                    due(tx, vault, &staff(), crate::access::cases::Listing::All, TimeDelta::days(366), (None, 50))?.0;
                assert_eq!(called(&listed[0].recipient_label).unwrap(), "Avvocata Zzbianchi");
                Ok(())
            })
            .await;
        assert_eq!(centre.scratch.readable(&["zzbianchi"]), Vec::<String>::new(), "answered");
    })
    .await;
}
