//! This node's own line: cut, it reaches nobody, and nobody who starts anew tells it that it is there again.

use std::sync::PoisonError;

use actix_web::web::Bytes;
use chrono::TimeDelta;
use reqwest::Method;

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
            Ok(_) => self.reached().await?,
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
    /// at once, and so are comparisons. As seldom as that it costs little where it was something else.
    ///
    /// # Errors
    /// What the database refuses.
    pub(super) async fn reached(&self) -> Result<()> {
        let since = self.alone_since.lock().unwrap_or_else(PoisonError::into_inner).take();
        let longest = TimeDelta::seconds(self.config.retry_max_seconds as i64);
        if since.is_none_or(|since| self.clock.now() - since <= longest) {
            return Ok(());
        }
        let act = |tx: &mut Tx<'_>| {
            outbox::begin(tx, false)?;
            checks::retry(tx)
        };
        self.store.write(act).await?;
        self.waker.notify_one();
        Ok(())
    }
}
