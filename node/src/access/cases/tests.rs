mod joined;
mod trainees;

use staffetta_protocol::card::Section;
use staffetta_protocol::problem::Code;

use super::countersignature::{Outcome, countersign};
use super::glass::{Reason, USUAL, break_glass, broken, review};
use super::handover::{Note, hand_over, handovers};
use super::rows::countersignature::waiting;
use super::team::{Place, Responsible, Team, responsible, set_team};
use super::*;
use crate::access::acts::{ReadCards, SendReferral, WriteCards};
use crate::access::{self, Label};
use crate::access::{AccessRole, Acting, Staff};
use crate::error::Result;
use crate::store::{Store, scratch};
use crate::vault::{MasterKey, Vault};

const SUBJECT: Subject = Subject(Uuid::from_u128(99));

fn staff(number: u128, role: AccessRole) -> Staff {
    Staff { id: Uuid::from_u128(number), role, label: String::new() }
}

/// She reads cards.
fn reading(staff: &Staff) -> Acting {
    Acting::new::<ReadCards>(staff.clone())
}

async fn look(store: &Store, who: &Staff, case: Uuid) -> Result<Sight> {
    let who = reading(who);
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
            let sight = store.write(move |tx| reading(&one).sight_of_received(tx, referral)).await.unwrap();
            assert_eq!(sight.why(), &Why::Office);
        }
        let id = anna.id;
        store.write(move |tx| open(tx, referral, Kind::Referral, SUBJECT, Some(id))).await.unwrap();
        assert!(store.write(move |tx| reading(&anna).sight_of_received(tx, referral)).await.is_ok());
        let refused = store.write(move |tx| reading(&bruno).sight_of_received(tx, referral)).await.unwrap_err();
        assert_eq!(refused.code(), Code::OutsideCase);
    })
    .await;
}

fn vault() -> Vault {
    Vault::new(MasterKey::generate().unwrap())
}

/// An account that is there, as the tables know it.
async fn hired(store: &Store, username: &'static str, role: AccessRole) -> Staff {
    let act = move |tx: &mut Tx<'_>| {
        let label = Label::new("x").unwrap();
        access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label, role)
    };
    Staff { id: store.write(act).await.unwrap(), role, label: String::new() }
}

/// A case that `lead` leads.
async fn led(store: &Store, vault: &Vault, lead: &Staff) -> Uuid {
    let (case, lead, vault) = (Uuid::new_v4(), lead.id, vault.clone());
    let act = move |tx: &mut Tx<'_>| {
        let subject = vault.subject_for_person(tx)?;
        open(tx, case, Kind::Person, subject, Some(lead))
    };
    store.write(act).await.unwrap();
    case
}

fn place(staff: &Staff, function: Function, supervisor: Option<&Staff>) -> Place {
    Place { staff: staff.id, functions: function.into(), supervisor: supervisor.map(|staff| staff.id) }
}

#[actix_web::test]
async fn broken_glass_is_open_for_its_time_reads_only_and_is_reviewed_once() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let bruno = hired(&store, "bruno", AccessRole::Operator).await;
        let dora = hired(&store, "dora", AccessRole::Dpo).await;
        let case = led(&store, &vault, &anna).await;
        let reason = Reason::new("Chiamata urgente dal pronto soccorso").unwrap();
        let (by, key, why) = (bruno.clone(), vault.clone(), reason.clone());
        let glass = store.write(move |tx| break_glass(tx, &key, &by, case, &why, USUAL)).await.unwrap();
        let sight = look(&store, &bruno, case).await.unwrap();
        assert!(matches!(sight.why(), Why::BrokenGlass(id) if *id == glass.id));
        assert!(sight.reads(Section::B) && !sight.writes(Section::B) && !sight.counsels());
        let writing = Acting::new::<WriteCards>(bruno.clone());
        let refused = store.write(move |tx| writing.sight(tx, case)).await.unwrap_err();
        assert_eq!(refused.code(), Code::FunctionNotEntitled);
        let (by, key, why) = (anna.clone(), vault.clone(), reason.clone());
        let refused = store.write(move |tx| break_glass(tx, &key, &by, case, &why, USUAL)).await.unwrap_err();
        assert_eq!(refused.code(), Code::Conflict, "she works on it");

        let (key, by) = (vault.clone(), dora.clone());
        let listed = store.write(move |tx| broken(tx, &key, &by, true, None, 10)).await.unwrap();
        assert_eq!((listed.len(), listed[0].reason.as_ref()), (1, Some(&reason)));
        let by = dora.clone();
        store.write(move |tx| review(tx, &by, glass.id, true)).await.unwrap();
        let by = dora.clone();
        assert_eq!(store.write(move |tx| review(tx, &by, glass.id, true)).await.unwrap_err().code(), Code::Conflict);
        let (key, by) = (vault.clone(), dora.clone());
        assert!(store.write(move |tx| broken(tx, &key, &by, true, None, 10)).await.unwrap().is_empty());
        let told = store.write(move |tx| broken(tx, &vault, &dora, false, None, 10)).await.unwrap();
        assert!(told[0].person_told_at.is_some());

        store.clock().advance(USUAL);
        assert_eq!(look(&store, &bruno, case).await.unwrap_err().code(), Code::OutsideCase);
    })
    .await;
}

#[actix_web::test]
async fn a_trainee_acts_under_a_named_supervisor_who_countersigns() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let tito = hired(&store, "tito", AccessRole::Operator).await;
        let case = led(&store, &vault, &anna).await;
        let team = |supervisor: Option<&Staff>| Team {
            lead: None,
            deputy: None,
            members: vec![place(&anna, Function::CaseOperator, None), place(&tito, Function::Trainee, supervisor)],
        };
        let (by, alone) = (anna.clone(), team(None));
        let refused = store.write(move |tx| set_team(tx, &by, case, &alone, 1)).await.unwrap_err();
        assert_eq!(refused.problem().errors[0].field, "/members/1/supervisor");
        let (by, under) = (anna.clone(), team(Some(&anna)));
        assert_eq!(store.write(move |tx| set_team(tx, &by, case, &under, 1)).await.unwrap(), 2);

        let sending = Acting::new::<SendReferral>(tito.clone());
        let refused = store.write(move |tx| sending.sight(tx, case)).await.unwrap_err();
        assert_eq!(refused.code(), Code::FunctionNotEntitled, "a trainee hands nobody on");
        assert!(look(&store, &tito, case).await.is_ok());
        let supervisor = anna.id;
        assert!(
            store.read(move |conn| waiting(conn, supervisor, None, 10)).await.unwrap().is_empty(),
            "reading waits for nobody"
        );
        let writing = Acting::new::<WriteCards>(tito.clone());
        store.write(move |tx| writing.sight(tx, case)).await.unwrap();
        let pending = store.read(move |conn| waiting(conn, supervisor, None, 10)).await.unwrap();
        assert_eq!((pending.len(), pending[0].trainee, pending[0].act.as_str()), (1, tito.id, "cards.write"));
        let id = pending[0].id;
        let not_hers = store.write(move |tx| countersign(tx, &tito, id, Outcome::Approved)).await.unwrap_err();
        assert_eq!(not_hers.code(), Code::NotFound);
        store.write(move |tx| countersign(tx, &anna, id, Outcome::Approved)).await.unwrap();
        let rows = store.read(|conn| journal::of_act(conn, "trainee.countersigned", 10)).await.unwrap();
        let names = format!("approved trainee:{}", pending[0].trainee);
        assert_eq!(
            (rows[0].actor.as_deref(), rows[0].code.as_deref()),
            (Some(&*supervisor.to_string()), Some(&*names))
        );
    })
    .await;
}

#[actix_web::test]
async fn whoever_leads_can_be_shut_out_and_her_case_waits_for_a_handover_with_a_note() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let bruno = hired(&store, "bruno", AccessRole::Operator).await;
        let sara = hired(&store, "sara", AccessRole::Supervisor).await;
        let ada = hired(&store, "ada", AccessRole::Admin).await;
        let case = led(&store, &vault, &anna).await;
        let id = anna.id;
        let issue = move |tx: &mut Tx<'_>| access::issue_token(tx, Actor::System, id, &Label::new("x").unwrap(), None);
        let token = store.write(issue).await.unwrap().token;
        let waiting = || store.read(|conn| super::rows::list(conn, Wanted::WithoutLead, None, 10));
        assert!(waiting().await.unwrap().is_empty());
        store.write(move |tx| access::disable(tx, Actor::System, id)).await.unwrap();
        assert_eq!(access::verify(&store, &token).await.unwrap_err().code(), Code::NotAuthenticated);
        let (found, ids) = (waiting().await.unwrap(), [case]);
        assert_eq!(found.iter().map(|file| file.id).collect::<Vec<_>>(), ids, "nobody's case is left behind");
        assert_eq!(found[0].lead, Some(id), "until somebody takes it over");

        let hand = |by: Staff, to: Uuid| {
            let (vault, store) = (vault.clone(), store.clone());
            async move {
                let note = Note::new("Ha un colloquio giovedì.\nVa accompagnata.").unwrap();
                store.write(move |tx| hand_over(tx, &vault, &by, case, to, &note, false)).await
            }
        };
        assert_eq!(hand(bruno.clone(), bruno.id).await.unwrap_err().code(), Code::NotEntitled);
        assert_eq!(
            hand(anna.clone(), ada.id).await.unwrap_err().code(),
            Code::Conflict,
            "an administrator leads no case"
        );
        hand(sara.clone(), bruno.id).await.unwrap();
        assert_eq!(hand(sara, bruno.id).await.unwrap_err().code(), Code::Conflict);
        let file = store.read(move |conn| case_file(conn, case)).await.unwrap().unwrap();
        assert_eq!((file.lead, file.version), (Some(bruno.id), 2));
        assert_eq!(look(&store, &anna, case).await.unwrap_err().code(), Code::OutsideCase, "she left the team");
        let reading = reading(&bruno);
        let act = move |tx: &mut Tx<'_>| {
            let sight = reading.sight(tx, case)?;
            handovers(tx, &vault, &sight, None, 10)
        };
        let past = store.write(act).await.unwrap();
        assert_eq!((past[0].from, past[0].to), (Some(anna.id), bruno.id));
        assert!(past[0].note.as_str().contains("giovedì"));
        assert!(waiting().await.unwrap().is_empty());
    })
    .await;
}

#[actix_web::test]
async fn a_team_is_set_whole_on_the_version_that_was_read() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let bruno = hired(&store, "bruno", AccessRole::Operator).await;
        let case = led(&store, &vault, &anna).await;
        let set = |by: &Staff, deputy: Option<Uuid>, members: Vec<Place>, version: i32| {
            let (by, store) = (by.clone(), store.clone());
            let team = Team { lead: None, deputy, members };
            async move { store.write(move |tx| set_team(tx, &by, case, &team, version)).await }
        };
        let both = vec![place(&anna, Function::CaseOperator, None), place(&bruno, Function::Legal, None)];
        assert_eq!(set(&bruno, None, both.clone(), 1).await.unwrap_err().code(), Code::NotEntitled);
        for (deputy, members, wrong) in [
            (None, vec![], "/members"),
            (None, vec![place(&bruno, Function::Legal, None)], "/members"),
            (Some(anna.id), both.clone(), "/deputy"),
            (None, vec![both[0].clone(), both[0].clone()], "/members/1/staff"),
        ] {
            let refused = set(&anna, deputy, members, 1).await.unwrap_err().problem();
            assert_eq!(refused.errors[0].field, wrong);
        }
        assert_eq!(set(&anna, Some(bruno.id), both.clone(), 1).await.unwrap(), 2);
        assert_eq!(set(&anna, None, both, 1).await.unwrap_err().code(), Code::VersionConflict);
        assert!(look(&store, &bruno, case).await.is_ok());
        assert_eq!(set(&bruno, None, vec![place(&anna, Function::CaseOperator, None)], 2).await.unwrap(), 3);
        assert_eq!(
            look(&store, &bruno, case).await.unwrap_err().code(),
            Code::OutsideCase,
            "out of the team, out of sight"
        );
    })
    .await;
}

#[test]
fn what_waits_goes_from_the_lead_to_the_deputy_to_nobody() {
    let at = |text: &str| text.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let (lead, deputy) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let since = at("2026-11-20T09:00:00Z"); // a Friday
    for (now, with_deputy, alone) in [
        ("2026-11-20T10:00:00Z", Responsible::Staff(lead), Responsible::Staff(lead)),
        ("2026-11-24T22:00:00Z", Responsible::Staff(lead), Responsible::Staff(lead)),
        ("2026-11-24T23:00:00Z", Responsible::Staff(deputy), Responsible::Nobody),
        ("2026-11-26T23:00:00Z", Responsible::Nobody, Responsible::Nobody),
    ] {
        assert_eq!(responsible(Some(lead), Some(deputy), since, &[], at(now)), with_deputy, "{now}");
        assert_eq!(responsible(Some(lead), None, since, &[], at(now)), alone, "{now}");
    }
    assert_eq!(responsible(None, None, since, &[], since), Responsible::Nobody);
}

#[actix_web::test]
async fn what_waits_for_who_is_shut_out_waits_for_the_lead() {
    scratch::each(|store| async move {
        let vault = vault();
        let anna = hired(&store, "anna", AccessRole::Operator).await;
        let bruno = hired(&store, "bruno", AccessRole::Operator).await;
        let tito = hired(&store, "tito", AccessRole::Operator).await;
        let case = led(&store, &vault, &anna).await;
        let members = vec![
            place(&anna, Function::CaseOperator, None),
            place(&bruno, Function::CaseOperator, None),
            place(&tito, Function::Trainee, Some(&bruno)),
        ];
        let (by, team) = (anna.clone(), Team { lead: None, deputy: None, members });
        store.write(move |tx| set_team(tx, &by, case, &team, 1)).await.unwrap();
        let writing = Acting::new::<WriteCards>(tito.clone());
        store.write(move |tx| writing.sight(tx, case)).await.unwrap();
        let (left, lead) = (bruno.id, anna.id);
        store.write(move |tx| access::disable(tx, Actor::System, left)).await.unwrap();
        let pending = store.read(move |conn| waiting(conn, lead, None, 10)).await.unwrap();
        assert_eq!(pending.iter().map(|act| act.trainee).collect::<Vec<_>>(), [tito.id]);
        let team = store.read(move |conn| super::members(conn, case)).await.unwrap();
        assert!(team.iter().all(|member| member.staff != left));
        let tito = team.iter().find(|member| member.staff == tito.id).unwrap();
        assert_eq!(tito.supervisor, Some(lead), "she learns under the lead from here on");
    })
    .await;
}
