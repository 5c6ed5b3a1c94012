//! Drafts that nobody ever sent: which cards they are, and what is left of somebody whose card was one.

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::card::codes::SourceMeans;
use staffetta_protocol::card::{Portability, Section, TaxCode};

use super::*;
use crate::access::cases::Listing;
use crate::cards::imports::{self, ImportYes};
use crate::store::schema::{assessment, record_transfer, referral};
use crate::store::{At, Id};

const YEAR: TimeDelta = TimeDelta::days(366);

/// The people whose cards are drafts that nobody sent or touched within a year, in the order of ids.
fn due(tx: &mut Tx<'_>) -> Vec<Uuid> {
    let before = tx.now() - YEAR;
    unsent(tx.conn(), before, None, 50).unwrap().into_iter().map(|(person, _)| person).collect()
}

fn referred(tx: &mut Tx<'_>, person: &Person, state: Option<&str>) {
    let now = At::from(tx.now());
    diesel::insert_into(referral::table)
        .values((
            (
                referral::id.eq(Id(Uuid::new_v4())),
                referral::thread.eq(Id(Uuid::new_v4())),
                referral::side.eq("taker"),
                referral::peer.eq("https://sai.example"),
                referral::organisation.eq("SAI"),
                referral::recipient_ids.eq(""),
                referral::person.eq(Some(Id(person.id.0))),
                referral::subject.eq(Id(person.subject.0)),
            ),
            (
                referral::purpose.eq("P2"),
                referral::state.eq(state),
                referral::preview_state.eq("none"),
                referral::duplicate_confirmed.eq(false),
                referral::created_at.eq(now),
                referral::updated_at.eq(now),
                referral::version.eq(1),
            ),
        ))
        .execute(tx.conn())
        .unwrap();
}

fn assessed(tx: &mut Tx<'_>, person: &Person, state: &str) {
    let now = At::from(tx.now());
    diesel::insert_into(assessment::table)
        .values((
            assessment::id.eq(Id(Uuid::new_v4())),
            assessment::person.eq(Id(person.id.0)),
            assessment::subject.eq(Id(person.subject.0)),
            assessment::state.eq(state),
            assessment::sealed.eq(vec![0_u8]),
            assessment::version.eq(1),
            assessment::created_at.eq(now),
            assessment::updated_at.eq(now),
        ))
        .execute(tx.conn())
        .unwrap();
}

fn moved(tx: &mut Tx<'_>, person: &Person, side: &str, state: &str) {
    let now = At::from(tx.now());
    diesel::insert_into(record_transfer::table)
        .values((
            record_transfer::id.eq(Id(Uuid::new_v4())),
            record_transfer::thread.eq(Id(Uuid::new_v4())),
            record_transfer::side.eq(side),
            record_transfer::peer.eq("https://sai.example"),
            record_transfer::organisation.eq("SAI"),
            record_transfer::person.eq(Some(Id(person.id.0))),
            record_transfer::subject.eq(Id(person.subject.0)),
            record_transfer::state.eq(state),
            record_transfer::message.eq(Id(Uuid::new_v4())),
            record_transfer::created_at.eq(now),
            record_transfer::updated_at.eq(now),
            record_transfer::version.eq(1),
        ))
        .execute(tx.conn())
        .unwrap();
}

#[actix_web::test]
async fn a_card_that_was_confirmed_or_is_worked_with_is_no_draft_that_nobody_sent() {
    scratch::each(|store| async move {
        let vault = vault();
        let act = move |tx: &mut Tx<'_>| {
            let mut made = || {
                let person = person(tx, &vault);
                put_quick(tx, &vault, &seen(person.id), quick(), Some(&prato())).unwrap();
                person
            };
            let all: [Person; 9] = std::array::from_fn(|_| made());
            let [_, _, open, draft, ended, begun, signed, came, offered] = &all;
            referred(tx, open, Some("in_progress"));
            referred(tx, draft, None);
            referred(tx, ended, Some("closed"));
            assessed(tx, begun, "welcome");
            assessed(tx, signed, "signed");
            moved(tx, came, "taker", "taken");
            moved(tx, offered, "taker", "declined");
            Ok(all)
        };
        let all = store.write(act).await.unwrap();
        store.clock().advance(TimeDelta::days(300));
        let (one, confirmed) = (all.clone(), all[1].id);
        store
            .write(move |tx| {
                let word = Word { source: SourceKind::Person, means: SourceMeans::Interview };
                let sections = BTreeSet::from([Section::C]);
                confirm(tx, &seen(confirmed), 1, word, Some(&sections))
            })
            .await
            .unwrap();
        store.clock().advance(TimeDelta::days(100));
        let found = store.write(move |tx| Ok(due(tx))).await.unwrap();
        let mut expected = [0, 4, 6, 8].map(|at: usize| one[at].id.0);
        expected.sort_unstable();
        assert_eq!(found, expected);
        store.clock().advance(TimeDelta::days(300));
        let found = store.write(move |tx| Ok(due(tx))).await.unwrap();
        assert!(found.contains(&confirmed.0), "it was confirmed a year ago");
    })
    .await;
}

#[actix_web::test]
async fn of_somebody_whose_draft_went_there_stays_what_staff_call_her() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let (awa, other) = (person(tx, &vault), person(tx, &vault));
                for one in [&awa, &other] {
                    let held = put_quick(tx, &vault, &seen(one.id), quick(), Some(&prato()))?;
                    put(tx, &vault, &seen(one.id), full(&held.card), held.version)?;
                }
                let carried = json!({
                    "format": "staffetta-portability", "version": 1, "exported_at": "2026-11-20T10:00:00Z",
                    "from": {"entity_id": "https://sai.example", "organisation_name": "SAI"},
                    "card": {"preferred_name": "Fatou"}, "europass_xml": ""
                });
                let carried = imports::read_carried(read::<Portability>(&carried.to_string()).unwrap())?;
                let yes: ImportYes = read(r#"{"by": "person", "indication_method": "pin"}"#).unwrap();
                imports::save(tx, &vault, &seen(awa.id), carried, yes)?;

                let found = |tx: &mut Tx<'_>, text: &str| {
                    let query = people::Query::parse(text).unwrap();
                    let hits = people::search(tx.conn(), &vault, &query, Listing::All, None, 9).unwrap().items;
                    hits.into_iter().map(|hit| hit.person).collect::<Vec<_>>()
                };
                let code = TaxCode::new("RSSMRA85T10A562S").unwrap();
                let same =
                    |tx: &mut Tx<'_>| people::find_same(tx.conn(), &vault, Some(&code), &[], None).unwrap().len();
                assert_eq!((found(tx, "n'diaye").len(), same(tx)), (2, 2));
                delete_card(tx, &vault, awa.id.0)?;
                assert_eq!((found(tx, "n'diaye"), same(tx)), (vec![other.id], 1), "neither by name nor by tax code");
                assert_eq!(found(tx, "awa").len(), 2, "by what staff call her");
                assert!(imports::list(tx, &vault, &seen(awa.id))?.is_empty());
                let label = people::label_of(tx.conn(), &vault, awa.id)?.unwrap();
                let known = people::look_up(tx, &vault, &staff(), &label, Identity::default(), Some(other.id))?;
                assert_eq!(known.iter().map(|it| it.person).collect::<Vec<_>>(), [awa.id], "she has no other name");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
