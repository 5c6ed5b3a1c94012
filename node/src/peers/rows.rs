//! Rows of peers and of calls that were seen.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose;
use staffetta_protocol::trust::{Anchor, Chain, EntityConfiguration, Mark, MarkStatus, Roles};
use staffetta_protocol::trust::{resolve_anchor, resolve_chain};

use crate::error::{Error, Result};
use crate::store::schema::{chain_used, modi_seen, node_setting, peer};
use crate::store::{At, Conn, Doc, Tx, each_backend};

/// Key of the setting that holds this node's own trust mark.
const OWN_MARK: &str = "trust_mark";

/// What a row says besides the chain itself.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = peer)]
pub(super) struct Standing {
    pub(super) chain_digest: String,
    mark_status: Option<String>,
    pub(super) mark_checked_at: Option<At>,
    pub(super) expelled_at: Option<At>,
    pub(super) failures: i32,
}

impl Standing {
    pub(super) fn mark_status(&self) -> Option<MarkStatus> {
        self.mark_status.as_deref().map(|text| match text {
            "active" => MarkStatus::Active,
            "expired" => MarkStatus::Expired,
            "revoked" => MarkStatus::Revoked,
            _ => MarkStatus::Invalid,
        })
    }
}

#[derive(Insertable, AsChangeset)]
#[diesel(table_name = peer, treat_none_as_null = true)]
struct Verified<'a> {
    entity_id: &'a str,
    organisation_name: &'a str,
    ipa_id: Option<String>,
    vat_id: Option<String>,
    roles: Doc,
    resource: &'a str,
    chain_digest: String,
    chain_exp: At,
    configuration: &'a str,
    statement: Option<&'a str>,
    anchor_configuration: &'a str,
    verified_at: At,
    mark_exp: Option<At>,
    mark_status: Option<&'static str>,
    mark_checked_at: Option<At>,
    expelled_at: Option<At>,
    refresh_at: At,
    failures: i32,
    last_failure: Option<&'static str>,
}

pub(super) fn seconds(numeric_date: i64) -> Result<At> {
    DateTime::from_timestamp(numeric_date, 0).map(At).ok_or_else(|| Error::internal("a time out of range"))
}

fn with_prefix(ids: &[String], prefix: &str) -> Option<String> {
    ids.iter().find(|id| id.starts_with(prefix)).cloned()
}

/// Keeps a chain that was just verified, with what the authority says about its mark (and when it said so).
pub(super) fn keep_chain(
    tx: &mut Tx<'_>,
    chain: &Chain,
    mark: Option<(MarkStatus, DateTime<Utc>)>,
    refresh_at: DateTime<Utc>,
) -> Result<()> {
    let now = At::from(tx.now());
    // A new member may publish its next key a moment after it was first looked at.
    let long_ago = At::from(tx.now() - TimeDelta::days(1));
    let ids = chain.organisation_ids();
    let (statement, top) = match chain.jws.as_slice() {
        [_, statement, top] => (Some(statement.as_str()), top),
        [top] => (None, top),
        _ => return Err(Error::internal("a chain has one or three documents")),
    };
    let mark_exp = match &chain.mark {
        Mark::Present { claims, .. } => Some(seconds(claims.exp)?),
        Mark::Absent(_) => None,
    };
    let row = Verified {
        entity_id: chain.entity_id.as_str(),
        organisation_name: &chain.organisation_name,
        ipa_id: with_prefix(&ids, "ipa:"),
        vat_id: with_prefix(&ids, "vat:"),
        roles: Doc::of(&chain.roles)?,
        resource: &chain.resource,
        chain_digest: chain.digest().to_string(),
        chain_exp: seconds(chain.exp)?,
        configuration: &chain.jws[0],
        statement,
        anchor_configuration: top,
        verified_at: now,
        mark_exp,
        mark_status: mark.map(|(status, _)| status.as_str()),
        mark_checked_at: mark.map(|(_, at)| At::from(at)),
        expelled_at: None,
        refresh_at: At::from(refresh_at),
        failures: 0,
        last_failure: None,
    };
    each_backend!(tx.conn(), c => diesel::insert_into(peer::table)
        .values((&row, peer::key_refresh_at.eq(long_ago)))
        .on_conflict(peer::entity_id)
        .do_update()
        .set(&row)
        .execute(c))?;
    Ok(())
}

/// What is known about a member, without its documents.
pub(super) fn standing(conn: &mut Conn, id: &EntityId) -> Result<Option<Standing>> {
    Ok(peer::table.find(id.as_str()).select(Standing::as_select()).first(conn).optional()?)
}

/// The chain as it was verified, from its stored documents: they are ours, so they are read as of then.
pub(super) fn chain(conn: &mut Conn, id: &EntityId) -> Result<Option<Chain>> {
    let found: Option<(String, Option<String>, String, At)> = peer::table
        .find(id.as_str())
        .select((peer::configuration, peer::statement, peer::anchor_configuration, peer::verified_at))
        .first(conn)
        .optional()?;
    let Some((configuration, statement, top, at)) = found else { return Ok(None) };
    let announced: EntityConfiguration = jose::peek(&top).map_err(Error::internal)?;
    let anchor = Anchor { entity_id: announced.sub, jwks: announced.jwks };
    let chain = match statement {
        Some(statement) => resolve_chain(&configuration, &statement, &top, &anchor, at.0),
        None => resolve_anchor(&top, &anchor, at.0),
    };
    chain.map(Some).map_err(Error::internal)
}

pub(super) fn set_mark_status(tx: &mut Tx<'_>, id: &EntityId, status: MarkStatus) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(peer::table.find(id.as_str()))
        .set((peer::mark_status.eq(status.as_str()), peer::mark_checked_at.eq(now)))
        .execute(tx.conn())?;
    Ok(())
}

/// Marks a known member as out. Says whether it was in until now.
pub(super) fn expel(tx: &mut Tx<'_>, id: &EntityId) -> Result<bool> {
    let now = At::from(tx.now());
    let known = peer::table.find(id.as_str()).filter(peer::expelled_at.is_null());
    Ok(diesel::update(known).set(peer::expelled_at.eq(now)).execute(tx.conn())? == 1)
}

/// Notes that a refresh failed, and when to try again.
pub(super) fn failed(tx: &mut Tx<'_>, id: &EntityId, why: &str, again_at: DateTime<Utc>) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(peer::table.find(id.as_str()))
        .set((
            peer::failures.eq(peer::failures + 1),
            peer::last_failure.eq(why),
            peer::last_failure_at.eq(now),
            peer::refresh_at.eq(At::from(again_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Takes the right to refresh because of an unknown key, which all processes together have once per `pause`.
pub(super) fn claim_key_refresh(tx: &mut Tx<'_>, id: &EntityId, pause: TimeDelta) -> Result<bool> {
    let (now, before) = (At::from(tx.now()), At::from(tx.now() - pause));
    let due = peer::table.find(id.as_str()).filter(peer::key_refresh_at.le(before));
    Ok(diesel::update(due).set(peer::key_refresh_at.eq(now)).execute(tx.conn())? == 1)
}

/// Takes members whose refresh is due, oldest first, and puts their next turn at `again_at`, so that no other
/// process takes them meanwhile.
pub(super) fn claim_due(tx: &mut Tx<'_>, limit: i64, again_at: DateTime<Utc>) -> Result<Vec<EntityId>> {
    let now = At::from(tx.now());
    let due: Vec<String> = peer::table
        .filter(peer::refresh_at.le(now))
        .filter(peer::expelled_at.is_null())
        .order(peer::refresh_at)
        .limit(limit)
        .select(peer::entity_id)
        .load(tx.conn())?;
    let mut claimed = Vec::new();
    for id in due {
        let free = peer::table.find(&id).filter(peer::refresh_at.le(now));
        if diesel::update(free).set(peer::refresh_at.eq(At::from(again_at))).execute(tx.conn())? == 1 {
            claimed.push(id.parse().map_err(Error::internal)?);
        }
    }
    Ok(claimed)
}

/// When the next member's refresh is due.
pub(super) fn next_due(conn: &mut Conn) -> Result<Option<DateTime<Utc>>> {
    let next: Option<At> = peer::table
        .filter(peer::expelled_at.is_null())
        .order(peer::refresh_at)
        .select(peer::refresh_at)
        .first(conn)
        .optional()?;
    Ok(next.map(|at| at.0))
}

/// A member as a list shows it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = peer)]
pub(super) struct ListRow {
    pub(super) entity_id: String,
    pub(super) organisation_name: String,
    pub(super) ipa_id: Option<String>,
    pub(super) vat_id: Option<String>,
    pub(super) roles: Doc,
    pub(super) chain_exp: At,
    pub(super) mark_exp: Option<At>,
    pub(super) mark_status: Option<String>,
    pub(super) expelled_at: Option<At>,
    pub(super) last_failure: Option<String>,
    pub(super) last_failure_at: Option<At>,
}

pub(super) fn list(conn: &mut Conn) -> Result<Vec<ListRow>> {
    Ok(peer::table.order((peer::organisation_name, peer::entity_id)).select(ListRow::as_select()).load(conn)?)
}

pub(super) fn of_organisation(conn: &mut Conn, organisation: &str) -> Result<Vec<ListRow>> {
    Ok(peer::table
        .filter(peer::ipa_id.eq(organisation).or(peer::vat_id.eq(organisation)))
        .order(peer::entity_id)
        .select(ListRow::as_select())
        .load(conn)?)
}

/// Remembers a call. False when it was seen before.
pub(super) fn remember_call(tx: &mut Tx<'_>, iss: &EntityId, jti: &str, forget_at: DateTime<Utc>) -> Result<bool> {
    let row = (modi_seen::iss.eq(iss.as_str()), modi_seen::jti.eq(jti), modi_seen::forget_at.eq(At::from(forget_at)));
    let inserted = each_backend!(tx.conn(), c => diesel::insert_into(modi_seen::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(inserted == 1)
}

/// Forgets calls whose tokens are dead.
pub(super) fn forget_calls(tx: &mut Tx<'_>) -> Result<usize> {
    let now = At::from(tx.now());
    Ok(diesel::delete(modi_seen::table.filter(modi_seen::forget_at.le(now))).execute(tx.conn())?)
}

/// Keeps the documents of a chain that something rests on, once.
pub(super) fn keep_used(tx: &mut Tx<'_>, chain: &Chain) -> Result<Digest> {
    let (now, digest) = (At::from(tx.now()), chain.digest());
    // Nearly always it is there, and need not be written out to find that.
    let kept = chain_used::table.find(digest.to_string());
    if diesel::select(exists(kept)).get_result(tx.conn())? {
        return Ok(digest);
    }
    let row = (
        chain_used::digest.eq(digest.to_string()),
        chain_used::peer.eq(chain.entity_id.as_str()),
        chain_used::documents.eq(Doc::of(&chain.jws)?),
        chain_used::used_at.eq(now),
    );
    each_backend!(tx.conn(), c => diesel::insert_into(chain_used::table)
        .values(row)
        .on_conflict_do_nothing()
        .execute(c))?;
    Ok(digest)
}

pub(super) fn own_mark(conn: &mut Conn) -> Result<Option<String>> {
    let found = node_setting::table.find(OWN_MARK).select(node_setting::value).first(conn).optional()?;
    Ok(found)
}

pub(super) fn keep_own_mark(tx: &mut Tx<'_>, jws: &str) -> Result<()> {
    let now = At::from(tx.now());
    let row = (node_setting::key.eq(OWN_MARK), node_setting::value.eq(jws), node_setting::updated_at.eq(now));
    each_backend!(tx.conn(), c => diesel::insert_into(node_setting::table)
        .values(row)
        .on_conflict(node_setting::key)
        .do_update()
        .set((node_setting::value.eq(jws), node_setting::updated_at.eq(now)))
        .execute(c))?;
    Ok(())
}

/// A member as its last verified chain has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAs {
    /// The organisation's name.
    pub organisation_name: String,
    /// Its identifiers, as consents name it.
    pub organisation_ids: Vec<String>,
    /// What it is in the network.
    pub roles: Roles,
}

pub(super) fn known_as(conn: &mut Conn, id: &EntityId) -> Result<Option<KnownAs>> {
    let row: Option<(String, Option<String>, Option<String>, Doc)> = peer::table
        .find(id.as_str())
        .select((peer::organisation_name, peer::ipa_id, peer::vat_id, peer::roles))
        .first(conn)
        .optional()?;
    row.map(|(organisation_name, ipa, vat, roles)| {
        Ok(KnownAs { organisation_name, organisation_ids: ipa.into_iter().chain(vat).collect(), roles: roles.read()? })
    })
    .transpose()
}
