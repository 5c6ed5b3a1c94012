//! From the file that a person carries to what it gives: every field that it fills in, without what only its writer could
//! know or vouch for.

use std::collections::BTreeSet;

use serde_json::Value;
use staffetta_protocol::card::codes::ProposedBy;
use staffetta_protocol::card::{Card, List, Portability, Section, Skill};

use super::model::{Brought, Kind, Origin};
use super::{digest_of, parts};
use crate::cards::europass::{Given, Line, Outcome, Reason, Report};
use crate::error::{Error, Result};

/// Reads a file whose form was checked. The CV in it says nothing that the card does not, and is not looked at.
///
/// # Errors
/// Only what should not happen.
pub fn read(file: Portability) -> Result<Brought> {
    let bytes = serde_json::to_vec(&file).map_err(Error::internal)?;
    let Portability { exported_at, from, card, .. } = file;
    // What stays at its node has no business in a file, and may have been written in by anybody.
    let mut card = card.portable();
    let mut report = Report::default();
    let skills: Vec<Skill> = card.skills.iter().cloned().enumerate().map(|it| unconfirmed(it, &mut report)).collect();
    card.skills = List::new(skills).map_err(Error::internal)?;
    card.sources = List::none();
    let (empty, said) = (parts::fields(&Card::default())?, parts::fields(&card)?);
    let fields: BTreeSet<&'static str> = Section::ALL
        .iter()
        .flat_map(|section| parts::members(*section))
        .filter(|name| said.get(*name).is_some_and(|value| filled(value) && empty.get(*name) != Some(value)))
        .collect();
    for field in &fields {
        report.push(Line::new(format!("/card/{field}"), Outcome::Taken, Some(field), None));
    }
    let origin = Origin { entity_id: from.entity_id, organisation_name: from.organisation_name, exported_at };
    Ok(Brought {
        kind: Kind::Portability,
        origin: Some(origin),
        digest: digest_of(&bytes),
        given: Given { card, fields, report },
    })
}

fn filled(value: &Value) -> bool {
    !matches!(value, Value::Array(entries) if entries.is_empty())
}

/// A skill as this centre may say it: proposed by its operator, confirmed by nobody yet.
fn unconfirmed((index, mut skill): (usize, Skill), report: &mut Report) -> Skill {
    let path = &mut skill.validation_path;
    if path.confirmed_by.take().is_some() || path.proposed_by != ProposedBy::Operator {
        path.proposed_by = ProposedBy::Operator;
        let element = format!("/card/skills/{index}/validation_path");
        report.push(Line::new(element, Outcome::LeftOut, None, Some(Reason::ConfirmedElsewhere)));
    }
    skill
}
