//! Rows of what goes on paper: how the office was chosen, and the sheets.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::card::Prose;
use staffetta_protocol::consent::Group;
use staffetta_protocol::id::{EntityId, MessageId, RecordId};
use uuid::Uuid;

use super::{Content, SheetKind};
use crate::consents::recalls::LetterChannel;
use crate::error::{Error, Result};
use crate::grants::{self, Permit};
use crate::referrals::by::By;
use crate::referrals::case::Case;
use crate::store::schema::{referral_office, referral_sheet};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Place, Subject, Vault};

/// To which office a referral goes, and why to that one.
#[derive(Debug, Clone)]
pub(in crate::referrals) struct Chosen {
    /// The office, in the address book.
    pub(in crate::referrals) office: Uuid,
    /// The one that was proposed instead.
    pub(in crate::referrals) proposed: Option<Uuid>,
    /// The referral that could not be delivered before this one.
    pub(in crate::referrals) follows: Option<Uuid>,
    /// Why another than the one that was proposed.
    pub(in crate::referrals) reason: Option<Prose<500>>,
}

const fn reason_of(referral: Uuid) -> Place {
    Place { table: "referral_office", row: referral, column: "sealed" }
}

const fn content_of(sheet: Uuid) -> Place {
    Place { table: "referral_sheet", row: sheet, column: "sealed" }
}

fn damaged() -> Error {
    Error::internal("a stored sheet does not parse")
}

pub(super) fn choose(tx: &mut Tx<'_>, vault: &Vault, referral: Uuid, subject: Subject, it: &Chosen) -> Result<()> {
    let sealed = match &it.reason {
        Some(reason) => Some(vault.seal(tx.conn(), subject, reason_of(referral), reason.as_str().as_bytes())?),
        None => None,
    };
    diesel::insert_into(referral_office::table)
        .values((
            referral_office::referral.eq(Id(referral)),
            referral_office::subject.eq(Id(subject.0)),
            referral_office::office.eq(Id(it.office)),
            referral_office::proposed.eq(it.proposed.map(Id)),
            referral_office::follows.eq(it.follows.map(Id)),
            referral_office::sealed.eq(sealed),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// How the office of a referral was chosen; nothing where nobody named an office.
pub(super) fn chosen(conn: &mut Conn, vault: &Vault, referral: Uuid) -> Result<Option<Chosen>> {
    type Found = (Id, Option<Id>, Option<Id>, Option<Vec<u8>>);
    let found: Option<Found> = referral_office::table
        .find(Id(referral))
        .select((referral_office::office, referral_office::proposed, referral_office::follows, referral_office::sealed))
        .first(conn)
        .optional()?;
    let Some((office, proposed, follows, sealed)) = found else { return Ok(None) };
    let plain = match sealed {
        Some(sealed) => vault.open(conn, reason_of(referral), &sealed)?,
        None => None,
    };
    let reason = plain.map(|plain| Prose::new(String::from_utf8_lossy(&plain)).map_err(|_| damaged())).transpose()?;
    Ok(Some(Chosen { office: office.0, proposed: proposed.map(|id| id.0), follows: follows.map(|id| id.0), reason }))
}

/// A sheet without what it says.
#[derive(Debug, Clone)]
pub(super) struct Sheet {
    pub(super) id: Uuid,
    pub(super) kind: SheetKind,
    pub(super) groups: BTreeSet<Group>,
    pub(super) record: (RecordId, u32),
    pub(super) made_at: DateTime<Utc>,
    pub(super) sent: Option<(DateTime<Utc>, LetterChannel)>,
}

#[expect(clippy::too_many_arguments, reason = "a sheet is all of these, and is made in one place")]
pub(super) fn insert_sheet(
    tx: &mut Tx<'_>,
    vault: &Vault,
    case: &Case,
    by: By,
    id: MessageId,
    kind: SheetKind,
    permit: &Permit,
    content: &Content,
) -> Result<()> {
    let grant = permit.ground().grant().ok_or_else(|| Error::internal("a sheet rests on a consent"))?;
    let plain = serde_json::to_vec(content).map_err(Error::internal)?;
    let sealed = vault.seal(tx.conn(), case.subject(), content_of(id.0), &plain)?;
    let groups: Vec<_> = content.groups.groups().into_iter().map(Group::code).collect();
    let made_at = At::from(tx.now());
    diesel::insert_into(referral_sheet::table)
        .values((
            referral_sheet::id.eq(Id(id.0)),
            referral_sheet::referral.eq(Id(case.id())),
            referral_sheet::subject.eq(Id(case.subject().0)),
            referral_sheet::kind.eq(kind.code()),
            referral_sheet::groups.eq(groups.join(",")),
            referral_sheet::record.eq(Id(grant.record.0)),
            referral_sheet::record_seq.eq(i32::try_from(grant.seq.get()).map_err(Error::internal)?),
            referral_sheet::card_version.eq(i32::try_from(content.card_version).map_err(Error::internal)?),
            referral_sheet::made_at.eq(made_at),
            referral_sheet::made_by.eq(by.staff().map(Id)),
            referral_sheet::sealed.eq(sealed),
        ))
        .execute(tx.conn())?;
    Ok(())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = referral_sheet)]
struct Row {
    id: Id,
    kind: String,
    groups: String,
    record: Id,
    record_seq: i32,
    made_at: At,
    sent_at: Option<At>,
    channel: Option<String>,
}

impl TryFrom<Row> for Sheet {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let groups: Option<BTreeSet<Group>> = row.groups.split(',').map(Group::from_code).collect();
        let channel = row.channel.map(|code| LetterChannel::from_code(&code).ok_or_else(damaged)).transpose()?;
        Ok(Self {
            id: row.id.0,
            kind: SheetKind::from_code(&row.kind).ok_or_else(damaged)?,
            groups: groups.ok_or_else(damaged)?,
            record: (RecordId(row.record.0), row.record_seq as u32),
            made_at: row.made_at.0,
            sent: row.sent_at.map(|at| at.0).zip(channel),
        })
    }
}

/// The sheet of that id, if it is one of this referral.
pub(super) fn sheet(conn: &mut Conn, referral: Uuid, id: Uuid) -> Result<Option<Sheet>> {
    let row: Option<Row> = referral_sheet::table
        .find(Id(id))
        .filter(referral_sheet::referral.eq(Id(referral)))
        .select(Row::as_select())
        .first(conn)
        .optional()?;
    row.map(Sheet::try_from).transpose()
}

/// The sheets of a referral, in the order in which they were made.
pub(super) fn sheets(conn: &mut Conn, referral: Uuid) -> Result<Vec<Sheet>> {
    let rows: Vec<Row> = referral_sheet::table
        .filter(referral_sheet::referral.eq(Id(referral)))
        .order((referral_sheet::made_at, referral_sheet::id))
        .select(Row::as_select())
        .load(conn)?;
    rows.into_iter().map(Sheet::try_from).collect()
}

/// What stands on the sheets of a referral, whether somebody noted that they left or not: each counts as disclosed. Without
/// the sheets whose consent, of this node, was taken back: those are recalled.
pub(in crate::referrals) fn on_sheets(conn: &mut Conn, me: &EntityId, referral: Uuid) -> Result<BTreeSet<Group>> {
    let mut groups = BTreeSet::new();
    for sheet in sheets(conn, referral)? {
        let (record, seq) = sheet.record;
        if !grants::tombstoned(conn, me, record, seq)? {
            groups.extend(sheet.groups);
        }
    }
    Ok(groups)
}

/// What a sheet says; nothing once her key is gone.
pub(super) fn content(conn: &mut Conn, vault: &Vault, id: Uuid) -> Result<Option<Content>> {
    let sealed: Vec<u8> = referral_sheet::table.find(Id(id)).select(referral_sheet::sealed).first(conn)?;
    let plain = vault.open(conn, content_of(id), &sealed)?;
    plain.map(|plain| serde_json::from_slice(&plain)).transpose().map_err(|_| damaged())
}

pub(super) fn mark_sent(tx: &mut Tx<'_>, id: Uuid, at: DateTime<Utc>, how: LetterChannel) -> Result<()> {
    diesel::update(referral_sheet::table.find(Id(id)))
        .set((referral_sheet::sent_at.eq(At::from(at)), referral_sheet::channel.eq(how.code())))
        .execute(tx.conn())?;
    Ok(())
}
