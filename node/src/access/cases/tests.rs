use chrono::TimeDelta;
use staffetta_protocol::card::Section;
use staffetta_protocol::problem::Code;

use super::*;
use crate::access::AccessRole;
use crate::error::Result;
use crate::store::{Store, scratch};

const SUBJECT: Subject = Subject(Uuid::from_u128(99));

fn staff(number: u128, role: AccessRole) -> Staff {
    Staff { id: Uuid::from_u128(number), role, label: String::new() }
}

async fn look(store: &Store, who: &Staff, case: Uuid) -> Result<Sight> {
    let who = who.clone();
    store.write(move |tx| who.sight(tx, case)).await
}

#[test]
fn the_table_of_functions_holds_what_is_promised() {
    for function in Function::ALL {
        let tells = function.tells();
        assert_eq!(function.as_str().parse(), Ok(*function));
        assert!(tells.writes.iter().all(|section| tells.reads.contains(section)), "{function} writes what it reads");
        assert_eq!(tells.counselling_notes, *function == Function::Psychologist, "{function}");
    }
    let tutor = Function::JobTutor.tells();
    assert!(!tutor.reads.contains(&Section::C) && !tutor.reads.contains(&Section::K));
    assert_eq!(Functions::parse("legal,mediator").unwrap().stored(), "mediator,legal");
    assert!(Functions::parse("").is_none() && Functions::parse("legal,cook").is_none());
}

#[actix_web::test]
async fn who_takes_her_up_leads_and_who_has_no_part_sees_nothing() {
    scratch::each(|store| async move {
        let case = Uuid::new_v4();
        let (anna, bruno) = (staff(1, AccessRole::Operator), staff(2, AccessRole::Operator));
        let lead = anna.id;
        store.write(move |tx| open(tx, case, Kind::Person, SUBJECT, Some(lead))).await.unwrap();

        let sight = look(&store, &anna, case).await.unwrap();
        assert_eq!(sight.why(), &Why::Team(Function::CaseOperator.into()));
        assert!(sight.reads(Section::K) && sight.writes(Section::A) && !sight.counsels());
        for outside in [bruno, staff(3, AccessRole::Supervisor), staff(4, AccessRole::Admin)] {
            assert_eq!(look(&store, &outside, case).await.unwrap_err().code(), Code::OutsideCase);
        }
        let dpo = look(&store, &staff(5, AccessRole::Dpo), case).await.unwrap();
        assert!(dpo.reads(Section::K) && !dpo.writes(Section::A) && !dpo.counsels());
        assert_eq!(look(&store, &anna, Uuid::new_v4()).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[actix_web::test]
async fn a_function_sees_its_sections_and_no_others() {
    scratch::each(|store| async move {
        let case = Uuid::new_v4();
        let tutor = staff(2, AccessRole::Operator);
        let id = tutor.id;
        store
            .write(move |tx| {
                open(tx, case, Kind::Person, SUBJECT, Some(Uuid::from_u128(1)))?;
                rows::put(tx, case, id, &Function::JobTutor.into(), None)
            })
            .await
            .unwrap();
        let sight = look(&store, &tutor, case).await.unwrap();
        assert!(sight.reads(Section::F) && sight.writes(Section::F) && !sight.reads(Section::C));
        assert!(sight.withheld().contains(&Section::K) && !sight.counsels());
    })
    .await;
}

#[actix_web::test]
async fn what_came_in_is_the_offices_until_somebody_is_put_on_it() {
    scratch::each(|store| async move {
        let referral = Uuid::new_v4();
        let (anna, bruno) = (staff(1, AccessRole::Operator), staff(2, AccessRole::Operator));
        let both = [anna.clone(), bruno.clone()];
        for one in both.clone() {
            let sight = store.write(move |tx| one.sight_of_received(tx, referral)).await.unwrap();
            assert_eq!(sight.why(), &Why::Office);
        }
        let id = anna.id;
        store.write(move |tx| open(tx, referral, Kind::Referral, SUBJECT, Some(id))).await.unwrap();
        assert!(store.write(move |tx| anna.sight_of_received(tx, referral)).await.is_ok());
        let refused = store.write(move |tx| bruno.sight_of_received(tx, referral)).await.unwrap_err();
        assert_eq!(refused.code(), Code::OutsideCase);
    })
    .await;
}

#[actix_web::test]
async fn broken_glass_is_open_for_its_time() {
    scratch::each(|store| async move {
        let (case, bruno) = (Uuid::new_v4(), staff(2, AccessRole::Operator));
        let id = bruno.id;
        store
            .write(move |tx| {
                open(tx, case, Kind::Person, SUBJECT, None)?;
                rows::insert_broken_glass_for_tests(tx, case, id, TimeDelta::hours(1))
            })
            .await
            .unwrap();
        let sight = look(&store, &bruno, case).await.unwrap();
        assert!(matches!(sight.why(), Why::BrokenGlass(_)) && sight.reads(Section::B) && !sight.writes(Section::B));
        store.clock().advance(TimeDelta::hours(1));
        assert_eq!(look(&store, &bruno, case).await.unwrap_err().code(), Code::OutsideCase);
    })
    .await;
}
