//! Cards for tests: arbitrary ones, and one in which every text carries a mark that no preview may show.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::codes::*;
use super::*;

/// Stands in every free text and contact of [`marked`].
pub(crate) const MARK: &str = "Zzmark";

fn list<T: std::fmt::Debug + Clone, const MIN: usize, const MAX: usize>(
    item: impl Strategy<Value = T>,
    most: usize,
) -> impl Strategy<Value = List<T, MIN, MAX>> {
    vec(item, MIN..=most).prop_map(|items| List::new(items).unwrap())
}

fn code<T: Copy + std::fmt::Debug + 'static>(all: &'static [T]) -> impl Strategy<Value = T> {
    select(all)
}

/// Stands in every text that stays here.
pub(crate) const KEPT: &str = "Zzkept";

/// Stands in every text that only formal acts demand.
pub(crate) const FORMAL: &str = "Zzformal";

fn kept<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    "[\\p{L}0-9]{0,20}".prop_map(|tail| Text::new(format!("{KEPT}{tail}")).unwrap())
}

fn formal<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    "[\\p{L}0-9]{0,20}".prop_map(|tail| Text::new(format!("{FORMAL}{tail}")).unwrap())
}

/// One line of text in any script.
pub(crate) fn text<const MAX: usize>() -> impl Strategy<Value = Text<MAX>> {
    "[\\p{L}0-9' <>;-]{0,20}".prop_map(|tail| Text::new(format!("{MARK}{tail}")).unwrap())
}

fn prose<const MAX: usize>() -> impl Strategy<Value = Prose<MAX>> {
    "[\\p{L}0-9'\n]{0,30}".prop_map(|tail| Prose::new(format!("{MARK}{tail}")).unwrap())
}

fn day() -> impl Strategy<Value = Day> {
    (1900_i32..=2100, 1_u32..=12, 1_u32..=28)
        .prop_map(|(y, m, d)| Day::parse(&format!("{y:04}-{m:02}-{d:02}")).unwrap())
}

fn partial() -> impl Strategy<Value = PartialDate> {
    (day(), select(&[4_usize, 7, 10][..])).prop_map(|(day, cut)| PartialDate::parse(&day.to_string()[..cut]).unwrap())
}

fn language() -> impl Strategy<Value = LanguageCode> {
    select(&["ita", "fra", "eng", "fas", "bam", "urd"][..]).prop_map(|code| LanguageCode::new(code).unwrap())
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(|bits| uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid())
}

fn esco_skill() -> impl Strategy<Value = EscoSkill> {
    uuid().prop_map(|id| EscoSkill::new(&format!("http://data.europa.eu/esco/skill/{id}")).unwrap())
}

fn isco() -> impl Strategy<Value = Isco08> {
    "[1-9][0-9]{1,3}".prop_map(|code| Isco08::new(&code).unwrap())
}

fn occupation() -> impl Strategy<Value = Occupation> {
    let esco = (uuid(), isco()).prop_map(|(id, isco08)| Occupation::Esco {
        uri: EscoOccupation::new(&format!("http://data.europa.eu/esco/occupation/{id}")).unwrap(),
        isco08,
    });
    prop_oneof![
        esco,
        isco().prop_map(|isco08| Occupation::Isco { isco08 }),
        text().prop_map(|text| Occupation::Free { text })
    ]
}

fn proficiency() -> impl Strategy<Value = Proficiency> {
    let each = [code(Cefr::ALL), code(Cefr::ALL), code(Cefr::ALL), code(Cefr::ALL), code(Cefr::ALL)];
    prop_oneof![
        code(Cefr::ALL).prop_map(|level| Proficiency::Overall { level }),
        each.prop_map(|[listening, reading, interaction, production, writing]| Proficiency::ByAbility {
            listening,
            reading,
            interaction,
            production,
            writing
        }),
    ]
}

fn skill() -> impl Strategy<Value = Skill> {
    let name = prop_oneof![
        esco_skill().prop_map(|uri| SkillName::Esco { uri }),
        (text(), proptest::option::of("[0-9]{2}|[0-9]{4}"))
            .prop_map(|(text, group)| SkillName::Free { text, isco08: group.map(|g| IscoGroup::new(&g).unwrap()) }),
    ];
    let qualification = text().prop_map(|title| TargetQualification { title, code: None, eqf: Whole::new(3).ok() });
    (
        (name, code(SkillLevel::ALL), code(SkillSource::ALL), code(Pile::ALL), code(ProposedBy::ALL)),
        proptest::option::of(code(ConfirmedBy::ALL)),
        proptest::option::of(uuid()),
        proptest::option::of(qualification),
    )
        .prop_map(
            |((skill, level, source, value, proposed_by), confirmed_by, evidence_ref, target_qualification)| Skill {
                skill,
                level,
                source,
                validation_path: ValidationPath { value, proposed_by, confirmed_by },
                evidence_ref,
                target_qualification,
            },
        )
}

fn experience() -> impl Strategy<Value = HeldWorkExperience> {
    (
        occupation(),
        proptest::option::of(text()),
        proptest::option::of(0_u32..=60),
        code(WorkSetting::ALL),
        code(YesNo::ALL),
        proptest::option::of(kept()),
    )
        .prop_map(|(occupation, description, years, setting, paid, employer)| HeldWorkExperience {
            occupation,
            description,
            sector: Ateco::new("81.21").ok(),
            country: Country::new("MLI").ok(),
            employer_name_abroad: employer,
            start: PartialDate::parse("2010").ok(),
            end: PartialDate::parse("2014-05").ok(),
            years: years.and_then(|years| Whole::new(years).ok()),
            setting,
            paid,
        })
}

fn targets() -> impl Strategy<Value = TargetOccupations> {
    let listed = vec(isco(), 1..=3).prop_map(|mut codes| {
        codes.sort();
        codes.dedup();
        let items = (1_u32..).zip(codes).map(|(priority, isco08)| TargetOccupation {
            occupation: OccupationCode::Isco { isco08 },
            priority: Whole::nearest(priority),
        });
        TargetOccupations::Listed { items: List::new(items.collect()).unwrap() }
    });
    prop_oneof![Just(TargetOccupations::Any {}), listed]
}

prop_compose! {
    fn about_skills()(
        skills in list(skill(), 6),
        work_experience in list(experience(), 4),
        languages in vec((any::<bool>(), proficiency()), 3),
        bilancio in prose(),
        signed_on in day(),
        certificate in text(),
        course in text(),
        title in text(),
        completed in code(YesNo::ALL),
    ) -> Card {
        let codes = ["ita", "bam", "fra"];
        let language_skills = codes.iter().zip(languages).map(|(code, (offered_for_work, proficiency))| LanguageSkill {
            language: LanguageCode::new(code).unwrap(), offered_for_work, proficiency,
        });
        Card {
            skills,
            work_experience,
            language_skills: List::new(language_skills.collect()).unwrap(),
            bilancio_summary: Some(BilancioSummary { text: bilancio, signed_on }),
            language_certificates: List::new(vec![LanguageCertificate {
                language: LanguageCode::italian(), title: certificate.clone(), body: certificate, date: None, level: Some(Cefr::B1),
            }]).unwrap(),
            italian_course_current: Some(ItalianCourse { provider: course, hours: Whole::new(80).ok() }),
            education: List::new(vec![HeldEducation {
                title: title.clone(), field: IscedField::new("0716").ok(), education_country: Country::new("SEN").ok(), start: PartialDate::parse("2001").ok(),
                end: None, completed, years_attended: Whole::new(7).ok(),
            }]).unwrap(),
            vocational_training: List::new(vec![VocationalTraining {
                title: title.clone(), body: Some(title), duration: Some(CourseLength {
                    amount: Whole::new(40).unwrap(), unit: DurationUnit::Hours,
                }), attestation: None, internship: completed,
            }]).unwrap(),
            ..Card::default()
        }
    }
}

prop_compose! {
    /// What only formal acts demand, and what stays here.
    fn guarded()(
        (residence, domicile, number, questura, town) in (formal(), formal(), formal(), formal(), formal()),
        (sex, permit, citizenship) in (code(AdminSex::ALL), code(PermitType::ALL), select(&["XXA", "GMB", "PAK"][..])),
        (from, asked) in (day(), day()),
        (project, flag, caregiver, asserted) in (
            code(ReceptionProject::ALL), code(TargetFlag::ALL), code(YesNo::ALL), code(YesNo::ALL)
        ),
        exit in (2026_u32..=2030).prop_map(|year| YearMonth::new(&format!("{year}-08")).unwrap()),
        service in kept(),
        tongue in select(&["mnk", "snk", "fuc"][..]),
    ) -> Card {
        let one = |item| List::new(vec![item]).unwrap();
        Card {
            sex_for_admin: Some(sex),
            citizenship: List::new(vec![Citizenship::new(citizenship).unwrap()]).unwrap(),
            birth_place: Some(BirthPlace::Abroad { country: Country::new("GMB").unwrap(), town: Some(town) }),
            residence_address: Some(residence),
            domicile_address: Some(domicile),
            permit_type: Some(permit),
            permit_number: Some(number),
            questura: Some(questura),
            work_authorised_from: Some(from),
            asylum_application_date: Some(asked),
            reception_project: Some(project),
            reception_exit_expected: Some(exit),
            svantaggio_l381: Some(Asserted { value: asserted, asserted_by: service, on: asked }),
            mother_tongues: one(LanguageCode::new(tongue).unwrap()),
            target_flags: List::new(vec![flag]).unwrap(),
            caregiver_constraint: Some(caregiver),
            ..Card::default()
        }
    }
}

prop_compose! {
    /// A complete card with something in every field; every free text and contact carries [`MARK`].
    pub(crate) fn marked()(
        skilled in about_skills(),
        guarded in guarded(),
        language in language(),
        (adjustment, kept_by, document, months) in (
            (text(), code(AdjustmentKind::ALL)), code(DocumentHolder::ALL), code(DocumentType::ALL), 0_u32..=120
        ),
        (given_names, family_names, action, reason, credential) in (text(), text(), text(), prose(), text()),
        target_occupations in targets(),
        soft_skills in list(esco_skill(), 1),
        (birth, from, signed) in (partial(), day(), day()),
        (work, schedule, contract, relocation, minor) in (
            code(WorkAuthorised::ALL), code(ScheduleKind::ALL), code(ContractInterest::ALL), code(Relocation::ALL), code(Minor::ALL)
        ),
        (licence, area, level, known) in (code(LicenceCategory::ALL), code(DigitalArea::ALL), 1_u32..=8, code(Known::ALL)),
        evidence in uuid(),
    ) -> Card {
        let one = |item| List::new(vec![item]).unwrap();
        Card {
            interview_languages: List::new(vec![InterviewLanguage { language: language.clone(), script: ScriptCode::new("Latn").ok() }]).unwrap(),
            needs_interpreter: Some(InterpreterNeed { needed: true, language: Some(language), mode: InterpreterMode::Phone }),
            literacy_mode: Some(LiteracyMode::NeedsOral),
            province: Province::new("PO").ok(),
            area_comune: Comune::new("100005").ok(),
            residence_comune: Comune::new("100005").ok(),
            work_authorised: work,
            work_authorised_until: Some(AuthorisedUntil { kind: UntilKind::Date, date: Day::parse("2027-03-31").ok() }),
            permit_renewal_pending: Some(YesNo::Yes),
            did_status: Some(Did { state: DidState::Active, date: Day::parse("2026-01-07").ok() }),
            patto_servizio: Some(Patto {
                state: PattoState::Signed, date: Day::parse("2026-02-03").ok(), gol_path: Some(GolPath::LavoroInclusione),
            }),
            unemployment_months: Whole::new(months).ok(),
            documents: List::new(vec![DocumentEntry {
                kind: document, issued: PartialDate::parse("2019").ok(), expires: Day::parse("2029-09-09").ok(),
                sha256: Some(crate::digest::Digest::of(MARK)), held_by: kept_by,
            }]).unwrap(),
            workplace_adjustments: List::new(vec![Adjustment { kind: adjustment.1, text: Some(adjustment.0) }]).unwrap(),
            soft_skills,
            target_occupations: Some(target_occupations),
            availability_from: Some(from),
            schedule: Schedule { kind: schedule, hours_week: Whole::new(30).ok(), ..Schedule::default() },
            schedule_constraints: List::new(vec![ScheduleConstraint {
                kind: ConstraintKind::Childcare,
                hours: one(WeeklyHours {
                    day: Weekday::Monday, from: TimeOfDay::new("08:00").unwrap(), to: TimeOfDay::new("12:30").unwrap(),
                }),
            }]).unwrap(),
            contract_interest: List::new(vec![contract]).unwrap(),
            max_commute_minutes: Whole::new(45).ok(),
            relocation: Some(relocation),
            driving_licence: List::new(vec![DrivingLicence { category: licence, issued_in: LicenceIssued::ForeignToConvert }]).unwrap(),
            patentini: List::new(vec![Patentino::Muletto]).unwrap(),
            digital_skills: List::new(vec![DigitalSkill { area, level: Whole::new(level).unwrap() }]).unwrap(),
            known_at_recipient: known,
            given_names: Some(given_names.clone()),
            family_names: Some(family_names),
            preferred_name: Some(given_names),
            tax_code: TaxCode::new("RSSMRA85T10A562S").ok(),
            birth_date: Some(BirthDate { value: birth, estimated: true }),
            is_minor: minor,
            device: Some(Device { smartphone: YesNo::Yes, ..Device::default() }),
            support_requests: List::new(vec![SupportRequest::ChildcareInfo]).unwrap(),
            job_readiness: Some(JobReadiness { level: Whole::new(3).unwrap(), reason }),
            next_steps: List::new(vec![NextStep { action, owner: StepOwner::Person, due: Some(signed) }]).unwrap(),
            sources: List::new(vec![
                source("skills", SourceKind::Person, signed, Some(evidence)),
                source("phone", SourceKind::Third, signed, None),
                source("asylum_application_date", SourceKind::Document, signed, Some(evidence)),
                source("permit_type", SourceKind::Document, signed, Some(evidence)),
            ]).unwrap(),
            verified_credentials: List::new(vec![VerifiedCredential {
                format: CredentialFormat::Elm, title: credential, document: Text::new(format!("{{\"{MARK}\":1}}")).unwrap(),
            }]).unwrap(),
            phone: List::new(vec![Phone {
                number: PhoneNumber::new("+393331234567").unwrap(), kind: PhoneKind::Whatsapp, safe_to_call: YesNo::No,
            }]).unwrap(),
            email: List::new(vec![Email::new(&format!("{MARK}@esempio.example")).unwrap()]).unwrap(),
            sex_for_admin: guarded.sex_for_admin,
            citizenship: guarded.citizenship,
            birth_place: guarded.birth_place,
            residence_address: guarded.residence_address,
            domicile_address: guarded.domicile_address,
            permit_type: guarded.permit_type,
            permit_number: guarded.permit_number,
            questura: guarded.questura,
            work_authorised_from: guarded.work_authorised_from,
            asylum_application_date: guarded.asylum_application_date,
            reception_project: guarded.reception_project,
            reception_exit_expected: guarded.reception_exit_expected,
            svantaggio_l381: guarded.svantaggio_l381,
            mother_tongues: guarded.mother_tongues,
            target_flags: guarded.target_flags,
            caregiver_constraint: guarded.caregiver_constraint,
            ..skilled
        }
    }
}

fn source(field: &str, source: SourceKind, on: Day, operator: Option<Uuid>) -> HeldSource {
    HeldSource { field: CardField::named(field).unwrap(), source, on, means: SourceMeans::Interview, operator }
}

/// One such card, the same each time.
pub(crate) fn card() -> Card {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let card = marked().new_tree(&mut runner).unwrap().current();
    Card { skills: List::new(card.skills.iter().take(2).cloned().collect()).unwrap(), ..card }
}

/// Any JSON, not too large.
pub(crate) fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "\\PC{0,12}".prop_map(serde_json::Value::from),
    ];
    let name = prop_oneof![
        select(FIELDS).prop_map(|field| field.name.to_owned()),
        select(&["kind", "card", "preview", "identity", "card_version", "grant", "groups", "fields"][..])
            .prop_map(str::to_owned),
        "\\PC{0,6}",
    ];
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(serde_json::Value::from),
            proptest::collection::hash_map(name.clone(), inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}
