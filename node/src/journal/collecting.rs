//! What is held about a person here, for herself: who did what, and on which ground.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] =
    &[Shelf::new("journal", ("Chi ha guardato o fatto che cosa", "Who looked or did what"), About::Subject("subject"))
        .without(&["position"])
        .staff(&["actor"])];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
