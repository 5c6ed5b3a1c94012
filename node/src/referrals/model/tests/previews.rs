//! The small machine beside the referral.

use super::preview::*;
use super::*;
use crate::rules::deadlines::Deadlines;

const MORE: Preview = Preview::Answered(Answer::NeedsMore);
const NOT_US: Preview = Preview::Answered(Answer::NotForUs);
const DRAFT: Option<State> = Some(State::Draft);

#[test]
fn own_acts() {
    let answer = PreviewEvent::Answer(Answer::NotForUs);
    for side in Side::ALL {
        for preview in Preview::ALL {
            for (event, referral) in [
                (PreviewEvent::Send, DRAFT),
                (PreviewEvent::Send, Some(State::Received)),
                (answer, None),
                (answer, Some(State::Received)),
                (answer, Some(State::Withdrawn)),
                (PreviewEvent::TimeOut, DRAFT),
                (PreviewEvent::Undelivered, DRAFT),
            ] {
                let expected = match (side, event, preview, referral) {
                    (Side::Opener, PreviewEvent::Send, Preview::None | MORE, DRAFT) => Some(Preview::Sent),
                    (Side::Taker, PreviewEvent::Answer(_), Preview::Sent, None) => Some(NOT_US),
                    (Side::Opener, PreviewEvent::TimeOut, Preview::Sent, _) => Some(Preview::TimedOut),
                    (Side::Opener, PreviewEvent::Undelivered, Preview::Sent | Preview::TimedOut, _) => {
                        Some(Preview::None)
                    }
                    _ => None,
                };
                assert_eq!(
                    preview.apply(side, event, referral),
                    expected,
                    "{side:?} {preview:?} {event:?} {referral:?}"
                );
            }
        }
    }
}

#[test]
fn answers_as_they_arrive() {
    let answer = PreviewEvent::Answer(Answer::NotForUs);
    for (preview, referral, at_seen, verdict) in [
        (Preview::Sent, DRAFT, None, PreviewVerdict::Legal(NOT_US)),
        // Too late for the timer, not for the person.
        (Preview::TimedOut, DRAFT, None, PreviewVerdict::Legal(NOT_US)),
        // Crossed the referral: worth knowing.
        (Preview::Sent, Some(State::Received), None, PreviewVerdict::Legal(NOT_US)),
        // Crossed the withdrawal.
        (Preview::Sent, Some(State::Withdrawn), None, PreviewVerdict::Superseded),
        // Given after the referral or the withdrawal was read.
        (Preview::Sent, Some(State::Received), Some(State::Received), PreviewVerdict::Illegal),
        (Preview::Sent, Some(State::Withdrawn), Some(State::Withdrawn), PreviewVerdict::Illegal),
        // Given twice.
        (NOT_US, DRAFT, None, PreviewVerdict::Illegal),
        (Preview::None, DRAFT, None, PreviewVerdict::Superseded),
    ] {
        assert_eq!(
            preview.judge(Side::Opener, answer, referral, at_seen),
            verdict,
            "{preview:?} {referral:?} {at_seen:?}"
        );
        assert_eq!(preview.judge(Side::Taker, answer, referral, at_seen), PreviewVerdict::Illegal);
    }
}

#[test]
fn previews_as_they_arrive() {
    for (preview, referral, at_seen, verdict) in [
        (Preview::None, None, DRAFT, PreviewVerdict::Legal(Preview::Sent)),
        (MORE, None, DRAFT, PreviewVerdict::Legal(Preview::Sent)),
        // Held for lost and sent anew: the first had arrived.
        (Preview::Sent, None, DRAFT, PreviewVerdict::Superseded),
        (Preview::Sent, Some(State::Received), Some(State::Received), PreviewVerdict::Illegal),
    ] {
        assert_eq!(preview.judge(Side::Taker, PreviewEvent::Send, referral, at_seen), verdict);
    }
}

#[test]
fn ten_working_days_for_an_answer() {
    assert_eq!(Preview::closes_at(now(), &Deadlines::AGREED, &[]), at("2025-12-09T23:00:00Z"));
}
