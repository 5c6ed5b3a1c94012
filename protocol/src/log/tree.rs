//! The arithmetic of the tree. Which nodes a proof needs, and whether one holds, ct-merkle says; what a node is that was
//! not complete when the tree had this size, is folded here from complete subtrees.

use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use sha2::Sha256;

use crate::digest::Digest;

/// The largest tree that is spoken of: sizes stay exact in JSON numbers.
pub const MAX_SIZE: u64 = 1 << 53;

/// A complete subtree: the leaves from `number << level` on, `1 << level` of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Node {
    /// 0 for a leaf.
    pub level: u32,
    /// From 0, among those of its level.
    pub number: u64,
}

/// Why a proof does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProof {
    /// There is no such leaf or tree in it.
    #[error("there is nothing of that number in the tree")]
    OutOfRange,
    /// The hashes do not lead to the root.
    #[error("the proof does not lead to the root")]
    Wrong,
}

/// The hash of a leaf: SHA-256 of a zero byte and the bytes.
pub fn leaf_hash(bytes: impl AsRef<[u8]>) -> Digest {
    Digest::of_parts(&[&[0], bytes.as_ref()])
}

/// The hash over two subtrees: SHA-256 of a byte one, the left, and the right.
pub fn parent(left: &Digest, right: &Digest) -> Digest {
    Digest::of_parts(&[&[1], left.as_bytes(), right.as_bytes()])
}

/// The root of the tree without leaves: the hash of nothing.
pub fn empty_root() -> Digest {
    Digest::of([])
}

/// The root of the tree of the first `size` leaves, from its complete subtrees.
///
/// # Errors
/// Whatever `fetch` fails with.
pub fn root<E>(size: u64, mut fetch: impl FnMut(Node) -> Result<Digest, E>) -> Result<Digest, E> {
    if size == 0 { Ok(empty_root()) } else { fold(0, size, &mut fetch) }
}

/// What leads from the leaf `index` to the root of the first `size` leaves, the nearest first. The caller asks only for
/// a leaf that is in it: `index < size <= MAX_SIZE`.
///
/// # Errors
/// Whatever `fetch` fails with.
pub fn inclusion_proof<E>(
    index: u64,
    size: u64,
    mut fetch: impl FnMut(Node) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    assert!(index < size && size <= MAX_SIZE, "a proof is asked for of a leaf that is there");
    let needed = ct_merkle::indices_for_inclusion_proof(size, index);
    needed.into_iter().map(|place| subtree(place, size, &mut fetch)).collect()
}

/// What shows that the tree of `to` leaves begins with that of the first `from`: `from <= to <= MAX_SIZE`. Nothing is
/// needed where `from` is 0 or `to`.
///
/// # Errors
/// Whatever `fetch` fails with.
pub fn consistency_proof<E>(
    from: u64,
    to: u64,
    mut fetch: impl FnMut(Node) -> Result<Digest, E>,
) -> Result<Vec<Digest>, E> {
    assert!(from <= to && to <= MAX_SIZE, "a proof leads from a smaller tree to a larger one");
    if from == 0 || from == to {
        return Ok(Vec::new());
    }
    let needed = ct_merkle::indices_for_consistency_proof(from, to - from);
    needed.into_iter().map(|place| subtree(place, to, &mut fetch)).collect()
}

/// Whether `leaf` is the leaf `index` of the tree with this root.
///
/// # Errors
/// [`InvalidProof`].
pub fn verify_inclusion(
    leaf: &[u8],
    index: u64,
    size: u64,
    root: &Digest,
    proof: &[Digest],
) -> Result<(), InvalidProof> {
    if index >= size || size > MAX_SIZE {
        return Err(InvalidProof::OutOfRange);
    }
    let proof = InclusionProof::<Sha256>::try_from_bytes(joined(proof)).map_err(|_| InvalidProof::Wrong)?;
    rooted(root, size).verify_inclusion(&leaf, index, &proof).map_err(|_| InvalidProof::Wrong)
}

/// Whether the tree of size `to` with root `new` begins with that of size `from` with root `old`.
///
/// # Errors
/// [`InvalidProof`].
pub fn verify_consistency(
    (from, old): (u64, &Digest),
    (to, new): (u64, &Digest),
    proof: &[Digest],
) -> Result<(), InvalidProof> {
    if from > to || to > MAX_SIZE {
        return Err(InvalidProof::OutOfRange);
    }
    if from == 0 || from == to {
        let same = if from == to { old == new } else { *old == empty_root() };
        return if same && proof.is_empty() { Ok(()) } else { Err(InvalidProof::Wrong) };
    }
    let proof = ConsistencyProof::<Sha256>::try_from_bytes(joined(proof)).map_err(|_| InvalidProof::Wrong)?;
    rooted(new, to).verify_consistency(&rooted(old, from), &proof).map_err(|_| InvalidProof::Wrong)
}

fn rooted(root: &Digest, size: u64) -> RootHash<Sha256> {
    RootHash::new((*root.as_bytes()).into(), size)
}

fn joined(proof: &[Digest]) -> Vec<u8> {
    proof.iter().flat_map(|digest| *digest.as_bytes()).collect()
}

/// The subtree at a place of ct-merkle's array (RFC 9420 appendix C: leaves at even places, a parent between its
/// children), as far as the tree reaches.
fn subtree<E>(place: u64, size: u64, fetch: &mut impl FnMut(Node) -> Result<Digest, E>) -> Result<Digest, E> {
    let level = place.trailing_ones();
    let start = (place >> (level + 1)) << level;
    fold(start, size.min(start + (1 << level)), fetch)
}

/// The hash over the leaves from `start` to before `end`, where `start` is a multiple of the next power of two.
fn fold<E>(start: u64, end: u64, fetch: &mut impl FnMut(Node) -> Result<Digest, E>) -> Result<Digest, E> {
    let level = (end - start).ilog2();
    let left = fetch(Node { level, number: start >> level })?;
    let middle = start + (1 << level);
    if middle == end { Ok(left) } else { Ok(parent(&left, &fold(middle, end, fetch)?)) }
}
