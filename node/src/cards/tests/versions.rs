//! Looking back, comparing, how complete a card is and how long ago somebody asked.

use chrono::TimeDelta;
use staffetta_protocol::card::codes::SourceMeans;
use staffetta_protocol::card::{HeldSource, Section};
use staffetta_protocol::trust::Roles;

use super::sections::edit;
use super::*;
use crate::cards::model::differences::differences;

#[test]
fn entries_of_lists_are_known_again() {
    let skill = |text: &str, level: &str| {
        json!({"skill": {"kind": "free", "text": text}, "level": level, "source": "self",
            "validation_path": {"value": "declared_only", "proposed_by": "operator"}})
    };
    let start = Card::default();
    let old = with(
        &start,
        json!({
            "given_names": "Awa", "patentini": ["haccp"], "skills": [skill("saldare", "basic"), skill("cucire", "basic")],
            "language_skills": [{"language": "ita", "proficiency": {"kind": "overall", "level": "a1"}}]
        }),
    );
    let new = with(
        &start,
        json!({
            "preferred_name": "Fatou", "patentini": ["muletto", "haccp"], "seeking_status": "passive",
            "skills": [skill("cucire", "basic"), skill("saldare", "expert"), skill("tingere", "basic")],
            "language_skills": [{"language": "ita", "proficiency": {"kind": "overall", "level": "a2"}}],
            "sources": [{"field": "seeking_status", "source": "self", "on": "2026-11-20", "means": "phone"}]
        }),
    );
    let found = differences(&old, &new, |_| true).unwrap();
    let told: Vec<_> = found.iter().map(|one| (one.field.name(), one.change, one.section)).collect();
    assert_eq!(
        told,
        [
            ("language_skills", Change::Changed, "D"),
            ("skills", Change::Changed, "G"),
            ("skills", Change::Added, "G"),
            ("seeking_status", Change::Changed, "H"),
            ("patentini", Change::Added, "I"),
            ("given_names", Change::Removed, "A"),
            ("preferred_name", Change::Added, "A"),
        ]
    );
    assert_eq!(found[1].before.as_ref().unwrap()["skills"][0]["level"], "basic");
    assert_eq!(found[1].after.as_ref().unwrap()["skills"][0]["level"], "expert");
    assert_eq!(
        (&found[2].before, &found[2].after.as_ref().unwrap()["skills"][0]["skill"]["text"]),
        (&None, &json!("tingere"))
    );
    assert_eq!(found[3].source.as_ref().unwrap().means, SourceMeans::Phone);
    assert!(differences(&new, &new, |_| true).unwrap().is_empty());
    let blind = differences(&old, &new, |section| section == Section::H).unwrap();
    assert_eq!((blind.len(), &blind[0].source), (1, &None), "without section M nothing is said of sources");
    // What is shown of a field is a card: the same strict type reads it.
    for one in found.iter().flat_map(|one| [&one.before, &one.after]).flatten() {
        assert!(read::<Card>(&one.to_string()).is_ok());
    }
}

#[actix_web::test]
async fn versions_are_found_by_number_and_compared() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let first = put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let second = put(tx, &vault, &sight, full(&first.card), 1)?;
                assert_eq!(look_at_version(tx, &vault, &sight, 1)?, first);
                assert_eq!(look_at_version(tx, &vault, &sight, 2)?, second);
                for none in [0, 3, u32::MAX] {
                    assert_eq!(look_at_version(tx, &vault, &sight, none).unwrap_err().code(), Code::NotFound);
                    assert_eq!(look_at_differences(tx, &vault, &sight, (1, none)).unwrap_err().code(), Code::NotFound);
                }
                let there: Vec<_> =
                    look_at_differences(tx, &vault, &sight, (1, 2))?.iter().map(|one| one.change).collect();
                let back: Vec<_> =
                    look_at_differences(tx, &vault, &sight, (2, 1))?.iter().map(|one| one.change).collect();
                assert_eq!((there, back), (vec![Change::Added; 5], vec![Change::Removed; 5]));
                let stranger = person(tx, &vault);
                assert_eq!(look_at_version(tx, &vault, &seen(stranger.id), 1).unwrap_err().code(), Code::NotFound);
                let acts = journal::about(tx.conn(), awa.subject, 50)?;
                assert_eq!(acts.iter().filter(|one| one.act == "card.compared").count(), 2);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn the_same_on_another_word_is_a_difference_and_another_revision() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let nobody = Roles::new();
                put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let names = || edit(json!({"given_names": "Awa", "is_minor": "no"}));
                let first = save_section(tx, &vault, &sight, &nobody, (Section::A, 0), names())?;
                let by_phone = HeldSource { means: SourceMeans::Phone, ..first.sources[0].clone() };
                let mut again = names();
                again.sources = vec![by_phone.clone()];
                let second = save_section(tx, &vault, &sight, &nobody, (Section::A, first.revision), again)?;
                assert_eq!(second.fields, first.fields);
                let found = look_at_differences(tx, &vault, &sight, (first.version, second.version))?;
                let told: Vec<_> = found.iter().map(|it| (it.field.name(), it.change, it.section)).collect();
                assert_eq!(told, [("given_names", Change::Sourced, "A")]);
                assert_eq!((&found[0].before, &found[0].after), (&None, &None));
                let (is, was) = (found[0].source.clone().unwrap(), found[0].source_before.clone().unwrap());
                assert_eq!((is, was), (by_phone, first.sources[0].clone()));

                // The card whole, with another word for the same: whoever read the section reads it anew.
                let held = current(tx.conn(), &vault, awa.id)?.unwrap();
                let others = look_at_section(tx, &vault, &sight, Section::G)?.revision;
                let mut card = held.card.clone();
                let mut sources = card.sources.clone().into_vec();
                sources.iter_mut().find(|one| one.field.name() == "given_names").unwrap().means =
                    SourceMeans::Interview;
                card.sources = staffetta_protocol::card::List::new(sources).unwrap();
                put(tx, &vault, &sight, card, held.version)?;
                let late = save_section(tx, &vault, &sight, &nobody, (Section::A, second.revision), names());
                assert_eq!(late.unwrap_err().code(), Code::VersionConflict);
                assert_eq!(look_at_section(tx, &vault, &sight, Section::G)?.revision, others, "and no other section");

                let (old, new) = (of(tx, &vault, awa.id, 2)?, of(tx, &vault, awa.id, 3)?);
                let blind = differences(&old, &new, |section| section != Section::M)?;
                assert!(blind.is_empty(), "without section M nothing is said of sources");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

/// The card as it stood in this version.
fn of(tx: &mut Tx<'_>, vault: &Vault, person: PersonId, version: u32) -> Result<Card> {
    Ok(rows::of_version(tx.conn(), vault, person, version)?.unwrap().card)
}

#[actix_web::test]
async fn the_quick_card_counts_first_and_after_180_days_one_asks_again() {
    scratch::each(|store| async move {
        let vault = vault();
        let (sight, first) = {
            let vault = vault.clone();
            let act = move |tx: &mut Tx<'_>| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let empty = look_at_completeness(tx, &vault, &sight)?;
                assert_eq!((empty.version, empty.quick.percent, empty.stands_out), (0, 12, false));
                put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let found = look_at_completeness(tx, &vault, &sight)?;
                Ok((sight, found))
            };
            store.write(act).await.unwrap()
        };
        assert_eq!((first.version, first.quick.percent, first.quick.missing.len()), (1, 100, 0));
        assert_eq!((first.referral.percent, first.referral.missing.len()), (72, 3));
        let of = |found: &Completeness, letter: &str| {
            found.sections.iter().find(|one| one.section == letter).unwrap().clone()
        };
        assert_eq!(of(&first, "A").percent, 0);
        assert!(of(&first, "G").percent > 0 && of(&first, "G").missing.contains(&"soft_skills"));
        assert!(first.stands_out, "nobody else here has this province, these occupations and languages");
        assert!(first.sections.iter().all(|one| !one.to_be_confirmed));

        store.clock().advance(TimeDelta::days(181));
        let (vault, seen_by) = (vault.clone(), sight.clone());
        store
            .write(move |tx| {
                let other = person(tx, &vault);
                put_quick(tx, &vault, &seen(other.id), quick(), Some(&prato()))?;
                let old = look_at_completeness(tx, &vault, &seen_by)?;
                assert!(!old.stands_out, "two cards show the same now");
                assert!(of(&old, "G").to_be_confirmed && !of(&old, "A").to_be_confirmed, "nothing is there to confirm");
                let word = Word { source: SourceKind::Person, means: SourceMeans::Phone };
                let late = confirm(tx, &seen_by, 2, word, None).unwrap_err();
                assert_eq!(late.code(), Code::VersionConflict);
                confirm(tx, &seen_by, 1, word, Some(&BTreeSet::from([Section::G])))?;
                let half = look_at_completeness(tx, &vault, &seen_by)?;
                assert!(!of(&half, "G").to_be_confirmed && of(&half, "D").to_be_confirmed);
                assert_eq!((half.version, half.confirmations[0].sections.clone()), (1, vec![Section::G]));
                let at = look_at_section(tx, &vault, &seen_by, Section::D)?;
                let again = edit(Value::Object(at.fields.clone()));
                save_section(tx, &vault, &seen_by, &Roles::new(), (Section::D, at.revision), again)?;
                confirm(tx, &seen_by, 2, word, None)?;
                let fresh = look_at_completeness(tx, &vault, &seen_by)?;
                assert!(fresh.sections.iter().all(|one| !one.to_be_confirmed));
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
