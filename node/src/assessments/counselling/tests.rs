use chrono::TimeDelta;

use super::*;
use crate::access::acts::ReadCounselling;
use crate::access::cases::{self, Functions};
use crate::access::{self, AccessRole, Function, Staff};
use crate::journal::Actor;
use crate::people::{Label, Person};
use crate::store::{Store, scratch};
use crate::vault::MasterKey;

fn vault() -> Vault {
    Vault::new(MasterKey::generate().unwrap())
}

fn says(text: &str) -> NoteText {
    NoteText(Prose::new(text).unwrap())
}

fn hired(tx: &mut Tx<'_>, username: &str, role: AccessRole) -> Staff {
    let label = access::Label::new("x").unwrap();
    let id = access::add_staff(tx, Actor::System, &username.parse().unwrap(), &label, role).unwrap();
    Staff { id, role, label: "x".into() }
}

fn on_case(tx: &mut Tx<'_>, who: &Staff, person: &Person, functions: impl Into<Functions>) -> Sight {
    cases::assign(tx, Actor::System, person.id.into(), who.id, &functions.into()).unwrap();
    who.acting::<ReadCounselling>().sight(tx, person.id).unwrap()
}

async fn case(store: &Store, vault: &Vault) -> (Staff, Staff, Person) {
    let vault = vault.clone();
    let act = move |tx: &mut Tx<'_>| {
        let (anna, paola) = (hired(tx, "anna", AccessRole::Operator), hired(tx, "paola", AccessRole::Operator));
        let person = people::create(tx, &vault, &anna.actor(), &Label::new("Aminata").unwrap())?;
        on_case(tx, &paola, &person, Function::Psychologist);
        Ok((anna, paola, person))
    };
    store.write(act).await.unwrap()
}

fn code<T: fmt::Debug>(refused: Result<T>) -> Code {
    refused.unwrap_err().code()
}

#[actix_web::test]
async fn a_note_is_read_by_who_counsels_and_by_its_author_and_by_nobody_else() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, paola, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let psychologist = paola.acting::<ReadCounselling>().sight(tx, person.id)?;
            let text = says("Ha raccontato del viaggio.\nDorme poco.");
            let info = write(tx, &vault, &psychologist, &text)?;
            assert_eq!(read(tx, &vault, &psychologist, info.id)?, (info, text.clone()));
            assert!(!format!("{text:?}").contains("viaggio"));

            let bruno = hired(tx, "bruno", AccessRole::Supervisor);
            for function in Function::ALL.iter().filter(|function| **function != Function::Psychologist) {
                let sight = on_case(tx, &bruno, &person, *function);
                for id in [info.id, NoteId(Uuid::nil())] {
                    assert_eq!(code(read(tx, &vault, &sight, id)), Code::FunctionNotEntitled, "{function}");
                    assert_eq!(
                        code(rewrite(tx, &vault, &sight, id, &text, 1)),
                        Code::FunctionNotEntitled,
                        "{function}"
                    );
                }
                assert_eq!(code(write(tx, &vault, &sight, &text)), Code::FunctionNotEntitled, "{function}");
                assert_eq!(list(tx, &sight, None, 9)?, (vec![], false), "not even that there is one: {function}");
            }
            let whole = anna.acting::<ReadCounselling>().sight(tx, person.id)?;
            assert_eq!(code(read(tx, &vault, &whole, info.id)), Code::FunctionNotEntitled, "who leads the case");
            let dpo = hired(tx, "dario", AccessRole::Dpo).acting::<ReadCounselling>().sight(tx, person.id)?;
            for sight in [&dpo, &Sight::of_herself(person.id.0), &Sight::of_the_node(person.id.0)] {
                assert_eq!(code(read(tx, &vault, sight, info.id)), Code::FunctionNotEntitled, "{:?}", sight.why());
                assert_eq!(code(list(tx, sight, None, 9)), Code::FunctionNotEntitled);
                assert_eq!(code(write(tx, &vault, sight, &text)), Code::FunctionNotEntitled);
            }

            let colleague = hired(tx, "carla", AccessRole::Operator);
            let colleague = on_case(tx, &colleague, &person, Function::Psychologist);
            assert_eq!(read(tx, &vault, &colleague, info.id)?.1, text);
            assert_eq!(
                code(rewrite(tx, &vault, &colleague, info.id, &text, 1)),
                Code::FunctionNotEntitled,
                "not hers to change"
            );
            assert_eq!(code(read(tx, &vault, &colleague, NoteId(Uuid::nil()))), Code::NotFound);
            let other = people::create(tx, &vault, &paola.actor(), &Label::new("Awa").unwrap())?;
            let elsewhere = on_case(tx, &paola, &other, Function::Psychologist);
            assert_eq!(code(read(tx, &vault, &elsewhere, info.id)), Code::NotFound, "of another person");

            let again = rewrite(tx, &vault, &psychologist, info.id, &says("Dorme meglio."), 1)?;
            assert_eq!(again.version, 2);
            assert_eq!(code(rewrite(tx, &vault, &psychologist, info.id, &text, 1)), Code::VersionConflict);
            let author = on_case(tx, &paola, &person, Function::JobTutor);
            assert_eq!(read(tx, &vault, &author, info.id)?.1.expose(), "Dorme meglio.", "she wrote it");
            assert_eq!(list(tx, &author, None, 9)?.0, [again]);
            assert_eq!(code(write(tx, &vault, &author, &text)), Code::FunctionNotEntitled, "and counsels no longer");

            let acts = journal::about(tx.conn(), person.subject, 90)?;
            let read_by = acts.iter().filter(|entry| entry.act == "counselling_note.read").count();
            assert_eq!(read_by, 3);
            vault.shred(tx, person.subject)?;
            assert_eq!(code(read(tx, &vault, &author, info.id)), Code::NotFound, "erased");
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn the_person_is_owed_them_and_whoever_answers_for_her_rights_gets_them_for_her() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, paola, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let psychologist = paola.acting::<ReadCounselling>().sight(tx, person.id)?;
            write(tx, &vault, &psychologist, &says("Uno."))?;
            write(tx, &vault, &psychologist, &says("Due."))?;
            let (first, more) = list(tx, &psychologist, None, 1)?;
            let (second, end) = list(tx, &psychologist, Some(first[0].id), 1)?;
            assert!(more && !end && first[0].id != second[0].id);
            let dpo = hired(tx, "dario", AccessRole::Dpo).acting::<ReadCounselling>().sight(tx, person.id)?;
            let request = Uuid::from_u128(7);
            for sight in [dpo, Sight::of_herself(person.id.0)] {
                let told = counselling_notes_for_access(tx, &vault, &sight, request)?;
                let mut words: Vec<&str> = told.iter().map(|note| note.text.as_str()).collect();
                words.sort_unstable();
                assert_eq!((words, told[0].author), (vec!["Due.", "Uno."], paola.id));
                assert!(!format!("{told:?}").contains("Uno"));
            }
            for sight in
                [anna.acting::<ReadCounselling>().sight(tx, person.id)?, psychologist, Sight::of_the_node(person.id.0)]
            {
                assert_eq!(code(counselling_notes_for_access(tx, &vault, &sight, request)), Code::FunctionNotEntitled);
            }
            let acts = journal::of_act(tx.conn(), "counselling_notes.disclosed_to_her", 9)?;
            assert_eq!((acts.len(), acts[0].code.as_deref()), (2, Some("2")));
            assert_eq!(acts[0].object, Some(request.to_string()));
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn notes_go_six_months_after_the_case_has_ended_and_not_before() {
    scratch::each(|store| async move {
        let vault = vault();
        let (_, paola, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let now = tx.now();
            let psychologist = paola.acting::<ReadCounselling>().sight(tx, person.id)?;
            let info = write(tx, &vault, &psychologist, &says("Uno."))?;
            let none = |tx: &mut Tx<'_>| due(tx.conn(), now + TimeDelta::days(4000), None, 9);
            assert!(none(tx)?.is_empty(), "the case goes on");
            case_ended(tx, person.id, now)?;
            case_reopened(tx, person.id)?;
            assert!(none(tx)?.is_empty());
            case_ended(tx, person.id, now)?;
            case_ended(tx, person.id, now + TimeDelta::days(30))?;
            let day = list(tx, &psychologist, None, 9)?.0[0].delete_after.unwrap();
            assert_eq!(day.to_rfc3339(), "2027-05-23T09:00:00+00:00");
            assert!(due(tx.conn(), day - TimeDelta::microseconds(1), None, 9)?.is_empty());
            assert_eq!(due(tx.conn(), day, None, 9)?, [(info.id.0, Some(person.subject))]);
            delete(tx, info.id.0)?;
            assert_eq!(code(read(tx, &vault, &psychologist, info.id)), Code::NotFound);
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}
