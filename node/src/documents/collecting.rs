//! What is held about a person here, for herself. The bytes of a file are taken by the route of its document.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[Shelf::new("document", ("Documenti", "Documents"), About::Record("person"))
    .sealed(&[("sealed", Sealed::Json, "description")])
    .staff(&["created_by"])];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
