//! Drafts that nobody ever sent: which cards they are, and what is left of somebody whose card was one.

use chrono::TimeDelta;
use diesel::prelude::*;
use staffetta_protocol::card::Section;
use staffetta_protocol::card::codes::SourceMeans;

use super::*;
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
