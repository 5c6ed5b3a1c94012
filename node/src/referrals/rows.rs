//! The row of a referral.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use uuid::Uuid;

use crate::access::cases::{Listing, cases_of};
use crate::error::{Error, Result};
use crate::grants;
use crate::store::schema::{case_member, rectification, referral};
use crate::store::{At, Conn, Id, Steady, Tx, each_backend};
use crate::vault::{Merging, Subject, Vault};

/// As stored; [`super::case::Case`] gives the columns their meaning.
#[derive(Debug, Clone, PartialEq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = referral, treat_none_as_null = true)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) thread: Id,
    pub(super) side: String,
    pub(super) peer: String,
    pub(super) organisation: String,
    pub(super) recipient_ids: String,
    pub(super) person: Option<Id>,
    pub(super) subject: Id,
    pub(super) purpose: String,
    pub(super) state: Option<String>,
    pub(super) preview_state: String,
    pub(super) preview_sent_at: Option<At>,
    pub(super) preview_message: Option<Id>,
    pub(super) last_message: Option<Id>,
    pub(super) due_on: Option<NaiveDate>,
    pub(super) due_left: Option<i32>,
    pub(super) tell_since: Option<At>,
    pub(super) told_at: Option<At>,
    pub(super) told_by: Option<Id>,
    pub(super) told_how: Option<String>,
    pub(super) known_choice: Option<String>,
    pub(super) already_known: Option<bool>,
    pub(super) duplicate_confirmed: bool,
    pub(super) created_at: At,
    pub(super) updated_at: At,
    pub(super) version: i32,
}

pub(super) fn insert(tx: &mut Tx<'_>, row: &Row) -> Result<()> {
    diesel::insert_into(referral::table).values(row.clone()).execute(tx.conn())?;
    Ok(())
}

/// Takes the row for this transaction, as changed now: the update comes first, so that two processes cannot both decide on what they
/// read before.
pub(super) fn lock(tx: &mut Tx<'_>, id: Uuid) -> Result<Option<Row>> {
    let changes = (referral::version.eq(referral::version + 1), referral::updated_at.eq(At::from(tx.now())));
    let taken = diesel::update(referral::table.find(Id(id))).set(changes);
    Ok(each_backend!(tx.conn(), conn => Steady(taken.returning(Row::as_returning())).get_result(conn).optional())?)
}

/// The same, by the thread's local id.
pub(super) fn lock_of_thread(tx: &mut Tx<'_>, thread: Uuid) -> Result<Option<Row>> {
    let changes = (referral::version.eq(referral::version + 1), referral::updated_at.eq(At::from(tx.now())));
    let of_thread = referral::table.filter(referral::thread.eq(Id(thread)));
    let taken = diesel::update(of_thread).set(changes);
    Ok(each_backend!(tx.conn(), conn => Steady(taken.returning(Row::as_returning())).get_result(conn).optional())?)
}

pub(super) fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Row>> {
    Ok(referral::table.find(Id(id)).select(Row::as_select()).first(conn).optional()?)
}

/// The referral of a thread, by the thread's local id.
pub(super) fn of_thread(conn: &mut Conn, thread: Uuid) -> Result<Option<Uuid>> {
    let id: Option<Id> =
        referral::table.filter(referral::thread.eq(Id(thread))).select(referral::id).first(conn).optional()?;
    Ok(id.map(|id| id.0))
}

pub(super) fn save(tx: &mut Tx<'_>, row: &Row) -> Result<()> {
    let changed = diesel::update(referral::table.find(row.id)).set(row.clone()).returning(referral::id);
    each_backend!(tx.conn(), conn => Steady(changed).get_result::<Id>(conn))?;
    Ok(())
}

/// Notes that something about these changed beside their own columns: what a desk has read of them is old.
pub(super) fn touch(tx: &mut Tx<'_>, ids: impl Iterator<Item = Uuid>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(referral::table.filter(referral::id.eq_any(ids.map(Id))))
        .set((referral::version.eq(referral::version + 1), referral::updated_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// Peer and state of this node's own referrals of a person.
pub(super) fn of_person(conn: &mut Conn, person: Uuid) -> Result<Vec<(Uuid, String, Option<String>)>> {
    let found: Vec<(Id, String, Option<String>)> = referral::table
        .filter(referral::person.eq(Id(person)))
        .filter(referral::side.eq("opener"))
        .select((referral::id, referral::peer, referral::state))
        .load(conn)?;
    Ok(found.into_iter().map(|(id, peer, state)| (id.0, peer, state)).collect())
}

/// Which referrals a list shows.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Whose cases; one that came in and that nobody was put on is everybody's.
    pub of: Listing,
    /// Those that this node opened, or took.
    pub side: Option<super::Side>,
    /// Those in this state.
    pub state: Option<super::State>,
    /// Of this person.
    pub person: Option<Uuid>,
    /// With this node.
    pub peer: Option<EntityId>,
    /// Those that come after this one, newest first.
    pub after: Option<(DateTime<Utc>, Uuid)>,
    /// At most.
    pub limit: i64,
}

impl Wanted {
    /// A page of all that `of` covers.
    pub const fn page(of: Listing, limit: i64) -> Self {
        Self { of, side: None, state: None, person: None, peer: None, after: None, limit }
    }
}

pub(super) fn list(conn: &mut Conn, wanted: &Wanted) -> Result<Vec<Row>> {
    let mut query = referral::table
        .order((referral::created_at.desc(), referral::id.desc()))
        .limit(wanted.limit)
        .select(Row::as_select())
        .into_boxed();
    if let Listing::Of(staff) = wanted.of {
        let in_team = referral::person.eq_any(cases_of(staff).nullable()).assume_not_null();
        let on_it = referral::id.eq_any(cases_of(staff));
        let nobodys =
            referral::side.eq("taker").and(referral::id.ne_all(case_member::table.select(case_member::case_file)));
        query = query.filter(in_team.or(on_it).or(nobodys));
    }
    if let Some(side) = wanted.side {
        query = query.filter(referral::side.eq(side.as_str()));
    }
    if let Some(state) = wanted.state {
        query = query.filter(referral::state.eq(state.as_str()));
    }
    if let Some(person) = wanted.person {
        query = query.filter(referral::person.eq(Id(person)));
    }
    if let Some(peer) = &wanted.peer {
        query = query.filter(referral::peer.eq(peer.as_str()));
    }
    if let Some((at, id)) = wanted.after {
        let at = At::from(at);
        query = query.filter(referral::created_at.lt(at).or(referral::created_at.eq(at).and(referral::id.lt(Id(id)))));
    }
    Ok(query.load(conn)?)
}

/// Referrals of the record that goes are of the one that stays.
pub(super) fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    diesel::update(referral::table.filter(referral::person.eq(Id(merging.from))))
        .set(referral::person.eq(Id(merging.into)))
        .execute(tx.conn())?;
    diesel::update(rectification::table.filter(rectification::person.eq(Id(merging.from))))
        .set(rectification::person.eq(Id(merging.into)))
        .execute(tx.conn())?;
    Ok(())
}

/// Where what is said about a referral lies.
#[derive(Debug, Clone)]
pub struct Conversation {
    /// The referral.
    pub id: Uuid,
    /// The local thread.
    pub thread: Uuid,
    /// The other side.
    pub peer: EntityId,
    /// Whose data it is about.
    pub subject: Subject,
}

/// The conversation about a referral: for evidence. Also when the referral itself was deleted since, by its id or by that of
/// its thread.
pub fn conversation(conn: &mut Conn, id: Uuid) -> Result<Option<Conversation>> {
    let found: Option<(Id, String, Id)> = referral::table
        .find(Id(id))
        .select((referral::thread, referral::peer, referral::subject))
        .first(conn)
        .optional()?;
    if let Some((thread, peer, subject)) = found {
        let peer = peer.parse().map_err(Error::internal)?;
        return Ok(Some(Conversation { id, thread: thread.0, peer, subject: Subject(subject.0) }));
    }
    let left = grants::conversation_about(conn, id)?;
    Ok(left.and_then(|thread| {
        let peer = thread.peer.node()?.clone();
        Some(Conversation { id, thread: thread.id, peer, subject: thread.subject })
    }))
}
