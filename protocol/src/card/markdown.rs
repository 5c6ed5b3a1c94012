//! The table of fields for people who read: `docs/card.md` is this text.

use std::fmt::Write as _;

use super::field::{Field, IN_THE_MESSAGE};
use super::refusal::Refusal;
use super::table::FIELDS;
use crate::consent::Group;

/// The table of fields in Markdown, group by group.
#[must_use]
pub fn markdown() -> String {
    let mut text = String::from(
        "# The card: table of fields\n\nPrinted from the table in `src/card/table.rs`; a test keeps it current.\n",
    );
    let mut group: Option<Group> = None;
    for field in FIELDS {
        if group != Some(field.group) {
            group = Some(field.group);
            heading(&mut text, field);
        }
        let standard = if field.standard.is_empty() { "-" } else { field.standard };
        let held = if field.held { "" } else { " *(made from the card)*" };
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
    text.push_str("\n## Codes of refused fields\n\n| code | italiano | English |\n|---|---|---|\n");
    for refusal in Refusal::ALL {
        let (it, en) = refusal.words();
        writeln!(text, "| `{}` | {it} | {en} |", refusal.code()).expect("writing to a string cannot fail");
    }
    text
}

fn heading(text: &mut String, field: &Field) {
    writeln!(
        text,
        "\n## `{}`, level *{}*\n\n| field | how many | type | code list or standard | section | class | what |\n|---|---|---|---|---|---|---|",
        field.group.code(),
        field.level.code()
    )
    .expect("writing to a string cannot fail");
}

/// As the schema calls it: `Text < 100 >` is `Text100`.
fn type_name(written: &str) -> String {
    let bare: String = written.chars().filter(|c| !c.is_whitespace() && !matches!(c, '<' | '>')).collect();
    bare.replace(',', "To")
}
