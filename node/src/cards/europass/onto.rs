//! What a CV says, laid onto the card that is there: a draft for somebody to look through.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::card::{Card, CardField, Day, HeldSource, List, Section, rows};
use uuid::Uuid;

use super::report::{Line, Outcome, Reason, Report};
use crate::error::{Error, Result};

/// What a file gives.
#[derive(Debug, Clone)]
pub struct Given {
    /// What was taken, in an otherwise new card.
    pub card: Card,
    /// The fields that were taken.
    pub fields: BTreeSet<&'static str>,
    /// What became of each element.
    pub report: Report,
}

/// Who lays it on, and when: the source of what is taken.
#[derive(Debug, Clone, Copy)]
pub(in crate::cards) struct Taker {
    /// Today.
    pub(in crate::cards) on: Day,
    /// The member of staff.
    pub(in crate::cards) operator: Option<Uuid>,
}

/// The draft: the card with what was imported, in fields that had nothing in them and that the caller may write. Their
/// source is the document. The report says what stayed.
///
/// # Errors
/// Only what should not happen.
pub(in crate::cards) fn onto(
    current: Option<&Card>,
    given: Given,
    by: Taker,
    writes: impl Fn(Section) -> bool,
) -> Result<(Card, Report)> {
    let start = members(&Card::default())?;
    let had = current.map(members).transpose()?.unwrap_or_else(|| start.clone());
    let new = members(&given.card)?;
    let mut report = given.report;
    let mut draft = had.clone();
    let mut taken = BTreeSet::new();
    for field in given.fields {
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
pub(in crate::cards) fn only(card: &Card, reads: impl Fn(Section) -> bool) -> Result<Card> {
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
