//! Processes that end without a word, and clocks that ran ahead: what they left behind keeps nobody waiting, and is done
//! once.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use futures_util::future::join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use staffetta_node::access::{self, AccessRole};
use staffetta_node::clock::Clock;
use staffetta_node::journal::{self, Actor};
use staffetta_node::outbox;
use staffetta_node::store::Store;
use staffetta_node::store::schema::{known_message, outbox as sent};
use staffetta_protocol::card::Text;
use staffetta_tests::{BOTH, Desk, Member, Person, on_each_database, on_servers};

use crate::servers::{Servers, port, takes_a_batch};
use crate::stage::{CPI, Stage, stands};

/// Somebody agrees and is referred; the path at that desk.
async fn refers(desk: &Desk, name: &str, to: &Member) -> String {
    let person = Person::with_card(desk, name).await;
    person.agrees(CPI, BOTH).await;
    let path = person.draft(to).await;
    let said = desk.post(&format!("{path}/sending"), json!({})).await;
    assert_eq!(said.status, 202, "{}", said.body);
    path
}

/// Somebody with a password: her name, and that.
async fn signs_in_with(member: &Member) -> Value {
    let temporary = member.node.door().temporary().await.unwrap();
    let password = temporary.password.expose().to_owned();
    let (door, username) = (member.node.door().clone(), "nuova".parse().unwrap());
    let act = move |tx: &mut staffetta_node::store::Tx<'_>| {
        let label = Text::new("Nuova").unwrap();
        let staff = access::add_staff(tx, Actor::System, &username, &label, AccessRole::Operator)?;
        door.reset(tx, Actor::System, staff, &temporary)
    };
    member.node.store().write(act).await.unwrap();
    json!({"username": "nuova", "password": password})
}

/// What left a node for another, and what the other took, however it is counted.
async fn counts(from: &Store, to: &Store, there: &str, here: &str) -> (i64, i64, usize) {
    let there = there.to_owned();
    let (states, numbers) = from
        .read(move |conn| {
            let all = || sent::table.filter(sent::peer.eq(there.clone()));
            let arrived = all().filter(sent::state.eq("delivered")).count().get_result::<i64>(conn)?;
            let numbers: Vec<Option<i64>> =
                all().filter(sent::seq.is_not_null()).select(sent::seq).distinct().load(conn)?;
            Ok((arrived, numbers.len()))
        })
        .await
        .unwrap();
    let here = here.to_owned();
    let took = to.read(move |conn| {
        let took = known_message::table.filter(known_message::peer.eq(here));
        Ok(took.filter(known_message::outcome.eq("accepted")).count().get_result(conn)?)
    });
    (states, took.await.unwrap(), numbers)
}

/// The job centre and the clock of the story go on until it is so.
async fn until(stage: &Stage, what: &str, so: impl AsyncFn() -> bool) {
    for _ in 0..150 {
        stage.net.clock.jump_to(Clock::system().now());
        stage.cpi.pump().await;
        stage.cpi.reconcile().await;
        if so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came to that: {what}");
}

async fn all_stand(desk: &Desk, paths: &[String], state: &str) -> bool {
    let seen = join_all(paths.iter().map(|path| desk.read(path))).await;
    seen.iter().all(|it| it.status == 200 && stands(&it.body).0 == state)
}

#[actix_web::test]
async fn three_are_one_node_and_any_of_them_may_die() {
    let month_ago: DateTime<Utc> = Clock::system().now() - TimeDelta::days(31);
    on_servers(month_ago, |net| async move {
        let mut stage = Stage::set(net).await;
        // Three messages ran out while nobody was there to notice.
        stage.cpi.stop().await;
        let mut late = Vec::new();
        for _ in 0..3 {
            late.push(stage.sent().await);
        }
        stage.net.clock.jump_to(Clock::system().now());
        let account = signs_in_with(&stage.centre).await;
        stage.centre.stop().await;
        stage.centre.node.close().await;
        stage.cpi.restart().await;

        // Two start together and one after them.
        let mut servers = Servers::of(stage.centre.config(), 3);
        servers.start(0);
        servers.start(1);
        servers.answers(0).await;
        servers.answers(1).await;
        servers.start(2);
        servers.answers(2).await;
        let desks: Vec<Desk> = (0..3).map(|which| stage.at_centre.through(&servers.door(which))).collect();
        until(&stage, "what ran out is let go", async || all_stand(&desks[0], &late, "draft").await).await;

        // Whoever signed in at one is in at the others, and out at all of them.
        let browser = reqwest::Client::builder().no_proxy().build().unwrap();
        let own = |which| format!("{}/rest/staffetta/v1/desk/session", servers.door(which));
        let opened = browser.post(own(0)).json(&account).send().await.unwrap();
        assert_eq!(opened.status(), StatusCode::CREATED);
        let set = opened.headers().get_all("set-cookie").iter();
        let cookies: Vec<String> = set.map(|it| it.to_str().unwrap().split(';').next().unwrap().to_owned()).collect();
        let cookie = cookies.join("; ");
        let csrf = opened.json::<Value>().await.unwrap()["csrf_token"].as_str().unwrap().to_owned();
        let seen = async |which| browser.get(own(which)).header("Cookie", &cookie).send().await.unwrap().status();
        for which in 0..3 {
            assert_eq!(seen(which).await, StatusCode::OK, "{which}");
        }
        let leaves = browser.delete(own(1)).header("Cookie", &cookie).header("X-CSRF-Token", csrf);
        assert_eq!(leaves.send().await.unwrap().status(), StatusCode::NO_CONTENT);
        for which in 0..3 {
            assert_eq!(seen(which).await, StatusCode::UNAUTHORIZED, "{which}");
        }

        // A load both ways, through every door at once.
        let referred = join_all((0..6).map(|n| refers(&desks[n % 3], "Mariam", &stage.cpi))).await;
        until(&stage, "all arrived", async || all_stand(&desks[1], &referred, "received").await).await;
        let listed = stage.at_cpi.read("referrals?limit=100").await.ok();
        let taken: Vec<String> = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|it| format!("referrals/{}", it["id"].as_str().unwrap()))
            .collect();
        assert_eq!(taken.len(), 6);
        let asks = json!({"questions": ["Quando arriva?"]});
        for path in &taken {
            stage.at_cpi.post(&format!("{path}/information-requests"), asks.clone()).await.ok();
        }
        until(&stage, "all were asked", async || all_stand(&desks[2], &referred, "info_requested").await).await;
        let answers = json!({"answers": [{"question": 1, "text": "Domani mattina."}]});
        let told = join_all(referred.iter().enumerate().map(|(n, path)| {
            let (desk, answers) = (&desks[n % 3], answers.clone());
            async move { desk.post(&format!("{path}/information"), answers).await }
        }));
        told.await.into_iter().for_each(|said| drop(said.ok()));
        until(&stage, "all were answered", async || all_stand(&stage.at_cpi, &taken, "received").await).await;

        // One is killed with a batch under way that nobody answers; another takes its place.
        stage.cpi.stop().await;
        // Whose it is, is asked at once: it does not wait for ever.
        let held = async {
            let (from, held) = takes_a_batch(port(stage.cpi.id().as_str())).await;
            (servers.whose(from), held)
        };
        let (more, (victim, held)) = tokio::join!(join_all((0..3).map(|n| refers(&desks[n], "Awa", &stage.cpi))), held);
        let victim = victim.expect("one of the three has called");
        servers.kill(victim);
        drop(held);
        let left: Vec<usize> = (0..3).filter(|which| *which != victim).collect();
        stage.cpi.restart().await;
        let last = refers(&desks[left[0]], "Fatou", &stage.cpi).await;
        let more: Vec<String> = more.into_iter().chain([last]).collect();
        until(&stage, "the others went on", async || all_stand(&desks[left[1]], &more, "received").await).await;
        servers.start(victim);
        servers.answers(victim).await;
        let again = vec![refers(&desks[victim], "Binta", &stage.cpi).await];
        until(&stage, "it is back", async || all_stand(&desks[left[0]], &again, "received").await).await;

        // Nothing twice, nothing lost, no timer more than once.
        let listed = stage.at_cpi.read("referrals?limit=100").await.ok();
        assert_eq!(listed["items"].as_array().unwrap().len(), 11);
        for path in taken {
            let shown = stage.at_cpi.read(&path).await.ok().to_string();
            assert_eq!((shown.matches("Quando arriva?").count(), shown.matches("Domani mattina.").count()), (1, 1));
        }
        for path in &late {
            assert_eq!(stands(&desks[left[0]].read(path).await.ok()), ("draft", "expired", "expired"));
        }
        let store = Store::open(&stage.centre.config().database, Clock::system()).unwrap();
        let (centre, cpi) = (stage.centre.id().as_str(), stage.cpi.id().as_str());
        // Eleven referrals and six answers; six questions.
        assert_eq!(counts(&store, stage.cpi.node.store(), cpi, centre).await, (17, 17, 17));
        assert_eq!(counts(stage.cpi.node.store(), &store, centre, cpi).await, (6, 6, 6));
        let opened = store.read(|conn| journal::of_act(conn, "task.opened", 100)).await.unwrap();
        let expired = opened.iter().filter(|it| it.code.as_deref() == Some("message_expired")).count();
        assert_eq!(expired, 3);
        store.close().await;
        let verified = servers.run(&["audit", "verify"]);
        assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    })
    .await;
}

#[actix_web::test]
async fn what_a_killed_process_had_leased_is_free_when_it_starts_again() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let path = stage.sent().await;
        let (vault, to) = (stage.centre.node.vault().clone(), stage.cpi.id().clone());
        let bounds = outbox::Bounds {
            items: 10,
            bytes: 1 << 20,
            lease: TimeDelta::minutes(2),
            only_recall: false,
            time_holds: true,
        };
        let store = stage.centre.node.store();
        let (leased, _) =
            store.write(move |tx| outbox::lease(tx, &vault, &to, bounds, outbox::Turn::First)).await.unwrap();
        assert_eq!(leased.unwrap().batch.items.len(), 1);
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "sent", "another may have it under way");

        stage.centre.node.links().begin().await.unwrap();
        stage.pump().await;
        if !store.is_alone() {
            assert_eq!(stands(&stage.seen(&path).await).0, "sent", "another process may still have it under way");
            stage.net.wait(TimeDelta::minutes(2));
            stage.pump().await;
        }
        assert_eq!(stands(&stage.seen(&path).await).0, "received");
        assert_eq!(stage.at_cpi.read("referrals").await.ok()["items"].as_array().unwrap().len(), 1);
    })
    .await;
}

#[actix_web::test]
async fn what_was_put_off_by_a_clock_that_ran_ahead_goes_when_it_is_right_again() {
    on_each_database(|net| async move {
        let mut stage = Stage::set(net).await;
        let path = stage.sent().await;
        stage.cpi.stop().await;
        stage.net.wait(TimeDelta::days(1));
        stage.centre.pump().await;
        stage.net.wait(TimeDelta::days(-1));
        stage.cpi.restart().await;
        // Nobody calls, and nothing is started anew.
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "received");
    })
    .await;
}
