//! Figures of the report: rounded, and beside each goal whether it is met.

use serde_json::{Value, json};

/// To hundredths: no figure here is truer than that.
pub(super) fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// A figure that must not be below its goal.
pub(super) fn at_least(is: f64, goal: f64) -> Value {
    json!({"is": round(is), "goal": goal, "at": "least", "met": is >= goal})
}

/// A figure that must be below its goal.
pub(super) fn below(is: f64, goal: f64) -> Value {
    json!({"is": round(is), "goal": goal, "at": "below", "met": is < goal})
}

/// The value under which this share of the sorted values lies.
pub(super) fn percentile(sorted: &[f64], share: f64) -> f64 {
    let place = (sorted.len() as f64 * share).ceil() as usize;
    sorted[place.clamp(1, sorted.len()) - 1]
}

/// What the values are on average.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Rates of one thing measured twice or more, rounded, and how fast it was on average.
pub(super) fn rates(values: &[f64]) -> Value {
    json!({"per_second": round(mean(values)), "runs": values.iter().copied().map(round).collect::<Vec<_>>()})
}
