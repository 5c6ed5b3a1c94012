//! A card from a Europass CV, and a Europass CV from a card.
//!
//! What must hold:
//! - What both know goes there and back unchanged; what one of them does not know is left out, and the report says so,
//!   element by element. Nothing is translated by likeness, cut to fit, or filled in.
//! - A file is a stranger's: no document type, no entity, no other encoding, bounds on everything ([`xml`], [`json`]).
//! - Silence is no answer. The schema reads a missing `Disability` as *no disabilities*; here it is reported as unknown,
//!   and one that is there is not collected.
//! - An import makes a draft and saves nothing: fields that the card has already keep their values ([`onto`]).
//! - A CV leaves with the parts of the card that its reader may read, and with no centre and no telephone number that could
//!   harm. Where she is from, and whom she worked for, stand only in the copy for herself.
//!
//! Three forms: XML since 2020 ([`v4`]), XML and JSON until 2020 ([`v3`]). For JSON the form with a published schema was
//! chosen; the editor of today exports XML only.

mod api;
mod countries;
mod desk;
mod json;
mod levels;
mod lists;
mod onto;
mod prose;
mod reading;
mod report;
mod tree;
mod v3;
mod v4;
mod xml;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use staffetta_protocol::card::codes::{Pile, ProposedBy, SkillLevel, SkillSource};
use staffetta_protocol::card::{Card, Day, Skill, SkillName, ValidationPath};
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

pub use api::api;
pub use desk::{Draft, draft, export};
pub use onto::Given;
pub(in crate::cards) use onto::{Taker, only, onto};
pub use report::{Line, Outcome, Reason, Report};

use reading::Reading;

/// The forms of a CV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// XML since 2020, root `Candidate`.
    Candidate,
    /// XML until 2020, root `SkillsPassport`.
    PassportXml,
    /// JSON until 2020.
    PassportJson,
}

impl Form {
    /// In one word, for the journal and the answer.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Candidate => "europass_v4_xml",
            Self::PassportXml => "europass_v3_xml",
            Self::PassportJson => "europass_v3_json",
        }
    }

    /// The media type of a file of this form.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Candidate | Self::PassportXml => "application/xml",
            Self::PassportJson => "application/json",
        }
    }
}

/// The syntax that a file is sent in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syntax {
    /// XML, of either version.
    Xml,
    /// JSON.
    Json,
}

/// Why a file is not read at all. None of the sentences quotes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Another encoding than UTF-8, said or shown.
    #[error("The file is not UTF-8.")]
    Encoding,
    /// Not well formed.
    #[error("The file is not well formed.")]
    Syntax,
    /// A document type: entities and outer files come by that way.
    #[error("The file has a document type declaration, which is not taken.")]
    DocumentType,
    /// An entity that XML itself does not have.
    #[error("The file has an entity that is not one of XML's own.")]
    Entity,
    /// A processing instruction.
    #[error("The file has a processing instruction, which is not taken.")]
    Instruction,
    /// A bound was passed.
    #[error("The file has more elements, deeper ones or longer attributes than are read.")]
    TooDeepOrMany,
    /// Some other document.
    #[error("The file is no Europass CV: neither Candidate nor SkillsPassport stands at its root.")]
    OtherDocument,
}

impl From<Unreadable> for Problem {
    fn from(why: Unreadable) -> Self {
        Self::new(Code::MalformedRequest).detail(why.to_string())
    }
}

/// What a file gave.
#[derive(Debug, Clone)]
pub struct Imported {
    /// The form that it had.
    pub form: Form,
    /// What was taken, in an otherwise new card.
    pub card: Card,
    /// The fields that were taken.
    pub fields: BTreeSet<&'static str>,
    /// What became of each element.
    pub report: Report,
}

impl Imported {
    /// What it gives a card.
    pub fn given(self) -> Given {
        Given { card: self.card, fields: self.fields, report: self.report }
    }
}

/// Reads a CV. `today` is what *at once* means.
///
/// # Errors
/// What makes the file unreadable; a readable file with nothing in it is no error.
pub fn read(bytes: &[u8], syntax: Syntax, today: Day) -> Result<Imported, Unreadable> {
    let (form, mut root) = match syntax {
        Syntax::Json => (Form::PassportJson, json::read(bytes)?),
        Syntax::Xml => match xml::read(bytes)? {
            root if root.foreign => return Err(Unreadable::OtherDocument),
            root if root.name == v4::ROOT => (Form::Candidate, root),
            root if root.name == v3::ROOT => (Form::PassportXml, v3::from_xml(root)),
            _ => return Err(Unreadable::OtherDocument),
        },
    };
    let mut reading = Reading::new(root.number(), today);
    let disability = match form {
        Form::Candidate => {
            v4::read(&root, &mut reading);
            root.at(&["CandidatePerson", "Disability"]).is_some()
        }
        Form::PassportXml | Form::PassportJson => {
            v3::read(&root, &mut reading);
            false
        }
    };
    let (card, fields, mut report) = reading.finish(&root);
    if !disability {
        let element = format!("/{}/CandidatePerson/Disability", v4::ROOT);
        report.push(Line::new(element, Outcome::Unknown, None, Some(Reason::MissingIsUnknown)));
    }
    Ok(Imported { form, card, fields, report })
}

/// What a CV says of itself.
#[derive(Debug, Clone, Copy)]
pub struct Writing {
    /// Its id: new for each, so that two of them tell nothing of one another.
    pub document: Uuid,
    /// When it is written.
    pub at: DateTime<Utc>,
    /// The copy that the person keeps for herself: also employers abroad, the countries of schools, mother tongues, sex
    /// and citizenship, which a CV for others does without.
    pub for_herself: bool,
}

/// The card as a CV. What the form has no element for is not in it.
pub fn write(card: &Card, form: Form, about: &Writing) -> String {
    match form {
        Form::Candidate => xml::write(&v4::write(card, about)),
        Form::PassportXml => xml::write(&v3::to_xml(&v3::write(card, about))),
        Form::PassportJson => json::write(&v3::write(card, about)),
    }
}

/// A skill as a CV tells it: said by the person, and not yet understood.
fn declared(skill: SkillName) -> Skill {
    let validation_path =
        ValidationPath { value: Pile::DeclaredOnly, proposed_by: ProposedBy::Operator, confirmed_by: None };
    Skill {
        skill,
        level: SkillLevel::NotAsked,
        source: SkillSource::SelfDeclared,
        validation_path,
        evidence_ref: None,
        target_qualification: None,
    }
}
