//! Whether two files tell of one history: what one partner was told of a journal against what another was told.

use std::collections::BTreeMap;

use super::finding::Finding;
use super::{CHECKPOINTS_FORMAT, Checkpoints, Evidence};
use crate::digest::Digest;
use crate::id::{EntityId, LogId};
use crate::jose;
use crate::json::{self, InvalidJson};
use crate::log::Checkpoint;
use crate::receipt::Receipt;

/// Compares two files, each evidence or checkpoints: every checkpoint of the same log and size must have the same root.
/// Which of them are genuine, [`super::check`] says of each file.
///
/// # Errors
/// When one of them is neither.
pub fn compare(one: &[u8], other: &[u8]) -> Result<Vec<Finding>, InvalidJson> {
    let (one, other) = (said(one)?, said(other)?);
    let mut found = Vec::new();
    for ((node, log), sizes) in &one {
        let Some(others) = other.get(&(node.clone(), *log)) else { continue };
        let common: Vec<u64> = sizes.keys().filter(|size| others.contains_key(size)).copied().collect();
        let differs = common.iter().find(|size| sizes[size] != others[size]);
        found.push(match (differs, common.last()) {
            (Some(size), _) => Finding::wrong(
                "history",
                format!("{node} ha firmato due storie diverse del registro {log}: con {size} voci le radici non coincidono."),
                format!("{node} signed two different histories of the log {log}: with {size} entries the roots differ."),
            ),
            (None, Some(size)) => Finding::proven(
                "history",
                format!("I due file hanno visto la stessa storia del registro {log} di {node}, fino a {size} voci."),
                format!("Both files saw the same history of the log {log} of {node}, up to {size} entries."),
            ),
            (None, None) => Finding::open(
                "history",
                format!("Del registro {log} di {node} i due file hanno sigilli di dimensioni diverse: la prova di continuità va chiesta a {node}."),
                format!("Of the log {log} of {node} the files have checkpoints of different sizes: the proof between them is to be asked of {node}."),
            ),
        });
    }
    if found.is_empty() {
        found.push(Finding::open(
            "history",
            "I due file non parlano di nessun registro in comune.".into(),
            "The files have no log in common.".into(),
        ));
    }
    Ok(found)
}

/// Root by size, by node and log. Two roots under one size inside one file are kept as what they are: different.
type Told = BTreeMap<(EntityId, LogId), BTreeMap<u64, Vec<Digest>>>;

fn said(bytes: &[u8]) -> Result<Told, InvalidJson> {
    let mut told = Told::new();
    let mut add = |jws: &str| {
        if let Ok(it) = jose::peek::<Checkpoint>(jws) {
            let roots = told.entry((it.iss, it.log)).or_default().entry(it.size).or_default();
            if !roots.contains(&it.root) {
                roots.push(it.root);
                roots.sort();
            }
        }
    };
    if let Ok(plain) = json::from_slice::<Checkpoints>(bytes)
        && plain.format == CHECKPOINTS_FORMAT
    {
        plain.checkpoints.iter().for_each(|jws| add(jws));
        return Ok(told);
    }
    let file = Evidence::read(bytes)?;
    for log in &file.logs {
        add(&log.checkpoint);
        log.earlier.iter().for_each(|earlier| add(&earlier.checkpoint));
    }
    for receipt in &file.receipts {
        if let Some(checkpoint) = jose::peek::<Receipt>(receipt).ok().and_then(|receipt| receipt.checkpoint) {
            add(&checkpoint);
        }
    }
    Ok(told)
}
