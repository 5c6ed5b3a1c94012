use std::collections::HashMap;
use std::convert::Infallible;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::digest::Digest;
use crate::id::{EntityId, LogId};
use crate::jose::{Jwks, KeySet, SigningKey};

/// RFC 9162 §2.1.1 word for word: split at the largest power of two below the number of leaves.
fn naive(leaves: &[Vec<u8>]) -> Digest {
    match leaves.len() {
        0 => empty_root(),
        1 => leaf_hash(&leaves[0]),
        n => {
            let half = 1 << (n - 1).ilog2();
            parent(&naive(&leaves[..half]), &naive(&leaves[half..]))
        }
    }
}

fn leaves(n: usize) -> Vec<Vec<u8>> {
    (0..n).map(|i| format!("leaf {i}").into_bytes()).collect()
}

/// Every complete subtree, and nothing else: whoever asks for another fails.
fn complete(leaves: &[Vec<u8>]) -> HashMap<Node, Digest> {
    let mut nodes = HashMap::new();
    for level in 0..=leaves.len().max(1).ilog2() {
        for (number, some) in leaves.chunks_exact(1 << level).enumerate() {
            nodes.insert(Node { level, number: number as u64 }, naive(some));
        }
    }
    nodes
}

fn fetch(nodes: &HashMap<Node, Digest>) -> impl FnMut(Node) -> Result<Digest, Infallible> {
    |node| Ok(*nodes.get(&node).unwrap_or_else(|| panic!("{node:?} is no complete subtree")))
}

const MOST: usize = 300;

#[test]
fn roots_of_all_sizes_are_those_of_the_standard_and_come_from_complete_subtrees() {
    let all = leaves(MOST);
    let nodes = complete(&all);
    for size in 0..=MOST {
        assert_eq!(root(size as u64, fetch(&nodes)), Ok(naive(&all[..size])), "{size}");
    }
}

#[test]
fn every_leaf_of_every_size_is_proven_and_no_other() {
    let all = leaves(MOST);
    let nodes = complete(&all);
    for size in 1..=MOST {
        let (n, top) = (size as u64, naive(&all[..size]));
        // All of them up to 70, then some: the work grows with the square.
        for index in (0..size).step_by(if size <= 70 { 1 } else { 13 }) {
            let Ok(proof) = inclusion_proof(index as u64, n, fetch(&nodes));
            assert_eq!(verify_inclusion(&all[index], index as u64, n, &top, &proof), Ok(()), "{index} of {size}");
            assert!(proof.len() as u32 <= n.next_power_of_two().ilog2());
            let other = &all[(index + 1) % MOST];
            assert_eq!(verify_inclusion(other, index as u64, n, &top, &proof), Err(InvalidProof::Wrong));
        }
    }
}

#[test]
fn every_smaller_tree_is_proven_to_be_the_beginning() {
    let all = leaves(MOST);
    let nodes = complete(&all);
    for to in (0..=MOST).filter(|to| *to <= 70 || to % 7 == 0) {
        let top = naive(&all[..to]);
        for from in (0..=to).filter(|from| to <= 70 || from % 5 == 0 || from + 2 > to) {
            let Ok(proof) = consistency_proof(from as u64, to as u64, fetch(&nodes));
            let old = naive(&all[..from]);
            assert_eq!(verify_consistency((from as u64, &old), (to as u64, &top), &proof), Ok(()), "{from} to {to}");
            let forged = naive(&[all[..from].to_vec(), vec![b"one more".to_vec()]].concat());
            let verdict = verify_consistency((from as u64, &forged), (to as u64, &top), &proof);
            assert_eq!(verdict, Err(InvalidProof::Wrong), "{from} to {to}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn one_wrong_byte_anywhere_is_seen(size in 2_usize..MOST, index in 0_usize..MOST, at in 0_usize..320, bit in 0_u8..8) {
        let all = leaves(size);
        let (index, nodes, top) = (index % size, complete(&all), naive(&all));
        let Ok(proof) = inclusion_proof(index as u64, size as u64, fetch(&nodes));
        let mut bytes: Vec<u8> = proof.iter().flat_map(|hash| *hash.as_bytes()).collect();
        let at = at % bytes.len();
        bytes[at] ^= 1 << bit;
        let wrong: Vec<Digest> = bytes.chunks_exact(32).map(|hash| Digest::from(<[u8; 32]>::try_from(hash).unwrap())).collect();
        prop_assert_eq!(verify_inclusion(&all[index], index as u64, size as u64, &top, &wrong), Err(InvalidProof::Wrong));
        let longer = [proof.clone(), vec![top]].concat();
        prop_assert!(verify_inclusion(&all[index], index as u64, size as u64, &top, &longer).is_err());
        prop_assert!(verify_inclusion(&all[index], size as u64, size as u64, &top, &proof).is_err());
    }

    #[test]
    fn a_rewritten_past_has_no_proof(size in 2_usize..MOST, from in 1_usize..MOST, changed in 0_usize..MOST) {
        let from = from % (size - 1) + 1;
        let honest = leaves(size);
        let mut rewritten = honest.clone();
        rewritten[changed % from] = b"it never happened".to_vec();
        let Ok(proof) = consistency_proof(from as u64, size as u64, fetch(&complete(&rewritten)));
        let old = naive(&honest[..from]);
        prop_assert!(verify_consistency((from as u64, &old), (size as u64, &naive(&rewritten)), &proof).is_err());
    }

    #[test]
    fn whatever_a_stranger_sends_as_proof_is_judged(from: u64, to: u64, hashes in prop::collection::vec(any::<[u8; 32]>(), 0..70)) {
        let proof: Vec<Digest> = hashes.into_iter().map(Digest::from).collect();
        let _ = verify_consistency((from, &empty_root()), (to, &empty_root()), &proof);
        let _ = verify_inclusion(b"", from, to, &empty_root(), &proof);
    }
}

fn entry() -> Entry {
    Entry {
        act: "referral.sent".into(),
        actor: Some("0190f0b2-7a44-7c55-8a1e-2b6f1c9d0e11".into()),
        actor_kind: "staff".into(),
        at: "2026-11-23T09:00:00.000000Z".into(),
        code: None,
        ground: Some("consent".into()),
        id: uuid::Uuid::from_u128(1),
        object: Some("a \"quoted\"\n\u{1f} \u{7f} è € \u{2028} thing".into()),
        peer: None,
        subject: Some(uuid::Uuid::from_u128(2)),
    }
}

#[test]
fn a_leaf_has_one_form_and_its_members_the_order_of_their_names() {
    let text = entry().canonical();
    assert!(text.starts_with(r#"{"act":"referral.sent","actor":"0190"#), "{text}");
    // RFC 8785 §3.2.2.2: short escapes, lower-case hexadecimal, everything else as it is.
    assert!(text.contains("a \\\"quoted\\\"\\n\\u001f \u{7f} è € \u{2028} thing"), "{text}");
    let names: Vec<&str> =
        ["act", "actor", "actor_kind", "at", "code", "ground", "id", "object", "peer", "subject"].into();
    assert!(names.is_sorted());
    assert_eq!(Entry::read(&text), Ok(entry()));
    for other in
        [format!("{text} "), text.replace("\\n", "\\u000a"), text.replace("\"ground\"", "\"more\""), "{}".into()]
    {
        assert_eq!(Entry::read(&other), Err(InvalidEntry), "{other}");
    }
}

#[test]
fn a_checkpoint_counts_under_its_nodes_key_and_for_its_own_log() {
    let key = SigningKey::generate().unwrap().0;
    let keys = KeySet::new(&Jwks { keys: vec![key.jwk().clone()] });
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let node: EntityId = "https://a.example".parse().unwrap();
    let all = leaves(9);
    let at = |size: usize| Checkpoint {
        iss: node.clone(),
        log: LogId(uuid::Uuid::from_u128(7)),
        size: size as u64,
        root: naive(&all[..size]),
        iat: 1_800_000_000,
    };
    let jws = at(9).sign(&key).unwrap();
    assert_eq!(Checkpoint::open(&jws, &keys, &node, now), Ok(at(9)));
    let other: EntityId = "https://b.example".parse().unwrap();
    assert_eq!(Checkpoint::open(&jws, &keys, &other, now), Err(InvalidCheckpoint::Issuer));
    let huge = Checkpoint { size: MAX_SIZE + 1, ..at(9) }.sign(&key).unwrap();
    assert_eq!(Checkpoint::open(&huge, &keys, &node, now), Err(InvalidCheckpoint::Size));
    let Ok(proof) = consistency_proof(5, 9, fetch(&complete(&all)));
    assert_eq!(at(5).is_continued_by(&at(9), &proof), Ok(()));
    assert_eq!(at(9).is_continued_by(&at(5), &proof), Err(InvalidProof::OutOfRange), "a log does not shrink");
    let another = Checkpoint { log: LogId(uuid::Uuid::from_u128(8)), ..at(9) };
    assert_eq!(at(5).is_continued_by(&another, &proof), Err(InvalidProof::Wrong));
}
