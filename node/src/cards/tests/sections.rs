//! Section by section: revisions of their own, drafts, and what a function may see and change.

use chrono::TimeDelta;
use staffetta_protocol::card::codes::{ConfirmedBy, SourceMeans};
use staffetta_protocol::card::{HeldSource, Section};
use staffetta_protocol::trust::{Role, Roles};

use super::*;
use crate::access::acts::ReadCards;
use crate::access::cases::{self, Function, Functions};
use crate::access::{AccessRole, Staff};

/// The fields as somebody writes them, on the person's word in an interview.
pub(super) fn edit(fields: Value) -> Edit {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    let on = Day::parse("2026-11-22").unwrap();
    let said = Said { source: SourceKind::Person, means: SourceMeans::Interview, on, operator: None };
    Edit { fields, said, sources: Vec::new(), draft: false }
}

pub(super) fn draft(fields: Value) -> Edit {
    Edit { draft: true, ..edit(fields) }
}

/// Somebody who is put on the case in this function.
fn colleague(tx: &mut Tx<'_>, person: PersonId, number: u128, function: Function) -> Sight {
    let id = Uuid::from_u128(number);
    cases::assign(tx, staff(), person.into(), id, &Functions::from(function)).unwrap();
    Staff { id, role: AccessRole::Operator, label: String::new() }.acting::<ReadCards>().sight(tx, person).unwrap()
}

#[actix_web::test]
async fn a_section_is_saved_by_itself_and_does_not_hinder_another() {
    scratch::each(|store| async move {
        let vault = vault();
        let nobody = Roles::new();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let first = put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let names = look_at_section(tx, &vault, &sight, Section::A)?;
                assert_eq!((names.revision, names.version), (0, 1));
                assert!(names.fields.get("given_names").is_none());
                let skills = look_at_section(tx, &vault, &sight, Section::G)?;
                assert_eq!(skills.sources[0].source, SourceKind::Person);

                let given = edit(json!({"given_names": "Awa", "is_minor": "no"}));
                let saved = save_section(tx, &vault, &sight, &nobody, (Section::A, 0), given)?;
                assert_eq!((saved.version, saved.fields["given_names"].clone()), (2, json!("Awa")));
                assert!(saved.revision > 0);
                let source = &saved.sources[0];
                assert_eq!((source.field.name(), source.means), ("given_names", SourceMeans::Interview));
                let again = look_at_section(tx, &vault, &sight, Section::G)?;
                assert_eq!(again.revision, skills.revision, "another section is as it was");
                let held = current(tx.conn(), &vault, awa.id)?.unwrap();
                assert_eq!(held.card.skills, first.card.skills);

                for stale in [0, saved.revision - 1, saved.revision + 1] {
                    let late = edit(json!({"given_names": "Fatou"}));
                    let error = save_section(tx, &vault, &sight, &nobody, (Section::A, stale), late).unwrap_err();
                    assert_eq!(error.code(), Code::VersionConflict, "{stale}");
                }
                let gone = edit(json!({"family_names": "Sarr"}));
                let saved = save_section(tx, &vault, &sight, &nobody, (Section::A, saved.revision), gone)?;
                assert!(saved.fields.get("given_names").is_none(), "what is absent is gone, and its source with it");
                let told: Vec<_> = saved.sources.iter().map(|one| one.field.name()).collect();
                assert_eq!(told, ["family_names"], "and nobody says any more whether she is a minor");

                let strange = edit(json!({"phone": [], "Awa": 1}));
                let error =
                    save_section(tx, &vault, &sight, &nobody, (Section::A, saved.revision), strange).unwrap_err();
                let places: Vec<_> = error.problem().errors.into_iter().map(|one| one.field).collect();
                assert_eq!(places, ["/fields", "/fields/phone"], "a word that is not ours is not repeated");
                let wrong = edit(json!({"tax_code": "AWA"}));
                let error = save_section(tx, &vault, &sight, &nobody, (Section::A, saved.revision), wrong).unwrap_err();
                assert_eq!(error.problem().errors[0].field, "/fields/tax_code");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn drafts_are_hers_who_wrote_them_and_become_one_version() {
    scratch::each(|store| async move {
        let vault = vault();
        let nobody = Roles::new();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let empty = publish(tx, &vault, &sight, &nobody, None).unwrap_err();
                assert_eq!(empty.code(), Code::Conflict);
                let names = draft(json!({"given_names": "Zzawa"}));
                let drafted = save_section(tx, &vault, &sight, &nobody, (Section::A, 0), names)?;
                assert_eq!((drafted.version, drafted.fields.get("given_names")), (1, None), "no version was made");
                let held = drafted.draft.unwrap();
                assert_eq!(
                    (held.held_by, held.stale, held.fields["given_names"].clone()),
                    (Uuid::from_u128(7), false, json!("Zzawa"))
                );
                let place = draft(json!({"residence_comune": "100005", "province": "PO"}));
                let contact = look_at_section(tx, &vault, &sight, Section::B)?.revision;
                save_section(tx, &vault, &sight, &nobody, (Section::B, contact), place)?;

                let other = colleague(tx, awa.id, 8, Function::CaseOperator);
                assert_eq!(drafts(tx, &vault, &other)?.len(), 2, "colleagues see who drafts what");
                let hers = edit(json!({"given_names": "Fatou"}));
                let error =
                    save_section(tx, &vault, &other, &nobody, (Section::A, drafted.revision), hers).unwrap_err();
                assert_eq!(error.code(), Code::Conflict);
                assert_eq!(
                    publish(tx, &vault, &other, &nobody, None).unwrap_err().code(),
                    Code::Conflict,
                    "none of hers"
                );

                let published = publish(tx, &vault, &sight, &nobody, None)?;
                assert_eq!((published.version, published.card.given_names.as_ref().unwrap().as_str()), (2, "Zzawa"));
                assert_eq!(published.card.residence_comune.as_ref().unwrap().as_str(), "100005");
                assert!(drafts(tx, &vault, &sight)?.is_empty());

                let at = look_at_section(tx, &vault, &sight, Section::A)?.revision;
                let late = draft(json!({"given_names": "Awa Fatou"}));
                let drafted = save_section(tx, &vault, &sight, &nobody, (Section::A, at), late)?;
                let card = with(&published.card, json!({"given_names": "Fatou"}));
                put(tx, &vault, &other, card, 2)?;
                assert!(drafts(tx, &vault, &sight)?[0].stale);
                assert_eq!(publish(tx, &vault, &sight, &nobody, None).unwrap_err().code(), Code::Conflict);
                let now = look_at_section(tx, &vault, &sight, Section::A)?.revision;
                assert!(now > drafted.revision);
                assert_eq!(discard_draft(tx, &other, Section::A, now - 1).unwrap_err().code(), Code::VersionConflict);
                discard_draft(tx, &other, Section::A, now)?;
                assert_eq!(discard_draft(tx, &other, Section::A, now + 1).unwrap_err().code(), Code::NotFound);
                let acts: Vec<_> = journal::about(tx.conn(), awa.subject, 50)?.into_iter().map(|one| one.act).collect();
                for act in ["card.drafted", "card.drafts-read", "card.draft-discarded", "card.section-read"] {
                    assert!(acts.iter().any(|done| done == act), "{act}");
                }
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_draft_is_sealed_and_gone_with_her_key() {
    use diesel::prelude::*;
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let names = draft(json!({"given_names": "Zzawa"}));
                save_section(tx, &vault, &sight, &Roles::new(), (Section::A, 0), names)?;
                let sealed: Vec<Option<Vec<u8>>> = crate::store::schema::card_section::table
                    .select(crate::store::schema::card_section::sealed)
                    .load(tx.conn())?;
                let bytes = sealed.into_iter().flatten().next().unwrap();
                assert!(!bytes.windows(5).any(|part| part == b"Zzawa"));
                vault.shred(tx, awa.subject)?;
                assert!(drafts(tx, &vault, &sight)?.is_empty());
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_function_sees_and_changes_its_sections_and_no_others() {
    scratch::each(|store| async move {
        let vault = vault();
        let nobody = Roles::new();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let first = put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let secret =
                    json!({"target_flags": ["vulnerability_yes"], "permit_type": "asilo", "work_authorised": "yes"});
                let second = put(tx, &vault, &sight, with(&first.card, secret), 1)?;
                let tutor = colleague(tx, awa.id, 8, Function::JobTutor);
                for hidden in [Section::K, Section::C] {
                    let error = look_at_section(tx, &vault, &tutor, hidden).unwrap_err();
                    assert_eq!(error.code(), Code::FunctionNotEntitled);
                    let write = edit(json!({}));
                    let error = save_section(tx, &vault, &tutor, &nobody, (hidden, 1), write).unwrap_err();
                    assert_eq!(error.code(), Code::FunctionNotEntitled);
                }
                let shown = serde_json::to_value(view::HeldCard::of(&second, &tutor)?).unwrap();
                assert_eq!(shown["withheld"], json!(["C", "K"]));
                assert!(!shown.to_string().contains("vulnerability") && !shown.to_string().contains("asilo"));
                assert!(!shown["card"]["sources"].to_string().contains("target_flags"));
                assert_eq!(shown["card"]["skills"], serde_json::to_value(&second.card.skills).unwrap());

                // What she sends back lacks what she was not shown, and nothing of that is lost.
                let back: Card = read(&shown["card"].to_string()).unwrap();
                let third = put(tx, &vault, &tutor, with(&back, json!({"seeking_status": "passive"})), 2)?;
                assert_eq!(third.card.target_flags, second.card.target_flags);
                assert_eq!(third.card.permit_type, second.card.permit_type);
                let flags = |card: &Card| card.sources.iter().filter(|one| one.field.name() == "target_flags").count();
                assert_eq!((flags(&second.card), flags(&third.card)), (1, 1));
                let error = put(tx, &vault, &tutor, with(&back, json!({"given_names": "Awa"})), 3).unwrap_err();
                assert_eq!(error.code(), Code::FunctionNotEntitled, "read, and not hers to write");

                let mentor = colleague(tx, awa.id, 9, Function::EnterpriseTutor);
                let skills = look_at_section(tx, &vault, &mentor, Section::G)?;
                assert!(skills.sources.is_empty(), "where it comes from is section M");
                let found = look_at_differences(tx, &vault, &tutor, (1, 2))?;
                assert!(found.iter().all(|one| one.section != "K" && one.section != "C"), "{found:?}");
                assert_eq!(look_at_differences(tx, &vault, &sight, (1, 2))?.len(), 2);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_pile_is_confirmed_by_who_may_confirm_it() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let first = put_quick(tx, &vault, &sight, quick(), Some(&prato()))?;
                let mut skills = serde_json::to_value(&first.card.skills).unwrap();
                skills[0]["validation_path"] =
                    json!({"value": "certifiable_now", "proposed_by": "operator", "confirmed_by": "cpi"});
                let confirming = || edit(json!({"skills": skills}));
                let at = look_at_section(tx, &vault, &sight, Section::G)?.revision;
                let centre = Roles::from([Role::ReceptionCentre]);
                let error = save_section(tx, &vault, &sight, &centre, (Section::G, at), confirming()).unwrap_err();
                assert_eq!(error.code(), Code::NotEntitled);
                let whole = with(&first.card, json!({"skills": skills}));
                assert_eq!(put(tx, &vault, &sight, whole, 1).unwrap_err().code(), Code::NotEntitled);
                let cpi = Roles::from([Role::Cpi]);
                let saved = save_section(tx, &vault, &sight, &cpi, (Section::G, at), confirming())?;
                let held = current(tx.conn(), &vault, awa.id)?.unwrap().card;
                assert_eq!(held.skills[0].validation_path.confirmed_by, Some(ConfirmedBy::Cpi));
                let same = edit(json!({"skills": skills, "soft_skills": []}));
                let kept = save_section(tx, &vault, &sight, &centre, (Section::G, saved.revision), same)?;
                skills[0]["validation_path"]["value"] = json!("needs_training");
                let moved = edit(json!({"skills": skills}));
                let error = save_section(tx, &vault, &sight, &centre, (Section::G, kept.revision), moved).unwrap_err();
                assert_eq!(error.code(), Code::NotEntitled, "what was confirmed is not what stands there now");
                skills[0].as_object_mut().unwrap().remove("validation_path");
                let bare = edit(json!({"skills": skills}));
                let error = save_section(tx, &vault, &sight, &cpi, (Section::G, kept.revision), bare).unwrap_err();
                assert_eq!(error.problem().errors[0].field, "/fields/skills/0/validation_path");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn single_fields_may_come_from_elsewhere() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa.id);
                let on = Day::parse("2026-11-20").unwrap();
                let seen_on = |name| HeldSource {
                    field: CardField::named(name).unwrap(),
                    source: SourceKind::Document,
                    on,
                    means: SourceMeans::DocumentSeen,
                    operator: Some(Uuid::from_u128(7)),
                };
                let sources = vec![seen_on("tax_code"), seen_on("birth_date")];
                let both = edit(json!({"given_names": "Awa", "tax_code": "RSSMRA85T10A562S"}));
                let saved = save_section(tx, &vault, &sight, &Roles::new(), (Section::A, 0), Edit { sources, ..both })?;
                let told: Vec<_> = saved.sources.iter().map(|one| (one.field.name(), one.source)).collect();
                assert_eq!(told, [("given_names", SourceKind::Person), ("tax_code", SourceKind::Document)]);
                let amended = amend(tx, &vault, &sight, edit(json!({})).said, |card| {
                    card.preferred_name = staffetta_protocol::card::Text::new("Fatou").ok();
                    Ok(())
                })?;
                assert_eq!((amended.version, amended.card.sources.len()), (2, 3));
                assert!(TimeDelta::zero() <= tx.now() - amended.saved_at);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
