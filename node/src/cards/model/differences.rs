//! What changed from one version of a card to another: by field, and in lists by entry.

use serde::Serialize;
use serde_json::{Map, Value, json};
use staffetta_protocol::card::{Card, CardField, HeldSource, Section};
use utoipa::ToSchema;

use super::parts::{Fields, SOURCES, fields};
use crate::error::Result;

/// How something differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = CardChangeKind)]
pub enum Change {
    /// It was not there.
    Added,
    /// It is not there any more.
    Removed,
    /// It says something else.
    Changed,
    /// It says the same, on another word: who said so, when, by what means or through whom.
    Sourced,
}

/// One difference: a field, or an entry of a list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[schema(as = CardDifference)]
pub struct Difference {
    /// The field.
    pub field: CardField,
    /// The letter of its section.
    pub section: &'static str,
    /// How it differs.
    pub change: Change,
    /// As it was: a card with this field only, of a list with this entry only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Card)]
    pub before: Option<Value>,
    /// As it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Card)]
    pub after: Option<Value>,
    /// From whom, when, by what means and through whom it came to be known; of what is gone, as it had been.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source: Option<HeldSource>,
    /// The same as it was before, of what is `sourced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub source_before: Option<HeldSource>,
}

/// By what an entry of a list is known again when it changes; other lists are of codes, which do not change.
const KEYS: &[(&str, &[&str])] = &[
    ("digital_skills", &["area"]),
    ("documents", &["type", "issued"]),
    ("driving_licence", &["category"]),
    ("education", &["title"]),
    ("interview_languages", &["language"]),
    ("language_certificates", &["language", "title"]),
    ("language_skills", &["language"]),
    ("next_steps", &["action"]),
    ("phone", &["number"]),
    ("schedule_constraints", &["kind"]),
    ("skills", &["skill"]),
    ("verified_credentials", &["title"]),
    ("vocational_training", &["title"]),
    ("work_experience", &["occupation", "start"]),
    ("workplace_adjustments", &["kind"]),
];

/// The differences in the sections that `reads` names, in the order of the table.
pub(in crate::cards) fn differences(
    from: &Card,
    to: &Card,
    reads: impl Fn(Section) -> bool,
) -> Result<Vec<Difference>> {
    let (old, new) = (fields(from)?, fields(to)?);
    let mut found = Vec::new();
    for field in CardField::all().filter(|field| field.name() != SOURCES) {
        let Some(section) = Section::of(field.name()).filter(|section| reads(*section)) else { continue };
        let source_in = |card: &Card| {
            let source = card.sources.iter().find(|source| source.field == field);
            source.filter(|_| reads(Section::M)).cloned()
        };
        let said = of_field(field.name(), &old, &new);
        let (was, is) = (source_in(from), source_in(to));
        if said.is_empty() && was != is {
            let (section, change) = (section.letter(), Change::Sourced);
            let (before, after) = (None, None);
            found.push(Difference { field, section, change, before, after, source: is, source_before: was });
            continue;
        }
        for (change, before, after) in said {
            let source = if change == Change::Removed { was.clone() } else { is.clone() };
            let part = |value: Value| json!({ (field.name()): value });
            found.push(Difference {
                field,
                section: section.letter(),
                change,
                before: before.map(part),
                after: after.map(part),
                source,
                source_before: None,
            });
        }
    }
    Ok(found)
}

type Pair = (Change, Option<Value>, Option<Value>);

fn of_field(name: &str, old: &Fields, new: &Fields) -> Vec<Pair> {
    match (old.get(name), new.get(name)) {
        (was, is) if was == is => Vec::new(),
        (was, is) if [was, is].into_iter().flatten().all(Value::is_array) => {
            let entries = |list: Option<&Value>| list.and_then(Value::as_array).cloned().unwrap_or_default();
            of_list(name, entries(was), entries(is))
        }
        (was, is) => {
            let change = match (was, is) {
                (None, _) => Change::Added,
                (_, None) => Change::Removed,
                _ => Change::Changed,
            };
            vec![(change, was.cloned(), is.cloned())]
        }
    }
}

/// Equal entries meet first, then those with the same key, each with one other; the rest came or went.
fn of_list(name: &str, mut old: Vec<Value>, mut new: Vec<Value>) -> Vec<Pair> {
    new.retain(|is| match old.iter().position(|was| was == is) {
        Some(at) => {
            old.remove(at);
            false
        }
        None => true,
    });
    let one = |entry: Value| Some(Value::Array(vec![entry]));
    let keys = KEYS.iter().find(|(list, _)| *list == name).map_or(&[] as &[&str], |(_, keys)| keys);
    let key = |entry: &Value| -> Map<String, Value> {
        keys.iter().filter_map(|key| Some(((*key).to_owned(), entry.get(*key)?.clone()))).collect()
    };
    let mut found = Vec::new();
    let mut added = Vec::new();
    for is in new {
        let known = |was: &Value| !keys.is_empty() && key(was) == key(&is);
        match old.iter().position(known) {
            Some(at) => found.push((Change::Changed, one(old.remove(at)), one(is))),
            None => added.push((Change::Added, None, one(is))),
        }
    }
    found.extend(old.into_iter().map(|was| (Change::Removed, one(was), None)));
    found.extend(added);
    found
}
