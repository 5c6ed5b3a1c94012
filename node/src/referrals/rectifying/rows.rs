//! Rows of what was passed on. What a letter says and what an office answered is sealed with the person's key.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use staffetta_protocol::consent::Group;
use uuid::Uuid;

use super::{Passed, RectificationAnswer};
use crate::consents::recalls::LetterChannel;
use crate::error::{Error, Result};
use crate::grants::Destination;
use crate::referrals::paper::Content;
use crate::store::schema::{outbox, rectification, referral, referral_sheet, tombstone};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

/// That what was put right goes to one recipient in one referral.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = rectification)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) request: Id,
    pub(super) referral: Id,
    pub(super) person: Id,
    pub(super) subject: Id,
    pub(super) peer: String,
    pub(super) organisation: String,
    pub(super) groups: String,
    pub(super) message: Option<Id>,
    pub(super) failed: Option<String>,
    pub(super) at: At,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) sent_at: Option<At>,
    pub(super) sent_channel: Option<String>,
    pub(super) answered_at: Option<At>,
    pub(super) answer: Option<Vec<u8>>,
}

const fn content_of(row: Uuid) -> Place {
    Place { table: "rectification", row, column: "sealed" }
}

const fn answer_of(row: Uuid) -> Place {
    Place { table: "rectification", row, column: "answer" }
}

fn damaged() -> Error {
    Error::internal("a stored rectification does not parse")
}

fn opened<T: DeserializeOwned>(conn: &mut Conn, vault: &Vault, at: Place, sealed: Option<&[u8]>) -> Result<Option<T>> {
    let Some(sealed) = sealed else { return Ok(None) };
    let Some(plain) = vault.open(conn, at, sealed)? else { return Ok(None) };
    serde_json::from_slice(&plain).map(Some).map_err(|_| damaged())
}

fn closed(conn: &mut Conn, vault: &Vault, of: Subject, at: Place, what: &impl Serialize) -> Result<Vec<u8>> {
    vault.seal(conn, of, at, &serde_json::to_vec(what).map_err(Error::internal)?)
}

/// What a letter says, as it is kept.
pub(super) fn seal(conn: &mut Conn, vault: &Vault, of: Subject, letter: Uuid, content: &Content) -> Result<Vec<u8>> {
    closed(conn, vault, of, content_of(letter), content)
}

impl Row {
    pub(super) fn destination(&self) -> Result<Destination> {
        self.peer.parse().map_err(|_| damaged())
    }

    pub(super) fn groups(&self) -> Result<BTreeSet<Group>> {
        let named = self.groups.split(',').filter(|code| !code.is_empty());
        named.map(|code| Group::from_code(code).ok_or_else(damaged)).collect()
    }

    pub(super) fn sent(&self) -> Result<Option<(DateTime<Utc>, LetterChannel)>> {
        let channel = self.sent_channel.as_deref().map(|code| LetterChannel::from_code(code).ok_or_else(damaged));
        Ok(self.sent_at.map(|at| at.0).zip(channel.transpose()?))
    }

    /// What its letter says; nothing where there is none, or her key is gone.
    pub(super) fn content(&self, conn: &mut Conn, vault: &Vault) -> Result<Option<Content>> {
        opened(conn, vault, content_of(self.id.0), self.sealed.as_deref())
    }

    /// What the office answered.
    pub(super) fn answer(&self, conn: &mut Conn, vault: &Vault) -> Result<Option<RectificationAnswer>> {
        opened(conn, vault, answer_of(self.id.0), self.answer.as_deref())
    }
}

pub(super) fn insert(tx: &mut Tx<'_>, row: Row) -> Result<()> {
    diesel::insert_into(rectification::table).values(row).execute(tx.conn())?;
    Ok(())
}

pub(super) fn find(conn: &mut Conn, id: Uuid) -> Result<Option<Row>> {
    Ok(rectification::table.find(Id(id)).select(Row::as_select()).first(conn).optional()?)
}

/// All that follows from one request, the earliest first.
pub(super) fn of_request(conn: &mut Conn, request: Uuid) -> Result<Vec<Row>> {
    Ok(rectification::table
        .filter(rectification::request.eq(Id(request)))
        .order((rectification::at, rectification::id))
        .select(Row::as_select())
        .load(conn)?)
}

/// Those of which the message was struck before it arrived, or was refused, as far as nobody has looked after them since.
pub(super) fn not_arrived(conn: &mut Conn, limit: i64) -> Result<Vec<Row>> {
    Ok(rectification::table
        .inner_join(outbox::table.on(rectification::message.eq(outbox::message.nullable())))
        .filter(outbox::state.eq_any(["struck", "refused"]))
        .filter(rectification::groups.ne(""))
        .order((rectification::at, rectification::id))
        .limit(limit)
        .select(Row::as_select())
        .load(conn)?)
}

/// Letters that wait to be sent although something that the office has on paper was taken back, or the whole referral. Each is
/// somebody's task, so there are few.
pub(super) fn overtaken(conn: &mut Conn) -> Result<Vec<Row>> {
    let taken_back = referral_sheet::table
        .inner_join(tombstone::table.on(tombstone::record.eq(referral_sheet::record)))
        .filter(tombstone::seq.ge(referral_sheet::record_seq))
        .filter(referral_sheet::referral.eq(rectification::referral));
    let withdrawn =
        referral::table.filter(referral::id.eq(rectification::referral)).filter(referral::state.eq("withdrawn"));
    Ok(rectification::table
        .filter(rectification::sealed.is_not_null())
        .filter(rectification::sent_at.is_null())
        .filter(rectification::answered_at.is_null())
        .filter(rectification::groups.ne(""))
        .filter(exists(taken_back).or(exists(withdrawn)))
        .order((rectification::at, rectification::id))
        .select(Row::as_select())
        .load(conn)?)
}

/// Takes one of them up as it was read, of which this may go still. Whether this was the act that did.
pub(super) fn take_up_anew(tx: &mut Tx<'_>, of: &Row, groups: &str) -> Result<bool> {
    let as_read = rectification::table
        .find(of.id)
        .filter(rectification::groups.eq(&of.groups))
        .filter(rectification::at.eq(of.at))
        .filter(rectification::sent_at.is_null())
        .filter(rectification::answered_at.is_null());
    let changed = diesel::update(as_read).set(rectification::groups.eq(groups)).execute(tx.conn())?;
    Ok(changed == 1)
}

/// How it goes now; under the id of its letter, if there is one.
pub(super) fn save_anew(tx: &mut Tx<'_>, of: Id, id: Uuid, passed: Passed) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(rectification::table.find(of))
        .set((
            rectification::id.eq(Id(id)),
            rectification::message.eq(passed.message.map(|id| Id(id.0))),
            rectification::failed.eq(passed.failed),
            rectification::sealed.eq(passed.letter.map(|(_, sealed)| sealed)),
            rectification::at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Whether this was the act that noted it.
pub(super) fn mark_sent(tx: &mut Tx<'_>, id: Uuid, at: DateTime<Utc>, how: LetterChannel) -> Result<bool> {
    let unsent = rectification::table.find(Id(id)).filter(rectification::sent_at.is_null());
    let changed = diesel::update(unsent)
        .set((rectification::sent_at.eq(At::from(at)), rectification::sent_channel.eq(how.code())))
        .execute(tx.conn())?;
    Ok(changed == 1)
}

/// Whether this was the act that noted it.
pub(super) fn mark_answered(
    tx: &mut Tx<'_>,
    vault: &Vault,
    of: &Row,
    at: DateTime<Utc>,
    said: &RectificationAnswer,
) -> Result<bool> {
    let sealed = closed(tx.conn(), vault, Subject(of.subject.0), answer_of(of.id.0), said)?;
    let open = rectification::table.find(of.id).filter(rectification::answered_at.is_null());
    let changed = diesel::update(open)
        .set((rectification::answered_at.eq(At::from(at)), rectification::answer.eq(sealed)))
        .execute(tx.conn())?;
    Ok(changed == 1)
}
