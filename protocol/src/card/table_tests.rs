//! What holds for the table itself: each row once, what may be asked for, what travels at which level, what is not there.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use utoipa::PartialSchema;

use super::schema_tests::{schemas, walk};
use super::*;
use crate::consent::{Group, Purpose};
use crate::data::{CardPreviewAnswered, ReferralInfoRequested};

#[test]
fn the_table_names_each_row_once_in_a_group() {
    let mut seen = BTreeSet::new();
    for field in FIELDS {
        assert!(seen.insert((field.group, field.name)), "{} twice in {:?}", field.name, field.group);
        assert!(!field.doc.is_empty());
    }
    // Names that AgID's rules refuse, since they say the same in two languages or too little.
    for refused in ["name", "surname", "nome", "cognome", "fiscal_code", "first_name", "last_name"] {
        assert!(rows(refused).next().is_none(), "{refused}");
    }
    // A field with two levels has one part that the card holds.
    for field in FIELDS {
        let held = rows(field.name).filter(|row| row.held).count();
        assert!(held <= 1, "{} is held twice", field.name);
    }
    // Groups of the table may be granted under the referral, or have the one purpose of their own.
    for group in FIELDS.iter().filter_map(|field| field.group) {
        assert!(Purpose::P2.allows(group) || (group == Group::Adjustments && Purpose::P10.allows(group)));
    }
}

/// What the rules of the domain demand to be known, by section.
#[test]
fn every_section_has_its_fields() {
    let expected = "A given_names family_names preferred_name tax_code birth_date age_band is_minor sex_for_admin citizenship \
        birth_place B interview_languages needs_interpreter literacy_mode phone email residence_comune area_comune province \
        residence_address domicile_address contact_via_operator C permit_type work_authorised work_authorised_from \
        work_authorised_until permit_number questura permit_renewal_pending asylum_application_date reception_project \
        reception_exit_expected did_status patto_servizio unemployment_months svantaggio_l381 D mother_tongues \
        language_skills language_certificates italian_course_current E education_level education education_country \
        recognised_in_italy vocational_training F work_experience employer_name_abroad years_by_occupation G skills \
        uncoded_skills bilancio_summary soft_skills H target_occupations availability_from schedule schedule_constraints \
        contract_interest seeking_status max_commute_minutes transport relocation I driving_licence patentini \
        digital_skills device J support_requests job_readiness next_steps K target_flags workplace_adjustments \
        caregiver_constraint L documents M sources known_at_recipient verified_credentials";
    let mut section = "";
    let mut wanted = BTreeSet::new();
    for word in expected.split_whitespace() {
        if word.len() == 1 {
            section = word;
        } else {
            wanted.insert((section.to_owned(), word));
        }
    }
    let found: BTreeSet<_> = FIELDS.iter().map(|row| (row.section.letter().to_owned(), row.name)).collect();
    assert_eq!(found, wanted);
}

#[test]
fn a_section_is_found_by_letter_and_by_word_and_has_its_own_members() {
    let card = serde_json::to_value(super::samples::card()).unwrap();
    let mut members = BTreeSet::new();
    for section in Section::ALL {
        assert_eq!(Section::named(section.letter()), Some(*section));
        assert_eq!(Section::named(&section.letter().to_lowercase()), Some(*section));
        assert_eq!(Section::named(section.code()), Some(*section));
        for name in section.members() {
            assert!(members.insert(name), "{name} stands in two sections");
            assert_eq!(Section::of(name), Some(*section));
        }
    }
    assert!(card.as_object().unwrap().keys().all(|name| members.contains(name.as_str())), "every member has a section");
    assert_eq!((Section::named("N"), Section::of("age_band"), Section::of("photo")), (None, Some(Section::A), None));
}

#[test]
fn what_must_not_be_known_has_no_row() {
    let all: Vec<Value> = schemas::<Card>().into_values().collect();
    let published = serde_json::to_string(&all).unwrap();
    for absent in [
        "photo",
        "health",
        "disab",
        "isee",
        "religion",
        "religious",
        "ethnic",
        "orientation",
        "judicial",
        "trauma",
        "torture",
        "trafficking",
        "violence",
        "profiling",
        "index",
        "biometric",
        "marital",
    ] {
        assert!(FIELDS.iter().all(|row| !row.name.contains(absent)), "{absent}");
        let member = format!("\"{absent}");
        assert!(!published.contains(&member), "{absent} in the schema");
    }
}

#[test]
fn later_fields_have_a_level_of_their_own() {
    let levels: Vec<_> = FIELDS
        .iter()
        .filter_map(|row| row.group.filter(|group| row.level != Level::of(*group)).map(|_| (row.name, row.level)))
        .collect();
    assert_eq!(levels, [("patto_servizio", Level::Accepted), ("unemployment_months", Level::Accepted)]);
    assert!(FIELDS.iter().all(|row| (row.level == Level::Never) == row.group.is_none()));
}

/// No field of levels accepted, formalities or never can be named in a request, by type and by published schema.
#[test]
fn only_fields_of_preview_and_referral_can_be_asked_for() {
    let asked = |body: Value| read::<ReferralInfoRequested>(&body.to_string()).map_err(|found| found[0].code.clone());
    let more = |name: &str| json!({"answer": {"kind": "needs_more", "fields": [name]}}).to_string();
    let mut refused = BTreeSet::new();
    for row in FIELDS {
        let askable = rows(row.name).any(|row| matches!(row.level, Level::Preview | Level::Referral));
        let request = asked(json!({"fields": [row.name]}));
        let answer = read::<CardPreviewAnswered>(&more(row.name));
        if askable {
            assert!(request.is_ok() && answer.is_ok(), "{}", row.name);
        } else {
            refused.insert(row.name);
            assert_eq!(request.unwrap_err(), "not_askable", "{}", row.name);
            assert_eq!(answer.unwrap_err()[0].code, "not_askable", "{}", row.name);
            assert!(AskableField::named(row.name).is_none());
        }
    }
    let guarded = |row: &&Field| matches!(row.level, Level::Accepted | Level::Formalities | Level::Never);
    let expected: BTreeSet<_> = FIELDS.iter().filter(guarded).map(|row| row.name).collect();
    assert_eq!(refused, expected, "no field is askable by one of its rows and guarded by another");
    assert_eq!(refused.len(), 25);
    for name in refused {
        let hint = instead(name);
        assert!(hint.is_none_or(|hint| AskableField::named(hint).is_some()), "{name}: {hint:?}");
    }
    let names: Vec<_> = AskableField::all().map(AskableField::name).collect();
    assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len());
    assert_eq!(serde_json::to_value(AskableField::schema()).unwrap()["enum"], json!(names));
    assert!(AskableField::named("given_names ").is_none());
    assert_eq!(instead("permit_type"), Some("work_authorised_until"));
}

/// No type that travels has a member, or a code, that names what stays here.
#[test]
fn nothing_that_travels_names_what_stays_here() {
    let mut travelling = Vec::new();
    crate::data::Body::schemas(&mut travelling);
    let published: BTreeMap<String, String> =
        travelling.into_iter().map(|(name, schema)| (name, serde_json::to_string(&schema).unwrap())).collect();
    assert!(published.contains_key("Formalities") && published.contains_key("DisclosedField"));
    for row in FIELDS.iter().filter(|row| row.group.is_none()) {
        let quoted = format!("\"{}\"", row.name);
        for (name, schema) in &published {
            assert!(!schema.contains(&quoted), "{} in {name}", row.name);
        }
    }
    for row in FIELDS.iter().filter(|row| row.group == Some(Group::Formalities)) {
        let quoted = format!("\"{}\"", row.name);
        let with: Vec<_> =
            published.iter().filter(|(_, schema)| schema.contains(&quoted)).map(|(name, _)| name).collect();
        assert_eq!(with, ["Formalities"], "{}", row.name);
    }
}

/// Lists in which there is nothing to ask, or that the program sets.
const NOT_ASKED: &[(&str, &str)] = &[
    ("Weekday", "a day of the week"),
    ("DurationUnit", "a unit of the number beside it"),
    ("DigitalArea", "what the level beside it is about"),
    ("CredentialFormat", "read from the credential"),
    ("GolPath", "written by the office that assigns it"),
    ("SourceKind", "set when a field is written"),
    ("SourceMeans", "set when a field is written"),
    ("CardField", "names of fields"),
    ("Pile", "declared_only is what nobody has understood yet"),
    ("ProposedBy", "set when a pile is proposed"),
    ("ConfirmedBy", "set when a pile is confirmed"),
];

#[test]
fn every_list_says_whether_anybody_asked() {
    let all = schemas::<Card>();
    let mut lists = 0;
    for (name, schema) in &all {
        let Some(words) = schema.get("enum").and_then(Value::as_array) else { continue };
        lists += 1;
        let has = |word: &str| words.contains(&json!(word));
        if NOT_ASKED.iter().any(|(known, _)| known == name) {
            assert!(!has("not_asked"), "{name} need not stand in the list");
        } else {
            assert!(has("not_asked") && has("unknown"), "{name}");
        }
    }
    assert!(lists > 35, "the walk saw only {lists} lists");
    // And the walk reaches every list: none is written into an object without a name.
    walk(&all, &all["Card"], "", &mut |at, schema| {
        let named = schema.get("enum").is_none() || at.ends_with("/kind") || all.values().any(|known| known == schema);
        assert!(named, "a list without a name at {at}");
    });
}

#[test]
fn a_card_that_was_stored_before_is_read() {
    let stored = json!({
        "given_names": "Amina", "work_authorised": "yes", "known_at_recipient": "unknown",
        "education": [{"title": "Scuola media", "completed": "yes"}],
        "work_experience": [{"occupation": {"kind": "isco", "isco08": "9412"}, "setting": "formal", "paid": "yes"}],
        "sources": [{"field": "skills", "source": "self", "on": "2026-11-20"}]
    });
    let card: Card = read(&stored.to_string()).unwrap();
    assert_eq!(card.sources[0].means, codes::SourceMeans::Unknown);
    assert_eq!((card.documents.len(), card.permit_type), (0, None));
}

#[test]
fn ages_are_counted_in_bands_and_nobody_is_made_older() {
    use codes::AgeBand;
    let on = Day::parse("2026-11-22").unwrap();
    let band = |birth: &str| {
        let birth_date = Some(BirthDate { value: PartialDate::parse(birth).unwrap(), estimated: false });
        Card { birth_date, ..Card::default() }.age_band(on)
    };
    assert_eq!(band("2010-11-22"), AgeBand::From16);
    assert_eq!(band("2010-11-23"), AgeBand::Unknown);
    assert_eq!(band("2008-11-22"), AgeBand::From18);
    assert_eq!(band("2008"), AgeBand::From16, "born on the last day of the year, for all that is known");
    assert_eq!(
        (band("2001-12"), band("1996-11"), band("1985-11-22")),
        (AgeBand::From18, AgeBand::From25, AgeBand::From41)
    );
    assert_eq!((band("1971-11-22"), band("1900")), (AgeBand::From55, AgeBand::From55));
    assert_eq!(Card::default().age_band(on), AgeBand::Unknown);
}

#[test]
fn rules_of_the_new_fields() {
    let refused = |body: Value| {
        let found = read::<Card>(&body.to_string()).unwrap_err();
        format!("{} {}", found[0].field, found[0].code)
    };
    let none = json!({"patto_servizio": {"state": "none", "date": "2026-01-01"}});
    assert_eq!(refused(none), "/patto_servizio/state inconsistent");
    assert_eq!(
        refused(json!({"workplace_adjustments": [{"kind": "other"}]})),
        "/workplace_adjustments/0/text required"
    );
    let both = json!({"workplace_adjustments": [{"kind": "no_nights"}, {"kind": "none"}]});
    assert_eq!(refused(both), "/workplace_adjustments/1 inconsistent");
    assert_eq!(refused(json!({"patentini": ["unknown", "haccp"]})), "/patentini/0 inconsistent");
    assert_eq!(refused(json!({"citizenship": ["QQQ"]})), "/citizenship/0 not_in_list");
    assert!(read::<Card>(r#"{"citizenship": ["XXA"]}"#).is_ok());
    assert_eq!(refused(json!({"birth_place": {"kind": "cadastral", "code": "z404"}})), "/birth_place wrong_shape");
    let late = json!({"documents": [{"type": "permit", "issued": "2027", "expires": "2026-12-31"}]});
    assert_eq!(refused(late), "/documents/0/expires inconsistent");
    assert_eq!(refused(json!({"documents": [{"type": "permit", "file": "x"}]})), "/documents/0 unknown_field");
}

#[test]
fn what_is_told_of_permits_is_dated_or_open() {
    for note in codes::PERMIT_NOTES {
        assert!(!note.note_it.is_empty() && !note.source.is_empty());
        assert!(note.checked_on.is_none_or(|day| Day::parse(day).is_ok()), "{}", note.permit.code());
        assert!(note.checked_on.is_some() || note.source.contains("verificare"), "{}", note.permit.code());
    }
    assert!(codes::PermitType::RichiestaAsilo.note().is_some());
    assert!(codes::PermitType::Asilo.note().is_none());
}
