//! Sections A, C, K and L: what formal acts demand, what offices write, adjustments, and papers by what they are.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::codes::{AdjustmentKind, AgeBand, DocumentHolder, DocumentType, GolPath, PattoState, YesNo};
use super::country::Country;
use super::dates::{BirthDate, Day, PartialDate};
use super::refusal::{At, Check, Refusal};
use super::shape::{shape, tagged};
use super::standard::Comune;
use super::table::Card;
use super::text::Text;
use crate::digest::Digest;
use crate::problem::FieldError;

/// The code of a stateless person (ICAO 9303), which ISO 3166-1 does not have.
const STATELESS: &str = "XXA";

shape! {
    /// A citizenship: a country by its alpha-3 code (ISO 3166-1), or `XXA`, stateless (ICAO 9303).
    Citizenship, "^[A-Z]{3}$", |code| {
        if code == STATELESS { Ok(()) } else { Country::new(code).map(|_| ()) }
    }
}

shape! {
    /// A municipality or a foreign state by its cadastral code (*codice catastale*, Belfiore). Only its shape is checked.
    Cadastral, "^[A-Z][0-9]{3}$", |code| {
        let bytes = code.as_bytes();
        let fits = bytes.len() == 4 && bytes[0].is_ascii_uppercase() && bytes[1..].iter().all(u8::is_ascii_digit);
        if fits { Ok(()) } else { Err(Refusal::WrongShape) }
    }
}

tagged! {
    /// Where somebody was born.
    BirthPlace {
        /// In an Italian municipality.
        InItaly = "comune" {
            /// ISTAT, 6 digits.
            comune: Comune,
        }
        /// In a municipality or state by its cadastral code.
        ByCode = "cadastral" {
            /// The code.
            code: Cadastral,
        }
        /// In another country.
        Abroad = "abroad" {
            /// Which, ISO 3166-1.
            country: Country,
            /// The town, as her papers spell it.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            town: Option<Text<100>>,
        }
        /// She was asked, and it is not known.
        Unknown = "unknown" {}
    }
}

impl Check for BirthPlace {}

/// The service agreement with the job centre, as the centre wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Patto {
    /// Its state.
    pub state: PattoState,
    /// When it was signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub date: Option<Day>,
    /// The path of GOL that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub gol_path: Option<GolPath>,
}

impl Check for Patto {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.state != PattoState::Signed && (self.date.is_some() || self.gol_path.is_some()) {
            found.push(at.key("state").refuse(Refusal::Inconsistent));
        }
    }
}

/// What a social service asserted, without its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asserted {
    /// What it said.
    pub value: YesNo,
    /// Which service.
    pub asserted_by: Text<200>,
    /// When.
    pub on: Day,
}

impl Check for Asserted {}

/// What a workplace must allow for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// What.
    pub kind: AdjustmentKind,
    /// How much or which, in a few words: *fino a 15 kg*. Never why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text: Option<Text<120>>,
}

impl Check for Adjustment {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.kind == AdjustmentKind::Other && self.text.is_none() {
            found.push(at.key("text").refuse(Refusal::Required));
        }
    }
}

/// A document by what it is; the document itself does not travel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentEntry {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: DocumentType,
    /// When it was issued.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub issued: Option<PartialDate>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub expires: Option<Day>,
    /// Digest of the file, where there is one: two copies can be compared without showing either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub sha256: Option<Digest>,
    /// Who keeps the original.
    #[serde(default)]
    pub held_by: DocumentHolder,
}

impl Check for DocumentEntry {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let expires = self.expires.and_then(|day| PartialDate::parse(&day.to_string()).ok());
        if let (Some(issued), Some(expires)) = (self.issued, expires)
            && !issued.may_precede(expires)
        {
            found.push(at.key("expires").refuse(Refusal::Inconsistent));
        }
    }
}

impl BirthDate {
    /// Whole years on `day`, of which she is sure to have as many: of a year alone its last day counts.
    #[must_use]
    pub fn years_on(self, day: Day) -> u32 {
        self.value.surely_years_until(day)
    }
}

impl Card {
    /// Her age in the bands that are counted.
    #[must_use]
    pub fn age_band(&self, on: Day) -> AgeBand {
        match self.birth_date.map(|birth| birth.years_on(on)) {
            None | Some(..16) => AgeBand::Unknown,
            Some(16..18) => AgeBand::From16,
            Some(18..25) => AgeBand::From18,
            Some(25..30) => AgeBand::From25,
            Some(30..41) => AgeBand::From30,
            Some(41..55) => AgeBand::From41,
            Some(55..) => AgeBand::From55,
        }
    }
}
