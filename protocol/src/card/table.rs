//! **The table of fields.** One row for each field of the card, in the group that a grant names. From the rows come the
//! groups as they travel, the card as a node keeps it, the projections from the one to the others, the checks, the
//! schemas, [`FIELDS`] and the printed table. A field is added here and nowhere else.
//!
//! A row: its documentation; `[section class "code list or standard" Level]`; how many; name; type. The level stands only
//! where a field crosses later than its group.
//! - `one`: exactly one on the wire; a card may still lack it.
//! - `set`: exactly one, with the value that a new card starts with.
//! - `opt`: at most one.
//! - `many`: none to the number given. `some`: one to the number given.
//! - `part`, `parts`, `some_parts`: made from other rows when the group is made; the card has no such field.
//! - `seen_as`: the card keeps a fuller entry than the one that travels.
//! - `aside`: a part of an entry that stays here, or a value computed here. No type has such a member.
//!
//! The rows under `never` are members of [`Card`] and of no type that travels, so no grant, however it came about, can
//! carry one. What must not be known at all has no row: no photograph, no health or disability, no religion, no ethnic
//! origin, no orientation, no judicial matter, no ISEE, no profiling index.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::codes::{
    AdminSex, ContractInterest, EducationLevel, Known, LiteracyMode, Minor, Patentino, PermitType,
    PreviewWorkAuthorised, ReceptionProject, Recognition, Relocation, SeekingStatus, SupportRequest, TargetFlag,
    Transport, WorkAuthorised, YesNo,
};
use super::dates::{BirthDate, Day, YearMonth};
use super::field::{Class, Field, Level, Section};
use super::formal::{Adjustment, Asserted, BirthPlace, Citizenship, DocumentEntry, Patto};
use super::list::{IsThere, List, Whole};
use super::province::Province;
use super::refusal::{At, Check, Refusal};
use super::rows::card_table;
use super::skills::{
    BilancioSummary, DigitalSkill, ItalianCourse, LanguageCertificate, LanguageSkill, PreviewLanguage, PreviewSkill,
    Skill,
};
use super::source::{HeldSource, Source, VerifiedCredential};
use super::standard::{Comune, Email, EscoSkill, InterviewLanguage, LanguageCode, Phone};
use super::tax_code::TaxCode;
use super::text::Text;
use super::wishes::{
    AuthorisedUntil, Device, Did, DrivingLicence, InterpreterNeed, JobReadiness, NextStep, Schedule,
    ScheduleConstraint, TargetOccupations, WeeklyHours,
};
use super::work::{
    CodedExperience, Education, HeldEducation, HeldWorkExperience, VocationalTraining, WorkExperience,
    YearsInOccupation,
};
use crate::consent::Group;
use crate::problem::FieldError;

/// Gives an id that is known here the id that the recipient knows it by.
pub type Pairwise<'a> = &'a dyn Fn(Uuid) -> Uuid;

card_table! {
    /// All that may go ahead of a referral: codes, numbers and dates. It has no field for a name, a contact, an address,
    /// a municipality or words of any kind, so no code can put one in.
    Preview = Preview "g.preview" {
        /// Languages in which the person can be spoken to.
        [B Ski "ISO 639-3, ISO 15924"] some interview_languages: InterviewLanguage, 6;
        /// Whether an interpreter is needed.
        [B Ski "ISO 639-3"] one needs_interpreter: InterpreterNeed;
        /// How written information reaches her.
        [B Ski ""] opt literacy_mode: LiteracyMode;
        /// Messages go to the operator first.
        [B Con ""] set contact_via_operator: bool = true;
        /// The province, for distance; of `area_comune` all that a preview tells.
        [B Con "ISTAT provinces by sign"] one province: Province;
        /// The right to work; all but *yes* crosses as *to check*.
        [C Sta ""] part work_authorised: PreviewWorkAuthorised = |card, _| match card.work_authorised {
            WorkAuthorised::Yes => PreviewWorkAuthorised::Yes,
            WorkAuthorised::ToCheck
            | WorkAuthorised::NotYet
            | WorkAuthorised::NotAsked
            | WorkAuthorised::Unknown => PreviewWorkAuthorised::ToCheck,
        };
        /// Italian, and the languages that she offers for work.
        [D Ski "ISO 639-3, CEFR"] parts language_skills: PreviewLanguage, 12 = |card, _| {
            card.language_skills.iter().filter_map(LanguageSkill::previewed).collect()
        };
        /// Level of education.
        [E Ski "ISCED 2011 (CL15)"] set education_level: EducationLevel = EducationLevel::NotAsked;
        /// Work done: coded occupation, years and setting.
        [F Ski "ESCO, ISCO-08"] parts work_experience: CodedExperience, 30 = |card, _| {
            card.work_experience.iter().filter_map(HeldWorkExperience::previewed).collect()
        };
        /// Years in each occupational group, computed.
        [F Ski "ISCO-08"] parts years_by_occupation: YearsInOccupation, 30 = |card, _| {
            super::work::years_by_occupation(&card.work_experience)
        };
        /// Skills by code, or by the occupational group that stands for one without a code; each with its pile.
        [G Ski "ESCO, ISCO-08"] parts skills: PreviewSkill, 60 = |card, _| {
            card.skills.iter().filter_map(Skill::previewed).collect()
        };
        /// How many more skills there are, without code and group.
        [G Ski ""] part uncoded_skills: Whole<0, 60> = |card, _| {
            let uncoded = card.skills.iter().filter(|skill| skill.previewed().is_none()).count();
            Whole::nearest(u32::try_from(uncoded).unwrap_or(u32::MAX))
        };
        /// Transversal skills.
        [G Ski "ESCO"] many soft_skills: EscoSkill, 20;
        /// One to three occupations that she aims at, or any.
        [H Ski "ESCO, ISCO-08"] one target_occupations: TargetOccupations;
        /// First day on which she can start.
        [H Ski "ISO 8601"] one availability_from: Day;
        /// Working time.
        [H Ski "CL38"] set schedule: Schedule = Schedule::default();
        /// Hours of the week that are taken; not by what.
        [H Sta ""] parts schedule_constraints: WeeklyHours, 42 = |card, _| {
            let mut hours: Vec<WeeklyHours> = Vec::new();
            for taken in card.schedule_constraints.iter().flat_map(|constraint| constraint.hours.iter()) {
                if !hours.contains(taken) {
                    hours.push(taken.clone());
                }
            }
            hours
        };
        /// Engagements that she would take.
        [H Ski "CL37"] some contract_interest: ContractInterest, 14 = vec![ContractInterest::Internship];
        /// Whether she looks for work.
        [H Ski "CL39"] set seeking_status: SeekingStatus = SeekingStatus::Active;
        /// Minutes of travel, one way.
        [H Ski ""] opt max_commute_minutes: Whole<0, 240>;
        /// How she would get to work.
        [H Ski ""] set transport: Transport = Transport::NotAsked;
        /// How far she would move.
        [H Ski ""] opt relocation: Relocation;
        /// Driving licences.
        [I Ski "Directive 2006/126/EC (CL14)"] many driving_licence: DrivingLicence, 20;
        /// *Patentini* and the like.
        [I Ski ""] many patentini: Patentino, 6;
        /// Digital skills, one level for each area.
        [I Ski "DigComp 2.2"] many digital_skills: DigitalSkill, 5;
        /// Whether the recipient already follows her, as she says.
        [M Ski ""] set known_at_recipient: Known = Known::Unknown;
    }

    /// Who the person is.
    Identity = Identity "g.identity" {
        /// Given names.
        [A Idn "Europass GivenName"] one given_names: Text<100>;
        /// Family names; some people have none.
        [A Idn "Europass FamilyName"] opt family_names: Text<100>;
        /// The name that she wishes to be called by.
        [A Idn ""] opt preferred_name: Text<100>;
        /// Tax code of 16 characters, or the provisional one of 11 digits. It or `birth_date` is needed to send.
        [A Idn "D.M. 23 December 1976"] opt tax_code: TaxCode;
        /// Date of birth; the year alone is enough.
        [A Idn "ISO 8601"] opt birth_date: BirthDate;
        /// Whether she is a minor.
        [A Idn ""] set is_minor: Minor = Minor::NotAsked;
    }

    /// Where the person lives, and what she may and did declare about work.
    Status = Status "g.status" {
        /// Municipality of residence; a reception centre counts as habitual abode.
        [B Con "ISTAT, 6 digits"] opt residence_comune: Comune;
        /// Municipality from which distances are measured.
        [B Con "ISTAT, 6 digits"] opt area_comune: Comune;
        /// The right to work, in full.
        [C Sta ""] set work_authorised: WorkAuthorised = WorkAuthorised::ToCheck;
        /// Until when it lasts.
        [C Sta "ISO 8601"] opt work_authorised_until: AuthorisedUntil;
        /// The permit is being renewed, so that an end in the past is not a no.
        [C Sta ""] opt permit_renewal_pending: YesNo;
        /// Declaration of immediate availability.
        [C Sta "d.lgs. 150/2015"] opt did_status: Did;
        /// Service agreement with the job centre, which writes it.
        [C Sta "GOL" Accepted] opt patto_servizio: Patto;
        /// Months of unemployment, as the job centre counts them.
        [C Sta "" Accepted] opt unemployment_months: Whole<0, 720>;
        /// What takes up hours of the week, without reasons.
        [H Sta ""] many schedule_constraints: ScheduleConstraint, 3;
    }

    /// Languages, education, work and skills in full, and where each came from.
    SkillsFull = SkillsFull "g.skills_full" {
        /// Every language that she knows.
        [D Ski "ISO 639-3, CEFR"] many language_skills: LanguageSkill, 12;
        /// Language certificates.
        [D Ski ""] many language_certificates: LanguageCertificate, 12;
        /// The Italian course that she attends.
        [D Ski ""] opt italian_course_current: ItalianCourse;
        /// Schools and courses of study.
        [E Ski "ISCED-F 2013"] many education: HeldEducation, 20 seen_as Education = |card, _| {
            card.education.iter().map(HeldEducation::disclosed).collect()
        };
        /// Whether a foreign title is recognised.
        [E Ski ""] opt recognised_in_italy: Recognition;
        /// Vocational courses.
        [E Ski ""] many vocational_training: VocationalTraining, 20;
        /// Work done.
        [F Ski "ESCO, ISCO-08, ATECO 2025, ISO 3166-1"] many work_experience: HeldWorkExperience, 30
            seen_as WorkExperience = |card, _| {
                card.work_experience.iter().map(HeldWorkExperience::disclosed).collect()
            };
        /// Skills, with the evidence and the qualification aimed at.
        [G Ski "ESCO, Atlante/QNQR, EQF"] many skills: Skill, 60 seen_as Skill = |card, pairwise| {
            card.skills.iter().map(|skill| skill.disclosed(pairwise)).collect()
        };
        /// Summary of the *bilancio delle competenze*, signed by the person.
        [G Ski ""] opt bilancio_summary: BilancioSummary;
        /// Where the fields of previews and of this group come from.
        [M Ski ""] many sources: HeldSource, 120 seen_as Source = |card, _| {
            card.sources.iter().filter_map(HeldSource::disclosed).collect()
        };
        /// Verifiable credentials.
        [M Ski "W3C VC, ELM 3"] many verified_credentials: VerifiedCredential, 10;
    }

    /// What the person needs and does next.
    Needs = Needs "g.needs" {
        /// What she has to go online with.
        [I Sta ""] opt device: Device;
        /// What she asks for.
        [J Sta ""] many support_requests: SupportRequest, 9;
        /// How ready the operator judges her to be.
        [J Ski ""] opt job_readiness: JobReadiness;
        /// Steps agreed with her.
        [J Ski ""] many next_steps: NextStep, 20;
    }

    /// How to reach the person herself.
    Contact = Contact "g.contact" {
        /// Telephone numbers.
        [B Con "ITU-T E.164"] many phone: Phone, 5;
        /// E-mail addresses.
        [B Con "RFC 5321"] many email: Email, 3;
    }

    /// Her papers by what they are. No file crosses.
    Documents = Documents "g.documents" {
        /// Documents.
        [L Idn "SHA-256"] many documents: DocumentEntry, 30;
    }

    /// What a workplace must allow for, for a named professional and only on a consent of its own.
    Adjustments = Adjustments "g.adjustments" {
        /// Adjustments, by what is done and never by why.
        [K Spc ""] many workplace_adjustments: Adjustment, 12;
    }

    /// What formal acts demand: to a job centre that has accepted, on a separate yes.
    Formalities = Formalities "g.formalities" {
        /// Sex, as the forms of the administration have it.
        [A Idn ""] opt sex_for_admin: AdminSex;
        /// Citizenships.
        [A Sta "ISO 3166-1, ICAO 9303"] many citizenship: Citizenship, 4;
        /// Place of birth.
        [A Idn "ISTAT, Belfiore, ISO 3166-1"] opt birth_place: BirthPlace;
        /// Address of residence.
        [B Con ""] opt residence_address: Text<300>;
        /// Address where she stays, if another.
        [B Con ""] opt domicile_address: Text<300>;
        /// Type of permit to stay.
        [C Spc "FAMI"] opt permit_type: PermitType;
        /// Number of the permit.
        [C Idn ""] opt permit_number: Text<40>;
        /// Police headquarters that issued it.
        [C Idn ""] opt questura: Text<100>;
    }

    never {
        /// Age in bands, computed and counted here.
        [A Idn ""] aside age_band: AgeBand;
        /// First day of the right to work. It would give the day of the application away.
        [C Sta ""] opt work_authorised_from: Day;
        /// Day of the application for asylum.
        [C Spc ""] opt asylum_application_date: Day;
        /// Reception project.
        [C Sta ""] opt reception_project: ReceptionProject;
        /// Month in which she is expected to leave it.
        [C Sta "ISO 8601"] opt reception_exit_expected: YearMonth;
        /// Disadvantage in the sense of the law, as a social service asserted it; only its effect is told, elsewhere.
        [C Spc "L. 381/1991, art. 4"] opt svantaggio_l381: Asserted;
        /// Mother tongues; they tell of origin.
        [D Spc "ISO 639-3"] many mother_tongues: LanguageCode, 6;
        /// Country of a school, in its entry of `education`.
        [E Sta "ISO 3166-1"] aside education_country: Country;
        /// Employer abroad, in its entry of `work_experience`. Never contacted.
        [F Idn ""] aside employer_name_abroad: Text200;
        /// Target groups of the fund's form.
        [K Spc "FAMI"] many target_flags: TargetFlag, 6;
        /// Somebody depends on her care; not who.
        [K Sta ""] opt caregiver_constraint: YesNo;
    }
}
