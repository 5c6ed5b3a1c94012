//! A referral as the verbs hold it: the row with its meaning, the thread, and all that was said in it.

use chrono::{DateTime, Utc};
use serde_json::Value;
use staffetta_protocol::consent::{Grant, OrganisationId, Purpose};
use staffetta_protocol::data::Body;
use staffetta_protocol::id::{EntityId, MessageId};
use staffetta_protocol::message::Message;
use staffetta_protocol::problem::{Code, Problem};
use uuid::Uuid;

use super::by::By;
use super::events::{self, Noted, Said};
use super::model::{
    self, DueClock, Effect, Event, Facts, Fate, Guard, History, Rejected, Side, State, Transport, preview::Preview,
};
use super::rows::{self, Row};
use crate::error::{Error, Result};
use crate::grants::{self, Destination, Permit, Recipient, Thread};
use crate::journal::{self, Entry};
use crate::outbox::{Outbox, Outgoing, enqueue_personal};
use crate::rules::calendar::LocalHoliday;
use crate::rules::deadlines::Deadlines;
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Subject, Vault};

/// Holidays of the place beside the national ones.
pub(super) const LOCAL: &[LocalHoliday] = &[];
/// The lengths in force.
pub(super) const DEADLINES: Deadlines = Deadlines::AGREED;

/// A referral, read or locked.
#[derive(Debug, Clone)]
pub(super) struct Case {
    pub(super) row: Row,
    /// The row as it stands in the database.
    kept: Row,
    pub(super) side: Side,
    pub(super) state: Option<State>,
    pub(super) preview: Preview,
    pub(super) clock: DueClock,
    pub(super) purpose: Purpose,
    pub(super) thread: Thread,
    pub(super) events: Vec<Noted>,
}

/// A message of ours to be queued in the thread.
#[derive(Debug)]
pub(super) struct Speech {
    pub(super) said: Said,
    pub(super) body: Body,
    pub(super) card_version: Option<u32>,
    /// What the desk shows of it later; of a card nothing.
    pub(super) detail: Option<Value>,
}

fn damaged() -> Error {
    Error::internal("a stored referral does not parse")
}

impl Case {
    /// The referral of that id, taken for this transaction.
    ///
    /// # Errors
    /// `not_found`.
    pub(super) fn lock(tx: &mut Tx<'_>, id: Uuid) -> Result<Self> {
        let now = tx.now();
        let row = rows::lock(tx, id)?.ok_or(Code::NotFound)?;
        Self::of_row(tx.conn(), row, now)
    }

    /// The referral of a thread in which a message came, taken for this transaction: with the events on which a step may
    /// depend, and not all that were ever noted. `None` where the thread is of another matter.
    pub(super) fn listen(tx: &mut Tx<'_>, thread: &Thread) -> Result<Option<Self>> {
        let now = tx.now();
        let Some(row) = rows::lock_of_thread(tx, thread.id)? else { return Ok(None) };
        let events = events::that_decide(tx.conn(), row.id.0)?;
        Self::with(row, thread.clone(), events, now).map(Some)
    }

    /// The referral of that id, to be looked at.
    ///
    /// # Errors
    /// `not_found`.
    pub(super) fn read(conn: &mut Conn, id: Uuid, now: DateTime<Utc>) -> Result<Self> {
        let row = rows::find(conn, id)?.ok_or(Code::NotFound)?;
        Self::of_row(conn, row, now)
    }

    pub(super) fn of_row(conn: &mut Conn, row: Row, now: DateTime<Utc>) -> Result<Self> {
        let thread = grants::by_id(conn, row.thread.0)?.ok_or_else(damaged)?;
        let events = events::of(conn, row.id.0)?;
        Self::with(row, thread, events, now)
    }

    fn with(row: Row, thread: Thread, events: Vec<Noted>, now: DateTime<Utc>) -> Result<Self> {
        let side = Side::parse(&row.side).ok_or_else(damaged)?;
        let state = row.state.as_deref().map(|text| State::parse(text).ok_or_else(damaged)).transpose()?;
        let mut preview = Preview::parse(&row.preview_state).ok_or_else(damaged)?;
        // No timer: an unanswered preview is closed for whoever looks after its time.
        let closes_at = row.preview_sent_at.map(|sent| Preview::closes_at(sent.0, &DEADLINES, LOCAL));
        if side == Side::Opener && preview == Preview::Sent && closes_at.is_some_and(|at| now >= at) {
            preview = Preview::TimedOut;
        }
        let clock = match (row.due_on, row.due_left) {
            (Some(due_on), _) => DueClock::Running { due_on },
            (None, Some(left)) => DueClock::Paused { left: left.unsigned_abs() },
            (None, None) => DueClock::Stopped,
        };
        let purpose = Purpose::from_code(&row.purpose).ok_or_else(damaged)?;
        Ok(Self { kept: row.clone(), row, side, state, preview, clock, purpose, thread, events })
    }

    /// Writes the row, if something in it changed: taking it has counted its version up. Events are written as they
    /// happen.
    pub(super) fn save(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.row.state = self.state.map(|state| state.as_str().to_owned());
        self.row.preview_state = self.preview.as_str().to_owned();
        self.row.purpose = self.purpose.code().to_owned();
        (self.row.due_on, self.row.due_left) = match self.clock {
            DueClock::Running { due_on } => (Some(due_on), None),
            DueClock::Paused { left } => (None, Some(i32::try_from(left).map_err(Error::internal)?)),
            DueClock::Stopped => (None, None),
        };
        if self.row != self.kept {
            rows::save(tx, &self.row)?;
            self.kept = self.row.clone();
        }
        Ok(())
    }

    pub(super) fn id(&self) -> Uuid {
        self.row.id.0
    }

    pub(super) fn subject(&self) -> Subject {
        Subject(self.row.subject.0)
    }

    pub(super) fn peer(&self) -> &Destination {
        &self.thread.peer
    }

    /// The node on the other side.
    ///
    /// # Errors
    /// `conflict` for a referral that goes on paper: its messages are sheets.
    pub(super) fn node(&self) -> Result<&EntityId> {
        let on_paper = || Problem::new(Code::Conflict).detail("This referral goes on paper: make a sheet instead.");
        self.thread.peer.node().ok_or_else(|| on_paper().into())
    }

    /// The person here: at an opener always, at a taker once a clerk has said who she is.
    pub(super) fn person(&self) -> Option<Uuid> {
        self.row.person.map(|id| id.0)
    }

    pub(super) fn history(&self) -> History {
        events::history(self.side, &self.events)
    }

    /// The identifiers under which a consent may name the other side, as last known.
    pub(super) fn recipient_ids(&self) -> Result<Vec<OrganisationId>> {
        let parts = self.row.recipient_ids.split(',').filter(|part| !part.is_empty());
        parts.map(|part| OrganisationId::new(part).map_err(|_| damaged())).collect()
    }

    /// The other side as a recipient of permits.
    pub(super) fn recipient<'a>(&'a self, ids: &'a [OrganisationId]) -> Recipient<'a> {
        Recipient { peer: &self.thread.peer, organisation: &self.row.organisation, ids }
    }

    /// What the model must know. Whether fields are missing is said by whoever builds the message, field by field.
    pub(super) fn facts(&self, tx: &mut Tx<'_>, by: By) -> Result<Facts> {
        let mut facts = Facts { preview: self.preview, by_person: by.is_person(), ..Facts::GIVEN };
        if self.side == Side::Opener {
            facts.preview_consent = !self.granted(tx, Purpose::P1)?.is_empty();
            facts.referral_consent = !self.granted(tx, self.purpose)?.is_empty();
        }
        Ok(self.history().facts(facts))
    }

    /// The live consents for the other side and this purpose, newest first.
    pub(super) fn granted(&self, tx: &mut Tx<'_>, purpose: Purpose) -> Result<Vec<Grant>> {
        let now = tx.now();
        let ids = self.recipient_ids()?;
        let live = grants::live_grants(tx.conn(), self.subject(), purpose, now)?;
        let for_them = |grant: &Grant| ids.iter().any(|id| grant.recipient.same_organisation(id));
        Ok(live.into_iter().map(|open| open.grant).filter(for_them).collect())
    }

    /// Makes the step of an event of this side.
    ///
    /// # Errors
    /// `illegal_transition` with what is allowed, or what the event still lacks.
    pub(super) fn step(&mut self, tx: &mut Tx<'_>, by: By, event: Event) -> Result<Vec<Effect>> {
        let now = tx.now();
        self.step_at(tx, by, event, now)
    }

    /// The same for what happened at `at`, and is noted now.
    pub(super) fn step_at(&mut self, tx: &mut Tx<'_>, by: By, event: Event, at: DateTime<Utc>) -> Result<Vec<Effect>> {
        let facts = self.facts(tx, by)?;
        let next = model::apply(self.side, self.state, event, &facts, at).map_err(rejected)?;
        self.make(&next, at);
        Ok(next.effects)
    }

    /// Whether that step could be made now.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub(super) fn may(&self, tx: &mut Tx<'_>, by: By, event: Event) -> Result<()> {
        let (facts, now) = (self.facts(tx, by)?, tx.now());
        model::apply(self.side, self.state, event, &facts, now).map(|_| ()).map_err(rejected)
    }

    /// Takes over a step that the model has found good; the effects that are columns of the row are carried out.
    pub(super) fn make(&mut self, next: &model::Next, now: DateTime<Utc>) {
        self.state = next.state;
        for effect in &next.effects {
            self.clock = self.clock.after(*effect, &DEADLINES, LOCAL, now);
            if *effect == Effect::TellThePerson {
                self.open_task(now);
            }
        }
    }

    /// Opens the task *Dillo alla persona*; a new answer is to be told anew.
    pub(super) fn open_task(&mut self, now: DateTime<Utc>) {
        self.row.tell_since = Some(At::from(now));
        self.row.told_at = None;
        self.row.told_by = None;
        self.row.told_how = None;
    }

    /// What this side may do at its desk now. A change of holder follows from a transfer and is nobody's own act.
    pub(super) fn allowed(&self, facts: &Facts, now: DateTime<Utc>) -> Vec<&'static str> {
        names(model::allowed(self.side, self.state, facts, now))
    }

    /// Queues a message in the thread and notes it.
    pub(super) fn say(
        &mut self,
        tx: &mut Tx<'_>,
        outbox: &Outbox,
        by: By,
        permit: &Permit,
        speech: Speech,
    ) -> Result<MessageId> {
        let actor = by.actor(outbox.vault(), permit.peer().must_be_node()?);
        let role = events::role_text(actor.role);
        let not_after = permit.ground().grant().map(|grant| grant.not_after);
        let ground = permit.ground().kind();
        let Speech { said, body, card_version, detail } = speech;
        let out = Outgoing { thread: Some(&self.thread), actor, body, card_version, not_after };
        let message = enqueue_personal(tx, outbox, permit, out)?;
        self.thread = grants::by_id(tx.conn(), self.thread.id)?.ok_or_else(damaged)?;
        let noted = Noted {
            id: Uuid::new_v4(),
            own: true,
            said,
            thread_seq: self.thread.sent_seq,
            seen: self.thread.seen_seq,
            message,
            at: whole_second(tx.now()),
            actor_role: role.to_owned(),
            fate: Fate::Said,
            superseded: false,
            transport: Some(Transport::Queued),
            code: None,
            settled: false,
            sealed: None,
        };
        self.note(tx, outbox.vault(), noted, detail.as_ref())?;
        self.row.last_message = Some(Id(message.0));
        let entry = Entry::new(by.journal(), said.act()).subject(self.subject()).object(self.id());
        journal::record(tx, entry.peer(&self.thread.peer).ground(ground))?;
        Ok(message)
    }

    /// Notes a message of the other side.
    pub(super) fn heard(
        &mut self,
        tx: &mut Tx<'_>,
        vault: &Vault,
        m: &Message,
        said: Said,
        superseded: bool,
        detail: Option<&Value>,
    ) -> Result<()> {
        let place = m.place.ok_or_else(|| Error::internal("a message of a referral has its place in a thread"))?;
        let noted = Noted {
            id: Uuid::new_v4(),
            own: false,
            said,
            thread_seq: place.seq,
            seen: place.seen,
            message: m.id,
            at: m.issued_at,
            actor_role: events::role_text(m.actor.role).to_owned(),
            fate: Fate::Said,
            superseded,
            transport: None,
            code: None,
            settled: true,
            sealed: None,
        };
        self.note(tx, vault, noted, detail)?;
        let entry = Entry::new(journal::Actor::Peer(m.from.clone()), said.act()).subject(self.subject());
        let entry = if superseded { entry.code("superseded") } else { entry };
        journal::record(tx, entry.object(self.id()).peer(&m.from))
    }

    /// Notes a step of this side that no message tells.
    pub(super) fn note_here(&mut self, tx: &mut Tx<'_>, vault: &Vault, event: Event, detail: &Value) -> Result<()> {
        let (thread_seq, seen) = grants::sent(tx, self.thread.id)?;
        let noted = Noted {
            id: Uuid::new_v4(),
            own: true,
            said: Said::Event(event),
            thread_seq,
            seen,
            message: MessageId(Uuid::new_v4()),
            at: whole_second(tx.now()),
            actor_role: events::role_text(staffetta_protocol::message::ActorRole::System).to_owned(),
            fate: Fate::Said,
            superseded: false,
            transport: None,
            code: None,
            settled: true,
            sealed: None,
        };
        self.note(tx, vault, noted, Some(detail))
    }

    pub(super) fn note(&mut self, tx: &mut Tx<'_>, vault: &Vault, noted: Noted, detail: Option<&Value>) -> Result<()> {
        let noted = events::add(tx, vault, self.id(), self.subject(), noted, detail)?;
        self.events.push(noted);
        Ok(())
    }
}

/// An `iat` has no fractions; both sides reckon from it.
fn whole_second(at: DateTime<Utc>) -> DateTime<Utc> {
    DateTime::from_timestamp(at.timestamp(), 0).unwrap_or(at)
}

pub(super) fn names(events: Vec<Event>) -> Vec<&'static str> {
    events.into_iter().filter(|event| *event != Event::HolderChanged).map(Event::as_str).collect()
}

/// `illegal_transition`, for an act that the table does not have.
pub(super) fn illegal(allowed: Vec<&'static str>) -> Error {
    Problem::illegal(allowed.into_iter().map(str::to_owned).collect()).into()
}

fn rejected(why: Rejected) -> Error {
    use staffetta_protocol::card::Refusal;
    match why {
        Rejected::Illegal { allowed } => illegal(names(allowed)),
        Rejected::Unmet(Guard::Card | Guard::Fields) => Problem::invalid(vec![Refusal::Required.at("/card")]).into(),
        Rejected::Unmet(Guard::Consent) => Problem::new(Code::ConsentNotValid).into(),
        Rejected::Unmet(Guard::Person) => {
            Problem::new(Code::NotEntitled).detail("A person decides this, not a program.").into()
        }
    }
}
