//! Reconciliation: every link is compared with what the peer knows of it, when the node starts, daily, and after a long
//! silence. A side that was restored from an old backup is found out, said to a person, and mended as far as numbers go.
//!
//! Only the outbound direction is mended here: the other side mends its own, and is woken by the question.

use std::sync::atomic::Ordering;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::link::LinkState;
use tokio::sync::watch;

use super::answer::later;
use super::compare::{Finding, Ours, compare};
use super::push::note_mended;
use super::serving::any;
use super::{AT_ONCE, Inner, Links, checks, history, shown};
use crate::error::Result;
use crate::journal::{self, Actor, Entry};
use crate::peers::ResolveError;
use crate::store::{Conn, Tx};
use crate::tasks::{self, Task};
use crate::{inbox, outbox};

/// How long a comparison that found something waits for a batch that is under way.
const UNDER_WAY: TimeDelta = TimeDelta::seconds(30);

impl Links {
    /// Compares what is due, and says when the next comparison is. The first call of a process compares every link.
    pub async fn reconcile(&self) -> Result<Option<DateTime<Utc>>> {
        self.reconcile_until(&watch::Sender::new(false).subscribe()).await
    }

    /// The same, until it is told to stop: then nobody is asked any more, and what was claimed falls due again.
    ///
    /// # Errors
    /// Whatever the store fails with.
    pub async fn reconcile_until(&self, stopping: &watch::Receiver<bool>) -> Result<Option<DateTime<Utc>>> {
        let links = &*self.0;
        let starts = !links.started.load(Ordering::Acquire);
        let due = links
            .store
            .write(move |tx| {
                checks::enlist(tx)?;
                if starts {
                    checks::all_due(tx)?;
                }
                checks::claim(tx, AT_ONCE as i64 * 4)
            })
            .await?;
        links.started.store(true, Ordering::Release);
        let asked = due.into_iter().take_while(|_| !*stopping.borrow());
        let mended = any(asked.map(|peer| async move { ask(links, &peer).await }), AT_ONCE).await?;
        if mended {
            self.wake();
        }
        links.store.read(checks::next).await
    }

    /// Calls, once in a process, each member with which nothing was ever exchanged: it may hold a first message that waits for
    /// a sign of life. What it answers says nothing yet. Many may be off, so that nothing else waits for this.
    ///
    /// # Errors
    /// Whatever the store fails with.
    pub async fn greet(&self, stopping: &watch::Receiver<bool>) -> Result<()> {
        let links = &*self.0;
        if links.greeted.load(Ordering::Acquire) {
            return Ok(());
        }
        let mut members = match links.peers.members().await {
            Ok(members) => members,
            Err(ResolveError::Internal(error)) => return Err(error),
            Err(_) => return Ok(()),
        };
        links.greeted.store(true, Ordering::Release);
        let known = links.store.read(checks::known).await?;
        members.retain(|member| !known.contains(member.as_str()));
        let called = members.into_iter().take_while(|_| !*stopping.borrow());
        let greeted = called.map(|member| async move {
            let heard = question(links, &member).await?.is_ok();
            tracing::debug!(peer = %member, heard, "a member with which nothing was exchanged yet");
            Ok(heard)
        });
        any(greeted, AT_ONCE).await.map(drop)
    }
}

/// How far this side is.
pub(super) fn ours(conn: &mut Conn, peer: &EntityId) -> Result<Ours> {
    let link = outbox::link(conn, peer)?;
    let state = inbox::link_state(conn, peer)?;
    Ok(Ours {
        epoch: link.as_ref().map_or(1, |link| link.epoch as u32),
        given: link.as_ref().map_or(0, |link| link.given_seq as u64),
        acked: link.as_ref().map_or(0, |link| link.acked_seq as u64),
        in_epoch: state.inbound.epoch,
        in_through: state.inbound.through_seq,
    })
}

/// Asks one peer. Whether something may go out now that could not before.
async fn ask(links: &Inner, to: &EntityId) -> Result<bool> {
    let asked = to.clone();
    let before = links.store.read(move |conn| ours(conn, &asked)).await?;
    let theirs = match question(links, to).await? {
        Ok(Some(theirs)) => theirs,
        Ok(None) => {
            let peer = to.clone();
            links.store.write(move |tx| checks::done(tx, &peer)).await?;
            history::watch(links, to).await?;
            return Ok(false);
        }
        Err(why) => {
            tracing::info!(peer = %to, %why, "a link could not be compared");
            let (peer, config) = (to.clone(), links.config.clone());
            let act = move |tx: &mut Tx<'_>| {
                let (now, failures) = (tx.now(), checks::failures(tx.conn(), &peer)?);
                checks::put_off(tx, &peer, later(&config, failures, why, now).retry_at)
            };
            links.store.write(act).await?;
            history::watch(links, to).await?;
            return Ok(false);
        }
    };
    let (peer, asked) = (to.clone(), theirs.history.clone());
    let wakes = links.store.write(move |tx| mend(tx, &peer, &before, &theirs)).await?;
    history::compare_with(links, to).await?;
    shown::show(links, to, asked).await?;
    history::watch(links, to).await?;
    Ok(wakes)
}

/// The peer's answer. `None` where there is nobody to ask: it is out, or cannot be called and asks by itself. `Err` is why
/// it did not answer.
async fn question(links: &Inner, to: &EntityId) -> Result<Result<Option<LinkState>, String>> {
    let peer = match links.peers.resolve(to).await {
        Ok(peer) if peer.has_mailbox() => return Ok(Ok(None)),
        Ok(peer) => peer,
        Err(ResolveError::Out) => return Ok(Ok(None)),
        Err(ResolveError::Internal(error)) => return Err(error),
        Err(why) => return Ok(Err(why.to_string())),
    };
    let answer = match links.call(&peer, Method::GET, "/exchange/link", None).await {
        Ok(answer) => answer,
        Err(crate::peers::CallError::Internal(error)) => return Err(error),
        Err(why) => return Ok(Err(why.to_string())),
    };
    if answer.status != 200 {
        return Ok(Err(format!("answered {}", answer.status)));
    }
    Ok(answer.json().map(Some).map_err(|why| why.to_string()))
}

pub(super) fn mend(tx: &mut Tx<'_>, peer: &EntityId, before: &Ours, theirs: &LinkState) -> Result<bool> {
    let now = tx.now();
    let after = ours(tx.conn(), peer)?;
    let knows_receipt = match &theirs.outbound.receipt_digest {
        Some(digest) => inbox::gave_receipt(tx.conn(), peer, *digest)?,
        None => true,
    };
    let (outbound, inbound) = compare(before, &after, theirs, knows_receipt);
    let under_way = outbox::link(tx.conn(), peer)?.and_then(|link| link.leased_until(now));
    if let Some(until) = under_way
        && outbound != Finding::Fits
    {
        // What is under way settles first: numbers are not changed under it. A link that never rests fits, or its next batch is
        // answered with the numbers of the peer and mends it; one whose batch is never answered rests when its lease ends.
        checks::again_at(tx, peer, until.min(now + UNDER_WAY))?;
        return Ok(false);
    }
    let mut wakes = false;
    if outbound != Finding::Fits {
        let told = &theirs.inbound;
        let mended = outbox::resynchronise(tx, peer, told.epoch, told.through_seq + 1, None)?;
        note_mended(tx, peer, mended)?;
        outbox::wake(tx, peer)?;
        wakes = true;
    }
    if inbound != Finding::Fits {
        let code = if inbound == Finding::WeForgot { "restored_here" } else { "peer_behind" };
        tasks::open(tx, Task::new(tasks::Kind::LinkRestored, peer).with(peer).code(code))?;
        journal::record(tx, Entry::new(Actor::System, "exchange.restored").peer(peer).code(code))?;
    }
    checks::done(tx, peer)?;
    // It has answered, so it is there: what waits for it waits no longer.
    if outbox::is_asleep(tx.conn(), peer, now)? {
        outbox::wake(tx, peer)?;
        wakes = true;
    }
    Ok(wakes)
}
