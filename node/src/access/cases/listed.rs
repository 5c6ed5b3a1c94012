//! Who was shown in a list.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::rows::{Listing, cases_among};
use super::sight::Why;
use crate::access::Staff;
use crate::error::Result;
use crate::journal::{self, Entry};
use crate::store::Tx;
use crate::vault::Subject;

/// The ground of whoever is in no team of a case, and asks who is.
const COLLEAGUE: &str = "colleague";

/// Records that a list showed the people of these cases: one entry for each, in her own journal, however many lines of it
/// are hers. Its ground is why it could show her: whoever lists answers for the operators or for the data, is in the
/// team, or the case came in and is the whole office's.
pub fn note_listed(tx: &mut Tx<'_>, by: &Staff, act: &'static str, shown: &[(Uuid, Subject)]) -> Result<()> {
    let cases: Vec<Uuid> = shown.iter().map(|(case, _)| *case).collect();
    let of = Listing::of(by.id, by.role);
    let own = match of {
        Listing::All => Vec::new(),
        Listing::Of(staff) => cases_among(tx.conn(), staff, &cases)?,
    };
    let (mut seen, mut entries) = (BTreeSet::new(), Vec::new());
    for (case, subject) in shown.iter().filter(|(_, subject)| seen.insert(subject.0)) {
        let is_among = of == Listing::All || own.contains(case);
        let ground = if is_among { of.ground() } else { Why::Office.as_str() };
        entries.push(Entry::new(by.actor(), act).ground(ground).subject(*subject).object(case));
    }
    journal::record_all(tx, entries)
}

/// Records that somebody looked up who works on a case.
///
/// # Errors
/// What the database refuses.
pub fn note_team(tx: &mut Tx<'_>, by: &Staff, case: Uuid, subject: Subject) -> Result<()> {
    let of = Listing::of(by.id, by.role);
    let is_own = of == Listing::All || !cases_among(tx.conn(), by.id, &[case])?.is_empty();
    let ground = if is_own { of.ground() } else { COLLEAGUE };
    journal::record(tx, Entry::new(by.actor(), "case.team-read").ground(ground).subject(subject).object(case))
}
