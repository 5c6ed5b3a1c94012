//! Nobody under sixteen has a card, whoever says so: by hand, by section, from a file, or from the node that held it.

use staffetta_protocol::card::{CardGroups, Portability, Section};
use staffetta_protocol::problem::Problem;

use super::*;
use crate::cards::imports::{self, ImportYes};

/// Where, and why.
fn refused<T: std::fmt::Debug>(outcome: Result<T>) -> (String, String) {
    let Problem { code, errors, .. } = outcome.unwrap_err().problem();
    assert_eq!((code, errors.len()), (Code::InvalidInput, 1));
    assert!(errors[0].detail_it.contains("sedici") && errors[0].detail_en.contains("sixteen"));
    (errors[0].field.clone(), errors[0].code.clone())
}

fn at(field: &str) -> (String, String) {
    (field.to_owned(), "too_young".to_owned())
}

fn born(on: &str) -> Value {
    json!({"birth_date": {"value": on}})
}

fn said_so(tx: &Tx<'_>, sight: &Sight, fields: Value, draft: bool) -> Edit {
    let said = Said::by_operator(sight.staff(), tx.now());
    Edit { fields: fields.as_object().unwrap().clone(), said, sources: Vec::new(), draft }
}

#[actix_web::test]
async fn of_somebody_with_a_card_the_date_is_put_right_and_nothing_else_written() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                for whole in [true, false] {
                    let awa = person(tx, &vault);
                    let sight = seen(awa.id);
                    let held = put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                    if whole {
                        put(tx, &vault, &sight, with(&held.card, born("2011-02-03")), 1)?;
                    } else {
                        let edit = said_so(tx, &sight, born("2011-02-03"), false);
                        let read = look_at_section(tx, &vault, &sight, Section::A)?.revision;
                        save_section(tx, &vault, &sight, &Roles::new(), (Section::A, read), edit)?;
                    }
                    let held = current(tx.conn(), &vault, awa.id)?.unwrap();
                    assert_eq!((held.version, held.card.birth_date.is_some()), (2, true));
                    let more = with(&held.card, json!({"given_names": "Awa"}));
                    assert_eq!(refused(put(tx, &vault, &sight, more, 2)), at("/birth_date"));
                    put(tx, &vault, &sight, with(&held.card, born("2001-02-03")), 2)?;
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn nobody_under_sixteen_has_a_card_from_wherever_it_comes() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let held = put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let binta = person(tx, &vault);
                let child = with(&held.card, born("2010-11-24"));
                assert_eq!(refused(put(tx, &vault, &seen(binta.id), child, 0)), at("/birth_date"));

                for (of, draft) in [(awa.id, true), (binta.id, true), (binta.id, false)] {
                    let sight = seen(of);
                    let edit = said_so(tx, &sight, born("2011"), draft);
                    let read = look_at_section(tx, &vault, &sight, Section::A)?.revision;
                    let saved = save_section(tx, &vault, &sight, &Roles::new(), (Section::A, read), edit);
                    assert_eq!(refused(saved), at("/fields/birth_date"), "a draft of one is not kept either");
                }
                assert!(drafts(tx, &vault, &sight)?.is_empty());

                let carried = json!({
                    "format": "staffetta-portability", "version": 1, "exported_at": "2026-11-20T10:00:00Z",
                    "from": {"entity_id": "https://sai.example", "organisation_name": "SAI"},
                    "card": born("2012-02"), "europass_xml": ""
                });
                let carried = imports::read_carried(read::<Portability>(&carried.to_string()).unwrap())?;
                let yes: ImportYes = read(r#"{"by": "person", "indication_method": "pin"}"#).unwrap();
                let laid = imports::save(tx, &vault, &sight, carried, yes);
                assert_eq!(refused(laid), at("/file/portability/card/birth_date"));

                let identity = json!({"given_names": "Awa", "birth_date": {"value": "2010-12"}, "is_minor": "yes"});
                let identity = read(&identity.to_string()).unwrap();
                let came = CardGroups { identity: Some(identity), ..CardGroups::default() };
                let said = Said::by_operator(sight.staff(), tx.now());
                assert_eq!(refused(take_over(tx, &vault, &sight, &came, said)), at("/birth_date"));

                assert_eq!(current(tx.conn(), &vault, awa.id)?.unwrap().version, 1, "nothing of it was kept");
                let open = json!({"birth_date": {"value": "2013", "estimated": true}});
                let held = put(tx, &vault, &sight, with(&held.card, open), 1)?;
                let held = put(tx, &vault, &sight, with(&held.card, born("2010")), held.version)?;
                put(tx, &vault, &sight, with(&held.card, born("2010-11-23")), held.version)?;
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
