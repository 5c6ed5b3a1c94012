//! The file that she takes along (art. 20).

use staffetta_protocol::card::{Portability, PortabilityOrigin, Text};
use staffetta_protocol::id::EntityId;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::is_hers_to_know;
use crate::access::Sight;
use crate::cards;
use crate::cards::europass::{self, Form, Writing};
use crate::error::{Error, Result};
use crate::journal;
use crate::people;
use crate::store::Tx;
use crate::vault::Vault;

/// What this node is called in a file.
///
/// # Errors
/// Internal, for a name that no message could carry either.
pub(super) fn origin(entity_id: &EntityId, organisation: &str) -> Result<PortabilityOrigin> {
    let organisation_name = Text::new(organisation).map_err(|refusal| Error::internal(refusal.code()))?;
    Ok(PortabilityOrigin { entity_id: entity_id.clone(), organisation_name })
}

/// Her card and the same as a CV, as the file that another centre reads in. That it was taken out is recorded.
///
/// # Errors
/// `not_found`, also for a person without a card; `function_not_entitled` for whoever neither is the person nor answers
/// for her rights.
pub fn carry(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, from: PortabilityOrigin) -> Result<Portability> {
    if !is_hers_to_know(sight) {
        return Err(Code::FunctionNotEntitled.into());
    }
    let person = people::get(tx.conn(), people::of(sight))?;
    let held = cards::current(tx.conn(), vault, person.id)?.ok_or(Code::NotFound)?;
    let card = held.card.portable();
    let now = tx.now();
    let about = Writing { document: Uuid::new_v4(), at: now, for_herself: false };
    let cv = europass::write(&card, Form::Candidate, &about);
    let entry = sight.entry("rights.portability-exported").subject(person.subject).object(person.id);
    journal::record(tx, entry.code(format_args!("version:{}", held.version)))?;
    Ok(Portability::new(now, from, &card, cv))
}
