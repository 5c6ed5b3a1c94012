//! The conversations with peers: the only maker of exchange requests.
//!
//! What must hold:
//! - No request is made while a transaction is open: lease, then call, then settle.
//! - Retry is per link, not per message. Only an item outcome inside a receipt that verifies can refuse a message. 408,
//!   429 and 503 mean busy; everything else, an unsigned answer and a bad receipt included, means unreachable.
//! - Timers lie in the database: [`Links::pump`] does what is due and says when it wants to be called again. Whoever
//!   calls it may be any process.

mod answer;
mod api;
mod bounds;
mod history;
mod push;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::config::ExchangeConfig;
use crate::error::Result;
use crate::inbox::Inbox;
use crate::outbox::{self, Outbox, Settlement};
use crate::peers::Peers;
use crate::store::{Store, Tx};

pub use api::api;

/// The room above that is told what became of a message. `Err` undoes the settling: the receipt is asked for again.
pub type Settled = fn(&mut Tx<'_>, &Outbox, &Settlement) -> Result<()>;

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
        Self(Arc::new(Inner { store, peers, inbox, settled, config, clock, bounds, waker: Notify::new() }))
    }

    /// Tells the worker that something was queued or a peer gave a sign of life.
    pub fn wake(&self) {
        self.0.waker.notify_one();
    }

    /// Waits for [`Self::wake`].
    pub async fn woken(&self) {
        self.0.waker.notified().await;
    }

    /// Sends what is due on every link, batch after batch, and says when the next link falls due.
    pub async fn pump(&self) -> Result<Option<DateTime<Utc>>> {
        loop {
            let now = self.0.clock.now();
            let (ready, _) = self.0.store.read(move |conn| outbox::due(conn, now)).await?;
            let mut sent = false;
            let mut rounds = stream::iter(ready.into_iter().map(|peer| {
                let links = self.clone();
                async move { push::push(&links.0, &peer).await }
            }))
            .buffer_unordered(AT_ONCE);
            while let Some(round) = rounds.next().await {
                sent |= round?;
            }
            if !sent {
                // What was tried just now falls due later than it did before.
                let (_, next) = self.0.store.read(move |conn| outbox::due(conn, now)).await?;
                return Ok(next);
            }
        }
    }
}
