//! Rows of the pinned authority.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::upsert::excluded;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::Jwks;
use staffetta_protocol::trust::Anchor;

use super::rows::seconds;
use crate::error::Result;
use crate::store::schema::trust_anchor;
use crate::store::{At, Conn, Doc, Tx, each_backend};

/// The pinned authority.
#[derive(Debug, Clone)]
pub(super) struct Pinned {
    pub(super) anchor: Anchor,
    pub(super) configuration: Option<String>,
    pub(super) announced_at: Option<DateTime<Utc>>,
    pub(super) expires_at: Option<DateTime<Utc>>,
    pub(super) refresh_at: DateTime<Utc>,
}

type Columns = (Doc, Option<String>, Option<At>, Option<At>, At);

pub(super) fn find(conn: &mut Conn, id: &EntityId) -> Result<Option<Pinned>> {
    let found: Option<Columns> = trust_anchor::table
        .find(id.as_str())
        .select((
            trust_anchor::pins,
            trust_anchor::configuration,
            trust_anchor::announced_at,
            trust_anchor::expires_at,
            trust_anchor::refresh_at,
        ))
        .first(conn)
        .optional()?;
    let Some((pins, configuration, announced_at, expires_at, refresh_at)) = found else { return Ok(None) };
    let jwks: Jwks = pins.read()?;
    Ok(Some(Pinned {
        anchor: Anchor { entity_id: id.clone(), jwks },
        configuration,
        announced_at: announced_at.map(|at| at.0),
        expires_at: expires_at.map(|at| at.0),
        refresh_at: refresh_at.0,
    }))
}

/// Pins an authority by the keys that an administrator vouched for. What was pinned before is replaced.
pub(super) fn pin(tx: &mut Tx<'_>, anchor: &Anchor) -> Result<()> {
    let row = (
        trust_anchor::entity_id.eq(anchor.entity_id.as_str()),
        trust_anchor::pins.eq(Doc::of(&anchor.jwks)?),
        trust_anchor::configuration.eq(None::<String>),
        trust_anchor::announced_at.eq(None::<At>),
        trust_anchor::expires_at.eq(None::<At>),
        trust_anchor::refresh_at.eq(At::from(tx.now())),
    );
    each_backend!(tx.conn(), c => diesel::insert_into(trust_anchor::table)
        .values(&row)
        .on_conflict(trust_anchor::entity_id)
        .do_update()
        .set((
            trust_anchor::pins.eq(excluded(trust_anchor::pins)),
            trust_anchor::configuration.eq(None::<String>),
            trust_anchor::announced_at.eq(None::<At>),
            trust_anchor::expires_at.eq(None::<At>),
            trust_anchor::refresh_at.eq(excluded(trust_anchor::refresh_at)),
        ))
        .execute(c))?;
    Ok(())
}

/// Keeps the authority's newest configuration and lets the pins follow it. An older one changes nothing.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    announced: &Anchor,
    jws: &str,
    times: (i64, i64),
    refresh_at: DateTime<Utc>,
) -> Result<()> {
    let (announced_at, expires_at) = (seconds(times.0)?, seconds(times.1)?);
    let not_newer = trust_anchor::announced_at.is_null().or(trust_anchor::announced_at.le(announced_at));
    diesel::update(trust_anchor::table.find(announced.entity_id.as_str()).filter(not_newer))
        .set((
            trust_anchor::pins.eq(Doc::of(&announced.jwks)?),
            trust_anchor::configuration.eq(jws),
            trust_anchor::announced_at.eq(announced_at),
            trust_anchor::expires_at.eq(expires_at),
            trust_anchor::refresh_at.eq(At::from(refresh_at)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn retry(tx: &mut Tx<'_>, id: &EntityId, again_at: DateTime<Utc>) -> Result<()> {
    diesel::update(trust_anchor::table.find(id.as_str()))
        .set(trust_anchor::refresh_at.eq(At::from(again_at)))
        .execute(tx.conn())?;
    Ok(())
}
