//! What is held about a person, as pages that she can read.

use std::collections::BTreeMap;

use askama::Template;
use serde_json::Value;

use super::export::{Exported, Recipient};
use super::register::{Contact, PurposeRow, Register, RetentionRow};
use crate::cards;
use crate::consents::DisclosureGround;
use crate::error::Result;
use crate::rules::calendar::local_day;
use crate::web::Html;

/// Italian words for the names of columns and members; a name without a row stands as it is.
const WORDS: &str = include_str!("../../templates/rights/words.it.tsv");

#[derive(Template)]
#[template(path = "rights/export.html")]
struct Page<'a> {
    sender: &'a str,
    made: String,
    officer: Option<&'a Contact>,
    purposes: &'a [PurposeRow],
    recipients: Vec<Row<'a>>,
    retention: &'a [RetentionRow],
    rights: Vec<(u8, &'static str)>,
    sentences: [&'static str; 3],
    tables: Vec<(&'static str, Vec<Lines>)>,
    notes: Vec<(String, String)>,
}

/// A recipient as the page tells it.
struct Row<'a> {
    organisation: &'a str,
    groups: String,
    first: String,
    last: String,
    grounds: String,
    messages: String,
}

/// What is said of one row: name and value.
type Lines = Vec<(String, String)>;

fn day(at: chrono::DateTime<chrono::Utc>) -> String {
    local_day(at).format("%d/%m/%Y").to_string()
}

fn row(of: &Recipient) -> Row<'_> {
    Row {
        organisation: &of.organisation_name,
        groups: of.groups.iter().map(|group| group.code()).collect::<Vec<_>>().join(", "),
        first: day(of.first_at),
        last: day(of.last_at),
        grounds: of.grounds.iter().map(DisclosureGround::in_italian).collect::<Vec<_>>().join(", "),
        messages: match of.unconfirmed {
            0 => of.messages.to_string(),
            some => format!("{}, di cui {some} senza conferma", of.messages),
        },
    }
}

/// The export as a page to be printed.
///
/// # Errors
/// Internal, where the template fails.
pub(super) fn page(of: &Exported) -> Result<Html> {
    let words = words();
    let table = |it: &super::export::Table| {
        let items = it.items.iter().map(|item| lines(&words, item)).collect();
        (it.heading_it, items)
    };
    Html::sheet(&Page {
        sender: of.from.organisation_name.as_str(),
        made: day(of.exported_at),
        officer: of.data_protection_officer.as_ref(),
        purposes: &of.purposes,
        recipients: of.recipients.iter().map(row).collect(),
        retention: &of.retention,
        rights: of.rights.iter().map(|right| (right.article, right.label_it)).collect(),
        sentences: [of.sources_it, of.automated_decisions_it, of.complaint_it],
        tables: of.data.iter().map(table).collect(),
        notes: of.counselling_notes.iter().map(|note| (day(note.at), note.words.clone())).collect(),
    })
}

fn words() -> BTreeMap<&'static str, &'static str> {
    WORDS.lines().filter_map(|line| line.split_once('\t')).collect()
}

/// A row as lines: what lies deeper is named by its way.
fn lines(words: &BTreeMap<&str, &str>, of: &Value) -> Lines {
    let mut found = Vec::new();
    walk(words, String::new(), of, &mut found);
    found
}

/// What a column or member is called: as this page says, else as a printed card does, else as it is.
fn called<'a>(words: &BTreeMap<&str, &'a str>, name: &'a str) -> &'a str {
    match words.get(name) {
        Some(word) => word,
        None => Some(cards::field_label(name)).filter(|label| !label.is_empty()).unwrap_or(name),
    }
}

fn walk(words: &BTreeMap<&str, &str>, way: String, value: &Value, found: &mut Lines) {
    let deeper = |name: &str| match way.is_empty() {
        true => name.to_owned(),
        false => format!("{way}: {name}"),
    };
    match value {
        Value::Null => {}
        Value::Object(members) => {
            for (name, member) in members {
                walk(words, deeper(called(words, name)), member, found);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(words, deeper(&(index + 1).to_string()), item, found);
            }
        }
        Value::String(text) => found.push((way, text.clone())),
        Value::Bool(yes) => found.push((way, if *yes { "sì" } else { "no" }.to_owned())),
        Value::Number(number) => found.push((way, number.to_string())),
    }
}

#[derive(Template)]
#[template(path = "rights/register.html")]
struct RegisterPage<'a> {
    of: &'a Register,
}

/// The register as a page to be printed.
///
/// # Errors
/// Internal, where the template fails.
pub(super) fn register_page(of: &Register) -> Result<Html> {
    Html::sheet(&RegisterPage { of })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_becomes_lines_that_lose_nothing() {
        let words = BTreeMap::from([("label", "etichetta")]);
        let row = json!({"label": "Awa", "list": [{"zz": true}, 3], "none": null});
        let found = lines(&words, &row);
        let found: Vec<(&str, &str)> = found.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        assert_eq!(found, [("etichetta", "Awa"), ("list: 1: zz", "sì"), ("list: 2", "3")]);
    }

    #[test]
    fn every_word_stands_once() {
        assert_eq!(words().len(), WORDS.lines().filter(|line| line.contains('\t')).count());
        assert_eq!(words().len(), WORDS.lines().count());
    }
}
