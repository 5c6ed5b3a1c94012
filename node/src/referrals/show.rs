//! From the rows to what the desk shows.

use chrono::{DateTime, Utc};
use staffetta_protocol::card::CardGroups;
use staffetta_protocol::data::NewHolder;
use uuid::Uuid;

use super::Referrals as Handle;
use super::by::By;
use super::case::{Case, DEADLINES, LOCAL, names};
use super::events::{self, Noted, Said};
use super::model::known::KnownPerson;
use super::model::preview::Preview;
use super::model::{self, Event, Facts, Side, Stage, State, Transport, due};
use super::paper;
use super::rows::{self, Wanted};
use super::view::{
    Candidate, Known, PreviewView, Referral, ReferralEvent, ReferralSummary, Referrals, ShownCard, Telling, Way,
};
use crate::access::cases;
use crate::cards;
use crate::error::{Error, Result};
use crate::grants;
use crate::journal;
use crate::outbox;
use crate::people::{self, PersonId};
use crate::store::{Conn, Id, Tx};
use crate::vault::{Subject, Vault};
use crate::web::EmbeddedEvent;

fn way(noted: Option<&Noted>, queued_at: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Way {
    let transport = noted.and_then(|noted| noted.transport).unwrap_or(Transport::NotSent);
    let queued_at = queued_at.filter(|_| transport == Transport::Queued);
    let undelivered = queued_at.is_some_and(|at| transport.is_undelivered(at, &DEADLINES, now));
    Way { state: transport.as_str(), code: noted.and_then(|noted| noted.code.clone()), queued_at, undelivered }
}

fn stage(of: Stage) -> &'static str {
    match of {
        Stage::InTime => "in_time",
        Stage::Remind => "remind",
        Stage::Escalate => "escalate",
    }
}

impl Case {
    fn own(&self, message: Option<Id>) -> Option<&Noted> {
        self.events.iter().rev().find(|event| event.own && Some(event.message.0) == message.map(|id| id.0))
    }

    /// Where an own message stands now: what the outbox knows, even if nobody has taken it over yet.
    fn way(&self, conn: &mut Conn, message: Option<Id>, now: DateTime<Utc>) -> Result<Way> {
        let Some(noted) = self.own(message) else { return Ok(way(None, None, now)) };
        let waiting = outbox::transport_of(conn, noted.message)?;
        let queued_at = waiting.map(|waiting| waiting.queued_at);
        let mut way = way(Some(noted), queued_at, now);
        if noted.transport == Some(Transport::ByHand) && self.state == Some(State::Sent) {
            // Nobody has noted that it arrived.
            way.undelivered = now - noted.at >= DEADLINES.undelivered;
        }
        Ok(way)
    }

    fn summary(&self, conn: &mut Conn, now: DateTime<Utc>) -> Result<ReferralSummary> {
        let transport = self.way(conn, self.row.last_message, now)?;
        let sent = self.row.preview_message.is_some();
        let closes_at = self.row.preview_sent_at.map(|sent| Preview::closes_at(sent.0, &DEADLINES, LOCAL));
        let preview = PreviewView {
            state: self.preview.as_str(),
            transport: if sent { Some(self.way(conn, self.row.preview_message, now)?) } else { None },
            closes_at: closes_at.filter(|_| self.preview == Preview::Sent),
        };
        let telling = self.row.tell_since.map(|since| {
            let due_at = due::tell_by(since.0, &DEADLINES, LOCAL);
            Telling {
                since: since.0,
                due_at,
                overdue: self.row.told_at.is_none() && now >= due_at,
                told_at: self.row.told_at.map(|at| at.0),
                told_by: self.row.told_by.map(|id| id.0),
                how: self.row.told_how.clone(),
            }
        });
        Ok(ReferralSummary {
            id: self.id(),
            side: self.side.as_str(),
            peer: self.peer().node().cloned(),
            office: self.peer().office(),
            organisation_name: self.row.organisation.clone(),
            person: self.person(),
            restricted: self.thread.restricted,
            purpose: self.purpose.code(),
            state: self.state.map(State::as_str),
            transport,
            preview,
            decision_due_at: self.clock.due_at(),
            overdue: self.clock.is_overdue(now),
            stage: stage(self.clock.stage(&DEADLINES, LOCAL, now)),
            telling,
            created_at: self.row.created_at.0,
            updated_at: self.row.updated_at.0,
            version: self.row.version,
        })
    }
}

fn event_view(conn: &mut Conn, vault: &Vault, noted: &Noted, now: DateTime<Utc>) -> Result<ReferralEvent> {
    Ok(ReferralEvent {
        event: noted.said.as_str(),
        own: noted.own,
        at: noted.at,
        actor_role: noted.actor_role.clone(),
        superseded: noted.superseded,
        transport: noted.own.then(|| way(Some(noted), None, now)),
        detail: events::detail(conn, vault, noted)?,
    })
}

impl Handle {
    /// The referral with all that was said, for somebody at the desk; that it was looked at is recorded.
    ///
    /// # Errors
    /// `not_found`.
    pub fn look(&self, tx: &mut Tx<'_>, by: By, id: Uuid) -> Result<Referral> {
        let now = tx.now();
        let mut case = Case::read(tx.conn(), id, now)?;
        self.refresh_name(tx.conn(), &mut case)?;
        let facts = case.history().facts(Facts { preview: case.preview, ..Facts::GIVEN });
        let vault = self.outbox().vault();
        let mut events = Vec::with_capacity(case.events.len());
        for noted in &case.events {
            let mut event = event_view(tx.conn(), vault, noted, now)?;
            if !noted.own && noted.said == Said::Event(Event::ProvideInfo) && taken_back(tx.conn(), &case, noted, now)?
            {
                event.detail = None;
            }
            events.push(event);
        }
        let taker = case.side == Side::Taker;
        let card = if taker { Some(cards::received(tx.conn(), vault, case.thread.id)?) } else { None };
        let known_person = match &card {
            Some(card) => Some(known(tx.conn(), vault, &case, &card.groups)?),
            None => None,
        };
        let mut allowed = names(model::allowed(case.side, case.state, &facts, now));
        if case.peer().office().is_some() {
            allowed.extend(paper::may_be_noted(&case));
        }
        let new_holder = new_holder(tx.conn(), vault, &case)?;
        let entry = by.entry("referral.read").subject(case.subject()).object(id);
        journal::record(tx, entry.peer(case.peer()))?;
        Ok(Referral {
            summary: case.summary(tx.conn(), now)?,
            allowed,
            office: paper::view_of(tx.conn(), vault, id)?,
            events,
            already_known: case.row.already_known,
            known_person,
            end_reason: new_holder.as_ref().map(|_| Event::HolderChanged.as_str()),
            new_holder,
            card: card.filter(|card| card.card_version > 0).map(|card| ShownCard {
                card_version: card.card_version,
                received_at: card.received_at,
                groups: card.groups,
            }),
        })
    }

    /// Referrals, newest first. Nothing of what they say.
    pub fn list(&self, conn: &mut Conn, wanted: &Wanted, now: DateTime<Utc>) -> Result<Referrals> {
        let mut found = rows::list(conn, &Wanted { limit: wanted.limit + 1, ..wanted.clone() })?;
        let more = found.len() as i64 > wanted.limit;
        found.truncate(wanted.limit.max(0) as usize);
        let last = found.last().filter(|_| more);
        let next = last.map(|row| (row.created_at.0, row.id.0));
        let (mut items, mut last_events) = (Vec::with_capacity(found.len()), Vec::new());
        // One that came in has a key of its own, and may be about somebody whom this node knows.
        let own = |row: &rows::Row| row.person.filter(|_| row.side == Side::Opener.as_str()).unwrap_or(row.id).0;
        let known: Vec<Uuid> = found.iter().filter_map(|row| row.person.map(|id| id.0)).collect();
        let mut whose: Vec<_> = found.iter().map(|row| (own(row), Subject(row.subject.0))).collect();
        whose.extend(cases::subjects_among(conn, &known)?);
        for row in found {
            let mut case = Case::of_row(conn, row, now)?;
            self.refresh_name(conn, &mut case)?;
            let last = case.events.last();
            last_events.push(last.map(|it| EmbeddedEvent { event: it.said.as_str(), own: it.own, at: it.at }));
            items.push(case.summary(conn, now)?);
        }
        Ok(Referrals { items, next_cursor: None, next, whose, last_events })
    }
}

/// Whether what was answered may not be used any more: it is kept while she must not lose it, and shown to nobody.
fn taken_back(conn: &mut Conn, case: &Case, noted: &Noted, now: DateTime<Utc>) -> Result<bool> {
    let Some(node) = case.peer().node().cloned() else { return Ok(false) };
    grants::taken_back(conn, &node, (case.thread.id, noted.message), now)
}

/// Who holds the card now, where the referral ended with that.
fn new_holder(conn: &mut Conn, vault: &Vault, case: &Case) -> Result<Option<NewHolder>> {
    let told = |noted: &&Noted| noted.said == Said::Event(Event::HolderChanged) && !noted.superseded;
    let Some(noted) = case.events.iter().rev().find(told) else { return Ok(None) };
    let detail = events::detail(conn, vault, noted)?;
    detail.map(|it| serde_json::from_value(it["holder"].clone()).map_err(Error::internal)).transpose()
}

/// What this office's own records say about who she may be. Another sender's referral of her is no record of ours.
fn known(conn: &mut Conn, vault: &Vault, case: &Case, card: &CardGroups) -> Result<Known> {
    let choice = case.row.known_choice.as_deref().and_then(KnownPerson::parse).map(KnownPerson::as_str);
    Ok(Known { choice, candidates: candidates(conn, vault, card)? })
}

/// Who of this office's own people the identity of a card may be.
pub(super) fn candidates(conn: &mut Conn, vault: &Vault, card: &CardGroups) -> Result<Vec<Candidate>> {
    let found = match &card.identity {
        Some(who) => {
            let given = Some(who.given_names.as_str());
            let names: Vec<&str> =
                given.into_iter().chain(who.family_names.as_ref().map(|name| name.as_str())).collect();
            people::find_same(conn, vault, who.tax_code.as_ref(), &names, who.birth_date.as_ref())?
        }
        None => Vec::new(),
    };
    Ok(found.into_iter().map(|m| Candidate { person: PersonId::into(m.person), matched_on: m.on }).collect())
}
