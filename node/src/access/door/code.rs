//! Secrets that somebody reads from a screen and types: letters and digits that cannot be taken for one another.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Crockford's base 32, in lower case: no i, l, o, u.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// `groups` times five letters with hyphens between: 25 bits a group.
pub(super) fn random(groups: usize) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(vec![0_u8; groups * 5]);
    fill(&mut bytes)?;
    let mut text = Zeroizing::new(String::with_capacity(groups * 6));
    for (at, byte) in bytes.iter().enumerate() {
        if at > 0 && at % 5 == 0 {
            text.push('-');
        }
        text.push(char::from(LETTERS[usize::from(byte & 31)]));
    }
    Ok(text)
}

/// What somebody typed for such a code: case, spaces, hyphens and look-alikes do not matter.
pub(super) fn folded(text: &str) -> Zeroizing<String> {
    let letters = text.chars().filter(|c| c.is_ascii_alphanumeric()).take(64).map(|c| match c.to_ascii_lowercase() {
        'i' | 'l' => '1',
        'o' => '0',
        other => other,
    });
    Zeroizing::new(letters.collect())
}

/// 256 random bits in base64url, behind a prefix.
pub(super) fn secret(prefix: &str) -> Result<Zeroizing<String>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    fill(bytes.as_mut())?;
    let mut text = Zeroizing::new(String::with_capacity(prefix.len() + 43));
    text.push_str(prefix);
    URL_SAFE_NO_PAD.encode_string(bytes.as_ref(), &mut text);
    Ok(text)
}

/// What is kept of such a secret. 256 random bits need no salt and no slow hash.
pub(super) fn hash(secret: &str) -> [u8; 32] {
    digest(&SHA256, secret.as_bytes()).as_ref().try_into().expect("SHA-256 gives 32 bytes")
}

/// What follows from a secret for one use, and does not lead back.
pub(super) fn derived(purpose: &str, secret: &str, with: &str) -> String {
    URL_SAFE_NO_PAD.encode(hash(&format!("{purpose}|{secret}|{with}")))
}

pub(super) fn fill(bytes: &mut [u8]) -> Result<()> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| Error::internal("the system gives no random bytes"))
}
