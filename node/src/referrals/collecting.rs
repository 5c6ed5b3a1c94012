//! What is held about a person here, for herself: previews and referrals, sheets on paper, and what the office did.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

/// Events have no subject of their own.
const OF_A_REFERRAL: About = About::Within { column: "referral", of: "referral", key: "id", subject: "subject" };

const SHELVES: &[Shelf] = &[
    Shelf::new("referral", ("Anteprime e invii", "Previews and referrals"), About::Subject("subject"))
        .staff(&["told_by"]),
    Shelf::new("referral_event", ("Invii: che cosa è successo", "Referrals: what happened"), OF_A_REFERRAL)
        .sealed(&[("sealed", Sealed::Json, "details")]),
    Shelf::new("referral_office", ("Invii su carta: l'ufficio", "On paper: the office"), About::Subject("subject"))
        .key("referral")
        .sealed(&[("sealed", Sealed::Words, "reason")]),
    Shelf::new("referral_sheet", ("Fogli stampati", "Sheets that were printed"), About::Subject("subject"))
        .sealed(&[("sealed", Sealed::Json, "content")])
        .staff(&["made_by"]),
    Shelf::new("office_record", ("Pratica dell'ufficio", "The office's record"), About::Subject("subject"))
        .key("referral")
        .sealed(&[("sealed", Sealed::Json, "content")])
        .staff(&["updated_by"]),
    Shelf::new("policy_event", ("Politiche attive", "Policies"), About::Subject("subject"))
        .sealed(&[("sealed", Sealed::Json, "content")])
        .staff(&["noted_by"]),
    Shelf::new("record_transfer", ("Passaggi della scheda", "Transfers of the record"), About::Subject("subject"))
        .sealed(&[("sealed", Sealed::Words, "text")])
        .staff(&["answered_by", "created_by"]),
    Shelf::new("transfer_letter", ("Passaggi: lettere agli uffici", "Transfers: letters"), About::Subject("subject"))
        .staff(&["sent_by"]),
    Shelf::new(
        "rectification",
        ("Rettifiche comunicate", "Rectifications that were passed on"),
        About::Record("person"),
    )
    .sealed(&[("sealed", Sealed::Json, "content"), ("answer", Sealed::Json, "answer")]),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
