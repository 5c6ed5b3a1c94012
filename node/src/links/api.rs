//! `…/exchange`: where peers push their batches and ask about the link.

use actix_web::web::{Data, Json};
use actix_web::{get, post};
use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::link::{Batch, BatchAnswer, LinkState};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::trust::Roles;

use super::push::STUCK;
use super::{Inner, Links, checks, mailbox};
use crate::error::{Error, Result};
use crate::inbox::{self, Accepted, Content};
use crate::journal::{self, Actor, Entry};
use crate::outbox;
use crate::peers::{Memory, Peer, ProvenCaller, VerifiedPeer};
use crate::routes::Routes;
use crate::store::{Store, Tx};
use crate::tasks::{self, Task};

/// Seconds after which a peer may try again whose content nobody has looked at.
const FULL_RETRY_SECONDS: u32 = 900;

/// The routes of this room, below `…/exchange`.
pub fn api(routes: &mut Routes<'_>) {
    routes.service(push_messages).service(show_link).service(super::history::prove_history);
    routes.service(super::shown::show_history);
    routes.service(mailbox::fetch_messages).service(mailbox::hand_in_receipt);
}

/// Push a batch of messages
///
/// The items of a link in order. The answer is one signed receipt; only the receipt counts. A repeat of what was
/// decided gets the original outcomes; a gap, a wrong epoch or other bytes under a known number get 409
/// `out_of_sequence` with the epoch and the number that are expected, and nothing is stored.
#[utoipa::path(
    tag = "exchange",
    operation_id = "push_messages",
    request_body = Batch,
    responses(
        (status = 200, description = "Decided, with one receipt for the batch", body = BatchAnswer),
        (status = 409, description = "`out_of_sequence`: `epoch` and `expected` say where to go on",
            body = staffetta_protocol::problem::ProblemDocument, content_type = "application/problem+json"),
        (status = 413, description = "Batch or message too large",
            body = staffetta_protocol::problem::ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/messages")]
async fn push_messages(caller: ProvenCaller, store: Data<Store>, links: Data<Links>) -> Result<Json<BatchAnswer>> {
    let memory = caller.memory();
    match take(caller.verified(), &memory, &store, &links).await {
        Ok(answer) => {
            links.wake();
            Ok(Json(answer))
        }
        Err(error) => match untaken(caller.verified().entity_id(), memory, &store, &error).await {
            Err(replay) if replay.code() == Code::NotAuthenticated => {
                caller.was_replayed().await;
                Err(replay)
            }
            noted => noted.and(Err(error)),
        },
    }
}

/// Notes that a batch was not taken, with the call that brought it.
async fn untaken(peer: &EntityId, memory: Memory, store: &Store, error: &Error) -> Result<()> {
    let (peer, code, fault) = (peer.clone(), error.code(), error.is_fault());
    if code == Code::NotAuthenticated {
        return Err(code.into());
    }
    let waits = matches!(code, Code::Busy | Code::ClocksDiffer);
    if fault && !waits {
        return Ok(());
    }
    let act = move |tx: &mut Tx<'_>| {
        memory.remember(tx)?;
        if waits {
            return failed_inside(tx, &peer, code);
        }
        let entry = Entry::new(Actor::Peer(peer.clone()), "exchange.batch-refused").peer(&peer).code(code);
        journal::record(tx, entry)
    };
    store.write(act).await
}

/// The first item of a batch failed inside or is from the future, or nothing could be taken at all. Three times in a row
/// is an alarm here as it is at the sender.
fn failed_inside(tx: &mut Tx<'_>, peer: &EntityId, code: Code) -> Result<()> {
    if inbox::failed_inside(tx, peer)? >= STUCK {
        tasks::open(tx, Task::new(tasks::Kind::FailingInside, peer).with(peer).code(code.as_str()))?;
    }
    Ok(())
}

/// Takes a batch as a whole: what is refused here stores nothing but the journal's word on it.
async fn take(caller: &VerifiedPeer, memory: &Memory, store: &Store, links: &Links) -> Result<BatchAnswer> {
    let _turn = links.0.bounds.enter(caller.entity_id())?;
    let peer = caller.entity_id().clone();
    let peers = links.0.peers.clone();
    let (waiting, own) = store.read(move |conn| Ok((inbox::unopened(conn, &peer)?, peers.own_in(conn)?))).await?;
    if waiting + caller.body().len() as u64 > links.0.config.unopened_bytes_per_peer {
        let problem = Problem::new(Code::RateLimited).detail("what came before has not been looked at yet");
        return Err(Problem { retry_after: Some(FULL_RETRY_SECONDS), ..problem }.into());
    }
    let batch: Batch = caller.json()?;
    if batch.items.len() > links.0.config.window as usize {
        return Err(Problem::new(Code::TooLarge).detail("more items than the window").into());
    }
    let memory = memory.clone();
    accept_batch(&links.0, caller.peer(), own, batch, move |tx| memory.remember(tx)).await
}

/// Takes a batch of a peer, pushed or fetched, as what this node is: its organisation and its roles. Opened without a
/// transaction, decided and receipted in one, that begins with `first`.
pub(super) async fn accept_batch(
    links: &Inner,
    peer: &Peer,
    (own_ids, own_roles): (Vec<String>, Roles),
    batch: Batch,
    first: impl Fn(&mut Tx<'_>) -> Result<()> + Send + Sync + 'static,
) -> Result<BatchAnswer> {
    let (peers, epoch, now) = (&links.peers, batch.epoch, links.clock.now());
    let (me, id) = (peers.entity_id().clone(), peer.entity_id());
    let mut items = inbox::open(batch.clone(), peer.keys(), id, &me, now)?;
    if items.iter().any(|item| matches!(item.content, Content::UnknownKey))
        && let Some(renewed) = peers.refresh_for_key(id).await?
    {
        items = inbox::open(batch, renewed.keys(), id, &me, now)?;
        // Looked up just now and not there: it does not verify.
        inbox::refuse_unknown_keys(&mut items);
    }
    let from = Accepted {
        peer: id.clone(),
        state: peer.state(now),
        roles: peer.roles().clone(),
        own_ids: own_ids.iter().filter_map(|id| OrganisationId::new(id).ok()).collect(),
        own_roles,
    };
    let peer = peer.clone();
    inbox::take(&links.store, &links.inbox, from, (epoch, items), move |tx| {
        first(tx)?;
        crate::peers::keep_evidence(tx, &peer)?;
        outbox::wake(tx, peer.entity_id())
    })
    .await
}

/// Show the link
///
/// How far both directions of the link between the caller and this node have come, as this node sees them. A caller that
/// cannot be called is told, too, which checkpoints of its journal it is to prove.
#[utoipa::path(
    tag = "exchange",
    operation_id = "show_link",
    responses((status = 200, description = "Both directions", body = LinkState)),
)]
#[get("/link")]
async fn show_link(caller: VerifiedPeer, store: Data<Store>, links: Data<Links>) -> Result<Json<LinkState>> {
    let (peer, hidden) = (caller.entity_id().clone(), caller.peer().has_mailbox());
    let state = store
        .write(move |tx| {
            checks::asked(tx, &peer)?;
            let state = inbox::link_state(tx.conn(), &peer)?;
            let now = tx.now();
            let history = if hidden { journal::to_prove(tx.conn(), &peer, now)? } else { Vec::new() };
            Ok(LinkState { history, ..state })
        })
        .await?;
    links.wake();
    Ok(Json(state))
}
