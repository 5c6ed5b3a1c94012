//! The conversations with peers: the only maker of exchange requests.
//!
//! What must hold:
//! - No request is made while a transaction is open: lease, then call, then settle.
//! - Retry is per link, not per message. Only an item outcome inside a receipt that verifies can refuse a message. 408,
//!   429 and 503 mean busy; everything else, an unsigned answer and a bad receipt included, means unreachable.
//! - Any authenticated contact from a peer wakes its link. The first that is reached after nobody was for a quarter of an hour
//!   wakes all: the line was cut.
//! - What runs out is let go whether its peer is there or not, and somebody is told.
//! - When a node starts, daily and after a long silence both sides of a link are compared; what was lost by a restore from
//!   an old backup is found, said and mended, and nothing takes effect twice.
//! - Timers lie in the database: [`Links::pump`] does what is due and says when it wants to be called again. Whoever
//!   calls it may be any process.

mod answer;
mod api;
mod bounds;
mod checks;
mod compare;
mod contact;
mod history;
mod line;
mod mailbox;
mod push;
mod reconcile;
mod serving;
mod shown;

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::config::ExchangeConfig;
use crate::error::Result;
use crate::grants;
use crate::inbox::Inbox;
use crate::outbox::{self, Outbox, Settlement};
use crate::peers::Peers;
use crate::store::{Store, Tx};

use api::accept_batch;
use push::MAILBOX_PAUSE;
use serving::serve;

pub use api::api;
pub use contact::wake_on_contact;

/// The room above that is told what became of messages. `Err` undoes the settling: the receipt is asked for again.
pub type Settled = fn(&mut Tx<'_>, &Outbox, &[Settlement]) -> Result<()>;

/// Messages that run out in one transaction, at most.
const EXPIRED_AT_ONCE: i64 = 200;
/// Polls of one peer that wait at the same time.
const POLLS_AT_ONCE: u32 = 2;
/// Links that are served at the same time.
const AT_ONCE: usize = 8;

/// The worker on every outbound link. Clones are the same.
#[derive(Clone)]
pub struct Links(Arc<Inner>);

struct Inner {
    store: Store,
    peers: Peers,
    inbox: Inbox,
    settled: Settled,
    config: ExchangeConfig,
    clock: Clock,
    bounds: bounds::Bounds,
    waker: Notify,
    /// Whether our clock was confirmed when this process last looked.
    sure: AtomicBool,
    /// Whether this process has begun to compare its links.
    started: AtomicBool,
    /// Whether it has spoken to the members with which it has none.
    greeted: AtomicBool,
    /// Since when this process has called and reached nobody.
    alone_since: Mutex<Option<DateTime<Utc>>>,
    /// Polls of peers that wait here, and what wakes them.
    polls: bounds::Bounds,
    bell: watch::Sender<u64>,
    closing: AtomicBool,
    /// Members that have the last receipt of this node, as far as this process knows.
    handed_in: Mutex<HashSet<EntityId>>,
}

impl Inner {
    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }
}

impl fmt::Debug for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Links({})", self.0.peers.entity_id())
    }
}

impl Links {
    /// A handle; nothing runs until [`Self::pump`] is called.
    pub fn new(store: Store, peers: Peers, inbox: Inbox, settled: Settled, config: ExchangeConfig) -> Self {
        let clock = store.clock().clone();
        let bounds = bounds::Bounds::new(config.requests_per_peer);
        Self(Arc::new(Inner {
            store,
            peers,
            inbox,
            settled,
            config,
            clock,
            bounds,
            waker: Notify::new(),
            sure: AtomicBool::new(false),
            started: AtomicBool::new(false),
            greeted: AtomicBool::new(false),
            alone_since: Mutex::default(),
            polls: bounds::Bounds::new(POLLS_AT_ONCE),
            bell: watch::Sender::new(0),
            closing: AtomicBool::new(false),
            handed_in: Mutex::default(),
        }))
    }

    /// The process starts: every link is tried and compared at once, whatever it waited for, and on a database of one
    /// process what a killed one had leased is free again.
    ///
    /// # Errors
    /// Whatever the store fails with.
    pub async fn begin(&self) -> Result<()> {
        let alone = self.0.store.is_alone();
        let act = move |tx: &mut Tx<'_>| {
            outbox::begin(tx, alone)?;
            if alone { checks::release_all(tx) } else { Ok(()) }
        };
        self.0.store.write(act).await
    }

    /// Tells the worker that something was queued or a peer gave a sign of life.
    pub fn wake(&self) {
        self.0.waker.notify_one();
        self.0.bell.send_modify(|rung| *rung = rung.wrapping_add(1));
    }

    /// The server stops: polls that wait are answered at once.
    pub fn close(&self) {
        self.0.closing.store(true, Ordering::Release);
        self.wake();
    }

    /// Polls of this member that wait here for something to come.
    pub fn waiting_polls(&self, of: &EntityId) -> usize {
        self.0.polls.inside(of)
    }

    /// Waits for [`Self::wake`].
    pub async fn woken(&self) {
        self.0.waker.notified().await;
    }

    /// Lets go what has run out, whether its peer is there or not, once some member has confirmed our clock.
    async fn expire(&self) -> Result<()> {
        let now = self.0.clock.now();
        if !self.0.peers.clock_is_confirmed(now)
            || !self.0.store.read(move |conn| outbox::has_overdue(conn, now)).await?
        {
            return Ok(());
        }
        loop {
            let (settled, outbox) = (self.0.settled, self.0.inbox.outbox.clone());
            let act = move |tx: &mut Tx<'_>| {
                let gone = outbox::expire(tx, EXPIRED_AT_ONCE)?;
                settled(tx, &outbox, &gone)?;
                outbox::has_overdue(tx.conn(), now)
            };
            if !self.0.store.write(act).await? || !self.0.peers.clock_is_confirmed(self.0.clock.now()) {
                return Ok(());
            }
        }
    }

    /// Once our clock is confirmed, what it wrote while it was ahead holds no link up, and no consent lasts longer for it.
    async fn mend_timers(&self) -> Result<()> {
        let sure = self.0.peers.clock_is_confirmed(self.0.clock.now());
        if sure && !self.0.sure.load(Ordering::Acquire) {
            let longest = MAILBOX_PAUSE.max(TimeDelta::seconds(self.0.config.retry_max_seconds as i64));
            let act = move |tx: &mut Tx<'_>| {
                outbox::mend_timers(tx, longest)?;
                grants::end_in_time(tx)
            };
            self.0.store.write(act).await?;
        }
        self.0.sure.store(sure, Ordering::Release);
        Ok(())
    }

    /// Sends what is due on every link, batch after batch, and says when the next link falls due. What is queued meanwhile
    /// goes too; no link waits for another.
    pub async fn pump(&self) -> Result<Option<DateTime<Utc>>> {
        self.pump_until(&watch::Sender::new(false).subscribe()).await
    }

    /// The same, until it is told to stop: then no round begins any more, however much waits, and those under way end.
    ///
    /// # Errors
    /// What the store failed with, or something inside on one link: once all that was under way has ended.
    pub async fn pump_until(&self, stopping: &watch::Receiver<bool>) -> Result<Option<DateTime<Utc>>> {
        let due = || async {
            if *stopping.borrow() {
                return Ok(serving::Due::default());
            }
            // Each time: as long as some link is busy, which may be always, this goes on.
            self.mend_timers().await?;
            self.expire().await?;
            let now = self.0.clock.now();
            self.0.store.read(move |conn| outbox::due(conn, now)).await
        };
        let round = |peer| async move { push::push(&self.0, &peer).await };
        serve(AT_ONCE, due, round, || self.woken()).await
    }
}
