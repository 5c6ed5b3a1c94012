//! Rows of keys. Few: every read takes all of a kind.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use staffetta_protocol::id::Kid;
use staffetta_protocol::jose::Jwk;

use super::{KeyRow, Kind};
use crate::error::{Error, Result};
use crate::store::schema::node_key;
use crate::store::{At, Conn, Doc, Tx};

#[derive(Queryable, Selectable)]
#[diesel(table_name = node_key)]
struct Row {
    kid: String,
    kind: String,
    public: Doc,
    sealed: Option<Vec<u8>>,
    created_at: At,
    sign_from: At,
    retire_at: Option<At>,
    revoked_at: Option<At>,
    revoked_reason: Option<String>,
}

impl TryFrom<Row> for KeyRow {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self> {
        let kind = match row.kind.as_str() {
            "federation" => Kind::Federation,
            "protocol" => Kind::Protocol,
            "access" => Kind::Access,
            _ => return Err(Error::internal("unknown kind of key")),
        };
        let public: Jwk = serde_json::from_value(row.public.0).map_err(Error::internal)?;
        Ok(KeyRow {
            kid: Kid::new(row.kid),
            kind,
            public,
            created_at: row.created_at.0,
            sign_from: row.sign_from.0,
            retire_at: row.retire_at.map(|at| at.0),
            revoked: row.revoked_at.map(|at| (at.0, row.revoked_reason.unwrap_or_default())),
            sealed: row.sealed,
        })
    }
}

pub(super) fn of_kind(conn: &mut Conn, kind: Kind) -> Result<Vec<KeyRow>> {
    node_key::table
        .filter(node_key::kind.eq(kind.as_str()))
        .order((node_key::created_at, node_key::kid))
        .select(Row::as_select())
        .load(conn)?
        .into_iter()
        .map(KeyRow::try_from)
        .collect()
}

pub(super) fn find(conn: &mut Conn, kid: &Kid) -> Result<Option<KeyRow>> {
    let row = node_key::table.find(kid.as_str()).select(Row::as_select()).first(conn).optional()?;
    row.map(KeyRow::try_from).transpose()
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    kind: Kind,
    public: &Jwk,
    sealed: Vec<u8>,
    sign_from: DateTime<Utc>,
) -> Result<()> {
    let now = At::from(tx.now());
    diesel::insert_into(node_key::table)
        .values((
            node_key::kid.eq(public.kid.as_str()),
            node_key::kind.eq(kind.as_str()),
            node_key::public.eq(Doc(serde_json::to_value(public).map_err(Error::internal)?)),
            node_key::sealed.eq(sealed),
            node_key::created_at.eq(now),
            node_key::sign_from.eq(At::from(sign_from)),
        ))
        .execute(tx.conn())?;
    Ok(())
}

pub(super) fn retire_others(tx: &mut Tx<'_>, kind: Kind, keep: &Kid, at: DateTime<Utc>) -> Result<()> {
    diesel::update(
        node_key::table
            .filter(node_key::kind.eq(kind.as_str()))
            .filter(node_key::kid.ne(keep.as_str()))
            .filter(node_key::retire_at.is_null())
            .filter(node_key::revoked_at.is_null()),
    )
    .set(node_key::retire_at.eq(At::from(at)))
    .execute(tx.conn())?;
    Ok(())
}

pub(super) fn revoke_all(tx: &mut Tx<'_>, kind: Kind, reason: &str) -> Result<()> {
    let now = At::from(tx.now());
    diesel::update(
        node_key::table
            .filter(node_key::kind.eq(kind.as_str()))
            .filter(node_key::sealed.is_not_null())
            .filter(node_key::revoked_at.is_null()),
    )
    .set((node_key::revoked_at.eq(now), node_key::revoked_reason.eq(reason), node_key::sealed.eq(None::<Vec<u8>>)))
    .execute(tx.conn())?;
    Ok(())
}

pub(super) fn destroy_retired(tx: &mut Tx<'_>) -> Result<Vec<Kid>> {
    let now = At::from(tx.now());
    let gone: Vec<String> =
        diesel::update(node_key::table.filter(node_key::retire_at.le(now)).filter(node_key::sealed.is_not_null()))
            .set(node_key::sealed.eq(None::<Vec<u8>>))
            .returning(node_key::kid)
            .get_results(tx.conn())?;
    if !gone.is_empty() {
        tx.forgot_key();
    }
    Ok(gone.into_iter().map(Kid::new).collect())
}
