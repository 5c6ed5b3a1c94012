//! The closed lists of this room, and the one state machine.

use serde::{Deserialize, Serialize};
use staffetta_protocol::problem::Problem;
use utoipa::ToSchema;

macro_rules! stored {
    ($name:ident: $($variant:ident = $code:literal),+ $(,)?) => {
        impl $name {
            /// Every entry, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// As it stands in the database and in answers.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The entry with this code, if the list has it.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }
    };
}

/// A right of the person (GDPR chapter III).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RightKind {
    /// To know what is held about her, and who received it.
    Access,
    /// That it is put right.
    Rectification,
    /// That it is erased.
    Erasure,
    /// That it is kept and not used.
    Restriction,
    /// To take it along.
    Portability,
    /// That it is not used, on grounds of her situation.
    Objection,
}

stored!(RightKind: Access = "access", Rectification = "rectification", Erasure = "erasure",
    Restriction = "restriction", Portability = "portability", Objection = "objection");

impl RightKind {
    /// The article of the regulation.
    pub const fn article(self) -> u8 {
        match self {
            Self::Access => 15,
            Self::Rectification => 16,
            Self::Erasure => 17,
            Self::Restriction => 18,
            Self::Portability => 20,
            Self::Objection => 21,
        }
    }

    /// As a letter calls it.
    pub const fn in_italian(self) -> &'static str {
        match self {
            Self::Access => "accesso ai dati",
            Self::Rectification => "rettifica dei dati",
            Self::Erasure => "cancellazione dei dati",
            Self::Restriction => "limitazione del trattamento",
            Self::Portability => "portabilità dei dati",
            Self::Objection => "opposizione al trattamento",
        }
    }
}

/// How a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RightChannel {
    /// At a desk of this node.
    InPerson,
    /// By telephone.
    Phone,
    /// On paper.
    Letter,
    /// By e-mail or PEC.
    Email,
    /// On her own page.
    Online,
}

stored!(RightChannel: InPerson = "in_person", Phone = "phone", Letter = "letter", Email = "email", Online = "online");

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RightAsker {
    /// The person.
    Person,
    /// Her guardian.
    Guardian,
}

stored!(RightAsker: Person = "person", Guardian = "guardian");

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RightState {
    /// It is to be answered within the month.
    Received,
    /// It is to be answered within three.
    Extended,
    /// It was answered.
    Answered,
    /// She took it back.
    Withdrawn,
}

stored!(RightState: Received = "received", Extended = "extended", Answered = "answered", Withdrawn = "withdrawn");

/// How a request was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RightOutcome {
    /// All of it.
    Granted,
    /// A part of it; why not the rest is told.
    Partly,
    /// Nothing of it; why is told.
    Refused,
}

stored!(RightOutcome: Granted = "granted", Partly = "partly", Refused = "refused");

/// What may happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// Two months more, told with the reason.
    Extend,
    /// An answer.
    Answer,
    /// She takes it back.
    Withdraw,
}

stored!(Event: Extend = "extend", Answer = "answer", Withdraw = "withdraw");

impl RightState {
    /// What may happen in this state.
    pub const fn allowed(self) -> &'static [Event] {
        match self {
            Self::Received => &[Event::Extend, Event::Answer, Event::Withdraw],
            Self::Extended => &[Event::Answer, Event::Withdraw],
            Self::Answered | Self::Withdrawn => &[],
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// `illegal_transition` with what would be legal.
    pub fn after(self, event: Event) -> Result<Self, Problem> {
        if !self.allowed().contains(&event) {
            return Err(Problem::illegal(self.allowed().iter().map(|event| event.code().to_owned()).collect()));
        }
        Ok(match event {
            Event::Extend => Self::Extended,
            Event::Answer => Self::Answered,
            Event::Withdraw => Self::Withdrawn,
        })
    }

    /// Whether it waits for an answer.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Received | Self::Extended)
    }
}

/// How far an erasure has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureStep {
    /// Consents are taken back, recalls are out; the keys go when those have been answered.
    Waiting,
    /// The keys are destroyed.
    Erased,
}

stored!(ErasureStep: Waiting = "waiting", Erased = "erased");

/// Why nobody is waited for. A closed list, since what was said in words goes with her keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NoWait {
    /// She would be in danger.
    Danger,
    /// Whoever should answer can no longer be reached.
    RecipientGone,
    /// Everybody has said in another way that it is gone there.
    ConfirmedOtherwise,
    /// A court or the supervisory authority ordered it.
    Ordered,
}

stored!(NoWait: Danger = "danger", RecipientGone = "recipient_gone", ConfirmedOtherwise = "confirmed_otherwise",
    Ordered = "ordered");
