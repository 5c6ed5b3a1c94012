//! The code lists of Europass beside those of the card. What a list does not have is not translated by likeness.
//!
//! Sources: EURES/HR-Open code lists CL14, CL37, CL38 and CL39, CEFR, ISO 639.

use staffetta_protocol::card::codes::{AdminSex, Cefr, ContractInterest, LicenceCategory, ScheduleKind, SeekingStatus};
use staffetta_protocol::card::{EscoOccupation, Isco08, LanguageCode};

/// Languages whose bibliographic code (ISO 639-2/B, which Europass samples use) is not the terminological one.
const BIBLIOGRAPHIC: &[(&str, &str)] = &[
    ("alb", "sqi"),
    ("arm", "hye"),
    ("baq", "eus"),
    ("bur", "mya"),
    ("chi", "zho"),
    ("cze", "ces"),
    ("dut", "nld"),
    ("fre", "fra"),
    ("geo", "kat"),
    ("ger", "deu"),
    ("gre", "ell"),
    ("ice", "isl"),
    ("mac", "mkd"),
    ("mao", "mri"),
    ("may", "msa"),
    ("per", "fas"),
    ("rum", "ron"),
    ("slo", "slk"),
    ("tib", "bod"),
    ("wel", "cym"),
];

/// A language by its code of two letters (ISO 639-1) or three (639-2 of either kind, 639-3). A name is no code.
pub(super) fn language(code: &str) -> Option<LanguageCode> {
    let code = code.to_ascii_lowercase();
    let three = match code.len() {
        2 => isolang::Language::from_639_1(&code)?.to_639_3(),
        3 => BIBLIOGRAPHIC.iter().find(|(b, _)| *b == code).map_or(code.as_str(), |(_, t)| t),
        _ => return None,
    };
    LanguageCode::new(three).ok()
}

/// As the newer schema writes it: the bibliographic code where there is one.
pub(super) fn bibliographic(language: &LanguageCode) -> &str {
    let three = language.as_str();
    BIBLIOGRAPHIC.iter().find(|(_, t)| *t == three).map_or(three, |(b, _)| b)
}

/// As the older schema writes it: two letters where there are two.
pub(super) fn two_letters(language: &LanguageCode) -> &str {
    let known = isolang::Language::from_639_3(language.as_str());
    known.and_then(|known| known.to_639_1()).unwrap_or_else(|| language.as_str())
}

/// Its English name, for whoever reads the older form.
pub(super) fn name_of(language: &LanguageCode) -> Option<&'static str> {
    isolang::Language::from_639_3(language.as_str()).map(|known| known.to_name())
}

/// A list of ours beside theirs, both ways.
macro_rules! beside {
    ($read:ident, $write:ident: $type:ident { $($ours:ident = $theirs:literal,)+ }) => {
        pub(super) fn $read(code: &str) -> Option<$type> {
            match code { $($theirs => Some($type::$ours),)+ _ => None }
        }

        /// Nothing for what their list does not have.
        pub(super) fn $write(code: $type) -> Option<&'static str> {
            match code { $($type::$ours => Some($theirs),)+ _ => None }
        }
    };
}

beside! { cefr, cefr_code: Cefr { A1 = "A1", A2 = "A2", B1 = "B1", B2 = "B2", C1 = "C1", C2 = "C2", } }

beside! { offering, offering_code: ContractInterest {
    DirectHire = "DirectHire",
    Temporary = "Temporary",
    TemporaryToHire = "TemporaryToHire",
    ContractToHire = "ContractToHire",
    Contract = "Contract",
    Internship = "Internship",
    Apprenticeship = "Apprenticeship",
    Seasonal = "Seasonal",
    OnCall = "OnCall",
    RecruitmentReserve = "RecruitmentReserve",
    SelfEmployed = "SelfEmployed",
    Volunteer = "Volunteer",
} }

beside! { schedule, schedule_code: ScheduleKind {
    FullTime = "FullTime", PartTime = "PartTime", FlexTime = "FlexTime", Any = "Any",
} }

beside! { seeking, seeking_code: SeekingStatus {
    Active = "Active", Passive = "Passive", NotConsidering = "NotConsideringPositions",
} }

/// Sex, as the newer schema writes it (ECV01) and as the older does. What a list has beyond the two and *not stated*
/// is a word for more than one of ours.
pub(super) fn sex(code: &str) -> Option<AdminSex> {
    match code {
        "female" | "Female" | "F" => Some(AdminSex::F),
        "male" | "Male" | "M" => Some(AdminSex::M),
        "NotSpecified" | "do_not_indicate" => Some(AdminSex::NotStated),
        _ => None,
    }
}

/// As the newer schema writes it.
pub(super) fn sex_code(sex: AdminSex) -> Option<&'static str> {
    match sex {
        AdminSex::F => Some("female"),
        AdminSex::M => Some("male"),
        AdminSex::NotStated => Some("NotSpecified"),
        AdminSex::X | AdminSex::NotAsked | AdminSex::Unknown => None,
    }
}

/// A licence category, as the directive writes it.
pub(super) fn licence(code: &str) -> Option<LicenceCategory> {
    LicenceCategory::from_code(&code.to_ascii_lowercase())
}

pub(super) fn licence_code(category: LicenceCategory) -> String {
    category.code().to_ascii_uppercase()
}

/// What a code of an occupation is: a group of ISCO-08 or an occupation of ESCO.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JobCode {
    Isco(Isco08),
    Esco(EscoOccupation),
}

pub(super) fn job(code: &str) -> Option<JobCode> {
    Isco08::new(code).map(JobCode::Isco).or_else(|_| EscoOccupation::new(code).map(JobCode::Esco)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_any_of_its_codes_and_by_no_name() {
        let french = LanguageCode::new("fra").unwrap();
        for code in ["fre", "fra", "fr", "FR"] {
            assert_eq!(language(code).as_ref(), Some(&french), "{code}");
        }
        assert_eq!((bibliographic(&french), two_letters(&french), name_of(&french)), ("fre", "fr", Some("French")));
        let bambara = LanguageCode::new("bam").unwrap();
        assert_eq!((bibliographic(&bambara), language(two_letters(&bambara))), ("bam", Some(bambara.clone())));
        let dari = LanguageCode::new("prs").unwrap();
        assert_eq!(two_letters(&dari), "prs", "no two letters: three");
        for wrong in ["French", "qzz", "", "français"] {
            assert_eq!(language(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn every_language_comes_back_from_both_spellings() {
        for (_, terminological) in BIBLIOGRAPHIC {
            let code = LanguageCode::new(terminological).unwrap();
            assert_eq!(language(bibliographic(&code)), Some(code.clone()));
            assert_eq!(language(two_letters(&code)), Some(code));
        }
    }

    #[test]
    fn what_their_list_lacks_is_not_translated() {
        assert_eq!(cefr_code(Cefr::PreA1), None);
        assert_eq!(cefr("pre-A1"), None);
        assert_eq!(schedule_code(ScheduleKind::NotAsked), None);
        assert_eq!(seeking("NotConsideringPositions"), Some(SeekingStatus::NotConsidering));
        for category in LicenceCategory::ALL {
            assert_eq!(licence(&licence_code(*category)), Some(*category));
        }
        assert_eq!(job("7212"), Some(JobCode::Isco(Isco08::new("7212").unwrap())));
        assert_eq!(job("welder"), None);
    }
}
