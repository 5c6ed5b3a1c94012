//! The closed `data` of each message type, one file each, and [`Body`], which is any of them.
//!
//! A type's name ends in its version; a new field is a new version. Rules over several fields are in `check`, which
//! [`Body::parse`] runs: what cannot be read or breaks a rule is refused as a whole.

mod card_preview;
mod card_preview_answered;
mod card_transfer_answered;
mod card_transferred;
mod card_updated;
mod consent_withdrawal_answered;
mod consent_withdrawn;
mod contact_released;
mod parts;
mod referral_accepted;
mod referral_closed;
mod referral_declined;
mod referral_holder_changed;
mod referral_info_provided;
mod referral_info_requested;
mod referral_progressed;
mod referral_reopened;
mod referral_sent;
mod referral_withdrawn;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

pub use card_preview::CardPreview;
pub use card_preview_answered::{CardPreviewAnswered, Likely, PreviewAnswer};
pub use card_transfer_answered::{CardTransferAnswered, TransferAnswer, TransferDeclineReason};
pub use card_transferred::{CardTransferred, TransferredCard};
pub use card_updated::CardUpdated;
pub use consent_withdrawal_answered::{
    Below, BelowStatus, ConsentWithdrawalAnswered, GroupAnswer, GroupOutcome, RetentionBasis,
};
pub use consent_withdrawn::ConsentWithdrawn;
pub use contact_released::ContactReleased;
pub use parts::{Appointment, CardVersion, DeclineReason, ReferralCard, Suggestion};
pub use referral_accepted::{ReferralAccepted, ReferralAppointment};
pub use referral_closed::{Outcome, ReferralClosed};
pub use referral_declined::ReferralDeclined;
pub use referral_holder_changed::{NewHolder, ReferralHolderChanged};
pub use referral_info_provided::{Answer, ProvidedGroups, ReferralInfoProvided};
pub use referral_info_requested::{AskableGroup, ReferralInfoRequested};
pub use referral_progressed::{MovedBy, Pathway, ReferralProgressed};
pub use referral_reopened::ReferralReopened;
pub use referral_sent::ReferralSent;
pub use referral_withdrawn::{ReferralWithdrawn, WithdrawnBy};

pub use crate::card::codes::GolPath;
use crate::card::{At, Check, Refusal, read_checked};
use crate::consent::Group;
use crate::json;
use crate::problem::FieldError;

/// What a type of `data` tells of itself.
pub trait Data: Check {
    /// Type and version, as in the claim `type`.
    const TYPE: &'static str;

    /// The groups of the card that are present.
    fn groups(&self) -> BTreeSet<Group> {
        BTreeSet::new()
    }
}

/// Why a `data` is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// No such type or version here.
    #[error("the message type is not known")]
    UnknownType,
    /// It does not fit its closed type.
    #[error("the data do not fit their type")]
    Invalid(Vec<FieldError>),
}

macro_rules! bodies {
    ($($(#[doc = $doc:literal])+ $name:ident($data:ident);)+) => {
        /// The `data` of any message type of this version.
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(untagged)]
        #[expect(clippy::large_enum_variant, reason = "one is held at a time, and only while its message is handled")]
        pub enum Body {
            $($(#[doc = $doc])+ $name($data),)+
        }

        impl Body {
            /// Every type, in the order of the specification.
            pub const TYPES: &'static [&'static str] = &[$(<$data as Data>::TYPE,)+];

            /// Type and version, as in the claim `type`.
            #[must_use]
            pub const fn type_name(&self) -> &'static str {
                match self { $(Self::$name(_) => <$data as Data>::TYPE,)+ }
            }

            /// Reads `data` by the `type` that stands beside it.
            ///
            /// # Errors
            /// [`BodyError`].
            pub fn parse(type_name: &str, data: &RawValue) -> Result<Self, BodyError> {
                let formed = json::check(data.get().as_bytes());
                if formed.is_err() && Self::TYPES.contains(&type_name) {
                    return Err(BodyError::Invalid(vec![Refusal::Malformed.at("")]));
                }
                Self::parse_checked(type_name, data)
            }

            /// The same for `data` whose form was checked with all that stands around it.
            pub(crate) fn parse_checked(type_name: &str, data: &RawValue) -> Result<Self, BodyError> {
                $(if type_name == <$data as Data>::TYPE {
                    return read_checked(data.get()).map(Self::$name).map_err(BodyError::Invalid);
                })+
                Err(BodyError::UnknownType)
            }

            /// The published schemas of every type's data, with those that they refer to, by name.
            pub fn schemas(out: &mut Vec<(String, RefOr<Schema>)>) {
                $(out.push((<$data as ToSchema>::name().into_owned(), <$data as PartialSchema>::schema()));
                <$data as ToSchema>::schemas(out);)+
            }

            /// The groups of the card that are present.
            #[must_use]
            pub fn groups(&self) -> BTreeSet<Group> {
                match self { $(Self::$name(data) => data.groups(),)+ }
            }

            /// Whether messages of this type are about a person. So are all of this list.
            #[must_use]
            pub const fn is_personal(&self) -> bool {
                match self { $(Self::$name(_) => true,)+ }
            }
        }

        impl Check for Body {
            fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
                match self { $(Self::$name(data) => data.check(at, found),)+ }
            }
        }

        $(impl From<$data> for Body {
            fn from(data: $data) -> Self { Self::$name(data) }
        })+
    };
}

bodies! {
    /// `card.preview.v1`
    CardPreview(CardPreview);
    /// `card.preview-answered.v1`
    CardPreviewAnswered(CardPreviewAnswered);
    /// `referral.sent.v1`
    ReferralSent(ReferralSent);
    /// `referral.info-requested.v1`
    ReferralInfoRequested(ReferralInfoRequested);
    /// `referral.info-provided.v1`
    ReferralInfoProvided(ReferralInfoProvided);
    /// `referral.accepted.v1`
    ReferralAccepted(ReferralAccepted);
    /// `referral.declined.v1`
    ReferralDeclined(ReferralDeclined);
    /// `referral.progressed.v1`
    ReferralProgressed(ReferralProgressed);
    /// `referral.closed.v1`
    ReferralClosed(ReferralClosed);
    /// `referral.withdrawn.v1`
    ReferralWithdrawn(ReferralWithdrawn);
    /// `referral.reopened.v1`
    ReferralReopened(ReferralReopened);
    /// `card.updated.v1`
    CardUpdated(CardUpdated);
    /// `contact.released.v1`
    ContactReleased(ContactReleased);
    /// `consent.withdrawn.v1`
    ConsentWithdrawn(ConsentWithdrawn);
    /// `consent.withdrawal-answered.v1`
    ConsentWithdrawalAnswered(ConsentWithdrawalAnswered);
    /// `card.transferred.v1`
    CardTransferred(CardTransferred);
    /// `card.transfer-answered.v1`
    CardTransferAnswered(CardTransferAnswered);
    /// `referral.holder-changed.v1`
    ReferralHolderChanged(ReferralHolderChanged);
}
