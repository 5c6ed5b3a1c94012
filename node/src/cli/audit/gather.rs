//! Everything that proves what became of one referral.

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::evidence::{Earlier, Evidence, FORMAT, Said, SealedEntry, SealedLog, UsedChain};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose;
use staffetta_protocol::problem::Code;
use staffetta_protocol::receipt::Receipt;
use uuid::Uuid;

use super::super::Opened;
use crate::error::{Error, Result};
use crate::inbox::{self, Kept};
use crate::journal::{self, Actor, Entry, Proven, Sealer};
use crate::peers::{self, Used};
use crate::referrals;

/// Entries of one referral, at most.
const ENTRIES: i64 = 10_000;

/// Gathers the evidence of a referral of this node. That it was done stands in the journal, and in the file itself.
///
/// # Errors
/// `not_found` for a referral that is not here, and whatever the store fails with. An authority that does not answer is
/// none: then this node's own chain is the last that was kept, or missing, and the judge says so.
pub async fn evidence(node: &Opened, referral: Uuid) -> Result<Evidence> {
    let me = node.config.node.entity_id.clone();
    let now = node.store.clock().now();
    let (about, messages) = said(node, referral).await?;
    let authority = node.peers.clone();
    let authority = node.store.read(move |conn| authority.pinned(conn)).await?;
    let authority = authority.ok_or_else(|| Error::Setup("this node has joined no network".into()))?;
    let mut receipts: Vec<String> = messages.iter().flat_map(|kept| kept.receipts.clone()).collect();
    receipts.sort();
    receipts.dedup();
    let logs = sealed(node, &about, &messages, &receipts).await?;
    let chains = chains(node, &about.peer, &messages).await?;
    let messages = messages.into_iter().map(|kept| {
        let (from, to) = if kept.own { (&me, &about.peer) } else { (&about.peer, &me) };
        Said {
            from: from.clone(),
            to: to.clone(),
            id: kept.id,
            kind: kept.kind,
            digest: kept.digest,
            message: kept.jws,
        }
    });
    Ok(Evidence {
        format: FORMAT.into(),
        made_at: now,
        node: me.clone(),
        matter: referral.to_string(),
        authority,
        chains: chains.into_iter().map(|(used_at, documents)| UsedChain { used_at, documents }).collect(),
        messages: messages.collect(),
        receipts,
        logs: logs.into_iter().map(log).collect(),
    })
}

/// The conversation, and the journal's word that somebody took it out.
async fn said(node: &Opened, referral: Uuid) -> Result<(referrals::Conversation, Vec<Kept>)> {
    let vault = node.vault.clone();
    node.store
        .write(move |tx| {
            let about = referrals::conversation(tx.conn(), referral)?.ok_or(Code::NotFound)?;
            let entry = Entry::new(Actor::System, "audit.evidence-read").subject(about.subject).object(referral);
            journal::record(tx, entry.ground("audit"))?;
            let messages = inbox::conversation(tx.conn(), &vault, &about.peer, about.thread)?;
            Ok((about, messages))
        })
        .await
}

/// What the journal says of it, sealed and signed now.
async fn sealed(
    node: &Opened,
    about: &referrals::Conversation,
    messages: &[Kept],
    receipts: &[String],
) -> Result<Vec<Proven>> {
    let me = node.config.node.entity_id.clone();
    Sealer::new(node.store.clone(), node.keys.clone(), me.clone()).seal_now().await?;
    let mut things: Vec<String> = messages.iter().map(|kept| kept.id.to_string()).collect();
    things.extend([about.id.to_string(), about.thread.to_string()]);
    let given = receipts.iter().filter_map(|jws| jose::peek::<Receipt>(jws).ok()).filter(|receipt| receipt.iss == me);
    let mut given: Vec<String> = given.filter_map(|receipt| receipt.checkpoint).collect();
    given.sort();
    given.dedup();
    node.store.read(move |conn| journal::prove(conn, &things, &given, ENTRIES)).await
}

/// The partner's chains as they were used, and this node's own: fresh from the authority if it answers.
async fn chains(node: &Opened, peer: &EntityId, messages: &[Kept]) -> Result<Vec<Used>> {
    // What a message was taken on was kept in the same act or before; what a receipt was believed on may be a bit later.
    let instants: Vec<DateTime<Utc>> =
        messages.iter().flat_map(|kept| [kept.at, kept.at + TimeDelta::hours(1)]).collect();
    let own = match node.peers.own_chain().await {
        Ok(used) => Some(used),
        Err(peers::ResolveError::Internal(error)) => return Err(error),
        Err(why) => {
            tracing::warn!(%why, "the authority was not to be asked about this node: its own chain is the last kept");
            None
        }
    };
    let (me, peer) = (node.config.node.entity_id.clone(), peer.clone());
    node.store
        .read(move |conn| {
            let mut all = peers::chains_at(conn, &peer, &instants)?;
            all.extend(own);
            for kept in peers::chains_at(conn, &me, &instants)? {
                if !all.iter().any(|(_, documents)| *documents == kept.1) {
                    all.push(kept);
                }
            }
            Ok(all)
        })
        .await
}

fn log(proven: Proven) -> SealedLog {
    SealedLog {
        checkpoint: proven.checkpoint,
        entries: proven.entries.into_iter().map(|(index, entry, proof)| SealedEntry { index, entry, proof }).collect(),
        earlier: proven.earlier.into_iter().map(|(checkpoint, proof)| Earlier { checkpoint, proof }).collect(),
    }
}
