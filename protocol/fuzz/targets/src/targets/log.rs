//! Journals of others: checkpoints, entries, proofs, and the file of evidence.

use serde_json::{Value, json};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::evidence::{Checkpoints, Evidence, check, compare};
use staffetta_protocol::jose::Typ;
use staffetta_protocol::log::{
    Checkpoint, Consistency, Entry, HistoryShown, HistoryTaken, verify_consistency, verify_inclusion,
};

use super::{again, closed};
use crate::cast::{Peeked, altered, cast};
use crate::corpus;

/// Claims of a checkpoint, signed by whom they name.
pub(super) fn checkpoint_signed(bytes: &[u8]) {
    let named = serde_json::from_slice::<Peeked>(bytes).unwrap_or_default();
    let party = cast().named(named.iss.as_str().unwrap_or_default());
    let jws = party.sign(Typ::Checkpoint, bytes);
    if let Ok(checkpoint) = Checkpoint::open(&jws, &party.keys, &party.id, named.at()) {
        again(&checkpoint);
        let believed = Checkpoint::open(&altered(&jws), &party.keys, &party.id, named.at()).is_ok();
        assert!(!believed, "a checkpoint was believed that was altered after it was signed");
        assert!(checkpoint.is_continued_by(&checkpoint, &[]).is_ok(), "a log begins with itself");
    }
    closed::<Consistency>(bytes);
    closed::<HistoryShown>(bytes);
    closed::<HistoryTaken>(bytes);
}

/// A leaf of a log.
pub(super) fn entry(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(entry) = Entry::read(text) {
        assert_eq!(entry.canonical(), text, "one entry in two forms would have two leaves");
        again(&entry);
    }
}

/// Proofs of any size: `{"size", "index", "from", "leaf", "proof"}`.
pub(super) fn proof(bytes: &[u8]) {
    #[derive(serde::Deserialize)]
    struct Asked {
        size: u64,
        index: u64,
        from: u64,
        leaf: Digest,
        proof: Vec<Digest>,
    }
    let Ok(asked) = serde_json::from_slice::<Asked>(bytes) else { return };
    let one = verify_inclusion(asked.leaf.as_bytes(), asked.index, asked.size, &asked.leaf, &asked.proof);
    if one.is_ok() && !asked.proof.is_empty() {
        panic!("a leaf is its own root, below others");
    }
    let (leaf, other) = (&asked.leaf, &Digest::of(asked.leaf.as_bytes()));
    if asked.from > 0 && verify_consistency((asked.from, leaf), (asked.size, other), &asked.proof).is_ok() {
        panic!("a proof was found by chance");
    }
}

/// The file of evidence, and lists of checkpoints that are compared.
pub(super) fn evidence(bytes: &[u8]) {
    if let Ok(file) = Evidence::read(bytes) {
        again(&file);
        check(&file, &[]).iter().for_each(|finding| drop(format!("{finding:?}")));
    }
    closed::<Checkpoints>(bytes);
    let _ = compare(bytes, bytes);
}

pub(super) mod seeds {
    use super::*;

    fn checkpoint() -> Value {
        json!({
            "iss": "https://nodo.ilponte.example", "log": "3f0c7a52-6c1e-4b8e-9a57-0d2b6f4e8c11", "size": 7,
            "root": Digest::of("root"), "iat": 1_795_424_400,
        })
    }

    pub(in crate::targets) fn checkpoint_signed() -> Vec<Vec<u8>> {
        corpus::bytes([
            checkpoint(),
            json!({"checkpoint": "a.b.c", "from": 3, "to": 7, "proof": [Digest::of("one"), Digest::of("two")]}),
        ])
    }

    fn leaf() -> String {
        let entry = json!({
            "act": "referral.sent", "actor_kind": "system", "at": "2026-11-23T09:00:00.000000Z",
            "id": "3f0c7a52-6c1e-4b8e-9a57-0d2b6f4e8c11", "peer": "https://nodo.cpi-prato.example",
        });
        entry.to_string()
    }

    pub(in crate::targets) fn entry() -> Vec<Vec<u8>> {
        corpus::bytes([leaf()])
    }

    pub(in crate::targets) fn proof() -> Vec<Vec<u8>> {
        let hashes = [Digest::of("one"), Digest::of("two"), Digest::of("three")];
        corpus::bytes([json!({"size": 7, "index": 3, "from": 4, "leaf": Digest::of("leaf"), "proof": hashes})])
    }

    pub(in crate::targets) fn evidence() -> Vec<Vec<u8>> {
        let jws = cast().centre.sign(Typ::Checkpoint, checkpoint().to_string().as_bytes());
        let part = |name: &str| corpus::text(&format!("trust/{name}.jws"));
        let chain = ["centre-configuration", "centre-statement", "authority-configuration"].map(part);
        let messages = corpus::texts("messages", ".jws").into_iter().zip(corpus::payloads("messages", ".json"));
        let said = messages.map(|(jws, claims)| {
            json!({
                "from": claims["iss"], "to": claims["aud"], "id": claims["jti"], "type": claims["type"],
                "digest": Digest::of(&jws), "message": jws,
            })
        });
        let file = json!({
            "format": "staffetta-evidence/1", "made_at": "2026-12-24T09:00:00Z", "node": cast().centre.id,
            "matter": "b5a3c1de-70f4-4a2b-9c86-1e5d8f3a7b90", "authority": cast().anchor(),
            "chains": [{"used_at": "2026-11-23T09:00:00Z", "documents": chain}],
            "messages": said.collect::<Vec<_>>(), "receipts": corpus::texts("exchange", "receipt.jws"),
            "logs": [{
                "checkpoint": jws, "entries": [{"index": 0, "entry": leaf(), "proof": []}],
                "earlier": [{"checkpoint": jws, "proof": []}]
            }],
        });
        assert!(Evidence::read(file.to_string().as_bytes()).is_ok(), "the seed is a file of evidence");
        corpus::bytes([file, json!({"format": "staffetta-checkpoints/1", "checkpoints": [jws]})])
    }
}
