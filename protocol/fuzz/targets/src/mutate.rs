//! The mutator of the plain driver: bytes, words, JSON, and what is inside a JWS.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// Longest input, in bytes.
pub const MOST: usize = 128 * 1024;

/// Numbers that a seed decides (SplitMix64): the same seed, the same run, on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of that seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 where there is none.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.roll() % end).unwrap_or_default()
    }

    /// One of them.
    ///
    /// # Panics
    /// Where there is none.
    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

/// Words that a parser may stumble over, or take for something else.
const WORDS: &[&str] = &[
    "null",
    "true",
    "-0",
    "1e999",
    "18446744073709551615",
    "18446744073709551616",
    "-9223372036854775808",
    "\"\"",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{feff}",
    "[[[[[[[[",
    "{\"\":",
    ",",
    ":",
    "\"",
    "..",
    ".",
    "=",
    "none",
    "HS256",
    "crit",
    "kid",
    "jwk",
    "x5c",
    "jku",
    "exp",
    "9999-12-31",
    "2026-02-30",
    "-262143-01-01",
    "+262142-12-31T23:59:60Z",
    "0000-00-00",
    "http://",
    "https://localhost",
    "https://[::1]:0",
    "%00",
    "\r\n",
    "Bearer ",
    "SHA-256=",
    "<!DOCTYPE a [",
    "<!ENTITY a \"b\">",
    "&a;",
    "&#0;",
    "<![CDATA[",
    "]]>",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
];

/// One mutation or a few of `input`, with parts of `other`.
pub fn mutate(dice: &mut Dice, input: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = input.to_vec();
    for _ in 0..=dice.below(3) {
        let structured = dice.below(4) != 0;
        let inner = if structured { json_wise(dice, &bytes, other).or_else(|| jws_wise(dice, &bytes)) } else { None };
        bytes = inner.unwrap_or_else(|| byte_wise(dice, bytes, other));
        bytes.truncate(MOST);
    }
    bytes
}

fn byte_wise(dice: &mut Dice, mut bytes: Vec<u8>, other: &[u8]) -> Vec<u8> {
    let at = dice.below(bytes.len() + 1);
    let to = at + dice.below((bytes.len() - at).min(64) + 1);
    match dice.below(8) {
        0 | 1 if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
        2 if at < bytes.len() => bytes[at] = *dice.pick(&[0, b'"', b'{', b'}', b'.', b'-', b' ', 0x7f, 0x80, 0xff]),
        3 => drop(bytes.splice(at..to, dice.pick(WORDS).bytes())),
        4 => drop(bytes.drain(at..to)),
        5 => {
            let again = bytes[at..to].repeat(1 + dice.below(200));
            bytes.splice(at..at, again);
        }
        6 if !other.is_empty() => {
            let from = dice.below(other.len());
            bytes.splice(at..to, other[from..].iter().copied().take(256));
        }
        7 => bytes.truncate(at),
        _ => drop(bytes.splice(at..at, dice.pick(WORDS).bytes())),
    }
    bytes
}

/// One part of a compact JWS, decoded, mutated and encoded again.
fn jws_wise(dice: &mut Dice, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<Vec<u8>> = bytes.split(|byte| *byte == b'.').map(<[u8]>::to_vec).collect();
    if parts.len() < 3 || parts.len() > 12 {
        return None;
    }
    let index = dice.below(parts.len());
    let inside = URL_SAFE_NO_PAD.decode(&parts[index]).ok()?;
    let mutated = json_wise(dice, &inside, b"{}").unwrap_or_else(|| byte_wise(dice, inside, b""));
    parts[index] = URL_SAFE_NO_PAD.encode(mutated).into_bytes();
    Some(parts.join(&b'.'))
}

/// One value inside a JSON text, changed as somebody would who knows JSON.
fn json_wise(dice: &mut Dice, bytes: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(bytes).ok()?;
    let mut count = 0;
    visit(&mut value, &mut |_| count += 1);
    let chosen = dice.below(count);
    let mut place = 0;
    visit(&mut value, &mut |node| {
        if place == chosen {
            change(dice, node, other);
        }
        place += 1;
    });
    let mut text = serde_json::to_vec(&value).ok()?;
    if dice.below(40) == 0 {
        // A name that stands twice: no `Value` can say that.
        let at = text.iter().position(|byte| *byte == b'{')?;
        let twice =
            text[at + 1..].iter().position(|byte| *byte == b',').map(|end| text[at + 1..=at + 1 + end].to_vec());
        text.splice(at + 1..at + 1, twice?);
    }
    Some(text)
}

fn visit(node: &mut Value, seen: &mut impl FnMut(&mut Value)) {
    seen(node);
    match node {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, seen)),
        Value::Object(members) => members.values_mut().for_each(|member| visit(member, seen)),
        _ => {}
    }
}

fn change(dice: &mut Dice, node: &mut Value, other: &[u8]) {
    match (dice.below(10), &mut *node) {
        (0..=4, Value::Object(members)) => change_members(dice, members),
        (0..=4, Value::Array(items)) => change_items(dice, items),
        (0..=4, Value::String(text)) => *text = changed_text(dice, text),
        (5, Value::Number(number)) => {
            let step = i64::try_from(dice.below(200_000)).unwrap_or_default() - 100_000;
            *node = json!(number.as_i64().unwrap_or_default().saturating_add(step));
        }
        (6, _) => *node = stolen(dice, other).unwrap_or(Value::Null),
        (7, _) => {
            for _ in 0..dice.below(40) {
                *node = json!([node.take()]);
            }
        }
        _ => *node = odd(dice),
    }
}

fn change_members(dice: &mut Dice, members: &mut Map<String, Value>) {
    let names: Vec<String> = members.keys().cloned().collect();
    if names.is_empty() || dice.below(4) == 0 {
        members.insert((*dice.pick(WORDS)).to_owned(), odd(dice));
        return;
    }
    let (name, to) = (dice.pick(&names).clone(), dice.pick(&names).clone());
    let Some(value) = members.remove(&name) else { return };
    match dice.below(3) {
        0 => {}
        1 => drop(members.insert(to, value)),
        _ => drop(members.insert(changed_text(dice, &name), value)),
    }
}

fn change_items(dice: &mut Dice, items: &mut Vec<Value>) {
    let at = dice.below(items.len());
    match dice.below(4) {
        0 if !items.is_empty() => drop(items.remove(at)),
        1 if !items.is_empty() => {
            let again = vec![items[at].clone(); 1 + dice.below(300)];
            items.splice(at..at, again);
        }
        2 => items.reverse(),
        _ => items.insert(at, odd(dice)),
    }
}

fn changed_text(dice: &mut Dice, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    let at = dice.below(letters.len() + 1);
    match dice.below(6) {
        0 => return text.repeat(1 + dice.below(100)),
        1 => return (*dice.pick(WORDS)).to_owned(),
        2 if at < letters.len() => drop(letters.remove(at)),
        3 if at < letters.len() => {
            letters[at] = *dice.pick(&['0', '9', 'A', 'a', '.', ':', '-', '/', '\0', 'é', '\u{1f600}'])
        }
        4 => letters.truncate(at),
        _ => drop(letters.splice(at..at, dice.pick(WORDS).chars())),
    }
    letters.into_iter().collect()
}

fn odd(dice: &mut Dice) -> Value {
    match dice.below(9) {
        0 => Value::Null,
        1 => json!(dice.below(2) == 0),
        2 => json!(*dice.pick(&[0, 1, -1, i64::MAX, i64::MIN, 1_795_424_400, 4_102_444_800, 99_999_999_999])),
        3 => json!(*dice.pick(&[u64::MAX, u64::MAX - 1, 4_294_967_295, 4_294_967_296])),
        4 => json!(*dice.pick(&[0.5, -0.0, 1e308, 1e-308])),
        5 => json!([]),
        6 => json!({}),
        7 => json!("00000000-0000-0000-0000-000000000000"),
        _ => json!(*dice.pick(WORDS)),
    }
}

/// A value from somewhere in another input.
fn stolen(dice: &mut Dice, other: &[u8]) -> Option<Value> {
    let mut value: Value = serde_json::from_slice(other).ok()?;
    let mut count = 0;
    visit(&mut value, &mut |_| count += 1);
    let (chosen, mut place, mut found) = (dice.below(count), 0, None);
    visit(&mut value, &mut |node| {
        if place == chosen {
            found = Some(node.clone());
        }
        place += 1;
    });
    found
}
