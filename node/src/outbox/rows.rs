//! Rows of the outbox as others may see and strike them.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::grants::{self, Resting};
use crate::store::schema::{disclosure, link_out, outbox, receipt};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::Subject;

/// Where a message stands on its way. Never mixed with the state of the matter that it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
// A card's `Transport` is how a person gets to work.
#[schema(as = MessageTransport)]
pub enum Transport {
    /// Waits, or is under way.
    Queued,
    /// Receipted as accepted.
    Delivered,
    /// Receipted as refused; the code says why.
    Refused,
    /// Its ground ended before it was delivered.
    Struck,
    /// Its time ran out before it was delivered.
    Expired,
}

impl Transport {
    /// As it stands in the database. A void under way counts as what it will become.
    pub(super) fn parse(state: &str, code: Option<&str>) -> Result<Self> {
        match (state, code) {
            ("queued", _) => Ok(Self::Queued),
            ("delivered", _) => Ok(Self::Delivered),
            ("refused", _) => Ok(Self::Refused),
            ("expired", _) | ("void", Some("expired")) => Ok(Self::Expired),
            ("struck" | "void", _) => Ok(Self::Struck),
            _ => Err(Error::internal("unknown state of a queued message")),
        }
    }
}

/// A message on its way, or arrived, or not.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Its id.
    pub message: MessageId,
    /// For which node.
    pub peer: String,
    /// Its type.
    pub kind: String,
    /// Where it stands.
    pub transport: Transport,
    /// Why it was refused, struck or accepted without effect.
    pub code: Option<String>,
    /// Since when it waits.
    pub queued_at: DateTime<Utc>,
    /// When that was decided.
    pub settled_at: Option<DateTime<Utc>>,
}

impl Waiting {
    /// Whether it stopped because its ground ended, and for no other reason: what rests on another one may go still.
    pub fn lost_its_ground(&self) -> bool {
        self.transport == Transport::Struck && matches!(self.code.as_deref(), Some("struck" | "consent_not_valid"))
    }
}

type Columns = (Id, String, String, String, Option<String>, At, Option<At>);

fn columns(row: Columns) -> Result<Waiting> {
    let (message, peer, kind, state, code, queued_at, settled_at) = row;
    Ok(Waiting {
        message: MessageId(message.0),
        transport: Transport::parse(&state, code.as_deref())?,
        peer,
        kind,
        code,
        queued_at: queued_at.0,
        settled_at: settled_at.map(|at| at.0),
    })
}

/// Where one message stands.
pub fn transport_of(conn: &mut Conn, message: MessageId) -> Result<Option<Waiting>> {
    let row: Option<Columns> = outbox::table
        .find(Id(message.0))
        .select((
            outbox::message,
            outbox::peer,
            outbox::kind,
            outbox::state,
            outbox::code,
            outbox::queued_at,
            outbox::settled_at,
        ))
        .first(conn)
        .optional()?;
    row.map(columns).transpose()
}

/// What is not settled yet, oldest first, at most `limit`.
pub fn waiting(conn: &mut Conn, limit: i64) -> Result<Vec<Waiting>> {
    let rows: Vec<Columns> = outbox::table
        .filter(outbox::state.eq_any(["queued", "void"]))
        .order((outbox::queued_at, outbox::queue_no))
        .limit(limit)
        .select((
            outbox::message,
            outbox::peer,
            outbox::kind,
            outbox::state,
            outbox::code,
            outbox::queued_at,
            outbox::settled_at,
        ))
        .load(conn)?;
    rows.into_iter().map(columns).collect()
}

/// What waits on one link.
#[derive(Debug, Clone)]
pub struct Backlog {
    /// The peer's entity id.
    pub peer: String,
    /// Messages without a receipt.
    pub waiting: i64,
    /// When the oldest of them was queued.
    pub oldest: Option<DateTime<Utc>>,
    /// Attempts that failed in a row.
    pub failures: i32,
}

/// What waits on each link that there ever was.
pub fn backlog(conn: &mut Conn) -> Result<Vec<Backlog>> {
    let links: Vec<(String, i32)> = link_out::table.select((link_out::peer, link_out::failures)).load(conn)?;
    let each = links.into_iter().map(|(peer, failures)| {
        let of_link = || outbox::table.filter(outbox::peer.eq(&peer)).filter(outbox::state.eq_any(["queued", "void"]));
        let waiting: i64 = of_link().count().get_result(conn)?;
        let oldest: Option<At> = of_link().order(outbox::queued_at).select(outbox::queued_at).first(conn).optional()?;
        Ok(Backlog { peer, waiting, oldest: oldest.map(|at| at.0), failures })
    });
    each.collect()
}

/// Whether anything about one of these still waits to leave, or to be settled.
pub fn waits_about(conn: &mut Conn, subjects: &[Subject]) -> Result<bool> {
    let hers: Vec<Id> = subjects.iter().map(|subject| Id(subject.0)).collect();
    let waits = outbox::table.filter(outbox::subject.eq_any(hers)).filter(outbox::state.eq_any(["queued", "void"]));
    Ok(diesel::select(diesel::dsl::exists(waits)).get_result(conn)?)
}

/// When a receipt of that node last came.
pub fn last_receipt(conn: &mut Conn, peer: &EntityId) -> Result<Option<DateTime<Utc>>> {
    let newest: Option<At> = receipt::table
        .filter(receipt::peer.eq(peer.as_str()))
        .filter(receipt::direction.eq("in"))
        .order(receipt::at.desc())
        .select(receipt::at)
        .first(conn)
        .optional()?;
    Ok(newest.map(|at| at.0))
}

/// Strikes everything unsettled in a thread that ends. The message that tells of the end is queued afterwards.
pub fn strike_thread(tx: &mut Tx<'_>, thread: Uuid) -> Result<()> {
    let waiting: Vec<Id> = outbox::table
        .filter(outbox::thread.eq(Id(thread)))
        .filter(outbox::state.eq("queued"))
        .select(outbox::message)
        .load(tx.conn())?;
    strike_these(tx, &waiting)
}

/// Strikes everything unsettled that rests on this record, and what would put right what came under it alone. Says to which peers
/// something may have gone: they must hear of the withdrawal. For whoever has written the tombstone.
pub fn strike(tx: &mut Tx<'_>, record: RecordId) -> Result<Vec<EntityId>> {
    let resting = || outbox::table.filter(outbox::record.eq(Id(record.0)));
    let mut waiting: Vec<Id> = resting().filter(outbox::state.eq("queued")).select(outbox::message).load(tx.conn())?;
    waiting.extend(put_right_no_more(tx, record)?);
    strike_these(tx, &waiting)?;
    let given: Vec<String> =
        resting().filter(outbox::may_have_left.eq(true)).select(outbox::peer).distinct().load(tx.conn())?;
    given
        .into_iter()
        .map(|peer| peer.parse().map_err(|_| Error::internal("a stored entity id does not parse")))
        .collect()
}

/// What waits on a duty in the threads in which something rested on this record, and shows what the recipient does not have under
/// another.
fn put_right_no_more(tx: &mut Tx<'_>, record: RecordId) -> Result<Vec<Id>> {
    let now = tx.now();
    let threads: Vec<Option<Id>> = outbox::table
        .filter(outbox::record.eq(Id(record.0)))
        .filter(outbox::thread.is_not_null())
        .select(outbox::thread)
        .distinct()
        .load(tx.conn())?;
    let waiting: Vec<Id> = outbox::table
        .filter(outbox::thread.eq_any(threads))
        .filter(outbox::state.eq("queued"))
        .filter(outbox::ground.like("duty:%"))
        .select(outbox::message)
        .load(tx.conn())?;
    let mut over = Vec::new();
    for message in waiting {
        let on = Resting { duty: Some(MessageId(message.0)), ..Resting::default() };
        if !grants::still_holds(tx.conn(), on, now)? {
            over.push(message);
        }
    }
    Ok(over)
}

/// Strikes what waits in a thread that has ended and would still say or show something: answers, and groups of a card
/// on whatever ground. Messages that only end the matter still go.
pub fn strike_in(tx: &mut Tx<'_>, thread: Uuid) -> Result<()> {
    let waiting: Vec<Id> = outbox::table
        .inner_join(disclosure::table.on(disclosure::message.eq(outbox::message)))
        .filter(outbox::thread.eq(Id(thread)))
        .filter(outbox::state.eq("queued"))
        .filter(outbox::ground.eq("reply").or(disclosure::groups.ne("")))
        .select(outbox::message)
        .load(tx.conn())?;
    strike_these(tx, &waiting)
}

/// What never left is gone at once, what may have left will go as a void. Each row as it stands when it is written: it may get
/// its number, or its receipt, while this act waits for it.
pub(super) fn strike_these(tx: &mut Tx<'_>, messages: &[Id]) -> Result<()> {
    let now = At::from(tx.now());
    let these = || outbox::table.filter(outbox::message.eq_any(messages.to_vec())).filter(outbox::state.eq("queued"));
    let gone: Vec<Id> = diesel::update(these().filter(outbox::may_have_left.eq(false)))
        .set((
            outbox::state.eq("struck"),
            outbox::code.eq("struck"),
            outbox::sealed.eq(None::<Vec<u8>>),
            outbox::settled_at.eq(now),
        ))
        .returning(outbox::message)
        .get_results(tx.conn())?;
    // What may have arrived already: its receipt says whether a use was spent.
    for message in gone {
        grants::free(tx, MessageId(message.0))?;
    }
    diesel::update(these().filter(outbox::may_have_left.eq(true)))
        .set((outbox::state.eq("void"), outbox::code.eq("struck"), outbox::sealed.eq(None::<Vec<u8>>)))
        .execute(tx.conn())?;
    Ok(())
}
