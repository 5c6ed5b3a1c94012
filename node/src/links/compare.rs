//! What two sides know of one link, compared. Pure.
//!
//! The peer answers at some instant between two looks of ours, so each bound is taken from the look that makes it safe:
//! what was receipted before the question must be known to the peer, and it cannot know more than was given by the end.

use staffetta_protocol::link::{LinkState, Progress};

/// How far this side is, in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ours {
    /// Outbound: the epoch, the highest number given and the highest receipted.
    pub(super) epoch: u32,
    pub(super) given: u64,
    pub(super) acked: u64,
    /// Inbound: the epoch, and the highest number decided.
    pub(super) in_epoch: u32,
    pub(super) in_through: u64,
}

/// What a comparison says of one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Finding {
    /// Nothing is missing on either side.
    Fits,
    /// The peer does not know what it had receipted, or what it had given.
    TheyForgot,
    /// This side does not know what it had given, or what it had receipted.
    WeForgot,
}

/// What the peer has taken of ours.
pub(super) fn outbound(before: &Ours, after: &Ours, theirs: &Progress) -> Finding {
    let (epoch, through) = (theirs.epoch, theirs.through_seq);
    if epoch > after.epoch || (epoch == after.epoch && through > after.given) {
        return Finding::WeForgot;
    }
    let forgotten = match before.epoch.cmp(&epoch) {
        std::cmp::Ordering::Equal => through < before.acked,
        // It has not seen the first number of the epoch yet, or it has forgotten the epoch.
        std::cmp::Ordering::Greater => before.acked > 0,
        std::cmp::Ordering::Less => false,
    };
    if forgotten { Finding::TheyForgot } else { Finding::Fits }
}

/// What this side has taken of the peer's. `knows_receipt`: whether this side gave the receipt that the peer has last.
pub(super) fn inbound(before: &Ours, after: &Ours, theirs: &Progress, knows_receipt: bool) -> Finding {
    let (epoch, acked) = (theirs.epoch, theirs.through_seq);
    if acked > 0 && (epoch > after.in_epoch || (epoch == after.in_epoch && acked > after.in_through)) {
        return Finding::WeForgot;
    }
    if epoch < before.in_epoch {
        return Finding::TheyForgot;
    }
    if theirs.receipt_digest.is_some() && !knows_receipt { Finding::WeForgot } else { Finding::Fits }
}

/// Both directions at once, as the peer tells them: its inbound is our outbound.
pub(super) fn compare(before: &Ours, after: &Ours, theirs: &LinkState, knows_receipt: bool) -> (Finding, Finding) {
    (outbound(before, after, &theirs.inbound), inbound(before, after, &theirs.outbound, knows_receipt))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(epoch: u32, through_seq: u64) -> Progress {
        Progress { epoch, through_seq, receipt_digest: None }
    }

    const OURS: Ours = Ours { epoch: 2, given: 10, acked: 7, in_epoch: 3, in_through: 5 };

    #[test]
    fn a_lost_answer_and_a_batch_under_way_are_no_alarm() {
        for through in 7..=10 {
            assert_eq!(outbound(&OURS, &OURS, &at(2, through)), Finding::Fits, "{through}");
        }
        for acked in 0..=5 {
            assert_eq!(inbound(&OURS, &OURS, &at(3, acked), true), Finding::Fits, "{acked}");
        }
        let later = Ours { given: 12, acked: 12, ..OURS };
        assert_eq!(outbound(&OURS, &later, &at(2, 9)), Finding::Fits, "it answered in between");
    }

    #[test]
    fn whoever_forgot_is_named() {
        for (theirs, finding) in [
            (at(2, 6), Finding::TheyForgot),
            (at(1, 40), Finding::TheyForgot),
            (at(2, 11), Finding::WeForgot),
            (at(3, 0), Finding::WeForgot),
        ] {
            assert_eq!(outbound(&OURS, &OURS, &theirs), finding, "{theirs:?}");
        }
        for (theirs, finding) in [
            (at(3, 6), Finding::WeForgot),
            (at(4, 1), Finding::WeForgot),
            (at(4, 0), Finding::Fits),
            (at(2, 9), Finding::TheyForgot),
        ] {
            assert_eq!(inbound(&OURS, &OURS, &theirs, true), finding, "{theirs:?}");
        }
        let unknown = Progress { receipt_digest: Some(staffetta_protocol::digest::Digest::of("x")), ..at(3, 5) };
        assert_eq!(inbound(&OURS, &OURS, &unknown, false), Finding::WeForgot, "a receipt that we never gave");
    }

    proptest! {
        /// Whatever honest sides do, with answers lost and batches under way, is no alarm.
        #[test]
        fn honest_sides_fit(acked in 0_u64..50, taken in 0_u64..50, given in 0_u64..50, more in 0_u64..50) {
            let before = Ours { epoch: 1, given: acked + taken + given, acked, in_epoch: 1, in_through: acked + taken };
            let after = Ours { given: before.given + more, acked: acked + taken, in_through: before.in_through + more, ..before };
            let through = acked + taken;
            prop_assert_eq!(outbound(&before, &after, &at(1, through)), Finding::Fits);
            prop_assert_eq!(inbound(&before, &after, &at(1, acked), true), Finding::Fits);
        }
    }
}
