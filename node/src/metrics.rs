//! What a node counts of itself while it runs, for Prometheus. No label ever holds anything about a person.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

/// The counts of one process of a node, since it started. Clones count together.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    refusals: Family<Refusal, Counter>,
    store: Family<Door, Histogram>,
    delivery: Histogram,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Refusal {
    plane: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Door {
    act: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self(Arc::new(Inner {
            refusals: Family::default(),
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

    /// An act in the database took this long, its wait included: `read` or `write`.
    pub fn stored(&self, act: &'static str, took: Duration) {
        self.0.store.get_or_create(&Door { act }).observe(took.as_secs_f64());
    }

    /// A message was receipted this long after it had been queued.
    pub fn delivered(&self, after: Duration) {
        self.0.delivery.observe(after.as_secs_f64());
    }

    /// Puts what was counted into a registry that is about to be told.
    pub fn register(&self, registry: &mut Registry) {
        let told = &self.0;
        registry.register("refusals", "Requests answered with a problem, by code", told.refusals.clone());
        registry.register("store_seconds", "Time of acts in the database, waiting included", told.store.clone());
        registry.register("delivery_seconds", "From queueing to the receipt", told.delivery.clone());
    }
}
