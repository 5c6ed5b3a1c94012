//! Nodes that cannot be called: they fetch what waits for them, and hand in the receipts.

use std::time::Duration;

use actix_web::web::{Bytes, Data, Json};
use actix_web::{HttpRequest, get, post};
use chrono::TimeDelta;
use reqwest::Method;
use staffetta_protocol::id::EntityId;
use staffetta_protocol::link::{Batch, Fetched, ReceiptHandedIn, ReceiptTaken};
use staffetta_protocol::problem::{Code, Problem};
use staffetta_protocol::receipt::Receipt;
use staffetta_protocol::trust::MemberState;
use tokio::time::Instant;

use super::push::{count, note_mended};
use super::serving::any;
use super::{Inner, Links, accept_batch};
use crate::error::{Error, Result};
use crate::inbox;
use crate::outbox::{self, Bounds};
use crate::peers::{Peers, VerifiedPeer};
use crate::store::{Store, Tx};

/// Longest wait of a poll, in seconds.
pub(super) const LONGEST_WAIT: u64 = 25;
/// How often a waiting poll looks for what another process queued.
const LOOK: Duration = Duration::from_secs(3);
/// Members that are asked at the same time.
const MEMBERS_AT_ONCE: usize = 256;

/// The parameters of a fetch: each once, and no others.
fn place(request: &HttpRequest) -> Option<(u32, u64, Option<u32>)> {
    let pairs = actix_web::web::Query::<Vec<(String, String)>>::from_query(request.query_string()).ok()?.into_inner();
    let one = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    let limit = one("limit").map(|text| text.parse()).transpose().ok()?;
    let epoch: u32 = one("epoch")?.parse().ok()?;
    (epoch > 0).then_some((epoch, one("after")?.parse::<u64>().ok().filter(|after| *after < 1 << 53)?, limit))
}

/// How long the caller would wait: `Prefer: wait=25` (RFC 7240).
fn wait(request: &HttpRequest) -> u64 {
    let said = request.headers().get("prefer").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wait = said.split([',', ';']).find_map(|part| part.trim().strip_prefix("wait="));
    wait.and_then(|seconds| seconds.parse::<u64>().ok()).unwrap_or(0).min(LONGEST_WAIT)
}

/// Fetch messages
///
/// For a node that cannot be called (capability `mailbox`): the items of the link from this node to the caller after
/// `after`. Numbers are given at most one window beyond the last receipt, so asking again gives the same items. With
/// `Prefer: wait=25` an empty answer comes after so many seconds at most, and at once where something comes in between or
/// this node stops. Two polls of one caller wait at the same time.
#[utoipa::path(
    tag = "exchange",
    operation_id = "fetch_messages",
    params(
        ("epoch" = u32, Query, description = "The epoch that the caller is in", minimum = 1),
        ("after" = u64, Query, description = "The highest number that it has decided there"),
        ("limit" = Option<u32>, Query, description = "Items at most", minimum = 1, maximum = 1000),
        ("Prefer" = Option<String>, Header, nullable = false, description = "`wait=` and seconds, at most 25 (RFC 7240)"),
    ),
    responses((status = 200, description = "The items, which may be none", body = Fetched)),
)]
#[get("/messages")]
pub(super) async fn fetch_messages(
    caller: VerifiedPeer,
    request: HttpRequest,
    links: Data<Links>,
) -> Result<Json<Fetched>> {
    if !caller.peer().has_mailbox() {
        return Err(Problem::new(Code::NotEntitled).detail("only a node with a mailbox fetches").into());
    }
    let (epoch, after, limit) =
        place(&request).ok_or_else(|| Problem::new(Code::MalformedRequest).detail("epoch and after are needed"))?;
    let _turn = links.0.polls.enter(caller.entity_id())?;
    let inner = &*links.0;
    let limited = caller.peer().state(inner.clock.now()) != MemberState::Active
        || inner.peers.own_state().await? != MemberState::Active;
    let bounds = Bounds {
        items: limit.unwrap_or(inner.config.window).clamp(1, inner.config.window),
        bytes: inner.config.batch_bytes,
        lease: TimeDelta::zero(),
        only_recall: limited,
        time_holds: inner.peers.clock_is_confirmed(inner.clock.now()),
    };
    let until = Instant::now() + Duration::from_secs(wait(&request));
    let mut bell = inner.bell.subscribe();
    loop {
        bell.mark_unchanged();
        let (found, mended) = fetched(inner, caller.entity_id(), (epoch, after), bounds).await?;
        let left = until.saturating_duration_since(Instant::now());
        // An epoch that this node has begun alone is no news: the caller learns of it by the first item.
        if !found.items.is_empty() || left.is_zero() || inner.is_closing() || mended {
            return Ok(Json(found));
        }
        loop {
            let nap = LOOK.min(until.saturating_duration_since(Instant::now()));
            let rung = tokio::time::timeout(nap, bell.changed()).await.is_ok();
            let peer = caller.entity_id().clone();
            let waits = inner.store.read(move |conn| outbox::waits_for(conn, &peer, (epoch, after))).await?;
            if waits || inner.is_closing() || Instant::now() >= until {
                break;
            }
            tracing::trace!(rung, "nothing for this caller yet");
        }
        if Instant::now() >= until || inner.is_closing() {
            // Once more, and then whatever there is.
            return Ok(Json(fetched(inner, caller.entity_id(), (epoch, after), bounds).await?.0));
        }
    }
}

/// What waits at that place, and whether numbers had to be mended for it.
async fn fetched(links: &Inner, peer: &EntityId, place: (u32, u64), bounds: Bounds) -> Result<(Fetched, bool)> {
    let (vault, peer) = (links.inbox.outbox.vault().clone(), peer.clone());
    let (settled, outbox) = (links.settled, links.inbox.outbox.clone());
    let act = move |tx: &mut Tx<'_>| {
        let mut found = outbox::fetch(tx, &vault, &peer, place, bounds)?;
        // Whoever asks for what comes after a number has decided nothing beyond it.
        let first = found.items.items.first().and_then(|item| item.message.as_deref());
        let ahead = first.is_none_or(|jws| outbox::is_from_the_future(jws, tx.now()));
        if ahead && bounds.time_holds && outbox::sign_anew(tx, &outbox, &peer, Some((place.0, place.1 + 1)))? > 0 {
            let before = std::mem::take(&mut found.unsent);
            found = outbox::fetch(tx, &vault, &peer, place, bounds)?;
            found.unsent.splice(..0, before);
        }
        settled(tx, &outbox, &found.unsent)?;
        if let Some(mended) = found.mended {
            note_mended(tx, &peer, mended)?;
        }
        Ok((found.items, found.mended.is_some()))
    };
    links.store.write(act).await
}

/// Hand in a receipt
///
/// For what was fetched. The same receipt again gets the same answer; one that does not verify, or is of another place of
/// the link than the next, settles nothing.
#[utoipa::path(
    tag = "exchange",
    operation_id = "hand_in_receipt",
    request_body = ReceiptHandedIn,
    responses(
        (status = 200, description = "It settled what it names", body = ReceiptTaken),
        (status = 409, description = "`out_of_sequence`: it is of another epoch, older than the last, or of numbers never given",
            body = staffetta_protocol::problem::ProblemDocument, content_type = "application/problem+json"),
    ),
)]
#[post("/receipts")]
pub(super) async fn hand_in_receipt(
    caller: VerifiedPeer,
    peers: Data<Peers>,
    store: Data<Store>,
    links: Data<Links>,
) -> Result<Json<ReceiptTaken>> {
    let ReceiptHandedIn { receipt: jws } = caller.json()?;
    let (peer, now) = (caller.entity_id().clone(), links.0.clock.now());
    let receipt = Receipt::open(&jws, caller.peer().keys(), peers.entity_id(), &peer, now)
        .map_err(|why| Problem::new(Code::InvalidInput).detail(format!("receipt: {why}")))?;
    let (settled, outbox) = (links.0.settled, links.0.inbox.outbox.clone());
    let act = move |tx: &mut Tx<'_>| {
        let news = outbox::hand_in(tx, &peer, &jws, &receipt)?;
        settled(tx, &outbox, &news)?;
        Ok((ReceiptTaken { next_seq: receipt.link.through_seq + 1 }, news))
    };
    let (taken, news) = store.write(act).await?;
    count(store.metrics(), &news);
    links.wake();
    Ok(Json(taken))
}

impl Links {
    /// A node with a mailbox fetches from every member what waits for it, for `wait` seconds at most while nothing comes.
    /// Whether anybody may be asked again at once.
    ///
    /// # Errors
    /// What fails inside.
    pub async fn collect(&self, wait: u64) -> Result<bool> {
        let until = Instant::now() + Duration::from_secs(wait.min(LONGEST_WAIT));
        let members = match self.0.peers.members().await {
            Ok(members) => members,
            Err(why) => {
                tracing::warn!(%why, "nobody is known to fetch from");
                return Ok(false);
            }
        };
        let asked = members.into_iter().map(|member| async move { drain(&self.0, &member, until).await });
        let answered = any(asked, MEMBERS_AT_ONCE).await?;
        if answered {
            self.wake();
        }
        Ok(answered)
    }
}

/// Fetches from one member until nothing more comes. Whether it may be asked again at once: it gave something, or waited for
/// something to give. Who says at once that there is nothing is asked again after a pause.
async fn drain(links: &Inner, member: &EntityId, until: Instant) -> Result<bool> {
    let mut answered = false;
    loop {
        let asked = Instant::now();
        let left = until.saturating_duration_since(asked).as_secs();
        match once(links, member, left).await {
            Ok(Some(true)) => answered = true,
            Ok(Some(false)) => return Ok(answered || has_waited(left, asked.elapsed())),
            Ok(None) => return Ok(answered),
            Err(error) if error.is_fault() => return Err(error),
            Err(error) => {
                tracing::warn!(peer = %member, cause = %error, "what was fetched could not be taken");
                return Ok(answered);
            }
        }
    }
}

/// Whether a member that was asked to wait so many seconds did so, near enough.
fn has_waited(asked: u64, took: Duration) -> bool {
    took * 2 >= Duration::from_secs(asked)
}

/// One poll. `None` where the member did not answer, else whether it had something.
async fn once(links: &Inner, member: &EntityId, wait: u64) -> Result<Option<bool>> {
    let Ok(peer) = links.peers.resolve(member).await else { return Ok(None) };
    if peer.has_mailbox() || !hand_in_last(links, &peer).await? {
        return Ok(None);
    }
    let asked = member.clone();
    let at = links.store.read(move |conn| inbox::link_state(conn, &asked)).await?.inbound;
    let path = format!("/exchange/messages?epoch={}&after={}&limit={}", at.epoch, at.through_seq, links.config.window);
    let answer = match links.peers.poll(&peer, &path, wait).await {
        Ok(answer) => answer,
        Err(crate::peers::CallError::Internal(error)) => return Err(error),
        Err(why) => {
            links.not_reached();
            tracing::info!(peer = %member, %why, "nothing could be fetched");
            return Ok(None);
        }
    };
    // Nobody calls a node with a mailbox: that it is answered is all that it hears of a member.
    links.heard(member).await?;
    if answer.status != 200 {
        tracing::warn!(peer = %member, status = answer.status, "a fetch was refused");
        return Ok(None);
    }
    let fetched: Fetched =
        answer.json().map_err(|why| Problem::new(Code::BadGateway).detail(format!("what was fetched: {why}")))?;
    if fetched.items.is_empty() {
        return Ok(Some(false));
    }
    links.handed_in.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(member);
    let peers = links.peers.clone();
    let own = links.store.read(move |conn| peers.own_in(conn)).await?;
    let batch = Batch { epoch: fetched.epoch, items: fetched.items };
    accept_batch(links, &peer, own, batch, |_| Ok(())).await?;
    Ok(hand_in_last(links, &peer).await?.then_some(true))
}

/// Hands in the last receipt unless the member has it already. Nothing more is fetched before.
async fn hand_in_last(links: &Inner, peer: &crate::peers::Peer) -> Result<bool> {
    let known = || links.handed_in.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if known().contains(peer.entity_id()) {
        return Ok(true);
    }
    let to = peer.entity_id().clone();
    if let Some(receipt) = links.store.read(move |conn| inbox::last_receipt(conn, &to)).await? {
        let body = serde_json::to_vec(&ReceiptHandedIn { receipt }).map_err(Error::internal)?;
        let answer = links.call(peer, Method::POST, "/exchange/receipts", Some(Bytes::from(body))).await;
        match answer {
            // Of another place: the member has settled it long since, or has forgotten it and will ask anew.
            Ok(answer) if matches!(answer.status, 200 | 404 | 409) => {}
            Err(crate::peers::CallError::Internal(error)) => return Err(error),
            Ok(answer) => {
                tracing::warn!(peer = %peer.entity_id(), status = answer.status, "a receipt was not taken");
                return Ok(false);
            }
            Err(why) => {
                tracing::info!(peer = %peer.entity_id(), %why, "a receipt could not be handed in");
                return Ok(false);
            }
        }
    }
    known().insert(peer.entity_id().clone());
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answers_long_before_it_was_asked_to_did_not_wait() {
        let table = [(25, 25_000, true), (25, 13_000, true), (25, 12_000, false), (25, 10, false), (1, 10, false)];
        for (asked, took, waited) in table {
            assert_eq!(has_waited(asked, Duration::from_millis(took)), waited, "{asked} s, {took} ms");
        }
        assert!(has_waited(0, Duration::ZERO), "who was not asked to wait need not");
    }
}
