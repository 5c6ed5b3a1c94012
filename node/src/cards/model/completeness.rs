//! How far a card is filled in: the quick card first, then what a referral adds, then the rest, section by section; and
//! what has stood there for so long that somebody should ask again.

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;
use staffetta_protocol::card::{Card, Section};
use staffetta_protocol::problem::FieldError;
use utoipa::ToSchema;

use super::parts::{Fields, fields, members};
use crate::error::Result;

/// After this time what a section says is to be confirmed.
const CONFIRM_AFTER: TimeDelta = TimeDelta::days(180);

/// Answers of the quick card that a preview cannot do without.
const QUICK: usize = 8;
/// What a referral asks for beside them: given name, tax code or birth, municipality.
const REFERRAL: usize = 3;

/// How far something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CardProgress)]
pub struct Progress {
    /// Of a hundred.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: u32,
    /// What lacks.
    #[schema(max_items = 20)]
    pub missing: Vec<FieldError>,
}

/// How far a section is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = CardSectionProgress)]
pub struct SectionProgress {
    /// Its letter.
    pub section: &'static str,
    /// What it is about, in Italian.
    pub label_it: &'static str,
    /// Of a hundred.
    #[schema(minimum = 0, maximum = 100)]
    pub percent: u32,
    /// Fields that nobody has filled in.
    #[schema(max_items = 40)]
    pub missing: Vec<&'static str>,
    /// It has said the same for over 180 days, and nobody has confirmed it.
    pub to_be_confirmed: bool,
}

/// When a section was last looked at with the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cards) struct Looked {
    /// The section.
    pub(in crate::cards) section: Section,
    /// When it last changed or was confirmed.
    pub(in crate::cards) at: DateTime<Utc>,
}

fn percent(there: usize, of: usize) -> u32 {
    u32::try_from(there * 100 / of.max(1)).unwrap_or(100)
}

/// The quick card.
pub(in crate::cards) fn quick(card: &Card) -> Progress {
    let missing = card.missing_for_preview();
    Progress { percent: percent(QUICK.saturating_sub(missing.len()), QUICK), missing }
}

/// The quick card and what a referral adds.
pub(in crate::cards) fn referral(card: &Card) -> Progress {
    let missing = card.missing_for_referral();
    let of = QUICK + REFERRAL;
    Progress { percent: percent(of.saturating_sub(missing.len()), of), missing }
}

/// Somebody filled the field in: it says something else than a new card does, and not that nobody asked; or somebody
/// said just that.
fn filled(name: &str, card: &Card, now: &Fields, start: &Fields) -> bool {
    let said = card.sources.iter().any(|source| source.field.name() == name);
    now.get(name).is_some_and(|value| said || (Some(value) != start.get(name) && value != "not_asked"))
}

/// Each section that `reads` names. `looked` says when; a section that is not in it, at `saved_at`.
pub(in crate::cards) fn sections(
    card: &Card,
    reads: impl Fn(Section) -> bool,
    looked: &[Looked],
    saved_at: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Vec<SectionProgress>> {
    let (told, start) = (fields(card)?, fields(&Card::default())?);
    let progress = |section: Section| {
        let all: Vec<_> = members(section).collect();
        let missing: Vec<_> = all.iter().copied().filter(|name| !filled(name, card, &told, &start)).collect();
        let there = all.len() - missing.len();
        let last = looked.iter().filter(|one| one.section == section).map(|one| one.at).max().unwrap_or(saved_at);
        SectionProgress {
            section: section.letter(),
            label_it: section.label_it(),
            percent: percent(there, all.len()),
            missing,
            to_be_confirmed: there > 0 && now - last > CONFIRM_AFTER,
        }
    };
    Ok(Section::ALL.iter().copied().filter(|section| reads(*section)).map(progress).collect())
}
