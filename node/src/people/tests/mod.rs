mod desk;
mod guardians;
mod merging;
mod searches;

use staffetta_protocol::card::{BirthDate, PartialDate, TaxCode, Text};

use super::*;
use crate::store::scratch;
use crate::vault::MasterKey;

fn vault() -> Vault {
    Vault::new(MasterKey::generate().unwrap())
}

fn label(text: &str) -> Label {
    Label::new(text).unwrap()
}

fn staff() -> Actor {
    Actor::Staff(Uuid::from_u128(7))
}

/// She works on this person's case.
fn seen(person: PersonId) -> Sight {
    Sight::of_taking_up(staff(), person.into())
}

fn born(year: &str) -> BirthDate {
    BirthDate { value: PartialDate::parse(year).unwrap(), estimated: true }
}

/// Somebody of these names; a code or a date that is empty is not known.
fn who(given: &str, family: &str, born: &str, code: &str) -> Identity {
    let text = |text: &str| (!text.is_empty()).then(|| Text::new(text).unwrap());
    Identity {
        given_names: text(given),
        family_names: text(family),
        tax_code: TaxCode::new(code).ok(),
        birth_date: PartialDate::parse(born).ok().map(|value| BirthDate { value, estimated: false }),
        ..Identity::default()
    }
}

#[actix_web::test]
async fn a_person_is_taken_up_found_and_renamed_with_her_name_untouched() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                for name in ["Awa N'Diaye", "Robert'); DROP TABLE person;--", "<b>Amina</b> & \"co\"", "محمد 李 Ọlá"]
                {
                    let person = create(tx, &vault, &staff(), &label(name))?;
                    let shown = look(tx, &vault, &seen(person.id))?;
                    assert_eq!((shown.label.as_str(), &shown.person), (name, &person));
                    assert_eq!(person.created_by, Some(Uuid::from_u128(7)));
                    let version = person.version();
                    let changed = relabel(tx, &vault, &seen(person.id), &label("Awa"), version)?;
                    assert!(changed.version() > version, "two acts in one instant are two versions");
                    let stale = relabel(tx, &vault, &seen(person.id), &label("Eva"), version);
                    assert_eq!(stale.unwrap_err().code(), Code::VersionConflict);
                    assert_eq!(look(tx, &vault, &seen(person.id))?.label.as_str(), "Awa");
                    let acts: Vec<_> =
                        journal::about(tx.conn(), person.subject, 10)?.into_iter().map(|entry| entry.act).collect();
                    assert_eq!(acts.len(), 4);
                    for act in ["person.created", "person.read", "person.labelled"] {
                        assert!(acts.iter().any(|done| done == act), "{act}");
                    }
                }
                let nobody = PersonId(Uuid::new_v4());
                assert_eq!(get(tx.conn(), nobody).unwrap_err().code(), Code::NotFound);
                assert_eq!(look(tx, &vault, &seen(nobody)).unwrap_err().code(), Code::NotFound);
                assert_eq!(relabel(tx, &vault, &seen(nobody), &label("x"), 0).unwrap_err().code(), Code::NotFound);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_list_is_bounded_goes_on_where_it_ended_and_leaves_an_entry_for_each() {
    scratch::each(|store| {
        let clock = store.clock().clone();
        async move {
            let vault = vault();
            for n in 0..5 {
                let vault = vault.clone();
                store.write(move |tx| create(tx, &vault, &staff(), &label(&format!("P{n}")))).await.unwrap();
                if n == 2 {
                    clock.advance(chrono::TimeDelta::seconds(1));
                }
            }
            store
                .write(move |tx| {
                    let mut seen = Vec::new();
                    let mut after = None;
                    loop {
                        let page = list(tx, &vault, &staff(), Listing::All, after, 2)?;
                        assert!(page.items.len() <= 2);
                        seen.extend(
                            page.items.into_iter().map(|listed| (listed.label.as_str().to_owned(), listed.person)),
                        );
                        after = page.next;
                        if after.is_none() {
                            break;
                        }
                    }
                    let mut labels: Vec<_> = seen.iter().map(|(label, _)| label.as_str()).collect();
                    assert!(["P3", "P4"].contains(&labels[4]), "in the order in which they came");
                    labels.sort_unstable();
                    assert_eq!(labels, ["P0", "P1", "P2", "P3", "P4"]);
                    for (_, person) in &seen {
                        let acts = journal::about(tx.conn(), person.subject, 10)?;
                        assert!(acts.iter().any(|entry| entry.act == "person.listed"));
                    }
                    vault.shred(tx, seen[0].1.subject)?;
                    assert_eq!(
                        list(tx, &vault, &staff(), Listing::All, None, 100)?.items.len(),
                        4,
                        "who was erased is not listed"
                    );
                    Ok(())
                })
                .await
                .unwrap();
        }
    })
    .await;
}

#[actix_web::test]
async fn the_same_person_is_proposed_by_tax_code_and_by_names_with_year() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let code = TaxCode::new("RSSMRA85T10A562S").unwrap();
                let awa = create(tx, &vault, &staff(), &label("Awa"))?;
                let omar = create(tx, &vault, &staff(), &label("Omar"))?;
                index(tx, &vault, &awa, who("Awa Fatou", "N'Diaye", "1996-03-01", code.as_str()))?;
                index(tx, &vault, &omar, who("Omar", "Farouk", "1990", ""))?;

                let found = |tx: &mut Tx<'_>, code, names: &[&str], birth: Option<BirthDate>| {
                    find_same(tx.conn(), &vault, code, names, birth.as_ref())
                };
                let by_code = found(tx, Some(&code), &["Somebody", "Else"], Some(born("1950")))?;
                assert_eq!(by_code, [Match { person: awa.id, on: MatchedOn::TaxCode }]);
                let omocode = TaxCode::new("RSSMRA85T10A56NH").unwrap();
                assert_eq!(found(tx, Some(&omocode), &[], None)?, by_code, "in any of its spellings");
                let by_name = found(tx, None, &["NDIAYE", "awa-fatou"], Some(born("1996")))?;
                assert_eq!(by_name, [Match { person: awa.id, on: MatchedOn::NamesAndYear }]);
                let both = found(tx, Some(&code), &["Farouk", "Omar"], Some(born("1990-07")))?;
                assert_eq!(
                    both.iter().map(|it| it.person).collect::<Vec<_>>(),
                    [awa.id, omar.id],
                    "the code comes first"
                );
                assert_eq!(found(tx, None, &["Awa Fatou", "N'Diaye"], Some(born("1997")))?, []);
                assert_eq!(found(tx, None, &["Awa Fatou", "N'Diaye"], None)?, [], "a name alone finds nobody");

                index(tx, &vault, &awa, who("Awa", "Sarr", "1996", ""))?;
                assert_eq!(
                    found(tx, Some(&code), &["Awa Fatou", "N'Diaye"], Some(born("1996")))?,
                    [],
                    "the old is gone"
                );
                vault.shred(tx, omar.subject)?;
                assert_eq!(found(tx, None, &["Omar", "Farouk"], Some(born("1990")))?, [], "nobody who was erased");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
