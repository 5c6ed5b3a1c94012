//! Europass documents: text, and nothing but what it says itself.

use staffetta_protocol::json;

use super::{Unfit, is_page};

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// What a Europass document in XML begins with: that of today, and that before 2020.
const ROOTS: [&str; 2] = ["Candidate", "SkillsPassport"];

/// Namespaces whose elements a reader draws or runs.
const DRAWN: [&str; 3] = ["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/XSL"];

/// The first byte that is no white space.
pub(super) fn first_mark(bytes: &[u8]) -> Option<u8> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    bytes.iter().copied().find(|byte| !byte.is_ascii_whitespace())
}

/// Not a parser: it is never read here. Without a document type there are no entities, without processing instructions
/// no style sheets, so whoever reads it later reads what stands in it.
pub(super) fn examine_xml(bytes: &[u8]) -> Result<(), Unfit> {
    let text = plain(bytes)?;
    let body = match text.strip_prefix("<?xml") {
        Some(declared) => declared.split_once("?>").ok_or(Unfit::Broken)?.1,
        None => text,
    };
    if body.contains("<!DOCTYPE") || body.contains("<!ENTITY") || body.contains("<?") {
        return Err(Unfit::NotEuropass);
    }
    if is_page(bytes) || DRAWN.iter().any(|space| body.contains(space)) {
        return Err(Unfit::TwoThings);
    }
    let root = root(body).ok_or(Unfit::NotEuropass)?;
    if !ROOTS.contains(&root) {
        return Err(Unfit::NotEuropass);
    }
    let last = body.trim_end().strip_suffix('>').and_then(|rest| rest.rsplit_once("</"));
    if last.is_some_and(|(_, name)| local(name.trim_end()) == root) { Ok(()) } else { Err(Unfit::Broken) }
}

pub(super) fn examine_json(bytes: &[u8]) -> Result<(), Unfit> {
    let text = plain(bytes)?;
    json::check(text.as_bytes()).map_err(|_| Unfit::Broken)
}

/// The text, without mark and white space before it.
fn plain(bytes: &[u8]) -> Result<&str, Unfit> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| Unfit::Broken)?;
    let is_text = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t');
    if text.chars().all(is_text) { Ok(text.trim_start()) } else { Err(Unfit::Broken) }
}

/// The local name of the first element, comments before it skipped.
fn root(body: &str) -> Option<&str> {
    let mut rest = body.trim_start();
    while let Some(comment) = rest.strip_prefix("<!--") {
        rest = comment.split_once("-->")?.1.trim_start();
    }
    let name = rest.strip_prefix('<')?.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next()?;
    Some(local(name))
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}
