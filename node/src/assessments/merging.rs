//! Two people's records become one, and so do their assessments and notes.

use diesel::prelude::*;

use super::model::State;
use crate::error::Result;
use crate::store::schema::{assessment, counselling_note};
use crate::store::{At, Id, Tx};
use crate::vault::{Merging, Vault};

/// Everything stays. Where both have a signed summary the later one is in force, and the other was superseded by it.
pub(super) fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    let (from, into) = (Id(merging.from), Id(merging.into));
    let signed: Vec<Id> = assessment::table
        .filter(assessment::person.eq_any([from, into]))
        .filter(assessment::state.eq(State::Signed.code()))
        .order((assessment::signed_at.desc(), assessment::id.desc()))
        .select(assessment::id)
        .load(tx.conn())?;
    if let [in_force, earlier @ ..] = &signed[..] {
        for id in earlier {
            diesel::update(assessment::table.find(id))
                .set((
                    assessment::state.eq(State::Superseded.code()),
                    assessment::superseded_by.eq(in_force),
                    assessment::version.eq(assessment::version + 1),
                    assessment::updated_at.eq(At::from(tx.now())),
                ))
                .execute(tx.conn())?;
        }
    }
    diesel::update(assessment::table.filter(assessment::person.eq(from)))
        .set(assessment::person.eq(into))
        .execute(tx.conn())?;
    diesel::update(counselling_note::table.filter(counselling_note::person.eq(from)))
        .set(counselling_note::person.eq(into))
        .execute(tx.conn())?;
    Ok(())
}
