//! The card as a `Candidate`. What this schema has no element for is left out, and nothing is put in its place.

use staffetta_protocol::card::codes::YesNo;
use staffetta_protocol::card::{
    Card, Citizenship, Country, HeldEducation, HeldWorkExperience, LanguageCode, LanguageSkill, Occupation,
    OccupationCode, PartialDate, Phone, PhoneKind, Skill, SkillName, TargetOccupations,
};

use super::{NAMESPACE, ROOT};
use crate::cards::europass::levels::Levels;
use crate::cards::europass::tree::Tree;
use crate::cards::europass::{Writing, countries, lists, prose};

fn two_letters(country: Country) -> Option<String> {
    countries::two_letters(&country)
}

/// The document.
pub(in crate::cards::europass) fn write(card: &Card, about: &Writing) -> Tree {
    let id = Tree::new("hr:DocumentID")
        .attribute("schemeID", &about.document.to_string())
        .attribute("schemeName", "DocumentIdentifier")
        .attribute("schemeAgencyName", "EUROPASS")
        .attribute("schemeVersionID", "4.0");
    let seeking = lists::seeking_code(card.seeking_status);
    Tree::new(ROOT)
        .attribute("xmlns", NAMESPACE)
        .attribute("xmlns:oa", "http://www.openapplications.org/oagis/9")
        .attribute("xmlns:eures", "http://www.europass_eures.eu/1.0")
        .attribute("xmlns:hr", "http://www.hr-xml.org/3")
        .with(id)
        .with_all(seeking.map(|code| Tree::leaf("hr:PositionSeekingStatusCode", code)))
        .with(person(card, about))
        .with(profile(card, about))
}

fn person(card: &Card, about: &Writing) -> Tree {
    let own = |trees: Vec<Tree>| if about.for_herself { trees } else { Vec::new() };
    let citizen =
        |code: &Citizenship| Some(Tree::leaf("NationalityCode", two_letters(Country::new(code.as_str()).ok()?)?));
    let sex = card.sex_for_admin.and_then(lists::sex_code).map(|code| Tree::leaf("GenderCode", code));
    let tongue =
        |code: &LanguageCode| Tree::leaf("PrimaryLanguageCode", lists::bibliographic(code)).attribute("name", "NORMAL");
    let name = Tree::new("PersonName")
        .with_all(card.given_names.as_ref().map(|name| Tree::leaf("oa:GivenName", name.as_str())))
        .with_all(card.family_names.as_ref().map(|name| Tree::leaf("hr:FamilyName", name.as_str())));
    let mails = card.email.iter().map(|email| {
        let channel = Tree::leaf("ChannelCode", "Email");
        Tree::new("Communication").with(channel).with(Tree::leaf("oa:URI", email.as_str()))
    });
    // An estimated date would be read as a stated one.
    let birth = card.birth_date.filter(|birth| !birth.estimated);
    Tree::new("CandidatePerson")
        .with(name)
        .with_all(mails)
        .with_all(card.phone.iter().filter_map(phone))
        .with_all(own(card.citizenship.iter().filter_map(citizen).collect()))
        .with_all(birth.map(|birth| Tree::leaf("hr:BirthDate", birth.value)))
        .with_all(own(sex.into_iter().collect()))
        .with_all(own(card.mother_tongues.iter().map(tongue).collect()))
}

/// A number that others may answer, so that a call could harm, is on no CV.
fn phone(phone: &Phone) -> Option<Tree> {
    if phone.safe_to_call == YesNo::No {
        return None;
    }
    let (country, rest) = countries::dialled(phone.number.as_str().trim_start_matches('+'));
    let mobile = (phone.kind == PhoneKind::Mobile).then(|| Tree::leaf("UseCode", "mobile"));
    Some(
        Tree::new("Communication")
            .with(Tree::leaf("ChannelCode", "Telephone"))
            .with_all(mobile)
            .with(Tree::leaf("CountryDialing", country))
            .with(Tree::leaf("oa:DialNumber", rest)),
    )
}

fn profile(card: &Card, about: &Writing) -> Tree {
    let work = Tree::new("EmploymentHistory").with_all(card.work_experience.iter().map(|work| employment(work, about)));
    let schools =
        Tree::new("EducationHistory").with_all(card.education.iter().map(|education| school(education, about)));
    let licences = card.driving_licence.iter().map(|licence| {
        Tree::new("eures:License").with(Tree::leaf("hr:LicenseTypeCode", lists::licence_code(licence.category)))
    });
    let competencies = card.language_skills.iter().map(language).chain(card.skills.iter().map(skill));
    let available = card.availability_from.map(|from| {
        let dates = Tree::new("eures:AvailabilityDates").with(Tree::leaf("hr:StartDateTime", from));
        Tree::new("eures:PersonAvailability").with(dates)
    });
    Tree::new("CandidateProfile")
        .attribute("languageCode", "it")
        .with_all(available)
        .with_all(work.unless_empty())
        .with_all(schools.unless_empty())
        .with_all(Tree::new("eures:Licenses").with_all(licences).unless_empty())
        .with_all(Tree::new("PersonQualifications").with_all(competencies).unless_empty())
        .with_all(preferences(card).unless_empty())
}

fn dated(name: &str, date: Option<PartialDate>) -> Option<Tree> {
    date.map(|date| Tree::new(name).with(Tree::leaf("hr:FormattedDateTime", date)))
}

fn isco(code: &str) -> Tree {
    let list = "http://ec.europa.eu/esco/ConceptScheme/ISCO2008";
    coded(code, "ISCO2008", "2008", list)
}

fn esco(uri: &str) -> Tree {
    coded(uri, "ESCO_Occupations", "ESCOv1", "https://ec.europa.eu/esco/portal")
}

fn coded(code: &str, list: &str, version: &str, uri: &str) -> Tree {
    Tree::leaf("hr:JobCategoryCode", code)
        .attribute("listName", list)
        .attribute("listVersionID", version)
        .attribute("listURI", uri)
}

/// Work done. The employer is named in the copy for herself only.
fn employment(work: &HeldWorkExperience, about: &Writing) -> Tree {
    let period = Tree::new("eures:EmploymentPeriod")
        .with_all(dated("eures:StartDate", work.start))
        .with_all(dated("eures:EndDate", work.end));
    let position = Tree::new("PositionHistory");
    let position = match &work.occupation {
        Occupation::Free { text } => {
            position.with(Tree::leaf("PositionTitle", text.as_str()).attribute("typeCode", "FREETEXT"))
        }
        _ => position,
    };
    let position = position
        .with_all(period.unless_empty())
        .with_all(work.description.as_ref().map(|text| Tree::leaf("oa:Description", prose::html(text.as_str()))));
    let position = match &work.occupation {
        Occupation::Esco { uri, isco08 } => position.with(esco(uri.as_str())).with(isco(isco08.as_str())),
        Occupation::Isco { isco08 } => position.with(isco(isco08.as_str())),
        Occupation::Free { .. } => position,
    };
    let country = work.country.as_ref().and_then(countries::two_letters);
    let employer = work.employer_name_abroad.as_ref().filter(|_| about.for_herself);
    let employer = employer.map(|name| Tree::leaf("hr:OrganizationName", name.as_str()));
    Tree::new("EmployerHistory")
        .with_all(employer)
        .with(position.with_all(country.map(|code| Tree::leaf("Country", code))))
}

fn school(education: &HeldEducation, about: &Writing) -> Tree {
    let period = Tree::new("AttendancePeriod")
        .with_all(dated("StartDate", education.start))
        .with_all(dated("EndDate", education.end));
    let field = education.field.as_ref().map(|field| {
        let concentration = Tree::leaf("ProgramConcentration", field.as_str());
        Tree::new("FieldOfStudy").with(Tree::new("SpecificFieldOfStudy").with(concentration))
    });
    let degree = Tree::new("EducationDegree").with(Tree::leaf("hr:DegreeName", education.title.as_str()));
    let country = education.education_country.clone().filter(|_| about.for_herself).and_then(two_letters).map(|code| {
        let address = Tree::new("Address").with(Tree::leaf("CountryCode", code));
        Tree::new("OrganizationContact").with(Tree::new("Communication").with(address))
    });
    Tree::new("EducationOrganizationAttendance")
        .with_all(country)
        .with_all(period.unless_empty())
        .with(degree.with_all(field))
}

fn language(known: &LanguageSkill) -> Tree {
    let levels = Levels::of(&known.proficiency);
    let each = [
        ("CEF-Understanding-Listening", levels.listening),
        ("CEF-Understanding-Reading", levels.reading),
        ("CEF-Speaking-Interaction", levels.interaction),
        ("CEF-Speaking-Production", levels.production),
        ("CEF-Writing-Production", levels.writing),
    ];
    let dimensions = each.into_iter().filter_map(|(kind, level)| {
        let score = Tree::new("eures:Score").with(Tree::leaf("hr:ScoreText", lists::cefr_code(level)?));
        Some(
            Tree::new("eures:CompetencyDimension").with(Tree::leaf("hr:CompetencyDimensionTypeCode", kind)).with(score),
        )
    });
    Tree::new("PersonCompetency")
        .with(Tree::leaf("CompetencyID", lists::bibliographic(&known.language)).attribute("schemeName", "NORMAL"))
        .with(Tree::leaf("hr:TaxonomyID", "language"))
        .with_all(dimensions)
}

fn skill(skill: &Skill) -> Tree {
    let (id, name) = match &skill.skill {
        SkillName::Esco { uri } => (Tree::leaf("CompetencyID", uri.as_str()).attribute("schemeName", "ESCO"), None),
        SkillName::Free { text, .. } => {
            let id = Tree::leaf("CompetencyID", text.as_str()).attribute("schemeName", "FREE_TEXT");
            (id, Some(Tree::leaf("hr:CompetencyName", text.as_str())))
        }
    };
    Tree::new("PersonCompetency").with(id).with(Tree::leaf("hr:TaxonomyID", "other")).with_all(name)
}

fn preferences(card: &Card) -> Tree {
    let mut wanted = Vec::new();
    if let Some(TargetOccupations::Listed { items }) = &card.target_occupations {
        let mut items: Vec<_> = items.iter().collect();
        items.sort_by_key(|item| item.priority);
        wanted.extend(items.into_iter().map(|item| {
            let category = Tree::new("eures:JobCategory");
            match &item.occupation {
                OccupationCode::Esco { uri, isco08 } => category.with(esco(uri.as_str())).with(isco(isco08.as_str())),
                OccupationCode::Isco { isco08 } => category.with(isco(isco08.as_str())),
            }
        }));
    }
    let offers = card.contract_interest.iter().filter_map(|interest| lists::offering_code(*interest));
    let schedule = lists::schedule_code(card.schedule.kind);
    Tree::new("CandidatePositionPreferences")
        .with_all(wanted)
        .with_all(offers.map(|code| Tree::leaf("hr:PositionOfferingTypeCode", code)))
        .with_all(schedule.map(|code| Tree::leaf("hr:PositionScheduleTypeCode", code)))
}
