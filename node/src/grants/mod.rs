//! May this leave, may this stay? Grounds, tombstones, threads, and the log of what was disclosed.
//!
//! What must hold:
//! - A [`Permit`] is made here and nowhere else: its fields are private. It names recipient, person, purpose and groups
//!   and has one of three grounds: a live consent, an open thread to be answered, or a duty with its legal basis.
//! - The ground is judged when a message is queued ([`permit`]), again at every lease ([`Grounds`]), and again by the
//!   receiver ([`admit`]).
//! - A grant of one use is held by the message that is queued under it, spent when that is accepted, and free again when
//!   it is refused, void or run out.
//! - Of a record one yes is usable at a time, the newest: a renewal closes those before it in the transaction that opens it.
//! - A processor sends only what its instructions have: no permit without them, and no lease.
//! - A recipient is a node, or an office without one ([`Destination`]): the ground is the same for both. What goes on
//!   paper is disclosed with [`on_paper`], and nothing that is for paper can be queued.
//! - Of a record that another node holds since nothing is disclosed under a consent, whatever she agreed to here.
//! - Of somebody whose data are restricted nothing leaves but what a duty demands: a withdrawal, its answer.
//! - A tombstone is for ever and covers every earlier `seq` of its record.
//! - A referral that went is carried by a yes for a referral and by nothing else: not by the preview before it, not by one that
//!   has run out. Both sides count what was stated to the recipient, whatever became of it since at the issuer, or by time. What is
//!   put right is what the recipient has under records that nobody took back.
//! - What left after something came is known by the order in which this node wrote it down, and by no clock
//!   ([`disclosed_after`]): a withdrawal goes after that and after nothing else.
//! - Threads and subject names are looked up within the pair of nodes only: what belongs to another pair is unknown,
//!   exactly like what does not exist.
//!
//! This room owns the tables that decide and reads no feature: `consents` writes the record of a consent and, in the
//! same transaction, calls [`open`] or [`close`].

mod activity;
mod admit;
mod ahead;
mod bearing;
mod collecting;
mod destination;
mod disclosed;
mod expiring;
mod graves;
mod moved;
mod paper;
mod permit;
mod renewed;
mod resting;
mod rows;
mod threads;
mod turns;
mod used;

#[cfg(test)]
mod tests;

use crate::vault;

pub use activity::{
    Activity, ActsAs, Mandate, activities, activity, acts_as, drop_activity, replace_activity, set_activity, standing,
};
pub use admit::{Admitted, admit};
pub use ahead::end_in_time;
pub use bearing::{left_bare, still_given};
pub use destination::Destination;
pub use paper::{on_paper, thread_of_paper};
pub use permit::{Grounds, Permit, Recipient, Resting, permit, permit_duty, permit_reply, still_holds};
pub use rows::{
    Disclosure, Holding, OpenGrant, close, disclosed_anew, disclosed_to, disclosures_about, held_under, let_go,
    live_grants, note_disclosure, note_holding, open, open_until, record_of, tombstone, tombstoned,
};
pub use threads::{Thread, begin, by_id, by_wire, end, end_about, receive as thread_received, sent, subject_ref_for};

pub use expiring::{conversation_about, forget_disclosure, held_by_nobody, let_go_of, outlives, unname};
pub use graves::{Tombstone, ended_up_to, tombstone_count, tombstones};
pub use moved::{Holder, come_back, holder, move_holder, must_hold};

pub use resting::{held_about, held_from, held_in, records_behind, retire_ref, taken_back};

pub use disclosed::{DisclosurePosition, Told, disclosure_page, organisations_told, told};
pub use turns::{disclosed_after, first_held};
pub use used::{Use, free, hold, move_early_end, spend, use_of};

/// The tables of this room that hold personal data.
pub const HOLDING: vault::Holding = vault::Holding {
    room: "grants",
    tables: &["open_grant", "disclosure", "holding", "thread", "pairwise", "holder_moved"],
    merge: vault::only_subjects,
    collect: collecting::collect,
};
