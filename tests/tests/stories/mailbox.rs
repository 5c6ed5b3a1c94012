//! A node that nobody can call: it lives behind a wall, with outgoing calls only.

mod restored;

use chrono::TimeDelta;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use staffetta_node::access::AccessRole;
use staffetta_node::inbox;
use staffetta_protocol::trust::Role;
use staffetta_tests::{Federation, on_each_database};

use crate::stage::{Stage, stands};

impl Stage {
    /// The same stage with a job centre that nobody can call.
    pub(crate) async fn walled(net: Federation) -> Self {
        let (centre, cpi) = (net.centre().await, net.hidden("CPI Prato", Role::Cpi, "ipa:cpi_po").await);
        centre.node.peers().resolve(cpi.id()).await.expect("the centre finds it at the authority");
        let (at_centre, at_cpi) = (centre.desk(AccessRole::Operator).await, cpi.desk(AccessRole::Operator).await);
        Self { net, centre, cpi, at_centre, at_cpi }
    }

    /// What the job centre is given when it asks for what comes after that number.
    async fn polled(&self, after: u64) -> Value {
        let peers = self.cpi.node.peers();
        let centre = peers.resolve(self.centre.id()).await.unwrap();
        let answer = peers.poll(&centre, &format!("/exchange/messages?epoch=1&after={after}"), 0).await.unwrap();
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).unwrap()
    }

    async fn handed_in(&self, receipt: &str) -> u16 {
        let peers = self.cpi.node.peers();
        let centre = peers.resolve(self.centre.id()).await.unwrap();
        let body = serde_json::to_vec(&json!({"receipt": receipt})).unwrap();
        peers.call(&centre, Method::POST, "/exchange/receipts", Some(body.into())).await.unwrap().status
    }
}

#[actix_web::test]
async fn it_receives_and_answers_and_an_absence_loses_nothing() {
    on_each_database(|net| async move {
        let mut stage = Stage::walled(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await), ("received", "delivered", ""));
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        let (_, shown) = stage.received().await.unwrap();
        assert_eq!(shown["card"]["groups"]["contact"]["phone"][0]["number"], "+393330001122");

        stage.cpi.stop().await;
        stage.at_centre.post(&format!("{path}/card-updates"), json!({"groups": ["g.preview"]})).await.ok();
        let second = stage.sent().await;
        for _ in 0..10 {
            stage.net.wait(TimeDelta::hours(12));
            stage.centre.pump().await;
        }
        assert_eq!(stands(&stage.seen(&second).await), ("sent", "queued", ""), "nobody knocks, nothing is refused");
        stage.cpi.restart().await;
        stage.cpi.node.peers().deposit_configuration().await.unwrap();
        stage.net.wait(TimeDelta::seconds(30));
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&second).await), ("received", "delivered", ""));
        assert_eq!(stage.at_cpi.read("referrals").await.ok()["items"].as_array().unwrap().len(), 2);
        assert_eq!(stage.centre.tasks(AccessRole::Admin).await, Vec::<String>::new());
    })
    .await;
}

#[actix_web::test]
async fn what_it_had_to_say_leaves_as_soon_as_a_member_answers_it_again() {
    on_each_database(|net| async move {
        let mut stage = Stage::walled(net).await;
        let path = stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        stage.centre.stop().await;
        stage.accept(&received).await;
        for _ in 0..21 * 2 {
            stage.cpi.pump().await;
            stage.net.wait(TimeDelta::hours(12));
            stage.cpi.node.peers().deposit_configuration().await.unwrap();
        }
        stage.cpi.pump().await;
        stage.centre.restart().await;
        stage.net.wait(TimeDelta::minutes(1));
        stage.cpi.pump().await;
        assert_eq!(
            stands(&stage.seen(&path).await).0,
            "accepted",
            "though its link was to rest for a quarter of an hour"
        );
    })
    .await;
}

#[actix_web::test]
async fn asking_again_gives_the_same_and_only_the_right_receipt_settles() {
    on_each_database(|net| async move {
        let stage = Stage::walled(net).await;
        let path = stage.sent().await;
        let first = stage.polled(0).await;
        assert_eq!(first["items"].as_array().unwrap().len(), 1);
        let second = stage.sent().await;
        let both = stage.polled(0).await;
        assert_eq!(both["items"][0], first["items"][0], "asking again gives the same");
        assert_eq!(both["items"].as_array().unwrap().len(), 2);
        assert_eq!(stage.polled(1).await["items"], both["items"], "also what it has taken and gave no receipt for");
        assert_eq!(stands(&stage.seen(&path).await).1, "queued", "only a receipt settles");

        assert_eq!(stage.handed_in("eyJhbGciOiJFUzI1NiJ9.e30.AAAA").await, 422);
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&second).await).1, "delivered");
        let centre = stage.centre.id().clone();
        let last = stage.cpi.node.store().read(move |conn| inbox::last_receipt(conn, &centre)).await.unwrap().unwrap();
        assert_eq!(stage.handed_in(&last).await, 200, "the same again");
        stage.sent().await;
        stage.pump().await;
        assert_eq!(stage.handed_in(&last).await, 409, "too late");
        assert_eq!(stage.polled(3).await["items"], json!([]));
    })
    .await;
}

#[actix_web::test]
async fn whoever_has_no_mailbox_fetches_nothing_and_deposits_nothing() {
    on_each_database(|net| async move {
        let stage = Stage::set(net).await;
        let peers = stage.cpi.node.peers();
        let centre = peers.resolve(stage.centre.id()).await.unwrap();
        let answer = peers.poll(&centre, "/exchange/messages?epoch=1&after=0", 0).await.unwrap();
        assert_eq!(answer.status, 403);
        let hidden = stage.net.hidden("Patronato", Role::Association, "vat:12345678903").await;
        let base = stage.net.authority.id();
        let client = Client::builder().no_proxy().build().unwrap();
        let slug = hidden.id().as_str().rsplit_once('/').unwrap().1;
        let media = "application/entity-statement+jwt";
        let own = hidden.node.peers().own_configuration().await.unwrap();
        let others = stage.cpi.node.peers().own_configuration().await.unwrap();
        for (slug, jws, status) in
            [(slug, &own, 204), (slug, &others, 403), ("nobody", &own, 404), ("cpi-prato", &others, 404)]
        {
            let url = format!("{}/network/members/{slug}/entity-configuration", base.resource());
            let put = client.put(url).header("content-type", media).body(jws.clone()).send().await.unwrap();
            assert_eq!(put.status(), status, "{slug}");
        }
        let lies = client.get(hidden.id().configuration_url()).send().await.unwrap();
        assert_eq!(lies.text().await.unwrap(), own);
        let elsewhere = format!("{}/nodes/{slug}/.well-known/openid-federation", stage.cpi.id());
        assert_eq!(client.get(elsewhere).send().await.unwrap().status(), 404);
    })
    .await;
}

/// How many polls of the job centre have been answered, and with how many items each.
type Polls = tokio::task::JoinHandle<(u16, usize)>;

impl Stage {
    /// A poll that waits for 25 seconds if nothing comes.
    fn polling(&self, after: u64) -> Polls {
        let (peers, centre) = (self.cpi.node.peers().clone(), self.centre.id().clone());
        tokio::task::spawn_local(async move {
            let centre = peers.resolve(&centre).await.unwrap();
            let answer = peers.poll(&centre, &format!("/exchange/messages?epoch=1&after={after}"), 25).await.unwrap();
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            (answer.status, body["items"].as_array().map_or(0, Vec::len))
        })
    }

    /// Until as many polls of the job centre wait at the centre: another one is told so.
    async fn waiting(&self, polls: usize) {
        while self.centre.node.links().waiting_polls(self.cpi.id()) < polls {
            tokio::task::yield_now().await;
        }
    }
}

/// What is answered long before the 25 seconds are over was not answered because they were over.
async fn soon(poll: Polls) -> (u16, usize) {
    tokio::time::timeout(std::time::Duration::from_secs(15), poll).await.expect("answered at once").unwrap()
}

#[actix_web::test]
async fn a_poll_waits_is_answered_when_something_comes_and_a_third_is_one_too_many() {
    on_each_database(|net| async move {
        let stage = Stage::walled(net).await;
        let (one, two) = (stage.polling(0), stage.polling(0));
        stage.waiting(2).await;
        assert!(!one.is_finished() && !two.is_finished(), "nothing has come");
        assert_eq!(stage.polling(0).await.unwrap().0, 429);
        stage.sent().await;
        stage.centre.pump().await;
        assert_eq!((soon(one).await, soon(two).await), ((200, 1), (200, 1)));
    })
    .await;
}

#[actix_web::test]
async fn whoever_waits_is_answered_when_the_node_stops() {
    on_each_database(|net| async move {
        let mut stage = Stage::walled(net).await;
        let poll = stage.polling(0);
        stage.waiting(1).await;
        stage.centre.stop().await;
        assert_eq!(soon(poll).await, (200, 0), "answered with nothing, and not cut off");
        stage.centre.restart().await;
        stage.sent().await;
        stage.pump().await;
        assert!(stage.received().await.is_some(), "and nothing was lost by it");
    })
    .await;
}

#[actix_web::test]
async fn who_answers_at_once_that_there_is_nothing_is_asked_again_after_a_pause() {
    on_each_database(|net| async move {
        let stage = Stage::walled(net).await;
        let links = stage.cpi.node.links();
        assert!(links.collect(0).await.unwrap(), "it was not asked to wait");
        // It goes on answering, and waits no more.
        stage.centre.node.links().close();
        assert!(!links.collect(25).await.unwrap());
    })
    .await;
}
