//! What was said in a thread, row by row: the history of the model, and what the desk shows of it.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde_json::Value;
use staffetta_protocol::id::MessageId;
use staffetta_protocol::message::ActorRole;
use uuid::Uuid;

use super::model::{Entry, Event, Fate, History, Side, Transport};
use crate::error::{Error, Result};
use crate::store::schema::{outbox, referral_event};
use crate::store::{At, Conn, Id, Tx, each_backend};
use crate::vault::{Place, Subject, Vault};

/// What a message of the thread says: an event of the model, or one of the three types that change no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Of the model.
    Event(Event),
    /// The taker answered the preview.
    PreviewAnswered,
    /// Groups of the card, anew.
    CardUpdated,
    /// What crosses only after acceptance.
    ContactReleased,
}

impl Said {
    /// As stored and as shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event(event) => event.as_str(),
            Self::PreviewAnswered => "preview_answered",
            Self::CardUpdated => "card_updated",
            Self::ContactReleased => "contact_released",
        }
    }

    /// As the journal names the act.
    pub(super) fn act(self) -> &'static str {
        match self {
            Self::Event(event) => event.wire().unwrap_or(event.as_str()),
            Self::PreviewAnswered => "card.preview-answered",
            Self::CardUpdated => "card.updated",
            Self::ContactReleased => "contact.released",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        if let Some(event) = Event::parse(text) {
            return Ok(Self::Event(event));
        }
        [Self::PreviewAnswered, Self::CardUpdated, Self::ContactReleased]
            .into_iter()
            .find(|said| said.as_str() == text)
            .ok_or_else(|| Error::internal("unknown event in the database"))
    }
}

/// One message of the thread.
#[derive(Debug, Clone)]
pub(super) struct Noted {
    pub(super) id: Uuid,
    pub(super) own: bool,
    pub(super) said: Said,
    pub(super) thread_seq: u64,
    pub(super) seen: u64,
    pub(super) message: MessageId,
    pub(super) at: DateTime<Utc>,
    pub(super) actor_role: String,
    pub(super) fate: Fate,
    pub(super) superseded: bool,
    pub(super) transport: Option<Transport>,
    pub(super) code: Option<String>,
    pub(super) settled: bool,
    pub(super) sealed: Option<Vec<u8>>,
}

#[derive(Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = referral_event, treat_none_as_default_value = false)]
struct Row {
    id: Id,
    referral: Id,
    ordinal: i32,
    own: bool,
    said: String,
    thread_seq: i64,
    seen: i64,
    message: Id,
    at: At,
    actor_role: String,
    fate: String,
    superseded: bool,
    transport: Option<String>,
    code: Option<String>,
    settled: bool,
    sealed: Option<Vec<u8>>,
    decides: bool,
}

impl TryFrom<Row> for Noted {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let damaged = || Error::internal("a stored event of a referral does not parse");
        Ok(Self {
            id: row.id.0,
            own: row.own,
            said: Said::parse(&row.said)?,
            thread_seq: row.thread_seq as u64,
            seen: row.seen as u64,
            message: MessageId(row.message.0),
            at: row.at.0,
            actor_role: row.actor_role,
            fate: fate(&row.fate).ok_or_else(damaged)?,
            superseded: row.superseded,
            transport: row.transport.map(|text| Transport::parse(&text).ok_or_else(damaged)).transpose()?,
            code: row.code,
            settled: row.settled,
            sealed: row.sealed,
        })
    }
}

fn fate_text(fate: Fate) -> &'static str {
    match fate {
        Fate::Said => "said",
        Fate::Expired => "expired",
        Fate::Lost => "lost",
    }
}

fn fate(text: &str) -> Option<Fate> {
    [Fate::Said, Fate::Expired, Fate::Lost].into_iter().find(|fate| fate_text(*fate) == text)
}

/// An access role, as it stands in a message.
pub(super) fn role_text(role: ActorRole) -> &'static str {
    match role {
        ActorRole::Operator => "operator",
        ActorRole::Supervisor => "supervisor",
        ActorRole::CompanyUser => "company_user",
        ActorRole::Dpo => "dpo",
        ActorRole::Admin => "admin",
        ActorRole::Evaluator => "evaluator",
        ActorRole::Person => "person",
        ActorRole::System => "system",
    }
}

const fn place(event: Uuid) -> Place {
    Place { table: "referral_event", row: event, column: "sealed" }
}

/// Adds an event at the end; `detail` is sealed with the key of its subject.
pub(super) fn add(
    tx: &mut Tx<'_>,
    vault: &Vault,
    referral: Uuid,
    subject: Subject,
    mut event: Noted,
    detail: Option<&Value>,
) -> Result<Noted> {
    event.sealed = match detail {
        Some(detail) => Some(vault.seal(tx.conn(), subject, place(event.id), detail.to_string().as_bytes())?),
        None => None,
    };
    let row = Row {
        id: Id(event.id),
        referral: Id(referral),
        ordinal: next_ordinal(tx.conn(), referral)?,
        own: event.own,
        said: event.said.as_str().to_owned(),
        thread_seq: event.thread_seq as i64,
        seen: event.seen as i64,
        message: Id(event.message.0),
        at: At::from(event.at),
        actor_role: event.actor_role.clone(),
        fate: fate_text(event.fate).to_owned(),
        superseded: event.superseded,
        transport: event.transport.map(|transport| transport.as_str().to_owned()),
        code: event.code.clone(),
        settled: event.settled,
        sealed: event.sealed.clone(),
        decides: decides(event.said, event.settled),
    };
    each_backend!(tx.conn(), conn => diesel::insert_into(referral_event::table).values(row).execute(conn))?;
    Ok(event)
}

/// What an event says beyond its kind; `None` if it says nothing more, or its subject was erased.
pub(super) fn detail(conn: &mut Conn, vault: &Vault, event: &Noted) -> Result<Option<Value>> {
    let Some(sealed) = &event.sealed else { return Ok(None) };
    let Some(bytes) = vault.open(conn, place(event.id), sealed)? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(Error::internal)
}

/// All events of a referral in the order in which they were processed.
pub(super) fn of(conn: &mut Conn, referral: Uuid) -> Result<Vec<Noted>> {
    let rows: Vec<Row> = referral_event::table
        .filter(referral_event::referral.eq(Id(referral)))
        .order(referral_event::ordinal)
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Noted::try_from).collect()
}

/// Whether a step may depend on it: not on a card that came or went, once it is known to have arrived.
fn decides(said: Said, settled: bool) -> bool {
    !settled || !matches!(said, Said::CardUpdated | Said::ContactReleased)
}

/// The same without the cards that came and went: of these there may be many, and no step depends on them.
pub(super) fn that_decide(conn: &mut Conn, referral: Uuid) -> Result<Vec<Noted>> {
    let those = referral_event::table
        .filter(referral_event::referral.eq(Id(referral)))
        .filter(referral_event::decides)
        .order(referral_event::ordinal);
    let rows: Vec<Row> = each_backend!(conn, conn => those.select(Row::as_select()).load(conn))?;
    rows.into_iter().map(Noted::try_from).collect()
}

/// The place after the last event of a referral.
pub(super) fn next_ordinal(conn: &mut Conn, referral: Uuid) -> Result<i32> {
    let ordinals = referral_event::table.filter(referral_event::referral.eq(Id(referral)));
    let last: Option<i32> =
        each_backend!(conn, conn => ordinals.select(diesel::dsl::max(referral_event::ordinal)).first(conn))?;
    Ok(last.unwrap_or(0) + 1)
}

/// The referral in which this node queued the message, if it is one of this room.
pub(super) fn referral_of(conn: &mut Conn, message: MessageId) -> Result<Option<Uuid>> {
    let id: Option<Id> = referral_event::table
        .filter(referral_event::message.eq(Id(message.0)))
        .filter(referral_event::own.eq(true))
        .select(referral_event::referral)
        .first(conn)
        .optional()?;
    Ok(id.map(|id| id.0))
}

/// A message that this node queued in a referral.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) message: MessageId,
    pub(super) referral: Uuid,
    pub(super) said: Said,
}

/// Those of these messages that this node queued in a referral.
pub(super) fn own(conn: &mut Conn, messages: impl Iterator<Item = MessageId>) -> Result<Vec<Own>> {
    let found: Vec<(Id, Id, String)> = referral_event::table
        .filter(referral_event::message.eq_any(messages.map(|message| Id(message.0))))
        .filter(referral_event::own.eq(true))
        .select((referral_event::message, referral_event::referral, referral_event::said))
        .load(conn)?;
    found
        .into_iter()
        .map(|(message, referral, said)| {
            Ok(Own { message: MessageId(message.0), referral: referral.0, said: Said::parse(&said)? })
        })
        .collect()
}

/// Writes that these cards arrived, and nothing more was said of them.
pub(super) fn save_arrived(tx: &mut Tx<'_>, messages: &[Own]) -> Result<()> {
    let arrived = referral_event::message.eq_any(messages.iter().map(|own| Id(own.message.0)));
    diesel::update(referral_event::table.filter(arrived).filter(referral_event::own.eq(true)))
        .set((
            referral_event::fate.eq(fate_text(Fate::Said)),
            referral_event::transport.eq(Transport::Delivered.as_str()),
            referral_event::code.eq(None::<String>),
            referral_event::settled.eq(true),
            referral_event::decides.eq(false),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Referrals with a message of ours whose way has changed since it was looked at last, at most `limit`.
pub(super) fn moved(conn: &mut Conn, limit: i64) -> Result<Vec<Uuid>> {
    let ids: Vec<Id> = referral_event::table
        .inner_join(outbox::table.on(outbox::message.eq(referral_event::message)))
        .filter(referral_event::settled.eq(false))
        .filter(
            outbox::state
                .eq_any(["delivered", "refused", "struck", "expired"])
                .or(outbox::state.eq("void").and(referral_event::transport.eq("queued"))),
        )
        .select(referral_event::referral)
        .distinct()
        .limit(limit)
        .load(conn)?;
    Ok(ids.into_iter().map(|id| id.0).collect())
}

/// Writes what has become of an own message.
pub(super) fn save_way(tx: &mut Tx<'_>, event: &Noted) -> Result<()> {
    diesel::update(referral_event::table.find(Id(event.id)))
        .set((
            referral_event::fate.eq(fate_text(event.fate)),
            referral_event::transport.eq(event.transport.map(Transport::as_str)),
            referral_event::code.eq(event.code.clone()),
            referral_event::settled.eq(event.settled),
            referral_event::decides.eq(decides(event.said, event.settled)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Gives up the words that came in answer to a question of this node, of these messages.
pub(super) fn forget_words(tx: &mut Tx<'_>, messages: &[MessageId]) -> Result<()> {
    let came = referral_event::table
        .filter(referral_event::message.eq_any(messages.iter().map(|message| Id(message.0))))
        .filter(referral_event::own.eq(false))
        .filter(referral_event::said.eq(Event::ProvideInfo.as_str()));
    diesel::update(came).set(referral_event::sealed.eq(None::<Vec<u8>>)).execute(tx.conn())?;
    Ok(())
}

/// The part of them that the model knows.
pub(super) fn history(side: Side, events: &[Noted]) -> History {
    let entries = events.iter().filter_map(|noted| match noted.said {
        Said::Event(event) => Some(Entry {
            from: if noted.own { side } else { side.other() },
            thread_seq: noted.thread_seq,
            seen: noted.seen,
            event,
            at: noted.at,
            fate: noted.fate,
        }),
        Said::PreviewAnswered | Said::CardUpdated | Said::ContactReleased => None,
    });
    History::new(side, entries.collect())
}
