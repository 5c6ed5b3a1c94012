//! Europass until 2020: `SkillsPassport`, version 3, in XML and in JSON. Both have one published schema each (Cedefop,
//! v3.4.0), and the same elements: the syntaxes bring them to one form, which is read and written here.
//!
//! The one form: no element that is only the list of others, a date as the three numbers in it.

mod form;
mod read;
mod write;

pub(super) use form::{from_xml, to_xml};
pub(super) use read::read;
pub(super) use write::write;

/// The namespace of its elements.
pub(super) const NAMESPACE: &str = "http://europass.cedefop.europa.eu/Europass";
/// Its root.
pub(super) const ROOT: &str = "SkillsPassport";

/// Elements of which there may be several, each with the name of the list that holds them in XML. In JSON they are
/// arrays.
const LISTS: &[(&str, &str)] = &[
    ("WorkExperience", "WorkExperienceList"),
    ("Education", "EducationList"),
    ("Telephone", "TelephoneList"),
    ("Website", "WebsiteList"),
    ("InstantMessaging", "InstantMessagingList"),
    ("Nationality", "NationalityList"),
    ("MotherTongue", "MotherTongueList"),
    ("ForeignLanguage", "ForeignLanguageList"),
    ("Achievement", "AchievementList"),
    ("Attachment", "AttachmentList"),
];
/// Elements that are dates.
const DATES: &[&str] = &["From", "To", "Birthdate", "Date"];
