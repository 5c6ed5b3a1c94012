//! The sheet as CSV (RFC 4180).

use super::view::FilledSection;
use crate::error::{Error, Result};

/// Letters with which a spreadsheet begins a formula.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// Where a spreadsheet may see the end of a cell, whatever the file says: in Italian lists it is the semicolon.
const ENDS: &[char] = &[';', '\t', '\r', '\n'];

/// A value that no spreadsheet takes for a formula: an apostrophe in front makes it text, also where a semicolon in it
/// could be taken for the end of a cell.
pub(super) fn guarded(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 1);
    let mut begins = true;
    for (at, letter) in value.char_indices() {
        // An apostrophe that was there already is guarded too, so that nothing is lost on the way back.
        if begins && value[at..].trim_start_matches('\'').starts_with(FORMULA) {
            out.push('\'');
        }
        out.push(letter);
        begins = ENDS.contains(&letter);
    }
    out
}

/// What [`guarded`] was given.
pub(super) fn unguarded(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut begins = true;
    for (at, letter) in value.char_indices() {
        let is_guard = begins && letter == '\'' && value[at..].trim_start_matches('\'').starts_with(FORMULA);
        begins = ENDS.contains(&letter);
        if !is_guard {
            out.push(letter);
        }
    }
    out
}

/// One line for each field, in the order of the sheet. `riga` counts the entries of a block from 1.
///
/// # Errors
/// Only what should not happen.
pub(super) fn csv(sections: &[FilledSection]) -> Result<Vec<u8>> {
    let mut out = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    let head = ["sezione", "blocco", "riga", "campo", "etichetta", "lista", "ricevuto", "valore", "nota"];
    out.write_record(head).map_err(Error::internal)?;
    for section in sections {
        for block in &section.blocks {
            for (at, entry) in block.entries.iter().enumerate() {
                for field in &entry.fields {
                    let line = [
                        section.number.to_string(),
                        block.block.to_owned(),
                        (at + 1).to_string(),
                        field.field.to_owned(),
                        field.label_it.to_owned(),
                        field.code_list.unwrap_or_default().to_owned(),
                        if field.received { "si" } else { "no" }.to_owned(),
                        guarded(field.value.as_deref().unwrap_or_default()),
                        guarded(field.note_it.as_deref().unwrap_or_default()),
                    ];
                    out.write_record(line).map_err(Error::internal)?;
                }
            }
        }
    }
    out.into_inner().map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_cell_begins_like_a_formula_whatever_ends_it() {
        for (value, expected) in [
            ("=1+1", "'=1+1"),
            ("a;=cmd|' /C calc'!A0;b", "a;'=cmd|' /C calc'!A0;b"),
            ("a;\t@x", "a;'\t'@x"),
            ("+39 055", "'+39 055"),
            ("'=1", "''=1"),
            ("a - b; c", "a - b; c"),
        ] {
            assert_eq!(guarded(value), expected);
        }
    }

    proptest! {
        #[test]
        fn no_value_is_a_formula_and_each_comes_back(value in "[=+@\\-\t\r;'a-z0-9 ]{0,12}") {
            let guarded = guarded(&value);
            prop_assert!(!guarded.split([';', '\t', '\r']).any(|cell| cell.starts_with(['=', '+', '-', '@'])));
            prop_assert_eq!(unguarded(&guarded), value);
        }
    }
}
