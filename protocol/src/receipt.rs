//! Receipts: the recipient's signed word on what became of each item of a batch.
//!
//! Both sides keep them. A receipt names digests only, so it stays proof after the person it was about is erased.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::digest::Digest;
use crate::id::{EntityId, MessageId, ReceiptId};
use crate::jose::{self, JoseError, KeySet, SigningKey, Typ};
use crate::problem::ItemCode;

/// What became of one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Taken and stored; `code` `superseded` says: without effect.
    Accepted,
    /// Not taken: `code` says why. Only id, digest, code and instant are kept.
    Refused,
    /// The sender said that the message will never come under this number.
    Voided,
}

/// The link that a receipt speaks about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Link {
    /// The sender of the items.
    pub from: EntityId,
    /// Their recipient, who issues the receipt.
    pub to: EntityId,
    /// The link's epoch.
    pub epoch: u32,
    /// Everything up to this number has been decided.
    pub through_seq: u64,
}

/// One item of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReceiptItem)]
pub struct Item {
    /// Its number on the link.
    pub seq: u64,
    /// The message id; absent where none can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<MessageId>,
    /// Digest of the message's compact form, of a void the one that it names.
    pub digest: Digest,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, where there is more to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<ItemCode>,
}

/// The claims of a receipt. Unknown claims are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Receipt {
    /// Who took the items.
    pub iss: EntityId,
    /// Who sent them.
    pub aud: EntityId,
    /// Seconds since 1970.
    pub iat: i64,
    /// This receipt's own id.
    pub jti: ReceiptId,
    /// The link and how far it has come.
    pub link: Link,
    /// One entry for each item of the batch, in its order.
    pub items: Vec<Item>,
    /// A signed checkpoint of the issuer's journal (a JWS of its own).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub checkpoint: Option<String>,
}

impl Receipt {
    /// Signs the receipt.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::Receipt, key, self)
    }

    /// Verifies a receipt against the issuer's keys and who is expected to have written it to whom.
    pub fn open(
        jws: &str,
        keys: &KeySet,
        from: &EntityId,
        to: &EntityId,
        now: DateTime<Utc>,
    ) -> Result<Self, InvalidReceipt> {
        let receipt: Self = jose::verify(jws, Typ::Receipt, keys, now)?.claims()?;
        let fits = receipt.iss == *to && receipt.aud == *from && receipt.link.from == *from && receipt.link.to == *to;
        if !fits {
            return Err(InvalidReceipt::Parties);
        }
        let ordered = receipt.items.windows(2).all(|pair| pair[0].seq.checked_add(1) == Some(pair[1].seq));
        let complete = receipt.items.last().is_none_or(|last| last.seq <= receipt.link.through_seq);
        if !ordered || !complete {
            return Err(InvalidReceipt::Items);
        }
        Ok(receipt)
    }
}

/// Why a receipt does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidReceipt {
    /// Signature, times or form.
    #[error(transparent)]
    Jose(#[from] JoseError),
    /// Written by or for somebody else.
    #[error("the receipt is not between these two nodes")]
    Parties,
    /// The items do not follow one another, or go beyond `through_seq`.
    #[error("the items of the receipt do not follow one another")]
    Items,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jose::Jwks;

    fn receipt() -> Receipt {
        let (a, b): (EntityId, EntityId) = ("https://a.example".parse().unwrap(), "https://b.example".parse().unwrap());
        let item = |seq| Item {
            seq,
            id: Some(MessageId(uuid::Uuid::from_u128(seq.into()))),
            digest: Digest::of(seq.to_string()),
            outcome: Outcome::Accepted,
            code: None,
        };
        Receipt {
            iss: b.clone(),
            aud: a.clone(),
            iat: 1_800_000_000,
            jti: ReceiptId(uuid::Uuid::from_u128(9)),
            link: Link { from: a, to: b, epoch: 1, through_seq: 2 },
            items: vec![item(1), item(2)],
            checkpoint: None,
        }
    }

    #[test]
    fn a_receipt_counts_only_between_its_two_nodes_and_in_order() {
        let key = SigningKey::generate().unwrap().0;
        let keys = KeySet::new(&Jwks { keys: vec![key.jwk().clone()] });
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let good = receipt();
        let (a, b) = (good.aud.clone(), good.iss.clone());
        let open = |r: &Receipt| Receipt::open(&r.sign(&key).unwrap(), &keys, &a, &b, now);
        assert_eq!(open(&good), Ok(good.clone()));
        let c: EntityId = "https://c.example".parse().unwrap();
        assert_eq!(open(&Receipt { aud: c.clone(), ..good.clone() }), Err(InvalidReceipt::Parties));
        assert_eq!(open(&Receipt { iss: c.clone(), ..good.clone() }), Err(InvalidReceipt::Parties));
        let mut other_link = good.clone();
        other_link.link.from = c;
        assert_eq!(open(&other_link), Err(InvalidReceipt::Parties));
        let mut swapped = good.clone();
        swapped.items.swap(0, 1);
        assert_eq!(open(&swapped), Err(InvalidReceipt::Items));
        let mut short = good;
        short.link.through_seq = 1;
        assert_eq!(open(&short), Err(InvalidReceipt::Items));
    }
}
