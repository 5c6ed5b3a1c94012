//! The quick card: one page, ten minutes, all that a preview needs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::ask::CardField;
use super::codes::{
    Cefr, InterpreterMode, Known, Pile, PreviewWorkAuthorised, ProposedBy, SkillLevel, SkillSource, SourceKind,
    SourceMeans, WorkAuthorised,
};
use super::dates::Day;
use super::list::List;
use super::province::Province;
use super::refusal::{At, Check};
use super::skills::{LanguageSkill, Proficiency, Skill, SkillName, ValidationPath};
use super::source::HeldSource;
use super::standard::{InterviewLanguage, LanguageCode};
use super::table::Card;
use super::wishes::{InterpreterNeed, TargetOccupations};
use crate::problem::FieldError;

/// A skill on the quick card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuickSkill {
    /// What it is.
    pub skill: SkillName,
    /// The pile that the operator proposes.
    #[serde(default)]
    pub pile: Pile,
    /// How it is known.
    pub source: SkillSource,
}

impl Check for QuickSkill {}

/// The answers of the quick card.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuickCard {
    /// The language of the interview.
    pub interview_language: InterviewLanguage,
    /// Whether an interpreter is needed.
    pub interpreter: bool,
    /// The province, if not that of the centre.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub province: Option<Province>,
    /// The right to work.
    pub right_to_work: PreviewWorkAuthorised,
    /// Italian, one level for all abilities.
    pub italian: Cefr,
    /// One to three occupations, or any.
    pub target_occupations: TargetOccupations,
    /// One to five skills.
    #[schema(value_type = Vec<QuickSkill>, min_items = 1, max_items = 5)]
    pub skills: List<QuickSkill, 1, 5>,
    /// First day on which she can start, if not today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub available_from: Option<Day>,
    /// Whether the recipient already follows her, as she says.
    #[serde(default)]
    pub known_at_recipient: Known,
}

impl Check for QuickCard {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        self.target_occupations.check(&at.key("target_occupations"), found);
        self.skills.check(&at.key("skills"), found);
    }
}

/// What the node knows without asking.
#[derive(Debug, Clone)]
pub struct QuickDefaults {
    /// The province of the centre.
    pub province: Province,
    /// Today.
    pub today: Day,
    /// Who fills the card in.
    pub operator: Option<Uuid>,
}

impl QuickCard {
    /// The card that the answers make, with the defaults of everything that was not asked and the source of what was.
    #[must_use]
    pub fn into_card(self, defaults: &QuickDefaults) -> Card {
        let language = self.interview_language.language.clone();
        let asked = [
            ("interview_languages", true),
            ("needs_interpreter", true),
            ("province", self.province.is_some()),
            ("work_authorised", true),
            ("language_skills", true),
            ("target_occupations", true),
            ("skills", true),
            ("availability_from", self.available_from.is_some()),
            ("known_at_recipient", self.known_at_recipient != Known::Unknown),
        ];
        let source = |field| HeldSource {
            field,
            source: SourceKind::Person,
            on: defaults.today,
            means: SourceMeans::Interview,
            operator: defaults.operator,
        };
        let sources = asked.iter().filter(|(_, said)| *said).filter_map(|(name, _)| CardField::named(name)).map(source);
        Card {
            interview_languages: few(vec![self.interview_language]),
            needs_interpreter: Some(InterpreterNeed {
                needed: self.interpreter,
                language: self.interpreter.then_some(language),
                mode: InterpreterMode::NotAsked,
            }),
            province: Some(self.province.unwrap_or_else(|| defaults.province.clone())),
            work_authorised: match self.right_to_work {
                PreviewWorkAuthorised::Yes => WorkAuthorised::Yes,
                PreviewWorkAuthorised::ToCheck => WorkAuthorised::ToCheck,
            },
            language_skills: few(vec![LanguageSkill {
                language: LanguageCode::italian(),
                offered_for_work: true,
                proficiency: Proficiency::Overall { level: self.italian },
            }]),
            target_occupations: Some(self.target_occupations),
            skills: few(self.skills.into_vec().into_iter().map(QuickSkill::into_skill).collect()),
            availability_from: Some(self.available_from.unwrap_or(defaults.today)),
            known_at_recipient: self.known_at_recipient,
            sources: few(sources.collect()),
            ..Card::default()
        }
    }
}

impl QuickSkill {
    fn into_skill(self) -> Skill {
        Skill {
            skill: self.skill,
            level: SkillLevel::NotAsked,
            source: self.source,
            validation_path: ValidationPath { value: self.pile, proposed_by: ProposedBy::Operator, confirmed_by: None },
            evidence_ref: None,
            target_qualification: None,
        }
    }
}

fn few<T, const MAX: usize>(items: Vec<T>) -> List<T, 0, MAX> {
    List::new(items).expect("the quick card asks for fewer than the card holds")
}
