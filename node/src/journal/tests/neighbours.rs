//! What partners signed, and what they say to it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, LogId};
use staffetta_protocol::jose::{Jwks, KeySet, SigningKey};
use staffetta_protocol::log::{self as tree, Checkpoint, Consistency};
use uuid::Uuid;

use super::{act, naive, sealer, sealer_keys};
use crate::journal::neighbours::verdict;
use crate::journal::*;
use crate::store::schema::neighbour_checkpoint;
use crate::store::{At, Store, Tx, scratch};

/// A partner's log.
#[derive(Clone)]
struct Partner {
    key: SigningKey,
    log: Uuid,
    /// What its clock says.
    iat: i64,
}

impl Partner {
    fn new() -> Self {
        Self { key: SigningKey::generate().unwrap().0, log: Uuid::now_v7(), iat: 1_795_424_400 }
    }

    /// The same after a restore.
    fn restored(&self) -> Self {
        Self { log: Uuid::now_v7(), ..self.clone() }
    }

    /// The same, so many minutes later by its own clock.
    fn after(&self, minutes: i64) -> Self {
        Self { iat: self.iat + minutes * 60, ..self.clone() }
    }

    fn id() -> EntityId {
        "https://b.example".parse().unwrap()
    }

    fn keys(&self) -> KeySet {
        KeySet::new(&Jwks { keys: vec![self.key.jwk().clone()] })
    }

    /// So many entries, all of them like this.
    fn leaves(n: u64, like: &str) -> Vec<String> {
        (0..n).map(|i| format!("{like} {i}")).collect()
    }

    fn says(&self, leaves: &[String]) -> String {
        let claims = Checkpoint {
            iss: Self::id(),
            log: LogId(self.log),
            size: leaves.len() as u64,
            root: naive(leaves),
            iat: self.iat,
        };
        claims.sign(&self.key).unwrap()
    }

    /// What it answers about a checkpoint of `from` entries.
    fn shows(&self, from: u64, leaves: &[String]) -> Consistency {
        let to = leaves.len() as u64;
        let fetch = |node: tree::Node| {
            let first = (node.number << node.level) as usize;
            Ok::<_, std::convert::Infallible>(naive(&leaves[first..first + (1 << node.level)]))
        };
        let Ok(proof) = tree::consistency_proof(from.min(to), to, fetch);
        Consistency { checkpoint: self.says(leaves), from, to, proof }
    }
}

async fn hears(store: &Store, jws: String) -> Option<Trouble> {
    store.write(move |tx| hear(tx, &Partner::id(), &jws)).await.unwrap()
}

/// Log by log, the sizes that a partner is asked about.
async fn asked(store: &Store) -> Vec<Heard> {
    store.read(|conn| to_compare(conn, &Partner::id())).await.unwrap()
}

async fn sizes(store: &Store) -> Vec<u64> {
    asked(store).await.iter().map(Heard::size).collect()
}

/// The alarms that stand, by name.
async fn alarms(store: &Store) -> Vec<String> {
    let (_, alarms) = store.read(neighbours).await.unwrap();
    let mut kinds: Vec<String> = alarms.into_iter().map(|alarm| alarm.kind).collect();
    kinds.sort();
    kinds
}

/// The partner is asked about all that is kept, and answers that about each, or that there is no such log; what is new.
async fn answers(store: &Store, keys: &KeySet, answer: impl Fn(&Heard) -> Option<Consistency>) -> Vec<Trouble> {
    let now = store.clock().now();
    let judged = asked(store).await.into_iter().map(|kept| {
        let said = answer(&kept);
        judge(kept, said.as_ref(), keys, &Partner::id(), now).expect("it is under its signature")
    });
    let judged: Vec<Judged> = judged.collect();
    store.write(move |tx| settle(tx, &Partner::id(), &judged)).await.unwrap()
}

#[actix_web::test]
async fn what_a_partner_signed_is_kept_and_two_words_on_one_size_are_an_alarm() {
    scratch::each(|store| async move {
        let partner = Partner::new();
        hears(&store, partner.says(&Partner::leaves(5, "a"))).await;
        hears(&store, partner.says(&Partner::leaves(5, "a"))).await;
        for n in 6..30 {
            hears(&store, partner.says(&Partner::leaves(n, "a"))).await;
        }
        hears(&store, "no checkpoint".into()).await;
        assert_eq!(sizes(&store).await, [5, 29], "of an hour the first and the newest");
        assert!(alarms(&store).await.is_empty());
        hears(&store, partner.says(&Partner::leaves(29, "b"))).await;
        hears(&store, partner.says(&Partner::leaves(29, "b"))).await;
        assert_eq!(alarms(&store).await, ["forked"]);
        let other = partner.restored();
        hears(&store, other.says(&Partner::leaves(2, "a"))).await;
        let (known, alarms) = store.read(neighbours).await.unwrap();
        assert_eq!((known.len(), alarms.len()), (2, 2), "another log than before is told");
        let written = store.read(|conn| of_act(conn, "journal.neighbour-differs", 10)).await.unwrap();
        assert_eq!(written.len(), 2, "once for each log and kind");
    })
    .await;
}

#[actix_web::test]
async fn only_a_log_that_grew_passes_for_the_same() {
    scratch::each(|store| async move {
        let partner = Partner::new();
        let (then, now) = (Partner::leaves(5, "a"), store.clock().now());
        hears(&store, partner.says(&then)).await;
        let kept = asked(&store).await.remove(0);
        let judged = |leaves: &[String]| {
            let answer = partner.shows(5, leaves);
            verdict(&kept, &answer, &partner.keys(), &Partner::id(), now).map(|it| it.map(|today| today.size))
        };
        assert_eq!(judged(&Partner::leaves(9, "a")), Some(Ok(9)));
        assert_eq!(judged(&then), Some(Ok(5)));
        assert_eq!(judged(&Partner::leaves(9, "b")), Some(Err(Trouble::Rewritten)));
        assert_eq!(judged(&Partner::leaves(4, "a")), Some(Err(Trouble::Truncated)));
        let (answer, stranger) = (partner.shows(5, &then), Partner::new());
        let unsigned = judge(kept, Some(&answer), &stranger.keys(), &Partner::id(), now);
        assert!(unsigned.is_none(), "what is not under its signature proves nothing against it");
    })
    .await;
}

#[actix_web::test]
async fn a_log_is_asked_about_also_when_the_partner_speaks_of_another() {
    scratch::each(|store| async move {
        let partner = Partner::new();
        let first = Partner::leaves(40, "a");
        hears(&store, partner.says(&first)).await;
        store.clock().advance(TimeDelta::hours(2));
        hears(&store, partner.says(&Partner::leaves(60, "a"))).await;
        // Put back to the copy with fifty entries: the old log is still there as far as that, and the new one begins.
        let restored = partner.restored();
        assert_eq!(hears(&store, restored.says(&Partner::leaves(2, "n"))).await, Some(Trouble::Replaced));
        assert_eq!(sizes(&store).await.len(), 3);
        let says = |kept: &Heard| match (kept.log().0 == partner.log, kept.size()) {
            (true, 60) => None,
            (true, size) => Some(partner.shows(size, &Partner::leaves(50, "a"))),
            (false, size) => Some(restored.shows(size, &Partner::leaves(5, "n"))),
        };
        assert_eq!(answers(&store, &partner.keys(), says).await, [Trouble::Truncated], "it was cut, which is said");
        assert_eq!(alarms(&store).await, ["replaced", "truncated"]);
        assert_eq!(sizes(&store).await, [50, 5], "what is there goes on being proven");
        for _ in 0..9 {
            store.clock().advance(TimeDelta::days(1));
            assert_eq!(answers(&store, &partner.keys(), says).await, [], "and is not said again each day");
            let later = store.clock().now();
            assert!(!store.write(move |tx| note_withheld(tx, &Partner::id(), later)).await.unwrap());
        }
        // Whoever speaks of another log to hide what it did to the first is found out all the same.
        let rewritten = |kept: &Heard| match kept.log().0 == partner.log {
            true => Some(partner.shows(kept.size(), &Partner::leaves(70, "b"))),
            false => says(kept),
        };
        assert_eq!(answers(&store, &partner.keys(), rewritten).await, [Trouble::Rewritten]);
    })
    .await;
}

#[actix_web::test]
async fn a_smaller_log_that_was_signed_later_was_cut_and_one_that_arrives_late_was_not() {
    scratch::each(|store| async move {
        let partner = Partner::new();
        hears(&store, partner.after(60).says(&Partner::leaves(20, "a"))).await;
        // A receipt of before; one of a process whose clock is some seconds ahead.
        assert_eq!(hears(&store, partner.says(&Partner::leaves(12, "a"))).await, None);
        assert_eq!(hears(&store, partner.after(61).says(&Partner::leaves(19, "a"))).await, None);
        assert!(alarms(&store).await.is_empty());
        assert_eq!(hears(&store, partner.after(120).says(&Partner::leaves(15, "a"))).await, Some(Trouble::Truncated));
        assert_eq!(hears(&store, partner.after(180).says(&Partner::leaves(16, "a"))).await, None, "said once");
        assert_eq!(alarms(&store).await, ["truncated"]);
    })
    .await;
    scratch::each(|store| async move {
        // Cut to a size that is known, with the root that it had.
        let partner = Partner::new();
        hears(&store, partner.says(&Partner::leaves(12, "a"))).await;
        hears(&store, partner.after(60).says(&Partner::leaves(20, "a"))).await;
        assert_eq!(hears(&store, partner.after(120).says(&Partner::leaves(12, "a"))).await, Some(Trouble::Truncated));
    })
    .await;
}

#[actix_web::test]
async fn two_stories_for_two_checkpoints_are_both_kept() {
    scratch::each(|store| async move {
        let partner = Partner::new();
        hears(&store, partner.says(&Partner::leaves(5, "a"))).await;
        store.clock().advance(TimeDelta::hours(2));
        let other = [Partner::leaves(5, "a"), Partner::leaves(3, "b")].concat();
        hears(&store, partner.says(&other)).await;
        // The smaller one is continued by one log, and the larger by another.
        let (one, two) = (Partner::leaves(9, "a"), [other.clone(), Partner::leaves(4, "c")].concat());
        let says = |kept: &Heard| Some(partner.shows(kept.size(), if kept.size() == 5 { &one } else { &two }));
        assert_eq!(answers(&store, &partner.keys(), says).await, []);
        assert_eq!(sizes(&store).await, [9, 12]);
        store.clock().advance(TimeDelta::days(1));
        let says = |kept: &Heard| Some(partner.shows(kept.size(), &two));
        assert_eq!(answers(&store, &partner.keys(), says).await, [Trouble::Rewritten], "one of the two does not fit");
        // A root that contradicts the one under the same size takes no place of anything.
        let says = |kept: &Heard| Some(partner.shows(kept.size(), &two));
        hears(&store, partner.says(&[Partner::leaves(12, "x"), Partner::leaves(8, "y")].concat())).await;
        let longer = [two.clone(), Partner::leaves(8, "z")].concat();
        let forks = |kept: &Heard| match kept.size() {
            12 => Some(partner.shows(12, &longer)),
            _ => says(kept),
        };
        store.clock().advance(TimeDelta::days(1));
        let new = answers(&store, &partner.keys(), forks).await;
        assert!(new.contains(&Trouble::Forked), "{new:?}");
        assert!(sizes(&store).await.contains(&12), "what was shown by it stays");
    })
    .await;
}

#[actix_web::test]
async fn what_stays_unproven_for_a_week_although_the_partner_is_there_is_withheld_until_it_speaks() {
    scratch::each(|store| async move {
        let partner = Partner::new();
        let begun = store.clock().now();
        hears(&store, partner.says(&Partner::leaves(5, "a"))).await;
        let withheld = |receipted: DateTime<Utc>| {
            let store = store.clone();
            async move { store.write(move |tx| note_withheld(tx, &Partner::id(), receipted)).await.unwrap() }
        };
        let day = TimeDelta::days(1);
        store.clock().advance(day * 8);
        // A database of the release before, in which nobody was told.
        let now = At::from(store.clock().now());
        let column = neighbour_checkpoint::awaited_since;
        let before = move |tx: &mut Tx<'_>| {
            Ok(diesel::update(neighbour_checkpoint::table).set(column.eq(Some(now))).execute(tx.conn())?)
        };
        store.write(before).await.unwrap();
        assert!(!withheld(begun + day * 8).await, "its days begin with the new release");
        let as_ever = diesel::update(neighbour_checkpoint::table).set(column.eq(None::<At>));
        store.write(move |tx| Ok(as_ever.execute(tx.conn())?)).await.unwrap();
        assert!(!withheld(begun + day * 6).await, "whoever is gone when the week is over withholds nothing");
        assert!(withheld(begun + day * 7).await);
        assert!(!withheld(begun + day * 7).await, "said once");
        assert_eq!(alarms(&store).await, ["withheld"]);
        assert!(store.read(|conn| is_withheld(conn, &Partner::id())).await.unwrap());
        // Something newer is shown, and what was withheld is not.
        let now = store.clock().now();
        hears(&store, partner.says(&Partner::leaves(9, "a"))).await;
        let newer = asked(&store).await.remove(1);
        let shown = partner.shows(9, &Partner::leaves(11, "a"));
        let judged = judge(newer, Some(&shown), &partner.keys(), &Partner::id(), now).unwrap();
        store.write(move |tx| settle(tx, &Partner::id(), &[judged])).await.unwrap();
        assert_eq!(alarms(&store).await, ["withheld"]);
        let says = |kept: &Heard| Some(partner.shows(kept.size(), &Partner::leaves(12, "a")));
        assert_eq!(answers(&store, &partner.keys(), says).await, []);
        assert!(alarms(&store).await.is_empty(), "the proof came");
        assert!(!store.read(|conn| is_withheld(conn, &Partner::id())).await.unwrap());
        // What was proven once is to be proven again.
        store.clock().advance(day * 8);
        assert!(withheld(last_call(store.clock().now())).await);
    })
    .await;
}

#[actix_web::test]
async fn a_few_are_asked_about_at_a_time_and_none_twice_in_one_go() {
    scratch::each(|store| async move {
        let partner = Partner::new();
        for n in 1..=tree::MAX_ASKED as u64 + 4 {
            hears(&store, partner.says(&Partner::leaves(n, "a"))).await;
            store.clock().advance(TimeDelta::hours(2));
        }
        let now = store.clock().now();
        let first = store.read(move |conn| to_prove(conn, &Partner::id(), now)).await.unwrap();
        assert_eq!(first.iter().map(|one| one.size).collect::<Vec<_>>(), (1..=16).collect::<Vec<_>>());
        let says = |kept: &Heard| Some(partner.shows(kept.size(), &Partner::leaves(30, "a")));
        answers(&store, &partner.keys(), says).await;
        let now = store.clock().now();
        assert_eq!(store.read(move |conn| to_prove(conn, &Partner::id(), now)).await.unwrap(), []);
        store.clock().advance(TimeDelta::days(1));
        let now = store.clock().now();
        assert_eq!(store.read(move |conn| to_prove(conn, &Partner::id(), now)).await.unwrap()[0].size, 30);
    })
    .await;
}

#[actix_web::test]
async fn of_a_log_that_was_left_behind_all_that_is_there_is_shown() {
    scratch::each(|store| async move {
        let sealer = sealer(&store).await;
        act(&store, 10).await;
        sealer.pump().await.unwrap();
        let old = store.read(|conn| Ok(logs(conn)?[0].id())).await.unwrap();
        // Sealed, and not signed any more before another log begins.
        act(&store, 4).await;
        let process = Uuid::new_v4();
        store.clock().advance(TimeDelta::minutes(1));
        store.write(move |tx| crate::journal::sealer::seal(tx, process)).await.unwrap();
        store.write(|tx| begin_new_log(tx, None)).await.unwrap();
        let keys = sealer_keys(&sealer);
        for (from, to) in [(3, Some(10)), (10, Some(10)), (12, Some(14)), (14, Some(14)), (15, None)] {
            let (keys, now) = (keys.clone(), store.clock().now());
            let shown = store.read(move |conn| consistency(conn, (&keys, &super::me()), old, (from, None), now)).await;
            assert_eq!(shown.unwrap().map(|shown| shown.to), to, "{from}");
        }
    })
    .await;
}
