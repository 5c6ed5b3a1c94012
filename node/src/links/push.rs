//! One round on one link: may it, lease, call, settle.

use actix_web::web::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::Method;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{Code, ItemCode};
use staffetta_protocol::receipt::Outcome;
use staffetta_protocol::trust::MemberState;

use super::answer::{Receipted, Verdict, judge, later};
use super::{Inner, checks};
use crate::error::{Error, Result};
use crate::journal::{self, Actor, Entry};
use crate::metrics::{Metrics, Refuser};
use crate::outbox::{self, Bounds, Failure, Leased, Mended, Settlement, Turn};
use crate::peers::{Peer, ResolveError};
use crate::store::Tx;
use crate::tasks::{self, Task};

/// How often in a row a peer may fail inside before somebody hears of it.
pub(super) const STUCK: i32 = 3;
/// How long the worker leaves a link alone whose peer fetches by itself.
pub(super) const MAILBOX_PAUSE: TimeDelta = TimeDelta::hours(1);
/// Messages for a member that is out of the network that are struck in one transaction, at most.
const ABANDONED_AT_ONCE: i64 = 200;
/// After so long without a receipt the two sides compare what they know.
const LONG_SILENCE: TimeDelta = TimeDelta::hours(1);

/// Batches of one link that go one after the other before the next link has its turn.
const IN_ONE_TURN: usize = 16;

/// Serves one link for as long as each batch is taken whole and more waits, and others have not waited too long for their
/// turn. `true` when more may follow at once.
///
/// The receipt of a batch is written while the next one is under way: the peer need not wait for this node's disk. Until it
/// is written the messages of that batch count as under way, and they go again if this process dies.
pub(super) async fn push(links: &Inner, to: &EntityId) -> Result<bool> {
    let Some(peer) = reachable(links, to).await? else { return Ok(false) };
    if peer.has_mailbox() {
        // It fetches by itself.
        let peer = to.clone();
        let wait = Failure { why: String::new(), retry_at: links.clock.now() + MAILBOX_PAUSE, counts: false };
        links.store.write(move |tx| outbox::postpone(tx, &peer, &wait)).await?;
        return Ok(false);
    }
    let Some(leased) = lease(links, &peer, Turn::First).await? else { return Ok(false) };
    let mut judged = send(links, &peer, &leased).await;
    let mut under_way = leased;
    let mut sent = 1;
    loop {
        let receipted = match judged {
            Ok(Verdict::Receipted(receipted)) if receipted.took(&under_way) => receipted,
            Ok(verdict) => return conclude(links, under_way, verdict).await,
            Err(error) => {
                tracing::error!(peer = %to, cause = %error, "a batch failed inside");
                fail(links, &under_way, "internal error".into(), true).await?;
                return Ok(false);
            }
        };
        let following = if sent < IN_ONE_TURN { following(links, &under_way).await } else { None };
        let Some((peer, next)) = following else {
            write(links, under_way, *receipted, LastOne::Yes).await?;
            return Ok(true);
        };
        let (written, answered) =
            tokio::join!(write(links, under_way, *receipted, LastOne::No), send(links, &peer, &next));
        (under_way, judged) = (next, answered);
        sent += 1;
        // What it says of the batch before is written first, or never: that goes again then.
        written?;
    }
}

/// Sends a batch and judges what comes back.
async fn send(links: &Inner, peer: &Peer, leased: &Leased) -> Result<Verdict> {
    let body = serde_json::to_vec(&leased.batch).map_err(Error::internal)?;
    let answer = links.call(peer, Method::POST, "/exchange/messages", Some(Bytes::from(body))).await;
    let now = links.clock.now();
    // A receipt may be signed with a key that is newer than the configuration at hand: `call` has renewed it then.
    let newest = links.peers.lookup(peer.entity_id()).await?;
    let keys = newest.as_ref().unwrap_or(peer).keys();
    judge(answer, links.peers.entity_id(), peer.entity_id(), keys, now)
}

/// The next batch after one that was taken whole, if the peer is still as it was. Whatever is in the way is met by the next
/// round, which begins with it.
async fn following(links: &Inner, under_way: &Leased) -> Option<(Peer, Leased)> {
    if links.is_closing() {
        return None;
    }
    let peer = links.peers.resolve(&under_way.peer).await.ok().filter(|peer| !peer.has_mailbox())?;
    // The peer may know more than was sent just now: what has no receipt here goes again.
    let through = under_way.batch.items.last()?.seq;
    let after = Turn::After { token: under_way.token, epoch: under_way.batch.epoch, through };
    let next = lease(links, &peer, after).await.ok().flatten()?;
    Some((peer, next))
}

/// The peer with a live chain and a mark that was asked about within the hour; otherwise the link waits.
async fn reachable(links: &Inner, to: &EntityId) -> Result<Option<Peer>> {
    let why = match links.peers.resolve(to).await {
        Ok(peer) => return Ok(Some(peer)),
        Err(ResolveError::Internal(error)) => return Err(error),
        Err(ResolveError::Out) => {
            abandon(links, to).await?;
            return Ok(None);
        }
        Err(error) => error.to_string(),
    };
    links.not_reached();
    let (peer, config, now) = (to.clone(), links.config.clone(), links.clock.now());
    links
        .store
        .write(move |tx| {
            let failures = outbox::link(tx.conn(), &peer)?.map_or(0, |link| link.failures);
            outbox::postpone(tx, &peer, &later(&config, failures, why, now))
        })
        .await?;
    Ok(None)
}

/// Nothing leaves for a member that is out: what waits is struck, so much in one transaction that others get their turn.
async fn abandon(links: &Inner, to: &EntityId) -> Result<()> {
    let mut voided = 0;
    loop {
        let (peer, settled, outbox) = (to.clone(), links.settled, links.inbox.outbox.clone());
        let act = move |tx: &mut Tx<'_>| {
            let struck = outbox::abandon(tx, &peer, ABANDONED_AT_ONCE)?;
            settled(tx, &outbox, &struck)?;
            if !struck.is_empty() {
                let entry = Entry::new(Actor::System, "exchange.queue-voided").peer(&peer);
                journal::record(tx, entry.code("member_out"))?;
            }
            Ok(struck.len())
        };
        let struck = links.store.write(act).await?;
        voided += struck;
        if (struck as i64) < ABANDONED_AT_ONCE || links.is_closing() {
            tracing::warn!(peer = %to, voided, "the member is out of the network");
            return Ok(());
        }
    }
}

async fn lease(links: &Inner, peer: &Peer, turn: Turn) -> Result<Option<Leased>> {
    let now = links.clock.now();
    let ours = links.peers.own_state().await?;
    let limited = peer.state(now) != MemberState::Active || ours != MemberState::Active;
    let bounds = Bounds {
        items: links.config.window,
        bytes: links.config.batch_bytes,
        lease: TimeDelta::seconds(links.config.lease_seconds as i64),
        only_recall: limited,
        time_holds: links.peers.clock_is_confirmed(now),
    };
    let (vault, to) = (links.inbox.outbox.vault().clone(), peer.entity_id().clone());
    let (config, settled, outbox) = (links.config.clone(), links.settled, links.inbox.outbox.clone());
    links
        .store
        .write(move |tx| {
            let (mut leased, mut unsent) = outbox::lease(tx, &vault, &to, bounds, turn)?;
            if leased.is_none() && bounds.time_holds && outbox::sign_anew(tx, &outbox, &to, None)? > 0 {
                let (after, more) = outbox::lease(tx, &vault, &to, bounds, turn)?;
                leased = after;
                unsent.extend(more);
            }
            settled(tx, &outbox, &unsent)?;
            if leased.is_none() && limited {
                // What waits for a limited member waits on; it is looked at again, never spun upon.
                let longest = TimeDelta::seconds(config.retry_max_seconds as i64);
                let wait = Failure { why: "member is limited".into(), retry_at: tx.now() + longest, counts: false };
                outbox::postpone(tx, &to, &wait)?;
            }
            Ok(leased)
        })
        .await
}

/// Whether the link is given back with the receipt, or goes on under the same lease.
#[derive(PartialEq)]
enum LastOne {
    Yes,
    No,
}

/// Writes what a receipt says of a batch.
async fn write(links: &Inner, leased: Leased, receipted: Receipted, last: LastOne) -> Result<()> {
    let (outbox, settled) = (links.inbox.outbox.clone(), links.settled);
    let news = links
        .store
        .write(move |tx| {
            let Receipted { jws, receipt, window } = receipted;
            let lease = (last == LastOne::Yes).then_some(leased.token);
            let news = outbox::settle(tx, &leased.peer, &jws, &receipt, lease, Some(window))?;
            settled(tx, &outbox, &news)?;
            if let Some(since) = leased.failing_since {
                heard_again(tx, &leased.peer, since)?;
            }
            Ok(news)
        })
        .await?;
    count(links.store.metrics(), &news);
    Ok(())
}

/// Counts what became of messages.
pub(super) fn count(metrics: &Metrics, news: &[Settlement]) {
    for settlement in news {
        if let Some(waited) = settlement.waited {
            metrics.delivered(waited);
        }
        if settlement.outcome == Outcome::Refused {
            let code = settlement.code.clone().map_or(ItemCode::MessageInvalid, ItemCode::from);
            metrics.refused_item(Refuser::Peer, &code);
        }
    }
}

async fn conclude(links: &Inner, leased: Leased, verdict: Verdict) -> Result<bool> {
    match verdict {
        Verdict::Receipted(receipted) => {
            // An item failed inside at the peer: it gets a moment before the rest comes again.
            let whole = receipted.took(&leased);
            write(links, leased, *receipted, LastOne::Yes).await?;
            Ok(whole)
        }
        Verdict::Busy { seconds, why, inside } => {
            busy(links, leased, seconds, why, inside).await?;
            Ok(false)
        }
        Verdict::ClocksDiffer { epoch, undecided, seconds } => {
            let now = links.clock.now();
            if links.peers.clock_is_confirmed(now) {
                let (peer, token, outbox) = (leased.peer.clone(), leased.token, links.inbox.outbox.clone());
                let sign = move |tx: &mut Tx<'_>| {
                    let anew = outbox::sign_anew(tx, &outbox, &peer, Some((epoch, undecided)))?;
                    if anew > 0 {
                        let again = Failure { why: "clocks differ".into(), retry_at: now, counts: false };
                        outbox::fail(tx, &peer, token, &again)?;
                    }
                    Ok(anew)
                };
                if links.store.write(sign).await? > 0 {
                    return Ok(true);
                }
            }
            busy(links, leased, seconds, Code::ClocksDiffer.as_str().to_owned(), true).await?;
            Ok(false)
        }
        Verdict::Unreachable { why, alarm } => {
            fail(links, &leased, why, alarm).await?;
            Ok(false)
        }
        Verdict::TooLarge => {
            let half = (leased.batch.items.len() as u32 / 2).max(1);
            let (peer, token) = (leased.peer, leased.token);
            let alone = leased.batch.items.len() == 1;
            let failure = later(&links.config, 0, "answered 413".into(), links.clock.now());
            links
                .store
                .write(move |tx| {
                    not_recognised(tx, &peer, "answered 413")?;
                    outbox::shrink(tx, &peer, half)?;
                    let failure =
                        if alone { failure } else { Failure { retry_at: tx.now(), counts: false, ..failure } };
                    outbox::fail(tx, &peer, token, &failure)
                })
                .await?;
            Ok(!alone)
        }
        Verdict::OutOfSequence { epoch, expected } => resynchronise(links, leased, epoch, expected).await,
    }
}

/// The peer asks to wait. Where it failed inside, or says that the clocks differ, three times in a row, somebody hears.
async fn busy(links: &Inner, leased: Leased, seconds: Option<u32>, why: String, inside: bool) -> Result<()> {
    let now = links.clock.now();
    let wait = i64::from(seconds.unwrap_or(5)).clamp(1, links.config.retry_max_seconds as i64);
    let failure = Failure { why, retry_at: now + TimeDelta::seconds(wait), counts: false };
    let (peer, token) = (leased.peer, leased.token);
    links
        .store
        .write(move |tx| {
            if outbox::busy(tx, &peer, token, &failure, inside)? >= STUCK {
                let task = Task::new(tasks::Kind::PartnerFailing, &peer).with(&peer).code(&failure.why);
                tasks::open(tx, task)?;
            }
            Ok(())
        })
        .await
}

async fn fail(links: &Inner, leased: &Leased, why: String, alarm: bool) -> Result<()> {
    let (peer, token, config, now) = (leased.peer.clone(), leased.token, links.config.clone(), links.clock.now());
    tracing::warn!(%peer, %why, alarm, "a batch was not delivered");
    links
        .store
        .write(move |tx| {
            let failures = outbox::link(tx.conn(), &peer)?.map_or(0, |link| link.failures);
            if alarm {
                not_recognised(tx, &peer, &why)?;
            }
            outbox::fail(tx, &peer, token, &later(&config, failures, why, now))
        })
        .await
}

/// The partner does not recognise this node, or answers what does not verify: its people and ours must talk. Noted once,
/// until a receipt comes.
fn not_recognised(tx: &mut Tx<'_>, peer: &EntityId, why: &str) -> Result<()> {
    if tasks::open(tx, Task::new(tasks::Kind::NotRecognised, peer).with(peer).code(why))? {
        journal::record(tx, Entry::new(Actor::System, "exchange.not-recognised").peer(peer).code(why))?;
    }
    Ok(())
}

/// A receipt came after failures: what was to be done about them has mended. After a long silence the link is compared.
fn heard_again(tx: &mut Tx<'_>, peer: &EntityId, since: DateTime<Utc>) -> Result<()> {
    for kind in [tasks::Kind::NotRecognised, tasks::Kind::PartnerFailing] {
        tasks::close(tx, kind, peer.as_str(), Actor::System)?;
    }
    if tx.now() - since >= LONG_SILENCE { checks::soon(tx, peer) } else { Ok(()) }
}

/// The peer expects another number. Behind what it receipted: it has forgotten, and everything unreceipted goes again
/// from there. Ahead of what was ever given: this node has forgotten, and goes on in the next epoch. Once at once; where
/// that does not help, as seldom as any other failure.
async fn resynchronise(links: &Inner, leased: Leased, epoch: u32, expected: u64) -> Result<bool> {
    let (peer, token, config) = (leased.peer, leased.token, links.config.clone());
    let first = leased.batch.items.first().map(|item| item.seq);
    links
        .store
        .write(move |tx| {
            let mended = outbox::resynchronise(tx, &peer, epoch, expected, first)?;
            note_mended(tx, &peer, mended)?;
            let (now, failures) = (tx.now(), outbox::link(tx.conn(), &peer)?.map_or(0, |link| link.failures));
            let again = mended != Mended::Nothing && failures == 0;
            let later = later(&config, failures, "out of sequence".into(), now);
            let failure = if again { Failure { retry_at: now, ..later } } else { later };
            outbox::fail(tx, &peer, token, &failure)?;
            Ok(again)
        })
        .await
}

/// Says to a person that one of the two sides had lost something, and what was done about it.
pub(super) fn note_mended(tx: &mut Tx<'_>, peer: &EntityId, mended: Mended) -> Result<()> {
    let kind = match mended {
        Mended::PeerAhead | Mended::PeerBehind => tasks::Kind::LinkRestored,
        Mended::Nothing => tasks::Kind::LinkNotMended,
        Mended::Again => return Ok(()),
    };
    let code = if mended == Mended::PeerAhead { "restored_here" } else { mended.as_str() };
    tasks::open(tx, Task::new(kind, peer).with(peer).code(code))?;
    journal::record(tx, Entry::new(Actor::System, "exchange.resynchronised").peer(peer).code(mended.as_str()))
}
