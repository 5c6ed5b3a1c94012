//! Requests that a guardian makes for a minor.

use staffetta_protocol::card::{BirthDate, PartialDate};

use super::*;
use crate::consents::{Channel, Withdrawal, WithdrawnBy};
use crate::people::guardians;

/// Takes down a request that this guardian makes by letter.
fn asks(tx: &mut Tx<'_>, stage: &Stage, kind: RightKind, guardian: Option<Uuid>) -> Result<Request> {
    let new = NewRightsRequest {
        kind,
        channel: RightChannel::Letter,
        said_by: RightAsker::Guardian,
        guardian,
        received_at: None,
        details: read("\"Zzrichiesta della tutrice\"").unwrap(),
        restrict_meanwhile: false,
    };
    let sight = stage.anna.acting::<acts::WriteRights>().sight(tx, stage.person.id)?;
    receive(tx, stage.vault(), &sight, new)
}

fn born(tx: &mut Tx<'_>, stage: &Stage, on: &str) -> Result<()> {
    let sight = stage.anna.acting::<acts::WriteCards>().sight(tx, stage.person.id)?;
    let held = cards::current(tx.conn(), stage.vault(), stage.person.id)?.unwrap();
    let birth_date = Some(BirthDate { value: PartialDate::parse(on).unwrap(), estimated: false });
    let card = staffetta_protocol::card::Card { birth_date, ..held.card };
    cards::put(tx, stage.vault(), &sight, card, held.version).map(drop)
}

/// Where, and why.
fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> (String, String) {
    let problem = outcome.unwrap_err().problem();
    (problem.errors[0].field.clone(), problem.errors[0].code.clone())
}

#[actix_web::test]
async fn a_guardian_who_asks_answers_for_her_here_and_nobody_asks_for_an_adult() {
    scratch::each(|store| async move {
        let act = |tx: &mut Tx<'_>| {
            let stage = stage(tx)?;
            let told = |field: &str, code: &str| (field.to_owned(), code.to_owned());
            let access = RightKind::Access;
            assert_eq!(refused(asks(tx, &stage, access, None)), told("/guardian", "required"));
            assert_eq!(refused(asks(tx, &stage, access, Some(Uuid::nil()))), told("/guardian", "not_in_list"));
            born(tx, &stage, "2009-06-01")?;
            let sight = stage.anna.acting::<acts::WriteCards>().sight(tx, stage.person.id)?;
            let hers = guardians::sample(tx, stage.vault(), &sight)?;
            let request = asks(tx, &stage, access, Some(hers))?;
            let officer = stage.officer().sight(tx, stage.person.id)?;
            let (kept, _) = look(tx, stage.vault(), &officer, request.id)?;
            assert_eq!(kept.words.unwrap().guardian, Some(hers), "who asked is written down");
            assert!(stage.ask(tx, access, false).is_ok(), "the right is the minor's own too");
            born(tx, &stage, "1990-06-01")?;
            assert_eq!(
                refused(asks(tx, &stage, access, Some(hers))),
                told("/said_by", "inconsistent"),
                "she is of age"
            );
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
    let stray = json!({
        "kind": "access", "channel": "phone", "said_by": "person", "guardian": Uuid::nil(), "details": "Zz"
    });
    let found = read::<NewRightsRequest>(&stray.to_string()).unwrap_err();
    assert_eq!((found[0].field.as_str(), found[0].code.as_str()), ("/guardian", "inconsistent"));
}

#[actix_web::test]
async fn what_an_erasure_takes_back_was_taken_back_by_whoever_asked_for_it_and_how() {
    scratch::each(|store| async move {
        let act = |tx: &mut Tx<'_>| {
            let stage = stage(tx)?;
            stage.agree(tx)?;
            let sight = stage.anna.acting::<acts::WriteCards>().sight(tx, stage.person.id)?;
            let hers = guardians::sample(tx, stage.vault(), &sight)?;
            let request = asks(tx, &stage, RightKind::Erasure, Some(hers))?;
            stage.answer(tx, &request, json!({"outcome": "granted"}))?;
            let sight = Sight::of_the_node(stage.person.id.into());
            let withdrawn = consents::list(tx, stage.vault(), &sight)?.remove(0);
            let how = withdrawn.withdrawn.unwrap().1;
            assert_eq!(how, Withdrawal { by: WithdrawnBy::Guardian, channel: Channel::Letter });
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}
