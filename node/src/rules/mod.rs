//! Dated rules: what a law or an agreement says from a day on, kept as data with its source, never as a branch in the
//! code.
//!
//! Pure: no clock, no database. Whoever asks brings the day or the instant.

pub mod calendar;
pub mod deadlines;

#[cfg(test)]
mod tests;
