//! What follows from an answer, in its transaction.

use staffetta_protocol::card::Refusal;
use staffetta_protocol::problem::Problem;

use super::model::{Request, RightKind};
use super::{Means, erasing};
use crate::access::Sight;
use crate::access::cases::restriction::{self, RestrictedBy};
use crate::cards;
use crate::error::Result;
use crate::grants;
use crate::store::Tx;
use crate::tasks::{self, Kind, Task};

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

/// Keeps her data from any use; as what, by what she asked for. Whoever received something about her is told of it by
/// somebody (art. 19), which is a task for each, since no message says so; before an erasure the recalls tell them.
pub(super) fn restrict(tx: &mut Tx<'_>, sight: &Sight, of: &Request) -> Result<()> {
    let why = match of.kind {
        RightKind::Objection => RestrictedBy::Objection,
        RightKind::Erasure => RestrictedBy::Erasure,
        _ => RestrictedBy::Restriction,
    };
    let before = restriction::of_case(tx.conn(), sight.case())?;
    let on = restriction::restrict(tx, sight, of.subject, why, of.id)?;
    if why == RestrictedBy::Erasure || before.iter().any(|it| it.id == on) {
        return Ok(());
    }
    for recipient in grants::told(tx.conn(), &[of.subject])? {
        let task = Task::new(Kind::RestrictionToBeTold, format_args!("{}/{}", of.id, recipient.peer));
        let task = recipient.peer.node().into_iter().fold(task, Task::with);
        tasks::open(tx, task.about(of.subject).code(why.code()))?;
    }
    Ok(())
}
