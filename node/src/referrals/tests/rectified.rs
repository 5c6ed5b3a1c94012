//! What was put right, at an office without a node: by letter, which is a task until it went out.

use serde_json::json;
use staffetta_protocol::card::Card;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::world::{BY, Node, REFERRAL, code, each, parsed, seen, set};
use crate::cards;
use crate::people::PersonId;
use crate::referrals::paper::Printed;
use crate::rights::{self, Means, RightOutcome, Rights};
use crate::store::Id;
use crate::store::schema::rectification;
use crate::tasks::{self, Kind, TaskRow};
use crate::web::html::proof;
use diesel::prelude::*;

impl Node {
    /// Her name is put right at her request, and everybody who holds it is to hear.
    async fn put_right(&self, person: PersonId, name: &'static str) -> Uuid {
        let act = move |referrals: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>| {
            let (outbox, sight) = (referrals.outbox(), seen(person));
            let new =
                json!({"kind": "rectification", "channel": "in_person", "said_by": "person", "details": "Zznome"});
            let asked = rights::receive(tx, outbox.vault(), &sight, parsed(new))?;
            let held = cards::current(tx.conn(), outbox.vault(), person)?.unwrap();
            let mut card = serde_json::to_value(&held.card).unwrap();
            card["given_names"] = json!(name);
            let card: Card = parsed(card);
            let put = cards::put(tx, outbox.vault(), &sight, card, held.version)?;
            let towards = |_: &_| unreachable!("nobody is told by a message");
            let means =
                Means { rights: Rights { holdings: &[], threads_ended: |_, _| Ok(()) }, outbox, towards: &towards };
            let said = parsed(json!({"outcome": "granted", "card_version": put.version}));
            let answered = rights::answer(tx, &means, &sight, (asked.id, asked.version), said)?;
            assert_eq!(answered.answered.unwrap().0, RightOutcome::Granted);
            Ok(asked.id)
        };
        self.desk(act).await.unwrap()
    }

    async fn letters(&self, request: Uuid) -> Vec<(Uuid, Option<String>)> {
        let of = move |conn: &mut crate::store::Conn| {
            let rows = rectification::table.filter(rectification::request.eq(Id(request)));
            Ok(rows.select((rectification::id, rectification::failed)).load::<(Id, Option<String>)>(conn)?)
        };
        let rows = self.store.read(of).await.unwrap();
        rows.into_iter().map(|(id, failed)| (id.0, failed)).collect()
    }

    async fn to_be_passed_on(&self, letter: Uuid) -> Option<TaskRow> {
        let about = move |conn: &mut crate::store::Conn| {
            tasks::open_about(conn, Kind::RectificationToBePassedOn, &letter.to_string())
        };
        self.store.read(about).await.unwrap()
    }

    async fn letter(&self, person: PersonId, letter: Uuid) -> crate::error::Result<String> {
        let page = self.desk(move |r, tx| r.rectification_letter(tx, &seen(person), "Centro Il Ponte", letter)).await?;
        Ok(proof::words(&proof::page(page.as_str())))
    }
}

#[actix_web::test]
async fn an_office_without_a_node_gets_a_letter_and_what_it_says_of_it_is_noted() {
    each(|w| async move {
        let (person, _, id, sheet) = w.on_paper(&REFERRAL).await;
        let printed = Printed { organisation: "Centro Il Ponte".into() };
        let page = w.ponte.desk(move |r, tx| r.print_sheet(tx, BY, id, sheet, &printed)).await.unwrap();
        let page = proof::words(&proof::page(page.as_str()));
        let reference = page.split("Riferimento della persona: ").nth(1).unwrap()[..36].to_owned();
        let request = w.ponte.put_right(person, "Zzmaryam").await;
        let pass_on = || w.ponte.desk(|r, tx| r.pass_rectified_on(tx));
        assert_eq!(pass_on().await.unwrap(), 0, "no message");
        let letters = w.ponte.letters(request).await;
        assert_eq!(letters.len(), 1, "and she holds what she was told: everybody hears");
        let (letter, failed) = letters[0].clone();
        assert_eq!(failed, None);
        let task = w.ponte.to_be_passed_on(letter).await.unwrap();
        assert_eq!((task.case, task.peer), (Some(person.0), None), "of her case");
        let told = w.ponte.desk(move |_, tx| {
            let subject = crate::people::get(tx.conn(), person)?.subject;
            crate::grants::disclosures_about(tx.conn(), &[subject])
        });
        let told = told.await.unwrap().into_iter().find(|it| it.kind == "paper.rectification").unwrap();
        assert_eq!((told.ground.as_str(), told.groups, told.message.0), ("duty:legal_duty", set(&REFERRAL), letter));

        let printed = w.ponte.letter(person, letter).await.unwrap();
        assert!(
            printed.contains("Zzmaryam") && printed.contains(&reference) && printed.contains("Zzprato"),
            "{printed}"
        );
        assert!(!printed.contains("Zzawa"), "as it is right now");
        w.ponte.put_right(person, "Zzaltra").await;
        assert_eq!(w.ponte.letter(person, letter).await.unwrap(), printed, "a letter does not change");

        let sent = || {
            w.ponte
                .desk(move |r, tx| r.rectification_sent(tx, &seen(person), letter, parsed(json!({"channel": "pec"}))))
        };
        sent().await.unwrap();
        assert!(w.ponte.to_be_passed_on(letter).await.is_none(), "done by that");
        assert_eq!(code(sent().await), Code::Conflict);
        let said = || parsed(json!({"outcome": "corrected", "channel": "phone", "said_by": "Zzoperatrice"}));
        let answered = || {
            let said = said();
            w.ponte.desk(move |r, tx| r.rectification_answered(tx, &seen(person), letter, &said))
        };
        answered().await.unwrap();
        assert_eq!(code(answered().await), Code::Conflict);
        let stranger = PersonId(Uuid::from_u128(99));
        assert_eq!(code(w.ponte.letter(stranger, letter).await), Code::NotFound);
        assert_eq!(pass_on().await.unwrap(), 0);
        assert_eq!(w.ponte.letters(request).await.len(), 1, "once for each request");
    })
    .await;
}

#[actix_web::test]
async fn after_a_withdrawal_it_is_recalled_and_not_put_right() {
    each(|w| async move {
        let (person, _, id, _) = w.on_paper(&REFERRAL).await;
        let request = w.ponte.put_right(person, "Zzmaryam").await;
        w.ponte.desk(|r, tx| r.pass_rectified_on(tx)).await.unwrap();
        let (letter, _) = w.ponte.letters(request).await[0].clone();
        w.ponte.desk(move |r, tx| r.withdraw(tx, BY, id, parsed(json!("person")))).await.unwrap();
        assert_eq!(code(w.ponte.letter(person, letter).await), Code::Conflict, "what has not left stays");
        let second = w.ponte.put_right(person, "Zzaltra").await;
        w.ponte.desk(|r, tx| r.pass_rectified_on(tx)).await.unwrap();
        assert!(w.ponte.letters(second).await.is_empty());
    })
    .await;
}
