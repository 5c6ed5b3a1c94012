//! What every room tells a person of herself.

use std::collections::BTreeSet;

use serde_json::Value;
use staffetta_protocol::card::codes::Minor;
use uuid::Uuid;

use super::HOLDINGS;
use super::merging::{person, staff};
use crate::access::Sight;
use crate::access::cases::restriction;
use crate::error::Result;
use crate::grants;
use crate::people;
use crate::store::{Tx, census, scratch};
use crate::vault::{Collected, MasterKey, Vault, Whose};

/// Tables that are told by others, or tell nothing: with the reason.
const NOT_TOLD: &[(&str, &str)] = &[
    ("person_token", "a blind index over what `person_known` tells"),
    ("card_combination", "a blind index over what `card_version` tells"),
    ("document_chunk", "the file itself: by the route of its document"),
];

fn collected(tx: &mut Tx<'_>, vault: &Vault, whose: &Whose) -> Result<Vec<Collected>> {
    let mut all = Vec::new();
    for holding in HOLDINGS {
        all.extend((holding.collect)(tx, vault, whose)?);
    }
    Ok(all)
}

/// One that fails here is a table of some `Holding` that its room's `collect` does not have.
#[actix_web::test]
async fn every_table_that_holds_something_about_her_is_told_to_her() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let nobody = Whose { records: Vec::new(), subjects: Vec::new() };
                let told: BTreeSet<_> = collected(tx, &vault, &nobody)?.iter().map(|it| it.table).collect();
                let aside = |table: &&str| NOT_TOLD.iter().any(|(known, _)| known == table);
                let tables = HOLDINGS.iter().flat_map(|holding| holding.tables.iter().copied());
                let missing: Vec<_> = tables.filter(|table| !told.contains(table) && !aside(table)).collect();
                assert!(missing.is_empty(), "nobody tells her of {missing:?}");

                let hers = person(tx, &vault, 7, "Zzawa", 3)?;
                let other = person(tx, &vault, 8, "Zzfatou", 2)?;
                let sight = Sight::of_taking_up(staff(7), hers.id.into());
                restriction::restrict(
                    tx,
                    &sight,
                    hers.subject,
                    restriction::RestrictedBy::Restriction,
                    Uuid::new_v4(),
                )?;
                grants::begin(tx, crate::grants::Destination::Office(Uuid::new_v4()), hers.subject, "referral")?;
                let whose = Whose { records: vec![hers.id.into()], subjects: people::subjects(tx.conn(), &hers)? };
                let all = collected(tx, &vault, &whose)?;
                let mut held = BTreeSet::new();
                for id in [Uuid::from(hers.id), hers.subject.0] {
                    held.extend(census::mentions(tx.conn(), id)?.into_keys().map(|(table, _)| table));
                }
                assert!(held.len() > 8, "{held:?}");
                for table in held.iter().filter(|table| !aside(&table.as_str())) {
                    let items: usize = all.iter().filter(|it| it.table == table).map(|it| it.items.len()).sum();
                    assert!(items > 0, "{table} has a row about her, and she is not told");
                }
                let text = serde_json::to_string(&all.iter().map(|it| &it.items).collect::<Vec<_>>()).unwrap();
                assert!(text.contains("Etichetta Zzawa") && text.contains("Zzawa 2"), "what is sealed is open for her");
                assert!(!text.contains("Zzfatou") && !text.contains(&other.id.to_string()), "nothing of anybody else");

                let versions = all.iter().find(|it| it.table == "card_version").unwrap();
                assert_eq!(versions.items.len(), 3);
                assert_eq!(versions.items[2]["saved_by"]["staff"], Value::from(Uuid::from_u128(7).to_string()));
                let minor = serde_json::to_value(Minor::UnderAssessment).unwrap();
                assert!(versions.items[2]["content"].to_string().contains(minor.as_str().unwrap()));
                let at = versions.items[0]["saved_at"].as_str().unwrap();
                assert!(chrono::DateTime::parse_from_rfc3339(at).is_ok(), "{at}");

                people::erase(tx, &vault, hers.id)?;
                let after = collected(tx, &vault, &whose)?;
                let versions = after.iter().find(|it| it.table == "card_version").unwrap();
                assert_eq!(versions.items[0]["content"], serde_json::json!({"erased": true}));
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
