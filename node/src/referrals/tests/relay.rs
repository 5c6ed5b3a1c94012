//! The path as it should go, and what each side may not do on it.

use diesel::prelude::*;
use serde_json::json;
use staffetta_protocol::card::List;
use staffetta_protocol::consent::{Group, Purpose};
use staffetta_protocol::id::MessageId;
use staffetta_protocol::problem::Code;
use staffetta_protocol::receipt::Outcome;
use uuid::Uuid;

use super::world::{BY, Node, REFERRAL, accepted, code, each, parsed, seen, set, with_contact};
use crate::outbox::Settlement;
use crate::referrals::model::known::KnownPerson;
use crate::referrals::{Sending, ToldHow, events, settled};
use crate::store::schema::outbox;
use crate::store::{Conn, Id, Tx};

#[actix_web::test]
async fn a_preview_a_referral_an_appointment_and_an_outcome() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
        let here = w.draft(person).await;
        assert_eq!(
            code(w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await),
            Code::ConsentNotValid
        );
        w.ponte.desk(move |r, tx| r.send_preview(tx, BY, here)).await.unwrap();
        w.exchange().await;
        let there = w.cpi.only().await;
        let seen = w.cpi.look(there).await;
        assert_eq!((seen.summary.state, seen.summary.preview.state), (None, "sent"));
        let card = seen.card.unwrap().groups;
        assert!(card.preview.is_some() && card.identity.is_none());

        let answer = parsed(json!({"answer": {"kind": "send_referral"}, "likely": ["internship"]}));
        w.cpi.desk(move |r, tx| r.answer_preview(tx, BY, there, answer)).await.unwrap();
        w.exchange().await;
        let mine = w.ponte.look(here).await;
        assert_eq!(mine.summary.preview.state, "send_referral");
        assert!(mine.summary.telling.is_some());
        w.ponte.desk(move |r, tx| r.tell_person(tx, BY, here, ToldHow::WithMediator)).await.unwrap();
        let again = w.ponte.desk(move |r, tx| r.tell_person(tx, BY, here, ToldHow::Phone)).await;
        assert_eq!(code(again), Code::Conflict);

        w.ponte.yes(person, Purpose::P2, &with_contact()).await;
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &Sending::default())).await.unwrap();
        let mine = w.ponte.look(here).await;
        assert_eq!((mine.summary.state, mine.summary.transport.state), (Some("sent"), "queued"));
        w.exchange().await;
        let (mine, seen) = (w.ponte.look(here).await, w.cpi.look(there).await);
        assert_eq!((mine.summary.state, mine.summary.transport.state), (Some("received"), "delivered"));
        assert_eq!(seen.summary.state, Some("received"));
        assert_eq!(seen.summary.decision_due_at, mine.summary.decision_due_at);
        assert!(seen.card.unwrap().groups.contact.is_none());

        w.accept(there).await.unwrap();
        w.exchange().await;
        let seen = w.cpi.look(there).await;
        let contact = seen.card.unwrap().groups.contact.expect("released after acceptance");
        assert_eq!(contact.phone.len(), 1);
        assert_eq!(seen.summary.decision_due_at, None);
        let mine = w.ponte.look(here).await;
        assert_eq!(mine.summary.state, Some("accepted"));
        let answer = mine.events.iter().find(|event| event.event == "accept").unwrap();
        let appointment = &answer.detail.as_ref().unwrap()["appointment"]["appointment"];
        assert_eq!(appointment["place"], "CPI, via Zzmark 1");

        for step in [
            json!({"kind": "first_contact", "on": "2026-12-01"}),
            json!({"kind": "patto_signed", "on": "2026-12-01"}),
            json!({"kind": "pathway_opened", "pathway": "internship", "on": "2026-12-02"}),
        ] {
            let step = parsed(step);
            w.cpi.desk(move |r, tx| r.progress(tx, BY, there, step)).await.unwrap();
        }
        let end = parsed(json!({"outcome": "internship", "on": "2027-02-01"}));
        w.cpi.desk(move |r, tx| r.close(tx, BY, there, end)).await.unwrap();
        w.exchange().await;
        let mine = w.ponte.look(here).await;
        assert_eq!((mine.summary.state, mine.summary.overdue), (Some("closed"), false));
        let said: Vec<_> = mine.events.iter().map(|event| event.event).collect();
        let all = [
            "send_preview",
            "preview_answered",
            "send",
            "accept",
            "contact_released",
            "first_contact",
            "patto_signed",
            "pathway_opened",
            "close",
        ];
        assert_eq!(said, all);
        assert_eq!(mine.allowed, ["reopen"]);
    })
    .await;
}

#[actix_web::test]
async fn both_in_one_act_and_no_contact_without_its_own_yes() {
    each(|w| async move {
        let person = w.ponte.person().await;
        w.ponte.yes(person, Purpose::P1, &[Group::Preview]).await;
        w.ponte.yes(person, Purpose::P2, &REFERRAL).await;
        let here = w.draft(person).await;
        let both = Sending { with_preview: true, ..Sending::default() };
        w.ponte.desk(move |r, tx| r.send(tx, BY, here, &both)).await.unwrap();
        w.exchange().await;
        let there = w.cpi.only().await;
        assert_eq!(w.cpi.look(there).await.summary.preview.state, "sent");
        let early = w.ponte.desk(move |r, tx| r.release_contacts(tx, BY, here)).await;
        assert_eq!(code(early), Code::IllegalTransition);
        w.accept(there).await.unwrap();
        w.exchange().await;
        assert!(w.cpi.look(there).await.card.unwrap().groups.contact.is_none());
        let ungranted = w.ponte.desk(move |r, tx| r.release_contacts(tx, BY, here)).await;
        assert_eq!(code(ungranted), Code::SectionNotCovered);
        w.ponte.yes(person, Purpose::P2, &[Group::Contact]).await;
        w.ponte.desk(move |r, tx| r.release_contacts(tx, BY, here)).await.unwrap();
        w.exchange().await;
        assert!(w.cpi.look(there).await.card.unwrap().groups.contact.is_some());
    })
    .await;
}

#[actix_web::test]
async fn what_formal_acts_demand_goes_on_its_own_yes_and_adjustments_under_theirs() {
    each(|w| async move {
        let (person, _, here, there) = w.received(&REFERRAL).await;
        let ask = |groups: &[Group]| set(groups);
        let both = ask(&[Group::Documents, Group::Formalities]);
        let early = both.clone();
        let refused = w.ponte.desk(move |r, tx| r.release(tx, BY, here, &early)).await;
        assert_eq!(code(refused), Code::IllegalTransition);
        w.accept(there).await.unwrap();
        w.exchange().await;
        let ungranted = both.clone();
        let refused = w.ponte.desk(move |r, tx| r.release(tx, BY, here, &ungranted)).await;
        assert_eq!(code(refused), Code::SectionNotCovered);
        w.ponte.yes(person, Purpose::P2, &[Group::Documents]).await;
        w.ponte.yes(person, Purpose::P2, &[Group::Formalities]).await;
        let nothing = both.clone();
        let refused = w.ponte.desk(move |r, tx| r.release(tx, BY, here, &nothing)).await;
        assert_eq!(code(refused), Code::InvalidInput, "the card says nothing of it");
        let vault = w.ponte.outbox.vault().clone();
        let more = move |tx: &mut crate::store::Tx<'_>| {
            let held = crate::cards::current(tx.conn(), &vault, person)?.unwrap();
            let mut card = held.card;
            card.permit_number = Some(parsed(json!("Zz123")));
            card.asylum_application_date = Some(parsed(json!("2026-01-02")));
            let permit = parsed(json!({"type": "permit", "expires": "2027-03-31", "held_by": "person", "label": "Zz"}));
            crate::documents::enter(tx, &vault, &seen(person), &permit)?;
            card.workplace_adjustments = parsed(json!([{"kind": "no_nights"}]));
            card.unemployment_months = Some(parsed(json!(7)));
            crate::cards::put(tx, &vault, &seen(person), card, held.version)
        };
        w.ponte.store.write(more).await.unwrap();
        let sent = w.ponte.desk(move |r, tx| r.release(tx, BY, here, &both)).await.unwrap();
        assert_eq!(sent.len(), 2, "each under its own yes");
        w.exchange().await;
        let shown = w.cpi.look(there).await.card.unwrap().groups;
        assert_eq!(shown.formalities.as_ref().unwrap().permit_number.as_ref().unwrap().as_str(), "Zz123");
        let papers = serde_json::to_value(shown.documents.as_ref().unwrap()).unwrap();
        let permit = json!({"type": "permit", "expires": "2027-03-31", "held_by": "person"});
        assert_eq!(papers["documents"], json!([permit]), "what was entered, without what staff call it");
        assert!(!serde_json::to_string(&shown).unwrap().contains("2026-01-02"));

        let adjustments = ask(&[Group::Adjustments]);
        let later = adjustments.clone();
        let refused = w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &later, false)).await;
        assert_eq!(code(refused), Code::ConsentNotValid);
        let other = ask(&[Group::Adjustments]);
        assert!(w.ponte.desk(move |r, tx| r.release(tx, BY, here, &other)).await.is_err(), "not by this door");
        w.ponte.yes(person, Purpose::P10, &[Group::Adjustments]).await;
        w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &adjustments, false)).await.unwrap();
        w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Status]), false)).await.unwrap();
        w.exchange().await;
        let shown = w.cpi.look(there).await.card.unwrap().groups;
        assert_eq!(shown.adjustments.unwrap().workplace_adjustments.len(), 1);
        let months = shown.status.unwrap().unemployment_months.map(|months| months.get());
        assert_eq!(months, Some(7), "after acceptance the later fields of the group cross too");
    })
    .await;
}

#[actix_web::test]
async fn declined_with_a_reason_and_taken_up_again() {
    each(|w| async move {
        let (_, _, here, there) = w.received(&REFERRAL).await;
        let no = parsed(json!({"reason": "no_capacity", "text": "Zzpieno", "suggestion": {"label": "CPI Zzaltro"}}));
        w.cpi.desk(move |r, tx| r.decline(tx, BY, there, no)).await.unwrap();
        let late = w.cpi.desk(move |r, tx| r.accept(tx, BY, there, accepted().appointment, false)).await;
        assert_eq!(code(late), Code::IllegalTransition);
        w.exchange().await;
        let mine = w.ponte.look(here).await;
        assert_eq!(mine.summary.state, Some("declined"));
        assert_eq!(mine.events.last().unwrap().detail.as_ref().unwrap()["reason"], "no_capacity");
        w.ponte.desk(move |r, tx| r.reopen(tx, BY, here)).await.unwrap();
        w.exchange().await;
        assert_eq!(w.cpi.state(there).await, Some("received"));
        assert!(w.cpi.look(there).await.summary.decision_due_at.is_some());
        w.accept(there).await.unwrap();
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("accepted"));
    })
    .await;
}

#[actix_web::test]
async fn questions_and_answers() {
    each(|w| async move {
        let (_, _, here, there) = w.received(&REFERRAL).await;
        let ask = parsed(json!({"fields": ["work_authorised_until"], "questions": ["Zzquando?"]}));
        w.cpi.desk(move |r, tx| r.request_info(tx, BY, there, ask)).await.unwrap();
        w.exchange().await;
        let mine = w.ponte.look(here).await;
        assert_eq!((mine.summary.state, mine.summary.decision_due_at), (Some("info_requested"), None));
        let beyond = set(&[Group::Needs]);
        let refused = w.ponte.desk(move |r, tx| r.provide_info(tx, BY, here, &beyond, List::none())).await;
        assert_eq!(code(refused), Code::SectionNotCovered);
        let nothing = w.ponte.desk(move |r, tx| r.provide_info(tx, BY, here, &set(&[]), List::none())).await;
        assert_eq!(code(nothing), Code::InvalidInput);
        let answers = parsed(json!([{"question": 1, "text": "Zzdomani"}]));
        w.ponte.desk(move |r, tx| r.provide_info(tx, BY, here, &set(&[Group::Status]), answers)).await.unwrap();
        w.exchange().await;
        let seen = w.cpi.look(there).await;
        assert_eq!(seen.summary.state, Some("received"));
        assert_eq!(seen.events.last().unwrap().detail.as_ref().unwrap()["answers"][0]["text"], "Zzdomani");
    })
    .await;
}

#[actix_web::test]
async fn want_of_contact_asks_for_three_missed_appointments() {
    each(|w| async move {
        let (_, _, here, there) = w.in_charge(&REFERRAL).await;
        let end = || parsed(json!({"outcome": "no_contact", "on": "2026-12-20"}));
        for number in 1..=3 {
            let early = w.cpi.desk(move |r, tx| r.close(tx, BY, there, end())).await;
            assert_eq!(code(early), Code::IllegalTransition);
            let missed = parsed(json!({"kind": "no_show", "number": number, "on": "2026-12-01"}));
            w.cpi.desk(move |r, tx| r.progress(tx, BY, there, missed)).await.unwrap();
        }
        w.cpi.desk(move |r, tx| r.close(tx, BY, there, end())).await.unwrap();
        w.exchange().await;
        assert_eq!(w.ponte.state(here).await, Some("closed"));
    })
    .await;
}

#[actix_web::test]
async fn whom_the_office_knows_is_said_and_by_whom_else_is_not() {
    each(|w| async move {
        let known = w.cpi.person().await;
        let (_, _, here, there) = w.received(&REFERRAL).await;
        let candidates = w.cpi.look(there).await.known_person.unwrap().candidates;
        assert_eq!(candidates.iter().map(|one| one.person).collect::<Vec<_>>(), [known.0]);
        let nobody = w.cpi.desk(move |r, tx| r.choose_known(tx, BY, there, KnownPerson::Same, None)).await;
        assert_eq!(code(nobody), Code::InvalidInput);
        w.cpi.desk(move |r, tx| r.choose_known(tx, BY, there, KnownPerson::Same, Some(known))).await.unwrap();
        w.accept(there).await.unwrap();
        w.exchange().await;
        assert_eq!(w.ponte.look(here).await.already_known, Some(true));
    })
    .await;
}

#[actix_web::test]
async fn a_second_open_referral_to_the_same_node_is_warned_of() {
    each(|w| async move {
        let (person, _, _, _) = w.received(&REFERRAL).await;
        let draft = w.new_draft(person);
        let again = draft.clone();
        assert_eq!(code(w.ponte.desk(move |r, tx| r.draft(tx, BY, &draft)).await), Code::AlreadyExists);
        let meant = crate::referrals::Draft { confirm_duplicate: true, ..again };
        let second = w.ponte.desk(move |r, tx| r.draft(tx, BY, &meant)).await.unwrap();
        w.ponte.desk(move |r, tx| r.send(tx, BY, second, &Sending::default())).await.unwrap();
        w.exchange().await;
        assert_eq!(w.cpi.list().await.len(), 2);
    })
    .await;
}

#[actix_web::test]
async fn the_recipients_copy_is_kept_right() {
    each(|w| async move {
        let (person, record, here, there) = w.received(&REFERRAL).await;
        let contact = set(&[Group::Contact]);
        let early = w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &contact, false)).await;
        assert_eq!(code(early), Code::SectionNotCovered);
        w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Status]), false)).await.unwrap();
        w.exchange().await;
        assert_eq!(w.cpi.look(there).await.events.last().unwrap().event, "card_updated");
        let unheld = w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Needs]), true)).await;
        assert_eq!(code(unheld), Code::SectionNotCovered);
        w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Identity]), true)).await.unwrap();
        assert_eq!(kept_and_deciding(&w.ponte, here).await, (3, 2), "what has not arrived may still change something");
        w.exchange().await;
        assert_eq!(kept_and_deciding(&w.ponte, here).await, (3, 1), "on a card that came no step depends");
        assert_eq!(kept_and_deciding(&w.cpi, there).await, (3, 1));
        w.ponte.no_more(person, record).await;
        let over = w.ponte.desk(move |r, tx| r.update_card(tx, BY, here, &set(&[Group::Identity]), true)).await;
        assert_eq!(code(over), Code::IllegalTransition);
    })
    .await;
}

/// How many events of a referral are kept, and on how many of them a step may depend.
async fn kept_and_deciding(node: &Node, id: Uuid) -> (usize, usize) {
    let count = move |conn: &mut Conn| Ok((events::of(conn, id)?.len(), events::that_decide(conn, id)?.len()));
    node.store.read(count).await.unwrap()
}

/// A partner that went back to a copy judges once more what it had taken, and may judge otherwise.
#[actix_web::test]
async fn what_was_delivered_and_is_refused_the_second_time_is_shown_as_refused() {
    each(|w| async move {
        let (_, _, here, _) = w.received(&REFERRAL).await;
        let (handle, kind) = (w.ponte.outbox.clone(), "referral.sent.v1");
        let refused = move |tx: &mut Tx<'_>| {
            let of_kind = outbox::table.filter(outbox::kind.eq(kind));
            let message: Id = of_kind.select(outbox::message).first(tx.conn())?;
            diesel::update(outbox::table.find(message))
                .set((outbox::state.eq("refused"), outbox::code.eq("consent_not_valid")))
                .execute(tx.conn())?;
            let settlement = Settlement {
                message: MessageId(message.0),
                kind: kind.to_owned(),
                thread: None,
                outcome: Outcome::Refused,
                code: Some("consent_not_valid".to_owned()),
                waited: None,
            };
            settled(tx, &handle, &[settlement])
        };
        assert_eq!(w.ponte.look(here).await.summary.transport.state, "delivered");
        w.ponte.store.write(refused).await.unwrap();
        assert_eq!(w.ponte.look(here).await.summary.transport.state, "refused");
    })
    .await;
}
