//! Versions of a card, where changed fields come from, and ids made for one recipient.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::card::{Card, CardField, CardGroups, Day, HeldSource, List, Refusal};
use staffetta_protocol::data::ReferralCard;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

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

/// The card with a source for every field that changed: the one that the new card states for it, if it is another than
/// before, else the operator, today. Fields that are gone need none.
pub(super) fn with_sources(before: Option<&Card>, mut card: Card, on: Day, operator: Option<Uuid>) -> Result<Card> {
    let old = before.map(fields).transpose()?.unwrap_or_default();
    let start = fields(&Card::default())?;
    let new = fields(&card)?;
    let stated_before: &[HeldSource] = before.map_or(&[], |card| &card.sources);
    let mut sources: Vec<HeldSource> =
        card.sources.iter().filter(|source| new.contains_key(source.field.name())).cloned().collect();
    for field in CardField::all().filter(|field| field.name() != "sources") {
        let (was, is) = (old.get(field.name()).or(start.get(field.name())), new.get(field.name()));
        let stated = sources.iter().position(|source| source.field == field);
        let renewed = stated.is_some_and(|at| !stated_before.contains(&sources[at]));
        if was == is || is.is_none() || renewed {
            continue;
        }
        let means = SourceMeans::Unknown;
        let source = HeldSource { field, source: SourceKind::Operator, on, means, operator };
        match stated {
            Some(at) => sources[at] = source,
            None => sources.push(source),
        }
    }
    card.sources = List::new(sources).map_err(|refusal: Refusal| Problem::invalid(vec![refusal.at("/sources")]))?;
    Ok(card)
}

fn fields(card: &Card) -> Result<Map<String, Value>> {
    match serde_json::to_value(card).map_err(Error::internal)? {
        Value::Object(fields) => Ok(fields),
        _ => Err(Error::internal("a card is an object")),
    }
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
