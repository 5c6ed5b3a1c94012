//! Names: of nodes, keys, messages, threads, people. Parsed once at the edge, never stringly inside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The name of a node: an https URL with lower-case host, no default port, no trailing slash, no query.
///
/// Compared byte for byte. `http` is accepted in this type for loopback names only; whether a node takes such a name
/// at all (development mode) is its own decision.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EntityId(String);

/// The text is not an entity id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an entity id: {0}")]
pub struct InvalidEntityId(&'static str);

impl EntityId {
    /// Longest entity id accepted, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `<entity id>/rest/staffetta/v1`: the base of the node's API, and the audience of calls to it.
    pub fn resource(&self) -> String {
        format!("{}/rest/staffetta/v1", self.0)
    }

    /// Where the entity configuration is served (OpenID Federation 1.0 §9).
    pub fn configuration_url(&self) -> String {
        format!("{}/.well-known/openid-federation", self.0)
    }

    /// Host and, where it is not the default, port.
    pub fn authority(&self) -> &str {
        let rest = self.0.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// Whether the name uses plain http, which only a node in development mode may do.
    pub fn is_plain_http(&self) -> bool {
        self.0.starts_with("http://")
    }
}

impl FromStr for EntityId {
    type Err = InvalidEntityId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |why| Err(InvalidEntityId(why));
        if text.len() > Self::MAX_LENGTH {
            return wrong("too long");
        }
        let (scheme, rest) = text.split_once("://").ok_or(InvalidEntityId("not a URL"))?;
        let (authority, path) = match rest.split_once('/') {
            Some((authority, path)) => (authority, Some(path)),
            None => (rest, None),
        };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, Some(port)),
            _ => (authority, None),
        };
        if !is_host(host) {
            return wrong("host must be a lower-case name or a bracketed address");
        }
        if let Some(port) = port {
            let number: u16 = port.parse().map_err(|_| InvalidEntityId("port"))?;
            let default = if scheme == "https" { 443 } else { 80 };
            if number == 0 || number == default || port.starts_with(['0', '+']) {
                return wrong("port is zero, the default, or not written plainly");
            }
        }
        match scheme {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return wrong("http is for loopback only"),
            _ => return wrong("scheme must be https"),
        }
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        match path {
            Some(path) if path.split('/').any(|part| part.is_empty() || !part.bytes().all(plain)) => {
                wrong("path must be plain segments without trailing slash")
            }
            _ => Ok(Self(text.to_owned())),
        }
    }
}

fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return address.parse::<std::net::Ipv6Addr>().is_ok_and(|parsed| parsed.to_string() == address);
    }
    let label = |l: &str| {
        !l.is_empty()
            && l.len() <= 63
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    !host.is_empty() && host.len() <= 253 && host.split('.').all(label)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost"
        || host == "[::1]"
        || host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback())
}

impl TryFrom<String> for EntityId {
    type Error = InvalidEntityId;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<EntityId> for String {
    fn from(id: EntityId) -> Self {
        id.0
    }
}

impl fmt::Display for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for EntityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl utoipa::PartialSchema for EntityId {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::json::string_schema("Entity id: the https URL that names a node, compared byte for byte")
            .pattern(Some(concat!(
                r"^(https://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*",
                r"|http://(localhost|127\.0\.0\.1|\[::1\]))",
                r"(:([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]))?(/[a-z0-9_-]+)*$"
            )))
            .max_length(Some(Self::MAX_LENGTH))
            .into()
    }
}

impl utoipa::ToSchema for EntityId {}

/// A key's name: the RFC 7638 SHA-256 thumbprint, base64url without padding (43 characters).
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Kid(String);

impl Kid {
    /// Wraps a name read from a header or a JWK; [`crate::jose::Jwk::verifying_key`] checks it against the key.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! uuid_names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.as_hyphenated(), f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

uuid_names! {
    /// A message's `jti`. UUIDv4 in personal messages (a v7 would tell when), v7 in the others.
    MessageId;
    /// A conversation about one matter between exactly two nodes; made by its opener. UUIDv4.
    ThreadId;
    /// What stands for a person between two nodes and nowhere else. UUIDv4.
    SubjectRef;
    /// A consent record, as the recipient knows it. UUIDv4, one per recipient.
    RecordId;
    /// A receipt's `jti`. UUIDv7.
    ReceiptId;
    /// One log of a node's journal. UUIDv7; another one begins after the node was restored from a backup.
    LogId;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn entity_ids_are_written_one_way() {
        for good in [
            "https://nodo.cpi-prato.example",
            "https://nodo.example:8443",
            "https://rete.example/nodes/il-ponte",
            "http://localhost:8080",
            "https://localhost:8080",
            "http://127.0.0.1:9000",
            "http://[::1]:9000",
        ] {
            assert_eq!(good.parse::<EntityId>().map(|id| id.to_string()), Ok(good.to_owned()));
        }
        for wrong in [
            "",
            "nodo.example",
            "ftp://nodo.example",
            "http://nodo.example",
            "https://Nodo.example",
            "https://nodo.example/",
            "https://nodo.example:443",
            "https://nodo.example:0",
            "https://nodo.example:08443",
            "https://nodo.example:99999",
            "https://user@nodo.example",
            "https://nodo.example?x=1",
            "https://nodo.example/a//b",
            "https://nodo.example/a#b",
            "https://nodo..example",
            "https://-nodo.example",
            "https://nodo.example/../x",
            "https://nodo.example\n",
            "http://127.0.0.1.evil.example",
        ] {
            assert!(wrong.parse::<EntityId>().is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_every_byte(text in "\\PC{0,80}") {
            if let Ok(id) = text.parse::<EntityId>() {
                prop_assert_eq!(id.as_str(), text);
            }
        }
    }
}
