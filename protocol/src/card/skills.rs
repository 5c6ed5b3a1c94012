//! Sections D and G: languages, skills and the two piles.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::codes::{Cefr, ConfirmedBy, DigitalArea, Pile, ProposedBy, SkillLevel, SkillSource};
use super::dates::{Day, PartialDate};
use super::list::Whole;
use super::refusal::Check;
use super::shape::tagged;
use super::standard::{EscoSkill, IscoGroup, LanguageCode};
use super::text::{Prose, Text};

tagged! {
    /// How well a language is mastered (CEFR).
    Proficiency {
        /// One level for all abilities.
        Overall = "overall" {
            /// The level.
            level: Cefr,
        }
        /// A level for each.
        ByAbility = "by_ability" {
            /// Understanding speech.
            listening: Cefr,
            /// Understanding writing.
            reading: Cefr,
            /// Conversation.
            interaction: Cefr,
            /// Speaking.
            production: Cefr,
            /// Writing.
            writing: Cefr,
        }
    }
}

impl Check for Proficiency {}

/// A language that the person knows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageSkill {
    /// ISO 639-3.
    pub language: LanguageCode,
    /// Whether she offers it for work. Other languages tell of origin and stay out of a preview.
    #[serde(default)]
    pub offered_for_work: bool,
    /// How well.
    pub proficiency: Proficiency,
}

impl Check for LanguageSkill {}

/// A language as a preview tells it: Italian, or one that the person offers for work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewLanguage {
    /// ISO 639-3.
    pub language: LanguageCode,
    /// How well.
    pub proficiency: Proficiency,
}

impl Check for PreviewLanguage {}

impl LanguageSkill {
    /// The preview part, if there is one.
    pub(super) fn previewed(&self) -> Option<PreviewLanguage> {
        (self.offered_for_work || self.language == LanguageCode::italian())
            .then(|| PreviewLanguage { language: self.language.clone(), proficiency: self.proficiency.clone() })
    }
}

/// A language certificate (CILS, CELI, PLIDA, CPIA and the like).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LanguageCertificate {
    /// ISO 639-3.
    pub language: LanguageCode,
    /// As printed on it.
    pub title: Text<200>,
    /// Who issued it.
    pub body: Text<200>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub date: Option<PartialDate>,
    /// The level it certifies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub level: Option<Cefr>,
}

impl Check for LanguageCertificate {}

/// The Italian course attended now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItalianCourse {
    /// Who runs it.
    pub provider: Text<200>,
    /// Hours in all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub hours: Option<Whole<1, 2000>>,
}

impl Check for ItalianCourse {}

/// The pile of a skill. The operator proposes; a job centre or a certifying body confirms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ValidationPath {
    /// The pile.
    pub value: Pile,
    /// Who proposed it.
    pub proposed_by: ProposedBy,
    /// Who confirmed it, if anybody did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub confirmed_by: Option<ConfirmedBy>,
}

tagged! {
    /// What a skill is.
    SkillName {
        /// An entry of ESCO.
        Esco = "esco" {
            /// Its URI.
            uri: EscoSkill,
        }
        /// In the person's words.
        Free = "free" {
            /// The words.
            text: Text<200>,
            /// The occupational group that stands for it where only codes may cross.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            #[schema(nullable = false)]
            isco08: Option<IscoGroup>,
        }
    }
}

tagged! {
    /// What a skill is, in codes only.
    SkillCode {
        /// An entry of ESCO.
        Esco = "esco" {
            /// Its URI.
            uri: EscoSkill,
        }
        /// The occupational group of a skill that has no code.
        IscoGroup = "isco_group" {
            /// Four digits, else two.
            isco08: super::standard::IscoGroup,
        }
    }
}

/// The qualification that a skill leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetQualification {
    /// Its title.
    pub title: Text<200>,
    /// Its code in the Atlante del lavoro or in the QNQR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub code: Option<Text<50>>,
    /// Level of the European Qualifications Framework.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub eqf: Option<Whole<1, 8>>,
}

/// A skill in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// What it is.
    pub skill: SkillName,
    /// How well it is mastered.
    pub level: SkillLevel,
    /// How it is known.
    pub source: SkillSource,
    /// Its pile.
    pub validation_path: ValidationPath,
    /// The evidence for it; on the wire an id made for the recipient.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub evidence_ref: Option<Uuid>,
    /// The qualification aimed at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub target_qualification: Option<TargetQualification>,
}

impl Check for Skill {}

/// A skill as a preview tells it: a code and a pile, no words and no evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewSkill {
    /// What it is.
    pub skill: SkillCode,
    /// How well it is mastered.
    pub level: SkillLevel,
    /// How it is known.
    pub source: SkillSource,
    /// Its pile.
    pub validation_path: ValidationPath,
}

impl Check for PreviewSkill {}

impl Skill {
    /// The preview part; nothing for a skill that has no code and no group, which is only counted.
    pub(super) fn previewed(&self) -> Option<PreviewSkill> {
        let skill = match &self.skill {
            SkillName::Esco { uri } => SkillCode::Esco { uri: uri.clone() },
            SkillName::Free { isco08: Some(group), .. } => SkillCode::IscoGroup { isco08: group.clone() },
            SkillName::Free { isco08: None, .. } => return None,
        };
        Some(PreviewSkill { skill, level: self.level, source: self.source, validation_path: self.validation_path })
    }

    /// The full part, with the evidence renamed for the recipient.
    pub(super) fn disclosed(&self, pairwise: &dyn Fn(Uuid) -> Uuid) -> Self {
        Self { evidence_ref: self.evidence_ref.map(pairwise), ..self.clone() }
    }
}

/// The summary of the *bilancio delle competenze*, which the person signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BilancioSummary {
    /// The summary.
    pub text: Prose<4000>,
    /// When the person signed it.
    pub signed_on: Day,
}

impl Check for BilancioSummary {}

/// Proficiency in an area of DigComp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DigitalSkill {
    /// The area.
    pub area: DigitalArea,
    /// Level 1 to 8.
    pub level: Whole<1, 8>,
}

impl Check for DigitalSkill {}
