//! The closed lists of this room.

use serde::{Deserialize, Serialize};
use staffetta_protocol::card::Check;

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident { $($(#[doc = $variant_doc:literal])+ $variant:ident = $code:literal,)+ })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

        // Messages have lists of the same names.
        impl utoipa::ToSchema for $name {
            fn name() -> std::borrow::Cow<'static, str> {
                concat!("Consent", stringify!($name)).into()
            }
        }
    )+};
}

codes! {
    /// Who expressed the answer.
    ExpressedBy {
        /// The person.
        Person = "person",
        /// Her guardian.
        Guardian = "guardian",
    }

    /// By what the answer can be shown. Without one of these it cannot be saved.
    IndicationMethod {
        /// Signed on paper.
        Signature = "signature",
        /// A mark on paper.
        Mark = "mark",
        /// A PIN that the person typed.
        Pin = "pin",
        /// Spoken, with a second adult who is no relative and does not share her room; a mediator by phone counts.
        SpokenWithSecondAdult = "spoken_with_second_adult",
    }

    /// Who took the consent back.
    WithdrawnBy {
        /// The person.
        Person = "person",
        /// Her guardian.
        Guardian = "guardian",
        /// Staff, where the record should not stand: entered for somebody else, say.
        Operator = "operator",
    }

    /// Where it was said.
    Channel {
        /// At a desk of this node.
        InPerson = "in_person",
        /// By telephone.
        Phone = "phone",
        /// In writing.
        Letter = "letter",
        /// By the person herself on her page.
        Online = "online",
        /// At the recipient, whose node passed it on.
        Recipient = "recipient",
        /// At a node from which her data had come: it follows from the withdrawal there.
        Source = "source",
    }

    /// Yes or no.
    Answered {
        /// The person agrees.
        Yes = "yes",
        /// She does not. That is kept too: asking again and again is not asking.
        No = "no",
    }
}

codes! {
    /// Why a record never held.
    InvalidReason {
        /// Entered for somebody else.
        EnteredForAnother = "entered_for_another",
        /// She was not told what she agreed to, or not in a language that she understands.
        NotInformed = "not_informed",
        /// She was not free to say no.
        NotFree = "not_free",
        /// She could not answer for herself, and nobody who may spoke for her.
        NoCapacity = "no_capacity",
        /// A typing error.
        Mistyped = "mistyped",
    }
}

impl Check for InvalidReason {}

pub(super) use codes;
