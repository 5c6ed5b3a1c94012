use diesel::prelude::*;
use staffetta_protocol::card::codes::DocumentType;

use super::*;
use crate::store::Id;
use crate::store::schema::document_chunk;

/// Enters a document with this file.
fn filed(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, bytes: &[u8], room: usize) -> Result<Document> {
    let document = enter(tx, vault, sight, &permit())?;
    let sealed = seal(tx.conn(), vault, &document, Media::Pdf, bytes)?;
    file(tx, vault, sight, &sealed, 1, room)
}

fn code<T: std::fmt::Debug>(refused: Result<T>) -> Code {
    refused.unwrap_err().code()
}

#[actix_web::test]
async fn a_document_is_entered_described_filed_copied_and_deleted() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteDocuments>().sight(tx, person.id)?;
            let entered = enter(tx, &vault, &sight, &permit())?;
            assert_eq!((entered.version, &entered.file, entered.created_by), (1, &None, Some(anna.id)));
            assert_eq!(look(tx, &vault, &sight, entered.id)?, entered);
            assert_eq!(code(take_copy(tx, &vault, &sight, entered.id)), Code::NotFound, "there is no file yet");

            let cv = said(r#"{"type": "cv", "held_by": "node"}"#);
            let changed = describe(tx, &vault, &sight, entered.id, &cv, 1)?;
            assert_eq!((changed.version, &changed.description), (2, &cv));
            assert_eq!(look(tx, &vault, &sight, entered.id)?, changed);
            assert_eq!(code(describe(tx, &vault, &sight, entered.id, &permit(), 1)), Code::VersionConflict);

            // Two pieces and a bit.
            let bytes = pdf("one", 600_000);
            let sealed = seal(tx.conn(), &vault, &changed, Media::Pdf, &bytes)?;
            assert_eq!(code(file(tx, &vault, &sight, &sealed, 1, ROOM)), Code::VersionConflict);
            let with_file = file(tx, &vault, &sight, &sealed, 2, ROOM)?;
            assert_eq!(with_file.file.unwrap().sha256, Digest::of(&bytes));
            assert_eq!(look(tx, &vault, &sight, entered.id)?, with_file);
            assert_eq!(file(tx, &vault, &sight, &sealed, 2, ROOM)?, with_file, "the same again");
            let other = seal(tx.conn(), &vault, &changed, Media::Pdf, &pdf("two", 10))?;
            assert_eq!(code(file(tx, &vault, &sight, &other, 3, ROOM)), Code::AlreadyExists);

            let copied = take_copy(tx, &vault, &sight, entered.id)?;
            assert_eq!(content(tx.conn(), &vault, &copied)?, bytes);
            let told = metadata(tx.conn(), &vault, person.id)?;
            let last = copied.version;
            assert_eq!((told[0].kind, told[0].sha256), (DocumentType::Cv, Some(Digest::of(&bytes))));

            assert_eq!(code(delete(tx, &vault, &sight, entered.id, 1)), Code::VersionConflict);
            delete(tx, &vault, &sight, entered.id, last)?;
            assert_eq!(code(look(tx, &vault, &sight, entered.id)), Code::NotFound);
            assert_eq!(code(delete(tx, &vault, &sight, entered.id, last)), Code::NotFound);
            let left: i64 = document_chunk::table.count().get_result(tx.conn())?;
            assert_eq!(left, 0);
            let acts = journal::about(tx.conn(), person.subject, 50)?;
            for (act, times) in
                [("entered", 1), ("read", 3), ("changed", 1), ("filed", 1), ("copied", 1), ("deleted", 1)]
            {
                let done = acts.iter().filter(|entry| entry.act == format!("document.{act}"));
                assert_eq!(done.clone().count(), times, "{act}");
                assert!(done.clone().all(|entry| entry.ground.as_deref() == Some("case_team")));
            }
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_piece_that_was_moved_changed_or_lost_is_a_fault_and_nothing_is_shown() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteDocuments>().sight(tx, person.id)?;
            let one = filed(tx, &vault, &sight, &pdf("one", 300_000), ROOM)?;
            let other = filed(tx, &vault, &sight, &pdf("two", 300_000), ROOM)?;
            let spoil = |tx: &mut Tx<'_>, how: &dyn Fn(&mut Tx<'_>) -> Result<()>| {
                let spoilt: Result<()> = tx.savepoint(|tx| {
                    how(tx)?;
                    let refused = content(tx.conn(), &vault, &one).unwrap_err();
                    assert!(refused.is_fault(), "{refused:?}");
                    Err(Code::Conflict.into())
                });
                assert_eq!(code(spoilt), Code::Conflict);
                assert!(content(tx.conn(), &vault, &one).is_ok());
            };
            let piece = |of: &Document, position: i32| document_chunk::table.find((Id(of.id.0), position));
            let swap = |tx: &mut Tx<'_>, from: &Document, position: i32| -> Result<()> {
                let sealed: Vec<u8> = piece(from, position).select(document_chunk::sealed).first(tx.conn())?;
                diesel::update(piece(&one, 0)).set(document_chunk::sealed.eq(sealed)).execute(tx.conn())?;
                Ok(())
            };
            spoil(tx, &|tx| swap(tx, &one, 1));
            spoil(tx, &|tx| swap(tx, &other, 0));
            spoil(tx, &|tx| {
                diesel::delete(piece(&one, 1)).execute(tx.conn())?;
                Ok(())
            });
            spoil(tx, &|tx| {
                let mut sealed: Vec<u8> = piece(&one, 1).select(document_chunk::sealed).first(tx.conn())?;
                *sealed.last_mut().unwrap() ^= 1;
                diesel::update(piece(&one, 1)).set(document_chunk::sealed.eq(sealed)).execute(tx.conn())?;
                Ok(())
            });
            let lied = Document { file: other.file, ..one.clone() };
            assert!(content(tx.conn(), &vault, &lied).unwrap_err().is_fault(), "another digest");

            vault.shred(tx, person.subject)?;
            assert_eq!(code(content(tx.conn(), &vault, &one)), Code::NotFound, "erased");
            assert_eq!(code(look(tx, &vault, &sight, one.id)), Code::NotFound);
            assert!(metadata(tx.conn(), &vault, person.id)?.is_empty());
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn the_room_for_a_persons_files_is_not_given_out_twice() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let mut sealed = Vec::new();
        for mark in ["one", "two", "three"] {
            let (anna, vault) = (anna.clone(), vault.clone());
            let act = move |tx: &mut Tx<'_>| {
                let sight = anna.acting::<WriteDocuments>().sight(tx, person.id)?;
                let document = enter(tx, &vault, &sight, &permit())?;
                seal(tx.conn(), &vault, &document, Media::Pdf, &pdf(mark, 40_000))
            };
            sealed.push(store.write(act).await.unwrap());
        }
        let at_once = sealed.into_iter().map(|sealed| {
            let (store, anna, vault) = (store.clone(), anna.clone(), vault.clone());
            async move {
                let act = move |tx: &mut Tx<'_>| {
                    let sight = anna.acting::<WriteDocuments>().sight(tx, person.id)?;
                    file(tx, &vault, &sight, &sealed, 1, 100_000)
                };
                store.write(act).await
            }
        });
        let outcomes = futures_util::future::join_all(at_once).await;
        let taken = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(taken, 2, "{outcomes:?}");
        let refused: Vec<Code> = outcomes.into_iter().filter_map(|it| it.err().map(|error| error.code())).collect();
        assert_eq!(refused, [Code::TooLarge]);
    })
    .await;
}

#[actix_web::test]
async fn who_does_not_work_with_documents_sees_none() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, awa) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let hers = anna.acting::<WriteDocuments>().sight(tx, awa.id)?;
            let document = filed(tx, &vault, &hers, &pdf("one", 10), ROOM)?;
            let other = taken_up(tx, &vault, &anna);
            let elsewhere = anna.acting::<WriteDocuments>().sight(tx, other.id)?;
            assert_eq!(code(look(tx, &vault, &elsewhere, document.id)), Code::NotFound, "an id of another person");
            assert_eq!(code(delete(tx, &vault, &elsewhere, document.id, document.version)), Code::NotFound);
            assert!(!is_hers(tx.conn(), other.id, document.id)? && is_hers(tx.conn(), awa.id, document.id)?);

            let bruno = hired(tx, "bruno", AccessRole::Operator);
            assert_eq!(code(bruno.acting::<WriteDocuments>().sight(tx, awa.id)), Code::OutsideCase);
            for function in Function::ALL {
                let sight = on_case(tx, &bruno, &awa, *function);
                let tells = function.tells();
                let (may_read, may_write) = (tells.reads.contains(&Section::L), tells.writes.contains(&Section::L));
                let expected = |may: bool| if may { None } else { Some(Code::FunctionNotEntitled) };
                let told = |outcome: Result<()>| outcome.err().map(|error| error.code());
                assert_eq!(told(list(tx, &vault, &sight, None, 10).map(drop)), expected(may_read), "{function}");
                assert_eq!(told(look(tx, &vault, &sight, document.id).map(drop)), expected(may_read));
                assert_eq!(told(take_copy(tx, &vault, &sight, document.id).map(drop)), expected(may_read));
                assert_eq!(told(enter(tx, &vault, &sight, &permit()).map(drop)), expected(may_write), "{function}");
                assert_eq!(told(may_file(tx, &vault, &sight, document.id).map(drop)), expected(may_write));
                let seen =
                    ending(tx, &bruno.acting::<ReadDocuments>(), Some(Day::parse("2100-01-01").unwrap()), None, 10)?.0;
                assert_eq!(seen.is_empty(), !may_read, "{function}");
            }
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn what_ends_is_found_in_time_and_only_in_ones_own_cases() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, awa) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let bruno = hired(tx, "bruno", AccessRole::Supervisor);
            let other = taken_up(tx, &vault, &bruno);
            let permit_until =
                |day: &str| said(&format!(r#"{{"type": "permit", "expires": "{day}", "held_by": "person"}}"#));
            let enter_all = |tx: &mut Tx<'_>, who: &Staff, of: &Person, days: &[&str]| -> Result<Vec<DocumentId>> {
                let sight = who.acting::<WriteDocuments>().sight(tx, of.id)?;
                days.iter().map(|day| Ok(enter(tx, &vault, &sight, &permit_until(day))?.id)).collect()
            };
            // Today is 23 November 2026.
            let hers = enter_all(tx, &anna, &awa, &["2027-01-22", "2027-01-23", "2026-11-01", "2026-12-24"])?;
            enter_all(tx, &bruno, &other, &["2026-12-01"])?;
            let sight = anna.acting::<WriteDocuments>().sight(tx, awa.id)?;
            enter(tx, &vault, &sight, &said(r#"{"type": "cv", "held_by": "node"}"#))?;

            let (found, next) = ending(tx, &anna.acting::<ReadDocuments>(), None, None, 2)?;
            assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [hers[2], hers[3]]);
            let next = Cursor::<Day>::parse(&next.unwrap().to_string());
            let (rest, end) = ending(tx, &anna.acting::<ReadDocuments>(), None, next, 2)?;
            assert_eq!((rest[0].id, rest.len(), end), (hers[0], 1, None), "the sixtieth day is in, the next is not");
            let (until, _) =
                ending(tx, &anna.acting::<ReadDocuments>(), Some(Day::parse("2026-11-30").unwrap()), None, 10)?;
            assert_eq!(until.len(), 1);
            let listed = journal::about(tx.conn(), awa.subject, 50)?;
            assert_eq!(listed.iter().filter(|entry| entry.act == "document.listed").count(), 4);
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_list_goes_on_where_it_ended() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, awa) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteDocuments>().sight(tx, awa.id)?;
            let mut entered: Vec<_> = (0..5).map(|_| enter(tx, &vault, &sight, &permit()).unwrap().id).collect();
            entered.sort();
            let (mut seen, mut after) = (Vec::new(), None);
            loop {
                let page = list(tx, &vault, &sight, after, 2)?;
                assert!(page.items.len() <= 2);
                seen.extend(page.items.iter().map(|it| it.id));
                let Some(next) = page.next else { break };
                after = Cursor::<DateTime<Utc>>::parse(&next.to_string());
                assert_eq!(after, Some(next));
            }
            seen.sort();
            assert_eq!(seen, entered);
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn nothing_of_a_document_can_be_read_on_the_disk() {
    for scratch in scratch::all(scratch::clock) {
        let (store, vault) = (scratch.store().clone(), vault());
        let (anna, awa) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteDocuments>().sight(tx, awa.id)?;
            filed(tx, &vault, &sight, &pdf("Zuleyka la mediatrice", 300_000), ROOM)?;
            Ok(())
        };
        store.write(act).await.unwrap();
        assert_eq!(scratch.readable(&["Zuleyka", "Keitafolle", "%PDF-1.7"]), Vec::<String>::new());
        store.close().await;
    }
}

#[test]
fn a_document_does_not_end_before_it_begins() {
    let wrong = r#"{"type": "permit", "issued": "2026-12", "expires": "2026-11-30", "held_by": "person"}"#;
    let refused = read::<Description>(wrong).unwrap_err();
    assert_eq!((refused[0].field.as_str(), refused[0].code.as_str()), ("/expires", "inconsistent"));
    for unknown in
        ["{}", r#"{"type": "photo", "held_by": "person"}"#, r#"{"type": "cv", "held_by": "node", "path": "x"}"#]
    {
        assert!(read::<Description>(unknown).is_err(), "{unknown}");
    }
}
