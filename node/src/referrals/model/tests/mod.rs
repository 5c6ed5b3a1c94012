//! Tables over the model, and its laws on any thread.

mod clocks;
mod convergence;
mod crossing;
mod guards;
mod previews;
mod table;

use chrono::{DateTime, Utc};

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A Monday morning.
fn now() -> DateTime<Utc> {
    at("2025-11-24T09:00:00Z")
}

/// Everything granted, and every condition that time and the thread set is met.
fn facts() -> Facts {
    Facts { no_shows: 3, ended_at: Some(now()), ..Facts::GIVEN }
}

fn states() -> impl Iterator<Item = Option<State>> {
    std::iter::once(None).chain(State::ALL.map(Some))
}

fn name(state: Option<State>) -> &'static str {
    state.map_or("-", State::as_str)
}
