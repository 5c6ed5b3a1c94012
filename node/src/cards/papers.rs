//! The card's list of documents. The room of documents says it: nobody writes it into a card, and wherever a card is shown
//! or leaves it is filled in as it stands at that moment.

use staffetta_protocol::card::{Card, List, Refusal};
use staffetta_protocol::problem::Problem;

use crate::documents;
use crate::error::{Error, Result};
use crate::people::PersonId;
use crate::store::Conn;
use crate::vault::Vault;

/// Documents that a card lists, at most: the newest.
const MOST: usize = 30;

/// Fills in what documents there are of hers.
pub(super) fn fill(conn: &mut Conn, vault: &Vault, person: PersonId, card: &mut Card) -> Result<()> {
    let mut newest = Vec::new();
    for entry in documents::metadata(conn, vault, person)?.into_iter().rev() {
        // Two that look the same from outside are one line.
        if newest.len() < MOST && !newest.contains(&entry) {
            newest.push(entry);
        }
    }
    newest.reverse();
    card.documents = List::new(newest).map_err(Error::internal)?;
    Ok(())
}

/// Takes the list out of what somebody writes: what is stored stays as it was.
///
/// # Errors
/// `invalid_input` for a document that there is not: it is entered as one, and then the card has it.
pub(super) fn set_aside(
    conn: &mut Conn,
    vault: &Vault,
    person: PersonId,
    (old, new): (&Card, &mut Card),
) -> Result<()> {
    let mut there = Card::default();
    if new.documents != old.documents {
        fill(conn, vault, person, &mut there)?;
    }
    let is_known = |entry| old.documents.iter().chain(there.documents.iter()).any(|known| known == entry);
    let unknown = new.documents.iter().enumerate().filter(|(_, entry)| !is_known(*entry));
    let refused: Vec<_> = unknown.map(|(index, _)| Refusal::NotInList.at(format!("/documents/{index}"))).collect();
    if !refused.is_empty() {
        return Err(Problem::invalid(refused).detail("Documents are entered as such, not in the card.").into());
    }
    new.documents = old.documents.clone();
    Ok(())
}
