//! What a node counts of itself while it runs, for Prometheus. No label ever holds anything about a person.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;
use staffetta_protocol::problem::ItemCode;

/// The counts of one process of a node, since it started. Clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    refusals: Family<Refusal, Counter>,
    refused_items: Family<RefusedItem, Counter>,
    store: Family<Door, Histogram>,
    delivery: Histogram,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refusal {
    plane: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct RefusedItem {
    by: &'static str,
    code: String,
}

/// Who refused a message.
#[derive(Clone, Copy, Debug)]
pub enum Refuser {
    /// This node, of what came.
    Us,
    /// A peer, of what was sent.
    Peer,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Door {
    act: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self(Arc::new(Inner {
            refusals: Family::default(),
            refused_items: Family::default(),
            // From half a millisecond to 16 seconds.
            store: Family::new_with_constructor(|| Histogram::new(exponential_buckets(0.0005, 2.0, 16))),
            // From 10 ms to twelve days: an absence of weeks is past the end, and is to be told from a slow day.
            delivery: Histogram::new(exponential_buckets(0.01, 4.0, 14)),
        }))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Metrics {
    /// A request of this plane (`desk`, `federation`) was answered with the code of a problem.
    pub fn refused(&self, plane: &'static str, code: &'static str) {
        self.0.refusals.get_or_create(&Refusal { plane, code }).inc();
    }

    /// A message was refused in a receipt. What a peer calls a code and this version does not know counts as `other`: nobody
    /// outside decides how many there are.
    pub fn refused_item(&self, by: Refuser, code: &ItemCode) {
        let by = match by {
            Refuser::Us => "us",
            Refuser::Peer => "peer",
        };
        let code = if ItemCode::ALL.contains(code) { code.as_str() } else { "other" };
        self.0.refused_items.get_or_create(&RefusedItem { by, code: code.to_owned() }).inc();
    }

    /// An act in the database took this long, its wait included: `read` or `write`.
    pub fn stored(&self, act: &'static str, took: Duration) {
        self.0.store.get_or_create(&Door { act }).observe(took.as_secs_f64());
    }

    /// A message was receipted this long after it had been queued.
    pub fn delivered(&self, after: TimeDelta) {
        self.0.delivery.observe(after.as_seconds_f64().max(0.0));
    }

    /// Puts what was counted into a registry that is about to be told.
    pub fn register(&self, registry: &mut Registry) {
        let told = &self.0;
        registry.register("refusals", "Requests answered with a problem, by code", told.refusals.clone());
        registry.register("refused_items", "Messages refused in a receipt, by code", told.refused_items.clone());
        registry.register("store_seconds", "Time of acts in the database, waiting included", told.store.clone());
        registry.register("delivery_seconds", "From queueing to the receipt", told.delivery.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_cannot_make_up_codes_to_count() {
        let (metrics, mut registry) = (Metrics::default(), Registry::default());
        metrics.refused_item(Refuser::Us, &ItemCode::ConsentNotValid);
        for n in 0..100 {
            metrics.refused_item(Refuser::Peer, &ItemCode::from(format!("made_up_{n}")));
        }
        metrics.register(&mut registry);
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
        let counted: Vec<&str> = text.lines().filter(|line| line.starts_with("refused_items_total")).collect();
        assert_eq!(counted.len(), 2, "{counted:?}");
        assert!(counted.contains(&"refused_items_total{by=\"us\",code=\"consent_not_valid\"} 1"), "{counted:?}");
        assert!(counted.contains(&"refused_items_total{by=\"peer\",code=\"other\"} 100"), "{counted:?}");
    }
}
