//! What is held about a person here, for herself: who she is, what finds her, and who speaks for her.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[
    Shelf::new("person", ("Chi è, per gli operatori", "What staff call her"), About::Record("id"))
        .sealed(&[("label", Sealed::Words, "label")])
        .staff(&["created_by"]),
    Shelf::new(
        "person_known",
        ("Con che cosa si trova la sua scheda", "What finds her record"),
        About::Record("person"),
    )
    .sealed(&[("sealed", Sealed::Json, "known_by")]),
    Shelf::new("person_distinct", ("Non è un'altra persona", "Told apart from somebody"), About::Record("one"))
        .without(&["one", "other"])
        .staff(&["said_by"]),
    Shelf::new("person_distinct", ("Non è un'altra persona", "Told apart from somebody"), About::Record("other"))
        .without(&["one", "other"])
        .staff(&["said_by"]),
    Shelf::new("person_merge", ("Schede unite alla sua", "Records that went into hers"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Words, "reason")])
        .staff(&["merged_by"]),
    Shelf::new("guardian", ("Chi parla per lei", "Who speaks for her"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Json, "details")])
        .staff(&["entered_by"]),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
