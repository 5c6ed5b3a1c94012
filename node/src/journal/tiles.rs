//! The hashes of a log's tree, as they are kept: of complete subtrees only, and of those each eighth level, 256 side by
//! side. What lies between is folded from them, so a proof reads one row for each factor of 256 in the size.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use staffetta_protocol::digest::Digest;
use staffetta_protocol::log::{self as tree, Node};

use crate::error::{Error, Result};
use crate::store::schema::journal_tile as tile;
use crate::store::{Conn, each_backend};

/// Levels of the tree between two that are kept.
const STEP: u32 = 8;
/// Hashes in a full tile.
pub(super) const WIDTH: u64 = 1 << STEP;
/// Bytes of one.
const HASH: usize = 32;

/// The tiles of one log as they were read, and as they become when leaves are added.
pub(super) struct Tiles<'c> {
    conn: &'c mut Conn,
    log: i32,
    read: BTreeMap<(u32, u64), Vec<u8>>,
    changed: BTreeSet<(u32, u64)>,
}

impl<'c> Tiles<'c> {
    pub(super) fn of(conn: &'c mut Conn, log: i32) -> Self {
        Self { conn, log, read: BTreeMap::new(), changed: BTreeSet::new() }
    }

    fn tile(&mut self, level: u32, number: u64) -> Result<&mut Vec<u8>> {
        match self.read.entry((level, number)) {
            std::collections::btree_map::Entry::Occupied(entry) => Ok(entry.into_mut()),
            std::collections::btree_map::Entry::Vacant(entry) => {
                let key = (self.log, level as i32, number as i64);
                let found: Option<Vec<u8>> = tile::table.find(key).select(tile::hashes).first(self.conn).optional()?;
                Ok(entry.insert(found.unwrap_or_default()))
            }
        }
    }

    /// The hash of a complete subtree.
    pub(super) fn node(&mut self, node: Node) -> Result<Digest> {
        let (level, within) = (node.level / STEP, node.level % STEP);
        let first = node.number << within;
        let place = (first % WIDTH) as usize * HASH;
        let hashes = self.tile(level, first / WIDTH)?;
        let wanted = hashes.get(place..place + (HASH << within));
        let wanted = wanted.ok_or_else(|| Error::internal("a hash of the journal's tree is missing"))?;
        Ok(folded(wanted))
    }

    /// The hash of a leaf; none where there is no such leaf.
    pub(super) fn leaf(&mut self, index: u64) -> Result<Option<Digest>> {
        let place = (index % WIDTH) as usize * HASH;
        let hashes = self.tile(0, index / WIDTH)?;
        Ok(hashes.get(place..place + HASH).map(folded))
    }

    /// The root over the first `size` leaves.
    pub(super) fn root(&mut self, size: u64) -> Result<Digest> {
        tree::root(size, |node| self.node(node))
    }

    pub(super) fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Digest>> {
        tree::inclusion_proof(index, size, |node| self.node(node))
    }

    pub(super) fn consistency(&mut self, from: u64, to: u64) -> Result<Vec<Digest>> {
        tree::consistency_proof(from, to, |node| self.node(node))
    }

    /// Adds the leaf number `index`, which must be the next. A tile that it fills becomes one hash of the level above.
    pub(super) fn push(&mut self, index: u64, leaf: &Digest) -> Result<()> {
        let (mut level, mut number, mut hash) = (0, index, *leaf);
        loop {
            let place = (level, number / WIDTH);
            let hashes = self.tile(place.0, place.1)?;
            if hashes.len() != (number % WIDTH) as usize * HASH {
                return Err(Error::internal("the journal's tree is not as long as its log"));
            }
            hashes.extend_from_slice(hash.as_bytes());
            let full = (hashes.len() == WIDTH as usize * HASH).then(|| folded(hashes));
            self.changed.insert(place);
            let Some(whole) = full else { return Ok(()) };
            (level, number, hash) = (level + 1, number / WIDTH, whole);
        }
    }

    /// Writes what was added.
    pub(super) fn keep(mut self) -> Result<()> {
        for place in std::mem::take(&mut self.changed) {
            let Some(hashes) = self.read.get(&place) else { continue };
            let row = (
                tile::log.eq(self.log),
                tile::level.eq(place.0 as i32),
                tile::number.eq(place.1 as i64),
                tile::hashes.eq(hashes),
            );
            each_backend!(self.conn, conn => diesel::insert_into(tile::table)
                .values(row)
                .on_conflict((tile::log, tile::level, tile::number))
                .do_update()
                .set(tile::hashes.eq(hashes))
                .execute(conn))?;
        }
        Ok(())
    }
}

/// The hash over hashes that lie side by side, a power of two of them.
fn folded(hashes: &[u8]) -> Digest {
    let mut row: Vec<Digest> = hashes
        .chunks_exact(HASH)
        .map(|hash| {
            let mut bytes = [0; HASH];
            bytes.copy_from_slice(hash);
            Digest::from(bytes)
        })
        .collect();
    while row.len() > 1 {
        row = row.chunks_exact(2).map(|pair| tree::parent(&pair[0], &pair[1])).collect();
    }
    row.first().copied().unwrap_or_else(tree::empty_root)
}
