//! The checks of the house: what the compiler does not hold, read from the source text of every crate.
//!
//! A check that fails names file and line. The cure is to move the code, not to loosen the check.

mod order;
mod rules;
mod source;
