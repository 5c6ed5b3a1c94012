//! Who is in the network, with which keys and roles: OpenID Federation 1.0, in the profile of this network.
//!
//! One authority is the trust anchor; chains have three links: the member's configuration, the authority's statement
//! about it, the authority's configuration. Nothing here asks anybody anything: documents come in as text, `now` as a
//! value, and what comes out is a [`Chain`] or the reason why there is none.
//!
//! Claims that are not known are ignored, as the standard demands, with one exception: what restricts (`crit`, a
//! policy operator, a constraint) and is not understood makes the document unusable.

mod admission;
mod chain;
mod entitlement;
mod historical;
mod mark;
mod metadata;
mod policy;
mod role;
mod statement;

pub use admission::{Admission, Application, KeyChange, MAX_APPLICATION_SIZE, Standing};
pub use chain::{Anchor, Chain, ChainError, Mark, MarkFault, MemberState, resolve_anchor, resolve_chain};
pub use entitlement::{LIMITED_MAY_SEND, Side, may_receive, may_send};
pub use historical::{HistoricalKeys, historical_only};
pub use mark::{MarkStatus, TrustMark, TrustMarkStatus, trust_mark_type};
pub use metadata::{Capabilities, FederationEntity, Metadata, OauthResource, PROTOCOL_VERSION};
pub use policy::{MetadataPolicy, PolicyError};
pub use role::{Role, Roles};
pub use statement::{Constraints, EntityConfiguration, SubordinateStatement, TrustMarkEntry};

use serde::de::DeserializeOwned;

use crate::jose::{JoseError, KeySet, Typ, Verified};

/// Largest document of the trust plane that is read, in bytes.
pub const MAX_SIZE: usize = 64 * 1024;
/// Seconds that a member's configuration lives; it is signed anew every hour.
pub const CONFIGURATION_LIFETIME: i64 = 24 * 3600;
/// Seconds that a subordinate statement and the authority's own configuration live: a weekend's outage of the
/// authority stops nobody. They are signed anew every 12 hours.
pub const STATEMENT_LIFETIME: i64 = 72 * 3600;
/// Seconds that a trust mark lives at most: a year, leap or not.
pub const MAX_MARK_LIFETIME: i64 = 366 * 24 * 3600;

/// Media type of entity configurations and subordinate statements.
pub const ENTITY_STATEMENT_MEDIA: &str = "application/entity-statement+jwt";
/// Media type of answers about a trust mark.
pub const MARK_STATUS_MEDIA: &str = "application/trust-mark-status-response+jwt";
/// Media type of historical keys.
pub const JWK_SET_MEDIA: &str = "application/jwk-set+jwt";

/// Why a document of the trust plane is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Larger than [`MAX_SIZE`].
    #[error("document is too large")]
    TooLarge,
    /// Signature, type, key, times or form do not hold.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// The claims contradict the profile.
    #[error("{0}")]
    Claims(&'static str),
}

/// Verifies size, type, signature and times, then reads the claims.
fn open<T: DeserializeOwned>(
    jws: &str,
    typ: Typ,
    keys: &KeySet,
    now: chrono::DateTime<chrono::Utc>,
) -> Result<(Verified, T), TrustError> {
    if jws.len() > MAX_SIZE {
        return Err(TrustError::TooLarge);
    }
    let verified = crate::jose::verify(jws, typ, keys, now)?;
    let claims = verified.claims()?;
    Ok((verified, claims))
}

#[cfg(test)]
mod tests;
