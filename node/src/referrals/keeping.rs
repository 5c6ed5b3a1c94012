//! A sender takes back what it had passed on: what this office keeps of it as its own, and what becomes of the rest.
//!
//! An office that registered a declaration, an agreement or a policy did so by law, and answers for it: what these rest on
//! stays, in a record of its own and without the link to the sender. Everything else goes. Nobody keeps a preview, needs or
//! adjustments.

use std::collections::{BTreeMap, BTreeSet};

use staffetta_protocol::card::CardGroups;
use staffetta_protocol::card::codes::{SourceKind, SourceMeans};
use staffetta_protocol::consent::Group;
use staffetta_protocol::data::{GroupOutcome, RetentionBasis};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::case::Case;
use super::known::named;
use super::model::Side;
use super::{rows, sap};
use crate::access::Sight;
use crate::cards::{self, Said};
use crate::consents;
use crate::consents::tree::kept_until;
use crate::error::Result;
use crate::outbox::Outbox;
use crate::people::{self, PersonId};
use crate::store::Tx;

/// On what an office keeps which groups, and why, as the person is told. For how long the settings say. Of two the first
/// counts.
type Basis = (RetentionBasis, &'static [Group], &'static str);

const POLICY: Basis = (
    RetentionBasis::PolicyRecord,
    &[Group::Identity, Group::Status, Group::Contact],
    "Politica attiva registrata: la documentazione va conservata per legge.",
);
const PATTO: Basis = (
    RetentionBasis::Patto,
    &[Group::Identity, Group::Status, Group::Contact, Group::SkillsFull],
    "Patto di servizio firmato: l'ufficio lo conserva per legge.",
);
const DID: Basis = (
    RetentionBasis::Did,
    &[Group::Identity, Group::Status, Group::Contact],
    "Dichiarazione di immediata disponibilit\u{e0} registrata: l'ufficio la conserva per legge.",
);

/// What this office keeps of these groups of a thread, on which basis. They stand in the person's own card here from now on;
/// and where nothing of hers is kept, she is called by no name that had come from there.
pub(super) fn keeps(
    tx: &mut Tx<'_>,
    outbox: &Outbox,
    thread: Uuid,
    groups: &BTreeSet<Group>,
) -> Result<BTreeMap<Group, GroupOutcome>> {
    let Some(id) = rows::of_thread(tx.conn(), thread)? else { return Ok(BTreeMap::new()) };
    let now = tx.now();
    let case = Case::read(tx.conn(), id, now)?;
    let Some(person) = case.person().map(PersonId).filter(|_| case.side == Side::Taker) else {
        return Ok(BTreeMap::new());
    };
    let held = cards::received(tx.conn(), outbox.vault(), thread)?.groups;
    let mut kept = BTreeMap::new();
    for ((basis, covers, reason), years) in bases(tx, outbox, &case)? {
        for group in covers.iter().filter(|group| groups.contains(group)) {
            if let Some(outcome) = kept_until(basis, now, years, reason) {
                kept.entry(*group).or_insert(outcome);
            }
        }
    }
    if !own(tx, outbox, person, only(held, &kept))? {
        kept.clear();
    }
    if groups.contains(&Group::Identity) && !kept.contains_key(&Group::Identity) {
        forget_name(tx, outbox, person, thread)?;
    }
    Ok(kept)
}

fn bases(tx: &mut Tx<'_>, outbox: &Outbox, case: &Case) -> Result<Vec<(Basis, u32)>> {
    let vault = outbox.vault();
    let (_, office) = sap::office(tx.conn(), vault, case.id())?;
    let policies = !sap::policies(tx.conn(), vault, case.id())?.is_empty();
    let years = outbox.own_basis();
    let found = [
        (policies, POLICY, years.policy_record),
        (office.patto.is_some(), PATTO, years.patto),
        (office.did.is_some(), DID, years.did),
    ];
    Ok(found.into_iter().filter_map(|(there, basis, years)| there.then_some((basis, years))).collect())
}

fn only(held: CardGroups, kept: &BTreeMap<Group, GroupOutcome>) -> CardGroups {
    let stays = |group: Group| kept.contains_key(&group);
    CardGroups {
        identity: held.identity.filter(|_| stays(Group::Identity)),
        status: held.status.filter(|_| stays(Group::Status)),
        skills_full: held.skills_full.filter(|_| stays(Group::SkillsFull)),
        contact: held.contact.filter(|_| stays(Group::Contact)),
        ..CardGroups::default()
    }
}

/// Lays them onto her card here. Says whether they could be: what does not go together with what is here is not kept.
fn own(tx: &mut Tx<'_>, outbox: &Outbox, person: PersonId, groups: CardGroups) -> Result<bool> {
    if groups.groups().is_empty() {
        return Ok(true);
    }
    let said = Said { source: SourceKind::Third, means: SourceMeans::Import, on: cards::today(tx), operator: None };
    let sight = Sight::of_the_node(person.into());
    let laid = tx.savepoint(|tx| {
        cards::take_over(tx, outbox.vault(), &sight, &groups, said)?;
        consents::heed_age(tx, outbox.vault(), &sight)
    });
    match laid {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.code(), Code::InvalidInput | Code::HolderChanged | Code::NotFound) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whoever was entered when the referral was accepted is called by the name that it told then; it may have told another since.
fn forget_name(tx: &mut Tx<'_>, outbox: &Outbox, person: PersonId, thread: Uuid) -> Result<()> {
    let vault = outbox.vault();
    let own = cards::current(tx.conn(), vault, person)?.is_some_and(|held| held.card.given_names.is_some());
    let Some(label) = people::label_of(tx.conn(), vault, person)?.filter(|_| !own) else { return Ok(()) };
    for identity in cards::identities(tx.conn(), vault, thread)? {
        if named(&identity)? == label {
            return people::unname(tx, vault, person);
        }
    }
    Ok(())
}
