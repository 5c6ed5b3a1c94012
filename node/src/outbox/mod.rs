//! What waits to leave: enqueue, lease, settle. Makes no request and knows no feature.
//!
//! What must hold:
//! - Personal data leaves through [`enqueue_personal`] and no other way; it demands a [`Permit`], and the message, its
//!   disclosure and the state change that caused it commit together.
//! - The signed bytes are frozen when the message is queued, kept sealed with the subject's key, and sent as they are.
//! - A link is an ordered stream: numbers are given at the first lease and never change within an epoch. What has a
//!   number and may no longer leave goes as a void under that number.
//! - One batch of a link is under way at a time (the lease). A valid receipt is believed whoever brings it; a failure
//!   counts only under the current lease.

mod anew;
mod collecting;
mod expiring;
mod expiry;
mod fetch;
mod gaps;
mod lease;
mod links;
mod queue;
mod restored;
mod resync;
mod rows;
mod settle;
mod undelivered;

use crate::vault;

pub use anew::{is_from_the_future, sign_anew};
pub use expiring::{delete_bytes, spent_bytes};
pub use expiry::{expire, has_overdue};
pub use fetch::{Fetch, fetch, hand_in, waits_for};
pub use gaps::{Gap, doubtful_until, forgot_until, gap_followed, gaps_to_follow};
pub use lease::{Bounds, Leased, Turn, lease};
pub use links::{LinkRow, abandon, begin, due, is_asleep, link, linked, mend_timers, shrink, wake};
pub use queue::{Outbox, Outgoing, enqueue_personal, enqueue_recall, outlive};
pub use restored::{begin_new_epochs, epochs, strike_about};
pub use resync::{Mended, resynchronise};
pub use rows::{
    Backlog, Transport, Waiting, backlog, last_receipt, strike, strike_in, strike_thread, transport_of, waiting,
    waits_about,
};
pub use settle::{Failure, Settlement, busy, fail, history_differs, pause, postpone, settle};
pub use undelivered::tell_undelivered;

/// The tables of this room that hold personal data.
pub const HOLDING: vault::Holding =
    vault::Holding { room: "outbox", tables: &["outbox"], merge: vault::only_subjects, collect: collecting::collect };
