//! JWS: one way to sign, one way to verify (RFC 7515, RFC 7518).
//!
//! [`verify`] is the only caller of the library's decoder. The algorithm comes from the **key**, never from the
//! header; `typ` is exact; `crit` is refused; keys and URLs inside a header are not looked at. The library's own
//! checks of time and audience are off (they read the wall clock): time is judged here against `now`, the audience
//! where the claims are understood.

mod foreign;
mod key;

pub use foreign::{ForeignKeys, verify_id_token};
pub use key::{Jwk, Jwks, KeySet, Revoked, SigningKey, VerifyingKey};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::id::Kid;
use crate::json;

/// Seconds by which two honest clocks may differ.
pub const LEEWAY: i64 = 60;

/// The `typ` of each thing that is signed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Typ {
    /// ModI tokens: `JWT`.
    Jwt,
    /// Entity configurations and subordinate statements.
    EntityStatement,
    /// Trust marks.
    TrustMark,
    /// Answers of the trust mark status endpoint.
    TrustMarkStatus,
    /// Historical keys.
    JwkSet,
    /// Messages of the exchange.
    Message,
    /// Receipts of the exchange.
    Receipt,
    /// Entries of the catalogue.
    Entry,
    /// Checkpoints of a journal.
    Checkpoint,
    /// Access tokens that a node issues to its own desk's programs (RFC 9068). They never travel between nodes.
    AccessToken,
    /// Receipts of a consent, for the person who gave it.
    ConsentReceipt,
}

impl Typ {
    /// The text in the header.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Jwt => "JWT",
            Self::EntityStatement => "entity-statement+jwt",
            Self::TrustMark => "trust-mark+jwt",
            Self::TrustMarkStatus => "trust-mark-status-response+jwt",
            Self::JwkSet => "jwk-set+jwt",
            Self::Message => "staffetta-message+jwt",
            Self::Receipt => "staffetta-receipt+jwt",
            Self::Entry => "staffetta-entry+jwt",
            Self::Checkpoint => "staffetta-checkpoint+jwt",
            Self::AccessToken => "at+jwt",
            Self::ConsentReceipt => "staffetta-consent-receipt+jwt",
        }
    }
}

/// Why a JWS was not accepted. Nothing of its content is in the text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoseError {
    /// Not three base64url parts with a JSON header and JSON object claims.
    #[error("malformed JWS: {0}")]
    Malformed(&'static str),
    /// The header's `typ` is not the expected one.
    #[error("wrong typ")]
    WrongType,
    /// The header carries `crit`.
    #[error("critical header parameters are not supported")]
    Critical,
    /// The header names no key, or one that is not in the set.
    #[error("unknown key {0}")]
    UnknownKey(Kid),
    /// The header's `alg` is not the key's.
    #[error("algorithm does not fit the key")]
    Algorithm,
    /// The signature does not hold.
    #[error("signature does not verify")]
    Signature,
    /// The key had stopped signing when this was issued.
    #[error("key was retired before this was issued")]
    KeyRetired,
    /// The key is revoked: it verifies nothing any more.
    #[error("key is revoked")]
    KeyRevoked,
    /// `exp` has passed.
    #[error("expired")]
    Expired,
    /// `iat` or `nbf` lies in the future.
    #[error("not valid yet")]
    NotYetValid,
    /// The claims are not of the expected form.
    #[error("claims: {0}")]
    Claims(#[from] json::InvalidJson),
}

/// What the header says; everything else in it is ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct Header {
    alg: String,
    #[serde(default)]
    typ: Option<String>,
    /// Which key signed.
    #[serde(default)]
    pub kid: Option<Kid>,
    /// Thumbprint of the certificate of the same key (RFC 7515 §4.1.8).
    #[serde(default, rename = "x5t#S256")]
    pub x5t_s256: Option<String>,
    #[serde(default, deserialize_with = "json::is_there")]
    crit: bool,
}

/// The times that every signed thing here may carry. `iat` is mandatory.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Times {
    iat: i64,
    #[serde(default)]
    exp: Option<i64>,
    #[serde(default)]
    nbf: Option<i64>,
}

/// A JWS whose signature and times hold.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The header as read.
    pub header: Header,
    /// The key that signed.
    pub key: VerifyingKey,
    /// When it was issued, seconds since 1970.
    pub iat: i64,
    /// Until when it counts, where it says so.
    pub exp: Option<i64>,
    claims: Vec<u8>,
}

impl Verified {
    /// Reads the claims into `T`. Form (depth, repeated names) was already checked.
    pub fn claims<T: DeserializeOwned>(&self) -> Result<T, JoseError> {
        json::from_checked(&self.claims).map_err(JoseError::Claims)
    }
}

/// Claims whose form was checked, and nothing else: nobody has looked at the signature.
#[derive(Debug)]
pub struct Unverified<'a> {
    jws: &'a str,
    claims: Vec<u8>,
}

impl<'a> Unverified<'a> {
    /// Reads the claims of a compact JWS: base64url, and JSON without repeated names and not too deep.
    pub fn read(jws: &'a str) -> Result<Self, JoseError> {
        let payload = jws.split('.').nth(1).ok_or(JoseError::Malformed("not three parts"))?;
        let claims = URL_SAFE_NO_PAD.decode(payload).map_err(|_| JoseError::Malformed("claims are not base64url"))?;
        json::check(&claims)?;
        Ok(Self { jws, claims })
    }

    /// What they say **without anything being verified**: only to learn whose keys to look up.
    pub fn peek<'de, T: Deserialize<'de>>(&'de self) -> Result<T, JoseError> {
        Ok(json::from_checked(&self.claims)?)
    }

    /// As [`verify`].
    pub fn verify(self, typ: Typ, keys: &KeySet, now: DateTime<Utc>) -> Result<Verified, JoseError> {
        let (header, key) = expected(self.jws, typ, keys)?;
        signed(self.jws, &key)?;
        self.judged(header, key, now)
    }

    fn judged(self, header: Header, key: VerifyingKey, now: DateTime<Utc>) -> Result<Verified, JoseError> {
        let times: Times = json::from_checked(&self.claims)?;
        judge_times(&times, &key, now)?;
        Ok(Verified { header, key, iat: times.iat, exp: times.exp, claims: self.claims })
    }
}

/// Verifies a compact JWS: type, key, algorithm, signature, times. See the module for what is deliberate.
pub fn verify(jws: &str, typ: Typ, keys: &KeySet, now: DateTime<Utc>) -> Result<Verified, JoseError> {
    let (header, key) = expected(jws, typ, keys)?;
    judged(jws, header, key, now)
}

/// Which key it must be, by a header that is as it must be.
fn expected(jws: &str, typ: Typ, keys: &KeySet) -> Result<(Header, VerifyingKey), JoseError> {
    let header = header(jws)?;
    if header.crit {
        return Err(JoseError::Critical);
    }
    if header.typ.as_deref() != Some(typ.as_str()) {
        return Err(JoseError::WrongType);
    }
    let kid = header.kid.clone().ok_or(JoseError::Malformed("no kid"))?;
    let key = keys.find(&kid).ok_or(JoseError::UnknownKey(kid))?.clone();
    if header.alg != key.algorithm_name() {
        return Err(JoseError::Algorithm);
    }
    Ok((header, key))
}

/// Signature and times, once it is known which key it must be. What does not verify is not read.
fn judged(jws: &str, header: Header, key: VerifyingKey, now: DateTime<Utc>) -> Result<Verified, JoseError> {
    signed(jws, &key)?;
    Unverified::read(jws)?.judged(header, key, now)
}

fn signed(jws: &str, key: &VerifyingKey) -> Result<(), JoseError> {
    let (text, signature) = jws.rsplit_once('.').ok_or(JoseError::Malformed("not three parts"))?;
    match jsonwebtoken::crypto::verify(signature, text.as_bytes(), key.decoding_key(), key.algorithm()) {
        Ok(true) => Ok(()),
        Ok(false) => Err(JoseError::Signature),
        Err(_) => Err(JoseError::Malformed("the signature is not base64url")),
    }
}

fn judge_times(times: &Times, key: &VerifyingKey, now: DateTime<Utc>) -> Result<(), JoseError> {
    let now = now.timestamp();
    if key.is_revoked() {
        return Err(JoseError::KeyRevoked);
    }
    if key.retired_at().is_some_and(|retired| times.iat >= retired) {
        return Err(JoseError::KeyRetired);
    }
    if times.iat > now + LEEWAY || times.nbf.is_some_and(|nbf| nbf > now + LEEWAY) {
        return Err(JoseError::NotYetValid);
    }
    if times.exp.is_some_and(|exp| exp <= now - LEEWAY) {
        return Err(JoseError::Expired);
    }
    Ok(())
}

/// Signs `claims` with `key` as compact JWS of type `typ`. Never fails on data of our own: claims are plain structs.
pub fn sign(typ: Typ, key: &SigningKey, claims: &impl Serialize) -> Result<String, JoseError> {
    key.sign(typ, None, claims)
}

/// As [`sign`], naming the key's certificate in `x5t#S256`, as ModI demands.
pub fn sign_with_certificate(typ: Typ, key: &SigningKey, claims: &impl Serialize) -> Result<String, JoseError> {
    key.sign(typ, key.jwk().x5t_s256.clone(), claims)
}

/// Reads the header without believing it.
pub fn header(jws: &str) -> Result<Header, JoseError> {
    let mut parts = jws.split('.');
    let (Some(header), Some(_), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return Err(JoseError::Malformed("not three parts"));
    };
    let bytes = URL_SAFE_NO_PAD.decode(header).map_err(|_| JoseError::Malformed("header is not base64url"))?;
    json::from_slice(&bytes).map_err(|_| JoseError::Malformed("header is not JSON of the expected form"))
}

/// Reads claims **without verifying anything**: only to learn whose keys to look up.
pub fn peek<T: DeserializeOwned>(jws: &str) -> Result<T, JoseError> {
    Unverified::read(jws)?.peek()
}

#[cfg(test)]
mod tests;
