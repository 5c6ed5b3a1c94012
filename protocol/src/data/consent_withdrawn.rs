//! `consent.withdrawn.v1`, to every node that received under the record, ground duty: protocol/README.md, "Recall". It
//! never expires.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Data;
use crate::card::dates::instant;
use crate::card::{At, Check, Refusal, Whole};
use crate::id::RecordId;
use crate::problem::FieldError;

/// The person withdrew. From the issuer of the record with `recall` and `due`; from a recipient, where she spoke there,
/// without them: the issuer then runs the recall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentWithdrawn {
    /// The record, by the id that both sides know.
    pub record: RecordId,
    /// Every yes of the record up to this one is withdrawn.
    #[schema(value_type = u32, minimum = 1)]
    pub seq: Whole<1, 4_294_967_295>,
    /// The recall, one id however far it goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub recall: Option<Uuid>,
    /// When the answers are due; the same all the way down.
    #[serde(default, with = "instant::optional", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub due: Option<DateTime<Utc>>,
}

impl Data for ConsentWithdrawn {
    const TYPE: &'static str = "consent.withdrawn.v1";
}

impl Check for ConsentWithdrawn {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if self.recall.is_some() != self.due.is_some() {
            let lacking = if self.due.is_none() { at.key("due") } else { at.key("recall") };
            found.push(lacking.refuse(Refusal::Required));
        }
    }
}
