//! Every link has its turn to be compared, also one that never rests.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::link::{LinkState, Progress};
use uuid::Uuid;

use crate::links::{checks, reconcile};
use crate::outbox;
use crate::store::schema::{link_check, link_out};
use crate::store::{At, Id, Store, Tx, scratch};

const LEASE: TimeDelta = TimeDelta::seconds(45);

fn peer() -> EntityId {
    "https://cpi.example".parse().unwrap()
}

/// A link whose next batch is under way from now on: another process took it the moment the last one was done.
async fn busy(store: &Store) {
    let act = |tx: &mut Tx<'_>| {
        let until = At::from(tx.now() + LEASE);
        diesel::delete(link_out::table).execute(tx.conn())?;
        diesel::insert_into(link_out::table)
            .values((
                (link_out::peer.eq(peer().as_str()), link_out::epoch.eq(1), link_out::given_seq.eq(9)),
                (link_out::acked_seq.eq(7), link_out::queued.eq(9), link_out::peer_window.eq(200)),
                (link_out::lease_token.eq(Id(Uuid::new_v4())), link_out::lease_until.eq(until)),
                (link_out::next_attempt_at.eq(At::from(tx.now())), link_out::failures.eq(0), link_out::stuck.eq(0)),
            ))
            .execute(tx.conn())?;
        checks::enlist(tx)
    };
    store.write(act).await.unwrap();
}

/// The peer says that it has taken as much; whether something may go out now.
async fn compared(store: &Store, taken: u64) -> bool {
    let at = |through_seq| Progress { epoch: 1, through_seq, receipt_digest: None };
    let theirs = LinkState { inbound: at(taken), outbound: at(0), history: Vec::new() };
    let act = move |tx: &mut Tx<'_>| {
        let before = reconcile::ours(tx.conn(), &peer())?;
        reconcile::mend(tx, &peer(), &before, &theirs)
    };
    store.write(act).await.unwrap()
}

/// When it is compared next, whether it ever was, and how often that failed.
async fn check(store: &Store) -> (DateTime<Utc>, bool, i32) {
    let row = store.read(|conn| {
        let columns = (link_check::due_at, link_check::checked_at, link_check::failures);
        Ok(link_check::table.select(columns).first::<(At, Option<At>, i32)>(conn)?)
    });
    let (due, checked, failures) = row.await.unwrap();
    (due.0, checked.is_some(), failures)
}

#[actix_web::test]
async fn a_link_that_never_rests_is_compared_all_the_same() {
    for scratch in scratch::all(scratch::clock) {
        let store = scratch.store();
        busy(store).await;
        assert!(!compared(store, 8).await);
        let now = store.clock().now();
        assert_eq!(check(store).await, (now + TimeDelta::hours(24), true, 0), "it fits, with a batch under way");
        store.close().await;
    }
}

#[actix_web::test]
async fn what_does_not_fit_waits_for_the_batch_under_way_and_no_longer() {
    for scratch in scratch::all(scratch::clock) {
        let store = scratch.store();
        busy(store).await;
        for _ in 0..3 {
            assert!(!compared(store, 5).await);
            let (due, _, failures) = check(store).await;
            assert!(due - store.clock().now() <= TimeDelta::seconds(30));
            assert_eq!(failures, 0, "nothing has failed: the pause does not grow");
        }
        let acked = async || store.read(|conn| Ok(outbox::link(conn, &peer())?.unwrap().acked_seq)).await.unwrap();
        assert_eq!(acked().await, 7, "no number is changed under a batch");
        store.clock().advance(LEASE);
        assert!(compared(store, 5).await);
        assert_eq!((acked().await, check(store).await.1), (0, true), "it begins anew: nothing of it is held here");
        store.close().await;
    }
}

#[actix_web::test]
async fn a_comparison_that_hangs_keeps_no_other_link_waiting() {
    for scratch in scratch::all(scratch::clock) {
        let store = scratch.store();
        busy(store).await;
        let now = store.clock().now();
        let next = store
            .write(move |tx| {
                assert_eq!(checks::claim(tx, 9)?, [peer()]);
                let (soon, other) = (At::from(now + TimeDelta::seconds(2)), "https://altro.example");
                let row = (link_check::peer.eq(other), link_check::due_at.eq(soon), link_check::failures.eq(0));
                diesel::insert_into(link_check::table).values(row).execute(tx.conn())?;
                checks::next(tx.conn())
            })
            .await
            .unwrap();
        assert_eq!(next, Some(now + TimeDelta::seconds(2)));
        store.close().await;
    }
}
