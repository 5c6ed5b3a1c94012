//! Versions of a card, where changed fields come from, and ids made for one recipient.

pub(super) mod completeness;
pub(super) mod differences;
pub(super) mod parts;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::card::{Card, CardField, CardGroups, Day, HeldSource, List, Refusal, TargetOccupations};
use staffetta_protocol::data::ReferralCard;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use self::parts::{SOURCES, fields};
use crate::error::{Error, Result};
use crate::grants::Destination;
use crate::vault::Vault;

/// A card as it is held.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// Its version; the first is 1.
    pub version: u32,
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
    /// The card.
    pub card: Card,
}

/// That a version was saved; not what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CardVersionEntry)]
pub struct Version {
    /// Its number; the first is 1.
    pub version: u32,
    /// When it was saved.
    pub saved_at: DateTime<Utc>,
    /// By whom of the staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub saved_by: Option<Uuid>,
}

/// Versions, newest first.
#[derive(Debug, Clone)]
pub struct Versions {
    /// The versions.
    pub items: Vec<Version>,
    /// More stand before this one.
    pub next_before: Option<u32>,
}

impl Versions {
    /// Versions in one answer, at most.
    pub const LARGEST: u32 = 200;
    /// Versions in one answer, unless said otherwise.
    pub const USUAL: u32 = 50;
}

/// What leaves of a card.
#[derive(Debug, Clone)]
pub struct Shown {
    /// The version here: for the log of disclosures.
    pub local_version: u32,
    /// The version as the recipient counts it: for the message.
    pub card_version: u32,
    /// The groups of the permit.
    pub groups: CardGroups,
}

/// What a card still needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CardGaps {
    /// Before a preview can be sent.
    pub preview: Vec<FieldError>,
    /// Before a referral can be sent.
    pub referral: Vec<FieldError>,
}

/// What a preview of the card shows together and could be recognised by: province, occupations and languages. Nothing
/// while the card does not say where she lives.
pub(super) fn shown_together(card: &Card) -> Option<String> {
    let province = card.province.as_ref()?;
    let mut occupations: Vec<String> = match &card.target_occupations {
        Some(TargetOccupations::Listed { items }) => {
            items.iter().map(|item| item.occupation.isco08().as_str().to_owned()).collect()
        }
        Some(TargetOccupations::Any {}) | None => Vec::new(),
    };
    let mut languages: Vec<&str> = card.interview_languages.iter().map(|entry| entry.language.as_str()).collect();
    occupations.sort_unstable();
    languages.sort_unstable();
    Some(format!("{}|{}|{}", province.as_str(), occupations.join(","), languages.join(",")))
}

/// The calendar day in Italy.
pub(super) fn today(now: DateTime<Utc>) -> Day {
    Day::new(crate::rules::calendar::local_day(now)).expect("the years of a node's clock are those of a card")
}

/// The id that stands for `id` towards one node: the same each time, another one elsewhere, not to be traced back.
pub(super) fn pairwise(vault: &Vault, id: Uuid, towards: &Destination) -> Uuid {
    let bytes = URL_SAFE_NO_PAD.decode(vault.pseudonym(id, towards)).unwrap_or_default();
    let bytes: [u8; 16] = bytes.try_into().expect("a pseudonym has 16 bytes");
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// On whose word something is written, when, by what means and by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Said {
    /// From whom or what.
    pub source: SourceKind,
    /// By what means.
    pub means: SourceMeans,
    /// When it was taken down.
    pub on: Day,
    /// By whom of the staff.
    pub operator: Option<Uuid>,
}

impl Said {
    /// By the operator, where nobody says more.
    pub fn by_operator(operator: Option<Uuid>, now: DateTime<Utc>) -> Self {
        Self { source: SourceKind::Operator, means: SourceMeans::Unknown, on: today(now), operator }
    }

    /// The source of a field.
    pub fn of(self, field: CardField) -> HeldSource {
        HeldSource { field, source: self.source, on: self.on, means: self.means, operator: self.operator }
    }
}

/// The card with a source for every field that changed: the one that the new card states for it, if it is another than
/// before, else as was `said`. Fields that are gone need none.
pub(super) fn with_sources(before: Option<&Card>, mut card: Card, said: Said) -> Result<Card> {
    let old = before.map(fields).transpose()?.unwrap_or_default();
    let start = fields(&Card::default())?;
    let new = fields(&card)?;
    let stated_before: &[HeldSource] = before.map_or(&[], |card| &card.sources);
    let mut sources: Vec<HeldSource> =
        card.sources.iter().filter(|source| stands(&new, source.field)).cloned().collect();
    for field in CardField::all().filter(|field| field.name() != SOURCES) {
        let (was, is) = (old.get(field.name()).or(start.get(field.name())), new.get(field.name()));
        let stated = sources.iter().position(|source| source.field == field);
        let renewed = stated.is_some_and(|at| !stated_before.contains(&sources[at]));
        if was == is && is.is_some() && stated.is_none() {
            // Nothing new was said of it: who said it last stays.
            sources.extend(stated_before.iter().find(|source| source.field == field).cloned());
        }
        if was == is || is.is_none() || renewed {
            continue;
        }
        match stated {
            Some(at) => sources[at] = said.of(field),
            None => sources.push(said.of(field)),
        }
    }
    card.sources = List::new(sources).map_err(|refusal: Refusal| Problem::invalid(vec![refusal.at("/sources")]))?;
    Ok(card)
}

/// The card with these sources in place of those that it has for the same fields.
pub(super) fn with_stated(mut card: Card, stated: &[HeldSource]) -> Result<Card> {
    let new = fields(&card)?;
    let other = |source: &&HeldSource| stated.iter().all(|one| one.field != source.field);
    let mut sources: Vec<HeldSource> = card.sources.iter().filter(other).cloned().collect();
    sources.extend(stated.iter().filter(|source| stands(&new, source.field)).cloned());
    card.sources = List::new(sources).map_err(|refusal: Refusal| Problem::invalid(vec![refusal.at("/sources")]))?;
    Ok(card)
}

/// Whether the card says something in this field; of one that is a part of entries, that its section can be written.
fn stands(fields: &parts::Fields, field: CardField) -> bool {
    let held = staffetta_protocol::card::rows(field.name()).any(|row| row.held);
    !held || fields.contains_key(field.name())
}

/// The card inside a referral, from the groups of a permit.
///
/// # Errors
/// `invalid_input` when one of the two groups that every referral has is not among them.
pub fn for_referral(groups: CardGroups) -> Result<ReferralCard> {
    let missing = |group| Error::from(Problem::invalid(vec![Refusal::Required.at(group)]));
    Ok(ReferralCard {
        preview: groups.preview.ok_or_else(|| missing("/preview"))?,
        identity: groups.identity.ok_or_else(|| missing("/identity"))?,
        status: groups.status,
        skills_full: groups.skills_full,
        needs: groups.needs,
    })
}

/// The groups that a referral brought.
pub fn from_referral(card: ReferralCard) -> CardGroups {
    CardGroups {
        preview: Some(card.preview),
        identity: Some(card.identity),
        status: card.status,
        skills_full: card.skills_full,
        needs: card.needs,
        ..CardGroups::default()
    }
}
