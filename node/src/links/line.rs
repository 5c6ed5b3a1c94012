//! This node's own line: cut, it reaches nobody, and nobody who starts anew tells it that it is there again.

use std::sync::PoisonError;

use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;
use staffetta_protocol::id::EntityId;

use super::{Inner, checks};
use crate::error::Result;
use crate::outbox;
use crate::peers::{Answer, CallError, Peer};
use crate::store::Tx;

impl Inner {
    /// Calls a member, and notes whether it was reached.
    pub(super) async fn call(
        &self,
        peer: &Peer,
        method: Method,
        path: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, CallError> {
        let answer = self.peers.call(peer, method, path, body).await;
        match &answer {
            Ok(_) => self.reached().await,
            Err(CallError::Internal(_)) => {}
            Err(_) => self.not_reached(),
        }
        answer
    }

    /// Nobody was reached just now.
    pub(super) fn not_reached(&self) {
        let now = self.clock.now();
        self.alone_since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(now);
    }

    /// Somebody is there. If nobody was for longer than any link rests, it was the line: what rests because of that is tried
    /// at once, and so are comparisons. As seldom as that it costs little where it was something else. Where this node cannot
    /// write that down, whoever is reached next does.
    pub(super) async fn reached(&self) {
        let since = self.alone_since.lock().unwrap_or_else(PoisonError::into_inner).take();
        let longest = TimeDelta::seconds(self.config.retry_max_seconds as i64);
        let Some(since) = since.filter(|since| self.clock.now() - *since > longest) else { return };
        let act = |tx: &mut Tx<'_>| {
            outbox::begin(tx, false)?;
            checks::retry(tx)
        };
        if let Err(cause) = self.store.write(act).await {
            tracing::error!(%cause, "the line is there again, and what rests could not be woken");
            self.alone_since.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(since);
            return;
        }
        self.waker.notify_one();
    }

    /// A member is there: what waits for it goes out at once. It looks first, and writes only where the link sleeps.
    ///
    /// # Errors
    /// What the database refuses.
    pub(super) async fn heard(&self, peer: &EntityId) -> Result<()> {
        let (now, member) = (self.clock.now(), peer.clone());
        if self.store.read(move |conn| outbox::is_asleep(conn, &member, now)).await? {
            let member = peer.clone();
            self.store.write(move |tx| outbox::wake(tx, &member)).await?;
            self.waker.notify_one();
        }
        self.reached().await;
        Ok(())
    }
}
