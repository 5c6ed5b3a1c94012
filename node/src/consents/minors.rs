//! What somebody agreed to herself, once it turns out that she was not of age to: from the transaction that writes it down
//! it permits nothing.
//!
//! It ends as a guardian's word does at eighteen, and not as a withdrawal: nothing new leaves, what waits is struck when it
//! would leave, and nobody is called back. Whoever accompanies her is told to ask her guardian. Where she turns out to be of
//! age after all, what has ended stays ended: she is asked anew.

use super::due::move_end;
use super::ending::in_force;
use super::model::ExpressedBy;
use super::model::age::Age;
use super::rows;
use crate::access::Sight;
use crate::cards;
use crate::error::Result;
use crate::journal::Actor;
use crate::people::{self, guardians};
use crate::store::Tx;
use crate::tasks::{self, Kind, Task};
use crate::vault::Vault;

/// Heeds what her card says of her age now. Called by whoever saved it, in the same transaction.
///
/// # Errors
/// `not_found`.
pub fn heed_age(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight) -> Result<()> {
    let person = people::get(tx.conn(), people::of(sight))?;
    let (now, today) = (tx.now(), cards::today(tx));
    let born = cards::current(tx.conn(), vault, person.id)?.and_then(|held| held.card.birth_date);
    let majority = guardians::age_today(tx.conn(), vault, person.id, today)?;
    let age = Age::of(majority, born, now);
    let due = match age {
        Age::Adult => None,
        Age::Minor { .. } => Some(Kind::GuardianToBeAsked),
        Age::TooYoung => Some(Kind::UnderSixteen),
    };
    for kind in [Kind::GuardianToBeAsked, Kind::UnderSixteen].into_iter().filter(|kind| Some(*kind) != due) {
        let by = sight.staff().map_or(Actor::System, Actor::Staff);
        tasks::close(tx, kind, &person.id.0.to_string(), by)?;
    }
    let Some(kind) = due else { return Ok(()) };
    let mut ended = 0;
    let mut found = in_force(tx.conn(), vault, person.id, now)?;
    found.sort_by_key(|consent| consent.record);
    for consent in found {
        // Whoever renews it meanwhile is waited for: it ends as it stands then.
        let Some(consent) = rows::locked(tx, vault, consent.record)? else { continue };
        // Of somebody who is too young her guardian's word is none either.
        if consent.expressed.by == ExpressedBy::Person || age == Age::TooYoung {
            move_end(tx, sight, &super::Consent { ends_early: Some(now), ..consent })?;
            ended += 1;
        }
    }
    if ended > 0 || kind == Kind::UnderSixteen {
        tasks::open(tx, Task::new(kind, person.id.0).about(person.subject).code(format_args!("ended:{ended}")))?;
    }
    Ok(())
}
