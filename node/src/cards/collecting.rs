//! What is held about a person here, for herself: her card in every version, what is being written, and what was shown.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[
    Shelf::new("card", ("Scheda: versione attuale", "Card: the current version"), About::Record("person")),
    Shelf::new(
        "card_version",
        ("Scheda: ogni versione, con le fonti", "Card: every version, with its sources"),
        About::Record("person"),
    )
    .sealed(&[("sealed", Sealed::Json, "content")])
    .staff(&["saved_by"]),
    Shelf::new("card_section", ("Scheda: sezioni e bozze", "Card: sections and drafts"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Json, "draft")])
        .staff(&["held_by"]),
    Shelf::new("card_confirmation", ("Scheda: conferme", "Card: confirmations"), About::Record("person"))
        .staff(&["confirmed_by"]),
    Shelf::new(
        "card_shown",
        ("Scheda: versioni mostrate a chi", "Card: which versions were shown to whom"),
        About::Subject("subject"),
    ),
    Shelf::new("received_card", ("Scheda ricevuta da altri", "Card received from others"), About::Subject("subject"))
        .sealed(&[("sealed", Sealed::Json, "content")]),
    Shelf::new("card_import", ("Scheda: file portati da lei", "Card: files that she carried"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Json, "origin")])
        .staff(&["imported_by"]),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
