use super::*;
use crate::access::cases::Listing;

pub(super) async fn taken_up(
    store: &crate::store::Store,
    vault: &Vault,
    by: u128,
    label: &str,
    who: Identity,
) -> Person {
    let (vault, label, by) = (vault.clone(), super::label(label), Actor::Staff(Uuid::from_u128(by)));
    store
        .write(move |tx| {
            let person = create(tx, &vault, &by, &label)?;
            index(tx, &vault, &person, who)?;
            Ok(person)
        })
        .await
        .unwrap()
}

fn labels(found: &Found) -> Vec<&str> {
    let mut labels: Vec<&str> = found.items.iter().map(|hit| hit.label.as_str()).collect();
    labels.sort_unstable();
    labels
}

#[actix_web::test]
async fn a_person_is_found_by_any_part_of_her_name_in_any_script() {
    scratch::each(|store| async move {
        let vault = vault();
        for (label, given, family) in [
            ("A", "María José", "Ñíguez"),
            ("B", "Мария", "Щербакова"),
            ("C", "محمد", "الرشيد"),
            ("D", "Muhammad", "Al-Rashid"),
            ("E", "李明", ""),
            ("F", "Mariama", "D'Almeida"),
        ] {
            taken_up(&store, &vault, 7, label, who(given, family, "", "")).await;
        }
        store
            .read(move |conn| {
                let mut search = |text: &str| -> Vec<String> {
                    let query = Query::parse(text).unwrap();
                    let found = search(conn, &vault, &query, Listing::All, None, 50).unwrap();
                    assert_eq!((found.next, found.others), (None, None));
                    found.items.iter().map(|hit| format!("{}{:?}", hit.label.as_str(), hit.by)).collect()
                };
                let mut only = |text: &str, expected: &[&str]| {
                    let mut found = search(text);
                    found.sort();
                    assert_eq!(found, expected, "{text}");
                };
                only("mar", &["ASpelling", "BSpelling", "FSpelling"]);
                only("maria", &["ASpelling", "BSound", "FSpelling"]);
                only("MARÍA nig", &["ASpelling"]);
                only("щерб", &["BSpelling"]);
                only("shcherb mari", &["BSpelling"]);
                only("محمد", &["CSpelling", "DSound"]);
                only("mohamed", &["CSound", "DSound"]);
                only("alrash muh", &["DSpelling"]);
                only("ming", &["ESpelling"]);
                only("李明", &["ESpelling"]);
                only("almeida", &["FSpelling"]);
                only("mar schmidt", &[]);
                only("marx", &[]);
                for short in ["", "--", "'"] {
                    assert_eq!(
                        Query::parse(short).unwrap_err(),
                        staffetta_protocol::card::Refusal::TooShort,
                        "{short}"
                    );
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn whoever_is_called_by_two_letters_is_found_by_them_and_nobody_else_is() {
    scratch::each(|store| async move {
        let vault = vault();
        for name in ["Bo", "Bobo Diallo", "李", "Lina Lo", "Ng Xs", "Nguyen Xasan"] {
            taken_up(&store, &vault, 7, name, Identity::default()).await;
        }
        store
            .write(move |tx| {
                for (query, names) in [
                    ("bo", &["Bo"][..]),
                    ("李", &["李"]),
                    ("li", &["李"]),
                    ("lo lina", &["Lina Lo"]),
                    ("ng", &["Ng Xs"]),
                    ("xs", &["Ng Xs"]),
                    ("b", &[]),
                    ("l i", &[]),
                    ("bob", &["Bobo Diallo"]),
                ] {
                    let found = search(tx.conn(), &vault, &Query::parse(query).unwrap(), Listing::All, None, 9)?;
                    let found: Vec<_> = found.items.iter().map(|hit| hit.label.as_str()).collect();
                    assert_eq!(found, names, "{query}");
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_search_shows_ones_own_cases_and_counts_those_of_others() {
    scratch::each(|store| async move {
        let vault = vault();
        for n in 0..60 {
            let by = if n < 5 { 7 } else { 8 };
            taken_up(&store, &vault, by, &format!("Amina {n}"), Identity::default()).await;
        }
        let other = taken_up(&store, &vault, 8, "Amina Zoe", Identity::default()).await;
        store
            .write(move |tx| {
                let query = Query::parse("amina").unwrap();
                let own = Listing::Of(Uuid::from_u128(7));
                let mut seen = Vec::new();
                let mut from = None;
                loop {
                    let page = search(tx.conn(), &vault, &query, own, from, 2)?;
                    assert_eq!(page.others.is_some(), from.is_none(), "counted once");
                    assert!(page.items.len() <= 2 && page.others.is_none_or(|others| others == (50, true)));
                    seen.extend(page.items.iter().map(|hit| hit.person));
                    note_found(tx, &staff(), Listing::All, &page)?;
                    let shown = journal::of_act(tx.conn(), "person.found", 1)?;
                    assert!(shown.iter().all(|entry| entry.ground.as_deref() == Some("supervision")), "{shown:?}");
                    let Some(next) = page.next else { break };
                    assert_eq!(SearchCursor::parse(&next.to_string()), Some(next));
                    from = Some(next);
                }
                assert_eq!(seen.len(), 5);
                seen.dedup();
                assert_eq!(seen.len(), 5);
                for person in seen {
                    let subject = get(tx.conn(), person)?.subject;
                    let acts = journal::about(tx.conn(), subject, 10)?;
                    assert_eq!(acts.iter().filter(|entry| entry.act == "person.found").count(), 1);
                }
                let unseen = journal::about(tx.conn(), other.subject, 10)?;
                assert!(
                    unseen.iter().all(|entry| entry.act != "person.found"),
                    "who is only counted was not looked at"
                );
                let searches = journal::of_act(tx.conn(), "people.searched", 10)?;
                let told: Vec<_> = searches.iter().filter_map(|entry| entry.code.as_deref()).collect();
                let counted = told.iter().filter(|code| **code == "found:2 others:50+").count();
                assert_eq!((told.len(), counted), (3, 1), "on the first page: {told:?}");
                for entry in searches {
                    assert!(!format!("{entry:?}").to_lowercase().contains("amina"));
                }
                let zoe = search(tx.conn(), &vault, &Query::parse("zoe").unwrap(), own, None, 2)?;
                assert_eq!((zoe.items.len(), zoe.others), (0, Some((1, false))));
                for wrong in ["", "x", "n1", "sx", "n'"] {
                    assert_eq!(SearchCursor::parse(wrong), None, "{wrong}");
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn the_index_follows_what_is_known_and_goes_with_the_person() {
    scratch::each(|store| async move {
        let vault = vault();
        let awa = taken_up(&store, &vault, 7, "Stanza 3", who("Awa", "Diop", "1996", "")).await;
        store
            .write(move |tx| {
                use crate::store::schema::{person_known, person_token};
                use diesel::prelude::*;
                let finds = |tx: &mut Tx<'_>, text: &str| {
                    let query = Query::parse(text).unwrap();
                    let found = search(tx.conn(), &vault, &query, Listing::All, None, 9).unwrap();
                    labels(&found).into_iter().map(str::to_owned).collect::<Vec<_>>()
                };
                assert_eq!(finds(tx, "diop"), ["Stanza 3"]);
                assert_eq!(finds(tx, "stan"), ["Stanza 3"], "also by how staff call her");
                index(tx, &vault, &awa, who("Awa", "Ndour", "1996", ""))?;
                assert_eq!((finds(tx, "diop").len(), finds(tx, "ndour").len()), (0, 1), "what is no longer said goes");
                relabel(tx, &vault, &seen(awa.id), &label("Camera 9"), awa.version())?;
                assert_eq!((finds(tx, "stanza").len(), finds(tx, "camera awa").len()), (0, 1));
                erase(tx, &vault, awa.id)?;
                assert_eq!(finds(tx, "awa"), Vec::<String>::new());
                let left: i64 = person_token::table.count().get_result(tx.conn())?;
                let known: i64 = person_known::table.count().get_result(tx.conn())?;
                assert_eq!((left, known), (0, 0), "no token stays behind");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn no_name_can_be_read_on_the_disk() {
    for scratch in scratch::all(scratch::clock) {
        let vault = vault();
        let store = scratch.store();
        taken_up(store, &vault, 7, "Zzlabel", who("Zzgiven", "Zzfamily", "1996-03-01", "RSSMRA85T10A562S")).await;
        store.close().await;
        let found = scratch.readable(&["zzlabel", "zzgiven", "zzfamily", "zzg", "1996-03-01", "rssmra85"]);
        assert_eq!(found, Vec::<String>::new());
    }
}

#[actix_web::test]
async fn likely_duplicates_come_with_their_reasons_until_somebody_tells_them_apart() {
    scratch::each(|store| async move {
        let vault = vault();
        let code = "RSSMRA85T10A562S";
        let awa = taken_up(&store, &vault, 7, "Awa", who("Awa Fatou", "N'Diaye", "1996-03-01", code)).await;
        let same = taken_up(&store, &vault, 8, "Fatou", who("Fatou", "Sarr", "1990", "RSSMRA85T10A56NH")).await;
        let name = taken_up(&store, &vault, 8, "Nome", who("NDIAYE", "awa fatou", "1996", "")).await;
        let like = taken_up(&store, &vault, 8, "Simile", who("Awa Fatu", "Ndiaye", "1996-03-01", "")).await;
        taken_up(&store, &vault, 8, "Altra", who("Awa", "Sow", "1996-03-01", "")).await;
        let bare = taken_up(&store, &vault, 8, "Awa Fatou N'Diaye", Identity::default()).await;
        store
            .write(move |tx| {
                let found = likely_duplicates(tx, &vault, &seen(awa.id))?;
                let told: Vec<_> =
                    found.iter().map(|it| (it.person, it.likeness.points, it.likeness.reasons.clone())).collect();
                assert_eq!(
                    told,
                    [
                        (same.id, 100, vec![Reason::SameTaxCode]),
                        (name.id, 75, vec![Reason::SameNamesAndYear]),
                        (like.id, 60, vec![Reason::SimilarNamesAndDate]),
                        (bare.id, 40, vec![Reason::SameNames]),
                    ]
                );
                for it in &found {
                    let subject = get(tx.conn(), it.person)?.subject;
                    let acts = journal::about(tx.conn(), subject, 10)?;
                    assert!(acts.iter().any(|entry| entry.act == "person.proposed"));
                }
                tell_apart(tx, &seen(awa.id), name.id)?;
                tell_apart(tx, &seen(name.id), awa.id)?;
                let proposed = |tx: &mut Tx<'_>, of| {
                    let found = likely_duplicates(tx, &vault, &seen(of)).unwrap();
                    found.into_iter().map(|it| it.person).collect::<Vec<_>>()
                };
                assert!(!proposed(tx, awa.id).contains(&name.id) && !proposed(tx, name.id).contains(&awa.id));
                tell_apart_no_more(tx, &seen(name.id), awa.id)?;
                assert!(proposed(tx, awa.id).contains(&name.id));
                assert_eq!(tell_apart(tx, &seen(awa.id), awa.id).unwrap_err().code(), Code::Conflict);

                let looked = look_up(tx, &vault, &staff(), &label("x"), who("", "", "", code), None)?;
                assert_eq!(
                    looked.iter().map(|it| it.person).collect::<std::collections::BTreeSet<_>>(),
                    [awa.id, same.id].into()
                );
                assert!(look_up(tx, &vault, &staff(), &label("Ugo"), Identity::default(), None)?.is_empty());
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn who_has_similar_names_is_proposed_where_no_whole_date_says_otherwise() {
    scratch::each(|store| async move {
        let vault = vault();
        let one = taken_up(&store, &vault, 7, "M.", who("Mohamed", "Kone", "1990", "")).await;
        let year = taken_up(&store, &vault, 8, "M. K.", who("Muhammad", "Koné", "1990-05-17", "")).await;
        let open = taken_up(&store, &vault, 8, "Il fratello", who("محمد علي", "Kone", "", "")).await;
        let bare = taken_up(&store, &vault, 8, "Sig. Koné Muhamad", Identity::default()).await;
        taken_up(&store, &vault, 8, "Altro anno", who("Muhammad", "Kone", "1991", "")).await;
        taken_up(&store, &vault, 8, "Muhammad", Identity::default()).await;
        taken_up(&store, &vault, 8, "Altro nome", who("Ahmed", "Kone", "1990", "")).await;
        store
            .write(move |tx| {
                let found = likely_duplicates(tx, &vault, &seen(one.id))?;
                let told: Vec<_> =
                    found.iter().map(|it| (it.person, it.likeness.points, it.likeness.reasons.clone())).collect();
                let (later, earlier) = (open.id.max(bare.id), open.id.min(bare.id));
                assert_eq!(
                    told,
                    [
                        (year.id, 45, vec![Reason::SimilarNamesAndYear]),
                        (earlier, 30, vec![Reason::SimilarNames]),
                        (later, 30, vec![Reason::SimilarNames]),
                    ]
                );
                let only_a_label = label("Mohammed Kone");
                let looked = look_up(tx, &vault, &staff(), &only_a_label, Identity::default(), None)?;
                assert!([one.id, year.id, open.id, bare.id].iter().all(|id| looked.iter().any(|it| it.person == *id)));
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn whose_tokens_are_of_another_folding_is_brought_in_line_in_the_background() {
    use diesel::prelude::*;

    use crate::store::schema::{person_known, person_token};

    scratch::each(|store| async move {
        let vault = vault();
        for label in ["A", "B", "C"] {
            taken_up(&store, &vault, 7, label, who("Григорій", label, "", "")).await;
        }
        let gone = taken_up(&store, &vault, 7, "D", who("Григорій", "D", "", "")).await;
        let act = move |tx: &mut Tx<'_>| {
            let found = |tx: &mut Tx<'_>, typed: &str| -> Result<usize> {
                let query = Query::parse(typed).unwrap();
                Ok(search(tx.conn(), &vault, &query, Listing::All, None, 50)?.items.len())
            };
            assert_eq!((found(tx, "hryhorii")?, found(tx, "grigor")?, refold(tx, &vault)?), (4, 4, 0));
            // As an older program left them; and one of them was erased meanwhile.
            diesel::delete(person_token::table).execute(tx.conn())?;
            diesel::update(person_known::table).set(person_known::folding.eq(1)).execute(tx.conn())?;
            vault.shred(tx, gone.subject)?;
            assert_eq!((found(tx, "hryhorii")?, refold(tx, &vault)?), (0, 4));
            assert_eq!((found(tx, "hryhorii")?, refold(tx, &vault)?), (3, 0));
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}
