//! A link to a node that nobody can call, after one of its two sides was put back to an old backup.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::json;
use staffetta_node::access::AccessRole;
use staffetta_tests::{Federation, on_each_database};

use super::soon;
use crate::stage::{Stage, stands};

const ADMIN: AccessRole = AccessRole::Admin;

impl Stage {
    /// The job centre has a mailbox, and one referral: its path here and there.
    async fn with_a_referral(net: Federation) -> (Self, String, String) {
        let mut stage = Self::walled(net).await;
        stage.narrow().await;
        let path = stage.sent().await;
        stage.pump().await;
        let (there, _) = stage.received().await.unwrap();
        (stage, path, there)
    }

    /// Both sides take two messages at a time, so that what is missing later is more than a batch.
    async fn narrow(&mut self) {
        self.centre.windowed(2).await;
        self.cpi.windowed(2).await;
        self.cpi.node.peers().deposit_configuration().await.unwrap();
        self.centre.node.peers().resolve(self.cpi.id()).await.unwrap();
    }

    /// What the person tells next goes to the job centre: so often, each in a batch of its own or several in one.
    async fn updates(&self, path: &str, times: usize, apart: bool) {
        for _ in 0..times {
            self.at_centre.post(&format!("{path}/card-updates"), json!({"groups": ["g.preview"]})).await.ok();
            if apart {
                self.pump().await;
            }
        }
        self.pump().await;
    }

    /// Days go by in which both do what they do.
    async fn some_days(&self) {
        for hours in [1, 25, 25] {
            self.net.wait(TimeDelta::hours(hours));
            self.cpi.node.peers().deposit_configuration().await.unwrap();
            for _ in 0..3 {
                self.centre.reconcile().await;
                self.cpi.reconcile().await;
                self.pump().await;
                self.net.wait(TimeDelta::minutes(16));
            }
        }
    }

    /// How many updates of a card were taken at the job centre, and how many referrals it has.
    async fn taken(&self) -> (usize, usize) {
        let list = self.at_cpi.read("referrals").await.ok();
        (self.cpi.journal("card.updated").await.len(), list["items"].as_array().unwrap().len())
    }
}

#[actix_web::test]
async fn a_node_with_a_mailbox_that_was_restored_gets_everything_again_and_once() {
    on_each_database(|net| async move {
        let (mut stage, path, first) = Stage::with_a_referral(net).await;
        let backup = stage.cpi.backup();

        // Since then: seven messages in four batches and more, and a second referral, to which it has answered.
        stage.updates(&path, 3, true).await;
        stage.updates(&path, 4, false).await;
        stage.net.wait(TimeDelta::minutes(1));
        let second = stage.sent().await;
        stage.pump().await;
        let (received, _) = stage.received().await.unwrap();
        stage.accept(&received).await;
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&second).await).0, "accepted");
        assert_eq!(stage.taken().await, (7, 2));

        stage.cpi.restore(backup).await;
        assert_eq!(stage.taken().await, (0, 1));
        stage.some_days().await;
        assert_eq!(stage.taken().await, (7, 2), "all of it, and each once");
        assert_eq!(stands(&stage.seen(&path).await), ("received", "delivered", ""));
        let open = stage.centre.tasks(ADMIN).await;
        assert!(open.contains(&"link_restored peer_behind".to_owned()), "{open:?}");

        // What it says next has the numbers of what it has forgotten to have said, and arrives all the same.
        stage.accept(&first).await;
        stage.some_days().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        assert_eq!(stage.centre.journal("referral.accepted").await.len(), 2, "one for each");
        let open = stage.cpi.tasks(ADMIN).await;
        assert!(open.contains(&"link_restored restored_here".to_owned()), "{open:?}");
        stage.updates(&path, 3, false).await;
        assert_eq!(stage.taken().await, (10, 2), "and it goes on");
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_fetched_from_and_was_restored_goes_on_and_nothing_happens_twice() {
    on_each_database(|net| async move {
        let (mut stage, path, first) = Stage::with_a_referral(net).await;
        let backup = stage.centre.backup();

        stage.updates(&path, 5, true).await;
        stage.accept(&first).await;
        stage.pump().await;
        let (person, records) = stage.agreed().await;
        let lost = person.draft(&stage.cpi).await;
        stage.at_centre.post(&format!("{lost}/sending"), json!({})).await.ok();
        stage.pump().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted");
        assert_eq!(stage.taken().await, (5, 2));

        stage.centre.restore(backup).await;
        assert_eq!(stands(&stage.seen(&path).await).0, "received", "it forgot the answer, and that it sent anything");
        // Something new waits when the job centre asks for what comes after a number that nobody here remembers.
        stage.updates(&path, 1, false).await;
        stage.some_days().await;
        assert_eq!(stands(&stage.seen(&path).await).0, "accepted", "the answer came again");
        assert_eq!(stage.centre.journal("referral.accepted").await.len(), 1);
        let taken = stage.taken().await;
        assert_eq!((taken.0 >= 6, taken.1), (true, 2), "{taken:?}");
        let open = stage.centre.tasks(ADMIN).await;
        assert!(open.contains(&"link_restored restored_here".to_owned()), "{open:?}");
        stage.updates(&path, 3, false).await;
        assert_eq!(stage.taken().await.0, taken.0 + 3, "and it goes on");
        assert_eq!(records.len(), 2);
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_fetched_from_and_was_restored_lets_a_poll_wait_though_it_names_the_epoch_before() {
    on_each_database(|net| async move {
        let (mut stage, path, _) = Stage::with_a_referral(net).await;
        let backup = stage.centre.backup();
        stage.centre.restore(backup).await;
        let poll = stage.polling(1);
        tokio::time::timeout(Duration::from_secs(15), stage.waiting(1)).await.expect("it waits");
        stage.at_centre.post(&format!("{path}/card-updates"), json!({"groups": ["g.preview"]})).await.ok();
        stage.centre.pump().await;
        assert_eq!(soon(poll).await, (200, 1), "answered by what came, and not before");
        stage.pump().await;
        assert_eq!(stage.taken().await, (1, 1), "and it is taken in the next epoch");
    })
    .await;
}
