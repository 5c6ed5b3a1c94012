use staffetta_protocol::card::codes::Minor;
use staffetta_protocol::card::{Day, List};

use super::*;
use crate::people::guardians::{self, Age, GuardianDetails, GuardianEnd, GuardianKind};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

fn details(name: &str) -> GuardianDetails {
    let contacts = List::new(vec![Text::new("+39 333 0000000").unwrap()]).unwrap();
    GuardianDetails { label: label(name), contacts, reference: None, document: None }
}

/// A minor; the clock stands at 23 November 2026.
fn minor(tx: &mut Tx<'_>, vault: &Vault, born: &str, minor: Minor) -> Person {
    let person = create(tx, vault, &staff(), &label("M")).unwrap();
    let identity = Identity { is_minor: minor, ..who("Sekou", "", born, "") };
    index(tx, vault, &person, identity).unwrap();
    person
}

#[actix_web::test]
async fn a_guardian_answers_until_replaced_or_the_birthday() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let sekou = minor(tx, &vault, "2009-05-17", Minor::Yes);
                let sight = seen(sekou.id);
                let in_charge = |tx: &mut Tx<'_>, on: &str| {
                    let found = guardians::in_charge(tx.conn(), &vault, sekou.id, day(on)).unwrap();
                    found.map(|guardian| guardian.details.label.as_str().to_owned())
                };
                assert_eq!(in_charge(tx, "2026-11-23"), None);
                let parent = GuardianKind::Parent;
                let first = guardians::add(tx, &vault, &sight, parent, day("2026-01-01"), details("Padre"))?;
                let msna = GuardianKind::MsnaGuardian;
                let second = guardians::add(tx, &vault, &sight, msna, day("2026-06-01"), details("Tutrice"))?;
                assert_eq!(in_charge(tx, "2026-11-23").as_deref(), Some("Tutrice"), "the newest");
                guardians::end(tx, &vault, &sight, first.id, day("2026-06-01"), GuardianEnd::Replaced)?;
                let again = guardians::end(tx, &vault, &sight, first.id, day("2026-06-01"), GuardianEnd::Replaced);
                assert_eq!(again.unwrap_err().code(), Code::Conflict);
                assert_eq!(in_charge(tx, "2026-03-01").as_deref(), Some("Padre"), "as it was then");
                assert_eq!(in_charge(tx, "2027-05-16").as_deref(), Some("Tutrice"));
                assert_eq!(in_charge(tx, "2027-05-17"), None, "of age");

                let changed = guardians::change(tx, &vault, &sight, second.id, &details("Tutrice B"), 1)?;
                assert_eq!((changed.version, changed.details.label.as_str()), (2, "Tutrice B"));
                let stale = guardians::change(tx, &vault, &sight, second.id, &details("Altro"), 1).unwrap_err();
                assert_eq!(stale.code(), Code::VersionConflict);
                let all = guardians::list(tx, &vault, &sight)?;
                assert_eq!(all.iter().map(|it| it.id).collect::<Vec<_>>(), [first.id, second.id]);

                let other = minor(tx, &vault, "", Minor::UnderAssessment);
                let elsewhere = guardians::change(tx, &vault, &seen(other.id), second.id, &details("X"), 2);
                assert_eq!(elsewhere.unwrap_err().code(), Code::NotFound, "hers alone");
                assert_eq!(guardians::age_today(tx.conn(), &vault, other.id, day("2026-11-23"))?, Age::Minor);
                guardians::add(tx, &vault, &seen(other.id), msna, day("2026-06-01"), details("Tutore"))?;
                let grown = minor(tx, &vault, "2000-01-01", Minor::No);
                let refused = guardians::add(tx, &vault, &seen(grown.id), parent, day("2026-06-01"), details("P"));
                assert_eq!(refused.unwrap_err().code(), Code::Conflict);

                let acts = journal::about(tx.conn(), sekou.subject, 20)?;
                for act in ["guardian.added", "guardian.ended", "guardian.changed", "guardian.read"] {
                    assert!(acts.iter().any(|entry| entry.act == act), "{act}");
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn who_comes_of_age_is_listed_to_whoever_works_with_her() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let of = |tx: &mut Tx<'_>, born: &str, kind| {
                    let person = minor(tx, &vault, born, kind);
                    let sight = seen(person.id);
                    let msna = GuardianKind::MsnaGuardian;
                    guardians::add(tx, &vault, &sight, msna, day("2026-01-01"), details("T")).unwrap();
                    person.id
                };
                let soon = of(tx, "2009-01-10", Minor::Yes);
                let late = of(tx, "2009-05-10", Minor::Yes);
                let year = of(tx, "2009", Minor::UnderAssessment);
                let listed = |tx: &mut Tx<'_>, of, days| {
                    let (found, next) = guardians::coming_of_age(tx, &vault, &staff(), of, days, (None, 50)).unwrap();
                    assert_eq!(next, None);
                    let mut found: Vec<_> = found.into_iter().map(|it| it.guardian.person).collect();
                    found.sort();
                    found
                };
                let sorted = |mut all: Vec<PersonId>| {
                    all.sort();
                    all
                };
                assert_eq!(listed(tx, Listing::All, 60), sorted(vec![soon, year]));
                assert_eq!(listed(tx, Listing::All, 300), sorted(vec![soon, late, year]));
                assert_eq!(listed(tx, Listing::Of(Uuid::from_u128(7)), 60), sorted(vec![soon, year]));
                assert_eq!(listed(tx, Listing::Of(Uuid::from_u128(8)), 60), []);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
