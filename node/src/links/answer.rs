//! What an answer to a batch means for the link.

use chrono::{DateTime, TimeDelta, Utc};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::jose::KeySet;
use staffetta_protocol::link::BatchAnswer;
use staffetta_protocol::problem::Code;
use staffetta_protocol::receipt::Receipt;

use crate::config::ExchangeConfig;
use crate::outbox::{Failure, Leased, pause};
use crate::peers::{Answer, CallError};

/// A receipt, and what the peer takes next.
#[derive(Debug)]
pub(super) struct Receipted {
    pub(super) jws: String,
    pub(super) receipt: Receipt,
    /// Items of one batch.
    pub(super) window: u32,
}

impl Receipted {
    /// Whether it decides about the whole batch.
    pub(super) fn took(&self, leased: &Leased) -> bool {
        leased.batch.items.last().is_none_or(|last| self.receipt.link.through_seq >= last.seq)
    }
}

/// The three ways a batch can go, and the one that mends the numbers.
#[derive(Debug)]
pub(super) enum Verdict {
    /// A receipt that verifies.
    Receipted(Box<Receipted>),
    /// The peer asks to wait; nothing failed. `inside` where it says so because it failed inside.
    Busy { seconds: Option<u32>, why: String, inside: bool },
    /// By the peer's clock the item under this number is from the future; nothing from there on was decided.
    ClocksDiffer { epoch: u32, undecided: u64, seconds: Option<u32> },
    /// No receipt: try later. `alarm` for what an administrator must hear at once.
    Unreachable { why: String, alarm: bool },
    /// The batch was too large for the peer.
    TooLarge,
    /// The peer expects another number or epoch, and says so under its signature.
    OutOfSequence { epoch: u32, expected: u64 },
}

/// Reads the answer. Only what the peer signed is believed; only a receipt settles anything.
pub(super) fn judge(
    answer: Result<Answer, CallError>,
    me: &EntityId,
    peer: &EntityId,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> crate::error::Result<Verdict> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(CallError::Internal(error)) => return Err(error),
        Err(error) => return Ok(without_signature(&error)),
    };
    Ok(match answer.status {
        200 => match receipted(&answer, me, peer, keys, now) {
            Ok(verdict) => verdict,
            Err(why) => Verdict::Unreachable { why, alarm: true },
        },
        503 if let Some(verdict) = clocks_differ(&answer) => verdict,
        status @ (408 | 429 | 503) => {
            Verdict::Busy { seconds: answer.retry_after, why: format!("answered {status}"), inside: status == 503 }
        }
        409 => match answer.problem().filter(|p| p.code == Code::OutOfSequence.as_str()) {
            Some(problem) => match (problem.epoch, problem.expected) {
                (Some(epoch), Some(expected)) => Verdict::OutOfSequence { epoch, expected },
                _ => Verdict::Unreachable { why: "answered 409 without epoch and number".into(), alarm: true },
            },
            None => Verdict::Unreachable { why: "answered 409".into(), alarm: true },
        },
        413 => Verdict::TooLarge,
        status => {
            let code = answer.problem().map(|problem| problem.code).unwrap_or_default();
            Verdict::Unreachable { why: format!("answered {status} {code}"), alarm: matches!(status, 400 | 401 | 403) }
        }
    })
}

fn clocks_differ(answer: &Answer) -> Option<Verdict> {
    let problem = answer.problem().filter(|problem| problem.code == Code::ClocksDiffer.as_str())?;
    let (epoch, undecided) = problem.epoch.zip(problem.expected)?;
    Some(Verdict::ClocksDiffer { epoch, undecided, seconds: answer.retry_after })
}

fn without_signature(error: &CallError) -> Verdict {
    if let CallError::NotSigned { status: 408 | 429 | 503, retry_after, .. } = error {
        return Verdict::Busy { seconds: *retry_after, why: error.to_string(), inside: false };
    }
    if let CallError::NotSigned { status: 413, .. } = error {
        return Verdict::TooLarge;
    }
    Verdict::Unreachable { why: error.to_string(), alarm: matches!(error.status(), Some(400 | 401 | 403)) }
}

fn receipted(
    answer: &Answer,
    me: &EntityId,
    peer: &EntityId,
    keys: &KeySet,
    now: DateTime<Utc>,
) -> Result<Verdict, String> {
    let body: BatchAnswer = answer.json().map_err(|why| format!("answer: {why}"))?;
    let receipt = Receipt::open(&body.receipt, keys, me, peer, now).map_err(|why| format!("receipt: {why}"))?;
    Ok(Verdict::Receipted(Box::new(Receipted { jws: body.receipt, receipt, window: body.window })))
}

/// When to try again after `failures` in a row.
pub(super) fn later(config: &ExchangeConfig, failures: i32, why: String, now: DateTime<Utc>) -> Failure {
    let first = TimeDelta::seconds(config.retry_first_seconds as i64);
    let longest = TimeDelta::seconds(config.retry_max_seconds as i64);
    Failure { why, retry_at: now + pause(failures, first, config.retry_growth, longest), counts: true }
}
