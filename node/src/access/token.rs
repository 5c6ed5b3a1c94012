//! API tokens of the staff: `stf_` and 256 random bits in base64url.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// What every token begins with, so that one that was published by mistake is found.
const PREFIX: &str = "stf_";
const BYTES: usize = 32;

/// A token in clear. `Debug` does not show it.
pub struct Token(Zeroizing<String>);

impl Token {
    /// A new one.
    pub(super) fn random() -> Result<Self> {
        let mut bytes = Zeroizing::new([0; BYTES]);
        aws_lc_rs::rand::fill(bytes.as_mut()).map_err(|_| Error::internal("the system gives no random bytes"))?;
        let mut text = Zeroizing::new(String::with_capacity(PREFIX.len() + 43));
        text.push_str(PREFIX);
        URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut text);
        Ok(Self(text))
    }

    /// What somebody presents, if it has the form of a token.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?);
        (bytes.len() == BYTES).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The secret, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is kept of it. 256 random bits need no salt and no slow hash.
    pub fn hash(&self) -> [u8; 32] {
        digest(&SHA256, self.0.as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token")
    }
}
