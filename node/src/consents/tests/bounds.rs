//! One use, instructions, and the instant at which a consent ends.

use staffetta_protocol::card::{Day, Text};
use staffetta_protocol::data::{ReferralWithdrawn, WithdrawnBy as BySide};

use super::*;
use crate::grants::{Activity, ActsAs, Mandate, Use};

/// Queues something under the grant of that purpose for the job centre, as a candidacy would.
pub(super) fn queue(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    person: &Person,
    purpose: Purpose,
) -> Result<(Thread, MessageId)> {
    let (peer, office): (EntityId, _) = (CPI.parse().unwrap(), OrganisationId::new("ipa:c_g999").unwrap());
    let to = Recipient { peer: &peer.clone().into(), organisation: "CPI Prato", ids: &[office] };
    let permit = grants::permit(tx, person.subject, to, purpose, &BTreeSet::new())?;
    let thread = grants::begin(tx, &peer, person.subject, "referral")?;
    let body = Body::from(ReferralWithdrawn { by: BySide::Sender });
    let out = Outgoing { thread: Some(&thread), actor: spoken(&peer), body, card_version: None, not_after: None };
    let message = outbox::enqueue_personal(tx, outbox, &permit, out)?;
    Ok((thread, message))
}

pub(super) fn one(purpose: &str) -> Answers {
    asked(OFFICE, json!([{"purpose": purpose, "answer": "yes"}]))
}

#[actix_web::test]
async fn one_use_is_held_freed_and_spent() {
    each(|centre, _| async move {
        let person = centre.person().await;
        centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let record = answer(tx, vault, &sight, &one("P4"))?[0].record;
                let used = |tx: &mut Tx<'_>| grants::use_of(tx.conn(), record, 1);
                assert_eq!(used(tx)?, Some(Use::Free));
                let (_, first) = queue(tx, outbox, &person, Purpose::P4)?;
                assert_eq!(used(tx)?, Some(Use::Held));
                let now = tx.now();
                let resting = grants::Resting { record: Some((record, 1)), ..Default::default() };
                assert!(grants::still_holds(tx.conn(), resting, now)?, "what holds it may leave");
                let second = queue(tx, outbox, &person, Purpose::P4).unwrap_err();
                assert_eq!(second.code(), Code::ConsentNotValid, "one firm is one message");

                grants::free(tx, first)?;
                assert_eq!(used(tx)?, Some(Use::Free), "a refused message has used nothing");
                let (_, third) = queue(tx, outbox, &person, Purpose::P4)?;
                grants::spend(tx, &[first])?;
                assert_eq!(used(tx)?, Some(Use::Held), "another message's receipt changes nothing");
                grants::spend(tx, &[third])?;
                assert_eq!(used(tx)?, Some(Use::Spent(now)));
                grants::free(tx, third)?;
                assert_eq!(used(tx)?, Some(Use::Spent(now)), "spent is spent");
                assert!(queue(tx, outbox, &person, Purpose::P4).is_err());
                let consent = of(tx.conn(), vault, person.id, record)?;
                assert_eq!((consent.state, consent.stands(now)), (State::Given, State::Terminated));
                let done = withdraw(tx, outbox, &sight, &spoken, record, SAID)?;
                assert_eq!(done.consent.state, State::Withdrawn, "she may still call back what was sent");
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn a_held_use_is_free_again_when_its_message_is_struck() {
    each(|centre, _| async move {
        let person = centre.person().await;
        centre
            .write(move |tx, outbox| {
                let record = answer(tx, outbox.vault(), &seen(person.id), &one("P4"))?[0].record;
                let (thread, _) = queue(tx, outbox, &person, Purpose::P4)?;
                outbox::strike_thread(tx, thread.id)?;
                assert_eq!(grants::use_of(tx.conn(), record, 1)?, Some(Use::Free));
                Ok(())
            })
            .await;
    })
    .await;
}

fn processor(instructed: &[Purpose]) -> Activity {
    Activity {
        code: Text::new("accoglienza").unwrap(),
        purposes: BTreeSet::from([Purpose::P1, Purpose::P2, Purpose::P12]),
        acts_as: ActsAs::Processor(Mandate {
            of: OrganisationId::new("ipa:c_g999").unwrap(),
            label: Text::new("Comune di Prato").unwrap(),
            act: Text::new("Convenzione SAI 12").unwrap(),
            date: Day::parse("2026-01-15").unwrap(),
            instructed: instructed.iter().copied().collect(),
        }),
    }
}

#[actix_web::test]
async fn a_processor_asks_and_sends_what_it_was_instructed_and_nothing_else() {
    each(|centre, _| async move {
        let person = centre.person().await;
        centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let p1 = answer(tx, vault, &sight, &one("P1"))?[0].record;
                grants::set_activity(tx, &processor(&[Purpose::P2]), None)?;
                let refused = answer(tx, vault, &sight, &one("P12")).unwrap_err();
                assert_eq!(refused.code(), Code::PurposeNotInstructed, "it is not even asked");
                let preview = BTreeSet::from([Group::Preview]);
                let ids = [OrganisationId::new("ipa:c_g999").unwrap()];
                let to = Recipient { peer: &CPI.parse().unwrap(), organisation: "CPI", ids: &ids };
                let refused = grants::permit(tx, person.subject, to, Purpose::P1, &preview).unwrap_err();
                assert_eq!(refused.code(), Code::PurposeNotInstructed, "a yes from before sends nothing");
                let (now, resting) = (tx.now(), grants::Resting { record: Some((p1, 1)), ..Default::default() });
                assert!(!grants::still_holds(tx.conn(), resting, now)?, "what waits does not leave");

                let problem = answer(tx, vault, &sight, &one("P2")).unwrap_err().problem();
                assert_eq!(problem.errors[0].field, "/expressed/notice/version", "it prints another controller");
                assert!(answer(tx, vault, &sight, &one("P11")).is_ok(), "what no activity names is one's own");

                grants::set_activity(tx, &processor(&[Purpose::P1, Purpose::P2]), None)?;
                assert!(grants::permit(tx, person.subject, to, Purpose::P1, &preview).is_ok());
                grants::drop_activity(tx, "accoglienza", 2)?;
                assert_eq!(grants::acts_as(tx.conn(), Purpose::P12)?, ActsAs::Controller);
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn a_consent_ends_at_its_instant_and_not_the_day_after() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let id = person.id;
        let record = centre.write(move |tx, outbox| answer(tx, outbox.vault(), &seen(id), &one("P1"))).await[0].record;
        clock.advance(TimeDelta::days(60) - TimeDelta::seconds(1));
        let permitted = async |side: &Side| {
            let person = person.clone();
            side.write(move |tx, outbox| {
                let ids = [OrganisationId::new("ipa:c_g999").unwrap()];
                let to = Recipient { peer: &CPI.parse().unwrap(), organisation: "CPI", ids: &ids };
                let now = tx.now();
                let permit = grants::permit(tx, person.subject, to, Purpose::P1, &BTreeSet::from([Group::Preview]));
                let state = of(tx.conn(), outbox.vault(), person.id, record)?.stands(now);
                let resting = grants::Resting { record: Some((record, 1)), ..Default::default() };
                let held = grants::still_holds(tx.conn(), resting, now)?;
                Ok((permit.map(drop).map_err(|error| error.code()), state, held))
            })
            .await
        };
        assert_eq!(permitted(&centre).await, (Ok(()), State::Given, true), "one second before");
        clock.advance(TimeDelta::seconds(1));
        let over = (Err(Code::ConsentNotValid), State::Expired, false);
        assert_eq!(permitted(&centre).await, over, "at the instant");
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(permitted(&centre).await, over, "one second after");
    })
    .await;
}
