//! Every rule of retention at its boundary, on both databases: what is due goes, what is a microsecond younger stays, and
//! so does what is about somebody who waits for an answer. A dry run counts what the run then does.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use uuid::Uuid;

mod things;

use things::Thing;

use super::RETAINED;
use crate::config::RetentionConfig;
use crate::error::Result;
use crate::journal::{self, Actor, Entry, Sealer};
use crate::keys::Keys;
use crate::rights::retention::{self, Counted, RULES, rule};
use crate::store::schema::{
    case_restriction, journal as entry, known_message, link_in, outbox, referral, rights_request,
};
use crate::store::{At, Id, Store, Tx, scratch};
use crate::vault::{MasterKey, Subject, Vault};

pub(super) const PEER: &str = "https://cpi.example";

fn vault() -> Vault {
    Vault::new(MasterKey::generate().unwrap())
}

/// Somebody who waits for an answer.
fn asks(tx: &mut Tx<'_>, subject: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(rights_request::table)
        .values((
            rights_request::id.eq(Id(Uuid::new_v4())),
            rights_request::person.eq(Id(Uuid::new_v4())),
            rights_request::subject.eq(Id(subject)),
            rights_request::kind.eq("access"),
            rights_request::state.eq("received"),
            rights_request::channel.eq("in_person"),
            rights_request::said_by.eq("person"),
            rights_request::received_at.eq(now),
            rights_request::entered_at.eq(now),
            rights_request::due_at.eq(now),
            rights_request::sealed.eq(vec![0_u8]),
            rights_request::version.eq(1),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Somebody whose data are only kept, as she was answered.
fn is_restricted(tx: &mut Tx<'_>, subject: Uuid) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(case_restriction::table)
        .values((
            case_restriction::id.eq(Id(Uuid::new_v4())),
            case_restriction::case_file.eq(Id(Uuid::new_v4())),
            case_restriction::subject.eq(Id(subject)),
            case_restriction::why.eq("restriction"),
            case_restriction::set_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

fn begins(code: &str, now: DateTime<Utc>) -> DateTime<Utc> {
    let set = RetentionConfig::default();
    let before = rule(code, &set).unwrap().length.before(now);
    // The log of disclosures stands for as long as a recipient may hold: that comes on top.
    if code == "disclosure_log" { rule("referral_closed", &set).unwrap().length.before(before) } else { before }
}

/// What has a way to end; other rules are somebody else's, or of what this program does not hold yet.
fn codes() -> Vec<&'static str> {
    RULES.iter().map(|rule| rule.code).filter(|code| RETAINED.iter().any(|it| it.rule == *code)).collect()
}

async fn dry(store: &Store) -> Vec<Counted> {
    retention::dry_run(store, RETAINED, &RetentionConfig::default()).await.unwrap()
}

#[test]
fn every_way_to_end_is_of_a_rule_and_every_rule_but_these_has_one() {
    let without = ["internship_file", "journal", "enrolment_not_admitted", "own_policy_record", "own_patto", "own_did"];
    for it in RETAINED {
        assert!(RULES.iter().any(|rule| rule.code == it.rule), "{}", it.rule);
    }
    for rule in RULES {
        assert_ne!(without.contains(&rule.code), codes().contains(&rule.code), "{}", rule.code);
    }
}

#[actix_web::test]
async fn what_is_due_goes_what_is_younger_stays_and_whoever_asks_or_is_restricted_is_frozen() {
    scratch::each(|store| async move {
        store
            .write(move |tx| {
                diesel::insert_into(link_in::table)
                    .values((
                        link_in::peer.eq(PEER),
                        link_in::epoch.eq(1),
                        link_in::through_seq.eq(0),
                        link_in::unopened_bytes.eq(0),
                        link_in::internal_errors.eq(0),
                    ))
                    .execute(tx.conn())?;
                let now = tx.now();
                for code in codes() {
                    let (at, asking, restricted) = (begins(code, now), Uuid::new_v4(), Uuid::new_v4());
                    asks(tx, asking)?;
                    is_restricted(tx, restricted)?;
                    for (at, subject) in [
                        (at, Uuid::new_v4()),
                        (at + TimeDelta::microseconds(1), Uuid::new_v4()),
                        (at - TimeDelta::days(1), asking),
                        (at - TimeDelta::days(2), restricted),
                    ] {
                        Thing { at, subject }.put(tx, code)?;
                    }
                }
                Ok(())
            })
            .await
            .unwrap();
        let counted = dry(&store).await;
        assert_eq!(counted.len(), RULES.len());
        for it in &counted {
            let both_ways = if it.rule == "message_bytes" { 2 } else { 1 };
            let due = if codes().contains(&it.rule.as_str()) { both_ways } else { 0 };
            assert_eq!((it.ended, it.frozen), (due, 2 * due), "{}", it.rule);
        }
        assert_eq!(dry(&store).await, counted, "counting changes nothing");
        let set = RetentionConfig::default();
        assert!(retention::pump(&store, &vault(), RETAINED, &set).await.unwrap());
        assert!(!retention::pump(&store, &vault(), RETAINED, &set).await.unwrap(), "once a day");
        let report = store.read(|conn| retention::page(conn, None, 9)).await.unwrap();
        let run = report.iter().find(|report| report.kind == retention::ReportKind::Run).unwrap();
        assert_eq!(run.counts, counted, "the run did what the dry run had counted");
        assert!(run.ended_at.is_some());
        for it in dry(&store).await {
            let left = if codes().contains(&it.rule.as_str()) {
                counted.iter().find(|c| c.rule == it.rule).unwrap().frozen
            } else {
                0
            };
            assert_eq!((it.ended, it.frozen), (0, left), "{}", it.rule);
        }
        // What a closed referral counts stays, and names nobody.
        store
            .read(|conn| {
                let closed: Vec<(Option<Id>, Id)> = referral::table
                    .filter(referral::state.eq("closed"))
                    .filter(referral::person.is_null())
                    .select((referral::person, referral::subject))
                    .load(conn)?;
                assert_eq!(closed.len(), 1);
                let held: i64 = known_message::table
                    .filter(known_message::subject.eq(closed[0].1))
                    .filter(known_message::sealed.is_not_null())
                    .count()
                    .get_result(conn)?;
                assert_eq!(held, 0);
                let digests: i64 = outbox::table.filter(outbox::sealed.is_null()).count().get_result(conn)?;
                assert_eq!(digests, 1, "its digest is there, its bytes are not");
                Ok(())
            })
            .await
            .unwrap();
        // The next day the younger ones are due, too.
        store.clock().advance(TimeDelta::days(1));
        let tomorrow = dry(&store).await;
        assert!(codes().iter().all(|code| tomorrow.iter().any(|it| it.rule == *code && it.ended > 0)), "{tomorrow:?}");
        assert!(retention::pump(&store, &vault(), RETAINED, &set).await.unwrap());
        assert!(dry(&store).await.iter().all(|it| it.ended == 0));
    })
    .await;
}

#[actix_web::test]
async fn the_journal_ends_with_the_rest_and_is_counted_with_it() {
    scratch::each(|store| async move {
        let me: EntityId = "https://a.example".parse().unwrap();
        let keys = Keys::new(vault(), me.clone());
        let (made, hers) = (keys.clone(), Subject(Uuid::new_v4()));
        store
            .write(move |tx| {
                made.create(tx)?;
                asks(tx, hers.0)?;
                for of in [Subject(Uuid::new_v4()), hers, Subject(Uuid::new_v4())] {
                    journal::record(tx, Entry::new(Actor::System, "card.read").subject(of))?;
                }
                Ok(())
            })
            .await
            .unwrap();
        Sealer::new(store.clone(), keys, me).pump().await.unwrap();
        let entries = store.read(|conn| Ok(entry::table.count().get_result::<i64>(conn)?)).await.unwrap();
        let others = entries.unsigned_abs() - 1;
        let of_journal = |counts: Vec<Counted>| {
            let it = counts.into_iter().find(|it| it.rule == "journal").unwrap();
            (it.ended, it.frozen)
        };
        assert_eq!(of_journal(dry(&store).await), (0, 0), "nothing is old yet");
        store.clock().advance(TimeDelta::days(800));
        assert_eq!(of_journal(dry(&store).await), (others, 1));
        let set = RetentionConfig::default();
        assert!(retention::pump(&store, &vault(), RETAINED, &set).await.unwrap());
        let report = store.read(retention::last).await.unwrap().unwrap();
        assert_eq!(of_journal(report.counts), (others, 1), "the run did what the dry run had counted");
        let known = async || store.read(move |conn| journal::about(conn, hers, 9)).await.unwrap().len();
        assert_eq!(known().await, 1, "who looked at her data she may still ask");

        store
            .write(|tx| {
                let answered = diesel::update(rights_request::table).set(rights_request::state.eq("answered"));
                Ok(answered.execute(tx.conn())?)
            })
            .await
            .unwrap();
        assert_eq!(of_journal(dry(&store).await), (1, 0));
        store.clock().advance(TimeDelta::days(1));
        assert!(retention::pump(&store, &vault(), RETAINED, &set).await.unwrap());
        assert_eq!((known().await, of_journal(dry(&store).await)), (0, (0, 0)));
    })
    .await;
}

#[actix_web::test]
async fn more_than_one_act_takes_is_done_all_the_same_and_by_one_process() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                let at = begins("disclosure_log", tx.now());
                for _ in 0..120 {
                    Thing { at, subject: Uuid::new_v4() }.put(tx, "disclosure_log")?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let set = RetentionConfig::default();
        let (vault, retained) = (vault(), RETAINED);
        let run = || retention::pump(&store, &vault, retained, &set);
        let (one, other) = tokio::join!(run(), run());
        assert_ne!(one.unwrap(), other.unwrap());
        let report = store.read(retention::last).await.unwrap().unwrap();
        assert_eq!(report.counts.iter().find(|it| it.rule == "disclosure_log").unwrap().ended, 120);
    })
    .await;
}
