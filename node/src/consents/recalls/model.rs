//! A recall by letter: what was asked of the office, and what it said.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use staffetta_protocol::card::dates::instant;
use staffetta_protocol::card::{At, Check, List, Prose, Refusal, Text};
use staffetta_protocol::consent::Group;
use staffetta_protocol::data::GroupAnswer;
use staffetta_protocol::id::RecordId;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::people::PersonId;
use crate::vault::Subject;

/// How something on paper went, or how its answer came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LetterChannel {
    /// By post, or handed over as paper.
    Paper,
    /// By certified mail.
    Pec,
    /// By telephone.
    Phone,
    /// Face to face.
    InPerson,
}

impl LetterChannel {
    const ALL: [Self; 4] = [Self::Paper, Self::Pec, Self::Phone, Self::InPerson];

    /// As it stands in the database and in answers.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Pec => "pec",
            Self::Phone => "phone",
            Self::InPerson => "in_person",
        }
    }

    /// The inverse of [`Self::code`].
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }
}

/// That the letter went out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallSending {
    /// How.
    pub channel: LetterChannel,
    /// When, if not now.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<DateTime<Utc>>,
}

impl Check for RecallSending {}

/// What the office said, by whatever way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecallAnswer {
    /// How the answer came.
    pub channel: LetterChannel,
    /// Who at the office said so, in words; kept sealed.
    pub said_by: Text<120>,
    /// When, if not now.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub at: Option<DateTime<Utc>>,
    /// One answer for each group that the office has.
    #[schema(value_type = Vec<GroupAnswer>, min_items = 1, max_items = 12)]
    pub groups: List<GroupAnswer, 1, 12>,
    /// What else is to be remembered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub note: Option<Prose<1000>>,
}

impl Check for RecallAnswer {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let list = at.key("groups");
        for (index, answer) in self.groups.iter().enumerate() {
            answer.check(&list.index(index), found);
            if self.groups[..index].iter().any(|earlier| earlier.group == answer.group) {
                found.push(list.index(index).refuse(Refusal::Repeated));
            }
        }
    }
}

impl RecallAnswer {
    /// Every group that the office has, and no other.
    pub(super) fn check_against(&self, asked: &BTreeSet<Group>, found: &mut Vec<FieldError>) {
        let list = At::Root;
        let list = list.key("groups");
        let answered: BTreeSet<Group> = self.groups.iter().map(|answer| answer.group).collect();
        if !asked.is_subset(&answered) {
            found.push(list.refuse(Refusal::Required));
        }
        for (index, answer) in self.groups.iter().enumerate() {
            if !asked.contains(&answer.group) {
                found.push(list.index(index).refuse(Refusal::NotInList));
            }
        }
    }
}

/// A recall by letter.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperRecall {
    /// Its id, and that of its line in the log of disclosures.
    pub id: Uuid,
    /// Whose data.
    pub person: PersonId,
    /// Whose key.
    pub subject: Subject,
    /// The office, in the address book.
    pub office: Uuid,
    /// As the letter is addressed.
    pub organisation: String,
    /// The conversation on paper.
    pub thread: Uuid,
    /// The consent that was taken back; absent where the referral itself was.
    pub record: Option<(RecordId, u32)>,
    /// What the office has.
    pub groups: BTreeSet<Group>,
    /// When it was taken back.
    pub opened_at: DateTime<Utc>,
    /// When the answer is due.
    pub due_at: DateTime<Utc>,
    /// When and how the letter went out.
    pub sent: Option<(DateTime<Utc>, LetterChannel)>,
    /// When the office answered.
    pub answered_at: Option<DateTime<Utc>>,
    /// What it answered; not in a list, and not once her key is gone.
    pub answer: Option<RecallAnswer>,
}

/// The instant that somebody names: not before what it follows, and not in the future.
///
/// # Errors
/// `invalid_input`.
pub(crate) fn when(
    named: Option<DateTime<Utc>>,
    after: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<DateTime<Utc>, Problem> {
    let at = named.unwrap_or(now);
    // An instant is named by the second, and what it follows may have happened within that second.
    let early = at.timestamp() < after.timestamp();
    if early || at > now {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/at")]));
    }
    Ok(at)
}

/// A group as the letter names it.
pub(super) const fn in_words(group: Group) -> &'static str {
    match group {
        Group::Preview => "profilo (anteprima)",
        Group::Identity => "dati anagrafici",
        Group::Status => "residenza e condizione lavorativa",
        Group::SkillsFull => "lingue, istruzione, lavoro e competenze",
        Group::Needs => "bisogni e prossimi passi",
        Group::Contact => "recapiti",
        Group::Documents => "elenco dei documenti",
        Group::Adjustments => "adattamenti del posto di lavoro",
        Group::Host => "profilo per l'azienda",
        Group::Training => "profilo per il corso",
        Group::Pfi => "progetto formativo individuale",
        Group::Formalities => "dati per le pratiche",
    }
}

/// Whether a recipient may keep the group on a basis of its own.
pub(super) const fn may_be_kept(group: Group) -> bool {
    !matches!(group, Group::Preview | Group::Needs | Group::Adjustments)
}
