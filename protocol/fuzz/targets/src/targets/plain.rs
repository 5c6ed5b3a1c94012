//! JSON itself, names, and the problems that a peer answers with.

use std::fmt::Display;
use std::str::FromStr;

use serde_json::{Value, json};
use staffetta_protocol::card::{Day, PartialDate};
use staffetta_protocol::consent::OrganisationId;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{EntityId, MessageId, RecordId, ThreadId};
use staffetta_protocol::json;
use staffetta_protocol::problem::ProblemDocument;

use super::closed;
use crate::corpus;

/// The strict reader agrees with the plain one on everything that it takes.
pub(super) fn strict_json(bytes: &[u8]) {
    if json::check(bytes).is_ok() {
        let value: Value = serde_json::from_slice(bytes).expect("what is well formed can be read");
        let written = serde_json::to_vec(&value).expect("what was read can be written");
        json::check(&written).expect("what was written is well formed");
    }
}

fn named<T: FromStr + Display + PartialEq>(text: &str) {
    if let Ok(name) = text.parse::<T>() {
        let same = name.to_string().parse::<T>().ok();
        assert!(same.is_some_and(|same| same == name), "written and read again it is another name");
    }
}

/// Names and dates as text.
pub(super) fn identifiers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    named::<EntityId>(text);
    named::<Digest>(text);
    named::<MessageId>(text);
    named::<ThreadId>(text);
    named::<RecordId>(text);
    if let Ok(id) = text.parse::<EntityId>() {
        assert!(id.resource().starts_with(id.as_str()) && id.configuration_url().starts_with(id.as_str()));
        assert!(!id.authority().contains(['/', '@', '?', '#']), "the authority of a name is a host and a port");
    }
    let quoted = Value::from(text).to_string();
    closed::<OrganisationId>(quoted.as_bytes());
    closed::<Day>(quoted.as_bytes());
    if let Ok(date) = PartialDate::parse(text) {
        assert!(date.first_day() <= date.last_day(), "a date ends before it begins");
    }
}

/// What a peer answers when it does not do what it was asked for.
pub(super) fn problem(bytes: &[u8]) {
    closed::<ProblemDocument>(bytes);
}

pub(super) mod seeds {
    use super::*;

    pub(in crate::targets) fn strict_json() -> Vec<Vec<u8>> {
        let mut all = corpus::texts("messages", ".json");
        all.truncate(3);
        all.push(r#"{"a":[1,-0.5e3,"\u00e0\ud83d\ude00",null,true,{}]}"#.to_owned());
        corpus::bytes(all)
    }

    pub(in crate::targets) fn identifiers() -> Vec<Vec<u8>> {
        corpus::bytes([
            "https://nodo.ilponte.example",
            "https://nodo.ilponte.example:8443",
            "http://localhost:8080",
            "http://127.0.0.1:1",
            "SHA-256=VPccTuI4lryH78FEC7G3MYPe1njThLGYyIvAwF07Ey4=",
            "0190a3f0-6c1e-7b8e-9a57-0d2b6f4e8c11",
            "ipa:cpi_po#sportello-1",
            "vat:01234567897",
            "2026-02-28",
            "1996",
            "1996-02",
        ])
    }

    pub(in crate::targets) fn problem() -> Vec<Vec<u8>> {
        let mut all: Vec<Value> = ["out-of-sequence", "not-authenticated"]
            .map(|call| corpus::json(&format!("calls/{call}/answer.body")))
            .to_vec();
        all.push(json!({"errors": [{"pointer": "/a", "code": "required"}]}));
        corpus::bytes(all)
    }
}
