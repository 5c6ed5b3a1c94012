//! What somebody does in a case, and what that lets her see: one table.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::{Check, Section};
use utoipa::ToSchema;

macro_rules! functions {
    ($($(#[$doc:meta])* $name:ident = $code:literal, reads [$($read:ident)*], writes [$($write:ident)*], notes $notes:literal;)+) => {
        /// What somebody does in a case. One may have several.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum Function { $($(#[$doc])* $name,)+ }

        impl Function {
            /// Every function.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As it stands in the database and on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }

            /// The row of the table: what it lets see and change.
            pub const fn tells(self) -> Tells {
                match self {
                    $(Self::$name => Tells {
                        reads: &[$(Section::$read),*],
                        writes: &[$(Section::$write),*],
                        counselling_notes: $notes,
                    },)+
                }
            }
        }
    };
}

/// What a function lets see and change.
#[derive(Debug, Clone, Copy)]
pub struct Tells {
    /// Sections of the card that it reads.
    pub reads: &'static [Section],
    /// Sections of the card that it changes.
    pub writes: &'static [Section],
    /// Whether it reads and writes counselling notes.
    pub counselling_notes: bool,
}

functions! {
    /// Accompanies the person; holds the whole card.
    CaseOperator = "case_operator", reads [A B C D E F G H I J K L M], writes [A B C D E F G H I J K L M], notes false;
    /// Counsels her; the only function that reads counselling notes.
    Psychologist = "psychologist", reads [A B D G H J K M], writes [G J K], notes true;
    /// Interprets and mediates.
    Mediator = "mediator", reads [A B D M], writes [D], notes false;
    /// Looks after permits and rights.
    Legal = "legal", reads [A B C L M], writes [C L], notes false;
    /// Looks for work with her.
    JobTutor = "job_tutor", reads [A B D E F G H I J L M], writes [D E F G H I J], notes false;
    /// Answers for her inclusion plan.
    PlanMentor = "plan_mentor", reads [A D E F G H I J M], writes [G H J], notes false;
    /// Social service.
    SocialWorker = "social_worker", reads [A B C D H J K L M], writes [B J K L], notes false;
    /// Follows her in the company.
    EnterpriseTutor = "enterprise_tutor", reads [A D G H I], writes [], notes false;
    /// Learns, under a supervisor who countersigns.
    Trainee = "trainee", reads [A B D E F G H I J M], writes [D E F G H I J], notes false;
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a function in a case team")]
pub struct UnknownFunction;

impl FromStr for Function {
    type Err = UnknownFunction;

    fn from_str(text: &str) -> Result<Self, UnknownFunction> {
        Self::ALL.iter().copied().find(|function| function.as_str() == text).ok_or(UnknownFunction)
    }
}

impl Check for Function {}

/// The functions of one member of a team: one at least.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Functions(BTreeSet<Function>);

impl Functions {
    /// These functions; nothing where there is none.
    pub fn new(functions: impl IntoIterator<Item = Function>) -> Option<Self> {
        let functions: BTreeSet<_> = functions.into_iter().collect();
        (!functions.is_empty()).then_some(Self(functions))
    }

    /// One after the other, in the order of the table.
    pub fn iter(&self) -> impl Iterator<Item = Function> + '_ {
        self.0.iter().copied()
    }

    /// Whether this is one of them.
    pub fn has(&self, function: Function) -> bool {
        self.0.contains(&function)
    }

    /// Whether some function of hers does this.
    pub fn any(&self, does: impl Fn(Tells) -> bool) -> bool {
        self.iter().any(|function| does(function.tells()))
    }

    pub(super) fn parse(stored: &str) -> Option<Self> {
        let functions: Result<Vec<Function>, _> = stored.split(',').map(str::parse).collect();
        Self::new(functions.ok()?)
    }

    pub(super) fn stored(&self) -> String {
        self.iter().map(Function::as_str).collect::<Vec<_>>().join(",")
    }
}

impl From<Function> for Functions {
    fn from(function: Function) -> Self {
        Self(BTreeSet::from([function]))
    }
}
