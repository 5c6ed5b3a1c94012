mod desk;
mod sections;
mod unsent;
mod versions;
mod young;

use std::collections::BTreeSet;

use serde_json::{Value, json};
use staffetta_protocol::card::codes::SourceKind;
use staffetta_protocol::card::{CardField, Province, Whole, read};
use staffetta_protocol::consent::{Grant, Group, Groups, OrganisationId, Purpose};
use staffetta_protocol::digest::Digest;
use staffetta_protocol::id::{MessageId, RecordId, SubjectRef, ThreadId};
use staffetta_protocol::message::rules::Side;
use uuid::Uuid;

use super::*;
use crate::grants::{Recipient, Thread};
use crate::journal::Actor;
use crate::people::Label;
use crate::store::scratch;
use crate::vault::MasterKey;

fn vault() -> Vault {
    Vault::new(MasterKey::generate().unwrap())
}

fn staff() -> Actor {
    Actor::Staff(Uuid::from_u128(7))
}

/// She works on this person's case.
fn seen(person: PersonId) -> Sight {
    Sight::of_taking_up(staff(), person.into())
}

fn cpi() -> Destination {
    "https://cpi.example".parse().unwrap()
}

fn quick() -> QuickCard {
    let value = json!({
        "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "yes", "italian": "a2",
        "target_occupations": {"kind": "any"},
        "skills": [{"skill": {"kind": "free", "text": "saldatura ad arco", "isco08": "7212"}, "source": "observed"}]
    });
    read(&value.to_string()).unwrap()
}

fn prato() -> Province {
    Province::new("PO").unwrap()
}

fn person(tx: &mut Tx<'_>, vault: &Vault) -> Person {
    people::create(tx, vault, &staff(), &Label::new("Awa").unwrap()).unwrap()
}

/// The card with these members in place of its own.
fn with(card: &Card, changes: Value) -> Card {
    let mut value = serde_json::to_value(card).unwrap();
    value.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    read(&value.to_string()).unwrap()
}

fn full(card: &Card) -> Card {
    let changes = json!({
        "given_names": "Awa Fatou", "family_names": "N'Diaye", "tax_code": "RSSMRA85T10A562S",
        "residence_comune": "100005", "phone": [{"number": "+393331234567", "type": "mobile", "safe_to_call": "yes"}]
    });
    with(card, changes)
}

#[actix_web::test]
async fn a_card_begins_quickly_and_is_then_saved_whole_in_versions() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                assert_eq!(current(tx.conn(), &vault, awa.id)?, None);
                assert_eq!(look(tx, &vault, &seen(awa.id)).unwrap_err().code(), Code::NotFound);
                let nowhere = put_quick(tx, &vault, &seen(awa.id), quick(), None).unwrap_err();
                assert_eq!(nowhere.problem().errors[0].field, "/province");

                let first = put_quick(tx, &vault, &seen(awa.id), quick(), Some(&prato()))?;
                assert_eq!(first.version, 1);
                assert_eq!(missing_for_preview(tx.conn(), &vault, awa.id)?, []);
                let gaps: Vec<_> =
                    missing_for_referral(tx.conn(), &vault, awa.id)?.into_iter().map(|gap| gap.field).collect();
                assert_eq!(gaps, ["/given_names", "/birth_date", "/residence_comune"]);
                let again = put_quick(tx, &vault, &seen(awa.id), quick(), Some(&prato())).unwrap_err();
                assert_eq!(again.code(), Code::AlreadyExists, "nothing that was written since may be lost");

                let second = put(tx, &vault, &seen(awa.id), full(&first.card), 1)?;
                assert_eq!(second.version, 2);
                assert_eq!(missing_for_referral(tx.conn(), &vault, awa.id)?, []);
                assert_eq!(look(tx, &vault, &seen(awa.id))?, second);
                for stale in [0, 1, 3, u32::MAX] {
                    let error = put(tx, &vault, &seen(awa.id), full(&first.card), stale).unwrap_err();
                    assert_eq!(error.code(), Code::VersionConflict, "{stale}");
                }
                let found = people::find_same(tx.conn(), &vault, second.card.tax_code.as_ref(), &[], None)?;
                assert_eq!(found.len(), 1, "the index follows the card");

                let all = versions(tx, &seen(awa.id), None, 1)?;
                assert_eq!((all.items[0].version, all.items[0].saved_by), (2, Some(Uuid::from_u128(7))));
                let older = versions(tx, &seen(awa.id), all.next_before, 1)?;
                assert_eq!((older.items[0].version, older.next_before), (1, None));
                let nobody = people::PersonId(Uuid::new_v4());
                assert_eq!(put(tx, &vault, &seen(nobody), Card::default(), 0).unwrap_err().code(), Code::NotFound);
                assert_eq!(gaps_of_nobody(tx, &vault, nobody), Code::NotFound);

                let acts = journal::about(tx.conn(), awa.subject, 20)?;
                assert_eq!(acts.iter().filter(|entry| entry.act == "card.saved").count(), 2);
                assert_eq!(acts.iter().filter(|entry| entry.act == "card.read").count(), 1);
                vault.shred(tx, awa.subject)?;
                assert_eq!(look(tx, &vault, &seen(awa.id)).unwrap_err().code(), Code::NotFound, "erased");
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

fn gaps_of_nobody(tx: &mut Tx<'_>, vault: &Vault, nobody: PersonId) -> Code {
    gaps(tx.conn(), vault, nobody).unwrap_err().code()
}

#[test]
fn a_changed_field_has_a_source_and_an_unchanged_one_keeps_its_own() {
    let today = Day::parse("2026-11-23").unwrap();
    let defaults = QuickDefaults { province: prato(), today, operator: None };
    let first = quick().into_card(&defaults);
    let later = Day::parse("2026-11-30").unwrap();
    let said = |operator| Said { on: later, ..Said::by_operator(operator, chrono::DateTime::UNIX_EPOCH) };
    let source = |card: &Card, name| {
        let field = CardField::named(name).unwrap();
        card.sources.iter().find(|source| source.field == field).map(|source| (source.source, source.on))
    };
    let second = model::with_sources(Some(&first), full(&first), said(Some(Uuid::from_u128(7)))).unwrap();
    assert_eq!(source(&second, "skills"), Some((SourceKind::Person, today)));
    assert_eq!(source(&second, "tax_code"), Some((SourceKind::Operator, later)));
    assert_eq!(source(&second, "is_minor"), None, "nobody was asked");
    let stated = with(
        &second,
        json!({
            "family_names": "Sarr",
            "sources": [{"field": "family_names", "source": "document", "on": "2026-11-29"}]
        }),
    );
    let third = model::with_sources(Some(&second), stated, said(None)).unwrap();
    assert_eq!(source(&third, "family_names").unwrap().0, SourceKind::Document, "what the body says stands");
    let unsaid = Card { sources: Default::default(), ..third.clone() };
    let same = model::with_sources(Some(&third), unsaid, said(None)).unwrap();
    let (kept, before) = (&same.sources, &third.sources);
    assert_eq!(kept.len(), before.len(), "who says nothing of it changes nothing of it");
    assert!(before.iter().all(|source| kept.contains(source)), "{kept:?}");
    let gone = Card { tax_code: None, ..third };
    let fourth = model::with_sources(Some(&second), gone, said(None)).unwrap();
    assert_eq!(source(&fourth, "tax_code"), None);
}

/// A live P2 consent for the office, and the permit that rests on it.
fn permit(tx: &mut Tx<'_>, person: &Person, wanted: &[Group]) -> Permit {
    let office = OrganisationId::new("ipa:c_g999").unwrap();
    let grant = Grant {
        record: RecordId(Uuid::new_v4()),
        seq: Whole::new(1).unwrap(),
        purpose: Purpose::P2,
        recipient: office.clone(),
        groups: Groups::new(wanted.iter().copied()).unwrap(),
        not_after: tx.now() + chrono::TimeDelta::days(60),
        single_use: false,
        notice_hash: Digest::of("notice"),
    };
    grants::open(tx, person.subject, &grant).unwrap();
    let to = Recipient { peer: &cpi(), organisation: "CPI", ids: &[office] };
    grants::permit(tx, person.subject, to, Purpose::P2, &wanted.iter().copied().collect()).unwrap()
}

#[actix_web::test]
async fn what_leaves_is_what_the_permit_names_in_versions_that_the_recipient_counts() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let awa = person(tx, &vault);
                let permit = permit(tx, &awa, &[Group::Preview, Group::Identity]);
                assert_eq!(
                    disclose(tx, &vault, awa.id, &permit, Level::Referral).unwrap_err().code(),
                    Code::NotFound,
                    "no card yet"
                );
                let first = put_quick(tx, &vault, &seen(awa.id), quick(), Some(&prato()))?;
                let lacking = disclose(tx, &vault, awa.id, &permit, Level::Referral).unwrap_err().problem();
                assert_eq!((lacking.code, lacking.errors[0].field.as_str()), (Code::InvalidInput, "/given_names"));
                let second = put(tx, &vault, &seen(awa.id), full(&first.card), 1)?;
                let shown = disclose(tx, &vault, awa.id, &permit, Level::Referral)?;
                assert_eq!(&shown.groups.groups(), permit.groups(), "nothing else");
                assert_eq!((shown.local_version, shown.card_version), (2, 1), "the first that it sees is its first");
                assert_eq!(disclose(tx, &vault, awa.id, &permit, Level::Referral)?.card_version, 1);
                put(tx, &vault, &seen(awa.id), with(&second.card, json!({"preferred_name": "Fatou"})), 2)?;
                assert_eq!(disclose(tx, &vault, awa.id, &permit, Level::Referral)?.card_version, 2);
                let other: Destination = "https://other.example".parse().unwrap();
                assert_eq!(shown_version(tx, &other, awa.subject, 3)?, 1, "each counts for itself");

                let stranger = person(tx, &vault);
                assert!(
                    disclose(tx, &vault, stranger.id, &permit, Level::Referral).is_err(),
                    "a permit is about one person"
                );
                let id = Uuid::new_v4();
                assert_eq!(model::pairwise(&vault, id, &cpi()), model::pairwise(&vault, id, &cpi()));
                assert_ne!(model::pairwise(&vault, id, &cpi()), model::pairwise(&vault, id, &other));
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}

#[actix_web::test]
async fn what_came_is_one_view_and_goes_by_group_or_by_message() {
    scratch::each(|store| async move {
        let vault = vault();
        store
            .write(move |tx| {
                let subject_ref = SubjectRef(Uuid::new_v4());
                let subject = vault.subject_for_ref(tx, cpi().must_be_node()?, subject_ref)?;
                let (id, wire) = (Uuid::new_v4(), ThreadId(Uuid::new_v4()));
                let thread = Thread {
                    restricted: false,
                    id,
                    peer: cpi(),
                    wire,
                    side: Side::Taker,
                    subject,
                    subject_ref,
                    open: true,
                    sent_seq: 0,
                    seen_seq: 0,
                };
                let card = full(&quick().into_card(&QuickDefaults {
                    province: prato(),
                    today: model::today(tx.now()),
                    operator: None,
                }));
                let groups = |named: &[Group]| {
                    card.disclose(&named.iter().copied().collect(), Level::Referral, &|id| id).unwrap()
                };
                let messages: Vec<_> = (0..3).map(|_| MessageId(Uuid::new_v4())).collect();
                let part = |at: usize, groups: CardGroups| Received {
                    message: messages[at],
                    thread_seq: at as u64 + 1,
                    card_version: at as u32 + 1,
                    groups,
                };
                assert_eq!(received(tx.conn(), &vault, id)?, ReceivedCard::default());
                store_received(tx, &vault, &thread, &part(0, groups(&[Group::Preview])))?;
                let referral = groups(&[Group::Preview, Group::Identity, Group::Status]);
                let again = from_referral(for_referral(referral.clone())?);
                assert_eq!(again, referral, "a referral carries groups and nothing besides");
                store_received(tx, &vault, &thread, &part(1, referral))?;
                let mut renamed = groups(&[Group::Identity]);
                renamed.identity.as_mut().unwrap().preferred_name = staffetta_protocol::card::Text::new("Fatou").ok();
                store_received(tx, &vault, &thread, &part(2, renamed.clone()))?;

                let view = received(tx.conn(), &vault, id)?;
                assert_eq!(view.card_version, 3);
                assert_eq!(
                    view.groups.identity, renamed.identity,
                    "a group is given whole and replaces the earlier one"
                );
                assert_eq!(view.groups.groups(), BTreeSet::from([Group::Preview, Group::Identity, Group::Status]));
                assert_eq!(erase_brought(tx, &messages[..1])?, 1);
                assert!(received(tx.conn(), &vault, id)?.groups.preview.is_some(), "the referral brought it too");
                assert_eq!(erase_received(tx, id, &BTreeSet::from([Group::Identity]))?, 2);
                let left = received(tx.conn(), &vault, id)?.groups.groups();
                assert_eq!(left, BTreeSet::from([Group::Preview, Group::Status]));
                vault.shred(tx, subject)?;
                assert_eq!(received(tx.conn(), &vault, id)?, ReceivedCard::default());
                assert!(for_referral(groups(&[Group::Preview])).is_err());
                Ok(())
            })
            .await
            .unwrap();
    })
    .await;
}
