//! What goes at the recipient when a record is taken back, and what is kept: also of what came beside it.

use diesel::prelude::*;
use serde_json::json;
use staffetta_protocol::data::{CardUpdated, Data, ReferralInfoProvided};
use staffetta_protocol::id::RecordId;
use uuid::Uuid;

use super::rectified::{adjusted, answer, held, pass_on};
use super::world::{BY, Node, REFERRAL, World, each, parsed, seen, set};
use crate::consents::tree::{self, Sure};
use crate::people::{self, PersonId};
use crate::referrals::{Referrals, UPON_WITHDRAWAL};
use crate::store::schema::{holding, known_message, referral, referral_event};
use crate::store::{At, Conn, Id, Tx};
use crate::{cards, inbox, rights};

impl Node {
    /// The conversation of a referral.
    async fn thread_of(&self, id: Uuid) -> Uuid {
        let of = move |conn: &mut Conn| Ok(referral::table.find(Id(id)).select(referral::thread).first::<Id>(conn)?.0);
        self.store.read(of).await.unwrap()
    }

    /// How many messages of this type came in the conversation of a referral, whose bytes are held.
    async fn bytes_of(&self, from: &Node, id: Uuid, kind: &'static str) -> usize {
        let (thread, from) = (self.thread_of(id).await, from.id().clone());
        let kept = self.store.read(move |conn| inbox::came_in(conn, &from, thread)).await.unwrap();
        kept.into_iter().filter(|(_, of, is_held)| of == kind && *is_held).count()
    }

    /// How many parts of a card are held there, withheld ones too.
    async fn parts(&self, id: Uuid) -> usize {
        let thread = self.thread_of(id).await;
        self.store.read(move |conn| Ok(cards::parts_in(conn, thread)?.len())).await.unwrap()
    }

    /// How many answers in words stand in a referral.
    async fn events_with_words(&self, id: Uuid) -> i64 {
        let of = move |conn: &mut Conn| {
            let of = referral_event::table.filter(referral_event::referral.eq(Id(id)));
            let of = of.filter(referral_event::said.eq("provide_info")).filter(referral_event::sealed.is_not_null());
            Ok(of.count().get_result(conn)?)
        };
        self.store.read(of).await.unwrap()
    }

    /// Who she is here since she was taken on.
    async fn taken_on(&self, id: Uuid) -> PersonId {
        PersonId(self.look(id).await.summary.person.unwrap())
    }

    async fn label(&self, person: PersonId) -> String {
        let vault = self.vault();
        let label = self.store.read(move |conn| people::label_of(conn, &vault, person)).await.unwrap();
        label.unwrap().as_str().to_owned()
    }

    /// She asks for a right of hers and has no answer yet: she must not lose anything meanwhile.
    async fn asks(&self, person: PersonId) -> (Uuid, i32) {
        let asked = self.desk(move |r, tx| {
            let new = json!({"kind": "access", "channel": "in_person", "said_by": "person", "details": "Zz"});
            rights::receive(tx, r.outbox().vault(), &seen(person), parsed(new))
        });
        let asked = asked.await.unwrap();
        (asked.id, asked.version)
    }

    /// She has her answer, and the upkeep comes by.
    async fn has_answer(&self, person: PersonId, asked: (Uuid, i32)) {
        let act = move |r: &Referrals, tx: &mut Tx<'_>| {
            answer(tx, r.outbox(), person, asked, json!({"outcome": "granted"}))?;
            tree::pump(tx, r.outbox(), UPON_WITHDRAWAL, Sure { clock: true, keyring: true })
        };
        assert_eq!(self.desk(act).await.unwrap().thawed, 1);
    }
}

/// A referral of which a question was answered in words, taken on.
async fn answered(w: &World) -> (PersonId, RecordId, Uuid, Uuid) {
    let (person, record, here, there) = w.received(&REFERRAL).await;
    let ask = parsed(json!({"questions": ["Zzperch\u{e9}?"]}));
    w.cpi.desk(move |r, tx| r.request_info(tx, BY, there, ask)).await.unwrap();
    w.exchange().await;
    let answers = parsed(json!([{"question": 1, "text": "Zzsegreto"}]));
    w.ponte.desk(move |r, tx| r.provide_info(tx, BY, here, &set(&[]), answers)).await.unwrap();
    w.exchange().await;
    w.accept(there).await.unwrap();
    w.exchange().await;
    (person, record, here, there)
}

/// What the desk shows of the answers.
async fn words(at: &Node, id: Uuid) -> Vec<String> {
    let details = at.look(id).await.events.into_iter().filter_map(|event| event.detail);
    details.filter_map(|it| it["answers"][0]["text"].as_str().map(str::to_owned)).collect()
}

#[actix_web::test]
async fn what_was_put_right_goes_with_what_it_put_right() {
    each(|w| async move {
        let (person, (referral, adjustments), (_, there)) = adjusted(&w).await;
        w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        w.exchange().await;
        assert_eq!(held(&w.cpi, there).await, (Some("Zzmaryam".to_owned()), true));
        w.ponte.no_more(person, adjustments).await;
        w.exchange().await;
        assert_eq!(held(&w.cpi, there).await, (Some("Zzmaryam".to_owned()), false), "of one message a part goes");
        assert_eq!(w.cpi.bytes_of(&w.ponte, there, CardUpdated::TYPE).await, 0);
        w.ponte.no_more(person, referral).await;
        w.exchange().await;
        assert!(w.cpi.look(there).await.card.is_none(), "and the rest");
        assert_eq!(w.cpi.parts(there).await, 0);
    })
    .await;
}

#[actix_web::test]
async fn what_was_put_right_of_another_record_stays() {
    each(|w| async move {
        let (person, (referral, _), (_, there)) = adjusted(&w).await;
        w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        w.exchange().await;
        w.ponte.no_more(person, referral).await;
        w.exchange().await;
        assert_eq!(held(&w.cpi, there).await, (None, true), "nobody took the adjustments back");
    })
    .await;
}

#[actix_web::test]
async fn what_was_put_right_is_withheld_with_what_it_put_right() {
    each(|w| async move {
        let (person, (_, adjustments), (_, there)) = adjusted(&w).await;
        w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        w.exchange().await;
        let hers = w.cpi.taken_on(there).await;
        let asked = w.cpi.asks(hers).await;
        let before = w.cpi.parts(there).await;
        w.ponte.no_more(person, adjustments).await;
        w.exchange().await;
        assert_eq!(held(&w.cpi, there).await, (Some("Zzmaryam".to_owned()), false));
        assert_eq!(w.cpi.parts(there).await, before, "kept, and shown to nobody");
        w.cpi.has_answer(hers, asked).await;
        assert_eq!(w.cpi.parts(there).await, before - 2, "both versions of it");
        assert_eq!(held(&w.cpi, there).await, (Some("Zzmaryam".to_owned()), false));
    })
    .await;
}

async fn answers_go(w: &World, (person, record, there): (PersonId, RecordId, Uuid)) {
    w.ponte.no_more(person, record).await;
    w.exchange().await;
    assert!(words(&w.cpi, there).await.is_empty());
    assert_eq!(w.cpi.bytes_of(&w.ponte, there, ReferralInfoProvided::TYPE).await, 0);
    assert_eq!(w.cpi.events_with_words(there).await, 0);
}

#[actix_web::test]
async fn answers_in_words_go_with_the_referral() {
    each(|w| async move {
        let (person, record, _, there) = answered(&w).await;
        assert_eq!(words(&w.cpi, there).await, ["Zzsegreto"]);
        answers_go(&w, (person, record, there)).await;
    })
    .await;
}

#[actix_web::test]
async fn answers_in_words_that_were_noted_under_no_record_go_too() {
    each(|w| async move {
        let (person, record, _, there) = answered(&w).await;
        noted_under_none(&w).await;
        answers_go(&w, (person, record, there)).await;
    })
    .await;
}

/// They were noted under no record once.
async fn noted_under_none(w: &World) {
    let all = |_: &Referrals, tx: &mut Tx<'_>| {
        Ok(diesel::delete(holding::table.filter(holding::groups.eq(""))).execute(tx.conn())?)
    };
    assert_eq!(w.cpi.desk(all).await.unwrap(), 1);
}

#[actix_web::test]
async fn answers_in_words_go_too_when_the_bytes_that_brought_them_are_gone() {
    each(|w| async move {
        let (person, record, _, there) = answered(&w).await;
        noted_under_none(&w).await;
        let bytes = |_: &Referrals, tx: &mut Tx<'_>| {
            let of = known_message::table.filter(known_message::kind.eq(ReferralInfoProvided::TYPE));
            Ok(diesel::update(of).set(known_message::sealed.eq(None::<Vec<u8>>)).execute(tx.conn())?)
        };
        assert_eq!(w.cpi.desk(bytes).await.unwrap(), 1);
        assert_eq!(words(&w.cpi, there).await, ["Zzsegreto"]);
        answers_go(&w, (person, record, there)).await;
    })
    .await;
}

#[actix_web::test]
async fn answers_in_words_noted_under_no_record_are_withheld_though_a_preview_stands() {
    each(|w| async move {
        let (person, record, here, there) = answered(&w).await;
        noted_under_none(&w).await;
        // A preview came ahead of it, on a yes of its own.
        let preview = |_: &Referrals, tx: &mut Tx<'_>| {
            let (peer, subject, thread, until): (String, Id, Option<Id>, At) = holding::table
                .select((holding::peer, holding::subject, holding::thread, holding::not_after))
                .first(tx.conn())?;
            let row = (
                (holding::message.eq(Id(Uuid::new_v4())), holding::peer.eq(peer), holding::subject.eq(subject)),
                (holding::thread.eq(thread), holding::purpose.eq("P1"), holding::groups.eq("g.preview")),
                (holding::record.eq(Id(Uuid::new_v4())), holding::record_seq.eq(1), holding::not_after.eq(until)),
                (holding::at.eq(At::from(tx.now())), holding::turn.eq(0)),
            );
            Ok(diesel::insert_into(holding::table).values(row).execute(tx.conn())?)
        };
        assert_eq!(w.cpi.desk(preview).await.unwrap(), 1);
        let hers = w.cpi.taken_on(there).await;
        w.cpi.asks(hers).await;
        w.ponte.no_more(person, record).await;
        w.exchange().await;
        assert_eq!(w.cpi.events_with_words(there).await, 1, "kept");
        assert!(words(&w.cpi, there).await.is_empty(), "and shown to nobody");
        assert_eq!(words(&w.ponte, here).await, ["Zzsegreto"]);
    })
    .await;
}

#[actix_web::test]
async fn answers_in_words_are_withheld_while_she_must_not_lose_them() {
    each(|w| async move {
        let (person, record, here, there) = answered(&w).await;
        let hers = w.cpi.taken_on(there).await;
        let asked = w.cpi.asks(hers).await;
        w.ponte.no_more(person, record).await;
        w.exchange().await;
        assert!(words(&w.cpi, there).await.is_empty(), "shown to nobody");
        assert_eq!(w.cpi.events_with_words(there).await, 1, "and kept");
        w.cpi.has_answer(hers, asked).await;
        assert_eq!(w.cpi.events_with_words(there).await, 0);
        assert_eq!(words(&w.ponte, here).await, ["Zzsegreto"], "whoever said it keeps its own words");
    })
    .await;
}

#[actix_web::test]
async fn what_the_office_keeps_by_law_is_kept_also_of_what_was_withheld() {
    each(|w| async move {
        let (person, record, _, there) = w.in_charge(&REFERRAL).await;
        let did = parsed(json!({"state": "active", "date": "2026-11-20"}));
        w.cpi.desk(move |r, tx| r.record_did(tx, BY, there, did, Some(0))).await.unwrap();
        w.exchange().await;
        let hers = w.cpi.taken_on(there).await;
        let asked = w.cpi.asks(hers).await;
        w.ponte.no_more(person, record).await;
        w.exchange().await;
        assert!(w.cpi.look(there).await.card.is_none());
        w.cpi.has_answer(hers, asked).await;
        let vault = w.cpi.vault();
        let own =
            w.cpi.store.read(move |conn| cards::current(conn, &vault, hers)).await.unwrap().expect("a card of hers");
        assert_eq!(serde_json::to_value(own.card.given_names).unwrap(), "Zzawa");
        assert_eq!(w.cpi.label(hers).await, "Zzawa");
        assert_eq!(w.cpi.parts(there).await, 0);
    })
    .await;
}

#[actix_web::test]
async fn her_name_goes_also_after_it_was_withheld() {
    each(|w| async move {
        let (person, record, _, there) = w.in_charge(&REFERRAL).await;
        let hers = w.cpi.taken_on(there).await;
        let asked = w.cpi.asks(hers).await;
        w.ponte.no_more(person, record).await;
        w.exchange().await;
        w.cpi.has_answer(hers, asked).await;
        assert_eq!(w.cpi.label(hers).await, "Persona senza nome");
    })
    .await;
}

#[actix_web::test]
async fn her_name_goes_also_where_another_came_since() {
    each(|w| async move {
        let (person, record, _, there) = w.in_charge(&REFERRAL).await;
        let hers = w.cpi.taken_on(there).await;
        w.ponte.put_right(person, "Zzmaryam").await;
        assert_eq!(pass_on(&w.ponte).await, 1);
        w.exchange().await;
        assert_eq!(w.cpi.label(hers).await, "Zzawa", "as staff entered her");
        w.ponte.no_more(person, record).await;
        w.exchange().await;
        assert_eq!(w.cpi.label(hers).await, "Persona senza nome");
    })
    .await;
}
