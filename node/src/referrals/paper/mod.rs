//! A referral on paper (*invio su carta*): the same consent, groups, states, clocks and disclosure log as with a node, to
//! an office of the address book that has none.
//!
//! What must hold:
//! - A sheet is made under a permit for that office, and is disclosed from the moment it exists: it is printed as it was
//!   made, however often. Before it leaves its consent is asked again, and so it is each time it is printed before.
//! - The state moves when somebody notes that a sheet left, that it arrived, or what the office said: the model judges
//!   each as it judges a message, with the state of both sides being the one that is known here.
//! - What the office said is noted with the way it came and who said so. An answer proves that the sheet arrived.
//! - A thread has one destination. What could not be delivered to a node goes on in a new thread on paper; the old one is
//!   withdrawn in the same act.

mod api;
mod model;
mod print;
mod rows;
mod said;
mod start;
mod view;

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use staffetta_protocol::card::{At as Place, CardGroups, Check};
use staffetta_protocol::consent::{Basis, Group, Purpose};
use staffetta_protocol::data::ReferralSent;
use staffetta_protocol::id::MessageId;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::Referrals;
use super::by::By;
use super::case::{Case, illegal};
use super::events::{self, Noted, Said};
use super::model::preview::PreviewEvent;
use super::model::{Event, Fate, Side, Transport};
use super::opener::permitted;
use crate::cards;
use crate::consents::recalls::when;
use crate::error::{Error, Result};
use crate::grants::{self, Permit, Resting};
use crate::journal;
use crate::store::{At, Id, Tx};

pub(super) use api::api;
pub(super) use model::Content;
pub use model::{Answered, ByHand, SheetKind};
pub use print::Printed;
pub(super) use rows::on_sheets;
pub(super) use said::may_be_noted;
pub use start::ToOffice;
pub(super) use start::proposal;
pub(super) use view::of as view_of;
pub use view::{OfficeView, SheetView};

/// The office on the other side, and how it was chosen.
pub(super) use rows::Chosen;

impl Referrals {
    /// Makes a sheet for the office: from now on its groups count as disclosed. Nothing is sent yet.
    ///
    /// # Errors
    /// `conflict` for a referral to a node; `illegal_transition` where the sheet's turn has not come; `consent_not_valid`,
    /// `section_not_covered`, or what the card lacks.
    pub fn make_sheet(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        id: Uuid,
        kind: SheetKind,
        fewer: Option<&BTreeSet<Group>>,
    ) -> Result<Uuid> {
        let case = self.on_paper(tx, id)?;
        self.may_leave(tx, by, &case, kind)?;
        let (permit, local_version, content) = match kind {
            SheetKind::Referral | SheetKind::Reopening => self.whole(tx, &case, fewer)?,
            SheetKind::Preview => self.part(tx, &case, Purpose::P1, BTreeSet::from([Group::Preview]))?,
            SheetKind::Contact => self.part(tx, &case, case.purpose, BTreeSet::from([Group::Contact]))?,
            SheetKind::Information => {
                let wanted = fewer.cloned().unwrap_or_default();
                self.part(tx, &case, case.purpose, wanted)?
            }
        };
        let carried = content.groups.groups();
        if carried.is_empty() {
            return Err(Problem::new(Code::SectionNotCovered).into());
        }
        let sheet = grants::on_paper(tx, &permit, &case.thread, kind.disclosed_as(), &carried, Some(local_version))?;
        rows::insert_sheet(tx, self.outbox().vault(), &case, by, sheet, kind, &permit, &content)?;
        let entry = by.entry("referral.sheet-made").subject(case.subject()).object(id).peer(case.peer());
        journal::record(tx, entry.code(kind.code()))?;
        Ok(sheet.0)
    }

    /// Notes that a sheet left. Its consent is asked once more: what was taken back or has run out meanwhile stays.
    ///
    /// # Errors
    /// `not_found`; `conflict` for one that left before; `illegal_transition`; `consent_not_valid`.
    pub fn hand_over(&self, tx: &mut Tx<'_>, by: By, id: Uuid, sheet: Uuid, how: &ByHand) -> Result<()> {
        let mut case = self.on_paper(tx, id)?;
        let row = rows::sheet(tx.conn(), id, sheet)?.ok_or(Code::NotFound)?;
        if row.sent.is_some() {
            return Err(Problem::new(Code::Conflict).detail("The sheet left before.").into());
        }
        let now = tx.now();
        let at = when(how.at, row.made_at, now)?;
        let resting = Resting { record: Some(row.record), ..Default::default() };
        if !grants::still_holds(tx.conn(), resting, now)? {
            return Err(Code::ConsentNotValid.into());
        }
        let said = match row.kind.event() {
            Some(event) => {
                case.step_at(tx, by, event, at)?;
                Said::Event(event)
            }
            None => {
                self.may_leave(tx, by, &case, row.kind)?;
                Said::ContactReleased
            }
        };
        if row.kind == SheetKind::Preview {
            case.preview = case
                .preview
                .apply(Side::Opener, PreviewEvent::Send, case.state)
                .ok_or_else(|| Error::internal("the table of the referral permits a preview that its own does not"))?;
            case.row.preview_sent_at = Some(At::from(at));
            case.row.preview_message = Some(Id(sheet));
        }
        rows::mark_sent(tx, sheet, at, how.channel)?;
        let groups: Vec<_> = row.groups.iter().map(|group| group.code()).collect();
        self.note_by_hand(tx, by, &mut case, true, said, MessageId(sheet), how, at, json!({"groups": groups}))?;
        case.row.last_message = Some(Id(sheet));
        case.save(tx)
    }

    /// Notes that the office has the sheet: its decision is due from then on.
    ///
    /// # Errors
    /// `conflict` for a referral to a node; `illegal_transition`; `invalid_input` for an instant that cannot be.
    pub fn arrived_on_paper(&self, tx: &mut Tx<'_>, by: By, id: Uuid, how: &ByHand) -> Result<()> {
        let mut case = self.on_paper(tx, id)?;
        // A receipt of a node may come after its message expired here; of paper that never left there is none.
        if case.state != Some(super::State::Sent) {
            let (facts, now) = (case.facts(tx, by)?, tx.now());
            return Err(illegal(case.allowed(&facts, now)));
        }
        let at = when(how.at, case.row.created_at.0, tx.now())?;
        self.arrive(tx, by, &mut case, how, at)?;
        case.save(tx)
    }

    fn arrive(&self, tx: &mut Tx<'_>, by: By, case: &mut Case, how: &ByHand, at: DateTime<Utc>) -> Result<()> {
        case.step_at(tx, by, Event::DeliveryAck, at)?;
        let said = Said::Event(Event::DeliveryAck);
        self.note_by_hand(tx, by, case, true, said, MessageId(Uuid::new_v4()), how, at, json!({}))
    }

    /// The referral, locked, if it goes on paper.
    fn on_paper(&self, tx: &mut Tx<'_>, id: Uuid) -> Result<Case> {
        let case = self.lock(tx, id)?;
        if case.peer().office().is_none() {
            return Err(Problem::new(Code::Conflict).detail("This referral goes to a node, not on paper.").into());
        }
        Ok(case)
    }

    /// Whether the turn of such a sheet has come: what it says is legal now and its consent is there.
    fn may_leave(&self, tx: &mut Tx<'_>, by: By, case: &Case, kind: SheetKind) -> Result<()> {
        match kind.event() {
            Some(event) => case.may(tx, by, event),
            None if matches!(case.state, Some(super::State::Accepted | super::State::InProgress)) => Ok(()),
            None => {
                let (facts, now) = (case.facts(tx, by)?, tx.now());
                Err(illegal(case.allowed(&facts, now)))
            }
        }
    }

    /// All that a referral carries, as it would travel.
    fn whole(&self, tx: &mut Tx<'_>, case: &Case, fewer: Option<&BTreeSet<Group>>) -> Result<(Permit, u32, Content)> {
        let (permit, local_version, card_version, card) = self.referral_card(tx, case, fewer)?;
        let body = ReferralSent { card_version, card };
        let mut lacks = body.check_for(case.purpose);
        body.check(&Place::Root, &mut lacks);
        if !lacks.is_empty() {
            return Err(Problem::invalid(lacks).into());
        }
        let content = Content { card_version: card_version.get(), groups: cards::from_referral(body.card) };
        Ok((permit, local_version, content))
    }

    /// What an office has on its sheets, as it is right now: for a letter, on the duty to tell. It counts as disclosed from
    /// now on.
    ///
    /// # Errors
    /// `conflict` for a referral to a node; what the card lacks.
    pub(super) fn rectified_on_paper(
        &self,
        tx: &mut Tx<'_>,
        id: Uuid,
        groups: &BTreeSet<Group>,
    ) -> Result<(Uuid, Content)> {
        let case = self.on_paper(tx, id)?;
        let (ids, thread) = (case.recipient_ids()?, &case.thread);
        let to = case.recipient(&ids);
        let (subject, known_as) = (case.subject(), thread.subject_ref);
        let permit = grants::permit_duty(subject, known_as, to, Basis::LegalDuty, thread.wire.0, groups.clone())?;
        let (shown, card_version) = self.shown(tx, &case, &permit)?;
        let carried = shown.groups.groups();
        let letter = grants::on_paper(tx, &permit, thread, "paper.rectification", &carried, Some(shown.local_version))?;
        Ok((letter.0, Content { card_version: card_version.get(), groups: shown.groups }))
    }

    fn part(
        &self,
        tx: &mut Tx<'_>,
        case: &Case,
        purpose: Purpose,
        wanted: BTreeSet<Group>,
    ) -> Result<(Permit, u32, Content)> {
        let permit = permitted(tx, case, purpose, &wanted)?;
        let (shown, card_version) = self.shown(tx, case, &permit)?;
        let groups: CardGroups = shown.groups;
        Ok((permit, shown.local_version, Content { card_version: card_version.get(), groups }))
    }

    /// Notes what happened by hand, in the thread's own counting.
    #[expect(clippy::too_many_arguments, reason = "an event by hand is all of these, and has no other maker")]
    fn note_by_hand(
        &self,
        tx: &mut Tx<'_>,
        by: By,
        case: &mut Case,
        own: bool,
        said: Said,
        message: MessageId,
        how: &ByHand,
        at: DateTime<Utc>,
        mut detail: Value,
    ) -> Result<()> {
        let (thread_seq, seen) = if own {
            grants::sent(tx, case.thread.id)?
        } else {
            let next = case.thread.seen_seq + 1;
            grants::thread_received(tx, case.thread.id, next)?;
            (next, case.thread.sent_seq)
        };
        case.thread = grants::by_id(tx.conn(), case.thread.id)?.ok_or_else(|| Error::internal("a lost thread"))?;
        if let Value::Object(parts) = &mut detail {
            parts.insert("by_hand".into(), serde_json::to_value(how).map_err(Error::internal)?);
        }
        let noted = Noted {
            id: Uuid::new_v4(),
            own,
            said,
            thread_seq,
            seen,
            message,
            at,
            actor_role: events::role_text(by.role()).to_owned(),
            fate: Fate::Said,
            superseded: false,
            transport: own.then_some(Transport::ByHand),
            code: None,
            settled: true,
            sealed: None,
        };
        case.note(tx, self.outbox().vault(), noted, Some(&detail))?;
        let entry = by.entry(said.act()).subject(case.subject()).object(case.id()).peer(case.peer());
        journal::record(tx, entry.code(format_args!("by_hand:{}", how.channel.code())))
    }
}
