//! `SkillsPassport` into a card.

use staffetta_protocol::card::codes::{LicenceIssued, WorkSetting, YesNo};
use staffetta_protocol::card::{
    BirthDate, DrivingLicence, Email, HeldEducation, HeldWorkExperience, Isco08, LanguageCertificate, LanguageCode,
    LanguageSkill, Occupation, PartialDate, Phone, PhoneKind, SkillName,
};

use crate::cards::europass::levels::Levels;
use crate::cards::europass::reading::{Reading, one_line, telephone, text, truth, why};
use crate::cards::europass::report::Reason;
use crate::cards::europass::tree::Tree;
use crate::cards::europass::{countries, declared, lists, prose};

pub(in crate::cards::europass) fn read(root: &Tree, r: &mut Reading) {
    let about = ["Locale", "DocumentInfo", "PrintingPreferences", "CoverLetter"];
    r.left_all(root, &about, Reason::AboutTheDocument);
    r.left_all(root, &["Attachment"], Reason::NotCollected);
    let Some(learner) = root.child("LearnerInfo") else { return };
    r.left_all(learner, &["ReferenceTo", "Documentation"], Reason::AboutTheDocument);
    if let Some(person) = learner.child("Identification") {
        identification(person, r);
    }
    // What she aims at is kept in codes; a headline has words.
    r.left_all(learner, &["Headline"], Reason::NotInList);
    learner.all("WorkExperience").for_each(|done| work(done, r));
    learner.all("Education").for_each(|school| education(school, r));
    let Some(skills) = learner.child("Skills") else { return };
    for tongue in skills.all("Linguistic").flat_map(|linguistic| linguistic.all("MotherTongue")) {
        match tongue.at(&["Description", "Code"]).and_then(Tree::value).and_then(|code| lists::language(&code)) {
            Some(code) => r.add(|card| &mut card.mother_tongues, code, tongue, "mother_tongues", PartialEq::eq),
            None => r.left(tongue, Reason::NotInList),
        }
    }
    for known in skills.all("Linguistic").flat_map(|linguistic| linguistic.all("ForeignLanguage")) {
        language(known, r);
    }
    let driving = skills.all("Driving").flat_map(|driving| driving.all("Description"));
    driving.flat_map(|list| list.all("Licence")).for_each(|licence| drives(licence, r));
    for told in skills.all("JobRelated").filter_map(|group| group.child("Description")) {
        let mut lost = None;
        for line in told.value().map(|html| prose::lines(&html)).unwrap_or_default() {
            match text(&line) {
                Ok(text) => {
                    let skill = declared(SkillName::Free { text, isco08: None });
                    r.add(|card| &mut card.skills, skill, told, "skills", |a, b| a.skill == b.skill);
                }
                Err(reason) => lost = Some(reason),
            }
        }
        // Several lines, one element: what was lost of it is what the report must tell.
        lost.into_iter().for_each(|reason| r.left(told, reason));
    }
    // Three steps where the card has eight: which of them is not told.
    let levels = skills.all("Computer").filter_map(|computer| computer.child("ProficiencyLevel"));
    levels.for_each(|level| r.left(level, Reason::Ambiguous));
}

fn identification(person: &Tree, r: &mut Reading) {
    if let Some(name) = person.child("PersonName") {
        r.card.given_names = r.one(name.child("FirstName"), "given_names", text);
        r.card.family_names = r.one(name.child("Surname"), "family_names", text);
    }
    r.left_all(person, &["Photo", "Signature"], Reason::NotCollected);
    if let Some(tree) = person.at(&["Demographics", "Birthdate"]) {
        match date(tree) {
            Some(Ok(value)) => {
                r.taken(tree, "birth_date");
                r.card.birth_date = Some(BirthDate { value, estimated: false });
            }
            Some(Err(reason)) => r.left(tree, reason),
            None => {}
        }
    }
    if let Some(told) = person.child("Demographics") {
        demographics(told, r);
    }
    let Some(contacts) = person.child("ContactInfo") else { return };
    for email in contacts.all("Email") {
        match email.child("Contact").and_then(Tree::value).map(|address| Email::new(&address)) {
            Some(Ok(address)) => r.add(|card| &mut card.email, address, email, "email", PartialEq::eq),
            Some(Err(refusal)) => r.left(email, why(refusal)),
            None => {}
        }
    }
    for phone in contacts.all("Telephone") {
        let Some(written) = phone.child("Contact").and_then(Tree::value) else { continue };
        match telephone(&written) {
            Ok(number) => {
                let code = phone.at(&["Use", "Code"]);
                let mobile = code.and_then(Tree::value).is_some_and(|code| code == "mobile");
                if let (Some(code), false) = (code, mobile) {
                    r.left(code, Reason::NotOnCard);
                }
                let kind = if mobile { PhoneKind::Mobile } else { PhoneKind::NotAsked };
                let held = Phone { number, kind, safe_to_call: YesNo::NotAsked };
                r.add(|card| &mut card.phone, held, phone, "phone", |a, b| a.number == b.number);
            }
            Err(reason) => r.left(phone, reason),
        }
    }
}

fn demographics(told: &Tree, r: &mut Reading) {
    let sex = told.at(&["Gender", "Code"]);
    r.card.sex_for_admin = r.one(sex, "sex_for_admin", |code| lists::sex(code).ok_or(Reason::NotInList));
    for nationality in told.all("Nationality") {
        match nationality.child("Code").and_then(Tree::value).and_then(|code| countries::citizenship(&code)) {
            Some(citizen) => r.add(|card| &mut card.citizenship, citizen, nationality, "citizenship", PartialEq::eq),
            None => r.left(nationality, Reason::NotInList),
        }
    }
}

/// A date as the three numbers in it, as far as they are there.
fn date(tree: &Tree) -> Option<Result<PartialDate, Reason>> {
    let part = |name| tree.child(name).and_then(Tree::value);
    let year = part("Year")?;
    let mut written = format!("{year:0>4}");
    if let Some(month) = part("Month") {
        written.push_str(&format!("-{month:0>2}"));
        if let Some(day) = part("Day") {
            written.push_str(&format!("-{day:0>2}"));
        }
    }
    Some(PartialDate::parse(&written).map_err(why))
}

fn period(owner: &Tree, field: &'static str, r: &mut Reading) -> (Option<PartialDate>, Option<PartialDate>) {
    let Some(period) = owner.child("Period") else { return (None, None) };
    let (start, end) = r.period(field, period.child("From"), period.child("To"), date);
    if let Some(current) = period.child("Current")
        && let (Some(true), Some(_)) = (r.one(Some(current), field, truth), end)
    {
        r.left(current, Reason::Inconsistent);
    }
    (start, end)
}

fn work(done: &Tree, r: &mut Reading) {
    const FIELD: &str = "work_experience";
    if let Some(employer) = done.child("Employer") {
        r.left_all(employer, &["Sector"], Reason::NotOnCard);
    }
    let position = done.child("Position");
    let code = position.and_then(|position| position.child("Code")).filter(|code| code.value().is_some());
    let label = position.and_then(|position| position.child("Label")).filter(|label| label.value().is_some());
    let group = code.and_then(Tree::value).and_then(|code| Isco08::new(&code).ok());
    let occupation = match (group, label.and_then(Tree::value).map(|words| text(&words))) {
        (Some(isco08), _) => Occupation::Isco { isco08 },
        (None, Some(Ok(text))) => Occupation::Free { text },
        (None, Some(Err(reason))) => return r.left(done, reason),
        (None, None) => return r.left(done, Reason::Incomplete),
    };
    if r.card.work_experience.len() == 30 {
        return r.left(done, Reason::TooMany);
    }
    let coded = matches!(occupation, Occupation::Isco { .. });
    if let Some(code) = code {
        if coded { r.taken(code, FIELD) } else { r.left(code, Reason::NotInList) }
    }
    if let Some(label) = label {
        if coded { r.left(label, Reason::Coded) } else { r.taken(label, FIELD) }
    }
    let (start, end) = period(done, FIELD, r);
    let description = r.one(done.child("Activities"), FIELD, one_line);
    let country = done.at(&["Employer", "ContactInfo", "Address", "Contact", "Country", "Code"]);
    let country = r.one(country, FIELD, |code| countries::read(code).ok_or(Reason::NotInList));
    let employer_name_abroad = r.employer(done.at(&["Employer", "Name"]), country.as_ref());
    let held = HeldWorkExperience {
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
    r.push(|card| &mut card.work_experience, held);
}

fn education(school: &Tree, r: &mut Reading) {
    const FIELD: &str = "education";
    let Some(title) = school.child("Title") else { return r.left(school, Reason::Incomplete) };
    let words = match title.value().map(|value| text(&value)) {
        Some(Ok(words)) => words,
        Some(Err(reason)) => return r.left(school, reason),
        None => return r.left(school, Reason::Incomplete),
    };
    if r.card.education.len() == 20 {
        return r.left(school, Reason::TooMany);
    }
    r.taken(title, FIELD);
    let (start, end) = period(school, FIELD, r);
    // Fields of study are those of 1997 here, and the card's are those of 2013.
    r.left_all(school, &["Field"], Reason::NotInList);
    let country = school.at(&["Organisation", "ContactInfo", "Address", "Contact", "Country", "Code"]);
    let country = r.one(country, FIELD, |code| countries::read(code).ok_or(Reason::NotInList));
    let held = HeldEducation {
        title: words,
        field: None,
        education_country: country,
        start,
        end,
        completed: YesNo::NotAsked,
        years_attended: None,
    };
    r.push(|card| &mut card.education, held);
}

fn language(known: &Tree, r: &mut Reading) {
    let code = known.at(&["Description", "Code"]).and_then(Tree::value);
    let Some(language) = code.and_then(|code| lists::language(&code)) else {
        return r.left(known, Reason::NotInList);
    };
    let mut levels = Levels::default();
    if let Some(told) = known.child("ProficiencyLevel") {
        let places = [
            ("Listening", &mut levels.listening),
            ("Reading", &mut levels.reading),
            ("SpokenInteraction", &mut levels.interaction),
            ("SpokenProduction", &mut levels.production),
            ("Writing", &mut levels.writing),
        ];
        for (name, place) in places {
            let Some((tree, code)) = told.child(name).and_then(|tree| Some((tree, tree.value()?))) else { continue };
            match lists::cefr(&code) {
                Some(level) => *place = level,
                None => r.left(tree, Reason::NotInList),
            }
        }
    }
    let held = LanguageSkill { language: language.clone(), offered_for_work: false, proficiency: levels.proficiency() };
    let certificates = known.all("VerifiedBy").flat_map(|verified| verified.all("Certificate"));
    for certificate in certificates.chain(known.all("Certificate")) {
        certified(certificate, &language, r);
    }
    r.left_all(known, &["AcquiredDuring"], Reason::NotOnCard);
    r.add(|card| &mut card.language_skills, held, known, "language_skills", |a, b| a.language == b.language);
}

fn certified(certificate: &Tree, language: &LanguageCode, r: &mut Reading) {
    let words = |name| certificate.child(name).and_then(Tree::value).map(|value| text::<200>(&value));
    let (title, body) = match (words("Title"), words("AwardingBody")) {
        (Some(Ok(title)), Some(Ok(body))) => (title, body),
        (Some(Err(reason)), _) | (_, Some(Err(reason))) => return r.left(certificate, reason),
        _ => return r.left(certificate, Reason::Incomplete),
    };
    let issued = certificate.child("Date").and_then(date);
    if let (Some(Err(reason)), Some(tree)) = (&issued, certificate.child("Date")) {
        r.left(tree, *reason);
    }
    let level = certificate.child("Level").and_then(Tree::value).map(|code| lists::cefr(&code));
    if let (Some(None), Some(tree)) = (level, certificate.child("Level")) {
        r.left(tree, Reason::NotInList);
    }
    let date = issued.and_then(Result::ok);
    let held = LanguageCertificate { language: language.clone(), title, body, date, level: level.flatten() };
    r.add(|card| &mut card.language_certificates, held, certificate, "language_certificates", PartialEq::eq);
}

fn drives(licence: &Tree, r: &mut Reading) {
    match licence.value().and_then(|code| lists::licence(&code)) {
        Some(category) => {
            let held = DrivingLicence { category, issued_in: LicenceIssued::NotAsked };
            let same = |a: &DrivingLicence, b: &DrivingLicence| a.category == b.category;
            r.add(|card| &mut card.driving_licence, held, licence, "driving_licence", same);
        }
        None => r.left(licence, Reason::NotInList),
    }
}
