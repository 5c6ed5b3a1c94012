//! What is held about a person here, for herself: messages that left or wait.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] =
    &[Shelf::new("outbox", ("Messaggi in uscita", "Messages that leave"), About::Subject("subject"))
        .key("message")
        .sealed(&[("sealed", Sealed::Signed, "content")])
        .without(&["queue_no", "priority", "epoch", "seq", "accepted"])];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
