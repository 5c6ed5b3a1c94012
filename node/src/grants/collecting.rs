//! What is held about a person here, for herself: on what grounds something may leave or be kept, and what left.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[
    Shelf::new("open_grant", ("Consensi in uso", "Grants"), About::Subject("subject")).key("record"),
    Shelf::new(
        "disclosure",
        (
            "Comunicazioni a terzi, anche preparate e poi non partite",
            "What was made ready for others, whether or not it left",
        ),
        About::Subject("subject"),
    )
    .key("message")
    .without(&["turn"]),
    Shelf::new("holding", ("Ricevuto da altri", "What was received"), About::Subject("subject"))
        .key("message")
        .without(&["turn"]),
    Shelf::new(
        "thread",
        ("Conversazioni con altri enti", "Conversations with other bodies"),
        About::Subject("subject"),
    ),
    Shelf::new(
        "pairwise",
        ("Riferimenti presso gli altri", "What stands for her elsewhere"),
        About::Subject("subject"),
    ),
    Shelf::new("holder_moved", ("A chi è passata la scheda", "Who holds the record since"), About::Subject("subject"))
        .key("subject"),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
