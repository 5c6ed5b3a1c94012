//! Accounts of those who learn, wherever they would act alone.

use super::*;
use crate::access::acts::{DecideReferral, ReadConsents, WriteConsents, WriteDocuments, WritePeople};

#[actix_web::test]
async fn whoever_learns_leads_no_case_decides_nothing_alone_and_is_countersigned_in_any_function() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let bruno = hired(&store, "bruno", AccessRole::Operator).await;
        let (under, key, case) = (anna.id, vault.clone(), led(&store, &vault, &anna).await);
        let refused = store.write(move |tx| access::learns(tx, Actor::System, under, Some(bruno.id))).await;
        assert_eq!(refused.unwrap_err().code(), Code::Conflict, "she leads a case");
        store
            .write(move |tx| {
                let (name, label) = ("tito".parse().unwrap(), Label::new("x").unwrap());
                let wrong = access::add_trainee(tx, Actor::System, &name, &label, AccessRole::Operator, case);
                assert_eq!(wrong.unwrap_err().problem().errors[0].field, "/trainee_of", "nobody's account");
                Err::<(), _>(Code::NotFound.into())
            })
            .await
            .unwrap_err();
        store
            .write(move |tx| {
                let (name, label) = ("tito".parse().unwrap(), Label::new("x").unwrap());
                let id = access::add_trainee(tx, Actor::System, &name, &label, AccessRole::Operator, under)?;
                let tito = Staff { id, role: AccessRole::Operator, label: String::new() };
                let alone = |refused: Result<()>| assert_eq!(refused.unwrap_err().code(), Code::FunctionNotEntitled);
                let theirs = Uuid::new_v4();
                let subject = key.subject_for_person(tx)?;
                let taken_up = Uuid::new_v4();
                open(tx, taken_up, Kind::Person, subject, Some(id))?;
                assert_eq!(case_file(tx.conn(), taken_up)?.unwrap().lead, Some(under), "her supervisor leads");
                let team = members(tx.conn(), taken_up)?;
                let she = team.iter().find(|member| member.staff == id).unwrap();
                assert_eq!((&she.functions, she.supervisor), (&Function::Trainee.into(), Some(under)));
                let waits = waiting(tx.conn(), under, None, 10)?;
                assert_eq!((waits.len(), waits[0].case, waits[0].act.as_str()), (1, taken_up, "people.write"));
                open(tx, theirs, Kind::Referral, subject, None)?;
                let received = |act: Acting, tx: &mut Tx<'_>| act.sight_of_received(tx, theirs).map(|_| ());
                received(reading(&tito), tx)?;
                alone(received(Acting::new::<DecideReferral>(tito.clone()), tx));
                received(Acting::new::<DecideReferral>(anna.clone()), tx)?;
                let own =
                    vec![place(&anna, Function::CaseOperator, None), place(&tito, Function::Trainee, Some(&anna))];
                let team = Team { lead: Some(anna.id), deputy: None, members: own.clone() };
                alone(set_team(tx, &tito, theirs, &team, 1).map(|_| ()));
                let note = Note::new("Va accompagnata.").unwrap();
                alone(hand_over(tx, &key, &anna, case, id, &note, false).map(|_| ()));
                let reason = Reason::new("Chiamata urgente dal pronto soccorso").unwrap();
                alone(break_glass(tx, &key, &tito, case, &reason, USUAL).map(|_| ()));

                let more = [
                    own[0].clone(),
                    Place { functions: Function::JobTutor.into(), supervisor: None, ..own[1].clone() },
                ];
                let team = |members: &[Place]| Team { lead: None, deputy: None, members: members.to_vec() };
                let refused = set_team(tx, &anna, case, &team(&more), 1).unwrap_err().problem();
                assert_eq!(refused.errors[0].field, "/members/1/functions");
                set_team(tx, &anna, case, &team(&own), 1)?;
                let writes = Acting::new::<WriteCards>(tito.clone());
                writes.sight(tx, case)?;
                // In other functions, from before she was marked, she does what a trainee may, and it waits.
                let before = Functions::new([Function::JobTutor, Function::CaseOperator, Function::Legal]).unwrap();
                assign(tx, Actor::System, case, id, &before)?;
                writes.sight(tx, case)?;
                assert_eq!(waiting(tx.conn(), under, None, 10)?.len(), 3);
                alone(Acting::new::<SendReferral>(tito.clone()).sight(tx, case).map(|_| ()));
                alone(Acting::new::<WriteConsents>(tito.clone()).sight(tx, case).map(|_| ()));
                alone(Acting::new::<WriteDocuments>(tito.clone()).sight(tx, case).map(|_| ()));
                alone(Acting::new::<WritePeople>(tito.clone()).sight(tx, case).map(|_| ()));
                Acting::new::<ReadConsents>(tito.clone()).sight(tx, case)?;
                access::learns(tx, Actor::System, id, None)?;
                writes.sight(tx, case)?;
                assert_eq!(waiting(tx.conn(), under, None, 10)?.len(), 3, "she learns no more");
                Acting::new::<SendReferral>(tito.clone()).sight(tx, case)?;
                open(tx, Uuid::new_v4(), Kind::Person, subject, Some(id))
            })
            .await
            .unwrap();
    })
    .await;
}

/// Whoever countersigns works on the case: her own supervisor where she does, otherwise whoever leads it.
#[actix_web::test]
async fn what_is_done_in_a_colleagues_case_waits_for_whoever_leads_it() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let bruno = hired(&store, "bruno", AccessRole::Operator).await;
        let tito = hired(&store, "tito", AccessRole::Operator).await;
        let case = led(&store, &vault, &bruno).await;
        let learns =
            |staff: Uuid, under: Uuid| store.write(move |tx| access::learns(tx, Actor::System, staff, Some(under)));
        let (guide, lead, trainee) = (anna.id, bruno.id, tito.id);
        let deputy = Team {
            lead: Some(lead),
            deputy: Some(trainee),
            members: vec![place(&bruno, Function::CaseOperator, None), place(&tito, Function::JobTutor, None)],
        };
        let (led_by, plain) = (bruno.clone(), Team { deputy: None, ..deputy.clone() });
        store.write(move |tx| set_team(tx, &led_by, case, &deputy, 1).map(|_| ())).await.unwrap();
        assert_eq!(learns(trainee, guide).await.unwrap_err().code(), Code::Conflict, "she stands in for a lead");
        store.write(move |tx| set_team(tx, &bruno, case, &plain, 2).map(|_| ())).await.unwrap();
        learns(trainee, guide).await.unwrap();
        assert_eq!(learns(guide, lead).await.unwrap_err().code(), Code::Conflict, "somebody learns under her");
        store
            .write(move |tx| {
                Acting::new::<WriteCards>(tito).sight(tx, case)?;
                assert_eq!(waiting(tx.conn(), guide, None, 10)?.len(), 0, "she is not on it");
                let waits = waiting(tx.conn(), lead, None, 10)?;
                assert_eq!((waits.len(), waits[0].case), (1, case));
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

/// A team that is set anew leaves nothing with somebody who may not sign it any more.
#[actix_web::test]
async fn what_waits_for_who_leaves_the_team_waits_for_the_new_supervisor_or_the_lead() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let bruno = hired(&store, "bruno", AccessRole::Operator).await;
        let carla = hired(&store, "carla", AccessRole::Operator).await;
        let tito = hired(&store, "tito", AccessRole::Operator).await;
        let case = led(&store, &vault, &anna).await;
        let lead = place(&anna, Function::CaseOperator, None);
        let tutor = |who: &Staff| place(who, Function::JobTutor, None);
        let learns = |under: &Staff| place(&tito, Function::Trainee, Some(under));
        // Each team, and for whom the one act of the trainee waits under it.
        let steps = [
            (vec![lead.clone(), tutor(&bruno), learns(&bruno)], &bruno),
            (vec![lead.clone(), tutor(&bruno), tutor(&carla), learns(&carla)], &carla),
            (vec![lead.clone(), tutor(&carla)], &carla),
            (vec![lead.clone(), tutor(&bruno)], &anna),
            (vec![lead.clone(), tutor(&bruno), learns(&bruno)], &bruno),
            (vec![lead.clone(), learns(&anna), place(&bruno, Function::Trainee, Some(&anna))], &anna),
        ];
        for (at, (members, signs)) in steps.into_iter().enumerate() {
            let (by, team) = (anna.clone(), Team { lead: None, deputy: None, members });
            let version = i32::try_from(at).unwrap() + 1;
            store.write(move |tx| set_team(tx, &by, case, &team, version)).await.unwrap();
            if at == 0 {
                let writing = Acting::new::<WriteCards>(tito.clone());
                store.write(move |tx| writing.sight(tx, case)).await.unwrap();
            }
            for who in [&anna, &bruno, &carla] {
                let id = who.id;
                let waits = store.read(move |conn| waiting(conn, id, None, 10)).await.unwrap();
                assert_eq!(waits.len(), usize::from(who.id == signs.id), "{} after step {at}", who.label);
            }
        }
        let told = store.read(|conn| journal::of_act(conn, "trainee.passed-on", 9)).await.unwrap();
        assert_eq!(told.len(), 4);
        let id = store.read(move |conn| waiting(conn, lead.staff, None, 10)).await.unwrap()[0].id;
        store.write(move |tx| countersign(tx, &anna, id, Outcome::Approved)).await.unwrap();
    })
    .await;
}
