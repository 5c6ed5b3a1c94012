//! Notices: known, in use, about the purpose, and no draft without a mediator.

use staffetta_protocol::card::{Day, LanguageCode};

use super::*;
use crate::consents::notices::{NewNotice, NewWording, Verified};

fn one(expressed: &Value) -> Answers {
    let act = json!({"recipient": OFFICE, "answers": [{"purpose": "P1", "answer": "yes"}], "expressed": expressed});
    read(&act.to_string()).unwrap()
}

fn new(version: &str, purposes: &[&str]) -> NewNotice {
    let texts = json!([{"language": "tir", "heading": "ቅድሚ መልሲ", "body": "መን እንታይ ይቕበል።"}]);
    let notice = json!({"notice_id": "prima", "version": version, "purposes": purposes, "texts": texts});
    read(&notice.to_string()).unwrap()
}

/// As an answer names its first text.
fn named(notice: &notices::NoticeVersion) -> Value {
    json!({"notice_id": notice.code, "version": notice.version, "language": "tir", "hash": notice.texts[0].hash})
}

#[actix_web::test]
async fn an_answer_names_a_text_that_is_here_in_use_and_about_what_was_asked() {
    each(|centre, _| async move {
        let person = centre.person().await;
        centre
            .write(move |tx, outbox| {
                let (vault, sight) = (outbox.vault(), seen(person.id));
                let refused = |tx: &mut Tx<'_>, change: &dyn Fn(&mut Value)| {
                    let mut expressed = said();
                    change(&mut expressed);
                    let error = answer(tx, vault, &sight, &one(&expressed)).unwrap_err().problem().errors.remove(0);
                    (error.field, error.code)
                };
                let at = |field: &str, code: &str| (format!("/expressed/notice/{field}"), code.to_owned());
                let other = "SHA-256=hPq3xjgxGMr98LL2/lP2Y66DVCTcXdwL+YpNQD/gmvk=";
                assert_eq!(refused(tx, &|it| it["notice"]["hash"] = json!(other)), at("hash", "not_in_list"));
                assert_eq!(refused(tx, &|it| it["notice"]["version"] = json!("9")), at("hash", "not_in_list"));
                assert_eq!(refused(tx, &|it| it["notice"]["language"] = json!("ita")), at("hash", "not_in_list"));

                let about_another = notices::add(tx, &staff(), "Centro", &new("1", &["P11"]))?;
                let notice = named(&about_another);
                assert_eq!(refused(tx, &|it| it["notice"] = notice.clone()), at("notice_id", "not_for_purpose"));

                let draft = notices::add(tx, &staff(), "Centro", &new("2", &["P1"]))?;
                let notice = named(&draft);
                assert_eq!(refused(tx, &|it| it["notice"] = notice.clone()), at("hash", "inconsistent"));
                let mut mediated = said();
                mediated["notice"] = notice.clone();
                mediated["mediator_label"] = json!("Selam");
                let saved = answer(tx, vault, &sight, &one(&mediated))?.remove(0);
                assert!(saved.notice_draft, "the receipt says so");

                let tir = LanguageCode::new("tir").unwrap();
                let by: Verified = read(&json!({"by": "Ufficio traduzioni", "on": "2026-11-20"}).to_string()).unwrap();
                assert_eq!(by.on, Day::parse("2026-11-20").unwrap());
                let verified = notices::verify(tx, &staff(), draft.id, &tir, &by)?;
                assert_eq!(verified.texts[0].hash, draft.texts[0].hash, "what it says is the same");
                let twice = notices::verify(tx, &staff(), draft.id, &tir, &by).unwrap_err();
                assert_eq!(twice.code(), Code::AlreadyExists);
                assert!(
                    of(tx.conn(), vault, person.id, saved.record)?.notice_draft,
                    "it was a draft when she answered"
                );

                notices::retire(tx, &staff(), draft.id)?;
                assert_eq!(refused(tx, &|it| it["notice"] = notice.clone()), at("version", "out_of_range"));
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn versions_and_texts_are_added_and_never_changed() {
    each(|centre, _| async move {
        centre
            .write(move |tx, _| {
                let first = notices::add(tx, &staff(), "Centro", &new("1", &["P1", "P2"]))?;
                let again = notices::add(tx, &staff(), "Centro", &new("1", &["P1"])).unwrap_err();
                assert_eq!(again.code(), Code::AlreadyExists);
                let italian = json!({"language": "ita", "heading": "Prima", "body": "Chi riceve che cosa."});
                let italian: NewWording = read(&italian.to_string()).unwrap();
                assert_eq!(notices::add_text(tx, &staff(), first.id, &italian)?.texts.len(), 2);
                let again = notices::add_text(tx, &staff(), first.id, &italian).unwrap_err();
                assert_eq!(again.code(), Code::AlreadyExists);
                let second = notices::add(tx, &staff(), "Centro", &new("2", &["P1", "P2"]))?;
                assert_ne!(first.texts[0].hash, second.texts[0].hash, "the version is part of what is shown");
                notices::retire(tx, &staff(), first.id)?;
                let swahili = json!({"language": "swa", "heading": "Kabla", "body": "Nani anapokea nini."});
                let late = notices::add_text(tx, &staff(), first.id, &read(&swahili.to_string()).unwrap()).unwrap_err();
                assert_eq!(late.code(), Code::Conflict);
                Ok(())
            })
            .await;
    })
    .await;
}

#[actix_web::test]
async fn the_notices_of_the_program_come_once_as_drafts_and_give_way_to_ones_own() {
    each(|centre, _| async move {
        centre
            .write(move |tx, _| {
                notices::ship(tx, "Centro Prato")?;
                let shipped = notices::list(tx.conn())?;
                notices::ship(tx, "Centro Prato")?;
                assert_eq!(notices::list(tx.conn())?.len(), shipped.len());
                let ours = |it: &&notices::NoticeVersion| it.version.as_str() == "1";
                let drafts = shipped.iter().filter(ours).flat_map(|it| &it.texts).all(|text| text.verified.is_none());
                assert!(drafts && shipped.iter().filter(ours).count() >= 8);
                assert!(
                    shipped.iter().filter(ours).all(|it| it.controller == "Centro Prato" && it.processor.is_none())
                );
                let first: Vec<_> = shipped.iter().filter(|it| it.code.as_str() == "first-interview").collect();
                assert_eq!(first.len(), 1, "this organisation's own version is there already");
                assert_eq!(first[0].version.as_str(), "test");
                Ok(())
            })
            .await;
    })
    .await;
}
