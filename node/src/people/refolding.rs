//! The blind index is brought in line when names come to be folded in another way.

use super::index;
use crate::error::Result;
use crate::store::Tx;
use crate::vault::Vault;

/// People that one look takes: a short act, after which others have their turn.
pub const AT_ONCE: usize = 100;

/// Writes the tokens of people whose index was made as names are folded no more, at most [`AT_ONCE`] of them; says of how
/// many. What is done is noted with them, so it goes on where it stopped, and two processes only do some of it twice. Of
/// somebody whose key is destroyed nothing is in the index.
///
/// # Errors
/// What the database refuses.
pub fn refold(tx: &mut Tx<'_>, vault: &Vault) -> Result<usize> {
    let due = index::of_another_folding(tx.conn(), AT_ONCE as i64)?;
    for person in &due {
        index::retoken(tx, vault, *person)?;
    }
    index::are_folded(tx, &due)?;
    Ok(due.len())
}
