mod serving;
mod turns;

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::answer::{Verdict, judge, later};
use crate::config::ExchangeConfig;
use crate::peers::{Answer, CallError, NoAnswer};

fn now() -> DateTime<Utc> {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

/// What the link makes of a signed answer without a receipt, or of none.
fn verdict(answer: Result<Answer, CallError>) -> Verdict {
    let (a, b) = ("https://a.example".parse().unwrap(), "https://b.example".parse().unwrap());
    judge(answer, &a, &b, &staffetta_protocol::jose::KeySet::default(), now()).unwrap()
}

fn signed(status: u16, body: Value, retry_after: Option<u32>) -> Result<Answer, CallError> {
    Ok(Answer { status, body: Bytes::from(body.to_string()), retry_after, clock_difference: None })
}

fn unsigned(status: u16) -> Result<Answer, CallError> {
    Err(CallError::NotSigned { status, retry_after: Some(7), clock_difference: None })
}

#[test]
fn busy_is_not_a_failure_and_says_when() {
    for status in [408, 429, 503] {
        assert!(matches!(verdict(signed(status, json!({}), Some(7))), Verdict::Busy { seconds: Some(7), .. }));
        assert!(matches!(verdict(unsigned(status)), Verdict::Busy { seconds: Some(7), .. }), "{status} unsigned");
    }
}

#[test]
fn everything_else_is_unreachable_and_some_of_it_an_alarm() {
    for (status, alarmed) in [(400, true), (401, true), (403, true), (404, false), (500, false), (302, false)] {
        for answer in [signed(status, json!({"code": "x"}), None), unsigned(status)] {
            let Verdict::Unreachable { alarm, .. } = verdict(answer) else { panic!("{status}") };
            assert_eq!(alarm, alarmed, "{status}");
        }
    }
    let nobody = verdict(Err(CallError::NoAnswer(NoAnswer::Timeout)));
    assert!(matches!(nobody, Verdict::Unreachable { alarm: false, .. }));
    let no_receipt =
        verdict(signed(200, json!({"receipt": "x", "items": [], "epoch": 1, "next_seq": 1, "window": 1}), None));
    assert!(matches!(no_receipt, Verdict::Unreachable { alarm: true, .. }), "a bad receipt settles nothing");
}

#[test]
fn too_large_and_out_of_sequence_have_ways_of_their_own() {
    assert!(matches!(verdict(signed(413, json!({}), None)), Verdict::TooLarge));
    assert!(matches!(verdict(unsigned(413)), Verdict::TooLarge));
    let told = json!({"type": "about:blank", "title": "x", "status": 409, "code": "out_of_sequence", "epoch": 2, "expected": 5});
    assert!(matches!(verdict(signed(409, told, None)), Verdict::OutOfSequence { epoch: 2, expected: 5 }));
    assert!(matches!(verdict(unsigned(409)), Verdict::Unreachable { .. }), "only a signed one is believed");
}

#[test]
fn pauses_begin_with_seconds_grow_gently_and_stay_within_a_quarter_of_an_hour() {
    let config = ExchangeConfig::default();
    let mut longest = 0;
    for failures in 0..200 {
        let pause = (later(&config, failures, String::new(), now()).retry_at - now()).num_milliseconds();
        let plain = (2_000.0 * 1.5_f64.powi(failures.min(60))).min(900_000.0);
        assert!((plain * 0.79..=plain * 1.21).contains(&(pause as f64)) || pause == 900_000, "{failures}: {pause}");
        assert!(pause <= 900_000);
        longest = longest.max(pause);
    }
    assert!(longest > 700_000);
}
