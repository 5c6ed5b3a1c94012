//! The history of a node that nobody can ask: it is told what its partners keep of it, and proves that by itself.

use std::collections::{BTreeMap, HashSet};

use actix_web::post;
use actix_web::web::{Bytes, Data, Json};
use reqwest::Method;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::log::{HistoryShown, HistoryTaken, Kept, MAX_ASKED, Shown};
use staffetta_protocol::problem::{Code, Problem};

use super::{Inner, Links, history};
use crate::error::{Error, Result};
use crate::journal;
use crate::peers::{CallError, Peer, VerifiedPeer};
use crate::store::Store;

/// Requests to one partner in which a history is shown, in one comparison.
const ROUNDS: usize = 16;

/// Show one's own history
///
/// From a node that cannot be asked: for each checkpoint that this node keeps of the caller's journal, and named as
/// `history` of the link, what `GET …/exchange/checkpoints` would answer about it. It is judged as that answer is. The answer
/// names what is to be proven next.
#[utoipa::path(
    tag = "exchange",
    operation_id = "show_history",
    request_body = HistoryShown,
    responses(
        (status = 200, description = "Judged and kept, whatever came out", body = HistoryTaken),
        (status = 413, description = "More items than are asked about at a time",
            body = staffetta_protocol::problem::ProblemDocument, content_type = "application/problem+json"),
        (status = 422, description = "`invalid_input`: not of the form, or a checkpoint is not under the caller's signature; \
            nothing was kept",
            body = staffetta_protocol::problem::ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/checkpoints")]
pub(super) async fn show_history(
    caller: VerifiedPeer,
    store: Data<Store>,
    links: Data<Links>,
) -> Result<Json<HistoryTaken>> {
    let _turn = links.0.bounds.enter(caller.entity_id())?;
    let HistoryShown { items } = caller.json()?;
    if items.len() > MAX_ASKED {
        return Err(Problem::new(Code::TooLarge).detail("more items than are asked about at a time").into());
    }
    let (peer, now) = (caller.entity_id(), links.0.clock.now());
    let asked = peer.clone();
    let kept = store.read(move |conn| journal::to_compare(conn, &asked)).await?;
    let mut kept: BTreeMap<_, _> = kept.into_iter().map(|one| ((one.log(), one.size()), one)).collect();
    let mut judged = Vec::new();
    for (place, item) in items.iter().enumerate() {
        // What is kept no more was proven meanwhile, and what never was is not asked about.
        let Some(one) = kept.remove(&(item.log, item.size)) else { continue };
        let verdict = journal::judge(one, item.consistency.as_ref(), caller.peer().keys(), peer, now);
        judged.push(verdict.ok_or_else(|| {
            Problem::new(Code::InvalidInput).detail(format!("items[{place}]: the checkpoint is not the caller's"))
        })?);
    }
    let history = history::settle(&links.0, peer, judged).await?;
    Ok(Json(HistoryTaken { history }))
}

/// Proves to a member what it keeps of this node's journal and named: a few at a time, until it names nothing more. A member
/// of the release before names nothing, and one that does not take it is none the worse for it.
///
/// # Errors
/// When something fails here.
pub(super) async fn show(links: &Inner, to: &EntityId, mut asked: Vec<Kept>) -> Result<()> {
    let mut spoken_of = HashSet::new();
    for _ in 0..ROUNDS {
        asked.truncate(MAX_ASKED);
        asked.retain(|one| spoken_of.insert(*one));
        if asked.is_empty() {
            return Ok(());
        }
        let Ok(peer) = links.peers.resolve(to).await else { return Ok(()) };
        let said = HistoryShown { items: proofs(links, asked).await? };
        asked = match hand_over(links, &peer, &said).await? {
            Some(taken) => taken.history,
            None => return Ok(()),
        };
    }
    Ok(())
}

/// What this node can say about each.
async fn proofs(links: &Inner, asked: Vec<Kept>) -> Result<Vec<Shown>> {
    let (keys, me, now) = (links.inbox.keys.clone(), links.peers.entity_id().clone(), links.clock.now());
    let prove = move |conn: &mut crate::store::Conn| {
        let one = |Kept { log, size }: Kept| {
            let consistency = journal::consistency(conn, (&keys, &me), log, (size, None), now)?;
            Ok(Shown { log, size, consistency })
        };
        asked.into_iter().map(one).collect()
    };
    links.store.read(prove).await
}

/// One request. None where the member does not take it.
async fn hand_over(links: &Inner, to: &Peer, said: &HistoryShown) -> Result<Option<HistoryTaken>> {
    let body = serde_json::to_vec(said).map_err(Error::internal)?;
    let answer = links.peers.call(to, Method::POST, "/exchange/checkpoints", Some(Bytes::from(body))).await;
    match answer {
        Ok(answer) if answer.status == 200 => Ok(answer.json().ok()),
        Ok(answer) => {
            tracing::info!(peer = %to.entity_id(), status = answer.status, "a partner does not take this node's history");
            Ok(None)
        }
        Err(CallError::Internal(error)) => Err(error),
        Err(why) => {
            tracing::info!(peer = %to.entity_id(), %why, "this node's history could not be shown");
            Ok(None)
        }
    }
}
