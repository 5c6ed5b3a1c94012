//! Entity configurations and subordinate statements (OpenID Federation 1.0 §3).

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::metadata::Metadata;
use super::policy::MetadataPolicy;
use super::{TrustError, open};
use crate::id::EntityId;
use crate::jose::{self, JoseError, Jwks, KeySet, SigningKey, Typ, Verified};
use crate::json;

/// What an entity says about itself, signed with one of its own federation keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EntityConfiguration {
    /// The entity.
    pub iss: EntityId,
    /// The entity again.
    pub sub: EntityId,
    /// Seconds since 1970.
    pub iat: i64,
    /// Until, seconds since 1970.
    pub exp: i64,
    /// Federation keys. They sign statements and configurations, never calls or messages.
    pub jwks: Jwks,
    /// Whose statement about this entity exists. Compared, never followed. Empty for the authority.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_hints: Vec<EntityId>,
    /// The network's mark, once it was given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust_marks: Vec<TrustMarkEntry>,
    /// Authority only: who may give which mark.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub trust_mark_issuers: BTreeMap<String, Vec<EntityId>>,
    /// What it says about itself.
    #[serde(default)]
    pub metadata: Metadata,
}

/// One mark in a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustMarkEntry {
    /// The same as inside the mark.
    pub trust_mark_type: String,
    /// The mark, compact JWS.
    pub trust_mark: String,
}

/// What the authority says about a member.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubordinateStatement {
    /// The authority.
    pub iss: EntityId,
    /// The member.
    pub sub: EntityId,
    /// Seconds since 1970.
    pub iat: i64,
    /// Until, seconds since 1970.
    pub exp: i64,
    /// The member's federation keys: what its configuration must be signed with.
    pub jwks: Jwks,
    /// Parameters that replace those of the member's own metadata.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub metadata: Map<String, Value>,
    /// What restricts the member's metadata.
    #[serde(default)]
    pub metadata_policy: MetadataPolicy,
    /// What restricts the chain.
    #[serde(default)]
    pub constraints: Constraints,
}

/// Restrictions on chains (OpenID Federation 1.0 §6.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Constraints {
    /// How many intermediates may stand below the issuer. Always 1 here, so that a region may become one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_path_length: Option<u32>,
    /// Entity types that the member may have, besides `federation_entity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_entity_types: Option<Vec<String>>,
}

/// Claims that restrict: legal in a statement only, and never ignored.
#[derive(Deserialize)]
struct Restrictions {
    #[serde(default, deserialize_with = "json::is_there")]
    crit: bool,
    #[serde(default, deserialize_with = "json::is_there")]
    metadata_policy_crit: bool,
    #[serde(default, deserialize_with = "json::is_there")]
    metadata_policy: bool,
    #[serde(default)]
    constraints: Option<RestrictingConstraints>,
}

#[derive(Deserialize)]
struct RestrictingConstraints {
    #[serde(default, deserialize_with = "json::is_there")]
    naming_constraints: bool,
}

fn refuse_critical(verified: &Verified) -> Result<Restrictions, TrustError> {
    let restrictions: Restrictions = verified.claims()?;
    if restrictions.crit || restrictions.metadata_policy_crit {
        return Err(TrustError::Claims("critical claims or operators are not supported"));
    }
    Ok(restrictions)
}

impl EntityConfiguration {
    /// Signs it with a federation key.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::EntityStatement, key, self)
    }

    /// Reads a configuration that one of `keys` signed; they come from the authority's statement or from a pin,
    /// never from the document itself.
    pub fn open(jws: &str, keys: &KeySet, now: DateTime<Utc>) -> Result<Self, TrustError> {
        let (verified, configuration) = open::<Self>(jws, Typ::EntityStatement, keys, now)?;
        let restrictions = refuse_critical(&verified)?;
        if configuration.iss != configuration.sub {
            return Err(TrustError::Claims("iss and sub of a configuration differ"));
        }
        if restrictions.metadata_policy || restrictions.constraints.is_some() {
            return Err(TrustError::Claims("metadata_policy and constraints are legal in statements only"));
        }
        if KeySet::new(&configuration.jwks).find(verified.key.kid()).is_none() {
            return Err(TrustError::Claims("the signing key is not in the configuration's own jwks"));
        }
        Ok(configuration)
    }

    /// Reads a configuration that is signed with a key of its own. This proves possession of the key and nothing
    /// else: for the first contact, where an invitation or a fingerprint vouches for it, and to learn who wrote it.
    pub fn open_self_signed(jws: &str, now: DateTime<Utc>) -> Result<Self, TrustError> {
        #[derive(Deserialize)]
        struct Keys {
            jwks: Jwks,
        }
        if jws.len() > super::MAX_SIZE {
            return Err(TrustError::TooLarge);
        }
        let own: Keys = jose::peek(jws)?;
        Self::open(jws, &KeySet::new(&own.jwks), now)
    }
}

impl SubordinateStatement {
    /// Signs it with a federation key of the authority.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::EntityStatement, key, self)
    }

    /// Reads a statement by `authority`, signed with one of its keys.
    pub fn open(jws: &str, authority: &EntityId, keys: &KeySet, now: DateTime<Utc>) -> Result<Self, TrustError> {
        let (verified, statement) = open::<Self>(jws, Typ::EntityStatement, keys, now)?;
        let restrictions = refuse_critical(&verified)?;
        if statement.iss != *authority {
            return Err(TrustError::Claims("statement is not by the authority"));
        }
        if statement.iss == statement.sub {
            return Err(TrustError::Claims("a statement is about somebody else"));
        }
        if restrictions.constraints.is_some_and(|c| c.naming_constraints) {
            return Err(TrustError::Claims("naming constraints are not supported"));
        }
        Ok(statement)
    }
}
