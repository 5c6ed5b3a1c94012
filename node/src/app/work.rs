//! The workers: what a node does without being asked.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Node, Workers};
use crate::access::door;
use crate::error::Result;
use crate::store::{Tx, once};
use crate::{consents, inbox, log, outbox, people, referrals, rights, wiring};

/// Longest that a worker sleeps: what another process on the same database queued is seen within this time.
const LONGEST_NAP: TimeDelta = TimeDelta::seconds(5);

impl Node {
    /// Starts the workers: links and their comparison, the journal's sealer, the refresh of chains, the authority's marks,
    /// and what is due by time alone.
    pub fn work(&self) -> Workers {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let span = log::node(self.entity_id());
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move {
                if let Err(error) = node.links.begin().await {
                    tracing::error!(cause = %error, "links wait for what they waited for before");
                }
                let until = stopping.clone();
                repeat(&node, "links", stopping, || node.links.pump_until(&until), || node.links.woken()).await;
            }
            .instrument(span.clone()),
        );
        if self.config.node.mailbox {
            let (node, stopping) = (self.clone(), stopped.clone());
            let fetching = async move {
                let until = stopping.clone();
                let fetch = || node.fetch(until.clone());
                repeat(&node, "mailbox", stopping, fetch, std::future::pending).await;
            };
            tasks.spawn(fetching.instrument(span.clone()));
        }
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move {
                let until = stopping.clone();
                let compare = || node.links.reconcile_until(&until);
                repeat(&node, "reconciliation", stopping, compare, std::future::pending).await;
            }
            .instrument(span.clone()),
        );
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move {
                let until = stopping.clone();
                let greet = || async { node.links.greet(&until).await.map(|()| None) };
                repeat(&node, "greetings", stopping, greet, std::future::pending).await;
            }
            .instrument(span.clone()),
        );
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move {
                repeat(&node, "peers", stopping, || node.peers.refresh_pump(), std::future::pending).await;
            }
            .instrument(span.clone()),
        );
        let (node, stopping) = (self.clone(), stopped.clone());
        tasks.spawn(
            async move { repeat(&node, "sealer", stopping, || node.sealer.pump(), std::future::pending).await }
                .instrument(span.clone()),
        );
        let (node, stopping) = (self.clone(), stopped);
        tasks.spawn(
            async move { repeat(&node, "upkeep", stopping, || node.upkeep(), std::future::pending).await }
                .instrument(span),
        );
        Workers { stop, tasks }
    }

    /// A round of a node with a mailbox; given up when the node stops, since what was not receipted comes again.
    async fn fetch(&self, mut stopping: watch::Receiver<bool>) -> Result<Option<DateTime<Utc>>> {
        tokio::select! {
            answered = self.links.collect(25) => Ok(answered?.then(|| self.clock.now())),
            _ = stopping.changed() => Ok(None),
        }
    }

    /// What is due by time alone: marks and memberships, what the outbox gave up, retired keys, ids that may be forgotten.
    /// What cannot be undone waits until some member's answer has confirmed our clock within the day. A part that fails
    /// keeps no other from being done.
    ///
    /// # Errors
    /// What the first part that failed failed with.
    pub async fn upkeep(&self) -> Result<Option<DateTime<Utc>>> {
        let now = self.clock.now();
        let parts = [
            self.upkeep_of_membership().await,
            self.upkeep_of_links().await,
            self.upkeep_of_referrals().await,
            self.upkeep_of_consents(now).await,
            self.upkeep_of_recalls().await,
            self.upkeep_of_rectified().await,
            self.upkeep_of_index().await,
            self.store.write(once::purge).await.map(drop),
            self.upkeep_of_keyring().await,
            self.forget().await,
        ];
        self.store.scrub_what_waits().await;
        parts.into_iter().collect::<Result<Vec<()>>>()?;
        Ok(Some(now + TimeDelta::minutes(5)))
    }

    async fn upkeep_of_membership(&self) -> Result<()> {
        if let Some(authority) = &self.authority {
            return authority.pump().await.map(drop);
        }
        if let Err(error) = self.peers.refresh_membership().await {
            tracing::warn!(cause = %error, "the membership was not refreshed");
        }
        if let Err(error) = self.peers.deposit_configuration().await {
            tracing::warn!(cause = %error, "the configuration was not deposited");
        }
        self.peers.keep_own_chain().await
    }

    /// What has not arrived for days becomes somebody's task.
    async fn upkeep_of_links(&self) -> Result<()> {
        if self.clock_is_confirmed() { self.store.write(outbox::tell_undelivered).await } else { Ok(()) }
    }

    async fn upkeep_of_referrals(&self) -> Result<()> {
        while self.store.write(referrals::refresh).await? == referrals::AT_ONCE {}
        Ok(())
    }

    async fn upkeep_of_keyring(&self) -> Result<()> {
        if let Err(cause) = self.keeper.pump().await {
            tracing::error!(%cause, "the keyring is behind: until it is written, no backup may be restored");
        }
        Ok(())
    }

    /// Whether what is erased now would stand in the keyring when it is done. Until it can, nobody is erased: a copy of the
    /// data would bring her back.
    async fn keyring_takes_more(&self) -> bool {
        let ready = self.keeper.is_ready_or_was().await;
        if let Err(cause) = &ready {
            tracing::error!(%cause, "the keyring cannot be written: nobody is erased until it can");
        }
        ready.is_ok()
    }

    /// What time alone makes irreversible, each in an act of its own: what fails in one keeps no other from being done.
    async fn forget(&self) -> Result<()> {
        if !self.clock_is_confirmed() {
            return Ok(());
        }
        let keys = self.keys.clone();
        let parts = [
            self.store.write(move |tx| keys.destroy_retired(tx).map(drop)).await,
            self.store.write(door::purge).await.map(drop),
            self.store.write(once::forget_keys).await.map(drop),
            self.store.write(inbox::purge).await.map(drop),
            self.forget_people().await,
        ];
        parts.into_iter().collect()
    }

    /// Who asked to be erased, and what was kept for as long as it may be.
    async fn forget_people(&self) -> Result<()> {
        if !self.keyring_takes_more().await {
            return Ok(());
        }
        let erased = self.erase_due().await;
        if !self.clock_is_confirmed() || self.store.is_behind_outside() {
            return erased;
        }
        let retained =
            rights::retention::pump(&self.store, &self.vault, wiring::RETAINED, &self.config.retention).await;
        erased.and(retained.map(drop))
    }

    /// A page in each act, so that others get their turn, and none while the keyring lacks what the one before destroyed.
    async fn erase_due(&self) -> Result<()> {
        let mut after = Uuid::nil();
        while !self.store.is_behind_outside() {
            let vault = self.vault.clone();
            match self.store.write(move |tx| rights::pump(tx, &vault, after)).await?.1 {
                Some(last) => after = last,
                None => break,
            }
        }
        Ok(())
    }

    /// Answers that became late, what was kept for a while, and the keys of those of whom nothing is held any more.
    async fn upkeep_of_recalls(&self) -> Result<()> {
        let (outbox, clock) = (self.outbox.clone(), self.clock_is_confirmed());
        let sure = consents::tree::Sure { clock, keyring: clock && self.keyring_takes_more().await };
        let act = move |tx: &mut Tx<'_>| consents::tree::pump(tx, &outbox, wiring::ABOVE, sure);
        self.store.write(act).await.map(drop)
    }

    /// What was put right at somebody's request goes to everybody who holds it.
    async fn upkeep_of_rectified(&self) -> Result<()> {
        let referrals = self.referrals.clone();
        if self.store.write(move |tx| referrals.pass_rectified_on(tx)).await? > 0 {
            self.links.wake();
        }
        Ok(())
    }

    /// Tokens of people that were made as names are folded no more.
    async fn upkeep_of_index(&self) -> Result<()> {
        loop {
            let vault = self.vault.clone();
            if self.store.write(move |tx| people::refold(tx, &vault)).await? < people::REFOLDED_AT_ONCE {
                return Ok(());
            }
        }
    }

    /// The notices that come with the program, and the ends of what guardians agreed to where a birthday was put right.
    async fn upkeep_of_consents(&self, now: DateTime<Utc>) -> Result<()> {
        let own = self.config.node.organisation_name.clone();
        self.store.write(move |tx| consents::notices::ship(tx, &own)).await?;
        let vault = self.vault.clone();
        let moved = self.store.read(move |conn| consents::moved_birthdays(conn, &vault, now)).await?;
        for consent in moved {
            let vault = self.vault.clone();
            self.store.write(move |tx| consents::put_birthday_right(tx, &vault, &consent)).await?;
        }
        Ok(())
    }
}

/// Calls `pump` again and again: when it asked to be called, when somebody wakes it, and at least every few seconds.
async fn repeat<P, N, W>(
    node: &Node,
    name: &'static str,
    mut stop: watch::Receiver<bool>,
    pump: impl Fn() -> P,
    woken: impl Fn() -> W,
) where
    P: Future<Output = Result<N>>,
    N: Into<Option<DateTime<Utc>>>,
    W: Future<Output = ()>,
{
    while !*stop.borrow() {
        let next = match pump().await {
            Ok(next) => next.into(),
            Err(error) => {
                tracing::error!(worker = name, cause = %error, "a worker failed; it is called again");
                None
            }
        };
        let nap = next.map_or(LONGEST_NAP, |at| (at - node.clock.now()).clamp(TimeDelta::zero(), LONGEST_NAP));
        let nap = Duration::from_millis(nap.num_milliseconds().max(10) as u64);
        tokio::select! {
            () = tokio::time::sleep(nap) => {}
            () = woken() => {}
            _ = stop.changed() => {}
        }
    }
}
