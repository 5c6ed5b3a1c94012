//! What is held about a person here, for herself: who works on her case, who looked from outside, and who handed it over.

use crate::error::Result;
use crate::store::Tx;
use crate::vault::{About, Collected, Sealed, Shelf, Vault, Whose, gather};

const SHELVES: &[Shelf] = &[
    Shelf::new("case_file", ("Il caso e chi ne risponde", "The case and who answers for it"), About::Record("id"))
        .staff(&["lead", "deputy"]),
    Shelf::new("case_member", ("L'équipe del caso", "The team of the case"), About::Record("case_file"))
        .key("case_file")
        .staff(&["staff", "supervisor"]),
    Shelf::new(
        "broken_glass",
        ("Accessi dall'esterno dell'équipe", "Looks from outside the team"),
        About::Subject("subject"),
    )
    .sealed(&[("sealed", Sealed::Words, "reason")])
    .staff(&["staff", "reviewed_by"]),
    Shelf::new("case_handover", ("Passaggi di consegne", "Handovers"), About::Subject("subject"))
        .sealed(&[("sealed", Sealed::Words, "note")])
        .staff(&["from_staff", "to_staff", "by_staff"]),
    Shelf::new("countersignature", ("Controfirme", "Countersignatures"), About::Record("case_file")).staff(&[
        "trainee",
        "supervisor",
        "signed_by",
    ]),
    Shelf::new(
        "case_restriction",
        ("Limitazioni del trattamento", "Restrictions of processing"),
        About::Subject("subject"),
    )
    .staff(&["set_by", "lifted_by"]),
];

pub(super) fn collect(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    gather(tx.conn(), vault, whose, SHELVES)
}
