//! From a name to a member: cache, refresh, and what happens when nobody answers.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::JoseError;
use staffetta_protocol::trust::{
    Chain, ChainError, MarkStatus, MemberState, TrustError, resolve_anchor, resolve_chain,
};

use super::authority::{document, half_way};
use super::peer::Peer;
use super::{Gate, Peers, evidence, rows};
use crate::error::{Error, Result};
use crate::journal::{Actor, Entry, record};
use crate::store::{Conn, Tx};

/// How often an unknown key, or a missing mark, may make a configuration be fetched anew.
pub(super) const KEY_REFRESH_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// How long a member that could not be resolved is left alone when somebody asks for it again.
const RESOLVE_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// First and longest wait between two tries of a refresh that is due.
const RETRY: (TimeDelta, TimeDelta) = (TimeDelta::minutes(1), TimeDelta::minutes(30));
/// Members refreshed in one round of the worker.
const ROUND: i64 = 20;

/// Why a name is no member that may be dealt with now.
#[derive(Debug, thiserror::Error)]
pub enum ResolveError {
    /// The authority does not list it.
    #[error("not a member")]
    Unknown,
    /// It was expelled: its queue is voided.
    #[error("expelled")]
    Out,
    /// This node has joined no network.
    #[error("this node has joined no network")]
    NotJoined,
    /// Authority or member did not answer usefully, and there is no live chain.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// Its documents are no chain.
    #[error("{0}")]
    Invalid(#[from] ChainError),
    /// Something failed inside.
    #[error(transparent)]
    Internal(#[from] Error),
}

impl Peers {
    /// A member with a live chain and, while the authority answers, an answer about its mark that is not older than an
    /// hour. Makes requests where the cache does not suffice: never called with a transaction open.
    pub async fn resolve(&self, id: &EntityId) -> Result<Peer, ResolveError> {
        if id == self.entity_id() {
            return Err(ResolveError::Unknown);
        }
        let now = self.now();
        let known = self.lookup(id).await?;
        let peer = match known {
            Some(peer) if peer.is_live(now) && peer.state(now) != MemberState::Out => peer,
            known => {
                let authority_itself = self.authority_id() == Some(id);
                let was_in = known.as_ref().is_some_and(|peer| peer.state(now) != MemberState::Out);
                if !was_in && !authority_itself && !self.is_listed(id).await? {
                    return Err(if known.is_some() { ResolveError::Out } else { ResolveError::Unknown });
                }
                return self.refresh(id).await;
            }
        };
        if peer.mark_is_stale(now) {
            return self.check_mark(peer).await;
        }
        if peer.state(now) == MemberState::Limited && self.claim_key_refresh(id).await? {
            // Perhaps its new mark is there already.
            return self.refresh(id).await.or(Ok(peer));
        }
        Ok(peer)
    }

    /// The last verified chain, live or not, without any request: what queueing needs. For use inside a transaction.
    pub fn known(&self, conn: &mut Conn, id: &EntityId) -> Result<Option<Peer>> {
        let Some(standing) = rows::standing(conn, id)? else { return Ok(None) };
        let cached = self.chains().get(id).cloned();
        let chain = match cached {
            Some((digest, chain)) if digest == standing.chain_digest => chain,
            _ => {
                let Some(chain) = rows::chain(conn, id)?.map(Arc::new) else { return Ok(None) };
                self.chains().insert(id.clone(), (standing.chain_digest.clone(), chain.clone()));
                chain
            }
        };
        Ok(Some(Peer::new(chain, &standing)))
    }

    /// The same from outside a transaction.
    pub async fn lookup(&self, id: &EntityId) -> Result<Option<Peer>> {
        let (peers, id) = (self.clone(), id.clone());
        self.0.store.read(move |conn| peers.known(conn, &id)).await
    }

    /// Fetches a known member's configuration anew because something is signed with a key that its chain does not
    /// have; once per 5 minutes. None: not now, or it changed nothing.
    pub async fn refresh_for_key(&self, id: &EntityId) -> Result<Option<Peer>> {
        if !self.claim_key_refresh(id).await? {
            return Ok(None);
        }
        match self.refresh(id).await {
            Ok(peer) => Ok(Some(peer)),
            Err(ResolveError::Internal(why)) => Err(why),
            Err(why) => {
                tracing::info!(peer = %id, %why, "a refresh for an unknown key changed nothing");
                Ok(None)
            }
        }
    }

    async fn claim_key_refresh(&self, id: &EntityId) -> Result<bool> {
        let id = id.clone();
        self.0.store.write(move |tx| rows::claim_key_refresh(tx, &id, KEY_REFRESH_PAUSE)).await
    }

    /// Fetches and verifies a chain anew. Requests for one member coalesce: who waited takes what the other found.
    pub async fn refresh(&self, id: &EntityId) -> Result<Peer, ResolveError> {
        let gate = self.gate(id);
        let before = gate.finished.load(Ordering::SeqCst);
        let mut left_alone_until = gate.turn.lock().await;
        let now = self.now();
        if gate.finished.load(Ordering::SeqCst) != before {
            match self.lookup(id).await? {
                Some(peer) if peer.state(now) == MemberState::Out => return Err(ResolveError::Out),
                Some(peer) if peer.is_live(now) => return Ok(peer),
                _ => return Err(ResolveError::Unreachable("it did not answer a moment ago".into())),
            }
        }
        if left_alone_until.is_some_and(|until| now < until) {
            return Err(ResolveError::Unreachable("it did not answer a moment ago".into()));
        }
        let outcome = self.refresh_now(id, now).await;
        *left_alone_until = match &outcome {
            Err(ResolveError::Unreachable(_) | ResolveError::Invalid(_)) => Some(now + RESOLVE_PAUSE),
            _ => None,
        };
        gate.finished.fetch_add(1, Ordering::SeqCst);
        outcome
    }

    async fn refresh_now(&self, id: &EntityId, now: DateTime<Utc>) -> Result<Peer, ResolveError> {
        match self.fetch(id, now).await {
            Ok(Some(chain)) => self.keep(chain, now).await,
            Ok(None) => {
                let gone = id.clone();
                let known = self
                    .0
                    .store
                    .write(move |tx| {
                        if rows::expel(tx, &gone)? {
                            changed(tx, &gone, MemberState::Out)?;
                        }
                        Ok(rows::standing(tx.conn(), &gone)?.is_some())
                    })
                    .await?;
                Err(if known { ResolveError::Out } else { ResolveError::Unknown })
            }
            Err(ResolveError::Internal(why)) => Err(why.into()),
            Err(why) => {
                tracing::warn!(peer = %id, %why, "a chain could not be renewed");
                let (failed, text) = (id.clone(), why.to_string());
                self.0
                    .store
                    .write(move |tx| {
                        let failures = rows::standing(tx.conn(), &failed)?.map_or(0, |standing| standing.failures);
                        rows::failed(tx, &failed, &text, now + retry_after(failures))
                    })
                    .await?;
                Err(why)
            }
        }
    }

    /// Asks authority and member. None: the authority knows no such member.
    async fn fetch(&self, id: &EntityId, now: DateTime<Utc>) -> Result<Option<Chain>, ResolveError> {
        if self.authority_id() == Some(id) {
            let authority = self.authority(true).await?;
            return Ok(Some(resolve_anchor(&authority.jws, &authority.anchor, now)?));
        }
        let authority = self.authority(false).await?;
        let Some(statement) = self.fetch_statement(&authority, id).await? else { return Ok(None) };
        let answer = self.0.client.document(&id.configuration_url()).await;
        let answer = answer.map_err(|why| ResolveError::Unreachable(why.to_string()))?;
        let configuration = document(&answer)?;
        let chain = resolve_chain(&configuration, &statement, &authority.jws, &authority.anchor, now);
        match chain {
            // The statement is signed with a key that came after the configuration we hold.
            Err(ChainError::Statement(TrustError::Jose(JoseError::UnknownKey(_)))) => {
                let authority = self.authority(true).await?;
                Ok(Some(resolve_chain(&configuration, &statement, &authority.jws, &authority.anchor, now)?))
            }
            other => Ok(Some(other?)),
        }
    }

    async fn keep(&self, chain: Chain, now: DateTime<Utc>) -> Result<Peer, ResolveError> {
        let id = chain.entity_id.clone();
        let before = self.lookup(&id).await?;
        if let Some(before) = &before
            && before.chain().configured_at > chain.configured_at
            && before.is_live(now)
        {
            return Err(ResolveError::Unreachable("its configuration is older than the one known".into()));
        }
        let fresh = Peer::of_chain(Arc::new(chain));
        let status = match fresh.mark_jws() {
            Some(mark) => self.fetch_mark_status(mark).await.ok(),
            None => None,
        };
        let old = before.as_ref().filter(|before| before.mark_jws() == fresh.mark_jws()).and_then(Peer::mark);
        let mark = status.map(|status| (status, now)).or(old);
        let was = before.as_ref().map(|before| before.state(now));
        let last_good = before.filter(|before| evidence::revokes(fresh.chain(), before.chain()));
        let refresh_at = half_way(now, fresh.chain().exp);
        let peers = self.clone();
        let kept = self.0.store.write(move |tx| {
            if let Some(before) = &last_good {
                // Nobody revokes a key as of a day after which it published it as good: this is what it published.
                rows::keep_used(tx, before.chain())?;
            }
            rows::keep_chain(tx, fresh.chain(), mark, refresh_at)?;
            let peer =
                peers.known(tx.conn(), &id)?.ok_or_else(|| Error::internal("the peer just kept is not there"))?;
            let is = peer.state(now);
            if was != Some(is) {
                changed(tx, &id, is)?;
            }
            Ok(peer)
        });
        Ok(kept.await?)
    }

    /// Asks the authority about a mark. While it does not answer, its last answer counts.
    async fn check_mark(&self, peer: Peer) -> Result<Peer, ResolveError> {
        let Some(mark) = peer.mark_jws() else { return Ok(peer) };
        let status = match self.fetch_mark_status(mark).await {
            Ok(status) => status,
            Err(why) => {
                tracing::info!(peer = %peer.entity_id(), %why, "no answer about a mark: the last one counts");
                return Ok(peer);
            }
        };
        let (id, now) = (peer.entity_id().clone(), self.now());
        let was = peer.state(now);
        let peers = self.clone();
        let checked = self
            .0
            .store
            .write(move |tx| {
                rows::set_mark_status(tx, &id, status)?;
                let peer = peers.known(tx.conn(), &id)?.ok_or_else(|| Error::internal("a peer vanished"))?;
                let is = peer.state(now);
                if was != is {
                    changed(tx, &id, is)?;
                }
                Ok(peer)
            })
            .await?;
        if status == MarkStatus::Active {
            return Ok(checked);
        }
        // A mark that no longer counts may mean more: renewed, or the member is out.
        match self.refresh(checked.entity_id()).await {
            Err(ResolveError::Unreachable(_) | ResolveError::Invalid(_)) => Ok(checked),
            other => other,
        }
    }

    /// Refreshes what is due and forgets what is dead. Says when it wants to be called again.
    pub async fn refresh_pump(&self) -> Result<Option<DateTime<Utc>>> {
        let now = self.now();
        let due = self
            .0
            .store
            .write(move |tx| {
                rows::forget_calls(tx)?;
                rows::claim_due(tx, ROUND, now + RETRY.0)
            })
            .await?;
        for id in due {
            if let Err(ResolveError::Internal(why)) = self.refresh(&id).await {
                return Err(why);
            }
        }
        self.0.store.read(rows::next_due).await
    }

    pub(super) fn gate(&self, id: &EntityId) -> Arc<Gate> {
        self.0.gates.lock().unwrap_or_else(PoisonError::into_inner).entry(id.clone()).or_default().clone()
    }
}

fn retry_after(failures: i32) -> TimeDelta {
    let growth = 1 << failures.clamp(0, 5);
    (RETRY.0 * growth).min(RETRY.1)
}

/// A member's standing changed: the journal remembers.
fn changed(tx: &mut Tx<'_>, id: &EntityId, state: MemberState) -> Result<()> {
    record(tx, Entry::new(Actor::System, "peer.state-changed").peer(id).code(state.as_str()))
}
