//! The sections of a card: taking one out, putting another in its place, and showing only those that somebody reads.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use staffetta_protocol::card::codes::{ConfirmedBy, ProposedBy};
use staffetta_protocol::card::{Card, Refusal, Section, Skill, read};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use staffetta_protocol::trust::{Role, Roles};

use crate::error::{Error, Result};

/// Members of a card by name: all of them, or those of a section.
pub(in crate::cards) type Fields = Map<String, Value>;

/// Where the fields come from stands beside them, and is written with each of them.
pub(in crate::cards) const SOURCES: &str = "sources";

/// The members of a card.
pub(in crate::cards) fn fields(card: &Card) -> Result<Fields> {
    match serde_json::to_value(card).map_err(Error::internal)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::internal("a card is an object")),
    }
}

/// The card of these members, read as strictly as one that comes in.
///
/// # Errors
/// `invalid_input`, each place below `/fields`.
pub(in crate::cards) fn card_of(fields: Fields) -> Result<Card> {
    let below = |found: Vec<FieldError>| {
        found.into_iter().map(|one| FieldError { field: format!("/fields{}", one.field), ..one }).collect()
    };
    read(&Value::Object(fields).to_string()).map_err(|found| Problem::invalid(below(found)).into())
}

/// The members of a section, without the sources.
pub(in crate::cards) fn members(section: Section) -> impl Iterator<Item = &'static str> {
    section.members().filter(|name| *name != SOURCES)
}

/// What a section says.
pub(in crate::cards) fn section_of(fields: &Fields, section: Section) -> Fields {
    members(section).filter_map(|name| Some((name.to_owned(), fields.get(name)?.clone()))).collect()
}

/// Puts a section in the place of the one that is there; what the new one does not say is gone.
pub(in crate::cards) fn replace(fields: &mut Fields, section: Section, new: &Fields) {
    for name in members(section) {
        match new.get(name) {
            Some(value) => drop(fields.insert(name.to_owned(), value.clone())),
            None => drop(fields.remove(name)),
        }
    }
}

/// What does not belong into the section, by place; a word that is not ours is not repeated.
pub(in crate::cards) fn strangers(section: Section, given: &Fields) -> Vec<FieldError> {
    let ours = |name: &str| Section::of(name).is_some();
    given
        .keys()
        .filter(|name| !members(section).any(|member| member == name.as_str()))
        .map(|name| if ours(name) { format!("/fields/{name}") } else { "/fields".to_owned() })
        .map(|place| Refusal::UnknownField.at(place))
        .collect()
}

/// The sections in which two cards differ: in what they say, or in who said so, when and by what means.
pub(in crate::cards) fn changed(before: &Fields, after: &Fields) -> BTreeSet<Section> {
    let (were, are) = (said(before), said(after));
    let sourced = were.symmetric_difference(&are).filter_map(|(field, _)| Section::of(field));
    let differs = |section: &Section| members(*section).any(|name| before.get(name) != after.get(name));
    Section::ALL.iter().copied().filter(differs).chain(sourced).collect()
}

/// Where the fields come from: field and source, in whatever order they stand.
fn said(fields: &Fields) -> BTreeSet<(&str, String)> {
    let sources = fields.get(SOURCES).and_then(Value::as_array).into_iter().flatten();
    sources.filter_map(|source| Some((source["field"].as_str()?, source.to_string()))).collect()
}

/// The members of a card that somebody may read who `reads` these sections.
pub(in crate::cards) fn visible(card: &Card, reads: impl Fn(Section) -> bool) -> Result<Fields> {
    let mut all = fields(card)?;
    all.retain(|name, _| Section::of(name).is_some_and(&reads));
    if let Some(Value::Array(sources)) = all.get_mut(SOURCES) {
        sources.retain(|source| source["field"].as_str().and_then(Section::of).is_some_and(&reads));
    }
    Ok(all)
}

/// A whole card as somebody saves it: sections that she may not read stay as they were, and so do their sources.
pub(in crate::cards) fn beside_withheld(before: &Card, saved: Card, reads: impl Fn(Section) -> bool) -> Result<Card> {
    let (old, mut new) = (fields(before)?, fields(&saved)?);
    for section in Section::ALL.iter().copied().filter(|section| !reads(*section)) {
        replace(&mut new, section, &section_of(&old, section));
    }
    let withheld = |source: &&Value| {
        !reads(Section::M) || source["field"].as_str().and_then(Section::of).is_none_or(|section| !reads(section))
    };
    let list = |fields: &Fields| fields.get(SOURCES).and_then(Value::as_array).cloned().unwrap_or_default();
    let kept: Vec<Value> = list(&old).iter().filter(withheld).cloned().collect();
    let given = list(&new).into_iter().filter(|source| !withheld(&source));
    let sources: Vec<Value> = given.chain(kept).collect();
    new.insert(SOURCES.to_owned(), Value::Array(sources));
    serde_json::from_value(Value::Object(new)).map_err(Error::internal)
}

/// Who this node is when it says what becomes of a skill.
fn certifies(roles: &Roles, by: ConfirmedBy) -> bool {
    match by {
        ConfirmedBy::Cpi => roles.contains(&Role::Cpi),
        ConfirmedBy::CertifyingBody => roles.contains(&Role::TrainingBody),
    }
}

/// A pile is proposed in one's own name, and confirmed by a job centre or a certifying body and nobody else. What stood
/// there before may stay.
///
/// # Errors
/// `not_entitled`.
pub(in crate::cards) fn may_judge(before: Option<&Card>, after: &Card, roles: &Roles) -> Result<()> {
    let stood = |skill: &Skill| {
        before.is_some_and(|card| {
            card.skills.iter().any(|old| old.skill == skill.skill && old.validation_path == skill.validation_path)
        })
    };
    let entitled = |skill: &Skill| {
        let path = &skill.validation_path;
        let proposed = match path.proposed_by {
            ProposedBy::Operator => true,
            ProposedBy::Cpi => certifies(roles, ConfirmedBy::Cpi),
            ProposedBy::CertifyingBody => certifies(roles, ConfirmedBy::CertifyingBody),
        };
        proposed && path.confirmed_by.is_none_or(|by| certifies(roles, by))
    };
    if after.skills.iter().all(|skill| stood(skill) || entitled(skill)) {
        return Ok(());
    }
    let detail = "A job centre or a certifying body confirms what becomes of a skill; this node proposes.";
    Err(Problem::new(Code::NotEntitled).detail(detail).into())
}
