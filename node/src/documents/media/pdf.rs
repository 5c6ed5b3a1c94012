//! A PDF: its first line, its last, and what it would do by itself.
//!
//! A paper that somebody brings is read and nothing more, so one that runs programs, sends what is typed into it, starts
//! something else or is encrypted is refused: whoever needs it prints it to a new PDF, which keeps what can be read. What
//! is attached to a PDF is taken along unread (a Europass CV carries its XML so): nothing here opens it, and what would
//! open it by itself is refused.
//!
//! What is not seen: this looks for names, it does not follow the references of the file as a reader does. Names are
//! found wherever they stand, also written with escapes, also in object streams that are compressed in the usual way;
//! object streams compressed in another way are refused. A stream that passes for something else, and is an object
//! stream only by where the table of the file points, is not found out. So a file is never opened here and never shown
//! in the page of a browser: it is handed out as a download, sealed off ([`Attachment`](crate::web::Attachment)).

use miniz_oxide::inflate::decompress_to_vec_zlib_with_limit;

use super::{Unfit, is_archive, is_page};

pub(super) const MAGIC: &[u8] = b"%PDF-";

/// Readers look for the beginning and the end of a PDF within this many bytes.
const EDGE: usize = 1024;
/// Bytes around the name of an object stream in which its dictionary stands.
const AROUND: usize = 4096;
/// Bytes that all object streams of a file may unfold to: some hundred thousand objects.
const UNFOLDED: usize = 32 << 20;
/// Letters of a name that are looked at: none that is looked for has as many.
const LONGEST: usize = 20;

/// What a paper needs for nothing (ISO 32000-2, 7.6 and 12.6.4): programs, forms with programs of their own, sending and
/// fetching what is typed, starting a program or a file that is attached, films; and encryption, behind which any of it
/// may hide. Long enough not to stand in compressed data by chance: `JS` is not among them, since whatever has it
/// has one of these too.
const ACTIVE: [&[u8]; 9] =
    [b"JavaScript", b"XFA", b"SubmitForm", b"ImportData", b"Launch", b"GoToE", b"Rendition", b"RichMedia", b"Encrypt"];

/// Ways of folding a stream besides the usual one (7.4).
const OTHER_WAYS: [&[u8]; 9] =
    [b"LZWDecode", b"LZW", b"ASCIIHexDecode", b"AHx", b"ASCII85Decode", b"A85", b"RunLengthDecode", b"RL", b"Crypt"];

pub(super) fn examine(bytes: &[u8]) -> Result<(), Unfit> {
    let version = &bytes[MAGIC.len()..];
    let is_versioned = matches!(version, [b'1' | b'2', b'.', minor, ..] if minor.is_ascii_digit());
    let tail = &bytes[bytes.len().saturating_sub(EDGE)..];
    if !is_versioned || !tail.windows(5).any(|here| here == b"%%EOF") {
        return Err(Unfit::Broken);
    }
    if is_page(&bytes[..bytes.len().min(EDGE)]) || is_archive(bytes) {
        return Err(Unfit::TwoThings);
    }
    if is_active(bytes) {
        return Err(Unfit::Active);
    }
    let mut room = UNFOLDED;
    for (at, _) in names(bytes).filter(|(_, name)| name == b"ObjStm") {
        let unfolded = unfolded(bytes, at, room).ok_or(Unfit::Active)?;
        if is_active(&unfolded) {
            return Err(Unfit::Active);
        }
        room -= unfolded.len();
    }
    Ok(())
}

fn is_active(bytes: &[u8]) -> bool {
    names(bytes).any(|(_, name)| ACTIVE.contains(&name.as_slice()))
}

/// Every name that stands in these bytes, and where, its escapes undone (7.3.5): `/Java#53cript` is `JavaScript`.
fn names(bytes: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
    let starts = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    starts.map(|(at, _)| (at, name(&bytes[at + 1..])))
}

fn name(mut rest: &[u8]) -> Vec<u8> {
    let mut name = Vec::new();
    while name.len() < LONGEST {
        let (letter, length) = match rest {
            [b'#', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |of: u8| char::from(of).to_digit(16).map_or(0, |digit| digit as u8);
                (digit(*high) << 4 | digit(*low), 3)
            }
            [0 | b'\t' | b'\n' | 0x0C | b'\r' | b' ' | b'(' | b')' | b'<' | b'>' | b'[' | b']', ..] => break,
            [b'{' | b'}' | b'/' | b'%', ..] | [] => break,
            [letter, ..] => (*letter, 1),
        };
        name.push(letter);
        rest = &rest[length..];
    }
    name
}

/// Whether this is one dictionary without texts and remarks, as writers make them for object streams: in a text anything
/// may look like a name or a keyword.
fn is_plain(dictionary: &[u8]) -> bool {
    let inside = dictionary.trim_ascii();
    let pairs = |wanted: &[u8]| inside.windows(2).filter(|here| *here == wanted).count();
    inside.starts_with(b"<<")
        && inside.ends_with(b">>")
        && !inside.iter().any(|byte| matches!(byte, b'(' | b'%'))
        && pairs(b"<<") == pairs(b">>")
}

/// What the object stream whose name stands at `at` holds. `None` where it cannot be looked into: it is folded in another
/// way than such streams are, does not unfold, or unfolds to more than `room`.
fn unfolded(bytes: &[u8], at: usize, room: usize) -> Option<Vec<u8>> {
    let start = at.saturating_sub(AROUND);
    let from = start
        + bytes[start..at].windows(4).rposition(|here| here[0].is_ascii_whitespace() && &here[1..] == b"obj")?
        + 4;
    let behind = &bytes[at..bytes.len().min(at + AROUND)];
    let keyword = behind.windows(6).position(|here| here == b"stream")?;
    let dictionary = &bytes[from..at + keyword];
    if !is_plain(dictionary) {
        return None;
    }
    let mut data = &bytes[at + keyword + 6..];
    data = data.strip_prefix(b"\r").unwrap_or(data);
    data = data.strip_prefix(b"\n").unwrap_or(data);
    let has = |wanted: &[u8]| names(dictionary).filter(|(_, name)| name == wanted).count();
    match (has(b"Filter") + has(b"F"), has(b"FlateDecode")) {
        // As it is: it was looked at with the rest.
        (0, 0) => Some(Vec::new()),
        (1, 1) if has(b"DecodeParms") == 0 && OTHER_WAYS.iter().all(|way| has(way) == 0) => {
            decompress_to_vec_zlib_with_limit(data, room).ok()
        }
        _ => None,
    }
}
