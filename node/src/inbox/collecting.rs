//! What is held about a person here, for herself: messages that came.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] =
    &[Shelf::new("known_message", ("Messaggi ricevuti", "Messages that came"), About::Subject("subject"))
        .key("message")
        .sealed(&[("sealed", Sealed::Signed, "content")])
        .without(&["unopened"])];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
