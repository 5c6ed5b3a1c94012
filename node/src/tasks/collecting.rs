//! What is held about a person here, for herself: what somebody had to see to for her.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[Shelf::new(
    "task",
    ("Cose da fare per il suo caso", "What had to be done for her case"),
    About::Subject("subject"),
)
.staff(&["done_by"])];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
