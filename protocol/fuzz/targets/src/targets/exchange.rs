//! Messages, receipts and batches.

use serde_json::value::RawValue;
use serde_json::{Value, json};
use staffetta_protocol::data::Body;
use staffetta_protocol::jose::{self, Typ};
use staffetta_protocol::link::{Batch, BatchAnswer, LinkState, ReceiptHandedIn};
use staffetta_protocol::message::{self, Message};
use staffetta_protocol::receipt::Receipt;

use super::{again, closed};
use crate::cast::{Peeked, altered, cast};
use crate::corpus;

fn open(jws: &str) -> Option<Message> {
    let peeked = Peeked::of(jws);
    let from = cast().named(peeked.iss.as_str().unwrap_or_default());
    let me = cast().named(peeked.aud.as_str().unwrap_or_default());
    message::open(jws, &from.keys, &from.id, &me.id, peeked.at()).ok()
}

fn hold(message: &Message) {
    let data = message::data_of(&message.body).expect("a body that was read can be written");
    let same = Body::parse(message.body.type_name(), &data).expect("a body that was written can be read");
    assert!(same == message.body, "written and read again the body is something else");
    message.ground.iter().for_each(again);
    again(&message.actor);
    assert_eq!(message.place.is_none(), message.body.is_recall(), "only recalls stand in no thread");
    assert!(message.place.is_none_or(|place| place.seq >= 1), "numbers in a thread begin with 1");
}

/// A message as a peer hands it over.
pub(super) fn message(bytes: &[u8]) {
    let Ok(jws) = std::str::from_utf8(bytes) else { return };
    if let Some(message) = open(jws) {
        assert!(corpus::was_signed(jws), "a message was taken that nobody signed");
        hold(&message);
    }
}

/// Claims of a message, signed by whom they name.
pub(super) fn message_signed(bytes: &[u8]) {
    let named = serde_json::from_slice::<Peeked>(bytes).unwrap_or_default();
    let jws = cast().named(named.iss.as_str().unwrap_or_default()).sign(Typ::Message, bytes);
    if let Some(message) = open(&jws) {
        hold(&message);
        assert!(open(&altered(&jws)).is_none(), "a message was taken that was altered after it was signed");
    }
}

/// Any header and any claims, properly signed: `{"header": …, "payload": …}`.
pub(super) fn header_signed(bytes: &[u8]) {
    let Ok(Value::Object(parts)) = serde_json::from_slice(bytes) else { return };
    let part = |name: &str| parts.get(name).cloned().unwrap_or_default();
    let jws = cast().centre.sign_bytes(part("header").to_string().as_bytes(), part("payload").to_string().as_bytes());
    let now = Peeked::of(&jws).at();
    let taken: Vec<&str> = [Typ::Message, Typ::Receipt, Typ::Jwt, Typ::EntityStatement, Typ::Checkpoint, Typ::Entry]
        .into_iter()
        .filter(|typ| jose::verify(&jws, *typ, &cast().centre.keys, now).is_ok())
        .map(Typ::as_str)
        .collect();
    let header = part("header");
    match taken.as_slice() {
        [] => {}
        [typ] => {
            assert_eq!(header["typ"], **typ, "taken under another type than it names");
            assert_eq!(header["alg"], "ES256", "the algorithm is that of the key");
            assert!(header.get("crit").is_none(), "what is critical was not understood");
        }
        _ => panic!("taken under several types"),
    }
}

/// A receipt as a peer hands it over.
pub(super) fn receipt(bytes: &[u8]) {
    let Ok(jws) = std::str::from_utf8(bytes) else { return };
    let peeked = Peeked::of(jws);
    let by = cast().named(peeked.iss.as_str().unwrap_or_default());
    let sender = cast().named(peeked.aud.as_str().unwrap_or_default());
    if Receipt::open(jws, &by.keys, &sender.id, &by.id, peeked.at()).is_ok() {
        assert!(corpus::was_signed(jws), "a receipt was believed that nobody signed");
    }
}

/// Claims of a receipt, signed by whom they name.
pub(super) fn receipt_signed(bytes: &[u8]) {
    let named = serde_json::from_slice::<Peeked>(bytes).unwrap_or_default();
    let by = cast().named(named.iss.as_str().unwrap_or_default());
    let sender = cast().named(named.aud.as_str().unwrap_or_default());
    let jws = by.sign(Typ::Receipt, bytes);
    let open = |jws: &str| Receipt::open(jws, &by.keys, &sender.id, &by.id, named.at()).ok();
    if let Some(receipt) = open(&jws) {
        again(&receipt);
        assert!(open(&altered(&jws)).is_none(), "a receipt was believed that was altered after it was signed");
        let last = receipt.items.last().map_or(0, |item| item.seq);
        assert!(last <= receipt.link.through_seq, "an item lies beyond what is decided");
    }
}

/// The bodies of the exchange.
pub(super) fn batch(bytes: &[u8]) {
    closed::<Batch>(bytes);
    closed::<BatchAnswer>(bytes);
    closed::<LinkState>(bytes);
    closed::<ReceiptHandedIn>(bytes);
}

/// The data of each message type: `{"type": …, "data": …}`.
pub(super) fn data(bytes: &[u8]) {
    #[derive(serde::Deserialize)]
    struct Typed<'a> {
        #[serde(rename = "type")]
        kind: String,
        #[serde(borrow)]
        data: &'a RawValue,
    }
    let Ok(typed) = serde_json::from_slice::<Typed<'_>>(bytes) else { return };
    if let Ok(body) = Body::parse(&typed.kind, typed.data) {
        assert_eq!(body.type_name(), typed.kind);
        let data = message::data_of(&body).expect("a body that was read can be written");
        let same = Body::parse(&typed.kind, &data).expect("a body that was written can be read");
        assert!(same == body, "written and read again the body is something else");
    }
}

pub(super) mod seeds {
    use super::*;

    pub(in crate::targets) fn message() -> Vec<Vec<u8>> {
        corpus::bytes(corpus::texts("messages", ".jws"))
    }

    pub(in crate::targets) fn message_signed() -> Vec<Vec<u8>> {
        corpus::bytes(corpus::payloads("messages", ".json"))
    }

    pub(in crate::targets) fn header_signed() -> Vec<Vec<u8>> {
        let said = ["messages", "exchange", "calls/push"].into_iter().flat_map(|folder| corpus::texts(folder, ".json"));
        let all = said.filter(|text| text.contains("\"payload\"")).map(|text| {
            let mut said: Value = serde_json::from_str(&text).expect("an example is JSON");
            said["header"]["kid"] = json!(cast().centre.key.kid().as_str());
            said
        });
        corpus::bytes(all)
    }

    pub(in crate::targets) fn receipt() -> Vec<Vec<u8>> {
        corpus::bytes(corpus::texts("exchange", "receipt.jws"))
    }

    pub(in crate::targets) fn receipt_signed() -> Vec<Vec<u8>> {
        corpus::bytes(corpus::payloads("exchange", "receipt.json"))
    }

    pub(in crate::targets) fn batch() -> Vec<Vec<u8>> {
        let mut all = corpus::texts("exchange", "batch.json");
        all.extend(corpus::texts("exchange", "answer.json"));
        for call in ["push", "show-link"] {
            all.extend(corpus::texts(&format!("calls/{call}"), ".body"));
        }
        corpus::bytes(all)
    }

    pub(in crate::targets) fn data() -> Vec<Vec<u8>> {
        let messages = corpus::payloads("messages", ".json").into_iter();
        corpus::bytes(messages.map(|claims| json!({"type": claims["type"], "data": claims["data"]})))
    }
}
