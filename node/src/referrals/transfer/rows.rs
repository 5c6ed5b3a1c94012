//! Rows of records on their way, and of the letters that follow one.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::MessageId;
use uuid::Uuid;

use super::model::State;
use crate::access::cases::{Listing, cases_of};
use crate::error::Result;
use crate::referrals::model::Side;
use crate::store::schema::{outbox, record_transfer, transfer_letter};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Merging, Place, Vault};

/// As stored; [`super::Moving`] gives the columns their meaning.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = record_transfer, treat_none_as_null = true)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) thread: Id,
    pub(super) side: String,
    pub(super) peer: String,
    pub(super) organisation: String,
    pub(super) person: Option<Id>,
    pub(super) subject: Id,
    pub(super) state: String,
    pub(super) message: Id,
    pub(super) code: Option<String>,
    pub(super) due_on: Option<NaiveDate>,
    pub(super) answer: Option<Id>,
    pub(super) answer_state: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) answered_at: Option<At>,
    pub(super) answered_by: Option<Id>,
    pub(super) created_at: At,
    pub(super) created_by: Option<Id>,
    pub(super) updated_at: At,
    pub(super) version: i32,
}

/// Where what an answer says in words stands.
pub(super) const fn place(id: Uuid) -> Place {
    Place { table: "record_transfer", row: id, column: "sealed" }
}

pub(super) fn insert(tx: &mut Tx<'_>, row: &Row) -> Result<()> {
    diesel::insert_into(record_transfer::table).values(row.clone()).execute(tx.conn())?;
    Ok(())
}

/// Takes the row for this transaction: the update comes first, so that two processes cannot both decide.
pub(super) fn lock(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Row>> {
    let touched = diesel::update(record_transfer::table.find(Id(id)))
        .set(record_transfer::version.eq(record_transfer::version + 1))
        .execute(tx.conn())?;
    if touched == 0 { Ok(None) } else { find(tx.conn(), id) }
}

pub(super) fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Row>> {
    Ok(record_transfer::table.find(Id(id)).select(Row::as_select()).first(conn).optional()?)
}

pub(super) fn of_thread(conn: &mut Conn, thread: Uuid) -> Result<Option<Uuid>> {
    let id: Option<Id> = record_transfer::table
        .filter(record_transfer::thread.eq(Id(thread)))
        .select(record_transfer::id)
        .first(conn)
        .optional()?;
    Ok(id.map(|id| id.0))
}

/// The transfer in which this node queued the message, if it is one.
pub(super) fn of_message(conn: &mut Conn, message: MessageId) -> Result<Option<Uuid>> {
    let message = Id(message.0);
    let id: Option<Id> = record_transfer::table
        .filter(
            (record_transfer::message.eq(message).and(record_transfer::side.eq(Side::Opener.as_str())))
                .or(record_transfer::answer.eq(message).and(record_transfer::side.eq(Side::Taker.as_str()))),
        )
        .select(record_transfer::id)
        .first(conn)
        .optional()?;
    Ok(id.map(|id| id.0))
}

pub(super) fn save(tx: &mut Tx<'_>, row: &Row) -> Result<()> {
    let row = Row { updated_at: At::from(tx.now()), ..row.clone() };
    diesel::update(record_transfer::table.find(row.id)).set(row).execute(tx.conn())?;
    Ok(())
}

/// What this node offered of a person.
pub(super) fn offered(conn: &mut Conn, person: Uuid) -> Result<Vec<(Uuid, String)>> {
    let found: Vec<(Id, String)> = record_transfer::table
        .filter(record_transfer::person.eq(Id(person)))
        .filter(record_transfer::side.eq(Side::Opener.as_str()))
        .select((record_transfer::id, record_transfer::state))
        .load(conn)?;
    Ok(found.into_iter().map(|(id, state)| (id.0, state)).collect())
}

/// Transfers whose own message the outbox has decided about, while they still wait for it; at most `limit`.
pub(super) fn moved(conn: &mut Conn, limit: i64) -> Result<Vec<Uuid>> {
    let decided = ["refused", "struck", "expired", "void"];
    let offers: Vec<Id> = record_transfer::table
        .inner_join(outbox::table.on(outbox::message.eq(record_transfer::message)))
        .filter(record_transfer::side.eq(Side::Opener.as_str()))
        .filter(record_transfer::state.eq(State::Queued.as_str()))
        .filter(outbox::state.eq_any(decided))
        .select(record_transfer::id)
        .limit(limit)
        .load(conn)?;
    let answers: Vec<Id> = record_transfer::table
        .inner_join(outbox::table.on(record_transfer::answer.eq(outbox::message.nullable())))
        .filter(record_transfer::side.eq(Side::Taker.as_str()))
        .filter(record_transfer::answer_state.eq("queued"))
        .filter(outbox::state.eq_any(decided))
        .select(record_transfer::id)
        .limit(limit)
        .load(conn)?;
    Ok(offers.into_iter().chain(answers).map(|id| id.0).collect())
}

/// Which transfers a list shows.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose cases; an offer that waits here is the whole office's.
    pub of: Listing,
    /// Those that this node offered, or was offered.
    pub side: Option<Side>,
    /// Those in this state.
    pub state: Option<State>,
    /// Of this person.
    pub person: Option<Uuid>,
    /// Those that come after this one, newest first.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most.
    pub limit: i64,
}

pub(super) fn list(conn: &mut Conn, wanted: &Wanted) -> Result<Vec<Row>> {
    let mut query = record_transfer::table
        .order((record_transfer::created_at.desc(), record_transfer::id.desc()))
        .limit(wanted.limit)
        .select(Row::as_select())
        .into_boxed();
    if let Listing::Of(staff) = wanted.of {
        let in_team = record_transfer::person.eq_any(cases_of(staff).nullable()).assume_not_null();
        let nobodys = record_transfer::side.eq(Side::Taker.as_str()).and(record_transfer::person.is_null());
        query = query.filter(nobodys.or(in_team));
    }
    if let Some(side) = wanted.side {
        query = query.filter(record_transfer::side.eq(side.as_str()));
    }
    if let Some(state) = wanted.state {
        query = query.filter(record_transfer::state.eq(state.as_str()));
    }
    if let Some(person) = wanted.person {
        query = query.filter(record_transfer::person.eq(Id(person)));
    }
    if let Some((at, id)) = wanted.after {
        let at = At::from(at);
        query = query.filter(
            record_transfer::created_at
                .lt(at)
                .or(record_transfer::created_at.eq(at).and(record_transfer::id.lt(Id(id)))),
        );
    }
    Ok(query.load(conn)?)
}

/// A letter that tells an office who holds the card now.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = transfer_letter)]
pub(super) struct Letter {
    pub(super) id: Id,
    pub(super) transfer: Id,
    pub(super) referral: Id,
    pub(super) subject: Id,
    pub(super) organisation: String,
    pub(super) opened_at: At,
    pub(super) sent_at: Option<At>,
    pub(super) channel: Option<String>,
    pub(super) sent_by: Option<Id>,
}

pub(super) fn add_letter(tx: &mut Tx<'_>, letter: &Letter) -> Result<()> {
    diesel::insert_into(transfer_letter::table).values(letter.clone()).execute(tx.conn())?;
    Ok(())
}

pub(super) fn letters(conn: &mut Conn, transfer: Uuid) -> Result<Vec<Letter>> {
    Ok(transfer_letter::table
        .filter(transfer_letter::transfer.eq(Id(transfer)))
        .order((transfer_letter::opened_at, transfer_letter::id))
        .select(Letter::as_select())
        .load(conn)?)
}

/// Whether this was the act that noted it.
pub(super) fn mark_sent(tx: &mut Tx<'_>, id: Uuid, at: DateTime<Utc>, how: &str, by: Option<Uuid>) -> Result<bool> {
    let unsent = transfer_letter::table.find(Id(id)).filter(transfer_letter::sent_at.is_null());
    let changed = diesel::update(unsent)
        .set((
            transfer_letter::sent_at.eq(At::from(at)),
            transfer_letter::channel.eq(how),
            transfer_letter::sent_by.eq(by.map(Id)),
        ))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Transfers of the record that goes are of the one that stays.
pub(in crate::referrals) fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    diesel::update(record_transfer::table.filter(record_transfer::person.eq(Id(merging.from))))
        .set(record_transfer::person.eq(Id(merging.into)))
        .execute(tx.conn())?;
    Ok(())
}
