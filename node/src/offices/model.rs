//! What is known of an office, and which one is proposed for somebody.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{At, Check, Comune, Email, LanguageCode, List, PhoneNumber, Prose, Refusal, Text};
use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::FieldError;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Entry;
use crate::error::Result;
use crate::tasks::{By, Channel};

/// The municipalities that an office is competent for: their six ISTAT digits, none twice.
pub type Competences = List<Comune, 0, 600>;

/// An office of this node's own organisation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnOffice {
    /// As people call it.
    pub label: Text<120>,
    /// Street, number, post code and place.
    pub address: Text<300>,
    /// The municipality in which it stands.
    pub comune: Comune,
    /// When it is open, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hours: Option<Prose<500>>,
    /// The languages that are spoken there, ISO 639-3.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<LanguageCode>, min_items = 0, max_items = 40)]
    pub languages: List<LanguageCode, 0, 40>,
    /// The municipalities that it is competent for.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Comune>, min_items = 0, max_items = 600)]
    pub competence_comuni: Competences,
    /// Telephone of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub phone: Option<PhoneNumber>,
    /// Certified mail (*PEC*) of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pec: Option<Email>,
    /// E-mail of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<Email>,
}

/// A partner's office in the address book.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PartnerOffice {
    /// The organisation.
    pub organisation_name: Text<200>,
    /// What a consent calls the organisation.
    pub organisation: OrganisationId,
    /// Which of its offices, as people call it.
    pub office: Text<120>,
    /// Street, number, post code and place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub address: Option<Text<300>>,
    /// Certified mail (*PEC*) of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pec: Option<Email>,
    /// E-mail of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub email: Option<Email>,
    /// Telephone of the office.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub phone: Option<PhoneNumber>,
    /// The municipalities that it is competent for.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Comune>, min_items = 0, max_items = 600)]
    pub competence_comuni: Competences,
    /// The member of the network that runs it, once it has a node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub entity_id: Option<EntityId>,
}

impl PartnerOffice {
    /// Organisation and office in one line, as a letter is addressed.
    pub fn addressee(&self) -> String {
        format!("{}, {}", self.organisation_name.as_str(), self.office.as_str())
    }

    /// The ways to it that need no node.
    pub fn channels(&self) -> Vec<Channel> {
        let way = |by, address: &str| Channel {
            office: Some(self.office.as_str().to_owned()),
            by,
            address: address.to_owned(),
        };
        let pec = self.pec.iter().map(|it| way(By::Pec, it.as_str()));
        let email = self.email.iter().map(|it| way(By::Email, it.as_str()));
        pec.chain(email).chain(self.phone.iter().map(|it| way(By::Phone, it.as_str()))).collect()
    }
}

fn distinct<T: PartialEq>(items: &[T], at: &At<'_>, found: &mut Vec<FieldError>) {
    let again = |index: &usize| items[..*index].contains(&items[*index]);
    found.extend((0..items.len()).filter(again).map(|index| at.index(index).refuse(Refusal::Repeated)));
}

impl Check for OwnOffice {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.languages, &at.key("languages"), found);
        distinct(&self.competence_comuni, &at.key("competence_comuni"), found);
    }
}

impl Check for PartnerOffice {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        distinct(&self.competence_comuni, &at.key("competence_comuni"), found);
    }
}

impl Entry for OwnOffice {
    const BOOK: &'static str = "own";

    fn competence(&self) -> &[Comune] {
        &self.competence_comuni
    }

    fn organisation(&self) -> Option<&str> {
        None
    }
}

impl Entry for PartnerOffice {
    const BOOK: &'static str = "partner";

    fn competence(&self) -> &[Comune] {
        &self.competence_comuni
    }

    fn organisation(&self) -> Option<&str> {
        Some(self.organisation.organisation())
    }
}

/// An office as it is held.
#[derive(Debug, Clone, PartialEq)]
pub struct Held<E> {
    /// Its id at this node.
    pub id: Uuid,
    /// Grows with each change.
    pub version: i32,
    /// When it was entered.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// It stands in its book no more.
    pub removed: bool,
    /// What is known of it.
    pub entry: E,
}

/// Where somebody is, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Whereabouts {
    /// Municipality of residence.
    pub residence: Option<Comune>,
    /// Municipality from which distances are measured.
    pub area: Option<Comune>,
    /// Municipality of the centre: of this node's first office, unless said.
    pub centre: Option<Comune>,
}

/// Why an office is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = OfficeProposedBecause)]
pub enum Because {
    /// It is competent for the municipality in which she resides.
    ResidenceComune,
    /// It is competent for the municipality from which she goes about.
    AreaComune,
    /// It is competent for the municipality of the centre: hers is not known.
    CentreComune,
    /// It is competent for the municipality that was asked for.
    AskedComune,
}

/// The offices that are proposed.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// By what; nothing where no municipality is known.
    pub by: Option<(Because, Comune)>,
    /// The offices, the one entered first before the others.
    pub offices: Vec<Proposed>,
}

/// One of them.
pub type Proposed = Held<PartnerOffice>;

/// The first municipality that is known decides, residence before area before the centre's own: an office that is
/// competent for a farther one would refuse. So what is known and covered by nobody proposes nobody.
///
/// # Errors
/// What `covering` fails with.
pub fn propose(
    whereabouts: &Whereabouts,
    covering: &mut dyn FnMut(&Comune) -> Result<Vec<Proposed>>,
) -> Result<Proposal> {
    let known = [
        (Because::ResidenceComune, &whereabouts.residence),
        (Because::AreaComune, &whereabouts.area),
        (Because::CentreComune, &whereabouts.centre),
    ];
    let by = known.into_iter().find_map(|(because, comune)| Some((because, comune.clone()?)));
    let offices = match &by {
        Some((_, comune)) => covering(comune)?,
        None => Vec::new(),
    };
    Ok(Proposal { by, offices })
}
