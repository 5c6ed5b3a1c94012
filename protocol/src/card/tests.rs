//! What holds for every card: the groups travel unchanged, nothing unknown gets in, nothing of the person gets out.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::codes::{Cefr, Known, Pile, PreviewWorkAuthorised, SkillSource, WorkAuthorised};
use super::samples::{FORMAL, KEPT, MARK, any_json, card, marked};
use super::*;
use crate::consent::Group;

#[test]
fn a_list_that_was_emptied_stays_empty() {
    for name in ["contract_interest", "skills", "work_experience"] {
        let mut said = serde_json::to_value(Card::default()).unwrap();
        said[name] = json!([]);
        let held: Card = read(&said.to_string()).unwrap();
        let again: Card = read(&serde_json::to_string(&held).unwrap()).unwrap();
        assert!(again == held, "{name}");
    }
}

/// Every object inside `value`, by its path.
pub(crate) fn objects(value: &Value) -> Vec<String> {
    fn walk(value: &Value, at: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(members) => {
                found.push(at.to_owned());
                members.iter().for_each(|(name, inner)| walk(inner, &format!("{at}/{name}"), found));
            }
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, inner)| walk(inner, &format!("{at}/{index}"), found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(value, "", &mut found);
    found
}

/// An unknown member anywhere, and a null anywhere, are refused.
pub(crate) fn is_closed<T: DeserializeOwned + Check>(value: &Value) {
    read::<T>(&value.to_string()).unwrap_or_else(|found| panic!("{found:?} in {value}"));
    for place in objects(value) {
        for (name, extra, code) in [("zz_unknown", json!(1), "unknown_field"), ("zz_null", Value::Null, "wrong_type")] {
            let mut altered = value.clone();
            altered.pointer_mut(&place).unwrap().as_object_mut().unwrap().insert(name.to_owned(), extra);
            let found = read::<T>(&altered.to_string()).err().unwrap_or_else(|| panic!("taken with {name} at {place}"));
            assert_eq!(found[0].code, code, "at {place}: {found:?}");
            assert!(!format!("{found:?}").contains("zz_"), "the stranger's word is repeated: {found:?}");
        }
    }
}

/// The rows of a group.
fn rows_of(group: Group) -> impl Iterator<Item = &'static Field> {
    FIELDS.iter().filter(move |row| row.group == Some(group))
}

/// The card with the fields that `taken` chooses as another card has them, those inside entries included.
fn with_rows_of(card: &Card, other: &Card, taken: fn(&Field) -> bool) -> Card {
    let (mut made, other) = (serde_json::to_value(card).unwrap(), serde_json::to_value(other).unwrap());
    let mut changed = 0;
    for row in FIELDS.iter().filter(|row| taken(row)) {
        match (row.held, other.get(row.name)) {
            (true, Some(value)) => made[row.name] = value.clone(),
            (true, None) => drop(made.as_object_mut().unwrap().remove(row.name)),
            (false, _) => {
                for list in ["education", "work_experience"] {
                    for entry in made.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
                        changed += usize::from(entry.as_object_mut().unwrap().remove(row.name).is_some());
                    }
                }
            }
        }
        changed += 1;
    }
    assert!(changed > 6, "only {changed} fields were changed");
    serde_json::from_value(made).unwrap()
}

fn round_trip<T: Serialize + DeserializeOwned + Check + PartialEq + std::fmt::Debug>(
    group: &T,
) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(group).unwrap();
    let again: T = read(&text).map_err(|found| TestCaseError::fail(format!("{found:?}")))?;
    prop_assert!(again == *group);
    prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
    Ok(())
}

/// Samples may aim at one occupation twice: those are not meant here.
fn tidy(card: &Card) -> bool {
    let mut found = Vec::new();
    card.check(&At::Root, &mut found);
    found.is_empty()
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn groups_travel_unchanged(card in marked()) {
        prop_assume!(tidy(&card));
        round_trip(&card)?;
        round_trip(&card.preview().unwrap())?;
        round_trip(&card.identity().unwrap())?;
        round_trip(&card.status(Level::Accepted).unwrap())?;
        round_trip(&card.skills_full(&|id| id).unwrap())?;
        round_trip(&card.needs().unwrap())?;
        round_trip(&card.contact().unwrap())?;
        round_trip(&card.documents().unwrap())?;
        round_trip(&card.adjustments().unwrap())?;
        round_trip(&card.formalities().unwrap())?;
    }

    #[test]
    fn a_sound_card_makes_sound_groups(card in marked()) {
        prop_assume!(tidy(&card));
        let all = Group::ALL.iter().copied().collect();
        let disclosed = card.disclose(&all, Level::Formalities, &|id| id).unwrap();
        prop_assert_eq!(disclosed.level(), Level::Formalities);
        let mut found = Vec::new();
        disclosed.check(&At::Root, &mut found);
        prop_assert_eq!(found, vec![]);
    }

    #[test]
    fn a_preview_shows_no_word_and_no_contact(card in marked()) {
        let preview = serde_json::to_string(&card.preview().unwrap()).unwrap();
        for secret in [MARK, "RSSMRA", "333123", "100005", "childcare", "not_yet", "MLI", "2027-03-31"] {
            prop_assert!(!preview.contains(secret), "{} in {}", secret, preview);
        }
        let offered = card.language_skills.iter().filter(|it| it.language.as_str() == "bam").any(|it| it.offered_for_work);
        let told = card.preview().unwrap().language_skills.iter().any(|it| it.language.as_str() == "bam");
        prop_assert_eq!(offered, told);
        let previewed = card.preview().unwrap();
        prop_assert_eq!(previewed.skills.len() + previewed.uncoded_skills.get() as usize, card.skills.len());
    }

    #[test]
    fn debug_and_errors_show_no_value(card in marked()) {
        let shown = format!(
            "{card:?}{:?}{:?}{:?}{:?}{:?}{:?}", card.skills, card.work_experience, card.phone, card.email, card.birth_date, card.given_names
        );
        prop_assert!(!shown.contains(MARK) && !shown.contains("333123"), "{}", shown);
    }

    #[test]
    fn only_the_granted_groups_are_disclosed(card in marked(), bits in 0_u16..4096) {
        let granted: BTreeSet<Group> =
            Group::ALL.iter().enumerate().filter(|(at, _)| bits >> at & 1 == 1).map(|(_, group)| *group).collect();
        let disclosed = card.disclose(&granted, Level::Formalities, &|id| id).unwrap();
        prop_assert!(disclosed.groups().is_subset(&granted));
        let shown = serde_json::to_string(&disclosed).unwrap();
        prop_assert!(granted.contains(&Group::Contact) || !shown.contains("333123"));
        prop_assert!(granted.contains(&Group::Formalities) || !shown.contains(FORMAL));
        prop_assert!(!shown.contains(KEPT));
    }

    #[test]
    fn a_group_or_field_of_a_later_level_does_not_cross(card in marked(), at in 0_usize..4) {
        let reached = [Level::Preview, Level::Referral, Level::Accepted, Level::Formalities][at];
        for group in Group::ALL.iter().copied().filter(|group| rows_of(*group).next().is_some()) {
            let made = card.disclose(&BTreeSet::from([group]), reached, &|id| id);
            if Level::of(group) > reached {
                prop_assert_eq!(&made.unwrap_err()[0].code, "too_early");
            } else {
                prop_assert!(made.unwrap().level() <= reached);
            }
        }
    }

    /// What is kept here has no part in what travels: with another in its place, every group is the same to the byte. So
    /// it is with what formal acts demand, for every group but their own.
    #[test]
    fn what_stays_here_changes_nothing_that_travels(card in marked(), other in marked()) {
        let all: BTreeSet<Group> = Group::ALL.iter().copied().collect();
        let travels = |card: &Card, groups: &BTreeSet<Group>| {
            serde_json::to_string(&card.disclose(groups, Level::Formalities, &|id| id).unwrap()).unwrap()
        };
        let local = with_rows_of(&card, &other, |row| row.group.is_none());
        prop_assert_eq!(travels(&card, &all), travels(&local, &all));
        let formal = with_rows_of(&card, &other, |row| row.group == Some(Group::Formalities));
        let rest: BTreeSet<Group> = all.iter().copied().filter(|group| *group != Group::Formalities).collect();
        prop_assert_eq!(travels(&card, &rest), travels(&formal, &rest));
        let own = BTreeSet::from([Group::Formalities]);
        prop_assert_eq!(travels(&other, &own), travels(&formal, &own));
    }

    #[test]
    fn arbitrary_json_never_panics(value in any_json()) {
        let text = value.to_string();
        let _ = read::<Preview>(&text);
        let _ = read::<Identity>(&text);
        let _ = read::<Status>(&text);
        let _ = read::<SkillsFull>(&text);
        let _ = read::<Needs>(&text);
        let _ = read::<Contact>(&text);
        let _ = read::<Documents>(&text);
        let _ = read::<Adjustments>(&text);
        let _ = read::<Formalities>(&text);
        let _ = read::<QuickCard>(&text);
        let _ = read::<CardGroups>(&text);
        if let Ok(card) = read::<Card>(&text) {
            let _ = (card.missing_for_preview(), card.missing_for_referral());
        }
    }

    #[test]
    fn a_member_changed_at_random_never_panics(pick in any::<proptest::sample::Index>(), other in any_json()) {
        let mut value = serde_json::to_value(card()).unwrap();
        let places = objects(&value);
        *value.pointer_mut(&places[pick.index(places.len())]).unwrap() = other;
        if let Err(found) = read::<Card>(&value.to_string()) {
            let shown = format!("{found:?}");
            prop_assert!(!shown.contains(MARK));
        }
    }
}

#[test]
fn every_group_is_closed() {
    let card = card();
    is_closed::<Card>(&serde_json::to_value(&card).unwrap());
    is_closed::<Preview>(&serde_json::to_value(card.preview().unwrap()).unwrap());
    is_closed::<Identity>(&serde_json::to_value(card.identity().unwrap()).unwrap());
    is_closed::<Status>(&serde_json::to_value(card.status(Level::Accepted).unwrap()).unwrap());
    is_closed::<Documents>(&serde_json::to_value(card.documents().unwrap()).unwrap());
    is_closed::<Adjustments>(&serde_json::to_value(card.adjustments().unwrap()).unwrap());
    is_closed::<Formalities>(&serde_json::to_value(card.formalities().unwrap()).unwrap());
    is_closed::<SkillsFull>(&serde_json::to_value(card.skills_full(&|id| id).unwrap()).unwrap());
    is_closed::<Needs>(&serde_json::to_value(card.needs().unwrap()).unwrap());
    is_closed::<Contact>(&serde_json::to_value(card.contact().unwrap()).unwrap());
}

#[test]
fn the_printed_table_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/card.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, markdown()).unwrap();
    }
    let printed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(printed == markdown(), "docs/card.md is stale: run the test with UPDATE_DOCS=1");
}

fn quick() -> QuickCard {
    read(
        &json!({
            "interview_language": {"language": "fra"}, "interpreter": true, "right_to_work": "to_check", "italian": "a2",
            "target_occupations": {"kind": "any"},
            "skills": [
                {"skill": {"kind": "free", "text": "saldare", "isco08": "7212"}, "pile": "certifiable_now", "source": "observed"},
                {"skill": {"kind": "free", "text": "tingere stoffe"}, "source": "self"}
            ]
        })
        .to_string(),
    )
    .unwrap()
}

#[test]
fn the_quick_card_is_enough_for_a_preview() {
    let today = Day::parse("2026-11-21").unwrap();
    let defaults = QuickDefaults { province: Province::new("PO").unwrap(), today, operator: None };
    let made = quick().into_card(&defaults);
    assert_eq!(made.missing_for_preview(), []);
    let gaps: Vec<_> = made.missing_for_referral().into_iter().map(|gap| gap.field).collect();
    assert_eq!(gaps, ["/given_names", "/birth_date", "/residence_comune"]);
    let preview = made.preview().unwrap();
    assert_eq!((preview.province.as_str(), preview.availability_from), ("PO", today));
    assert_eq!((preview.skills.len(), preview.uncoded_skills.get()), (1, 1));
    assert_eq!(preview.skills[0].validation_path.value, Pile::CertifiableNow);
    assert_eq!(made.skills[1].validation_path.value, Pile::DeclaredOnly);
    assert_eq!(preview.work_authorised, PreviewWorkAuthorised::ToCheck);
    assert_eq!(made.language_skills[0].proficiency, Proficiency::Overall { level: Cefr::A2 });
    assert_eq!(made.known_at_recipient, Known::Unknown);
    assert!(preview.contact_via_operator);
    // The rest of the relay: what a referral adds.
    let complete = Card {
        given_names: Text::new("Amina").ok(),
        birth_date: Some(BirthDate { value: PartialDate::parse("1996").unwrap(), estimated: true }),
        residence_comune: Comune::new("100005").ok(),
        ..made
    };
    assert_eq!(complete.missing_for_referral(), []);
    let gaps: Vec<_> = Card::default().missing_for_preview().into_iter().map(|gap| gap.field).collect();
    let expected = [
        "/interview_languages",
        "/needs_interpreter",
        "/province",
        "/target_occupations",
        "/availability_from",
        "/language_skills",
        "/skills",
    ];
    assert_eq!(gaps, expected);
}

#[test]
fn the_quick_card_asks_for_one_to_five_skills() {
    let value = serde_json::to_value(quick()).unwrap();
    is_closed::<QuickCard>(&value);
    for (count, code) in [(0, "too_few"), (6, "too_long")] {
        let mut altered = value.clone();
        altered["skills"] = (0..count).map(|_| value["skills"][0].clone()).collect();
        let found = read::<QuickCard>(&altered.to_string()).unwrap_err();
        assert_eq!((found[0].field.as_str(), found[0].code.as_str()), ("/skills", code));
    }
}

#[test]
fn rules_over_several_fields() {
    let refused = |change: fn(&mut Value)| {
        let mut value = serde_json::to_value(card()).unwrap();
        change(&mut value);
        let found = read::<Card>(&value.to_string()).unwrap_err();
        format!("{} {}", found[0].field, found[0].code)
    };
    assert_eq!(
        refused(|it| it["work_authorised_until"] = json!({"kind": "date"})),
        "/work_authorised_until/date inconsistent"
    );
    assert_eq!(
        refused(|it| it["work_authorised_until"] = json!({"kind": "date", "date": "2099-12-31"})),
        "/work_authorised_until/date inconsistent"
    );
    assert_eq!(refused(|it| it["education"][0]["end"] = json!("1999")), "/education/0/end inconsistent");
    assert_eq!(
        refused(|it| it["schedule_constraints"][0]["hours"][0]["to"] = json!("07:00")),
        "/schedule_constraints/0/hours/0/to inconsistent"
    );
    assert_eq!(
        refused(|it| it["schedule_constraints"][0]["kind"] = json!("none")),
        "/schedule_constraints/0/hours inconsistent"
    );
    assert_eq!(
        refused(|it| {
            let again = it["digital_skills"][0].clone();
            it["digital_skills"].as_array_mut().unwrap().push(again);
        }),
        "/digital_skills/1 repeated"
    );
    assert_eq!(refused(|it| it["given_names"] = json!("Ami\u{202e}na")), "/given_names control_character");
    assert_eq!(refused(|it| it["given_names"] = json!("  ")), "/given_names blank");
    assert_eq!(refused(|it| it["given_names"] = json!("x".repeat(101))), "/given_names too_long");
    assert_eq!(refused(|it| it["province"] = json!("ZZ")), "/province not_in_list");
    assert_eq!(refused(|it| it["availability_from"] = json!("2026-02-30")), "/availability_from out_of_range");
    assert_eq!(refused(|it| it["availability_from"] = json!("+12026-02-03")), "/availability_from wrong_shape");
    assert_eq!(refused(|it| it["tax_code"] = json!(7)), "/tax_code wrong_type");
    assert_eq!(
        refused(|it| it["skills"][0].as_object_mut().unwrap().remove("validation_path").map_or((), drop)),
        "/skills/0/validation_path required"
    );
}

#[test]
fn a_right_to_work_that_is_not_there_yet_crosses_as_to_check() {
    let card = Card { work_authorised: WorkAuthorised::NotYet, ..card() };
    assert_eq!(card.preview().unwrap().work_authorised, PreviewWorkAuthorised::ToCheck);
    assert_eq!(card.status(Level::Referral).unwrap().work_authorised, WorkAuthorised::NotYet);
}

#[test]
fn evidence_is_renamed_and_staff_stay_home() {
    let (here, there) = (uuid::Uuid::from_u128(1), uuid::Uuid::from_u128(2));
    let mut skill = card().skills[0].clone();
    skill.evidence_ref = Some(here);
    let card = Card { skills: List::new(vec![skill]).unwrap(), ..card() };
    let full = card.skills_full(&|id| if id == here { there } else { id }).unwrap();
    assert_eq!(full.skills[0].evidence_ref, Some(there));
    let sources: Vec<_> = full.sources.iter().map(|source| source.field.name()).collect();
    assert_eq!(sources, ["skills"], "that there is a contact, a permit or an application is not told either");
    assert!(!serde_json::to_string(&full.sources).unwrap().contains("operator\":"));
    assert_eq!(full.skills[0].source, card.skills[0].source);
    assert_ne!(SkillSource::default(), SkillSource::Certified);
}
