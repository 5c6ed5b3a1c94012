//! The file that a person takes along to another centre (GDPR art. 20): her card as data, and as a Europass CV.
//!
//! Media type `application/json`. It is hers, so it is not signed and names no consent: whoever reads it in treats it as
//! what she says of herself. What a node keeps to itself ([`super::Level::Never`]) is not in it, nor the ids that only
//! that node can follow: of the colleague who took a field down, and of the evidence for a skill.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::dates::instant;
use super::field::Level;
use super::list::{List, Whole};
use super::refusal::{At, Check, Refusal};
use super::table::Card;
use super::text::Text;
use crate::id::EntityId;
use crate::problem::FieldError;

/// The most characters that the CV in a file may have.
pub const EUROPASS_MAX: usize = 1_000_000;

/// What says that a file is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PortabilityFormat {
    /// The only one.
    #[serde(rename = "staffetta-portability")]
    StaffettaPortability,
}

/// Who wrote a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PortabilityOrigin {
    /// The node.
    pub entity_id: EntityId,
    /// The organisation that runs it.
    pub organisation_name: Text<200>,
}

/// The file.
#[derive(Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Portability {
    /// `staffetta-portability`.
    pub format: PortabilityFormat,
    /// Version of this form.
    #[schema(value_type = u32, minimum = 1, maximum = 1)]
    pub version: Whole<1, 1>,
    /// When it was written.
    #[serde(with = "instant")]
    pub exported_at: DateTime<Utc>,
    /// Where.
    pub from: PortabilityOrigin,
    /// The card, with what is known of her documents; no file.
    pub card: Card,
    /// The same as a Europass CV, for those who read nothing else.
    #[schema(max_length = 1_000_000)]
    pub europass_xml: String,
}

impl std::fmt::Debug for Portability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Portability").field("from", &self.from).finish_non_exhaustive()
    }
}

impl Portability {
    /// The file for this card, of which [`Card::portable`] goes into it.
    #[must_use]
    pub fn new(exported_at: DateTime<Utc>, from: PortabilityOrigin, card: &Card, europass_xml: String) -> Self {
        let version = Whole::nearest(1);
        let format = PortabilityFormat::StaffettaPortability;
        Self { format, version, exported_at, from, card: card.portable(), europass_xml }
    }
}

impl Check for Portability {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.card.check(&at.key("card"), found);
        if self.europass_xml.chars().count() > EUROPASS_MAX {
            found.push(at.key("europass_xml").refuse(Refusal::TooLong));
        }
    }
}

impl Card {
    /// The card without what stays at its node.
    #[must_use]
    pub fn portable(&self) -> Self {
        let mut card = self.without_local();
        card.education = each(&card.education, |school| school.education_country = None);
        card.work_experience = each(&card.work_experience, |work| work.employer_name_abroad = None);
        card.skills = each(&card.skills, |skill| skill.evidence_ref = None);
        let travelling: Vec<_> = card
            .sources
            .iter()
            .filter(|source| {
                super::FIELDS.iter().any(|row| row.name == source.field.name() && row.level != Level::Never)
            })
            .cloned()
            .collect();
        card.sources = each(&List::new(travelling).unwrap_or_default(), |source| source.operator = None);
        card
    }
}

fn each<T: Clone, const MAX: usize>(list: &List<T, 0, MAX>, change: impl Fn(&mut T)) -> List<T, 0, MAX> {
    let mut items = list.to_vec();
    items.iter_mut().for_each(change);
    List::new(items).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples::{KEPT, marked};
    use super::super::{FIELDS, read};
    use super::*;

    fn origin() -> PortabilityOrigin {
        PortabilityOrigin {
            entity_id: "https://sai.example".parse().unwrap(),
            organisation_name: Text::new("SAI Prato").unwrap(),
        }
    }

    proptest! {
        /// What a node keeps to itself is not in the file, and the file reads back as what was written.
        #[test]
        fn the_file_reads_back_and_has_nothing_that_stays(held in marked()) {
            let at = "2026-11-22T10:00:00Z".parse().unwrap();
            let file = Portability::new(at, origin(), &held, "<Profile/>".into());
            let text = serde_json::to_string(&file).unwrap();
            prop_assert!(!text.contains(KEPT));
            let value: serde_json::Value = serde_json::from_str(&text).unwrap();
            for row in FIELDS.iter().filter(|row| row.level == Level::Never) {
                prop_assert!(value["card"].get(row.name).is_none(), "{}", row.name);
            }
            prop_assert_eq!(read::<Portability>(&text).unwrap(), file);
        }
    }

    #[test]
    fn a_file_of_another_form_is_refused() {
        let at = "2026-11-22T10:00:00Z".parse().unwrap();
        let file = Portability::new(at, origin(), &Card::default(), String::new());
        let written = serde_json::to_value(&file).unwrap();
        assert_eq!((&written["format"], &written["version"]), (&"staffetta-portability".into(), &1.into()));
        for (field, value) in [("format", "other".into()), ("version", serde_json::json!(2)), ("more", 1.into())] {
            let mut other = written.clone();
            other[field] = value;
            assert!(read::<Portability>(&other.to_string()).is_err(), "{field}");
        }
    }
}
