//! A member as this node knows it.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::trust::{Chain, Mark, MarkStatus, MemberState, Role, Roles, may_send};

use super::rows::{ListRow, Standing};
use crate::error::{Error, Result};
use crate::journal::Actor;

/// How long an answer about a trust mark counts.
pub(super) const MARK_COUNTS: TimeDelta = TimeDelta::hours(1);

/// A member with its last verified chain, which need not be live any more.
#[derive(Debug, Clone)]
pub struct Peer {
    chain: Arc<Chain>,
    mark: Option<(MarkStatus, DateTime<Utc>)>,
    expelled: bool,
}

impl Peer {
    pub(super) fn new(chain: Arc<Chain>, standing: &Standing) -> Self {
        let mark = standing.mark_status().zip(standing.mark_checked_at.map(|at| at.0));
        Self { chain, mark, expelled: standing.expelled_at.is_some() }
    }

    /// A member as its documents alone show it, before the authority was asked about its mark.
    pub(super) fn of_chain(chain: Arc<Chain>) -> Self {
        Self { chain, mark: None, expelled: false }
    }

    /// The authority's last answer about the mark, and when it came.
    pub(super) fn mark(&self) -> Option<(MarkStatus, DateTime<Utc>)> {
        self.mark
    }

    /// Its name.
    pub fn entity_id(&self) -> &EntityId {
        &self.chain.entity_id
    }

    /// The organisation's name.
    pub fn organisation_name(&self) -> &str {
        &self.chain.organisation_name
    }

    /// The organisation's identifiers, `ipa:…` and `vat:…`.
    pub fn organisation_ids(&self) -> Vec<String> {
        self.chain.organisation_ids()
    }

    /// What it is in the network.
    pub fn roles(&self) -> &Roles {
        &self.chain.roles
    }

    /// Base of its API, and audience of calls to it.
    pub fn resource(&self) -> &str {
        &self.chain.resource
    }

    /// Its protocol keys: they sign calls, messages and receipts.
    pub fn keys(&self) -> &KeySet {
        &self.chain.protocol_keys
    }

    /// The chain.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether the chain is live. Delivering and taking need it, queueing does not.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.chain.is_live(now)
    }

    /// Until when the chain lives: the interface counts down to it.
    pub fn live_until(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.chain.exp, 0)
    }

    /// How it stands: by expulsion, by the mark in its chain, and by the authority's last answer about that mark.
    pub fn state(&self, now: DateTime<Utc>) -> MemberState {
        if self.expelled {
            return MemberState::Out;
        }
        match (self.chain.state(now), self.mark) {
            (MemberState::Active, Some((status, _))) if status != MarkStatus::Active => MemberState::Limited,
            (state, _) => state,
        }
    }

    /// Whether the authority's last answer about the mark is too old. A peer without a mark has none to ask about.
    pub(super) fn mark_is_stale(&self, now: DateTime<Utc>) -> bool {
        self.mark_jws().is_some() && self.mark.is_none_or(|(_, at)| now - at >= MARK_COUNTS)
    }

    pub(super) fn mark_jws(&self) -> Option<&str> {
        match &self.chain.mark {
            Mark::Present { jws, .. } => Some(jws),
            Mark::Absent(_) => None,
        }
    }

    /// The versions of message types that it takes.
    pub fn takes(&self) -> &[String] {
        self.chain.node().map_or(&[], |node| &node.capabilities.types)
    }

    /// How its people are reached other than through the node.
    pub fn contacts(&self) -> &[String] {
        &self.chain.metadata.federation_entity.contacts
    }

    /// Whether it fetches its messages itself, because it cannot be called.
    pub fn has_mailbox(&self) -> bool {
        self.chain.node().is_some_and(|node| node.capabilities.mailbox)
    }

    /// Whether a node with the roles `ours` may send it a message of this type.
    pub fn may_receive(&self, name: &str, ours: &Roles) -> bool {
        may_send(name, ours, self.roles())
    }

    /// Whether it may send a message of this type to a node with the roles `ours`.
    pub fn may_send(&self, name: &str, ours: &Roles) -> bool {
        may_send(name, self.roles(), ours)
    }
}

impl From<&Peer> for Actor {
    fn from(peer: &Peer) -> Self {
        Self::Peer(peer.entity_id().clone())
    }
}

/// A member as a list shows it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Its name.
    pub entity_id: EntityId,
    /// The organisation's name.
    pub organisation_name: String,
    /// The organisation's identifiers.
    pub organisation_ids: Vec<String>,
    /// What it is in the network.
    pub roles: Vec<Role>,
    /// How it stands.
    pub state: MemberState,
    /// Until when its chain lives; past for one that is not live.
    pub live_until: DateTime<Utc>,
    /// Why the last refresh failed, and when, if it did.
    pub last_failure: Option<(String, DateTime<Utc>)>,
}

impl Listed {
    pub(super) fn new(row: ListRow, authority: Option<&EntityId>, now: DateTime<Utc>) -> Result<Self> {
        let entity_id: EntityId = row.entity_id.parse().map_err(Error::internal)?;
        let marked = row.mark_exp.is_some_and(|exp| exp.0 > now)
            && row.mark_status.as_deref().is_none_or(|status| status == MarkStatus::Active.as_str());
        let state = match row.expelled_at {
            Some(_) => MemberState::Out,
            None if marked || Some(&entity_id) == authority => MemberState::Active,
            None => MemberState::Limited,
        };
        Ok(Self {
            entity_id,
            organisation_name: row.organisation_name,
            organisation_ids: row.ipa_id.into_iter().chain(row.vat_id).collect(),
            roles: row.roles.read()?,
            state,
            live_until: row.chain_exp.0,
            last_failure: row.last_failure.zip(row.last_failure_at.map(|at| at.0)),
        })
    }
}
