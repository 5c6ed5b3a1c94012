//! The judgement in words: Italian first, English below.

use staffetta_protocol::evidence::{self, Evidence, Finding, Verdict};
use staffetta_protocol::id::Kid;

use crate::error::{Error, Result};

/// What is proven of a file and what not, line by line, and whether nothing in it is false. Needs no node and no network.
///
/// # Errors
/// When it is no file of evidence.
pub fn judged(bytes: &[u8], authority_keys: &[Kid]) -> Result<(Vec<String>, bool)> {
    let file = Evidence::read(bytes).map_err(|why| Error::Setup(format!("no file of evidence: {why}")))?;
    Ok(told(&evidence::check(&file, authority_keys)))
}

/// Whether two files tell of the same history.
///
/// # Errors
/// When one of them is neither evidence nor checkpoints.
pub fn compare(one: &[u8], other: &[u8]) -> Result<(Vec<String>, bool)> {
    let found = evidence::compare(one, other)
        .map_err(|why| Error::Setup(format!("neither evidence nor checkpoints: {why}")))?;
    Ok(told(&found))
}

fn told(found: &[Finding]) -> (Vec<String>, bool) {
    let mut lines = Vec::new();
    for verdict in [Verdict::Wrong, Verdict::Proven, Verdict::Open] {
        let of_kind: Vec<&Finding> = found.iter().filter(|finding| finding.verdict == verdict).collect();
        if of_kind.is_empty() {
            continue;
        }
        lines.push(format!("{} / {} ({})", verdict.it(), verdict.en(), of_kind.len()));
        for finding in of_kind {
            lines.push(format!("  - {}", finding.it));
            lines.push(format!("    {}", finding.en));
        }
    }
    (lines, found.iter().all(|finding| finding.verdict != Verdict::Wrong))
}
