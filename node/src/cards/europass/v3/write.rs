//! The card as a `SkillsPassport`. What this schema has no element for is left out, and nothing is put in its place.

use chrono::SecondsFormat;
use staffetta_protocol::card::codes::{Cefr, YesNo};
use staffetta_protocol::card::{
    Card, Education, LanguageSkill, Occupation, PartialDate, Phone, PhoneKind, SkillName, WorkExperience,
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
        .with_all(identification(card).unless_empty())
        .with_all(card.work_experience.iter().map(work))
        .with_all(card.education.iter().map(education))
        .with_all(skills(card).unless_empty());
    Tree::new(ROOT).with(Tree::leaf("Locale", "it")).with(info).with(learner)
}

fn identification(card: &Card) -> Tree {
    let name = Tree::new("PersonName")
        .with_all(card.given_names.as_ref().map(|name| Tree::leaf("FirstName", name.as_str())))
        .with_all(card.family_names.as_ref().map(|name| Tree::leaf("Surname", name.as_str())));
    // It has room for one address.
    let email = card.email.first().map(|email| Tree::new("Email").with(Tree::leaf("Contact", email.as_str())));
    let contacts = Tree::new("ContactInfo").with_all(email).with_all(card.phone.iter().filter_map(phone));
    // An estimated date would be read as a stated one.
    let birth = card.birth_date.filter(|birth| !birth.estimated).map(|birth| date("Birthdate", birth.value));
    Tree::new("Identification")
        .with_all(name.unless_empty())
        .with_all(contacts.unless_empty())
        .with_all(Tree::new("Demographics").with_all(birth).unless_empty())
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

/// Work done. The employer is not on the card, and so on no CV of ours; its country is where the work was.
fn work(work: &WorkExperience) -> Tree {
    let position = match &work.occupation {
        Occupation::Free { text } => Tree::leaf("Label", text.as_str()),
        Occupation::Isco { isco08 } | Occupation::Esco { isco08, .. } => Tree::leaf("Code", isco08.as_str()),
    };
    let country = work.country.as_ref().and_then(countries::two_letters).map(|code| {
        let country = Tree::new("Country").with(Tree::leaf("Code", code.to_ascii_uppercase()));
        let address = Tree::new("Address").with(Tree::new("Contact").with(country));
        Tree::new("Employer").with(Tree::new("ContactInfo").with(address))
    });
    Tree::new("WorkExperience")
        .with_all(period(work.start, work.end))
        .with(Tree::new("Position").with(position))
        .with_all(work.description.as_ref().map(|text| Tree::leaf("Activities", prose::html(text.as_str()))))
        .with_all(country)
}

fn education(school: &Education) -> Tree {
    let title = Tree::leaf("Title", school.title.as_str());
    Tree::new("Education").with_all(period(school.start, school.end)).with(title)
}

fn skills(card: &Card) -> Tree {
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
        .with_all(Tree::new("Linguistic").with_all(languages).unless_empty())
        .with_all(told)
        .with_all(driving.map(|list| Tree::new("Driving").with(list)))
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
    let description = Tree::new("Description")
        .with(Tree::leaf("Code", lists::two_letters(&known.language)))
        .with_all(lists::name_of(&known.language).map(|name| Tree::leaf("Label", name)));
    Tree::new("ForeignLanguage")
        .with(description)
        .with_all(Tree::new("ProficiencyLevel").with_all(told.into_iter().flatten()).unless_empty())
        .with_all(Tree::new("VerifiedBy").with_all(certificates).unless_empty())
}
