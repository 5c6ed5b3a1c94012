//! What follows from an answer, in its transaction.

use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::Problem;

use super::model::{Request, RightKind};
use super::{Means, erasing};
use crate::access::Sight;
use crate::access::cases::restriction::{self, RestrictedBy};
use crate::cards;
use crate::error::Result;
use crate::store::Tx;

/// Does what was granted.
pub(super) fn follow(tx: &mut Tx<'_>, means: &Means<'_>, sight: &Sight, of: &Request) -> Result<()> {
    match of.kind {
        // She is given the answer itself.
        RightKind::Access | RightKind::Portability => Ok(()),
        RightKind::Rectification => rectified(tx, means, of),
        RightKind::Restriction | RightKind::Objection => restrict(tx, sight, of),
        RightKind::Erasure => erasing::begin(tx, means, sight, of),
    }
}

/// The version that is named must be one of her card.
fn rectified(tx: &mut Tx<'_>, means: &Means<'_>, of: &Request) -> Result<()> {
    let newest = cards::current(tx.conn(), means.outbox.vault(), of.person)?.map_or(0, |held| held.version);
    if of.card_version.is_some_and(|version| version > newest) {
        return Err(Problem::invalid(vec![Refusal::OutOfRange.at("/card_version")]).into());
    }
    Ok(())
}

/// Keeps her data from any use; as what, by what she asked for.
pub(super) fn restrict(tx: &mut Tx<'_>, sight: &Sight, of: &Request) -> Result<()> {
    let why = match of.kind {
        RightKind::Objection => RestrictedBy::Objection,
        RightKind::Erasure => RestrictedBy::Erasure,
        _ => RestrictedBy::Restriction,
    };
    restriction::restrict(tx, sight, of.subject, why, of.id).map(|_| ())
}
