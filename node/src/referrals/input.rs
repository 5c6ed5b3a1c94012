//! What the desk may send, and what is wrong with it when it is.

use std::collections::BTreeSet;

use serde::Deserialize;
use staffetta_protocol::card::{AskableField, At, Check, List, Prose, Refusal, instead};
use staffetta_protocol::consent::{Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::data::{Answer, AskableGroup, ReferralAppointment, ReferralInfoRequested};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::{FieldError, Problem};
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::ending::ToldHow;
use super::model::known::KnownPerson;
use super::model::{Side, State};
use super::rows::Wanted;
use crate::access::cases::Listing;
use crate::error::Result;
use crate::people::PersonId;
use crate::web::Page;

/// A referral to begin: to a node, or to the node of an organisation.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewReferral {
    /// The person.
    pub(super) person: PersonId,
    /// The node that is to take her on.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(super) recipient: Option<EntityId>,
    /// Instead of the node, the organisation that runs it.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(super) organisation: Option<OrganisationId>,
    /// Instead of both, an office of the address book: to its node where it has one, else on paper.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(super) office: Option<Uuid>,
    /// Why this office; needed where another was proposed for her.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(super) office_reason: Option<Prose<500>>,
    /// On paper, though the office has a node.
    #[serde(default)]
    pub(super) on_paper: bool,
    /// `P2`, or `P11` for a certification.
    pub(super) purpose: Purpose,
    /// Another open referral of hers to the same node is known and this one is meant.
    #[serde(default)]
    pub(super) confirm_duplicate: bool,
}

impl Check for NewReferral {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        match (&self.recipient, &self.organisation, &self.office) {
            (None, None, None) => found.push(at.key("recipient").refuse(Refusal::Required)),
            (Some(_), Some(_), _) => found.push(at.key("organisation").refuse(Refusal::Inconsistent)),
            (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => found.push(at.key("office").refuse(Refusal::Inconsistent)),
            _ => {}
        }
        if self.office.is_none() && self.on_paper {
            found.push(at.key("office").refuse(Refusal::Required));
        }
        if !matches!(self.purpose, Purpose::P2 | Purpose::P11) {
            found.push(at.key("purpose").refuse(Refusal::NotForPurpose));
        }
    }
}

/// How a referral is sent.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ReferralSending {
    /// The preview goes in the same act, ahead of it.
    #[serde(default)]
    pub(super) with_preview: bool,
    /// Fewer groups than the consent allows; `g.preview` and `g.identity` are always there.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(super) groups: Option<Groups>,
    /// Another open referral of hers to the same node is known and this one is meant.
    #[serde(default)]
    pub(super) confirm_duplicate: bool,
}

impl Check for ReferralSending {}

/// What the taker wants to know before it decides; at least one of the three.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct InformationRequest {
    /// Fields of the card, of the levels *preview* and *referral*. For any other the answer says what may be asked
    /// instead.
    #[serde(default)]
    #[schema(max_items = 30, value_type = Vec<AskableField>)]
    fields: Vec<String>,
    /// Whole groups of the card.
    #[serde(default)]
    #[schema(value_type = Vec<AskableGroup>, min_items = 0, max_items = 5)]
    groups: List<AskableGroup, 0, 5>,
    /// Questions in words.
    #[serde(default)]
    #[schema(value_type = Vec<Prose<500>>, min_items = 0, max_items = 10)]
    questions: List<Prose<500>, 0, 10>,
}

impl Check for InformationRequest {
    fn check(&self, at: &At<'_>, found: &mut Vec<FieldError>) {
        let list = at.key("fields");
        if self.fields.len() > 30 {
            found.push(list.refuse(Refusal::TooLong));
        }
        let unaskable = |(_, name): &(usize, &String)| AskableField::named(name).is_none();
        for (index, name) in self.fields.iter().enumerate().take(30).filter(unaskable) {
            let mut refusal = list.index(index).refuse(Refusal::NotAskable);
            if let Some(other) = instead(name) {
                refusal.detail_it.push_str(&format!(" Si può chiedere {other}."));
                refusal.detail_en.push_str(&format!(" Ask for {other} instead."));
            }
            found.push(refusal);
        }
    }
}

impl InformationRequest {
    /// As it travels.
    ///
    /// # Errors
    /// `invalid_input`, where it was not checked before.
    pub(super) fn data(self) -> Result<ReferralInfoRequested> {
        let fields: Vec<AskableField> = self.fields.iter().filter_map(|name| AskableField::named(name)).collect();
        let fields = List::new(fields).map_err(|refusal| Problem::invalid(vec![refusal.at("/fields")]))?;
        Ok(ReferralInfoRequested { fields, groups: self.groups, questions: self.questions })
    }
}

/// The answer to an information request; a group or an answer at least.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Information {
    /// Groups that are given anew, as the card has them now.
    #[serde(default)]
    #[schema(value_type = Vec<AskableGroup>, min_items = 0, max_items = 5)]
    groups: List<AskableGroup, 0, 5>,
    /// Answers to questions in words, by their place from 1.
    #[serde(default)]
    #[schema(value_type = Vec<Answer>, min_items = 0, max_items = 10)]
    pub(super) answers: List<Answer, 0, 10>,
}

impl Check for Information {}

impl Information {
    pub(super) fn groups(&self) -> BTreeSet<Group> {
        self.groups.iter().filter_map(|group| Group::from_code(group.code())).collect()
    }
}

/// The person is taken on.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Acceptance {
    /// The first appointment, or by when it will be made.
    pub(super) appointment: ReferralAppointment,
    /// This office's own records had her already. What was chosen for the known person comes before it.
    #[serde(default)]
    pub(super) already_known: bool,
}

impl Check for Acceptance {}

/// Groups of the card that the recipient is given anew.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CardUpdate {
    /// The groups, each given whole.
    pub(super) groups: Groups,
    /// What the recipient holds is put right: a duty, which needs no consent.
    #[serde(default)]
    pub(super) rectification: bool,
}

impl Check for CardUpdate {}

/// What is released once the recipient has accepted.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ContactRelease {
    /// `g.contact`, `g.documents` or `g.formalities`; the first alone if absent.
    #[serde(default)]
    #[schema(nullable = false)]
    groups: Option<Groups>,
}

impl Check for ContactRelease {}

impl ContactRelease {
    pub(super) fn groups(&self) -> BTreeSet<Group> {
        self.groups.as_ref().map_or_else(|| BTreeSet::from([Group::Contact]), |groups| groups.set().clone())
    }
}

/// What the clerk found on looking into the office's own records.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum KnownChoice {
    /// She is known: the referral joins her case.
    Same,
    /// She is not.
    New,
    /// To be cleared with her; until then a case of its own.
    Unsure,
}

impl From<KnownChoice> for KnownPerson {
    fn from(choice: KnownChoice) -> Self {
        match choice {
            KnownChoice::Same => Self::Same,
            KnownChoice::New => Self::New,
            KnownChoice::Unsure => Self::Unsure,
        }
    }
}

/// Whether the office knew the person.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KnownPersonChoice {
    /// What the clerk found.
    pub(super) choice: KnownChoice,
    /// Who she is here; needed for `same`.
    #[serde(default)]
    #[schema(nullable = false)]
    pub(super) person: Option<PersonId>,
}

impl Check for KnownPersonChoice {}

/// That the person was told of the last answer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PersonTold {
    /// How.
    pub(super) how: ToldHow,
}

impl Check for PersonTold {}

/// By what referrals are ordered, newest first.
pub(super) type Newest = (chrono::DateTime<chrono::Utc>, Uuid);

/// Which referrals to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ReferralQuery {
    /// `opener` for those that this node sent, `taker` for those that it received.
    #[param(schema_with = sides)]
    side: Option<String>,
    /// A state, as referrals show it.
    #[param(schema_with = states)]
    state: Option<String>,
    /// A person of this node.
    person: Option<Uuid>,
    /// Another node.
    peer: Option<EntityId>,
}

fn sides() -> Object {
    let words = Side::ALL.map(Side::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

fn states() -> Object {
    let words = State::ALL.map(State::as_str);
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(words)).build()
}

impl ReferralQuery {
    /// As the rows are asked, of those that `of` covers.
    ///
    /// # Errors
    /// `invalid_input` with a code per parameter.
    pub(super) fn wanted(self, of: Listing, page: &Page<Newest>) -> Result<Wanted> {
        let mut found = Vec::new();
        let of = Wanted::page(of, i64::from(page.limit));
        let mut wanted = Wanted { person: self.person, peer: self.peer, after: page.after, ..of };
        if let Some(text) = &self.side {
            wanted.side = Side::parse(text);
            found.extend(wanted.side.is_none().then(|| Refusal::NotInList.at("/side")));
        }
        if let Some(text) = &self.state {
            wanted.state = State::parse(text);
            found.extend(wanted.state.is_none().then(|| Refusal::NotInList.at("/state")));
        }
        if found.is_empty() { Ok(wanted) } else { Err(Problem::invalid(found).into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use staffetta_protocol::card::read;

    fn refused<T: serde::de::DeserializeOwned + Check>(json: &str) -> Vec<(String, String)> {
        read::<T>(json).err().unwrap_or_default().into_iter().map(|e| (e.field, e.code)).collect()
    }

    #[test]
    fn a_field_that_never_crosses_is_refused_with_what_to_ask_instead() {
        let errors = read::<InformationRequest>(r#"{"fields": ["skills", "permit_type", "photo"]}"#).unwrap_err();
        assert_eq!(errors.len(), 2);
        assert_eq!((errors[0].field.as_str(), errors[0].code.as_str()), ("/fields/1", "not_askable"));
        assert!(errors[0].detail_en.ends_with("Ask for work_authorised_until instead."));
        assert!(!errors[1].detail_en.contains("photo"));
    }

    #[test]
    fn a_recipient_is_a_node_or_an_organisation() {
        let person = "\"person\": \"4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11\"";
        let found = |rest: &str| refused::<NewReferral>(&format!("{{{person}, {rest}}}"));
        assert_eq!(found(r#""purpose": "P2""#), [("/recipient".into(), "required".into())]);
        let both = r#""purpose": "P2", "recipient": "https://cpi.example", "organisation": "ipa:c_g999""#;
        assert_eq!(found(both), [("/organisation".into(), "inconsistent".into())]);
        let other = r#""purpose": "P4", "organisation": "ipa:c_g999""#;
        assert_eq!(found(other), [("/purpose".into(), "not_for_purpose".into())]);
        assert!(found(r#""purpose": "P11", "organisation": "ipa:c_g999""#).is_empty());
    }
}
