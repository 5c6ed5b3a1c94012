//! What is held about a person here, for herself: what she asked for, and what she was answered.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[
    Shelf::new("rights_request", ("Richieste sui suoi diritti", "Requests about her rights"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Json, "words")])
        .staff(&["entered_by", "answered_by"]),
    Shelf::new("rights_event", ("Richieste: che cosa è successo", "Requests: what happened"), About::Record("person"))
        .staff(&["staff"]),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
