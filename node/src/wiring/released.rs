//! What a released program left behind is opened by the program of today, and every row about somebody is read by its room.

use std::collections::BTreeMap;

use super::HOLDINGS;
use crate::outbox;
use crate::people;
use crate::store::schema::{person, subject};
use crate::store::{Id, released};
use crate::vault::{MasterKey, Subject, Vault, Whose};
use diesel::prelude::*;

/// Each with words that its node holds sealed.
const RELEASED: &[(&str, &str)] = &[
    (include_str!("../../fixtures/0.1/centre.jsonl"), "given_names"),
    (include_str!("../../fixtures/0.1/cpi.jsonl"), "given_names"),
];

/// Of these a room may tell less than there are rows: entries and messages about nobody, the cases of referrals
/// (ids, and nothing that is told of her elsewhere), and indexes.
const PARTLY: &[&str] =
    &["journal", "known_message", "case_file", "case_member", "person_token", "card_combination", "document_chunk"];

#[actix_web::test]
async fn what_was_released_opens_and_every_room_reads_its_rows() {
    for (fixture, word) in RELEASED {
        let head: released::Head = serde_json::from_str(fixture.lines().next().unwrap()).unwrap();
        let vault = Vault::new(MasterKey::from_base64(&head.master_key).unwrap());
        for (scratch, store, had) in released::each(fixture) {
            let place = format!("{} of {}", scratch.config().url, head.release);
            assert_eq!(store.damages().await.unwrap(), Vec::<String>::new(), "{place}");
            let vault = vault.clone();
            let (told, text) = store
                .write(move |tx| {
                    let records: Vec<Id> = person::table.select(person::id).load(tx.conn())?;
                    let subjects: Vec<Id> = subject::table.select(subject::id).load(tx.conn())?;
                    let whose = Whose {
                        records: records.iter().map(|id| id.0).collect(),
                        subjects: subjects.iter().map(|id| Subject(id.0)).collect(),
                    };
                    let (mut told, mut text) = (BTreeMap::new(), String::new());
                    for holding in HOLDINGS {
                        for table in (holding.collect)(tx, &vault, &whose)? {
                            text.push_str(&serde_json::to_string(&table.items).unwrap());
                            told.insert(table.table.to_owned(), table.items.len());
                        }
                    }
                    assert_eq!(people::reindex(tx, &vault)?, records.len());
                    outbox::waiting(tx.conn(), 100)?;
                    Ok((told, text))
                })
                .await
                .unwrap();
            assert!(text.contains(word), "{place}: what was sealed opens");
            for (table, rows) in had.iter().filter(|(table, _)| !PARTLY.contains(&table.as_str())) {
                if HOLDINGS.iter().any(|holding| holding.tables.contains(&table.as_str())) {
                    assert_eq!(told.get(table), Some(rows), "{place}: {table}");
                }
            }
            store.close().await;
        }
    }
}
