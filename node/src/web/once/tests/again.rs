//! What was answered is given again to whom it would be given now.

use super::*;
use crate::access::cases::handover::{Note, hand_over};
use crate::access::cases::restriction::{self, RestrictedBy};
use crate::access::cases::{self, Kind};
use crate::access::{Function, Sight};
use crate::journal;
use crate::vault::Subject;

/// A person whose case `lead` leads.
async fn taken_up(store: &Store, lead: Uuid) -> (Uuid, Subject) {
    let act = move |tx: &mut crate::store::Tx<'_>| {
        let (case, subject) = (Uuid::new_v4(), vault().subject_for_person(tx)?);
        cases::open(tx, case, Kind::Person, subject, Some(lead))?;
        Ok((case, subject))
    };
    store.write(act).await.unwrap()
}

async fn becomes(store: &Store, case: Uuid, member: Uuid, function: Function) {
    store.write(move |tx| cases::assign(tx, Actor::System, case, member, &function.into())).await.unwrap();
}

fn about(case: Uuid) -> String {
    format!(r#"{{"label":"{case}"}}"#)
}

/// The path names nobody; what counts is whom the handler looked up.
#[actix_web::test]
async fn whoever_left_the_team_is_not_shown_again_what_she_was_shown() {
    scratch::each(|store| async move {
        let ask = stage!(store, Counted::default());
        let (anna, her) = hired(&store, AccessRole::Operator).await;
        let (bruno, _) = hired(&store, AccessRole::Operator).await;
        let (supervisor, _) = hired(&store, AccessRole::Supervisor).await;
        let (case, subject) = taken_up(&store, anna).await;
        let told = ask(&her, "/notes", KEY, &about(case)).await;
        assert_eq!((told.status, told.header("idempotent-replayed")), (200, ""));
        let again = ask(&her, "/notes", KEY, &about(case)).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (200, "true"));
        let acts = move |store: Store| async move {
            let entries = store.read(move |conn| journal::about(conn, subject, 20)).await.unwrap();
            let repeated = entries.into_iter().filter(|entry| entry.act == "answer.repeated");
            repeated.map(|entry| (entry.actor, entry.ground, entry.code)).collect::<Vec<_>>()
        };
        let repeated = acts(store.clone()).await;
        let ground = Some("case_team".to_owned());
        assert_eq!(repeated, [(Some(anna.to_string()), ground, Some("cards.write".to_owned()))]);

        let by = access::Staff { id: supervisor, role: AccessRole::Supervisor, label: String::new() };
        let told = Note::new("Cambia sede.").unwrap();
        store.write(move |tx| hand_over(tx, &vault(), &by, case, bruno, &told, false)).await.unwrap();
        let refused = ask(&her, "/notes", KEY, &about(case)).await;
        assert_eq!((refused.status, refused.code.as_str()), (409, "already_done"));
        assert_eq!(acts(store.clone()).await.len(), 1, "she was shown nothing");
    })
    .await;
}

#[actix_web::test]
async fn in_another_function_she_is_shown_no_more_than_it_sees() {
    scratch::each(|store| async move {
        let ask = stage!(store, Counted::default());
        let (anna, her) = hired(&store, AccessRole::Operator).await;
        let (case, _) = taken_up(&store, anna).await;
        assert_eq!(ask(&her, "/notes", KEY, &about(case)).await.status, 200);
        // The act is none of the one's; it is the other's too, who sees less of the card.
        for (function, status) in
            [(Function::EnterpriseTutor, 409), (Function::JobTutor, 409), (Function::CaseOperator, 200)]
        {
            becomes(&store, case, anna, function).await;
            assert_eq!(ask(&her, "/notes", KEY, &about(case)).await.status, status, "{function}");
        }
    })
    .await;
}

#[actix_web::test]
async fn of_whoever_is_restricted_now_nothing_is_shown_again_but_what_goes_on() {
    scratch::each(|store| async move {
        let ask = stage!(store, Counted::default());
        let (anna, her) = hired(&store, AccessRole::Operator).await;
        let (case, subject) = taken_up(&store, anna).await;
        for path in ["/notes", "/ends"] {
            assert_eq!(ask(&her, path, KEY, &about(case)).await.status, 200);
        }
        let sight = Sight::of_the_node(case);
        store
            .write(move |tx| restriction::restrict(tx, &sight, subject, RestrictedBy::Restriction, case))
            .await
            .unwrap();
        assert_eq!(ask(&her, "/notes", KEY, &about(case)).await.code, "already_done");
        assert_eq!(ask(&her, "/ends", KEY, &about(case)).await.status, 200, "taking back goes on");
    })
    .await;
}

/// What cannot be judged again is not given again.
#[actix_web::test]
async fn an_act_on_cases_that_looked_none_up_is_answered_once() {
    scratch::each(|store| async move {
        let ask = stage!(store, Counted::default());
        let her = token(&store, AccessRole::Operator).await;
        assert_eq!(ask(&her, "/oversights", KEY, "").await.status, 200);
        assert_eq!(ask(&her, "/oversights", KEY, "").await.code, "already_done");
    })
    .await;
}

/// A build before this one kept answers without saying what they were judged by.
#[test]
fn an_old_answer_says_of_nobody_how_it_was_judged() {
    let old = vault().wrap(&answer::label(&[1; 32]), b"{\"status\":201,\"headers\":[]}\n{}").unwrap();
    assert_eq!(answer::again(&vault(), &[1; 32], &old).unwrap().1, None);
}
