//! A small journal: its leaves, the root of every size, and proofs.

use std::convert::Infallible;

use serde_json::{Value, json};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::log::{
    Entry, Node, consistency_proof, inclusion_proof, leaf_hash, parent, root, verify_consistency, verify_inclusion,
};
use uuid::Uuid;

use crate::files::{Files, json, pretty};

const FILE: &str = "log/tree.json";

/// Seven acts, so that no size but the powers of two is a complete tree.
fn leaves() -> Vec<String> {
    let acts = ["person.created", "consent.given", "card.published", "referral.sent", "card.read", "referral.accepted"];
    let entry = |(n, act): (u128, &str)| {
        let said = Entry {
            act: act.into(),
            actor: (n != 5).then(|| Uuid::from_u128(0x019a_b2c4_5d6e_7f80_9a1b_2c3d_4e5f_6071).to_string()),
            actor_kind: if n == 5 { "peer" } else { "staff" }.into(),
            at: format!("2026-11-23T09:00:{n:02}.000000Z"),
            code: (n == 6).then(|| "«è \"così\"»".into()),
            ground: (n == 3).then(|| "consent".into()),
            id: Uuid::from_u128(0x019b_2c5a_5d40_7a31_b0c4_2e6f_8d91_7a00 + n),
            object: Some(Uuid::from_u128(0x5b0e_8a4e_4f6f_4d0e_9a55_0d6a_3c1f_7b00 + n).to_string()),
            peer: (n == 3 || n == 5).then(|| "https://nodo.cpi-prato.example".into()),
            subject: Some(Uuid::from_u128(0xa2f4_c0de_96c1_4a83_8b0f_6d2c_9d0f_4e10)),
        };
        said.canonical()
    };
    (0..).zip(acts.into_iter().chain(["record.closed"])).map(entry).collect()
}

fn subtree(leaves: &[String], node: Node) -> Digest {
    let first = (node.number as usize) << node.level;
    if node.level == 0 {
        return leaf_hash(&leaves[first]);
    }
    let child = |number| subtree(leaves, Node { level: node.level - 1, number });
    parent(&child(node.number * 2), &child(node.number * 2 + 1))
}

pub(crate) fn put(files: &mut Files) {
    let leaves = leaves();
    let fetch = |node| Ok::<_, Infallible>(subtree(&leaves, node));
    let size = leaves.len() as u64;
    let roots: Vec<Digest> = (0..=size).map(|size| root(size, fetch).unwrap()).collect();
    let inclusion: Vec<Vec<Digest>> = (0..size).map(|index| inclusion_proof(index, size, fetch).unwrap()).collect();
    let consistency: Vec<Vec<Digest>> = (0..=size).map(|from| consistency_proof(from, size, fetch).unwrap()).collect();
    let hashes: Vec<Digest> = leaves.iter().map(leaf_hash).collect();
    let said = json!({
        "leaves": leaves,
        "leaf_hashes": hashes,
        "roots_by_size": roots,
        "inclusion_in_the_whole_by_index": inclusion,
        "consistency_with_the_whole_by_size": consistency,
    });
    files.insert(FILE.into(), pretty(&said));
}

pub(crate) fn check() {
    let said = json(FILE);
    let mut files = Files::new();
    put(&mut files);
    assert_eq!(serde_json::from_slice::<Value>(&files[FILE]).unwrap(), said, "run with UPDATE_EXAMPLES=1");
    let leaves: Vec<String> = serde_json::from_value(said["leaves"].clone()).unwrap();
    let digests = |value: &Value| serde_json::from_value::<Vec<Digest>>(value.clone()).unwrap();
    let (hashes, roots) = (digests(&said["leaf_hashes"]), digests(&said["roots_by_size"]));
    let size = leaves.len() as u64;
    for (index, (leaf, hash)) in (0..).zip(leaves.iter().zip(&hashes)) {
        assert_eq!(Entry::read(leaf).unwrap().leaf_hash(), *hash);
        let proof = digests(&said["inclusion_in_the_whole_by_index"][index as usize]);
        verify_inclusion(leaf.as_bytes(), index, size, &roots[leaves.len()], &proof).unwrap();
    }
    for (from, old) in (0..).zip(&roots) {
        let proof = digests(&said["consistency_with_the_whole_by_size"][from as usize]);
        verify_consistency((from, old), (size, &roots[leaves.len()]), &proof).unwrap();
    }
}
