//! The sheet as CSV (RFC 4180).

use super::view::FilledSection;
use crate::error::{Error, Result};

/// Letters with which a spreadsheet begins a formula.
const FORMULA: &[char] = &['=', '+', '-', '@', '\t', '\r'];

/// A value that no spreadsheet takes for a formula: an apostrophe in front makes it text.
pub(super) fn guarded(value: &str) -> String {
    if value.starts_with(FORMULA) { format!("'{value}") } else { value.to_owned() }
}

/// What [`guarded`] was given.
pub(super) fn unguarded(value: &str) -> &str {
    value.strip_prefix('\'').filter(|rest| rest.starts_with(FORMULA)).unwrap_or(value)
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

    proptest! {
        #[test]
        fn no_value_is_a_formula_and_each_comes_back(value in "[=+@\\-\t\r'a-z0-9 ]{0,8}") {
            prop_assert!(!guarded(&value).starts_with(FORMULA));
            if !value.starts_with('\'') {
                let guarded = guarded(&value);
                prop_assert_eq!(unguarded(&guarded), value);
            }
        }
    }
}
