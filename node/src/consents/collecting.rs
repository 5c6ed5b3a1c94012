//! What is held about a person here, for herself: what she was asked and answered, and what followed.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[
    Shelf::new("consent", ("Consensi", "Consents"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Json, "words")])
        .staff(&["mediator", "entered_by"]),
    Shelf::new("consent_request", ("Domande di consenso", "Consents asked"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Json, "words")])
        .staff(&["asked_by"]),
    Shelf::new("consent_event", ("Consensi: che cosa è successo", "Consents: what happened"), About::Record("person"))
        .staff(&["staff"]),
    Shelf::new("consent_receipt", ("Ricevute dei consensi", "Receipts of consents"), About::Record("person"))
        .sealed(&[("sealed", Sealed::Signed, "receipt")]),
    Shelf::new("paper_recall", ("Richiami per lettera", "Recalls by letter"), About::Record("person")).sealed(&[(
        "sealed",
        Sealed::Json,
        "answer",
    )]),
    Shelf::new(
        "recall_told",
        (
            "Chi è stato avvisato della revoca, e che cosa ha risposto",
            "Who was told of a withdrawal, and what was answered",
        ),
        About::Record("person"),
    )
    .sealed(&[("sealed", Sealed::Json, "answer")]),
    Shelf::new(
        "recall_taken",
        ("Revoche arrivate da altri", "Withdrawals that came from others"),
        About::Subject("subject"),
    )
    .without(&["held_turn"]),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
