//! A skills assessment (*bilancio delle competenze*): its phases, what is found in them, its states and its signature.

mod codes;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::codes::{Pile, ProposedBy, SkillLevel, SkillSource, SourceKind, SourceMeans};
use staffetta_protocol::card::{At, Check, Day, List, Prose, Refusal, Skill, SkillName, Text, ValidationPath};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cards::Said;
use crate::documents::DocumentId;
use crate::people::PersonId;
use crate::people::guardians::Spoke;
use crate::vault::Subject;

pub use codes::{Event, Method, Phase, SignatureMethod, Signer, State};

/// The id of an assessment at this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
pub struct AssessmentId(pub Uuid);

impl fmt::Display for AssessmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

/// A skill as the assessment found it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AssessmentFinding)]
pub struct Finding {
    /// What it is proposed for the card by; given by the node where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<Uuid>,
    /// In which phase it was found.
    pub phase: Phase,
    /// What it is.
    pub skill: SkillName,
    /// How well it is mastered.
    pub level: SkillLevel,
    /// How it is known.
    pub source: SkillSource,
    /// The pile that is proposed.
    pub pile: Pile,
    /// The document that shows it: one of hers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub evidence_ref: Option<DocumentId>,
    /// What else is to be remembered. It stays here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Prose<1000>>,
}

impl Finding {
    /// As the card has it: proposed, and not confirmed by anybody.
    pub(super) fn skill(&self) -> Skill {
        Skill {
            skill: self.skill.clone(),
            level: self.level,
            source: self.source,
            validation_path: ValidationPath { value: self.pile, proposed_by: ProposedBy::Operator, confirmed_by: None },
            evidence_ref: self.evidence_ref.map(|document| document.0),
            target_qualification: None,
        }
    }
}

/// What is written in an assessment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AssessmentWork)]
pub struct Work {
    /// How it is made.
    pub method: Method,
    /// What was found.
    #[serde(default)]
    #[schema(value_type = Vec<Finding>, max_items = 60)]
    pub findings: List<Finding, 0, 60>,
    /// The summary that the person is to sign, in her words as far as possible.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub summary: Option<Prose<4000>>,
}

impl Work {
    /// With an id for every finding.
    pub(super) fn numbered(mut self) -> Self {
        let mut findings = self.findings.into_vec();
        for finding in &mut findings {
            finding.id.get_or_insert_with(Uuid::new_v4);
        }
        self.findings = List::new(findings).unwrap_or_default();
        self
    }
}

impl Check for Work {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let list = at.key("findings");
        for (index, finding) in self.findings.iter().enumerate() {
            let earlier = &self.findings[..index];
            if finding.id.is_some() && earlier.iter().any(|other| other.id == finding.id) {
                found.push(list.index(index).key("id").refuse(Refusal::Repeated));
            }
            if earlier.iter().any(|other| other.skill == finding.skill) {
                found.push(list.index(index).key("skill").refuse(Refusal::Repeated));
            }
        }
    }
}

/// A phase as it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AssessmentPhaseBegun)]
pub struct PhaseBegun {
    /// Which.
    pub phase: Phase,
    /// On which day.
    pub on: Day,
    /// Who of the staff conducts it; the caller if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub conducted_by: Option<Uuid>,
}

impl Check for PhaseBegun {}

/// How the person signed the summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AssessmentSignature)]
pub struct Signature {
    /// Who signed.
    pub by: Signer,
    /// The guardian, where one signed: needed then, by the id under which this node has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub guardian: Option<Uuid>,
    /// By what it can be shown.
    pub method: SignatureMethod,
    /// On which day.
    pub signed_on: Day,
    /// The signed sheet, a document of hers. Needed for a signature or mark on paper.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub document: Option<DocumentId>,
    /// The second adult of what was spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub second_adult: Option<Text<120>>,
    /// Whether the summary was read aloud.
    #[serde(default)]
    pub read_aloud: bool,
    /// Who mediated, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub mediator_label: Option<Text<120>>,
}

impl Check for Signature {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let needed = match self.method {
            SignatureMethod::Signature | SignatureMethod::Mark => self.document.is_none().then_some("document"),
            SignatureMethod::SpokenWithSecondAdult => {
                let another = self.second_adult.is_some() || self.mediator_label.is_some();
                (!another).then_some("second_adult")
            }
            SignatureMethod::Pin => None,
        };
        found.extend(needed.map(|name| at.key(name).refuse(Refusal::Required)));
        if self.by == Signer::Person && self.guardian.is_some() {
            found.push(at.key("guardian").refuse(Refusal::Inconsistent));
        }
    }
}

impl Signature {
    /// Who signed, to be judged.
    pub(super) const fn spoke(&self) -> Spoke {
        match self.by {
            Signer::Person => Spoke::Person,
            Signer::Guardian => Spoke::Guardian(self.guardian),
        }
    }

    /// On whose word the summary stands in the card.
    pub(super) fn said(&self, operator: Option<Uuid>) -> Said {
        let source = match self.by {
            Signer::Person => SourceKind::Person,
            Signer::Guardian => SourceKind::Guardian,
        };
        let means = match self.method {
            SignatureMethod::Signature | SignatureMethod::Mark | SignatureMethod::Pin => SourceMeans::Written,
            SignatureMethod::SpokenWithSecondAdult => SourceMeans::Interview,
        };
        Said { source, means, on: self.signed_on, operator }
    }
}

/// That a summary was signed.
#[derive(Debug, Clone, PartialEq)]
pub struct Signed {
    /// How.
    pub signature: Signature,
    /// Of the text, byte for byte as it was signed.
    pub sha256: Digest,
    /// When it was entered.
    pub at: DateTime<Utc>,
}

/// An assessment as it is held.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Its id.
    pub id: AssessmentId,
    /// Whose it is.
    pub person: PersonId,
    /// Whose key seals it.
    pub subject: Subject,
    /// Where it stands.
    pub state: State,
    /// What is written.
    pub work: Work,
    /// The phases that have begun, in their order.
    pub phases: Vec<PhaseBegun>,
    /// That it was signed.
    pub signed: Option<Signed>,
    /// The one that was signed later.
    pub superseded_by: Option<AssessmentId>,
    /// For `If-Match`.
    pub version: i32,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// By whom of the staff.
    pub created_by: Option<Uuid>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

impl Assessment {
    /// With this phase begun, seen from `today`.
    ///
    /// # Errors
    /// `illegal_transition`; `invalid_input` for a day that lies ahead, or before the phase before.
    pub(super) fn begin(&self, phase: PhaseBegun, today: Day) -> Result<Self, Problem> {
        let state = self.state.after(phase.phase.begins())?;
        let earliest = self.phases.last().map(|before| before.on);
        if phase.on > today || earliest.is_some_and(|earliest| phase.on < earliest) {
            return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/on")]));
        }
        let phases = self.phases.iter().cloned().chain([phase]).collect();
        Ok(Self { state, phases, ..self.clone() })
    }

    /// With this written.
    ///
    /// # Errors
    /// `illegal_transition` for one that was signed.
    pub(super) fn change(&self, work: Work) -> Result<Self, Problem> {
        Ok(Self { state: self.state.after(Event::Change)?, work: work.numbered(), ..self.clone() })
    }

    /// With its summary signed, seen from `now`.
    ///
    /// # Errors
    /// `illegal_transition`; `invalid_input` where there is no summary, and for a day that lies ahead or before the
    /// synthesis.
    pub(super) fn sign(&self, signature: Signature, now: DateTime<Utc>, today: Day) -> Result<Self, Problem> {
        let state = self.state.after(Event::Sign)?;
        let summary =
            self.work.summary.as_ref().ok_or_else(|| Problem::invalid(vec![Refusal::Required.at("/summary")]))?;
        let earliest = self.phases.last().map(|synthesis| synthesis.on);
        if signature.signed_on > today || earliest.is_some_and(|earliest| signature.signed_on < earliest) {
            return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/signed_on")]));
        }
        let signed = Signed { sha256: Digest::of(summary.as_str()), signature, at: now };
        Ok(Self { state, signed: Some(signed), ..self.clone() })
    }
}
