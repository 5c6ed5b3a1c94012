//! What a CV says, laid onto the card that is there: a draft for somebody to look through.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::card::{Card, CardField, Day, HeldSource, List, Section, rows};
use uuid::Uuid;

use super::Imported;
use super::report::{Line, Outcome, Reason, Report};
use crate::error::{Error, Result};

/// Who lays it on, and when: the source of what is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taker {
    /// Today.
    pub(super) on: Day,
    /// The member of staff.
    pub(super) operator: Option<Uuid>,
}

/// The draft: the card with what was imported, in fields that had nothing in them and that the caller may write. Their
/// source is the document. The report says what stayed.
///
/// # Errors
/// Only what should not happen.
pub(super) fn onto(
    current: Option<&Card>,
    imported: Imported,
    by: Taker,
    writes: impl Fn(Section) -> bool,
) -> Result<(Card, Report)> {
    let start = members(&Card::default())?;
    let had = current.map(members).transpose()?.unwrap_or_else(|| start.clone());
    let new = members(&imported.card)?;
    let mut report = imported.report;
    let mut draft = had.clone();
    let mut taken = BTreeSet::new();
    for field in imported.fields {
        let (was, is) = (had.get(field), new.get(field));
        if was == is {
            continue;
        }
        let section = rows(field).next().map(|row| row.section);
        let untouched = was.is_none() || was == start.get(field);
        let stays = match section {
            Some(section) if !writes(section) => Some(Reason::NotYours),
            _ if !untouched => Some(Reason::OtherValueHeld),
            _ => None,
        };
        match (stays, is) {
            (Some(reason), _) => {
                report.items.iter_mut().filter(|line| line.field == Some(field)).for_each(|line| {
                    let outcome = if reason == Reason::NotYours { Outcome::LeftOut } else { Outcome::Kept };
                    *line = Line::new(line.element.clone(), outcome, line.field, Some(reason));
                });
            }
            (None, Some(value)) => {
                draft.insert(field.to_owned(), value.clone());
                taken.insert(field);
            }
            (None, None) => {}
        }
    }
    let mut card: Card = serde_json::from_value(Value::Object(draft)).map_err(Error::internal)?;
    let kept = card.sources.iter().filter(|source| !taken.contains(source.field.name())).cloned();
    let source = |field| HeldSource {
        field,
        source: SourceKind::Document,
        on: by.on,
        means: SourceMeans::Import,
        operator: by.operator,
    };
    let sources = kept.chain(taken.iter().filter_map(|name| CardField::named(name)).map(source)).collect();
    card.sources = List::new(sources).map_err(|_| Error::internal("more sources than fields"))?;
    Ok((card, report))
}

/// The card with nothing in the fields of sections that are not read.
///
/// # Errors
/// Only what should not happen.
pub(super) fn only(card: &Card, reads: impl Fn(Section) -> bool) -> Result<Card> {
    let mut shown = members(card)?;
    shown.retain(|field, _| rows(field).next().is_some_and(|row| reads(row.section)));
    serde_json::from_value(Value::Object(shown)).map_err(Error::internal)
}

fn members(card: &Card) -> Result<Map<String, Value>> {
    match serde_json::to_value(card).map_err(Error::internal)? {
        Value::Object(members) => Ok(members),
        _ => Err(Error::internal("a card is an object")),
    }
}
