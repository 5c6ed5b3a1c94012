//! Whether a partner's journal is still the one that it signed: the question, and this node's answer to it.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use reqwest::Method;
use serde::Deserialize;
use staffetta_protocol::id::{EntityId, LogId};
use staffetta_protocol::log::Consistency;
use staffetta_protocol::problem::Code;
use utoipa::IntoParams;

use super::{Inner, Links};
use crate::error::Result;
use crate::journal::{self, Heard, Trouble};
use crate::keys::Keys;
use crate::outbox;
use crate::peers::{Peer, VerifiedPeer};
use crate::store::{Store, Tx};

/// Which log, and between which sizes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Stretch {
    /// The log, as a checkpoint names it.
    #[param(value_type = String, format = "uuid")]
    log: LogId,
    /// The size of the checkpoint at hand.
    #[param(minimum = 0)]
    from: u64,
    /// The size to which the proof shall lead; without it the size of the newest checkpoint.
    #[serde(default)]
    #[param(minimum = 0)]
    to: Option<u64>,
}

/// Prove that the journal only grew
///
/// The consistency proof (RFC 9162 §2.1.4) from the log's first `from` entries to its first `to`, with the checkpoint to
/// which it leads. 404 where there is no such log, or it was never that long.
#[utoipa::path(
    tag = "exchange",
    operation_id = "prove_history",
    params(Stretch),
    responses(
        (status = 200, description = "The proof and its checkpoint", body = Consistency),
        (status = 404, description = "`not_found`: no such log, or none of that size",
            body = staffetta_protocol::problem::ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[get("/checkpoints")]
pub(super) async fn prove_history(
    caller: VerifiedPeer,
    store: Data<Store>,
    keys: Data<Keys>,
    me: Data<EntityId>,
    stretch: Query<Stretch>,
    links: Data<Links>,
) -> Result<Json<Consistency>> {
    let _turn = links.0.bounds.enter(caller.entity_id())?;
    let (now, keys, me) = (store.clock().now(), keys.get_ref().clone(), me.get_ref().clone());
    let Stretch { log, from, to } = stretch.into_inner();
    let shown = store.read(move |conn| journal::consistency(conn, (&keys, &me), log, (from, to), now)).await?;
    Ok(Json(shown.ok_or(Code::NotFound)?))
}

impl Links {
    /// Compares what a partner signed about its journal with what it answers now; see [`compare`].
    ///
    /// # Errors
    /// When something fails here. A partner that does not answer is no failure.
    pub async fn compare_history(&self, with: &EntityId) -> Result<()> {
        compare_with(&self.0, with).await
    }
}

/// The same: daily, with the links.
pub(super) async fn compare_with(links: &Inner, with: &EntityId) -> Result<()> {
    match links.peers.resolve(with).await {
        Ok(peer) => compare(links, &peer).await,
        Err(crate::peers::ResolveError::Internal(error)) => Err(error),
        Err(why) => {
            tracing::info!(peer = %with, %why, "a partner's journal could not be compared");
            Ok(())
        }
    }
}

/// Asks a partner for the proof that its journal still begins with every checkpoint that is kept of it. One that does
/// not raises the alarm; an answer that proves nothing, or none, leaves everything for the next time.
///
/// # Errors
/// When something fails here.
async fn compare(links: &Inner, peer: &Peer) -> Result<()> {
    let id = peer.entity_id().clone();
    let asked = id.clone();
    let kept = links.store.read(move |conn| journal::to_compare(conn, &asked)).await?;
    let mut shown = Vec::new();
    let mut today: Option<String> = None;
    for one in kept {
        let answer = match question(links, peer, &one).await? {
            Some(answer) => answer,
            None => return Ok(()),
        };
        let now = links.clock.now();
        let verdict = match &answer {
            Ok(answer) => {
                let peer = links.peers.lookup(&id).await?.unwrap_or_else(|| peer.clone());
                journal::check_neighbour(&one, answer, peer.keys(), &id, now).map(|verdict| verdict.map(|_| ()))
            }
            Err(trouble) => Some(Err(*trouble)),
        };
        let checkpoint = answer.ok().map(|answer| answer.checkpoint);
        match verdict {
            Some(Ok(())) => {
                shown.push(one);
                today = checkpoint;
            }
            Some(Err(trouble)) => {
                let id = id.clone();
                let alarm = move |tx: &mut Tx<'_>| {
                    if journal::raise(tx, &id, trouble, &one, checkpoint.as_deref())? {
                        outbox::history_differs(tx, &id, trouble)?;
                    }
                    Ok(())
                };
                links.store.write(alarm).await?;
            }
            None => {
                tracing::warn!(peer = %id, "the answer about a journal is not under the partner's signature");
                return Ok(());
            }
        }
    }
    let Some(today) = today else { return Ok(()) };
    links.store.write(move |tx| journal::note_proven(tx, &id, &shown, &today)).await
}

/// One request. None when the answer says nothing.
async fn question(links: &Inner, peer: &Peer, of: &Heard) -> Result<Option<std::result::Result<Consistency, Trouble>>> {
    let path = format!("/exchange/checkpoints?log={}&from={}", of.log(), of.size());
    let answer = match links.peers.call(peer, Method::GET, &path, None).await {
        Ok(answer) => answer,
        Err(crate::peers::CallError::Internal(error)) => return Err(error),
        Err(why) => {
            tracing::info!(peer = %peer.entity_id(), %why, "a partner was not to be asked about its journal");
            return Ok(None);
        }
    };
    Ok(match answer.status {
        200 => answer.json().ok().map(Ok),
        // Signed: the partner itself says that it has no such log, or a shorter one.
        404 => Some(Err(Trouble::Truncated)),
        status => {
            tracing::info!(peer = %peer.entity_id(), status, "a partner does not answer about its journal");
            None
        }
    })
}
