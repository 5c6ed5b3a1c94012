//! Keys that an authority used before (OpenID Federation 1.0 §8.7): old evidence goes on verifying.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{TrustError, open};
use crate::id::EntityId;
use crate::jose::{self, JoseError, Jwk, Jwks, KeySet, SigningKey, Typ};

/// Claims of the historical keys endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoricalKeys {
    /// Whose keys.
    pub iss: EntityId,
    /// Seconds since 1970.
    pub iat: i64,
    /// Each with `exp`, and with `revoked` where it was revoked.
    pub keys: Vec<Jwk>,
}

/// Those keys of `jwks` that no longer sign.
pub fn historical_only(jwks: &Jwks) -> Vec<Jwk> {
    jwks.keys.iter().filter(|jwk| jwk.exp.is_some() || jwk.revoked.is_some()).cloned().collect()
}

impl HistoricalKeys {
    /// Signs it with a federation key that is in use.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::JwkSet, key, self)
    }

    /// Reads the historical keys of `authority`, signed with one of its present `keys`.
    pub fn open(jws: &str, authority: &EntityId, keys: &KeySet, now: DateTime<Utc>) -> Result<Self, TrustError> {
        let (_, historical) = open::<Self>(jws, Typ::JwkSet, keys, now)?;
        if historical.iss != *authority {
            return Err(TrustError::Claims("keys of somebody else"));
        }
        if historical.keys.iter().any(|jwk| jwk.exp.is_none()) {
            return Err(TrustError::Claims("a historical key has an end"));
        }
        Ok(historical)
    }
}
