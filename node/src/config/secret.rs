//! Values that `Debug`, logs and generated files must not show.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde::{Deserialize, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// A secret text. It is wiped when dropped, and nothing prints it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// Reads a file that holds a secret and nothing else, refusing one that others may read. Blocks.
    ///
    /// # Errors
    /// [`Error::Setup`].
    pub fn from_private_file(path: &Path) -> Result<Self> {
        let describe = |what: &str| Error::Setup(format!("secret file {}: {what}", path.display()));
        let mode = fs::metadata(path).map_err(|e| describe(&e.to_string()))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(describe("others may read it; its mode must be 0600"));
        }
        let text = Zeroizing::new(fs::read_to_string(path).map_err(|e| describe(&e.to_string()))?);
        Ok(Self::new(text.trim().to_owned()))
    }

    /// The secret itself, for whoever needs it now; not to be kept.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// A database URL. One of PostgreSQL may hold a password in more than one place, so only its scheme is ever printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct DatabaseUrl(String);

impl DatabaseUrl {
    /// Wraps a URL without judging it: [`Store::open`](crate::store::Store::open) does.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The URL with whatever password it holds.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once(':') {
            Some(("sqlite", path)) => write!(f, "sqlite:{path}"),
            Some((scheme @ ("postgres" | "postgresql"), _)) => write!(f, "{scheme}://…"),
            _ => f.write_str("…"),
        }
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// As printed: what is generated from a configuration holds no password.
impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
