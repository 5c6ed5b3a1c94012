//! Rows that decide: open grants, tombstones, disclosures, holdings.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::card::Whole;
use staffetta_protocol::consent::{Grant, Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use super::{Destination, renewed, turns};
use crate::error::{Error, Result};
use crate::store::schema::{disclosure, holding, open_grant, tombstone as grave};
use crate::store::{At, Conn, Id, Tx, each_backend};
use crate::vault::{self, Subject};

/// Groups as one column: comma-separated wire names, in order.
pub(super) fn join(groups: &BTreeSet<Group>) -> String {
    groups.iter().map(|group| group.code()).collect::<Vec<_>>().join(",")
}

pub(super) fn split(text: &str) -> Result<BTreeSet<Group>> {
    text.split(',')
        .filter(|part| !part.is_empty())
        .map(|part| Group::from_code(part).ok_or_else(|| Error::internal("unknown group of fields in the database")))
        .collect()
}

/// A consent that may be used: what the person agreed to, without her name.
#[derive(Debug, Clone)]
pub struct OpenGrant {
    /// Whose.
    pub subject: Subject,
    /// As it is stated to the recipient.
    pub grant: Grant,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = open_grant)]
struct GrantRow {
    record: Id,
    seq: i32,
    subject: Id,
    purpose: String,
    recipient: String,
    groups: String,
    not_after: At,
    single_use: bool,
    notice_hash: String,
}

impl TryFrom<GrantRow> for OpenGrant {
    type Error = Error;

    fn try_from(row: GrantRow) -> Result<Self> {
        let damaged = || Error::internal("a stored grant does not parse");
        Ok(Self {
            subject: Subject(row.subject.0),
            grant: Grant {
                record: RecordId(row.record.0),
                seq: Whole::new(row.seq as u32).map_err(|_| damaged())?,
                purpose: Purpose::from_code(&row.purpose).ok_or_else(damaged)?,
                recipient: OrganisationId::new(&row.recipient).map_err(|_| damaged())?,
                groups: Groups::new(split(&row.groups)?).map_err(|_| damaged())?,
                not_after: row.not_after.0,
                single_use: row.single_use,
                notice_hash: row.notice_hash.parse().map_err(|_| damaged())?,
            },
        })
    }
}

/// Makes a consent usable, and an earlier yes to the same record usable no more. Called by the room that keeps the record,
/// in the transaction that writes it.
pub fn open(tx: &mut Tx<'_>, subject: Subject, grant: &Grant) -> Result<()> {
    open_until(tx, subject, grant, None)
}

/// The same, where the grant ends for this node at `ends_early` although its `not_after` may be later: the day on which
/// somebody for whom a guardian spoke is of age. The recipient is not told, since it would learn the birthday.
pub fn open_until(tx: &mut Tx<'_>, subject: Subject, grant: &Grant, ends_early: Option<DateTime<Utc>>) -> Result<()> {
    let now = At::from(tx.now());
    let held_for = renewed::close_before(tx, grant.record, grant.seq.get())?;
    diesel::insert_into(open_grant::table)
        .values((
            open_grant::record.eq(Id(grant.record.0)),
            open_grant::seq.eq(grant.seq.get() as i32),
            open_grant::subject.eq(Id(subject.0)),
            open_grant::purpose.eq(grant.purpose.code()),
            open_grant::recipient.eq(grant.recipient.as_str()),
            open_grant::groups.eq(join(grant.groups.set())),
            open_grant::not_after.eq(At::from(grant.not_after)),
            open_grant::single_use.eq(grant.single_use),
            open_grant::notice_hash.eq(grant.notice_hash.to_string()),
            open_grant::state.eq(if held_for.is_some() { "held" } else { "open" }),
            open_grant::held_for.eq(held_for),
            open_grant::opened_at.eq(now),
            open_grant::ends_early.eq(ends_early.map(At::from)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Ends every version of a record: nothing leaves under it any more.
pub fn close(tx: &mut Tx<'_>, record: RecordId) -> Result<()> {
    let now = At::from(tx.now());
    let live = open_grant::table.filter(open_grant::record.eq(Id(record.0)));
    diesel::update(live.filter(open_grant::state.eq_any(["open", "held"])))
        .set((open_grant::state.eq("closed"), open_grant::closed_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// The grants of a person for a purpose that are open and have not run out, newest first: also those that she gave
/// before her records were merged.
pub fn live_grants(conn: &mut Conn, of: Subject, purpose: Purpose, now: DateTime<Utc>) -> Result<Vec<OpenGrant>> {
    let hers = ids(vault::joined(conn, of)?);
    open_grant::table
        .filter(open_grant::subject.eq_any(hers))
        .filter(open_grant::purpose.eq(purpose.code()))
        .filter(open_grant::state.eq("open"))
        .filter(open_grant::not_after.gt(At::from(now)))
        .filter(open_grant::ends_early.is_null().or(open_grant::ends_early.gt(At::from(now))))
        .order((open_grant::opened_at.desc(), open_grant::seq.desc()))
        .select(GrantRow::as_select())
        .load(conn)?
        .into_iter()
        .map(OpenGrant::try_from)
        .collect()
}

/// The newest version of one of our own records, open or not.
pub fn record_of(conn: &mut Conn, record: RecordId) -> Result<Option<OpenGrant>> {
    let row = open_grant::table
        .filter(open_grant::record.eq(Id(record.0)))
        .order(open_grant::seq.desc())
        .select(GrantRow::as_select())
        .first(conn)
        .optional()?;
    row.map(OpenGrant::try_from).transpose()
}

/// The purpose of this version of our record, if it is the newest and what was queued under it may still leave.
pub(super) fn live_purpose(conn: &mut Conn, record: RecordId, seq: u32, now: DateTime<Utc>) -> Result<Option<Purpose>> {
    let purpose: Option<String> = open_grant::table
        .filter(open_grant::record.eq(Id(record.0)))
        .filter(open_grant::seq.eq(seq as i32))
        .filter(open_grant::state.eq_any(["open", "held"]))
        .filter(open_grant::not_after.gt(At::from(now)))
        .filter(open_grant::ends_early.is_null().or(open_grant::ends_early.gt(At::from(now))))
        .select(open_grant::purpose)
        .first(conn)
        .optional()?;
    let damaged = || Error::internal("a stored grant does not parse");
    purpose.map(|code| Purpose::from_code(&code).ok_or_else(damaged)).transpose()
}

/// Whether this version of our record lasts still by what was stated to the recipient, whatever became of it here.
pub(super) fn lasts(conn: &mut Conn, record: RecordId, seq: u32, now: DateTime<Utc>) -> Result<bool> {
    let stated = open_grant::table.find((Id(record.0), seq as i32)).filter(open_grant::not_after.gt(At::from(now)));
    Ok(diesel::select(diesel::dsl::exists(stated)).get_result(conn)?)
}

/// Writes the tombstone of (issuer, record) at `seq`. A later withdrawal raises it, none lowers it.
pub fn tombstone(tx: &mut Tx<'_>, issuer: &EntityId, record: RecordId, seq: u32) -> Result<()> {
    tx.forgot_record();
    let now = At::from(tx.now());
    let key = (issuer.as_str(), Id(record.0));
    let raised = diesel::update(grave::table.find(key).filter(grave::seq.lt(seq as i32)))
        .set((grave::seq.eq(seq as i32), grave::at.eq(now)))
        .execute(tx.conn())?;
    if raised == 0 {
        let row = (
            grave::issuer.eq(issuer.as_str()),
            grave::record.eq(Id(record.0)),
            grave::seq.eq(seq as i32),
            grave::at.eq(now),
        );
        each_backend!(tx.conn(), conn => diesel::insert_into(grave::table)
            .values(row)
            .on_conflict_do_nothing()
            .execute(conn))?;
    }
    Ok(())
}

/// Whether a tombstone covers this version of the record.
pub fn tombstoned(conn: &mut Conn, issuer: &EntityId, record: RecordId, seq: u32) -> Result<bool> {
    let covering = grave::table.find((issuer.as_str(), Id(record.0))).filter(grave::seq.ge(seq as i32));
    Ok(each_backend!(conn, conn => diesel::select(diesel::dsl::exists(covering)).get_result(conn))?)
}

/// One message that left with somebody's data, or about somebody.
#[derive(Debug, Clone)]
pub struct Disclosure {
    /// The message.
    pub message: MessageId,
    /// Whom it was about.
    pub subject: Subject,
    /// Who got it.
    pub peer: Destination,
    /// The organisation that runs it.
    pub organisation: String,
    /// Message type.
    pub kind: String,
    /// The purpose, under a consent.
    pub purpose: Option<Purpose>,
    /// What it contained.
    pub groups: BTreeSet<Group>,
    /// `consent`, `reply` or `duty:<basis>`.
    pub ground: String,
    /// The record it rested on.
    pub record: Option<(RecordId, u32)>,
    /// Which version of the card.
    pub card_version: Option<u32>,
    /// When it was queued.
    pub at: DateTime<Utc>,
}

/// Writes the disclosure, in the transaction that queues the message.
pub fn note_disclosure(tx: &mut Tx<'_>, d: &Disclosure) -> Result<()> {
    let turn = turns::next(tx)?;
    diesel::insert_into(disclosure::table)
        .values((
            disclosure::message.eq(Id(d.message.0)),
            disclosure::subject.eq(Id(d.subject.0)),
            disclosure::peer.eq(d.peer.to_string()),
            disclosure::organisation.eq(&d.organisation),
            disclosure::kind.eq(&d.kind),
            disclosure::purpose.eq(d.purpose.map(|p| p.code())),
            disclosure::groups.eq(join(&d.groups)),
            disclosure::ground.eq(&d.ground),
            disclosure::record.eq(d.record.map(|(record, _)| Id(record.0))),
            disclosure::record_seq.eq(d.record.map(|(_, seq)| seq as i32)),
            disclosure::card_version.eq(d.card_version.map(|v| v as i32)),
            disclosure::at.eq(At::from(d.at)),
            disclosure::turn.eq(turn),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The message is signed anew before anybody had it: what it discloses, it discloses now.
pub fn disclosed_anew(tx: &mut Tx<'_>, message: MessageId) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(disclosure::table.find(Id(message.0))).set(disclosure::at.eq(now)).execute(tx.conn())?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = disclosure)]
pub(super) struct DisclosureRow {
    message: Id,
    subject: Id,
    peer: String,
    organisation: String,
    kind: String,
    purpose: Option<String>,
    groups: String,
    ground: String,
    record: Option<Id>,
    record_seq: Option<i32>,
    card_version: Option<i32>,
    at: At,
}

impl TryFrom<DisclosureRow> for Disclosure {
    type Error = Error;

    fn try_from(row: DisclosureRow) -> Result<Self> {
        let damaged = || Error::internal("a stored disclosure does not parse");
        Ok(Self {
            message: MessageId(row.message.0),
            subject: Subject(row.subject.0),
            peer: row.peer.parse()?,
            organisation: row.organisation,
            kind: row.kind,
            purpose: row.purpose.map(|p| Purpose::from_code(&p).ok_or_else(damaged)).transpose()?,
            groups: split(&row.groups)?,
            ground: row.ground,
            record: row.record.zip(row.record_seq).map(|(record, seq)| (RecordId(record.0), seq as u32)),
            card_version: row.card_version.map(|v| v as u32),
            at: row.at.0,
        })
    }
}

/// Everything that left about these subjects, newest first.
pub fn disclosures_about(conn: &mut Conn, subjects: &[Subject]) -> Result<Vec<Disclosure>> {
    let all = joined(conn, subjects)?;
    disclosure::table
        .filter(disclosure::subject.eq_any(all))
        .order((disclosure::at.desc(), disclosure::message))
        .select(DisclosureRow::as_select())
        .load(conn)?
        .into_iter()
        .map(Disclosure::try_from)
        .collect()
}

/// Every subject that is one person with one of these.
pub(super) fn joined(conn: &mut Conn, subjects: &[Subject]) -> Result<Vec<Id>> {
    let mut all = Vec::new();
    for subject in subjects {
        all.extend(ids(vault::joined(conn, *subject)?));
    }
    Ok(all)
}

fn ids(subjects: Vec<Subject>) -> Vec<Id> {
    subjects.into_iter().map(|subject| Id(subject.0)).collect()
}

/// What came from a peer, resting on a record of theirs.
#[derive(Debug, Clone)]
pub struct Holding {
    /// The message that brought it.
    pub message: MessageId,
    /// Whom it is about.
    pub subject: Subject,
    /// The local id of the thread.
    pub thread: Option<Uuid>,
    /// What it brought.
    pub groups: BTreeSet<Group>,
    /// When it was taken.
    pub at: DateTime<Utc>,
    /// Time has deleted it here. It is remembered for what was passed on of it.
    pub gone: bool,
}

/// Writes the holding, in the transaction that takes the message.
pub fn note_holding(tx: &mut Tx<'_>, peer: &EntityId, held: &Holding, grant: &Grant) -> Result<()> {
    let row = (
        holding::message.eq(Id(held.message.0)),
        holding::peer.eq(peer.as_str()),
        holding::subject.eq(Id(held.subject.0)),
        holding::thread.eq(held.thread.map(Id)),
        holding::purpose.eq(grant.purpose.code()),
        holding::groups.eq(join(&held.groups)),
        holding::record.eq(Id(grant.record.0)),
        holding::record_seq.eq(grant.seq.get() as i32),
        holding::not_after.eq(At::from(grant.not_after)),
        holding::at.eq(At::from(held.at)),
        holding::turn.eq(turns::next(tx)?),
    );
    each_backend!(tx.conn(), conn => diesel::insert_into(holding::table).values(row).execute(conn))?;
    Ok(())
}

type Held = (Id, Id, Option<Id>, String, At, Option<At>);

/// What this node holds, or held until time deleted it, under a peer's record, up to `seq`.
pub fn held_under(conn: &mut Conn, peer: &EntityId, record: RecordId, seq: u32) -> Result<Vec<Holding>> {
    let rows: Vec<Held> = holding::table
        .filter(holding::peer.eq(peer.as_str()))
        .filter(holding::record.eq(Id(record.0)))
        .filter(holding::record_seq.le(seq as i32))
        .select((holding::message, holding::subject, holding::thread, holding::groups, holding::at, holding::gone_at))
        .load(conn)?;
    rows.into_iter()
        .map(|(message, subject, thread, groups, at, gone)| {
            Ok(Holding {
                message: MessageId(message.0),
                subject: Subject(subject.0),
                thread: thread.map(|t| t.0),
                groups: split(&groups)?,
                at: at.0,
                gone: gone.is_some(),
            })
        })
        .collect()
}

/// Forgets that something is held under a peer's record, up to `seq`: called by whoever erased it.
pub fn let_go(tx: &mut Tx<'_>, peer: &EntityId, record: RecordId, seq: u32) -> Result<()> {
    let held = holding::table
        .filter(holding::peer.eq(peer.as_str()))
        .filter(holding::record.eq(Id(record.0)))
        .filter(holding::record_seq.le(seq as i32));
    diesel::delete(held).execute(tx.conn())?;
    Ok(())
}

/// Whether anything was ever queued for that node under this record of ours.
pub fn disclosed_to(conn: &mut Conn, peer: &EntityId, record: RecordId) -> Result<bool> {
    let given =
        disclosure::table.filter(disclosure::peer.eq(peer.as_str())).filter(disclosure::record.eq(Id(record.0)));
    Ok(diesel::select(diesel::dsl::exists(given)).get_result(conn)?)
}
