//! Keys: as JWK on the wire, as verifying and signing keys inside.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde::{Deserialize, Serialize};

use super::{JoseError, Typ};
use crate::id::Kid;

/// Smallest RSA modulus accepted, in bytes (2048 bits).
const MIN_RSA_BYTES: usize = 256;

/// A public key as JSON (RFC 7517), with the lifetime members of OpenID Federation 1.0 §8.7.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwk {
    /// `EC` or `RSA`.
    pub kty: String,
    /// `P-256` or `P-384`, for EC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub crv: Option<String>,
    /// EC coordinate, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub x: Option<String>,
    /// EC coordinate, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub y: Option<String>,
    /// RSA modulus, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub n: Option<String>,
    /// RSA exponent, base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub e: Option<String>,
    /// RFC 7638 thumbprint.
    #[schema(value_type = String)]
    pub kid: Kid,
    /// `ES256`, `ES384`, `PS256` or `RS256`. An RSA key without it counts as RS256.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub alg: Option<String>,
    /// Always `sig` here.
    #[serde(default, rename = "use", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub key_use: Option<String>,
    /// Certificate of this key, base64 DER.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub x5c: Option<Vec<String>>,
    /// SHA-256 of that certificate, base64url.
    #[serde(default, rename = "x5t#S256", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub x5t_s256: Option<String>,
    /// When the key was made, seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub iat: Option<i64>,
    /// When the key stopped signing, seconds since 1970. It goes on verifying what was issued before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub exp: Option<i64>,
    /// Present on a key that must not be believed any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub revoked: Option<Revoked>,
}

/// When and why a key was revoked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Revoked {
    /// Seconds since 1970.
    pub revoked_at: i64,
    /// `unspecified`, `compromised` or `superseded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<String>,
}

/// A JWK set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Jwks {
    /// The keys.
    pub keys: Vec<Jwk>,
}

impl Jwk {
    /// Makes the key usable, checking that curve, size and `alg` are acceptable and that `kid` is its thumbprint.
    pub fn verifying_key(&self) -> Result<VerifyingKey, JoseError> {
        let (key, thumbprint) = self.usable()?;
        if thumbprint != self.kid.as_str() {
            return Err(JoseError::Malformed("kid is not the thumbprint of the key"));
        }
        Ok(key)
    }

    /// The same of somebody outside the network, who names keys as he likes.
    pub(super) fn foreign_key(&self) -> Result<VerifyingKey, JoseError> {
        Ok(self.usable()?.0)
    }

    /// The key with the one algorithm it is for, and its thumbprint.
    fn usable(&self) -> Result<(VerifyingKey, String), JoseError> {
        let refuse = JoseError::Malformed;
        let part = |value: &Option<String>| value.clone().ok_or(refuse("key lacks a member"));
        let (algorithm, public) = match (self.kty.as_str(), self.crv.as_deref()) {
            ("EC", Some("P-256")) => (Algorithm::ES256, (part(&self.x)?, part(&self.y)?)),
            ("EC", Some("P-384")) => (Algorithm::ES384, (part(&self.x)?, part(&self.y)?)),
            ("RSA", _) => {
                let algorithm = match self.alg.as_deref() {
                    Some("PS256") => Algorithm::PS256,
                    Some("RS256") | None => Algorithm::RS256,
                    Some(_) => return Err(refuse("algorithm is not supported")),
                };
                (algorithm, (part(&self.n)?, part(&self.e)?))
            }
            _ => return Err(refuse("key type is not supported")),
        };
        if self.alg.as_deref().is_some_and(|alg| alg != name(algorithm)) {
            return Err(refuse("alg does not fit the key"));
        }
        let decoding = match algorithm {
            Algorithm::ES256 | Algorithm::ES384 => DecodingKey::from_ec_components(&public.0, &public.1),
            _ => {
                let modulus = URL_SAFE_NO_PAD.decode(&public.0).map_err(|_| refuse("modulus is not base64url"))?;
                if modulus.len() < MIN_RSA_BYTES {
                    return Err(refuse("RSA key is too small"));
                }
                DecodingKey::from_rsa_components(&public.0, &public.1)
            }
        }
        .map_err(|_| refuse("key does not parse"))?;
        let thumbprint = jsonwebtoken::jwk::Jwk::from_decoding_key(&decoding, Some(algorithm))
            .and_then(|jwk| jwk.thumbprint(ThumbprintHash::SHA256))
            .map_err(|_| refuse("key does not parse"))?;
        Ok((VerifyingKey { jwk: self.clone(), algorithm, decoding }, thumbprint))
    }
}

/// The algorithm's name on the wire.
const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::ES384 => "ES384",
        Algorithm::PS256 => "PS256",
        Algorithm::RS256 => "RS256",
        _ => "ES256",
    }
}

/// A key that verifies, with the one algorithm it is for.
#[derive(Clone)]
pub struct VerifyingKey {
    jwk: Jwk,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl VerifyingKey {
    /// Its name.
    pub fn kid(&self) -> &Kid {
        &self.jwk.kid
    }

    /// The key as published.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The algorithm's name on the wire.
    pub fn algorithm_name(&self) -> &'static str {
        name(self.algorithm)
    }

    /// When it stopped signing, if it did. Calls between nodes accept only keys without this.
    pub fn retired_at(&self) -> Option<i64> {
        self.jwk.exp
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        self.jwk.revoked.is_some()
    }

    /// When it was revoked, if it was: seconds since 1970.
    pub(crate) fn revoked_at(&self) -> Option<i64> {
        self.jwk.revoked.as_ref().map(|revoked| revoked.revoked_at)
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn decoding_key(&self) -> &DecodingKey {
        &self.decoding
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("VerifyingKey").field(&self.jwk.kid).finish()
    }
}

/// The keys of one party, ready to verify. Keys of unknown kind are left out, so that a newer party stays reachable
/// with the keys that both understand; they verify nothing.
#[derive(Debug, Clone, Default)]
pub struct KeySet(Vec<VerifyingKey>);

impl KeySet {
    /// The usable keys of `jwks`.
    pub fn new(jwks: &Jwks) -> Self {
        Self(jwks.keys.iter().filter_map(|jwk| jwk.verifying_key().ok()).collect())
    }

    /// The key of that name.
    pub fn find(&self, kid: &Kid) -> Option<&VerifyingKey> {
        self.0.iter().find(|key| key.kid() == kid)
    }

    /// The same keys as if none had been revoked: for whoever judges what was signed before, and asks by itself whose word
    /// says that it was.
    pub(crate) fn before_revocation(&self) -> Self {
        let keys = self.0.iter().cloned().map(|mut key| {
            key.jwk.revoked = None;
            key
        });
        Self(keys.collect())
    }

    /// Whether no key is usable.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.0.iter()
    }
}

/// An ES256 private key with its public half. `Debug` prints its name only.
#[derive(Clone)]
pub struct SigningKey {
    encoding: EncodingKey,
    jwk: Jwk,
}

impl SigningKey {
    /// Reads a P-256 private key in PKCS#8 DER.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, JoseError> {
        let unusable = |_| JoseError::Malformed("not a P-256 private key in PKCS#8");
        let encoding = EncodingKey::from_ec_der(der);
        let public = jsonwebtoken::jwk::Jwk::from_encoding_key(&encoding, Algorithm::ES256).map_err(unusable)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(unusable)?;
        let jsonwebtoken::jwk::AlgorithmParameters::EllipticCurve(curve) = public.algorithm else {
            return Err(JoseError::Malformed("not an elliptic curve key"));
        };
        let jwk = Jwk {
            kty: "EC".into(),
            crv: Some("P-256".into()),
            x: Some(curve.x),
            y: Some(curve.y),
            n: None,
            e: None,
            kid: Kid::new(kid),
            alg: Some("ES256".into()),
            key_use: Some("sig".into()),
            x5c: None,
            x5t_s256: None,
            iat: None,
            exp: None,
            revoked: None,
        };
        Ok(Self { encoding, jwk })
    }

    /// A new random key and its PKCS#8 DER, which the caller keeps sealed.
    pub fn generate() -> Result<(Self, Vec<u8>), JoseError> {
        let failed = |_| JoseError::Malformed("key generation failed");
        let rng = aws_lc_rs::rand::SystemRandom::new();
        let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
        let der = aws_lc_rs::signature::EcdsaKeyPair::generate_pkcs8(algorithm, &rng).map_err(failed)?;
        Ok((Self::from_pkcs8(der.as_ref())?, der.as_ref().to_vec()))
    }

    /// The public half; the caller adds certificate and times to what it publishes.
    pub fn jwk(&self) -> &Jwk {
        &self.jwk
    }

    /// The same key, published with these members (certificate, `iat`, `exp`).
    pub fn with_jwk(mut self, jwk: Jwk) -> Self {
        debug_assert_eq!(self.jwk.kid, jwk.kid, "a key is published under its own thumbprint");
        self.jwk = jwk;
        self
    }

    /// Its name.
    pub fn kid(&self) -> &Kid {
        &self.jwk.kid
    }

    /// A bare ES256 signature, base64url, so that tests can sign headers that [`super::sign`] would never write.
    #[cfg(test)]
    pub(super) fn raw_signature(&self, message: &[u8]) -> String {
        jsonwebtoken::crypto::sign(message, &self.encoding, Algorithm::ES256).expect("an ES256 key signs")
    }

    pub(super) fn sign(&self, typ: Typ, x5t: Option<String>, claims: &impl Serialize) -> Result<String, JoseError> {
        let mut header = jsonwebtoken::Header::new(Algorithm::ES256);
        header.typ = Some(typ.as_str().to_owned());
        header.kid = Some(self.jwk.kid.as_str().to_owned());
        header.x5t_s256 = x5t;
        jsonwebtoken::encode(&header, claims, &self.encoding).map_err(|_| JoseError::Malformed("signing failed"))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SigningKey").field(&self.jwk.kid).finish()
    }
}
