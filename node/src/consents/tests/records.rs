//! The record as the standard structures it, the receipt of it, reminders, and the log of what left.

use chrono::{DateTime, Utc};
use staffetta_protocol::consent::{ConsentReceipt, KantaraReceipt, LegalBasis};

use super::*;
use crate::access::cases::Listing;
use crate::consents::due::DueKind;
use crate::grants::{Activity, ActsAs, DisclosurePosition, Mandate};

fn own() -> Own {
    Own {
        entity_id: CENTRE.parse().unwrap(),
        label: "Centro Prato".into(),
        homepage: Some("https://www.centro.example".into()),
        contact: Some("privacy@centro.example".into()),
    }
}

async fn receipt_of(side: &Side, person: &Person, record: RecordId) -> (ConsentReceipt, String) {
    let (keys, id) = (side.keys.clone(), person.id);
    side.write(move |tx, outbox| receipt(tx, outbox.vault(), &keys, &own(), &seen(id), record)).await
}

#[actix_web::test]
async fn a_receipt_is_signed_once_verifies_and_has_no_name_in_it() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let (p1, _) = agree(&centre, &person).await;
        let given = clock.now();
        clock.advance(TimeDelta::hours(1));
        let (made, jws) = receipt_of(&centre, &person, p1).await;
        clock.advance(TimeDelta::hours(1));
        assert_eq!(receipt_of(&centre, &person, p1).await, (made.clone(), jws.clone()), "the same bytes");
        let (keys, now) = (centre.published().await, clock.now());
        let opened = ConsentReceipt::open(&jws, &keys, &CENTRE.parse().unwrap(), now).unwrap();
        assert_eq!(opened, made);
        assert!(ConsentReceipt::open(&jws, &keys, &CPI.parse().unwrap(), now).is_err(), "no other node made it");
        let text = serde_json::to_string(&made).unwrap().to_lowercase();
        for word in ["aminata", "keitafolle", "zuleyka", &person.id.0.to_string(), &person.subject.0.to_string()] {
            assert!(!text.contains(word), "{word}");
        }
        let record = &made.record;
        assert_eq!((record.events.len(), record.events[0].event_time), (1, given));
        assert_eq!(record.events[0].event_state, "dpv:ConsentGiven");
        assert_eq!(record.pii_processing.lawful_basis, LegalBasis::Consent);
        assert!(!record.pii_processing.special_category);
        assert_eq!(record.expression.notice_hash, sample::named().hash);
        assert_eq!(record.pii_processing.pii_controllers, [CENTRE]);
        let kantara = KantaraReceipt::from(&made);
        assert_eq!(kantara.consent_timestamp, given.timestamp());
        assert_eq!(kantara.services[0].purposes[0].purpose_category, ["P1"]);
        assert!(serde_json::to_value(&kantara).unwrap().get("consentReceiptID").is_some());

        take_back(&centre, &person, p1).await;
        let (ended, other) = receipt_of(&centre, &person, p1).await;
        assert_ne!(jws, other, "a withdrawal has a receipt of its own");
        let states: Vec<_> = ended.record.events.iter().map(|event| event.event_state.as_str()).collect();
        assert_eq!(states, ["dpv:ConsentGiven", "dpv:ConsentWithdrawn"]);
        assert_eq!(ended.record.events[1].entity_id, "person");
    })
    .await;
}

#[actix_web::test]
async fn a_record_has_every_party_and_prints_who_decided_when_she_was_asked() {
    each(|centre, _| async move {
        let person = centre.person().await;
        centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let activity = Activity {
                    code: staffetta_protocol::card::Text::new("accoglienza").unwrap(),
                    purposes: BTreeSet::from([Purpose::P10]),
                    acts_as: ActsAs::Processor(Mandate {
                        of: OrganisationId::new("ipa:c_g999").unwrap(),
                        label: staffetta_protocol::card::Text::new("Comune di Prato").unwrap(),
                        act: staffetta_protocol::card::Text::new("Convenzione SAI 12").unwrap(),
                        date: staffetta_protocol::card::Day::parse("2026-01-15").unwrap(),
                        instructed: BTreeSet::from([Purpose::P10]),
                    }),
                };
                grants::set_activity(tx, &activity, None)?;
                let texts = json!([{"language": "ita", "heading": "Prima", "body": "Chi riceve che cosa.",
                    "verified": {"by": "DPO", "on": "2026-11-01"}}]);
                let new = json!({"notice_id": "adattamenti", "version": "1", "purposes": ["P10"], "texts": texts});
                let notice = notices::add(tx, &staff(), "Centro Prato", &read(&new.to_string()).unwrap())?;
                assert_eq!(notice.processor.as_deref(), Some("Centro Prato"));
                let mut expressed = said();
                expressed["notice"] = json!({"notice_id": "adattamenti", "version": "1", "language": "ita",
                    "hash": notice.texts[0].hash});
                let act = json!({"recipient": OFFICE, "recipient_label": "Medico competente",
                    "answers": [{"purpose": "P10", "answer": "yes"}], "expressed": expressed});
                let saved = answer(tx, vault, &sight, &read(&act.to_string()).unwrap())?.remove(0);
                let Seen::Answered(record) = look(tx, vault, &own(), &sight, saved.record)? else {
                    panic!("it has its answer")
                };
                let roles: Vec<_> = record.party_identification.iter().map(|party| party.role.as_str()).collect();
                assert_eq!(roles, ["controller", "processor", "principal", "recipient", "authority"]);
                let party = |role: &str| record.party_identification.iter().find(|it| it.role == role).unwrap();
                assert_eq!(party("controller").label.as_deref(), Some("Comune di Prato"));
                assert_eq!(party("controller").party_id, "ipa:c_g999");
                assert_eq!(party("processor").act.as_deref(), Some("Convenzione SAI 12, 2026-01-15"));
                assert_eq!(
                    (party("recipient").party_id.as_str(), party("recipient").label.as_deref()),
                    (OFFICE, Some("Medico competente")),
                    "organisation and office"
                );
                assert!(record.pii_processing.special_category);
                assert_eq!(record.pii_processing.lawful_basis, LegalBasis::ExplicitConsent);
                assert_eq!(record.events[0].event_type, "dpv:ExplicitlyExpressedConsent");
                assert!(record.signature.is_none(), "nobody asked for a receipt");
                let stranger = look(tx, vault, &own(), &seen(PersonId(Uuid::new_v4())), saved.record).unwrap_err();
                assert_eq!(stranger.code(), Code::NotFound);
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn what_is_due_is_told_page_by_page_and_each_once() {
    each(|centre, _| async move {
        let clock = centre.scratch.store().clock().clone();
        // Three referrals to be reminded of, and three previews that run out.
        for days in [184, 0] {
            for _ in 0..3 {
                let person = centre.person().await;
                agree(&centre, &person).await;
                clock.advance(TimeDelta::minutes(1));
            }
            clock.advance(TimeDelta::days(days));
        }
        let within = TimeDelta::days(61);
        let list = async |after: Option<DuePlace>, limit: u32| {
            centre
                .write(move |tx, outbox| due(tx, outbox.vault(), &staff(), Listing::All, within, (after, limit)))
                .await
        };
        let (all, next) = list(None, 200).await;
        assert_eq!(next, None);
        let of = |kind| all.iter().filter(|it| it.kind == kind).count();
        assert_eq!((of(DueKind::Remind), of(DueKind::RunsOut)), (3, 3));
        for limit in [1, 2, 3, 5] {
            let (mut told, mut after) = (Vec::new(), None);
            loop {
                let (page, next) = list(after, limit).await;
                assert!(page.len() <= limit as usize);
                told.extend(page.into_iter().map(|it| (it.kind, it.record)));
                after = next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(told, all.iter().map(|it| (it.kind, it.record)).collect::<Vec<_>>(), "{limit} on a page");
        }
    })
    .await;
}

#[actix_web::test]
async fn what_runs_out_is_listed_and_a_referral_is_reminded_every_six_months() {
    each(|centre, _| async move {
        let person = centre.person().await;
        let clock = centre.scratch.store().clock().clone();
        let (p1, p2) = agree(&centre, &person).await;
        let listed = async |listing: Listing| {
            let (all, next) = centre
                .write(move |tx, outbox| due(tx, outbox.vault(), &staff(), listing, TimeDelta::days(30), (None, 50)))
                .await;
            assert_eq!(next, None);
            all.into_iter().map(|it| (it.kind, it.record)).collect::<Vec<_>>()
        };
        assert_eq!(listed(Listing::All).await, []);
        clock.advance(TimeDelta::days(31));
        assert_eq!(listed(Listing::All).await, [(DueKind::RunsOut, p1)]);
        assert_eq!(listed(Listing::Of(Uuid::new_v4())).await, [], "in nobody else's list");
        assert_eq!(listed(Listing::Of(Uuid::from_u128(7))).await, [(DueKind::RunsOut, p1)]);
        let until: DateTime<Utc> = "2027-05-23T08:59:59Z".parse().unwrap();
        clock.advance(until - clock.now());
        assert_eq!(listed(Listing::All).await, [], "P1 has run out, and six months are not over");
        clock.advance(TimeDelta::seconds(1));
        assert_eq!(listed(Listing::All).await, [(DueKind::Remind, p2)]);
        let id = person.id;
        centre.write(move |tx, outbox| remind(tx, outbox.vault(), &seen(id), p2)).await;
        assert_eq!(listed(Listing::All).await, []);
        clock.advance(TimeDelta::days(190));
        assert_eq!(listed(Listing::All).await, [(DueKind::Remind, p2)], "again and again");
        let renewal: Renewal = read(&json!({"expressed": said()}).to_string()).unwrap();
        centre.write(move |tx, outbox| renew(tx, outbox.vault(), &seen(id), p2, &renewal)).await;
        assert_eq!(listed(Listing::All).await, [], "a new yes counts from its own day");
        centre
            .write(move |tx, outbox| {
                let ended = terminate(tx, outbox.vault(), &seen(id), p2)?;
                assert_eq!(ended.state, State::Terminated);
                let late = remind(tx, outbox.vault(), &seen(id), p2).unwrap_err();
                assert_eq!(late.code(), Code::IllegalTransition);
                let now = tx.now();
                assert!(grants::live_grants(tx.conn(), person.subject, Purpose::P2, now)?.is_empty());
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn the_log_of_disclosures_is_paged_and_told_recipient_by_recipient() {
    each(|centre, _| async move {
        let person = centre.person().await;
        agree(&centre, &person).await;
        let (thread, first) = preview(&centre, &person).await;
        let mut sent = vec![first];
        // At one instant, so that only the message tells them apart.
        for _ in 0..4 {
            sent.push(referral(&centre, &person, &thread).await);
        }
        centre
            .write(move |tx, _| {
                let sight = seen(person.id);
                let (mut all, mut after) = (Vec::new(), None);
                loop {
                    let page = disclosures(tx, &sight, None, after, 2)?;
                    let Some(last) = page.last() else { break };
                    after = Some(DisclosurePosition { at: last.at, message: last.message });
                    all.extend(page.into_iter().map(|it| it.message));
                }
                let (one, other): (BTreeSet<_>, BTreeSet<_>) =
                    (all.iter().map(|it| it.0).collect(), sent.iter().map(|it| it.0).collect());
                assert_eq!((all.len(), one), (5, other), "each once, none left out");
                assert_eq!(disclosures(tx, &sight, Some(&OTHER.parse().unwrap()), None, 100)?.len(), 0);
                let told = recipients(tx, &sight)?;
                assert_eq!(told.len(), 1);
                assert_eq!(
                    (told[0].peer.to_string().as_str(), told[0].messages, told[0].card_version),
                    (CPI, 5, Some(2))
                );
                assert_eq!(told[0].groups, BTreeSet::from([Group::Preview, Group::Identity, Group::Status]));
                Ok(())
            })
            .await;
    })
    .await;
}
