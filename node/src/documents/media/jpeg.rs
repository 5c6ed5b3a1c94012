//! The segments of a JPEG, from the first to the end of the picture.

use super::{Unfit, is_only_a_picture};

pub(super) const MAGIC: &[u8] = b"\xFF\xD8\xFF";

/// Telephones hang small pictures and notes of their own on to a photograph, so what follows the end of the picture is
/// looked at as the rest is, and not forbidden.
pub(super) fn examine(bytes: &[u8]) -> Result<(), Unfit> {
    let mut at = 2;
    let (mut has_frame, mut has_scan) = (false, false);
    loop {
        let marker = marker(bytes, &mut at).ok_or(Unfit::Broken)?;
        match marker {
            0xD9 => break,
            // Without a length: restarts and the like.
            0x01 | 0xD0..=0xD7 => continue,
            0x00 | 0xD8 | 0xFF => return Err(Unfit::Broken),
            _ => {}
        }
        has_frame |= matches!(marker, 0xC0..=0xCF) && !matches!(marker, 0xC4 | 0xC8 | 0xCC);
        let length = bytes.get(at..at + 2).ok_or(Unfit::Broken)?;
        let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
        if length < 2 || bytes.len() - at < length {
            return Err(Unfit::Broken);
        }
        at += length;
        if marker == 0xDA {
            has_scan = true;
            at = scan(bytes, at);
        }
    }
    if has_frame && has_scan { is_only_a_picture(bytes) } else { Err(Unfit::Broken) }
}

/// The marker that stands here, fill bytes before it skipped; `at` moves behind it.
fn marker(bytes: &[u8], at: &mut usize) -> Option<u8> {
    if *bytes.get(*at)? != 0xFF {
        return None;
    }
    while *bytes.get(*at)? == 0xFF {
        *at += 1;
    }
    *at += 1;
    bytes.get(*at - 1).copied()
}

/// Behind the coded data that begin here: where the next marker is, else the end of the bytes.
fn scan(bytes: &[u8], from: usize) -> usize {
    let is_marker = |pair: &[u8]| pair[0] == 0xFF && !matches!(pair[1], 0x00 | 0xD0..=0xD7 | 0xFF);
    bytes[from..].windows(2).position(is_marker).map_or(bytes.len(), |offset| from + offset)
}
