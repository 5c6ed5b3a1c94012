//! The second factor: codes by time (RFC 6238: SHA-1, 6 digits, 30 seconds).

use chrono::{DateTime, Utc};
use totp_rs::{Algorithm, Builder, Secret, Totp};
use zeroize::Zeroizing;

use super::code;
use crate::error::{Error, Result};

/// Bytes of a secret, as RFC 4226 recommends.
const BYTES: usize = 20;
/// Steps by which the clock of somebody's telephone may be wrong, either way.
const SKEW: u16 = 1;

/// A new secret.
pub(super) fn secret() -> Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(vec![0; BYTES]);
    code::fill(&mut bytes)?;
    Ok(bytes)
}

/// The secret as it is typed, and the `otpauth://` URI as it is scanned.
pub(super) fn shown(secret: &[u8], organisation: &str, username: &str) -> Result<(String, String)> {
    // A colon would end the issuer's name in the URI.
    let totp = totp(secret, &organisation.replace(':', " "), username)?;
    Ok((totp.secret().to_base32(), totp.to_url().map_err(|e| Error::internal(e.to_string()))?))
}

/// The step that a code is of, if it is one of about now and later than `used`: a step counts once.
pub(super) fn step(secret: &[u8], typed: &str, now: DateTime<Utc>, used: i64) -> Result<Option<i64>> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace()).take(8).collect();
    if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(None);
    }
    let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
    let step = totp(secret, "", "")?.check(&digits, seconds).and_then(|step| i64::try_from(step).ok());
    Ok(step.filter(|step| *step > used))
}

/// The code of an instant: what the telephone shows.
#[cfg(test)]
pub(crate) fn code_at(secret: &[u8], now: DateTime<Utc>) -> String {
    totp(secret, "", "").unwrap().generate(u64::try_from(now.timestamp()).unwrap()).to_string()
}

fn totp(secret: &[u8], organisation: &str, username: &str) -> Result<Totp> {
    Builder::new()
        .with_algorithm(Algorithm::SHA1)
        .with_digits(6)
        .with_step_duration(30)
        .with_skew(SKEW)
        .with_secret(Secret::from(secret))
        .with_issuer(Some(organisation).filter(|name| !name.is_empty()))
        .with_account_name(username)
        .build()
        .map_err(|e| Error::internal(e.to_string()))
}
