//! Codes of refused items in a receipt.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! item_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Why an item of a batch was refused, or how it was accepted, in a receipt.
        ///
        /// A code that this version does not know is kept as it is: refused stays refused.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum ItemCode {
            $($(#[$doc])* $name,)*
            /// A code of a later version.
            Other(String),
        }

        impl ItemCode {
            /// Every code of this version.
            pub const ALL: &[ItemCode] = &[$(ItemCode::$name,)*];

            /// The code as text.
            pub fn as_str(&self) -> &str {
                match self { $(Self::$name => $text,)* Self::Other(text) => text }
            }
        }

        impl From<String> for ItemCode {
            fn from(text: String) -> Self {
                match text.as_str() { $($text => Self::$name,)* _ => Self::Other(text) }
            }
        }
    };
}

item_codes! {
    /// Does not verify, or does not fit its closed schema.
    MessageInvalid = "message_invalid";
    /// The id is known with other bytes.
    MessageConflict = "message_conflict";
    /// The ground does not hold: other recipient or purpose, past `not_after`, or withdrawn.
    ConsentNotValid = "consent_not_valid";
    /// The data have a group that the grant does not name.
    SectionNotCovered = "section_not_covered";
    /// Thread, subject or record does not exist between these two nodes.
    ThreadUnknown = "thread_unknown";
    /// The event is legal neither now nor in the state that `seen` names.
    IllegalTransition = "illegal_transition";
    /// Accepted and stored, without effect: it crossed a message of the other side.
    Superseded = "superseded";
    /// `exp` has passed.
    Expired = "expired";
    /// The type or its version is not taken here.
    TypeNotSupported = "type_not_supported";
    /// The sender is limited.
    MemberLimited = "member_limited";
    /// The sender's or the recipient's role does not permit this type.
    RoleNotEntitled = "role_not_entitled";
    /// The sender may not do this.
    NotEntitled = "not_entitled";
    /// The key that signed is revoked: issue the message anew.
    KeyRevoked = "key_revoked";
    /// The item was void: its message will never come under this number.
    Voided = "voided";
}

impl From<ItemCode> for String {
    fn from(code: ItemCode) -> Self {
        code.as_str().to_owned()
    }
}

impl fmt::Display for ItemCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl utoipa::PartialSchema for ItemCode {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        let known: Vec<_> = Self::ALL.iter().map(ItemCode::as_str).collect();
        let text = format!("Stable code of an item's outcome; later versions may add to: {}", known.join(", "));
        crate::json::string_schema(&text).pattern(Some("^[a-z][a-z_]{1,63}$")).max_length(Some(64)).into()
    }
}

impl ToSchema for ItemCode {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_item_code_survives_a_round_trip() {
        let code: ItemCode = serde_json::from_str("\"of_a_later_version\"").unwrap();
        assert_eq!(code, ItemCode::Other("of_a_later_version".into()));
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"of_a_later_version\"");
        for known in ItemCode::ALL {
            assert_eq!(ItemCode::from(known.as_str().to_owned()), *known);
        }
    }
}
