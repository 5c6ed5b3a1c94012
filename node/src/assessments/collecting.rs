//! What is held about a person here, for herself. What the notes say is asked of [`super::counselling`], which alone opens them.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[
    Shelf::new("assessment", ("Bilanci delle competenze", "Skills assessments"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Json, "content")])
        .staff(&["created_by"]),
    Shelf::new(
        "counselling_note",
        ("Colloqui: quando e da chi", "Counselling: when and by whom"),
        About::Record("person"),
    )
    .sealed(&[("sealed", Sealed::Elsewhere, "words")])
    .staff(&["author"]),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
