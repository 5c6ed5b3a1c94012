use chrono::TimeDelta;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::*;
use crate::access::Staff;
use crate::access::acts::{DoTasks, ReadTasks};
use crate::store::scratch;
use crate::vault::{MasterKey, Subject, Vault};

fn staff(id: u128, role: AccessRole) -> Staff {
    Staff { id: Uuid::from_u128(id), role, label: "Zz".into() }
}

fn kinds(found: &[TaskRow]) -> Vec<Kind> {
    found.iter().map(|task| task.kind).collect()
}

fn listed(tx: &mut Tx<'_>, by: &Staff) -> Vec<Kind> {
    kinds(&list(tx, &by.acting::<ReadTasks>(), false, None, 50).unwrap())
}

/// A person's case led by `lead`, and her subject.
fn case(tx: &mut Tx<'_>, vault: &Vault, lead: Option<u128>) -> (Uuid, Subject) {
    let (id, subject) = (Uuid::new_v4(), vault.subject_for_person(tx).unwrap());
    cases::open(tx, id, cases::Kind::Person, subject, lead.map(Uuid::from_u128)).unwrap();
    (id, subject)
}

#[actix_web::test]
async fn it_is_made_once_while_it_is_open_and_closed_by_what_mended() {
    scratch::each(|store| async move {
        store
            .write(move |tx| {
                let peer = "https://cpi.example".parse().unwrap();
                let new = || Task::new(Kind::NotRecognised, &peer).with(&peer).code("answered 403");
                assert!(open(tx, new())?);
                assert!(!open(tx, new())?, "it is open");
                assert!(open(tx, Task::new(Kind::LinkRestored, &peer))?, "another kind");
                let admin = staff(1, AccessRole::Admin);
                assert_eq!(listed(tx, &admin).len(), 2);
                close(tx, Kind::NotRecognised, peer.as_str(), Actor::System)?;
                close(tx, Kind::NotRecognised, peer.as_str(), Actor::System)?;
                assert_eq!(listed(tx, &admin), [Kind::LinkRestored]);
                assert!(open(tx, new())?, "it is noticed again");
                let all = list(tx, &admin.acting::<ReadTasks>(), true, None, 50)?;
                assert_eq!(all.len(), 3);
                assert_eq!(all.iter().filter(|task| task.done_at.is_some()).count(), 1);
                let code = journal::of_act(tx.conn(), "task.closed", 9)?;
                assert_eq!(code.len(), 1);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn each_role_has_its_own_and_a_persons_are_her_teams() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let (own, others) = (case(tx, &vault, Some(7)), case(tx, &vault, Some(8)));
                for (_, subject) in [own, others] {
                    open(tx, Task::new(Kind::MessageExpired, Uuid::new_v4()).about(subject))?;
                }
                open(tx, Task::new(Kind::RecallUnanswered, Uuid::new_v4()).about(own.1))?;
                open(tx, Task::new(Kind::LinkNotMended, "https://cpi.example"))?;
                let (operator, dpo) = (staff(7, AccessRole::Operator), staff(3, AccessRole::Dpo));
                let expired = Kind::MessageExpired;
                assert_eq!(listed(tx, &operator), [expired]);
                assert_eq!(listed(tx, &staff(9, AccessRole::Operator)), []);
                assert_eq!(listed(tx, &staff(2, AccessRole::Supervisor)), [expired, expired]);
                assert_eq!(listed(tx, &dpo), [Kind::RecallUnanswered]);
                assert_eq!(listed(tx, &staff(1, AccessRole::Admin)), [Kind::LinkNotMended]);

                let all = list(tx, &staff(2, AccessRole::Supervisor).acting::<ReadTasks>(), false, None, 50)?;
                let of = |case: Uuid| all.iter().find(|task| task.case == Some(case)).unwrap().id;
                let does = operator.acting::<DoTasks>();
                assert_eq!(finish(tx, &does, of(others.0)).unwrap_err().code(), Code::OutsideCase);
                assert_eq!(finish(tx, &dpo.acting::<DoTasks>(), of(own.0)).unwrap_err().code(), Code::NotFound);
                assert_eq!(finish(tx, &does, Uuid::new_v4()).unwrap_err().code(), Code::NotFound);
                finish(tx, &does, of(own.0))?;
                assert_eq!(finish(tx, &does, of(own.0)).unwrap_err().code(), Code::Conflict);
                assert_eq!(listed(tx, &operator), []);
                let looks = journal::of_act(tx.conn(), "task.listed", 50)?;
                assert_eq!(looks.len(), 6, "each look at something about somebody");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn pages_follow_one_another_and_a_merge_takes_hers_along() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        let clock = store.clock().clone();
        for _ in 0..5 {
            let act = |tx: &mut Tx<'_>| open(tx, Task::new(Kind::LinkRestored, Uuid::new_v4()));
            store.write(act).await.unwrap();
            clock.advance(TimeDelta::seconds(1));
        }
        store
            .write(move |tx| {
                let admin = staff(1, AccessRole::Admin).acting::<ReadTasks>();
                let (mut seen, mut after) = (Vec::new(), None);
                loop {
                    let page = list(tx, &admin, false, after, 2)?;
                    let Some(last) = page.last() else { break };
                    after = Some((last.opened_at, last.id));
                    seen.extend(page.into_iter().map(|task| task.id));
                }
                assert_eq!(seen.len(), 5);
                seen.dedup();
                assert_eq!(seen.len(), 5);
                let (goes, stays) = (case(tx, &vault, Some(7)), case(tx, &vault, Some(8)));
                open(tx, Task::new(Kind::MessageExpired, "m").about(goes.1))?;
                let ((from, from_subject), (into, into_subject)) = (goes, stays);
                let merging = Merging { from, into, from_subject, into_subject, keep_from: false, by: None };
                merge(tx, &vault, &merging)?;
                let found = list(tx, &staff(8, AccessRole::Operator).acting::<ReadTasks>(), false, None, 2)?;
                assert_eq!(found[0].case, Some(stays.0));
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_broken_glass_is_closed_by_its_review_and_the_lead_says_that_the_person_was_told() {
    use crate::access::cases::glass;
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        let (key, reason) = (vault.clone(), glass::Reason::new("Chiamata urgente dal pronto soccorso").unwrap());
        store
            .write(move |tx| {
                let (case, subject) = case(tx, &key, Some(7));
                let (lead, other) = (staff(7, AccessRole::Operator), staff(8, AccessRole::Operator));
                let dpo = staff(9, AccessRole::Dpo);
                let broken = glass::break_glass(tx, &key, &other, case, &reason, glass::USUAL)?;
                for kind in [Kind::GlassBroken, Kind::GlassToBeTold] {
                    assert!(open(tx, Task::new(kind, broken.id).about(subject))?);
                }
                assert_eq!(listed(tx, &dpo), [Kind::GlassBroken]);
                assert_eq!((listed(tx, &lead), listed(tx, &other)), (vec![Kind::GlassToBeTold], vec![]));
                let id =
                    |tx: &mut Tx<'_>, kind| open_about(tx.conn(), kind, &broken.id.to_string()).unwrap().unwrap().id;
                let (review, tell) = (id(tx, Kind::GlassBroken), id(tx, Kind::GlassToBeTold));
                let refused = finish(tx, &dpo.acting::<DoTasks>(), review).unwrap_err();
                assert_eq!(refused.code(), Code::Conflict, "not without the review");
                let refused = finish(tx, &other.acting::<DoTasks>(), tell).unwrap_err();
                assert_eq!(refused.code(), Code::NotEntitled, "whoever looked does not say that she knows");
                glass::review(tx, &dpo, broken.id, false)?;
                close(tx, Kind::GlassBroken, &broken.id.to_string(), dpo.actor())?;
                assert_eq!((listed(tx, &dpo), listed(tx, &lead)), (vec![], vec![Kind::GlassToBeTold]), "not told yet");
                let told = |tx: &mut Tx<'_>| glass::broken(tx, &key, &dpo, false, None, 9).unwrap()[0].person_told_at;
                assert_eq!(told(tx), None);
                finish(tx, &lead.acting::<DoTasks>(), tell)?;
                assert_eq!((told(tx).is_some(), listed(tx, &lead)), (true, vec![]));
                for entry in journal::about(tx.conn(), subject, 50)? {
                    let by_staff = entry.actor_kind == "staff";
                    assert!(!by_staff || entry.ground.is_some(), "{entry:?}");
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn who_learns_under_somebody_who_leaves_is_an_administrators_to_see_to() {
    use crate::access::{self, Label};
    scratch::each(|store| async move {
        store
            .write(move |tx| {
                let admin = staff(1, AccessRole::Admin);
                let label = Label::new("x").unwrap();
                let [anna, bruno] = ["anna", "bruno"].map(|name| {
                    let name = name.parse().unwrap();
                    access::add_staff(tx, Actor::System, &name, &label, AccessRole::Operator).unwrap()
                });
                let [tito, tilde] = ["tito", "tilde"].map(|name| {
                    let name = name.parse().unwrap();
                    access::add_trainee(tx, Actor::System, &name, &label, AccessRole::Operator, anna).unwrap()
                });
                let_go(tx, admin.actor(), tilde)?;
                let_go(tx, admin.actor(), anna)?;
                let open = list(tx, &admin.acting::<ReadTasks>(), false, None, 9)?;
                let told: Vec<_> = open.iter().map(|task| (task.kind, task.object.clone())).collect();
                assert_eq!(told, [(Kind::LearnsUnderNobody, tito.to_string())], "the other one has left too");
                assert_eq!(open[0].code, Some(format!("under:{anna}")));
                assert_eq!(access::staff_row(tx.conn(), tito)?.unwrap().trainee_of, Some(anna), "she learns still");

                let again = learns(tx, admin.actor(), tito, Some(anna)).unwrap_err();
                assert_eq!(again.code(), Code::InvalidInput, "nobody is there");
                learns(tx, admin.actor(), tito, Some(bruno))?;
                assert_eq!(listed(tx, &admin), []);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
