//! Chains for somebody who was not there: those of partners as they were used, and this node's own.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose;
use staffetta_protocol::trust::{Anchor, Chain, EntityConfiguration, resolve_anchor, resolve_chain};

use super::{Peers, ResolveError, pinned, rows};
use crate::error::Result;
use crate::keys::Kind;
use crate::store::schema::{chain_used, peer};
use crate::store::{At, Conn, Doc};

/// Kept chains after an instant that are looked at: the first may rest on a configuration of before it, hardly a second one.
const LATER: i64 = 4;

/// The documents of a chain, and when they were looked at.
pub type Used = (DateTime<Utc>, Vec<String>);

impl Peers {
    /// The authority as this node has pinned it.
    pub fn pinned(&self, conn: &mut Conn) -> Result<Option<Anchor>> {
        let Some(id) = self.authority_id() else { return Ok(None) };
        Ok(pinned::find(conn, id)?.map(|row| row.anchor))
    }

    /// This node's own chain as the authority would show it now. Asks the authority: never with a transaction open.
    ///
    /// # Errors
    /// When the authority does not answer, or does not know this node.
    pub async fn own_chain(&self) -> std::result::Result<Used, ResolveError> {
        let now = self.now();
        let authority = self.authority(false).await?;
        let chain = if self.is_authority() {
            resolve_anchor(&authority.jws, &authority.anchor, now)?
        } else {
            let configuration = self.own_configuration().await?;
            let statement = self.fetch_statement(&authority, self.entity_id()).await?.ok_or(ResolveError::Unknown)?;
            resolve_chain(&configuration, &statement, &authority.jws, &authority.anchor, now)?
        };
        let used = chain.jws.clone();
        self.0.store.write(move |tx| rows::keep_used(tx, &chain)).await?;
        Ok((now, used))
    }

    /// Keeps this node's own chain, once a day and when its keys have changed: it proves what this node signs, also when it is
    /// out of the network one day and the authority has nothing to say about it any more. An authority that does not answer is
    /// asked again.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn keep_own_chain(&self) -> Result<()> {
        let (this, now) = (self.clone(), self.now());
        let is_kept = move |conn: &mut Conn| {
            if rows::own_mark(conn)?.is_none() {
                return Ok(true);
            }
            let mut since = now - TimeDelta::days(1);
            for kind in [Kind::Federation, Kind::Protocol] {
                let made = this.0.keys.list(conn, kind)?.into_iter().map(|key| key.created_at);
                since = made.fold(since, DateTime::max);
            }
            // A clock that was ahead leaves rows of days to come: they say nothing of today.
            let kept = chain_used::table
                .filter(chain_used::peer.eq(this.entity_id().as_str()))
                .filter(chain_used::used_at.gt(At::from(since)))
                .filter(chain_used::used_at.le(At::from(now)));
            Ok(diesel::select(exists(kept)).get_result(conn)?)
        };
        if self.0.store.read(is_kept).await? { Ok(()) } else { self.keep_own_chain_now().await }
    }

    /// The same at once: before its keys change.
    pub(super) async fn keep_own_chain_now(&self) -> Result<()> {
        match self.own_chain().await {
            Err(ResolveError::Internal(error)) => Err(error),
            Err(why) => {
                tracing::info!(%why, "this node's own chain was not kept");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }
}

/// Whether a key that a node published as good is revoked by what it publishes now.
pub(super) fn revokes(fresh: &Chain, before: &Chain) -> bool {
    let good = |kid| before.protocol_keys.find(kid).is_some_and(|key| !key.is_revoked());
    fresh.protocol_keys.iter().any(|key| key.is_revoked() && good(key.kid()))
}

/// The chains of a node that tell what it signed at these instants: those that were in use then; for each the first of a later
/// day, since who published a key as good afterwards cannot revoke it as of before; and the last that is known. Kept ones of
/// this node too.
pub fn chains_at(conn: &mut Conn, of: &EntityId, instants: &[DateTime<Utc>]) -> Result<Vec<Used>> {
    let mut found: Vec<Used> = Vec::new();
    let mut add = |used: Used| {
        if !found.iter().any(|(_, documents)| *documents == used.1) {
            found.push(used);
        }
    };
    for instant in instants {
        let kept = || {
            let hers = chain_used::table.filter(chain_used::peer.eq(of.as_str()));
            hers.select((chain_used::used_at, chain_used::documents)).into_boxed()
        };
        let before = kept().filter(chain_used::used_at.le(At::from(*instant))).order(chain_used::used_at.desc());
        let then: Option<(At, Doc)> = before.first(conn).optional()?;
        if let Some((at, documents)) = then {
            add((at.0, documents.read()?));
        }
        let after = kept().filter(chain_used::used_at.gt(At::from(*instant))).order(chain_used::used_at);
        for (at, documents) in after.limit(LATER).load::<(At, Doc)>(conn)? {
            let documents: Vec<String> = documents.read()?;
            if documents.first().is_some_and(|leaf| is_signed_after(leaf, *instant)) {
                add((at.0, documents));
                break;
            }
        }
    }
    let last: Option<(String, Option<String>, String, At)> = peer::table
        .find(of.as_str())
        .select((peer::configuration, peer::statement, peer::anchor_configuration, peer::verified_at))
        .first(conn)
        .optional()?;
    if let Some((configuration, statement, top, at)) = last {
        let documents = match statement {
            Some(statement) => vec![configuration, statement, top],
            None => vec![top],
        };
        add((at.0, documents));
    }
    Ok(found)
}

/// Whether a configuration, which was verified when it was kept, was signed after that.
fn is_signed_after(configuration: &str, instant: DateTime<Utc>) -> bool {
    jose::peek::<EntityConfiguration>(configuration).is_ok_and(|leaf| leaf.iat > instant.timestamp())
}
