//! The header, and the digests of what it stands for.

use actix_web::http::header::HeaderMap;
use aws_lc_rs::digest::{Context, SHA256};
use staffetta_protocol::problem::{Code, Problem};

use crate::error::Result;
use crate::store::once::Digest;

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

/// One digest of several parts, each with its length in front.
pub(super) fn digest(parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 gives 32 bytes")
}
