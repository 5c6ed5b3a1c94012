//! The code lists of an assessment, and the states that it goes through.

use serde::{Deserialize, Serialize};
use staffetta_protocol::problem::Problem;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident as $schema:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $code:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name { $($(#[doc = $variant_doc])+ #[serde(rename = $code)] $variant,)+ }

        impl $name {
            /// Every entry, in the order of the list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// As it stands in the database and in answers.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The entry with this code, if the list has it.
            pub fn from_code(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.code() == code)
            }
        }

        // Not derived: the derive does not see a `rename` that a macro has passed on, and would publish the names of the
        // variants.
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some(Self::ALL.iter().map(|entry| entry.code())))
                    .description(Some(concat!($($doc, "\n",)+).trim()))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                stringify!($schema).into()
            }
        }
    )+};
}

codes! {
    /// Where an assessment stands.
    State as AssessmentState {
        /// Begun on paper only.
        Open = "open",
        /// In its first phase.
        Welcome = "welcome",
        /// In its second.
        Analysis = "analysis",
        /// In its third.
        Synthesis = "synthesis",
        /// The person signed its summary.
        Signed = "signed",
        /// She signed a later one.
        Superseded = "superseded",
    }

    /// What may happen to an assessment.
    Event as AssessmentEvent {
        /// The first phase begins.
        BeginWelcome = "begin_welcome",
        /// The second phase begins.
        BeginAnalysis = "begin_analysis",
        /// The third phase begins.
        BeginSynthesis = "begin_synthesis",
        /// What is written is changed.
        Change = "change",
        /// The person signs the summary.
        Sign = "sign",
        /// A later one is signed.
        Supersede = "supersede",
    }

    /// The phases of an assessment, in their order.
    Phase as AssessmentPhase {
        /// *Accoglienza*: getting to know each other, and what she expects.
        Welcome = "welcome",
        /// *Analisi*: what she has done and can do.
        Analysis = "analysis",
        /// *Sintesi*: what follows from it, written with her.
        Synthesis = "synthesis",
    }

    /// How an assessment is made.
    Method as AssessmentMethod {
        /// The person assesses herself.
        SelfAssessed = "self",
        /// An operator leads.
        Operator = "operator",
        /// With tests.
        Test = "test",
    }

    /// Who signed.
    Signer as AssessmentSigner {
        /// The person.
        Person = "person",
        /// Her guardian.
        Guardian = "guardian",
    }

    /// By what the signature can be shown.
    SignatureMethod as AssessmentSignatureMethod {
        /// Signed on paper.
        Signature = "signature",
        /// A mark on paper.
        Mark = "mark",
        /// A PIN that the person typed.
        Pin = "pin",
        /// Spoken, with a second adult who is no relative and does not share her room.
        SpokenWithSecondAdult = "spoken_with_second_adult",
    }
}

impl State {
    /// What may happen in this state.
    pub const fn allowed(self) -> &'static [Event] {
        match self {
            Self::Open => &[Event::BeginWelcome, Event::Change],
            Self::Welcome => &[Event::BeginAnalysis, Event::Change],
            Self::Analysis => &[Event::BeginSynthesis, Event::Change],
            Self::Synthesis => &[Event::Change, Event::Sign],
            Self::Signed => &[Event::Supersede],
            Self::Superseded => &[],
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
            Event::BeginWelcome => Self::Welcome,
            Event::BeginAnalysis => Self::Analysis,
            Event::BeginSynthesis => Self::Synthesis,
            Event::Change => self,
            Event::Sign => Self::Signed,
            Event::Supersede => Self::Superseded,
        })
    }
}

impl Phase {
    /// The event by which it begins.
    pub const fn begins(self) -> Event {
        match self {
            Self::Welcome => Event::BeginWelcome,
            Self::Analysis => Event::BeginAnalysis,
            Self::Synthesis => Event::BeginSynthesis,
        }
    }
}
