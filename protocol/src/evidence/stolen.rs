//! What is signed with a key that was revoked since. Whoever has the key writes any date, so by itself it proves nothing; and
//! as its own node may have signed it, it is not false either.

use super::Said;
use super::check::day;
use super::finding::Finding;
use crate::id::EntityId;
use crate::receipt::Receipt;

/// Of a message another party has said before the key was revoked that it got it: in a receipt of its own, under a key that
/// nobody stole. `receipts` are those that hold.
pub(super) fn message(said: &Said, named: &str, (signed, revoked): (i64, i64), receipts: &[Receipt]) -> Finding {
    let Said { from, to, digest, .. } = said;
    let of_then = receipts.iter().filter(|it| it.iss == *to && it.iss != *from && it.aud == *from && it.iat < revoked);
    let naming = of_then.filter(|it| it.items.iter().any(|item| item.digest == *digest));
    let (signed, revoked) = (day(signed), day(revoked));
    match naming.map(|it| it.iat).min().map(day) {
        Some(then) => Finding::proven(
            "message",
            format!(
                "Il {signed} {from} ha firmato il messaggio {named} per {to}. La chiave è revocata dal {revoked}: che prima c'era lo dice la ricevuta di {to} del {then}."
            ),
            format!(
                "On {signed} {from} signed the message {named} to {to}. Its key is revoked since {revoked}: that it was there before says the receipt of {to} of {then}."
            ),
        ),
        None => Finding::open(
            "message",
            format!(
                "Che il messaggio {named} sia di {from}: la chiave è revocata dal {revoked}, e nessuna ricevuta di prima ne parla."
            ),
            format!(
                "That the message {named} is of {from}: its key is revoked since {revoked}, and no receipt of before speaks of it."
            ),
        ),
    }
}

/// Nobody but its issuer speaks of a receipt.
pub(super) fn receipt(receipt: &Receipt, revoked: i64) -> Finding {
    let (by, when, revoked) = (&receipt.iss, day(receipt.iat), day(revoked));
    Finding::open(
        "receipt",
        format!(
            "Una ricevuta che si dice di {by} del {when}: la chiave è revocata dal {revoked}, e nient'altro lo conferma."
        ),
        format!(
            "A receipt that claims to be of {by} of {when}: its key is revoked since {revoked}, and nothing else says so."
        ),
    )
}

/// Of a journal that a good signature does not go on from there.
pub(super) fn checkpoint(node: &EntityId) -> Finding {
    Finding::open(
        "history",
        format!("Un sigillo del registro di {node} è di una chiave revocata, e nient'altro lo conferma."),
        format!("A checkpoint of the journal of {node} is of a key that was revoked, and nothing else says so."),
    )
}
