//! Chains for somebody who was not there: those of partners as they were used, and this node's own.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::exists;
use diesel::prelude::*;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::trust::{Anchor, resolve_anchor, resolve_chain};

use super::{Peers, ResolveError, rows};
use crate::error::Result;
use crate::store::schema::{chain_used, peer};
use crate::store::{At, Conn, Doc};

/// The documents of a chain, and when they were looked at.
pub type Used = (DateTime<Utc>, Vec<String>);

impl Peers {
    /// The authority as this node has pinned it.
    pub fn pinned(&self, conn: &mut Conn) -> Result<Option<Anchor>> {
        let Some(id) = self.authority_id() else { return Ok(None) };
        Ok(rows::anchor(conn, id)?.map(|row| row.anchor))
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

    /// Keeps this node's own chain, once a day: it proves what this node signs, also when it is out of the network one day
    /// and the authority has nothing to say about it any more. An authority that does not answer is asked again.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn keep_own_chain(&self) -> Result<()> {
        let (me, since) = (self.entity_id().clone(), At::from(self.now() - TimeDelta::days(1)));
        let is_kept = move |conn: &mut Conn| {
            if rows::own_mark(conn)?.is_none() {
                return Ok(true);
            }
            let kept = chain_used::table.filter(chain_used::peer.eq(me.as_str())).filter(chain_used::used_at.gt(since));
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

/// The chains of a node that were in use at these instants, and the last that is known: enough to judge what it signed
/// then. Kept ones of this node too.
pub fn chains_at(conn: &mut Conn, of: &EntityId, instants: &[DateTime<Utc>]) -> Result<Vec<Used>> {
    let mut found: Vec<Used> = Vec::new();
    let mut add = |used: Used| {
        if !found.iter().any(|(_, documents)| *documents == used.1) {
            found.push(used);
        }
    };
    for instant in instants {
        let before = chain_used::table
            .filter(chain_used::peer.eq(of.as_str()))
            .filter(chain_used::used_at.le(At::from(*instant)))
            .order(chain_used::used_at.desc());
        let used: Option<(At, Doc)> =
            before.select((chain_used::used_at, chain_used::documents)).first(conn).optional()?;
        if let Some((at, documents)) = used {
            add((at.0, documents.read()?));
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
