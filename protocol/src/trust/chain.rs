//! Trust chains: from a member's configuration to the pinned authority.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::mark::{TrustMark, trust_mark_type};
use super::metadata::{Metadata, OauthResource};
use super::policy::PolicyError;
use super::role::{Role, Roles};
use super::statement::{EntityConfiguration, SubordinateStatement};
use super::{TrustError, TrustMarkEntry};
use crate::digest::Digest;
use crate::id::EntityId;
use crate::jose::{self, JoseError, Jwks, KeySet};

/// The authority as a node has pinned it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Anchor {
    /// Its name.
    pub entity_id: EntityId,
    /// Its federation keys, as pinned at joining and as they followed since.
    pub jwks: Jwks,
}

/// How a member stands. Whether its chain is live is another question ([`Chain::is_live`]): a member that is off for
/// days stays a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MemberState {
    /// The mark is live.
    Active,
    /// The mark is expired, revoked or missing: only what ends or informs passes.
    Limited,
    /// Expelled: nothing passes. Never seen in a chain; the authority says so when asked for the statement.
    Out,
}

impl MemberState {
    /// The state as text.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Limited => "limited",
            Self::Out => "out",
        }
    }
}

/// The network's mark in a member's configuration.
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// There is one by the authority about this member; `claims.exp` says until when it counts.
    Present {
        /// What it says.
        claims: Box<TrustMark>,
        /// The mark, compact JWS, to ask the authority about.
        jws: String,
    },
    /// There is none that holds.
    Absent(MarkFault),
}

/// Why no mark counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MarkFault {
    /// The configuration has none of the network's type.
    Missing,
    /// It has one that does not hold.
    Invalid(TrustError),
}

/// A member as its chain shows it.
#[derive(Debug, Clone)]
pub struct Chain {
    /// The member.
    pub entity_id: EntityId,
    /// The authority at the other end.
    pub anchor: EntityId,
    /// The organisation's name, as the authority states it.
    pub organisation_name: String,
    /// The metadata after policy.
    pub metadata: Metadata,
    /// Base of the member's API, and audience of calls to it.
    pub resource: String,
    /// Keys that sign the member's calls, messages and receipts, retired ones included.
    pub protocol_keys: KeySet,
    /// What the member is: claimed, left by the policy, and named by the mark. Empty without mark.
    pub roles: Roles,
    /// The mark.
    pub mark: Mark,
    /// When the configuration was signed, seconds since 1970.
    pub configured_at: i64,
    /// Until when the chain lives: the earliest `exp` in it, seconds since 1970.
    pub exp: i64,
    /// The documents as received, from the member's configuration to the authority's.
    pub jws: Vec<String>,
    /// The authority's keys as its configuration now announces them: the pins follow.
    pub announced: Anchor,
    /// When the authority's configuration was signed, seconds since 1970: an older one never moves the pins back.
    pub announced_at: i64,
}

impl Chain {
    /// Whether every document in it still counts. A stale chain fails closed: nothing is delivered or taken on it.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        now.timestamp() < self.exp
    }

    /// Active or limited, as far as the documents say. Whether the authority has revoked the mark meanwhile, it must
    /// be asked.
    pub fn state(&self, now: DateTime<Utc>) -> MemberState {
        match &self.mark {
            _ if self.entity_id == self.anchor => MemberState::Active,
            Mark::Present { claims, .. } if claims.exp > now.timestamp() => MemberState::Active,
            _ => MemberState::Limited,
        }
    }

    /// The organisation's identifiers (`ipa:…`, `vat:…`); none without mark.
    pub fn organisation_ids(&self) -> Vec<String> {
        match &self.mark {
            Mark::Present { claims, .. } => claims.organisation_ids(),
            Mark::Absent(_) => Vec::new(),
        }
    }

    /// Names the chain as used in evidence: the digest of its documents, one per line.
    pub fn digest(&self) -> Digest {
        Digest::of(self.jws.join("\n"))
    }

    /// What the member's node is and takes.
    pub fn node(&self) -> Option<&OauthResource> {
        self.metadata.oauth_resource.as_ref()
    }
}

/// Why three documents are no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The authority's configuration does not hold, or is not the pinned authority's.
    #[error("authority configuration: {0}")]
    Anchor(TrustError),
    /// The authority's statement does not hold.
    #[error("subordinate statement: {0}")]
    Statement(TrustError),
    /// The member's configuration does not hold, by the keys that the statement names.
    #[error("entity configuration: {0}")]
    Configuration(TrustError),
    /// The three are not about one another.
    #[error("chain: {0}")]
    Link(&'static str),
    /// The policy cannot be applied.
    #[error("metadata policy: {0}")]
    Policy(#[from] PolicyError),
}

fn open_anchor(jws: &str, anchor: &Anchor, now: DateTime<Utc>) -> Result<EntityConfiguration, ChainError> {
    let pins = KeySet::new(&anchor.jwks);
    let configuration = EntityConfiguration::open(jws, &pins, now).map_err(ChainError::Anchor)?;
    if configuration.sub != anchor.entity_id {
        return Err(ChainError::Link("the configuration is not the authority's"));
    }
    Ok(configuration)
}

/// Resolves a member's chain. Keys go only downward: the pins verify the authority's configuration, its keys the
/// statement and the mark, the statement's keys the member's configuration.
pub fn resolve_chain(
    configuration_jws: &str,
    statement_jws: &str,
    anchor_jws: &str,
    anchor: &Anchor,
    now: DateTime<Utc>,
) -> Result<Chain, ChainError> {
    let top = open_anchor(anchor_jws, anchor, now)?;
    let keys = KeySet::new(&top.jwks);
    let statement =
        SubordinateStatement::open(statement_jws, &anchor.entity_id, &keys, now).map_err(ChainError::Statement)?;
    let leaf = EntityConfiguration::open(configuration_jws, &KeySet::new(&statement.jwks), now)
        .map_err(ChainError::Configuration)?;
    if leaf.sub != statement.sub {
        return Err(ChainError::Link("statement and configuration are about two members"));
    }
    if !leaf.authority_hints.contains(&anchor.entity_id) {
        return Err(ChainError::Link("authority_hints does not name the authority"));
    }
    let metadata = metadata_after_policy(&leaf.metadata, &statement)?;
    let mark = find_mark(&leaf.trust_marks, &leaf.sub, anchor, &keys, now);
    let exp = leaf.exp.min(statement.exp).min(top.exp);
    let jws = [configuration_jws, statement_jws, anchor_jws].map(str::to_owned).to_vec();
    assemble(leaf, metadata, mark, exp, jws, top)
}

/// The authority itself as a peer: its own configuration, signed with a pinned key, is the whole chain.
pub fn resolve_anchor(anchor_jws: &str, anchor: &Anchor, now: DateTime<Utc>) -> Result<Chain, ChainError> {
    let top = open_anchor(anchor_jws, anchor, now)?;
    let (metadata, exp) = (top.metadata.clone(), top.exp);
    let mark = Mark::Absent(MarkFault::Missing);
    assemble(top.clone(), metadata, mark, exp, vec![anchor_jws.to_owned()], top)
}

fn assemble(
    leaf: EntityConfiguration,
    metadata: Metadata,
    mark: Mark,
    exp: i64,
    jws: Vec<String>,
    top: EntityConfiguration,
) -> Result<Chain, ChainError> {
    let node = metadata.oauth_resource.as_ref().ok_or(ChainError::Link("there is no oauth_resource"))?;
    if node.resource != leaf.sub.resource() {
        return Err(ChainError::Link("resource is not below the entity id"));
    }
    let roles = match &mark {
        _ if leaf.sub == top.sub => Roles::from([Role::Authority]),
        Mark::Present { claims, .. } => node.roles.intersection(&claims.roles).copied().collect(),
        Mark::Absent(_) => Roles::new(),
    };
    Ok(Chain {
        organisation_name: metadata.federation_entity.organization_name.clone().unwrap_or_else(|| leaf.sub.to_string()),
        resource: node.resource.clone(),
        protocol_keys: KeySet::new(&node.jwks),
        roles,
        mark,
        configured_at: leaf.iat,
        exp,
        jws,
        anchor: top.sub.clone(),
        announced: Anchor { entity_id: top.sub, jwks: top.jwks },
        announced_at: top.iat,
        entity_id: leaf.sub,
        metadata,
    })
}

/// What the statement replaces, then what its policy imposes, then what its constraints leave.
fn metadata_after_policy(own: &Metadata, statement: &SubordinateStatement) -> Result<Metadata, ChainError> {
    let Ok(Value::Object(mut metadata)) = serde_json::to_value(own) else {
        return Err(PolicyError::Metadata.into());
    };
    for (entity_type, replaced) in &statement.metadata {
        let Value::Object(replaced) = replaced else { return Err(PolicyError::Metadata.into()) };
        if let Some(Value::Object(entity)) = metadata.get_mut(entity_type) {
            entity.extend(replaced.clone());
        }
    }
    statement.metadata_policy.apply(&mut metadata)?;
    if let Some(permitted) = &statement.constraints.allowed_entity_types {
        metadata.retain(|entity_type, _| entity_type == "federation_entity" || permitted.contains(entity_type));
    }
    parse(metadata)
}

fn parse(metadata: Map<String, Value>) -> Result<Metadata, ChainError> {
    serde_json::from_value(Value::Object(metadata)).map_err(|_| PolicyError::Metadata.into())
}

/// The first mark of the network's type that holds; an expired one counts as present, with its past `exp`.
fn find_mark(marks: &[TrustMarkEntry], member: &EntityId, anchor: &Anchor, keys: &KeySet, now: DateTime<Utc>) -> Mark {
    let expected = trust_mark_type(&anchor.entity_id);
    let mut fault = MarkFault::Missing;
    let mut expired = None;
    for entry in marks.iter().filter(|entry| entry.trust_mark_type == expected) {
        let jws = &entry.trust_mark;
        let open = |at| TrustMark::open(jws, &anchor.entity_id, member, keys, at);
        match open(now) {
            Ok(claims) => return Mark::Present { claims: Box::new(claims), jws: jws.clone() },
            Err(TrustError::Jose(JoseError::Expired)) => {
                match issued_at(jws).ok_or(JoseError::Expired.into()).and_then(open) {
                    Ok(claims) => expired = Some(Mark::Present { claims: Box::new(claims), jws: jws.clone() }),
                    Err(why) => fault = MarkFault::Invalid(why),
                }
            }
            Err(why) => fault = MarkFault::Invalid(why),
        }
    }
    expired.unwrap_or(Mark::Absent(fault))
}

/// When a mark says it was issued. An expired mark is verified as of then, to know whose it was.
fn issued_at(jws: &str) -> Option<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Issued {
        iat: i64,
    }
    let issued: Issued = jose::peek(jws).ok()?;
    DateTime::from_timestamp(issued.iat, 0)
}
