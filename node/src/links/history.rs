//! Whether a partner's journal is still the one that it signed: the question, and this node's answer to it. A partner that
//! nobody can ask speaks by itself ([`super::shown`]); what either says is judged by the same.

use actix_web::get;
use actix_web::web::{Data, Json, Query};
use reqwest::Method;
use serde::Deserialize;
use staffetta_protocol::id::{EntityId, LogId};
use staffetta_protocol::log::{Consistency, Kept};
use staffetta_protocol::problem::Code;
use utoipa::IntoParams;

use super::{Inner, Links};
use crate::error::Result;
use crate::inbox;
use crate::journal::{self, Actor, Heard, Judged, Trouble};
use crate::keys::Keys;
use crate::outbox;
use crate::peers::{Peer, VerifiedPeer};
use crate::store::{Store, Tx};
use crate::tasks;

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
    /// The size to which the proof shall lead at least: the first checkpoint that was kept of it or of a larger one. Without
    /// it, the newest.
    #[serde(default)]
    #[param(minimum = 0)]
    to: Option<u64>,
}

/// Prove that the journal only grew
///
/// The consistency proof (RFC 9162 §2.1.4) from the log's first `from` entries to a checkpoint, with that checkpoint. 404 where there is no such log, or it was never that long.
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
/// not raises the alarm; an answer that proves nothing, or none, leaves its log for the next time.
///
/// # Errors
/// When something fails here.
async fn compare(links: &Inner, peer: &Peer) -> Result<()> {
    let id = peer.entity_id().clone();
    let asked = id.clone();
    let kept = links.store.read(move |conn| journal::to_compare(conn, &asked)).await?;
    let (mut judged, mut silent) = (Vec::new(), None);
    for one in kept {
        let log = one.log();
        if silent == Some(log) {
            continue;
        }
        let said = match question(links, peer, &one).await? {
            Said::Proof(said) => Some(said),
            Said::NoSuchLog => None,
            Said::Nothing => {
                silent = Some(log);
                continue;
            }
        };
        let peer = links.peers.lookup(&id).await?.unwrap_or_else(|| peer.clone());
        match journal::judge(one, said.as_ref(), peer.keys(), &id, links.clock.now()) {
            Some(verdict) => judged.push(verdict),
            None => {
                tracing::warn!(peer = %id, "the answer about a journal is not under the partner's signature");
                silent = Some(log);
            }
        }
    }
    settle(links, &id, judged).await.map(|_| ())
}

/// What a partner answers about a checkpoint.
enum Said {
    Proof(Consistency),
    /// Or none of that size.
    NoSuchLog,
    /// Neither the one nor the other.
    Nothing,
}

/// One request.
async fn question(links: &Inner, peer: &Peer, of: &Heard) -> Result<Said> {
    let path = format!("/exchange/checkpoints?log={}&from={}", of.log(), of.size());
    let answer = match links.peers.call(peer, Method::GET, &path, None).await {
        Ok(answer) => answer,
        Err(crate::peers::CallError::Internal(error)) => return Err(error),
        Err(why) => {
            tracing::info!(peer = %peer.entity_id(), %why, "a partner was not to be asked about its journal");
            return Ok(Said::Nothing);
        }
    };
    Ok(match answer.status {
        200 => answer.json().map_or(Said::Nothing, Said::Proof),
        // Signed: the partner itself says that it has no such log, or a shorter one.
        404 => Said::NoSuchLog,
        status => {
            tracing::info!(peer = %peer.entity_id(), status, "a partner does not answer about its journal");
            Said::Nothing
        }
    })
}

/// Keeps what a partner said about its journal, asked or by itself, and tells somebody where it does not fit. What is to be
/// proven next.
pub(super) async fn settle(links: &Inner, peer: &EntityId, judged: Vec<Judged>) -> Result<Vec<Kept>> {
    let peer = peer.clone();
    let act = move |tx: &mut Tx<'_>| {
        for trouble in journal::settle(tx, &peer, &judged)? {
            outbox::history_differs(tx, &peer, trouble)?;
        }
        if !journal::is_withheld(tx.conn(), &peer)? {
            tasks::close(tx, tasks::Kind::HistoryWithheld, peer.as_str(), Actor::System)?;
        }
        let now = tx.now();
        journal::to_prove(tx.conn(), &peer, now)
    };
    links.store.write(act).await
}

/// Tells somebody of a partner that gives receipts, and for a week has not shown that its journal is the one that it signed:
/// it answers nothing, or something else. A clock of ours that jumped ahead raises nothing: by such a clock nobody's call
/// and nobody's answer holds, so no receipt comes.
pub(super) async fn watch(links: &Inner, over: &EntityId) -> Result<()> {
    let (peer, by) = (over.clone(), journal::last_call(links.clock.now()));
    let Some(receipted) = links.store.read(move |conn| inbox::last_receipted(conn, &peer, by)).await? else {
        return Ok(());
    };
    let peer = over.clone();
    let act = move |tx: &mut Tx<'_>| {
        if journal::note_withheld(tx, &peer, receipted)? {
            outbox::history_differs(tx, &peer, Trouble::Withheld)?;
        }
        Ok(())
    };
    links.store.write(act).await
}
