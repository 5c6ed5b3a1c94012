//! Europass since 2020: XML with the root `Candidate`, made of parts of HR Open Standards 3 and of EURES.
//!
//! Its schema is described in the documentation of the European Commission (DG EMPL, 2020) and was never published as a
//! file; element names here are those of that text and of what the Europass editor writes.

mod person;
mod profile;
mod write;

pub(super) use write::write;

use super::lists;
use super::reading::Reading;
use super::report::Reason;
use super::tree::Tree;

/// The namespace of its own elements.
pub(super) const NAMESPACE: &str = "http://www.europass.eu/1.0";
/// Its root.
pub(super) const ROOT: &str = "Candidate";

/// Reads a CV into a new card.
pub(super) fn read(root: &Tree, r: &mut Reading) {
    let about = ["DocumentID", "AlternateDocumentID", "ProcessingInformation", "CandidateSupplier"];
    r.left_all(root, &about, Reason::AboutTheDocument);
    r.left_all(root, &["RenderingInformation"], Reason::AboutTheDocument);
    let status = root.child("PositionSeekingStatusCode");
    if let Some(status) = r.one(status, "seeking_status", |code| lists::seeking(code).ok_or(Reason::NotInList)) {
        r.card.seeking_status = status;
    }
    if let Some(person) = root.child("CandidatePerson") {
        self::person::read(person, r);
    }
    let mut profiles = root.all("CandidateProfile");
    if let Some(profile) = profiles.next() {
        self::profile::read(profile, r);
    }
    // The same in another language, as the schema demands of those who send several.
    profiles.for_each(|again| r.left(again, Reason::Repeated));
}
