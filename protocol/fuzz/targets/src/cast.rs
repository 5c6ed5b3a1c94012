//! Who signs: the parties of the worked examples, with their published keys (`protocol/examples/keys`).

use std::sync::LazyLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::{self, Jwk, Jwks, KeySet, SigningKey, Typ};
use staffetta_protocol::trust::Anchor;

/// A party with one of its keys.
pub(crate) struct Party {
    pub(crate) id: EntityId,
    pub(crate) key: SigningKey,
    pub(crate) keys: KeySet,
    pair: EcdsaKeyPair,
}

/// Everybody.
pub(crate) struct Cast {
    pub(crate) authority: Party,
    pub(crate) centre: Party,
    pub(crate) cpi: Party,
    pub(crate) other: Party,
    pub(crate) centre_federation: Party,
}

macro_rules! key {
    ($name:literal) => {
        include_str!(concat!("../../../examples/keys/", $name))
    };
}

static CAST: LazyLock<Cast> = LazyLock::new(|| {
    let (centre, cpi) = ("https://nodo.ilponte.example", "https://nodo.cpi-prato.example");
    Cast {
        authority: Party::new("https://autorita.rete.example", key!("authority-federation.pem"), None),
        centre: Party::new(centre, key!("centre-protocol.pem"), Some(key!("centre-protocol.crt"))),
        cpi: Party::new(cpi, key!("cpi-protocol.pem"), Some(key!("cpi-protocol.crt"))),
        other: Party::new(
            "https://nodo.accoglienza-pistoia.example",
            key!("other-protocol.pem"),
            Some(key!("other-protocol.crt")),
        ),
        centre_federation: Party::new(centre, key!("centre-federation.pem"), None),
    }
});

pub(crate) fn cast() -> &'static Cast {
    &CAST
}

/// The instant of the first call of the examples.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_424_400, 0).expect("2026-11-23T09:00:00Z is an instant")
}

fn der(pem: &str) -> Vec<u8> {
    let inside: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    STANDARD.decode(inside).expect("a published key is base64")
}

impl Party {
    fn new(id: &str, pem: &str, certificate: Option<&str>) -> Self {
        let der_of_key = der(pem);
        let key = SigningKey::from_pkcs8(&der_of_key).expect("a published key is PKCS#8");
        let certificate = certificate.map(der);
        let jwk = Jwk {
            x5t_s256: certificate.as_ref().map(|der| URL_SAFE_NO_PAD.encode(Digest::of(der).as_bytes())),
            x5c: certificate.map(|der| vec![STANDARD.encode(der)]),
            ..key.jwk().clone()
        };
        let key = key.with_jwk(jwk);
        let keys = KeySet::new(&Jwks { keys: vec![key.jwk().clone()] });
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der_of_key);
        Self { id: id.parse().expect("a name of the examples"), key, keys, pair: pair.expect("a P-256 key") }
    }

    /// Signs whatever it is: neither header nor payload need be JSON.
    pub(crate) fn sign_bytes(&self, header: &[u8], payload: &[u8]) -> String {
        let input = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload));
        let signature = self.pair.sign(&SystemRandom::new(), input.as_bytes()).expect("a key in memory signs");
        format!("{input}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()))
    }

    /// Signs a payload under the header that belongs to the type.
    pub(crate) fn sign(&self, typ: Typ, payload: &[u8]) -> String {
        let mut header = json!({"alg": "ES256", "typ": typ.as_str(), "kid": self.key.kid().as_str()});
        if let Some(thumbprint) = self.key.jwk().x5t_s256.as_ref() {
            header["x5t#S256"] = Value::from(thumbprint.as_str());
        }
        self.sign_bytes(header.to_string().as_bytes(), payload)
    }
}

impl Cast {
    /// The party of that name with its protocol key; the centre for anybody else.
    pub(crate) fn named(&self, id: &str) -> &Party {
        [&self.cpi, &self.other].into_iter().find(|party| party.id.as_str() == id).unwrap_or(&self.centre)
    }

    /// The authority, pinned.
    pub(crate) fn anchor(&self) -> Anchor {
        let keys = vec![self.authority.key.jwk().clone()];
        Anchor { entity_id: self.authority.id.clone(), jwks: Jwks { keys } }
    }
}

/// The names and the instant that claims bring along, believed so that a mutation elsewhere gets past them.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Peeked {
    #[serde(default)]
    pub(crate) iss: Value,
    #[serde(default)]
    pub(crate) aud: Value,
    #[serde(default)]
    iat: Value,
}

impl Peeked {
    pub(crate) fn of(jws: &str) -> Self {
        jose::peek(jws).unwrap_or_default()
    }

    /// A second after it was issued.
    pub(crate) fn at(&self) -> DateTime<Utc> {
        let iat = self.iat.as_i64().and_then(|iat| iat.checked_add(1));
        iat.and_then(|iat| DateTime::from_timestamp(iat, 0)).unwrap_or_else(now)
    }
}

/// The same document with one bit of its header or claims changed, at a place that the document itself decides.
pub(crate) fn altered(jws: &str) -> String {
    let end = jws.rfind('.').expect("a compact JWS has points");
    let place =
        Digest::of(jws).as_bytes()[..8].iter().fold(0, |sum: usize, byte| sum.wrapping_mul(31) + usize::from(*byte));
    let mut bytes = jws.as_bytes().to_vec();
    let place = place % end;
    bytes[place] = match bytes[place] {
        b'.' => b'_',
        b'A' => b'B',
        _ => b'A',
    };
    String::from_utf8(bytes).expect("base64url is ASCII")
}
