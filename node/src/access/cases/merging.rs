//! Two people's records become one: whoever works on either works on it.

use diesel::prelude::*;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::functions::Functions;
use super::{restriction, rows};
use crate::error::Result;
use crate::store::schema::{broken_glass, case_file, case_handover, case_member, case_moved, countersignature};
use crate::store::{At, Conn, Id, Tx};
use crate::vault::{Merging, Vault};

/// Where a case went that is no more.
pub(super) fn moved_into(conn: &mut Conn, case: Uuid) -> Result<Option<Uuid>> {
    let into: Option<Id> = case_moved::table.find(Id(case)).select(case_moved::moved_into).first(conn).optional()?;
    Ok(into.map(|id| id.0))
}

/// The team of the case that goes joins the other's, each with all the functions that she had in either. Who leads and
/// who stands in is as it was in the one that stays, and, where nobody was, as in the one that goes; nobody stands in for
/// herself.
pub(super) fn merge(tx: &mut Tx<'_>, _: &Vault, merging: &Merging) -> Result<()> {
    let (from, into) = (Id(merging.from), Id(merging.into));
    let gone = rows::case_file(tx.conn(), merging.from)?.ok_or(Code::NotFound)?;
    let stays = rows::case_file(tx.conn(), merging.into)?.ok_or(Code::NotFound)?;
    for member in rows::members(tx.conn(), merging.from)? {
        let had = rows::functions(tx.conn(), merging.into, member.staff)?;
        let both = Functions::new(member.functions.iter().chain(had.iter().flat_map(Functions::iter)));
        let functions = both.unwrap_or(member.functions);
        // Who learns keeps whoever countersigns for her here.
        let supervisor = rows::members(tx.conn(), merging.into)?
            .into_iter()
            .find(|known| known.staff == member.staff)
            .and_then(|known| known.supervisor)
            .or(member.supervisor);
        rows::put(tx, merging.into, member.staff, &functions, supervisor)?;
    }
    diesel::delete(case_member::table.filter(case_member::case_file.eq(from))).execute(tx.conn())?;
    diesel::update(broken_glass::table.filter(broken_glass::case_file.eq(from)))
        .set(broken_glass::case_file.eq(into))
        .execute(tx.conn())?;
    diesel::update(case_handover::table.filter(case_handover::case_file.eq(from)))
        .set(case_handover::case_file.eq(into))
        .execute(tx.conn())?;
    diesel::update(countersignature::table.filter(countersignature::case_file.eq(from)))
        .set(countersignature::case_file.eq(into))
        .execute(tx.conn())?;
    let lead = stays.lead.or(gone.lead);
    let deputy = [stays.deputy, gone.deputy].into_iter().flatten().find(|deputy| Some(*deputy) != lead);
    restriction::hand_over(tx, merging.from, merging.into)?;
    diesel::delete(case_file::table.find(from)).execute(tx.conn())?;
    diesel::update(case_file::table.find(into))
        .set((
            case_file::lead.eq(lead.map(Id)),
            case_file::deputy.eq(deputy.map(Id)),
            case_file::version.eq(case_file::version + 1),
        ))
        .execute(tx.conn())?;
    diesel::update(case_moved::table.filter(case_moved::moved_into.eq(from)))
        .set(case_moved::moved_into.eq(into))
        .execute(tx.conn())?;
    diesel::insert_into(case_moved::table)
        .values((case_moved::id.eq(from), case_moved::moved_into.eq(into), case_moved::moved_at.eq(At::from(tx.now()))))
        .execute(tx.conn())?;
    Ok(())
}
