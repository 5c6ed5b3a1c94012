//! Tokens of an OpenID provider: somebody outside the network, with keys named as he likes (OpenID Connect Core §3.1.3.7).
//!
//! The rules are those of [`verify`](super::verify): the algorithm comes from the key, never from the header, so `none`
//! and every HMAC are refused; `crit` is refused; what the header brings along is not looked at.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{JoseError, Jwk, Verified, VerifyingKey, header, judged};
use crate::id::Kid;

/// More keys than any provider publishes.
const MOST_KEYS: usize = 64;

/// The keys of a provider, as its JWK set has them.
#[derive(Debug, Clone, Default)]
pub struct ForeignKeys(Vec<VerifyingKey>);

impl ForeignKeys {
    /// The usable signing keys of a JWK set; others are left out. `None` when it is no JWK set.
    pub fn read(set: &Value) -> Option<Self> {
        let keys = set.get("keys")?.as_array()?;
        let usable = keys.iter().take(MOST_KEYS).filter_map(|key| {
            let mut members = key.as_object()?.clone();
            members.entry("kid").or_insert_with(|| Value::String(String::new()));
            // Times and revocation are members of ours; a provider takes a key back by leaving it out.
            members.retain(|name, _| !matches!(name.as_str(), "iat" | "exp" | "revoked" | "x5c"));
            let jwk: Jwk = serde_json::from_value(Value::Object(members)).ok()?;
            let signs = jwk.key_use.as_deref().is_none_or(|for_what| for_what == "sig");
            if signs { jwk.foreign_key().ok() } else { None }
        });
        Some(Self(usable.collect()))
    }

    /// Whether a key of that name is there: if not, the provider may have rotated.
    pub fn knows(&self, token: &str) -> bool {
        header(token).is_ok_and(|header| self.find(header.kid.as_ref()).is_some())
    }

    /// The key of that name; without a name the only one there is.
    fn find(&self, kid: Option<&Kid>) -> Option<&VerifyingKey> {
        match (kid, self.0.as_slice()) {
            (Some(kid), keys) => keys.iter().find(|key| key.kid() == kid),
            (None, [only]) => Some(only),
            (None, _) => None,
        }
    }
}

/// Verifies an ID token's key, algorithm, signature and times. `typ` may be absent; if it is there it is `JWT`, so that no
/// other kind of token passes for one. Whom it names and for whom it is, the caller judges.
pub fn verify_id_token(token: &str, keys: &ForeignKeys, now: DateTime<Utc>) -> Result<Verified, JoseError> {
    let header = header(token)?;
    if header.crit {
        return Err(JoseError::Critical);
    }
    if header.typ.as_deref().is_some_and(|typ| !typ.eq_ignore_ascii_case("jwt")) {
        return Err(JoseError::WrongType);
    }
    let unknown = || JoseError::UnknownKey(header.kid.clone().unwrap_or_else(|| Kid::new("")));
    let key = keys.find(header.kid.as_ref()).ok_or_else(unknown)?.clone();
    if header.alg != key.algorithm_name() {
        return Err(JoseError::Algorithm);
    }
    let verified = judged(token, header, key, now)?;
    if verified.exp.is_none() {
        return Err(JoseError::Malformed("no exp"));
    }
    Ok(verified)
}
