//! What has still to leave, or has arrived, while somebody waits for it.

use diesel::prelude::*;
use serde::Serialize;
use staffetta_node::store::At;
use staffetta_node::store::schema::{link_out, outbox};

use crate::judge::with;
use crate::network::Network;

async fn count(network: &Network, states: &'static [&'static str]) -> usize {
    let mut all = 0;
    for node in &network.nodes {
        let counted = with(node, async |store| {
            let found = outbox::table.filter(outbox::state.eq_any(states.iter().copied()));
            store.read(move |conn| Ok(found.count().get_result::<i64>(conn)?)).await
        });
        all += usize::try_from(counted.await.expect("the outbox can be read")).unwrap_or_default();
    }
    all
}

/// Messages that have not left yet, at all nodes.
pub(crate) async fn waiting(network: &Network) -> usize {
    count(network, &["queued", "void"]).await
}

/// Messages that arrived.
pub(crate) async fn delivered(network: &Network) -> usize {
    count(network, &["delivered"]).await
}

/// A link that has something to send and does not, as its row says.
#[derive(Debug, Serialize)]
pub(crate) struct Late {
    from: &'static str,
    to: String,
    /// Seconds until it may be tried.
    tried_in: f64,
    /// Seconds until whoever holds it must have ended.
    leased_for: Option<f64>,
    why: Option<String>,
}

/// The links over which something has still to go.
pub(crate) async fn late(network: &Network) -> Vec<Late> {
    type Row = (String, At, Option<At>, Option<String>);
    let mut all = Vec::new();
    for node in &network.nodes {
        let (now, rows) = with(node, async |store| {
            let rows: Vec<Row> = store
                .read(|conn| {
                    let waits = outbox::table.filter(outbox::state.eq_any(["queued", "void"])).select(outbox::peer);
                    let links = link_out::table.filter(link_out::peer.eq_any(waits));
                    let columns =
                        (link_out::peer, link_out::next_attempt_at, link_out::lease_until, link_out::last_error);
                    Ok(links.select(columns).load(conn)?)
                })
                .await
                .expect("links can be read");
            (store.clock().now(), rows)
        })
        .await;
        let from_now = |at: At| f64::from(i32::try_from((at.0 - now).num_milliseconds()).unwrap_or(i32::MAX)) / 1000.0;
        all.extend(rows.into_iter().map(|(to, attempt, lease, why)| Late {
            from: node.name,
            to,
            tried_in: from_now(attempt),
            leased_for: lease.map(from_now),
            why,
        }));
    }
    all
}
