//! `consent.withdrawal-answered.v1`, from a recipient to whoever recalled, ground duty: protocol/README.md, "Recall". Sent
//! at once for the node itself and again, with rising version, when answers from below change. It never expires.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Data;
use crate::card::shape::{codes, tagged};
use crate::card::{At, Check, Day, List, Refusal, Text, Whole};
use crate::consent::Group;
use crate::id::RecordId;
use crate::problem::FieldError;
use crate::trust::Role;

codes! {
    /// On what a recipient keeps data as its own.
    RetentionBasis {
        /// The declaration of immediate availability.
        Did = "did",
        /// The *patto di servizio*.
        Patto = "patto",
        /// The record of an active labour market policy.
        PolicyRecord = "policy_record",
        /// Accounts.
        Accounting = "accounting",
        /// A legal claim.
        LegalClaim = "legal_claim",
    }
}

tagged! {
    /// What became of the data of one group.
    GroupOutcome {
        /// They are gone.
        Erased = "erased" {}
        /// They are kept and not used.
        Restricted = "restricted" {}
        /// They are kept on a basis of the recipient's own, without the link to the sender.
        RetainedOwnBasis = "retained_own_basis" {
            /// The basis.
            basis: RetentionBasis,
            /// Until when.
            until: Day,
            /// Why, for the person.
            reason: Text<300>,
        }
    }
}

impl Check for GroupOutcome {}

/// The answer for one group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupAnswer {
    /// The group.
    pub group: Group,
    /// What became of it.
    pub outcome: GroupOutcome,
}

impl Check for GroupAnswer {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let never_retained = matches!(self.group, Group::Preview | Group::Needs | Group::Adjustments);
        if never_retained && matches!(self.outcome, GroupOutcome::RetainedOwnBasis { .. }) {
            found.push(at.key("outcome").refuse(Refusal::Inconsistent));
        }
    }
}

codes! {
    /// How far a recipient below has answered.
    BelowStatus {
        /// No answer yet.
        Pending = "pending",
        /// It has answered for itself, not yet for those below it.
        Answered = "answered",
        /// All have answered.
        Complete = "complete",
        /// It answers no more: told by other means.
        OtherChannel = "other_channel",
    }
}

/// A recipient below the one that answers: by role and status, never by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Below {
    /// Its role.
    pub role: Role,
    /// How far it has answered.
    pub status: BelowStatus,
}

/// What a recipient did upon a withdrawal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentWithdrawalAnswered {
    /// The record, by the id that both sides know.
    pub record: RecordId,
    /// Which yes was withdrawn.
    #[schema(value_type = u32, minimum = 1)]
    pub seq: Whole<1, 4_294_967_295>,
    /// The recall, where the withdrawal named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recall: Option<Uuid>,
    /// Version of the answer; the highest counts.
    #[schema(value_type = u32, minimum = 1)]
    pub version: Whole<1, 4_294_967_295>,
    /// Whether all below have answered as well.
    pub complete: bool,
    /// One answer for each group received under the record.
    #[schema(value_type = Vec<GroupAnswer>, min_items = 0, max_items = 12)]
    pub groups: List<GroupAnswer, 0, 12>,
    /// Recipients below, in no order that tells more.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<Below>, min_items = 0, max_items = 200)]
    pub below: List<Below, 0, 200>,
}

impl Data for ConsentWithdrawalAnswered {
    const TYPE: &'static str = "consent.withdrawal-answered.v1";
}

impl Check for ConsentWithdrawalAnswered {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let groups = at.key("groups");
        for (index, answer) in self.groups.iter().enumerate() {
            answer.check(&groups.index(index), found);
            if self.groups[..index].iter().any(|earlier| earlier.group == answer.group) {
                found.push(groups.index(index).refuse(Refusal::Repeated));
            }
        }
        // Two recipients below may well have one role and status: `below` may repeat.
        if self.complete
            && self.below.iter().any(|it| matches!(it.status, BelowStatus::Pending | BelowStatus::Answered))
        {
            found.push(at.key("complete").refuse(Refusal::Inconsistent));
        }
    }
}
