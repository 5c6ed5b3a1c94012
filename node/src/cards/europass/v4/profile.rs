//! `CandidateProfile`: work, education, languages, skills, licences, availability and wishes.

use staffetta_protocol::card::codes::{LicenceIssued, WorkSetting, YesNo};
use staffetta_protocol::card::{
    Day, DrivingLicence, EscoSkill, HeldEducation, HeldWorkExperience, IscedField, LanguageSkill, List, Occupation,
    OccupationCode, PartialDate, SkillName, TargetOccupation, TargetOccupations, Whole,
};

use crate::cards::europass::levels::Levels;
use crate::cards::europass::lists::{self, JobCode};
use crate::cards::europass::reading::{Reading, date, one_line, text, truth};
use crate::cards::europass::report::Reason;
use crate::cards::europass::tree::Tree;
use crate::cards::europass::{countries, declared};

pub(super) fn read(profile: &Tree, r: &mut Reading) {
    r.left_all(profile, &["ID"], Reason::AboutTheDocument);
    // A face is not collected, and files come in by another door.
    r.left_all(profile, &["Attachment"], Reason::NotCollected);
    let employers = profile.all("EmploymentHistory").flat_map(|history| history.all("EmployerHistory"));
    for employer in employers {
        r.left_all(employer, &["OrganizationContact", "Link"], Reason::NotCollected);
        employer.all("PositionHistory").for_each(|position| work(position, employer, r));
    }
    let schools = profile.all("EducationHistory").flat_map(|history| history.all("EducationOrganizationAttendance"));
    schools.for_each(|school| education(school, r));
    let competencies = profile.all("PersonQualifications").chain(profile.all("Skills")).flat_map(|group| {
        group.all("PersonCompetency").chain(group.all("SkillsGroup").flat_map(|inner| inner.all("PersonCompetency")))
    });
    competencies.for_each(|competency| self::competency(competency, r));
    for licence in profile.all("Licenses").flat_map(|licenses| licenses.all("License")) {
        match licence.child("LicenseTypeCode").and_then(Tree::value).and_then(|code| lists::licence(&code)) {
            Some(category) => {
                let held = DrivingLicence { category, issued_in: LicenceIssued::NotAsked };
                r.add(
                    |card| &mut card.driving_licence,
                    held,
                    licence,
                    "driving_licence",
                    |a, b| a.category == b.category,
                );
            }
            None => r.left(licence, Reason::NotInList),
        }
    }
    profile.all("PersonAvailability").for_each(|available| availability(available, r));
    profile.all("CandidatePositionPreferences").for_each(|wishes| preferences(wishes, r));
}

fn work(position: &Tree, employer: &Tree, r: &mut Reading) {
    let mut isco = None;
    let mut esco = None;
    for code in position.all("JobCategoryCode") {
        match code.value().and_then(|value| lists::job(&value)) {
            Some(JobCode::Isco(group)) if isco.is_none() => isco = Some((group, code)),
            Some(JobCode::Esco(uri)) if esco.is_none() => esco = Some((uri, code)),
            Some(_) => r.left(code, Reason::Repeated),
            None => r.left(code, Reason::NotInList),
        }
    }
    let title = position.child("PositionTitle");
    let words = title.and_then(Tree::value).map(|value| text::<200>(&value));
    let occupation = match (esco, isco, words) {
        (Some((uri, e)), Some((isco08, i)), _) => {
            r.taken(e, FIELD);
            r.taken(i, FIELD);
            Occupation::Esco { uri, isco08 }
        }
        (None, Some((isco08, i)), _) => {
            r.taken(i, FIELD);
            Occupation::Isco { isco08 }
        }
        (esco, None, Some(Ok(text))) => {
            // An occupation of ESCO is kept with its group, which the file does not tell.
            if let Some((_, code)) = esco {
                r.left(code, Reason::Incomplete);
            }
            Occupation::Free { text }
        }
        (_, None, Some(Err(reason))) => return r.left(position, reason),
        (_, None, None) => return r.left(position, Reason::Incomplete),
    };
    let coded = !matches!(occupation, Occupation::Free { .. });
    if r.card.work_experience.len() == 30 {
        return r.left(position, Reason::TooMany);
    }
    if let Some(title) = title.filter(|title| title.value().is_some()) {
        if coded { r.left(title, Reason::Coded) } else { r.taken(title, FIELD) }
    }
    let employed = position.child("EmploymentPeriod");
    let (start, end) = r.period(FIELD, dated(employed, "StartDate"), dated(employed, "EndDate"), dated_value);
    let current = employed.and_then(|employed| employed.child("CurrentIndicator"));
    // That it goes on is said by the missing end.
    if let Some(true) = r.one(current, FIELD, truth)
        && let (Some(_), Some(current)) = (end, current)
    {
        r.left(current, Reason::Inconsistent);
    }
    let description = r.one(position.child("Description"), FIELD, one_line);
    let country = r.one(position.child("Country"), FIELD, |code| countries::read(code).ok_or(Reason::NotInList));
    let employer_name_abroad = r.employer(employer.child("OrganizationName"), country.as_ref());
    let done = HeldWorkExperience {
        occupation,
        employer_name_abroad,
        description,
        sector: None,
        country,
        start,
        end,
        years: None,
        setting: WorkSetting::NotAsked,
        paid: YesNo::NotAsked,
    };
    r.push(|card| &mut card.work_experience, done);
}

const FIELD: &str = "work_experience";

/// The date in a free-form date; words in its place are nobody's date.
fn dated<'t>(period: Option<&'t Tree>, name: &str) -> Option<&'t Tree> {
    let free = period?.child(name)?;
    free.child("FormattedDateTime").or_else(|| free.child("DateText"))
}

fn dated_value(tree: &Tree) -> Option<Result<PartialDate, Reason>> {
    tree.value().map(|value| date(&value))
}

fn education(school: &Tree, r: &mut Reading) {
    const FIELD: &str = "education";
    let degree = school.child("EducationDegree");
    let title = degree.and_then(|degree| degree.child("DegreeName")).or_else(|| school.child("ProgramName"));
    let Some(title) = title else { return r.left(school, Reason::Incomplete) };
    if r.card.education.len() == 20 {
        return r.left(school, Reason::TooMany);
    }
    let words = match title.value().map(|value| text(&value)) {
        Some(Ok(words)) => words,
        Some(Err(reason)) => return r.left(school, reason),
        None => return r.left(school, Reason::Incomplete),
    };
    r.taken(title, FIELD);
    let attended = school.child("AttendancePeriod");
    let (start, end) = r.period(FIELD, dated(attended, "StartDate"), dated(attended, "EndDate"), dated_value);
    let study = degree.and_then(|degree| degree.child("FieldOfStudy"));
    let main = study.and_then(|study| study.at(&["MainFieldOfStudy", "ProgramConcentration"]));
    let specific = study.and_then(|study| study.at(&["SpecificFieldOfStudy", "ProgramConcentration"]));
    let field = r.one(specific.or(main), FIELD, |value| {
        let code = value.rsplit('/').next().unwrap_or_default();
        IscedField::new(code).map_err(|_| Reason::NotInList)
    });
    if let (Some(main), true) = (main, specific.is_some()) {
        r.left(main, Reason::Coded);
    }
    let address = school.at(&["OrganizationContact", "Communication", "Address", "CountryCode"]);
    let country = r.one(address, FIELD, |code| countries::read(code).ok_or(Reason::NotInList));
    let done = HeldEducation {
        title: words,
        field,
        education_country: country,
        start,
        end,
        completed: YesNo::NotAsked,
        years_attended: None,
    };
    r.push(|card| &mut card.education, done);
}

fn competency(competency: &Tree, r: &mut Reading) {
    let id = competency.child("CompetencyID").and_then(Tree::value);
    let taxonomy = competency.child("TaxonomyID").and_then(Tree::value).unwrap_or_default();
    if taxonomy.eq_ignore_ascii_case("language") {
        return language(competency, id, r);
    }
    let name = competency.child("CompetencyName").and_then(Tree::value);
    let skill = match (id.as_deref().map(EscoSkill::new), name.or(id.clone())) {
        (Some(Ok(uri)), _) => SkillName::Esco { uri },
        (_, Some(words)) => match text(&words) {
            Ok(text) => SkillName::Free { text, isco08: None },
            Err(reason) => return r.left(competency, reason),
        },
        (_, None) => return r.left(competency, Reason::Incomplete),
    };
    r.add(|card| &mut card.skills, declared(skill), competency, "skills", |a, b| a.skill == b.skill);
}

fn language(competency: &Tree, id: Option<String>, r: &mut Reading) {
    let Some(language) = id.and_then(|code| lists::language(&code)) else {
        return r.left(competency, Reason::NotInList);
    };
    let mut levels = Levels::default();
    for dimension in competency.all("CompetencyDimension") {
        let kind = dimension.child("CompetencyDimensionTypeCode").and_then(Tree::value).unwrap_or_default();
        let place = match kind.as_str() {
            "CEF-Understanding-Listening" => &mut levels.listening,
            "CEF-Understanding-Reading" => &mut levels.reading,
            "CEF-Speaking-Interaction" => &mut levels.interaction,
            "CEF-Speaking-Production" => &mut levels.production,
            "CEF-Writing-Production" => &mut levels.writing,
            _ => {
                r.left(dimension, Reason::NotOnCard);
                continue;
            }
        };
        let score = dimension.at(&["Score", "ScoreText"]).and_then(Tree::value);
        match score.and_then(|code| lists::cefr(&code)) {
            Some(level) => *place = level,
            None => r.left(dimension, Reason::NotInList),
        }
    }
    let known = LanguageSkill { language, offered_for_work: false, proficiency: levels.proficiency() };
    r.add(|card| &mut card.language_skills, known, competency, "language_skills", |a, b| a.language == b.language);
}

fn availability(available: &Tree, r: &mut Reading) {
    const FIELD: &str = "availability_from";
    let mut starts = available.all("AvailabilityDates").filter_map(|dates| dates.child("StartDateTime"));
    let first = starts.next();
    let from = r.one(first, FIELD, |value| {
        // A month is no first day: whoever reads it must ask.
        date(value).and_then(|date| Day::parse(&date.to_string()).map_err(|_| Reason::Ambiguous))
    });
    starts.for_each(|later| r.left(later, Reason::Repeated));
    let at_once = available.child("ImmediateStartIndicator").filter(|told| told.value().is_some());
    r.card.availability_from = match at_once {
        None => from,
        Some(told) if first.is_some() => {
            r.left(told, Reason::Coded);
            from
        }
        Some(told) => match told.value().map(|value| truth(&value)) {
            Some(Ok(true)) => {
                r.taken(told, FIELD);
                Some(r.today)
            }
            Some(Ok(false)) => {
                r.left(told, Reason::NotOnCard);
                None
            }
            _ => {
                r.left(told, Reason::WrongShape);
                None
            }
        },
    };
}

fn preferences(wishes: &Tree, r: &mut Reading) {
    for code in wishes.all("PositionOfferingTypeCode") {
        match code.value().and_then(|value| lists::offering(&value)) {
            Some(interest) => {
                // The first one takes the place of what a new card begins with.
                if !r.fields.contains("contract_interest") {
                    r.card.contract_interest = List::none();
                }
                r.add(|card| &mut card.contract_interest, interest, code, "contract_interest", PartialEq::eq);
            }
            None => r.left(code, Reason::NotInList),
        }
    }
    let mut schedules = wishes.all("PositionScheduleTypeCode");
    match (schedules.next(), schedules.next()) {
        (Some(only), None) => {
            if let Some(kind) = r.one(Some(only), "schedule", |code| lists::schedule(code).ok_or(Reason::NotInList)) {
                r.card.schedule.kind = kind;
            }
        }
        _ => r.left_all(wishes, &["PositionScheduleTypeCode"], Reason::Ambiguous),
    }
    let targets: Vec<(OccupationCode, &Tree)> =
        wishes.all("JobCategory").filter_map(|category| target(category, r).map(|code| (code, category))).collect();
    let mut items: Vec<TargetOccupation> = Vec::new();
    for (occupation, category) in targets {
        if items.iter().any(|item| item.occupation == occupation) {
            r.left(category, Reason::Repeated);
        } else if let Ok(priority) = Whole::new(items.len() as u32 + 1) {
            r.taken(category, "target_occupations");
            items.push(TargetOccupation { occupation, priority });
        } else {
            r.left(category, Reason::TooMany);
        }
    }
    r.card.target_occupations = List::new(items).ok().map(|items| TargetOccupations::Listed { items });
}

/// The code of an occupation that is aimed at. ESCO counts with the group that stands beside it.
fn target(category: &Tree, r: &mut Reading) -> Option<OccupationCode> {
    let codes: Vec<JobCode> =
        category.all("JobCategoryCode").filter_map(Tree::value).filter_map(|code| lists::job(&code)).collect();
    let isco = codes.iter().find_map(|code| if let JobCode::Isco(group) = code { Some(group.clone()) } else { None });
    let esco = codes.iter().find_map(|code| if let JobCode::Esco(uri) = code { Some(uri.clone()) } else { None });
    match (esco, isco) {
        (Some(uri), Some(isco08)) => Some(OccupationCode::Esco { uri, isco08 }),
        (None, Some(isco08)) => Some(OccupationCode::Isco { isco08 }),
        (Some(_), None) => {
            r.left(category, Reason::Incomplete);
            None
        }
        (None, None) => {
            r.left(category, Reason::NotInList);
            None
        }
    }
}
