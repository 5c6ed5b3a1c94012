//! The outside of a PDF: its first line and its last.

use super::{Unfit, is_archive, is_page};

pub(super) const MAGIC: &[u8] = b"%PDF-";

/// Readers look for the beginning and the end of a PDF within this many bytes.
const EDGE: usize = 1024;

pub(super) fn examine(bytes: &[u8]) -> Result<(), Unfit> {
    let version = &bytes[MAGIC.len()..];
    let is_versioned = matches!(version, [b'1' | b'2', b'.', minor, ..] if minor.is_ascii_digit());
    let tail = &bytes[bytes.len().saturating_sub(EDGE)..];
    if !is_versioned || !tail.windows(5).any(|here| here == b"%%EOF") {
        return Err(Unfit::Broken);
    }
    // Forms may have a script of their own deep inside; what a browser would take for a page begins it.
    if is_page(&bytes[..bytes.len().min(EDGE)]) || is_archive(bytes) {
        return Err(Unfit::TwoThings);
    }
    Ok(())
}
