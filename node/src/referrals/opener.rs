//! What the opener does: begin, send ahead, send, answer questions.

use std::collections::BTreeSet;

use serde_json::json;
use staffetta_protocol::card::{At as Place, CardGroups, Check, Level, List, Refusal};
use staffetta_protocol::consent::{Grant, Group, Purpose};
use staffetta_protocol::data::{
    Answer, CardPreview, CardVersion, ProvidedGroups, ReferralCard, ReferralInfoProvided, ReferralReopened,
    ReferralSent,
};
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::may_receive;
use uuid::Uuid;

use super::by::By;
use super::case::{Case, Speech, illegal};
use super::events::Said;
use super::model::known::is_duplicate;
use super::model::preview::{Preview, PreviewEvent};
use super::model::{Event, Side, State};
use super::rows::{self, Row};
use super::{Referrals, unknown_member};
use crate::cards::{self, Shown};
use crate::error::{Error, Result};
use crate::grants::{self, Destination, Permit};
use crate::journal;
use crate::people::{self, PersonId};
use crate::store::{At, Id, Tx};

/// What begins a referral.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The person.
    pub person: PersonId,
    /// The node that is to take her on.
    pub recipient: EntityId,
    /// P2, or P11 for a certification.
    pub purpose: Purpose,
    /// The operator was warned of another open referral to the same node and means it.
    pub confirm_duplicate: bool,
}

/// How a referral is sent.
#[derive(Debug, Clone, Default)]
pub struct Sending {
    /// The preview goes in the same act, ahead of it.
    pub with_preview: bool,
    /// Fewer groups than the consent allows; those that a referral cannot do without are always there.
    pub groups: Option<BTreeSet<Group>>,
    /// The operator was warned of another open referral to the same node and means it.
    pub confirm_duplicate: bool,
}

const NEEDED: [Group; 2] = [Group::Preview, Group::Identity];

impl Referrals {
    /// Begins a referral: a thread, and a draft in it. Nothing leaves.
    ///
    /// # Errors
    /// `not_found` for a person or node that is not known here, `invalid_input`, `already_exists` where another
    /// referral of hers to the same node is open and nobody said that this is meant.
    pub fn draft(&self, tx: &mut Tx<'_>, by: By, draft: &Draft) -> Result<Uuid> {
        if !matches!(draft.purpose, Purpose::P2 | Purpose::P11) {
            return Err(Problem::invalid(vec![Refusal::NotForPurpose.at("/purpose")]).into());
        }
        let subject = people::get(tx.conn(), draft.person)?.subject;
        if cards::current(tx.conn(), self.outbox().vault(), draft.person)?.is_none() {
            return Err(Problem::invalid(vec![Refusal::Required.at("/card")]).into());
        }
        let partner = self.partner(tx.conn(), &draft.recipient)?.ok_or_else(unknown_member)?;
        partner.must_take("referral.sent.v1", &self.partners.ours(tx.conn())?)?;
        warn_of_duplicate(tx, draft.person.0, &(&draft.recipient).into(), None, draft.confirm_duplicate)?;
        let thread = grants::begin(tx, &draft.recipient, subject, "referral")?;
        let now = At::from(tx.now());
        let id = Uuid::new_v4();
        let row = Row {
            id: Id(id),
            thread: Id(thread.id),
            side: Side::Opener.as_str().to_owned(),
            peer: draft.recipient.to_string(),
            organisation: partner.organisation_name.clone(),
            recipient_ids: super::joined(&partner.organisation_ids),
            person: Some(Id(draft.person.0)),
            subject: Id(subject.0),
            purpose: draft.purpose.code().to_owned(),
            state: Some(State::Draft.as_str().to_owned()),
            preview_state: Preview::None.as_str().to_owned(),
            preview_sent_at: None,
            preview_message: None,
            last_message: None,
            due_on: None,
            due_left: None,
            tell_since: None,
            told_at: None,
            told_by: None,
            told_how: None,
            known_choice: None,
            already_known: None,
            duplicate_confirmed: draft.confirm_duplicate,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        rows::insert(tx, &row)?;
        let entry = by.entry("referral.created").subject(subject).object(id);
        journal::record(tx, entry.peer(&draft.recipient))?;
        Ok(id)
    }

    /// Sends the pseudonymous card ahead.
    ///
    /// # Errors
    /// `illegal_transition`, `consent_not_valid`, `type_not_supported`, `role_not_entitled`, or what the card lacks.
    pub fn send_preview(&self, tx: &mut Tx<'_>, by: By, id: Uuid) -> Result<MessageId> {
        let mut case = self.lock(tx, id)?;
        let message = self.preview(tx, by, &mut case)?;
        case.save(tx)?;
        Ok(message)
    }

    fn preview(&self, tx: &mut Tx<'_>, by: By, case: &mut Case) -> Result<MessageId> {
        case.step(tx, by, Event::SendPreview)?;
        self.must_take(tx, case, "card.preview.v1")?;
        let wanted = BTreeSet::from([Group::Preview]);
        let permit = permitted(tx, case, Purpose::P1, &wanted)?;
        let (shown, card_version) = self.shown(tx, case, &permit)?;
        let preview = shown.groups.preview.ok_or_else(|| missing("/preview"))?;
        let body = CardPreview { card_version, preview };
        let now = tx.now();
        case.preview = case
            .preview
            .apply(Side::Opener, PreviewEvent::Send, Some(State::Draft))
            .ok_or_else(|| Error::internal("the table of the referral permits a preview that its own does not"))?;
        case.row.preview_sent_at = Some(At::from(now));
        let speech = Speech {
            said: Said::Event(Event::SendPreview),
            body: body.into(),
            card_version: Some(shown.local_version),
            detail: None,
        };
        let message = case.say(tx, self.outbox(), by, &permit, speech)?;
        case.row.preview_message = Some(Id(message.0));
        Ok(message)
    }

    /// Sends the referral, and where asked the preview ahead of it in the same act.
    ///
    /// # Errors
    /// As [`Self::send_preview`], and `already_exists` as for [`Self::draft`].
    pub fn send(&self, tx: &mut Tx<'_>, by: By, id: Uuid, how: &Sending) -> Result<MessageId> {
        let mut case = self.lock(tx, id)?;
        if how.with_preview {
            self.preview(tx, by, &mut case)?;
        }
        case.step(tx, by, Event::Send)?;
        self.must_take(tx, &case, "referral.sent.v1")?;
        case.row.duplicate_confirmed |= how.confirm_duplicate;
        let person = case.person().ok_or_else(|| Error::internal("an opener's referral names its person"))?;
        warn_of_duplicate(tx, person, case.peer(), Some(id), case.row.duplicate_confirmed)?;
        let (permit, version, card_version, card) = self.referral_card(tx, &case, how.groups.as_ref())?;
        let body = ReferralSent { card_version, card };
        let mut lacks = body.check_for(case.purpose);
        body.check(&Place::Root, &mut lacks);
        if !lacks.is_empty() {
            return Err(Problem::invalid(lacks).into());
        }
        let groups = codes(permit.groups());
        let speech = Speech {
            said: Said::Event(Event::Send),
            body: body.into(),
            card_version: Some(version),
            detail: Some(json!({"groups": groups})),
        };
        let message = case.say(tx, self.outbox(), by, &permit, speech)?;
        case.save(tx)?;
        Ok(message)
    }

    /// Answers the taker's questions: groups of the card anew, words, or both.
    ///
    /// # Errors
    /// `illegal_transition`, `consent_not_valid`, `section_not_covered`, or what is wrong with the answer.
    pub fn provide_info(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        groups: &BTreeSet<Group>,
        answers: List<Answer, 0, 10>,
    ) -> Result<MessageId> {
        let mut case = self.lock(tx, id)?;
        case.step(tx, by, Event::ProvideInfo)?;
        self.must_take(tx, &case, "referral.info-provided.v1")?;
        let permit = permitted(tx, &case, case.purpose, groups)?;
        let (shown, card_version) = self.shown(tx, &case, &permit)?;
        let CardGroups { preview, identity, status, skills_full, needs, .. } = shown.groups;
        let card = ProvidedGroups { preview, identity, status, skills_full, needs };
        let detail = json!({"groups": codes(groups), "answers": answers});
        let body = checked(ReferralInfoProvided { card_version, card, answers })?;
        let speech = Speech {
            said: Said::Event(Event::ProvideInfo),
            body: body.into(),
            card_version: Some(shown.local_version),
            detail: Some(detail),
        };
        let message = case.say(tx, self.outbox(), by, &permit, speech)?;
        case.save(tx)?;
        Ok(message)
    }

    /// Asks the taker to take a declined or closed referral up again. The card goes anew: the taker may have erased it.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn reopen(&self, tx: &mut Tx<'_>, by: By, id: Uuid) -> Result<MessageId> {
        let mut case = self.lock(tx, id)?;
        case.step(tx, by, Event::Reopen)?;
        self.must_take(tx, &case, "referral.reopened.v1")?;
        let (permit, version, card_version, card) = self.referral_card(tx, &case, None)?;
        let body = checked(ReferralReopened { card_version, card })?;
        let speech = Speech {
            said: Said::Event(Event::Reopen),
            body: body.into(),
            card_version: Some(version),
            detail: Some(json!({"groups": codes(permit.groups())})),
        };
        let message = case.say(tx, self.outbox(), by, &permit, speech)?;
        case.save(tx)?;
        Ok(message)
    }

    /// The card of a referral: what the newest consent allows at this level, or fewer groups where asked.
    fn referral_card(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        fewer: Option<&BTreeSet<Group>>,
    ) -> Result<(Permit, u32, CardVersion, ReferralCard)> {
        // The contact may have been granted by a record of its own, which carries no referral.
        let covering = |grant: &Grant| NEEDED.iter().all(|group| grant.groups.set().contains(group));
        let grant = case.granted(tx, case.purpose)?.into_iter().find(covering).ok_or(Code::SectionNotCovered)?;
        let rule = case.purpose.rule();
        let allowed = grant.groups.set().iter().copied().filter(|group| rule.groups.contains(group));
        let wanted = match fewer {
            Some(fewer) => fewer.iter().copied().chain(NEEDED).collect(),
            None => allowed.chain(NEEDED).collect(),
        };
        let permit = permitted(tx, case, case.purpose, &wanted)?;
        let (shown, card_version) = self.shown(tx, case, &permit)?;
        Ok((permit, shown.local_version, card_version, cards::for_referral(shown.groups)?))
    }

    /// The groups of the permit as the card has them now, and the number that this recipient counts.
    pub(super) fn shown(&self, tx: &mut Tx<'_>, case: &Case, permit: &Permit) -> Result<(Shown, CardVersion)> {
        let person = case.person().ok_or_else(|| illegal(Vec::new()))?;
        let reached = self.reached(tx, case, permit)?;
        let shown = cards::disclose(tx, self.outbox().vault(), PersonId(person), permit, reached)?;
        let card_version = CardVersion::new(shown.card_version).map_err(Error::internal)?;
        Ok((shown, card_version))
    }

    /// The level that the thread has reached: fields cross when their group is granted and their level is reached.
    fn reached(&self, tx: &mut Tx<'_>, case: &Case, permit: &Permit) -> Result<Level> {
        // An end by closing comes after an acceptance, and what was given then may still be put right.
        let accepted = matches!(case.state, Some(State::Accepted | State::InProgress | State::Closed));
        if permit.purpose() == Some(Purpose::P1) {
            return Ok(Level::Preview);
        }
        if !accepted {
            return Ok(Level::Referral);
        }
        // What an office without a node needs for its forms the person carries there herself.
        let Some(node) = case.peer().node() else { return Ok(Level::Accepted) };
        let partner = self.partner(tx.conn(), node)?;
        let formal = partner.is_some_and(|partner| may_receive(Group::Formalities.code(), &partner.roles));
        Ok(if formal { Level::Formalities } else { Level::Accepted })
    }
}

fn warn_of_duplicate(
    tx: &mut Tx<'_>,
    person: Uuid,
    recipient: &Destination,
    but: Option<Uuid>,
    confirmed: bool,
) -> Result<()> {
    let others = rows::of_person(tx.conn(), person)?;
    let others = others.into_iter().filter(|(id, ..)| Some(*id) != but);
    let open = others.filter_map(|(_, peer, state)| Some((peer, State::parse(state?.as_str())?)));
    if !confirmed && is_duplicate(&recipient.to_string(), open) {
        let detail = "Another referral of this person to this node is open: confirm_duplicate says that this is meant.";
        return Err(Problem::new(Code::AlreadyExists).detail(detail).into());
    }
    Ok(())
}

/// A permit under the live consent; groups that the level of the act does not reach are refused before.
pub(super) fn permitted(tx: &mut Tx<'_>, case: &Case, purpose: Purpose, wanted: &BTreeSet<Group>) -> Result<Permit> {
    if wanted.iter().any(|group| !purpose.allows(*group)) {
        return Err(Problem::new(Code::SectionNotCovered).into());
    }
    let ids = case.recipient_ids()?;
    grants::permit(tx, case.subject(), case.recipient(&ids), purpose, wanted)
}

pub(super) fn codes(groups: &BTreeSet<Group>) -> Vec<&'static str> {
    groups.iter().map(|group| group.code()).collect()
}

fn missing(pointer: &'static str) -> Error {
    Problem::invalid(vec![Refusal::Required.at(pointer)]).into()
}

/// Holds the rules of a message type before it is queued.
pub(super) fn checked<T: Check>(body: T) -> Result<T> {
    let mut found = Vec::new();
    body.check(&Place::Root, &mut found);
    if found.is_empty() { Ok(body) } else { Err(Problem::invalid(found).into()) }
}
