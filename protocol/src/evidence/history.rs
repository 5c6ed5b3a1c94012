//! What nodes signed about their journals, held against itself: of two words that cannot both be true one is a lie.

use std::collections::{BTreeMap, BTreeSet};

use super::check::day;
use super::finding::Finding;
use crate::digest::Digest;
use crate::id::{EntityId, LogId};
use crate::log::Checkpoint;

/// The contradictions between checkpoints whose signatures hold. `tops` are those by which the logs of the file are judged.
///
/// Of one log and size there is one root. And a log does not shrink: by a checkpoint that was signed clearly later it has no
/// fewer entries than by one that was given away before ([`Checkpoint::is_cut_since`]).
pub(super) fn contradictions(tops: &[Checkpoint], signed: &[Checkpoint]) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut roots: BTreeMap<(&EntityId, LogId, u64), BTreeSet<Digest>> = BTreeMap::new();
    for it in signed {
        roots.entry((&it.iss, it.log, it.size)).or_default().insert(it.root);
    }
    for ((node, log, size), _) in roots.iter().filter(|(_, roots)| roots.len() > 1) {
        found.push(Finding::wrong(
            "history",
            format!(
                "{node} ha firmato due storie diverse del registro {log}: con {size} voci le radici non coincidono."
            ),
            format!("{node} signed two different histories of the log {log}: with {size} entries the roots differ."),
        ));
    }
    for top in tops {
        let longest = signed.iter().filter(|it| top.is_cut_since(it)).max_by_key(|it| it.size);
        if let Some(longest) = longest {
            let (node, log, then, now) = (&top.iss, top.log, day(longest.iat), day(top.iat));
            let (had, has) = (longest.size, top.size);
            found.push(Finding::wrong(
                "history",
                format!(
                    "Il registro {log} di {node} è stato accorciato: il {then} aveva {had} voci, il {now} ne ha {has}."
                ),
                format!("The log {log} of {node} was cut: on {then} it had {had} entries, on {now} it has {has}."),
            ));
        }
    }
    found
}
