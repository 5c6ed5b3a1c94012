//! Who is served when: links that are due, several at a time, and none waits for another.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures_util::StreamExt as _;
use futures_util::stream::{self, FuturesUnordered};
use staffetta_protocol::id::EntityId;

use crate::error::Result;

/// How often it is looked, while something is under way, what fell due meanwhile; a link that rests, rests so long.
const LOOK: Duration = Duration::from_secs(1);

/// The links that are ready, in their order, and when the next one falls due after that.
pub(super) type Due = (Vec<EntityId>, Option<DateTime<Utc>>);

/// Serves what is due, `at_once` links at a time, until nothing more comes of it. A peer that takes its time to answer keeps
/// its own link, and no other. `round` says whether more may follow at once on its link; one that says no is left alone for a
/// moment, or until somebody wakes. Of those that never rest each has its turn before one has its second.
///
/// # Errors
/// What `due` fails with, or the first round that failed inside: once everything that was under way has ended.
pub(super) async fn serve<D, R, W>(
    at_once: usize,
    due: impl Fn() -> D,
    round: impl Fn(EntityId) -> R,
    woken: impl Fn() -> W,
) -> Result<Option<DateTime<Utc>>>
where
    D: Future<Output = Result<Due>>,
    R: Future<Output = Result<bool>>,
    W: Future<Output = ()>,
{
    let mut under_way = FuturesUnordered::new();
    let (mut busy, mut had_its_turn, mut rests) = (HashSet::new(), HashSet::new(), HashMap::new());
    let mut failed = None;
    loop {
        let (ready, next) = due().await.unwrap_or_else(|error| {
            failed.get_or_insert(error);
            Due::default()
        });
        rests.retain(|_, since: &mut Instant| since.elapsed() < LOOK);
        let able: Vec<EntityId> =
            ready.into_iter().filter(|peer| !busy.contains(peer) && !rests.contains_key(peer)).collect();
        if able.iter().all(|peer| had_its_turn.contains(peer)) {
            had_its_turn.clear();
        }
        let free = at_once.saturating_sub(busy.len());
        for peer in able.into_iter().filter(|peer| !had_its_turn.contains(peer)).take(free) {
            busy.insert(peer.clone());
            let done = round(peer.clone());
            under_way.push(async move { (peer, done.await) });
        }
        if under_way.is_empty() {
            return failed.map_or(Ok(next), Err);
        }
        tokio::select! {
            Some((peer, done)) = under_way.next() => {
                busy.remove(&peer);
                match done {
                    Ok(true) => drop(had_its_turn.insert(peer)),
                    Ok(false) => drop(rests.insert(peer, Instant::now())),
                    Err(error) => {
                        tracing::error!(%peer, cause = %error, "a link is left alone: something failed inside");
                        rests.insert(peer, Instant::now());
                        failed.get_or_insert(error);
                    }
                }
            }
            () = woken() => rests.clear(),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// Goes through rounds with members, so many at a time, and all of them: what fails inside in one must not break off what is
/// under way with the others. Whether any says yes.
///
/// # Errors
/// What the first that failed failed with, once all have ended.
pub(super) async fn any<R>(rounds: impl Iterator<Item = R>, at_once: usize) -> Result<bool>
where
    R: Future<Output = Result<bool>>,
{
    let all: Vec<Result<bool>> = stream::iter(rounds).buffer_unordered(at_once).collect().await;
    all.into_iter().try_fold(false, |any, one| Ok(any | one?))
}
