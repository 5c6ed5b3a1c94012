//! The profiling card: one table of fields, and what is made of it.
//!
//! [`table`] has the rows. A card ([`Card`]) stays at the node that holds it; what crosses are its groups ([`Preview`],
//! [`Identity`], …), each a closed type of its own, so that what a recipient may see is decided by a type and not by a
//! filter. What stays here is a member of the card and of no group. Values are checked when they are read; rules over several fields are in `check`, which [`read`] runs.
//!
//! Nothing here shows a value in an error or in `Debug`.

mod ask;
pub mod codes;
mod country;
pub mod dates;
mod disclose;
mod field;
mod formal;
mod list;
mod markdown;
mod portability;
mod province;
mod quick;
pub(crate) mod refusal;
mod rows;
mod rules;
pub(crate) mod schema;
pub(crate) mod shape;
mod skills;
mod source;
mod standard;
pub mod table;
mod tax_code;
mod text;
mod wishes;
mod work;

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
pub(crate) mod schema_tests;
#[cfg(test)]
mod table_tests;
#[cfg(test)]
pub(crate) mod tests;

pub use ask::{AskableField, CardField, DisclosedField, instead};
pub use country::Country;
pub use dates::{BirthDate, Day, PartialDate, TimeOfDay, YearMonth};
pub use disclose::CardGroups;
pub use field::{Class, Field, IN_THE_MESSAGE, Level, Section, rows};
pub use formal::{Adjustment, Asserted, BirthPlace, Cadastral, Citizenship, DocumentEntry, Patto};
pub use list::{List, Whole};
pub use markdown::markdown;
pub use portability::{EUROPASS_MAX, Portability, PortabilityFormat, PortabilityOrigin};
pub use province::{PROVINCES, Province};
pub use quick::{QuickCard, QuickDefaults, QuickSkill};
pub(crate) use refusal::read_checked;
pub use refusal::{At, Check, Refusal, read};
pub use skills::{
    BilancioSummary, DigitalSkill, ItalianCourse, LanguageCertificate, LanguageSkill, PreviewLanguage, PreviewSkill,
    Proficiency, Skill, SkillCode, SkillName, TargetQualification, ValidationPath,
};
pub use source::{HeldSource, Source, VerifiedCredential};
pub use standard::{
    Ateco, Comune, Email, EscoOccupation, EscoSkill, InterviewLanguage, IscedField, Isco08, IscoGroup, LanguageCode,
    Phone, PhoneKind, PhoneNumber, ScriptCode,
};
pub use table::{
    Adjustments, Card, Contact, Documents, FIELDS, Formalities, Identity, Needs, Pairwise, Preview, SkillsFull, Status,
};
pub use tax_code::TaxCode;
pub(crate) use tax_code::check_eleven_digits as eleven_digits;
pub use text::{Prose, Text};
pub use wishes::{
    AuthorisedUntil, Device, Did, DrivingLicence, InterpreterNeed, JobReadiness, NextStep, Schedule,
    ScheduleConstraint, TargetOccupation, TargetOccupations, WeeklyHours,
};
pub use work::{
    CodedExperience, CourseLength, Education, HeldEducation, HeldWorkExperience, Occupation, OccupationCode,
    VocationalTraining, WorkExperience, YearsInOccupation,
};
