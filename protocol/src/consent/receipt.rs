//! The receipt of a consent: a JWS that the person carries away, and that anybody verifies with the node's published
//! keys. It has no name in it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::record::Record;
use crate::id::EntityId;
use crate::jose::{self, JoseError, KeySet, SigningKey, Typ};

/// The profile that a receipt follows.
pub const RECEIPT_SCHEMA: &str = "https://w3id.org/dpv/schema/iso-27560#receipt-full";

/// The claims of a receipt. Unknown claims are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConsentReceipt {
    /// The node that keeps the record.
    pub iss: EntityId,
    /// When the receipt was made, seconds since 1970.
    pub iat: i64,
    /// The receipt's own id.
    #[serde(rename = "jti")]
    pub receipt_id: Uuid,
    /// The profile that it follows.
    pub receipt_schema_version: String,
    /// The record as it stood then.
    pub record: Record,
}

impl ConsentReceipt {
    /// Signs the receipt.
    ///
    /// # Errors
    /// [`JoseError`], never on data of our own.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::ConsentReceipt, key, self)
    }

    /// Verifies a receipt with the keys of the node that is expected to have made it.
    ///
    /// # Errors
    /// Why it does not count.
    pub fn open(jws: &str, keys: &KeySet, of: &EntityId, now: DateTime<Utc>) -> Result<Self, JoseError> {
        let receipt: Self = jose::verify(jws, Typ::ConsentReceipt, keys, now)?.claims()?;
        if receipt.iss == *of { Ok(receipt) } else { Err(JoseError::Malformed("another node made this receipt")) }
    }
}
