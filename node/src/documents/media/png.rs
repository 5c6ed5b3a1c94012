//! The chunks of a PNG, from the first to the last.

use super::{Unfit, is_only_a_picture};

pub(super) const MAGIC: &[u8] = b"\x89PNG\r\n\x1A\n";

/// Length, name and check sum around a chunk's data.
const AROUND: usize = 12;

pub(super) fn examine(bytes: &[u8]) -> Result<(), Unfit> {
    let mut rest = &bytes[MAGIC.len()..];
    let (mut first, mut has_data) = (true, false);
    loop {
        let (name, after) = chunk(rest).ok_or(Unfit::Broken)?;
        if first != (name == *b"IHDR") {
            return Err(Unfit::Broken);
        }
        first = false;
        has_data |= name == *b"IDAT";
        rest = after;
        if name == *b"IEND" {
            break;
        }
    }
    match (has_data, rest) {
        (false, _) => Err(Unfit::Broken),
        (true, []) => is_only_a_picture(bytes),
        (true, _) => Err(Unfit::TwoThings),
    }
}

/// The name of the chunk that stands here, and what follows it.
fn chunk(bytes: &[u8]) -> Option<([u8; 4], &[u8])> {
    let length = usize::try_from(u32::from_be_bytes(bytes.get(..4)?.try_into().ok()?)).ok()?;
    let name: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
    let after = bytes.get(length.checked_add(AROUND)?..)?;
    name.iter().all(u8::is_ascii_alphabetic).then_some((name, after))
}
