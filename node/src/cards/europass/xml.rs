//! XML of a stranger, read without believing any of it; and the XML that we write.
//!
//! There is no document type, no entity but the five that XML itself has, no processing instruction, no other encoding
//! than UTF-8, and a bound on everything that can be many: nothing in a document makes this reader fetch, expand or
//! recurse.

use std::fmt::Write as _;

use quick_xml::NsReader;
use quick_xml::escape::{escape, partial_escape, resolve_xml_entity};
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::Unreadable;
use super::tree::Tree;

/// Elements inside one another, at most.
const DEPTH: usize = 32;
/// Elements in a document, at most.
const ELEMENTS: usize = 20_000;
/// Attributes of an element, at most.
const ATTRIBUTES: usize = 16;
/// Bytes of an attribute's value, or of a name.
const SHORT: usize = 1_024;

/// The namespaces of the two schemas and of what they borrow from.
const KNOWN: &[&str] = &[
    super::v3::NAMESPACE,
    super::v4::NAMESPACE,
    "http://www.europass_eures.eu/1.0",
    "http://www.hr-xml.org/3",
    "http://www.openapplications.org/oagis/9",
];

/// The document, if it is one that can be believed to be harmless.
pub(super) fn read(bytes: &[u8]) -> Result<Tree, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| Unreadable::Encoding)?;
    // Two bytes a letter in ASCII's place: UTF-16 without its mark is valid UTF-8, full of zeros.
    if text.contains('\0') {
        return Err(Unreadable::Encoding);
    }
    let mut reader = NsReader::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    reader.config_mut().check_comments = true;
    let mut open: Vec<Tree> = Vec::new();
    let mut root = None;
    let mut count = 0_usize;
    loop {
        let (namespace, event) = reader.read_resolved_event().map_err(|_| Unreadable::Syntax)?;
        let foreign = match namespace {
            ResolveResult::Bound(found) => !KNOWN.contains(&found.into_inner()),
            ResolveResult::Unbound => false,
            ResolveResult::Unknown(_) => return Err(Unreadable::Syntax),
        };
        match event {
            Event::Start(_) | Event::Empty(_) if root.is_some() && open.is_empty() => return Err(Unreadable::Syntax),
            Event::Start(start) => {
                count += 1;
                bounded(open.len() + 1, count)?;
                open.push(element(&start, foreign)?);
            }
            Event::Empty(start) => {
                count += 1;
                bounded(open.len() + 1, count)?;
                let done = element(&start, foreign)?;
                close(done, &mut open, &mut root);
            }
            Event::End(_) => {
                let done = open.pop().ok_or(Unreadable::Syntax)?;
                close(done, &mut open, &mut root);
            }
            Event::Text(text) => say(&mut open, &text.xml10_content())?,
            Event::CData(text) => say(&mut open, &text.xml10_content())?,
            Event::GeneralRef(reference) => {
                let one = match reference.resolve_char_ref().map_err(|_| Unreadable::Entity)? {
                    Some(letter) => letter.to_string(),
                    None => resolve_xml_entity(&reference.into_inner()).ok_or(Unreadable::Entity)?.to_owned(),
                };
                say(&mut open, &one)?;
            }
            Event::Decl(declared) => {
                let encoding = declared.encoding().transpose().map_err(|_| Unreadable::Syntax)?;
                if encoding.is_some_and(|name| !name.eq_ignore_ascii_case("utf-8")) {
                    return Err(Unreadable::Encoding);
                }
            }
            Event::DocType(_) => return Err(Unreadable::DocumentType),
            Event::PI(_) => return Err(Unreadable::Instruction),
            Event::Comment(_) => {}
            Event::Eof => break,
        }
    }
    if open.is_empty() { root.ok_or(Unreadable::Syntax) } else { Err(Unreadable::Syntax) }
}

fn bounded(depth: usize, count: usize) -> Result<(), Unreadable> {
    if depth > DEPTH || count > ELEMENTS { Err(Unreadable::TooDeepOrMany) } else { Ok(()) }
}

fn element(start: &BytesStart<'_>, foreign: bool) -> Result<Tree, Unreadable> {
    let local = start.local_name();
    let mut tree = Tree::new(short(local.into_inner())?);
    tree.foreign = foreign;
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|_| Unreadable::Syntax)?;
        if tree.attributes.len() == ATTRIBUTES {
            return Err(Unreadable::TooDeepOrMany);
        }
        let name = short(attribute.key.local_name().into_inner())?.to_owned();
        let raw = short(&attribute.value)?;
        // Entities that are not XML's own are refused here as in text.
        let value = quick_xml::escape::unescape(raw).map_err(|_| Unreadable::Entity)?.into_owned();
        tree.attributes.push((name, value));
    }
    Ok(tree)
}

fn short(text: &str) -> Result<&str, Unreadable> {
    if text.len() > SHORT { Err(Unreadable::TooDeepOrMany) } else { Ok(text) }
}

fn close(done: Tree, open: &mut [Tree], root: &mut Option<Tree>) {
    match open.last_mut() {
        Some(parent) => parent.children.push(done),
        None => *root = Some(done),
    }
}

/// Text belongs to the element that is open; outside the root only white space may stand.
fn say(open: &mut [Tree], text: &str) -> Result<(), Unreadable> {
    match open.last_mut() {
        Some(here) => here.text.push_str(text),
        None if text.trim().is_empty() => {}
        None => return Err(Unreadable::Syntax),
    }
    Ok(())
}

/// The document as text, every element on a line of its own unless it holds text.
pub(super) fn write(root: &Tree) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n");
    put(root, 0, &mut out);
    out
}

fn put(tree: &Tree, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let _ = write!(out, "{indent}<{}", tree.name);
    for (name, value) in &tree.attributes {
        let _ = write!(out, " {name}=\"{}\"", escape(value.as_str()));
    }
    if tree.children.is_empty() {
        let text = partial_escape(tree.text.as_str());
        let _ = if text.is_empty() { writeln!(out, "/>") } else { writeln!(out, ">{text}</{}>", tree.name) };
        return;
    }
    out.push_str(">\n");
    tree.children.iter().for_each(|child| put(child, depth + 1, out));
    let _ = writeln!(out, "{indent}</{}>", tree.name);
}
