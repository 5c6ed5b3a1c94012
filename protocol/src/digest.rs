//! `SHA-256=<base64>`: the one way to name bytes (PROTOCOL "Names").

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

const PREFIX: &str = "SHA-256=";

/// SHA-256 of some bytes, written `SHA-256=` and standard base64 with padding. Hexadecimal is refused.
///
/// The digest of a JWS is taken over the ASCII bytes of its compact form.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: impl AsRef<[u8]>) -> Self {
        let value = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes.as_ref());
        let mut out = [0; 32];
        out.copy_from_slice(value.as_ref());
        Self(out)
    }

    /// The digest of these bytes one after the other.
    pub fn of_parts(parts: &[&[u8]]) -> Self {
        let mut context = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
        for part in parts {
            context.update(part);
        }
        let mut out = [0; 32];
        out.copy_from_slice(context.finish().as_ref());
        Self(out)
    }

    /// The 32 bytes themselves.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The text is not `SHA-256=` followed by the base64 of 32 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a digest of the form SHA-256=<base64>")]
pub struct InvalidDigest;

impl FromStr for Digest {
    type Err = InvalidDigest;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let encoded = text.strip_prefix(PREFIX).ok_or(InvalidDigest)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| InvalidDigest)?;
        Ok(Self(bytes.try_into().map_err(|_| InvalidDigest)?))
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<[u8; 32]> for Digest {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{PREFIX}{}", STANDARD.encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl utoipa::PartialSchema for Digest {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::json::string_schema("SHA-256 of the bytes, base64 with padding")
            .pattern(Some("^SHA-256=[A-Za-z0-9+/]{43}=$"))
            .into()
    }
}

impl utoipa::ToSchema for Digest {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_vector_of_the_national_guidelines_holds() {
        let digest = Digest::of(r#"{"testo": "Ciao mondo"}"#);
        assert_eq!(digest.to_string(), "SHA-256=hPq3xjgxGMr98LL2/lP2Y66DVCTcXdwL+YpNQD/gmvk=");
        assert_eq!(digest.to_string().parse(), Ok(digest));
    }

    #[test]
    fn hexadecimal_and_other_lengths_are_refused() {
        for wrong in [
            "",
            "SHA-256=",
            "sha-256=hPq3xjgxGMr98LL2/lP2Y66DVCTcXdwL+YpNQD/gmvk=",
            "SHA-256=84fab7c6383118cafdf0b2f6fe53f663ae835424dc5ddc0bf98a4d403fe09af9",
            "SHA-256=aGVsbG8=",
        ] {
            assert_eq!(wrong.parse::<Digest>(), Err(InvalidDigest), "{wrong}");
        }
    }
}
