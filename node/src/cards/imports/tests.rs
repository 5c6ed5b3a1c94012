//! What a file brings and what it does not, on both databases; and files that nobody should trust.

use proptest::prelude::*;
use serde_json::{Value, json};
use staffetta_protocol::card::codes::{ConfirmedBy, ProposedBy, SourceKind, SourceMeans};
use staffetta_protocol::card::{Day, Portability, read};
use staffetta_protocol::problem::Code;
use uuid::Uuid;

use super::model::{ImportIndication, ImportSaidBy};
use super::*;
use crate::cards::europass::{self, Outcome, Reason, Syntax};
use crate::cards::{self, drafts};
use crate::journal::{self as acts, Actor};
use crate::people::{Label, PersonId};
use crate::store::scratch;
use crate::vault::MasterKey;

fn seen(person: PersonId) -> Sight {
    Sight::of_taking_up(Actor::Staff(Uuid::from_u128(7)), person.into())
}

fn yes() -> ImportYes {
    ImportYes { by: ImportSaidBy::Person, indication_method: ImportIndication::Signature, guardian: None }
}

fn card() -> Value {
    json!({
        "given_names": "Zzawa", "family_names": "Zzndiaye", "residence_comune": "100005",
        "skills": [{
            "skill": {"kind": "free", "text": "Zzsaldare", "isco08": "7212"}, "level": "independent", "source": "certified",
            "validation_path": {"value": "certifiable_now", "proposed_by": "cpi", "confirmed_by": "cpi"},
            "evidence_ref": "4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11"
        }],
        "sources": [{"field": "given_names", "source": "document", "on": "2026-01-01",
                     "operator": "4a2f5a0e-9d0a-4c57-8f6f-2b7a3a6f8a11"}],
        "mother_tongues": ["wol"]
    })
}

fn file(card: &Value) -> Value {
    json!({
        "format": "staffetta-portability", "version": 1, "exported_at": "2026-11-20T10:00:00Z",
        "from": {"entity_id": "https://sai.example", "organisation_name": "SAI Zzpistoia"},
        "card": card, "europass_xml": ""
    })
}

fn brought(card: &Value) -> Brought {
    read_carried(read::<Portability>(&file(card).to_string()).unwrap()).unwrap()
}

fn person(tx: &mut Tx<'_>, vault: &Vault) -> PersonId {
    let by = Actor::Staff(Uuid::from_u128(7));
    people::create(tx, vault, &by, &Label::new("Zzawa").unwrap()).unwrap().id
}

#[actix_web::test]
async fn what_she_carries_becomes_drafts_that_somebody_publishes() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa);
                let looked = look(tx, &vault, &sight, brought(&card()))?;
                assert_eq!(looked.card.given_names.as_ref().unwrap().as_str(), "Zzawa");
                assert!(drafts(tx, &vault, &sight)?.is_empty() && list(tx, &vault, &sight)?.is_empty(), "a look only");

                let (import, laid) = save(tx, &vault, &sight, brought(&card()), yes())?;
                assert_eq!(laid.sections, [Section::A, Section::B, Section::G]);
                assert!(cards::current(tx.conn(), &vault, awa)?.is_none(), "drafts are no version");
                assert_eq!(drafts(tx, &vault, &sight)?.len(), 3);
                let again = save(tx, &vault, &sight, brought(&card()), yes()).unwrap_err();
                assert_eq!(again.code(), Code::Conflict, "no draft is overwritten, not even one's own");

                let held = cards::publish(tx, &vault, &sight, &Roles::new(), None)?;
                let skill = &held.card.skills[0];
                let path = &skill.validation_path;
                assert_eq!((path.proposed_by, path.confirmed_by), (ProposedBy::Operator, None::<ConfirmedBy>));
                assert_eq!(skill.evidence_ref, None, "an id of another node leads nowhere");
                assert!(held.card.mother_tongues.is_empty(), "what stays at its node is in no file");
                let source = held.card.sources.iter().find(|it| it.field.name() == "given_names").unwrap();
                assert_eq!((source.source, source.means), (SourceKind::Document, SourceMeans::Import));
                assert_eq!(
                    source.operator,
                    Some(Uuid::from_u128(7)),
                    "whoever laid it on, and nobody of the other node"
                );

                let kept = list(tx, &vault, &sight)?;
                assert_eq!((kept.len(), kept[0].id, kept[0].yes), (1, import, yes()));
                let origin = kept[0].origin.as_ref().unwrap();
                assert_eq!((origin.entity_id.as_str(), kept[0].kind), ("https://sai.example", Kind::Portability));
                assert_eq!(origin.exported_at.to_rfc3339(), "2026-11-20T10:00:00+00:00");
                let nothing = save(tx, &vault, &sight, brought(&card()), yes()).unwrap_err();
                assert_eq!(nothing.code(), Code::Conflict, "the same file again adds nothing");
                let subject = people::get(tx.conn(), awa)?.subject;
                let done = acts::about(tx.conn(), subject, 50)?;
                assert_eq!(done.iter().filter(|it| it.act == "card.imported").count(), 1);
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn what_the_card_says_already_stays_and_a_cv_takes_the_same_path() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa);
                let own: Card = read(&json!({"given_names": "Awa"}).to_string()).unwrap();
                cards::put(tx, &vault, &sight, own, 0)?;
                let laid = look(tx, &vault, &sight, brought(&card()))?;
                assert_eq!(laid.card.given_names.as_ref().unwrap().as_str(), "Awa");
                let line = laid.report.items.iter().find(|line| line.field == Some("given_names")).unwrap();
                assert_eq!((line.outcome, line.reason), (Outcome::Kept, Some(Reason::OtherValueHeld)));
                let confirmed = |line: &&europass::Line| line.reason == Some(Reason::ConfirmedElsewhere);
                assert_eq!(laid.report.items.iter().filter(confirmed).count(), 1);

                let about = europass::Writing { document: Uuid::from_u128(1), at: tx.now(), for_herself: true };
                let carried: Card = read(&json!({"family_names": "Zzndiaye"}).to_string()).unwrap();
                let cv = europass::write(&carried, europass::Form::Candidate, &about);
                let read_cv = europass::read(cv.as_bytes(), Syntax::Xml, Day::parse("2026-11-23").unwrap()).unwrap();
                let (kind, digest) = (Kind::Europass(read_cv.form), digest_of(cv.as_bytes()));
                let cv = Brought { kind, origin: None, digest, given: read_cv.given() };
                let (_, laid) = save(tx, &vault, &sight, cv, yes())?;
                assert_eq!(laid.sections, [Section::A]);
                assert_eq!(list(tx, &vault, &sight)?[0].kind.code(), "europass_v4_xml");
                let held = cards::publish(tx, &vault, &sight, &Roles::new(), None)?;
                assert_eq!(held.card.family_names.unwrap().as_str(), "Zzndiaye");
                assert_eq!(held.card.given_names.unwrap().as_str(), "Awa");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_minors_yes_is_her_guardians_also_where_the_file_is_the_first_to_say_her_age() {
    scratch::each(|store| async move {
        let vault = Vault::new(MasterKey::generate().unwrap());
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let sight = seen(awa);
                let mut of_a_minor = card();
                of_a_minor["birth_date"] = json!({"value": "2009-06-01"});
                let refused = |tx: &mut Tx<'_>, yes| {
                    let problem = save(tx, &vault, &sight, brought(&of_a_minor), yes).unwrap_err().problem();
                    (problem.errors[0].field.clone(), problem.errors[0].code.clone())
                };
                let told = |field: &str, code: &str| (format!("/indication/{field}"), code.to_owned());
                assert_eq!(refused(tx, yes()), told("by", "inconsistent"));
                let guarded = |guardian| ImportYes { by: ImportSaidBy::Guardian, guardian, ..yes() };
                assert_eq!(refused(tx, guarded(None)), told("guardian", "required"));
                assert_eq!(refused(tx, guarded(Some(Uuid::nil()))), told("guardian", "not_in_list"));
                let guardian = guardians::sample(tx, &vault, &sight)?;
                save(tx, &vault, &sight, brought(&of_a_minor), guarded(Some(guardian)))?;
                assert_eq!(list(tx, &vault, &sight)?[0].yes.guardian, Some(guardian));

                let grown = person(tx, &vault);
                let sight = seen(grown);
                let guardian = guardians::sample(tx, &vault, &sight)?;
                let mut of_age = card();
                of_age["birth_date"] = json!({"value": "1990"});
                let problem =
                    save(tx, &vault, &sight, brought(&of_age), guarded(Some(guardian))).unwrap_err().problem();
                assert_eq!(problem.errors[0].field, "/indication/by", "nobody speaks for an adult");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
    let named = json!({"by": "person", "indication_method": "pin", "guardian": Uuid::nil()});
    assert_eq!(read::<ImportYes>(&named.to_string()).unwrap_err()[0].field, "/guardian");
}

#[test]
fn another_form_of_the_file_is_refused_by_place() {
    let refused = |change: &dyn Fn(&mut Value)| {
        let mut bad = file(&card());
        change(&mut bad);
        let found = read::<Portability>(&bad.to_string()).unwrap_err();
        (found[0].field.clone(), found[0].code.clone())
    };
    assert_eq!(refused(&|it| it["zz"] = json!(1)).1, "unknown_field");
    assert_eq!(refused(&|it| it["card"]["photo"] = json!("zz")), ("/card".into(), "unknown_field".into()));
    assert_eq!(refused(&|it| it["version"] = json!(2)).0, "/version");
    assert_eq!(refused(&|it| it["from"] = json!("SAI")).0, "/from");
}

proptest! {
    /// Whatever a file says of a skill, here nobody has confirmed it and it leads to no document.
    #[test]
    fn no_file_confirms_anything(by in prop::sample::select(vec!["operator", "cpi", "certifying_body"]),
                                 confirmed in prop::option::of(prop::sample::select(vec!["cpi", "certifying_body"]))) {
        let mut card = card();
        card["skills"][0]["validation_path"]["proposed_by"] = json!(by);
        let path = card["skills"][0]["validation_path"].as_object_mut().unwrap();
        match confirmed {
            Some(who) => drop(path.insert("confirmed_by".into(), json!(who))),
            None => drop(path.remove("confirmed_by")),
        }
        let given = brought(&card).given;
        let skill = &given.card.skills[0];
        prop_assert_eq!(skill.validation_path.proposed_by, ProposedBy::Operator);
        prop_assert!(skill.validation_path.confirmed_by.is_none() && skill.evidence_ref.is_none());
        prop_assert!(given.card.sources.is_empty() && !given.fields.contains("mother_tongues"));
    }
}
