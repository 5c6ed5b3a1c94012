//! A merge of two people, through every room there is.

use std::collections::BTreeSet;

use diesel::prelude::*;
use serde_json::json;
use staffetta_protocol::card::codes::{Minor, SourceKind, SourceMeans};
use staffetta_protocol::card::{Day, List, Province, Text, read};
use staffetta_protocol::consent::Purpose;
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::HOLDINGS;
use crate::access::Sight;
use crate::access::cases::{self, Function, Functions, Listing};
use crate::error::Result;
use crate::grants::{self, Destination};
use crate::journal::{self, Actor};
use crate::people::guardians::{self, GuardianDetails, GuardianKind};
use crate::people::{self, Identity, Kept, Label, MergeReason, Person, PersonId, Query};
use crate::store::schema::case_restriction;
use crate::store::{At, Tx, census, scratch};
use crate::vault::{MasterKey, Vault};
use crate::{cards, vault};

/// Columns that hold the id of a person without being called `person`.
const ALSO: &[(&str, &str)] = &[
    ("case_member", "case_file"),
    ("broken_glass", "case_file"),
    ("case_handover", "case_file"),
    ("countersignature", "case_file"),
    ("case_restriction", "case_file"),
    ("task", "case_file"),
    ("person_distinct", "one"),
    ("person_distinct", "other"),
];

/// Where the id of a record that went may still stand: it leads on from there, or names what it was.
const LEADS_ON: &[(&str, &str)] =
    &[("person", "id"), ("person_known", "id"), ("person_merge", "went"), ("case_moved", "id"), ("journal", "object")];

pub(super) fn staff(id: u128) -> Actor {
    Actor::Staff(Uuid::from_u128(id))
}

fn reason() -> MergeReason {
    MergeReason::new("Stesso documento, visto oggi").unwrap()
}

/// Somebody with a card of so many versions, whose case is led by `lead`.
pub(super) fn person(tx: &mut Tx<'_>, vault: &Vault, lead: u128, name: &str, versions: u32) -> Result<Person> {
    let person = people::create(tx, vault, &staff(lead), &Label::new(format!("Etichetta {name}")).unwrap())?;
    let sight = Sight::of_taking_up(staff(lead), person.id.into());
    let quick = json!({
        "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes", "italian": "a2",
        "target_occupations": {"kind": "any"},
        "skills": [{"skill": {"kind": "free", "text": "saldatura ad arco", "isco08": "7212"}, "source": "observed"}]
    });
    let prato = Province::new("PO").unwrap();
    let first = cards::put_quick(tx, vault, &sight, read(&quick.to_string()).unwrap(), Some(&prato))?;
    let mut card = first.card;
    for version in 1..versions {
        card.given_names = Some(Text::new(format!("{name} {version}")).unwrap());
        card.is_minor = Minor::UnderAssessment;
        card = cards::put(tx, vault, &sight, card, version)?.card;
    }
    let details =
        GuardianDetails { label: Label::new("T").unwrap(), contacts: List::none(), reference: None, document: None };
    guardians::add(tx, vault, &sight, GuardianKind::MsnaGuardian, Day::parse("2026-01-01").unwrap(), details)?;
    people::get(tx.conn(), person.id)
}

fn merged(tx: &mut Tx<'_>, vault: &Vault, into: PersonId, from: PersonId, kept: Kept) -> Result<people::Listed> {
    people::merge(tx, vault, &staff(1), HOLDINGS, (into, from), kept, &reason())
}

fn card_says(tx: &mut Tx<'_>, vault: &Vault, person: PersonId) -> (u32, String) {
    let held = cards::current(tx.conn(), vault, person).unwrap().unwrap();
    (held.version, held.card.given_names.unwrap().as_str().to_owned())
}

/// No table keeps naming a record that went into another, and none loses a row: those of rooms that do not exist yet
/// included. One that fails here has a `Holding` whose `merge` does not know all of its tables.
#[actix_web::test]
async fn after_a_merge_nothing_names_the_record_that_went_and_nothing_is_lost() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let stays = person(tx, &vault, 7, "Awa", 2)?;
                let goes = person(tx, &vault, 8, "Fatou", 3)?;
                let third = person(tx, &vault, 8, "Terza", 2)?;
                for other in [stays.id, goes.id] {
                    let sight = Sight::of_taking_up(staff(8), other.into());
                    people::tell_apart(tx, &sight, third.id)?;
                }
                let tables: Vec<(String, String)> = census::columns(tx.conn())?
                    .into_iter()
                    .map(|(table, column, ..)| (table, column))
                    .filter(|(table, column)| column == "person" || ALSO.contains(&(table.as_str(), column.as_str())))
                    .collect();
                assert!(tables.len() > 10);
                for (table, column) in tables {
                    let there = census::mentions(tx.conn(), goes.id.into())?;
                    if table != "person_distinct" && !there.contains_key(&(table.clone(), column.clone())) {
                        census::add(tx.conn(), &table, &column, goes.id.into())?;
                    }
                }
                // What was restricted once is so no more: while it is, nothing is merged.
                diesel::update(case_restriction::table)
                    .set(case_restriction::lifted_at.eq(Some(At::from(tx.now()))))
                    .execute(tx.conn())?;
                let before = census::counts(tx.conn())?;
                merged(tx, &vault, stays.id, goes.id, Kept::Own)?;

                let named = census::mentions(tx.conn(), goes.id.into())?;
                let left: Vec<_> =
                    named.keys().filter(|(t, c)| !LEADS_ON.contains(&(t.as_str(), c.as_str()))).collect();
                assert!(left.is_empty(), "these still name the record that went: {left:?}");
                let after = census::counts(tx.conn())?;
                // One case, one newest version, one state of each section and one set of tokens remain of two; `third` is told apart from one.
                let fewer =
                    ["case_file", "card", "card_section", "card_combination", "person_token", "person_distinct"];
                for (table, rows) in &before {
                    let now = after[table];
                    assert!(now >= *rows || fewer.contains(&table.as_str()), "{table} had {rows} rows and has {now}");
                }
                assert_eq!(after["card_version"], before["card_version"] + 1, "hers, repeated at the end");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn both_histories_of_the_card_go_on_as_one() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                for (kept, expected) in [(Kept::Own, (6, "Awa 1")), (Kept::Other, (5, "Fatou 2"))] {
                    let stays = person(tx, &vault, 7, "Awa", 2)?;
                    let goes = person(tx, &vault, 8, "Fatou", 3)?;
                    let to: Destination = "https://cpi.example".parse().unwrap();
                    assert_eq!(cards::shown_version(tx, &to, goes.subject, 1)?, 1);
                    assert_eq!(cards::shown_version(tx, &to, goes.subject, 3)?, 2);
                    merged(tx, &vault, stays.id, goes.id, kept)?;

                    let (version, name) = card_says(tx, &vault, stays.id);
                    assert_eq!((version, name.as_str()), expected);
                    let sight = Sight::of_taking_up(staff(7), stays.id.into());
                    let all = cards::versions(tx, &sight, None, 50)?.items;
                    assert_eq!(all.len() as u32, version, "every version of both");
                    assert_eq!(
                        cards::shown_version(tx, &to, goes.subject, 3)?,
                        1,
                        "what it was shown, by our number now"
                    );
                    assert_eq!(cards::shown_version(tx, &to, goes.subject, 5)?, 2);
                    let card = cards::current(tx.conn(), &vault, stays.id)?.unwrap().card;
                    let saved = cards::put(tx, &vault, &sight, card, version)?;
                    assert_eq!(saved.version, version + 1, "and it goes on");
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn she_is_found_by_both_names_and_both_ids_and_her_keys_go_together() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let stays = person(tx, &vault, 7, "Awa", 2)?;
                let goes = person(tx, &vault, 8, "Fatou", 2)?;
                let last = person(tx, &vault, 9, "Ndeye", 2)?;
                let helper = Functions::from(Function::Mediator);
                cases::assign(tx, staff(8), goes.id.into(), Uuid::from_u128(20), &helper)?;
                merged(tx, &vault, stays.id, goes.id, Kept::Other)?;
                merged(tx, &vault, last.id, stays.id, Kept::Own)?;

                for gone in [goes.id, stays.id] {
                    let problem = people::get(tx.conn(), gone).unwrap_err().problem();
                    assert_eq!((problem.code, problem.merged_into), (Code::Merged, Some(last.id.into())));
                    let again = merged(tx, &vault, last.id, gone, Kept::Own).unwrap_err();
                    assert_eq!(again.code(), Code::Merged, "once");
                }
                for name in ["awa", "fatou", "ndeye"] {
                    let query = Query::parse(name).unwrap();
                    let found = people::search(tx.conn(), &vault, &query, Listing::All, None, 9)?;
                    let found: Vec<_> = found.items.iter().map(|hit| (hit.person, hit.label.as_str())).collect();
                    assert_eq!(found, [(last.id, "Etichetta Ndeye")], "{name}");
                }
                let team: BTreeSet<_> = cases::members(tx.conn(), last.id.into())?.iter().map(|it| it.staff).collect();
                assert_eq!(team, [7, 8, 9, 20].map(Uuid::from_u128).into(), "whoever worked on any of them");

                let acts = journal::about(tx.conn(), last.subject, 200)?;
                assert_eq!(acts.iter().filter(|it| it.act == "person.created").count(), 3, "one journal");
                assert_eq!(acts.iter().filter(|it| it.act == "person.merged").count(), 4, "on both sides of each");
                let hers = people::subjects(tx.conn(), &last)?;
                assert_eq!((hers[0], hers.len()), (last.subject, 3), "hers seals what is new");
                assert!(hers.contains(&stays.subject) && hers.contains(&goes.subject));
                let sight = Sight::of_taking_up(staff(9), last.id.into());
                let went = people::merges(tx, &vault, &sight)?;
                assert_eq!(went.iter().map(|it| it.0).collect::<BTreeSet<_>>(), [goes.id, stays.id].into());
                assert!(went.iter().all(|it| it.1 == reason()));

                people::erase(tx, &vault, last.id)?;
                for subject in [last.subject, stays.subject, goes.subject] {
                    let place = crate::vault::Place { table: "x", row: Uuid::nil(), column: "x" };
                    assert!(vault.seal(tx.conn(), subject, place, b"x").is_err(), "no key of hers is left");
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn who_was_told_apart_or_is_herself_is_not_merged() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let (one, other) = (person(tx, &vault, 7, "Awa", 2)?, person(tx, &vault, 7, "Fatou", 2)?);
                let sight = Sight::of_taking_up(staff(7), one.id.into());
                people::tell_apart(tx, &sight, other.id)?;
                assert_eq!(merged(tx, &vault, one.id, other.id, Kept::Own).unwrap_err().code(), Code::Conflict);
                assert_eq!(merged(tx, &vault, one.id, one.id, Kept::Own).unwrap_err().code(), Code::InvalidInput);
                let nobody = PersonId(Uuid::new_v4());
                assert_eq!(merged(tx, &vault, one.id, nobody, Kept::Own).unwrap_err().code(), Code::NotFound);
                people::index(tx, &vault, &one, Identity::default())?;
                people::tell_apart_no_more(tx, &sight, other.id)?;
                merged(tx, &vault, one.id, other.id, Kept::Own)?;
                let now = tx.now();
                assert!(grants::live_grants(tx.conn(), one.subject, Purpose::P1, now)?.is_empty());
                assert_eq!(vault::joined(tx.conn(), other.subject)?, vault::joined(tx.conn(), one.subject)?);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_merge_asks_nobody_and_what_was_old_is_to_be_confirmed() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        let keys = vault.clone();
        let both =
            store.write(move |tx| Ok((person(tx, &keys, 7, "Awa", 2)?.id, person(tx, &keys, 8, "Fatou", 2)?.id)));
        let (stays, goes) = both.await.unwrap();
        store.clock().advance(chrono::TimeDelta::days(181));
        store
            .write(move |tx| {
                let stale = |tx: &mut Tx<'_>, person: PersonId| -> Result<Vec<&'static str>> {
                    let sight = Sight::of_taking_up(staff(1), person.into());
                    let found = cards::look_at_completeness(tx, &vault, &sight)?;
                    Ok(found.sections.iter().filter(|one| one.to_be_confirmed).map(|one| one.section).collect())
                };
                let old = stale(tx, stays)?;
                assert!(old.contains(&"A") && old.contains(&"G"), "{old:?}");
                // The other card was gone through today: that says nothing of this one.
                let word = cards::Word { source: SourceKind::Person, means: SourceMeans::Phone };
                let sight = Sight::of_taking_up(staff(8), goes.into());
                cards::confirm(tx, &sight, 2, word, None)?;
                assert_eq!(stale(tx, goes)?, [""; 0]);
                merged(tx, &vault, stays, goes, Kept::Own)?;
                assert_eq!(stale(tx, stays)?, old, "nobody asked her");
                cards::confirm(tx, &Sight::of_taking_up(staff(7), stays.into()), 5, word, None)?;
                assert_eq!(stale(tx, stays)?, [""; 0]);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
