//! The headers of every call between nodes: ModI patterns ID_AUTH_REST_02 and INTEGRITY_REST_01.
//!
//! A caller proves who it is with one JWS in `Authorization` and, where there is a body, what it sent with a second
//! one in `Agid-JWT-Signature` that has the same times and id. The called node signs its answer and ties it to the
//! request. These tokens are checked and forgotten; the evidence of the exchange is message and receipt.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::id::EntityId;
use crate::jose::{self, JoseError, KeySet, LEEWAY, SigningKey, Typ, Verified};

/// Seconds that our tokens live.
pub const LIFETIME: i64 = 60;
/// Seconds that a token may live at most.
pub const MAX_LIFETIME: i64 = 300;
/// Longest `jti`, in characters.
pub const MAX_JTI: usize = 64;

/// Name of the header with the digest of the body as sent.
pub const DIGEST: &str = "Digest";
/// Name of the header with the signature over digest and content type.
pub const SIGNATURE: &str = "Agid-JWT-Signature";

/// Claims of the token in `Authorization`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallClaims {
    /// The caller.
    pub iss: EntityId,
    /// The caller again.
    pub sub: EntityId,
    /// The called node's `resource`: one string.
    pub aud: String,
    /// Seconds since 1970.
    pub iat: i64,
    /// Not before, seconds since 1970.
    pub nbf: i64,
    /// Until, seconds since 1970.
    pub exp: i64,
    /// Unique per caller, at most [`MAX_JTI`] characters.
    pub jti: String,
}

/// One signed header: an object with a single member, as the pattern writes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignedHeader {
    /// `digest`.
    Digest(String),
    /// `content-type`.
    ContentType(String),
    /// `content-encoding`.
    ContentEncoding(String),
}

/// Claims of the token in `Agid-JWT-Signature` on a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct IntegrityClaims {
    iss: EntityId,
    sub: EntityId,
    aud: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    signed_headers: Vec<SignedHeader>,
}

/// Claims of the token in `Agid-JWT-Signature` on an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct AnswerClaims {
    iss: EntityId,
    sub: EntityId,
    aud: EntityId,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
    signed_headers: Vec<SignedHeader>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    request_digest: Option<String>,
    request_jti: String,
}

/// What a body is signed with.
#[derive(Debug, Clone, Copy)]
pub struct Body<'a> {
    /// The bytes as sent.
    pub bytes: &'a [u8],
    /// The `Content-Type` header as sent.
    pub content_type: &'a str,
    /// The `Content-Encoding` header as sent, if there is one.
    pub content_encoding: Option<&'a str>,
}

/// The headers to put on a call.
#[derive(Debug, Clone)]
pub struct CallHeaders {
    /// Value of `Authorization`.
    pub authorization: String,
    /// Values of `Digest` and `Agid-JWT-Signature`, where there is a body.
    pub integrity: Option<Integrity>,
    /// To check the answer with.
    pub sent: Sent,
}

/// `Digest` and `Agid-JWT-Signature`.
#[derive(Debug, Clone)]
pub struct Integrity {
    /// Value of `Digest`.
    pub digest: Digest,
    /// Value of `Agid-JWT-Signature`.
    pub signature: String,
}

/// What the caller remembers until the answer is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Id of the call.
    pub jti: String,
    /// Digest of its body, if it had one.
    pub digest: Option<Digest>,
}

/// Why a call or an answer is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModiError {
    /// Who is calling does not hold: 401.
    #[error("identity: {0}")]
    Identity(&'static str),
    /// The identity token does not verify: 401.
    #[error("identity: {0}")]
    Token(JoseError),
    /// An integrity header is missing or out of place: 400 `integrity_missing`.
    #[error("integrity headers are missing")]
    IntegrityMissing,
    /// Integrity does not hold: 400 `integrity_invalid`.
    #[error("integrity: {0}")]
    Integrity(&'static str),
}

fn signed_headers(body: &Body<'_>) -> (Digest, Vec<SignedHeader>) {
    let digest = Digest::of(body.bytes);
    let mut headers =
        vec![SignedHeader::Digest(digest.to_string()), SignedHeader::ContentType(body.content_type.to_owned())];
    headers.extend(body.content_encoding.map(|e| SignedHeader::ContentEncoding(e.to_owned())));
    (digest, headers)
}

/// Makes the headers of a call. `jti` must be new for every attempt.
pub fn call(
    key: &SigningKey,
    caller: &EntityId,
    resource: &str,
    body: Option<Body<'_>>,
    jti: String,
    now: DateTime<Utc>,
) -> Result<CallHeaders, JoseError> {
    let iat = now.timestamp();
    let claims = CallClaims {
        iss: caller.clone(),
        sub: caller.clone(),
        aud: resource.to_owned(),
        iat,
        nbf: iat,
        exp: iat + LIFETIME,
        jti: jti.clone(),
    };
    let token = jose::sign_with_certificate(Typ::Jwt, key, &claims)?;
    let integrity = body
        .map(|body| -> Result<_, JoseError> {
            let (digest, signed_headers) = signed_headers(&body);
            let CallClaims { iss, sub, aud, iat, nbf, exp, jti } = claims.clone();
            let claims = IntegrityClaims { iss, sub, aud, iat, nbf, exp, jti, signed_headers };
            Ok(Integrity { digest, signature: jose::sign_with_certificate(Typ::Jwt, key, &claims)? })
        })
        .transpose()?;
    let sent = Sent { jti, digest: integrity.as_ref().map(|i| i.digest) };
    Ok(CallHeaders { authorization: format!("Bearer {token}"), integrity, sent })
}

/// The token of an `Authorization` header, if it is a bearer token.
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Checks the identity of a caller: signature, both names of the key, audience, lifetime. Whether the id was used
/// before is for the one who has a memory.
pub fn identify(token: &str, keys: &KeySet, resource: &str, now: DateTime<Utc>) -> Result<CallClaims, ModiError> {
    let verified = jose::verify(token, Typ::Jwt, keys, now).map_err(ModiError::Token)?;
    check_key(&verified)?;
    let claims: CallClaims = verified.claims().map_err(ModiError::Token)?;
    let wrong = |why| Err(ModiError::Identity(why));
    if claims.iss != claims.sub {
        return wrong("iss and sub differ");
    }
    if claims.aud != resource {
        return wrong("wrong audience");
    }
    if claims.jti.is_empty() || claims.jti.chars().count() > MAX_JTI {
        return wrong("jti is empty or too long");
    }
    check_lifetime(claims.iat, claims.nbf, claims.exp)?;
    Ok(claims)
}

fn check_key(verified: &Verified) -> Result<(), ModiError> {
    if verified.key.retired_at().is_some() {
        return Err(ModiError::Identity("key has been retired"));
    }
    let thumbprint = verified.header.x5t_s256.as_ref();
    if thumbprint.is_none() || thumbprint != verified.key.jwk().x5t_s256.as_ref() {
        return Err(ModiError::Identity("x5t#S256 is not that of the key"));
    }
    Ok(())
}

fn check_lifetime(iat: i64, nbf: i64, exp: i64) -> Result<(), ModiError> {
    let lifetime = exp.checked_sub(iat).ok_or(ModiError::Identity("times out of range"))?;
    if !(1..=MAX_LIFETIME).contains(&lifetime) || nbf > exp || nbf < iat.saturating_sub(LEEWAY) {
        return Err(ModiError::Identity("lifetime"));
    }
    Ok(())
}

/// Headers of integrity as received.
#[derive(Debug, Clone, Copy, Default)]
pub struct IntegrityHeaders<'a> {
    /// Value of `Digest`.
    pub digest: Option<&'a str>,
    /// Value of `Agid-JWT-Signature`.
    pub signature: Option<&'a str>,
}

/// Checks that the body is the one that the identified caller signed. A request without body carries neither header.
pub fn check_integrity(
    call: &CallClaims,
    headers: IntegrityHeaders<'_>,
    body: Option<Body<'_>>,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<Option<Digest>, ModiError> {
    let (digest, signature, body) = match (headers.digest, headers.signature, body) {
        (None, None, None) => return Ok(None),
        (Some(digest), Some(signature), Some(body)) => (digest, signature, body),
        _ => return Err(ModiError::IntegrityMissing),
    };
    let wrong = |why| Err(ModiError::Integrity(why));
    let (actual, expected) = signed_headers(&body);
    if digest.parse() != Ok(actual) {
        return wrong("digest does not match the body");
    }
    let verified =
        jose::verify(signature, Typ::Jwt, keys, now).map_err(|_| ModiError::Integrity("signature does not verify"))?;
    check_key(&verified).map_err(|_| ModiError::Integrity("signed with another or a retired key"))?;
    let claims: IntegrityClaims =
        verified.claims().map_err(|_| ModiError::Integrity("claims are not of the expected form"))?;
    let IntegrityClaims { iss, sub, aud, iat, nbf, exp, jti, signed_headers } = claims;
    if (CallClaims { iss, sub, aud, iat, nbf, exp, jti }) != *call {
        return wrong("claims differ from those of the identity token");
    }
    if !same_set(&signed_headers, &expected) {
        return wrong("signed headers do not match");
    }
    Ok(Some(actual))
}

fn same_set(signed: &[SignedHeader], expected: &[SignedHeader]) -> bool {
    signed.len() == expected.len() && expected.iter().all(|header| signed.contains(header))
}

/// Makes the integrity headers of an answer to `caller`'s request.
pub fn answer(
    key: &SigningKey,
    node: &EntityId,
    caller: &EntityId,
    request: &Sent,
    body: Body<'_>,
    jti: String,
    now: DateTime<Utc>,
) -> Result<Integrity, JoseError> {
    let (digest, signed_headers) = signed_headers(&body);
    let iat = now.timestamp();
    let claims = AnswerClaims {
        iss: node.clone(),
        sub: node.clone(),
        aud: caller.clone(),
        iat,
        nbf: iat,
        exp: iat + LIFETIME,
        jti,
        signed_headers,
        request_digest: request.digest.map(|d| d.to_string()),
        request_jti: request.jti.clone(),
    };
    Ok(Integrity { digest, signature: jose::sign_with_certificate(Typ::Jwt, key, &claims)? })
}

/// Checks that an answer was written by `node` for `caller` and for this very request.
pub fn check_answer(
    headers: IntegrityHeaders<'_>,
    node: &EntityId,
    caller: &EntityId,
    sent: &Sent,
    body: Body<'_>,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<(), ModiError> {
    let (Some(digest), Some(signature)) = (headers.digest, headers.signature) else {
        return Err(ModiError::IntegrityMissing);
    };
    let wrong = |why| Err(ModiError::Integrity(why));
    let (actual, expected) = signed_headers(&body);
    if digest.parse() != Ok(actual) {
        return wrong("digest does not match the body");
    }
    let verified =
        jose::verify(signature, Typ::Jwt, keys, now).map_err(|_| ModiError::Integrity("signature does not verify"))?;
    check_key(&verified).map_err(|_| ModiError::Integrity("signed with another or a retired key"))?;
    let claims: AnswerClaims =
        verified.claims().map_err(|_| ModiError::Integrity("claims are not of the expected form"))?;
    check_lifetime(claims.iat, claims.nbf, claims.exp).map_err(|_| ModiError::Integrity("lifetime"))?;
    if claims.iss != *node || claims.sub != *node || claims.aud != *caller {
        return wrong("not between these two nodes");
    }
    if claims.request_jti != sent.jti || claims.request_digest != sent.digest.map(|d| d.to_string()) {
        return wrong("answers another request");
    }
    if !same_set(&claims.signed_headers, &expected) {
        return wrong("signed headers do not match");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
