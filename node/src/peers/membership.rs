//! This node's own place in the network: one row, written by `init`, by joining, and by whoever asks how it stands.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::{Admission, KeyChange, Role, Roles, Standing, TrustMark};

use super::rows;
use crate::error::{Error, Result};
use crate::store::schema::membership;
use crate::store::{At, Conn, Doc, Tx};

/// How long a refresh waits while a person at the authority decides, and afterwards.
const REFRESH: [chrono::TimeDelta; 2] = [chrono::TimeDelta::minutes(1), chrono::TimeDelta::hours(1)];

/// This node as a member.
#[derive(Debug, Clone)]
pub struct Own {
    /// Its name.
    pub entity_id: EntityId,
    /// The network's authority, once it has applied there.
    pub authority: Option<EntityId>,
    /// Its name at the authority.
    pub slug: Option<String>,
    /// How it stands; absent before it has applied.
    pub state: Option<Standing>,
    /// What it is; before it has a mark, what it wants to be.
    pub roles: Roles,
    /// The organisation's identifiers, `ipa:…` and `vat:…`.
    pub organisation_ids: Vec<String>,
    /// Its mark. It may be taken back or over: `state` and `mark_expires_at` say so.
    pub mark: Option<String>,
    /// Until when the mark counts.
    pub mark_expires_at: Option<DateTime<Utc>>,
    /// When the authority is asked next how this node stands.
    pub refresh_at: DateTime<Utc>,
    /// When the row was written last.
    pub updated_at: DateTime<Utc>,
}

type Columns = (String, Option<String>, Option<String>, String, Doc, Doc, Option<At>, At, At);

/// This node's place in the network. `None` on a database that `init` did not make.
pub fn own(conn: &mut Conn) -> Result<Option<Own>> {
    let found: Option<Columns> = membership::table
        .select((
            membership::entity_id,
            membership::authority,
            membership::slug,
            membership::state,
            membership::roles,
            membership::organisation_ids,
            membership::mark_expires_at,
            membership::refresh_at,
            membership::updated_at,
        ))
        .first(conn)
        .optional()?;
    let Some((entity_id, authority, slug, state, roles, ids, mark_expires_at, refresh_at, updated_at)) = found else {
        return Ok(None);
    };
    let parse = |text: String| text.parse::<EntityId>().map_err(Error::internal);
    Ok(Some(Own {
        entity_id: parse(entity_id)?,
        authority: authority.map(parse).transpose()?,
        slug,
        state: read_state(&state)?,
        roles: roles.read()?,
        organisation_ids: ids.read()?,
        mark: rows::own_mark(conn)?,
        mark_expires_at: mark_expires_at.map(|at| at.0),
        refresh_at: refresh_at.0,
        updated_at: updated_at.0,
    }))
}

fn read_state(text: &str) -> Result<Option<Standing>> {
    Ok(match text {
        "none" => None,
        "pending" => Some(Standing::Pending),
        "active" => Some(Standing::Active),
        "suspended" => Some(Standing::Suspended),
        "expelled" => Some(Standing::Expelled),
        _ => return Err(Error::internal("unknown state of this node's membership")),
    })
}

/// Writes the row of a new node: what it wants to be, for which organisation. The authority is a member of itself.
pub fn create(tx: &mut Tx<'_>, entity_id: &EntityId, roles: &Roles, organisation_ids: &[String]) -> Result<()> {
    let now = At::from(tx.now());
    let is_authority = roles.contains(&Role::Authority);
    diesel::insert_into(membership::table)
        .values((
            membership::entity_id.eq(entity_id.as_str()),
            membership::authority.eq(is_authority.then(|| entity_id.as_str())),
            membership::state.eq(if is_authority { Standing::Active.as_str() } else { "none" }),
            membership::roles.eq(Doc::of(roles)?),
            membership::organisation_ids.eq(Doc::of(&organisation_ids)?),
            membership::key_changes.eq(0),
            membership::refresh_at.eq(now),
            membership::updated_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// Writes what the authority said. `mark` is the one in the answer, verified.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    authority: &EntityId,
    admission: &Admission,
    mark: Option<&TrustMark>,
) -> Result<()> {
    let now = tx.now();
    let wait = if admission.state == Standing::Pending { REFRESH[0] } else { REFRESH[1] };
    diesel::update(membership::table)
        .set((
            membership::authority.eq(authority.as_str()),
            membership::slug.eq(&admission.slug),
            membership::state.eq(admission.state.as_str()),
            membership::refresh_at.eq(At::from(now + wait)),
            membership::updated_at.eq(At::from(now)),
        ))
        .execute(tx.conn())?;
    if let (Some(mark), Some(jws)) = (mark, &admission.trust_mark) {
        let expires_at = DateTime::from_timestamp(mark.exp, 0).ok_or_else(|| Error::internal("a time out of range"))?;
        diesel::update(membership::table)
            .set((
                membership::roles.eq(Doc::of(&mark.roles)?),
                membership::organisation_ids.eq(Doc::of(&mark.organisation_ids())?),
                membership::mark_expires_at.eq(At::from(expires_at)),
            ))
            .execute(tx.conn())?;
        rows::keep_own_mark(tx, jws)?;
    }
    Ok(())
}

/// Puts the next question to the authority at `at`.
pub(super) fn ask_again(tx: &mut Tx<'_>, at: DateTime<Utc>) -> Result<()> {
    diesel::update(membership::table).set(membership::refresh_at.eq(At::from(at))).execute(tx.conn())?;
    Ok(())
}

/// Keeps a change of keys until the authority has taken it: frozen bytes, since a key that signed them may be gone.
pub(super) fn queue_key_change(tx: &mut Tx<'_>, change: &KeyChange) -> Result<()> {
    let waiting: Option<Option<Doc>> = membership::table.select(membership::key_change).first(tx.conn()).optional()?;
    let mut changes: Vec<KeyChange> = match waiting.flatten() {
        Some(doc) => doc.read()?,
        None => Vec::new(),
    };
    changes.push(change.clone());
    write_changes(tx, &changes)
}

fn write_changes(tx: &mut Tx<'_>, changes: &[KeyChange]) -> Result<()> {
    let now = At::from(tx.now());
    let waiting = if changes.is_empty() { None } else { Some(Doc::of(&changes)?) };
    diesel::update(membership::table)
        .set((
            membership::key_change.eq(waiting),
            membership::key_changes.eq(membership::key_changes + 1),
            membership::refresh_at.eq(now),
        ))
        .execute(tx.conn())?;
    Ok(())
}

/// The oldest change that the authority has not taken yet, and the number under which it may be struck.
pub(super) fn next_key_change(conn: &mut Conn) -> Result<Option<(KeyChange, i32)>> {
    let found: Option<(Option<Doc>, i32)> =
        membership::table.select((membership::key_change, membership::key_changes)).first(conn).optional()?;
    let Some((Some(doc), number)) = found else { return Ok(None) };
    let changes: Vec<KeyChange> = doc.read()?;
    Ok(changes.into_iter().next().map(|change| (change, number)))
}

/// Strikes the oldest change, unless the list was written meanwhile.
pub(super) fn strike_key_change(tx: &mut Tx<'_>, number: i32) -> Result<()> {
    let found: Option<Option<Doc>> = membership::table
        .filter(membership::key_changes.eq(number))
        .select(membership::key_change)
        .first(tx.conn())
        .optional()?;
    let Some(Some(doc)) = found else { return Ok(()) };
    let changes: Vec<KeyChange> = doc.read()?;
    write_changes(tx, changes.get(1..).unwrap_or_default())
}
