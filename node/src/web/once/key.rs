//! The header.

use actix_web::http::header::HeaderMap;
use staffetta_protocol::problem::{Code, Problem};

use crate::error::Result;

/// The header's name.
pub(in crate::web) const HEADER: &str = "Idempotency-Key";

/// What its value looks like: a string of a structured field (RFC 9651 §3.3.3), of letters that need no escaping. Many
/// programs leave the quotation marks out, which makes no difference here.
pub(in crate::web) const PATTERN: &str = r#"^("[A-Za-z0-9._~:/+=-]{8,128}"|[A-Za-z0-9._~:/+=-]{8,128})$"#;

const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// The key of a request that has the header.
///
/// # Errors
/// `malformed_request` for what is no key, and for two of them.
pub(super) fn read(headers: &HeaderMap) -> Result<String> {
    let mut values = headers.get_all(HEADER);
    let value = values.next().and_then(|value| value.to_str().ok()).map(str::trim);
    let bare = value.map(|text| text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(text));
    let plain = |text: &&str| {
        LENGTH.contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._~:/+=-".contains(&b))
    };
    match bare.filter(plain) {
        Some(key) if values.next().is_none() => Ok(key.to_owned()),
        _ => Err(Problem::new(Code::MalformedRequest)
            .says(
                "Idempotency-Key: una sola chiave tra virgolette, da 8 a 128 lettere, cifre o . _ ~ : / + = -",
                "Idempotency-Key: one key in quotation marks, 8 to 128 letters, digits or . _ ~ : / + = -",
            )
            .into()),
    }
}
