use diesel::prelude::*;
use staffetta_protocol::card::CardField;
use staffetta_protocol::card::codes::{ConfirmedBy, Minor, Pile, SourceKind};
use staffetta_protocol::trust::{Role, Roles};

use super::*;
use crate::store::Id;
use crate::store::schema::assessment;

fn code<T: std::fmt::Debug>(refused: Result<T>) -> Code {
    refused.unwrap_err().code()
}

/// An assessment in its synthesis, with this summary.
fn ready(tx: &mut Tx<'_>, vault: &Vault, sight: &Sight, summary: &str) -> Result<Assessment> {
    let mut one = open(tx, vault, sight, work(Some(summary)))?;
    for phase in Phase::ALL {
        one = begin(tx, vault, sight, one.id, begun(*phase, "2026-11-20"), one.version)?;
    }
    Ok(one)
}

#[actix_web::test]
async fn a_signed_summary_stands_in_the_card_and_never_changes() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteAssessments>().sight(tx, person.id)?;
            let first = ready(tx, &vault, &sight, "Sa saldare, e sa cucire.")?;
            assert_eq!(first.phases[1].conducted_by, Some(anna.id), "whoever enters it, unless said otherwise");
            assert_eq!(look(tx, &vault, &sight, first.id)?, first);
            let stale = change(tx, &vault, &sight, first.id, work(None), 1);
            assert_eq!(code(stale), Code::VersionConflict);
            let nobody = PhaseBegun { conducted_by: Some(Uuid::nil()), ..begun(Phase::Welcome, "2026-11-20") };
            let other = open(tx, &vault, &sight, work(None))?;
            assert_eq!(code(begin(tx, &vault, &sight, other.id, nobody, 1)), Code::InvalidInput);

            let sheet: Description = read(r#"{"type": "other", "held_by": "node"}"#).unwrap();
            let sheet = documents::enter(tx, &vault, &sight, &sheet)?;
            let on_paper = |document: DocumentId| {
                read(
                    &json!({"by": "person", "method": "signature", "document": document, "signed_on": "2026-11-22"})
                        .to_string(),
                )
                .unwrap()
            };
            let elsewhere = sign(tx, &vault, &sight, first.id, on_paper(DocumentId(Uuid::nil())), first.version);
            assert_eq!(elsewhere.unwrap_err().problem().errors[0].field, "/document");
            let signed = sign(tx, &vault, &sight, first.id, on_paper(sheet.id), first.version)?;
            assert_eq!((signed.state, look(tx, &vault, &sight, first.id)?), (State::Signed, signed.clone()));
            let card = cards::current(tx.conn(), &vault, person.id)?.unwrap();
            let field = CardField::named("bilancio_summary").unwrap();
            let source = card.card.sources.iter().find(|source| source.field == field).unwrap();
            assert_eq!((source.source, source.operator), (SourceKind::Person, Some(anna.id)), "on her word");
            let summary = card.card.bilancio_summary.unwrap();
            assert_eq!((summary.text.as_str(), summary.signed_on), ("Sa saldare, e sa cucire.", day("2026-11-22")));
            for again in [
                change(tx, &vault, &sight, first.id, work(None), signed.version).map(drop),
                sign(tx, &vault, &sight, first.id, typed_pin("2026-11-23"), signed.version).map(drop),
                rows::save(tx, &vault, &Assessment { work: work(None), signed: None, ..signed.clone() }).map(drop),
            ] {
                assert!(matches!(code(again), Code::IllegalTransition | Code::VersionConflict));
            }

            let second = ready(tx, &vault, &sight, "Ora salda da sola.")?;
            let second = sign(tx, &vault, &sight, second.id, typed_pin("2026-11-23"), second.version)?;
            let before = look(tx, &vault, &sight, first.id)?;
            assert_eq!((before.state, before.superseded_by), (State::Superseded, Some(second.id)));
            assert_eq!((&before.work, &before.signed), (&signed.work, &signed.signed), "its words stay");
            let card = cards::current(tx.conn(), &vault, person.id)?.unwrap();
            assert_eq!(card.card.bilancio_summary.unwrap().text.as_str(), "Ora salda da sola.");

            let (newest, more) = list(tx, &vault, &sight, None, 2)?;
            assert!(more && newest.len() == 2);
            let (rest, more) = list(tx, &vault, &sight, Some(newest[1].id), 2)?;
            assert!(!more && rest.len() == 1 && newest.iter().all(|it| it.id != rest[0].id));
            let acts = journal::about(tx.conn(), person.subject, 90)?;
            for (act, times) in [("opened", 3), ("phase_begun", 6), ("signed", 2), ("superseded", 1), ("read", 3)] {
                let done = acts.iter().filter(|entry| entry.act == format!("assessment.{act}")).count();
                assert_eq!(done, times, "{act}");
            }

            // Somebody at the database: the digest tells.
            let lie = assessment::table.find(Id(second.id.0));
            diesel::update(lie)
                .set(assessment::sha256.eq(signed.signed.unwrap().sha256.to_string()))
                .execute(tx.conn())?;
            assert!(look(tx, &vault, &sight, second.id).unwrap_err().is_fault());
            vault.shred(tx, person.subject)?;
            assert_eq!(code(look(tx, &vault, &sight, first.id)), Code::NotFound, "erased");
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn findings_go_into_the_card_as_proposals_and_what_was_confirmed_stays() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteAssessments>().sight(tx, person.id)?;
            let paper: Description = read(r#"{"type": "certificate", "held_by": "person"}"#).unwrap();
            let paper = documents::enter(tx, &vault, &sight, &paper)?.id;
            let mut with = work(None).findings.into_vec();
            with[0].evidence_ref = Some(paper);
            let shown = Work { findings: List::new(with.clone()).unwrap(), ..work(None) };
            let one = open(tx, &vault, &sight, shown)?;
            let ids: Vec<Uuid> = one.work.findings.iter().filter_map(|finding| finding.id).collect();
            let version = propose(tx, &vault, &sight, one.id, &ids)?;
            let held = cards::current(tx.conn(), &vault, person.id)?.unwrap();
            assert_eq!((held.version, held.card.skills.len()), (version, 2), "one of the two was there already");
            let welding = held.card.skills.iter().find(|skill| skill.evidence_ref.is_some()).unwrap();
            assert_eq!((welding.validation_path.value, welding.evidence_ref), (Pile::CertifiableNow, Some(paper.0)));
            assert_eq!(welding.validation_path.confirmed_by, None);

            let mut skills = held.card.skills.to_vec();
            for skill in &mut skills {
                skill.validation_path.value = Pile::NeedsTraining;
                skill.validation_path.confirmed_by = Some(ConfirmedBy::Cpi);
            }
            let confirmed = Card { skills: List::new(skills.clone()).unwrap(), ..held.card };
            cards::put_as(tx, &vault, &sight, &Roles::from([Role::Cpi]), confirmed, version)?;
            propose(tx, &vault, &sight, one.id, &ids)?;
            let held = cards::current(tx.conn(), &vault, person.id)?.unwrap();
            assert_eq!(held.card.skills.to_vec(), skills, "a job centre has decided");

            let unknown = propose(tx, &vault, &sight, one.id, &[ids[0], Uuid::nil()]).unwrap_err();
            assert_eq!(unknown.problem().errors[0].field, "/findings/1");
            with[1].evidence_ref = Some(DocumentId(Uuid::nil()));
            let wrong = Work { findings: List::new(with).unwrap(), ..work(None) };
            let refused = open(tx, &vault, &sight, wrong).unwrap_err();
            assert_eq!(refused.problem().errors[0].field, "/findings/1/evidence_ref");
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn a_minors_summary_is_signed_by_her_guardian_and_nobody_signs_without_a_card() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteAssessments>().sight(tx, person.id)?;
            let held = cards::current(tx.conn(), &vault, person.id)?.unwrap();
            let minor = Card { is_minor: Minor::UnderAssessment, ..held.card };
            cards::put(tx, &vault, &sight, minor, held.version)?;
            let one = ready(tx, &vault, &sight, "Sa cucire.")?;
            let alone = sign(tx, &vault, &sight, one.id, typed_pin("2026-11-23"), one.version).unwrap_err();
            assert_eq!(alone.problem().errors[0].field, "/by");
            let nobody = Signature { by: Signer::Guardian, ..typed_pin("2026-11-23") };
            let refused = sign(tx, &vault, &sight, one.id, nobody.clone(), one.version).unwrap_err();
            assert_eq!(refused.problem().errors[0].field, "/guardian", "who signs for her has a name");
            let held = cards::current(tx.conn(), &vault, person.id)?.unwrap();
            let birth_date = Some(read(r#"{"value": "2009-06-01"}"#).unwrap());
            let born = Card { is_minor: Minor::NotAsked, birth_date, ..held.card };
            let held = cards::put(tx, &vault, &sight, born, held.version)?;
            let alone = sign(tx, &vault, &sight, one.id, typed_pin("2026-11-23"), one.version).unwrap_err();
            assert_eq!(alone.problem().errors[0].field, "/by", "a date of birth is enough to know");
            let birth_date = Some(read(r#"{"value": "1990"}"#).unwrap());
            let grown = cards::put(tx, &vault, &sight, Card { birth_date, ..held.card.clone() }, held.version)?;
            let refused = sign(tx, &vault, &sight, one.id, nobody.clone(), one.version).unwrap_err();
            assert_eq!(refused.problem().errors[0].field, "/by", "an adult signs for herself");
            cards::put(tx, &vault, &sight, held.card, grown.version)?;
            let guardian = Some(people::guardians::sample(tx, &vault, &sight)?);
            sign(tx, &vault, &sight, one.id, Signature { guardian, ..nobody }, one.version)?;

            let other = people::create(tx, &vault, &anna.actor(), &Label::new("Awa").unwrap())?;
            let sight = anna.acting::<WriteAssessments>().sight(tx, other.id)?;
            let one = ready(tx, &vault, &sight, "Sa cucire.")?;
            assert_eq!(code(sign(tx, &vault, &sight, one.id, typed_pin("2026-11-23"), one.version)), Code::Conflict);
            let first = anna.acting::<WriteAssessments>().sight(tx, person.id)?;
            assert_eq!(code(look(tx, &vault, &first, one.id)), Code::NotFound, "somebody else's");
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}

#[actix_web::test]
async fn who_does_not_see_the_skills_sees_no_assessment() {
    scratch::each(|store| async move {
        let vault = vault();
        let (anna, person) = case(&store, &vault).await;
        let act = move |tx: &mut Tx<'_>| {
            let sight = anna.acting::<WriteAssessments>().sight(tx, person.id)?;
            let one = open(tx, &vault, &sight, work(Some("Sa cucire.")))?;
            let bruno = hired(tx, "bruno", AccessRole::Operator);
            for function in Function::ALL {
                let (sight, tells) = (on_case(tx, &bruno, &person, *function), function.tells());
                let expected = |may: bool| if may { None } else { Some(Code::FunctionNotEntitled) };
                let told = |outcome: Result<()>| outcome.err().map(|error| error.code());
                let (reads, writes) = (tells.reads.contains(&Section::G), tells.writes.contains(&Section::G));
                assert_eq!(told(look(tx, &vault, &sight, one.id).map(drop)), expected(reads), "{function}");
                assert_eq!(told(list(tx, &vault, &sight, None, 9).map(drop)), expected(reads), "{function}");
                assert_eq!(told(open(tx, &vault, &sight, work(None)).map(drop)), expected(writes), "{function}");
                let changed = tx.savepoint(|tx| {
                    change(tx, &vault, &sight, one.id, work(None), 1)?;
                    Err::<(), _>(Code::Conflict.into())
                });
                let undone = if writes { Code::Conflict } else { Code::FunctionNotEntitled };
                assert_eq!(code(changed), undone, "{function}");
            }
            Ok(())
        };
        store.write(act).await.unwrap();
    })
    .await;
}
