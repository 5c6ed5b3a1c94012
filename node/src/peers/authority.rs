//! What a node asks the network authority: its configuration, the list, a statement, a mark's status.
//!
//! Endpoints are those that the authority's own configuration names. Nothing is asked while it rests after a failure,
//! so that a dead authority slows nobody down.

use std::collections::{HashSet, VecDeque};
use std::sync::PoisonError;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::json;
use staffetta_protocol::trust::{
    Anchor, ChainError, EntityConfiguration, FederationEntity, MarkStatus, TrustMarkStatus, resolve_anchor,
};

use super::client::RawAnswer;
use super::resolve::ResolveError;
use super::{Peers, pinned, rows};

/// How long the list counts for those who are on it.
const LIST_COUNTS: TimeDelta = TimeDelta::minutes(5);
/// How often the list is asked for in a minute, at most, for those who are not.
const LIST_PER_MINUTE: usize = 6;
/// How long an authority that did not answer is left alone.
const REST: TimeDelta = TimeDelta::seconds(10);
/// How long until its configuration is tried again.
const ANCHOR_RETRY: TimeDelta = TimeDelta::minutes(5);

/// The authority as its live configuration shows it.
#[derive(Debug, Clone)]
pub(super) struct Authority {
    /// What chains are resolved against.
    pub(super) anchor: Anchor,
    /// Its configuration, as received.
    pub(super) jws: String,
    endpoints: FederationEntity,
}

/// The authority's list, as last received.
#[derive(Debug, Default)]
pub(super) struct List {
    members: HashSet<String>,
    asked: VecDeque<DateTime<Utc>>,
    received_at: Option<DateTime<Utc>>,
}

/// The error body of the standard.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Peers {
    /// The authority with a live configuration; asks for a new one where half of its life is over.
    pub(super) async fn authority(&self, force: bool) -> Result<Authority, ResolveError> {
        let id = self.authority_id().ok_or(ResolveError::NotJoined)?.clone();
        if id == *self.entity_id() {
            return self.own_authority().await;
        }
        let _one_at_a_time = self.0.anchor_gate.lock().await;
        let now = self.now();
        let wanted = id.clone();
        let row = self.0.store.read(move |conn| pinned::find(conn, &wanted)).await?.ok_or(ResolveError::NotJoined)?;
        let live = row.configuration.clone().filter(|_| row.expires_at.is_some_and(|end| now < end));
        if let Some(jws) = &live
            && !force
            && now < row.refresh_at
        {
            return read_authority(&row.anchor, jws, now);
        }
        match self.fetch_authority(&row.anchor, row.announced_at, now).await {
            Ok(authority) => Ok(authority),
            Err(why) => {
                tracing::warn!(authority = %id, %why, "the authority's configuration could not be renewed");
                let again_at = now + ANCHOR_RETRY;
                self.0.store.write(move |tx| pinned::retry(tx, &id, again_at)).await?;
                match live {
                    Some(jws) if !force => read_authority(&row.anchor, &jws, now),
                    _ => Err(why),
                }
            }
        }
    }

    async fn fetch_authority(
        &self,
        pins: &Anchor,
        known_since: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<Authority, ResolveError> {
        let answer = self.ask(&pins.entity_id.configuration_url(), None).await?;
        let jws = document(&answer)?;
        let chain = resolve_anchor(&jws, pins, now)?;
        if known_since.is_some_and(|known| chain.announced_at < known.timestamp()) {
            return Err(ResolveError::Unreachable("the authority's configuration is older than the one known".into()));
        }
        let refresh_at = half_way(now, chain.exp);
        let (announced, times) = (chain.announced.clone(), (chain.announced_at, chain.exp));
        let kept = jws.clone();
        self.0
            .store
            .write(move |tx| {
                pinned::keep(tx, &announced, &kept, times, refresh_at)?;
                rows::keep_chain(tx, &chain, None, refresh_at)
            })
            .await?;
        // The document verifies with what it announces itself: it was signed with a pinned key that it contains.
        read_authority(&Anchor { entity_id: pins.entity_id.clone(), jwks: announced_keys(&jws)? }, &jws, now)
    }

    /// An authority node is its own anchor and asks nobody about itself.
    async fn own_authority(&self) -> Result<Authority, ResolveError> {
        let now = self.now();
        let jws = self.own_configuration().await?;
        let anchor = Anchor { entity_id: self.entity_id().clone(), jwks: announced_keys(&jws)? };
        read_authority(&anchor, &jws, now)
    }

    /// Every other member that the authority lists.
    ///
    /// # Errors
    /// [`ResolveError`], where the authority cannot be asked.
    pub async fn members(&self) -> Result<Vec<EntityId>, ResolveError> {
        self.is_listed(self.entity_id()).await?;
        let list = self.0.list.lock().await;
        let members = list.members.iter().filter_map(|id| id.parse().ok());
        Ok(members.filter(|id| id != self.entity_id()).collect())
    }

    /// Whether the authority lists a member. A name on a list of the last 5 minutes is believed; one that is not there
    /// makes the list be asked for anew, 6 times a minute at most.
    pub(super) async fn is_listed(&self, id: &EntityId) -> Result<bool, ResolveError> {
        let mut list = self.0.list.lock().await;
        let now = self.now();
        if list.received_at.is_some_and(|at| now - at < LIST_COUNTS) && list.members.contains(id.as_str()) {
            return Ok(true);
        }
        while list.asked.front().is_some_and(|at| now - *at >= TimeDelta::minutes(1)) {
            list.asked.pop_front();
        }
        if list.asked.len() >= LIST_PER_MINUTE {
            let fresh = list.received_at.is_some_and(|at| now - at < LIST_COUNTS);
            return if fresh {
                Ok(false)
            } else {
                Err(ResolveError::Unreachable("the list is not asked for again yet".into()))
            };
        }
        list.asked.push_back(now);
        let authority = self.authority(false).await?;
        let url = authority.endpoints.federation_list_endpoint.ok_or_else(lacks_endpoint)?;
        let answer = self.ask(&url, None).await?;
        if answer.status != 200 {
            return Err(unexpected(&answer));
        }
        let members: Vec<String> =
            json::from_slice(&answer.body).map_err(|why| ResolveError::Unreachable(format!("list: {why}")))?;
        list.members = members.into_iter().collect();
        list.received_at = Some(now);
        Ok(list.members.contains(id.as_str()))
    }

    /// The authority's statement about a member. None: it says that it knows no such member.
    pub(super) async fn fetch_statement(
        &self,
        authority: &Authority,
        id: &EntityId,
    ) -> Result<Option<String>, ResolveError> {
        let endpoint = authority.endpoints.federation_fetch_endpoint.as_ref().ok_or_else(lacks_endpoint)?;
        let mut url = reqwest::Url::parse(endpoint).map_err(|_| lacks_endpoint())?;
        url.query_pairs_mut().append_pair("sub", id.as_str());
        let answer = self.ask(url.as_str(), None).await?;
        if says_not_found(&answer) { Ok(None) } else { document(&answer).map(Some) }
    }

    /// What the authority says about a mark now.
    pub(super) async fn fetch_mark_status(&self, mark: &str) -> Result<MarkStatus, ResolveError> {
        let authority = self.authority(false).await?;
        let url = authority.endpoints.federation_trust_mark_status_endpoint.as_ref().ok_or_else(lacks_endpoint)?;
        let answer = self.ask(url, Some(mark)).await?;
        if says_not_found(&answer) {
            return Ok(MarkStatus::Invalid);
        }
        let jws = document(&answer)?;
        let keys = KeySet::new(&authority.anchor.jwks);
        let status = TrustMarkStatus::open(&jws, &authority.anchor.entity_id, mark, &keys, self.now())
            .map_err(|why| ResolveError::Invalid(ChainError::Anchor(why)))?;
        if (self.now().timestamp() - status.iat).abs() > super::peer::MARK_COUNTS.num_seconds() {
            return Err(ResolveError::Unreachable("the answer about the mark is old".into()));
        }
        Ok(status.status)
    }

    /// One request to the authority, unless it rests.
    async fn ask(&self, url: &str, mark: Option<&str>) -> Result<RawAnswer, ResolveError> {
        let now = self.now();
        if self.rests_until().is_some_and(|until| now < until) {
            return Err(ResolveError::Unreachable("the authority did not answer a moment ago".into()));
        }
        let answer = match mark {
            Some(mark) => self.0.client.form(url, &[("trust_mark", mark)]).await,
            None => self.0.client.document(url).await,
        };
        *self.0.rest.lock().unwrap_or_else(PoisonError::into_inner) = answer.is_err().then(|| now + REST);
        answer.map_err(|why| ResolveError::Unreachable(format!("authority: {why}")))
    }

    fn rests_until(&self) -> Option<DateTime<Utc>> {
        *self.0.rest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The middle between now and an end in seconds since 1970.
pub(super) fn half_way(now: DateTime<Utc>, exp: i64) -> DateTime<Utc> {
    let left = (exp - now.timestamp()).max(0);
    now + TimeDelta::seconds(left / 2)
}

fn read_authority(anchor: &Anchor, jws: &str, now: DateTime<Utc>) -> Result<Authority, ResolveError> {
    let chain = resolve_anchor(jws, anchor, now)?;
    Ok(Authority { anchor: chain.announced, jws: jws.to_owned(), endpoints: chain.metadata.federation_entity })
}

fn announced_keys(jws: &str) -> Result<staffetta_protocol::jose::Jwks, ResolveError> {
    let configuration: EntityConfiguration =
        staffetta_protocol::jose::peek(jws).map_err(|why| ResolveError::Invalid(ChainError::Anchor(why.into())))?;
    Ok(configuration.jwks)
}

/// The text of a 200 answer.
pub(super) fn document(answer: &RawAnswer) -> Result<String, ResolveError> {
    if answer.status != 200 {
        return Err(unexpected(answer));
    }
    let text = std::str::from_utf8(&answer.body).map_err(|_| unexpected(answer))?;
    Ok(text.trim().to_owned())
}

fn says_not_found(answer: &RawAnswer) -> bool {
    answer.status == 404 && json::from_slice::<Refusal>(&answer.body).is_ok_and(|refusal| refusal.error == "not_found")
}

fn unexpected(answer: &RawAnswer) -> ResolveError {
    ResolveError::Unreachable(format!("status {} where a document was expected", answer.status))
}

fn lacks_endpoint() -> ResolveError {
    ResolveError::Unreachable("the authority's configuration names no such endpoint".into())
}
