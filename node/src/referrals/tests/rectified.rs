//! What was put right, at an office without a node: by letter, which is a task until it went out.

use serde_json::json;
use staffetta_protocol::card::Card;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::world::{BY, Node, REFERRAL, World, code, each, parsed, seen, set};
use crate::cards;
use crate::people::PersonId;
use crate::referrals::paper::{Answered, Printed, SheetKind};
use crate::rights::{self, Means, RightOutcome, Rights};
use crate::store::schema::{outbox, rectification, referral as stored};
use crate::store::{At, Id};
use crate::tasks::{self, Kind, TaskRow};
use crate::web::html::proof;
use diesel::prelude::*;

/// Answers what she asked for as a right of hers.
pub(super) fn answer(
    tx: &mut crate::store::Tx<'_>,
    outbox: &crate::outbox::Outbox,
    person: PersonId,
    asked: (Uuid, i32),
    said: serde_json::Value,
) -> crate::error::Result<rights::Request> {
    let towards = |_: &_| unreachable!("nobody is told by a message");
    let means = Means { rights: Rights { holdings: &[], threads_ended: |_, _| Ok(()) }, outbox, towards: &towards };
    rights::answer(tx, &means, &seen(person), asked, parsed(said))
}

impl Node {
    /// Her name is put right at her request, and everybody who holds it is to hear.
    pub(super) async fn put_right(&self, person: PersonId, name: &'static str) -> Uuid {
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
            let said = json!({"outcome": "granted", "card_version": put.version});
            let answered = answer(tx, outbox, person, (asked.id, asked.version), said)?;
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

/// A referral that was taken on, and beside it a yes for what a workplace must adjust, which went, too.
pub(super) async fn adjusted(w: &World) -> (PersonId, (RecordId, RecordId), (Uuid, Uuid)) {
    let (person, referral, here, there) = w.in_charge(&REFERRAL).await;
    w.ponte.with_adjustments(person).await;
    let adjustments = w.ponte.yes(person, Purpose::P10, &[Group::Adjustments]).await;
    w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Adjustments]), false)).await.unwrap();
    w.exchange().await;
    (person, (referral, adjustments), (here, there))
}

pub(super) async fn pass_on(at: &Node) -> usize {
    at.desk(|r, tx| r.pass_rectified_on(tx)).await.unwrap()
}

/// What she is called at the job centre, and whether it has something to adjust.
pub(super) async fn held(at: &Node, there: Uuid) -> (Option<String>, bool) {
    let groups = at.look(there).await.card.unwrap().groups;
    let name = groups.identity.map(|it| serde_json::to_value(it.given_names).unwrap().as_str().unwrap().to_owned());
    (name, groups.adjustments.is_some())
}

#[actix_web::test]
async fn a_letter_does_not_leave_with_what_was_taken_back_after_the_end() {
    each(|w| async move {
        let (person, record, id, _) = w.on_paper(&REFERRAL).await;
        let at = json!({"at": "2026-12-01T09:00:00Z", "place": "CPI, via Zzmark 1", "language": "fra"});
        let accepted = json!({"appointment": {"kind": "fixed", "appointment": at}, "already_known": true});
        for (said, what) in [
            ("accepted", accepted),
            ("progressed", json!({"kind": "first_contact", "on": "2026-12-01"})),
            ("closed", json!({"outcome": "moved", "on": "2026-12-01"})),
        ] {
            let by_hand = json!({"channel": "phone", "said_by": "Zzoperatrice"});
            let answer: Answered = parsed(json!({"by_hand": by_hand, said: what}));
            w.ponte.desk(move |r, tx| r.answered_on_paper(tx, BY, id, &answer)).await.unwrap();
        }
        let request = w.ponte.put_right(person, "Zzmaryam").await;
        pass_on(&w.ponte).await;
        let (letter, _) = w.ponte.letters(request).await[0].clone();
        assert!(w.ponte.letter(person, letter).await.is_ok());
        w.ponte.no_more(person, record).await;
        assert_eq!(w.ponte.state(id).await, Some("closed"));
        assert_eq!(code(w.ponte.letter(person, letter).await), Code::Conflict);
    })
    .await;
}

#[actix_web::test]
async fn after_the_end_what_was_taken_back_is_not_put_right_any_more() {
    each(|w| async move {
        let (person, record, here, there) = w.in_charge(&REFERRAL).await;
        let done = parsed(json!({"kind": "first_contact", "on": "2026-12-01"}));
        w.cpi.desk(move |r, tx| r.progress(tx, BY, there, done)).await.unwrap();
        let end = parsed(json!({"outcome": "moved", "on": "2026-12-01"}));
        w.cpi.desk(move |r, tx| r.close(tx, BY, there, end)).await.unwrap();
        w.exchange().await;
        w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1, "closed is not taken back");
        w.exchange().await;
        w.ponte.no_more(person, record).await;
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("closed"));
        let request = w.ponte.put_right(person, "Zzaltra").await;
        assert_eq!(pass_on(&w.ponte).await, 0, "it is recalled");
        assert!(w.ponte.letters(request).await.is_empty());
        let by_hand = |r: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>, here| {
            r.update_card(tx, BY, here, &set(&[Group::Identity]), true)
        };
        let by_hand = w.ponte.desk(move |r, tx| by_hand(r, tx, here)).await;
        assert_eq!(code(by_hand), Code::SectionNotCovered);
        assert!(w.ponte.carry(&w.cpi).await.is_empty());
    })
    .await;
}

#[actix_web::test]
async fn what_was_taken_back_holds_up_nothing_else_that_is_put_right() {
    each(|w| async move {
        let (person, (_, adjustments), (here, there)) = adjusted(&w).await;
        w.ponte.no_more(person, adjustments).await;
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("accepted"));
        w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        assert_eq!(w.ponte.carry(&w.cpi).await, ["accepted"]);
        assert_eq!(held(&w.cpi, there).await, (Some("Zzmaryam".to_owned()), false));
    })
    .await;
}

#[actix_web::test]
async fn what_waits_to_be_put_right_leaves_without_what_is_taken_back_meanwhile() {
    each(|w| async move {
        let (person, (referral, adjustments), (_, there)) = adjusted(&w).await;
        let request = w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        w.ponte.no_more(person, adjustments).await;
        assert_eq!(w.ponte.carry(&w.cpi).await, ["accepted"], "the withdrawal, and nothing else");
        assert_eq!(held(&w.cpi, there).await, (Some("Zzawa".to_owned()), false));
        assert_eq!(
            (pass_on(&w.ponte).await, pass_on(&w.ponte).await),
            (1, 0),
            "what still may go is queued anew, once"
        );
        w.exchange().await;
        assert_eq!(held(&w.cpi, there).await, (Some("Zzmaryam".to_owned()), false));
        assert_eq!(w.ponte.letters(request).await.len(), 1, "one line for each who is told");

        w.ponte.put_right(person, "Zzaltra").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        drop(w.ponte.lease(&w.cpi).await.unwrap());
        w.ponte.no_more(person, referral).await;
        w.clock.advance(chrono::TimeDelta::minutes(5));
        assert_eq!(w.ponte.carry(&w.cpi).await, ["voided", "accepted"]);
        assert_eq!(pass_on(&w.ponte).await, 0, "nothing is left that may go");
    })
    .await;
}

#[actix_web::test]
async fn what_is_put_right_is_judged_again_when_it_leaves() {
    each(|w| async move {
        let (person, record, ..) = w.in_charge(&REFERRAL).await;
        w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        // As where the withdrawal could not see the message that another act was queueing.
        w.ponte.desk(move |r, tx| crate::grants::tombstone(tx, r.outbox().entity_id(), record, 1)).await.unwrap();
        assert!(w.ponte.carry(&w.cpi).await.is_empty());
    })
    .await;
}

/// How much was ever queued, and when the referral moved last.
async fn queued(at: &Node, referral: Uuid) -> (i64, At) {
    let of = move |conn: &mut crate::store::Conn| {
        let moved = stored::table.find(Id(referral)).select(stored::updated_at).first(conn)?;
        Ok((outbox::table.count().get_result(conn)?, moved))
    };
    at.store.read(of).await.unwrap()
}

/// What waited to be put right stopped like this, without its ground having ended; with each upkeep from then on nothing goes.
async fn stays(w: &World, here: Uuid, request: Uuid, code: &str) {
    let before = queued(&w.ponte, here).await;
    for _ in 0..3 {
        w.clock.advance(chrono::TimeDelta::minutes(5));
        assert_eq!(pass_on(&w.ponte).await, 0, "{code}");
    }
    assert_eq!(queued(&w.ponte, here).await, before, "{code}: nothing is queued, and nothing moves");
    let rows = w.ponte.letters(request).await;
    assert_eq!((rows.len(), rows[0].1.as_deref()), (1, Some(code)));
    let task = w.ponte.to_be_passed_on(rows[0].0).await.expect("somebody tells it in another way");
    assert_eq!(task.code.as_deref(), Some(code));
}

#[actix_web::test]
async fn what_a_member_that_is_out_does_not_get_is_a_task_and_not_queued_anew() {
    each(|w| async move {
        let (person, _, here, _) = w.in_charge(&REFERRAL).await;
        let request = w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        let cpi = w.cpi.id().clone();
        let out = move |r: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>| {
            let struck = crate::outbox::abandon(tx, &cpi, 100)?;
            crate::referrals::settled(tx, r.outbox(), &struck)
        };
        w.ponte.desk(out).await.unwrap();
        stays(&w, here, request, "member_out").await;
    })
    .await;
}

#[actix_web::test]
async fn what_is_put_right_and_refused_is_a_task_and_not_queued_anew() {
    each(|w| async move {
        let (person, _, here, _) = w.in_charge(&REFERRAL).await;
        for (state, why) in [("refused", "voided"), ("refused", "section_not_covered"), ("struck", "not_held")] {
            let request = w.ponte.put_right(person, "Zzmaryam").await;
            assert_eq!(pass_on(&w.ponte).await, 1);
            w.exchange().await;
            let as_it_stands = move |_: &crate::referrals::Referrals, tx: &mut crate::store::Tx<'_>| {
                let row = rectification::table.filter(rectification::request.eq(Id(request)));
                let message: Option<Id> = row.select(rectification::message).first(tx.conn())?;
                let of = outbox::table.filter(outbox::message.nullable().eq(message));
                diesel::update(of).set((outbox::state.eq(state), outbox::code.eq(why))).execute(tx.conn())?;
                Ok(())
            };
            w.ponte.desk(as_it_stands).await.unwrap();
            stays(&w, here, request, why).await;
        }
    })
    .await;
}

#[actix_web::test]
async fn a_letter_of_which_a_part_was_taken_back_leaves_with_the_rest() {
    each(|w| async move {
        let (person, record, id, _) = w.on_paper(&REFERRAL).await;
        let at = json!({"at": "2026-12-01T09:00:00Z", "place": "CPI, via Zzmark 1", "language": "fra"});
        let accepted: Answered = parsed(json!({
            "by_hand": {"channel": "phone", "said_by": "Zzoperatrice"},
            "accepted": {"appointment": {"kind": "fixed", "appointment": at}, "already_known": true}
        }));
        w.ponte.desk(move |r, tx| r.answered_on_paper(tx, BY, id, &accepted)).await.unwrap();
        let contact = w.ponte.yes(person, Purpose::P2, &[Group::Contact]).await;
        w.ponte.desk(move |r, tx| r.make_sheet(tx, BY, id, SheetKind::Contact, None)).await.unwrap();
        let request = w.ponte.put_right(person, "Zzmaryam").await;
        pass_on(&w.ponte).await;
        let (first, _) = w.ponte.letters(request).await[0].clone();
        let page = w.ponte.letter(person, first).await.unwrap();
        assert!(page.contains("Zzmaryam") && page.contains("+393331234567"), "{page}");

        w.ponte.no_more(person, contact).await;
        assert_eq!(w.ponte.state(id).await, Some("accepted"));
        let sent = |letter| {
            w.ponte
                .desk(move |r, tx| r.rectification_sent(tx, &seen(person), letter, parsed(json!({"channel": "pec"}))))
        };
        assert_eq!(code(w.ponte.letter(person, first).await), Code::Conflict);
        assert_eq!(code(sent(first).await), Code::Conflict, "nor is it noted as sent, and printed after all");
        assert!(w.ponte.to_be_passed_on(first).await.is_some());
        pass_on(&w.ponte).await;
        let letters = w.ponte.letters(request).await;
        assert_eq!((letters.len(), letters[0].1.as_deref()), (1, None), "one line for each who is told");
        let second = letters[0].0;
        assert_ne!(second, first, "a letter does not change: it is another one");
        assert_eq!(code(w.ponte.letter(person, first).await), Code::NotFound);
        assert!(w.ponte.to_be_passed_on(first).await.is_none() && w.ponte.to_be_passed_on(second).await.is_some());
        let page = w.ponte.letter(person, second).await.unwrap();
        assert!(page.contains("Zzmaryam") && !page.contains("+393331234567"), "{page}");
        pass_on(&w.ponte).await;
        assert_eq!(w.ponte.letters(request).await, letters, "made once");
        sent(second).await.unwrap();

        let request = w.ponte.put_right(person, "Zzaltra").await;
        pass_on(&w.ponte).await;
        let (third, _) = w.ponte.letters(request).await[0].clone();
        w.ponte.no_more(person, record).await;
        pass_on(&w.ponte).await;
        assert!(w.ponte.to_be_passed_on(third).await.is_none(), "nothing is left to send");
        assert_eq!(code(w.ponte.letter(person, third).await), Code::Conflict);
        assert_eq!(code(sent(third).await), Code::Conflict);
        assert!(w.ponte.letter(person, second).await.is_ok(), "what left is shown as it left");
    })
    .await;
}
