//! What follows from an answer.

use chrono::TimeDelta;
use diesel::prelude::*;

use super::*;
use crate::access::cases::Listing;
use crate::access::cases::restriction::{self, RestrictedBy};
use crate::store::schema::{outbox, task};
use crate::store::{Id, Store};
use crate::tasks;
use crate::web::html::proof;

#[actix_web::test]
async fn restricted_is_kept_and_nothing_else() {
    act(|tx, stage| {
        stage.agree(tx)?;
        stage.preview(tx)?;
        let asked = stage.ask(tx, RightKind::Restriction, false)?;
        let reads = |tx: &mut Tx<'_>| stage.anna.acting::<acts::ReadCards>().sight(tx, stage.person.id);
        assert!(reads(tx).is_ok(), "asked is not granted");
        stage.answer(tx, &asked, json!({"outcome": "granted"}))?;

        assert_eq!(code(reads(tx)), Code::Restricted);
        let received = uuid::Uuid::new_v4();
        cases::open(tx, received, cases::Kind::Referral, stage.person.subject, None)?;
        let decides = stage.anna.acting::<acts::DecideReferral>().sight_of_received(tx, received);
        assert_eq!(code(decides), Code::Restricted, "nor with what came from another house");
        assert_eq!(code(stage.preview(tx)), Code::Restricted, "nothing new leaves");
        assert!(stage.anna.acting::<acts::EndConsents>().sight(tx, stage.person.id).is_ok(), "she can take back");
        assert_eq!(code(stage.anna.acting::<acts::WriteConsents>().sight(tx, stage.person.id)), Code::Restricted);
        assert!(stage.anna.acting::<acts::ReadRights>().sight(tx, stage.person.id).is_ok());
        assert!(stage.dario.acting::<acts::ReadCards>().sight(tx, stage.person.id).is_ok(), "her officer sees");
        let records = consents::revocable(tx.conn(), stage.person.id)?;
        let seq = Some((records[0], 1));
        let now = tx.now();
        let holds = grants::still_holds(tx.conn(), grants::Resting { record: seq, ..Default::default() }, now)?;
        assert!(!holds, "what is queued stays");

        let sight = stage.officer().sight(tx, stage.person.id)?;
        let on = restriction::of_case(tx.conn(), stage.person.id.into())?;
        assert_eq!((on.len(), on[0].why, on[0].request), (1, RestrictedBy::Restriction, Some(asked.id)));
        assert_eq!(code(restriction::lift(tx, &sight, on[0].id)), Code::Conflict, "she is told before");
        restriction::tell(tx, &sight, on[0].id, restriction::Telling::InPerson)?;
        restriction::lift(tx, &sight, on[0].id)?;
        assert!(reads(tx).is_ok());
        assert_eq!(code(restriction::lift(tx, &sight, on[0].id)), Code::Conflict, "once");
        let holds = grants::still_holds(tx.conn(), grants::Resting { record: seq, ..Default::default() }, now)?;
        assert!(holds, "and goes on");
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_restricted_is_found_with_the_mark_and_proposed_for_nothing() {
    act(|tx, stage| {
        stage.agree(tx)?;
        let (vault, by, of) = (stage.vault(), stage.anna.actor(), Listing::Of(stage.anna.id));
        let identity: people::Identity = read(
            &json!({"given_names": "Zzaminata", "family_names": "Keita", "birth_date": {"value": "1996-02-03"},
                    "tax_code": "RSSMRA85T10A562S"})
            .to_string(),
        )
        .unwrap();
        people::index(tx, vault, &stage.person, identity.clone())?;
        let writes = stage.anna.acting::<acts::WriteDocuments>().sight(tx, stage.person.id)?;
        let paper = json!({"type": "permit", "held_by": "person", "expires": "2026-12-01"}).to_string();
        documents::enter(tx, vault, &writes, &read(&paper).unwrap())?;
        // Whether she is marked, in a list and where somebody looks for her; how many proposals and duties name her.
        let seen = |tx: &mut Tx<'_>| -> Result<(Vec<bool>, [usize; 4])> {
            let listed = people::list(tx, vault, &by, of, None, 10)?.items;
            let query = people::Query::parse("zzaminata").unwrap();
            let found = people::search(tx.conn(), vault, &query, of, None, 10)?.items;
            let marks = listed.iter().map(|it| it.restricted).chain(found.iter().map(|hit| hit.restricted)).collect();
            let (code, birth) = (identity.tax_code.as_ref(), identity.birth_date.as_ref());
            let same = people::find_same(tx.conn(), vault, code, &["Zzaminata", "Keita"], birth)?;
            let label = Label::new("Keita Zzaminata").unwrap();
            let likely = people::look_up(tx, vault, &by, &label, identity.clone(), None)?;
            let due = consents::due(tx, vault, &by, of, TimeDelta::days(366), (None, 10))?.0;
            let reader = stage.anna.acting::<acts::ReadDocuments>();
            let ending = documents::ending(tx, &reader, Some(read("\"2099-01-01\"").unwrap()), None, 10)?.0;
            Ok((marks, [same.len(), likely.len(), due.len(), ending.len()]))
        };
        assert_eq!(seen(tx)?, (vec![false, false], [1, 1, 1, 1]));
        let asked = stage.ask(tx, RightKind::Restriction, false)?;
        stage.answer(tx, &asked, json!({"outcome": "granted"}))?;
        assert_eq!(seen(tx)?, (vec![true, true], [0, 0, 0, 0]));
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn whoever_received_something_is_told_of_a_restriction_by_somebody_and_the_letter_says_so() {
    act(|tx, stage| {
        stage.agree(tx)?;
        stage.preview(tx)?;
        let open = |tx: &mut Tx<'_>, of: &Request| {
            tasks::open_about(tx.conn(), tasks::Kind::RestrictionToBeTold, &format!("{}/{CPI}", of.id))
        };
        let printed = |tx: &mut Tx<'_>, of: &Request| -> Result<String> {
            let sight = stage.officer().sight(tx, stage.person.id)?;
            Ok(proof::words(&proof::page(letter(tx, stage.vault(), &config().node, &sight, of.id)?.as_str())))
        };
        let objects = stage.ask(tx, RightKind::Objection, true)?;
        let task = open(tx, &objects)?.unwrap();
        let told = (task.peer.as_ref().map(EntityId::as_str), task.role, task.case, task.code.as_deref());
        assert_eq!(told, (Some(CPI), AccessRole::Dpo, Some(stage.person.id.0), Some("objection")));
        tasks::finish(tx, &stage.dario.acting::<acts::DoTasks>(), task.id)?;
        stage.answer(tx, &objects, json!({"outcome": "granted"}))?;
        assert!(open(tx, &objects)?.is_none(), "it was restricted before, and everybody knows");
        assert!(printed(tx, &objects)?.contains("CPI Prato"));

        let asks = stage.ask(tx, RightKind::Restriction, false)?;
        assert!(open(tx, &asks)?.is_none());
        stage.answer(tx, &asks, json!({"outcome": "granted"}))?;
        assert!(open(tx, &asks)?.is_some());
        let said = printed(tx, &asks)?;
        assert!(said.contains("CPI Prato") && said.contains("che il loro uso è limitato"), "{said}");
        assert!(!said.contains("ne viene informato"));

        let erased = stage.ask(tx, RightKind::Erasure, false)?;
        stage.answer(tx, &erased, json!({"outcome": "granted"}))?;
        assert!(open(tx, &erased)?.is_none(), "the recall tells them");
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn an_objection_restricts_while_it_is_judged_where_she_asks_for_it() {
    act(|tx, stage| {
        stage.ask(tx, RightKind::Objection, false)?;
        assert!(!restriction::is_on(tx.conn(), stage.person.id.into())?);
        stage.ask(tx, RightKind::Objection, true)?;
        let on = restriction::of_case(tx.conn(), stage.person.id.into())?;
        assert_eq!((on.len(), on[0].why), (1, RestrictedBy::Objection));
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn a_rectification_names_a_version_that_is_there() {
    act(|tx, stage| {
        stage.agree(tx)?;
        stage.preview(tx)?;
        let asked = stage.ask(tx, RightKind::Rectification, false)?;
        let none = tx.savepoint(|tx| stage.answer(tx, &asked, json!({"outcome": "granted", "card_version": 9})));
        assert_eq!(code(none), Code::InvalidInput);
        let answered = stage.answer(tx, &asked, json!({"outcome": "granted", "card_version": 1}))?;
        assert_eq!(answered.card_version, Some(1));
        assert_eq!(to_be_told(tx.conn(), &answered)?[0].organisation, "CPI Prato");
        Ok(())
    })
    .await;
}

/// What nobody received is not told as received; what nobody has confirmed is told as that.
#[actix_web::test]
async fn who_is_told_of_her_is_who_may_have_received_something() {
    act(|tx, stage| {
        stage.agree(tx)?;
        stage.preview(tx)?;
        let hers = [stage.person.subject];
        let exported = |tx: &mut Tx<'_>| {
            let sight = stage.officer().sight(tx, stage.person.id)?;
            let all = export(tx, stage.vault(), RIGHTS, &config(), &sight)?.recipients;
            Ok::<_, crate::error::Error>(
                all.into_iter().map(|it| json!([it.unconfirmed, it.grounds])).collect::<Vec<_>>(),
            )
        };
        let on = json!([{"ground": "consent", "purpose": "P1"}]);
        assert_eq!(exported(tx)?, [json!([1, on])], "it waits");
        let sight = stage.officer().sight(tx, stage.person.id)?;
        let paper = print::page(&export(tx, stage.vault(), RIGHTS, &config(), &sight)?)?;
        assert!(
            paper.as_str().contains("<td>consenso P1</td><td>1, di cui 1 senza conferma</td>"),
            "{}",
            paper.as_str()
        );
        let receipt = Some(Id(Uuid::new_v4()));
        for (state, may_have_left, receipt, arrival, told) in [
            ("delivered", true, receipt, Some("taken"), Some(0)),
            ("refused", true, receipt, Some("refused"), Some(1)),
            ("void", true, None, None, Some(1)),
            ("struck", true, None, None, Some(1)),
            // The recipient was restored from a copy since.
            ("queued", true, receipt, Some("taken"), Some(0)),
            ("void", true, receipt, Some("taken"), Some(0)),
            ("refused", true, receipt, Some("taken"), Some(0)),
            ("struck", true, receipt, Some("taken"), Some(0)),
            ("expired", true, receipt, Some("taken"), Some(0)),
            ("struck", true, receipt, Some("refused"), Some(1)),
            ("struck", true, receipt, None, None),
            ("struck", false, None, None, None),
            ("expired", false, None, None, None),
            ("expired", true, receipt, None, None),
        ] {
            let as_it_stands = (
                outbox::state.eq(state),
                outbox::may_have_left.eq(may_have_left),
                outbox::receipt.eq(receipt),
                outbox::arrival.eq(arrival),
            );
            diesel::update(outbox::table).set(as_it_stands).execute(tx.conn())?;
            let found: Vec<u32> = grants::told(tx.conn(), &hers)?.iter().map(|it| it.unconfirmed).collect();
            assert_eq!(found, told.into_iter().collect::<Vec<_>>(), "{state} {may_have_left} {arrival:?}");
            assert_eq!(exported(tx)?.len(), found.len());
        }
        let asked = stage.ask(tx, RightKind::Restriction, false)?;
        stage.answer(tx, &asked, json!({"outcome": "granted"}))?;
        let tasks: i64 = task::table.filter(task::kind.eq("restriction_to_be_told")).count().get_result(tx.conn())?;
        assert_eq!(tasks, 0, "nobody has anything to restrict");
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn who_received_something_is_told_of_a_restriction_although_it_forgot_that() {
    act(|tx, stage| {
        stage.agree(tx)?;
        stage.preview(tx)?;
        let voided_later = (
            outbox::state.eq("struck"),
            outbox::may_have_left.eq(true),
            outbox::receipt.eq(Some(Id(Uuid::new_v4()))),
            outbox::arrival.eq(Some("taken")),
        );
        diesel::update(outbox::table).set(voided_later).execute(tx.conn())?;
        let asked = stage.ask(tx, RightKind::Restriction, false)?;
        stage.answer(tx, &asked, json!({"outcome": "granted"}))?;
        let about = format!("{}/{CPI}", asked.id);
        assert!(tasks::open_about(tx.conn(), tasks::Kind::RestrictionToBeTold, &about)?.is_some());
        Ok(())
    })
    .await;
}

async fn erased_now(store: &Store, vault: &Vault) -> usize {
    let vault = vault.clone();
    store.write(move |tx| pump(tx, &vault, uuid::Uuid::nil())).await.unwrap().0
}

/// Asks for her erasure, and answers.
async fn erasure(store: &Store, said: serde_json::Value) -> (std::sync::Arc<Stage>, Request) {
    store
        .write(move |tx| {
            let stage = stage(tx)?;
            stage.agree(tx)?;
            stage.preview(tx)?;
            let asked = stage.ask(tx, RightKind::Erasure, false)?;
            let answered = stage.answer(tx, &asked, said)?;
            assert!(consents::revocable(tx.conn(), stage.person.id)?.is_empty(), "what she agreed to is taken back");
            assert!(restriction::is_on(tx.conn(), stage.person.id.into())?);
            assert!(cards::current(tx.conn(), stage.vault(), stage.person.id)?.is_some(), "nothing is lost yet");
            Ok((std::sync::Arc::new(stage), answered))
        })
        .await
        .unwrap()
}

#[actix_web::test]
async fn erased_means_that_no_key_is_left_and_only_when_everybody_was_heard() {
    scratch::each(|store| async move {
        let (stage, request) = erasure(&store, json!({"outcome": "granted"})).await;
        // What waited was struck before it left: nobody was told, so nobody is waited for.
        assert_eq!(erased_now(&store, stage.vault()).await, 1);
        assert_eq!(erased_now(&store, stage.vault()).await, 0, "once");
        store
            .write(move |tx| {
                assert!(cards::current(tx.conn(), stage.vault(), stage.person.id)?.is_none());
                let sight = stage.officer().sight(tx, stage.person.id)?;
                let (tombstone, events) = look(tx, stage.vault(), &sight, request.id)?;
                assert_eq!((tombstone.words, tombstone.step.unwrap().0), (None, ErasureStep::Erased));
                assert_eq!(events.last().unwrap().what, "erased");
                let disclosed = grants::disclosures_about(tx.conn(), &[stage.person.subject])?;
                assert_eq!(disclosed.len(), 1, "what was meant to leave still stands");
                assert!(grants::told(tx.conn(), &[stage.person.subject])?.is_empty(), "and nobody was told");
                assert!(!journal::about(tx.conn(), stage.person.subject, 10)?.is_empty());
                assert_eq!(code(letter(tx, stage.vault(), &config().node, &sight, request.id)), Code::NotFound);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn what_a_law_demands_is_kept_until_its_day() {
    scratch::each(|store| async move {
        let kept = json!({"outcome": "partly", "reason": "Zz", "legal_ground": "art. 17(3)(b)",
            "kept": [{"what": "ricevute", "why": "rendiconto", "until": "2026-12-31"}]});
        let (stage, request) = erasure(&store, kept).await;
        store.clock().advance(TimeDelta::days(30));
        assert_eq!(erased_now(&store, stage.vault()).await, 0);
        let early = stage.clone();
        let refused = store
            .write(move |tx| {
                let sight = early.officer().sight(tx, early.person.id)?;
                erasing::at_once(tx, early.vault(), &sight, request.id, NoWait::Danger)
            })
            .await;
        assert_eq!(code(refused), Code::Conflict, "not by the officer either");
        store.clock().advance(TimeDelta::days(10));
        assert_eq!(erased_now(&store, stage.vault()).await, 1);
    })
    .await;
}

#[actix_web::test]
async fn the_officer_may_not_wait_and_nobody_else_may() {
    scratch::each(|store| async move {
        let (stage, request) = erasure(&store, json!({"outcome": "granted"})).await;
        store
            .write(move |tx| {
                let hers = Sight::of_herself(stage.person.id.into());
                assert_eq!(
                    code(erasing::at_once(tx, stage.vault(), &hers, request.id, NoWait::Danger)),
                    Code::NotEntitled
                );
                let sight = stage.officer().sight(tx, stage.person.id)?;
                let gone = erasing::at_once(tx, stage.vault(), &sight, request.id, NoWait::Danger)?;
                assert_eq!(gone.step.unwrap().0, ErasureStep::Erased);
                let (_, events) = look(tx, stage.vault(), &sight, request.id)?;
                assert_eq!(events.last().unwrap().code.as_deref(), Some("danger"), "and why stays");
                assert_eq!(
                    code(erasing::at_once(tx, stage.vault(), &sight, request.id, NoWait::Danger)),
                    Code::Conflict
                );
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn nobody_is_erased_while_something_else_she_asked_for_has_no_answer() {
    scratch::each(|store| async move {
        let (stage, request) = erasure(&store, json!({"outcome": "granted"})).await;
        let asking = stage.clone();
        let (access, again) = store
            .write(move |tx| {
                let access = asking.ask(tx, RightKind::Access, false)?;
                Ok((access, asking.ask(tx, RightKind::Erasure, false)?))
            })
            .await
            .unwrap();
        assert_eq!(erased_now(&store, stage.vault()).await, 0, "what is held was asked for first");
        let early = stage.clone();
        let refused = store
            .write(move |tx| {
                let sight = early.officer().sight(tx, early.person.id)?;
                erasing::at_once(tx, early.vault(), &sight, request.id, NoWait::Danger)
            })
            .await;
        let Err(crate::error::Error::Problem(problem)) = refused else { panic!("{refused:?}") };
        assert_eq!(problem.code, Code::Conflict);
        assert!(problem.detail_it.is_some_and(|detail| detail.contains("richiesta")), "and it says why");
        let answering = stage.clone();
        let answered = store.write(move |tx| answering.answer(tx, &access, json!({"outcome": "granted"}))).await;
        assert!(answered.unwrap().words.is_some(), "she has her answer");
        assert_eq!(erased_now(&store, stage.vault()).await, 0, "the other one waits still");
        let answering = stage.clone();
        store.write(move |tx| answering.answer(tx, &again, json!({"outcome": "granted"}))).await.unwrap();
        assert_eq!(erased_now(&store, stage.vault()).await, 2, "both are done");
        assert_eq!(erased_now(&store, stage.vault()).await, 0);
    })
    .await;
}
