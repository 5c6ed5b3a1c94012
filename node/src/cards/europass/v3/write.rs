//! The card as a `SkillsPassport`. What this schema has no element for is left out, and nothing is put in its place.

use chrono::SecondsFormat;
use staffetta_protocol::card::codes::{AdminSex, Cefr, YesNo};
use staffetta_protocol::card::{
    Card, Citizenship, Country, HeldEducation, HeldWorkExperience, LanguageCode, LanguageSkill, Occupation,
    PartialDate, Phone, PhoneKind, SkillName,
};

use super::ROOT;
use crate::cards::europass::levels::Levels;
use crate::cards::europass::tree::Tree;
use crate::cards::europass::{Writing, countries, lists, prose};

/// The document, in the one form.
pub(in crate::cards::europass) fn write(card: &Card, about: &Writing) -> Tree {
    let at = about.at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let info = Tree::new("DocumentInfo")
        .with(Tree::leaf("DocumentType", "ECV"))
        .with(Tree::leaf("CreationDate", &at))
        .with(Tree::leaf("LastUpdateDate", &at))
        .with(Tree::leaf("XSDVersion", "V3.4"))
        .with(Tree::leaf("Generator", "staffetta"));
    let learner = Tree::new("LearnerInfo")
        .with_all(identification(card, about).unless_empty())
        .with_all(card.work_experience.iter().map(|done| work(done, about)))
        .with_all(card.education.iter().map(|school| education(school, about)))
        .with_all(skills(card, about).unless_empty());
    Tree::new(ROOT).with(Tree::leaf("Locale", "it")).with(info).with(learner)
}

fn identification(card: &Card, about: &Writing) -> Tree {
    let name = Tree::new("PersonName")
        .with_all(card.given_names.as_ref().map(|name| Tree::leaf("FirstName", name.as_str())))
        .with_all(card.family_names.as_ref().map(|name| Tree::leaf("Surname", name.as_str())));
    // It has room for one address.
    let email = card.email.first().map(|email| Tree::new("Email").with(Tree::leaf("Contact", email.as_str())));
    let contacts = Tree::new("ContactInfo").with_all(email).with_all(card.phone.iter().filter_map(phone));
    // An estimated date would be read as a stated one.
    let birth = card.birth_date.filter(|birth| !birth.estimated).map(|birth| date("Birthdate", birth.value));
    let mut told: Vec<Tree> = birth.into_iter().collect();
    if about.for_herself {
        // It knows the two and no third, nor that somebody does not say.
        let sex = card.sex_for_admin.and_then(|sex| match sex {
            AdminSex::F => Some("F"),
            AdminSex::M => Some("M"),
            _ => None,
        });
        told.extend(sex.map(|code| Tree::new("Gender").with(Tree::leaf("Code", code))));
        told.extend(card.citizenship.iter().filter_map(citizen));
    }
    Tree::new("Identification")
        .with_all(name.unless_empty())
        .with_all(contacts.unless_empty())
        .with_all(Tree::new("Demographics").with_all(told).unless_empty())
}

fn citizen(code: &Citizenship) -> Option<Tree> {
    let code = countries::two_letters(&Country::new(code.as_str()).ok()?)?;
    Some(Tree::new("Nationality").with(Tree::leaf("Code", code.to_ascii_uppercase())))
}

/// In which country an organisation is.
fn seat(country: &Country) -> Option<Tree> {
    let country = Tree::new("Country").with(Tree::leaf("Code", countries::two_letters(country)?.to_ascii_uppercase()));
    let address = Tree::new("Address").with(Tree::new("Contact").with(country));
    Some(Tree::new("ContactInfo").with(address))
}

/// A number that others may answer, so that a call could harm, is on no CV.
fn phone(phone: &Phone) -> Option<Tree> {
    let mobile = (phone.kind == PhoneKind::Mobile).then(|| Tree::new("Use").with(Tree::leaf("Code", "mobile")));
    let contact = Tree::leaf("Contact", phone.number.as_str());
    (phone.safe_to_call != YesNo::No).then(|| Tree::new("Telephone").with(contact).with_all(mobile))
}

/// A date as the three numbers in it.
fn date(name: &str, date: PartialDate) -> Tree {
    let written = date.to_string();
    let parts = ["Year", "Month", "Day"].into_iter().zip(written.split('-'));
    Tree::new(name).with_all(parts.map(|(name, part)| Tree::leaf(name, part.trim_start_matches('0'))))
}

fn period(start: Option<PartialDate>, end: Option<PartialDate>) -> Option<Tree> {
    let ends = start.map(|start| date("From", start)).into_iter().chain(end.map(|end| date("To", end)));
    Tree::new("Period").with_all(ends).unless_empty()
}

/// Work done. The employer is named in the copy for herself only; its country is where the work was.
fn work(work: &HeldWorkExperience, about: &Writing) -> Tree {
    let position = match &work.occupation {
        Occupation::Free { text } => Tree::leaf("Label", text.as_str()),
        Occupation::Isco { isco08 } | Occupation::Esco { isco08, .. } => Tree::leaf("Code", isco08.as_str()),
    };
    let name = work.employer_name_abroad.as_ref().filter(|_| about.for_herself);
    let employer = Tree::new("Employer")
        .with_all(name.map(|name| Tree::leaf("Name", name.as_str())))
        .with_all(work.country.as_ref().and_then(seat));
    Tree::new("WorkExperience")
        .with_all(period(work.start, work.end))
        .with(Tree::new("Position").with(position))
        .with_all(work.description.as_ref().map(|text| Tree::leaf("Activities", prose::html(text.as_str()))))
        .with_all(employer.unless_empty())
}

fn education(school: &HeldEducation, about: &Writing) -> Tree {
    let title = Tree::leaf("Title", school.title.as_str());
    let country = school.education_country.as_ref().filter(|_| about.for_herself).and_then(seat);
    let organisation = country.map(|seat| Tree::new("Organisation").with(seat));
    Tree::new("Education").with_all(period(school.start, school.end)).with(title).with_all(organisation)
}

fn skills(card: &Card, about: &Writing) -> Tree {
    let tongue = |code: &LanguageCode| Tree::new("MotherTongue").with(named(code));
    let tongues = card.mother_tongues.iter().filter(|_| about.for_herself).map(tongue);
    let languages = card.language_skills.iter().map(|known| language(known, card));
    let lines: String = card
        .skills
        .iter()
        .filter_map(|skill| match &skill.skill {
            SkillName::Free { text, .. } => Some(format!("<li>{}</li>", prose::html(text.as_str()))),
            // A code of ESCO has no name on the card, and no place here.
            SkillName::Esco { .. } => None,
        })
        .collect();
    let told = (!lines.is_empty())
        .then(|| Tree::new("JobRelated").with(Tree::leaf("Description", format!("<ul>{lines}</ul>"))));
    let licences =
        card.driving_licence.iter().map(|licence| Tree::leaf("Licence", lists::licence_code(licence.category)));
    let driving = Tree::new("Description").with_all(licences).unless_empty();
    Tree::new("Skills")
        .with_all(Tree::new("Linguistic").with_all(tongues).with_all(languages).unless_empty())
        .with_all(told)
        .with_all(driving.map(|list| Tree::new("Driving").with(list)))
}

fn named(language: &LanguageCode) -> Tree {
    Tree::new("Description")
        .with(Tree::leaf("Code", lists::two_letters(language)))
        .with_all(lists::name_of(language).map(|name| Tree::leaf("Label", name)))
}

fn language(known: &LanguageSkill, card: &Card) -> Tree {
    let levels = Levels::of(&known.proficiency);
    let leaf = |name, level: Cefr| lists::cefr_code(level).map(|code| Tree::leaf(name, code));
    let told = [
        leaf("Listening", levels.listening),
        leaf("Reading", levels.reading),
        leaf("SpokenInteraction", levels.interaction),
        leaf("SpokenProduction", levels.production),
        leaf("Writing", levels.writing),
    ];
    let certificates = card.language_certificates.iter().filter(|held| held.language == known.language).map(|held| {
        Tree::new("Certificate")
            .with(Tree::leaf("Title", held.title.as_str()))
            .with(Tree::leaf("AwardingBody", held.body.as_str()))
            .with_all(held.date.map(|issued| date("Date", issued)))
            .with_all(held.level.and_then(|level| leaf("Level", level)))
    });
    Tree::new("ForeignLanguage")
        .with(named(&known.language))
        .with_all(Tree::new("ProficiencyLevel").with_all(told.into_iter().flatten()).unless_empty())
        .with_all(Tree::new("VerifiedBy").with_all(certificates).unless_empty())
}
