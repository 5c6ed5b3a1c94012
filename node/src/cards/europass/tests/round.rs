//! What both know goes there and back, whatever it is.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use staffetta_protocol::card::codes::*;
use staffetta_protocol::card::*;

use super::{about, read, syntax};
use crate::cards::europass::{Form, declared, write};

/// Hangul has letters that show nothing: of those alone no text is made.
fn words<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    "[\\p{L}0-9'<>&;\"\\]=/-]([\\p{L}0-9 '<>&;\"\\]=/-]{0,20}[\\p{L}0-9'<>&;\"\\]=/-])?".prop_filter_map(
        "blank",
        |text| match Text::new(text) {
            Err(Refusal::Blank) => None,
            made => Some(made.unwrap()),
        },
    )
}

fn list<T: Clone, const MIN: usize, const MAX: usize>(items: Vec<T>) -> List<T, MIN, MAX> {
    List::new(items).unwrap()
}

fn partial() -> impl Strategy<Value = PartialDate> {
    (1900_i32..=2100, 1_u32..=12, 1_u32..=28, select(&[4_usize, 7, 10][..]))
        .prop_map(|(y, m, d, cut)| PartialDate::parse(&format!("{y:04}-{m:02}-{d:02}")[..cut]).unwrap())
}

fn periods() -> impl Strategy<Value = (Option<PartialDate>, Option<PartialDate>)> {
    (of(partial()), of(partial())).prop_map(|(start, end)| match (start, end) {
        (Some(start), Some(end)) if !start.may_precede(end) => (Some(end), Some(start)),
        both => both,
    })
}

fn esco(kind: &'static str) -> impl Strategy<Value = String> {
    any::<u128>().prop_map(move |bits| {
        let id = uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid();
        format!("http://data.europa.eu/esco/{kind}/{id}")
    })
}

fn isco() -> impl Strategy<Value = Isco08> {
    "[1-9][0-9]{0,3}".prop_map(|code| Isco08::new(&code).unwrap())
}

fn occupation() -> impl Strategy<Value = Occupation> {
    prop_oneof![
        (esco("occupation"), isco())
            .prop_map(|(uri, isco08)| Occupation::Esco { uri: EscoOccupation::new(&uri).unwrap(), isco08 }),
        isco().prop_map(|isco08| Occupation::Isco { isco08 }),
        words().prop_map(|text| Occupation::Free { text }),
    ]
}

fn country() -> impl Strategy<Value = Country> {
    select(&["ITA", "MLI", "GBR", "GRC", "AFG"][..]).prop_map(|code| Country::new(code).unwrap())
}

fn work() -> impl Strategy<Value = HeldWorkExperience> {
    (occupation(), of(words()), of(country()), of(words()), periods(), select(WorkSetting::ALL), of(0_u32..60))
        .prop_map(|(occupation, description, country, employer_name_abroad, (start, end), setting, years)| {
            HeldWorkExperience {
                employer_name_abroad,
                occupation,
                description,
                sector: Ateco::new("81.21").ok(),
                country,
                start,
                end,
                years: years.map(Whole::nearest),
                setting,
                paid: YesNo::Yes,
            }
        })
}

fn school() -> impl Strategy<Value = HeldEducation> {
    (words(), of("[0-9]{2,4}"), of(country()), periods(), select(YesNo::ALL)).prop_map(
        |(title, field, education_country, (start, end), completed)| {
            let field = field.map(|code| IscedField::new(&code).unwrap());
            HeldEducation { title, field, education_country, start, end, completed, years_attended: Whole::new(3).ok() }
        },
    )
}

fn levels() -> impl Strategy<Value = Proficiency> {
    let level = || select(Cefr::ALL);
    prop_oneof![
        level().prop_map(|level| Proficiency::Overall { level }),
        [level(), level(), level(), level(), level()].prop_map(
            |[listening, reading, interaction, production, writing]| Proficiency::ByAbility {
                listening,
                reading,
                interaction,
                production,
                writing
            }
        ),
    ]
}

fn skill() -> impl Strategy<Value = SkillName> {
    prop_oneof![
        esco("skill").prop_map(|uri| SkillName::Esco { uri: EscoSkill::new(&uri).unwrap() }),
        words().prop_map(|text| SkillName::Free { text, isco08: IscoGroup::new("72").ok() }),
    ]
}

const LANGUAGES: &[&str] = &["ita", "fra", "bam", "fas", "prs", "sqi", "urd"];

prop_compose! {
    fn about_her()(
        (given, family) in (of(words()), of(words())),
        birth in of((partial(), any::<bool>())),
        numbers in vec((select(&["+3933312345", "+223761234", "+12025550", "+93701234"][..]), 10_u32..100, select(PhoneKind::ALL), select(YesNo::ALL)), 0..4),
        mails in vec("[a-z]{1,8}", 0..3),
        languages in subsequence(LANGUAGES, 0..=LANGUAGES.len()),
        proficiency in vec((levels(), any::<bool>()), LANGUAGES.len()),
        (sex, citizens, tongues) in (of(select(AdminSex::ALL)), subsequence(&["MLI", "ITA", "GBR", "XXA"][..], 0..=3), subsequence(LANGUAGES, 0..4)),
        certificates in vec((select(LANGUAGES), words(), words(), of(partial()), of(select(Cefr::ALL))), 0..3),
    ) -> Card {
        let phone = numbers.into_iter().enumerate().map(|(at, (start, end, kind, safe_to_call))| Phone {
            number: PhoneNumber::new(&format!("{start}{at}{end}")).unwrap(), kind, safe_to_call,
        });
        let email = mails.into_iter().enumerate().map(|(at, name)| Email::new(&format!("{name}{at}@esempio.example")).unwrap());
        let code = |code: &str| LanguageCode::new(code).unwrap();
        let known = languages.into_iter().zip(proficiency).map(|(language, (proficiency, offered_for_work))| LanguageSkill {
            language: code(language), offered_for_work, proficiency,
        });
        let held = certificates.into_iter().map(|(language, title, body, date, level)| LanguageCertificate {
            language: code(language), title, body, date, level,
        });
        Card {
            given_names: given,
            family_names: family,
            birth_date: birth.map(|(value, estimated)| BirthDate { value, estimated }),
            phone: list(phone.collect()),
            email: list(email.collect()),
            language_skills: list(known.collect()),
            language_certificates: list(held.collect()),
            sex_for_admin: sex,
            citizenship: list(citizens.into_iter().map(|code| Citizenship::new(code).unwrap()).collect()),
            mother_tongues: list(tongues.into_iter().map(code).collect()),
            ..Card::default()
        }
    }
}

prop_compose! {
    fn cards()(
        base in about_her(),
        work in vec(work(), 0..4),
        schools in vec(school(), 0..4),
        skills in vec((skill(), select(Pile::ALL), select(SkillLevel::ALL)), 0..5),
        licences in subsequence(LicenceCategory::ALL, 0..4),
        targets in of(vec(prop_oneof![
            isco().prop_map(|isco08| OccupationCode::Isco { isco08 }),
            (esco("occupation"), isco()).prop_map(|(uri, isco08)| OccupationCode::Esco { uri: EscoOccupation::new(&uri).unwrap(), isco08 }),
        ], 0..=3)),
        from in of((2000_i32..2050, 1_u32..=12, 1_u32..=28)),
        schedule in select(ScheduleKind::ALL),
        interests in subsequence(ContractInterest::ALL, 0..4),
        seeking in select(SeekingStatus::ALL),
    ) -> Card {
        let skills = skills.into_iter().map(|(skill, value, level)| Skill {
            level, validation_path: ValidationPath { value, proposed_by: ProposedBy::Cpi, confirmed_by: None }, ..declared(skill)
        });
        let targets = targets.map(|codes| {
            let items: Vec<_> = (1..).zip(codes).map(|(at, occupation)| TargetOccupation { occupation, priority: Whole::nearest(at) }).collect();
            List::new(items).map_or(TargetOccupations::Any {}, |items| TargetOccupations::Listed { items })
        });
        Card {
            work_experience: list(work),
            education: list(schools),
            skills: list(skills.collect()),
            driving_licence: list(licences.into_iter().map(|category| DrivingLicence { category, issued_in: LicenceIssued::It }).collect()),
            target_occupations: targets,
            availability_from: from.map(|(y, m, d)| Day::parse(&format!("{y}-{m:02}-{d:02}")).unwrap()),
            schedule: Schedule { kind: schedule, nights: YesNo::No, ..Schedule::default() },
            contract_interest: list(interests),
            seeking_status: seeking,
            max_commute_minutes: Whole::new(45).ok(),
            residence_comune: Comune::new("100005").ok(),
            patentini: list(vec![Patentino::Muletto]),
            ..base
        }
    }
}

/// What a form can say of a card: the fields that both know, as they are known by both.
fn known(card: &Card, form: Form) -> Card {
    let v4 = form == Form::Candidate;
    let level = |level: Cefr| if matches!(level, Cefr::PreA1 | Cefr::Unknown) { Cefr::NotAsked } else { level };
    let each = |p: &Proficiency| {
        let five = match *p {
            Proficiency::Overall { level } => [level; 5],
            Proficiency::ByAbility { listening, reading, interaction, production, writing } => {
                [listening, reading, interaction, production, writing]
            }
        };
        let [listening, reading, interaction, production, writing] = five.map(level);
        if [reading, interaction, production, writing].iter().all(|other| *other == listening) {
            return Proficiency::Overall { level: listening };
        }
        Proficiency::ByAbility { listening, reading, interaction, production, writing }
    };
    let mut seen: Vec<SkillName> = Vec::new();
    let skills = card.skills.iter().filter_map(|skill| {
        let name = match &skill.skill {
            SkillName::Esco { uri } => v4.then(|| SkillName::Esco { uri: uri.clone() })?,
            SkillName::Free { text, .. } => SkillName::Free { text: text.clone(), isco08: None },
        };
        if seen.contains(&name) {
            return None;
        }
        seen.push(name.clone());
        Some(declared(name))
    });
    let skills = list(skills.collect());
    let work = card.work_experience.iter().map(|work| HeldWorkExperience {
        occupation: match &work.occupation {
            Occupation::Esco { isco08, .. } if !v4 => Occupation::Isco { isco08: isco08.clone() },
            other => other.clone(),
        },
        employer_name_abroad: work
            .employer_name_abroad
            .clone()
            .filter(|_| work.country.as_ref().is_some_and(|country| country.as_str() != "ITA")),
        sector: None,
        years: None,
        setting: WorkSetting::NotAsked,
        paid: YesNo::NotAsked,
        ..work.clone()
    });
    let schools = card.education.iter().map(|school| HeldEducation {
        field: school.field.clone().filter(|_| v4),
        completed: YesNo::NotAsked,
        years_attended: None,
        ..school.clone()
    });
    let phones = card.phone.iter().filter(|phone| phone.safe_to_call != YesNo::No).map(|phone| Phone {
        kind: if phone.kind == PhoneKind::Mobile { PhoneKind::Mobile } else { PhoneKind::NotAsked },
        safe_to_call: YesNo::NotAsked,
        ..phone.clone()
    });
    let mut certificates: Vec<LanguageCertificate> = Vec::new();
    for spoken in card.language_skills.iter().filter(|_| !v4) {
        for held in card.language_certificates.iter().filter(|held| held.language == spoken.language) {
            let held =
                LanguageCertificate { level: held.level.map(level).filter(|l| *l != Cefr::NotAsked), ..held.clone() };
            if !certificates.contains(&held) {
                certificates.push(held);
            }
        }
    }
    let start = Card::default();
    let interests: Vec<_> = card
        .contract_interest
        .iter()
        .copied()
        .filter(|interest| !matches!(interest, ContractInterest::NotAsked | ContractInterest::Unknown))
        .collect();
    let seeking = card.seeking_status;
    let asked = !matches!(seeking, SeekingStatus::NotAsked | SeekingStatus::Unknown);
    let kind = card.schedule.kind;
    let timed = !matches!(kind, ScheduleKind::NotAsked | ScheduleKind::Unknown);
    Card {
        given_names: card.given_names.clone(),
        family_names: card.family_names.clone(),
        birth_date: card.birth_date.filter(|birth| !birth.estimated),
        phone: list(phones.collect()),
        email: list(card.email.iter().take(if v4 { 3 } else { 1 }).cloned().collect()),
        language_skills: list(
            card.language_skills
                .iter()
                .map(|known| LanguageSkill {
                    offered_for_work: false,
                    proficiency: each(&known.proficiency),
                    ..known.clone()
                })
                .collect(),
        ),
        language_certificates: list(certificates),
        work_experience: list(work.collect()),
        education: list(schools.collect()),
        skills,
        sex_for_admin: card.sex_for_admin.filter(|sex| match sex {
            AdminSex::F | AdminSex::M => true,
            AdminSex::NotStated => v4,
            _ => false,
        }),
        // The stateless have no code in Europass.
        citizenship: list(card.citizenship.iter().filter(|code| code.as_str() != "XXA").cloned().collect()),
        mother_tongues: card.mother_tongues.clone(),
        driving_licence: list(
            card.driving_licence.iter().map(|l| DrivingLicence { issued_in: LicenceIssued::NotAsked, ..*l }).collect(),
        ),
        target_occupations: card
            .target_occupations
            .clone()
            .filter(|wanted| v4 && matches!(wanted, TargetOccupations::Listed { .. })),
        availability_from: card.availability_from.filter(|_| v4),
        schedule: Schedule { kind: if v4 && timed { kind } else { start.schedule.kind }, ..Schedule::default() },
        contract_interest: if v4 && !interests.is_empty() { list(interests) } else { start.contract_interest.clone() },
        seeking_status: if v4 && asked { seeking } else { start.seeking_status },
        ..start
    }
}

fn shown(card: &Card) -> String {
    serde_json::to_string_pretty(card).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(160))]

    #[test]
    fn what_both_know_goes_out_and_comes_back(mut card in cards()) {
        // Targets that are the same twice are no card.
        if let Some(TargetOccupations::Listed { items }) = &card.target_occupations
            && items.iter().enumerate().any(|(at, item)| items[..at].iter().any(|other| other.occupation == item.occupation))
        {
            card.target_occupations = None;
        }
        for form in [Form::Candidate, Form::PassportXml, Form::PassportJson] {
            let file = write(&card, form, &about());
            let back = read(&file, syntax(form)).unwrap();
            prop_assert_eq!(back.form, form);
            prop_assert_eq!(shown(&back.card), shown(&known(&card, form)), "{:?}\n{}", form, file);
            // And from there on nothing more is lost.
            let again = write(&back.card, form, &about());
            prop_assert_eq!(shown(&read(&again, syntax(form)).unwrap().card), shown(&back.card), "{:?}\n{}", form, again);
        }
    }

    #[test]
    fn a_report_has_a_line_for_whatever_was_taken(card in cards()) {
        let file = write(&card, Form::Candidate, &about());
        let back = read(&file, syntax(Form::Candidate)).unwrap();
        for field in &back.fields {
            prop_assert!(back.report.items.iter().any(|line| line.field == Some(*field)), "{}", field);
        }
    }
}

proptest! {
    #[test]
    fn a_cv_for_others_says_nothing_of_where_she_is_from(card in cards()) {
        for form in [Form::Candidate, Form::PassportXml, Form::PassportJson] {
            let file = write(&card, form, &crate::cards::europass::Writing { for_herself: false, ..about() });
            let back = read(&file, syntax(form)).unwrap().card;
            prop_assert!(back.sex_for_admin.is_none() && back.citizenship.is_empty() && back.mother_tongues.is_empty());
            prop_assert!(back.work_experience.iter().all(|work| work.employer_name_abroad.is_none()));
            prop_assert!(back.education.iter().all(|school| school.education_country.is_none()));
        }
    }
}
