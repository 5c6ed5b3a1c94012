//! What the desk reads and writes of cards: the types.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::card::{At, Card, CardField, Check, Day, HeldSource, List, Refusal, Section};
use staffetta_protocol::problem::{Code, FieldError, Problem};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Array, ArrayBuilder, Object, ObjectBuilder, Type};
use uuid::Uuid;

use super::age::Completeness;
use super::editing::{Draft, Edit, Part};
use super::model::completeness::{Progress, SectionProgress};
use super::model::differences::Difference;
use super::model::parts::Fields;
use super::model::{Held, Said};
use super::section_rows::Confirmed;
use crate::access::Sight;
use crate::error::Result;

/// The letters of the sections that she may not read.
pub(super) fn withheld(sight: &Sight) -> Vec<&'static str> {
    sight.withheld().into_iter().map(Section::letter).collect()
}

/// A card as it is held.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HeldCard {
    /// Its version; the first is 1.
    version: u32,
    /// When it was saved.
    saved_at: DateTime<Utc>,
    /// The card, without the sections that are withheld.
    #[schema(value_type = Card)]
    card: Value,
    /// Letters of the sections that whoever asks may not read.
    #[schema(max_items = 13)]
    withheld: Vec<&'static str>,
}

impl HeldCard {
    pub(super) fn of(held: &Held, sight: &Sight) -> Result<Self> {
        let card = super::parts::visible(&held.card, |section| sight.reads(section))?;
        let (version, saved_at) = (held.version, held.saved_at);
        Ok(Self { version, saved_at, card: Value::Object(card), withheld: withheld(sight) })
    }

    /// For `ETag`.
    pub(super) fn version(&self) -> i32 {
        i32::try_from(self.version).unwrap_or(i32::MAX)
    }
}

/// A draft of a section.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CardDraft {
    /// The letter of the section.
    section: &'static str,
    /// What an edit of the section names in `If-Match`.
    revision: i32,
    /// Who of the staff wrote it.
    held_by: Uuid,
    /// When.
    saved_at: DateTime<Utc>,
    /// The section has changed since: it has to be looked at again before it is published.
    stale: bool,
    /// What it says: a card with the fields of the section only.
    #[schema(value_type = Card)]
    fields: Value,
    /// Where its fields come from.
    #[schema(max_items = 120)]
    sources: Vec<HeldSource>,
}

impl From<Draft> for CardDraft {
    fn from(draft: Draft) -> Self {
        let Draft { section, revision, held_by, saved_at, stale, fields, sources } = draft;
        let (section, fields) = (section.letter(), Value::Object(fields));
        Self { section, revision, held_by, saved_at, stale, fields, sources }
    }
}

/// Drafts that wait to be published.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CardDraftList {
    /// One for each section that has one.
    #[schema(max_items = 13)]
    pub(super) items: Vec<CardDraft>,
}

/// A section of a card.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CardSection {
    /// Its letter.
    section: &'static str,
    /// What it is about, in Italian.
    label_it: &'static str,
    /// The same in English.
    label_en: &'static str,
    /// The newest version of the card; 0 where there is none.
    version: u32,
    /// What it says: a card with the fields of the section only.
    #[schema(value_type = Card)]
    fields: Value,
    /// Where its fields come from, for whoever reads section M.
    #[schema(max_items = 120)]
    sources: Vec<HeldSource>,
    /// Its draft, if somebody wrote one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    draft: Option<CardDraft>,
    /// Letters of the sections that whoever asks may not read.
    #[schema(max_items = 13)]
    withheld: Vec<&'static str>,
}

impl CardSection {
    pub(super) fn of(part: Part, sight: &Sight) -> Self {
        Self {
            section: part.section.letter(),
            label_it: part.section.label_it(),
            label_en: part.section.label(),
            version: part.version,
            fields: Value::Object(part.fields),
            sources: part.sources,
            draft: part.draft.map(CardDraft::from),
            withheld: withheld(sight),
        }
    }
}

/// Where a field comes from, as whoever writes it says.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardFieldSource {
    /// The field, of the section that is written.
    field: CardField,
    /// From whom or what.
    source: SourceKind,
    /// By what means.
    #[serde(default)]
    means: SourceMeans,
    /// When it was taken down, if not today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    on: Option<Day>,
}

impl Check for CardFieldSource {}

/// What is written into a section.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardSectionEdit {
    /// The fields of the section, whole: what is absent is gone. Sources have a member of their own.
    #[schema(value_type = Card)]
    fields: Fields,
    /// On whose word; the operator's if absent. It counts for every field that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    said_by: Option<SourceKind>,
    /// By what means.
    #[serde(default)]
    means: SourceMeans,
    /// Where single fields come from instead.
    #[serde(default)]
    #[schema(value_type = Vec<CardFieldSource>, min_items = 0, max_items = 40)]
    sources: List<CardFieldSource, 0, 40>,
    /// Only as a draft: no version is made.
    #[serde(default)]
    draft: bool,
}

impl Check for CardSectionEdit {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        for (index, source) in self.sources.iter().enumerate() {
            if self.sources[..index].iter().any(|earlier| earlier.field == source.field) {
                found.push(at.key("sources").index(index).refuse(Refusal::Repeated));
            }
        }
    }
}

impl CardSectionEdit {
    /// The edit of this section, by whom and when.
    ///
    /// # Errors
    /// `invalid_input` where a source is given for a field of another section.
    pub(super) fn of(self, section: Section, operator: Option<Uuid>, today: Day) -> Result<Edit> {
        let elsewhere = |(index, source): (usize, &CardFieldSource)| {
            (Section::of(source.field.name()) != Some(section))
                .then(|| Refusal::NotInList.at(format!("/sources/{index}/field")))
        };
        let wrong: Vec<FieldError> = self.sources.iter().enumerate().filter_map(elsewhere).collect();
        if !wrong.is_empty() {
            return Err(Problem::invalid(wrong).into());
        }
        let stated = |one: CardFieldSource| {
            let on = one.on.unwrap_or(today);
            HeldSource { field: one.field, source: one.source, on, means: one.means, operator }
        };
        let said =
            Said { source: self.said_by.unwrap_or(SourceKind::Operator), means: self.means, on: today, operator };
        let sources = self.sources.into_vec().into_iter().map(stated).collect();
        Ok(Edit { fields: self.fields, said, sources, draft: self.draft })
    }
}

/// A draft as it was read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardDraftRead {
    /// Letter or word of its section.
    #[schema(schema_with = section_name)]
    section: String,
    /// The revision that the draft had.
    #[schema(minimum = 1)]
    revision: i32,
}

impl Check for CardDraftRead {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if Section::named(&self.section).is_none() {
            found.push(at.key("section").refuse(Refusal::NotInList));
        }
        if self.revision < 1 {
            found.push(at.key("revision").refuse(Refusal::OutOfRange));
        }
    }
}

/// Drafts that become a version.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardPublication {
    /// The drafts, each section once, as they were read; without them all that one wrote oneself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<Vec<CardDraftRead>>, min_items = 1, max_items = 13)]
    drafts: Option<List<CardDraftRead, 1, 13>>,
}

impl Check for CardPublication {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let drafts = self.drafts.iter().flat_map(|drafts| drafts.iter());
        let mut seen = BTreeSet::new();
        for (index, draft) in drafts.enumerate() {
            let at = at.key("drafts");
            draft.check(&at.index(index), found);
            if Section::named(&draft.section).is_some_and(|section| !seen.insert(section)) {
                found.push(at.index(index).refuse(Refusal::Repeated));
            }
        }
    }
}

impl CardPublication {
    /// The revision of each draft that was read.
    pub(super) fn read(&self) -> Option<BTreeMap<Section, i32>> {
        let each = |draft: &CardDraftRead| Some((Section::named(&draft.section)?, draft.revision));
        self.drafts.as_ref().map(|drafts| drafts.iter().filter_map(each).collect())
    }
}

/// That a card is still right.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardConfirming {
    /// On whose word.
    pub(super) said_by: SourceKind,
    /// By what means.
    pub(super) means: SourceMeans,
    /// Sections that were gone through; without them all that one writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = section_names)]
    pub(super) sections: Option<List<String, 1, 13>>,
}

impl Check for CardConfirming {}

/// Letter or code of a section.
fn section_name() -> Object {
    let names = Section::ALL.iter().flat_map(|section| [section.letter(), section.code()]);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names)).build()
}

/// Letters or codes of sections.
fn section_names() -> Array {
    ArrayBuilder::new().items(section_name()).min_items(Some(1)).max_items(Some(13)).unique_items(true).build()
}

/// The sections that these letters or words name.
///
/// # Errors
/// `invalid_input` for one that names none.
pub(super) fn sections(named: Option<List<String, 1, 13>>) -> Result<Option<BTreeSet<Section>>> {
    let Some(named) = named else { return Ok(None) };
    let unknown = |(index, text): (usize, &String)| {
        Section::named(text).is_none().then(|| Refusal::NotInList.at(format!("/sections/{index}")))
    };
    let wrong: Vec<FieldError> = named.iter().enumerate().filter_map(unknown).collect();
    if !wrong.is_empty() {
        return Err(Problem::invalid(wrong).into());
    }
    Ok(Some(named.iter().filter_map(|text| Section::named(text)).collect()))
}

/// The section that an address names.
///
/// # Errors
/// `not_found`.
pub(super) fn section(named: &str) -> Result<Section> {
    Section::named(named).ok_or_else(|| Code::NotFound.into())
}

/// What changed between two versions.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CardDifferenceList {
    /// By field in the order of the table; of lists one for each entry that came, went or changed.
    #[schema(max_items = 500)]
    pub(super) items: Vec<Difference>,
    /// Letters of the sections that whoever asks may not read: nothing is said of them.
    #[schema(max_items = 13)]
    pub(super) withheld: Vec<&'static str>,
}

/// That sections of a version were confirmed.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CardConfirmation {
    /// The version.
    version: u32,
    /// Letters of its sections.
    #[schema(max_items = 13)]
    sections: Vec<&'static str>,
    /// On whose word.
    said_by: String,
    /// By what means.
    means: String,
    /// By whom of the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    confirmed_by: Option<Uuid>,
    /// When.
    confirmed_at: DateTime<Utc>,
}

impl From<Confirmed> for CardConfirmation {
    fn from(one: Confirmed) -> Self {
        let sections = one.sections.into_iter().map(Section::letter).collect();
        let Confirmed { version, said_by, means, confirmed_by, confirmed_at, .. } = one;
        Self { version, sections, said_by, means, confirmed_by, confirmed_at }
    }
}

/// How complete and how fresh a card is.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CardCompleteness {
    /// The newest version; 0 where there is none.
    version: u32,
    /// The quick card: what a preview needs.
    quick: Progress,
    /// What a referral needs, the quick card included.
    referral: Progress,
    /// The rest, section by section.
    #[schema(max_items = 13)]
    sections: Vec<SectionProgress>,
    /// Nobody else's card here shows the same province, occupations and languages together: a preview could be traced
    /// back to her. It may be sent all the same.
    stands_out: bool,
    /// Who confirmed what, newest first.
    #[schema(max_items = 50)]
    confirmations: Vec<CardConfirmation>,
    /// Letters of the sections that whoever asks may not read.
    #[schema(max_items = 13)]
    withheld: Vec<&'static str>,
}

impl CardCompleteness {
    pub(super) fn of(found: Completeness, sight: &Sight) -> Self {
        let Completeness { version, quick, referral, sections, stands_out, confirmations } = found;
        let confirmations = confirmations.into_iter().map(CardConfirmation::from).collect();
        Self { version, quick, referral, sections, stands_out, confirmations, withheld: withheld(sight) }
    }

    /// For `ETag`.
    pub(super) fn version(&self) -> i32 {
        i32::try_from(self.version).unwrap_or(i32::MAX)
    }
}
