//! Trust marks (OpenID Federation 1.0 §7): the partnership agreement, signed by the authority.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::role::{self, Roles};
use super::{MAX_MARK_LIFETIME, TrustError, TrustMarkEntry, open};
use crate::id::EntityId;
use crate::jose::{self, JoseError, KeySet, SigningKey, Typ};

/// The one mark of the network that `authority` gives.
pub fn trust_mark_type(authority: &EntityId) -> String {
    format!("{authority}/trust_marks/registration-entity/oauth_resource")
}

/// Claims of a trust mark. It ends with the partnership agreement, after a year at most.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustMark {
    /// The authority.
    pub iss: EntityId,
    /// The member.
    pub sub: EntityId,
    /// See [`trust_mark_type`].
    pub trust_mark_type: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Until, seconds since 1970.
    pub exp: i64,
    /// Whether the organisation is a public body.
    #[serde(default)]
    pub public_body: bool,
    /// Code in the index of public bodies (IPA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipa_code: Option<String>,
    /// VAT number, eleven digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat_number: Option<String>,
    /// The organisation, as the agreement names it.
    pub organization_name: String,
    /// Where the organisation is reached.
    pub email: String,
    /// The most that the member may be.
    #[serde(deserialize_with = "role::known")]
    pub roles: Roles,
}

impl TrustMark {
    /// Signs it with a federation key of the authority.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::TrustMark, key, self)
    }

    /// The mark as it stands in a configuration.
    pub fn entry(&self, jws: String) -> TrustMarkEntry {
        TrustMarkEntry { trust_mark_type: self.trust_mark_type.clone(), trust_mark: jws }
    }

    /// Reads a mark that `authority` signed about `member`.
    pub fn open(
        jws: &str,
        authority: &EntityId,
        member: &EntityId,
        keys: &KeySet,
        now: DateTime<Utc>,
    ) -> Result<Self, TrustError> {
        let (_, mark) = open::<Self>(jws, Typ::TrustMark, keys, now)?;
        let wrong = |why| Err(TrustError::Claims(why));
        if mark.iss != *authority {
            return wrong("mark is not by the authority");
        }
        if mark.sub != *member {
            return wrong("mark is about somebody else");
        }
        if mark.trust_mark_type != trust_mark_type(authority) {
            return wrong("mark is of another type");
        }
        if !mark.exp.checked_sub(mark.iat).is_some_and(|lifetime| (1..=MAX_MARK_LIFETIME).contains(&lifetime)) {
            return wrong("mark lives longer than a year");
        }
        if mark.organisation_ids().is_empty() {
            return wrong("mark names no organisation");
        }
        Ok(mark)
    }

    /// The organisation's identifiers, as consents name their recipient: `ipa:…`, `vat:…`.
    pub fn organisation_ids(&self) -> Vec<String> {
        let ipa = self.ipa_code.iter().map(|code| format!("ipa:{code}"));
        ipa.chain(self.vat_number.iter().map(|number| format!("vat:{number}"))).collect()
    }
}

/// What the authority says about a mark, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkStatus {
    /// It counts.
    Active,
    /// Its time is over.
    Expired,
    /// It was taken back.
    Revoked,
    /// It was never given, or does not verify.
    Invalid,
}

impl MarkStatus {
    /// The status as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Invalid => "invalid",
        }
    }
}

/// Claims of the answer of the trust mark status endpoint. A mark that the authority does not know gets 404 instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustMarkStatus {
    /// The authority.
    pub iss: EntityId,
    /// Seconds since 1970. The answer counts for an hour.
    pub iat: i64,
    /// The mark that was asked about, whole.
    pub trust_mark: String,
    /// How it stands.
    pub status: MarkStatus,
}

impl TrustMarkStatus {
    /// Signs it with a federation key of the authority.
    pub fn sign(&self, key: &SigningKey) -> Result<String, JoseError> {
        jose::sign(Typ::TrustMarkStatus, key, self)
    }

    /// Reads the answer of `authority` about exactly this `mark`.
    pub fn open(
        jws: &str,
        authority: &EntityId,
        mark: &str,
        keys: &KeySet,
        now: DateTime<Utc>,
    ) -> Result<Self, TrustError> {
        let (_, status) = open::<Self>(jws, Typ::TrustMarkStatus, keys, now)?;
        if status.iss != *authority || status.trust_mark != mark {
            return Err(TrustError::Claims("answer is about another mark"));
        }
        Ok(status)
    }
}
