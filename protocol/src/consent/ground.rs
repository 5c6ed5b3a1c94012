//! The ground of a message: a grant, the reply to an open thread, or a duty.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, de};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ArrayBuilder, Ref, Schema};

use super::{Group, OrganisationId, Purpose};
use crate::card::dates::instant;
use crate::card::shape::{codes, tagged};
use crate::card::{At, Check, Refusal, Text, Whole};
use crate::digest::Digest;
use crate::id::RecordId;
use crate::problem::FieldError;

/// The groups that a grant names: at least one, each once, written in the order of the list of groups.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Groups(BTreeSet<Group>);

impl Groups {
    /// Takes a set that is not empty.
    ///
    /// # Errors
    /// `too_few`.
    pub fn new(groups: impl IntoIterator<Item = Group>) -> Result<Self, Refusal> {
        let groups: BTreeSet<_> = groups.into_iter().collect();
        if groups.is_empty() { Err(Refusal::TooFew) } else { Ok(Self(groups)) }
    }

    /// The set.
    #[must_use]
    pub const fn set(&self) -> &BTreeSet<Group> {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Groups {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let listed = Vec::<Group>::deserialize(deserializer)?;
        let count = listed.len();
        let groups = Self::new(listed).map_err(de::Error::custom)?;
        if groups.0.len() == count { Ok(groups) } else { Err(de::Error::custom(Refusal::Repeated)) }
    }
}

impl utoipa::PartialSchema for Groups {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(Ref::from_schema_name("Group"))
            .min_items(Some(1))
            .unique_items(true)
            .description(Some("Groups of fields, each once."))
            .into()
    }
}

impl ToSchema for Groups {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push(("Group".to_owned(), <Group as utoipa::PartialSchema>::schema()));
    }
}

/// What a person agreed to, stated under the sender's signature without saying who she is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The consent record, by the id that the recipient knows.
    pub record: RecordId,
    /// Which yes of that record: a renewal has the next number.
    #[schema(value_type = u32, minimum = 1)]
    pub seq: Whole<1, { u32::MAX }>,
    /// For what.
    pub purpose: Purpose,
    /// To whom.
    pub recipient: OrganisationId,
    /// Which groups of fields.
    pub groups: Groups,
    /// Until when.
    #[serde(with = "instant")]
    pub not_after: DateTime<Utc>,
    /// Spent by one use.
    pub single_use: bool,
    /// Digest of the notice that the person was shown or read.
    pub notice_hash: Digest,
}

impl Check for Grant {
    /// Holds what no grant may break: the purpose takes consents, allows each group, and is spent at once where the
    /// table says so. Recipient, time and withdrawals are the receiver's to judge.
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let rule = self.purpose.rule();
        if !rule.consent {
            found.push(at.key("purpose").refuse(Refusal::NotForPurpose));
        }
        for (index, group) in self.groups.set().iter().enumerate() {
            if !self.purpose.allows(*group) {
                found.push(at.key("groups").index(index).refuse(Refusal::NotForPurpose));
            }
        }
        if self.single_use != rule.single_use {
            found.push(at.key("single_use").refuse(Refusal::NotForPurpose));
        }
    }
}

codes! {
    /// Legal basis of a duty.
    Basis {
        /// A contract with the person, or steps before one.
        Contract = "contract",
        /// An obligation of the law.
        LegalDuty = "legal_duty",
        /// A task in the public interest.
        Task = "task",
    }
}

codes! {
    /// Kinds of ground.
    GroundKind {
        /// A live grant.
        Consent = "consent",
        /// An answer in an open thread.
        Reply = "reply",
        /// What the law or a contract imposes.
        Duty = "duty",
    }
}

tagged! {
    /// Why a message about a person may travel.
    Ground {
        /// A live grant.
        Consent = "consent" {
            /// What the person agreed to.
            grant: Grant,
        }
        /// An answer in an open thread, to its other side.
        Reply = "reply" {}
        /// What the law or a contract imposes.
        Duty = "duty" {
            /// The legal basis.
            basis: Basis,
            /// Thread, record or signed project that it is about.
            #[serde(rename = "ref")]
            reference: Text<128>,
        }
    }
}

impl Ground {
    /// Its kind as a code.
    #[must_use]
    pub const fn ground_kind(&self) -> GroundKind {
        match self {
            Self::Consent { .. } => GroundKind::Consent,
            Self::Reply {} => GroundKind::Reply,
            Self::Duty { .. } => GroundKind::Duty,
        }
    }

    /// The grant, if it is one.
    #[must_use]
    pub const fn grant(&self) -> Option<&Grant> {
        match self {
            Self::Consent { grant } => Some(grant),
            Self::Reply {} | Self::Duty { .. } => None,
        }
    }
}

impl Check for Ground {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        if let Self::Consent { grant } = self {
            grant.check(&at.key("grant"), found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::read;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    fn grant(purpose: &str, groups: &[&str], single_use: bool) -> Value {
        json!({
            "record": "4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11", "seq": 1, "purpose": purpose, "recipient": "ipa:c_g999",
            "groups": groups, "not_after": "2027-01-01T00:00:00Z", "single_use": single_use,
            "notice_hash": "SHA-256=hPq3xjgxGMr98LL2/lP2Y66DVCTcXdwL+YpNQD/gmvk="
        })
    }

    fn codes(value: &Value) -> Vec<String> {
        read::<Ground>(&value.to_string()).err().unwrap_or_default().into_iter().map(|e| e.code).collect()
    }

    #[test]
    fn the_three_forms_are_read_and_written_alike() {
        for ground in [
            json!({"kind": "consent", "grant": grant("P1", &["g.preview"], false)}),
            json!({"kind": "consent", "grant": grant("P4", &["g.host"], true)}),
            json!({"kind": "reply"}),
            json!({"kind": "duty", "basis": "legal_duty", "ref": "4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11"}),
        ] {
            let read: Ground = read(&ground.to_string()).unwrap();
            assert_eq!(serde_json::to_value(&read).unwrap(), ground);
            assert_eq!(read.kind(), read.ground_kind().code());
        }
    }

    #[test]
    fn each_form_is_closed() {
        let mut inside = grant("P1", &["g.preview"], false);
        inside["person"] = json!("x");
        for ground in [
            json!({"kind": "reply", "grant": grant("P1", &["g.preview"], false)}),
            json!({"kind": "reply", "x": 1}),
            json!({"kind": "duty", "basis": "task", "ref": "r", "x": 1}),
            json!({"kind": "consent", "grant": grant("P1", &["g.preview"], false), "basis": "task"}),
            json!({"kind": "consent", "grant": inside}),
        ] {
            assert_eq!(codes(&ground), ["unknown_field"], "{ground}");
        }
        assert_eq!(codes(&json!({"kind": "wish"})), ["not_in_list"]);
        assert_eq!(codes(&json!({"grant": grant("P1", &["g.preview"], false)})), ["required"]);
    }

    #[test]
    fn a_grant_holds_to_its_purpose() {
        let found = |purpose, groups: &[&str], single| {
            codes(&json!({"kind": "consent", "grant": grant(purpose, groups, single)}))
        };
        assert_eq!(found("P1", &["g.preview", "g.identity"], false), ["not_for_purpose"]);
        assert_eq!(
            found("P2", &["g.preview", "g.identity", "g.contact", "g.formalities"], false),
            Vec::<String>::new()
        );
        assert_eq!(found("P2", &["g.host"], false), ["not_for_purpose"]);
        assert_eq!(found("P4", &["g.host"], false), ["not_for_purpose"]);
        assert_eq!(found("P5", &["g.pfi"], false), ["not_for_purpose"]);
        assert_eq!(found("P1", &[], false), ["too_few"]);
        assert_eq!(found("P1", &["g.preview", "g.preview"], false), ["repeated"]);
        let mut zero = grant("P1", &["g.preview"], false);
        zero["seq"] = json!(0);
        assert_eq!(codes(&json!({"kind": "consent", "grant": zero})), ["out_of_range"]);
        let mut offset = grant("P1", &["g.preview"], false);
        offset["not_after"] = json!("2027-01-01T00:00:00+01:00");
        assert_eq!(codes(&json!({"kind": "consent", "grant": offset})), ["wrong_shape"]);
    }

    #[test]
    fn purposes_last_as_the_table_says() {
        let given: DateTime<Utc> = "2026-01-31T10:00:00Z".parse().unwrap();
        let until = |purpose: Purpose| purpose.not_after(given, Some(given)).map(|at| at.date_naive().to_string());
        assert_eq!(until(Purpose::P1).as_deref(), Some("2026-04-01"));
        assert_eq!(until(Purpose::P2).as_deref(), Some("2028-01-31"));
        assert_eq!(until(Purpose::P7).as_deref(), Some("2027-02-28"));
        assert_eq!(until(Purpose::P11).as_deref(), Some("2026-07-31"));
        assert_eq!(until(Purpose::P5), None);
        assert_eq!(Purpose::P7.not_after(given, None), None);
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in "\\PC{0,200}") {
            let _ = read::<Ground>(&text);
        }
    }
}
