//! The table of fields for people who read: `docs/card.md` is this text.

use std::fmt::Write as _;

use super::codes::{PERMIT_LIST_SOURCE, PERMIT_NOTES};
use super::field::{IN_THE_MESSAGE, Level};
use super::refusal::Refusal;
use super::table::FIELDS;
use crate::consent::Group;

/// The table of fields in Markdown, group by group.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# The card: table of fields\n\nPrinted from the table in `src/card/table.rs`; a test keeps it current.\n",
    );
    let mut group: Option<Option<Group>> = None;
    for field in FIELDS {
        if group != Some(field.group) {
            group = Some(field.group);
            heading(&mut text, field.group);
        }
        let standard = if field.standard.is_empty() { "-" } else { field.standard };
        let later = field.group.is_some_and(|group| field.level > Level::of(group));
        let held = match (field.held, field.group) {
            (true, _) if later => format!(" *(level {})*", field.level.code()),
            (true, _) => String::new(),
            (false, Some(_)) => " *(made from the card)*".to_owned(),
            (false, None) => " *(part of an entry, or computed)*".to_owned(),
        };
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | {}{held} |",
            field.name,
            field.cardinality,
            type_name(field.type_name),
            standard,
            format_args!("{:?}", field.section),
            field.class.code(),
            field.doc
        )
        .expect("writing to a string cannot fail");
    }
    text.push_str("\n## In the message, not in the card\n\n| what | where |\n|---|---|\n");
    for (name, place) in IN_THE_MESSAGE {
        writeln!(text, "| `{name}` | {place} |").expect("writing to a string cannot fail");
    }
    text.push_str("\n## Permits to stay: what is known, and on whose word\n\n");
    writeln!(text, "Notes for whoever fills a card in; nothing is computed from them. List: {PERMIT_LIST_SOURCE}.\n")
        .expect("writing to a string cannot fail");
    text.push_str("| permit | italiano | source | held against the act on |\n|---|---|---|---|\n");
    for note in PERMIT_NOTES {
        let checked = note.checked_on.unwrap_or("not yet");
        writeln!(text, "| `{}` | {} | {} | {checked} |", note.permit.code(), note.note_it, note.source)
            .expect("writing to a string cannot fail");
    }
    text.push_str("\n## Codes of refused fields\n\n| code | italiano | English |\n|---|---|---|\n");
    for refusal in Refusal::ALL {
        let (it, en) = refusal.words();
        writeln!(text, "| `{}` | {it} | {en} |", refusal.code()).expect("writing to a string cannot fail");
    }
    text
}

fn heading(text: &mut String, group: Option<Group>) {
    const COLUMNS: &str =
        "| field | how many | type | code list or standard | section | class | what |\n|---|---|---|---|---|---|---|";
    match group {
        Some(group) => writeln!(text, "\n## `{}`, level *{}*\n\n{COLUMNS}", group.code(), Level::of(group).code()),
        None => writeln!(text, "\n## In no group, level *never*\n\n{STAYS}\n\n{COLUMNS}"),
    }
    .expect("writing to a string cannot fail");
}

const STAYS: &str = "These stay at the node that holds the card: no type that travels has a member for them, and nobody can \
                     ask for them.";

/// As the schema calls it: `Text < 100 >` is `Text100`.
fn type_name(written: &str) -> String {
    let bare: String = written.chars().filter(|c| !c.is_whitespace() && !matches!(c, '<' | '>')).collect();
    bare.replace(',', "To")
}
