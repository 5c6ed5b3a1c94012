//! The two books on every database, and which office is proposed for whom.

use proptest::prelude::*;
use serde_json::{Value, json};
use staffetta_protocol::card::read;

use super::*;
use crate::store::scratch;

fn staff() -> Actor {
    Actor::Staff(Uuid::from_u128(7))
}

fn comune(code: &str) -> Comune {
    Comune::new(code).unwrap()
}

fn partner_of(label: &str, comuni: &[&str]) -> PartnerOffice {
    let value = json!({
        "organisation_name": "Zzcomune", "organisation": "ipa:c_g999#sportello", "office": label,
        "pec": "sportello@pec.zzcomune.example", "phone": "+39057412345", "competence_comuni": comuni
    });
    serde_json::from_value(value).unwrap()
}

fn own_in(comune: &str) -> OwnOffice {
    let value = json!({"label": "Il Ponte", "address": "via Zzmark 1", "comune": comune, "languages": ["fra", "ara"]});
    serde_json::from_value(value).unwrap()
}

#[actix_web::test]
async fn who_edits_says_which_version_was_read_and_what_is_removed_stays_readable() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                let held = add(tx, &staff(), partner_of("Centro", &["100005"]))?;
                let moved = partner_of("Centro", &["100006"]);
                let changed = put(tx, &staff(), held.id, moved.clone(), held.version)?;
                assert_eq!((changed.version, changed.created_at), (2, held.created_at));
                let late = put(tx, &staff(), held.id, moved, held.version);
                assert_eq!(late.unwrap_err().code(), Code::VersionConflict);
                assert!(rows::covering(tx.conn(), &comune("100005"))?.is_empty(), "what it covered is replaced");
                assert_eq!(rows::covering(tx.conn(), &comune("100006"))?.len(), 1);
                // A book knows nothing of the other's.
                assert_eq!(listed::<OwnOffice>(tx.conn(), held.id).unwrap_err().code(), Code::NotFound);
                let early = remove::<PartnerOffice>(tx, &staff(), held.id, 1);
                assert_eq!(early.unwrap_err().code(), Code::VersionConflict);
                remove::<PartnerOffice>(tx, &staff(), held.id, 2)?;
                assert_eq!(listed::<PartnerOffice>(tx.conn(), held.id).unwrap_err().code(), Code::NotFound);
                assert!(rows::covering(tx.conn(), &comune("100006"))?.is_empty());
                assert_eq!(partner(tx.conn(), held.id)?.unwrap().addressee(), "Zzcomune, Centro");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_book_is_read_page_by_page() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                let mut entered = Vec::new();
                for number in 0..5 {
                    entered.push(add(tx, &staff(), partner_of(&format!("Sportello {number}"), &[]))?.id);
                }
                add(tx, &staff(), own_in("100005"))?;
                entered.sort();
                let mut seen = Vec::new();
                let mut cursor = None;
                loop {
                    let page = list::<PartnerOffice>(tx.conn(), cursor, 2)?;
                    seen.extend(page.items.iter().map(|held| held.id));
                    cursor = page.next;
                    if cursor.is_none() {
                        break;
                    }
                }
                assert_eq!(seen, entered);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn the_centres_own_municipality_is_that_of_its_first_office() {
    scratch::each(|store| async move {
        store
            .write(|tx| {
                let cpi = add(tx, &staff(), partner_of("CPI", &["100005", "100003"]))?;
                let none = proposals(tx.conn(), Whereabouts::default())?;
                assert!(none.by.is_none() && none.offices.is_empty(), "nothing is known, nothing is proposed");
                add(tx, &staff(), own_in("100005"))?;
                let found = proposals(tx.conn(), Whereabouts::default())?;
                assert_eq!(found.by, Some((Because::CentreComune, comune("100005"))));
                assert_eq!(found.offices.iter().map(|held| held.id).collect::<Vec<_>>(), [cpi.id]);
                let elsewhere = Whereabouts { residence: Some(comune("048017")), ..Whereabouts::default() };
                let found = proposals(tx.conn(), elsewhere)?;
                assert_eq!(found.by.unwrap().0, Because::ResidenceComune);
                assert!(found.offices.is_empty(), "an office that is competent for the centre is not for her");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[test]
fn an_entry_that_does_not_fit_is_refused_by_place() {
    let whole = serde_json::to_value(partner_of("Centro", &["100005"])).unwrap();
    let found = |change: Value| {
        let mut entry = whole.clone();
        entry.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let errors = read::<PartnerOffice>(&entry.to_string()).err().unwrap_or_default();
        errors.into_iter().map(|error| (error.field, error.code)).collect::<Vec<_>>()
    };
    assert!(found(json!({})).is_empty());
    for (change, field, code) in [
        (json!({"competence_comuni": ["100005", "100005"]}), "/competence_comuni/1", "repeated"),
        (json!({"competence_comuni": ["10000"]}), "/competence_comuni/0", "wrong_shape"),
        (json!({"organisation": "c_g999"}), "/organisation", "wrong_shape"),
        (json!({"phone": "0574 12345"}), "/phone", "wrong_shape"),
        (json!({"contact_person": "Zzmario"}), "", "unknown_field"),
    ] {
        assert_eq!(found(change), [(field.to_owned(), code.to_owned())]);
    }
}

proptest! {
    /// Whatever is known: the nearest municipality decides alone, and only offices that cover it are proposed.
    #[test]
    fn the_nearest_that_is_known_decides(
        residence in prop::option::of(0u8..4), area in prop::option::of(0u8..4), centre in prop::option::of(0u8..4),
        covered in prop::collection::btree_set(0u8..4, 0..4),
    ) {
        let code = |number: u8| comune(&format!("10000{number}"));
        let whereabouts =
            Whereabouts { residence: residence.map(code), area: area.map(code), centre: centre.map(code) };
        let mut asked = Vec::new();
        let found = propose(&whereabouts, &mut |comune: &Comune| {
            asked.push(comune.clone());
            let number: u8 = comune.as_str()[5..].parse().unwrap();
            let held = || Held {
                id: Uuid::from_u128(u128::from(number)), version: 1, created_at: Default::default(),
                updated_at: Default::default(), removed: false, entry: partner_of("x", &[comune.as_str()]),
            };
            Ok(covered.contains(&number).then(held).into_iter().collect())
        }).unwrap();
        let nearest = residence.or(area).or(centre);
        prop_assert_eq!(found.by.map(|(_, comune)| comune), nearest.map(code));
        prop_assert_eq!(asked, nearest.map(code).into_iter().collect::<Vec<_>>());
        prop_assert_eq!(found.offices.len(), usize::from(nearest.is_some_and(|it| covered.contains(&it))));
    }
}
