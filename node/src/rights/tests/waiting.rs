//! Erasures that wait their turn.

use diesel::prelude::*;

use super::*;
use crate::store::schema::recall_told;
use crate::store::{At, Id};

/// The same house, with somebody else.
fn beside(stage: &Stage, person: Person) -> Stage {
    Stage { outbox: stage.outbox.clone(), anna: stage.anna.clone(), dario: stage.dario.clone(), person }
}

/// What one partner was told about her cannot be read any more.
fn damaged(tx: &mut Tx<'_>, person: &Person) -> Result<()> {
    let now = At::from(tx.now());
    let row = (
        (recall_told::id.eq(Id(Uuid::new_v4())), recall_told::recall.eq(Id(Uuid::new_v4()))),
        (recall_told::record.eq(Id(Uuid::new_v4())), recall_told::seq.eq(1), recall_told::peer.eq("nobody")),
        (recall_told::organisation.eq("nobody"), recall_told::role.eq("cpi"), recall_told::person.eq(Id(person.id.0))),
        (recall_told::subject.eq(Id(person.subject.0)), recall_told::groups.eq("[]")),
        (recall_told::message.eq(Id(Uuid::new_v4())), recall_told::told_at.eq(now), recall_told::due_at.eq(now)),
        (recall_told::version.eq(1), recall_told::complete.eq(true), recall_told::below.eq("[]")),
    );
    diesel::insert_into(recall_told::table).values(row).execute(tx.conn())?;
    Ok(())
}

#[actix_web::test]
async fn whoever_waits_for_long_keeps_nobody_else_waiting() {
    act(|tx, stage| {
        let person =
            people::create(tx, stage.vault(), &Actor::Staff(stage.anna.id), &Label::new("Zzfatou Sow").unwrap())?;
        let other = beside(stage, person);
        let mut both = Vec::new();
        for of in [stage, &other] {
            let asked = of.ask(tx, RightKind::Erasure, false)?;
            both.push((of.answer(tx, &asked, json!({"outcome": "granted"}))?.id, of));
        }
        both.sort_by_key(|(id, _)| *id);
        both[0].1.ask(tx, RightKind::Access, false)?;
        let (waits, due) = (both[0].0, both[1].0);
        assert_eq!(erasing::erase_due(tx, stage.vault(), Uuid::nil(), 1)?, (0, Some(waits)), "it is not due");
        assert_eq!(erasing::erase_due(tx, stage.vault(), waits, 1)?, (1, Some(due)));
        assert_eq!(erasing::erase_due(tx, stage.vault(), due, 1)?, (0, None));
        let now = tx.now();
        assert_eq!(rows::waiting(tx.conn(), now, Uuid::nil(), 9)?.len(), 1);
        Ok(())
    })
    .await;
}

#[actix_web::test]
async fn an_erasure_that_fails_inside_keeps_nobody_else_from_being_erased() {
    act(|tx, stage| {
        let label = Label::new("Zzfatou Sow").unwrap();
        let person = people::create(tx, stage.vault(), &Actor::Staff(stage.anna.id), &label)?;
        let other = beside(stage, person);
        for of in [stage, &other] {
            let asked = of.ask(tx, RightKind::Erasure, false)?;
            of.answer(tx, &asked, json!({"outcome": "granted"}))?;
        }
        damaged(tx, &stage.person)?;
        let (erased, _) = erasing::erase_due(tx, stage.vault(), Uuid::nil(), 9)?;
        let now = tx.now();
        let left = rows::waiting(tx.conn(), now, Uuid::nil(), 9)?;
        assert_eq!((erased, left.len(), left[0].person), (1, 1, stage.person.id));
        Ok(())
    })
    .await;
}
